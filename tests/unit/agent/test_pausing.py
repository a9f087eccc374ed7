"""Until when one may pause, and what a pause costs."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from core.agent.begin import Around, Decision, History, Wait, decide
from core.agent.conditions import copy_conditions
from core.agent.pausing import (
    Choice,
    choices,
    moment_after,
    moment_typed,
    too_old_by_then,
)
from core.agent.planning import agenda, reading_back_due
from core.errors import Code, KnownError
from core.plan.model import Schedule
from tests.unit.agent.given import BERLIN, DAY, HOUR, a_plan, berlin, place

NOON = berlin("2026-11-23T12:00")
OPEN = Schedule(opens=time(9), closes=time(18, 30))
CLOSED = Schedule()


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("closing", "2026-11-23T18:30"),
        ("TOMORROW", "2026-11-24T06:00"),
        ("18:05", "2026-11-23T18:05"),
        ("9:05", "2026-11-24T09:05"),
        ("2026-11-25 7:00", "2026-11-25T07:00"),
        ("2026-11-25T07:00", "2026-11-25T07:00"),
        ("25.11. 7:00", "2026-11-25T07:00"),
        ("25.11.2026 7:00", "2026-11-25T07:00"),
        ("2026-11-23T16:00:00Z", "2026-11-23T17:00"),
    ],
)
def test_what_may_be_typed(typed: str, until: str) -> None:
    assert moment_typed(typed, OPEN, NOON, BERLIN) == berlin(until)


@pytest.mark.parametrize(
    "typed",
    ["", "immer", "25:00", "11", "2026-11-23", "2026-11-23 11:59", "2026-12-01 12:00",
     "1999-1-1 1:00"],
)  # fmt: skip
def test_what_is_no_end_of_a_pause(typed: str) -> None:
    with pytest.raises(KnownError) as caught:
        moment_typed(typed, OPEN, NOON, BERLIN)
    assert caught.value.code is Code.PAUSE_TIME


def test_a_day_of_the_next_year_is_meant_as_it_is_written() -> None:
    eve = berlin("2026-12-31T20:00")
    assert moment_typed("1.1. 6:00", OPEN, eve, BERLIN) == berlin("2027-01-01T06:00")


def test_closing_time_needs_a_shop_that_is_open() -> None:
    for schedule, now in ((CLOSED, NOON), (OPEN, berlin("2026-11-23T20:00"))):
        with pytest.raises(KnownError) as caught:
            moment_typed("closing", schedule, now, BERLIN)
        assert caught.value.code is Code.PAUSE_NOT_OPEN
        assert Choice.CLOSING not in choices(schedule, now, BERLIN)


def test_for_a_while_but_never_for_ever() -> None:
    assert moment_after("2h", NOON) == NOON + 2 * HOUR
    assert moment_after("7d", NOON) == NOON + 7 * DAY
    for text in ("8d", "0h", "ewig", "-2h", "100y"):
        with pytest.raises(KnownError) as caught:
            moment_after(text, NOON)
        assert caught.value.code is Code.PAUSE_TIME


def test_tomorrow_morning_lies_before_the_shop_opens_and_at_least_an_hour_ahead() -> None:
    early = Schedule(opens=time(5, 30), closes=time(13))
    assert choices(early, NOON, BERLIN)[Choice.TOMORROW] == berlin("2026-11-24T04:30")
    night = berlin("2026-11-24T00:40")
    assert choices(OPEN, night, BERLIN)[Choice.TOMORROW] == berlin("2026-11-24T06:00")
    dawn = berlin("2026-11-24T05:50")
    assert choices(OPEN, dawn, BERLIN)[Choice.TOMORROW] == berlin("2026-11-25T06:00")


def test_tomorrow_is_told_by_the_shop_s_clock_when_summer_time_ends() -> None:
    before = berlin("2026-10-24T20:00")
    assert choices(OPEN, before, BERLIN)[Choice.TOMORROW] == berlin("2026-10-25T06:00")
    assert moment_typed("6:00", OPEN, before, BERLIN) - before == 11 * HOUR


# -- what a pause holds up ------------------------------------------------------------------------

PLAN = a_plan(place("nas"), place("rot", offline=True), at=time(8))
DUE = {("laden", "nas"): History(last=NOON - 30 * HOUR), ("laden", "rot"): History(last=NOON - DAY)}
AWAKE = NOON - 5 * HOUR


def around(paused: datetime | None, now: datetime = NOON) -> Around:
    return Around(now, AWAKE, missing=frozenset({"rot"}), zone=BERLIN, paused=paused)


def test_what_is_due_waits_for_the_end_of_the_pause_and_no_longer() -> None:
    until = NOON + 2 * HOUR
    due = berlin("2026-11-22T08:00")
    copy, past = PLAN.copies[0], DUE["laden", "nas"]
    assert decide(PLAN, copy, past, around(None)).begins
    assert decide(PLAN, copy, past, around(until)) == Decision(Wait.PAUSED, until, due)
    assert decide(PLAN, copy, past, around(until, until)).begins
    assert agenda(PLAN, DUE, around(until)).orders == ()
    assert agenda(PLAN, DUE, around(until)).again == until


def test_a_pause_makes_nothing_due_and_hides_no_missing_disk() -> None:
    past = History(last=NOON)
    assert decide(PLAN, PLAN.copies[0], past, around(NOON + HOUR)).why is Wait.NOT_DUE
    week_old = History(last=NOON - 8 * DAY)
    assert decide(PLAN, PLAN.copies[1], week_old, around(NOON + HOUR)).why is Wait.NOT_ATTACHED


def test_nothing_is_read_back_in_a_pause() -> None:
    assert reading_back_due(PLAN, DUE, around(None), {}) == ["nas"]
    assert reading_back_due(PLAN, DUE, around(NOON + HOUR), {}) == []


def test_a_broken_promise_is_told_in_a_pause_too() -> None:
    """A due copy that waits has its word, and the alarm comes at the same moment as ever."""
    now = NOON
    codes = {}
    for paused in (None, NOON + 2 * HOUR):
        circumstances = around(paused, now)
        found = agenda(PLAN, DUE, circumstances)
        codes[paused] = {
            (event.code, event.severity, event.since)
            for event in copy_conditions(PLAN, DUE, found.decisions, circumstances)
            if event.destination == "nas"
        }
    alarm = next(one for one in codes[None] if one[0] == "copy_overdue")
    assert alarm[1] == "alarm"
    assert alarm in codes[NOON + 2 * HOUR]
    waits = {one[0] for one in codes[NOON + 2 * HOUR]} - {one[0] for one in codes[None]}
    assert waits == {"copy_waits"}


def test_what_grows_too_old_in_a_pause_is_known_when_it_begins() -> None:
    made = {("laden", "nas"): History(last=NOON - 20 * HOUR)}
    key = ("laden", "nas")
    assert too_old_by_then(PLAN, made, NOON, NOON + 4 * HOUR) == []
    assert too_old_by_then(PLAN, made, NOON, NOON + 5 * HOUR) == [(key, NOON + 4 * HOUR)]
    assert too_old_by_then(PLAN, DUE, NOON, NOON + timedelta(hours=1)) == []  # it is so already
    assert too_old_by_then(PLAN, {}, NOON, NOON + DAY) == []
