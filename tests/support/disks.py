"""Real disks for tests: full, read-only, pulled out, or just not there.

A fake file system would only fail in the ways its author thought of. These are loop devices with
the real drivers (kernel ext4, ntfs-3g, exfat-fuse), mounted below a temporary folder whose name
holds our process number: whatever a killed test run leaves behind, the next one clears away.
"""

import errno
import fcntl
import functools
import os
import re
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from ctypes.util import find_library
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

from tests.support.mounts import detach_loop, is_mounted, run_tool, tool, unmount, work_folder

MIB = 1 << 20
Kind = Literal["tmpfs", "ext4", "ntfs", "exfat"]

_CAP_SYS_ADMIN = 21
_EXT4_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_FLUSH_LOG, _NO_LOG_FLUSH = struct.pack("I", 0), struct.pack("I", 2)

_MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-m0", "-I", "256"],  # 256: times in nanoseconds, to 2446
    "ntfs": ["mkfs.ntfs", "-q", "-F", "-Q"],
    "exfat": ["mkfs.exfat"],
}
# In the foreground, so that the driver is our child: its number is known and can be killed.
_DRIVER = {
    "ntfs": ["ntfs-3g", "-o", "no_detach,windows_names,streams_interface=xattr"],
    "exfat": ["mount.exfat-fuse", "-d"],
}


# ------------------------------------------------------------------ what this machine can do


@functools.cache
def why_no_root() -> str:
    """Say why disks cannot be mounted here, or nothing if they can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "needs root (mounts disks)"
    status = Path("/proc/self/status").read_text()
    capabilities = int(re.findall(r"CapEff:\s*(\w+)", status)[0], 16)
    if not capabilities >> _CAP_SYS_ADMIN & 1:
        return "root may not mount here (no CAP_SYS_ADMIN)"
    return "" if Path("/dev/loop-control").exists() else "this machine has no loop devices"


@functools.cache
def why_no_fuse() -> str:
    """Say why FUSE file systems of our own cannot run here, or nothing if they can."""
    if why_no_root():
        return why_no_root()
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no access to /dev/fuse"
    if find_spec("mfusepy") is None:
        return "mfusepy is not installed"
    if not (find_library("fuse") or find_library("fuse3")):
        return "libfuse is not installed (apt: libfuse2 or libfuse3-3)"
    return ""


requires_root = pytest.mark.skipif(bool(why_no_root()), reason=why_no_root())
requires_fuse = pytest.mark.skipif(bool(why_no_fuse()), reason=why_no_fuse())


def _tool(name: str) -> str:
    try:
        return tool(name)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def _run(name: str, *arguments: str | Path) -> str:
    _tool(name)
    return run_tool(name, *arguments)


# ------------------------------------------------------------------ one disk


@dataclass(eq=False)
class Disk:
    """A disk at a mount point; `path` is what a merchant would name as destination."""

    kind: Kind
    size: int
    path: Path
    _home: Path
    _loop: str = ""
    _driver: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def driver_pid(self) -> int | None:
        """The process that serves the disk (FUSE), for tests that stop or watch it."""
        return self._driver.pid if self._driver else None

    def plug_in(self) -> None:
        """Mount it (again); after `pull` the broken mount is taken away first.

        As in life it comes back as another device: whoever still holds files of the old one open
        keeps a dead disk, and cannot stand in the way.
        """
        self.unplug()
        if self.kind == "tmpfs":
            _run("mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.path)
            return
        self._loop = _run("losetup", "--find", "--show", self._image)
        if self.kind == "ext4":
            _run("mount", self._loop, self.path)
        else:
            self._start_driver()

    @property
    def _image(self) -> Path:
        return self._home / "image"

    def _start_driver(self) -> None:
        tool, *options = _DRIVER[self.kind]
        log = self._home / "driver.log"
        with log.open("wb") as out:
            command = [_tool(tool), *options, self._loop, str(self.path)]
            self._driver = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + 20
        while not os.path.ismount(self.path):
            if self._driver.poll() is not None or time.monotonic() > until:
                self._end_driver()
                raise OSError(f"{tool} did not mount: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)

    def unplug(self) -> None:
        """Unmount in order; what stays is the empty mount point, as in life.

        A tmpfs forgets its files here. A disk in use is taken away all the same; files that
        are open on it fail from then on.
        """
        try:
            if is_mounted(self.path):
                _run("umount", self.path)
        except OSError:  # busy, or its driver is dead
            self._shut_down(_FLUSH_LOG)
            unmount(self.path)
        self._end_driver(20)
        if self._loop:
            detach_loop(self._loop)
            self._loop = ""

    def _end_driver(self, patience: float = 0) -> None:
        """Wait until the driver has written everything and ended; then kill it."""
        if self._driver is None:
            return
        try:
            self._driver.wait(patience)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait()
        self._driver = None

    def _shut_down(self, flags: bytes) -> None:
        """Let every access fail from now on, also through files that are open."""
        if self.kind == "ext4":
            try:
                handle = os.open(self.path, os.O_RDONLY)
            except OSError:  # already shut down
                return
            try:
                fcntl.ioctl(handle, _EXT4_SHUTDOWN, flags)
            finally:
                os.close(handle)
        self._end_driver()

    def pull(self) -> None:
        """Pull it out while mounted: from now on every access fails.

        FUSE: the driver is killed (ENOTCONN). ext4: the kernel shuts the file system down without
        writing its journal (EIO). What the program had open stays open and fails too.
        """
        if self.kind == "tmpfs":
            raise ValueError("a tmpfs cannot be pulled; use unplug()")
        self._shut_down(_NO_LOG_FLUSH)

    def free(self) -> int:
        """Return the bytes that an ordinary user may still write."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def remove(self) -> None:
        """Take everything away: mount, driver, loop device, image."""
        self.unplug()
        shutil.rmtree(self._home, ignore_errors=True)


