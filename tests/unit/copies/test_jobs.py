"""What a person means by "this state", what is due, and where a restore must never go."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.clock import stamp
from core.copies import locking
from core.copies.events import Silence
from core.copies.format.copy_folder import State
from core.copies.jobs import Request, chosen_copies, last_success, open_desk, roots_of
from core.copies.locking import locked
from core.copies.opening.finding import Picked, pick_state, refuse_live_target
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.locations import LocalLocation
from core.plan.model import (
    Copy,
    Destination,
    FoldersSource,
    Plan,
    System,
)
from core.store.home import HomeStore
from tests.support.fixed_clock import NOON, FixedClock
from tests.support.keys import no_keys
from tests.unit.copies.test_documents import RECORD

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """States are chosen by the shop's own time, not by UTC."""
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# -- which state ----------------------------------------------------------------------------------


def state(number: int, began: str, *, complete: bool = True, tail: str = "aaaa") -> State:
    run = f"{number:06d}-20261121T030000Z-{tail}"
    record = msgspec.structs.replace(RECORD, run=run, began=began, complete=complete)
    return State(record, "0" * 64)


STATES = [
    state(1, "2026-11-19T03:00:00Z"),
    state(2, "2026-11-20T03:00:00Z"),
    state(3, "2026-11-20T23:30:00Z"),  # the 21st in Berlin already
    state(4, "2026-11-21T03:00:00Z"),
    state(5, "2026-11-22T03:00:00Z", complete=False),
]


def picked(at: str | None, states: list[State] = STATES) -> int:
    return int(pick_state(states, at, "laden").state.run.split("-")[0])


def test_without_a_word_it_is_the_newest_complete_state() -> None:
    assert picked(None) == 4
    assert picked(None, STATES[4:]) == 5  # better a part than nothing
    assert picked(None, STATES[:2]) == 2


@pytest.mark.parametrize("at", ["3", "03", "000003", STATES[2].run])
def test_by_number_or_name(at: str) -> None:
    assert picked(at) == 3


@pytest.mark.parametrize(
    ("at", "number"),
    [
        ("2026-11-19", 1),
        ("2026-11-20", 2),
        ("2026-11-21", 4),
        ("20261121", 4),
        ("2026-11-22", 4),  # the fifth is partial
        ("2030-01-01", 4),
        ("2026-11-21T00:29", 2),
        ("2026-11-21T00:30", 3),
        ("2026-11-21 03:59", 3),
        ("2026-11-21 04:00:00", 4),
        ("2026-11-21T03:00:00Z", 4),
        ("2026-11-21T02:59:59Z", 3),
        ("2026-11-20T22:30:00-01:00", 3),
        ("9999-12-30", 4),
    ],
)
def test_by_moment_it_is_the_newest_begun_by_then(at: str, number: int) -> None:
    """A moment is local time unless it says otherwise; a day means its end."""
    assert picked(at) == number


def test_a_partial_state_is_only_taken_when_asked_for_or_when_there_is_no_other() -> None:
    newest = STATES[4]
    for at in (None, "2026-11-22"):
        found = pick_state(STATES, at, "laden")
        assert (found.state, found.newer) == (STATES[3], newest)
    assert pick_state(STATES, "2026-11-21", "laden").newer is None
    for at in ("5", newest.run):
        assert pick_state(STATES, at, "laden") == Picked(newest)
    assert pick_state(STATES[4:], "2026-11-22", "laden") == Picked(newest)


@pytest.mark.parametrize(
    "at",
    ["0", "6", "99", "2026-11-18", "0001-01-01", "gestern", "", "-1", "2026-13-01", "1.5", "³",
     "000003-20261121T030000Z-bbbb", "9" * 5000, "../000003", "2026-11-21T25:00"],
)  # fmt: skip
def test_what_there_is_not_is_named(at: str) -> None:
    with pytest.raises(KnownError) as caught:
        picked(at)
    assert caught.value.code is Code.STATE_NOT_FOUND
    assert caught.value.params["state"] == at


def test_without_any_state_it_is_named() -> None:
    with pytest.raises(KnownError) as caught:
        pick_state([], None, "laden")
    assert caught.value.code is Code.STATE_NOT_FOUND


