"""Who we are to a copy: a writer bound to this home on this machine (DESIGN §5, "Writers").

A cloned disk, a restored virtual machine or a copied home carries the same id but not the same home
and machine: it becomes a reader until a person takes over.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.paths import Home, home_failure


@dataclass(frozen=True, slots=True)
class Writer:
    """id: random, 16 hex digits. at_home: whether home and machine are those that made the id."""

    id: str
    computer: str
    at_home: bool


class _Stored(msgspec.Struct):
    id: str
    bound_to: str


def machine_id() -> str:
    """What tells this machine from another: the system's own id, else the network card's."""
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    for place in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            found = Path(place).read_text().strip()
        except OSError:
            continue
        if found:
            return found
    node = uuid.getnode()
    invented = bool(node >> 40 & 1)  # no card found: Python made the number up, anew each time
    return "" if invented else f"{node:012x}"


def _binding(home: Home, machine: str) -> str:
    state = os.path.realpath(home.state)
    return hashlib.sha256(f"{machine}\n{state}".encode("utf-8", "surrogateescape")).hexdigest()


def find_writer(home: Home, machine: str | None = None) -> Writer:
    """This home's writer, made at first use; `machine` stands in for the machine's id in tests."""
    place = home.state / "schreiber.json"
    bound_to = _binding(home, machine or machine_id())
    try:
        stored = msgspec.json.decode(place.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return new_writer(home, machine)
    except (OSError, ValueError):  # no JSON of ours, or not even text
        return new_writer(home, machine)
    return Writer(stored.id, platform.node() or "?", stored.bound_to == bound_to)


def new_writer(home: Home, machine: str | None = None) -> Writer:
    """A new identity for this home, replacing the one it had (taking over)."""
    place = home.state / "schreiber.json"
    stored = _Stored(secrets.token_hex(8), _binding(home, machine or machine_id()))
    draft = place.with_suffix(".neu")
    try:
        with open(draft, "wb") as file:
            file.write(msgspec.json.encode(stored))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except OSError as error:
        raise home_failure(place, error) from error
    return Writer(stored.id, platform.node() or "?", True)
