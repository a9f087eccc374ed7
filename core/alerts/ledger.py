"""Keeping findings as events: what is new, what has grown worse, what is over. Pure.

An event is one state of the world, from when it was noticed until its cause is gone. The same cause
that comes back within two days is the same event: a destination that comes and goes is one story.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from core.alerts.model import Finding, Severity, key_of
from core.clock import parse_stamp, stamp
from core.store.events import EventRow

COMES_BACK_WITHIN = timedelta(days=2)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FAR_WORSE = 2
"""So many times the weight is told anew: at most a handful of times, however bad it gets."""


@dataclass(slots=True)
class Changes:
    """What to write down: `new` have no number yet."""

    new: list[EventRow] = field(default_factory=list)
    changed: list[EventRow] = field(default_factory=list)


def reconcile(known: Sequence[EventRow], found: Iterable[Finding], now: datetime) -> Changes:
    """Match what is so now with what is known: all open events, and those that ended lately."""
    changes = Changes()
    latest: dict[tuple[str, str, str], EventRow] = {}
    for row in known:
        if not row.ended or _came_back(row, now):
            latest[key_of(row)] = row
    present: dict[tuple[str, str, str], Finding] = {}
    for finding in found:
        # Two of the same kind: the worse one stands for both.
        other = present.get(finding.key)
        if other is None or finding.weight > other.weight:
            present[finding.key] = finding
    for key, finding in present.items():
        before = latest.get(key)
        if before is None:
            changes.new.append(_new(finding, now))
            continue
        after = _carried_on(before, finding, now)
        if after != before:
            changes.changed.append(after)
    for row in latest.values():
        if not row.ended and key_of(row) not in present:
            changes.changed.append(row._replace(ended=stamp(now)))
    return changes


def acknowledged(row: EventRow, now: datetime) -> EventRow:
    """The event after a person said that they know."""
    return row._replace(acked=stamp(now))


def _came_back(row: EventRow, now: datetime) -> bool:
    return abs(now - parse_stamp(row.ended)) <= COMES_BACK_WITHIN


def _new(finding: Finding, now: datetime) -> EventRow:
    return EventRow(
        id=0,
        code=str(finding.cause),
        system=finding.system,
        destination=finding.destination,
        severity=str(finding.severity),
        weight=finding.weight,
        params=_params(finding),
        # A clock that was set back must not make a cause begin in the future, and what a forged
        # copy says of the year 1 not one that no stamp can name.
        since=stamp(max(_EARLIEST, min(finding.since, now))),
        raised=stamp(now),
    )


def _carried_on(row: EventRow, finding: Finding, now: datetime) -> EventRow:
    """The event as it is now; what grew far worse is told anew and no longer acknowledged."""
    graver = finding.severity.rank > Severity(row.severity).rank
    worse = graver or finding.weight >= FAR_WORSE * row.weight
    return row._replace(
        severity=str(finding.severity) if graver else row.severity,
        weight=finding.weight if worse else row.weight,
        params=_params(finding),
        ended="",
        worse=stamp(now) if worse else row.worse,
        acked="" if worse else row.acked,
    )


def _params(finding: Finding) -> str:
    return msgspec.json.encode(dict(finding.params), order="sorted").decode()
