"""The note an agent leaves in its home: who it is and how to talk to it. Only its user can read it.

Beside it lies a lock that lives exactly as long as the agent: what the note of a dead one says is
never believed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock
import msgspec

from core import own_files
from core.agent import NOTE
from core.clock import Clock, stamp
from core.errors import Code, KnownError
from core.paths import Home, home_failure

SOCKET_FOLDER = "lt-agent-"
"""How the folders of our sockets begin; those of dead agents are removed."""


class Note(msgspec.Struct, frozen=True):
    """pid and since when; address and key of its socket (hex); protocol and program version."""

    pid: int
    since: str
    address: str
    key: str
    protocol: int
    version: str


def note_path(home: Home) -> Path:
    return home.state / NOTE


def read_note(home: Home) -> Note | None:
    """What the last agent of this home wrote; None when there is nothing to read."""
    try:
        return msgspec.json.decode(note_path(home).read_bytes(), type=Note)
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def only_agent(home: Home) -> Iterator[None]:
    """Be the one agent of this home. KnownError AGENT_RUNNING says who is."""
    home.make()
    lock = filelock.FileLock(home.state / "agent.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        found = read_note(home)
        who = (str(found.pid), found.since) if found else ("?", "?")
        raise KnownError(Code.AGENT_RUNNING, pid=who[0], since=who[1]) from error
    except OSError as error:
        raise home_failure(home.state / "agent.lock", error) from error
    try:
        _clear_socket(read_note(home))
        yield
    finally:
        note_path(home).unlink(missing_ok=True)
        lock.release()


def leave_note(
    home: Home, clock: Clock, *, address: str, key: bytes, protocol: int, version: str
) -> None:
    """Write the note whole, or not at all. KnownError HOME_FULL or HOME_UNUSABLE."""
    note = Note(os.getpid(), stamp(clock.now()), address, key.hex(), protocol, version)
    own_files.replace(note_path(home), msgspec.json.encode(note))


def _clear_socket(left: Note | None) -> None:
    """Remove the socket of an agent that was killed."""
    if left is None:
        return
    folder = Path(left.address).parent
    if folder.name.startswith(SOCKET_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
