"""How full a destination will be, by what its runs have added so far (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HORIZONS = (timedelta(days=30), timedelta(days=90))
_AT_LEAST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes that a run added, and when."""

    at: datetime
    added: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """per_day: bytes a day. full_in: time until no room is left, None when it never gets full."""

    per_day: float
    free: int
    full_in: timedelta | None

    def free_after(self, time: timedelta) -> int:
        """Bytes still free then; 0 when it is full by then."""
        return max(0, int(self.free - self.per_day * (time / timedelta(days=1))))

    @property
    def is_tight(self) -> bool:
        """Whether it is full within the longest horizon."""
        return self.full_in is not None and self.full_in <= HORIZONS[-1]


def forecast(runs: Sequence[Growth], free: int, now: datetime) -> Forecast | None:
    """What the last ninety days say of the next ones; None when they are too few to say anything.

    runs: without the first of each system, which stores everything once and says nothing of the
    days after it.
    """
    recent = [run for run in runs if now - HORIZONS[-1] <= run.at <= now]
    began = min((run.at for run in recent), default=now)
    if now - began < _AT_LEAST:
        return None
    per_day = sum(run.added for run in recent) / ((now - began) / timedelta(days=1))
    full_in = None
    if per_day > 0 and free / per_day < 36500:
        full_in = timedelta(days=free / per_day)
    return Forecast(per_day, free, full_in)
