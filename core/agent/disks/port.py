"""Disks that come and go: which are attached, which were just plugged in, what is wrong; a port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.agent.conditions import CopyKey
from core.plan.model import Plan
from core.store.home import Event, HomeStore

DISK_CODES = (
    "disk_stays", "disk_ready", "disk_in_use", "disk_wrong", "disk_foreign", "disk_new",
)  # fmt: skip
"""Events that `Disks.look` may tell."""


@dataclass(frozen=True, slots=True)
class DiskLook:
    """missing: offline destinations that are not attached. plugged: those that just came."""

    missing: frozenset[str]
    plugged: frozenset[str]
    events: list[Event]


class Disks(Protocol):
    """What the agent asks about disks."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a disk may have come or gone, from any thread."""
        ...

    def look(
        self, plan: Plan, store: HomeStore, now: datetime, in_use: frozenset[str] | None
    ) -> DiskLook:
        """What is attached now; main thread only."""
        ...

    def job_ended(self, copies: frozenset[CopyKey], *, good: bool) -> None:
        """A job that may have written to these has ended."""
        ...

    def close(self) -> None: ...
