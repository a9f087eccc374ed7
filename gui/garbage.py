"""Python's garbage, collected in the window's thread only.

A collection begins in whichever thread happens to make the next object. Widgets and timers that it
finds in a circle would be destroyed there, and Qt's objects only die well in the thread they live
in.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 10_000


class Collector(QObject):
    """Collects now and then, from the thread that made it, for as long as it lives."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(lambda: gc.collect(1))
        self._timer.start(_EVERY_MS)

    def close(self) -> None:
        """Once more, whole; then Python does as it likes again."""
        self._timer.stop()
        gc.collect()
        gc.enable()
