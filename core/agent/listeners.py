"""Telling callers what happens, without ever waiting for one of them."""

from __future__ import annotations

import contextlib
import queue
import threading

from core.agent import wire
from core.agent.wire import Line, Message

_MOST_UNHEARD = 20_000
"""Messages for one caller who does not listen; then we hang up."""


class Mouth:
    """Sends to one caller, in the order of `tell`, from a thread of its own."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._said: queue.Queue[Message | None] = queue.Queue(_MOST_UNHEARD)
        self._deaf = False
        self._thread = threading.Thread(target=self._send, name="agent-mouth", daemon=True)
        self._thread.start()

    @property
    def is_deaf(self) -> bool:
        """Whether nobody can hear us any more."""
        return self._deaf

    def tell(self, message: Message) -> None:
        """Send it soon; nothing happens when nobody listens."""
        if self._deaf:
            return
        try:
            self._said.put_nowait(message)
        except queue.Full:
            self._deaf = True

    def _send(self) -> None:
        while (message := self._said.get()) is not None:
            if self._deaf:
                continue
            try:
                wire.tell(self._line, message)
            except (OSError, ValueError):
                self._deaf = True

    def close(self) -> None:
        """Send what was said, then end; the line stays open."""
        with contextlib.suppress(queue.Full):
            self._said.put_nowait(None)
        self._thread.join(wire.HANDSHAKE_SECONDS)
