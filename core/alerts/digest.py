"""The weekly summary: when it is due, and what stands in it. Pure.

"n of m" counts copies that count for 3-2-1; runs that came through are said beside it. A week
in which nothing was done is never called good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from core.clock import parse_stamp
from core.health.model import SystemVerdict
from core.plan.model import DigestDay
from core.store.events import EventRow
from core.store.home import GOOD, RunRow

AT = time(8)
"""Local time from which the day's summary goes out."""
WEEK = timedelta(days=7)
_DAYS = tuple(DigestDay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What everybody responsible gets to read once a week.

    runs, good: how many runs ended in the week, and how many came through having seen files.
    left_out: files that the newest good runs left out, summed over the systems. newest: the newest
    state of each copy by (system, destination), for whoever starts with nothing but this mail
    (REVIEW: rollback shows against the last state number). over: what was set right in the week.
    """

    verdicts: tuple[SystemVerdict, ...]
    events: tuple[EventRow, ...]
    over: tuple[EventRow, ...]
    runs: int
    good: int
    left_out: int
    newest: Mapping[tuple[str, str], str]

    @property
    def copies(self) -> int:
        """m: all copies of the plan."""
        return sum(len(verdict.copies) for verdict in self.verdicts)

    @property
    def counting(self) -> int:
        """n: those that count."""
        return sum(copy.counts for verdict in self.verdicts for copy in verdict.copies)

    @property
    def is_good(self) -> bool:
        """All copies count, nothing is open, and something was done."""
        return (
            self.copies > 0 and self.counting == self.copies and not self.events and self.good > 0
        )


def slot(day: DigestDay, local: datetime) -> str:
    """The newest moment at which a summary was to go out, as local time; '' for never."""
    if day is DigestDay.NEVER:
        return ""
    back = (local.weekday() - _DAYS.index(day)) % 7
    begin = datetime.combine(local.date() - timedelta(days=back), AT)
    if begin > local.replace(tzinfo=None):
        begin -= WEEK
    return begin.isoformat(timespec="minutes")


def is_due(day: DigestDay, last: str, local: datetime) -> bool:
    """Whether the summary of this week is still to come; last: the slot that went out last.

    A `last` from a clock that went far ahead counts as none.
    """
    now = slot(day, local)
    if not now:
        return False
    if not last:
        return True
    gone = datetime.fromisoformat(now) - datetime.fromisoformat(last)
    return gone > timedelta(0) or gone < -(WEEK + timedelta(days=1))


def summary(
    verdicts: Sequence[SystemVerdict],
    events: Sequence[EventRow],
    runs: Sequence[RunRow],
    now: datetime,
) -> Summary:
    """What the week was like. events: open ones, and those that ended in it; runs: oldest first."""
    week = [row for row in runs if row.status != "RUNNING" and parse_stamp(row.ended) > now - WEEK]
    newest: dict[tuple[str, str], str] = {}
    left_out: dict[str, int] = {}
    for row in runs:
        if row.status in GOOD:
            newest[row.system, row.destination] = row.run
            left_out[row.system] = row.skipped
    planned = {
        (verdict.facts.system, copy.facts.destination)
        for verdict in verdicts
        for copy in verdict.copies
    }
    systems = {system for system, _ in planned}
    return Summary(
        verdicts=tuple(verdicts),
        events=tuple(row for row in events if not row.ended),
        over=tuple(row for row in events if row.ended and parse_stamp(row.ended) > now - WEEK),
        runs=len(week),
        good=sum(row.status in GOOD and row.files > 0 for row in week),
        left_out=sum(count for system, count in left_out.items() if system in systems),
        newest={copy: run for copy, run in newest.items() if copy in planned},
    )
