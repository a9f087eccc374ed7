"""A Secret Service for tests: bus and library are real, only the keeper of the secrets is not.

    python -m tests.support.secret_service open|locked|hanging

serves the session bus until it is killed and says `ready`. `locked` is a keyring whose owner
dismisses the question for its password, `hanging` one where nobody sits at the PC.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

from tests.support.cli import ROOT

NAME = "org.freedesktop.secrets"
PREFIX = "org.freedesktop.Secret."
PROMPT = "/org/freedesktop/secrets/prompt/1"
_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class _Refused(Exception):
    """The name of a D-Bus error."""


class _Service:
    """One collection of items in memory; each method returns signature and body of its answer."""

    def __init__(self, mode: str) -> None:
        self._locked = mode != "open"
        self._items: dict[str, tuple[dict[str, str], bytes]] = {}
        self._made = 0

    def answer(self, path: str, member: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        method = getattr(self, f"on_{member}", None)
        if method is None:
            raise _Refused("org.freedesktop.DBus.Error.UnknownMethod")
        answer: tuple[str, tuple[Any, ...]] = method(path, *body)
        return answer

    def on_Get(self, path: str, interface: str, name: str) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        if "/item/" in path and path not in self._items:
            raise _Refused("org.freedesktop.DBus.Error.UnknownObject")
        return "v", (("b", self._locked) if name == "Locked" else ("s", "test"),)

    def on_OpenSession(  # noqa: N802
        self, path: str, algorithm: str, given: object
    ) -> tuple[str, tuple[Any, ...]]:
        if algorithm != "plain":
            raise _Refused("org.freedesktop.DBus.Error.NotSupported")
        return "vo", (("s", ""), "/org/freedesktop/secrets/session/1")

    def on_Unlock(self, path: str, paths: list[str]) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        return "aoo", ([], PROMPT) if self._locked else (paths, "/")

    def on_Prompt(self, path: str, window: str) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        return "", ()

    def on_SearchItems(  # noqa: N802
        self, path: str, wanted: dict[str, str]
    ) -> tuple[str, tuple[Any, ...]]:
        found = [at for at, (given, _) in self._items.items() if wanted.items() <= given.items()]
        return "ao", (found,)

    def on_CreateItem(  # noqa: N802
        self, path: str, properties: dict[str, Any], secret: tuple[Any, ...], replace: bool
    ) -> tuple[str, tuple[Any, ...]]:
        attributes = dict(properties[PREFIX + "Item.Attributes"][1])
        same = [at for at, (given, _) in self._items.items() if given == attributes]
        self._made += 1
        at = same[0] if same and replace else f"/org/freedesktop/secrets/item/{self._made}"
        self._items[at] = attributes, bytes(secret[2])
        return "oo", (at, "/")

    def on_GetSecret(self, path: str, session: str) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        return "(oayays)", ((session, b"", self._items[path][1], "text/plain"),)

    def on_Delete(self, path: str) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        del self._items[path]
        return "o", ("/",)


def serve(mode: str) -> None:
    """Answer until killed."""
    bus = open_dbus_connection()
    bus.send_and_get_reply(message_bus.RequestName(NAME))
    print("ready", flush=True)
    service = _Service(mode)
    while True:
        asked = bus.receive()
        if asked.header.message_type is not MessageType.method_call:
            continue
        fields = asked.header.fields
        path, member = fields[HeaderFields.path], fields[HeaderFields.member]
        try:
            bus.send(new_method_return(asked, *service.answer(path, member, asked.body)))
        except _Refused as refused:
            bus.send(new_error(asked, str(refused)))
        if member == "Prompt" and mode == "locked":
            emitter = DBusAddress(PROMPT, NAME, PREFIX + "Prompt")
            bus.send(new_signal(emitter, "Completed", "bv", (True, ("ao", []))))


# ------------------------------------------------------------------ a bus of one's own


@contextmanager
def session_bus(folder: Path) -> Iterator[dict[str, str]]:
    """A session bus with nobody on it; the environment of those who shall use it.

    Its settings lie in `folder`: they name no service that could be started on demand, whatever
    keyring is installed here.
    """
    daemon = shutil.which("dbus-daemon")
    assert daemon is not None
    settings = folder / "bus.conf"
    settings.write_text(_BUS)
    command = [daemon, f"--config-file={settings}", "--nofork", "--print-address"]
    with running(command, {}) as address:
        yield {"DBUS_SESSION_BUS_ADDRESS": address}


@contextmanager
def stand_in(bus: dict[str, str], mode: str = "open") -> Iterator[None]:
    """Our Secret Service on that bus."""
    command = [sys.executable, "-m", "tests.support.secret_service", mode]
    with running(command, bus | {"PYTHONPATH": str(ROOT)}) as said:
        assert said == "ready"
        yield


def start_gnome_keyring(bus: dict[str, str], folder: Path) -> None:
    """GNOME's on that bus, unlocked, with its files in `folder`; it ends with its bus."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime), "XDG_DATA_HOME": str(folder)}
    subprocess.run(
        ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--daemonize"],
        env=os.environ | bus | own,
        input=b"pw",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=30,
    )


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[str]:
    """The first line it says, while it runs."""
    process = subprocess.Popen(
        command,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            yield process.stdout.readline().strip()
        finally:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])
