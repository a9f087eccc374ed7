"""Large files: one read through a tee that hashes, cuts and writes to all copies at once."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from functools import partial
from typing import NamedTuple

from core.copies.backing_up.packing import FileParts, Packer, packer_of_file
from core.copies.backing_up.shelves import Shelves
from core.copies.format.contents import Part, StoredObject
from core.copies.format.cutting import PARTS_FROM, PARTS_FROM_BUNDLED, Piece, average_for, cut
from core.copies.hands.batches import AtTarget, Facts, Item, PartFact, Signals, Taken
from core.copies.hands.source_file import (
    BUFFER,
    READ,
    FactsReader,
    Skip,
    entry_of,
    is_racy,
    is_sparse,
    read_into,
    same,
)
from core.destinations.local import remove_torn, write_all
from core.errors import Code, KnownError

_ZEROS = bytes(BUFFER)
_MOST_IN_MEMORY = 16 * 1024 * 1024
_SETTLE_SECONDS = 0.02


class _Changed(Exception):
    """The file was not the same before and after reading."""


class LargeFiles:
    """Takes files that do not fit into the buffer."""

    def __init__(
        self, shelves: Shelves, facts: FactsReader, signals: Signals, view: memoryview
    ) -> None:
        self._shelves = shelves
        self._facts = facts
        self._signals = signals
        self._view = view

    def take(self, path: bytes, true_path: bytes, item: Item) -> Taken:
        """Read block by block, store where it is new; Skip and OSError as for small files."""
        fd = os.open(path, READ)
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise Skip("sonderdatei")
            if is_racy(info):
                time.sleep(_SETTLE_SECONDS)  # cheaper than to read it all again
            facts = self._facts.facts(fd, info)
            sparse = is_sparse(info)
            if item.hash_first:
                found = self._only_hash(fd, item, facts, sparse)
                if found is not None:
                    return found
            for last in (False, True):
                os.lseek(fd, 0, os.SEEK_SET)
                try:
                    return self._copy_large(fd, true_path, item, facts, sparse, accept=last)
                except _Changed:
                    continue
        finally:
            os.close(fd)
        raise AssertionError("the second reading is always accepted")

    def _only_hash(self, fd: int, item: Item, facts: Facts, sparse: bool) -> Taken | None:
        """Hash without writing; None when some copy does not have the content yet."""
        info = os.fstat(fd)
        racy = is_racy(info)
        digest = hashlib.sha256()
        source = _Tee(fd, digest, (), self._signals, sparse=False)
        while source.readinto(self._view):
            pass
        after = os.fstat(fd)
        sha = digest.digest()
        parts: tuple[PartFact, ...] | None = None
        if racy or not same(info, after) or source.size != after.st_size:
            return None
        at = {}
        for number in self._shelves.wanted(item.targets):
            known = self._shelves.known_run(number, sha)
            if not known:
                parts = self._shelves.known_parts(number, sha)
                if parts is None:
                    return None
            at[number] = AtTarget(known, (), in_parts=not known)
        entry = entry_of(item.name, after, source.size, changed=False)
        return Taken(item.number, None, entry, sha, parts, facts, False, sparse, at)

    def _copy_large(
        self,
        fd: int,
        true_path: bytes,
        item: Item,
        facts: Facts,
        sparse: bool,
        *,
        accept: bool,
    ) -> Taken:
        info = os.fstat(fd)
        racy = is_racy(info)
        wanted = self._shelves.wanted(item.targets)
        in_parts = [number for number in wanted if self._goes_in_parts(number, item, info.st_size)]
        in_one = [number for number in wanted if number not in in_parts]
        whole = [number for number in in_one if not self._shelves.targets[number].bundled]
        outs = self._open_outs(item, true_path, info, whole)
        memory = _Memory() if len(whole) < len(in_one) else None
        bundles = {number: self._begin_parts(number, item) for number in in_parts}
        digest = hashlib.sha256()
        sinks: tuple[_Out | _Memory, ...] = tuple(outs.values())
        if memory is not None:
            sinks = (*sinks, memory)
        source = _Tee(fd, digest, sinks, self._signals, sparse=sparse)
        parts: list[Part] = []
        try:
            if bundles or (outs and info.st_size >= PARTS_FROM):
                for piece in cut(source, item.average or average_for(info.st_size)):
                    size = len(piece.data)
                    parts.append(Part(piece.sha256, piece.offset, size, size, "roh", ""))
                    self._bundle(bundles, piece)
            else:
                while source.readinto(self._view):
                    pass
        except BaseException:
            self._discard(outs, bundles)
            raise
        after = os.fstat(fd)
        changed = racy or not same(info, after) or source.size != after.st_size
        if (changed and not accept) or (memory is not None and memory.overflows):
            self._discard(outs, bundles)
            if accept:
                raise Skip("lesefehler")  # it grows faster than it can be read
            raise _Changed
        sha = digest.digest()
        named = tuple(parts) if info.st_size >= PARTS_FROM else ()
        at = self._finish_outs(outs, source.size, sha, named, after)
        if memory is not None:
            at |= self._pack_whole([n for n in in_one if n not in whole], item, sha, memory)
        at |= self._finish_bundles(bundles)
        entry = entry_of(item.name, after, source.size, changed=changed)
        facts_of_parts: tuple[PartFact, ...] | None = (
            tuple((part.sha256, part.size) for part in parts) if bundles else None
        )
        return Taken(item.number, None, entry, sha, facts_of_parts, facts, changed, sparse, at)

    def _goes_in_parts(self, number: int, item: Item, size: int) -> bool:
        target = self._shelves.targets[number]
        if target.bundled:
            return size >= PARTS_FROM_BUNDLED
        return bool(item.in_parts >> number & 1) or size >= target.whole_below

    def _begin_parts(self, number: int, item: Item) -> _Parts:
        """Where the parts of this file go at one copy."""
        shelves = self._shelves
        if shelves.targets[number].bundled:
            return _Parts(shelves.parts(number, item.stored), None)
        run_folder = shelves.targets[number].run_folder
        packer = packer_of_file(
            shelves.folders[number], run_folder, item.stored, partial(shelves.take_room, number)
        )
        base = item.stored.rpartition("/")[2]
        parts = FileParts(packer, base, lambda sha: bool(shelves.known_run(number, sha)))
        return _Parts(parts, packer)

    def _pack_whole(
        self, numbers: list[int], item: Item, sha: bytes, memory: _Memory
    ) -> dict[int, AtTarget]:
        at: dict[int, AtTarget] = {}
        for number in numbers:
            known = self._shelves.known_run(number, sha)
            if known or self._shelves.pack(number, item.stored, sha, memoryview(memory.data)):
                at[number] = AtTarget(known, ())
        return at

    def _open_outs(
        self, item: Item, true_path: bytes, info: os.stat_result, numbers: list[int]
    ) -> dict[int, _Out]:
        outs: dict[int, _Out] = {}
        for number in numbers:
            try:
                fd, stored, path = self._shelves.create(
                    number, item.stored, true_path, info.st_mode
                )
            except OSError as error:
                self._shelves.fail(number, error)
                continue
            outs[number] = _Out(fd, stored, path, number, self._shelves)
        return outs

    def _finish_outs(
        self,
        outs: dict[int, _Out],
        size: int,
        sha: bytes,
        parts: tuple[Part, ...],
        info: os.stat_result,
    ) -> dict[int, AtTarget]:
        at: dict[int, AtTarget] = {}
        for number, out in outs.items():
            try:
                if not out.failed:
                    out.end(size)
                    self._shelves.finish(number, out.fd, info, size)
            except OSError as error:
                out.fail(error)
            try:
                os.close(out.fd)
            except OSError as error:
                out.fail(error)
            if not out.failed:
                at[number] = AtTarget(0, (StoredObject(out.stored, size, sha, parts),))
        return at

    def _finish_bundles(self, bundles: dict[int, _Parts]) -> dict[int, AtTarget]:
        at: dict[int, AtTarget] = {}
        for number, (_, packer) in bundles.items():
            if packer is None:  # the job's own: finished with it
                at[number] = AtTarget(0, (), in_parts=True)
                continue
            try:
                objects = packer.finish()
            except KnownError as error:
                self._shelves.failed[number] = error
                continue
            self._shelves.touched |= packer.folders
            at[number] = AtTarget(0, objects, in_parts=True)
        return at

    def _bundle(self, bundles: dict[int, _Parts], piece: Piece) -> None:
        for number in tuple(bundles):
            try:
                bundles[number].parts.add(piece)
            except KnownError as error:
                self._shelves.failed[number] = error
                del bundles[number]

    def _discard(self, outs: dict[int, _Out], bundles: dict[int, _Parts]) -> None:
        for out in outs.values():
            os.close(out.fd)
            remove_torn(out.path)
        for _, packer in bundles.values():
            if packer is not None:
                packer.discard()


class _Parts(NamedTuple):
    """Where parts go; `packer` only where it belongs to this one file."""

    parts: FileParts
    packer: Packer | None


class _Memory:
    """A file of a few MiB on its way into a bundle: it is packed whole, so it is kept whole."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.overflows = False

    def write(self, data: memoryview, *, hole: bool) -> None:
        if len(self.data) + len(data) > _MOST_IN_MEMORY:
            self.overflows = True
        else:
            self.data += data


