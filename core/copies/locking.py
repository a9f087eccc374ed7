"""Who works in a home: one process at a time in each lane, or one in all of it.

A lane is a destination, or all destinations of one account (an account has one session at a time).
To a lane belong its copies, their indexes and journals, and the runs noted there. What all share,
the home's database, takes short transactions only. Whoever touches more takes the whole home.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import filelock
import msgspec

from core.clock import Clock, stamp
from core.errors import Code, KnownError
from core.paths import Home, home_failure
from core.plan.locations import AccountLocation, folder_of_pc
from core.plan.model import Destination, Plan

_DOOR = "tuer.lock"
_DOOR_SECONDS = 30.0
_DOOR_POLL = 0.01
_LOCK_SECONDS = 0.05


class _Owner(msgspec.Struct):
    pid: int
    since: str


def lane_of(destination: Destination) -> str:
    """The lane of a destination; no id of a destination has an @ in it."""
    location = destination.location
    if isinstance(location, AccountLocation):
        return f"@{location.account}"
    return destination.id


def passes(plan: Plan, destinations: Iterable[str]) -> list[tuple[str, ...]]:
    """Which of these are written to in one pass over the source: those on this PC together and
    first, each lane in the network by itself, so that a slow line holds no disk up.
    """
    together: dict[str, list[str]] = {"": []}
    for id in destinations:
        where = plan.destination(id)
        is_near = folder_of_pc(where.location) is not None
        together.setdefault("" if is_near else lane_of(where), []).append(id)
    return [tuple(ids) for ids in together.values() if ids]


@contextlib.contextmanager
def locked(home: Home, clock: Clock, lanes: Collection[str] | None = None) -> Iterator[None]:
    """Hold these lanes, without any the whole home. KnownError HOME_LOCKED says who works there.

    A process that dies lets go of all it held.
    """
    home.make()
    wanted = [home.lock] if lanes is None else [_lane_path(home, one) for one in sorted({*lanes})]
    with contextlib.ExitStack() as held:
        with at_the_door(home):
            owner = msgspec.json.encode(_Owner(os.getpid(), stamp(clock.now())))
            for path in wanted:
                lock = _taken(path)
                held.callback(lock.release)
                with contextlib.suppress(OSError):  # only tells a second process who we are
                    _note(path).write_bytes(owner)
            _look_at(_all_lanes(home) if lanes is None else [home.lock])
        yield


@contextlib.contextmanager
def nobody_at(home: Home, lanes: Iterable[str]) -> Iterator[None]:
    """A short moment in which nobody works in these lanes, and nobody can begin to.

    KnownError HOME_LOCKED when somebody does.
    """
    home.make()
    with at_the_door(home):
        _look_at([home.lock, *(_lane_path(home, lane) for lane in lanes)])
        yield


@contextlib.contextmanager
def at_the_door(home: Home) -> Iterator[None]:
    """Be the only one who takes a lock, or makes something that a home has once.

    KnownError HOME_LOCKED when somebody stands there too long.
    """
    door = filelock.FileLock(home.state / _DOOR)
    try:
        door.acquire(timeout=_DOOR_SECONDS, poll_interval=_DOOR_POLL)
    except filelock.Timeout as error:
        raise KnownError(Code.HOME_LOCKED, pid="?", since="?") from error
    except OSError as error:
        raise home_failure(home.state / _DOOR, error) from error
    try:
        yield
    finally:
        door.release()


def is_worked_in(home: Home) -> bool:
    """Whether somebody works anywhere in a home."""
    if not (home.state / _DOOR).exists():
        return False  # nobody ever did
    try:
        with at_the_door(home):
            _look_at([path for path in (home.lock, *_all_lanes(home)) if path.exists()])
    except KnownError:
        return True
    return False


def _look_at(paths: Iterable[Path]) -> None:
    for path in paths:
        _taken(path).release()


def _taken(path: Path) -> filelock.BaseFileLock:
    """The lock, held. KnownError HOME_LOCKED says who has it."""
    lock = filelock.FileLock(path)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Not at once: who lets go also takes the file away, which we may just have opened.
        lock.acquire(timeout=_LOCK_SECONDS, poll_interval=_DOOR_POLL)
    except filelock.Timeout as error:
        raise KnownError(Code.HOME_LOCKED, **_who(_note(path))) from error
    except OSError as error:
        raise home_failure(path, error) from error
    return lock


def _all_lanes(home: Home) -> list[Path]:
    """The locks of all lanes that were ever worked in."""
    return sorted((home.state / "bahnen").glob("*.lock"))


def _lane_path(home: Home, lane: str) -> Path:
    return home.state / "bahnen" / f"{lane}.lock"


def _note(path: Path) -> Path:
    """Where a lock's owner says who it is: `lock.json`, `bahnen/<lane>.json`."""
    return path.with_suffix(".json")


def _who(note: Path) -> dict[str, str]:
    try:
        owner = msgspec.json.decode(note.read_bytes(), type=_Owner)
    except (OSError, ValueError):  # no JSON of ours, or not even text
        return {"pid": "?", "since": "?"}
    return {"pid": str(owner.pid), "since": owner.since}
