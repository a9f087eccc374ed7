"""How a job behaves on a PC that people work on: it steps aside, and keeps it from sleeping."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

_NICE = 10
_BEST_EFFORT_LAST = 2 << 13 | 7  # ioprio: class best effort, lowest level; idle could starve
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_WHY = "Ladentresor: eine Sicherung läuft"


def lower_priority() -> None:
    """Be last for processor and disk, with all that this process starts. Never fails."""
    if sys.platform == "win32":
        below_normal = 0x4000
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), below_normal)
        return
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    if sys.platform == "linux":
        number = _IOPRIO_SET.get(os.uname().machine)
        if number is not None:
            ctypes.CDLL(None, use_errno=True).syscall(number, 1, 0, _BEST_EFFORT_LAST)
    elif sys.platform == "darwin":
        disk, process, throttled = 0, 0, 3
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).setiopolicy_np(disk, process, throttled)


@contextlib.contextmanager
def stay_awake() -> Iterator[None]:
    """Keep the PC from going to sleep by itself meanwhile, where the system lets us ask."""
    if sys.platform == "win32":
        continuous, system_required = 0x80000000, 0x00000001
        ctypes.windll.kernel32.SetThreadExecutionState(continuous | system_required)
        try:
            yield
        finally:
            ctypes.windll.kernel32.SetThreadExecutionState(continuous)
        return
    with _holding(awake_command(sys.platform, os.getpid())):
        yield


def awake_command(platform: str, pid: int) -> list[str]:
    """What holds the PC awake for as long as its stdin stays open, or the process lives."""
    if platform == "darwin":
        return ["/usr/bin/caffeinate", "-i", "-m", "-w", str(pid)]
    if platform != "linux":
        return []
    inhibit = shutil.which("systemd-inhibit", path="/usr/bin:/bin")
    words = ["--what=sleep:idle", "--who=Ladentresor", f"--why={_WHY}", "--mode=block", "cat"]
    return [inhibit, *words] if inhibit else []


@contextlib.contextmanager
def _holding(command: list[str]) -> Iterator[None]:
    """A helper that ends with us, also when we are killed: its stdin closes."""
    helper: subprocess.Popen[bytes] | None = None
    if command:
        with contextlib.suppress(OSError):
            helper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
    try:
        yield
    finally:
        if helper is not None:
            if helper.stdin is not None:
                helper.stdin.close()
            helper.terminate()
            helper.wait()
