"""Object lock as arithmetic, and what a place has to be able to do that keeps it: pure.

On a locking bucket each version of an object is locked until a moment; nobody deletes it before. A
state is only as safe as the object of it that is free first. So all that a copy consists of stays
locked for as long as a state made now is to be protected: what was sent long ago, and is still
needed, has its lock renewed before the next record is written (DESIGN §5 "Object lock", REVIEW 8,
ADR 16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from core.errors import KnownError

# Two clocks are in this: ours and the storage's. So much they may differ (S3 refuses more).
CLOCKS = timedelta(minutes=15)
_AHEAD_LEAST = timedelta(days=1)


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

    def object_until(self, sent: datetime) -> datetime:
        """How long an object sent then is locked: enough for the states of `ahead` as well."""
        return sent + self.lasting + self.ahead + CLOCKS

    def is_due(self, until: datetime | None, committed: datetime) -> bool:
        """Whether locks that end then (None: nobody knows) are renewed before this commit."""
        return until is None or until < self.state_until(committed)

    def may_delete(self, hidden: datetime, now: datetime) -> bool:
        """Whether what was deleted then can be free by now: before, the storage only refuses."""
        return self.object_until(hidden) + CLOCKS <= now

    def free_at(self, hidden: datetime) -> datetime:
        """When what was deleted then is free at the latest."""
        return self.object_until(hidden) + CLOCKS


def rule_of(lasting: timedelta) -> LockRule:
    """The rule for a time of protection: renewed each third of it, at least once a day."""
    return LockRule(lasting, max(lasting / 3, _AHEAD_LEAST))


def protected_until(ends: Iterable[datetime | None]) -> datetime | None:
    """Until when a state of objects with these locks is protected; None when one has none."""
    found = list(ends)
    known = [end for end in found if end is not None]
    return min(known) if known and len(known) == len(found) else None


class Renewal(NamedTuple):
    """A round of renewing: objects that are locked long enough now, those that are not."""

    locked: int
    refused: int


class Swept(NamedTuple):
    """What was deleted for ever: versions and their bytes. waiting: bytes still locked, and the
    moment from which all of them can go.
    """

    versions: int = 0
    size: int = 0
    waiting: int = 0
    free_at: datetime | None = None


class Locks(Protocol):
    """The locks of one copy. Paths are relative to its folder; failures are `KnownError`."""

    rule: LockRule
    trouble: KnownError | None
    """Why nothing can be locked there; None when all is well."""
    sent_until: datetime
    """The end of the lock that everything sent through this opening of the copy gets."""

    def now(self) -> datetime:
        """The present moment by the clock that the locks go by: the storage's."""
        ...

    def renew(self) -> datetime:
        """Lock all there is of the copy anew; the end those locks have at least.

        Sets `trouble` when some of it could not be locked long enough.
        """
        ...

    def locked_until(self, path: str) -> datetime | None:
        """The end of an object's lock (UTC); None when it has none or is not there."""
        ...

    def confirm(self, path: str) -> None:
        """Look whether what was just sent is locked long enough; sets `trouble` when it is not."""
        ...

    def not_kept(self, count: int, of: int) -> KnownError:
        """So many of so many objects are not locked as they should be."""
        ...

    def sweep(self, keeps: Callable[[str], bool], renewed: Callable[[str], bool]) -> Swept:
        """Delete for ever what was deleted or written over and whose lock has ended.

        keeps: whether a path belongs to what the copy needs: then nothing of it goes, whoever
        deleted it. renewed: whether the newest version of a path was read and is what it should be:
        then older versions of it are of no use.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...
