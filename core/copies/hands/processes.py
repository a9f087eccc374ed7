"""A crew of processes that read and write for one run (PROTOTYPE §2: the interpreter lock).

They die with the run, also when only the run's own process is killed: on Linux by the kernel,
everywhere by watching their parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import queue
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from ctypes import c_bool, c_uint64
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import msgspec

from core.copies.hands.batches import Signals
from core.errors import Code, KnownError

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_MIB = 1024 * 1024
_ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM)
_UNDER_WAY = 6  # jobs for each process, so that none runs dry while the run itself books or waits
_ENOUGH_UNDER_WAY = 2  # where they are large: what is under way is held in memory
_LARGE_LOAD = 128 * 1024 * 1024  # of all that is under way, for each process
_END_SECONDS = 10.0
_GOOD, _KNOWN, _BUG = b"g", b"k", b"b"


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


@contextlib.contextmanager
def _asking_to_stop_is_held_back() -> Iterator[None]:
    """Ctrl-C and a service's stop reach every process; only the run itself is to answer.

    A process being born would die of them before `_begin`: it inherits that they wait.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # started later, it would lift what is held back
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """First thing in a new process: die with the parent, leave Ctrl-C to it."""
    for number in _ASKING_TO_STOP:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _keep_memory(libc)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _keep_memory(libc: ctypes.CDLL) -> None:
    """Have freed memory kept for the next file or part, instead of given back and asked for again.

    New pages cost a third of the time that packing and unpacking take. Only the GNU library has
    this; others are left as they are.
    """
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * _MIB)
        libc.mallopt(_M_TRIM_THRESHOLD, 16 * _MIB)


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _serve(
    line: Connection,
    make: Callable[[Any, Signals], Any],
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
    loads: deque[int] = field(default_factory=deque)

    @property
    def busy(self) -> int:
        return len(self.loads)


class Crew:
    """The processes of one run; jobs and results travel as bytes."""

    def __init__(
        self, number: int, make: Callable[[Any, Signals], Any], setting: object, job_type: Any
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop = context.RawValue(c_bool, False)
        self._workers: list[_Worker] = []
        for _ in range(number):
            ours, theirs = context.Pipe()
            done = context.RawValue(c_uint64, 0)
            given = (theirs, make, setting, job_type, self._stop, done)
            process = context.Process(target=_serve, args=given, daemon=True)
            with _asking_to_stop_is_held_back():
                process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours, done))

    @property
    def busy(self) -> int:
        """How many jobs are under way."""
        return sum(worker.busy for worker in self._workers)

    @property
    def is_full(self) -> bool:
        """Whether results have to be taken before more is handed out: memory stays bounded."""
        number, busy = len(self._workers), self.busy
        load = sum(sum(worker.loads) for worker in self._workers)
        return busy >= _UNDER_WAY * number or (
            busy >= _ENOUGH_UNDER_WAY * number and load >= _LARGE_LOAD * number
        )

    @property
    def done_bytes(self) -> int:
        """What all of them have read or written so far."""
        return sum(int(worker.done.value) for worker in self._workers)

    def submit(self, job: bytes, load: int) -> None:
        """Hand a job to whoever has least to do; `load` says how much it is, in any unit."""
        worker = min(self._workers, key=lambda worker: (sum(worker.loads), worker.busy))
        try:
            worker.line.send_bytes(job)
        except OSError as error:
            raise RuntimeError("a working process died") from error
        worker.loads.append(load)

    def results(self, *, timeout: float) -> list[bytes]:
        """What is ready within `timeout` seconds; raises what went wrong over there."""
        lines = {worker.line: worker for worker in self._workers if worker.busy}
        return [self._take(lines[line]) for line in wait(list(lines), timeout=timeout)]

    def _take(self, worker: _Worker) -> bytes:
        try:
            data: bytes = worker.line.recv_bytes()
        except (EOFError, OSError) as error:
            raise RuntimeError("a working process died") from error
        worker.loads.popleft()
        kind, body = data[:1], data[1:]
        if kind == _GOOD:
            return body
        if kind == _KNOWN:
            code, params = msgspec.msgpack.decode(body)
            raise KnownError(Code(code), **params)
        raise RuntimeError(body.decode("utf-8", "replace"))

    def cancel(self) -> None:
        """Ask everybody to stop at the next block."""
        self._stop.value = True

    def close(self) -> None:
        """End the processes; jobs not begun are dropped."""
        self.cancel()
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.process.join(_END_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
