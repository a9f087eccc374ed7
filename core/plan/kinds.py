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
class Matching:
    """A word of a certain form; `mistake` is the code of the problem when it has another."""

    pattern: str
    mistake: str
    longest: int = 200


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
class Rate:
    """`8 Mbit/s`, `500 kB/s`, `unlimited`."""


@dataclass(frozen=True, slots=True)
class WeekHours:
    """`mo-fr 08:00-18:30`."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """`18:30`, on this PC's own clock."""


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


Written = (
    Text | Matching | Id | Reference | Choice | Duration | Rate | WeekHours | TimeOfDay
    | AbsolutePath
)  # fmt: skip
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

HOST = Matching(
    r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]+", "bad_host"
)
"""The name of a device in the network, or its address."""

URL = Matching(r'https?://[^\s/?#@"\\]+(?:/[^\s?#"]*)?', "bad_url", 1000)
"""Without login, query and mark: those would be secrets, or nothing for WebDAV."""

# `..` would leave the place; a backslash is a character of the name on servers, not a folder.
STORAGE_PATH = Matching(r"(?!(?:.*/)?\.\.(?:/|$))[^\\]*", "bad_storage_path", 1000)
"""A folder within a place in the network, with `/`."""

SHARE = Matching(r'[^\\/:*?"<>|]+', "bad_share", 80)
ENDPOINT = Matching(r'(?:https?://)?[^\s/?#@"]+', "bad_endpoint", 1000)
REGION = Matching(r"[a-z0-9-]+", "bad_region", 60)
BUCKET = Matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "bad_bucket", 63)

ACCOUNT = Matching("[a-z0-9][a-z0-9-]{0,39}", "bad_account", 40)
"""The name of a cloud account, as `core.rclone.accounts` has it."""

# A connection string such as `:sftp,ssh="…":` would have rclone run any program; a plan may come
# from a copy that somebody else wrote.
REMOTE = Matching(r"[A-Za-z0-9_.+@][A-Za-z0-9_.+@ -]*", "bad_remote")
"""The name of a remote in rclone's own settings, without the colon."""
ADDRESS = Matching(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@"
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+",
    "wrong_address",
    254,  # RFC 5321
)
"""Plain addresses only: what needs quotes or a server with SMTPUTF8 fails at one of them."""

WEB_ADDRESS = Matching(
    "https?://[A-Za-z0-9.\\[\\]:-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", "wrong_web_address", 1000
)
"""An address that is called, without a login in it."""

_ID = re.compile(ID_PATTERN)
_DEVICE = re.compile(DEVICE_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_TIME = re.compile(TIME_PATTERN)
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


def parse_duration(text: str) -> timedelta:
    """The time that `90m`, `24h`, `1d` or `2w` names, at most 100 years; ValueError for others."""
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    duration = int(text[:-1]) * _UNITS[text[-1]]
    if duration > _LONGEST:
        raise ValueError(text)
    return duration


def parse_time(text: str) -> time:
    """The time of day that `18:30` names; ValueError for others."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time(int(text[:2]), int(text[3:]))


def duration_text(duration: timedelta) -> str:
    """The shortest way to write a duration in the plan; whole minutes, at least one."""
    for unit in ("w", "d", "h"):
        if duration >= _UNITS[unit] and not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{max(1, duration // _UNITS['m'])}m"
