"""What the plan asks of the engine: opening a home, choosing what is due, finding states."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import filelock
import msgspec

from core.clock import Clock, parse_stamp, stamp
from core.copies import names
from core.copies.assignment import Assignment, Destination, Result, fingerprint
from core.copies.backup import back_up
from core.copies.copy_folder import CopyFolder, State
from core.copies.desk import Desk
from core.copies.documents import Record
from core.copies.events import Listener
from core.copies.proofs import PLAN_FILE, PROOFS_FILE, proof_lines, travelling
from core.copies.writer import find_writer
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.model import Copy, Plan, System
from core.sources.folders import Root
from core.sources.patterns import compile_rules
from core.store.home import HomeStore


class _Owner(msgspec.Struct):
    pid: int
    since: str


@contextlib.contextmanager
def locked(home: Home, clock: Clock) -> Iterator[None]:
    """Hold the home's lock: one process works in a home. KnownError HOME_LOCKED says who does."""
    home.make()
    note = home.state / "lock.json"
    lock = filelock.FileLock(home.lock, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise KnownError(Code.HOME_LOCKED, **_who(note)) from error
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.HOME_UNUSABLE, path=str(home.lock), cause=cause) from error
    try:
        with contextlib.suppress(OSError):  # only tells a second process who we are
            note.write_bytes(msgspec.json.encode(_Owner(os.getpid(), stamp(clock.now()))))
        yield
    finally:
        lock.release()


def _who(note: Path) -> dict[str, str]:
    try:
        owner = msgspec.json.decode(note.read_bytes(), type=_Owner)
    except (OSError, ValueError):  # no JSON of ours, or not even text
        return {"pid": "?", "since": "?"}
    return {"pid": str(owner.pid), "since": owner.since}


@contextlib.contextmanager
def open_desk(
    home: Home, clock: Clock, listener: Listener, cancelled: Callable[[], bool]
) -> Iterator[Desk]:
    """A desk to work at: lock held, store open, runs of dead processes marked as interrupted."""
    with locked(home, clock):
        store = HomeStore(home.state / "ladentresor.db", clock)
        try:
            if store.was_broken:
                listener.note("store_broken")
            store.mark_interrupted()
            yield Desk(home, store, clock, find_writer(home), listener, cancelled)
        finally:
            store.close()


@contextlib.contextmanager
def open_store(home: Home, clock: Clock) -> Iterator[HomeStore]:
    """The home's store for looking only: no lock, so it works while a job runs."""
    home.make()
    store = HomeStore(home.state / "ladentresor.db", clock)
    try:
        yield store
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Request:
    """Which copies to make. Empty means all; only_due leaves out those that are not due yet."""

    systems: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    only_due: bool = False
    accept_source: bool = False


def last_success(store: HomeStore, copy: Copy) -> datetime | None:
    """When the last good run at a copy began; None when there was none."""
    good = [
        row.began
        for row in store.runs()
        if row.system == copy.system
        and row.destination == copy.destination
        and row.status in ("COMMITTED", "UNCHANGED")
    ]
    return parse_stamp(good[-1]) if good else None


def is_due(store: HomeStore, copy: Copy, now: datetime) -> bool:
    """Whether a copy is due: never made, older than its interval, or dated in the future.

    Two minutes of grace keep a daily run from creeping later by its own duration.
    """
    last = last_success(store, copy)
    if last is None or last > now:
        return True
    return now - last >= copy.every - timedelta(minutes=2)


def chosen_copies(plan: Plan, store: HomeStore, now: datetime, request: Request) -> list[Copy]:
    """The copies a request means; KnownError for ids the plan does not know."""
    for system in request.systems:
        plan.system(system)
    for destination in request.destinations:
        plan.destination(destination)
    return [
        copy
        for copy in plan.copies
        if (not request.systems or copy.system in request.systems)
        and (not request.destinations or copy.destination in request.destinations)
        and (not request.only_due or is_due(store, copy, now))
    ]


def back_up_all(desk: Desk, plan: Plan, plan_text: bytes, request: Request) -> list[Result]:
    """Run what the request means, system by system; empty when nothing is due."""
    copies = chosen_copies(plan, desk.store, desk.clock.now(), request)
    results: list[Result] = []
    for system in plan.systems:
        destinations = [copy.destination for copy in copies if copy.system == system.id]
        if destinations:
            task = _assignment(desk, plan, plan_text, system, destinations, request)
            results += back_up(desk, task)
    return results


