"""libsodium's secretbox (XSalsa20, Poly1305) from one buffer into another.

PyNaCl's own functions take and give `bytes`: on its way each byte is copied four times, which took
as long as the cipher. This calls the same compiled functions with the buffers that are there.
"""

from __future__ import annotations

import nacl.bindings  # noqa: F401 - sets libsodium up
from nacl._sodium import ffi, lib

KEY = 32
NONCE = 24
TAG = 16


def seal_into(target: memoryview, plain: memoryview, nonce: bytes, key: bytes) -> None:
    """Seal `plain` into `target`, which has room for exactly that and the tag before it."""
    _judge(target, plain, nonce, key)
    if lib.crypto_secretbox_easy(
        ffi.from_buffer(target, require_writable=True),
        ffi.from_buffer(plain), len(plain), nonce, key,
    ):  # fmt: skip
        raise AssertionError("libsodium could not seal")


def open_into(target: memoryview, sealed: memoryview, nonce: bytes, key: bytes) -> bool:
    """Open what `seal_into` sealed; False, and nothing to rely on in `target`, when it is not."""
    _judge(sealed, target, nonce, key)
    failed = lib.crypto_secretbox_open_easy(
        ffi.from_buffer(target, require_writable=True),
        ffi.from_buffer(sealed), len(sealed), nonce, key,
    )  # fmt: skip
    return not failed


def _judge(sealed: memoryview, plain: memoryview, nonce: bytes, key: bytes) -> None:
    """C takes our word for the lengths."""
    fits = sealed.nbytes == len(sealed) == plain.nbytes + TAG and plain.nbytes == len(plain)
    if not fits or len(nonce) != NONCE or len(key) != KEY:
        raise ValueError("lengths that do not belong together")
