"""Contents in an encrypted folder: a header, then blocks of 64 KiB, each sealed by itself.

8 bytes   RCLONE and two zeros
24 bytes  nonce of the first block, random; each further block adds one (little endian)
blocks    16 bytes Poly1305, then up to 64 KiB under XSalsa20
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from io import FileIO
from typing import Protocol

from nacl.bindings.crypto_secretbox import crypto_secretbox_easy, crypto_secretbox_open_easy
from nacl.exceptions import CryptoError

from core.crypt import Damaged

BLOCK = 64 * 1024
_MAGIC = b"RCLONE\0\0"
_NONCE = 24
_HEADER = len(_MAGIC) + _NONCE
_TAG = 16
_SEALED_BLOCK = BLOCK + _TAG
_AT_ONCE = 4  # blocks: more of them would be memory the system has to make anew each time


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


def plain_size(sealed: int) -> int | None:
    """The size of what is sealed in so many bytes; None when nothing whole is."""
    whole, rest = divmod(sealed - _HEADER, _SEALED_BLOCK)
    if sealed < _HEADER or 0 < rest <= _TAG:
        return None
    return whole * BLOCK + (rest - _TAG if rest else 0)


def seal(source: _Reads, key: bytes) -> Iterator[bytes]:
    """All of `source`, sealed, in pieces of some blocks. Its nonce is new each time."""
    nonce = secrets.token_bytes(_NONCE)
    yield _MAGIC + nonce
    number = int.from_bytes(nonce, "little")
    while data := source.read(BLOCK * _AT_ONCE):
        while len(data) % BLOCK and (more := source.read(BLOCK * _AT_ONCE - len(data))):
            data += more
        blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
        yield b"".join(
            crypto_secretbox_easy(block, _nonce(number + at), key)
            for at, block in enumerate(blocks)
        )
        number += len(blocks)


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
        self._opened = memoryview(b"")

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
                piece = self._piece()[: len(room) - done]
                if not piece:
                    break
                room[done : done + len(piece)] = piece
                done += len(piece)
                self._at += len(piece)
            return done

    def _piece(self) -> memoryview:
        """What is opened already, or can be, from here on; empty at the end."""
        end = self._begin + len(self._opened)
        if not self._begin <= self._at < end:
            # Whoever wants a little of it wants no more for that. Who goes on wants the next ones;
            # between the contents of a bundle lie a few bytes nobody asks for.
            goes_on = 0 <= self._at - end < BLOCK
            self._open(self._at // BLOCK, _AT_ONCE if goes_on else 1)
        return self._opened[self._at - self._begin :]

    def _open(self, first: int, count: int) -> None:
        place = _HEADER + first * _SEALED_BLOCK
        if self._read_to != place:
            self._source.seek(place)
        data = self._source.read(_SEALED_BLOCK * count)
        self._read_to = place + len(data)
        try:
            opened = [
                crypto_secretbox_open_easy(
                    data[at : at + _SEALED_BLOCK], _nonce(self._nonce + first + number), self._key
                )
                for number, at in enumerate(range(0, len(data), _SEALED_BLOCK))
            ]
        except (CryptoError, ValueError) as error:
            raise Damaged from error
        self._begin = first * BLOCK
        self._opened = memoryview(b"".join(opened))

    def close(self) -> None:
        """Close the sealed file as well."""
        self._source.close()

    def __enter__(self) -> SealedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nonce(number: int) -> bytes:
    return (number & ((1 << 192) - 1)).to_bytes(_NONCE, "little")
