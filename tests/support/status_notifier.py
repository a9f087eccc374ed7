"""A desktop's tray of the new kind (StatusNotifierItem) for tests: watcher and host in one.

The bus is real, the program that registers is real; only the panel that would paint is not. It asks
what a panel asks, and presses what a person would press.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; entries below it."""

    id: int
    label: str
    enabled: bool
    below: tuple[Entry, ...] = ()

    def all(self) -> Iterator[Entry]:
        """This one and everything below."""
        yield self
        for one in self.below:
            yield from one.all()


@dataclass(slots=True)
class Host:
    """What a panel knows."""

    bus: Any
    items: list[tuple[str, str]] = field(default_factory=list)  # whose, at which path

    def wait(self, seconds: float = _SECONDS) -> tuple[str, str]:
        """The item that registers."""
        until = time.monotonic() + seconds
        while not self.items:
            assert time.monotonic() < until, "nobody registered"
            self._serve(0.2)
        return self.items[-1]

    def rest(self, seconds: float) -> bool:
        """Answer what comes meanwhile; true, so that it can stand before a question."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._serve(min(0.1, left))
        return True

    def properties(self) -> dict[str, Any]:
        """What the item shows: icon, tooltip, state, menu."""
        found = self._ask(self.items[-1][1], _PROPERTIES, "GetAll", "s", (ITEM,))
        return {name: value[1] for name, value in found[0].items()}

    def activate(self) -> None:
        """A single click."""
        self._ask(self.items[-1][1], ITEM, "Activate", "ii", (600, 700))

    def menu(self) -> Entry:
        """The whole menu as it is now."""
        path = self.properties()["Menu"]
        self._ask(path, MENU, "AboutToShow", "i", (0,))
        return _entry(self._ask(path, MENU, "GetLayout", "iias", (0, -1, []))[1])

    def press(self, label: str) -> None:
        """Choose the entry that begins so."""
        path = self.properties()["Menu"]
        chosen = [one for one in self.menu().all() if one.label.startswith(label)]
        assert chosen, (label, [one.label for one in self.menu().all()])
        assert chosen[0].enabled, label
        self._ask(path, MENU, "Event", "isvu", (chosen[0].id, "clicked", ("i", 0), 0))

    def _ask(
        self, path: str, interface: str, member: str, signature: str, body: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        where = DBusAddress(path, bus_name=self.items[-1][0], interface=interface)
        asked = new_method_call(where, member, signature, body)
        serial = next(self.bus.outgoing_serial)
        self.bus.send(asked, serial=serial)
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            message = self._serve(0.5)
            if message is None:
                continue
            if message.header.fields.get(HeaderFields.reply_serial) == serial:
                assert message.header.message_type is MessageType.method_return, message.body
                return tuple(message.body)
        raise AssertionError(f"no answer to {member}")

    def _serve(self, seconds: float) -> Any:
        """The next message that is not for the watcher; None when none came."""
        try:
            message = self.bus.receive(timeout=seconds)
        except TimeoutError:
            return None
        if message.header.message_type is not MessageType.method_call:
            return message
        fields = message.header.fields
        self.bus.send(self._answer(message, fields))
        return None

    def _answer(self, message: Any, fields: Any) -> Any:
        member = fields[HeaderFields.member]
        if member == "RegisterStatusNotifierItem":
            said = message.body[0]
            sender = fields[HeaderFields.sender]
            self.items.append((sender, said) if said[0] == "/" else (said, "/StatusNotifierItem"))
            return new_method_return(message)
        known = {
            "IsStatusNotifierHostRegistered": ("b", True),
            "ProtocolVersion": ("i", 0),
            "RegisteredStatusNotifierItems": ("as", [one[0] for one in self.items]),
        }
        if member == "Get" and message.body[1] in known:
            return new_method_return(message, "v", (known[message.body[1]],))
        if member == "GetAll":
            return new_method_return(message, "a{sv}", (known,))
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")


def _entry(raw: tuple[int, dict[str, Any], list[Any]]) -> Entry:
    id, facts, below = raw
    label = str(facts.get("label", ("s", ""))[1]).replace("_", "")
    enabled = bool(facts.get("enabled", ("b", True))[1])
    return Entry(id, label, enabled, tuple(_entry(one[1]) for one in below))


@contextmanager
def host(address: str) -> Iterator[Host]:
    """Watcher and host on the bus of this address."""
    with open_dbus_connection(bus=address) as bus:
        bus.send_and_get_reply(message_bus.RequestName(WATCHER))
        yield Host(bus)
