"""Names of users and groups for the list; numbers mean nothing on another PC."""

from __future__ import annotations

import functools
import os
import sys

from core.copies.format import percent

if sys.platform != "win32":
    import grp
    import pwd

_NOBODY_AT_ALL = 2**32 - 1


@functools.cache
def user_name(uid: int) -> str:
    """The user's name, the number as text when it has none, '' where there are no such owners."""
    if sys.platform != "win32":
        try:
            return percent.encode(os.fsencode(pwd.getpwuid(uid).pw_name))
        except (KeyError, OverflowError):
            return str(uid)
    return ""


@functools.cache
def group_name(gid: int) -> str:
    """The group's name, like `user_name`."""
    if sys.platform != "win32":
        try:
            return percent.encode(os.fsencode(grp.getgrgid(gid).gr_name))
        except (KeyError, OverflowError):
            return str(gid)
    return ""


@functools.lru_cache(1024)  # a list names whom it likes, row by row
def user_number(name: str) -> int | None:
    """The number of a user of this PC, None when there is none of that name."""
    if sys.platform != "win32" and name:
        try:
            plain = os.fsdecode(percent.decode(name))
            return _number(plain) if plain.isdecimal() else pwd.getpwnam(plain).pw_uid
        except (KeyError, ValueError):  # nobody of that name here, or no name at all
            return None
    return None


@functools.lru_cache(1024)
def group_number(name: str) -> int | None:
    """The number of a group of this PC, None when there is none of that name."""
    if sys.platform != "win32" and name:
        try:
            plain = os.fsdecode(percent.decode(name))
            return _number(plain) if plain.isdecimal() else grp.getgrnam(plain).gr_gid
        except (KeyError, ValueError):
            return None
    return None


def _number(text: str) -> int | None:
    """The highest number of all means "leave as it is" to the system: nobody owns by it."""
    number = int(text)
    return number if number < _NOBODY_AT_ALL else None
