"""One read → one hash → n writes: takes files from the source and stores them at all copies.

Each file is read once; its sha256 is that of exactly the bytes stored. Runs in the run's own
process for small jobs and in several for large ones (`hands.pool`): below 64 KB a file the
interpreter lock is the limit, not the disk (PROTOTYPE §2).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time

from core.copies.backing_up.large_files import LargeFiles
from core.copies.backing_up.shelves import Shelves
from core.copies.format.contents import StoredObject
from core.copies.hands.batches import AtTarget, Batch, Item, Job, JobDone, Signals, Taken, Target
from core.copies.hands.source_file import (
    BUFFER,
    READ,
    FactsReader,
    Skip,
    entry_of,
    is_racy,
    read_into,
    same,
    skip_reason,
    skipped,
)
from core.destinations.local import HeldFolder, write_all
from core.errors import Code, KnownError

# A small file that changes under us is read again at once and then after these pauses (seconds);
# a large one is read twice. After that it is stored as read and marked (DESIGN §5).
_PAUSES = (0.0, 0.01, 0.05, 0.2)
# So long a process waits for such files in all its run: a shop with a hundred logs must not wait
# for each of them, every day.
_PATIENCE = 3.0
_SEPARATOR = os.fsencode(os.sep)


class Reader:
    """Takes batches; one per process. Not shared between threads."""

    def __init__(self, targets: tuple[Target, ...], signals: Signals) -> None:
        self._shelves = Shelves(targets)
        self._signals = signals
        self._facts = FactsReader()
        self._view = memoryview(bytearray(BUFFER))
        self._large = LargeFiles(self._shelves, self._facts, signals, self._view)
        self._untold = 0
        self._patience = _PATIENCE

    def close(self) -> None:
        self._shelves.close()

    def take(self, batch: Job) -> JobDone:
        """Read every file of the job and store it where it is new."""
        before = set(self._shelves.failed)
        self._shelves.begin_job(batch.number)
        taken = tuple((part.order, self._take_batch(part)) for part in batch.batches)
        bundles = self._shelves.finish_job()
        self._tell()
        failed = {
            n: (str(error.code), error.params)
            for n, error in self._shelves.failed.items()
            if n not in before
        }
        folders = tuple(self._shelves.touched)
        self._shelves.touched.clear()
        return JobDone(taken, failed, folders, bundles)

    def _take_batch(self, batch: Batch) -> tuple[Taken, ...]:
        taken = []
        with contextlib.closing(HeldFolder(batch.place)) as folder:
            for item in batch.items:
                if self._signals.cancelled():
                    raise KnownError(Code.CANCELLED)
                try:
                    taken.append(self._take(batch, folder, item))
                except Skip as skip:
                    taken.append(skipped(item, str(skip.args[0])))
                except OSError as error:
                    taken.append(skipped(item, skip_reason(error)))
        return tuple(taken)

    def _tell(self) -> None:
        """Progress of small files is told in one go: a shared counter costs more than a read."""
        self._signals.advance(self._untold)
        self._untold = 0

    # -- one file ---------------------------------------------------------------------------------

    def _take(self, batch: Batch, folder: HeldFolder[bytes], item: Item) -> Taken:
        true_path = batch.path + b"/" + item.name
        if item.size <= BUFFER:
            taken = self._take_small(folder, true_path, item)
            if taken is not None:
                return taken
        return self._large.take(batch.place + _SEPARATOR + item.name, true_path, item)

    def _take_small(self, folder: HeldFolder[bytes], true_path: bytes, item: Item) -> Taken | None:
        """Whole file in the buffer; None when it turned out to be larger than that."""
        for pause in _PAUSES:
            if pause > self._patience:
                break
            if pause:
                self._patience -= pause
                time.sleep(pause)
            fd = folder.open(item.name, READ)
            try:
                info = os.fstat(fd)
                racy = is_racy(info)
                if not stat.S_ISREG(info.st_mode):
                    raise Skip("sonderdatei")
                if info.st_size > BUFFER:
                    return None
                length = self._fill(fd, info.st_size)
                after = os.fstat(fd)
                facts = self._facts.facts(fd, info)
            finally:
                os.close(fd)
            changed = racy or not same(info, after) or length != info.st_size
            if not changed:
                break
        data = self._view[:length]
        sha = hashlib.sha256(data).digest()
        self._untold += length
        at = {}
        for number in self._shelves.wanted(item.targets):
            found = self._store_small(number, true_path, item, info, sha, data)
            if found is not None:
                at[number] = found
        entry = entry_of(item.name, info, length, changed=changed)
        return Taken(item.number, None, entry, sha, None, facts, changed, False, at)

    def _fill(self, fd: int, expected: int) -> int:
        """Read into the buffer until all expected is there or the file ends; how much it was."""
        length = read_into(fd, self._view)
        while 0 < length < expected:
            more = read_into(fd, self._view[length:])
            if not more:
                break
            length += more
        return length

    def _store_small(
        self,
        number: int,
        true_path: bytes,
        item: Item,
        info: os.stat_result,
        sha: bytes,
        data: memoryview,
    ) -> AtTarget | None:
        known = self._shelves.known_run(number, sha)
        if known:
            return AtTarget(known, ())
        if self._shelves.targets[number].bundled:
            there = self._shelves.pack(number, item.stored, sha, data)
            return AtTarget(0, ()) if there else None
        try:
            self._shelves.take_room(number, len(data))
            fd, stored, _ = self._shelves.create(number, item.stored, true_path, info.st_mode)
            try:
                write_all(fd, data)
                self._shelves.finish(number, fd, info, len(data))
            finally:
                os.close(fd)
        except OSError as error:
            self._shelves.fail(number, error)
            return None
        length = len(data)
        return AtTarget(0, (StoredObject(stored, length, sha),))
