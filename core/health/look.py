"""One short look at everything: plan, database and disks, for whoever shows it. Changes nothing."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock
from core.copies.backing_up.gate import Question, gate_is_closed, question
from core.copies.letting_go.forecast import Forecast
from core.copies.locking import is_worked_in
from core.copies.opening.elsewhere import plan_now
from core.destinations.devices import device_of
from core.errors import KnownError
from core.health.answer import Answer, Headline, ShopState, Task, answer, tasks
from core.health.coming import forecast_of
from core.health.facts import DevicePort, gather
from core.health.folders import FolderFacts, folder_facts
from core.health.history import DAYS, Day, last_days
from core.health.model import SystemVerdict
from core.health.three_two_one import judge
from core.paths import Home
from core.plan.locations import LocalLocation
from core.plan.model import Plan
from core.plan.read import load_readable
from core.store.home import GOOD, Event, RunRow, open_to_look
from core.store.pauses import Pause, pause_of

_DISKS = frozenset(
    ("disk_ready", "disk_in_use", "disk_stays", "disk_wrong", "disk_foreign", "disk_new",
     "disk_torn_out")
)  # fmt: skip
"""What is said of disks that come and go as long as it lasts; that one is due is a task."""


@dataclass(frozen=True, slots=True)
class Room:
    """How full a destination is, in bytes."""

    destination: str
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Picture:
    """How everything stood at one moment.

    plan: None when there is none that can be read; trouble says why. verdicts: of the systems that
    have copies. sizes: bytes of each system as of its newest run. runs: of the last thirty days,
    oldest first. is_working: another process works in this home. pause: while nothing
    begins by itself. disks: what the background process sees of disks that come and go.
    questions: of the systems whose anomaly gate is closed. coming: how full destinations will be.
    folders: what is known of the source folders of each system. is_sheet_proven: the recovery
    sheet was typed off once.
    """

    at: datetime
    plan: Plan | None
    trouble: KnownError | None
    answer: Answer
    tasks: tuple[Task, ...]
    verdicts: tuple[SystemVerdict, ...]
    sizes: dict[str, int]
    days: tuple[Day, ...]
    rooms: tuple[Room, ...]
    runs: tuple[RunRow, ...]
    skipped: int
    is_working: bool
    pause: Pause | None = None
    disks: tuple[Event, ...] = ()
    questions: tuple[Question, ...] = ()
    coming: Mapping[str, Forecast] = field(default_factory=dict)
    folders: Mapping[str, tuple[FolderFacts, ...]] = field(default_factory=dict)
    is_sheet_proven: bool = False


def look(home: Home, clock: Clock, devices: DevicePort = device_of) -> Picture:
    """Everything as it stands now. Asks disks that may be slow: not for a window's own thread."""
    now = clock.now()
    trouble: KnownError | None = None
    plan: Plan | None = None
    try:
        plan = load_readable(home.plan) if home.plan.exists() else None
    except KnownError as error:
        trouble = error
    if plan is None:
        nothing = Answer(ShopState.EMPTY, Headline.NO_PLAN)
        return Picture(now, None, trouble, nothing, (), (), {}, (), (), (), 0, is_working=False)
    with contextlib.ExitStack() as stack:
        if not home.database.exists():
            home.make()
        store = open_to_look(home.database, clock)
        stack.callback(store.close)
        plan = plan_now(plan, store)
        verdicts = tuple(judge(facts, now) for facts in gather(home, store, plan, now, devices))
        held = tuple(v.facts.system for v in verdicts if gate_is_closed(store, v.facts.system))
        runs = store.runs(since=now - timedelta(days=DAYS + 1))
        events = store.events()
        pause = pause_of(events, now)
        disks = tuple(event for event in events if event.code in _DISKS)
        proven = any(proof.kind == "sheet" for proof in store.proofs())
        unproven = any(where.encrypted for where in plan.destinations) and not proven
        questions = tuple(asked for id in held if (asked := question(store, id)) is not None)
        coming = {where.id: forecast_of(store, where, now) for where in plan.destinations}
        folders = {system.id: folder_facts(home, store, plan, system) for system in plan.systems}
    uncovered = [system.id for system in plan.uncovered]
    good = [run for run in runs if run.status in GOOD]
    newest = {(run.system, run.destination): run for run in good}
    return Picture(
        now,
        plan,
        None,
        answer(verdicts, held, uncovered),
        tasks(verdicts, held, unproven_sheet=unproven, uncovered=uncovered),
        verdicts,
        {run.system: run.bytes for run in good},
        last_days(runs, now),
        _rooms(plan),
        tuple(runs),
        max((run.skipped for run in newest.values()), default=0),
        any(run.status == "RUNNING" for run in runs) and is_worked_in(home),
        pause,
        disks,
        questions,
        {id: one for id, one in coming.items() if one is not None},
        folders,
        proven,
    )


def _rooms(plan: Plan) -> tuple[Room, ...]:
    found = []
    for where in plan.destinations:
        if not isinstance(where.location, LocalLocation):
            continue  # asking a place behind a network takes a session
        with contextlib.suppress(OSError, ValueError):
            usage = shutil.disk_usage(where.location.path)
            found.append(Room(where.id, usage.total - usage.free, usage.total))
    return tuple(found)
