"""Whether one real folder lies in another, however it is written.

Two paths are the same place when they resolve to the same text (links followed; upper and lower
case ignored where the system does) or when the disk says so (bind mounts, a disk without case).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that may or may not exist. `ids` are the disk's own names of it and its parents."""

    parts: tuple[str, ...]
    ids: frozenset[tuple[int, int]]
    id: tuple[int, int] | None

    def within(self, other: Place) -> bool:
        """Whether this place is the other or lies below it."""
        return self.parts[: len(other.parts)] == other.parts or (
            other.id is not None and other.id in self.ids
        )

    def same(self, other: Place) -> bool:
        """Whether both are one folder."""
        return self.parts == other.parts or (other.id is not None and other.id == self.id)


def place(path: Path, *, ignore_case: bool) -> Place:
    """Where a path really leads now. Never fails: what does not exist is taken as written."""
    real = Path(os.path.realpath(path))
    ids = [_id(one) for one in (real, *real.parents)]
    parts = tuple(part.casefold() for part in real.parts) if ignore_case else real.parts
    return Place(parts, frozenset(id for id in ids if id is not None), ids[0])


def _id(path: Path) -> tuple[int, int] | None:
    """Device and file number, None when there is none (FAT reports 0 on some systems)."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return (facts.st_dev, facts.st_ino) if facts.st_ino else None
