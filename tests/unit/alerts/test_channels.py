"""The screen of each system, and signs of life: as far as they can be tried here."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.alerts import heartbeat
from core.alerts.desktop import ByCommand, Freedesktop, NoDesktop, mac_command, toast_command
from core.alerts.heartbeat import Beat, beat_address, send_beat
from tests.support import notifications
from tests.support.secret_service import session_bus
from tests.support.storage_servers import free_port

NASTY = 'Kasse"; $(rm -rf ~) <b>`x`</b> \'"); --'


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with session_bus(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment


@pytest.mark.skipif(sys.platform != "linux", reason="a session bus of our own")
def test_a_message_on_the_screen(bus: dict[str, str]) -> None:
    with notifications.stand_in(bus, "markup") as shown:
        assert Freedesktop().show("Ladentresor braucht Sie", NASTY, urgent=True)
        first = shown()
    assert first["summary"] == "Ladentresor braucht Sie"
    assert "&lt;b&gt;" in first["body"]
    assert "<" not in first["body"]
    assert first["urgency"] == 2
    assert first["app"] == "Ladentresor"
    with notifications.stand_in(bus, "plain") as shown:
        assert Freedesktop().show("Titel", NASTY, urgent=False)
        second = shown()
    assert (second["body"], second["urgency"]) == (NASTY, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="a session bus of our own")
def test_no_screen_is_no_failure(bus: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Freedesktop().show("a", "b", urgent=False)  # a bus, nobody on it
    with notifications.stand_in(bus, "refusing"):
        assert not Freedesktop().show("a", "b", urgent=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    assert not Freedesktop().show("a", "b", urgent=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    assert not Freedesktop().show("a", "b", urgent=False)
    assert not NoDesktop().show("a", "b", urgent=True)


def test_words_never_become_a_script() -> None:
    words, environment = toast_command("Titel", NASTY, True)
    script = base64.b64decode(words[-1]).decode("utf-16-le")
    assert NASTY not in script
    assert "$(rm" not in " ".join(words)
    assert environment["LADENTRESOR_TEXT"] == NASTY
    assert environment["LADENTRESOR_URGENT"] == "1"
    assert "CreateTextNode($env:LADENTRESOR_TEXT)" in script
    words, environment = mac_command("Titel", NASTY, False)
    assert list(words[-2:]) == ["Titel", NASTY]
    assert all(NASTY not in word for word in words[:-1])
    assert environment == {}


def test_a_command_that_fails_is_no_screen(tmp_path: Path) -> None:
    def by(code: str) -> ByCommand:
        return ByCommand(lambda title, text, urgent: ((sys.executable, "-c", code, title), {}))

    seen = tmp_path / "gesehen"
    good = f"import pathlib, sys; pathlib.Path({str(seen)!r}).write_text(sys.argv[1])"
    assert by(good).show(NASTY, "", urgent=False)
    assert seen.read_text() == NASTY
    assert not by("raise SystemExit(1)").show("a", "b", urgent=False)
    missing = ByCommand(lambda title, text, urgent: (("/gibt/es/nicht",), {}))
    assert not missing.show("a", "b", urgent=False)


# -- signs of life --------------------------------------------------------------------------------


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(500 if "kaputt" in self.path else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_signs_of_life(service: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    address, asked = service
    for beat in (Beat.START, Beat.SUCCESS, Beat.FAIL):
        assert send_beat(f"{address}/4f1c/", beat)
    assert asked == ["/4f1c/start", "/4f1c/", "/4f1c/fail"]
    assert not send_beat(f"{address}/kaputt", Beat.SUCCESS)
    monkeypatch.setattr(heartbeat, "TIME_LIMIT", 1.0)
    assert not send_beat(f"http://127.0.0.1:{free_port()}/x", Beat.SUCCESS)


def test_where_start_and_fail_go() -> None:
    assert beat_address("https://h/x?a=1", Beat.FAIL) == "https://h/x/fail?a=1"
    assert beat_address("https://h/x?a=1", Beat.SUCCESS) == "https://h/x?a=1"


def test_a_screen_costs_no_import_until_it_is_used() -> None:
    code = "import sys, core.alerts.office; print('jeepney' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
