"""The keys of an encrypted folder, made of the two lines of its recovery sheet."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

_DATA, _NAMES, _TWEAK = 32, 32, 16


class Keys(NamedTuple):
    """data: of contents (XSalsa20 and Poly1305); names and tweak: of names (AES-256 in EME)."""

    data: bytes
    names: bytes
    tweak: bytes

    def __repr__(self) -> str:
        return "Keys(…)"  # never in a message or a log


def derive(password: str, salt: str) -> Keys:
    """The keys rclone makes of a password and its salt: scrypt, n 2^14, r 8, p 1; 40 ms."""
    made = hashlib.scrypt(
        password.encode(),
        salt=salt.encode(),
        n=1 << 14,
        r=8,
        p=1,
        maxmem=1 << 26,
        dklen=_DATA + _NAMES + _TWEAK,
    )
    return Keys(made[:_DATA], made[_DATA : _DATA + _NAMES], made[_DATA + _NAMES :])
