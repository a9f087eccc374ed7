"""The agent: one process per user and home that makes due copies by itself (DESIGN §3).

The main thread decides and is the only one that touches the database; a thread per caller hears,
one per job follows its process. `schedule` only ticks: what is due is asked of the records anew
each time, so that nothing it may get wrong (a clock that jumps, a PC that sleeps) can shift a copy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import schedule

from core import VERSION
from core.agent import HANDED, wire
from core.agent.begin import Around, Decision, History, history, wants_when_plugged
from core.agent.conditions import (
    COPY_CODES,
    CopyKey,
    copy_conditions,
    locked_event,
    make_event,
)
from core.agent.disks.port import DISK_CODES, DiskLook, Disks
from core.agent.door import Door
from core.agent.job_process import JobOrder, JobProcess
from core.agent.listeners import Mouth
from core.agent.note import leave_note, only_agent
from core.agent.planning import Order, agenda, made_since, orders, reading_back_due
from core.agent.presence import Presence, home_events
from core.agent.queue import Rank, Wanted, startable, to_make_room
from core.agent.surroundings import Power, ThisPc, refresh_time_zone
from core.agent.wire import Line, Message, NotOurs
from core.clock import Clock, stamp
from core.copies.locking import at_the_door, lane_of, nobody_at
from core.copies.opening.elsewhere import plan_now
from core.copies.proofs import RUNS_REMEMBERED
from core.errors import Code, Exit, KnownError
from core.machine.mounts import keeps_journal
from core.paths import Home
from core.plan.locations import folder_of_pc
from core.plan.model import Plan
from core.plan.problems import PlanError
from core.plan.read import load_text, read_plan
from core.secrets import lies_in_file
from core.store.database import is_broken
from core.store.home import Event, HomeStore
from core.store.pauses import PAUSED, Pause, pause_of

TICK_SECONDS = 30
_JUMP = timedelta(minutes=1)
_LOOK_AGAIN = timedelta(minutes=10)
_AFTER_LOCKED = timedelta(minutes=1)
_FIRST_STUMBLE = timedelta(minutes=5)
_LONGEST_STUMBLE = timedelta(hours=4)
_STOP_SECONDS = 30.0
_TELL_AT_MOST = timedelta(seconds=10)
_TELL_AT_LEAST = timedelta(hours=1)


@dataclass(slots=True)
class _Job:
    wanted: Wanted
    order: JobOrder
    mouths: list[Mouth] = field(default_factory=list)
    process: JobProcess | None = None
    began: datetime | None = None
    error: str = ""  # the last error it told


@dataclass(frozen=True, slots=True)
class _Stumble:
    """Copies whose job ended without a word in the records: how often, and until when they rest."""

    times: int
    until: float
    since: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Setting:
    """How jobs are started: `command` starts one, `called` is what people type."""

    command: tuple[str, ...]
    called: str
    lang: str
    passphrase: str = field(default="", repr=False)


class Agent:
    """Everything the process knows between two ticks."""

    def __init__(
        self,
        home: Home,
        clock: Clock,
        setting: Setting,
        *,
        power: Power | None = None,
        disks: Disks | None = None,
        at_once: bool = False,
    ) -> None:
        """at_once: do not let the PC settle first, as one does after it was switched on."""
        self._home = home
        self._clock = clock
        self._setting = setting
        self._power = power or ThisPc()
        self._disks = disks
        self._wake: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._ended: queue.SimpleQueue[tuple[_Job, int]] = queue.SimpleQueue()
        self._number = 0
        self._passphrase = setting.passphrase
        self._stopping = False
        self._stop_now = False
        self._scheduler = schedule.Scheduler()
        # main thread only
        self._store: HomeStore | None = None
        self._plan: Plan | None = None
        self._plan_mark: tuple[int, ...] = ()
        self._plan_problem = ""
        self._histories: dict[CopyKey, History] | None = None
        self._read_at = 0.0
        self._last = (clock.now(), clock.monotonic())
        self._began = clock.now()
        self._awake = clock.now() - (timedelta(hours=1) if at_once else timedelta(0))
        self._stumbles: dict[CopyKey, _Stumble] = {}
        self._decisions: Mapping[CopyKey, Decision] = {}
        self._cleared_up = False
        self._trouble = ""
        self._presence: Presence | None = None
        self._unfit: list[Event] = []
        self._has_news = False
        self._pause: Pause | None = None
        self._told_at = clock.monotonic() - _TELL_AT_MOST.total_seconds()

    # -- life -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until asked to stop. KnownError AGENT_RUNNING, and as for the home's folders."""
        with only_agent(self._home):
            door = Door(self._serve)
            if self._disks is not None:
                self._disks.watch(lambda: self._wake.put("disks"))
            try:
                leave_note(
                    self._home,
                    self._clock,
                    address=door.address,
                    key=door.key,
                    protocol=wire.PROTOCOL,
                    version=VERSION,
                )
                self._scheduler.every(TICK_SECONDS).seconds.do(self._tick)
                self._tick()
                while not self._stopping:
                    self._wait()
            finally:
                self._end_jobs()
                if self._presence is not None:
                    with contextlib.suppress(KnownError):
                        self._presence.give_sign(at_once=True)
                if self._disks is not None:
                    self._disks.close()
                door.close()
                if self._store is not None:
                    self._store.close()

    def stop(self) -> None:
        """Ask it to end: jobs are cancelled cleanly. Safe in a signal handler; twice: at once."""
        self._stop_now = self._stopping
        self._stopping = True
        self._wake.put("stop")

    def _wait(self) -> None:
        """Sleep until the next tick, or until something happens."""
        seconds = self._scheduler.idle_seconds
        if seconds is None or not -1 <= seconds <= TICK_SECONDS + 1:
            self._scheduler.clear()  # the clock jumped under it
            self._scheduler.every(TICK_SECONDS).seconds.do(self._tick)
            seconds = 0.0
            self._tick()
        try:
            self._wake.get(timeout=max(0.0, seconds))
        except queue.Empty:
            self._scheduler.run_pending()
            return
        while not self._wake.empty():
            self._wake.get_nowait()
        if not self._stopping:
            self._tick()

    def _end_jobs(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            running = list(self._running)
        for job in waiting:
            for mouth in job.mouths:
                mouth.tell(_never_begun(job.wanted.number))
        for job in running:
            if job.process is not None:
                job.process.cancel()
        for job in running:
            if job.process is not None:
                job.process.end()
        for job in (*waiting, *running):
            for mouth in job.mouths:
                mouth.close()  # they hear how it ended before the line goes

    # -- the tick: decide -------------------------------------------------------------------------

    def _tick(self) -> None:
        """Look at everything once. Nothing that fails here may end the agent, or the next tick."""
        refresh_time_zone()
        self._notice_jumps()
        try:
            self._look()
            self._trouble = ""
        except KnownError as error:
            self._trouble = str(error.code)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all copying
            self._trouble = "store_broken" if is_broken(error) else f"bug_{type(error).__name__}"
            self._reopen()  # a broken one is moved aside and made anew; the copies are the truth

    def _notice_jumps(self) -> None:
        """Sleep and a clock that was set look alike: the wall clock moved and we did not."""
        now, ticks = self._clock.now(), self._clock.monotonic()
        drift = (now - self._last[0]) - timedelta(seconds=ticks - self._last[1])
        self._last = (now, ticks)
        if abs(drift) > _JUMP:
            self._awake = now
            self._histories = None

    def _look(self) -> None:
        store = self._open_store()
        self._clear_up(store)
        self._take_ended(store)
        paused = self._obey_pause(store)
        plan = self._current_plan()
        if plan is None:
            self._keep(store, self._plan_events(), codes=("plan_invalid",))
            if self._plan_problem not in ("", Code.PLAN_MISSING):
                self._tell_people(store)  # as far as it can be read who they are
            return
        self._keep(store, [], codes=("plan_invalid",))
        plan = plan_now(plan, store)
        histories = self._current_histories(store, plan)
        now = self._clock.now()
        look = self._look_at_disks(store, plan, histories, now)
        around = Around(
            now, self._awake, missing=look.missing, paused=paused, locked=self._locked(plan)
        )
        found = agenda(plan, histories, around, busy=self._busy())
        if found.orders:
            around = self._asked(around)
            found = agenda(plan, histories, around, busy=self._busy())
        self._decisions = found.decisions
        wanted = copy_conditions(plan, histories, found.decisions, around)
        lasting = [*wanted, *self._stumble_events()]
        self._keep(store, lasting, codes=(*COPY_CODES, "copy_blocked"))
        shut = locked_event(plan, around.locked, self._began)
        self._keep(store, shut, codes=("secrets_locked",))
        self._look_at_ourselves(store, late=any(one.code == "copy_overdue" for one in wanted))
        self._tell_people(store)
        busy = self._busy()
        for id in sorted(look.to_audit):
            self._submit_reading(plan, id, audit=True)  # before its copy, which waits in the queue
        self._submit_plugged(plan, histories, look.plugged - around.locked, now, busy)
        for id in sorted(look.to_read):
            self._submit_reading(plan, id)
        for order in found.orders:
            if self._is_free(self._lanes(plan, order.destinations)):
                self._submit_due(plan, order, only_due=True)
        self._read_back(store, plan, histories, around)

    def _asked(self, around: Around) -> Around:
        """With power and line; the system is only asked when something is about to begin."""
        battery, metered = self._power.battery(), self._power.metered()
        return dataclasses.replace(around, battery=battery, metered=metered)

    def _obey_pause(self, store: HomeStore) -> datetime | None:
        """Until when nothing begins by itself; what is merely due stops where a pause begins."""
        found = pause_of(store.events(), self._clock.now())
        if found is None:
            self._keep(store, [], codes=(PAUSED,))  # its time has come
        elif found != self._pause:
            self._stop_due()
        self._pause = found
        return found.until if found else None

    def _stop_due(self) -> None:
        with self._lock:
            for job in [*self._waiting, *self._running]:
                if job.wanted.rank is Rank.DUE:
                    self._cancel(job.wanted.number)

    def _look_at_ourselves(self, store: HomeStore, *, late: bool) -> None:
        """Was the PC on without us, and does our home lie where it can be worked in?"""
        if self._presence is None:
            self._presence = Presence(self._home, self._clock)
            self._unfit = home_events(self._home, self._clock.now())
        with contextlib.suppress(KnownError):  # a full disk is said elsewhere
            self._presence.judge(self._decisions.values(), late=late)
            self._presence.give_sign()
        said = [*self._presence.events(), *self._unfit]
        self._keep(store, said, codes=("nobody_signed_in", "home_unfit"))

    def _locked(self, plan: Plan) -> frozenset[str]:
        """The destinations whose secrets lie in a file that nobody has unlocked for us."""
        if self._passphrase:
            return frozenset()
        needing = [where.id for where in plan.destinations if where.needs_secret]
        return frozenset(needing if needing and lies_in_file(self._home) else ())

    def _look_at_disks(
        self, store: HomeStore, plan: Plan, histories: Mapping[CopyKey, History], now: datetime
    ) -> DiskLook:
        if self._disks is None:
            return DiskLook(frozenset(), frozenset(), frozenset(), frozenset(), [])
        made = made_since(plan, histories)
        look = self._disks.look(plan, store, now, made=made, in_use=self._destinations_in_use())
        self._keep(store, look.events, codes=DISK_CODES)
        return look

    # -- telling people ---------------------------------------------------------------------------

    def _keep(self, store: HomeStore, events: Sequence[Event], *, codes: Sequence[str]) -> None:
        if store.keep_events(events, codes=codes):
            self._has_news = True

    def _tell_people(self, store: HomeStore) -> None:
        """Have somebody look and tell: when something happened, when a letter waits, each hour.

        In a process of its own: mail servers take their time, and all it goes by is written down.
        """
        ticks = self._clock.monotonic()
        if ticks - self._told_at < _TELL_AT_MOST.total_seconds():
            return
        with self._lock:
            if any(job.wanted.rank is Rank.ERRAND for job in (*self._waiting, *self._running)):
                return
        now = stamp(self._clock.now())
        if (
            self._has_news
            or ticks - self._told_at >= _TELL_AT_LEAST.total_seconds()
            or store.alerts.is_letter_due(now)
        ):
            self._told_at, self._has_news = ticks, False
            self._submit(Rank.ERRAND, ("alerts", "send"))

    def _open_store(self) -> HomeStore:
        if self._store is not None and not self._store.is_in_place:
            self._store.close()  # a job found it broken and moved it aside
            self._store, self._histories = None, None
        if self._store is None:
            self._home.make()
            with at_the_door(self._home):  # a broken one is moved aside once
                self._store = HomeStore(self._home.database, self._clock)
        return self._store

    def _reopen(self) -> None:
        store, self._store = self._store, None
        self._histories = None
        with contextlib.suppress(KnownError):
            if store is not None:
                store.close()
            self._open_store()

    def _clear_up(self, store: HomeStore) -> None:
        """Runs whose process was killed, as soon as nobody works at their destination any more.

        Looked for at the beginning, and when a job has ended.
        """
        if self._cleared_up and self._ended.empty():
            return
        if not self._cleared_up:
            store.forget_events(self._clock.now() - RUNS_REMEMBERED)
        self._cleared_up = True
        number = 0
        for id in store.running_at():
            try:
                with nobody_at(self._home, self._lanes(self._plan, [id])):
                    number += store.mark_interrupted([id])
            except KnownError:
                # One of ours ends and is looked at then; of others nobody tells us.
                self._cleared_up = self._cleared_up and self._is_ours(id)
        if number:
            self._histories = None
            event = make_event("runs_interrupted", "info", self._clock.now(), number=number)
            store.add_event(event)

    def _is_ours(self, destination: str) -> bool:
        lanes = self._lanes(self._plan, [destination])
        with self._lock:
            jobs = [job.wanted for job in self._running if job.wanted.works]
        return any(job.lanes is None or not job.lanes.isdisjoint(lanes) for job in jobs)

    def _current_plan(self) -> Plan | None:
        """The plan, read again when its file has changed; None while it cannot be used."""
        try:
            status = self._home.plan.stat()
            mark: tuple[int, ...] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            mark = ()
        if mark == self._plan_mark and (self._plan is not None or self._plan_problem):
            return self._plan
        self._plan_mark = mark
        self._plan, self._plan_problem = None, ""
        self._histories = None
        self._stumbles.clear()
        try:
            self._plan = read_plan(load_text(self._home.plan), source=str(self._home.plan))
        except (KnownError, PlanError) as error:
            self._plan_problem = str(error.code)
        return self._plan

    def _plan_events(self) -> list[Event]:
        if self._plan_problem in ("", Code.PLAN_MISSING):
            return []  # nobody has decided anything yet
        now = self._clock.now()
        return [make_event("plan_invalid", "alarm", now, cause=self._plan_problem)]

    def _current_histories(self, store: HomeStore, plan: Plan) -> dict[CopyKey, History]:
        """Read again after a job, and now and then: others may work here too."""
        age = self._clock.monotonic() - self._read_at
        if self._histories is None or age > _LOOK_AGAIN.total_seconds():
            self._histories = {
                (copy.system, copy.destination): history(
                    store.history(copy.system, copy.destination)
                )
                for copy in plan.copies
            }
            self._read_at = self._clock.monotonic()
        return self._histories

    # -- due jobs ---------------------------------------------------------------------------------

    def _busy(self) -> frozenset[CopyKey]:
        """Copies to leave alone: being made, or resting after a stumble."""
        ticks = self._clock.monotonic()
        resting = {key for key, one in self._stumbles.items() if one.until > ticks}
        with self._lock:
            jobs = (*self._waiting, *self._running)
            return frozenset(resting.union(*(job.wanted.copies for job in jobs)))

    def _is_free(self, lanes: frozenset[str]) -> bool:
        """Whether no job works in these lanes, or is going to."""
        fresh = Wanted(0, Rank.DUE, "", lanes=lanes)
        with self._lock:
            jobs = (*self._waiting, *self._running)
            return not any(job.wanted.in_the_way_of(fresh) for job in jobs)

    @staticmethod
    def _lanes(plan: Plan | None, destinations: Iterable[str]) -> frozenset[str]:
        """The lanes of destinations; one that the plan does not have is its own."""
        known = {} if plan is None else {where.id: lane_of(where) for where in plan.destinations}
        return frozenset(known.get(id, id) for id in destinations)

    def _destinations_in_use(self) -> frozenset[str] | None:
        """Where jobs may be writing; None when it may be anywhere. A disk is a lane of its own."""
        with self._lock:
            jobs = [job.wanted for job in (*self._waiting, *self._running) if job.wanted.works]
        found: frozenset[str] = frozenset()
        for job in jobs:
            if job.lanes is None:
                return None
            found |= job.lanes
        return found

    def _submit_due(self, plan: Plan, order: Order, *, only_due: bool) -> None:
        typed = (*_backup(order), *(("--due",) if only_due else ()))
        copies = frozenset((order.system, id) for id in order.destinations)
        self._submit(Rank.DUE, typed, copies, at=(plan, order.destinations))

    def _submit_plugged(
        self,
        plan: Plan,
        histories: Mapping[CopyKey, History],
        plugged: frozenset[str],
        now: datetime,
        busy: frozenset[CopyKey],
    ) -> None:
        """A disk that was just plugged in: its copies begin at once, all systems."""
        for copy in plan.copies:
            key = (copy.system, copy.destination)
            past = histories.get(key, History())
            if copy.destination not in plugged or key in busy:
                continue
            if wants_when_plugged(plan, copy, past, now):
                self._submit_due(plan, Order(copy.system, (copy.destination,)), only_due=False)

    def _read_back(
        self,
        store: HomeStore,
        plan: Plan,
        histories: Mapping[CopyKey, History],
        around: Around,
    ) -> None:
        """Once a day each destination reads what is due to be read."""
        done = store.events(lasting=False, since=around.now - timedelta(days=2))
        read = {row.destination: row.ended for row in done if row.code == "read_back"}
        free = {
            id
            for id in reading_back_due(plan, histories, around, read)
            if self._is_free(self._lanes(plan, [id]))
        }
        if not free:
            return
        for id in reading_back_due(plan, histories, self._asked(around), read):
            if id not in free:
                continue
            store.add_event(make_event("read_back", "info", around.now, destination=id))
            self._submit_reading(plan, id)

    def _submit_reading(self, plan: Plan, id: str, *, audit: bool = False) -> None:
        """Read what is due; or, as an audit of a disk that was pulled out, look whether everything
        is there in its size, and read the newest state where no journal has put things right.
        """
        copies = frozenset((copy.system, id) for copy in plan.copies if copy.destination == id)
        depth: tuple[str, ...] = ("--due",)
        if audit:
            folder = folder_of_pc(plan.destination(id).location)
            is_mended = folder is not None and keeps_journal(str(folder))
            depth = () if is_mended else ("--newest",)
        self._submit(Rank.DUE, ("verify", id, *depth), copies, at=(plan, (id,)))

    def _submit(
        self,
        rank: Rank,
        typed: tuple[str, ...],
        copies: frozenset[CopyKey] = frozenset(),
        *,
        at: tuple[Plan, Sequence[str]] | None = None,
    ) -> int:
        """Have a job done; `at`: the destinations it works at, where these are known."""
        order = JobOrder(
            arguments=("--lang", self._setting.lang, *typed),
            home=self._home_paths(),
            cwd="",
            called=self._setting.called,
            passphrase=self._passphrase,
            background=rank in (Rank.DUE, Rank.ERRAND),
        )
        return self._queue(rank, order, [], verb=typed[0], copies=copies, at=at)

    def _home_paths(self) -> tuple[str, str, str]:
        return str(self._home.config), str(self._home.state), str(self._home.cache)

    # -- the queue --------------------------------------------------------------------------------

    def _queue(
        self,
        rank: Rank,
        order: JobOrder,
        mouths: list[Mouth],
        *,
        verb: str,
        copies: frozenset[CopyKey] = frozenset(),
        at: tuple[Plan, Sequence[str]] | None = None,
    ) -> int:
        with self._lock:
            self._number += 1
            wanted = Wanted(
                self._number, rank, verb, order.arguments, copies,
                self._lanes(*at) if at else None, at is not None and _is_far(*at),
            )  # fmt: skip
            job = _Job(wanted, order, mouths)
            making_room = to_make_room(wanted, [one.wanted for one in self._running])
            self._waiting.append(job)
            for mouth in mouths:
                mouth.tell({"queued": wanted.number})
            for one in self._running:
                if one.wanted in making_room and one.process is not None:
                    one.process.cancel()
            self._start_jobs()
            return wanted.number

    def _start_jobs(self) -> None:
        """Begin what may begin. Called with the lock held."""
        if self._stopping:
            return
        may = startable([j.wanted for j in self._waiting], [j.wanted for j in self._running])
        for wanted in may:
            job = next(one for one in self._waiting if one.wanted is wanted)
            self._waiting.remove(job)
            self._running.append(job)
            job.began = self._clock.now()
            for mouth in job.mouths:
                mouth.tell({"started": wanted.number})
            try:
                job.process = JobProcess(
                    self._setting.command,
                    job.order,
                    lambda frame, job=job: self._pass_on(job, frame),  # type: ignore[misc]
                    lambda rc, job=job: self._end(job, rc),  # type: ignore[misc]
                )
            except OSError:
                self._end(job, int(Exit.PROGRAM_PROBLEM))

    def _pass_on(self, job: _Job, frame: Mapping[str, Any]) -> None:
        """What a job says, to all who listen; in its thread."""
        event = frame.get("v")
        if isinstance(event, dict) and event.get("event") == "error":
            job.error = str(event.get("code", ""))
        with self._lock:
            job.mouths = [mouth for mouth in job.mouths if not mouth.is_deaf]
            mouths = tuple(job.mouths)
        for mouth in mouths:
            mouth.tell({"job": job.wanted.number, **frame})

    def _end(self, job: _Job, rc: int) -> None:
        """A job's process has ended; in its thread."""
        for mouth in job.mouths:
            mouth.tell({"done": job.wanted.number, "exit": rc})
        with self._lock:
            if job in self._running:
                self._running.remove(job)
            self._start_jobs()
        self._ended.put((job, rc))
        self._wake.put("ended")

    def _take_ended(self, store: HomeStore) -> None:
        """Learn from jobs that have ended; those that left no record must not start a storm."""
        before = self._histories or {}
        while not self._ended.empty():
            job, rc = self._ended.get_nowait()
            if job.wanted.rank is Rank.ERRAND:
                continue
            self._histories = None
            if self._disks is not None and job.wanted.verb == "verify":
                for _, id in job.wanted.copies:
                    self._disks.was_read(id, audit="--due" not in job.wanted.arguments)
            self._has_news = True
            if job.wanted.rank is not Rank.DUE:
                continue
            for key in job.wanted.copies:
                after = history(store.history(*key))
                silent = after == before.get(key, History()) and job.wanted.verb == "backup"
                if silent and rc != Exit.CANCELLED:
                    self._stumble(key, rc, job.error)
                else:
                    self._stumbles.pop(key, None)

    def _stumble(self, key: CopyKey, rc: int, cause: str) -> None:
        known = self._stumbles.get(key)
        times = known.times + 1 if known else 1
        pause = min(_FIRST_STUMBLE * (1 << min(times - 1, 8)), _LONGEST_STUMBLE)
        if rc == Exit.LOCKED:
            pause = _AFTER_LOCKED
        self._stumbles[key] = _Stumble(
            times,
            self._clock.monotonic() + pause.total_seconds(),
            known.since if known else self._clock.now(),
            cause or f"exit_{rc}",
        )

    def _stumble_events(self) -> list[Event]:
        """Copies that nothing can be recorded for, since their job does not even begin."""
        return [
            make_event(
                "copy_blocked", "warning", one.since, system=key[0], destination=key[1],
                cause=one.cause,
            )
            for key, one in self._stumbles.items()
            if one.times > 1 or one.cause != Code.HOME_LOCKED
        ]  # fmt: skip

    # -- callers ----------------------------------------------------------------------------------

    def _serve(self, line: Line, hello: Message) -> None:
        """Answer one caller until it hangs up; in its thread."""
        mouth = Mouth(line)
        try:
            while True:
                self._answer(wire.hear(line), mouth, hello)
        except (EOFError, OSError, NotOurs, KeyError, TypeError, ValueError):
            pass  # gone, or talks nonsense
        finally:
            with self._lock:
                for job in (*self._waiting, *self._running):
                    if mouth in job.mouths:
                        job.mouths.remove(mouth)
            mouth.close()

    def _answer(self, message: Message, mouth: Mouth, hello: Message) -> None:
        do = message.get("do")
        if do == "stop":
            mouth.tell({"stopping": True})
            self.stop()
            return
        if hello["hello"] != wire.PROTOCOL:
            raise NotOurs("protocol")
        doing: dict[object, Callable[[Message, Mouth], None]] = {
            "job": self._take_job,
            "cancel": lambda message, _: self._cancel(int(message["job"])),
            "status": lambda _, mouth: mouth.tell({"status": self._status()}),
            "unlock": self._unlock,
            "run-now": self._run_now,
            "look": self._look_soon,
            "watch": self._be_watched,
        }
        if (answer := doing.get(do)) is not None:
            answer(message, mouth)
        else:
            mouth.tell({"refused": "unknown"})

    def _unlock(self, message: Message, mouth: Mouth) -> None:
        self._passphrase = str(message["passphrase"])
        mouth.tell({"unlocked": True})
        self._wake.put("unlocked")

    def _look_soon(self, message: Message, mouth: Mouth) -> None:
        self._wake.put("asked")
        mouth.tell({"looking": True})

    def _be_watched(self, message: Message, mouth: Mouth) -> None:
        with self._lock:
            for job in self._running:
                job.mouths.append(mouth)
        mouth.tell({"watching": True})

    def _take_job(self, message: Message, mouth: Mouth) -> None:
        """A verb that somebody typed."""
        verb = str(message.get("verb"))
        if verb not in HANDED:
            mouth.tell({"refused": "verb"})
            return
        order = JobOrder(
            arguments=tuple(str(word) for word in message["arguments"]),
            home=self._home_paths(),
            cwd=str(message.get("cwd", "")),
            called=str(message.get("called", self._setting.called)),
            passphrase=self._passphrase,
            terminal=bool(message.get("terminal")),
            zone=str(message.get("zone", "")),
        )
        rank = Rank.RESTORE if verb == "restore" else Rank.MANUAL
        plan, named = self._plan, [str(id) for id in message.get("destinations", ())]
        self._queue(rank, order, [mouth], verb=verb, at=(plan, named) if plan and named else None)

    def _run_now(self, message: Message, mouth: Mouth) -> None:
        """Make these copies now, of all systems where none is named; the last job's number."""
        systems = tuple(str(one) for one in message.get("systems", ()))
        plan, number = self._plan, 0
        if plan is None or not {*systems} <= {system.id for system in plan.systems}:
            number = self._submit(Rank.MANUAL, ("backup", *systems))  # which says what is wrong
            mouth.tell({"queued": number})
            return
        for system in systems or [system.id for system in plan.systems]:
            to = [copy.destination for copy in plan.copies_of(system)]
            for order in orders(plan, system, to):
                at = (plan, order.destinations)
                number = self._submit(Rank.MANUAL, _backup(order), at=at)
        mouth.tell({"queued": number})

    def _cancel(self, number: int) -> None:
        with self._lock:
            for job in self._running:
                if job.wanted.number == number and job.process is not None:
                    job.process.cancel()
            for job in [one for one in self._waiting if one.wanted.number == number]:
                self._waiting.remove(job)
                for mouth in job.mouths:
                    mouth.tell(_never_begun(number))

    def _status(self) -> Message:
        with self._lock:
            jobs = [(job, "running") for job in self._running]
            jobs += [(job, "waiting") for job in self._waiting]
            return {
                "jobs": [
                    {
                        "job": job.wanted.number,
                        "verb": job.wanted.verb,
                        "rank": job.wanted.rank.name.lower(),
                        "state": state,
                        "since": stamp(job.began) if job.began else None,
                        "copies": sorted(job.wanted.copies),
                    }
                    for job, state in jobs
                ],
                "copies": [
                    {
                        "system": key[0],
                        "destination": key[1],
                        "wait": str(one.why),
                        "next": stamp(one.again) if one.again else None,
                        "due_since": stamp(one.since) if one.since else None,
                    }
                    for key, one in self._decisions.items()
                ],
                "paused": stamp(self._pause.until) if self._pause else None,
                "trouble": self._trouble,
                "plan": self._plan_problem,
            }


def _backup(order: Order) -> tuple[str, ...]:
    """What one would type for it."""
    return ("backup", order.system, *(word for id in order.destinations for word in ("--to", id)))


def _is_far(plan: Plan, destinations: Iterable[str]) -> bool:
    known = {where.id: where.location for where in plan.destinations}
    return any(id in known and folder_of_pc(known[id]) is None for id in destinations)


def _never_begun(number: int) -> Message:
    """A job that was cancelled while it waited: nobody has said so yet."""
    return {"done": number, "exit": int(Exit.CANCELLED), "waited": True}
