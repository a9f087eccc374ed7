"""A NetworkManager for tests: bus and library are real, only whoever answers is not.

    python -m tests.support.network_manager 3|silent

answers each Get of its property `Metered` with that number, or never.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jeepney import (  # type: ignore[import-untyped]
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

from tests.support.cli import ROOT
from tests.support.secret_service import running

NAME = "org.freedesktop.NetworkManager"


def serve(value: str) -> None:
    """Answer until killed."""
    bus = open_dbus_connection(bus="SYSTEM")
    bus.send_and_get_reply(message_bus.RequestName(NAME))
    print("ready", flush=True)
    while True:
        asked = bus.receive()
        if asked.header.message_type is not MessageType.method_call or value == "silent":
            continue
        wanted = asked.header.fields[HeaderFields.member], asked.body
        if wanted == ("Get", (NAME, "Metered")):
            bus.send(new_method_return(asked, "v", (("u", int(value)),)))
        else:
            bus.send(new_error(asked, "org.freedesktop.DBus.Error.UnknownMethod"))


@contextmanager
def network_manager(bus: dict[str, str], value: str) -> Iterator[None]:
    """One on that bus."""
    command = [sys.executable, "-m", "tests.support.network_manager", value]
    with running(command, bus | {"PYTHONPATH": str(ROOT)}) as said:
        assert said == "ready"
        yield


if __name__ == "__main__":
    serve(sys.argv[1])
