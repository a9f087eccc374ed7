"""What is mounted on this PC, and where disks are attached."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_OF_THE_SYSTEM = ("/boot", "/efi", "/snap", "/var/lib", "/nix", "/etc", "/usr")

_JOURNALED = frozenset("ext3 ext4 xfs btrfs f2fs ntfs3 zfs bcachefs".split())


class Mount(NamedTuple):
    """What is mounted: the kernel's name of the file system, where it comes from (`/dev/sdb1`,
    `//nas/laden`, `nas:/laden`), and where it is; '' where that cannot be told.
    """

    kind: str = ""
    source: str = ""
    point: str = ""


def mounts() -> Iterator[Mount]:
    """All mounts of this PC; only Linux tells."""
    try:
        text = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        fields = line.split()
        at = fields.index("-")
        point = fields[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        point = point.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
        yield Mount(fields[at + 1], fields[at + 2], point)


def mount_of(path: str) -> Mount:
    """The mount that holds `path`."""
    real = os.path.realpath(path)
    best = Mount()
    for mount in mounts():
        inside = real == mount.point or real.startswith(mount.point.rstrip("/") + "/")
        if inside and len(mount.point) >= len(best.point):
            best = mount
    return best


def keeps_journal(path: str) -> bool:
    """Whether the file system below `path` is known to mend itself after a disk was pulled out."""
    return mount_of(path).kind in _JOURNALED


def attached() -> list[Path]:
    """Where disks are attached now, those of the system itself left out."""
    if sys.platform == "win32":
        import ctypes

        letters = ctypes.windll.kernel32.GetLogicalDrives()
        return [Path(f"{chr(65 + at)}:\\") for at in range(2, 26) if letters >> at & 1]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").iterdir()) if Path("/Volumes").is_dir() else []
    return [
        Path(mount.point)
        for mount in mounts()
        if mount.source.startswith("/dev/")
        and mount.point != "/"
        and not mount.point.startswith(_OF_THE_SYSTEM)
    ]
