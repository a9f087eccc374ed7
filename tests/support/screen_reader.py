"""What a screen reader sees of a window and does to it: AT-SPI, as Orca uses it.

The bus for it is a private one; the window must show itself on a real (virtual) screen, Qt tells
nothing without.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    DBusErrorResponse,
    MessageType,
    new_method_call,
)
from jeepney.io.blocking import (  # type: ignore[import-untyped]
    DBusConnection,
    open_dbus_connection,
)

LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
ROOT = "/org/a11y/atspi/accessible/root"
_SPI = "org.a11y.atspi."
# Of `AtspiStateType`
_ENABLED, _FOCUSED, _SENSITIVE, _SHOWING, _VISIBLE = 8, 12, 24, 25, 30
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Thing:
    """Something a screen reader can name."""

    bus: Any = field(repr=False, compare=False)
    owner: str = field(repr=False)
    path: str = field(repr=False)
    role: str
    name: str
    states: frozenset[int] = field(repr=False, compare=False)

    @property
    def is_shown(self) -> bool:
        return {_SHOWING, _VISIBLE} <= self.states

    @property
    def can_be_used(self) -> bool:
        return self.is_shown and {_ENABLED, _SENSITIVE} <= self.states

    def do(self, action: str = "") -> None:
        """Do what it offers: the action of that name, or the first."""
        offered = [str(one[0]) for one in _ask(self, "Action", "GetActions")]
        if not _ask(self, "Action", "DoAction", "i", offered.index(action) if action else 0):
            raise AssertionError(f"{self}: would not do {action or offered[:1]}")

    def type(self, text: str) -> None:
        """Put `text` where text can be put."""
        if not _ask(self, "EditableText", "SetTextContents", "s", text):
            raise AssertionError(f"{self}: takes no text")

    def focus(self) -> None:
        """Let the keyboard speak to it."""
        _ask(self, "Component", "GrabFocus")


def _call(bus: DBusConnection, address: DBusAddress, method: str, *said: Any) -> Any:
    reply = bus.send_and_get_reply(new_method_call(address, method, *said), timeout=20)
    if reply.header.message_type is MessageType.error:
        raise DBusErrorResponse(reply)
    return reply.body[0] if reply.body else None


def _ask(thing: Thing, interface: str, method: str, kinds: str = "", *values: object) -> Any:
    address = DBusAddress(thing.path, thing.owner, _SPI + interface)
    return _call(thing.bus, address, method, *((kinds, values) if kinds else ()))


@dataclass(slots=True)
class Reader:
    """Looks at everything that is open on the bus; `env` is for who shall be looked at."""

    env: dict[str, str]
    bus: DBusConnection

    def things(self) -> list[Thing]:
        """All of it, in order. What goes while we look is left out."""
        found: list[Thing] = []
        registry = DBusAddress(ROOT, _SPI + "Registry", _SPI + "Accessible")
        for owner, path in _call(self.bus, registry, "GetChildren"):
            self._gather(owner, path, found)
        return found

    def _gather(self, owner: str, path: str, found: list[Thing]) -> None:
        address = DBusAddress(path, owner, _SPI + "Accessible")
        try:
            states = _call(self.bus, address, "GetState")
            shown = {at for at in range(64) if states[at // 32] >> at % 32 & 1}
            name = _call(
                self.bus, address.with_interface("org.freedesktop.DBus.Properties"), "Get", "ss",
                (_SPI + "Accessible", "Name"),
            )[1]  # fmt: skip
            role = _call(self.bus, address, "GetRoleName")
            found.append(Thing(self.bus, owner, path, role, name, frozenset(shown)))
            for child in _call(self.bus, address, "GetChildren"):
                self._gather(str(child[0]), str(child[1]), found)
        except DBusErrorResponse:
            return

    def find(self, name: str, *roles: str) -> Thing | None:
        """What is shown, can be used and is called so, or begins so."""
        for one in self.things():
            if one.can_be_used and one.name.startswith(name) and (not roles or one.role in roles):
                return one
        return None

    def wait_for(self, name: str, *roles: str) -> Thing:
        """The same, as soon as it is there."""
        found: list[Thing] = []

        def is_there() -> bool:
            one = self.find(name, *roles)
            found[:] = [one] if one else []
            return bool(one)

        self.wait(is_there, name)
        return found[0]

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"never: {what}\n{self.said()}")
            time.sleep(0.1)

    def press(self, name: str) -> None:
        """Press the button that is called so, as soon as it can be pressed."""
        self.wait_for(name, "push button").do()

    def said(self) -> str:
        """All there is to hear now, a line each."""
        shown = (one for one in self.things() if one.is_shown and one.name)
        return "\n".join(f"{one.role}: {one.name}" for one in shown)

    def hears(self, words: str) -> bool:
        """Whether something that is shown says this."""
        return any(words in one.name for one in self.things() if one.is_shown)


@contextmanager
def screen_reader(bus: dict[str, str]) -> Iterator[Reader]:
    """The bus for accessibility beside that session bus, and one who looks at it."""
    env = bus | {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "NO_AT_BRIDGE": "0"}
    process = subprocess.Popen(
        [LAUNCHER, "--launch-immediately", "--a11y=1"],
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with process:
        try:
            with open_dbus_connection(bus=_address(bus)) as line:
                yield Reader(env, line)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _address(bus: dict[str, str]) -> str:
    """Where the bus for accessibility is, as soon as it is told."""
    service = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
    end = time.monotonic() + 20
    with open_dbus_connection(bus=bus["DBUS_SESSION_BUS_ADDRESS"]) as line:
        while True:
            try:
                return str(_call(line, service, "GetAddress"))
            except DBusErrorResponse:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
