"""Check parsed TOML against the key table and collect everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from core.plan.kinds import (
    AbsolutePath,
    Choice,
    Duration,
    Flag,
    Id,
    Key,
    Kind,
    ListOf,
    Matching,
    Rate,
    Table,
    Text,
    TimeOfDay,
    Variants,
    WeekHours,
    Whole,
    Written,
    is_device_name,
    is_id,
    parse_duration,
    parse_time,
)
from core.plan.limits import parse_hours, parse_rate
from core.plan.locate import KeyPath, Located
from core.plan.problems import Problem, ProblemCode

NOTHING = object()
"""Stands for a value that could not be used; its problem is noted."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
CONTROL = re.compile("[\\x00-\\x1f\\x7f\\ud800-\\udfff]")
"""What no name or path of a plan may hold: control characters and halves of characters."""

_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")

_PARSED: Mapping[type, tuple[Callable[[str], object], ProblemCode]] = {
    Duration: (parse_duration, ProblemCode.WRONG_DURATION),
    Rate: (parse_rate, ProblemCode.WRONG_RATE),
    WeekHours: (parse_hours, ProblemCode.WRONG_HOURS),
    TimeOfDay: (parse_time, ProblemCode.WRONG_TIME),
}
"""How a written value is read, and what is wrong where that cannot be."""


