"""Contents in an encrypted folder: a header, then blocks of 64 KiB, each sealed by itself.

8 bytes   RCLONE and two zeros
24 bytes  nonce of the first block, random; each further block adds one (little endian)
blocks    16 bytes Poly1305, then up to 64 KiB under XSalsa20
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from nacl.bindings.crypto_secretbox import crypto_secretbox_easy, crypto_secretbox_open_easy
from nacl.exceptions import CryptoError

BLOCK = 64 * 1024
_MAGIC = b"RCLONE\0\0"
_NONCE = 24
_HEADER = len(_MAGIC) + _NONCE
_TAG = 16
_SEALED_BLOCK = BLOCK + _TAG
_AT_ONCE = 4  # blocks: more of them would be memory the system has to make anew each time


class Damaged(Exception):
    """Not what was once sealed: cut off, changed, or sealed with another key."""


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


def sealed_size(size: int) -> int:
    """How many bytes a content of `size` takes when it is sealed."""
    whole, rest = divmod(size, BLOCK)
    return _HEADER + whole * _SEALED_BLOCK + (rest + _TAG if rest else 0)


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


def unseal(source: BinaryIO, key: bytes, *, offset: int = 0) -> Iterator[bytes]:
    """What is sealed in a file, from `offset` to its end, in pieces of some blocks; `Damaged`.

    A file that ends between two blocks is not told from a whole one: sizes stand in the records.
    """
    header = source.read(_HEADER)
    if len(header) != _HEADER or not header.startswith(_MAGIC):
        raise Damaged
    first, skip = divmod(offset, BLOCK)
    number = int.from_bytes(header[len(_MAGIC) :], "little") + first
    if first:
        source.seek(_HEADER + first * _SEALED_BLOCK)
    # Whoever wants a little of it wants no more for that.
    at_once = _AT_ONCE if not offset else 1
    while data := source.read(_SEALED_BLOCK * at_once):
        try:
            opened = [
                crypto_secretbox_open_easy(
                    data[at : at + _SEALED_BLOCK], _nonce(number + place), key
                )
                for place, at in enumerate(range(0, len(data), _SEALED_BLOCK))
            ]
        except (CryptoError, ValueError) as error:
            raise Damaged from error
        number += len(opened)
        plain = b"".join(opened)
        yield plain[skip:] if skip else plain
        skip = 0
        at_once = min(at_once * 2, _AT_ONCE)


def _nonce(number: int) -> bytes:
    return (number & ((1 << 192) - 1)).to_bytes(_NONCE, "little")
