"""The kinds of value a plan key can have, and how their texts are read.

`keys` lists which key is of which kind; `walk` checks a file against it and `schema` publishes it,
so that reader and schema cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people. Control characters are refused: they come from `"C:\\temp"` and such."""

    longest: int = 200
    may_be_empty: bool = True


@dataclass(frozen=True, slots=True)
class Id:
    """A lasting short name; a system's becomes a folder name at every destination."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of something that stands elsewhere in the plan, in `section`."""

    section: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duration:
    """`90m`, `24h`, `1d`, `2w`."""


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both allowed."""

    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class AbsolutePath:
    """A folder with its full path, as this PC writes paths."""

    longest: int = 4096


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; empty only where that means something."""

    item: Kind
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Named values; nothing but the listed keys is allowed."""

    keys: tuple[Key, ...]

    def key(self, name: str) -> Key | None:
        """The key of this name, if the table knows it."""
        return next((key for key in self.keys if key.name == name), None)


@dataclass(frozen=True, slots=True)
class Variants:
    """A table whose `kind` decides about its other keys; `later` are kinds of later versions."""

    default: str
    tables: Mapping[str, Table]
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time on the PC's own clock: `20:00`."""


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address, as it is handed to a mail server."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that begins with http:// or https://."""

    longest: int = 1000


@dataclass(frozen=True, slots=True)
class Host:
    """The name or number of a computer in the net."""


Written = (
    Text
    | Id
    | Reference
    | Choice
    | Duration
    | AbsolutePath
    | TimeOfDay
    | Address
    | WebAddress
    | Host
)
"""Kinds that are written as text in quotes."""

Kind = Written | Flag | Whole | ListOf | Table | Variants


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the plan. `about` is German and stands in the published schema.

    `default` is the value as it would be written, or None where it follows from other keys (`about`
    then says how) or where there is none.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    default: str | int | bool | tuple[str, ...] | None = None


ID_PATTERN = "[a-z0-9][a-z0-9-]{0,40}"
DEVICE_PATTERN = "con|prn|aux|nul|com[0-9]|lpt[0-9]"
DURATION_PATTERN = "[1-9][0-9]{0,5}[mhdw]"
TIME_PATTERN = "([01][0-9]|2[0-3]):[0-5][0-9]"
ADDRESS_PATTERN = (
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@"
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
"""Plain addresses only: what needs quotes or a server with SMTPUTF8 fails at one of them."""
WEB_PATTERN = "https?://[A-Za-z0-9.\\[\\]:-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
HOST_PATTERN = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"

_ID = re.compile(ID_PATTERN)
_DEVICE = re.compile(DEVICE_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
_LONGEST = timedelta(days=36525)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id."""
    return _ID.fullmatch(text) is not None


def is_device_name(text: str) -> bool:
    """Whether Windows takes this folder name for a device (`con`, `lpt1`, …)."""
    return _DEVICE.fullmatch(text.casefold()) is not None


def is_address(text: str) -> bool:
    """Whether the text can be an e-mail address (RFC 5321: at most 254 characters)."""
    return len(text) <= 254 and re.fullmatch(ADDRESS_PATTERN, text) is not None


def is_web_address(text: str) -> bool:
    """Whether the text begins with http:// or https:// and has no password in it."""
    return re.fullmatch(WEB_PATTERN, text) is not None


def is_host(text: str) -> bool:
    """Whether the text can be the name of a computer."""
    return len(text) <= 253 and re.fullmatch(HOST_PATTERN, text) is not None


def parse_time(text: str) -> time:
    """The time of day that `20:00` names; ValueError for others."""
    if not re.fullmatch(TIME_PATTERN, text):
        raise ValueError(text)
    return time.fromisoformat(text)


def parse_duration(text: str) -> timedelta:
    """The time that `90m`, `24h`, `1d` or `2w` names, at most 100 years; ValueError for others."""
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    duration = int(text[:-1]) * _UNITS[text[-1]]
    if duration > _LONGEST:
        raise ValueError(text)
    return duration


def duration_text(duration: timedelta) -> str:
    """The shortest way to write a duration in the plan; whole minutes, at least one."""
    for unit in ("w", "d", "h"):
        if duration >= _UNITS[unit] and not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{max(1, duration // _UNITS['m'])}m"
