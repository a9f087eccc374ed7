"""The SSH hosts this home has met, and their keys: a `known_hosts` file of our own.

A host is believed at first sight and its key kept; from then on only that key is (trust on first
use). The format is that of OpenSSH, so that a person can look a key up or compare it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from core import own_files
from core.paths import Home
from core.plan.locations import SFTP_PORT

FILE = "known_hosts"


def host_name(host: str, port: int) -> str:
    """A host as OpenSSH writes it: `nas`, or `[nas]:2222` on another port."""
    return host.lower() if port == SFTP_PORT else f"[{host.lower()}]:{port}"


def keys_of(home: Home, host: str, port: int) -> str:
    """The pinned keys of a host as rclone wants them, `type key,type key`; '' when there are none.

    KnownError when the file cannot be read: an unread file must not become a new first sight.
    """
    name = host_name(host, port)
    found = [line.split(None, 1)[1].strip() for line in _lines(home) if line.split()[0] == name]
    return ",".join(found)


def pin(home: Home, host: str, port: int, keys: str) -> None:
    """Keep the keys of a host (as rclone gives them); KnownError when that cannot be."""
    _write(
        home, [*_others(home, host, port), *(f"{host_name(host, port)} {k}" for k in _each(keys))]
    )


def forget(home: Home, host: str, port: int) -> bool:
    """Forget a host's keys; whether there were any."""
    others = _others(home, host, port)
    if len(others) == len(_lines(home)):
        return False
    _write(home, others)
    return True


def fingerprints(keys: str) -> list[str]:
    """How each of these keys is shown to people, as `ssh-keygen -l` does: `SHA256:…`."""
    found = []
    for key in _each(keys):
        try:
            data = base64.b64decode(key.split()[1], validate=True)
        except (binascii.Error, IndexError):
            continue
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        found.append(f"SHA256:{digest}")
    return found


def _each(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",") if key.strip()]


def _others(home: Home, host: str, port: int) -> list[str]:
    name = host_name(host, port)
    return [line for line in _lines(home) if line.split()[0] != name]


def _lines(home: Home) -> list[str]:
    text = (own_files.read(home.state / FILE) or b"").decode("utf-8", "replace")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if len(line.split()) == 3 and not line.startswith("#")]


def _write(home: Home, lines: list[str]) -> None:
    own_files.replace(home.state / FILE, "".join(f"{line}\n" for line in lines).encode())
