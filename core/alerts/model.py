"""What has to be told, as plain values: causes, severities, findings; no sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from core.clock import parse_stamp
from core.store.events import EventRow
from core.store.home import Event

Param = str | int


class Severity(StrEnum):
    """How much it matters.

    DANGER: something the shop lives on is not safe now. ACT: a person has to do something soon.
    INFO: worth a line in the weekly summary, nobody is disturbed.
    """

    DANGER = "danger"
    ACT = "act"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return {"info": 0, "act": 1, "danger": 2}[self.value]


class Cause(StrEnum):
    """What happened. What its sentence needs stands behind; texts in `core.texts.alerts`."""

    OVERDUE = "overdue"  # copied, limit (seconds)
    NEVER_COPIED = "never_copied"
    CLOCK_AHEAD = "clock_ahead"
    RUN_FAILED = "run_failed"  # code
    INTERRUPTED = "interrupted"  # runs
    NOTHING_DONE = "nothing_done"
    SKIPPED = "skipped"  # count
    DAMAGED = "damaged"  # count
    HELD = "held"
    READ_BACK_LATE = "read_back_late"  # period (seconds)
    NEVER_READ_BACK = "never_read_back"
    DISK_STAYS = "disk_stays"  # days
    MAIL_FAILS = "mail_fails"  # code
    # What only the background process sees:
    DISK_FOREIGN = "disk_foreign"
    DISK_WRONG = "disk_wrong"
    DISK_NEW = "disk_new"
    DISK_IN_USE = "disk_in_use"
    DISK_TORN_OUT = "disk_torn_out"
    NOBODY_SIGNED_IN = "nobody_signed_in"  # hours
    HOME_UNFIT = "home_unfit"  # what
    SECRETS_LOCKED = "secrets_locked"  # destinations
    PLAN_INVALID = "plan_invalid"
    STORE_BROKEN = "store_broken"
    RUNS_INTERRUPTED = "runs_interrupted"
    # What the rules see of locks in a bucket:
    UNLOCKED = "unlocked"  # code


SEEN_ELSEWHERE = frozenset(
    (
        Cause.DISK_STAYS,
        Cause.DISK_FOREIGN,
        Cause.DISK_WRONG,
        Cause.DISK_NEW,
        Cause.DISK_IN_USE,
        Cause.DISK_TORN_OUT,
        Cause.NOBODY_SIGNED_IN,
        Cause.HOME_UNFIT,
        Cause.SECRETS_LOCKED,
        Cause.PLAN_INVALID,
        Cause.STORE_BROKEN,
        Cause.RUNS_INTERRUPTED,
    )
)
"""What is handed to `Office.collect` by whoever sees it; all else is judged in `rules`."""


class Channel(StrEnum):
    """A way to a person."""

    MAIL = "mail"
    DESKTOP = "desktop"


class Stage(StrEnum):
    """Why somebody is told (again)."""

    FIRST = "first"
    WORSE = "worse"
    REMINDER = "reminder"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is so at this moment; it is the same as long as cause and place are.

    weight: how bad, in whatever the cause counts; twice as bad is told anew.
    """

    cause: Cause
    severity: Severity
    since: datetime
    system: str = ""
    destination: str = ""
    weight: int = 1
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two findings the same."""
        return (str(self.cause), self.system, self.destination)


_SEVERITIES = {"alarm": Severity.DANGER, "warning": Severity.ACT, "info": Severity.INFO}


def seen_elsewhere(rows: Iterable[Event]) -> Iterator[Finding]:
    """The findings for `Office.collect` among what others wrote down.

    What they say of copies is left out: `rules` judge those by the same facts.
    """
    for row in rows:
        if row.code in SEEN_ELSEWHERE:
            yield Finding(
                cause=Cause(row.code),
                severity=_SEVERITIES.get(row.severity, Severity.ACT),
                since=parse_stamp(row.since),
                system=row.system,
                destination=row.destination,
                params=msgspec.json.decode(row.params or "{}", type=dict[str, str | int]),
            )


def key_of(row: EventRow) -> tuple[str, str, str]:
    """The key of the findings a kept event stands for."""
    return (row.code, row.system, row.destination)


class Notice(NamedTuple):
    """One event that somebody is told now, and why."""

    event: EventRow
    stage: Stage
