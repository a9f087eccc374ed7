"""Where the agent can be talked to: a socket (Windows: a named pipe) only its user can find."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path

from core import VERSION
from core.agent import wire
from core.agent.note import SOCKET_FOLDER
from core.agent.wire import HANDSHAKE_SECONDS, Line, Message, NotOurs

_MOST_STRANGERS = 8
"""Handshakes at a time; who comes on top of that is turned away at once."""


class Door:
    """Takes callers in; each one that proves the key is given to `serve` in a thread of its own."""

    def __init__(self, serve: Callable[[Line, Message], None]) -> None:
        self._serve = serve
        self.key = secrets.token_bytes(32)
        self._folder: Path | None = None
        if sys.platform == "win32":
            self.address = rf"\\.\pipe\ladentresor-{secrets.token_hex(16)}"
            self._listener = Listener(self.address, family="AF_PIPE")
        else:
            self._folder = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER))
            self.address = str(self._folder / "s")
            self._listener = Listener(self.address, family="AF_UNIX", backlog=16)
        self._closing = False
        self._strangers = threading.BoundedSemaphore(_MOST_STRANGERS)
        self._lines: set[Line] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._porter = threading.Thread(target=self._watch, name="agent-door", daemon=True)
        self._porter.start()

    def _watch(self) -> None:
        while True:
            try:
                line = self._listener.accept()
            except (OSError, EOFError):
                if self._closing:
                    return
                continue  # a caller that went away in the middle
            if self._closing:
                line.close()
                return
            self._let_in(line)

    def _let_in(self, line: Line) -> None:
        if not self._strangers.acquire(blocking=False):
            line.close()
            return
        thread = threading.Thread(target=self._receive, args=(line,), name="agent-caller")
        thread.daemon = True
        with self._lock:
            self._lines.add(line)
            self._threads.add(thread)
        thread.start()

    def _receive(self, line: Line) -> None:
        try:
            try:
                hello = wire.welcome(line, self.key, {"version": VERSION})
            finally:
                self._strangers.release()
            self._serve(line, hello)
        except (NotOurs, EOFError, OSError, ValueError):
            pass  # gone, or not one of us
        finally:
            line.close()
            with self._lock:
                self._lines.discard(line)
                self._threads.discard(threading.current_thread())

    def close(self) -> None:
        """Let nobody in any more, hang up on everybody."""
        self._closing = True
        with contextlib.suppress(OSError, EOFError, NotOurs, ValueError):
            Client(self.address).close()  # wakes the porter
        self._porter.join(HANDSHAKE_SECONDS)
        with contextlib.suppress(OSError):
            self._listener.close()
        with self._lock:
            lines, threads = tuple(self._lines), tuple(self._threads)
        for line in lines:
            _hang_up(line)
        for thread in threads:
            thread.join(HANDSHAKE_SECONDS + 1)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _hang_up(line: Line) -> None:
    """End a line so that the thread that reads it wakes up; it closes the line itself."""
    if sys.platform == "win32":
        line.close()
        return
    import socket

    with contextlib.suppress(OSError):
        twin = socket.socket(fileno=line.fileno())
        try:
            twin.shutdown(socket.SHUT_RDWR)
        finally:
            twin.detach()
