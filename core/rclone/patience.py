"""Trying again after short outages and when a storage asks for time: our own back-off.

rclone tries each request three times within seconds; that is for glitches. This is for a router
that restarts, an hour of "too many requests", ten minutes without a line. Waiting grows, is spread
by chance (else all of a shop's PCs come back at once) and never is shorter than the storage asked.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import Code, KnownError

TRANSIENT = frozenset(
    (
        Code.REMOTE_RATE_LIMITED,
        Code.REMOTE_MAINTENANCE,
        Code.REMOTE_UNREACHABLE,
        Code.REMOTE_OFFLINE,
        Code.REMOTE_TIMED_OUT,
        Code.REMOTE_CUT_OFF,
        Code.REMOTE_LOCKED,
    )
)
"""What passes by itself. A login page is not among them: somebody has to sign in there."""

_ASKED = re.compile(
    r"(?i)(?:retry|try(?:ing)? again)[- ](?:after|in)[:= ]+((?:\d+(?:\.\d+)?[a-z]*)+)"
)
_PART = re.compile(r"(\d+(?:\.\d+)?)([a-z]*)")
_SECONDS = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0, "h": 3600.0, "second": 1.0, "seconds": 1.0}
_TICK = 0.2

_Result = TypeVar("_Result")


SETTING = "LADENTRESOR_PATIENCE"
"""Variable of the environment: how many seconds to go on, for who cannot wait."""


def patience_of(environment: Mapping[str, str]) -> Patience:
    """What the environment says, else the usual fifteen minutes."""
    said = environment.get(SETTING, "")
    return Patience(total=float(said)) if said.isdecimal() else Patience()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on. All in seconds.

    total: so much is waited for one thing before it has failed; more than what a storage asks for
    is never waited. first, longest: the least and the most growing wait.
    """

    total: float = 900.0
    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    now: Callable[[], float] = field(default=time.monotonic, repr=False)
    spread: Callable[[], float] = field(default=random.random, repr=False)

    def wait_for(self, number: int, asked: float | None) -> float:
        """The wait before try `number` (1 is the first repetition).

        Twice as long each time, of which at least half; never less than was asked for, and then
        a little more, so that not all come at the same second.
        """
        grown = min(self.longest, self.first * 2.0 ** min(number - 1, 30))
        wait = grown * (0.5 + 0.5 * self.spread())
        if asked is not None and asked > wait:
            wait = asked + self.first * self.spread()
        return wait

    def until_done(
        self,
        action: Callable[[], _Result],
        *,
        cancelled: Callable[[], bool],
        may_repeat: Callable[[], bool] = lambda: True,
    ) -> _Result:
        """What `action` gives, tried again while it fails for what passes by itself.

        KnownError: its last failure, or CANCELLED.
        """
        ends = self.now() + self.total
        number = 0
        while True:
            try:
                return action()
            except KnownError as error:
                if error.code not in TRANSIENT or not may_repeat():
                    raise
                number += 1
                wait = self.wait_for(number, asked_for(str(error.params.get("cause", ""))))
                if self.now() + wait > ends:
                    raise
                self._wait(wait, cancelled)

    def _wait(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        ends = self.now() + seconds
        while (left := ends - self.now()) > 0:
            if cancelled():
                raise KnownError(Code.CANCELLED)
            self.sleep(min(left, _TICK))


def asked_for(said: str) -> float | None:
    """Seconds a storage asks us to wait, where rclone hands that on (`retry after 1m30s`)."""
    found = _ASKED.search(said)
    if found is None:
        return None
    parts = _PART.findall(found[1])
    if any(unit.lower() not in _SECONDS for _, unit in parts):
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)
