"""Two years in the life of a shop PC, with a clock of our own and the real rules and records.

Off at night and over holidays, asleep, switched off in the middle of a run, clock changes twice a
year, a clock that jumps, a NAS that is away, disks in the drawer, low batteries. What must hold is
asked of the records alone, as a person would read them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from core.agent.begin import Around, History, history, wants_when_plugged
from core.agent.conditions import COPY_CODES, copy_conditions
from core.agent.due import GRACE, next_slot, rhythm_of
from core.agent.planning import agenda
from core.clock import parse_stamp, stamp
from core.health.copies import age_limit
from core.plan.model import Copy, Medium, Plan, Schedule, Site
from core.store.home import GOOD, Event, HomeStore, RunRow
from core.store.pauses import LONGEST, Pause, end_pause, pause_of, set_pause
from tests.support.fixed_clock import FixedClock
from tests.unit.agent.given import BERLIN, DAY, HOUR, a_plan, berlin, place

MINUTE = timedelta(minutes=1)
OFFLINE = ("rot", "blau")
BEGIN = berlin("2026-01-01T08:00").astimezone(UTC)
END = BEGIN + 730 * DAY


def shop_plan() -> Plan:
    return a_plan(
        place("platte"),
        place("nas", medium=Medium.NAS),
        place("cloud", medium=Medium.CLOUD, site=Site.AWAY),
        place("rot", offline=True),
        place("blau", offline=True),
        every={"platte": 6 * HOUR},
        schedule=Schedule(opens=time(9), closes=time(18, 30)),
    )


@dataclass(slots=True)
class Session:
    """The PC from being switched on or woken up to being switched off or put to sleep."""

    begin: datetime
    end: datetime


@dataclass(slots=True)
class Life:
    """Everything that happens, decided in advance; times are true ones."""

    sessions: list[Session]
    away: dict[str, list[tuple[datetime, datetime]]]
    jumps: list[tuple[datetime, timedelta]]  # from when on the clock is how wrong
    plugs: list[tuple[datetime, datetime, str]]
    weak: list[tuple[datetime, datetime]] = field(default_factory=list)
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)  # asked for, until

    def wrong(self, true: datetime) -> timedelta:
        return next((by for since, by in reversed(self.jumps) if since <= true), timedelta(0))

    def is_there(self, id: str, true: datetime) -> bool:
        return not any(a <= true < b for a, b in self.away.get(id, ()))

    def attached(self, true: datetime) -> frozenset[str]:
        return frozenset(id for a, b, id in self.plugs if a <= true < b)

    def is_weak(self, true: datetime) -> bool:
        return any(a <= true < b for a, b in self.weak)


def make_life(dice: random.Random, *, jumps: bool) -> Life:
    sessions, plugs, weak = [], [], []
    day = BEGIN
    while day < END:
        local = day.astimezone(BERLIN).date()
        nine = datetime.combine(local, time(8, 55), BERLIN).astimezone(UTC)
        kind = dice.random()
        if kind < 0.08:  # closed, sometimes for long
            day += dice.choice([1, 1, 1, 2, 3, 14]) * DAY
            continue
        if kind < 0.13:  # used for an hour
            sessions.append(Session(nine + 5 * HOUR, nine + 6 * HOUR))
        else:
            begin = nine + timedelta(minutes=dice.randrange(60))
            end = nine + timedelta(minutes=dice.randrange(9 * 60, 14 * 60))
            if kind > 0.9:  # left on over night
                end = nine + 23 * HOUR
            if dice.random() < 0.4:  # asleep at noon
                noon = nine + timedelta(minutes=dice.randrange(180, 300))
                sessions += [Session(begin, noon), Session(noon + HOUR, end)]
            else:
                sessions.append(Session(begin, end))
        if local.weekday() in (0, 4) and dice.random() < 0.8:
            at = sessions[-1].begin + timedelta(minutes=dice.randrange(5, 50))
            id = "rot" if local.toordinal() // 7 % 2 else "blau"
            plugs.append((at, min(at + dice.choice([HOUR, 5 * HOUR]), sessions[-1].end), id))
        if dice.random() < 0.05:
            weak.append((sessions[-1].begin, sessions[-1].begin + 2 * HOUR))
        day = nine + DAY
    away = {
        id: [
            (start, start + timedelta(hours=dice.choice([1, 3, 30, 200])))
            for start in (BEGIN + timedelta(hours=dice.randrange(730 * 24)) for _ in range(60))
        ]
        for id in ("nas", "cloud")
    }
    leaps: list[tuple[datetime, timedelta]] = []
    if jumps:
        for _ in range(4):
            at = BEGIN + timedelta(hours=dice.randrange(730 * 24))
            leaps += [
                (at, timedelta(hours=dice.choice([-30, -3, 3, 400]))),
                (at + timedelta(hours=dice.randrange(1, 200)), timedelta(0)),
            ]
    return Life(sessions, away, sorted(leaps), plugs, weak, make_pauses(sessions, dice))


def make_pauses(sessions: list[Session], dice: random.Random) -> list[tuple[datetime, datetime]]:
    """Now and then somebody wants peace for a while: when they ask, until when."""
    found = []
    for session in sessions:
        if dice.random() < 0.05:
            minutes = max(1, int((session.end - session.begin) / MINUTE))
            asked = session.begin + timedelta(minutes=dice.randrange(minutes))
            found.append((asked, asked + timedelta(hours=dice.choice([1, 2, 9, 14, 100]))))
    return found


class Shop:
    """The PC with the agent's rules, its records in a real database, and a clock that may lie."""

    def __init__(self, life: Life, store: HomeStore, clock: FixedClock, dice: random.Random):
        self.plan = shop_plan()
        self.life = life
        self.store = store
        self.clock = clock
        self.dice = dice
        self.true = BEGIN
        self.alarms: list[Event] = []
        self.good: dict[str, list[tuple[datetime, datetime]]] = {}  # true and shown begin
        self.looks = 0
        self.paused: list[tuple[datetime, datetime, datetime]] = []
        self._wrong = timedelta(0)
        self._known: dict[tuple[str, str], History] = {}
        self._awake = BEGIN

    def live(self) -> None:
        for session in self.life.sessions:
            if session.begin < self.true:
                continue
            self._go_to(session.begin)
            self._awake = self.clock.now()
            self._stay(session)

    def _go_to(self, true: datetime) -> None:
        self.true = true
        self._wrong = self.life.wrong(true)
        self.clock.set_to(true + self._wrong)

    def _stay(self, session: Session) -> None:
        """As the agent does: look, begin, sleep until it is worth looking again."""
        plugged: frozenset[str] = frozenset()
        while self.true < session.end:
            if self.life.wrong(self.true) != self._wrong:  # the agent notices the jump
                self._go_to(self.true)
                self._awake = self.clock.now()
            here = self.life.attached(self.true)
            fresh, plugged = here - plugged, here
            worked = self._look(session, fresh)
            if not worked:
                self._sleep(session, here)

    def _histories(self) -> dict[tuple[str, str], History]:
        """Read again only when something was written, as the agent does."""
        if not self._known:
            self.store.mark_interrupted()
            self._known = {
                (copy.system, copy.destination): history(
                    self.store.history(copy.system, copy.destination)
                )
                for copy in self.plan.copies
            }
        return self._known

    def _look(self, session: Session, fresh: frozenset[str]) -> bool:
        self.looks += 1
        now = self.clock.now()
        missing = frozenset({"rot", "blau"}) - self.life.attached(self.true)
        battery = 20 if self.life.is_weak(self.true) else None
        around = Around(now, self._awake, battery, False, missing, BERLIN, self._paused(now))
        past = self._histories()
        found = agenda(self.plan, past, around)
        wanted = copy_conditions(self.plan, past, found.decisions, around)
        new = self.store.keep_events(wanted, codes=COPY_CODES)
        self.alarms += [event for event in new if event.severity == "alarm"]
        self._again = found.again
        orders = [(order.system, order.destinations) for order in found.orders]
        for copy in self.plan.copies:
            key = (copy.system, copy.destination)
            if copy.destination in fresh and wants_when_plugged(self.plan, copy, past[key], now):
                orders.append((copy.system, (copy.destination,)))
        for system, destinations in orders:
            self._run(session, system, destinations)
            if self.true >= session.end:
                return True
        return bool(orders)

    def _paused(self, now: datetime) -> datetime | None:
        """A person who asks for a pause, and what the agent reads of it from its records."""
        asked = [pause for pause in self.life.pauses if pause[0] <= self.true]
        for begin, until in asked:
            set_pause(self.store, Pause(now, now + (until - begin)))
            self.paused.append((begin, self.true, until))
        self.life.pauses = self.life.pauses[len(asked) :]
        pause = pause_of(self.store.events(), now)
        if pause is None:
            end_pause(self.store)
        return pause.until if pause else None

    def _run(self, session: Session, system: str, destinations: tuple[str, ...]) -> None:
        """The engine: takes its time, or is switched off in the middle."""
        self._known = {}
        begun = {}
        for id in destinations:
            row = self.store.begin_run(system, id, "x")
            if id in ("nas", "cloud") and not self.life.is_there(id, self.true):
                self.store.end_run(row, "FAILED", code="destination_missing")
            else:
                begun[id] = (row, self.true, self.clock.now())
        took = timedelta(minutes=self.dice.choice([1, 2, 4, 45])) if begun else MINUTE
        if self.true + took >= session.end:
            self._go_to(session.end)
            return
        self._pass(took)
        for id, (row, true, shown) in begun.items():
            if id in ("rot", "blau") and id not in self.life.attached(self.true):
                self.store.end_run(row, "FAILED", code="destination_gone")
            else:
                self.store.end_run(row, self.dice.choice(GOOD))
                self.good.setdefault(id, []).append((true, shown))

    def _pass(self, span: timedelta) -> None:
        self.true += span
        self.clock.set_to(self.true + self._wrong)

    def _sleep(self, session: Session, here: frozenset[str]) -> None:
        """Until the next thing happens to the agent."""
        now = self.clock.now()
        waits = [session.end - self.true, 15 * MINUTE]
        if self._again is not None:
            waits.append(max(self._again - now, timedelta(seconds=30)))
        waits += [a - self.true for a, _, _ in self.life.plugs if a > self.true][:1]
        waits += [at - self.true for at, _ in self.life.jumps if at > self.true][:1]
        waits += [at - self.true for at, _ in self.life.pauses if at > self.true][:1]
        self._pass(max(min(waits), timedelta(seconds=1)))


