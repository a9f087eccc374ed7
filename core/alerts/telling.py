"""Who is told of what now: pure rules over events, people and what was told before (issue 6).

- Each state is told once: to those responsible, and on the screen. What grows far worse, once more.
- Until somebody says "seen", reminders come after one week, then two, then every four; after that
  only every four.
- The deputy is told what the owner has not acknowledged within `escalate_after`, or at once where
  no owner can be reached.
- Nobody is told anything in quiet hours, nor more than once an hour: what comes in the meantime is
  told together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from core.alerts.model import Cause, Channel, Notice, Severity, Stage
from core.clock import parse_stamp
from core.plan.model import AlertSettings, Person, Plan, Role
from core.store.events import EventRow, Telling

GAP = timedelta(hours=1)
REMINDERS = (timedelta(weeks=1), timedelta(weeks=2), timedelta(weeks=4))
"""After the first telling, after the second, after every further one."""
SCREEN = ""
"""Stands for whoever sits before this PC."""
_AHEAD = timedelta(days=1)
_moment = lru_cache(4096)(parse_stamp)  # the same few hundred each minute


@dataclass(frozen=True, slots=True)
class Message:
    """All that one person is told now by one channel; `person` is None for the screen."""

    person: Person | None
    channel: Channel
    notices: tuple[Notice, ...]


def is_quiet(settings: AlertSettings, local: datetime) -> bool:
    """Whether this is within the quiet hours, which may cross midnight."""
    begin, end = settings.quiet_from, settings.quiet_until
    if begin is None or end is None:
        return False
    now = local.time()
    return begin <= now < end if begin < end else now >= begin or now < end


def responsible(plan: Plan, system: str) -> tuple[list[Person], list[Person]]:
    """Owners and deputies of a system that can be reached by mail; of the shop for ''.

    Who the system names by id is it; where it names nobody we know, all of that role are.
    """
    named = next((one for one in plan.systems if one.id == system), None)
    owners = _chosen(plan, named.owner if named else "", Role.OWNER)
    deputies = _chosen(plan, named.deputy if named else "", Role.DEPUTY)
    return owners, [one for one in deputies if one not in owners]


def _chosen(plan: Plan, named: str, role: Role) -> list[Person]:
    chosen = [one for one in plan.people if one.id == named]
    chosen = chosen or [one for one in plan.people if one.role is role]
    return [one for one in chosen if one.email]


def decide(
    plan: Plan,
    events: Sequence[EventRow],
    told: Iterable[Telling],
    now: datetime,
    local: datetime,
) -> list[Message]:
    """What goes out now; empty in quiet hours. told: in the order it happened."""
    if is_quiet(plan.alerts, local):
        return []
    history: dict[tuple[int, str, str], list[datetime]] = {}
    lately: set[tuple[str, str]] = set()
    for one in told:
        at = _moment(one.at)
        history.setdefault((one.event, one.person, one.channel), []).append(at)
        if timedelta(0) <= now - at < GAP:
            lately.add((one.person, one.channel))
    notices: dict[tuple[str, Channel], list[Notice]] = {}
    for event in events:
        if event.ended or event.severity == Severity.INFO:
            continue
        for person, channel, stage in _of_event(plan, event, history, now):
            notices.setdefault((person, channel), []).append(Notice(event, stage))
    people = {person.id: person for person in plan.people}
    return [
        Message(people.get(person), channel, tuple(_gravest_first(of_person)))
        for (person, channel), of_person in notices.items()
        if (person, str(channel)) not in lately
    ]


_History = Mapping[tuple[int, str, str], list[datetime]]


def _of_event(
    plan: Plan, event: EventRow, history: _History, now: datetime
) -> Iterator[tuple[str, Channel, Stage]]:
    if plan.alerts.desktop:
        stage = _stage(event, history.get((event.id, SCREEN, Channel.DESKTOP), []), now)
        if stage is not None:
            yield SCREEN, Channel.DESKTOP, stage
    if plan.alerts.smtp is None or event.code == Cause.MAIL_FAILS:
        return  # what is wrong with mails is not told by mail
    owners, deputies = responsible(plan, event.system)
    for person in owners:
        stage = _stage(event, history.get((event.id, person.id, Channel.MAIL), []), now)
        if stage is not None:
            yield person.id, Channel.MAIL, stage
    for person in deputies:
        before = history.get((event.id, person.id, Channel.MAIL), [])
        if before:
            stage = _stage(event, before, now)
        elif not owners or _is_left_lying(plan.alerts, event, history, owners, now):
            stage = Stage.ESCALATED
        else:
            stage = None
        if stage is not None:
            yield person.id, Channel.MAIL, stage


def _stage(event: EventRow, before: Sequence[datetime], now: datetime) -> Stage | None:
    """Why somebody who heard of it at these moments is told now, None when they are not."""
    if not before:
        return Stage.FIRST
    last = before[-1]
    if event.worse and _moment(event.worse) > last:
        return Stage.WORSE
    if last > now + _AHEAD:
        return Stage.REMINDER  # told by a clock that went wrong: as if never
    if event.acked:
        return Stage.REMINDER if now - max(last, _past(event.acked, now)) >= REMINDERS[-1] else None
    wait = REMINDERS[min(len(before), len(REMINDERS)) - 1]
    return Stage.REMINDER if now - last >= wait else None


def _is_left_lying(
    settings: AlertSettings,
    event: EventRow,
    history: _History,
    owners: Sequence[Person],
    now: datetime,
) -> bool:
    """Whether an owner was told long enough ago and nobody has said "seen"."""
    if event.acked:
        return False
    firsts = [
        before[0]
        for person in owners
        if (before := history.get((event.id, person.id, Channel.MAIL), []))
    ]
    return any(now - first >= settings.escalate_after for first in firsts)


def _past(text: str, now: datetime) -> datetime:
    return min(_moment(text), now)


def _gravest_first(notices: Iterable[Notice]) -> list[Notice]:
    return sorted(notices, key=lambda one: (-Severity(one.event.severity).rank, one.event.id))