def _assignment(
    desk: Desk,
    plan: Plan,
    plan_text: bytes,
    system: System,
    destinations: Sequence[str],
    request: Request,
) -> Assignment:
    own = {PLAN_FILE: plan_text, PROOFS_FILE: travelling(desk.store, desk.clock.now())}
    return Assignment(
        system=system.id,
        system_name=system.name,
        roots=roots_of(desk.store, system),
        destinations=tuple(
            Destination(id, plan.destination(id).location.path) for id in destinations
        ),
        own_files=own,
        own_fingerprint=fingerprint([plan_text, proof_lines(desk.store)]),
        own_places=tuple(
            plan.destination(copy.destination).folder_of(copy.system) for copy in plan.copies
        ),
        accept_source=request.accept_source,
    )


def roots_of(store: HomeStore, system: System) -> tuple[Root, ...]:
    """The source folders of a system with their lasting short names."""
    places = [os.fsencode(path) for source in system.sources for path in source.paths]
    short = names.short_names(places, store.short_names(system.id))
    store.remember_short_names(system.id, short)
    roots = []
    for source in system.sources:
        rules = compile_rules(
            source.include, source.exclude, default_excludes=source.default_excludes
        )
        for path in source.paths:
            place = os.fsencode(path)
            roots.append(Root(short[place].encode(), place, rules))
    return tuple(roots)


def copy_folder(plan: Plan, system: str, destination: str) -> CopyFolder:
    """The folder of a copy as it is reachable now; KnownError when it is not."""
    where = plan.destination(destination)
    folder = LocalFolder(destination, where.location.path, system)
    if not folder.is_reachable():
        raise KnownError(
            Code.DESTINATION_MISSING, destination=destination, path=str(where.location.path)
        )
    return CopyFolder(folder)


def known_states(desk: Desk, system: str, destination: str) -> list[Record]:
    """The states the index of a copy knows, oldest first; works without the destination."""
    if not desk.index_path(system, destination).exists():
        return []
    index = desk.open_index(system, destination)
    try:
        records = [
            msgspec.json.decode(line, type=Record)
            for _, _, line, pending in index.states()
            if not pending
        ]
    finally:
        index.close()
    return sorted(records, key=lambda record: record.run)


def pick_state(states: Sequence[State], at: str | None, system: str) -> State:
    """The state a person means: a run's name, its number, a moment (local time), or the newest.

    A moment means the newest state that was begun by then. KnownError STATE_NOT_FOUND.
    """
    if not states:
        raise KnownError(Code.STATE_NOT_FOUND, state=at or "neuester", system=system)
    if at is None:
        complete = [state for state in states if state.record.complete]
        return (complete or list(states))[-1]
    named = [state for state in states if state.run == at] or _numbered(states, at)
    if len(named) == 1:  # of twins with one number only the whole name says which is meant
        return named[0]
    moment = None if named else _moment(at)
    if moment is not None:
        earlier = [state for state in states if parse_stamp(state.record.began) <= moment]
        if earlier:
            return earlier[-1]
    raise KnownError(Code.STATE_NOT_FOUND, state=at, system=system)


def _numbered(states: Sequence[State], at: str) -> list[State]:
    number = at.lstrip("0")
    return [state for state in states if state.run.split("-")[0].lstrip("0") == number]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        if len(text) in (8, 10):  # a day means its end
            moment += timedelta(days=1, seconds=-1)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):  # no moment, or one that no calendar holds
        return None


def refuse_live_target(plan: Plan, into: Path) -> None:
    """A restore never goes into the shop's live data or a copy (DESIGN §1, promise 6)."""
    target = Path(os.path.realpath(into))
    taken = [(folder, system.id) for system in plan.systems for folder in system.folders]
    taken += [
        (plan.destination(copy.destination).folder_of(copy.system), copy.system)
        for copy in plan.copies
    ]
    for folder, system in taken:
        live = Path(os.path.realpath(folder))
        # Path.exists() raises where a disk was pulled out while mounted; a restore must not.
        if os.path.exists(live) and (target == live or live in target.parents):
            raise KnownError(Code.TARGET_IN_USE, path=str(into), system=system)
