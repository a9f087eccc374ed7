"""Thirty days of runs, one value a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from core.clock import stamp
from core.health.history import DayResult, last_days
from core.health.said import bar_height
from core.store.home import RunRow

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def run(hours_ago: float, status: str, destination: str = "nas", **changes: int) -> RunRow:
    began = stamp(NOW - timedelta(hours=hours_ago))
    new, skipped = changes.get("new", 100), changes.get("skipped", 0)
    return RunRow("laden", destination, "1", began, began, status, "", 10, 1000, new, skipped)


def today(*runs: RunRow) -> DayResult:
    return last_days(runs, NOW, UTC)[-1].result


def test_thirty_days_today_last() -> None:
    days = last_days((), NOW, UTC)
    assert len(days) == 30
    assert (days[0].day, days[-1].day) == (date(2026, 10, 24), date(2026, 11, 22))
    assert {one.result for one in days} == {DayResult.NONE}


def test_the_last_run_of_a_copy_tells() -> None:
    assert today(run(5, "FAILED"), run(1, "COMMITTED")) is DayResult.GOOD
    assert today(run(5, "COMMITTED"), run(1, "FAILED")) is DayResult.FAILED


def test_the_worst_copy_tells() -> None:
    assert today(run(2, "FAILED"), run(1, "UNCHANGED", "platte")) is DayResult.FAILED
    assert today(run(2, "COMMITTED", skipped=1), run(1, "UNCHANGED", "platte")) is DayResult.SKIPPED


def test_cancelled_and_running_tell_nothing() -> None:
    assert today(run(2, "CANCELLED"), run(1, "RUNNING")) is DayResult.NONE


def test_a_day_is_the_readers_day() -> None:
    late = RunRow("l", "d", "1", "2026-11-21T23:30:00Z", "", "COMMITTED", "", 1, 1, 7, 0)
    east = last_days((late,), NOW, timezone(timedelta(hours=1)))
    assert east[-1].new_bytes == 7
    assert last_days((late,), NOW, UTC)[-2].new_bytes == 7


def test_bars_grow_with_the_logarithm() -> None:
    assert bar_height(0, 100) == bar_height(0, 0)
    heights = [bar_height(10**power, 10**9) for power in range(1, 10)]
    assert heights == sorted(heights)
    assert heights[-1] == 1
    assert heights[0] > 0
