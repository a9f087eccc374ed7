"""When a copy is due: a grid that nothing moves."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.agent.due import GRACE, Rhythm, due, next_slot, rhythm
from core.plan.model import Copy, Schedule
from tests.unit.agent.given import BERLIN, DAY, HOUR, berlin

EVENING = Rhythm(DAY, time(20))
WEEKLY = Rhythm(7 * DAY, time(20))
SIX_HOURS = Rhythm(6 * HOUR)
DISK = Rhythm(7 * DAY, by_hand=True)


def since(rhythm: Rhythm, last: str, now: str) -> datetime | None:
    return due(rhythm, berlin(last), berlin(now), BERLIN).since


def test_never_made_is_due() -> None:
    now = berlin("2026-11-22T10:00")
    found = due(EVENING, None, now, BERLIN)
    assert found.since == now
    assert found.next == berlin("2026-11-22T20:00")


@pytest.mark.parametrize(
    ("last", "now", "when"),
    [
        ("2026-11-21T20:00", "2026-11-22T19:59", None),
        ("2026-11-21T20:09", "2026-11-22T20:00", "2026-11-22T20:00"),  # late by the spread
        ("2026-11-22T19:58", "2026-11-22T20:01", None),  # counts for it
        ("2026-11-22T19:57", "2026-11-22T20:01", "2026-11-22T20:00"),
        ("2026-11-18T20:01", "2026-11-22T09:00", "2026-11-19T20:00"),  # off for days: one, since
        ("2026-11-22T09:05", "2026-11-22T20:00", "2026-11-22T20:00"),  # a catch-up shifts nothing
    ],
)
def test_daily(last: str, now: str, when: str | None) -> None:
    assert since(EVENING, last, now) == (berlin(when) if when else None)


def test_a_run_that_came_late_does_not_move_the_next() -> None:
    late = due(EVENING, berlin("2026-11-22T23:47"), berlin("2026-11-22T23:50"), BERLIN)
    assert late.since is None
    assert late.next == berlin("2026-11-23T20:00")


@pytest.mark.parametrize(
    ("last", "slot", "hours"),
    [
        ("2026-10-24T20:00", "2026-10-25T20:00", 25),  # the hour that comes twice
        ("2027-03-27T20:00", "2027-03-28T20:00", 23),  # the hour that is missing
    ],
)
def test_summer_time_moves_with_the_shop(last: str, slot: str, hours: int) -> None:
    assert next_slot(EVENING, berlin(last), BERLIN) == berlin(slot)
    gap = berlin(slot).astimezone(UTC) - berlin(last).astimezone(UTC)
    assert gap == hours * HOUR


@pytest.mark.parametrize("day", ["2027-03-28", "2026-10-25"])
def test_a_time_that_is_missing_or_comes_twice_is_due_once(day: str) -> None:
    night = Rhythm(DAY, time(2, 30))
    first = next_slot(night, berlin(f"{day}T00:00"), BERLIN)
    second = next_slot(night, first, BERLIN)
    assert 22 * HOUR < second - first < 26 * HOUR
    assert due(night, first, first + 3 * HOUR, BERLIN).since is None


def test_weeks_begin_on_mondays() -> None:
    assert next_slot(WEEKLY, berlin("2026-11-22T10:00"), BERLIN) == berlin("2026-11-23T20:00")
    assert next_slot(WEEKLY, berlin("2026-11-23T20:00"), BERLIN) == berlin("2026-11-30T20:00")


def test_a_pc_that_is_used_one_hour_a_week() -> None:
    """Daily copies: each Friday exactly one is due, and none more within that hour."""
    friday = berlin("2026-01-02T15:00")
    last = friday - 7 * DAY
    for _ in range(60):
        now = friday.astimezone(BERLIN)
        assert due(EVENING, last, now, BERLIN).since is not None
        last = now + timedelta(minutes=4)
        assert due(EVENING, last, now + HOUR, BERLIN).since is None
        friday += 7 * DAY


def test_hours_lie_on_a_grid_that_no_clock_change_touches() -> None:
    assert next_slot(SIX_HOURS, datetime(2026, 10, 25, 0, 0, 1, tzinfo=UTC)) == datetime(
        2026, 10, 25, 6, tzinfo=UTC
    )
    odd = Rhythm(36 * HOUR)
    first = next_slot(odd, berlin("2026-11-22T10:00"))
    assert next_slot(odd, first) - first == 36 * HOUR


def test_a_disk_that_is_plugged_in_has_no_grid() -> None:
    assert since(DISK, "2026-11-13T17:10", "2026-11-20T17:07") is None
    assert since(DISK, "2026-11-13T17:10", "2026-11-20T17:09") == berlin("2026-11-20T17:10")


def test_another_time_zone_is_due_at_its_own_time() -> None:
    last = berlin("2026-11-22T00:05")
    assert due(Rhythm(DAY), last, berlin("2026-11-22T23:00"), BERLIN).since is None
    found = due(Rhythm(DAY), last, berlin("2026-11-22T23:00"), UTC)
    assert found.since == berlin("2026-11-22T01:00")
    assert due(Rhythm(DAY), found.since, berlin("2026-11-22T23:00"), UTC).since is None


def test_a_clock_that_was_years_ahead_does_not_stop_anything() -> None:
    now = berlin("2026-11-22T10:00")
    assert due(EVENING, now + 3650 * DAY, now, BERLIN).since == now
    assert due(EVENING, now + timedelta(minutes=4), now, BERLIN).since is None  # clocks are set


def test_without_a_time_of_its_own_it_is_due_when_the_shop_closes() -> None:
    copy = Copy(system="laden", destination="nas")
    assert rhythm(copy, Schedule(), offline=False).at == time(0)
    assert rhythm(copy, Schedule(closes=time(18, 30)), offline=False).at == time(18, 30)
    own = Copy(system="laden", destination="nas", at=time(12))
    assert rhythm(own, Schedule(closes=time(18, 30)), offline=False).at == time(12)


MOMENTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the zone follows
    datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
RHYTHMS = st.builds(
    Rhythm,
    st.sampled_from([HOUR, 6 * HOUR, 7 * HOUR, DAY, 36 * HOUR, 2 * DAY, 7 * DAY, 30 * DAY]),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)


@settings(max_examples=300)
@given(RHYTHMS, MOMENTS)
def test_the_grid_stands_still(rhythm: Rhythm, moment: datetime) -> None:
    """From wherever one looks, the next time is the same, later, and no more than a step away."""
    slot = next_slot(rhythm, moment, BERLIN)
    assert moment < slot <= moment + rhythm.every + HOUR
    middle = moment + (slot - moment) / 2
    assert next_slot(rhythm, middle, BERLIN) == slot
    after = next_slot(rhythm, slot, BERLIN)
    assert slot < after <= slot + rhythm.every + HOUR


@settings(max_examples=300)
@given(RHYTHMS, MOMENTS, st.timedeltas(timedelta(0), 90 * DAY))
def test_what_was_made_is_not_due_again_before_its_time(
    rhythm: Rhythm, last: datetime, later: timedelta
) -> None:
    found = due(rhythm, last, last + later, BERLIN)
    if found.since is None:
        assert found.next > last + later
        assert later < rhythm.every + HOUR + GRACE
    else:
        assert last < found.since <= last + later
        assert due(rhythm, found.since, last + later, BERLIN).since != found.since


def test_a_run_of_the_year_one_is_a_strangers_tale() -> None:
    now = berlin("2026-11-22T10:00")
    assert due(EVENING, datetime(1, 1, 1, tzinfo=UTC), now, BERLIN).since == now
