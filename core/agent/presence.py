"""Whether this PC was on while nobody was signed in, and so nothing was copied.

The agent lives from logon to logoff. It leaves a sign of life now and then; at its next start the
difference tells how long the PC was awake without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from core import own_files
from core.agent.begin import Decision, Wait
from core.agent.conditions import make_event
from core.clock import Clock, parse_stamp, stamp
from core.machine.uptime import Uptime, uptime_now
from core.paths import Home
from core.plan.check import unfit_places
from core.plan.filesystems import file_systems
from core.store.home import Event

WORTH_A_WORD = timedelta(hours=2)
"""Shorter than that, the PC was only waiting for somebody to sign in."""
_SAID_FOR = timedelta(days=7)
_EVERY = timedelta(minutes=10)


class Sign(msgspec.Struct, frozen=True):
    """The last sign of life. boot, awake: as `Uptime`.

    away: seconds of the last absence worth a word, noticed at `noticed` ('' before the first);
    late: whether a copy had become too old by then.
    """

    boot: str
    awake: float
    away: float = 0.0
    noticed: str = ""
    late: bool = False


def absence(last: Sign | None, now: Uptime) -> timedelta:
    """How long the PC was awake since the last sign, or since it was started after that.

    What it was awake between the last sign and its end nobody knows.
    """
    if last is None:
        return timedelta(0)
    is_same_start = last.boot == now.boot and now.awake >= last.awake
    return timedelta(seconds=now.awake - last.awake if is_same_start else now.awake)


class Presence:
    """The signs of life of one home's agent."""

    def __init__(self, home: Home, clock: Clock) -> None:
        """Look at what the last agent left; KnownError HOME_UNUSABLE."""
        self._place = sign_path(home)
        self._clock = clock
        self._began = clock.now()
        self._left = read_sign(home)
        self._away = absence(self._left, uptime_now())
        self._is_judged = self._away < WORTH_A_WORD
        self._written_at: float | None = None

    def judge(self, decisions: Iterable[Decision], *, late: bool) -> None:
        """Once, when it is known what is due: an absence in which nothing was due is none.

        late: whether a copy has become too old.
        """
        if self._is_judged:
            return
        self._is_judged = True
        waits = [one for one in decisions if one.why is not Wait.NOT_ATTACHED]
        if any(one.since is not None and one.since < self._began for one in waits):
            self._write(away=self._away.total_seconds(), noticed=stamp(self._began), late=late)

    def give_sign(self, *, at_once: bool = False) -> None:
        """We live. KnownError HOME_FULL or HOME_UNUSABLE."""
        ticks = self._clock.monotonic()
        is_due = self._written_at is None or ticks - self._written_at >= _EVERY.total_seconds()
        if at_once or is_due:
            self._write()

    def _write(self, **changes: object) -> None:
        now, known = uptime_now(), self._left or Sign("", 0.0)
        self._left = msgspec.structs.replace(known, boot=now.boot, awake=now.awake, **changes)
        own_files.replace(self._place, msgspec.json.encode(self._left))
        self._written_at = self._clock.monotonic()

    def events(self) -> list[Event]:
        """What there is to say of it for a week."""
        return [] if self._left is None else said_of(self._left, self._clock.now())


def said_of(sign: Sign, now: datetime) -> list[Event]:
    """The event of an absence; a warning where a copy had become too old meanwhile."""
    if not sign.noticed:
        return []
    since = parse_stamp(sign.noticed)
    if not timedelta(0) <= now - since < _SAID_FOR:
        return []
    severity = "warning" if sign.late else "info"
    return [make_event("nobody_signed_in", severity, since, hours=round(sign.away / 3600))]


def home_events(home: Home, now: datetime) -> list[Event]:
    """That a home lies on a network drive, or where a sync program carries it away."""
    unfit = unfit_places(home, file_systems(), os.environ)
    found = unfit.network or unfit.synced
    if found is None:
        return []
    place, what = found
    return [make_event("home_unfit", "alarm", now, place=str(place), what=what)]


def sign_path(home: Home) -> Path:
    return home.state / "wach.json"


def read_sign(home: Home) -> Sign | None:
    """What the last agent left; None where there is nothing to read."""
    try:
        return msgspec.json.decode(sign_path(home).read_bytes(), type=Sign)
    except (OSError, ValueError):
        return None
