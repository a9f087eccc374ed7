"""Whether a sync program has sent the files of a folder to its cloud, as far as it shows it here.

A port, and one way per program that tells anybody: Nextcloud and ownCloud answer file managers on a
socket, Dropbox has a command on Linux, Windows keeps a state for every file of a Cloud Files
provider (OneDrive, iCloud, Dropbox, Nextcloud with virtual files), macOS marks what lies in the
cloud only. Who tells nothing is not guessed about.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

MOST_FILES = 500
"""So many of the newest files are asked about: what was sent long ago stays sent."""
_PATIENCE = 5.0
_BLOCK = 4096
_IN_SYNC = 0x8  # CF_PLACEHOLDER_STATE_IN_SYNC (cfapi.h)
_IN_ROOT = 0x1 | 0x2 | 0x4  # placeholder, sync root, essential properties present
_DATALESS = 0x40000000  # SF_DATALESS (macOS, sys/stat.h)


class Upload(StrEnum):
    """What is known of a file."""

    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Uploads(Protocol):
    """One way to ask; it never raises and takes seconds at most."""

    def ask(self, paths: Iterable[Path]) -> dict[Path, Upload]:
        """What it says of these files; those it says nothing of are left out."""
        ...


class SocketUploads:
    """Nextcloud's and ownCloud's answers to file managers (their `socketapi`), one line each."""

    _STATES: Mapping[str, Upload] = {
        "OK": Upload.SENT,
        "SYNC": Upload.WAITING,
        "NEW": Upload.WAITING,
        "ERROR": Upload.FAILED,
        "IGNORE": Upload.FAILED,  # excluded there: it will never be sent
    }

    def __init__(self, place: Path) -> None:
        self._place = place

    def ask(self, paths: Iterable[Path]) -> dict[Path, Upload]:
        if sys.platform == "win32":
            return {}  # a named pipe there; Windows' own states tell as much
        wanted = {str(path): path for path in paths if "\n" not in str(path)}
        found: dict[Path, Upload] = {}
        until = time.monotonic() + _PATIENCE
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_PATIENCE)
            line.connect(str(self._place))
            line.sendall("".join(f"RETRIEVE_FILE_STATUS:{path}\n" for path in wanted).encode())
            left = b""
            while len(found) < len(wanted) and time.monotonic() < until:
                block = line.recv(_BLOCK)
                if not block:
                    break
                *lines, left = (left + block).split(b"\n")
                found |= self._told(lines, wanted)
        return {path: state for path, state in found.items() if state is not Upload.UNKNOWN}

    def _told(self, lines: list[bytes], wanted: Mapping[str, Path]) -> dict[Path, Upload]:
        found = {}
        for one in lines:
            kind, _, rest = one.decode("utf-8", "surrogateescape").partition(":")
            state, _, path = rest.partition(":")
            if kind == "STATUS" and path in wanted:
                plain = state.removesuffix("+SWM")  # shared with me
                found[wanted[path]] = self._STATES.get(plain, Upload.UNKNOWN)
        return found


class DropboxUploads:
    """The command `dropbox filestatus`, which Dropbox ships for Linux."""

    def __init__(self, program: str) -> None:
        self._program = program

    def ask(self, paths: Iterable[Path]) -> dict[Path, Upload]:
        found: dict[Path, Upload] = {}
        asked = list(paths)
        try:
            done = subprocess.run(
                [self._program, "filestatus", *map(str, asked)],
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=_PATIENCE * 4,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return found
        said = dict(line.rsplit(":", 1) for line in done.stdout.split("\n") if ":" in line)
        for path in asked:
            state = said.get(str(path), "").strip()
            if state in ("up to date", "syncing"):
                found[path] = Upload.SENT if state == "up to date" else Upload.WAITING
        return found


class WindowsUploads:
    """What Windows knows of a Cloud Files provider's files, by attributes and reparse tag."""

    def ask(self, paths: Iterable[Path]) -> dict[Path, Upload]:
        if sys.platform != "win32":
            return {}
        import ctypes

        try:
            state_of = ctypes.WinDLL("cldapi").CfGetPlaceholderStateFromAttributeTag
        except OSError:
            return {}  # before Windows 10 1709
        state_of.argtypes, state_of.restype = (ctypes.c_uint32, ctypes.c_uint32), ctypes.c_uint32
        found = {}
        for path in paths:
            with contextlib.suppress(OSError):
                info = path.lstat()
                found[path] = of_placeholder(
                    int(state_of(info.st_file_attributes, info.st_reparse_tag))
                )
        # A folder no provider looks after has plain files only: then nothing was said.
        return found if Upload.SENT in found.values() else {}


def of_placeholder(state: int) -> Upload:
    """What a `CF_PLACEHOLDER_STATE` means: a file that was never sent is no placeholder yet."""
    if state & _IN_SYNC and state & _IN_ROOT:
        return Upload.SENT
    return Upload.WAITING


class MacUploads:
    """macOS: what lies in the cloud only was sent; of all else no ordinary program is told."""

    def ask(self, paths: Iterable[Path]) -> dict[Path, Upload]:
        found = {}
        for path in paths:
            with contextlib.suppress(OSError):
                if getattr(path.lstat(), "st_flags", 0) & _DATALESS:
                    found[path] = Upload.SENT
                continue
            if path.with_name(f".{path.name}.icloud").exists():  # up to macOS 13
                found[path] = Upload.SENT
        return found


def uploads_of(service: str, environ: Mapping[str, str]) -> Uploads | None:
    """Who is to be asked about the folder of a service (`plan.syncfolders`); None: nobody."""
    if sys.platform == "win32":
        return WindowsUploads()
    if service in ("Nextcloud", "ownCloud"):
        runtime = environ.get("XDG_RUNTIME_DIR", "")
        return SocketUploads(Path(runtime) / service / "socket") if runtime else None
    if service == "Dropbox" and (program := shutil.which("dropbox", path=environ.get("PATH"))):
        return DropboxUploads(program)
    return MacUploads() if sys.platform == "darwin" else None


def newest_files(folder: Path, most: int = MOST_FILES) -> list[Path]:
    """The newest files below a folder, the newest first; what cannot be looked at is left out."""
    found: list[tuple[float, Path]] = []
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            with contextlib.suppress(OSError):
                found.append((path.lstat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)[:most]]
