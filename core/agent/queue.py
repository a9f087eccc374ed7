"""Which jobs run now: restore before what a person typed before what is due; pure rules.

One job at a time works in a home, since the engine's database and indexes have one writer; its
copies are made side by side within it, in one scan. A restore only reads: it never waits, and what
is merely due makes room for it. An errand tells people what they have to know: it touches no copy,
and one at a time goes whenever it likes.
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
    """

    number: int
    rank: Rank
    verb: str
    arguments: tuple[str, ...] = ()
    copies: frozenset[tuple[str, str]] = frozenset()
    details: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def works(self) -> bool:
        """Whether it needs the home for itself."""
        return self.rank in (Rank.MANUAL, Rank.DUE)


def startable(waiting: Sequence[Wanted], running: Sequence[Wanted]) -> list[Wanted]:
    """The jobs that may begin now, the first first."""
    found = [job for job in waiting if job.rank is Rank.RESTORE]
    if not any(job.rank is Rank.ERRAND for job in running):
        found += [job for job in waiting if job.rank is Rank.ERRAND][:1]
    if any(job.works for job in running):
        return found
    reading = any(job.rank is Rank.RESTORE for job in (*found, *running))
    rest = sorted(
        (job for job in waiting if job.works and not (reading and job.rank is Rank.DUE)),
        key=lambda job: (job.rank, job.number),
    )
    return found + rest[:1]


def to_make_room(fresh: Wanted, running: Sequence[Wanted]) -> list[Wanted]:
    """The running jobs that stop for a new one; they go on later where they were."""
    if fresh.rank is not Rank.RESTORE:
        return []
    return [job for job in running if job.rank is Rank.DUE]
