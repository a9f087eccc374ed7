"""On which line each key of a TOML text stands, and where its value lies.

`tomllib` gives values without positions. This scanner gives positions without values: it walks a
text that tomllib has already accepted, so it has to understand only valid TOML and can stay small.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from dataclasses import dataclass, field, replace

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top, as one would index the parsed data."""


@dataclass(frozen=True, slots=True)
class Header:
    """A `[table]` or `[[table]]`; start and end are those of the brackets."""

    path: KeyPath
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A `key = value`, from the first sign of the key to the last of the value.

    inside: the table in whose block or braces it stands; `path` is longer than that by as many
    parts as the key has dots and one.
    """

    inside: KeyPath
    path: KeyPath
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Located:
    """Where things stand. `lines` count from 1; `spans` say where each value begins and ends.

    headers and pairs come in the order of the text, pairs in braces after those in the braces
    inside them. `lost` is the line from which on the text was not understood, None when all of it
    was.
    """

    lines: dict[KeyPath, int] = field(default_factory=dict)
    spans: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    lost: int | None = None

    def line(self, path: KeyPath) -> int | None:
        """The line of this key, else of the nearest table or list around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def locate(text: str) -> Located:
    """Positions of all keys, list items and values of a valid TOML text (no byte order mark).

    Never raises: where it does not understand the text it returns what it has found so far.
    """
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_Lost, RecursionError):
        return replace(scanner.found, lost=scanner.line())
    return scanner.found


class _Lost(Exception):
    """The text is not what the scanner expects: not valid TOML, or TOML of a later version."""


_DEEPEST = 30
"""Parts of one dotted key; the plan needs three. Keeps hostile texts from filling the memory."""

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
"""What may stand between two values: spaces, ends of lines, comments."""

_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\"]|"(?!""))*"""(?:"{0,2})'
    r"|'''(?:[^']|'(?!''))*'''(?:'{0,2})"
    r'|"(?:\\.|[^\\"\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found = Located()
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._tables: dict[KeyPath, int] = {}  # arrays of tables -> how many so far

    def document(self) -> None:
        here: KeyPath = ()
        while True:
            self._skip(BLANK)
            if self._at >= len(self._text):
                return
            start = self._at
            if self._take("[["):
                here = self._array_header()
            elif self._take("["):
                here = self._table_header()
            else:
                self._pair(here)
                continue
            self.found.headers.append(Header(here, start, self._at))

    def _array_header(self) -> KeyPath:
        line = self.line()
        parts = self._key()
        self._need("]]")
        path = (*self._enter(parts[:-1], line), parts[-1])
        number = self._tables.get(path, 0)
        self._tables[path] = number + 1
        self.found.lines.setdefault(path, line)
        self.found.lines[*path, number] = line
        return (*path, number)

    def _table_header(self) -> KeyPath:
        line = self.line()
        parts = self._key()
        self._need("]")
        path = (*self._enter(parts[:-1], line), parts[-1])
        self.found.lines[path] = line
        return path

    def _enter(self, parts: list[str], line: int) -> KeyPath:
        """The path of a header's outer tables; `a` of an array means its newest table."""
        path: KeyPath = ()
        for part in parts:
            path = (*path, part)
            self.found.lines.setdefault(path, line)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, here: KeyPath) -> None:
        line, start = self.line(), self._at
        path = here
        for part in self._key():
            path = (*path, part)
            self.found.lines.setdefault(path, line)
        self._need("=")
        self._skip(_SPACE)
        self._value(path)
        self.found.pairs.append(Pair(here, path, start, self._at))

    def _value(self, path: KeyPath) -> None:
        start = self._at
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif self._text.startswith(('"', "'"), start):
            self._match(_STRING)
        else:
            bare = self._match(_BARE_VALUE)
            self._at = start + len(bare.rstrip())
        self.found.spans[path] = (start, self._at)

    def _array(self, path: KeyPath) -> None:
        number = 0
        while True:
            self._skip(BLANK)
            if self._take("]"):
                return
            item = (*path, number)
            self.found.lines[item] = self.line()
            self._value(item)
            self._skip(BLANK)
            self._take(",")
            number += 1

    def _inline_table(self, path: KeyPath) -> None:
        while True:
            self._skip(BLANK)
            if self._take("}"):
                return
            self._pair(path)
            self._skip(BLANK)
            self._take(",")

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            if self._text.startswith(('"', "'"), self._at):
                parts.append(str(tomllib.loads("key = " + self._match(_STRING))["key"]))
            else:
                parts.append(self._match(_BARE_KEY))
            self._skip(_SPACE)
            if not self._take("."):
                return parts
            if len(parts) > _DEEPEST:
                raise _Lost

    def line(self) -> int:
        """The line it is at."""
        return bisect_left(self._newlines, self._at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Lost
        self._at = match.end()
        return match.group()

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise _Lost
