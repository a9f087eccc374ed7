"""What the plan asks of the engine: opening a home, choosing what is due, finding states."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.clock import Clock, parse_stamp
from core.copies.backing_up.assignment import Assignment, Result, fingerprint
from core.copies.backing_up.backup import back_up
from core.copies.backing_up.gate import remind
from core.copies.bringing_back.adopt import relearn
from core.copies.desk import Desk
from core.copies.events import Listener
from core.copies.format import names
from core.copies.format.documents import Record
from core.copies.locking import at_the_door, lane_of, locked
from core.copies.opening.finding import reach_copy
from core.copies.opening.reach import Reach, where_of
from core.copies.opening.writer import find_writer
from core.copies.proofs import PLAN_FILE, PROOFS_FILE, RUNS_REMEMBERED, proof_lines, travelling
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.model import Copy, Destination, Plan, System
from core.sources.folders import Root
from core.sources.patterns import compile_rules
from core.store.database import BrokenDatabase
from core.store.home import GOOD, HomeStore
from core.store.index import IndexView


@contextlib.contextmanager
def open_desk(
    home: Home,
    clock: Clock,
    listener: Listener,
    cancelled: Callable[[], bool],
    reach: Reach,
    destinations: Iterable[Destination] | None = None,
) -> Iterator[Desk]:
    """A desk to work at: lock held, store open, runs of dead processes marked as interrupted.

    destinations: where it may change copies, so that others can be worked at meanwhile; without
    them it has the whole home. KnownError HOME_LOCKED.
    """
    chosen = None if destinations is None else tuple(destinations)
    lanes = None if chosen is None else {lane_of(where) for where in chosen}
    with locked(home, clock, lanes), contextlib.ExitStack() as closing:
        with at_the_door(home):  # two that begin at once make one database and one writer
            store = closing.enter_context(contextlib.closing(HomeStore(home.database, clock)))
            writer = find_writer(home)
        if store.was_broken:
            listener.note("store_broken")
        store.mark_interrupted(None if chosen is None else [where.id for where in chosen])
        yield Desk(home, store, clock, writer, listener, cancelled, reach)


@contextlib.contextmanager
def open_store(home: Home, clock: Clock) -> Iterator[HomeStore]:
    """The home's store for looking only: no lock, so it works while a job runs."""
    home.make()
    store = HomeStore(home.database, clock)
    try:
        yield store
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Request:
    """Which copies to make. Empty means all; `only`, where given, leaves out all other copies."""

    systems: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    accept_source: bool = False
    accept_changes: bool = False
    only: tuple[Copy, ...] | None = None


def last_success(store: HomeStore, copy: Copy) -> datetime | None:
    """When the last good run at a copy began; None when there was none."""
    row = store.last_run(copy.system, copy.destination, status=GOOD)
    return parse_stamp(row.began) if row else None


def chosen_copies(plan: Plan, request: Request) -> list[Copy]:
    """The copies a request means; KnownError as `Plan.copies_between`."""
    return [
        copy
        for copy in plan.copies_between(request.systems, request.destinations)
        if request.only is None or copy in request.only
    ]


def back_up_all(desk: Desk, plan: Plan, plan_text: bytes, request: Request) -> list[Result]:
    """Run what the request means, system by system; empty when nothing is due."""
    for system in plan.systems:
        if remind(desk.store, system.id, desk.clock.now()):
            desk.listener.note("gate_reminder", system=system.id)
    desk.store.forget_runs(desk.clock.now() - RUNS_REMEMBERED)
    copies = chosen_copies(plan, request)
    results: list[Result] = []
    for system in plan.systems:
        destinations = [copy.destination for copy in copies if copy.system == system.id]
        if destinations:
            _relearn(desk, plan, system.id, destinations)
            task = _assignment(desk, plan, plan_text, system, destinations, request)
            results += back_up(desk, task)
    return results


def _relearn(desk: Desk, plan: Plan, system: str, destinations: Sequence[str]) -> None:
    """Where there is an index of a copy that our database does not know, that was lost: what it
    knew is brought back from the very copy of the index.
    """
    for id in destinations:
        path = desk.index_path(system, id)
        if desk.store.vault_of(system, id) is not None or not path.exists():
            continue
        try:
            with contextlib.closing(IndexView(path)) as index:
                vault = index.meta("tresor") if index.is_begun else None
            with contextlib.closing(reach_copy(desk.reach, plan, system, id)) as reached:
                marker = reached.copy.vault()
                if marker is None or marker.vault != vault:
                    continue  # the guards have a word for that
                if number := relearn(desk, reached.copy, system):
                    desk.listener.note("relearnt", destination=id, count=number)
        except (KnownError, BrokenDatabase) as error:
            if isinstance(error, KnownError) and error.code is Code.CANCELLED:
                raise
            continue  # the run will say what is the matter


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
        destinations=tuple(where_of(plan.destination(id)) for id in destinations),
        own_files=own,
        own_fingerprint=fingerprint([plan_text, proof_lines(desk.store)]),
        own_places=tuple(
            folder
            for copy in plan.copies
            if (folder := plan.destination(copy.destination).folder_of(copy.system)) is not None
        ),
        accept_source=request.accept_source,
        accept_changes=request.accept_changes,
        all_copies=tuple(
            where_of(plan.destination(copy.destination)) for copy in plan.copies_of(system.id)
        ),
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
