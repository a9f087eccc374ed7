"""Reading a difference: a full list with some paths replaced (format §6).

A difference says for each path it names all that stands there now. A state is the full list without
the rows of those paths, and with the rows of the difference. Only the difference is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.copies.format.rows import (
    MAX_CHANGES,
    Change,
    FolderRow,
    GoneRow,
    Header,
    Hostile,
    PartRow,
    Row,
    SkippedRow,
)


@dataclass(slots=True)
class Changes:
    """A difference: path → its rows, none where the path is gone; in the order of the file."""

    header: Header
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return 1 + sum(len(rows) or 1 for rows in self.rows.values())

    def fits(self, header: Header) -> bool:
        """Whether a full list with this header is one that rows can be taken from as they are."""
        return (header.owner, header.group) == (self.header.owner, self.header.group)


def gather(changes: Iterable[Change]) -> Changes:
    """The rows of a difference by path; `Hostile` when there are too many or a path comes twice."""
    found: Changes | None = None
    entry: list[Row] = []
    for number, row in enumerate(changes):
        if number >= MAX_CHANGES:
            raise Hostile("too many rows for a difference")
        if isinstance(row, Header):
            found = Changes(row)
        elif found is None:
            raise Hostile("header not first")
        elif isinstance(row, PartRow):
            entry.append(row)
        elif isinstance(row, GoneRow):
            entry = _entry(found, row.path)
        elif isinstance(row, SkippedRow) and _is_lone_folder(found.rows.get(row.path)):
            found.rows[row.path].append(row)  # a folder that cannot be opened
        else:
            entry = _entry(found, row.path)
            entry.append(row)
    if found is None:
        raise Hostile("list ends early")
    return found


def _entry(found: Changes, path: str) -> list[Row]:
    if path in found.rows:
        raise Hostile(f"twice: {path[:200]}")
    return found.rows.setdefault(path, [])


def _is_lone_folder(rows: list[Row] | None) -> bool:
    return rows is not None and len(rows) == 1 and isinstance(rows[0], FolderRow)


def merge(full: Iterable[Row], changes: Changes) -> Iterator[Row]:
    """The rows of the state: each entry of the full list, or what the difference says in its place.

    New entries come behind the first run of rows of their folder, or at the end where the full list
    has none of it, so that a folder's row always stands before what is in it. `Hostile` when the
    two do not belong together. The rows in `changes` are used up.
    """
    rest = changes.rows
    new_in: dict[str, list[str]] = {}
    for path in rest:
        new_in.setdefault(path.rpartition("/")[0], []).append(path)
    folder: str | None = None
    stays = True
    for row in full:
        if isinstance(row, PartRow):
            if stays:
                yield row
            continue
        if isinstance(row, Header):
            if not changes.fits(row):
                raise Hostile("another owner than in the full list")
            yield changes.header
            continue
        above = row.path.rpartition("/")[0]
        if above != folder:
            yield from _new_rows(rest, new_in.pop(folder, ()) if folder is not None else ())
            folder = above
        stays = row.path not in rest
        if stays:
            yield row
        else:
            yield from rest[row.path]
            rest[row.path] = _DONE
    if any(not rows and rows is not _DONE for rows in rest.values()):
        raise Hostile("gone is what never was")
    yield from _new_rows(rest, new_in.get(folder or "", ()))
    yield from _new_rows(rest, rest)


_DONE: list[Row] = []  # in the place of rows that have been told


def _new_rows(rest: dict[str, list[Row]], paths: Iterable[str]) -> Iterator[Row]:
    """The rows of these paths, where they have not been told."""
    for path in paths:
        if rest[path]:
            yield from rest[path]
            rest[path] = _DONE
