"""What a job tells while it works; command line, agent and window show it as they like."""

from __future__ import annotations

from typing import Literal, Protocol

Phase = Literal[
    "guards", "rebuild", "resume", "scan", "objects", "contents", "list", "record", "index",
    "restore", "verify", "survey", "repack", "delete",
]  # fmt: skip


class Listener(Protocol):
    """Receives progress; must be quick and must not raise."""

    def phase(self, phase: Phase, *, system: str, destination: str) -> None:
        """A step begins."""
        ...

    def progress(self, *, files: int, size: int, current: str) -> None:
        """So many files and bytes are read by now; `current` is being worked on."""
        ...

    def note(self, kind: str, /, **params: str | int) -> None:
        """Something a person should be able to look up later (a skipped file, a rebuilt index)."""
        ...


class Silence:
    """A listener that hears nothing."""

    def phase(self, phase: Phase, *, system: str, destination: str) -> None:
        pass

    def progress(self, *, files: int, size: int, current: str) -> None:
        pass

    def note(self, kind: str, /, **params: str | int) -> None:
        pass
