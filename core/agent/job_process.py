"""One job in a process of its own, which dies with the agent.

What it needs to know it hears on stdin: one JSON line (the order), later `cancel`; when that line
ends, the agent has gone, and so does the job. What it says comes as JSON lines on stdout: `o` and
`e` are what belongs on a person's stdout and stderr, `v` is an event for whoever watches. A process
and not a thread: a run that takes memory gives it back, one that crashes takes nobody along.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import msgspec

_END_SECONDS = 20.0


class JobOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a job process is told.

    arguments: what one would type after the program's name. home: config, state and cache of the
    agent. terminal: whether its stderr is one (for the bar). zone: the caller's TZ, '' for ours.
    background: with low priority for processor and disk. The passphrase crosses only this pipe.
    """

    arguments: tuple[str, ...]
    home: tuple[str, str, str]
    cwd: str
    called: str
    passphrase: str
    terminal: bool = False
    zone: str = ""
    background: bool = False


class JobProcess:
    """A running job. `on_frame` gets what it says, `on_end` its exit code; both in its thread."""

    def __init__(
        self,
        command: Sequence[str],
        order: JobOrder,
        on_frame: Callable[[Mapping[str, Any]], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._on_frame = on_frame
        self._on_end = on_end
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **_apart(),
        )
        self._write(msgspec.json.encode(order))
        self._thread = threading.Thread(target=self._follow, name="agent-job", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cancel(self) -> None:
        """Ask it to stop at the next block; what has arrived stays."""
        self._write(b"cancel")

    def end(self) -> None:
        """Cancel it and wait; after twenty seconds by force, which is just as harmless."""
        self.cancel()
        self._thread.join(_END_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _write(self, line: bytes) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(line + b"\n")
                self._process.stdin.flush()

    def _follow(self) -> None:
        out: IO[bytes] | None = self._process.stdout
        for line in out or ():
            try:
                frame = json.loads(line)
            except ValueError:
                continue  # cut off by its death
            if isinstance(frame, dict):
                self._on_frame(frame)
        rc = self._process.wait()
        with self._lock:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        self._on_end(rc)


def _apart() -> dict[str, Any]:
    """Ctrl-C in the agent's terminal is for the agent."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
