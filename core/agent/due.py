"""When a copy is due: pure functions of plan, recorded runs and clock. Nothing here ever shifts.

Copies made every n whole days are due at a time of day on this PC's own clock (summer time moves
with the shop), all others on a grid of their interval that no clock change touches. The grid stands
still: a late run, a PC that was off or a manual run never moves the next time, and what was missed
counts once. A disk that is only attached for its copy has no grid: it is due when its interval has
passed, since people plug it in when they can.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.plan.model import Copy, Plan, Schedule

GRACE = timedelta(minutes=2)
"""A run that began this short a time before it was due counts for it."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""What lies further in the future than this was recorded by a clock that was wrong."""
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, at which time of day (of whole days), and whether people plug it in."""

    every: timedelta
    at: time = time(0)
    by_hand: bool = False

    @property
    def is_daily(self) -> bool:
        """Whether it is due at a time of day."""
        return self.every % _DAY == timedelta(0)


@dataclass(frozen=True, slots=True)
class Due:
    """since: when it became due, None while it is not. next: when it will be due after that."""

    since: datetime | None
    next: datetime


def rhythm_of(plan: Plan, copy: Copy) -> Rhythm:
    """The rhythm a plan gives a copy."""
    return rhythm(copy, plan.schedule, offline=plan.destination(copy.destination).offline)


def rhythm(copy: Copy, schedule: Schedule, *, offline: bool) -> Rhythm:
    """Without a time of its own a copy is due when the shop closes, else at midnight."""
    return Rhythm(copy.every, copy.at or schedule.closes or time(0), offline)


def due(rhythm: Rhythm, last: datetime | None, now: datetime, zone: tzinfo | None = None) -> Due:
    """Whether a copy is due, and since when. `last`: when its last good run began, in UTC.

    zone: that of the shop, None for the PC's own. Never made is due at once; so is a last run that
    lies in the future, once: waiting for that clock could take years. What lies before 1970 a
    stranger's copy made up.
    """
    if last is None or not _EPOCH <= last <= now + CLOCK_TOLERANCE:
        return Due(now, next_slot(rhythm, now, zone))
    if rhythm.by_hand:
        end = last + rhythm.every
        return Due(end if end - GRACE <= now else None, end)
    missed = next_slot(rhythm, last + GRACE, zone)
    if missed > now:
        return Due(None, missed)
    return Due(missed, next_slot(rhythm, now, zone))


def is_due(plan: Plan, copy: Copy, last: datetime | None, now: datetime) -> bool:
    """Whether a copy of the plan is due on this PC's clock."""
    return due(rhythm_of(plan, copy), last, now).since is not None


def next_slot(rhythm: Rhythm, moment: datetime, zone: tzinfo | None = None) -> datetime:
    """The first time on the grid that lies after `moment`."""
    if not rhythm.is_daily or rhythm.by_hand:
        return moment - (moment - _EPOCH) % rhythm.every + rhythm.every
    step = rhythm.every.days
    day = moment.astimezone(zone).date().toordinal() - 1  # a time zone may be a day ahead
    day -= (day - 1) % step  # weeks begin on Mondays
    while True:
        slot = moment_of(date.fromordinal(day), rhythm.at, zone)
        if slot > moment:
            return slot
        day += step


def moment_of(day: date, at: time, zone: tzinfo | None) -> datetime:
    """That time of that day, in UTC; of an hour that comes twice the first, one that a clock skips
    is taken as if it had not been skipped yet.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
