"""Starting the agent at logon: one entry of the system's own, written and taken away by code.

Each way is a port of its own: Linux writes an XDG autostart entry, and where the user has a systemd
of his own a unit that also restarts an agent that died; Windows an entry below the user's Run key;
macOS a LaunchAgent. All texts are made by pure functions.
"""

from __future__ import annotations

import html
import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import Code, KnownError

NAME = "ladentresor-agent"
_MAC_LABEL = "de.ladentresor.agent"
_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
_WINDOWS_NAME = "Ladentresor"
_SYSTEMCTL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be started: the command with its arguments, and settings it needs."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


class Autostart(Protocol):
    """One way of starting something at logon."""

    @property
    def place(self) -> str:
        """Where the entry lies, for people."""
        ...

    def install(self, start: Start) -> None:
        """Write the entry, or replace it. KnownError AUTOSTART_FAILED."""
        ...

    def remove(self) -> bool:
        """Take it away; whether there was one. KnownError AUTOSTART_FAILED."""
        ...

    def installed(self) -> str | None:
        """What the entry says, None when there is none."""
        ...

    def start(self) -> bool:
        """Have the system start it now; False where it only does so at logon. KnownError
        AUTOSTART_FAILED."""
        ...


def desktop_entry(start: Start) -> str:
    """An XDG autostart entry (freedesktop.org, Desktop Entry Specification 1.5)."""
    command = [*_environment_words(start), *start.command]
    return (
        "[Desktop Entry]\nType=Application\nVersion=1.5\nName=Ladentresor\n"
        "Comment=Kopiert im Hintergrund von selbst\n"
        f"Exec={' '.join(_exec_word(word) for word in command)}\n"
        "Terminal=false\nNoDisplay=true\nX-GNOME-Autostart-enabled=true\n"
    )


def _environment_words(start: Start) -> list[str]:
    if not start.environment:
        return []
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in start.environment.items())]


def _exec_word(word: str) -> str:
    """One argument of Exec: quoted, then escaped once more as the value of a key."""
    for sign in ("\\", '"', "`", "$"):
        word = word.replace(sign, f"\\{sign}")
    quoted = '"' + word.replace("%", "%%") + '"'
    return quoted.replace("\\", "\\\\").replace("\n", "\\n")


def systemd_unit(start: Start) -> str:
    """A unit of the user's own systemd: restarted when it dies, gone with the session."""
    lines = [f"Environment={_unit_word(f'{k}={v}')}\n" for k, v in start.environment.items()]
    return (
        "[Unit]\nDescription=Ladentresor: kopiert im Hintergrund von selbst\n\n"
        "[Service]\nType=exec\n"
        f"ExecStart={' '.join(_unit_word(word) for word in start.command)}\n"
        f"{''.join(lines)}"
        "Restart=on-failure\nRestartSec=10\nKillMode=mixed\nTimeoutStopSec=30\n\n"
        "[Install]\nWantedBy=default.target\n"
    )


def _unit_word(word: str) -> str:
    """One argument of a unit file (systemd.service, "Command lines")."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + word.replace("%", "%%").replace("$", "$$") + '"'


def launch_agent(start: Start) -> bytes:
    """A LaunchAgent of macOS (launchd.plist): started at logon, again when it dies."""
    return plistlib.dumps(
        {
            "Label": _MAC_LABEL,
            "ProgramArguments": list(start.command),
            "EnvironmentVariables": dict(start.environment),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Background",
            "LowPriorityIO": True,
        }
    )


def windows_command(start: Start) -> str:
    """The command line for the Run key, quoted as CommandLineToArgvW reads it."""
    return subprocess.list2cmdline(start.command)


def task_xml(start: Start, user: str, *, always: bool = False) -> str:
    """A task of Windows' Task Scheduler: at logon, again when it dies, also on battery.

    For `schtasks /Create /XML`; by default the Run key is used, which needs no rights at all.
    always: from the start of the PC on, whether the user is logged on or not. Not as "S4U": such a
    task gets neither at the keyring nor at shares in the network.
    """
    program, *arguments = start.command
    trigger = (
        "<BootTrigger><Enabled>true</Enabled></BootTrigger>"
        if always
        else f"<LogonTrigger><Enabled>true</Enabled><UserId>{_xml(user)}</UserId></LogonTrigger>"
    )
    logon = "Password" if always else "InteractiveToken"
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers>{trigger}</Triggers>
  <Principals><Principal id="Author"><UserId>{_xml(user)}</UserId>
    <LogonType>{logon}</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>10</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec><Command>{_xml(program)}</Command>
    <Arguments>{_xml(subprocess.list2cmdline(arguments))}</Arguments></Exec></Actions>
</Task>
"""


def _xml(text: str) -> str:
    """Text within XML. Not by `xml.sax`: that brings all of `urllib` into every window."""
    return html.escape(text, quote=False)


