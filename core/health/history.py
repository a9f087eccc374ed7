"""What the last days brought: one value a day from the recorded runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from core.clock import parse_stamp
from core.store.home import GOOD, RunRow

DAYS = 30
_GOOD = (*GOOD, "PARTIAL")
_FAILED = ("FAILED", "INTERRUPTED", "HELD")


class DayResult(StrEnum):
    """How the last runs of a day ended, the worst of all copies."""

    NONE = "none"
    GOOD = "good"
    SKIPPED = "skipped"  # something could not be read
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the reader's calendar. new_bytes: what was newly written at all copies."""

    day: date
    result: DayResult
    runs: int
    new_bytes: int


def last_days(
    runs: Sequence[RunRow], now: datetime, zone: tzinfo | None = None, number: int = DAYS
) -> tuple[Day, ...]:
    """The last `number` days, today last. Of several runs at a copy the day's last one tells.

    A run that a person cancelled, or that is still going, tells nothing.
    """
    today = now.astimezone(zone).date()
    by_day: dict[date, list[RunRow]] = {}
    for run in runs:
        by_day.setdefault(parse_stamp(run.began).astimezone(zone).date(), []).append(run)
    days = (today - timedelta(days=back) for back in range(number - 1, -1, -1))
    return tuple(_day(day, by_day.get(day, [])) for day in days)


def _day(day: date, runs: Sequence[RunRow]) -> Day:
    told = [run for run in runs if run.status in _GOOD + _FAILED]
    last = {(run.system, run.destination): run for run in told}.values()
    result = DayResult.GOOD if last else DayResult.NONE
    if any(run.skipped for run in last):
        result = DayResult.SKIPPED
    if any(run.status in _FAILED for run in last):
        result = DayResult.FAILED
    return Day(day, result, len(told), sum(run.new_bytes for run in told))
