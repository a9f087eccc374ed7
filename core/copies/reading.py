"""One read → one hash → n writes: takes files from the source and stores them at all copies.

Each file is read once; its sha256 is that of exactly the bytes stored. Runs in the run's own
process for small jobs and in several for large ones (`core.copies.pool`): below 64 KB a file the
interpreter lock is the limit, not the disk (PROTOTYPE §2).
"""

from __future__ import annotations

import base64
import contextlib
import errno
import functools
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.copies import names
from core.copies.batches import (
    AtTarget,
    Batch,
    Facts,
    Item,
    Job,
    JobDone,
    PartFact,
    Signals,
    Taken,
    Target,
)
from core.copies.contents import Part, StoredObject
from core.copies.cutting import PARTS_FROM, Piece, cut
from core.copies.part_bundles import PartBundles
from core.destinations.local import EXCLUSIVE, LocalFolder, name_refused, write_all
from core.errors import Code, KnownError
from core.sources import attributes
from core.sources.folders import Entry
from core.store.index import KnownContents

BUFFER = 1024 * 1024
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
# A small file that changes under us is read again at once and then after these pauses (seconds);
# a large one is read twice. After that it is stored as read and marked (DESIGN §5).
_PAUSES = (0.0, 0.01, 0.05, 0.2)
_ZEROS = bytes(BUFFER)
_SEPARATOR = os.fsencode(os.sep)
_XATTRS = ("user.", "system.posix_acl_")


class _Changed(Exception):
    """The file was not the same before and after reading."""


class _Skip(Exception):
    """The file cannot be taken; args[0] is the reason."""


