"""Mains or battery: asked of the system, each in its own way, without a library."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SUPPLIES = Path("/sys/class/power_supply")
_PMSET_SECONDS = 5.0
_NO_BATTERY, _UNKNOWN = 128, 255  # SYSTEM_POWER_STATUS


@dataclass(frozen=True, slots=True)
class Power:
    """mains: whether it is plugged in. percent: charge of the battery, None where there is none.

    A PC without a battery, and one that does not tell, counts as plugged in.
    """

    mains: bool = True
    percent: int | None = None


def power_now() -> Power:
    """How this PC is fed now."""
    if sys.platform == "win32":
        return _on_windows()
    if sys.platform == "darwin":
        return from_pmset(_pmset())
    return from_supplies(_SUPPLIES)


# -- Linux ----------------------------------------------------------------------------------------


def from_supplies(folder: Path) -> Power:
    """Read `/sys/class/power_supply` (kernel: Documentation/ABI/testing/sysfs-class-power).

    Batteries of mice and headsets say `scope` Device and do not count. A laptop is on mains when
    one of its supplies is online, or when no battery of its own is being discharged.
    """
    charges: list[int] = []
    online: list[bool] = []
    discharging = False
    for supply in _entries(folder):
        kind = _word(supply / "type")
        if kind == "Battery" and _word(supply / "scope") != "Device":
            if _word(supply / "present") == "0":
                continue
            charge = _word(supply / "capacity")
            if charge.isdigit():
                charges.append(min(int(charge), 100))
            discharging = discharging or _word(supply / "status") == "Discharging"
        elif kind in ("Mains", "USB"):
            online.append(_word(supply / "online") in ("1", "2"))
    if not charges:
        return Power()
    return Power(any(online) or not discharging, round(sum(charges) / len(charges)))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _word(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


# -- macOS ----------------------------------------------------------------------------------------


def from_pmset(said: str) -> Power:
    """Read what `pmset -g batt` says: `Now drawing from 'Battery Power'`, `… 57%; discharging`."""
    charge = re.search(r"(\d{1,3})%", said)
    if charge is None:
        return Power()
    return Power("'Battery Power'" not in said, min(int(charge[1]), 100))


def _pmset() -> str:
    try:
        return subprocess.run(
            ["/usr/bin/pmset", "-g", "batt"],
            env={"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PMSET_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


# -- Windows --------------------------------------------------------------------------------------


def from_status(line: int, flag: int, percent: int) -> Power:
    """Read the first fields of SYSTEM_POWER_STATUS: ACLineStatus, BatteryFlag, BatteryLifePercent.

    line: 0 battery, 1 mains, 255 unknown. flag: 128 no battery, 255 unknown. percent: 255 unknown.
    """
    if flag == _UNKNOWN or flag & _NO_BATTERY or percent > 100:
        return Power(mains=line != 0 or flag == _UNKNOWN)
    return Power(line != 0, percent)


def _on_windows() -> Power:
    if sys.platform != "win32":
        return Power()
    import ctypes
    from ctypes import wintypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("line", wintypes.BYTE),
            ("flag", wintypes.BYTE),
            ("percent", wintypes.BYTE),
            ("saver", wintypes.BYTE),
            ("seconds", wintypes.DWORD),
            ("seconds_full", wintypes.DWORD),
        )

    status = Status()
    if not ctypes.windll.kernel32.GetSystemPowerStatus(ctypes.byref(status)):
        return Power()
    return from_status(status.line & 0xFF, status.flag & 0xFF, status.percent & 0xFF)
