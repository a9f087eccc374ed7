"""The service that shows messages on a desktop, for tests: the bus is real, the screen is not.

    python -m tests.support.notifications plain|markup|refusing

serves the session bus until it is killed; says `ready`, then each message as a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

from tests.support.cli import ROOT

NAME = "org.freedesktop.Notifications"


def serve(mode: str) -> None:
    """Answer as GNOME, KDE and dunst do."""
    with open_dbus_connection(bus="SESSION") as bus:
        bus.send_and_get_reply(message_bus.RequestName(NAME))
        print("ready", flush=True)
        while True:
            call = bus.receive()
            if call.header.message_type is MessageType.method_call:
                bus.send(_answer(call, mode))


def _answer(call: Any, mode: str) -> Any:
    member = call.header.fields[HeaderFields.member]
    if mode == "refusing":
        return new_error(call, "org.freedesktop.DBus.Error.AccessDenied")
    if member == "GetCapabilities":
        known = ["body"] + (["body-markup"] if mode == "markup" else [])
        return new_method_return(call, "as", (known,))
    app, _, _, summary, body, _, hints, _ = call.body
    shown = {"app": app, "summary": summary, "body": body, "urgency": hints["urgency"][1]}
    print(json.dumps(shown), flush=True)
    return new_method_return(call, "u", (1,))


@contextmanager
def stand_in(bus: dict[str, str], mode: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Our service on that bus; call what it yields for the next message that was shown."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.notifications", mode],
        env=os.environ | bus | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process, process.stdout as said:
        try:
            assert said.readline().strip() == "ready"
            yield lambda: json.loads(said.readline())
        finally:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])
