"""How long an event loop stands still: a heartbeat in it, and what the kernel says of waiting.

A machine that is busy with other things makes every program wait for a processor. What a thread
waited so (Linux: schedstat) is taken off, so that a stall is what the program itself did: worked
too long, waited for a lock, or for a disk.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_MS = 5
_LOOK = 0.01


class StallMeter(QObject):
    """Measures from `start` to `stop` in the thread that made it; all in seconds."""

    def __init__(self, limit: float = 0.1) -> None:
        super().__init__()
        self.limit = limit
        self.longest = 0.0
        self.longest_wall = 0.0
        self.beats = 0
        self.stacks: list[str] = []
        self._stat = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._thread = threading.get_ident()
        self._last = (0.0, 0.0)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._last = (time.perf_counter(), self._waited())
        self._timer.start(_BEAT_MS)
        self._watcher.start()

    def stop(self) -> None:
        """End; the last gap counts too."""
        self._beat()
        self._timer.stop()
        self._over.set()
        self._watcher.join()

    def _waited(self) -> float:
        """For how long this thread could have run and was not let."""
        try:
            return int(self._stat.read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def _beat(self) -> None:
        now, waited = time.perf_counter(), self._waited()
        gap = now - self._last[0]
        self.longest_wall = max(self.longest_wall, gap)
        self.longest = max(self.longest, gap - (waited - self._last[1]))
        self._last = (now, waited)
        self.beats += 1

    def _watch(self) -> None:
        """Where the thread stands when it stands long."""
        noted = 0.0
        while not self._over.wait(_LOOK):
            since = self._last[0]
            if time.perf_counter() - since > self.limit and since != noted:
                noted = since
                frame = sys._current_frames().get(self._thread)
                self.stacks.append("".join(traceback.format_stack(frame)[-6:]))