def pull(disk: Disk) -> None:
    """Pull the disk out while mounted (see `Disk.pull`)."""
    disk.pull()


def make_disk(kind: Kind, size: int) -> Disk:
    """Make and mount a disk of `size` bytes; the caller must `remove()` it."""
    home = work_folder()
    disk = Disk(kind, size, home / "mount", home)
    disk.path.mkdir()
    try:
        if kind != "tmpfs":
            with disk._image.open("wb") as file:
                file.truncate(size)
            _run(*_MAKE[kind], disk._image)
        disk.plug_in()
    except BaseException:  # also a skip for a missing tool, or Ctrl-C
        disk.remove()
        raise
    return disk


# ------------------------------------------------------------------ for `with` and as fixture


@contextmanager
def _disk(kind: Kind, size: int) -> Iterator[Disk]:
    disk = make_disk(kind, size)
    try:
        yield disk
    finally:
        disk.remove()


def tmpfs(size: int = 64 * MIB) -> AbstractContextManager[Disk]:
    """A disk in memory: the quickest way to a full one."""
    return _disk("tmpfs", size)


def ext4(size: int = 64 * MIB) -> AbstractContextManager[Disk]:
    """A Linux disk; all of its size is usable also by ordinary users (-m0)."""
    return _disk("ext4", size)


def ntfs(size: int = 64 * MIB) -> AbstractContextManager[Disk]:
    """A Windows disk through ntfs-3g, refusing what Windows refuses (windows_names)."""
    return _disk("ntfs", size)


def exfat(size: int = 64 * MIB) -> AbstractContextManager[Disk]:
    """A USB stick: no links, no modes, case folded, times of 2 s."""
    return _disk("exfat", size)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Make the mount at `path` read-only (EROFS) for a while; any kind of disk.

    The mount is switched, not the file system behind it: FUSE drivers cannot remount. Fails while
    somebody has a file open for writing, as in life.
    """
    _run("mount", "-o", "remount,bind,ro", path)
    try:
        yield
    finally:
        if is_mounted(path):
            _run("mount", "-o", "remount,bind,rw", path)


def fill(folder: Path, leave: int) -> Path:
    """Fill a disk up to the last `leave` bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        for last in (False, False, True):  # others may write while we look and take
            status = os.statvfs(folder)
            size = max(1, status.f_bavail * status.f_frsize - leave)
            try:
                os.posix_fallocate(file.fileno(), file.tell(), size)
            except OSError as error:
                if last or error.errno != errno.ENOSPC:
                    raise
            else:
                return ballast
    return ballast


@contextmanager
def unplugged(disk: Disk) -> Iterator[Path]:
    """Leave the empty mount point for a while, then plug the disk in again."""
    disk.unplug()
    try:
        yield disk.path
    finally:
        disk.plug_in()


class DiskDrawer:
    """Hands out disks and takes all of them back at the end of the test."""

    def __init__(self) -> None:
        self._disks: list[Disk] = []

    def __call__(self, kind: Kind, size: int = 64 * MIB) -> Disk:
        disk = make_disk(kind, size)
        self._disks.append(disk)
        return disk

    def close(self) -> None:
        """Remove every disk, the newest first."""
        while self._disks:
            self._disks.pop().remove()


@pytest.fixture
def disks() -> Iterator[DiskDrawer]:
    """Fixture: `disks("ntfs", 32 * MIB)` gives a mounted disk. Import it in conftest.py."""
    drawer = DiskDrawer()
    try:
        yield drawer
    finally:
        drawer.close()
