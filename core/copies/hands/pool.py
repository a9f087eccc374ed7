"""Who reads and writes: this process for a small job, a crew of processes for a large one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from core.copies.hands.batches import Signals

if TYPE_CHECKING:
    from core.copies.hands.processes import Crew

START_PROCESSES_FROM_FILES = 1000
START_PROCESSES_FROM_BYTES = 64 * 1024 * 1024
LOAD_OF_A_FILE = 32 * 1024
"""Opening, naming and closing a file takes as long as so many bytes of it."""
_WAIT_SECONDS = 0.2

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


class Pool(Generic[Job, Done]):
    """Takes jobs and gives back what was done, in whatever order it gets ready.

    `make(setting, signals)` makes the hand, here or in each process; it and `setting` must be
    importable or plain, and each process pays for all that the module of `make` imports. `types`
    are those of a job and of what comes back, for the way between processes.
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
        self._crew: Crew | None = None
        self._seen = 0

    def submit(self, job: Job, *, apart: bool, load: int = 0) -> None:
        """Do `job` now, or in another process when `apart`; results come from `ready`.

        load: its bytes, so that little waits behind the one job that takes long. Call `ready` after
        each `submit`: it is what waits when too much is under way.
        """
        if not apart and self._crew is None:
            if self._own is None:
                self._own = self._make(self._setting, self._signals)
            self._ready.append(self._own.take(job))
            return
        self.start().submit(msgspec.msgpack.encode(job), load)

    def start(self) -> Crew:
        """Start the processes, if they do not run; worth it before the first job is at hand."""
        if self._crew is None:
            from core.copies.hands.processes import Crew  # only large jobs pay for the import

            self._crew = Crew(self._number, self._make, self._setting, self._job_type)
        return self._crew

    def ready(self, *, everything: bool = False) -> Iterator[Done]:
        """What is done by now; waits while too much is under way, or for all of it."""
        while True:
            done, self._ready = self._ready, []
            yield from done
            crew = self._crew
            if crew is None or not crew.busy:
                return
            must_wait = everything or crew.is_full
            results = crew.results(timeout=_WAIT_SECONDS if must_wait else 0)
            self._tell_progress(crew)
            if not results and not must_wait:
                return
            self._ready += [self._unpack_done(result) for result in results]

    def _tell_progress(self, crew: Crew) -> None:
        done = crew.done_bytes
        self._advance(done - self._seen)  # also of nothing: it is the moment to cancel
        self._seen = done

    def cancel(self) -> None:
        """Ask everybody to stop at the next block."""
        self._signals.stop.set()
        if self._crew is not None:
            self._crew.cancel()

    def close(self) -> None:
        """End the processes; jobs not begun are dropped."""
        if self._own is not None:
            self._own.close()
        if self._crew is not None:
            self._crew.close()
            self._crew = None


def workers() -> int:
    """How many processes are worth it here."""
    return max(1, min(4, os.cpu_count() or 1))