def test_a_number_two_states_have_picks_neither() -> None:
    """Two PCs may have written at once: then only the whole name says which is meant."""
    twins = [*STATES, state(3, "2026-11-20T23:45:00Z", tail="bbbb")]
    with pytest.raises(KnownError) as caught:
        picked("3", twins)
    assert caught.value.code is Code.STATE_NOT_FOUND
    assert pick_state(twins, twins[-1].run, "laden").state is twins[-1]


# -- what is due ----------------------------------------------------------------------------------

COPY = Copy(system="laden", destination="platte", every=DAY)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[HomeStore]:
    opened = HomeStore(tmp_path / "ladentresor.db", clock)
    yield opened
    opened.close()


def run_at(store: HomeStore, clock: FixedClock, moment: datetime, status: str) -> None:
    clock.set_to(moment)
    store.end_run(store.begin_run("laden", "platte", "x"), status)


@pytest.mark.parametrize("status", ["COMMITTED", "UNCHANGED"])
def test_the_last_good_run_counts_from_its_beginning(
    store: HomeStore, clock: FixedClock, status: str
) -> None:
    assert last_success(store, COPY) is None
    row = store.begin_run("laden", "platte", "x")
    clock.pass_by(hours=1)
    store.end_run(row, status)
    assert last_success(store, COPY) == NOON


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "INTERRUPTED", "RUNNING", "HELD"])
def test_a_run_that_came_to_nothing_does_not_count(
    store: HomeStore, clock: FixedClock, status: str
) -> None:
    run_at(store, clock, NOON, status)
    assert last_success(store, COPY) is None


def test_many_failures_after_a_success_change_nothing(store: HomeStore, clock: FixedClock) -> None:
    run_at(store, clock, NOON, "COMMITTED")
    for hours in range(1, 100):
        run_at(store, clock, NOON + timedelta(hours=hours), "FAILED")
    assert last_success(store, COPY) == NOON


def test_another_copy_does_not_count(store: HomeStore, clock: FixedClock) -> None:
    run_at(store, clock, NOON, "COMMITTED")
    for other in (
        Copy(system="kasse", destination="platte"),
        Copy(system="laden", destination="b"),
    ):
        assert last_success(store, other) is None


def test_after_the_clock_was_set_back_the_newest_run_counts(
    store: HomeStore, clock: FixedClock
) -> None:
    run_at(store, clock, NOON + timedelta(days=3650), "COMMITTED")
    run_at(store, clock, NOON, "COMMITTED")
    assert last_success(store, COPY) == NOON


# -- which copies ---------------------------------------------------------------------------------


def plan(tmp_path: Path) -> Plan:
    def system(id: str) -> System:
        return System(id=id, name=id, sources=(FoldersSource(paths=(tmp_path / "daten" / id,)),))

    def destination(id: str) -> Destination:
        return Destination(id=id, name=id, location=LocalLocation(path=tmp_path / "platten" / id))

    pairs = [("laden", "a"), ("laden", "b"), ("kasse", "a")]
    return Plan(
        systems=(system("laden"), system("kasse")),
        destinations=(destination("a"), destination("b")),
        copies=tuple(Copy(system=s, destination=d) for s, d in pairs),
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request(), ["laden@a", "laden@b", "kasse@a"]),
        (Request(systems=("kasse",)), ["kasse@a"]),
        (Request(destinations=("a",)), ["laden@a", "kasse@a"]),
        (Request(systems=("laden",), destinations=("b",)), ["laden@b"]),
        (Request(only=(Copy(system="kasse", destination="a"),)), ["kasse@a"]),
        (Request(only=()), []),
    ],
)
def test_what_a_request_means(tmp_path: Path, request_: Request, expected: list[str]) -> None:
    found = chosen_copies(plan(tmp_path), request_)
    assert [f"{copy.system}@{copy.destination}" for copy in found] == expected


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(systems=("x",)), Code.SYSTEM_UNKNOWN),
        (Request(destinations=("x",)), Code.DESTINATION_UNKNOWN),
        (Request(systems=("kasse",), destinations=("b",)), Code.COPY_UNKNOWN),
        (Request(systems=("kasse",), destinations=("a", "b")), Code.COPY_UNKNOWN),
    ],
)
def test_unknown_ids_are_named(tmp_path: Path, request_: Request, code: Code) -> None:
    with pytest.raises(KnownError) as caught:
        chosen_copies(plan(tmp_path), request_)
    assert caught.value.code is code


