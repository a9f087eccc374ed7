"""The rclone program: the pinned one that came with us, by full path, never one from PATH."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from core.errors import Code, KnownError

VERSION = "1.75.2"
"""The version our knowledge of rclone was measured with; equals the lock file (a test looks)."""

_NAME = "rclone.exe" if sys.platform == "win32" else "rclone"


def find_rclone() -> Path:
    """The program; KnownError RCLONE_MISSING when it is not there, often put in quarantine."""
    path = _place()
    if path.is_file() and os.access(path, os.X_OK):
        return path
    raise KnownError(Code.RCLONE_MISSING, path=str(path))


def _place() -> Path:
    if getattr(sys, "frozen", False):  # an installed program: beside our own executable
        return Path(sys.executable).resolve().parent / _NAME
    return Path(sysconfig.get_path("scripts")) / _NAME


def check_version(said: str, path: Path) -> None:
    """KnownError RCLONE_VERSION unless rclone calls itself the pinned version, e.g. `v1.75.2`."""
    if said != f"v{VERSION}":
        raise KnownError(Code.RCLONE_VERSION, path=str(path), found=said[:40], wanted=VERSION)
