"""One process works in a home at a time; a second one is told who does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import filelock
import msgspec

from core.clock import Clock, stamp
from core.errors import Code, KnownError
from core.paths import Home, home_failure


class _Owner(msgspec.Struct):
    pid: int
    since: str


@contextlib.contextmanager
def locked(home: Home, clock: Clock) -> Iterator[None]:
    """Hold the home's lock: one process works in a home. KnownError HOME_LOCKED says who does."""
    home.make()
    note = home.state / "lock.json"
    lock = filelock.FileLock(home.lock, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise KnownError(Code.HOME_LOCKED, **_who(note)) from error
    except OSError as error:
        raise home_failure(home.lock, error) from error
    try:
        with contextlib.suppress(OSError):  # only tells a second process who we are
            note.write_bytes(msgspec.json.encode(_Owner(os.getpid(), stamp(clock.now()))))
        yield
    finally:
        lock.release()


def _who(note: Path) -> dict[str, str]:
    try:
        owner = msgspec.json.decode(note.read_bytes(), type=_Owner)
    except (OSError, ValueError):  # no JSON of ours, or not even text
        return {"pid": "?", "since": "?"}
    return {"pid": str(owner.pid), "since": owner.since}
