"""What is plugged in and where people keep things, as Qt tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStandardPaths, QStorageInfo

from core.plan.model import Medium
from core.setup import draft as drafts
from core.setup.draft import Place

_FOLDER = "Ladentresor"
_NO_DISKS = frozenset(
    "tmpfs devtmpfs proc sysfs cgroup cgroup2 overlay squashfs devpts mqueue autofs ramfs".split()
)
_SHARES = frozenset("nfs nfs4 cifs smb3 smbfs fuse.sshfs".split())


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk or share that is there now."""

    root: str
    name: str
    medium: Medium
    removable: bool


def own_folders() -> dict[str, str]:
    """The user's own folders, by the words templates call them by."""
    places = QStandardPaths.StandardLocation
    wanted = {
        "documents": places.DocumentsLocation,
        "pictures": places.PicturesLocation,
        "desktop": places.DesktopLocation,
    }
    found = {word: QStandardPaths.writableLocation(one) for word, one in wanted.items()}
    return found | {"home": str(Path.home())}


def volumes() -> list[Volume]:
    """Disks and shares of a person that are there now; the system's own are left out."""
    found = []
    for one in QStorageInfo.mountedVolumes():
        kind = bytes(one.fileSystemType().data()).decode("ascii", "replace")
        root = one.rootPath()
        if not one.isValid() or not one.isReady() or one.isReadOnly() or kind in _NO_DISKS:
            continue
        if root == "/" or root.startswith(("/boot", "/snap", "/proc", "/sys", "/etc", "/run/lock")):
            continue
        share = kind.lower() in _SHARES or root.startswith(("//", "\\\\"))
        name = one.name() or Path(root).name or root
        removable = root.startswith(("/media", "/run/media", "/Volumes"))
        medium = Medium.NAS if share else Medium.DISK
        found.append(Volume(root, name, medium, removable and not share))
    return found


def place_on(volume: Volume) -> Place:
    """The place on a volume, as it is chosen by default."""
    folder = str(Path(volume.root) / _FOLDER)
    made = Place(at=folder, name=volume.name, medium=volume.medium, removable=volume.removable)
    return drafts.carried_away(made, away=False)


def place_in(folder: str) -> Place:
    """A folder a person named."""
    return Place(at=folder, name=Path(folder).name or folder)
