"""Which jobs run now: restore before what a person typed before what is due; pure rules.

One job at a time works in each lane (`copies/locking`): a copy into a slow cloud holds up no disk.
A restore only reads: it never waits, and what is merely due makes room for it. So does a due job
that may take days, for what a person typed. An errand tells people what they have to know: it
touches no copy, and one at a time goes whenever it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Rank(IntEnum):
    """Lower goes first."""

    RESTORE = 0
    MANUAL = 1
    DUE = 2
    ERRAND = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job asks for. number: also its age, they count up. arguments: as one would type them.

    copies: which it makes by itself, by system and destination; empty for what a person typed.
    lanes: where it works, None for anywhere. is_far: through the network, which may take days.
    """

    number: int
    rank: Rank
    verb: str
    arguments: tuple[str, ...] = ()
    copies: frozenset[tuple[str, str]] = frozenset()
    lanes: frozenset[str] | None = None
    is_far: bool = False
    details: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def works(self) -> bool:
        """Whether it needs its lanes for itself."""
        return self.rank in (Rank.MANUAL, Rank.DUE)

    def in_the_way_of(self, other: Wanted) -> bool:
        """Whether these two cannot work at the same time."""
        if not (self.works and other.works):
            return False
        if self.lanes is None or other.lanes is None:
            return True
        return not self.lanes.isdisjoint(other.lanes)


def startable(waiting: Sequence[Wanted], running: Sequence[Wanted]) -> list[Wanted]:
    """The jobs that may begin now, the first first."""
    found = [job for job in waiting if job.rank is Rank.RESTORE]
    if not any(job.rank is Rank.ERRAND for job in running):
        found += [job for job in waiting if job.rank is Rank.ERRAND][:1]
    reading = any(job.rank is Rank.RESTORE for job in (*found, *running))
    rest = sorted(
        (job for job in waiting if job.works and not (reading and job.rank is Rank.DUE)),
        key=lambda job: (job.rank, job.number),
    )
    before = list(running)
    for job in rest:
        in_its_way = [one for one in before if one.in_the_way_of(job)]
        if not in_its_way:
            found.append(job)
        if all(one.rank is Rank.DUE for one in in_its_way):
            before.append(job)  # it is next: nothing that is due slips in before it
    return found


def to_make_room(fresh: Wanted, running: Sequence[Wanted]) -> list[Wanted]:
    """The running jobs that stop for a new one; they go on later where they were."""
    due = [job for job in running if job.rank is Rank.DUE]
    if fresh.rank is Rank.RESTORE:
        return due
    if fresh.rank is Rank.MANUAL:
        return [job for job in due if job.is_far and job.in_the_way_of(fresh)]
    return []
