"""What a person may have to know, as events that last as long as it is so; pure.

Codes and parameters only. Who is told what and when is decided by whoever reads the events.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from core.agent import due as rules
from core.agent.begin import Around, Decision, History, Wait
from core.clock import stamp
from core.errors import Code
from core.health.copies import age_limit
from core.plan.model import Copy, Plan
from core.store.home import Event

COPY_CODES = (
    "copy_overdue", "copy_missing", "copy_failing", "copy_held", "copy_waits", "disk_due",
    "clock_back",
)  # fmt: skip
"""What `copy_conditions` may say."""

CopyKey = tuple[str, str]
_WAITS = (Wait.SHOP_OPEN, Wait.BATTERY, Wait.METERED, Wait.PAUSED)


def make_event(
    code: str,
    severity: str,
    since: datetime,
    *,
    system: str = "",
    destination: str = "",
    **params: str | int,
) -> Event:
    """An event: it lasts as long as it is kept (`keep_events`), or just happened (`add_event`)."""
    said = json.dumps(params, ensure_ascii=False, sort_keys=True)
    return Event(code, severity, system, destination, stamp(since), "", "", said)


def copy_conditions(
    plan: Plan,
    histories: Mapping[CopyKey, History],
    decisions: Mapping[CopyKey, Decision],
    around: Around,
) -> list[Event]:
    """Everything about copies that is so now."""
    found: list[Event] = []
    for copy in plan.copies:
        key = (copy.system, copy.destination)
        past = histories.get(key, History())
        found += _age(plan, copy, past, around.now)
        found += _outcome(copy, past, offline=plan.destination(copy.destination).offline)
        if key in decisions:
            found += _waiting(copy, decisions[key], around)
    return found


def _age(plan: Plan, copy: Copy, past: History, now: datetime) -> Iterator[Event]:
    here = {"system": copy.system, "destination": copy.destination}
    if past.last is None:
        yield make_event("copy_missing", "warning", now, **here)
        return
    if past.last > now + rules.CLOCK_TOLERANCE:
        yield make_event("clock_back", "warning", now, **here, last=stamp(past.last))
        return
    offline = plan.destination(copy.destination).offline
    limit = age_limit(copy.every, plan.system(copy.system).rpo, offline=offline)
    if past.last + limit + _time_to_make(past) < now:
        yield make_event("copy_overdue", "alarm", past.last + limit, **here, last=stamp(past.last))


def _time_to_make(past: History) -> timedelta:
    """A copy made every RPO is older than that while the next one is being made."""
    return timedelta(minutes=15) if not past.failures else timedelta(0)


def _outcome(copy: Copy, past: History, *, offline: bool) -> Iterator[Event]:
    """How the last run ended; that a disk lies in its drawer is no failure."""
    here = {"system": copy.system, "destination": copy.destination}
    if past.failing_since is None:
        return
    if past.status == "HELD":
        yield make_event("copy_held", "warning", past.failing_since, **here)
    elif past.status == "FAILED" and not (offline and past.code == Code.DESTINATION_MISSING):
        since = past.failing_since
        yield make_event("copy_failing", "warning", since, **here, cause=past.code)


def _waiting(copy: Copy, decision: Decision, around: Around) -> Iterator[Event]:
    """A due copy never waits without a word in the records."""
    here = {"system": copy.system, "destination": copy.destination}
    since = decision.since or around.now
    if decision.why is Wait.NOT_ATTACHED:
        yield make_event("disk_due", "info", since, **here)
    elif decision.why in _WAITS:
        yield make_event("copy_waits", "info", since, **here, why=str(decision.why))


def locked_event(plan: Plan, locked: Collection[str], since: datetime) -> list[Event]:
    """What opens these destinations is out of reach until somebody types the passphrase."""
    if not locked:
        return []
    names = ", ".join(where.name for where in plan.destinations if where.id in locked)
    return [make_event("secrets_locked", "warning", since, destinations=names)]
