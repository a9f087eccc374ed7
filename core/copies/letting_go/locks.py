"""Object lock as arithmetic: pure, behind no storage yet (DESIGN §5 "Object lock", REVIEW 8).

On a locking bucket each object is locked until a moment; nobody deletes it before. A state is only
as safe as the object of it that is free first. So a content may be referred to only while its
object stays locked as long as the state shall be; otherwise the storage copies the object, with a
fresh lock, into the folder of the new run (no upload), and the new `inhalt` names it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

# Two clocks are in this: ours and the storage's. So much they may differ.
CLOCKS = timedelta(minutes=15)


class LockingStorage(Protocol):
    """What a storage with object lock has to be able to do."""

    def locked_until(self, path: str) -> datetime | None:
        """The end of an object's lock (UTC); None when it has none."""
        ...

    def copy_locked(self, path: str, to: str, until: datetime) -> None:
        """Copy an object within the storage, locked until then; KnownError when refused."""
        ...


@dataclass(frozen=True, slots=True)
class LockedObject:
    """An object a state wants to refer to. until: the end of its lock, None without one."""

    path: str
    size: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class LockRule:
    """How long states are to be locked, and how long before an end a lock is renewed.

    A longer `ahead` renews more at once, a shorter one more often. At least one interval between
    runs: who renews too late has had an unprotected state.
    """

    lasting: timedelta
    ahead: timedelta = timedelta(0)

    def state_until(self, committed: datetime) -> datetime:
        """The moment until which a state committed then is protected."""
        return committed + self.lasting

    def object_until(self, committed: datetime) -> datetime:
        """How long a new object of that run is locked: enough for the states of `ahead` as well."""
        return committed + self.lasting + self.ahead + CLOCKS

    def covers(self, lock: datetime | None, committed: datetime) -> bool:
        """Whether an object with this lock may be referred to by a state committed then."""
        return lock is not None and lock >= self.state_until(committed)

    def to_renew(self, objects: Iterable[LockedObject], committed: datetime) -> list[LockedObject]:
        """The objects that have to be copied before a state committed then refers to them.

        Those that are free first come first, so that a run cut short protected what needed it most.
        """
        short = [one for one in objects if not self.covers(one.until, committed)]
        return sorted(
            short, key=lambda one: (one.until is not None, one.until or committed, one.path)
        )


def protected_until(objects: Iterable[LockedObject]) -> datetime | None:
    """Until when a state of these objects is protected; None when one of them is not at all."""
    ends = [one.until for one in objects]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def may_delete(lock: datetime | None, now: datetime) -> bool:
    """Whether retention need try at all: before the end the storage only refuses."""
    return lock is None or lock + CLOCKS <= now
