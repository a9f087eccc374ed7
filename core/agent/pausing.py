"""Until when to pause: the moments a person is offered, what they may type, what it costs; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from core.agent import due as rules
from core.agent.begin import History, shop_closes
from core.agent.conditions import CopyKey
from core.clock import parse_stamp
from core.errors import Code, KnownError
from core.health.copies import age_limit
from core.plan.kinds import parse_duration, parse_time
from core.plan.model import Plan, Schedule
from core.store.pauses import LONGEST

_MORNING = time(6)
_WRITTEN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?")
_SHORTEST = timedelta(minutes=1)
_MORNING_AHEAD = timedelta(hours=1)


class Choice(StrEnum):
    """The moments that are offered."""

    HOUR = "hour"
    CLOSING = "closing"
    TOMORROW = "tomorrow"


def choices(
    schedule: Schedule, now: datetime, zone: tzinfo | None = None
) -> dict[Choice, datetime]:
    """The moments to choose from; closing time only while the shop is open."""
    found = {Choice.HOUR: now + timedelta(hours=1)}
    closes = shop_closes(schedule, now, zone)
    if closes is not None:
        found[Choice.CLOSING] = closes
    found[Choice.TOMORROW] = _morning(schedule, now, zone)
    return found


def _morning(schedule: Schedule, now: datetime, zone: tzinfo | None) -> datetime:
    """At six, or an hour before an early shop opens: what waited must have time before it does."""
    opens = schedule.opens if schedule.closes is not None else None
    at = _MORNING
    if opens is not None and opens < time(7):
        at = time((opens.hour - 1) % 24, opens.minute)
    return _next(at, now + _MORNING_AHEAD, zone)


def _next(at: time, after: datetime, zone: tzinfo | None) -> datetime:
    """The next time the shop's clock shows this."""
    return rules.next_slot(rules.Rhythm(timedelta(days=1), at), after, zone)


def moment_typed(
    text: str, schedule: Schedule, now: datetime, zone: tzinfo | None = None
) -> datetime:
    """The end of a pause as it is typed: `closing`, `tomorrow`, `18:30`, `24.11. 6:00`.

    A time of day is the next one; a date and time is the shop's. KnownError PAUSE_TIME for anything
    else, for closing time while the shop is not open, for what lies past or more than a week ahead.
    """
    word = text.strip().casefold()
    try:
        if word == Choice.CLOSING:
            closes = shop_closes(schedule, now, zone)
            if closes is None:
                raise KnownError(Code.PAUSE_NOT_OPEN)
            until = closes
        elif word == Choice.TOMORROW:
            until = _morning(schedule, now, zone)
        elif word.endswith("z"):
            until = parse_stamp(text.strip().upper())
        elif len(word) <= len("18:30"):
            until = _next(parse_time(word.zfill(5)), now, zone)
        else:
            day, _, at = word.replace("t", " ").partition(" ")
            until = rules.moment_of(_day(day, now, zone), parse_time(at.zfill(5)), zone)
    except ValueError as error:
        raise KnownError(Code.PAUSE_TIME, text=text) from error
    return _allowed(until, now, text)


def _day(text: str, now: datetime, zone: tzinfo | None) -> date:
    """`2026-11-23`, or as people write it: `23.11.2026`, `23.11.` of the year that is meant."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return date.fromisoformat(text)
    today = now.astimezone(zone).date()
    day, month = int(match[1]), int(match[2])
    if match[3]:
        return date(int(match[3]), month, day)
    found = date(today.year, month, day)
    return found if found >= today else date(today.year + 1, month, day)


def moment_after(text: str, now: datetime) -> datetime:
    """The end of a pause of this length (`2h`, `90m`, `1d`). KnownError PAUSE_TIME."""
    try:
        return _allowed(now + parse_duration(text.strip()), now, text)
    except ValueError as error:
        raise KnownError(Code.PAUSE_TIME, text=text) from error


def _allowed(until: datetime, now: datetime, text: str) -> datetime:
    if not _SHORTEST <= until - now <= LONGEST:
        raise KnownError(Code.PAUSE_TIME, text=text)
    return until.replace(microsecond=0)


def too_old_by_then(
    plan: Plan, histories: Mapping[CopyKey, History], now: datetime, until: datetime
) -> list[tuple[CopyKey, datetime]]:
    """The copies that grow older than the plan allows while the pause lasts, and when."""
    found = []
    for copy in plan.copies:
        past = histories.get((copy.system, copy.destination), History())
        if past.last is None:
            continue
        offline = plan.destination(copy.destination).offline
        end = past.last + age_limit(copy.every, plan.system(copy.system).rpo, offline=offline)
        if now <= end < until:
            found.append(((copy.system, copy.destination), end))
    return found
