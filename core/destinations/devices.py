"""Which physical device a folder lies on, as far as the system tells an ordinary user.

Two folders on one disk are one device however many partitions or mounts lie between. Linux tells
the disk below a volume (`/sys/dev/block`), the volume's own lasting name (`/dev/disk/by-uuid`) and
the host of a mounted share. Windows tells the serial number of the volume, which Python gives as
`st_dev`. Elsewhere only what is mounted now can be told apart.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from core.machine.mounts import mount_of
from core.plan.locations import Location, folder_of_pc

_SYSFS = "/sys/dev/block"
_BY_UUID = "/dev/disk/by-uuid"
_SHARE = re.compile(r"//([^/]+)/|(?:[^@/]*@)?(\[[^]]+\]|[^/:]+):")
_SHARES = frozenset("nfs nfs4 cifs smb3 smbfs fuse.sshfs".split())


@dataclass(frozen=True, slots=True)
class Device:
    """A device by two names; '' where it has none.

    now: tells what is connected at this moment apart, and may mean another disk tomorrow.
    lasting: stays with the volume wherever it is plugged in.
    """

    now: str = ""
    lasting: str = ""

    def same(self, other: Device) -> bool:
        """Whether both are known to be one device."""
        return bool(self.now and self.now == other.now) or bool(
            self.lasting and self.lasting == other.lasting
        )


def device_at(location: Location) -> Device:
    """The device a place lies on: in the network its host, which nobody mistakes for another."""
    folder = folder_of_pc(location)
    if folder is not None:
        return device_of(folder)
    host = f"host:{location.host.lower()}" if location.host else ""
    return Device(host, host)


def device_of(path: Path) -> Device:
    """The device below a folder; nameless when the folder is not there."""
    try:
        number = os.stat(path).st_dev
    except (OSError, ValueError):
        return Device()
    if sys.platform == "win32":
        return Device(f"volume:{number:x}", f"volume:{number:x}")
    if sys.platform == "linux":
        return _on_linux(str(path), number)
    return Device(f"dev:{number}")


def _on_linux(path: str, number: int) -> Device:
    if sys.platform == "win32":
        return Device()
    if not os.path.exists(_block(number)):  # a share, or a file system with numbers of its own
        kind, source, _ = mount_of(path)
        share = _SHARE.match(source) if kind in _SHARES else None
        if share:
            return Device(f"host:{(share[1] or share[2]).lower()}", f"share:{source}")
        try:
            number = os.stat(source).st_rdev or number
        except (OSError, ValueError):
            pass
    disk = _disk(os.path.realpath(_block(number))) or f"dev:{number}"
    uuid = _uuid(number)
    return Device(disk, f"uuid:{uuid}" if uuid else "")


def _block(number: int) -> str:
    if sys.platform == "win32":
        return ""
    return f"{_SYSFS}/{os.major(number)}:{os.minor(number)}"


def _disk(place: str) -> str:
    """The disk below a volume: above a partition, below encryption or a logical volume."""
    for _ in range(8):  # layers; more never lie on each other
        if not os.path.isdir(place):
            return ""
        if os.path.exists(f"{place}/partition"):
            place = os.path.dirname(place)
        try:
            below = sorted(os.listdir(f"{place}/slaves"))
        except OSError:
            below = []
        if not below:
            return f"disk:{os.path.basename(place)}"
        place = os.path.realpath(f"{place}/slaves/{below[0]}")
    return ""


def _uuid(number: int) -> str:
    """The lasting name of a volume, '' when it has none or nobody keeps the list."""
    if sys.platform == "win32":
        return ""
    try:
        for name in os.listdir(_BY_UUID):
            if os.stat(f"{_BY_UUID}/{name}").st_rdev == number:
                return name
    except OSError:
        pass
    return ""
