"""Messages on the screen, only for what needs a person; one port, one adapter per system."""

from __future__ import annotations

import base64
import html
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

TIME_LIMIT = 10.0
_APP = "Ladentresor"


class Desktop(Protocol):
    """A screen somebody may look at."""

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        """Show a message; False when there is no screen to show it on. Never raises."""
        ...


class NoDesktop:
    """A PC without a screen, or a plan that wants none."""

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        return False


def find_desktop() -> Desktop:
    """That of this PC."""
    if sys.platform == "win32":
        return ByCommand(toast_command)
    if sys.platform == "darwin":
        return ByCommand(mac_command)
    return Freedesktop()


# -- Linux ----------------------------------------------------------------------------------------


class Freedesktop:
    """org.freedesktop.Notifications on the session's bus."""

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            return False  # asking anyway would start a bus that outlives us
        try:
            return _notify(title, text, urgent=urgent)
        except Exception:  # noqa: BLE001 - the bus, its library and the shell's service in between
            return False


def _notify(title: str, text: str, *, urgent: bool) -> bool:
    from jeepney import (  # type: ignore[import-untyped]  # only where there is a bus
        DBusAddress,
        MessageType,
        new_method_call,
    )
    from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

    service = DBusAddress(
        "/org/freedesktop/Notifications",
        bus_name="org.freedesktop.Notifications",
        interface="org.freedesktop.Notifications",
    )
    with open_dbus_connection(bus="SESSION") as bus:
        asked = bus.send_and_get_reply(
            new_method_call(service, "GetCapabilities"), timeout=TIME_LIMIT
        )
        if asked.header.message_type is not MessageType.method_return:
            return False
        # Where markup is understood, a `<` in a name would be taken for it.
        body = html.escape(text, quote=False) if "body-markup" in asked.body[0] else text
        hints = {
            "urgency": ("y", 2 if urgent else 1),
            "desktop-entry": ("s", "ladentresor"),
            "category": ("s", "device"),
        }
        values: tuple[object, ...] = (_APP, 0, "", title, body, [], hints, -1)
        answer = bus.send_and_get_reply(
            new_method_call(service, "Notify", "susssasa{sv}i", values), timeout=TIME_LIMIT
        )
        return bool(answer.header.message_type is MessageType.method_return)


# -- Windows and macOS ----------------------------------------------------------------------------

Command = tuple[Sequence[str], dict[str, str]]
"""A command as a list, and what it finds in its environment."""


class ByCommand:
    """A screen that is reached by a command of the system."""

    def __init__(self, make: Callable[[str, str, bool], Command]) -> None:
        self._make = make

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        words, environment = self._make(title, text, urgent)
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            done = subprocess.run(
                words,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
                creationflags=hidden,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


# The words come by the environment and as text nodes: nothing in them can become code or markup.
_TOAST = """
$ErrorActionPreference = 'Stop'
[void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime]
$type = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($type)
$lines = $xml.GetElementsByTagName('text')
[void]$lines.Item(0).AppendChild($xml.CreateTextNode($env:LADENTRESOR_TITLE))
[void]$lines.Item(1).AppendChild($xml.CreateTextNode($env:LADENTRESOR_TEXT))
if ($env:LADENTRESOR_URGENT -eq '1') { $xml.DocumentElement.SetAttribute('duration', 'long') }
$toast = [Windows.UI.Notifications.ToastNotification,Windows.UI.Notifications,ContentType=WindowsRuntime]::new($xml)
$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($toast)
"""  # noqa: E501 - PowerShell's names are that long


def toast_command(title: str, text: str, urgent: bool) -> Command:
    """A toast by Windows PowerShell, which every Windows 10 and 11 has."""
    script = base64.b64encode(_TOAST.encode("utf-16-le")).decode("ascii")
    root = os.environ.get("SYSTEMROOT", r"C:\Windows")
    powershell = rf"{root}\System32\WindowsPowerShell\v1.0\powershell.exe"
    words = (powershell, "-NoProfile", "-NonInteractive", "-EncodedCommand", script)
    return words, {
        "LADENTRESOR_TITLE": title,
        "LADENTRESOR_TEXT": text,
        "LADENTRESOR_URGENT": "1" if urgent else "0",
    }


_APPLESCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


def mac_command(title: str, text: str, urgent: bool) -> Command:
    """A message by AppleScript; the words are its arguments, never part of the script."""
    script = [word for line in _APPLESCRIPT for word in ("-e", line)]
    return ("/usr/bin/osascript", *script, title, text), {}
