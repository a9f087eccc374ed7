"""Rows of a list: which content has which path (format §6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, BinaryIO, NamedTuple, TypeVar

import msgspec

from core.copies.format import percent
from core.copies.format.documents import FORMAT, Number, run_number
from core.copies.format.packed import MAX_UNPACKED, unpack_lines

MAX_PATH = 32_768
MAX_PARTS = 1_000_000
# A difference is held in memory by whoever reads it.
MAX_CHANGES = 200_000
MAX_CHANGED_BYTES = 128 * 1024 * 1024

Moment = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Header(msgspec.Struct, tag_field="art", tag="liste", omit_defaults=True, kw_only=True):
    """First line of a list; `base` is the full list that a difference leans on."""

    format: int
    system: str
    run: str = msgspec.field(name="lauf")
    folders: dict[str, str] = msgspec.field(name="ordner")
    owner: str = msgspec.field(name="besitzer")
    group: str = msgspec.field(name="gruppe")
    base: str | None = msgspec.field(name="gegen", default=None)


class FolderRow(msgspec.Struct, tag_field="art", tag="ordner", omit_defaults=True, kw_only=True):
    """A folder."""

    path: str = msgspec.field(name="pfad")
    mtime_ns: Moment = msgspec.field(name="zeit")
    mode: str = msgspec.field(name="modus")
    owner: str | None = msgspec.field(name="besitzer", default=None)
    group: str | None = msgspec.field(name="gruppe", default=None)
    xattrs: dict[str, str] | None = msgspec.field(name="xattr", default=None)
    dos: Number | None = None
    born_ns: Moment | None = msgspec.field(name="erstellt", default=None)


class FileRow(msgspec.Struct, tag_field="art", tag="datei", omit_defaults=True, kw_only=True):
    """A file; followed by `parts` rows of its parts when it has any."""

    path: str = msgspec.field(name="pfad")
    size: Number = msgspec.field(name="groesse")
    mtime_ns: Moment = msgspec.field(name="zeit")
    mode: str = msgspec.field(name="modus")
    sha256: str
    run: str = msgspec.field(name="lauf")
    parts: Annotated[int, msgspec.Meta(ge=0, le=MAX_PARTS)] = msgspec.field(name="teile", default=0)
    owner: str | None = msgspec.field(name="besitzer", default=None)
    group: str | None = msgspec.field(name="gruppe", default=None)
    hard_link: str | None = msgspec.field(name="hartlink", default=None)
    sparse: bool = msgspec.field(name="duenn", default=False)
    changing: bool = msgspec.field(name="veraendert", default=False)
    xattrs: dict[str, str] | None = msgspec.field(name="xattr", default=None)
    dos: Number | None = None
    born_ns: Moment | None = msgspec.field(name="erstellt", default=None)


class PartRow(msgspec.Struct, tag_field="art", tag="teil", kw_only=True):
    """One part of the file above it."""

    sha256: str
    size: Number = msgspec.field(name="groesse")
    run: str = msgspec.field(name="lauf")


class LinkRow(msgspec.Struct, tag_field="art", tag="verweis", omit_defaults=True, kw_only=True):
    """A symbolic link or a Windows junction."""

    path: str = msgspec.field(name="pfad")
    target: str = msgspec.field(name="ziel")
    mtime_ns: Moment = msgspec.field(name="zeit")
    mode: str = msgspec.field(name="modus")
    owner: str | None = msgspec.field(name="besitzer", default=None)
    group: str | None = msgspec.field(name="gruppe", default=None)


class SkippedRow(msgspec.Struct, tag_field="art", tag="ausgelassen", kw_only=True):
    """Something that stands in the source but not in this state, and why."""

    path: str = msgspec.field(name="pfad")
    reason: str = msgspec.field(name="grund")


class GoneRow(msgspec.Struct, tag_field="art", tag="weg", kw_only=True):
    """In a difference: an entry of the full list that is not there any more."""

    path: str = msgspec.field(name="pfad")


Row = Header | FolderRow | FileRow | PartRow | LinkRow | SkippedRow
Change = Row | GoneRow
_decoder = msgspec.json.Decoder(Row)
_change_decoder = msgspec.json.Decoder(Change)
_encoder = msgspec.json.Encoder()
_Row = TypeVar("_Row", Row, Change)

# Percent text as §1 has it, and segments that stay where they are.
_NO_TEXT = re.compile(
    r'[\x00-\x1f\x7f"\\]|%(?!0[1-9A-F]|1[0-9A-F]|22|25|5C|7F|[89A-F][0-9A-F])'
).search
_NO_PATH = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)").search
_SHA = re.compile(r"[0-9a-f]{64}").fullmatch
_REASON = re.compile(r"[a-z_]{1,40}").fullmatch
_ENTRY_WITHOUT_SIGNS = re.compile(rb'\{"art":"(datei|ordner)","pfad":"([^"%\\]+)"').match
_NO_SEGMENTS = frozenset((b"", b".", b".."))
_MODES = frozenset(f"{mode:04o}" for mode in range(0o10000))


class Hostile(Exception):
    """A list or contents file says something that never comes from us."""


def encode_rows(rows: Iterable[Change]) -> bytes:
    """The lines of `rows`, each ended by a newline."""
    return _encoder.encode_lines(rows)


class Asked(NamedTuple):
    """Which rows of a list are wanted, told by their paths; most others are passed over unread.

    file: of a file. folder: of a folder.
    """

    file: Callable[[bytes], bool]
    folder: Callable[[bytes], bool]

    def passes_over(self, line: bytes) -> bool:
        """Whether this is the row of an entry that nobody asks for, told without decoding it."""
        plain = _ENTRY_WITHOUT_SIGNS(line)
        if plain is None:
            return False
        is_wanted = self.file if plain[1] == b"datei" else self.folder
        return not is_wanted(plain[2]) and b'"teile":' not in line

    def or_one_of(self, paths: frozenset[bytes]) -> Asked:
        """The same, and whatever has one of these paths."""
        return Asked(
            lambda path: path in paths or self.file(path),
            lambda path: path in paths or self.folder(path),
        )


def read_rows(stream: BinaryIO, *, unpacked: int, asked: Asked | None = None) -> Iterator[Row]:
    """The rows of a full list, streamed; raises `Hostile`, `TooMuch` or `NotWhole` on what is not
    ours.

    `unpacked` is the number of bytes the commit record announced: not one more is unpacked. The
    order of rows is checked: header first, a file's parts right behind it. So is what every row
    says: whoever reads them need not fear paths, numbers or modes.
    """
    check = _Checker(base=None).check
    return _read(stream, min(unpacked, MAX_UNPACKED), asked, _decoder.decode, check)


def read_changes(stream: BinaryIO, *, unpacked: int, base: str) -> Iterator[Change]:
    """The rows of a difference to the full list named `base`, checked like those of a list."""
    check = _Checker(base=base).check
    return _read(stream, min(unpacked, MAX_CHANGED_BYTES), None, _change_decoder.decode, check)


def _read(
    stream: BinaryIO,
    limit: int,
    asked: Asked | None,
    decode: Callable[[bytes], _Row],
    check: Callable[[_Row], None],
) -> Iterator[_Row]:
    waiting_parts = 0
    first = True
    for line in unpack_lines(stream, limit=limit):
        if asked is not None and not first and asked.passes_over(line):
            continue
        try:
            row = decode(line)
        except (ValueError, RecursionError) as error:  # ValueError: no JSON, or not even text
            raise Hostile("row of unknown form") from error
        if first != isinstance(row, Header):
            raise Hostile("header not first")
        first = False
        if (waiting_parts > 0) != isinstance(row, PartRow):
            raise Hostile("parts out of place")
        if isinstance(row, PartRow):
            waiting_parts -= 1
        elif isinstance(row, FileRow):
            waiting_parts = row.parts
        check(row)
        yield row
    if first or waiting_parts:
        raise Hostile("list ends early")


class _Checker:
    """What a row may say."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._runs: set[str] = set()
        self._folder = ""
        self._names: set[str] = set()

    def check(self, row: Change) -> None:
        """Raise `Hostile` for what never comes from us."""
        if isinstance(row, FileRow):
            self._path(row.path)
            self._once(row.path)
            self._content(row)
            self._mode(row.mode)
        elif isinstance(row, PartRow):
            self._content(row)
        elif isinstance(row, Header):
            self._header(row)
        else:
            self._path(row.path)
            if isinstance(row, GoneRow):
                return  # what stands twice in a difference is noticed when it is gathered
            if isinstance(row, SkippedRow):
                self._once(row.path + "%")  # beside the row of a folder that cannot be read
                if not _REASON(row.reason):
                    raise Hostile("reason")
                return
            self._once(row.path)
            self._mode(row.mode)
            if isinstance(row, LinkRow) and (not row.target or _NO_TEXT(row.target)):
                raise Hostile("target of a link")

    def _path(self, path: str) -> None:
        if (
            path
            and path.isprintable()
            and path[0] not in "/."
            and "/." not in path
            and "//" not in path
            and "%" not in path
            and '"' not in path
            and "\\" not in path
            and path[-1] != "/"
            and len(path) < 8000
        ):
            return  # the common case, several times faster than the expressions
        if _NO_TEXT(path) or _NO_PATH(path) or len(path.encode()) > MAX_PATH:
            raise Hostile(f"path {path[:200]!r}")

    def _once(self, path: str) -> None:
        """The rows of a folder stand together: one name twice there is the cheapest of bombs."""
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._folder, self._names = folder, set()
        if name in self._names:
            raise Hostile(f"twice: {path[:200]}")
        self._names.add(name)

    def _content(self, row: FileRow | PartRow) -> None:
        if not _SHA(row.sha256):
            raise Hostile("sha256")
        if row.run not in self._runs:
            if run_number(row.run) is None:
                raise Hostile("run")
            self._runs.add(row.run)

    def _mode(self, mode: str) -> None:
        if mode not in _MODES:
            raise Hostile("mode")

    def _header(self, row: Header) -> None:
        if row.format != FORMAT or run_number(row.run) is None:
            raise Hostile("header")
        if row.base != self._base:
            raise Hostile("a difference where none belongs, or to another list")
        for name, place in row.folders.items():
            self._path(name)
            if "/" in name or _NO_TEXT(place):
                raise Hostile("source folder")


def path_segments(path: str) -> tuple[bytes, ...]:
    """The true segments of a row's path; `Hostile` for anything that could leave the target."""
    try:
        raw = percent.decode(path)
    except (ValueError, UnicodeEncodeError) as error:
        raise Hostile(f"path {path[:200]!r}") from error
    segments = tuple(raw.split(b"/"))
    if len(raw) > MAX_PATH or b"\0" in raw or not _NO_SEGMENTS.isdisjoint(segments):
        raise Hostile(f"path {path[:200]!r}")
    return segments


def octal(mode: int) -> str:
    """Permission bits the way lists carry them: `0644`."""
    return f"{mode & 0o7777:04o}"


def mode_bits(text: str) -> int:
    """The permission bits of a row; `Hostile` when it is no mode."""
    try:
        value = int(text, 8)
    except ValueError as error:
        raise Hostile("mode") from error
    if not 0 <= value <= 0o7777:
        raise Hostile("mode")
    return value
