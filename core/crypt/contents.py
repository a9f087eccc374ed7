"""Contents in an encrypted folder: a header, then blocks of 64 KiB, each sealed by itself.

8 bytes   RCLONE and two zeros
24 bytes  nonce of the first block, random; each further block adds one (little endian)
blocks    16 bytes Poly1305, then up to 64 KiB under XSalsa20
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from io import FileIO
from typing import Protocol

from core.crypt import Damaged
from core.crypt.sodium import NONCE, TAG, open_into, seal_into

BLOCK = 64 * 1024
_MAGIC = b"RCLONE\0\0"
_HEADER = len(_MAGIC) + NONCE
_SEALED_BLOCK = BLOCK + TAG
_AT_ONCE = 4  # blocks: more of them would be memory the system has to make anew each time


class Reads(Protocol):
    """What gives its bytes into a buffer; fewer than fit at any time, none at its end."""

    def readinto(self, room: memoryview, /) -> int | None: ...


def plain_size(sealed: int) -> int | None:
    """The size of what is sealed in so many bytes; None when nothing whole is."""
    whole, rest = divmod(sealed - _HEADER, _SEALED_BLOCK)
    if sealed < _HEADER or 0 < rest <= TAG:
        return None
    return whole * BLOCK + (rest - TAG if rest else 0)


def seal(source: Reads, write: Callable[[memoryview], object], key: bytes) -> None:
    """Write all of `source`, sealed, in pieces of some blocks. Its nonce is new each time.

    A piece is good until `write` returns: the next one comes in the same buffer.
    """
    start = secrets.token_bytes(NONCE)
    write(memoryview(_MAGIC + start))
    number = int.from_bytes(start, "little")
    plain = memoryview(bytearray(BLOCK * _AT_ONCE))
    sealed = memoryview(bytearray(_SEALED_BLOCK * _AT_ONCE))
    while size := _fill(source, plain):
        begin = 0
        for at in range(0, size, BLOCK):
            block = plain[at : min(at + BLOCK, size)]
            end = begin + len(block) + TAG
            seal_into(sealed[begin:end], block, _nonce(number), key)
            begin, number = end, number + 1
        write(sealed[:begin])


def _fill(source: Reads, room: memoryview) -> int:
    """Read until `room` is full or the source at its end; how many bytes came."""
    done = 0
    while done < len(room) and (size := source.readinto(room[done:])):
        done += size
    return done


class SealedFile:
    """What is sealed in an open file, read like any file; `Damaged` where it cannot be opened.

    A file that ends between two blocks is not told from a whole one: sizes stand in the records.
    """

    def __init__(self, source: FileIO, key: bytes) -> None:
        self._source = source
        self._key = key
        header = source.read(_HEADER)
        if len(header) != _HEADER or not header.startswith(_MAGIC):
            raise Damaged
        self._nonce = int.from_bytes(header[len(_MAGIC) :], "little")
        self._read_to = _HEADER
        self._at = 0
        self._begin = 0
        self._opened = memoryview(b"")  # what is opened from `_begin` on
        self._sealed = memoryview(b"")
        self._plain = memoryview(b"")

    def fileno(self) -> int:
        """The descriptor of the sealed file."""
        return self._source.fileno()

    def seek(self, offset: int, /) -> int:
        """Read on from this byte of the content."""
        self._at = offset
        return offset

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes; fewer at the end."""
        begin = self._at - self._begin
        if begin >= 0 and begin + size <= len(self._opened):
            self._at += size
            return bytes(self._opened[begin : begin + size])
        room = bytearray(size)
        length = self.readinto(room)
        return bytes(room) if length == size else bytes(room[:length])

    def readinto(self, view: bytearray | memoryview, /) -> int:
        """Fill `view` with the next bytes; how many they were, fewer at the end."""
        with memoryview(view) as room:
            done = 0
            while done < len(room):
                size = self._copy_or_open(room[done:])
                if not size:
                    break
                done += size
                self._at += size
            return done

    def _copy_or_open(self, room: memoryview) -> int:
        """Put what comes next into `room`: of what is opened already, or whole blocks at once."""
        end = self._begin + len(self._opened)
        if not self._begin <= self._at < end:
            # Whoever wants a little of it wants no more for that. Who goes on wants the next ones;
            # between the contents of a bundle lie a few bytes nobody asks for.
            count = _AT_ONCE if 0 <= self._at - end < BLOCK else 1
            first, within = divmod(self._at, BLOCK)
            if not within and len(room) >= BLOCK:
                size = self._open(first, room[: min(len(room) // BLOCK, _AT_ONCE) * BLOCK])
                self._begin, self._opened = self._at + size, self._opened[:0]
                return size
            if len(self._plain) < BLOCK * count:
                self._plain = memoryview(bytearray(BLOCK * count))
            size = self._open(first, self._plain[: BLOCK * count])
            self._begin, self._opened = first * BLOCK, self._plain[:size]
        piece = self._opened[self._at - self._begin :][: len(room)]
        room[: len(piece)] = piece
        return len(piece)

    def _open(self, first: int, room: memoryview) -> int:
        """Open blocks from the `first` on into `room`, which has room for whole ones; the size."""
        most = len(room) // BLOCK * _SEALED_BLOCK
        if len(self._sealed) < most:
            self._sealed = memoryview(bytearray(most))
        place = _HEADER + first * _SEALED_BLOCK
        if self._read_to != place:
            self._source.seek(place)
        there = _fill(self._source, self._sealed[:most])
        self._read_to = place + there
        done = 0
        for number, at in enumerate(range(0, there, _SEALED_BLOCK)):
            block = self._sealed[at : min(at + _SEALED_BLOCK, there)]
            size = len(block) - TAG
            nonce = _nonce(self._nonce + first + number)
            if size < 0 or not open_into(room[done : done + size], block, nonce, self._key):
                raise Damaged
            done += size
        return done

    def close(self) -> None:
        """Close the sealed file as well."""
        self._source.close()

    def __enter__(self) -> SealedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nonce(number: int) -> bytes:
    return (number & ((1 << 192) - 1)).to_bytes(NONCE, "little")
