"""How much of the shop's line and battery backups may take, and when: the table `[limits]`.

The till and the telephone come first while the shop is open. Only what goes out over a network is
limited: disks are not, and what comes back is not either, since restoring comes first (DESIGN §1).
Hours are those of the wall clock, also where it jumps: pure functions, the zone is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_GERMAN = {"di": "tu", "mi": "we", "do": "th", "so": "su"}
HOURS_PATTERN = (
    "(?:mo|tu|we|th|fr|sa|su|di|mi|do|so)(?:-(?:mo|tu|we|th|fr|sa|su|di|mi|do|so))? "
    "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
)
RATE_PATTERN = "unlimited|[1-9][0-9]{0,5}(?:[.,][0-9])? ?(?:kbit|Mbit|Gbit|kB|MB)/s"
_HOURS = re.compile(r"(\w\w)(?:-(\w\w))? (\d\d):(\d\d)-(\d\d):(\d\d)")
_RATE = re.compile(r"([\d.,]+) ?(\w+)/s")
_UNITS = {"kbit": 125, "Mbit": 125_000, "Gbit": 125_000_000, "kB": 1000, "MB": 1_000_000}
_DAY_MINUTES = 24 * 60
_LOOK_AHEAD_DAYS = 9  # a week, and a day at either end for spans beyond midnight and for jumps
_JUMP_GRID = timedelta(minutes=15)
"""All offsets of today's time zones are multiples of it, and so are the moments of their jumps."""


class WhenMetered(StrEnum):
    """What due runs do while the line is paid by its bytes."""

    WAIT = "wait"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Hours:
    """A span that comes every week: on these days (0 is Monday), in minutes from midnight on.

    An end that is not after the start lies on the next day.
    """

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the merchant decided. Rates are bytes a second going out, None for no limit.

    battery_least: below this share of the battery, in percent, due runs over a network wait for
    the mains; 0 never.
    """

    working_hours: tuple[Hours, ...] = ()
    upload: int | None = None
    upload_working_hours: int | None = None
    metered: WhenMetered = WhenMetered.WAIT
    battery_least: int = 30


def parse_hours(text: str) -> Hours:
    """`mo-fr 08:00-18:30`, `sa 09:00-14:00`, `fr 22:00-02:00`; ValueError for others."""
    found = re.fullmatch(HOURS_PATTERN, text.strip().lower()) and _HOURS.fullmatch(
        text.strip().lower()
    )
    if not found:
        raise ValueError(text)
    first = _day(found[1])
    last = _day(found[2]) if found[2] else first
    days = tuple((first + step) % 7 for step in range((last - first) % 7 + 1))
    start, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (3, 5))
    if start >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise ValueError(text)
    return Hours(days, start, end)


def _day(word: str) -> int:
    return DAYS.index(_GERMAN.get(word, word))


def hours_text(hours: Hours) -> str:
    """The way to write a span in the plan."""
    first, last = DAYS[hours.days[0]], DAYS[hours.days[-1]]
    days = first if len(hours.days) == 1 else f"{first}-{last}"
    start, end = (f"{at // 60:02}:{at % 60:02}" for at in (hours.start, hours.end))
    return f"{days} {start}-{end}"


def parse_rate(text: str) -> int | None:
    """Bytes a second of `8 Mbit/s` or `500 kB/s`, None for `unlimited`; ValueError for others."""
    if not re.fullmatch(RATE_PATTERN, text):
        raise ValueError(text)
    found = _RATE.fullmatch(text)
    if not found:
        return None
    return round(float(found[1].replace(",", ".")) * _UNITS[found[2]])


def rate_text(rate: int | None) -> str:
    """The way to write a rate in the plan, '' for no limit; `parse_rate` reads the same again."""
    if rate is None:
        return ""
    for unit in ("Mbit", "kB", "kbit"):
        tenths, rest = divmod(rate * 10, _UNITS[unit])
        if not rest:
            return f"{tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''} {unit}/s"
    return f"{max(1, round(rate / _UNITS['kbit']))} kbit/s"


def is_working(limits: Limits, wall: datetime) -> bool:
    """Whether the wall clock of the shop shows working hours."""
    minute, day = wall.hour * 60 + wall.minute, wall.weekday()
    for span in limits.working_hours:
        if span.start < span.end:
            if day in span.days and span.start <= minute < span.end:
                return True
        elif (day in span.days and minute >= span.start) or (
            (day - 1) % 7 in span.days and minute < span.end
        ):
            return True
    return False


def rate_at(limits: Limits, moment: datetime, zone: tzinfo | None = None) -> int | None:
    """Bytes a second that may go out at a moment; `zone` None is the PC's own."""
    wall = moment.astimezone(zone)
    return limits.upload_working_hours if is_working(limits, wall) else limits.upload


def next_change(limits: Limits, moment: datetime, zone: tzinfo | None = None) -> datetime | None:
    """When `rate_at` next becomes another, in UTC; None where it never does.

    Between these two it is constant, also where clocks jump.
    """
    if not limits.working_hours or limits.upload == limits.upload_working_hours:
        return None
    now = rate_at(limits, moment, zone)
    for candidate in sorted(set(_candidates(limits, moment, zone))):
        if candidate > moment and rate_at(limits, candidate, zone) != now:
            return candidate
    return None


def _candidates(limits: Limits, moment: datetime, zone: tzinfo | None) -> Iterator[datetime]:
    """Moments at which the rate may change: ends of spans as clocks show them, and jumps."""
    today = moment.astimezone(zone).date()
    minutes = {minute for span in limits.working_hours for minute in (span.start, span.end)} | {0}
    for step in range(-1, _LOOK_AHEAD_DAYS):
        day = today + timedelta(days=step)
        for minute in minutes:
            yield from _moments(day, minute, zone)
    start = moment.astimezone(UTC)
    start = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    for number in range(_LOOK_AHEAD_DAYS * 96):
        yield start + number * _JUMP_GRID


def _moments(day: date, minute: int, zone: tzinfo | None) -> Iterator[datetime]:
    """When clocks show a time of a day: twice where they are set back; near it where they skip."""
    wall = datetime.combine(day + timedelta(days=minute // _DAY_MINUTES), time()) + timedelta(
        minutes=minute % _DAY_MINUTES
    )
    for fold in (0, 1):
        yield wall.replace(fold=fold, tzinfo=zone).astimezone(UTC)
