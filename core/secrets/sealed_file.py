"""Secrets in one file, sealed with a passphrase: for PCs without a keyring.

    8  bytes   LTGEHEIM
    1  byte    version of the format: 1
    3  bytes   scrypt: binary logarithm of n; r; p
    16 bytes   scrypt: salt
    12 bytes   AES-GCM: nonce, new with each writing
    …          AES-256-GCM of a JSON object name → value; all bytes above are authenticated with it
    32 bytes   SHA-256 of everything before, in every version: tells damage from a wrong passphrase

The passphrase counts as UTF-8 in NFC.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import unicodedata
from typing import Literal, NamedTuple

import msgspec

from core import own_files
from core.errors import Code, KnownError
from core.paths import Home
from core.secrets import files
from core.secrets.port import check_name, check_value

_MAGIC = b"LTGEHEIM"
_VERSION = 1
_HEAD = struct.Struct(">8s4B16s12s")
_DIGEST = 32


class Cost(NamedTuple):
    """What one guess of the passphrase costs: 128·r·2^log_n bytes of memory, p times."""

    log_n: int
    r: int
    p: int


COST = Cost(16, 8, 2)
"""64 MiB and about half a second; OWASP's advice of 2023 (2^16, 8, 2)."""
_MOST = Cost(20, 8, 4)
"""No file makes us compute for minutes."""


class _Lock(NamedTuple):
    """What makes the key out of the passphrase."""

    cost: Cost
    salt: bytes


class SealedFileStore:
    """Secrets in `geheimnisse.lt`; without the file there are none, and `set` makes it."""

    def __init__(self, home: Home, passphrase: str) -> None:
        self._home = home
        self.path = home.config / "geheimnisse.lt"
        normal = unicodedata.normalize("NFC", passphrase)
        self._passphrase = normal.encode("utf-8", "surrogateescape")
        self._known: tuple[_Lock, bytes] | None = None
        self._deriving: threading.Thread | None = None

    @property
    def kind(self) -> Literal["keyring", "file"]:
        """Where the values lie."""
        return "file"

    def begin(self) -> None:
        """Derive the key of the file while others work; whoever asks for a secret waits for it."""

        def derive() -> None:
            with contextlib.suppress(KnownError):  # whoever asks hears of it
                data = own_files.read(self.path)
                if data is not None:
                    self._derive(self._judge(data)[0])

        self._deriving = threading.Thread(target=derive, name="passphrase", daemon=True)
        self._deriving.start()

    def get(self, name: str) -> str | None:
        """The value, or None; KnownError for a wrong passphrase and a damaged file."""
        check_name(name)
        return self._open()[1].get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a value. A file that cannot be opened is left as it is."""
        check_name(name)
        check_value(name, value)
        with files.alone(self._home):
            lock, values = self._open()
            self._seal(lock, values | {name: value})

    def forget(self, name: str) -> bool:
        """Delete name and value; whether there was one."""
        check_name(name)
        with files.alone(self._home):
            lock, values = self._open()
            if name not in values:
                return False
            del values[name]
            self._seal(lock, values)
        return True

    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(sorted(self._open()[1]))

    def _open(self) -> tuple[_Lock, dict[str, str]]:
        data = own_files.read(self.path)
        if data is None:
            return _Lock(COST, os.urandom(16)), {}
        return self._unseal(data)

    def _unseal(self, data: bytes) -> tuple[_Lock, dict[str, str]]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        lock, nonce = self._judge(data)
        head, sealed = data[: _HEAD.size], data[_HEAD.size : -_DIGEST]
        try:
            plain = AESGCM(self._key(lock)).decrypt(nonce, sealed, head)
        except InvalidTag as error:
            raise KnownError(Code.SECRET_WRONG_PASSPHRASE) from error
        try:
            return lock, msgspec.json.decode(plain, type=dict[str, str])
        except msgspec.DecodeError:  # without `from`: the error may quote what it read
            raise self._damaged() from None

    def _judge(self, data: bytes) -> tuple[_Lock, bytes]:
        """Lock and nonce of a sound file; all this needs no passphrase."""
        body, digest = data[:-_DIGEST], data[-_DIGEST:]
        if len(data) < _HEAD.size + 16 + _DIGEST or hashlib.sha256(body).digest() != digest:
            raise self._damaged()
        magic, version, *cost, salt, nonce = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            raise self._damaged()
        if version > _VERSION:
            raise KnownError(Code.HOME_NEWER, path=str(self.path))
        found = Cost(*cost)
        if not all(1 <= one <= most for one, most in zip(found, _MOST, strict=True)):
            raise self._damaged()
        return _Lock(found, salt), nonce

    def _seal(self, lock: _Lock, values: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(12)
        head = _HEAD.pack(_MAGIC, _VERSION, *lock.cost, lock.salt, nonce)
        body = head + AESGCM(self._key(lock)).encrypt(nonce, msgspec.json.encode(values), head)
        own_files.replace(self.path, body + hashlib.sha256(body).digest())

    def _key(self, lock: _Lock) -> bytes:
        if self._deriving is not None:
            self._deriving.join()
        return self._derive(lock)

    def _derive(self, lock: _Lock) -> bytes:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        if self._known is None or self._known[0] != lock:
            log_n, r, p = lock.cost
            kdf = Scrypt(salt=lock.salt, length=32, n=1 << log_n, r=r, p=p)
            self._known = lock, kdf.derive(self._passphrase)
        return self._known[1]

    def _damaged(self) -> KnownError:
        return KnownError(Code.SECRET_STORE_DAMAGED, path=str(self.path))
