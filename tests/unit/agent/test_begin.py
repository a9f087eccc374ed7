"""When a due copy may begin by itself."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from core.agent.begin import (
    Around,
    Decision,
    History,
    Wait,
    decide,
    history,
    shop_closes,
    spread,
    wants_when_plugged,
)
from core.clock import stamp
from core.plan.limits import Limits, WhenMetered
from core.plan.model import Medium, Plan, Schedule
from core.store.home import RunRow
from tests.unit.agent.given import BERLIN, DAY, HOUR, a_plan, berlin, place

MINUTE = timedelta(minutes=1)
NOW = berlin("2026-11-23T21:00")  # a Monday evening
LONG_AWAKE = NOW - 5 * HOUR
DONE = History(last=berlin("2026-11-22T20:03"))


def decided(
    plan: Plan,
    past: History = DONE,
    now: datetime = NOW,
    *,
    awake: datetime = LONG_AWAKE,
    battery: int | None = None,
    metered: bool = False,
    missing: frozenset[str] = frozenset(),
) -> Decision:
    return decide(plan, plan.copies[0], past, Around(now, awake, battery, metered, missing, BERLIN))


DAILY = a_plan(place("nas"), at=time(20))
CLOUD = a_plan(place("cloud", medium=Medium.CLOUD), at=time(20))


def test_what_is_due_begins() -> None:
    assert decided(DAILY) == Decision(Wait.NOTHING, None, berlin("2026-11-23T20:00"))


def test_what_is_not_due_waits_for_its_time() -> None:
    found = decided(DAILY, History(last=NOW))
    assert found == Decision(Wait.NOT_DUE, berlin("2026-11-24T20:00"))


def test_after_start_and_sleep_the_pc_settles_first() -> None:
    found = decided(DAILY, awake=NOW - MINUTE)
    assert found.why is Wait.SETTLING
    assert found.again is not None
    assert MINUTE <= found.again - NOW < 4 * MINUTE
    assert decided(DAILY, now=found.again, awake=NOW - MINUTE).begins


def test_not_everybody_begins_at_the_minute() -> None:
    found = decided(DAILY, now=berlin("2026-11-23T20:00:01"))
    assert found.why is Wait.SPREAD
    assert found.again == berlin("2026-11-23T20:00") + spread("laden", 10 * MINUTE)
    pauses = {spread(f"system-{number}", 10 * MINUTE) for number in range(200)}
    assert len(pauses) > 100
    assert max(pauses) < 10 * MINUTE
    assert spread("laden", timedelta(0)) == timedelta(0)


# -- after failures -------------------------------------------------------------------------------


def rows(*ends: tuple[str, str, datetime]) -> list[RunRow]:
    """Runs, oldest first as they are told, newest first as they are given."""
    made = [
        RunRow("laden", "nas", "x", stamp(at), stamp(at), status, code, 0, 0, 0, 0)
        for status, code, at in ends
    ]
    return made[::-1]


GOOD = ("COMMITTED", "", berlin("2026-11-22T20:03"))


def failing(*statuses: str, pause: timedelta = MINUTE) -> History:
    first = NOW - len(statuses) * pause
    tries = [(status, "", first + at * pause) for at, status in enumerate(statuses, start=1)]
    return history(rows(GOOD, *tries))


def test_history_counts_failures_since_the_last_good_run() -> None:
    assert history([]) == History()
    assert history(rows(GOOD)) == History(last=GOOD[2])
    at = NOW - HOUR
    past = history(rows(GOOD, ("FAILED", "x", at), ("FAILED", "destination_missing", NOW)))
    assert past == History(GOOD[2], 2, NOW, "FAILED", "destination_missing", at)
    begun = history(rows(("FAILED", "x", at), ("PARTIAL", "", NOW), ("FAILED", "y", NOW)))
    assert begun.failures == 1


@pytest.mark.parametrize(
    ("tries", "minutes"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 240), (50, 240)],
)
def test_failures_are_tried_again_ever_later(tries: int, minutes: int) -> None:
    past = failing(*["FAILED"] * tries)
    found = decided(DAILY, past)
    assert found.why is Wait.RETRY
    assert found.again == NOW + minutes * MINUTE
    assert decided(DAILY, past, found.again).begins


def test_a_pc_that_was_switched_off_goes_on_at_once_but_not_for_ever() -> None:
    assert decided(DAILY, failing("INTERRUPTED")).begins
    assert decided(DAILY, failing("INTERRUPTED", "INTERRUPTED")).begins
    third = decided(DAILY, failing("INTERRUPTED", "INTERRUPTED", "INTERRUPTED"))
    assert third.again == NOW + 20 * MINUTE


def test_what_a_person_cancelled_or_has_to_answer_rests() -> None:
    assert decided(DAILY, failing("CANCELLED")).again == NOW + HOUR
    assert decided(DAILY, failing("HELD")).again == NOW + 4 * HOUR


def test_a_try_in_the_future_does_not_stop_anything() -> None:
    past = History(DONE.last, 9, NOW + 3650 * DAY, "FAILED")
    assert decided(DAILY, past).begins


# -- what the merchant said -----------------------------------------------------------------------

SHOP = Schedule(opens=time(9), closes=time(18, 30))


@pytest.mark.parametrize(
    ("opens", "closes", "now", "until"),
    [
        ((9, 0), (18, 30), "2026-11-23T08:59", None),
        ((9, 0), (18, 30), "2026-11-23T09:00", "2026-11-23T18:30"),
        ((9, 0), (18, 30), "2026-11-23T18:30", None),
        ((17, 0), (2, 0), "2026-11-23T23:00", "2026-11-24T02:00"),
        ((17, 0), (2, 0), "2026-11-24T01:59", "2026-11-24T02:00"),
        ((17, 0), (2, 0), "2026-11-24T02:00", None),
        ((9, 0), (9, 0), "2026-11-24T12:00", None),
    ],
)
def test_shop_hours(
    opens: tuple[int, int], closes: tuple[int, int], now: str, until: str | None
) -> None:
    schedule = Schedule(opens=time(*opens), closes=time(*closes))
    assert shop_closes(schedule, berlin(now), BERLIN) == (berlin(until) if until else None)


def test_nothing_begins_while_the_shop_is_open() -> None:
    plan = a_plan(place("nas"), schedule=SHOP)
    past = History(last=berlin("2026-11-22T18:31"))
    assert decided(plan, past, berlin("2026-11-23T18:29")).why is Wait.NOT_DUE
    assert decided(plan, past, berlin("2026-11-23T18:45")).begins
    morning = decided(plan, past, berlin("2026-11-24T10:00"))
    assert morning.why is Wait.SHOP_OPEN
    assert morning.again == berlin("2026-11-24T18:30")


def test_a_pc_that_is_only_on_while_the_shop_is_open_waits_one_day_at_most() -> None:
    plan = a_plan(place("nas"), schedule=SHOP)
    past = History(last=berlin("2026-11-20T18:31"))
    assert decided(plan, past, berlin("2026-11-24T10:00")).begins


def test_the_first_copy_and_hourly_ones_do_not_wait_for_the_evening() -> None:
    noon, awake = berlin("2026-11-23T12:30"), berlin("2026-11-23T09:00")
    assert decided(a_plan(place("nas"), schedule=SHOP), History(), noon, awake=awake).begins
    hourly = a_plan(place("nas"), schedule=SHOP, every={"nas": HOUR})
    assert decided(hourly, History(last=noon - HOUR), noon, awake=awake).begins


def test_low_battery_and_metered_lines_hold_a_copy_back() -> None:
    assert decided(DAILY, battery=29).why is Wait.BATTERY
    assert decided(DAILY, battery=30).begins
    assert decided(CLOUD, metered=True).why is Wait.METERED
    assert decided(DAILY, metered=True).begins  # a disk here costs nothing
    go = Limits(metered=WhenMetered.GO)
    paid = a_plan(place("cloud", medium=Medium.CLOUD), at=time(20), limits=go)
    assert decided(paid, metered=True).begins


# -- disks ----------------------------------------------------------------------------------------

DISK = a_plan(place("rot", offline=True))


def test_a_disk_in_the_drawer_is_due_and_nothing_is_tried() -> None:
    past = History(last=NOW - 8 * DAY)
    found = decided(DISK, past, missing=frozenset({"rot"}))
    assert found == Decision(Wait.NOT_ATTACHED, None, NOW - DAY)
    assert decided(DISK, past).begins


def test_plugging_in_starts_the_copy_unless_it_was_just_made() -> None:
    copy = DISK.copies[0]
    for ago, wants in [(HOUR, False), (13 * HOUR, True), (6 * DAY, True)]:
        assert wants_when_plugged(DISK, copy, History(last=NOW - ago), NOW) is wants
    assert wants_when_plugged(DISK, copy, History(), NOW)
    assert wants_when_plugged(DISK, copy, History(last=NOW + DAY), NOW)
