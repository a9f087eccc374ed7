"""Until when the states of a copy are really locked, asked of the bucket itself."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import NamedTuple

from core.copies.format.copy_folder import DATA, CopyFolder, list_path, lists_of, record_path
from core.copies.opening.reach import Reach, where_of
from core.destinations.locks import Locks, protected_until
from core.plan.model import Plan

SAMPLE = 20
"""So many objects are asked for their lock, besides the paperwork of the newest state."""


class Looked(NamedTuple):
    """asked: so many locks were looked at. until: the earliest end among them; None when there is
    no state yet.
    """

    asked: int
    until: datetime | None


def look_at_locks(reach: Reach, plan: Plan, system: str, destination: str) -> Looked:
    """The locks of the newest state and of some objects at random.

    KnownError LOCK_NO_BUCKET, LOCK_NO_RIGHTS, LOCK_NOT_KEPT, and why the place cannot be reached.
    """
    reached = reach.open(where_of(plan.destination(destination)), system)
    try:
        locks = reached.locks
        if locks is None:
            return Looked(0, None)
        if locks.trouble is not None:
            raise locks.trouble
        return _look(reached.copy, locks)
    finally:
        reached.close()


def _look(copy: CopyFolder, locks: Locks) -> Looked:
    states = copy.states().states
    if not states:
        return Looked(0, None)
    newest = states[-1]
    paths = [record_path(newest.run)]
    paths += [list_path(file.name) for file, _ in lists_of(newest.record)]
    paths += _some_objects(copy)
    ends = {path: locks.locked_until(path) for path in paths}
    free = tuple(path for path, end in ends.items() if end is None)
    if free:
        raise locks.not_kept(len(free), len(ends))
    return Looked(len(ends), protected_until(ends.values()))


def _some_objects(copy: CopyFolder) -> list[str]:
    """Objects at random: as much of the oldest runs as of the newest."""
    chance = Random()  # noqa: S311 - a sample, no secret
    runs = sorted(copy.data_names())
    found = []
    for run in chance.sample(runs, min(SAMPLE, len(runs))):
        names = [path for path, _ in copy.folder.files(f"{DATA}/{run}")]
        if names:
            found.append(f"{DATA}/{run}/{chance.choice(names)}")
    return found
