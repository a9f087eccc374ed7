"""Folders that a sync program carries to a cloud: no place for our own database (DESIGN §3).

A sync program copies a database while it is written and puts old versions back. Recognised by the
names the programs give their folders and by the files they leave there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

_NAMES = (
    ("OneDrive", re.compile(r"onedrive( ?- ?.+)?|skydrive")),
    ("Dropbox", re.compile(r"dropbox( ?[(-].+)?")),
    ("iCloud", re.compile(r"iclouddrive|icloud drive|mobile documents|com~apple~clouddocs")),
    ("Google Drive", re.compile(r"google ?drive( \(.+\))?|my drive|meine ablage")),
    ("Nextcloud", re.compile(r"nextcloud\d*")),
    ("ownCloud", re.compile(r"owncloud\d*")),
    ("MagentaCLOUD", re.compile(r"magentacloud")),
    ("HiDrive", re.compile(r"hidrive")),
    ("CloudStorage", re.compile(r"cloudstorage")),
)
_MARKS = (
    ("Dropbox", ".dropbox.cache"),
    ("Nextcloud", ".nextcloudsync.log"),
    ("ownCloud", ".owncloudsync.log"),
    ("Syncthing", ".stfolder"),
)
_VARIABLES = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")


def sync_service(path: Path, environ: Mapping[str, str]) -> str:
    """Name of the service that syncs this folder, empty when none is recognised. Never fails."""
    for folder in (Path(os.path.realpath(path)), path):
        for part in (folder, *folder.parents):
            for service, name in _NAMES:
                if name.fullmatch(part.name.casefold()):
                    return service
            for service, mark in _MARKS:
                if _exists(part / mark):
                    return service
    return "OneDrive" if _in_onedrive(path, environ) else ""


def _in_onedrive(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether the folder lies where OneDrive says its own folder is (people rename it)."""
    roots = [environ[name] for name in _VARIABLES if environ.get(name)]
    return any(PureWindowsPath(path).is_relative_to(PureWindowsPath(root)) for root in roots)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
