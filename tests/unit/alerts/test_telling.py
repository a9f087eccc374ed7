"""Who is told of what: never silent, never noisy, over two years of whatever happens."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alerts.ledger import acknowledged, reconcile
from core.alerts.model import Cause, Channel, Finding, Severity, Stage
from core.alerts.telling import Message, decide, is_quiet, responsible
from core.clock import stamp
from core.plan.model import AlertSettings, Person, Plan, Role
from core.store.events import EventRow, Telling
from tests.support.fixed_clock import NOON
from tests.unit.alerts.given import ANNA, BERT, DAY, HOUR, WEEK, event, plan

BERLIN = ZoneInfo("Europe/Berlin")
Told = list[tuple[str, str, list[Stage]]]


class Post:
    """Remembers who was told, as the office does."""

    def __init__(self, of: Plan) -> None:
        self.plan = of
        self.told: list[Telling] = []

    def step(self, events: list[EventRow], now: datetime) -> list[Message]:
        messages = decide(self.plan, events, self.told, now, now.astimezone(BERLIN))
        for message in messages:
            person = message.person.id if message.person else ""
            for one in message.notices:
                self.told.append(
                    Telling(one.event.id, person, message.channel, one.stage, stamp(now))
                )
        return messages

    def said(self, events: list[EventRow], now: datetime) -> Told:
        return [
            (one.person.id if one.person else "", one.channel, [n.stage for n in one.notices])
            for one in self.step(events, now)
        ]


def test_owner_and_screen_are_told_once() -> None:
    post = Post(plan())
    first = post.said([event()], NOON)
    assert first == [("", "desktop", [Stage.FIRST]), ("anna", "mail", [Stage.FIRST])]
    for hours in range(1, 71):
        assert post.said([event()], NOON + hours * HOUR) == []


def test_the_deputy_hears_of_what_is_left_lying() -> None:
    post = Post(plan())
    post.step([event()], NOON)
    assert post.said([event()], NOON + 3 * DAY) == [("bert", "mail", [Stage.ESCALATED])]
    assert post.said([event()], NOON + 4 * DAY) == []


def test_the_deputy_is_left_in_peace_when_the_owner_has_seen_it() -> None:
    post = Post(plan())
    post.step([event()], NOON)
    seen = acknowledged(event(), NOON + HOUR)
    for days in range(1, 28):
        assert post.said([seen], NOON + days * DAY) == []
    assert ("bert", "mail") not in [one[:2] for one in post.said([seen], NOON + 29 * DAY)]


def test_reminders_grow_rare() -> None:
    post = Post(plan(ANNA, desktop=False))
    days = [day for day in range(120) if post.step([event()], NOON + day * DAY)]
    assert days == [0, 7, 21, 49, 77, 105]


def test_far_worse_is_told_at_once_to_all_who_know() -> None:
    post = Post(plan(desktop=False))
    post.step([event()], NOON)
    post.step([event()], NOON + 3 * DAY)
    worse = event(worse=stamp(NOON + 4 * DAY))
    assert post.said([worse], NOON + 4 * DAY) == [
        ("anna", "mail", [Stage.WORSE]),
        ("bert", "mail", [Stage.WORSE]),
    ]


def test_a_burst_is_two_mails() -> None:
    post = Post(plan(ANNA, desktop=False))
    events = [event(1)]
    assert len(post.step(events, NOON)) == 1
    for minute in range(1, 60):
        events.append(event(1 + minute, severity="danger" if minute == 30 else "act"))
        assert post.step(events, NOON + minute * timedelta(minutes=1)) == []
    one = post.step(events, NOON + HOUR)[0]
    assert len(one.notices) == 59
    assert one.notices[0].event.severity == "danger"


def test_info_disturbs_nobody() -> None:
    assert Post(plan()).step([event(severity="info")], NOON) == []


def test_without_owner_or_address_the_deputy_is_told_at_once() -> None:
    mute = Person(id="anna", name="Anna")
    for people in ((mute, BERT), (BERT,)):
        post = Post(plan(*people, desktop=False))
        assert post.said([event()], NOON) == [("bert", "mail", [Stage.ESCALATED])]


def test_that_mails_fail_is_not_told_by_mail() -> None:
    failing = event(code=str(Cause.MAIL_FAILS), system="", destination="")
    assert [one.channel for one in Post(plan()).step([failing], NOON)] == [Channel.DESKTOP]


def test_a_system_may_name_its_own_people() -> None:
    carla = Person(id="carla", name="Carla", email="c@example.org", role=Role.DEPUTY)
    shop = plan(ANNA, BERT, carla)
    system = shop.systems[0]
    object.__setattr__(system, "owner", "carla")
    object.__setattr__(system, "deputy", "anna")
    assert responsible(shop, "laden") == ([carla], [ANNA])
    assert responsible(shop, "") == ([ANNA], [BERT, carla])


@pytest.mark.parametrize(
    ("begin", "end", "quiet", "loud"),
    [
        ("20:00", "07:00", ["20:00", "23:59", "00:00", "06:59"], ["07:00", "12:00", "19:59"]),
        ("12:00", "13:30", ["12:00", "13:29"], ["11:59", "13:30", "00:00"]),
    ],
)
def test_quiet_hours(begin: str, end: str, quiet: list[str], loud: list[str]) -> None:
    settings = AlertSettings(
        quiet_from=time.fromisoformat(begin), quiet_until=time.fromisoformat(end)
    )
    for text, expected in [*((one, True) for one in quiet), *((one, False) for one in loud)]:
        moment = datetime.combine(NOON.date(), time.fromisoformat(text))
        assert is_quiet(settings, moment) is expected
        assert not is_quiet(AlertSettings(), moment)


def test_a_clock_that_went_years_ahead_does_not_silence_anybody() -> None:
    post = Post(plan(ANNA, desktop=False))
    post.step([event()], NOON + 2000 * DAY)
    assert post.said([event()], NOON) == [("anna", "mail", [Stage.REMINDER])]
    assert post.said([event()], NOON + HOUR) == []  # and not again each hour
    assert post.said([event()], NOON + 2 * WEEK) == [("anna", "mail", [Stage.REMINDER])]


# -- two years ------------------------------------------------------------------------------------

HOURS = 2 * 365 * 24
# begins, lasts, severity, place, weight at its worst (a power of two), acknowledged so long after
Trouble = tuple[int, int, Severity, str, int, int | None]
_TROUBLE = st.tuples(
    st.integers(0, HOURS),
    st.integers(1, 4000),
    st.sampled_from(list(Severity)),
    st.sampled_from(["nas", "wolke", "platte"]),
    st.integers(1, 6),
    st.none() | st.integers(1, 500),
)
_OFF = st.tuples(st.integers(0, HOURS), st.integers(1, 900))


class Years:
    """Two years of trouble, and what people heard of it."""

    def __init__(self, of: Plan, troubles: list[Trouble]) -> None:
        self.post = Post(of)
        self.troubles = troubles
        self.rows: dict[int, EventRow] = {}
        self.worse: dict[int, int] = defaultdict(int)
        # the moments at which an event could be told
        self.could: dict[int, list[datetime]] = defaultdict(list)
        self.mails: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        self.heard: dict[tuple[int, str], list[tuple[Stage, datetime]]] = defaultdict(list)

    def hour(self, hour: int, pace: int) -> None:
        """What the agent does at a moment at which the PC is on."""
        now = datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR
        self._look(hour, now)
        self._acknowledge(hour, pace, now)
        self._tell(now)

    def _look(self, hour: int, now: datetime) -> None:
        found = [
            Finding(
                cause=Cause.OVERDUE,
                severity=severity,
                since=now,
                system="laden",
                destination=place,
                weight=2 ** (power * (hour - begin) // lasts),
            )
            for begin, lasts, severity, place, power, _ in self.troubles
            if begin <= hour < begin + lasts
        ]
        changes = reconcile(list(self.rows.values()), found, now)
        for number, row in enumerate(changes.new, start=len(self.rows) + 1):
            self.rows[number] = row._replace(id=number)
        for row in changes.changed:
            self.worse[row.id] += row.worse != self.rows[row.id].worse
            self.rows[row.id] = row

    def _acknowledge(self, hour: int, pace: int, now: datetime) -> None:
        seen = {
            place
            for begin, lasts, _, place, _, acked in self.troubles
            if acked is not None and begin + acked <= hour < begin + min(lasts, acked + pace)
        }
        for row in list(self.rows.values()):
            if row.destination in seen and not row.ended and not row.acked:
                self.rows[row.id] = acknowledged(row, now)

    def _tell(self, now: datetime) -> None:
        can_be_told = {
            row.id for row in self.rows.values() if not row.ended and row.severity != Severity.INFO
        }
        said = self.post.step(list(self.rows.values()), now)
        if is_quiet(self.post.plan.alerts, now.astimezone(BERLIN)):
            assert said == []
            return
        for id in can_be_told:
            self.could[id].append(now)
        for message in said:
            person = message.person.id if message.person else ""
            self.mails[person, message.channel].append(now)
            for one in message.notices:
                assert one.event.id in can_be_told
                self.heard[one.event.id, person].append((one.stage, now))

    def was_never_silent(self) -> None:
        """Whatever could be told was, to the owner and on the screen, the first time it could."""
        for id, moments in self.could.items():
            for person in ("anna", ""):
                assert self.heard[id, person][0] == (Stage.FIRST, moments[0])

    def was_never_noisy(self) -> None:
        for moments in self.mails.values():
            assert all(later - sooner >= HOUR for sooner, later in pairwise(moments))
        for (id, person), tellings in self.heard.items():
            stages = [stage for stage, _ in tellings]
            assert sum(stage in (Stage.FIRST, Stage.ESCALATED) for stage in stages) == 1
            assert stages.count(Stage.WORSE) <= self.worse[id]
            days = (self.could[id][-1] - self.could[id][0]).days
            assert stages.count(Stage.REMINDER) <= 2 + days // 28 + 2 * self.worse[id]
            if person == "bert":
                waited = tellings[0][1] - self.heard[id, "anna"][0][1]
                assert waited >= self.post.plan.alerts.escalate_after


@settings(max_examples=10)
@given(
    troubles=st.lists(_TROUBLE, min_size=1, max_size=8),
    offs=st.lists(_OFF, max_size=12),
    quiet=st.none() | st.tuples(st.integers(0, 23), st.integers(1, 14)),
    deputy=st.booleans(),
    pace=st.sampled_from([5, 7, 11]),
)
def test_two_years(
    troubles: list[Trouble],
    offs: list[tuple[int, int]],
    quiet: tuple[int, int] | None,
    deputy: bool,
    pace: int,
) -> None:
    hours: dict[str, Any] = {}
    if quiet:
        hours["quiet_from"] = time(quiet[0])
        hours["quiet_until"] = time((quiet[0] + quiet[1]) % 24)
    years = Years(plan(*((ANNA, BERT) if deputy else (ANNA,)), **hours), troubles)
    for hour in range(0, HOURS, pace):
        if not any(begin <= hour < begin + length for begin, length in offs):
            years.hour(hour, pace)
    years.was_never_silent()
    years.was_never_noisy()
