"""The weekly summary: once a week by the local clock, and never good when nothing was done."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.alerts.digest import is_due, slot, summary
from core.clock import stamp
from core.health.three_two_one import judge
from core.plan.model import DigestDay
from tests.support.fixed_clock import NOON
from tests.unit.alerts.given import DAY, HOUR, event, run
from tests.unit.health.given import cloud, copy, system

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T07:59", "2026-11-16T08:00"),  # Monday, too early
        ("2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-29T23:59", "2026-11-23T08:00"),  # a PC that was off catches up within the week
        ("2026-03-30T09:00", "2026-03-30T08:00"),  # the day after clocks went forward
    ],
)
def test_slots(now: str, expected: str) -> None:
    assert slot(DigestDay.MON, at(now)) == expected
    assert slot(DigestDay.NEVER, at(now)) == ""


@pytest.mark.parametrize("day", list(DigestDay)[:7])
@pytest.mark.parametrize("pace", [1, 5, 50])
def test_once_a_week_for_two_years_whatever_the_clocks_do(day: DigestDay, pace: int) -> None:
    last, sent = "", []
    for hour in range(0, 2 * 365 * 24, pace):
        local = (datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR).astimezone(BERLIN)
        if is_due(day, last, local):
            last = slot(day, local)
            sent.append(last)
    moments = [datetime.fromisoformat(one) for one in sent]
    assert all(later - sooner == 7 * DAY for sooner, later in pairwise(moments))
    assert len(sent) in (105, 106)
    assert {one.weekday() for one in moments} == {list(DigestDay).index(day)}


def test_a_clock_set_back_sends_nothing_twice_and_one_far_ahead_does_not_silence() -> None:
    monday = "2026-11-23T08:00"
    assert not is_due(DigestDay.MON, monday, at("2026-11-21T12:00"))
    assert is_due(DigestDay.MON, "2031-11-24T08:00", at("2026-11-24T12:00"))
    assert not is_due(DigestDay.NEVER, monday, at("2027-11-24T12:00"))


def test_n_of_m() -> None:
    verdict = judge(system(copy(), cloud(copied=NOON - 9 * DAY)), NOON)
    ended = event(2, ended=stamp(NOON - DAY))
    runs = [
        run(NOON - 30 * DAY, skipped=5, run="000001-a"),
        run(NOON - DAY, skipped=2, run="000002-b"),
        run(NOON - HOUR, "FAILED"),
        run(NOON - HOUR, files=0),
        run(NOON, "RUNNING"),
        run(NOON - DAY, system="weg", run="000009-z"),
    ]
    week = summary([verdict], [event(), ended], runs, NOON)
    assert (week.counting, week.copies, week.is_good) == (1, 2, False)
    assert (week.good, week.runs) == (2, 4)
    assert week.newest[("laden", "nas")] == "000001-x"
    assert ("weg", "nas") not in week.newest
    assert week.events == (event(),)
    assert week.over == (ended,)


def test_a_week_without_work_is_never_good() -> None:
    verdict = judge(system(), NOON)
    assert summary([verdict], [], [run()], NOON).is_good
    for runs in ([], [run(NOON - 8 * DAY)], [run(files=0)], [run(status="FAILED")]):
        assert not summary([verdict], [], runs, NOON).is_good
    assert not summary([], [], [run()], NOON).is_good