def lived(tmp_path: Path, seed: int, *, jumps: bool, days: int = 730) -> Iterator[Shop]:
    dice = random.Random(seed)
    clock = FixedClock(BEGIN)
    store = HomeStore(tmp_path / "home.db", clock)
    store._base.execute("PRAGMA synchronous=OFF")  # two years of commits; nobody pulls a plug here
    shop = Shop(make_life(dice, jumps=jumps), store, clock, dice)
    shop.life.sessions = [one for one in shop.life.sessions if one.begin < BEGIN + days * DAY]
    shop.live()
    yield shop
    store.close()


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.full)])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A life without jumps of the clock, so that every promise is exact."""
    yield from lived(tmp_path, request.param, jumps=False)


@pytest.fixture(params=[200, pytest.param(730, marks=pytest.mark.full)])
def jumpy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    yield from lived(tmp_path, 3, jumps=True, days=request.param)


def slots(plan: Plan, copy: Copy) -> Iterator[tuple[datetime, datetime]]:
    at = next_slot(rhythm_of(plan, copy), BEGIN, BERLIN)
    while at < END - 8 * DAY:
        after = next_slot(rhythm_of(plan, copy), at, BERLIN)
        yield at, after
        at = after


def on_grid(plan: Plan) -> list[Copy]:
    return [copy for copy in plan.copies if not plan.destination(copy.destination).offline]


def test_two_years(shop: Shop) -> None:
    rows = shop.store.runs()
    assert len(rows) > 2500
    assert {row.status for row in rows} >= {"COMMITTED", "FAILED", "INTERRUPTED"}
    for copy in on_grid(shop.plan):
        nothing_is_made_twice(shop, copy)
        nothing_is_skipped_without_a_record(shop, copy, rows)
    alarms_come_at_the_limit_and_once(shop)
    disks_are_copied_when_plugged(shop)
    nothing_begins_in_a_pause_and_it_ends_by_itself(shop, rows)


def nothing_is_made_twice(shop: Shop, copy: Copy) -> None:
    """At most one good run for every time on the grid."""
    made = [true for true, _ in shop.good[copy.destination]]
    for at, after in slots(shop.plan, copy):
        inside = [true for true in made if at - GRACE <= true < after - GRACE]
        assert len(inside) <= 1, (copy.destination, at, inside)


def nothing_is_skipped_without_a_record(shop: Shop, copy: Copy, rows: list[RunRow]) -> None:
    """Whenever the PC was on for half an hour, there is a run, a failure, or a word why not."""
    told = [
        event
        for event in shop.store.events(lasting=False)
        if event.destination == copy.destination and event.code in ("copy_waits", "copy_failing")
    ]
    begun = sorted(parse_stamp(r.began) for r in rows if r.destination == copy.destination)
    for at, after in slots(shop.plan, copy):
        on = [s for s in shop.life.sessions if s.end - max(s.begin, at) > HOUR and s.begin < after]
        on = [s for s in on if min(s.end, after) - max(s.begin, at) > HOUR]
        if not on or any(at - GRACE <= moment < after for moment in begun):
            continue
        words = [
            e
            for e in told
            if parse_stamp(e.noticed) < after and parse_stamp(e.ended or stamp(END)) >= at
        ]
        assert words, (copy.destination, at, on)


def alarms_come_at_the_limit_and_once(shop: Shop) -> None:
    """One alarm for each time a copy got too old, at the first look after its limit."""
    for copy in shop.plan.copies:
        id = copy.destination
        limit = age_limit(
            copy.every,
            shop.plan.system("laden").rpo,
            offline=shop.plan.destination(id).offline,
        )
        alarms = [event for event in shop.alarms if event.destination == id]
        assert len({event.since for event in alarms}) == len(alarms), id  # once per state
        made = [shown for _, shown in shop.good[id]]
        for event in alarms:
            since = parse_stamp(event.since)
            last = max(shown for shown in made if shown < parse_stamp(event.noticed))
            assert abs(last + limit - since) < timedelta(seconds=1)
        for one, other in itertools.pairwise(made):
            is_late = [
                s
                for s in shop.life.sessions
                if min(s.end, other) - max(s.begin, one + limit + 15 * MINUTE) > 20 * MINUTE
            ]
            told = [
                e for e in alarms if parse_stamp(e.since) == (one + limit).replace(microsecond=0)
            ]
            assert len(told) == 1 if is_late else len(told) <= 1, (id, one, other, is_late)
    assert len(shop.alarms) > 20


def nothing_begins_in_a_pause_and_it_ends_by_itself(shop: Shop, rows: list[RunRow]) -> None:
    """Only a disk that is plugged in; a pause another one took the place of ends with that."""
    begun = sorted(
        (parse_stamp(row.began), row.destination) for row in rows if row.destination not in OFFLINE
    )
    starts = [seen for _, seen, _ in shop.paused]
    waited = 0
    for number, (asked, seen, until) in enumerate(shop.paused):
        end = min([seen + (until - asked), seen + LONGEST, *starts[number + 1 : number + 2]])
        inside = [moment for moment, _ in begun if seen < moment < end]
        assert inside == [], (seen, end)
        waited += any(end <= moment < end + HOUR for moment, _ in begun)
    assert len(shop.paused) > 20
    assert waited > 5  # what had become due begins when the pause is over
    last = max(parse_stamp(row.began) for row in rows)
    assert last > END - 10 * DAY  # none lasts for ever


def disks_are_copied_when_plugged(shop: Shop) -> None:
    """Every plugging-in led to a run, unless the disk had been copied just before."""
    runs = {
        id: [parse_stamp(r.began) for r in shop.store.runs() if r.destination == id]
        for id in ("rot", "blau")
    }
    tried = 0
    for begin, end, id in shop.life.plugs:
        if end - begin < 50 * MINUTE or not any(
            s.begin <= begin and s.end >= begin + 50 * MINUTE for s in shop.life.sessions
        ):
            continue
        tried += 1
        assert any(begin - 12 * HOUR <= moment <= begin + 50 * MINUTE for moment in runs[id])
    assert tried > 30


def test_two_years_with_a_clock_that_jumps(jumpy: Shop) -> None:
    """No jump starts a storm, none stops the copies: seen in true time, which only we know."""
    # A clock set back by 30 hours can make a pause that much longer, never more than a week.
    peace = [
        (seen, seen + min(LONGEST, until - asked + 30 * HOUR))
        for asked, seen, until in jumpy.paused
    ]
    for copy in on_grid(jumpy.plan):
        made = [true for true, _ in jumpy.good[copy.destination]]
        slots_there = sum(1 for _ in slots(jumpy.plan, copy))
        assert len(made) <= slots_there + 4 * len(jumpy.life.jumps)
        for one, other in itertools.pairwise(made):
            on = [
                s
                for s in jumpy.life.sessions
                if s.begin > one + 2 * copy.every
                and s.end < other
                and s.end - s.begin > 8 * HOUR
                and jumpy.life.is_there(copy.destination, s.begin)
                and jumpy.life.is_there(copy.destination, s.end)
                and not any(a < s.end and s.begin < b for a, b in peace)
            ]
            assert len(on) < 3, (copy.destination, one, other)
