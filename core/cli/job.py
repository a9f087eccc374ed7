"""A job of the agent: the command line in a process of its own, with its output sent as frames.

`core.agent.job_process` is the other end. Whatever a verb prints goes to whoever typed it, byte for
byte as if it had run there; its events go to the agent too.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec

from core.agent.job_process import JobOrder
from core.agent.manners import lower_priority, stay_awake
from core.cli.main import Job, run
from core.paths import Home

_PIECE = 64 * 1024
_LONGEST_EVENT = 256 * 1024


class Frames:
    """Writes frames, from any thread, whole."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def write(self, frame: Mapping[str, Any]) -> None:
        line = json.dumps(frame).encode() + b"\n"  # ASCII: names may be no UTF-8
        with self._lock:
            self._out.write(line)
            self._out.flush()

    def event(self, fields: Mapping[str, Any]) -> None:
        """An event for whoever watches; one that is too long to pass on is left out."""
        if len(json.dumps(fields)) <= _LONGEST_EVENT:
            self.write({"v": fields})


class _Stream(io.TextIOBase):
    """A text stream that becomes frames; says it is a terminal when the caller's is."""

    def __init__(self, frames: Frames, kind: str, *, terminal: bool) -> None:
        self._frames = frames
        self._kind = kind
        self._terminal = terminal
        self._said = ""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self._said += text
        if "\n" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        said, self._said = self._said, ""
        for at in range(0, len(said), _PIECE):
            self._frames.write({self._kind: said[at : at + _PIECE]})


def serve() -> int:
    """Be a job process: hear the order, do it, say everything; the exit code of the verb."""
    # Unbuffered: a thread that waits in a buffer would keep the interpreter from ending.
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    order = msgspec.json.decode(source.readline(), type=JobOrder)
    frames = Frames(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())  # nothing that is started may write between the frames
    os.close(quiet)
    out = _Stream(frames, "o", terminal=False)
    err = _Stream(frames, "e", terminal=order.terminal)
    sys.stdout, sys.stderr = out, err
    stop = threading.Event()
    threading.Thread(target=_obey, args=(source, stop), name="order", daemon=True).start()
    _settle(order)
    home = Home(*(Path(one) for one in order.home))
    job = Job(home, stop, order.called, order.passphrase, frames.event)
    with stay_awake():
        try:
            return run(order.arguments, job=job)
        finally:
            out.flush()
            err.flush()


def _obey(source: IO[bytes], stop: threading.Event) -> None:
    """Cancel when told; when the agent has gone, so have we: the journal knows what has arrived."""
    for line in source:
        if line.strip() == b"cancel":
            stop.set()
    os._exit(1)


def _settle(order: JobOrder) -> None:
    if order.zone and sys.platform != "win32":
        import time

        os.environ["TZ"] = order.zone
        time.tzset()
    if order.cwd:
        with contextlib.suppress(OSError):  # gone meanwhile: relative names will say so
            os.chdir(order.cwd)
    if order.background:
        lower_priority()