def test_short_names_last(tmp_path: Path, store: HomeStore) -> None:
    first = System(id="laden", name="", sources=(FoldersSource(paths=(Path("/x/shop"),)),))
    more = FoldersSource(paths=(Path("/a/shop"), Path("/x/shop")))
    second = System(id="laden", name="", sources=(more,))
    assert [root.name for root in roots_of(store, first)] == [b"shop"]
    assert [(root.name, root.place) for root in roots_of(store, second)] == [
        (b"shop-2", b"/a/shop"),
        (b"shop", b"/x/shop"),
    ]


# -- where a restore must not go ------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Plan:
    found = plan(tmp_path)
    for place in ("daten/laden/tief", "daten/kasse", "platten/a/laden", "platten/b", "frei"):
        (tmp_path / place).mkdir(parents=True)
    return found


@pytest.mark.parametrize(
    "place",
    ["daten/laden", "daten/laden/neu", "daten/laden/tief/x/y", "daten/kasse", "platten/a/laden/z"],
)
def test_live_data_and_copies_are_refused(shop: Plan, tmp_path: Path, place: str) -> None:
    with pytest.raises(KnownError) as caught:
        refuse_live_target(shop, tmp_path / place)
    assert caught.value.code is Code.TARGET_IN_USE


@pytest.mark.parametrize("place", ["frei", "frei/neu", "daten", "daten/laden-2", "platten/a/neu"])
def test_other_places_are_fine(shop: Plan, tmp_path: Path, place: str) -> None:
    refuse_live_target(shop, tmp_path / place)


def test_a_link_or_a_detour_into_live_data_is_refused(shop: Plan, tmp_path: Path) -> None:
    (tmp_path / "frei" / "verweis").symlink_to(tmp_path / "daten" / "laden")
    for place in ("frei/verweis", "frei/verweis/neu", "frei/../daten/laden"):
        with pytest.raises(KnownError):
            refuse_live_target(shop, tmp_path / place)


# -- one process per home -------------------------------------------------------------------------


def _hold(state: str, held: object, go: object) -> None:
    home = Home(Path(state) / "c", Path(state), Path(state) / "x")
    with locked(home, FixedClock()):
        held.set()  # type: ignore[attr-defined]
        go.wait(30)  # type: ignore[attr-defined]


def test_a_second_process_is_told_who_works_here(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, go = context.Event(), context.Event()
    first = context.Process(target=_hold, args=(str(tmp_path), held, go))
    first.start()
    try:
        assert held.wait(30)
        with pytest.raises(KnownError) as caught, locked(home_in(tmp_path), FixedClock()):
            pass
        assert caught.value.code is Code.HOME_LOCKED
        assert caught.value.params == {"pid": str(first.pid), "since": stamp(NOON)}
    finally:
        go.set()
        first.join(30)
    with locked(home_in(tmp_path), FixedClock()):
        assert (tmp_path / "lock.json").read_bytes().startswith(b'{"pid":%d,' % os.getpid())


def home_in(place: Path) -> Home:
    return Home(place / "c", place, place / "x")


@pytest.mark.parametrize("junk", [b"", b"\xff", b"{}", b"[" * 9])
def test_a_broken_note_still_names_the_lock(tmp_path: Path, junk: bytes) -> None:
    with locked(home_in(tmp_path), FixedClock()):
        (tmp_path / "lock.json").write_bytes(junk)
        assert locking._who(tmp_path / "lock.json") == {"pid": "?", "since": "?"}


def test_runs_of_a_dead_process_are_marked_at_the_next_start(tmp_path: Path) -> None:
    home, clock = home_in(tmp_path), FixedClock()
    with open_desk(home, clock, Silence(), lambda: False, no_keys(home)) as desk:
        desk.store.begin_run("laden", "platte", "x")
    with open_desk(home, clock, Silence(), lambda: False, no_keys(home)) as desk:
        assert [run.status for run in desk.store.runs()] == ["INTERRUPTED"]
