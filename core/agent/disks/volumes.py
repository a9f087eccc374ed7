"""What the operating system does for disks: tell that one came or went, and let one go.

One class per system behind the port `Volumes`. Nothing here decides.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import string
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from core.machine.mounts import mount_of

_EJECT_SECONDS = 60.0
_POLL_SECONDS = 5.0
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


class Volumes(Protocol):
    """The port."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed`, from a thread of ours, whenever a disk may have come or gone."""
        ...

    def eject(self, path: Path) -> str:
        """Let the disk below a folder go; '' when it may be pulled out now, else why not."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


def system_volumes() -> Volumes:
    """The one of this system."""
    if sys.platform == "linux":
        return LinuxVolumes()
    if sys.platform == "win32":
        return WindowsVolumes()
    return MacVolumes()


def _run(command: Sequence[str]) -> str:
    """Run a tool of the system; '' when it did what it was told, else what it said."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_EJECT_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines()
    return (said[-1] if said else f"{command[0]}: {done.returncode}") if done.returncode else ""


# -- Linux ----------------------------------------------------------------------------------------


class LinuxVolumes:
    """The kernel says when the table of mounts changes; udisks2 lets disks go, else umount."""

    def __init__(self, path: str = _SYSTEM_PATH) -> None:
        self._path = path
        self._reader, self._writer = os.pipe()
        self._thread: threading.Thread | None = None

    def watch(self, changed: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._wait, args=(changed,), name="agent-disks")
        self._thread.daemon = True
        self._thread.start()

    def _wait(self, changed: Callable[[], None]) -> None:
        """Costs nothing until something is mounted or unmounted (proc(5), mountinfo)."""
        if sys.platform == "win32":
            return
        import select

        with open("/proc/self/mountinfo", "rb") as table:  # noqa: PTH123 - held open
            poll = select.poll()
            poll.register(table.fileno(), select.POLLERR | select.POLLPRI)
            poll.register(self._reader, select.POLLIN)
            while True:
                if any(number == self._reader for number, _ in poll.poll()):
                    return
                changed()

    def eject(self, path: Path) -> str:
        device = mount_of(str(path)).source
        if not device:
            return "not mounted"
        udisks = shutil.which("udisksctl", path=self._path)
        if udisks and device.startswith("/dev/"):
            words = [udisks, "unmount", "-b", device, "--no-user-interaction"]
            if not _run(words):
                power = [udisks, "power-off", "-b", device, "--no-user-interaction"]
                _run(power)  # many card readers cannot; unmounted is enough
                return ""
        umount = shutil.which("umount", path=self._path) or "umount"
        return _run([umount, mount_point(path)])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._writer, b"x")
        if self._thread is not None:
            self._thread.join()
        for number in (self._reader, self._writer):
            os.close(number)


def mount_point(path: Path) -> str:
    """The folder at which the disk of `path` is mounted."""
    real = Path(os.path.realpath(path))
    while not os.path.ismount(real) and real != real.parent:
        real = real.parent
    return str(real)


# -- others ---------------------------------------------------------------------------------------


class _Polling:
    """For systems that tell only windows of their own: a look every five seconds costs little."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def _state(self) -> object:
        raise NotImplementedError

    def watch(self, changed: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._wait, args=(changed,), name="agent-disks")
        self._thread.daemon = True
        self._thread.start()

    def _wait(self, changed: Callable[[], None]) -> None:
        before = self._state()
        while not self._end.wait(_POLL_SECONDS):
            now = self._state()
            if now != before:
                before = now
                changed()

    def close(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()


class MacVolumes(_Polling):
    """Disks appear in /Volumes; `diskutil` lets them go."""

    def _state(self) -> object:
        try:
            return sorted(os.listdir("/Volumes"))  # noqa: PTH208 - names only
        except OSError:
            return []

    def eject(self, path: Path) -> str:
        return _run(["/usr/sbin/diskutil", "eject", mount_point(path)])


class WindowsVolumes(_Polling):
    """Drive letters; a volume is locked, dismounted, and its medium let go (DeviceIoControl)."""

    def _state(self) -> object:
        if sys.platform != "win32":
            return 0
        return ctypes.windll.kernel32.GetLogicalDrives()

    def eject(self, path: Path) -> str:
        letter = path.drive[:1].upper()
        if letter not in string.ascii_uppercase or not letter:
            return "no drive letter"
        return _let_go(letter)


_LOCK_VOLUME = 0x00090018
_DISMOUNT_VOLUME = 0x00090020
_MEDIA_REMOVAL = 0x002D4804
_EJECT_MEDIA = 0x002D4808


def _let_go(letter: str) -> str:
    """Lock, dismount, allow removal, eject (Microsoft: "Ejecting removable media")."""
    if sys.platform != "win32":
        return "not Windows"
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateFileW.restype = wintypes.HANDLE
    read_write, shared, existing = 0xC0000000, 3, 3
    handle = kernel.CreateFileW(rf"\\.\{letter}:", read_write, shared, None, existing, 0, None)
    if handle == wintypes.HANDLE(-1).value:
        return str(ctypes.WinError(ctypes.get_last_error()))
    volume = wintypes.HANDLE(handle)
    count = wintypes.DWORD()

    def tell(order: int, data: bytes = b"") -> bool:
        words = (data or None, len(data), None, 0, ctypes.byref(count), None)
        return bool(kernel.DeviceIoControl(volume, order, *words))

    try:
        for order, data in (
            (_LOCK_VOLUME, b""),
            (_DISMOUNT_VOLUME, b""),
            (_MEDIA_REMOVAL, b"\0"),
            (_EJECT_MEDIA, b""),
        ):
            if not tell(order, data) and order != _EJECT_MEDIA:  # fixed USB disks cannot eject
                return str(ctypes.WinError(ctypes.get_last_error()))
    finally:
        kernel.CloseHandle(volume)
    return ""
