"""Who reads: this process for a small job, several processes for a large one.

Processes because of the interpreter lock (PROTOTYPE §2). They die with the run, also when only the
run's own process is killed: on Linux by the kernel, everywhere by watching their parent.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from ctypes import c_bool, c_uint64
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from core.copies.batches import Signals
from core.errors import Code, KnownError

START_PROCESSES_FROM_FILES = 2000
START_PROCESSES_FROM_BYTES = 200 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_UNDER_WAY = 3
_END_SECONDS = 10.0
_GOOD, _KNOWN, _BUG = b"g", b"k", b"b"

Job = TypeVar("Job")
Done = TypeVar("Done")
_Job = TypeVar("_Job", contravariant=True)
_Done = TypeVar("_Done", covariant=True)


class Hand(Protocol[_Job, _Done]):
    """Does jobs one after the other; made once per process."""

    def take(self, batch: _Job) -> _Done: ...

    def close(self) -> None: ...


class LocalSignals:
    """Signals within one process."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self.stop = threading.Event()
        self._advance = advance

    def cancelled(self) -> bool:
        return self.stop.is_set()

    def advance(self, size: int) -> None:
        self._advance(size)


class _SharedSignals:
    """Signals across processes: one flag, one counter of bytes for each process.

    Plain shared memory without locks, since each number has one writer: the named semaphores of
    locks would stay behind in the system when everybody is killed at once.
    """

    def __init__(self, stop: c_bool, done: c_uint64) -> None:
        self._stop = stop
        self._done = done

    def cancelled(self) -> bool:
        return bool(self._stop.value)

    def advance(self, size: int) -> None:
        self._done.value += size


def _begin() -> None:
    """First thing in a new process: die with the parent, leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _serve(
    line: Connection,
    make: Callable[[Any, Signals], Hand[Any, Any]],
    setting: object,
    job_type: Any,
    stop: c_bool,
    done: c_uint64,
) -> None:
    """A working process: takes jobs from the line until it closes, sends back what was done.

    Jobs and results are packed by msgspec: pickling half a million small results would cost more
    than copying the files. A thread empties the line, so that the run never waits to hand out work.
    """
    _begin()
    jobs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(line, jobs), daemon=True).start()
    unpack = msgspec.msgpack.Decoder(job_type).decode
    hand = make(setting, _SharedSignals(stop, done))
    try:
        while (job := jobs.get()) is not None:
            try:
                result = _GOOD + msgspec.msgpack.encode(hand.take(unpack(job)))
            except KnownError as error:
                result = _KNOWN + msgspec.msgpack.encode((str(error.code), error.params))
            except Exception:  # noqa: BLE001 - told to the run, which ends with our bug report
                result = _BUG + traceback.format_exc().encode("utf-8", "replace")
            line.send_bytes(result)
    except (BrokenPipeError, ConnectionError):
        pass  # the run has gone
    finally:
        hand.close()


def _receive(line: Connection, jobs: queue.SimpleQueue[bytes | None]) -> None:
    try:
        while True:
            jobs.put(line.recv_bytes())
    except (EOFError, OSError):
        jobs.put(None)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    line: Any  # Connection, on Windows PipeConnection
    done: c_uint64
    busy: int = 0


class Pool(Generic[Job, Done]):
    """Takes jobs and gives back what was done, in whatever order it gets ready.

    `make(setting, signals)` makes the hand, here or in each process; it and `setting` must be
    importable or plain. `types` are those of a job and of what comes back, for the way between
    processes. At most three jobs per process are under way, so that memory stays bounded.
    """

    def __init__(
        self,
        make: Callable[[Any, Signals], Hand[Job, Done]],
        setting: object,
        *,
        types: tuple[Any, Any],
        advance: Callable[[int], None],
        workers: int,
    ) -> None:
        self._make = make
        self._setting = setting
        self._job_type = types[0]
        self._unpack_done = msgspec.msgpack.Decoder(types[1]).decode
        self._advance = advance
        self._number = workers
        self._ready: list[Done] = []
        self._signals = LocalSignals(advance)
        self._own: Hand[Job, Done] | None = None
        self._workers: list[_Worker] = []
        self._seen = 0

    def _start_processes(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop = context.RawValue(c_bool, False)
        for _ in range(self._number):
            ours, theirs = context.Pipe()
            done = context.RawValue(c_uint64, 0)
            given = (theirs, self._make, self._setting, self._job_type, self._stop, done)
            process = context.Process(target=_serve, args=given, daemon=True)
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours, done))

    def submit(self, job: Job, *, apart: bool) -> None:
        """Do `job` now, or in another process when `apart`; results come from `ready`.

        Call `ready` after each `submit`: it is what waits when too much is under way.
        """
        if not apart and not self._workers:
            if self._own is None:
                self._own = self._make(self._setting, self._signals)
            self._ready.append(self._own.take(job))
            return
        if not self._workers:
            self._start_processes()
        worker = min(self._workers, key=lambda worker: worker.busy)
        try:
            worker.line.send_bytes(msgspec.msgpack.encode(job))
        except OSError as error:
            raise RuntimeError("a working process died") from error
        worker.busy += 1

    def ready(self, *, everything: bool = False) -> Iterator[Done]:
        """What is done by now; waits while too much is under way, or for all of it."""
        while True:
            done, self._ready = self._ready, []
            yield from done
            busy = sum(worker.busy for worker in self._workers)
            if not busy:
                return
            must_wait = everything or busy >= _UNDER_WAY * len(self._workers)
            lines = {worker.line: worker for worker in self._workers if worker.busy}
            found = wait(list(lines), timeout=0.2 if must_wait else 0)
            self._tell_progress()
            if not found and not must_wait:
                return
            for line in found:
                self._take(lines[line])

    def _take(self, worker: _Worker) -> None:
        try:
            data = worker.line.recv_bytes()
        except (EOFError, OSError) as error:
            raise RuntimeError("a working process died") from error
        worker.busy -= 1
        kind, body = data[:1], data[1:]
        if kind == _GOOD:
            self._ready.append(self._unpack_done(body))
        elif kind == _KNOWN:
            code, params = msgspec.msgpack.decode(body)
            raise KnownError(Code(code), **params)
        else:
            raise RuntimeError(body.decode("utf-8", "replace"))

    def _tell_progress(self) -> None:
        done = sum(int(worker.done.value) for worker in self._workers)
        self._advance(done - self._seen)  # also of nothing: it is the moment to cancel
        self._seen = done

    def cancel(self) -> None:
        """Ask everybody to stop at the next block."""
        self._signals.stop.set()
        if self._workers:
            self._stop.value = True

    def close(self) -> None:
        """End the processes; jobs not begun are dropped."""
        if self._own is not None:
            self._own.close()
        if self._workers:
            self._stop.value = True
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.process.join(_END_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._workers.clear()


def workers() -> int:
    """How many processes are worth it here."""
    return max(1, min(4, os.cpu_count() or 1))


def raise_if_cancelled(signals: Signals) -> None:
    """Leave with the typed error when the run was asked to stop."""
    if signals.cancelled():
        raise KnownError(Code.CANCELLED)
