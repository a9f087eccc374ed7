"""Disks that come and go: which are attached, which were just plugged in, what is wrong; a port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.plan.model import Plan
from core.store.home import Event, HomeStore

DISK_CODES = (
    "disk_stays", "disk_ready", "disk_in_use", "disk_wrong", "disk_foreign", "disk_new",
    "disk_torn_out",
)  # fmt: skip
"""Events that `Disks.look` may tell."""


@dataclass(frozen=True, slots=True)
class DiskLook:
    """missing: offline destinations that are not attached. plugged: those that just came. to_read:
    those whose copies are made, and should be read back before they go. to_audit: those that came
    back after they were torn out of a job.
    """

    missing: frozenset[str]
    plugged: frozenset[str]
    to_read: frozenset[str]
    to_audit: frozenset[str]
    events: list[Event]


class Disks(Protocol):
    """What the agent asks about disks."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a disk may have come or gone, from any thread."""
        ...

    def look(
        self,
        plan: Plan,
        store: HomeStore,
        now: datetime,
        *,
        made: Mapping[str, datetime],
        in_use: frozenset[str] | None,
    ) -> DiskLook:
        """What is attached now; main thread only.

        made: since when all copies of a destination are good. in_use: where jobs may be writing,
        None for anywhere.
        """
        ...

    def was_read(self, destination: str, *, audit: bool) -> None:
        """What was due to be read there has been read, or all of it looked at (`audit`)."""
        ...

    def close(self) -> None: ...
