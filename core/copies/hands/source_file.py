"""A source file as it is read: opening, facts, whether it changed, why it cannot be had."""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import sys
import time

from core.copies.format import percent
from core.copies.hands.batches import Facts, Item, Taken
from core.sources import attributes
from core.sources.folders import Entry

BUFFER = 1024 * 1024
READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
# No others: `security.capability` from a foreign list would be as good as a set-uid bit.
KEPT_XATTRS = ("user.", "system.posix_acl_")
_TICK_NS = 15_000_000


class Skip(Exception):
    """The file cannot be taken; args[0] is the reason."""


def skip_reason(error: OSError) -> str:
    """The list's word for why a file could not be opened or read."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "verschwunden"
    if error.errno in (errno.EACCES, errno.EPERM):
        sharing = getattr(error, "winerror", 0) in (32, 33)
        return "gesperrt" if sharing else "keine_rechte"
    if error.errno in (errno.EBUSY, errno.ETXTBSY):
        return "gesperrt"
    if error.errno in (errno.ELOOP, errno.ENXIO):
        return "sonderdatei"
    return "lesefehler"


class FactsReader:
    """Reads facts of files; stops asking for attributes where the source has none."""

    def __init__(self) -> None:
        self._reads_xattrs = sys.platform == "linux"

    def facts(self, fd: int, info: os.stat_result) -> Facts:
        """What the list keeps of an open file."""
        xattrs = self._xattrs(fd) if self._reads_xattrs else None
        if sys.platform == "linux":  # tells neither of the others
            return Facts(info.st_uid, info.st_gid, info.st_nlink, xattrs, 0, None)
        dos = attributes.kept_bits(attributes.bits_of(info))
        return Facts(info.st_uid, info.st_gid, info.st_nlink, xattrs, dos, born_ns(info))

    def _xattrs(self, fd: int) -> dict[str, str] | None:
        try:
            return read_xattrs(fd)
        except OSError as error:
            if error.errno in (errno.ENOTSUP, errno.ENOSYS):
                self._reads_xattrs = False  # this source has none; do not ask for every file
            return None


def read_xattrs(place: int | bytes) -> dict[str, str] | None:
    """The extended attributes worth keeping, values in base64 (ACLs are among them)."""
    kept: dict[str, str] = {}
    if sys.platform == "linux":
        for name in os.listxattr(place):
            if name.startswith(KEPT_XATTRS):
                with contextlib.suppress(OSError):  # gone meanwhile
                    value = base64.b64encode(os.getxattr(place, name)).decode()
                    kept[percent.encode(os.fsencode(name))] = value
    return kept or None


def read_into(fd: int, view: memoryview) -> int:
    """Fill the front of `view` with the next bytes of a file; 0 at its end."""
    if sys.platform != "win32":
        return os.readv(fd, [view])
    data = os.read(fd, len(view))
    view[: len(data)] = data
    return len(data)


def same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether a file looks untouched between two moments."""
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and (sys.platform == "win32" or before.st_ctime_ns == after.st_ctime_ns)
    )


def is_racy(info: os.stat_result) -> bool:
    """Whether the file changed so lately that one more change may show the same times.

    The kernel's clock for files ticks every 1 to 10 ms (Linux before 6.13, and many drivers since).
    """
    age = time.time_ns() - info.st_ctime_ns  # noqa: TID251 - compared with the file's own times
    return sys.platform != "win32" and 0 <= age < _TICK_NS


def entry_of(name: bytes, info: os.stat_result, size: int, *, changed: bool) -> Entry:
    """The facts by which the next run tells whether the file is unchanged.

    A file that changed less than two seconds ago may change again within the same tick of its
    clock: its change time is then kept as unknown, so that it is read once more (REVIEW A6).
    """
    now = time.time_ns()  # noqa: TID251 - compared with the file system's clock, not with ours
    fresh = changed or now - max(info.st_mtime_ns, info.st_ctime_ns) < 2_000_000_000
    ctime = 0 if fresh else info.st_ctime_ns
    return (name, info.st_mode, size, info.st_mtime_ns, ctime, info.st_ino)


def is_sparse(info: os.stat_result) -> bool:
    """Whether a file has holes worth keeping."""
    blocks = getattr(info, "st_blocks", None)
    return blocks is not None and info.st_size > BUFFER and blocks * 512 < info.st_size - 65536


def born_ns(info: os.stat_result) -> int | None:
    """When a file was created, where the system tells."""
    if sys.platform == "win32":
        return info.st_ctime_ns
    born = getattr(info, "st_birthtime", None)
    return int(born * 1e9) if born is not None else None


def skipped(item: Item, reason: str) -> Taken:
    """The result for a file that could not be taken."""
    return Taken(item.number, reason, None, b"", None, None, False, False, {})
