"""Files back out of a copy: read an object, check every byte, create the file anew."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from core.copies.bringing_back.places import Source
from core.copies.format import percent
from core.copies.format.packed import InflateError, inflate
from core.copies.hands.batches import Signals
from core.copies.hands.source_file import KEPT_XATTRS, read_into
from core.destinations.local import EXCLUSIVE, open_plain, write_all
from core.errors import Code, KnownError

_BLOCK = 1024 * 1024
_ZEROS = bytes(_BLOCK)
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


class WriterBack:
    """Brings files back; one per process."""

    def __init__(self, root: str, signals: Signals) -> None:
        self._root = root
        self._signals = signals
        self._view = memoryview(bytearray(_BLOCK))

    def close(self) -> None:
        """Nothing is held open between files."""

    def take(self, batch: OutJob) -> tuple[Outcome, ...]:
        """Bring back every file of the job."""
        return tuple(self._one(file) for file in batch)

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
        whole = hashlib.sha256()
        total = 0
        for piece in file.pieces:
            size, whole = self._piece(fd, total, piece, whole, sparse=file.sparse)
            total += size
        if total != file.size or whole.digest() != file.sha:
            raise BadContent("sha256 differs")
        if file.sparse:
            os.ftruncate(fd, file.size)

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
        fd = open_plain(f"{self._root}/{source.path}")
        try:
            if source.offset:
                os.lseek(fd, source.offset, os.SEEK_SET)
            if source.packing == "deflate":
                yield _inflated(os.read(fd, min(source.stored, MAX_PACKED)), source)
                return
            left = source.stored
            while left:
                length = read_into(fd, self._view[: min(left, _BLOCK)])
                if not length:
                    return
                left -= length
                yield self._view[:length]
        finally:
            os.close(fd)


def _inflated(data: bytes, source: Source) -> memoryview:
    if source.size > MAX_PACKED:
        raise BadContent(f"{source.path}: part too large")
    try:
        return memoryview(inflate(data, source.size))
    except InflateError as error:
        raise BadContent(f"{source.path}: {error}") from error


def _write(fd: int, block: memoryview, *, sparse: bool) -> None:
    if sparse and block == _ZEROS[: len(block)]:
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
