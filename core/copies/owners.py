"""Names of users and groups for the list; numbers mean nothing on another PC."""

from __future__ import annotations

import functools
import sys

if sys.platform != "win32":
    import grp
    import pwd


@functools.cache
def user_name(uid: int) -> str:
    """The user's name, the number as text when it has none, '' where there are no such owners."""
    if sys.platform != "win32":
        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            return str(uid)
    return ""


@functools.cache
def group_name(gid: int) -> str:
    """The group's name, like `user_name`."""
    if sys.platform != "win32":
        try:
            return grp.getgrgid(gid).gr_name
        except (KeyError, OverflowError):
            return str(gid)
    return ""


def user_number(name: str) -> int | None:
    """The number of a user of this PC, None when there is none of that name."""
    if sys.platform != "win32" and name:
        try:
            return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
        except KeyError:
            return None
    return None


def group_number(name: str) -> int | None:
    """The number of a group of this PC, None when there is none of that name."""
    if sys.platform != "win32" and name:
        try:
            return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
        except KeyError:
            return None
    return None
