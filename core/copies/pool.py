"""Who reads: this process for a small job, several processes for a large one.

Processes because of the interpreter lock (PROTOTYPE §2). They die with the run, also when only the
run's own process is killed: on Linux by the kernel, everywhere by watching their parent.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from core.copies.batches import Signals
from core.errors import Code, KnownError

START_PROCESSES_FROM_FILES = 2000
START_PROCESSES_FROM_BYTES = 200 * 1024 * 1024
_PR_SET_PDEATHSIG = 1

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
    """Signals across processes: one flag, one counter of bytes."""

    def __init__(self, stop: Synchronized[int], done: Synchronized[int]) -> None:
        self._stop = stop
        self._done = done

    def cancelled(self) -> bool:
        return bool(self._stop.value)

    def advance(self, size: int) -> None:
        with self._done.get_lock():
            self._done.value += size


_hand: Any = None
_unpack: Any = None


def _begin(
    make: Callable[[Any, Signals], Any],
    setting: object,
    job_type: Any,
    stop: Synchronized[int],
    done: Synchronized[int],
) -> None:
    """First thing in a new process: die with the parent, leave Ctrl-C to it, make the hand."""
    global _hand, _unpack  # one hand per process, made before its first job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    _unpack = msgspec.msgpack.Decoder(job_type).decode
    _hand = make(setting, _SharedSignals(stop, done))


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _work(job: bytes) -> bytes:
    # Packed by msgspec: pickling half a million small results would cost more than the copying.
    return msgspec.msgpack.encode(_hand.take(_unpack(job)))


class Pool(Generic[Job, Done]):
    """Takes jobs and gives back what was done, in whatever order it gets ready.

    `make(setting, signals)` makes the hand, here or in each process; it and `setting` must be
    importable or plain. `types` are those of a job and of what comes back, for the way between
    processes. At most `waiting` jobs are under way, so that memory stays bounded.
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
        self._advance = advance
        self._workers = workers
        self._limit = workers * 4
        self._job_type = types[0]
        self._unpack_done = msgspec.msgpack.Decoder(types[1]).decode
        self._pending: set[Future[bytes]] = set()
        self._ready: list[Done] = []
        self._signals = LocalSignals(advance)
        self._own: Hand[Job, Done] | None = None
        self._executor: ProcessPoolExecutor | None = None
        self._seen = 0

    def _start_processes(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        self._stop = context.Value("b", 0)
        self._done = context.Value("Q", 0)
        return ProcessPoolExecutor(
            self._workers,
            mp_context=context,
            initializer=_begin,
            initargs=(self._make, self._setting, self._job_type, self._stop, self._done),
        )

    def submit(self, job: Job, *, apart: bool) -> None:
        """Do `job` now, or in another process when `apart`; results come from `ready`."""
        if not apart and self._executor is None:
            if self._own is None:
                self._own = self._make(self._setting, self._signals)
            self._ready.append(self._own.take(job))
            return
        if self._executor is None:
            self._executor = self._start_processes()
        try:
            self._pending.add(self._executor.submit(_work, msgspec.msgpack.encode(job)))
        except BrokenProcessPool as error:
            raise RuntimeError("a reading process died") from error

    def ready(self, *, everything: bool = False) -> Iterator[Done]:
        """What is done by now; waits while too much is under way, or for all of it."""
        yield from self._take_ready()
        while self._pending and (everything or len(self._pending) >= self._limit):
            finished, self._pending = wait(self._pending, timeout=0.2, return_when=FIRST_COMPLETED)
            self._tell_progress()
            for future in finished:
                yield self._unpack_done(future.result())
        yield from self._take_ready()

    def _take_ready(self) -> Iterator[Done]:
        ready, self._ready = self._ready, []
        yield from ready
        if self._pending:
            finished = {future for future in self._pending if future.done()}
            self._pending -= finished
            self._tell_progress()
            for future in finished:
                yield self._unpack_done(future.result())

    def _tell_progress(self) -> None:
        done = int(self._done.value)
        if done > self._seen:
            self._advance(done - self._seen)
            self._seen = done

    def cancel(self) -> None:
        """Ask everybody to stop at the next block."""
        self._signals.stop.set()
        if self._executor is not None:
            self._stop.value = 1

    def close(self) -> None:
        """End the processes; jobs not begun are dropped."""
        if self._own is not None:
            self._own.close()
        if self._executor is not None:
            self._stop.value = 1
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


def workers() -> int:
    """How many processes are worth it here."""
    return max(1, min(4, os.cpu_count() or 1))


def raise_if_cancelled(signals: Signals) -> None:
    """Leave with the typed error when the run was asked to stop."""
    if signals.cancelled():
        raise KnownError(Code.CANCELLED)
