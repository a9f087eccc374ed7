"""Mounting and unmounting, and clearing away what killed test runs left mounted.

Apart from `disks.py` so that the child of `powercut.py` starts without loading pytest.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

_PREFIX = "ladentresor-disk-"
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


def tool(name: str) -> str:
    """Find a program, also in the folders that only root's login has in its path."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


def run_tool(name: str, *arguments: str | Path) -> str:
    """Run a program to its end; its complaint becomes the error."""
    command = [tool(name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{command}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def unmount(path: Path) -> None:
    """Unmount everything stacked at `path`, lazily where it is busy or its driver is dead."""
    while is_mounted(path):
        try:
            run_tool("umount", path)
        except OSError:
            run_tool("umount", "-l", path)


def mount_points() -> list[Path]:
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    quoted = [line.split(" ")[4] for line in lines]
    return [Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), text)) for text in quoted]


def is_mounted(path: Path) -> bool:
    """Ask the kernel's list, since a stat of a dead FUSE mount fails."""
    return path in mount_points()


def detach_loop(loop: str) -> None:
    """Free the loop device; after a lazy unmount it may take a moment until it can go."""
    for _ in range(100):
        try:
            run_tool("losetup", "-d", loop)
        except OSError:
            time.sleep(0.05)
            continue
        return


def work_folder() -> Path:
    """Make a folder for mounts whose name tells later runs whether we still live."""
    clear_leftovers()
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()


@functools.cache
def clear_leftovers() -> None:
    """Clear away disks of test runs that were killed; once per process, living ones are spared."""
    pattern = re.compile(
        re.escape(f"{Path(tempfile.gettempdir()).resolve()}/{_PREFIX}") + r"(\d+)-"
    )

    def is_dead(path: Path | str) -> bool:
        match = pattern.match(str(path))
        return match is not None and not Path(f"/proc/{match[1]}").exists()

    for path in filter(is_dead, reversed(mount_points())):
        unmount(path)
    for line in run_tool("losetup", "--list", "--noheadings", "-O", "NAME,BACK-FILE").splitlines():
        loop, _, image = line.partition(" ")
        if is_dead(image.strip()):
            detach_loop(loop)
    for folder in Path(tempfile.gettempdir()).resolve().glob(f"{_PREFIX}*"):
        if is_dead(folder):
            shutil.rmtree(folder, ignore_errors=True)
