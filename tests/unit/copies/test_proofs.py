"""Which runs travel with every state."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.clock import stamp
from core.copies.proofs import worth_telling
from core.store.home import RunRow
from tests.support.fixed_clock import NOON

HOUR = timedelta(hours=1)


def run(began: datetime, status: str = "COMMITTED", destination: str = "platte") -> RunRow:
    at = stamp(began)
    return RunRow("laden", destination, "", at, at, status, "", 1, 1, 1, 0)


def hourly(days: int, **facts: str) -> list[RunRow]:
    return [run(NOON - hours * HOUR, **facts) for hours in range(24 * days, -1, -1)]


def test_all_runs_of_two_weeks_travel() -> None:
    runs = hourly(14)
    assert worth_telling(runs, NOON) == runs


def test_of_older_days_and_weeks_the_last_word_travels() -> None:
    told = worth_telling(hourly(400), NOON)
    before = [row for row in told if row.began < stamp(NOON - timedelta(days=14))]
    days = [row for row in before if row.began >= stamp(NOON - timedelta(days=90))]
    assert len(days) in (76, 77)
    assert {row.began[11:13] for row in days[:-1]} == {"23"}
    assert 44 <= len(before) - len(days) <= 46
    assert [row.began for row in told] == sorted(row.began for row in told)


def test_what_failed_and_each_copy_has_a_last_word_of_its_own() -> None:
    old = NOON - timedelta(days=30)
    runs = [
        run(old, "FAILED"),
        run(old + HOUR),
        run(old + 2 * HOUR, "INTERRUPTED"),
        run(old + 2 * HOUR, destination="nas"),
        run(old + 3 * HOUR, "UNCHANGED"),
    ]
    assert worth_telling(runs, NOON) == [runs[2], runs[3], runs[4]]


def test_hourly_runs_of_three_copies_stay_small() -> None:
    runs = sorted(
        (row for id in ("a", "b", "c") for row in hourly(400, destination=id)),
        key=lambda row: row.began,
    )
    assert len(worth_telling(runs, NOON)) < 1500 < len(runs) / 10
