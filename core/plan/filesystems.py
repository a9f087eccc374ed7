"""Which folders lie on another computer, asked from the operating system through a small port."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

NETWORK_TYPES = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph davfs fuse.davfs fuse.davfs2 fuse.sshfs "
    "fuse.rclone fuse.rclonefs fuse.glusterfs fuse.gvfsd-fuse fuse.smbnetfs fuse.curlftpfs "
    "fuse.s3fs fuse.ceph fuse.google-drive-ocamlfuse fuse.onedriver".split()
)
"""File system types whose bytes travel over a network (names as in /proc/mounts)."""


class FileSystems(Protocol):
    """What the operating system knows about the disk below a folder."""

    def network(self, path: Path) -> str:
        """Type of the network file system the folder lies on, empty for a disk of this PC.

        Asks nothing of the network and never fails; what cannot be found out counts as local.
        """
        ...


class LinuxFileSystems:
    """Reads the mount table; `table` is handed in by tests."""

    def __init__(self, table: Callable[[], str] | None = None) -> None:
        self._table = _mount_table if table is None else table

    def network(self, path: Path) -> str:
        real = Path(os.path.realpath(path))
        found, depth = "", -1
        for line in self._table().splitlines():
            fields = line.split(" ")
            if len(fields) < 3:
                continue
            point = Path(_unescape(fields[1]))
            # >=: of two mounts on one folder the later one is seen
            if real.is_relative_to(point) and len(point.parts) >= depth:
                found, depth = fields[2], len(point.parts)
        return found if found in NETWORK_TYPES else ""


class WindowsFileSystems:
    """Asks for the type of the drive; `drive_type` is `GetDriveTypeW`, handed in by tests."""

    _REMOTE = 4

    def __init__(self, drive_type: Callable[[str], int] | None = None) -> None:
        self._drive_type = _get_drive_type if drive_type is None else drive_type

    def network(self, path: Path) -> str:
        text = str(path).replace("/", "\\").removeprefix("\\\\?\\")
        if text.startswith(("\\\\", "UNC\\")):
            return "smb"
        drive = re.match(r"[A-Za-z]:", text)
        if drive and self._drive_type(drive.group() + "\\") == self._REMOTE:
            return "smb"
        return ""


class UnknownFileSystems:
    """For systems without a cheap way to ask (macOS so far): everything counts as local."""

    def network(self, path: Path) -> str:
        return ""


def file_systems() -> FileSystems:
    """The port for this PC."""
    if sys.platform == "win32":
        return WindowsFileSystems()
    return LinuxFileSystems() if sys.platform == "linux" else UnknownFileSystems()


def _mount_table() -> str:
    try:
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _unescape(field: str) -> str:
    """`/mnt/my\\040disk` as the kernel writes it → `/mnt/my disk`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), field)


def _get_drive_type(root: str) -> int:
    if sys.platform == "win32":
        return int(ctypes.windll.kernel32.GetDriveTypeW(root))
    raise NotImplementedError(root)
