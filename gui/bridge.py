"""The one crossing between other threads and the window (DESIGN §3, STYLE §2).

`Bridge.call` does something slow in a thread of its own and hands the result back to the window's
thread; `Bridge.post` brings a call over from any thread. Nothing else in gui starts threads or
crosses them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

Result = TypeVar("Result")


class Bridge(QObject):
    """Carries calls into the window's thread, in the order in which they were handed over."""

    _handed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._closed = threading.Event()
        self._helpers = ThreadPoolExecutor(2, thread_name_prefix="window-helper")
        self._handed.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], object]) -> None:
        """Have this done in the window's thread, soon; nothing after `close`."""
        if not self._closed.is_set():
            self._handed.emit(call)

    def call(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Do `work` in another thread; then `done` or `failed` in the window's."""

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - told in the window's thread
                caught = error
                self.post(lambda: failed(caught))
            else:
                self.post(lambda: done(result))

        if not self._closed.is_set():
            self._helpers.submit(run)

    @property
    def is_closed(self) -> bool:
        """Whether nobody waits for what is being done any more. May be asked in any thread."""
        return self._closed.is_set()

    def close(self) -> None:
        """No call arrives any more; waits for what is being done."""
        self._closed.set()
        self._helpers.shutdown(wait=True, cancel_futures=True)

    def _take(self, call: object) -> None:
        if not self._closed.is_set() and callable(call):
            call()
