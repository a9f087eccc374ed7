"""What a person may have to know, and that it is said once for as long as it lasts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.agent.begin import Around, Decision, History, Wait
from core.agent.conditions import COPY_CODES, copy_conditions, locked_event, make_event
from core.agent.disks.port import DISK_CODES
from core.agent.planning import agenda, made_since, reading_back_due
from core.clock import stamp
from core.plan.locations import AccountLocation, Location, SmbLocation
from core.plan.model import Plan, Schedule
from core.store.home import Event, HomeStore
from core.texts import Texts
from core.texts.catalog import MISSING
from core.texts.events import SENTENCES, sentence
from tests.support.fixed_clock import FixedClock
from tests.unit.agent.given import BERLIN, DAY, HOUR, a_plan, berlin, place

NOW = berlin("2026-11-23T21:00")
AROUND = Around(NOW, NOW - 5 * HOUR, zone=BERLIN)
KEY = ("laden", "nas")
PLAN = a_plan(place("nas"))
PARAMS = json.dumps(
    {"other": "b", "hours": 9, "place": "/n", "what": "cifs", "destinations": "NAS", "number": 1}
)
OURS = ("nobody_signed_in", "home_unfit", "secrets_locked", "runs_interrupted")


def codes(plan: Plan, past: History, decision: Decision | None = None) -> dict[str, Event]:
    key = ("laden", plan.destinations[0].id)
    decisions = {key: decision} if decision else {}
    return {e.code: e for e in copy_conditions(plan, {key: past}, decisions, AROUND)}


def test_a_copy_that_is_well_says_nothing() -> None:
    assert codes(PLAN, History(NOW - HOUR), Decision(Wait.NOT_DUE, NOW)) == {}


def test_an_alarm_comes_when_the_newest_copy_is_older_than_the_rpo() -> None:
    assert codes(PLAN, History(NOW - 24 * HOUR)) == {}  # the next one is just being made
    found = codes(PLAN, History(NOW - 25 * HOUR))
    assert set(found) == {"copy_overdue"}
    assert found["copy_overdue"].severity == "alarm"
    assert found["copy_overdue"].since == stamp(NOW - HOUR)
    failing = History(NOW - timedelta(hours=24, minutes=1), 1, NOW, "FAILED", "x", NOW)
    assert set(codes(PLAN, failing)) == {"copy_overdue", "copy_failing"}


def test_a_disk_has_its_interval_and_two_days() -> None:
    disk = a_plan(place("rot", offline=True))
    assert codes(disk, History(NOW - 9 * DAY)) == {}
    assert set(codes(disk, History(NOW - 10 * DAY))) == {"copy_overdue"}
    waiting = Decision(Wait.NOT_ATTACHED, None, NOW - DAY)
    assert codes(disk, History(NOW - 8 * DAY), waiting)["disk_due"].since == stamp(NOW - DAY)


def test_failures_say_since_when_and_why() -> None:
    past = History(NOW - HOUR, 3, NOW, "FAILED", "destination_full", NOW - HOUR)
    event = codes(PLAN, past)["copy_failing"]
    assert event.since == stamp(NOW - HOUR)
    assert json.loads(event.params) == {"cause": "destination_full"}
    held = History(NOW - HOUR, 1, NOW, "HELD", "held_by_gate", NOW)
    assert set(codes(PLAN, held)) == {"copy_held"}
    cancelled = History(NOW - HOUR, 1, NOW, "CANCELLED", "", NOW)
    assert codes(PLAN, cancelled) == {}  # a person knows


@pytest.mark.parametrize("why", [Wait.SHOP_OPEN, Wait.BATTERY, Wait.METERED])
def test_a_due_copy_never_waits_in_silence(why: Wait) -> None:
    found = codes(PLAN, History(NOW - HOUR), Decision(why, NOW, NOW - HOUR))
    assert json.loads(found["copy_waits"].params) == {"why": str(why)}


def test_a_disk_in_its_drawer_is_no_failure() -> None:
    missing = History(NOW - HOUR, 1, NOW, "FAILED", "destination_missing", NOW)
    assert set(codes(PLAN, missing)) == {"copy_failing"}
    assert codes(a_plan(place("rot", offline=True)), missing) == {}


def test_a_clock_that_was_ahead_is_told() -> None:
    assert set(codes(PLAN, History(NOW + DAY))) == {"clock_back"}


# -- kept in the records --------------------------------------------------------------------------


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[HomeStore]:
    opened = HomeStore(tmp_path / "home.db", clock)
    yield opened
    opened.close()


def test_events_last_and_end(store: HomeStore, clock: FixedClock) -> None:
    one = make_event("copy_failing", "warning", NOW, system="laden", destination="nas", cause="a")
    assert [e.code for e in store.keep_events([one], codes=COPY_CODES)] == ["copy_failing"]
    noticed = stamp(clock.now())
    clock.pass_by(hours=1)
    again = make_event("copy_failing", "alarm", NOW, system="laden", destination="nas", cause="b")
    assert store.keep_events([again], codes=COPY_CODES) == []  # the same, told once
    (kept,) = store.events()
    assert (kept.noticed, kept.severity, kept.params) == (noticed, "alarm", '{"cause": "b"}')
    store.keep_events([], codes=DISK_CODES)  # others are none of their business
    assert len(store.events()) == 1
    clock.pass_by(hours=1)
    assert store.keep_events([], codes=COPY_CODES) == []
    assert store.events() == []
    (over,) = store.events(lasting=False)
    assert over.ended == stamp(clock.now())
    assert store.forget_events(clock.now()) == 0
    store.keep_events([one], codes=COPY_CODES)  # it came back: another one
    assert len(store.events(lasting=False)) == 2
    store.add_event(make_event("store_broken", "warning", NOW))
    assert {e.code for e in store.events()} == {"copy_failing"}  # that one is over at once
    clock.pass_by(hours=1)
    assert store.forget_events(clock.now()) == 2
    assert [e.code for e in store.events(lasting=False)] == ["copy_failing"]  # it still lasts


def test_the_same_code_of_two_copies_are_two_events(store: HomeStore) -> None:
    both = [
        make_event("copy_failing", "warning", NOW, system="laden", destination=id)
        for id in ("a", "b")
    ]
    store.keep_events(both, codes=COPY_CODES)
    store.keep_events(both[1:], codes=COPY_CODES)
    assert [e.destination for e in store.events()] == ["b"]


# -- what to do now -------------------------------------------------------------------------------


def test_copies_of_one_system_share_a_run_and_busy_ones_are_left_alone() -> None:
    plan = a_plan(place("a"), place("b"), place("c"))
    past = dict.fromkeys((("laden", id) for id in "abc"), History(NOW - 2 * DAY))
    found = agenda(plan, past, AROUND)
    assert [(one.system, one.destinations) for one in found.orders] == [("laden", ("a", "b", "c"))]
    left = agenda(plan, past, AROUND, busy=frozenset({("laden", "b")}))
    assert left.orders[0].destinations == ("a", "c")
    done = dict.fromkeys(past, History(NOW))
    assert agenda(plan, done, AROUND).orders == ()
    assert agenda(plan, done, AROUND).again == berlin("2026-11-24T00:00")


def test_each_place_in_the_network_has_a_run_of_its_own() -> None:
    far: dict[str, Location] = {
        "nas": SmbLocation(host="nas", share="s", user="u"),
        "eins": AccountLocation(kind="onedrive", account="buero", path="a"),
        "zwei": AccountLocation(kind="onedrive", account="buero", path="b"),
    }
    there = [dataclasses.replace(place(id), location=at) for id, at in far.items()]
    plan = a_plan(place("a"), there[0], place("b"), *there[1:])
    found = agenda(plan, {}, AROUND).orders
    assert [one.destinations for one in found] == [("a", "b"), ("nas",), ("eins", "zwei")]


def test_what_nobody_can_open_waits_and_says_so() -> None:
    plan = a_plan(place("a"), place("b"))
    shut = dataclasses.replace(AROUND, locked=frozenset({"b"}))
    found = agenda(plan, {}, shut)
    assert [one.destinations for one in found.orders] == [("a",)]
    assert found.decisions["laden", "b"].why is Wait.LOCKED
    assert found.decisions["laden", "b"].since is not None
    past = {("laden", id): History(NOW - HOUR) for id in "ab"}
    assert reading_back_due(plan, past, shut, {}) == ["a"]
    (event,) = locked_event(plan, shut.locked, NOW)
    assert event.params == '{"destinations": "Platte b"}'
    assert locked_event(plan, (), NOW) == []


def test_reading_back_once_a_day_outside_of_shop_hours() -> None:
    past = {KEY: History(NOW - HOUR)}
    assert reading_back_due(PLAN, past, AROUND, {}) == ["nas"]
    assert reading_back_due(PLAN, past, AROUND, {"nas": stamp(NOW - 19 * HOUR)}) == []
    assert reading_back_due(PLAN, past, AROUND, {"nas": stamp(NOW - 21 * HOUR)}) == ["nas"]
    assert reading_back_due(PLAN, {}, AROUND, {}) == []
    failing = {KEY: History(NOW - HOUR, 1, NOW, "FAILED")}
    assert reading_back_due(PLAN, failing, AROUND, {}) == []
    late = Schedule(opens=NOW.time(), closes=(NOW + HOUR).time())
    assert reading_back_due(a_plan(place("nas"), schedule=late), past, AROUND, {}) == []


def test_a_disk_is_done_when_all_its_copies_are() -> None:
    plan = a_plan(place("rot", offline=True))
    assert made_since(plan, {}) == {}
    assert made_since(plan, {("laden", "rot"): History(NOW)}) == {"rot": NOW}
    assert made_since(plan, {("laden", "rot"): History(NOW, 1)}) == {}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_code_has_a_sentence(lang: str) -> None:
    texts = Texts("en" if lang == "en" else "de")
    for code in (*COPY_CODES, *DISK_CODES, "copy_blocked", "plan_invalid", "store_broken", *OURS):
        assert code in SENTENCES
        said = sentence(texts, code, system="laden", name="NAS", since=NOW, now=NOW, params=PARAMS)
        assert MISSING not in said
        assert "{" not in said
