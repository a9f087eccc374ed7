"""The copies as a reading process sees them: what is known there, where new objects go."""

from __future__ import annotations

import errno
import os
import sys
from functools import partial
from pathlib import Path

import msgspec

from core.copies.backing_up.packing import FileParts, Packer, packer_of_job
from core.copies.format import names
from core.copies.format.contents import StoredObject
from core.copies.hands.batches import PartFact, Target
from core.destinations.local import (
    EXCLUSIVE,
    HeldFolder,
    LocalFolder,
    Room,
    SpoolFolder,
    make_folders,
    name_refused,
)
from core.errors import KnownError
from core.store.index import KnownContents

_Parts = tuple[PartFact, ...]
_REMEMBERED_FROM = 64 * 1024


class Shelves:
    """All copies of a run, by number.

    Attributes: failed (copies whose medium failed, with the error), touched (folders in which names
    were created, for media that are flushed folder by folder).
    """

    def __init__(self, targets: tuple[Target, ...]) -> None:
        self.targets = targets
        self.folders = [
            (SpoolFolder if t.spooled else LocalFolder)(t.destination, Path(t.location), t.system)
            for t in targets
        ]
        self._rooms = [None if t.spooled else Room(Path(t.location)) for t in targets]
        self.failed: dict[int, KnownError] = {}
        self.touched: set[str] = set()
        self._known = [KnownContents(Path(t.index_path)) if t.index_path else None for t in targets]
        self._job = 0
        self._packers: dict[int, Packer] = {}
        self._memories = [bytearray() for _ in targets]
        # What went into bundles that the index of the run does not show us yet: all of the job, and
        # of jobs before it what is worth the memory.
        self._packed: list[set[bytes]] = [set() for _ in targets]
        self._packed_before: list[set[bytes]] = [set() for _ in targets]
        self._held: dict[int, HeldFolder[str]] = {}

    def close(self) -> None:
        for known in self._known:
            if known is not None:
                known.close()
        for folder in self._held.values():
            folder.close()

    def wanted(self, targets: int) -> list[int]:
        """The numbers in a bit mask, without copies that failed."""
        return [
            number
            for number in range(len(self.targets))
            if targets >> number & 1 and number not in self.failed
        ]

    def known_run(self, number: int, sha: bytes) -> int:
        """The run that stored this content at a copy, 0 when it is not there."""
        known = self._known[number]
        return (known.run_of(sha) or 0) if known is not None else 0

    def known_parts(self, number: int, sha: bytes) -> tuple[PartFact, ...] | None:
        """The parts a large file consists of at a copy that has it in parts only."""
        known = self._known[number]
        packed = known.parts_of(sha) if known is not None else None
        return None if packed is None else msgspec.msgpack.decode(packed, type=_Parts)

    def fail(self, number: int, error: OSError) -> None:
        """A copy is out of the run; nothing of it is held, so that its disk can be taken away."""
        if number in self._held:
            self._held.pop(number).close()
        self.failed[number] = self.folders[number].failure(error)

    def take_room(self, number: int, size: int) -> None:
        """Before contents are written: OSError where they would leave no room for the paperwork."""
        room = self._rooms[number]
        if room is not None:
            room.take(size)

    # -- bundles ----------------------------------------------------------------------------------

    def begin_job(self, job: int) -> None:
        """From here on contents are packed for this job."""
        self._job = job
        for packed in self._packed:
            packed.clear()

    def packer(self, number: int) -> Packer:
        """What packs this job's contents for a copy in bundled layout."""
        if number not in self._packers:
            folder, target = self.folders[number], self.targets[number]
            self._packers[number] = packer_of_job(
                folder,
                target.run_folder,
                self._job,
                partial(self.take_room, number),
                self._memories[number],
            )
        return self._packers[number]

    def pack(self, number: int, member: str, sha: bytes, data: bytes | memoryview) -> bool:
        """Pack a content that the copy does not have; whether its medium took it."""
        if not len(data) or self.is_packed(number, sha):
            return True
        try:
            self.packer(number).add(member, sha, data)
        except KnownError as error:
            self.failed[number] = error
            return False
        self._note_packed(number, sha, len(data))
        return True

    def parts(self, number: int, base: str) -> FileParts:
        """Takes the parts of a large file into the job's bundles."""

        def is_known(sha: bytes) -> bool:
            if self.is_packed(number, sha) or self.known_run(number, sha):
                return True
            self._note_packed(number, sha, _REMEMBERED_FROM)
            return False

        return FileParts(self.packer(number), base, is_known)

    def is_packed(self, number: int, sha: bytes) -> bool:
        """Whether this process has packed the content in this run, as far as it remembers."""
        return sha in self._packed[number] or sha in self._packed_before[number]

    def _note_packed(self, number: int, sha: bytes, size: int) -> None:
        packed = self._packed_before if size >= _REMEMBERED_FROM else self._packed
        packed[number].add(sha)

    def finish_job(self) -> dict[int, tuple[StoredObject, ...]]:
        """Write the last bundles of the job; all of its bundles, by copy."""
        bundles = {}
        for number, packer in self._packers.items():
            if number in self.failed:
                continue
            try:
                bundles[number] = packer.finish()
            except KnownError as error:
                self.failed[number] = error
            if self.targets[number].flush_each:
                self.touched |= packer.folders
        self._packers.clear()
        return bundles

    # -- objects of their own ---------------------------------------------------------------------

    def create(self, number: int, stored: str, true_path: bytes, mode: int) -> tuple[int, str, str]:
        """A new object, its stored path and its place; under another name if the medium insists."""
        permissions = (mode & 0o777) | 0o600
        root = self.targets[number].run_folder
        for wish in (stored, None):
            candidate = wish or names.long_path(true_path)
            path = f"{root}/{candidate}"
            place, _, name = path.rpartition("/")
            try:
                folder = self._held.get(number)
                if folder is None or folder.place != place:
                    folder = self._hold(number, place)
                elif self.targets[number].flush_each:
                    # Told anew for every job: a barrier in between flushed what was told before,
                    # and a name created after it would be lost with the power.
                    self.touched.add(place)
                return folder.open(name, EXCLUSIVE, permissions), candidate, path
            except FileExistsError:
                continue
            except OSError as error:
                if not name_refused(error):
                    raise
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), stored)

    def _hold(self, number: int, place: str) -> HeldFolder[str]:
        """The folder that objects go to now, made where it is new; files come folder by folder."""
        if number in self._held:
            self._held.pop(number).close()
        if self.targets[number].flush_each:
            here = place
            while len(here) >= len(self.targets[number].run_folder):
                self.touched.add(here)
                here = here.rpartition("/")[0]
            self.touched.add(here)
        make_folders(place, 0o755, below=self.folders[number].root)
        folder = self._held[number] = HeldFolder(place)
        return folder

    def finish(self, number: int, fd: int, info: os.stat_result, size: int) -> None:
        """Give the object its time, flush it where the medium needs that, see that it is whole."""
        if sys.platform != "win32":
            try:
                os.utime(fd, ns=(info.st_mtime_ns, info.st_mtime_ns))
            except OSError as error:
                # The true time stands in the list; a medium that cannot hold it loses nothing.
                if error.errno not in (errno.EPERM, errno.ENOSYS, errno.EINVAL, errno.EOVERFLOW):
                    raise
        if self.targets[number].flush_each:
            os.fsync(fd)
        if os.lseek(fd, 0, os.SEEK_END) != size:  # its size, for a third of what fstat costs
            raise OSError(errno.EIO, os.strerror(errno.EIO))
