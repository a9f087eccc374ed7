"""Letting the agent work while nobody is signed in, where the system can.

Linux: the user's systemd is kept running ("lingering"). Windows: a task of the Task Scheduler that
runs whether the user is logged on or not; the password for it is typed into Windows' own tool. On
macOS only root could do that.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from core.agent.autostart import Start, has_own_systemd, task_xml
from core.errors import Code, KnownError

_TASK = "Ladentresor"
_SECONDS = 20.0
_LINGERS = Path("/var/lib/systemd/linger")


class WithoutLogon(Protocol):
    """One way of running without anybody signed in."""

    @property
    def place(self) -> str:
        """Where that is set, for people."""
        ...

    def is_on(self) -> bool:
        """Whether it is set now."""
        ...

    def switch_on(self, start: Start) -> None:
        """KnownError AUTOSTART_FAILED."""
        ...

    def switch_off(self) -> None:
        """KnownError AUTOSTART_FAILED."""
        ...


class Lingering:
    """The user's own systemd runs from the start of the PC; our unit is one of its units."""

    def __init__(self, loginctl: str, user: str, folder: Path = _LINGERS) -> None:
        self._loginctl = loginctl
        self._user = user
        self._folder = folder

    @property
    def place(self) -> str:
        return f"loginctl enable-linger {self._user}"

    def is_on(self) -> bool:
        return (self._folder / self._user).exists()

    def switch_on(self, start: Start) -> None:
        self._call("enable-linger")

    def switch_off(self) -> None:
        self._call("disable-linger")

    def _call(self, verb: str) -> None:
        try:
            done = subprocess.run(
                [self._loginctl, "--no-ask-password", verb, self._user],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=str(error)) from error
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or [f"loginctl: {done.returncode}"]
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=said[0])


class BootTask:
    """A task of Windows' Task Scheduler. Its password goes from the keyboard to `schtasks`."""

    def __init__(self, schtasks: str, user: str) -> None:
        self._schtasks = schtasks
        self._user = user

    @property
    def place(self) -> str:
        return rf"Aufgabenplanung\{_TASK}"

    def is_on(self) -> bool:
        return self._call("/Query", "/TN", _TASK) == 0

    def switch_on(self, start: Start) -> None:
        text = task_xml(start, self._user, always=True)
        with tempfile.TemporaryDirectory(prefix="lt-") as folder:
            file = Path(folder) / "aufgabe.xml"
            file.write_text(text, encoding="utf-16")
            words = ("/Create", "/F", "/TN", _TASK, "/XML", str(file))
            self._must(*words, "/RU", self._user, "/RP", "*", asks=True)

    def switch_off(self) -> None:
        self._must("/Delete", "/F", "/TN", _TASK)

    def _must(self, *words: str, asks: bool = False) -> None:
        code = self._call(*words, asks=asks)
        if code:
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=f"schtasks: {code}")

    def _call(self, *words: str, asks: bool = False) -> int:
        """asks: it talks to the person at the keyboard by itself, for as long as they like."""
        quiet = None if asks else subprocess.DEVNULL
        try:
            return subprocess.run(
                [self._schtasks, *words],
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                timeout=None if asks else _SECONDS,
                check=False,
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=str(error)) from error


def way_of_this_pc(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> WithoutLogon | None:
    """How it is done here; None where it cannot be."""
    path = environ.get("PATH", "")
    if platform == "win32":
        schtasks = shutil.which("schtasks", path=path)
        user = "\\".join(one for one in (environ.get("USERDOMAIN"), environ.get("USERNAME")) if one)
        return BootTask(schtasks, user) if schtasks and user else None
    loginctl = shutil.which("loginctl", path=path)
    if platform == "linux" and loginctl and has_own_systemd(environ):
        return Lingering(loginctl, getpass.getuser())
    return None
