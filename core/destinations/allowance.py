"""May a due run use the network now? The merchant's limits against what the PC is like (pure).

Only due runs ask: a person who starts a run has decided. Disks are never asked about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.clock import Clock
from core.errors import Code, KnownError
from core.machine.metered import Metered
from core.machine.power import Power
from core.plan.limits import Limits, WhenMetered, rate_at

_ACTIVE_SECONDS = 10.0  # a session looks every two seconds


def why_wait(limits: Limits, power: Power, metered: Metered) -> Code | None:
    """Why a due run over the network waits now: WAITS_METERED, WAITS_BATTERY, None: it may go."""
    if metered is Metered.YES and limits.metered is WhenMetered.WAIT:
        return Code.WAITS_METERED
    low = power.percent is not None and power.percent < limits.battery_least
    return Code.WAITS_BATTERY if low and not power.mains else None


def check_allowed(limits: Limits, destination: str, power: Power, metered: Metered) -> None:
    """KnownError of `why_wait`."""
    code = why_wait(limits, power, metered)
    if code is Code.WAITS_BATTERY:
        raise KnownError(code, destination=destination, percent=power.percent or 0)
    if code is not None:
        raise KnownError(code, destination=destination)


class Line:
    """The line of the shop, shared by all sessions of this program that are sending just now."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._asked: dict[int, float] = {}
        self._guard = threading.Lock()

    def share(self) -> Callable[[], int | None] | None:
        """What one session asks how fast it may send now; None where there is no limit at all.

        A session asks every few seconds while it sends. Who has not asked for longer takes nothing.
        """
        if self._limits.upload is None and self._limits.upload_working_hours is None:
            return None
        with self._guard:
            number = len(self._asked)
            self._asked[number] = -_ACTIVE_SECONDS
        return lambda: self._rate(number)

    def _rate(self, number: int) -> int | None:
        now = self._clock.monotonic()
        whole = rate_at(self._limits, self._clock.now())
        with self._guard:
            self._asked[number] = now
            sending = sum(now - asked < _ACTIVE_SECONDS for asked in self._asked.values())
        return None if whole is None else max(1, whole // sending)
