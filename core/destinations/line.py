"""How fast we may send into the network now, all together; disks are never asked about."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from core.clock import Clock
from core.plan.limits import Limits, rate_at

_ACTIVE_SECONDS = 10.0  # a session looks every two seconds
_FORGOTTEN_SECONDS = 3600.0


class Line:
    """The line of the shop, shared by all sessions that are sending just now.

    room: a folder in which the processes of a home tell each other how many sessions of theirs
    send; without it there is only this one.
    """

    def __init__(self, limits: Limits, clock: Clock, room: Path | None = None) -> None:
        self._limits = limits
        self._clock = clock
        self._asked: dict[int, float] = {}
        self._guard = threading.Lock()
        self._own = room and room / f"{os.getpid()}-{secrets.token_hex(4)}"

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

    def close(self) -> None:
        """Leave the line to the others."""
        if self._own is not None:
            with contextlib.suppress(OSError):
                self._own.unlink()

    def _rate(self, number: int) -> int | None:
        now = self._clock.monotonic()
        whole = rate_at(self._limits, self._clock.now())
        with self._guard:
            self._asked[number] = now
            sending = sum(now - asked < _ACTIVE_SECONDS for asked in self._asked.values())
            sending += self._elsewhere(sending) if self._own is not None else 0
        return None if whole is None else max(1, whole // sending)

    def _elsewhere(self, sending: int) -> int:
        """How many sessions of other processes send now; they hear of ours.

        Ages are told by the file system's own clock. What cannot be read counts as nobody.
        """
        found = 0
        own = self._own
        if own is None:
            return 0
        try:
            own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            own.write_text(str(sending))
            now = own.stat().st_mtime
            others = [path for path in own.parent.iterdir() if path != own]
        except OSError:
            return 0
        for path in others:
            with contextlib.suppress(OSError, ValueError):
                age = abs(now - path.stat().st_mtime)
                if age < _ACTIVE_SECONDS:
                    found += max(0, int(path.read_text()))
                elif age > _FORGOTTEN_SECONDS:
                    path.unlink()
        return found
