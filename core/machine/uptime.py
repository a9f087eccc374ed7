"""How long this PC has been on since it was started, sleep not counted."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PREFETCH = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
_SYSCTL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Uptime:
    """boot: what tells this start of the PC from every other, '' where the system has no name for
    it. awake: seconds it has been on since, without those asleep.
    """

    boot: str
    awake: float


def uptime_now() -> Uptime:
    """What the system says. Windows' fast start counts as sleep, as it does there."""
    if sys.platform == "win32":
        ticks = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
        return Uptime(_windows_boot(), ticks.value / 10_000_000)
    if sys.platform == "darwin":
        return Uptime(_mac_boot(), time.clock_gettime(time.CLOCK_UPTIME_RAW))
    boot = ""
    with contextlib.suppress(OSError):
        boot = _BOOT_ID.read_text().strip()
    return Uptime(boot, time.clock_gettime(time.CLOCK_MONOTONIC))


def _windows_boot() -> str:
    """The number that Windows' prefetcher gives each start."""
    if sys.platform == "win32":
        import winreg

        with (
            contextlib.suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PREFETCH) as key,
        ):
            return str(winreg.QueryValueEx(key, "BootId")[0])
    return ""


def _mac_boot() -> str:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
            capture_output=True,
            text=True,
            timeout=_SYSCTL_SECONDS,
            check=True,
        ).stdout.strip()
    return ""