# -- files ----------------------------------------------------------------------------------------


class FileEntry:
    """An entry that is a file in a folder the system looks into at logon."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        return str(self._path)

    def content(self, start: Start) -> bytes:
        """What is written."""
        return desktop_entry(start).encode()

    def install(self, start: Start) -> None:
        draft = self._path.with_name(f".{self._path.name}.neu")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(self.content(start))
            draft.replace(self._path)
        except OSError as error:
            raise _failed(self.place, error) from error

    def remove(self) -> bool:
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed(self.place, error) from error
        return True

    def installed(self) -> str | None:
        try:
            return self._path.read_text("utf-8", "replace")
        except OSError:
            return None

    def start(self) -> bool:
        return False


class LaunchAgentEntry(FileEntry):
    """macOS: launchd reads the folder at logon."""

    def content(self, start: Start) -> bytes:
        return launch_agent(start)


class SystemdEntry(FileEntry):
    """A unit of the user's systemd; `systemctl` enables it."""

    def __init__(self, path: Path, systemctl: str) -> None:
        super().__init__(path)
        self._systemctl = systemctl

    def content(self, start: Start) -> bytes:
        return systemd_unit(start).encode()

    def install(self, start: Start) -> None:
        super().install(start)
        self._call("daemon-reload")
        self._call("enable", self._path.name)

    def remove(self) -> bool:
        if self.installed() is None:
            return False
        self._call("disable", self._path.name)
        gone = super().remove()
        self._call("daemon-reload")
        return gone

    def start(self) -> bool:
        self._call("start", self._path.name)
        return True

    def _call(self, *words: str) -> None:
        try:
            done = subprocess.run(
                [self._systemctl, "--user", *words],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SYSTEMCTL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=str(error)) from error
        if done.returncode:
            cause = done.stderr.strip().splitlines()[-1:] or [f"systemctl: {done.returncode}"]
            raise KnownError(Code.AUTOSTART_FAILED, path=self.place, cause=cause[0])


class RunKey:
    """Windows: a value below the user's Run key; the environment comes with the logon."""

    @property
    def place(self) -> str:
        return rf"HKEY_CURRENT_USER\{_RUN_KEY}\{_WINDOWS_NAME}"

    def install(self, start: Start) -> None:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                    value = windows_command(start)
                    winreg.SetValueEx(key, _WINDOWS_NAME, 0, winreg.REG_SZ, value)
            except OSError as error:
                raise _failed(self.place, error) from error

    def remove(self) -> bool:
        if sys.platform == "win32":
            import winreg

            try:
                access = winreg.KEY_SET_VALUE
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY, 0, access) as key:
                    winreg.DeleteValue(key, _WINDOWS_NAME)
                    return True
            except FileNotFoundError:
                return False
            except OSError as error:
                raise _failed(self.place, error) from error
        return False

    def installed(self) -> str | None:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                    return str(winreg.QueryValueEx(key, _WINDOWS_NAME)[0])
            except OSError:
                return None
        return None

    def start(self) -> bool:
        return False


def _failed(place: str, error: OSError) -> KnownError:
    return KnownError(Code.AUTOSTART_FAILED, path=place, cause=error.strerror or str(error))


# -- which one ------------------------------------------------------------------------------------


def entries(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> list[Autostart]:
    """The ways there are on this PC, the best first.

    On Linux a session with a systemd of the user's own takes the unit: it restarts an agent that
    died. Others take the autostart entry.
    """
    if platform == "win32":
        return [RunKey()]
    home = Path(environ.get("HOME") or Path.home())
    if platform == "darwin":
        return [LaunchAgentEntry(home / "Library" / "LaunchAgents" / f"{_MAC_LABEL}.plist")]
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    desktop = FileEntry(config / "autostart" / f"{NAME}.desktop")
    systemctl = shutil.which("systemctl", path=environ.get("PATH", ""))
    if systemctl and has_own_systemd(environ):
        unit = SystemdEntry(config / "systemd" / "user" / f"{NAME}.service", systemctl)
        return [unit, desktop]
    return [desktop]


def has_own_systemd(environ: Mapping[str, str]) -> bool:
    """Whether this user has a systemd of their own."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return bool(runtime) and (Path(runtime) / "systemd" / "private").exists()


def install(start: Start, ways: Sequence[Autostart]) -> Autostart:
    """Start this at logon in the best way; entries of other ways are taken away."""
    best, *others = ways
    best.install(start)
    for other in others:
        other.remove()
    return best


def remove(ways: Sequence[Autostart]) -> list[str]:
    """Take all entries away; where they were."""
    return [way.place for way in ways if way.remove()]


def installed(ways: Sequence[Autostart]) -> Autostart | None:
    """The way that has an entry."""
    return next((way for way in ways if way.installed() is not None), None)