class Walk:
    """One pass over one file. Values that pass are returned typed; the rest becomes `problems`.

    Tables come back as dicts of the keys that were there and good, lists as pairs of position and
    value, so that what is built from them still knows where it stood.
    """

    def __init__(self, data: Mapping[str, Any], located: Located, *, windows: bool) -> None:
        self.problems: list[Problem] = []
        self._located = located
        self._windows = windows
        self._names = _names(data)

    def note(
        self, path: KeyPath, code: ProblemCode, at: KeyPath | None = None, /, **params: str
    ) -> None:
        """Add a problem of the key `path`; its line is that of `at` where it has none itself."""
        self.problems.append(
            Problem(
                line=self._located.line(path if at is None else at),
                key=self.key_text(path),
                code=code,
                params={name: _short(value) for name, value in params.items()},
            )
        )

    def key_text(self, path: KeyPath) -> str:
        """How a key is named to people: ids for systems and destinations, positions from 1."""
        text = ""
        for end in range(1, len(path) + 1):
            part = path[end - 1]
            if path[:end] in self._names:
                text = self._names[path[:end]]
            elif isinstance(part, int):
                text += f"[{part + 1}]"
            else:
                name = part if _BARE.fullmatch(part) else '"' + part.replace('"', '\\"') + '"'
                text = f"{text}.{name}" if text else name
        return text

    def lines(self) -> dict[str, int]:
        """The line of every key by its text."""
        return {self.key_text(path): line for path, line in self._located.lines.items()}

    def line(self, path: KeyPath) -> int | None:
        """The line of one key."""
        return self._located.line(path)

    def table(self, table: Table, raw: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """The good keys of a table; notes unknown, missing and bad ones."""
        good: dict[str, Any] = {}
        for name, value in raw.items():
            key = table.key(name)
            if key is None:
                self._unknown(table, name, path)
                continue
            checked = self.value(key.kind, value, (*path, name))
            if checked is not NOTHING:
                good[name] = checked
        for key in table.keys:
            if key.required and key.name not in raw:
                self.note((*path, key.name), ProblemCode.MISSING_KEY, path, name=key.name)
        return good

    def value(self, kind: Kind, raw: object, path: KeyPath) -> Any:
        """A value of this kind, or NOTHING after noting why not."""
        if isinstance(kind, Written):
            if isinstance(raw, str):
                return self._written(kind, raw, path)
            return self._wrong_type("duration" if isinstance(kind, Duration) else "text", raw, path)
        match kind:
            case Flag():
                return raw if isinstance(raw, bool) else self._wrong_type("flag", raw, path)
            case Whole():
                return self._whole(kind, raw, path)
            case ListOf():
                return self._list(kind, raw, path)
            case Table():
                if isinstance(raw, dict):
                    return self.table(kind, raw, path)
                return self._wrong_type("table", raw, path)
            case Variants():
                return self._variant(kind, raw, path)

    def _written(self, kind: Written, raw: str, path: KeyPath) -> Any:
        if CONTROL.search(raw):
            return self._bad(path, ProblemCode.CONTROL_CHARACTER, value=raw)
        match kind:
            case Text():
                return self._text(kind, raw, path)
            case Matching():
                return self._matching(kind, raw, path)
            case Id():
                return self._id(raw, path)
            case Choice():
                return self._choice(kind, raw, path)
            case Duration() | Rate() | WeekHours() | TimeOfDay():
                return self._parsed(kind, raw, path)
            case AbsolutePath():
                return self._path(kind, raw, path)
        return raw

    def _parsed(
        self, kind: Duration | Rate | WeekHours | TimeOfDay, raw: str, path: KeyPath
    ) -> Any:
        parse, code = _PARSED[type(kind)]
        try:
            return parse(raw)
        except ValueError:
            return self._bad(path, code, value=raw)

    def _text(self, kind: Text, raw: str, path: KeyPath) -> Any:
        if not raw.strip() and not kind.may_be_empty:
            return self._bad(path, ProblemCode.EMPTY_TEXT)
        if len(raw) > kind.longest:
            return self._bad(path, ProblemCode.LONG_TEXT, longest=str(kind.longest))
        return raw

    def _matching(self, kind: Matching, raw: str, path: KeyPath) -> Any:
        if len(raw) > kind.longest:
            return self._bad(path, ProblemCode.LONG_TEXT, longest=str(kind.longest))
        if not re.fullmatch(kind.pattern, raw):
            return self._bad(path, ProblemCode(kind.mistake), value=raw)
        return raw

    def _id(self, raw: str, path: KeyPath) -> Any:
        if not is_id(raw):
            return self._bad(path, ProblemCode.BAD_ID, value=raw)
        if is_device_name(raw):
            return self._bad(path, ProblemCode.DEVICE_NAME, value=raw)
        return raw

    def _choice(self, kind: Choice, raw: str, path: KeyPath) -> Any:
        if raw in kind.values:
            return raw
        return self._bad(
            path,
            ProblemCode.WRONG_CHOICE,
            value=raw,
            allowed=", ".join(kind.values),
            suggestion=closest(raw, kind.values),
        )

    def _path(self, kind: AbsolutePath, raw: str, path: KeyPath) -> Any:
        code = self._path_problem(raw)
        if code is not None:
            return self._bad(path, code, value=raw)
        if len(raw) > kind.longest:
            return self._bad(path, ProblemCode.LONG_TEXT, longest=str(kind.longest))
        return Path(raw)

    def _path_problem(self, raw: str) -> ProblemCode | None:
        if not raw.strip():
            return ProblemCode.EMPTY_TEXT
        pure: PurePath = PureWindowsPath(raw) if self._windows else PurePosixPath(raw)
        if not pure.is_absolute():
            if not self._windows and _WINDOWS_PATH.match(raw):
                return ProblemCode.WINDOWS_PATH
            if self._windows and raw.startswith("/"):
                return ProblemCode.POSIX_PATH
            return ProblemCode.RELATIVE_PATH
        return ProblemCode.DOTTED_PATH if ".." in pure.parts else None

    def _whole(self, kind: Whole, raw: object, path: KeyPath) -> Any:
        if not isinstance(raw, int) or isinstance(raw, bool):
            return self._wrong_type("whole", raw, path)
        if kind.lowest <= raw <= kind.highest:
            return raw
        return self._bad(
            path,
            ProblemCode.OUT_OF_RANGE,
            value=_digits(raw),
            lowest=str(kind.lowest),
            highest=str(kind.highest),
        )

    def _list(self, kind: ListOf, raw: object, path: KeyPath) -> Any:
        if not isinstance(raw, list):
            nested = isinstance(kind.item, Table | Variants)
            return self._wrong_type("tables" if nested else "list", raw, path)
        if not raw and not kind.may_be_empty:
            return self._bad(path, ProblemCode.EMPTY_LIST)
        checked = [
            (number, self.value(kind.item, item, (*path, number)))
            for number, item in enumerate(raw)
        ]
        return [(number, value) for number, value in checked if value is not NOTHING]

    def _variant(self, kind: Variants, raw: object, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            return self._wrong_type("table", raw, path)
        chosen = raw.get("kind", kind.default)
        if isinstance(chosen, str) and chosen in kind.later:
            what = "source_kind" if path[-2:-1] == ("sources",) else "location_kind"
            return self._bad((*path, "kind"), ProblemCode.NOT_YET, what=what, value=chosen)
        if self.value(Choice(tuple(kind.tables)), chosen, (*path, "kind")) is NOTHING:
            return NOTHING
        selector = Key(name="kind", kind=Choice(tuple(kind.tables)), about="")
        return self.table(Table((selector, *kind.tables[chosen].keys)), raw, path)

    def _unknown(self, table: Table, name: str, path: KeyPath) -> None:
        known = [key.name for key in table.keys]
        self.note(
            (*path, name),
            ProblemCode.UNKNOWN_KEY,
            name=name,
            suggestion=closest(name, known),
            belongs=_belongs(table, name),
            known=", ".join(known),
        )

    def _wrong_type(self, expected: str, raw: object, path: KeyPath) -> Any:
        return self._bad(path, ProblemCode.WRONG_TYPE, expected=expected, found=_found(raw))

    def _bad(self, path: KeyPath, code: ProblemCode, **params: str) -> Any:
        self.note(path, code, **params)
        return NOTHING


def closest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """The known word a person probably meant, or an empty text."""
    matches = get_close_matches(word.casefold().replace("-", "_"), known, n=1, cutoff=0.6)
    if not matches:
        matches = get_close_matches(word.casefold(), known, n=1, cutoff=0.6)
    return matches[0] if matches else ""


def _belongs(table: Table, name: str) -> str:
    """The key of the inner table that knows this name, or an empty text."""
    for key in table.keys:
        inner = key.kind.item if isinstance(key.kind, ListOf) else key.kind
        tables = tuple(inner.tables.values()) if isinstance(inner, Variants) else (inner,)
        if any(isinstance(one, Table) and one.key(name) is not None for one in tables):
            return key.name
    return ""


def _names(data: Mapping[str, Any]) -> dict[KeyPath, str]:
    names: dict[KeyPath, str] = {}
    for section in ("systems", "destinations", "people"):
        items = data.get(section)
        seen: set[str] = set()
        for number, item in enumerate(items if isinstance(items, list) else ()):
            id = item.get("id") if isinstance(item, dict) else None
            if isinstance(id, str) and is_id(id) and id not in seen:
                seen.add(id)
                names[section, number] = f"{section}.{id}"
    return names


def _found(raw: object) -> str:
    if isinstance(raw, bool):
        return "flag"
    for kind, name in ((str, "text"), (int, "whole"), (float, "number")):
        if isinstance(raw, kind):
            return name
    if isinstance(raw, list):
        return "list"
    return "table" if isinstance(raw, dict) else "date"


def _digits(number: int) -> str:
    """A number as text; hexadecimal literals can be longer than Python writes in decimal."""
    return str(number) if abs(number) < 10**18 else hex(number)


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
