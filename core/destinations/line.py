"""How fast we may send into the network now, all together; disks are never asked about."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.clock import Clock
from core.plan.limits import Limits, rate_at

_ACTIVE_SECONDS = 10.0  # a session looks every two seconds


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
