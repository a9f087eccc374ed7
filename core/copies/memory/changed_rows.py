"""Writing a difference: what a list says now that the last full list does not (format §6).

The index keeps for each folder that changed since then what the full list said of it, so that a
difference costs as much as what changed, not as much as there is.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from core.copies.format import percent
from core.copies.format.documents import ListRef
from core.copies.format.names import OWN_FOLDER
from core.copies.format.rows import (
    MAX_CHANGES,
    Change,
    FolderRow,
    GoneRow,
    Row,
    SkippedRow,
    encode_rows,
)
from core.copies.memory.remembered import (
    FolderCount,
    Kept,
    entry_rows,
    problem_of,
    tally,
    unpack_entries,
    unpack_kept,
)
from core.sources.folders import Entry
from core.store.index import CopyIndex

# A full list anew after so many differences, and when one would be longer than this share of it.
_MOST_LEANING = 30
_LARGEST_SHARE = 4
_Look = tuple[list[Entry], list[Kept]]


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The full list that differences lean on, the numbers of its state, and how many lean on it."""

    ref: ListRef
    count: FolderCount
    leaning: int = 0

    @property
    def may_bear_more(self) -> bool:
        return self.leaning < _MOST_LEANING

    @property
    def most_lines(self) -> int:
        """How many lines a difference may have."""
        return min(self.ref.lines // _LARGEST_SHARE, MAX_CHANGES)


def base_of(index: CopyIndex) -> Base | None:
    """The full list to lean on, None when there is none known to be sound."""
    text = index.base()
    return msgspec.json.decode(text, type=Base) if text else None


def base_name(index: CopyIndex) -> str | None:
    """The file name of that list."""
    base = base_of(index)
    return base.ref.name if base else None


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """The lines of a difference that come from one folder.

    before, now: the numbers of what changed in it, as the full list has it and as it is now.
    """

    text: bytes
    lines: int
    before: FolderCount
    now: FolderCount

    def apply_to(self, total: FolderCount) -> None:
        """Bring the numbers of a state up to date."""
        total.files += self.now.files - self.before.files
        total.folders += self.now.folders - self.before.folders
        total.bytes += self.now.bytes - self.before.bytes
        total.skipped += self.now.skipped - self.before.skipped


def changed_rows(index: CopyIndex, runs: dict[int, str]) -> Iterator[FolderChanges]:
    """The rows of a difference, folder by folder in the order of a full list.

    A difference says all that stands at a path it names. A folder that cannot be opened has two
    rows, from two folders of the index: its own entry above it, and the reason within itself.
    """
    told: set[bytes] = set()  # entries whose rows are in the difference
    for folder in index.changed_folders():
        yield _OneFolder(index, runs, told, folder.path).changes(
            _unpack(folder.base), _unpack(folder.now)
        )


def _unpack(blobs: tuple[bytes, bytes] | None) -> _Look | None:
    return None if blobs is None else (unpack_entries(blobs[0]), unpack_kept(blobs[1]))


class _OneFolder:
    def __init__(
        self, index: CopyIndex, runs: dict[int, str], told: set[bytes], path: bytes
    ) -> None:
        self._index = index
        self._runs = runs
        self._told = told
        self._path = path
        self._rows: list[Change] = []
        self._before = FolderCount()
        self._now = FolderCount()

    def changes(self, old: _Look | None, new: _Look | None) -> FolderChanges:
        """What this folder adds to the difference."""
        if self._path == OWN_FOLDER and old is None:
            self._rows.append(own_folder_row())
        if _problem(old) != _problem(new):
            self._look_at_problem(old, new)
        self._look_at_entries(old or ([], []), new or ([], []))
        if self._path == OWN_FOLDER:  # ours, not the merchant's files
            self._before = self._now = FolderCount()
        return FolderChanges(encode_rows(self._rows), len(self._rows), self._before, self._now)

    def _look_at_entries(self, old: _Look, new: _Look) -> None:
        prefix = self._path + b"/" if self._path else b""
        before = {entry[0]: (entry, kept) for entry, kept in zip(*old, strict=False)}
        for entry, kept in zip(*new, strict=False):
            was = before.pop(entry[0], None)
            if was is not None and was[0] == entry and was[1] == kept:
                continue
            path = prefix + entry[0]
            then = [] if was is None else entry_rows(percent.encode(path), *was, self._runs)
            now = entry_rows(percent.encode(path), entry, kept, self._runs)
            if then == now:
                continue  # the index knows more of it than any list says
            tally(self._before, then)
            tally(self._now, now)
            self._tell(path, entry, now)
        for name, was in before.items():
            text = percent.encode(prefix + name)
            tally(self._before, entry_rows(text, *was, self._runs))
            self._rows.append(GoneRow(path=text))
            self._told.add(prefix + name)

    def _look_at_problem(self, old: _Look | None, new: _Look | None) -> None:
        """It can be opened now, or not any more: its own rows, which may have stayed as they were.

        The folder above comes first, so it may have told them.
        """
        text = percent.encode(self._path)
        for count, look in ((self._before, old), (self._now, new)):
            reason = _problem(look)
            tally(count, [SkippedRow(path=text, reason=reason)] if reason is not None else [])
        if self._path in self._told:
            return
        above, _, name = self._path.rpartition(b"/")
        for entry, kept in zip(*(self._look(above) or ([], [])), strict=False):
            if entry[0] == name:
                self._tell(self._path, entry, entry_rows(text, entry, kept, self._runs))

    def _tell(self, path: bytes, entry: Entry, rows: list[Row]) -> None:
        """Add the rows of an entry, with the reason why it cannot be opened."""
        self._rows += rows
        self._told.add(path)
        if stat.S_ISDIR(entry[1]) and entry[2] == 0:
            reason = _problem(self._look(path))
            if reason is not None:
                self._rows.append(SkippedRow(path=percent.encode(path), reason=reason))

    def _look(self, path: bytes) -> _Look | None:
        """A folder as it is now."""
        known = self._index.folder_stat(path)
        return _unpack((known.stat, self._index.folder_rows(path) or b"\x90")) if known else None


def _problem(look: _Look | None) -> str | None:
    return None if look is None else problem_of(look[1], look[0])


def own_folder_row() -> FolderRow:
    """The row of the folder that plan and proofs travel in."""
    return FolderRow(path=OWN_FOLDER.decode(), mtime_ns=0, mode="0700")
