"""Files back out of a copy: read an object, check every byte, create the file anew."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from core.copies.bringing_back.places import Source
from core.copies.format import percent
from core.copies.format.packed import InflateError, inflate
from core.copies.hands.batches import Signals
from core.copies.hands.source_file import KEPT_XATTRS
from core.destinations.local import EXCLUSIVE, Way, write_all
from core.destinations.objects import Objects, Stream, objects_at
from core.errors import Code, KnownError

_BLOCK = 1024 * 1024
_ZEROS = bytes(_BLOCK)
_UNPACKED_AHEAD = 2  # pieces
_EMPTY = hashlib.sha256().digest()
MAX_PACKED = 64 * 1024 * 1024  # parts are at most 16 MiB; more is not unpacked in memory


class Piece(NamedTuple):
    """A content in the order of its file: its sha256, size, and where it can be read."""

    sha: bytes
    size: int
    sources: tuple[Source, ...]


class OutFile(NamedTuple):
    """One file to bring back to `target` (absolute)."""

    number: int
    target: bytes
    size: int
    sha: bytes
    pieces: tuple[Piece, ...]
    mtime_ns: int
    mode: int
    owner: tuple[int, int] | None
    xattrs: dict[str, str] | None
    sparse: bool


class Outcome(NamedTuple):
    """What became of a file. problem: '' or a code; lost: what the target could not take back."""

    number: int
    problem: str
    cause: str
    lost: tuple[str, ...]


OutJob = tuple[OutFile, ...]


class BadContent(Exception):
    """An object does not hold what it should, or cannot be read."""


def _all_at_once(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    yield pieces


class WriterBack:
    """Brings files back; one per process.

    `at_hand` gives the pieces of a file in order, some at a time, when they can be read.
    """

    def __init__(
        self,
        way: Way,
        signals: Signals,
        at_hand: Callable[[tuple[Piece, ...]], Iterator[tuple[Piece, ...]]] = _all_at_once,
    ) -> None:
        self._signals = signals
        self._at_hand = at_hand
        self._view = memoryview(bytearray(_BLOCK))
        self._held = _HeldObject(objects_at(way))

    def close(self) -> None:
        """Nothing is held open between jobs."""

    def take(self, batch: OutJob) -> tuple[Outcome, ...]:
        """Bring back every file of the job."""
        try:
            return tuple(self._one(file) for file in batch)
        finally:
            self._held.close()

    def _one(self, file: OutFile) -> Outcome:
        if self._signals.cancelled():
            raise KnownError(Code.CANCELLED)
        try:
            fd = os.open(file.target, EXCLUSIVE, 0o600)
        except OSError as error:
            return Outcome(file.number, _problem(error), error.strerror or str(error), ())
        try:
            self._fill(fd, file)
            lost = give_back_facts(
                fd, mode=file.mode, owner=file.owner, xattrs=file.xattrs, mtime_ns=file.mtime_ns
            )
            return Outcome(file.number, "", "", lost)
        except BadContent as error:
            _remove(file.target)
            return Outcome(file.number, "damaged", str(error), ())
        except OSError as error:
            _remove(file.target)
            return Outcome(file.number, _problem(error), error.strerror or str(error), ())
        finally:
            os.close(fd)

    def _fill(self, fd: int, file: OutFile) -> None:
        if len(file.pieces) > 1:
            if self._fill_at_once(fd, file):
                return
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
        whole = hashlib.sha256()
        total = 0
        for pieces in self._at_hand(file.pieces):
            for piece in pieces:
                size, whole = self._piece(fd, total, piece, whole, sparse=file.sparse)
                total += size
        if total != file.size or whole.digest() != file.sha:
            raise BadContent("sha256 differs")
        if file.sparse:
            os.ftruncate(fd, file.size)

    def _fill_at_once(self, fd: int, file: OutFile) -> bool:
        """All pieces of a file from their first places; whether it is what it should be.

        One digest over the whole says that of each piece. Where it differs, or a piece cannot be
        had, they have to be taken one by one. The next ones are unpacked while one is written.
        """
        whole = hashlib.sha256()
        size = 0
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="unpack") as helper:
                for data in self._unpacked(file.pieces, helper):
                    if self._signals.cancelled():
                        raise KnownError(Code.CANCELLED)
                    whole.update(data)
                    _write(fd, data, sparse=file.sparse)
                    size += len(data)
                    self._signals.advance(len(data))
        except BadContent:
            return False
        if size != file.size or whole.digest() != file.sha:
            return False
        if file.sparse:
            os.ftruncate(fd, size)
        return True

    def _unpacked(
        self, pieces: tuple[Piece, ...], helper: ThreadPoolExecutor
    ) -> Iterator[memoryview]:
        ahead: deque[Future[memoryview]] = deque()
        for some in self._at_hand(pieces):
            for piece in some:
                ahead.append(helper.submit(self._whole_piece, piece))
                if len(ahead) > _UNPACKED_AHEAD:
                    yield ahead.popleft().result()
            while ahead:  # what comes next may take the place of these
                yield ahead.popleft().result()

    def _whole_piece(self, piece: Piece) -> memoryview:
        """A piece as its first place gives it, of the listed size; `BadContent` for all else."""
        if piece.size == 0 and piece.sha == _EMPTY:
            return memoryview(b"")
        if not piece.sources or max(piece.size, piece.sources[0].stored) > MAX_PACKED:
            raise BadContent("not to be had at once")
        source = piece.sources[0]
        try:
            stream = self._held.at(source)
            data = stream.read(source.stored)
        except OSError as error:
            raise BadContent(f"{source.path}: {error.strerror or error}") from error
        block = _inflated(data, source) if source.packing == "deflate" else memoryview(data)
        if len(block) != piece.size:
            raise BadContent(f"{source.path}: not as long as listed")
        return block

    def _piece(
        self, fd: int, start: int, piece: Piece, whole: hashlib._Hash, *, sparse: bool
    ) -> tuple[int, hashlib._Hash]:
        """Write one content from the first place where it is sound.

        Returns its size, and `whole` (the digest of all before it) carried on over it. Most files
        are one content: nothing lies before it, and hashing it once serves both.
        """
        if piece.size == 0 and piece.sha == _EMPTY:
            return 0, whole  # needs no object
        cause = "not stored anywhere"
        for source in piece.sources:
            digest = hashlib.sha256()
            so_far = whole.copy() if start else digest
            done = 0
            try:
                for block in self._blocks(source):
                    done += len(block)
                    if done > piece.size:
                        raise BadContent(f"{source.path}: longer than listed")
                    digest.update(block)
                    if so_far is not digest:
                        so_far.update(block)
                    _write(fd, block, sparse=sparse)
                    self._signals.advance(len(block))
                if done == piece.size and digest.digest() == piece.sha:
                    return done, so_far
                cause = f"{source.path}: sha256 differs"
            except BadContent as error:
                cause = str(error)
            os.ftruncate(fd, start)
            os.lseek(fd, start, os.SEEK_SET)
        raise BadContent(cause)

    def _blocks(self, source: Source) -> Iterator[memoryview]:
        """The unpacked bytes of a content, block by block, never more than the object says.

        `BadContent` for whatever goes wrong on the way, a bad sector or a closed file as well: the
        same content may stand elsewhere. What fails where it is written is none of this.
        """
        try:
            yield from self._read_blocks(source)
        except FileNotFoundError as error:
            raise BadContent(f"{source.path}: missing") from error
        except OSError as error:
            raise BadContent(f"{source.path}: {error.strerror or error}") from error

    def _read_blocks(self, source: Source) -> Iterator[memoryview]:
        stream = self._held.at(source)
        if source.packing == "deflate":
            yield _inflated(stream.read(min(source.stored, MAX_PACKED)), source)
            return
        left = source.stored
        while left:
            length = stream.readinto(self._view[: min(left, _BLOCK)])
            if not length:
                return
            left -= length
            yield self._view[:length]


class _HeldObject:
    """The object that was read last: many files in a row lie in the same bundle."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._path = ""
        self._stream: Stream | None = None

    def at(self, source: Source) -> Stream:
        """The object where a content begins, ours to keep; OSError."""
        if self._stream is None or source.path != self._path:
            self.close()
            self._stream = self._objects.open(source.path)
            self._path = source.path
        self._stream.seek(source.offset)
        return self._stream

    def close(self) -> None:
        """Let go of the object, so that it can be removed."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _inflated(data: bytes, source: Source) -> memoryview:
    if source.size > MAX_PACKED:
        raise BadContent(f"{source.path}: part too large")
    try:
        return memoryview(inflate(data, source.size))
    except InflateError as error:
        raise BadContent(f"{source.path}: {error}") from error


def _write(fd: int, data: memoryview, *, sparse: bool) -> None:
    if not sparse:
        write_all(fd, data)
        return
    for at in range(0, len(data), _BLOCK):
        block = data[at : at + _BLOCK]
        if block == _ZEROS[: len(block)]:
            os.lseek(fd, len(block), os.SEEK_CUR)
        else:
            write_all(fd, block)


def give_back_facts(
    place: int | bytes,
    *,
    mode: int,
    owner: tuple[int, int] | None,
    xattrs: dict[str, str] | None,
    mtime_ns: int,
) -> tuple[str, ...]:
    """Owner, mode, attributes, time; returns the names of those the target would not take."""
    lost = []
    owned = False
    if owner is not None and hasattr(os, "chown"):
        owned = _try(lambda: os.chown(place, *owner))
        if not owned:
            lost.append("owner")
    if sys.platform != "win32":
        # A set-uid bit may only come back together with its owner.
        bits = mode if owned else mode & 0o1777
        if not _try(lambda: os.chmod(place, bits)):
            lost.append("mode")
    for name, value in (xattrs or {}).items():
        if not _try(lambda name=name, value=value: _set_xattr(place, name, value)):
            lost.append("xattr")
    if not _try(lambda: os.utime(place, ns=(mtime_ns, mtime_ns))):
        lost.append("mtime")
    return tuple(lost)


def _set_xattr(place: int | bytes, name: str, value: str) -> None:
    if sys.platform != "linux" or not name.startswith(KEPT_XATTRS):
        raise OSError(errno.ENOTSUP, "no extended attributes here, or not these")
    os.setxattr(place, percent.decode(name), base64.b64decode(value, validate=True))


def _try(action: object) -> bool:
    try:
        action()  # type: ignore[operator]
    except (OSError, OverflowError, ValueError):
        return False
    return True


def _remove(target: bytes) -> None:
    try:
        os.unlink(target)
    except OSError:
        pass  # it stays as it is and is reported as failed


def _problem(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "full"
    if error.errno == errno.EEXIST:
        return "twice"
    if error.errno in (errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ):
        return "name"
    return "refused"
