"""Which states stay: promises as properties, the odd cases one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.copies.letting_go.retention import NEWEST, Dated, Fate, Why, dated, judge
from core.plan.model import Keep
from tests.unit.copies.test_documents import RECORD

START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)


def state(number: int, ended: datetime, *, complete: bool = True) -> Dated:
    return Dated(f"{number:06d}-{ended:%Y%m%dT%H%M%SZ}-abcd", ended, ended.date(), complete)


def daily(count: int) -> list[Dated]:
    return [state(at + 1, START + timedelta(days=at)) for at in range(count)]


def staying(fates: list[Fate]) -> list[str]:
    return [fate.state.run for fate in fates if fate.stays]


NOW = START + timedelta(days=4000)
PERIODS = ("daily", "weekly", "monthly", "yearly")
keeps = st.builds(Keep, **{period: st.integers(0, 6) for period in PERIODS})


def only(daily: int = 0, weekly: int = 0, monthly: int = 0, yearly: int = 0) -> Keep:
    return Keep(daily=daily, weekly=weekly, monthly=monthly, yearly=yearly)


@st.composite
def histories(draw: st.DrawFn) -> list[Dated]:
    """States in the order of their numbers; now and then the clock jumps or a run is partial."""
    moment = START
    states = []
    for number in range(1, draw(st.integers(0, 30)) + 1):
        moment += timedelta(hours=draw(st.sampled_from([1, 12, 24, 24, 24, 24 * 9, 24 * 40])))
        jump = draw(st.sampled_from([0, 0, 0, 0, 0, -3, -400, 300, 3000]))
        complete = draw(st.integers(0, 5)) > 0
        states.append(state(number, moment + timedelta(days=jump), complete=complete))
    return states


@given(histories(), keeps)
def test_asked_again_nothing_more_goes(states: list[Dated], keep: Keep) -> None:
    left = [fate.state for fate in judge(states, keep, NOW) if fate.stays]
    assert staying(judge(left, keep, NOW)) == [one.run for one in left]


@given(histories(), keeps, keeps)
def test_who_keeps_more_has_more(states: list[Dated], keep: Keep, also: Keep) -> None:
    more = Keep(**{k: max(getattr(keep, k), getattr(also, k)) for k in PERIODS})
    assert set(staying(judge(states, keep, NOW))) <= set(staying(judge(states, more, NOW)))


@given(histories(), keeps)
def test_never_fewer_than_promised(states: list[Dated], keep: Keep) -> None:
    fates = judge(states, keep, NOW)
    left = {fate.state.run: fate.state for fate in fates if fate.stays}
    assert {one.run for one in states[-NEWEST:]} <= left.keys()
    assert {one.run for one in [s for s in states if s.complete][-NEWEST:]} <= left.keys()
    odd = {Why.OUT_OF_ORDER, Why.FUTURE, Why.CLOCK_BACK}
    plain = [f.state for f in fates if f.state.complete and not odd.intersection(f.whys)]
    for count, period in (
        (keep.daily, lambda d: d),
        (keep.weekly, lambda d: d.isocalendar()[:2]),
        (keep.monthly, lambda d: (d.year, d.month)),
        (keep.yearly, lambda d: d.year),
    ):
        there = {period(one.day) for one in plain}
        kept = {period(one.day) for one in plain if one.run in left}
        assert len(kept) >= min(count, len(there))


@given(histories(), keeps)
def test_who_cleans_up_after_every_run_keeps_the_newest(states: list[Dated], keep: Keep) -> None:
    left: list[Dated] = []
    for one in states:
        left = [f.state for f in judge([*left, one], keep, NOW) if f.stays]
        assert one in left
    assert {one.run for one in states[-NEWEST:]} <= {one.run for one in left}


def test_the_default_plan_over_two_years() -> None:
    fates = judge(daily(730), Keep(), START + timedelta(days=731))
    whys = [why for fate in fates for why in fate.whys]
    assert whys.count(Why.DAY) == 14
    assert whys.count(Why.WEEK) == 8
    assert whys.count(Why.MONTH) == 24
    assert whys.count(Why.YEAR) == 2
    assert len(staying(fates)) < 48


def test_the_newest_of_a_period_stands_for_it() -> None:
    fates = judge(daily(90), only(monthly=3), NOW)
    assert [f.state.day for f in fates if Why.MONTH in f.whys] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]


def test_the_day_is_that_of_the_shop() -> None:
    """23:30 UTC in July is half past one in the shop; summer time ends in between."""
    record = msgspec.structs.replace(
        RECORD, ended="2026-07-01T23:30:00Z", local_time="2026-07-02T01:30:00+02:00"
    )
    assert dated(record).day == date(2026, 7, 2)
    berlin = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin[0])
    second = datetime(2026, 10, 25, 2, 30, tzinfo=berlin[1])
    twins = [state(1, first), state(2, second)]
    assert all(Why.OUT_OF_ORDER not in f.whys for f in judge(twins, Keep(), NOW))


def test_a_clock_set_back_pauses_everything() -> None:
    fates = judge(daily(60), only(1), START + timedelta(days=10))
    assert all(fate.whys == (Why.CLOCK_BACK,) for fate in fates)
    assert all(fate.stays for fate in fates)


def test_a_run_of_2035_owns_no_year() -> None:
    states = daily(30)
    states[12] = state(13, datetime(2035, 5, 5, tzinfo=UTC))
    fates = judge(states, only(3, yearly=1), START + timedelta(days=31))
    by_number = {int(f.state.run[:6]): f for f in fates}
    assert by_number[13].whys == (Why.FUTURE,)
    assert by_number[14].whys == (Why.OUT_OF_ORDER,)
    assert Why.YEAR in by_number[30].whys


def test_partial_states_are_a_stopgap() -> None:
    def fate(after: timedelta, *, newer: bool) -> Fate:
        rest = [state(n, START + timedelta(hours=n)) for n in range(2, 6)] if newer else []
        states = [state(1, START, complete=False), *rest]
        return judge(states, Keep(), START + after)[0]

    assert fate(timedelta(days=30), newer=False).stays
    assert fate(timedelta(days=6), newer=True).whys == (Why.PARTIAL_YOUNG,)
    assert fate(timedelta(days=8), newer=True).whys == (Why.PARTIAL_OLD,)
    assert not fate(timedelta(days=8), newer=True).stays