class _Out:
    """A large object being written at one copy."""

    def __init__(self, fd: int, stored: str, path: str, number: int, shelves: Shelves) -> None:
        self.fd = fd
        self.stored = stored
        self.path = path
        self.failed = False
        self._number = number
        self._shelves = shelves
        self._hole = False

    def fail(self, error: OSError) -> None:
        """Note that this copy is out of the run."""
        self.failed = True
        self._shelves.fail(self._number, error)

    def write(self, data: memoryview, *, hole: bool) -> None:
        if self.failed:
            return
        try:
            if hole:
                os.lseek(self.fd, len(data), os.SEEK_CUR)
            else:
                self._shelves.take_room(self._number, len(data))
                write_all(self.fd, data)
            self._hole = hole
        except OSError as error:
            self.fail(error)

    def end(self, size: int) -> None:
        """Give a file that ends in a hole its size."""
        if self._hole:
            os.ftruncate(self.fd, size)


class _Tee:
    """A reader that hashes what passes and writes it to all outs: the one read."""

    def __init__(
        self,
        fd: int,
        digest: hashlib._Hash,
        outs: tuple[_Out | _Memory, ...],
        signals: Signals,
        *,
        sparse: bool,
    ) -> None:
        self._fd = fd
        self._digest = digest
        self._outs = outs
        self._signals = signals
        self._sparse = sparse
        self.size = 0

    def readinto(self, view: memoryview) -> int:
        """Fill the front of `view` with the next bytes; 0 at the end."""
        if self._signals.cancelled():
            raise KnownError(Code.CANCELLED)
        piece = view[:BUFFER]
        length = read_into(self._fd, piece)
        if not length:
            return 0
        piece = piece[:length]
        self._digest.update(piece)
        hole = self._sparse and piece == _ZEROS[:length]
        for out in self._outs:
            out.write(piece, hole=hole)
        self.size += length
        self._signals.advance(length)
        return length
