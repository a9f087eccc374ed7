"""What rclone is told about a storage: a name and options, handed over by environment only.

Names of folders and secrets never stand on a command line (RCLONE.md §1.5, §5). A folder becomes
an `alias` remote, an encrypted folder a `crypt` remote over another one.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.rclone.vocabulary import storage_kinds

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_OPTION = re.compile(r"[a-z0-9][a-z0-9_]*")
_LAYERS = frozenset(("alias", "crypt"))
_SECRET_WORDS = (
    *("pass", "secret", "token", "key_pem", "bearer", "cookie", "sas_url", "credentials"),
    *("api_key", "private_key", "sse_customer_key", "2fa", "otp", "headers", "auth"),
)
_BLOCK = 16

# Public, the same in every rclone (fs/config/obscure): it keeps a password from being read over a
# shoulder and nothing more. rclone wants passwords in this form.
_OBSCURE_KEY = bytes.fromhex("9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638")


@dataclass(frozen=True)
class Remote:
    """A storage as rclone knows it; `options` holds `type`, and passwords already obscured.

    ValueError when name or option names are no plain words: they become names of variables.
    """

    name: str
    options: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("the name of a remote is letters and digits")
        if self.options.get("type") not in storage_kinds():
            raise ValueError("a remote has a type that rclone knows")
        if not all(map(_OPTION.fullmatch, self.options)):
            raise ValueError("the options of a remote are plain words")
        if any("\0" in value for value in self.options.values()):
            raise ValueError("an option may not hold a NUL")

    @property
    def kind(self) -> str:
        """rclone's word for the kind of storage: `webdav`, `s3`, `crypt` …"""
        return self.options["type"]

    def environment(self) -> dict[str, str]:
        """The variables that make this remote known to an rclone process."""
        prefix = f"RCLONE_CONFIG_{self.name.upper()}_"
        return {prefix + key.upper(): value for key, value in self.options.items()}

    def secrets(self) -> list[str]:
        """Values that must show in no message: as they stand here, and with their cover off."""
        values = [value for key, value in self.options.items() if value and is_secret(key)]
        return values + [plain for value in values if (plain := reveal(value))]


def is_secret(option: str) -> bool:
    """Whether an option of this name may hold something secret; rather once too often."""
    return any(word in option for word in _SECRET_WORDS)


def local_remote(name: str, folder: Path) -> Remote:
    """A folder of this PC. An alias, so that its path is on no command line."""
    return Remote(name, {"type": "alias", "remote": str(folder.absolute())})


def folder_remote(name: str, *, over: str) -> Remote:
    """A folder in another remote, e.g. over `basis:laden`, as a remote of its own."""
    return Remote(name, {"type": "alias", "remote": as_folder(over)})


def as_folder(fs: str) -> str:
    """`basis:laden` as `basis:laden/`: without the slash S3 first asks whether it is a file, and
    calls an unreachable server or a wrong key "is a file not a directory" (RCLONE.md §0).
    """
    return fs if fs.endswith((":", "/")) else f"{fs}/"


def crypt_remote(name: str, *, over: str, password: str, salt: str) -> Remote:
    """An encrypted folder in another remote, e.g. over `basis:laden/tresor`.

    The parameters are rclone's defaults, written out: they stand on the recovery sheet. A wrong
    password shows an **empty** folder and no error (RCLONE.md §0): callers must look at a canary.
    """
    return Remote(
        name,
        {
            "type": "crypt",
            "remote": as_folder(over),
            "password": obscure(password),
            "password2": obscure(salt),
            "filename_encryption": "standard",
            "directory_name_encryption": "true",
            "filename_encoding": "base32",
        },
    )


def inline(remote: Remote) -> str:
    """The remote as the beginning of a path, for a session that is running already.

    Two systems in one cloud account share its only session: each lays its own encrypted folder over
    it. It travels over our socket only; tell the session by `Session.keep_quiet` what is secret.
    """
    options = ",".join(
        f"{key}={_quoted(value)}" for key, value in remote.options.items() if key != "type"
    )
    return f":{remote.kind},{options}:"


def _quoted(value: str) -> str:
    """A value of a connection string: in quotes, a quote in it twice. `]` would end our reading."""
    if "]" in value:
        raise ValueError("no ] in an option")
    return '"' + value.replace('"', '""') + '"'


def account(remotes: Sequence[Remote]) -> str:
    """Which account these remotes work with, as a name for files: the same for the same account.

    Layers count for nothing unless nothing lies below them; secrets are left out, since a short
    password could be guessed from its digest.
    """
    lines = sorted(
        f"{key}={value}"
        for remote in _lowest(remotes)
        for key, value in remote.options.items()
        if not is_secret(key)
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _lowest(remotes: Sequence[Remote]) -> list[Remote]:
    """Those that are no layer over another one: storages, and folders of this PC."""
    names = {remote.name.lower() for remote in remotes}
    return [
        remote
        for remote in remotes
        if remote.kind not in _LAYERS
        or (remote.kind == "alias" and remote.options["remote"].split(":")[0].lower() not in names)
    ]


def obscure(secret: str) -> str:
    """The secret in the form rclone wants in its options. No protection, see `_OBSCURE_KEY`."""
    start = os.urandom(_BLOCK)
    covered = start + _turn(secret.encode(), start)
    return base64.urlsafe_b64encode(covered).rstrip(b"=").decode()


def reveal(covered: str) -> str:
    """What `obscure` was given; empty when this is no obscured text."""
    try:
        data = base64.b64decode(covered + "=" * (-len(covered) % 4), b"-_", validate=True)
        return _turn(data[_BLOCK:], data[:_BLOCK]).decode() if len(data) > _BLOCK else ""
    except ValueError:
        return ""


def _turn(data: bytes, start: bytes) -> bytes:
    turning = Cipher(algorithms.AES(_OBSCURE_KEY), modes.CTR(start)).encryptor()
    return turning.update(data) + turning.finalize()