def skip_reason(error: OSError) -> str:
    """The list's word for why a file could not be opened or read."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "verschwunden"
    if error.errno in (errno.EACCES, errno.EPERM):
        sharing = getattr(error, "winerror", 0) in (32, 33)
        return "gesperrt" if sharing else "keine_rechte"
    if error.errno in (errno.EBUSY, errno.ETXTBSY):
        return "gesperrt"
    if error.errno in (errno.ELOOP, errno.ENXIO):
        return "sonderdatei"
    return "lesefehler"


class Reader:
    """Takes batches; one per process. Not shared between threads."""

    def __init__(self, targets: tuple[Target, ...], signals: Signals) -> None:
        self._targets = targets
        self._signals = signals
        self._folders = [LocalFolder(t.destination, Path(t.location), t.system) for t in targets]
        self._known = [KnownContents(Path(t.index_path)) if t.index_path else None for t in targets]
        self._made: list[set[str]] = [set() for _ in targets]
        self._failed: dict[int, KnownError] = {}
        self._touched: set[str] = set()
        self._view = memoryview(bytearray(BUFFER))
        self._untold = 0
        self._reads_xattrs = sys.platform == "linux"
        if hasattr(os, "umask"):
            os.umask(0)  # the modes given at creation are meant exactly

    def close(self) -> None:
        for known in self._known:
            if known is not None:
                known.close()

    def take(self, batch: Job) -> JobDone:
        """Read every file of the job and store it where it is new."""
        before = set(self._failed)
        taken = tuple((part.order, self._take_batch(part)) for part in batch)
        self._tell()
        failed = {
            n: (str(error.code), error.params)
            for n, error in self._failed.items()
            if n not in before
        }
        folders = tuple(self._touched)
        self._touched.clear()
        return JobDone(taken, failed, folders)

    def _take_batch(self, batch: Batch) -> tuple[Taken, ...]:
        taken = []
        for item in batch.items:
            if self._signals.cancelled():
                raise KnownError(Code.CANCELLED)
            try:
                taken.append(self._take(batch, item))
            except _Skip as skip:
                taken.append(_skipped(item, str(skip.args[0])))
            except OSError as error:
                taken.append(_skipped(item, skip_reason(error)))
        return tuple(taken)

    def _tell(self) -> None:
        """Progress of small files is told in one go: a shared counter costs more than a read."""
        self._signals.advance(self._untold)
        self._untold = 0

    # -- one file ---------------------------------------------------------------------------------

    def _take(self, batch: Batch, item: Item) -> Taken:
        path = batch.place + _SEPARATOR + item.name
        true_path = batch.path + b"/" + item.name
        if item.size <= BUFFER:
            taken = self._take_small(path, true_path, item)
            if taken is not None:
                return taken
        return self._take_large(path, true_path, item)

    def _take_small(self, path: bytes, true_path: bytes, item: Item) -> Taken | None:
        """Whole file in the buffer; None when it turned out to be larger than that."""
        for pause in _PAUSES:
            if pause:
                time.sleep(pause)
            fd = os.open(path, _READ)
            try:
                info = os.fstat(fd)
                if not stat.S_ISREG(info.st_mode):
                    raise _Skip("sonderdatei")
                if info.st_size > BUFFER:
                    return None
                length = self._fill(fd, info.st_size)
                after = os.fstat(fd)
                facts = self._facts(fd, info)
            finally:
                os.close(fd)
            changed = not _same(info, after) or length != info.st_size
            if not changed:
                break
        data = self._view[:length]
        sha = hashlib.sha256(data).digest()
        self._untold += length
        at = {}
        for number in self._wanted(item.targets):
            found = self._store_small(number, true_path, item, info, sha, data)
            if found is not None:
                at[number] = found
        entry = _entry(item.name, info, length, changed=changed)
        return Taken(item.number, None, entry, sha, None, facts, changed, False, at)

    def _fill(self, fd: int, expected: int) -> int:
        """Read into the buffer until all expected is there or the file ends; how much it was."""
        length = _read_into(fd, self._view)
        while 0 < length < expected:
            more = _read_into(fd, self._view[length:])
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
        known = self._known_run(number, sha)
        if known:
            return AtTarget(known, ())
        try:
            fd, stored, _ = self._create(number, item.stored, true_path, info.st_mode)
            try:
                write_all(fd, data)
                self._finish(number, fd, info, len(data))
            finally:
                os.close(fd)
        except OSError as error:
            self._fail(number, error)
            return None
        length = len(data)
        return AtTarget(0, (StoredObject(stored, length, sha),))

    def _take_large(self, path: bytes, true_path: bytes, item: Item) -> Taken:
        fd = os.open(path, _READ)
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise _Skip("sonderdatei")
            facts = self._facts(fd, info)
            sparse = _is_sparse(info)
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
        digest = hashlib.sha256()
        source = _Tee(fd, digest, (), self._signals, sparse=False)
        while source.readinto(self._view):
            pass
        after = os.fstat(fd)
        sha = digest.digest()
        if not _same(info, after) or source.size != after.st_size:
            return None
        at = {}
        for number in self._wanted(item.targets):
            known = self._known_run(number, sha)
            if not known:
                return None
            at[number] = AtTarget(known, ())
        entry = _entry(item.name, after, source.size, changed=False)
        return Taken(item.number, None, entry, sha, None, facts, False, sparse, at)

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
        in_parts = [
            number
            for number in self._wanted(item.targets)
            if item.in_parts >> number & 1 or info.st_size >= self._targets[number].whole_below
        ]
        outs = self._open_outs(item, true_path, info, skip=in_parts)
        bundles = {
            number: PartBundles(
                self._folders[number],
                self._targets[number].run_folder,
                item.stored,
                functools.partial(self._known_run, number),
            )
            for number in in_parts
        }
        digest = hashlib.sha256()
        source = _Tee(fd, digest, tuple(outs.values()), self._signals, sparse=sparse)
        parts: list[Part] = []
        try:
            if info.st_size >= PARTS_FROM or bundles:
                for piece in cut(source, item.average):
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
        changed = not _same(info, after) or source.size != after.st_size
        if changed and not accept:
            self._discard(outs, bundles)
            raise _Changed
        sha = digest.digest()
        at = self._finish_outs(outs, source.size, sha, tuple(parts), after)
        at |= self._finish_bundles(bundles)
        entry = _entry(item.name, after, source.size, changed=changed)
        facts_of_parts: tuple[PartFact, ...] | None = (
            tuple((part.sha256, part.size) for part in parts) if bundles else None
        )
        return Taken(item.number, None, entry, sha, facts_of_parts, facts, changed, sparse, at)

    # -- writing ----------------------------------------------------------------------------------

    def _wanted(self, targets: int) -> list[int]:
        return [
            number
            for number in range(len(self._targets))
            if targets >> number & 1 and number not in self._failed
        ]

    def _known_run(self, number: int, sha: bytes) -> int:
        known = self._known[number]
        return (known.run_of(sha) or 0) if known is not None else 0

    def _fail(self, number: int, error: OSError) -> None:
        self._failed[number] = self._folders[number].failure(error)

    def _create(
        self, number: int, stored: str, true_path: bytes, mode: int
    ) -> tuple[int, str, str]:
        """A new object, its stored path and its place; under another name if the medium insists."""
        permissions = (mode & 0o777) | 0o600
        root = self._targets[number].run_folder
        for candidate in (stored, names.long_path(true_path)):
            path = f"{root}/{candidate}"
            folder = path.rpartition("/")[0]
            try:
                if folder not in self._made[number]:
                    self._make_folders(number, folder)
                return os.open(path, EXCLUSIVE, permissions), candidate, path
            except FileExistsError:
                continue
            except OSError as error:
                if not name_refused(error):
                    raise
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), stored)

    def _make_folders(self, number: int, folder: str) -> None:
        if self._targets[number].flush_each:
            here = folder
            while len(here) >= len(self._targets[number].run_folder):
                self._touched.add(here)
                here = here.rpartition("/")[0]
            self._touched.add(here)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        made = self._made[number]
        if len(made) > 4096:
            made.clear()
        made.add(folder)

    def _finish(self, number: int, fd: int, info: os.stat_result, size: int) -> None:
        """Give the object its time, flush it where the medium needs that, see that it is whole."""
        if sys.platform != "win32":
            try:
                os.utime(fd, ns=(info.st_mtime_ns, info.st_mtime_ns))
            except OSError as error:
                # The true time stands in the list; a medium that cannot hold it loses nothing.
                if error.errno not in (errno.EPERM, errno.ENOSYS, errno.EINVAL, errno.EOVERFLOW):
                    raise
        if self._targets[number].flush_each:
            os.fsync(fd)
        if os.fstat(fd).st_size != size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _open_outs(
        self, item: Item, true_path: bytes, info: os.stat_result, *, skip: list[int]
    ) -> dict[int, _Out]:
        outs: dict[int, _Out] = {}
        for number in self._wanted(item.targets):
            if number in skip:
                continue
            try:
                fd, stored, path = self._create(number, item.stored, true_path, info.st_mode)
            except OSError as error:
                self._fail(number, error)
                continue
            outs[number] = _Out(fd, stored, path, number, self._fail)
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
                    self._finish(number, out.fd, info, size)
            except OSError as error:
                out.fail(error)
            try:
                os.close(out.fd)
            except OSError as error:
                out.fail(error)
            if not out.failed:
                at[number] = AtTarget(0, (StoredObject(out.stored, size, sha, parts),))
        return at

    def _finish_bundles(self, bundles: dict[int, PartBundles]) -> dict[int, AtTarget]:
        at: dict[int, AtTarget] = {}
        for number, bundle in bundles.items():
            try:
                objects = bundle.finish()
            except KnownError as error:
                self._failed[number] = error
                continue
            self._touched |= bundle.folders
            at[number] = AtTarget(0, objects)
        return at

    def _bundle(self, bundles: dict[int, PartBundles], piece: Piece) -> None:
        for number in tuple(bundles):
            try:
                bundles[number].add(piece)
            except KnownError as error:
                self._failed[number] = error
                del bundles[number]

    def _discard(self, outs: dict[int, _Out], bundles: dict[int, PartBundles]) -> None:
        for out in outs.values():
            os.close(out.fd)
            try:
                os.unlink(out.path)
            except OSError:
                pass  # not named by any inhalt: retention clears it
        for bundle in bundles.values():
            bundle.discard()

    # -- facts ------------------------------------------------------------------------------------

    def _facts(self, fd: int, info: os.stat_result) -> Facts:
        dos = attributes.kept_bits(attributes.bits_of(info))
        return Facts(
            getattr(info, "st_uid", 0),
            getattr(info, "st_gid", 0),
            info.st_nlink,
            self._xattrs(fd) if self._reads_xattrs else None,
            dos,
            _born(info),
        )

    def _xattrs(self, fd: int) -> dict[str, str] | None:
        try:
            return read_xattrs(fd)
        except OSError as error:
            if error.errno in (errno.ENOTSUP, errno.ENOSYS):
                self._reads_xattrs = False  # this source has none; do not ask for every file
            return None


def read_xattrs(place: int | bytes) -> dict[str, str] | None:
    """The extended attributes worth keeping, values in base64 (ACLs are among them)."""
    kept: dict[str, str] = {}
    if sys.platform == "linux":
        for name in os.listxattr(place):
            if name.startswith(_XATTRS):
                with contextlib.suppress(OSError):  # gone meanwhile
                    kept[name] = base64.b64encode(os.getxattr(place, name)).decode()
    return kept or None


class _Out:
    """A large object being written at one copy."""

    def __init__(
        self, fd: int, stored: str, path: str, number: int, fail: Callable[[int, OSError], None]
    ) -> None:
        self.fd = fd
        self.stored = stored
        self.path = path
        self.failed = False
        self._number = number
        self._fail = fail
        self._hole = False

    def fail(self, error: OSError) -> None:
        """Note that this copy is out of the run."""
        self.failed = True
        self._fail(self._number, error)

    def write(self, data: memoryview, *, hole: bool) -> None:
        if self.failed:
            return
        try:
            if hole:
                os.lseek(self.fd, len(data), os.SEEK_CUR)
            else:
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
        outs: tuple[_Out, ...],
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
        length = _read_into(self._fd, piece)
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


def _read_into(fd: int, view: memoryview) -> int:
    if sys.platform != "win32":
        return os.readv(fd, [view])
    data = os.read(fd, len(view))
    view[: len(data)] = data
    return len(data)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and (sys.platform == "win32" or before.st_ctime_ns == after.st_ctime_ns)
    )


def _entry(name: bytes, info: os.stat_result, size: int, *, changed: bool) -> Entry:
    """The facts by which the next run tells whether the file is unchanged.

    A file that changed less than two seconds ago may change again within the same tick of its
    clock: its change time is then kept as unknown, so that it is read once more (REVIEW A6).
    """
    now = time.time_ns()  # noqa: TID251 - compared with the file system's clock, not with ours
    fresh = changed or now - max(info.st_mtime_ns, info.st_ctime_ns) < 2_000_000_000
    ctime = 0 if fresh else info.st_ctime_ns
    return (name, info.st_mode, size, info.st_mtime_ns, ctime, info.st_ino)


def _is_sparse(info: os.stat_result) -> bool:
    blocks = getattr(info, "st_blocks", None)
    return blocks is not None and info.st_size > BUFFER and blocks * 512 < info.st_size - 65536


def _born(info: os.stat_result) -> int | None:
    if sys.platform == "win32":
        return info.st_ctime_ns
    born = getattr(info, "st_birthtime", None)
    return int(born * 1e9) if born is not None else None


def _skipped(item: Item, reason: str) -> Taken:
    return Taken(item.number, reason, None, b"", None, None, False, False, {})
