"""What to do now: per system one order for all copies on this PC, so that they share one scan, and
one for each place in the network, so that a slow line holds nothing else up; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.agent.begin import SETTLE, Around, Decision, History, decide, shop_closes
from core.agent.conditions import CopyKey
from core.clock import parse_stamp
from core.copies.locking import passes
from core.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Order:
    """Copies of one system to make in one pass."""

    system: str
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    """orders: to begin now. again: when to look again, None when nothing waits for a time.

    decisions: on every copy, by system and destination.
    """

    orders: tuple[Order, ...]
    again: datetime | None
    decisions: Mapping[CopyKey, Decision]


def agenda(
    plan: Plan,
    histories: Mapping[CopyKey, History],
    around: Around,
    *,
    busy: frozenset[CopyKey] = frozenset(),
) -> Agenda:
    """Decide on every copy; those that are `busy` are being made."""
    decisions: dict[CopyKey, Decision] = {}
    begin: dict[str, list[str]] = {}
    for copy in plan.copies:
        key = (copy.system, copy.destination)
        if key in busy:
            continue
        decisions[key] = decide(plan, copy, histories.get(key, History()), around)
        if decisions[key].begins:
            begin.setdefault(copy.system, []).append(copy.destination)
    times = [one.again for one in decisions.values() if one.again is not None]
    return Agenda(
        tuple(order for system, ids in begin.items() for order in orders(plan, system, ids)),
        min(times, default=None),
        decisions,
    )


def orders(plan: Plan, system: str, destinations: Iterable[str]) -> list[Order]:
    """One order for each pass over the source that these copies take."""
    return [Order(system, ids) for ids in passes(plan, destinations)]


_READ_EVERY = timedelta(hours=20)


def reading_back_due(
    plan: Plan,
    histories: Mapping[CopyKey, History],
    around: Around,
    read: Mapping[str, str],
) -> list[str]:
    """The destinations that should read what is due to be read: each once a day, not in shop hours.

    read: when each did last, as a stamp. Only where a copy was made since: what is not there now
    would only fail.
    """
    if around.is_paused:
        return []
    if shop_closes(plan.schedule, around.now, around.zone) is not None:
        return []
    if around.battery is not None or around.now < around.awake + SETTLE:
        return []
    found = []
    for where in plan.destinations:
        made = [
            past.last
            for (_, id), past in histories.items()
            if id == where.id and past.last is not None and not past.failures
        ]
        last = parse_stamp(read[where.id]) if where.id in read else None
        if not made or where.id in around.missing | around.locked or around.metered:
            continue
        if last is None or last > around.now or around.now - last >= _READ_EVERY:
            found.append(where.id)
    return found


def made_since(plan: Plan, histories: Mapping[CopyKey, History]) -> dict[str, datetime]:
    """Since when all copies of a destination are good; those of which one is not are left out."""
    found: dict[str, datetime] = {}
    for where in plan.destinations:
        past = [
            histories.get((copy.system, copy.destination), History())
            for copy in plan.copies
            if copy.destination == where.id
        ]
        good = [one.last for one in past if one.last is not None and not one.failures]
        if good and len(good) == len(past):
            found[where.id] = min(good)
    return found
