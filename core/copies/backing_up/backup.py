"""A backup: one scan and one read of a system for all copies due together (DESIGN §5)."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from core.copies.backing_up.assignment import Assignment, Result
from core.copies.backing_up.comparing import FolderWork
from core.copies.backing_up.copy_run import CopyRun
from core.copies.backing_up.gate import Gate, gate_is_closed
from core.copies.backing_up.healing import heal
from core.copies.backing_up.preparing import prepare
from core.copies.backing_up.reading import Reader
from core.copies.backing_up.waiting import Waiting, WaitingFolder
from core.copies.desk import Desk
from core.copies.format import names, percent
from core.copies.format.contents import StoredObject
from core.copies.hands.batches import Batch, Item, Job, JobDone, Taken, Target
from core.copies.hands.pool import (
    LOAD_OF_A_FILE,
    START_PROCESSES_FROM_BYTES,
    START_PROCESSES_FROM_FILES,
    Pool,
    workers,
)
from core.copies.hands.source_file import BUFFER
from core.copies.memory.remembered import pack_entries, unpack_entries
from core.copies.memory.resume import take_back
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Where
from core.destinations.local import KEPT_FREE
from core.errors import Code, KnownError
from core.sources.folders import (
    HARMLESS_SKIPS,
    Entry,
    Scan,
    ScannedFolder,
    look_at_root,
    place_identity,
)
from core.store.database import is_broken, is_sound
from core.store.events import LeftOut

_JOB_FILES = 256
_JOB_BYTES = 8 * 1024 * 1024
# A job's contents fill bundles of their own: enough of them that these are worth a request.
_JOB_FILES_BUNDLED = 8192
_JOB_BYTES_BUNDLED = 24 * 1024 * 1024
_LOOK_EVERY = 64  # folders: asking the readers costs as much as a small folder
_STATUS = {Code.CANCELLED: "CANCELLED", Code.HELD_BY_GATE: "HELD"}


def back_up(desk: Desk, assignment: Assignment) -> list[Result]:
    """Run the assignment; one result per destination, in their order.

    A copy that fails drops out and leaves its earlier states as they were; the others go on. What
    concerns all (source missing, home full, cancelled) is the error of every copy still open. An
    index that turns out to be damaged is moved aside and made anew from its copy; that of another
    copy, which the gate looks into, is left to the next run there.
    """
    try:
        return _Backup(desk, assignment).run()
    except Exception as error:
        unreadable = isinstance(error, msgspec.MsgspecError)  # sound pages, rotten rows
        if not (unreadable or is_broken(error)):
            raise
        system, own = assignment.system, [where.id for where in assignment.destinations]
        doubtful = frozenset(
            id
            for id in set(desk.known_copies(system)).difference(own)
            if unreadable or not is_sound(desk.index_path(system, id))
        )
        if not desk.set_broken_aside(system, own, sure=unreadable) and not doubtful:
            raise
    return _Backup(desk, assignment, doubtful).run()


@dataclass(slots=True)
class _Order:
    """A folder of which files are being read: for which copies, how many are still out."""

    works: dict[int, FolderWork]
    left: int


def _folders_in(entries: list[Entry]) -> list[bytes]:
    """The names of the folders that are walked into."""
    return [entry[0] for entry in entries if stat.S_ISDIR(entry[1]) and entry[2] == 0]


class _Backup:
    """The state of one backup while it runs."""

    def __init__(
        self, desk: Desk, assignment: Assignment, doubtful: frozenset[str] = frozenset()
    ) -> None:
        """doubtful: destinations whose indexes the gate does not ask."""
        self._desk = desk
        self._task = assignment
        self._runs: dict[int, CopyRun] = {}
        self._late: dict[int, Where] = {}  # not touched before the gate has decided
        self._gate = Gate(
            desk, assignment.system, assignment.roots, assignment.accept_changes, doubtful
        )
        self._waiting = Waiting(desk.home.cache)
        self._rows: dict[int, int] = {}
        self._results: dict[int, Result] = {}
        self._pool: Pool[Job, JobDone] | None = None
        bundled = any(where.layout == "bundled" for where in assignment.destinations)
        self._job_files = _JOB_FILES_BUNDLED if bundled else _JOB_FILES
        self._job_bytes = _JOB_BYTES_BUNDLED if bundled else _JOB_BYTES
        self._jobs = 0
        self._began = 0.0
        self._reads = False  # whether files are read by now
        self._orders: dict[int, _Order] = {}
        self._last_order = 0
        self._stored: dict[bytes, str] = {b"": ""}
        self._batches: list[Batch] = []
        self._batch_files = 0
        self._batch_bytes = 0
        self._submitted_files = 0
        self._submitted_bytes = 0
        self._read_bytes = 0
        self._read_files = 0
        self._free: dict[int, int] = {}
        self._full: list[CopyRun] = []
        self._left_out: list[LeftOut] = []  # what the scan could not take
        self._folders: dict[str, str] = {
            root.name.decode(): percent.encode(root.place) for root in assignment.roots
        }

    # -- the whole --------------------------------------------------------------------------------

    def run(self) -> list[Result]:
        try:
            for destination in self._task.destinations:
                self._desk.reach.begin(destination, self._task.system)
            identities = self._look_at_roots()
            self._prepare_all()
            if self._runs or self._late:
                self._look_at_known_roots()
                self._begin_all()
                self._pass(identities)
        except KnownError as error:
            self._fail_all(error)
        except BaseException:
            self._abandon_all()
            raise
        finally:
            self._close()
        return [self._results[number] for number in range(len(self._task.destinations))]

    def _name(self, destination: Where) -> CopyName:
        return CopyName(
            self._task.system, self._task.system_name, destination.id, destination.layout
        )

    def _prepare_all(self) -> None:
        """Guards of all copies; encrypted ones last, which are being opened meanwhile."""
        self._numbers_of: dict[int, int] = {}
        known = bool(self._desk.known_copies(self._task.system))
        places = list(enumerate(self._task.destinations))
        for number, destination in sorted(places, key=lambda pair: pair[1].encrypted):
            self._raise_if_cancelled()
            if known and destination.offline and destination.is_attached():
                self._late[number] = destination
            else:
                self._prepare(number, destination)

    def _prepare(self, number: int, destination: Where) -> None:
        try:
            run, run_number = prepare(self._desk, self._name(destination), destination)
        except KnownError as error:
            self._refuse(number, error)
        else:
            self._runs[number] = run
            self._numbers_of[number] = run_number

    def _refuse(self, number: int, error: KnownError, status: str = "FAILED") -> None:
        """A copy that does not even begin."""
        self._results[number] = self._failed(number, "", error)
        destination = self._task.destinations[number].id
        row = self._desk.store.begin_run(self._task.system, destination, "")
        self._desk.store.end_run(row, status, code=error.code)

    def _look_at_known_roots(self) -> None:
        """The source marker again, now with what the copies know of each source folder."""
        if self._task.accept_source:
            return
        for root in self._task.roots:
            for run in self._runs.values():
                known = run.known_root(root.name)
                look_at_root(root, system=self._task.system, known=known)

    def _begin_all(self) -> None:
        """Begin the runs that have not begun yet."""
        info = os.stat(self._task.roots[0].place)
        for number, run in self._runs.items():
            if number in self._rows:
                continue
            run.begin(self._numbers_of[number], (info.st_uid, info.st_gid))
            self._rows[number] = self._desk.store.begin_run(
                self._task.system, run.name.destination, run.run
            )
            if run.copy.folder.spooled:  # for a disk those who write to it ask all the time
                self._free[number] = run.copy.folder.free_bytes()
        self._renew_pool()

    def _renew_pool(self) -> None:
        if self._pool is not None:
            self._pool.close()
        targets = tuple(
            self._runs[number].target() if number in self._runs else self._nobody(destination)
            for number, destination in enumerate(self._task.destinations)
        )
        self._pool = Pool(
            Reader,
            targets,
            types=(Job, JobDone),
            advance=self._advance,
            workers=workers(),
        )

    def _nobody(self, destination: Where) -> Target:
        """Keeps the numbering of copies when one is out from the start."""
        return Target(
            destination.id,
            destination.location.address,
            self._task.system,
            "",
            None,
            False,
            0,
            False,
            False,
        )

    def _look_at_roots(self) -> list[tuple[int, int] | None]:
        """Every source folder is there and not empty; which folders they are."""
        for root in self._task.roots:
            look_at_root(root, system=self._task.system, known=None)
        return [place_identity(os.fsdecode(root.place)) for root in self._task.roots]

    def _pass(self, identities: list[tuple[int, int] | None]) -> None:
        """Scan, ask the gate, read, store; then commit every copy that is still in.

        Where nothing is known there is nothing to ask, and reading begins with the scan.
        """
        self._began = self._desk.clock.monotonic()
        self._find_base()
        self._phase("scan")
        scan = Scan(self._task.system, self._task.roots, self._own_places())
        for at, scanned in enumerate(scan.folders()):
            self._raise_if_cancelled()
            self._tell_left_out(scanned)
            self._meet(scanned)
            if not self._go_on(at):
                return
        self._check_source(scan, identities)
        self._ask_gate()
        self._reads = True
        self._phase("objects")
        for at, folder in enumerate(self._waiting.take_all()):
            self._raise_if_cancelled()
            self._look_again(folder)
            if not self._go_on(at):
                return
        self._drain()
        # A source that went away meanwhile looked like a folder of files that cannot be read.
        self._check_source(scan, identities)
        for number in tuple(self._runs):
            self._raise_if_cancelled()
            self._guarded(number, self._commit)

    def _go_on(self, at: int) -> bool:
        """After each folder: see what the readers have, and the time; whether anybody is left."""
        if at % _LOOK_EVERY == 0:
            self._take_ready()
        if not self._runs and not self._late:
            return False
        is_long = self._desk.clock.monotonic() - self._began > self._task.partial_after
        if is_long and self._reads:  # before, there is nothing to make restorable
            self._commit_partly()
            self._began = self._desk.clock.monotonic()
        return True

    def _check_source(self, scan: Scan, identities: list[tuple[int, int] | None]) -> None:
        first = os.fsdecode(self._task.roots[0].place)
        if scan.files == 0:
            raise KnownError(Code.SOURCE_EMPTY, path=first, system=self._task.system)
        if self._look_at_roots() != identities:
            raise KnownError(Code.SOURCE_MISSING, path=first, system=self._task.system)

    def _find_base(self) -> None:
        """What the gate compares with; where nothing is known, no copy need wait for its word."""
        self._gate.find_base({run.name.destination: run.index for run in self._runs.values()})
        if self._late and not self._gate.knows:
            self._end_waiting(is_open=not gate_is_closed(self._desk.store, self._task.system))
            self._gate.find_base({run.name.destination: run.index for run in self._runs.values()})
        self._reads = not self._gate.knows

    def _ask_gate(self) -> None:
        """The gate's word on the whole scan."""
        if not self._gate.knows:
            return
        is_open = self._gate.decide()
        self._end_waiting(is_open=is_open)
        for number in tuple(self._runs):
            destination = self._task.destinations[number]
            if destination.offline and not is_open:  # its index had to be made anew first
                self._drop(number, self._held(destination))

    def _end_waiting(self, *, is_open: bool) -> None:
        """Copies that waited for the gate begin, or are left alone."""
        late, self._late = self._late, {}
        for number, destination in late.items():
            if is_open:
                self._prepare(number, destination)
            else:
                self._refuse(number, self._held(destination), "HELD")
        if late and is_open:
            self._look_at_known_roots()
            self._begin_all()

    def _held(self, destination: Where) -> KnownError:
        return KnownError(Code.HELD_BY_GATE, destination=destination.id, system=self._task.system)

    def _own_places(self) -> frozenset[tuple[int, int]]:
        places = [str(path) for path in self._task.own_places]
        places += [str(run.copy.folder.shown) for run in self._runs.values()]
        places += [str(self._desk.home.state), str(self._desk.home.cache)]
        found = (place_identity(path) for path in places)
        return frozenset(identity for identity in found if identity is not None)

    # -- comparing --------------------------------------------------------------------------------

    def _tell_left_out(self, scanned: ScannedFolder) -> None:
        """Name what the scan could not take, every time: it is missing in every state."""
        found = [(scanned.path, scanned.problem)] if scanned.problem is not None else []
        found += [(scanned.path + b"/" + name, reason) for name, reason in scanned.left_out]
        for path, reason in found:
            self._desk.listener.note("skipped", path=os.fsdecode(path), reason=reason)
            if reason not in HARMLESS_SKIPS:
                self._left_out.append(LeftOut(os.fsdecode(path), reason))

    def _meet(self, scanned: ScannedFolder) -> None:
        """Have a folder of the scan compared; what is due waits for the gate, if it is asked."""
        blob = pack_entries(scanned.entries)
        stored, children = self._stored_folder(scanned)
        if not self._gate.knows:
            self._look(scanned, blob, stored, children)
            return
        known = {
            run.name.destination: run.comparison.meet(scanned.path) for run in self._runs.values()
        }
        self._gate.look(scanned, blob, known)
        due = (
            run.comparison.is_due(scanned, blob, known[run.name.destination])
            for run in self._runs.values()
        )
        if self._late or any(due):
            self._waiting.put(
                WaitingFolder(scanned.path, scanned.place, blob, scanned.problem, stored)
            )

    def _look_again(self, folder: WaitingFolder) -> None:
        """Do what is due of a folder that waited."""
        scanned = ScannedFolder(folder.path, folder.place, problem=folder.problem)
        due = (
            run.comparison.is_due(scanned, folder.entries, run.comparison.meet(folder.path))
            for run in self._runs.values()
        )
        if any([*due]):  # each of them meets the folder
            scanned.entries = unpack_entries(folder.entries)
            children = names.stored_names(_folders_in(scanned.entries)).values()
            self._look(scanned, folder.entries, folder.stored, children)

    def _look(
        self, scanned: ScannedFolder, blob: bytes, stored: str, children: Collection[str]
    ) -> None:
        works: dict[int, FolderWork] = {}
        for number, run in self._runs.items():
            work = run.comparison.compare(scanned, blob)
            if work is not None:
                works[number] = work
        wanted: set[int] = set()
        for number, work in works.items():
            if not work.pending:
                self._runs[number].finish_folder(work)
                continue
            wanted.update(at for at, kept in enumerate(work.kept) if kept is None)
        if wanted:
            self._order(scanned, stored, children, sorted(wanted), works)

    def _stored_folder(self, scanned: ScannedFolder) -> tuple[str, Collection[str]]:
        """The stored path of a folder and its folders' names: decided once for all copies."""
        stored = self._stored.pop(scanned.path)
        children = _folders_in(scanned.entries)
        if not children:
            return stored, ()
        prefix = stored + "/" if stored else ""
        path = scanned.path + b"/" if scanned.path else b""
        safe = names.stored_names(children)
        for name, stored_name in safe.items():
            self._stored[path + name] = prefix + stored_name
        return stored, safe.values()

    def _order(
        self,
        scanned: ScannedFolder,
        folder: str,
        children: Collection[str],
        wanted: list[int],
        works: dict[int, FolderWork],
    ) -> None:
        """Hand out what some copy needs of this folder."""
        entries = scanned.entries
        safe = names.stored_names((entries[at][0] for at in wanted), children)
        self._last_order += 1
        order = self._orders[self._last_order] = _Order(works, len(wanted))
        items: list[Item] = []
        for at in wanted:
            entry = entries[at]
            stored = f"{folder}/{safe[entry[0]]}"
            if len(stored) > names.MAX_PATH_CHARACTERS:
                stored = names.long_path(scanned.path + b"/" + entry[0])
            items.append(self._item(order, at, entry, stored))
            self._batch_files += 1
            self._batch_bytes += entry[2]
            if self._batch_files >= self._job_files or self._batch_bytes >= self._job_bytes:
                self._add_batch(scanned, items)
                items = []
                self._submit()
        self._add_batch(scanned, items)

    def _add_batch(self, scanned: ScannedFolder, items: list[Item]) -> None:
        if items:
            batch = Batch(self._last_order, scanned.path, scanned.place, tuple(items))
            self._batches.append(batch)

    def _item(self, order: _Order, at: int, entry: Entry, stored: str) -> Item:
        targets = in_parts = average = 0
        hash_first = False
        size = entry[2]
        for number, work in order.works.items():
            if work.kept[at] is not None:
                continue
            targets |= 1 << number
            if size > BUFFER and number in self._runs:
                run = self._runs[number]
                parts, average = run.comparison.wants_parts(work, entry)
                in_parts |= int(parts) << number
                known = not run.is_bundled and run.comparison.probably_known(work, entry)
                hash_first = hash_first or known
        return Item(at, entry[0], size, stored, targets, in_parts, hash_first, average)

    # -- reading ----------------------------------------------------------------------------------

    def _submit(self) -> None:
        if not self._batches or self._pool is None:
            return
        self._check_space()
        for run in self._runs.values():
            run.open_journal()
        self._jobs += 1
        job = Job(self._jobs, tuple(self._batches))
        self._submitted_files += self._batch_files
        self._submitted_bytes += self._batch_bytes
        load = self._batch_bytes + self._batch_files * LOAD_OF_A_FILE
        self._batches, self._batch_files, self._batch_bytes = [], 0, 0
        apart = (
            self._submitted_files > START_PROCESSES_FROM_FILES
            or self._submitted_bytes > START_PROCESSES_FROM_BYTES
        )
        self._pool.submit(job, apart=apart, load=load)
        self._take_ready()

    def _check_space(self) -> None:
        """A copy that would run full drops out before its disk is filled to the last byte."""
        for number, free in self._free.items():
            run = self._runs.get(number)
            if run and free - run.totals.new_bytes < min(KEPT_FREE, free // 20):
                self._drop(number, KnownError(
                    Code.DESTINATION_FULL,
                    destination=run.name.destination,
                    path=run.copy.folder.address,
                ))  # fmt: skip

    def _take_ready(self, *, everything: bool = False) -> None:
        if self._pool is None:
            return
        for done in self._pool.ready(everything=everything):
            self._raise_if_cancelled()
            self._book(done)

    def _book(self, done: JobDone) -> None:
        for number, (code, params) in done.failed.items():
            if number in self._runs:
                self._drop(number, KnownError(Code(code), **params))
        per_run: dict[int, list[tuple[FolderWork, tuple[Taken, ...]]]] = {}
        for number, taken in done.taken:
            order = self._orders[number]
            order.left -= len(taken)
            if not order.left:
                del self._orders[number]
            self._read_files += len(taken)
            for run_number, work in order.works.items():
                per_run.setdefault(run_number, []).append((work, taken))
        for number, rows in per_run.items():
            run = self._runs.get(number)
            if run is None:
                continue
            if done.folders:
                run.copy.folder.note_written(done.folders)
            bundles = done.bundles.get(number, ())
            self._guarded(number, functools.partial(self._take_rows, number, rows, bundles))
        self._advance(0)

    def _take_rows(
        self,
        number: int,
        rows: list[tuple[FolderWork, tuple[Taken, ...]]],
        bundles: tuple[StoredObject, ...],
        run: CopyRun,
    ) -> None:
        unfinished = [work for work, _ in rows if work.pending]
        run.take(number, rows, bundles)
        for work in unfinished:
            if not work.pending:
                run.finish_folder(work)

    def _drain(self) -> None:
        self._submit()
        self._take_ready(everything=True)

    # -- ending -----------------------------------------------------------------------------------

    def _commit(self, run: CopyRun, *, complete: bool = True) -> None:
        number = next(n for n, r in self._runs.items() if r is run)
        if complete:
            run.drop_unseen()
            others = [w for w in self._task.all_copies if w.id != run.name.destination]
            heal(self._desk, run, others)
        else:
            run.drop_unlisted()
        run.put_own_files(self._task.own_files, fingerprint=self._task.own_fingerprint)
        written = run.commit(complete=complete, folders=self._folders)
        record = written.record
        self._desk.store.end_run(
            self._rows[number],
            "PARTIAL" if not complete else "UNCHANGED" if written.unchanged else "COMMITTED",
            files=record.files,
            size=record.bytes,
            new_bytes=record.new_bytes,
            skipped=record.skipped,
        )
        self._desk.store.alerts.note_left_out(self._rows[number], (*self._left_out, *run.left_out))
        self._results[number] = Result(
            self._task.system, run.name.destination, run.run, written, None, damaged=run.damaged,
            unlocked=run.reached.locks.trouble if run.reached.locks else None,
        )  # fmt: skip
        self._gate.committed(run.name.destination, run.run)

    def _commit_partly(self) -> None:
        """A long run makes what is there restorable and goes on under the next number."""
        self._drain()
        for number in tuple(self._runs):
            self._guarded(number, self._commit_and_go_on)
        self._renew_pool()

    def _commit_and_go_on(self, run: CopyRun) -> None:
        number = next(n for n, r in self._runs.items() if r is run)
        self._commit(run, complete=False)
        del self._results[number]
        info = os.stat(self._task.roots[0].place)
        seen = run.comparison.seen
        run.begin(self._numbers_of[number] + 1, (info.st_uid, info.st_gid))
        run.comparison.seen = seen
        self._numbers_of[number] += 1
        self._rows[number] = self._desk.store.begin_run(
            self._task.system, run.name.destination, run.run
        )

    def _guarded(self, number: int, action: Callable[[CopyRun], None]) -> None:
        """Do something for one copy; what its medium refuses ends this copy's run only."""
        try:
            action(self._runs[number])
        except KnownError as error:
            if error.code in (Code.HOME_FULL, Code.HOME_UNUSABLE, Code.CANCELLED):
                raise
            self._drop(number, error)

    def _drop(self, number: int, error: KnownError) -> None:
        run = self._runs.pop(number)
        if error.code is Code.DESTINATION_FULL and not run.copy.folder.spooled:
            self._full.append(run)
        self._results[number] = self._failed(number, run.run, error)
        run.abandon()
        run.close()
        status = _STATUS.get(error.code, "FAILED")
        self._desk.store.end_run(self._rows[number], status, code=error.code)

    def _failed(self, number: int, run: str, error: KnownError) -> Result:
        return Result(self._task.system, self._task.destinations[number].id, run, None, error)

    def _fail_all(self, error: KnownError) -> None:
        if self._pool is not None:
            self._pool.cancel()
        for number, destination in enumerate(self._task.destinations):
            if number in self._results:
                continue
            if number in self._rows:
                self._drop(number, error)
                continue
            if number in self._runs:
                self._runs.pop(number).close()
            self._results[number] = self._failed(number, "", error)
            row = self._desk.store.begin_run(self._task.system, destination.id, "")
            self._desk.store.end_run(row, "FAILED", code=error.code)

    def _abandon_all(self) -> None:
        if self._pool is not None:
            self._pool.cancel()
        for run in self._runs.values():
            run.abandon()

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        for full in self._full:
            with contextlib.suppress(KnownError):
                take_back(full.copy, full.run, full.journals / f"{full.run}.journal")
        self._waiting.close()
        self._gate.close()
        for run in self._runs.values():
            run.index.rollback()
            run.close()

    # -- telling ----------------------------------------------------------------------------------

    def _raise_if_cancelled(self) -> None:
        if self._desk.cancelled():
            raise KnownError(Code.CANCELLED)

    def _phase(self, phase: str) -> None:
        for run in self._runs.values():
            self._desk.listener.phase(
                phase,  # type: ignore[arg-type]
                system=self._task.system,
                destination=run.name.destination,
            )

    def _advance(self, size: int) -> None:
        self._raise_if_cancelled()  # also in the middle of a file that takes hours
        self._read_bytes += size
        self._desk.listener.progress(files=self._read_files, size=self._read_bytes, current="")
