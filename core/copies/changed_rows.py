"""Writing a difference: what a list says now that the last full list does not (format §6).

The index keeps for each folder that changed since then what the full list said of it, so that a
difference costs as much as what changed, not as much as there is.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from core.copies import percent
from core.copies.documents import ListRef
from core.copies.rebuild import OWN_FOLDER
from core.copies.remembered import (
    FolderCount,
    Kept,
    entry_rows,
    folder_lines,
    problem_of,
    same_in_list,
    unpack_entries,
    unpack_kept,
)
from core.copies.rows import (
    MAX_CHANGES,
    Change,
    FolderRow,
    GoneRow,
    SkippedRow,
    encode_rows,
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
    """The lines of a difference that come from one folder, and its numbers before and now."""

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
    maker = _Maker(index, runs)
    for folder in index.changed_folders():
        old, new = _unpack(folder.base), _unpack(folder.now)
        rows = list(maker.rows(folder.path, old, new))
        if folder.path == OWN_FOLDER:  # ours, not the merchant's files
            before = now = FolderCount()
        else:
            before, now = (
                folder_lines(folder.path, *look, runs)[1] if look else FolderCount()
                for look in (old, new)
            )
        yield FolderChanges(encode_rows(rows), len(rows), before, now)


def _unpack(blobs: tuple[bytes, bytes] | None) -> _Look | None:
    return None if blobs is None else (unpack_entries(blobs[0]), unpack_kept(blobs[1]))


class _Maker:
    def __init__(self, index: CopyIndex, runs: dict[int, str]) -> None:
        self._index = index
        self._runs = runs
        self._told: set[bytes] = set()  # folders whose own rows are in the difference

    def rows(self, path: bytes, old: _Look | None, new: _Look | None) -> Iterator[Change]:
        """What a folder adds to the difference."""
        if path == OWN_FOLDER and old is None:
            yield own_folder_row()
        if _problem(old) != _problem(new) and path not in self._told:
            yield from self._own_rows(path)
        yield from self._entries(path, old or ([], []), new or ([], []))

    def _entries(self, path: bytes, old: _Look, new: _Look) -> Iterator[Change]:
        prefix = path + b"/" if path else b""
        before = {entry[0]: (entry, kept) for entry, kept in zip(*old, strict=False)}
        for entry, kept in zip(*new, strict=False):
            was = before.pop(entry[0], None)
            if was is None or not self._is_same(*was, entry, kept):
                yield from self._rows_of(prefix + entry[0], entry, kept)
                self._told.add(prefix + entry[0])
        for name in before:
            yield GoneRow(path=percent.encode(prefix + name))
            self._told.add(prefix + name)

    def _is_same(self, old: Entry, old_kept: Kept, new: Entry, kept: Kept) -> bool:
        """Whether an entry gives the same lines; a kept fact that no list has may differ."""
        return same_in_list([old], [old_kept], [new], [kept]) or entry_rows(
            "", old, old_kept, self._runs
        ) == entry_rows("", new, kept, self._runs)

    def _own_rows(self, path: bytes) -> Iterator[Change]:
        """The rows of a folder that itself may not have changed."""
        above, _, name = path.rpartition(b"/")
        look = self._look(above)
        for entry, kept in zip(*look, strict=False) if look else ():
            if entry[0] == name:
                yield from self._rows_of(path, entry, kept)

    def _rows_of(self, path: bytes, entry: Entry, kept: Kept) -> Iterator[Change]:
        text = percent.encode(path)
        yield from entry_rows(text, entry, kept, self._runs)
        if stat.S_ISDIR(entry[1]) and entry[2] == 0:
            reason = _problem(self._look(path))
            if reason is not None:
                yield SkippedRow(path=text, reason=reason)

    def _look(self, path: bytes) -> _Look | None:
        known = self._index.folder_stat(path)
        if known is None:
            return None
        return _unpack((known.stat, self._index.folder_rows(path) or b"\x90"))


def _problem(look: _Look | None) -> str | None:
    return None if look is None else problem_of(look[1], look[0])


def own_folder_row() -> FolderRow:
    """The row of the folder that plan and proofs travel in."""
    return FolderRow(path=OWN_FOLDER.decode(), mtime_ns=0, mode="0700")
