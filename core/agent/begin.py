"""When a due copy may begin by itself: after the PC has settled, spread, outside of shop hours.

Pure: the same history and circumstances always give the same answer, with the moment at which it
is worth asking again. What a person starts, and a disk a person plugs in, asks nobody.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from core.agent import due as rules
from core.agent.due import Due
from core.clock import parse_stamp
from core.plan.limits import Limits, WhenMetered
from core.plan.model import Copy, Destination, Medium, Plan, Schedule
from core.store.home import GOOD, RunRow

SETTLE = timedelta(minutes=2)
"""After start or waking up: the network, the keyring and the person come first."""
_SPREAD_AFTER_START = timedelta(minutes=3)
_SPREAD = timedelta(minutes=10)
_PATIENCE = timedelta(days=1)
_ASK_AGAIN = timedelta(minutes=5)
_FIRST_RETRY = timedelta(minutes=5)
_LONGEST_RETRY = timedelta(hours=4)
_AFTER_CANCEL = timedelta(hours=1)
_FREE_INTERRUPTIONS = 2


class Wait(StrEnum):
    """Why a copy does not begin now."""

    NOTHING = "nothing"  # it begins
    NOT_DUE = "not_due"
    NOT_ATTACHED = "not_attached"
    SETTLING = "settling"
    SPREAD = "spread"
    RETRY = "retry"
    SHOP_OPEN = "shop_open"
    BATTERY = "battery"
    METERED = "metered"
    PAUSED = "paused"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class History:
    """What the recorded runs of a copy say.

    last: when the last good run began. Since then: `failures` in a row, of which the newest ended
    at `tried` as `status` with `code`, and the first began at `failing_since`.
    """

    last: datetime | None = None
    failures: int = 0
    tried: datetime | None = None
    status: str = ""
    code: str = ""
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """The circumstances. battery: percent while on battery, None on mains.

    awake: when this PC, or this process, was last started or woken up. missing: destinations that
    are only attached for their copy and are not. paused: until when a person wants nothing
    to begin by itself (`core.store.pauses`). locked: those that nobody can open now.
    """

    now: datetime
    awake: datetime
    battery: int | None = None
    metered: bool = False
    missing: frozenset[str] = frozenset()
    zone: tzinfo | None = None
    paused: datetime | None = None
    locked: frozenset[str] = frozenset()

    @property
    def is_paused(self) -> bool:
        return self.paused is not None and self.now < self.paused


@dataclass(frozen=True, slots=True)
class Decision:
    """Begin now (`why` is NOTHING), or not before `again`; None when only an event can change it.

    since: when it became due.
    """

    why: Wait
    again: datetime | None = None
    since: datetime | None = None

    @property
    def begins(self) -> bool:
        return self.why is Wait.NOTHING


def history(newest_first: Iterable[RunRow]) -> History:
    """Sum up the runs of one copy; a partial state on the way ends a row of failures, one that is
    going says nothing yet.
    """
    last: datetime | None = None
    failed: list[RunRow] = []
    counting = True
    for row in newest_first:
        if row.status in GOOD:
            last = parse_stamp(row.began)
            break
        counting = counting and row.status != "PARTIAL"
        if counting and row.status != "RUNNING":
            failed.append(row)
    if not failed:
        return History(last)
    newest, first = failed[0], failed[-1]
    return History(
        last,
        len(failed) - _free(failed),
        parse_stamp(newest.ended),
        newest.status,
        newest.code,
        parse_stamp(first.began),
    )


def _free(failed: Sequence[RunRow]) -> int:
    """A PC that was switched off is no reason to wait; a process that dies each time is."""
    number = 0
    for row in failed:
        if row.status != "INTERRUPTED":
            break
        number += 1
    return number if number <= _FREE_INTERRUPTIONS else 0


def decide(plan: Plan, copy: Copy, past: History, around: Around) -> Decision:
    """Whether a copy begins by itself now."""
    rhythm = rules.rhythm_of(plan, copy)
    found = rules.due(rhythm, past.last, around.now, around.zone)
    if found.since is None:
        return Decision(Wait.NOT_DUE, found.next)
    where = plan.destination(copy.destination)
    if where.id in around.missing:
        return Decision(Wait.NOT_ATTACHED, None, found.since)
    if around.is_paused:
        return Decision(Wait.PAUSED, around.paused, found.since)
    if where.id in around.locked:
        return Decision(Wait.LOCKED, None, found.since)
    waits = {
        Wait.SETTLING: around.awake + SETTLE + spread(copy.system, _SPREAD_AFTER_START),
        Wait.RETRY: _retry(copy, past, around.now),
        Wait.SPREAD: found.since + spread(copy.system, min(_SPREAD, copy.every / 20)),
    }
    if past.last is None:
        del waits[Wait.SPREAD]  # nobody waits for the first copy longer than it takes
    why = max(waits, key=lambda one: waits[one])
    if waits[why] > around.now:
        return Decision(why, waits[why], found.since)
    return _permitted(plan.schedule, plan.limits, rhythm, where, past, found, around)


def _permitted(
    schedule: Schedule,
    limits: Limits,
    rhythm: rules.Rhythm,
    where: Destination,
    past: History,
    found: Due,
    around: Around,
) -> Decision:
    """What the merchant said about when."""
    since = found.since or around.now
    patient = past.last is not None and rhythm.is_daily and around.now - since < _PATIENCE
    closes = shop_closes(schedule, around.now, around.zone)
    if patient and closes is not None:
        return Decision(Wait.SHOP_OPEN, min(closes, since + _PATIENCE), since)
    if around.battery is not None and around.battery < limits.battery_least:
        return Decision(Wait.BATTERY, around.now + _ASK_AGAIN, since)
    waits = limits.metered is WhenMetered.WAIT
    if around.metered and waits and where.medium is Medium.CLOUD:
        return Decision(Wait.METERED, around.now + _ASK_AGAIN, since)
    return Decision(Wait.NOTHING, None, since)


def shop_closes(schedule: Schedule, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """When the shop closes that is open now; None while it is closed, or has no hours."""
    opens, closes = schedule.opens, schedule.closes
    if closes is None or opens == closes:
        return None
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    is_open = opens <= at < closes if opens < closes else at >= opens or at < closes
    if not is_open:
        return None
    day = local.date() + timedelta(days=int(at >= closes))
    return rules.moment_of(day, closes, zone)


def _retry(copy: Copy, past: History, now: datetime) -> datetime:
    """When to try again after failures: soon, then ever later, at the most every four hours."""
    if past.tried is None or past.tried > now or not past.failures:
        return now
    if past.status == "HELD":
        return past.tried + _LONGEST_RETRY
    if past.status == "CANCELLED":
        return past.tried + min(_AFTER_CANCEL, copy.every)
    pause = _FIRST_RETRY * (1 << min(past.failures - 1, 8))
    return past.tried + min(pause, _LONGEST_RETRY, max(_FIRST_RETRY, copy.every / 2))


def spread(name: str, most: timedelta) -> timedelta:
    """A pause for this name, always the same, below `most`: not everybody begins at the minute.

    By system, so that its copies still share one scan.
    """
    seconds = int(most.total_seconds())
    return timedelta(seconds=zlib.crc32(name.encode()) % seconds if seconds else 0)


def wants_when_plugged(plan: Plan, copy: Copy, past: History, now: datetime) -> bool:
    """Whether plugging the disk in starts its copy: unless it was made just before.

    Somebody who plugs a disk in wants it copied, also a few days early.
    """
    if past.last is None or past.last > now or past.failures:
        return True
    return now - past.last >= min(timedelta(hours=12), copy.every / 2)
