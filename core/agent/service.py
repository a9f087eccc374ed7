"""How the background process of a home stands, for whoever shows it: does it run, will it start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.agent import autostart
from core.agent.autostart import Autostart, Start
from core.agent.calling import ask
from core.clock import parse_stamp
from core.errors import Code, KnownError
from core.paths import Home

_PATIENCE = 30.0
_AGAIN = 0.1
_WINDOWS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


class After(StrEnum):
    """Whether copies are made by themselves, also when nobody has the window open."""

    GOES_ON = "goes_on"
    UNTIL_LOGOFF = "until_logoff"
    FROM_LOGON = "from_logon"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Service:
    """runs: it answers. starts: it does so by itself at each logon; place: where that is noted.

    other: it runs, but is of another version than we are. next: when the next copy begins by
    itself, None where nobody knows.
    """

    runs: bool
    starts: bool
    place: str = ""
    other: bool = False
    next: datetime | None = None

    @property
    def after(self) -> After:
        if self.runs:
            return After.GOES_ON if self.starts else After.UNTIL_LOGOFF
        return After.FROM_LOGON if self.starts else After.BY_HAND


def service_of(home: Home, ways: Sequence[Autostart] | None = None) -> Service:
    """How it stands now. Waits up to two seconds for an agent that hangs."""
    other = False
    coming = None
    try:
        answer = ask(home, {"do": "status"})
        runs = answer is not None
        if answer is not None:
            coming = _next_copy(answer["status"]["copies"])
    except KnownError as error:
        if error.code is not Code.AGENT_VERSION:
            raise
        runs = other = True
    way = autostart.installed(autostart.entries() if ways is None else ways)
    return Service(runs, way is not None, way.place if way else "", other, coming)


def _next_copy(copies: Iterable[Mapping[str, Any]]) -> datetime | None:
    """The first moment for which a copy waits; a disk that is missing waits for a person."""
    times = [parse_stamp(str(copy["next"])) for copy in copies if copy["next"]]
    return min(times, default=None)


def start_now(home: Home, start: Start, ways: Sequence[Autostart]) -> bool:
    """Start it, so that it outlives whoever asks; whether it answers.

    Where the system itself starts it at logon, the system does so now: then it also restarts one
    that dies. KnownError AUTOSTART_FAILED when it cannot be started at all.
    """
    way = autostart.installed(ways)
    if way is None or not way.start():
        _detached(start)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if ask(home, {"do": "status"}) is not None:
            return True
        time.sleep(_AGAIN)
    return False


def _detached(start: Start) -> None:
    """A process of its own session, with nothing of ours but its environment."""
    try:
        if sys.platform == "win32":
            try:
                _open(start, _WINDOWS | subprocess.CREATE_BREAKAWAY_FROM_JOB)
            except PermissionError:  # we are in a job of somebody who lets nobody out
                _open(start, _WINDOWS)
        else:
            _open(start, 0)
    except (OSError, RuntimeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise KnownError(Code.AUTOSTART_FAILED, path=start.command[0], cause=cause) from error


def _open(start: Start, flags: int) -> None:
    subprocess.Popen(
        start.command,
        env={**os.environ, **start.environment},
        cwd=Path.home(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=flags,
        start_new_session=True,
    )
