"""Names in an encrypted folder: each part of a path is one block of AES-256 in EME, as base32.

EME (Halevi and Rogaway, 2003) turns a name as a whole: names that begin alike do not look alike.
The same name always becomes the same text, so that it can be found again.
"""

from __future__ import annotations

import base64
import binascii
import functools

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.crypt.keys import Keys

_BLOCK = 16
_MOST_BLOCKS = 128  # that of EME


class Names:
    """Seals and opens the names of one encrypted folder."""

    def __init__(self, keys: Keys) -> None:
        cipher = Cipher(algorithms.AES(keys.names), modes.ECB())  # noqa: S305 - EME is built of it
        self._seal_blocks = cipher.encryptor().update
        self._open_blocks = cipher.decryptor().update
        self._tweak = _number(keys.tweak)
        self._masks = [_double(_number(self._seal_blocks(bytes(_BLOCK))))]
        # The folders of a path are the same again and again.
        self._seal_name = functools.lru_cache(4096)(self._sealed)

    def seal(self, path: str) -> str:
        """The sealed form of a relative path; '' stays ''."""
        return "/".join(self._seal_name(part) for part in path.split("/")) if path else ""

    def open(self, name: str) -> str | None:
        """What one sealed name means; None when it is none of ours."""
        padded = name.upper() + "=" * (-len(name) % 8)
        try:
            data = base64.b32hexdecode(padded.encode("ascii"))
        except (binascii.Error, ValueError):
            return None
        if not data or len(data) % _BLOCK or len(data) > _MOST_BLOCKS * _BLOCK:
            return None
        plain = self._turn(data, seal=False)
        pad = plain[-1]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
            return None
        try:
            return plain[:-pad].decode("utf-8") or None
        except UnicodeDecodeError:
            return None

    def _sealed(self, name: str) -> str:
        data = name.encode("utf-8")
        pad = _BLOCK - len(data) % _BLOCK
        sealed = self._turn(data + bytes([pad]) * pad, seal=True)
        return base64.b32hexencode(sealed).decode("ascii").rstrip("=").lower()

    def _turn(self, data: bytes, *, seal: bool) -> bytes:
        """EME in both directions; the masks are made by sealing either way."""
        turn = self._seal_blocks if seal else self._open_blocks
        count = len(data) // _BLOCK
        while len(self._masks) < count:
            self._masks.append(_double(self._masks[-1]))
        masks = self._masks[:count]
        first = [
            _number(turn(_bytes(_number(data[at * _BLOCK : (at + 1) * _BLOCK]) ^ mask)))
            for at, mask in enumerate(masks)
        ]
        middle = self._tweak
        for block in first:
            middle ^= block
        turned = _number(turn(_bytes(middle)))
        mask = middle ^ turned
        head = self._tweak ^ turned
        second = [0]
        for block in first[1:]:
            mask = _double(mask)
            second.append(block ^ mask)
            head ^= second[-1]
        second[0] = head
        return b"".join(
            _bytes(_number(turn(_bytes(block))) ^ mask)
            for block, mask in zip(second, masks, strict=True)
        )


def _number(block: bytes) -> int:
    return int.from_bytes(block, "little")


def _bytes(number: int) -> bytes:
    return number.to_bytes(_BLOCK, "little")


def _double(number: int) -> int:
    """Times x in GF(2^128)."""
    doubled = number << 1
    return doubled if doubled >> 128 == 0 else (doubled & ((1 << 128) - 1)) ^ 0x87
