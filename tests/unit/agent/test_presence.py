"""PC on, nobody signed in: how that is measured, said, and what is done about it."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import pytest

from core.agent import presence, without_logon
from core.agent.autostart import Start, task_xml
from core.agent.begin import Decision, Wait
from core.agent.presence import Presence, Sign, absence, home_events, read_sign, said_of, sign_path
from core.agent.without_logon import BootTask, Lingering, way_of_this_pc
from core.clock import stamp
from core.errors import Code, KnownError
from core.machine.uptime import Uptime, uptime_now
from core.paths import Home
from core.plan.check import Unfit
from tests.support.fixed_clock import NOON, FixedClock

HOUR = timedelta(hours=1)
DUE_LONG_AGO = [Decision(Wait.NOTHING, None, NOON - HOUR)]
START = Start(("/opt/la den/ladentresor", "agent"), {})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "c", tmp_path / "s", tmp_path / "x")
    made.make()
    return made


@pytest.mark.parametrize(
    ("last", "now", "away"),
    [
        (None, Uptime("a", 90_000), 0),  # the first agent ever
        (Sign("a", 1_000), Uptime("a", 1_030), 30),
        (Sign("a", 1_000), Uptime("a", 20_000), 19_000),  # signed out, never switched off
        (Sign("a", 50_000), Uptime("b", 600), 600),  # switched on, signed in after ten minutes
        (Sign("a", 1_000), Uptime("b", 20_000), 20_000),
        (Sign("", 50_000), Uptime("", 600), 600),  # a system that has no name for its starts
        (Sign("", 1_000), Uptime("", 4_600), 3_600),
    ],
)
def test_how_long_nobody_was_there(last: Sign | None, now: Uptime, away: int) -> None:
    assert absence(last, now) == timedelta(seconds=away)


def started(
    home: Home, monkeypatch: pytest.MonkeyPatch, awake: float
) -> tuple[Presence, FixedClock]:
    """An agent that starts when the PC has been on for so long."""
    monkeypatch.setattr(presence, "uptime_now", lambda: Uptime("a", awake))
    clock = FixedClock()
    return Presence(home, clock), clock


def test_an_absence_in_which_something_was_due_is_said_for_a_week(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = started(home, monkeypatch, 1_000)
    first.judge(DUE_LONG_AGO, late=False)
    first.give_sign()
    assert first.events() == []
    found, clock = started(home, monkeypatch, 1_000 + 13 * 3600)
    found.judge(DUE_LONG_AGO, late=True)
    (event,) = found.events()
    assert (event.code, event.severity, event.params) == (
        "nobody_signed_in", "warning", '{"hours": 13}'
    )  # fmt: skip
    found.give_sign()
    later, clock = started(home, monkeypatch, 1_000 + 14 * 3600)
    later.judge(DUE_LONG_AGO, late=False)
    assert later.events() == [event]  # said once, however often the agent starts
    clock.pass_by(days=8)
    assert later.events() == []


@pytest.mark.parametrize(
    ("awake", "decisions"),
    [
        (1_000 + 3_600, DUE_LONG_AGO),  # an hour is nothing
        (1_000 + 9 * 3_600, [Decision(Wait.NOT_DUE, NOON + HOUR)]),
        (1_000 + 9 * 3_600, [Decision(Wait.NOT_ATTACHED, None, NOON - HOUR)]),
        (1_000 + 9 * 3_600, [Decision(Wait.NOTHING, None, NOON + HOUR)]),
    ],
)
def test_what_is_no_reason_for_a_word(
    home: Home, monkeypatch: pytest.MonkeyPatch, awake: float, decisions: list[Decision]
) -> None:
    first, _ = started(home, monkeypatch, 1_000)
    first.give_sign()
    found, _ = started(home, monkeypatch, awake)
    found.judge(decisions, late=False)
    assert found.events() == []


def test_a_sign_now_and_then(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    found, clock = started(home, monkeypatch, 1_000)
    found.give_sign()
    monkeypatch.setattr(presence, "uptime_now", lambda: Uptime("a", 2_000))
    clock.pass_by(minutes=9)
    found.give_sign()
    assert read_sign(home) == Sign("a", 1_000)
    clock.pass_by(minutes=1)
    found.give_sign()
    assert read_sign(home) == Sign("a", 2_000)
    monkeypatch.setattr(presence, "uptime_now", lambda: Uptime("a", 2_001))
    found.give_sign(at_once=True)
    assert read_sign(home) == Sign("a", 2_001)


@pytest.mark.parametrize("junk", [b"", b"\xff", b"[]", b'{"boot":1}'])
def test_a_broken_sign_is_none(home: Home, junk: bytes) -> None:
    sign_path(home).write_bytes(junk)
    assert read_sign(home) is None


def test_a_clock_that_was_set_back_says_nothing() -> None:
    sign = Sign("a", 1.0, 9 * 3600.0, stamp(NOON + HOUR))
    assert said_of(sign, NOON) == []


def test_this_pc_says_how_long_it_is_on() -> None:
    one, other = uptime_now(), uptime_now()
    assert one.boot == other.boot
    assert 0 < one.awake <= other.awake
    if sys.platform == "linux":
        assert one.boot


def test_a_home_in_the_wrong_place_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home_events(home, NOON) == []
    share, carried = (home.state, "cifs"), (home.config, "Dropbox")
    for unfit, what in ((Unfit(network=share), "cifs"), (Unfit(synced=carried), "Dropbox")):
        monkeypatch.setattr(presence, "unfit_places", lambda *_, unfit=unfit: unfit)
        (event,) = home_events(home, NOON)
        assert (event.code, event.severity) == ("home_unfit", "alarm")
        assert what in event.params


# -- working without logon ------------------------------------------------------------------------


def tool(folder: Path, name: str, *, works: bool = True) -> Path:
    """A program of the system that writes down what it is told."""
    made = folder / "bin" / name
    made.parent.mkdir(exist_ok=True)
    end = "exit 0" if works else "echo 'Access denied' >&2; exit 1"
    made.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> {folder}/told\nfor one in "$@"; do case "$one" in'
        f' *.xml) cp "$one" {folder}/task.xml;; esac; done\n{end}\n'
    )
    made.chmod(0o755)
    return made


def test_lingering(tmp_path: Path) -> None:
    lingers = tmp_path / "linger"
    lingers.mkdir()
    way = Lingering(str(tool(tmp_path, "loginctl")), "anna", lingers)
    assert not way.is_on()
    way.switch_on(START)
    (lingers / "anna").touch()
    assert way.is_on()
    way.switch_off()
    assert (tmp_path / "told").read_text().splitlines() == [
        "--no-ask-password enable-linger anna",
        "--no-ask-password disable-linger anna",
    ]


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    way = Lingering(str(tool(tmp_path, "loginctl", works=False)), "anna", tmp_path)
    with pytest.raises(KnownError) as caught:
        way.switch_on(START)
    assert (caught.value.code, caught.value.params["cause"]) == (
        Code.AUTOSTART_FAILED, "Access denied"
    )  # fmt: skip
    task = BootTask(str(tool(tmp_path, "schtasks", works=False)), "anna")
    assert not task.is_on()
    with pytest.raises(KnownError):
        task.switch_on(START)
    gone = Lingering(str(tmp_path / "nirgends"), "anna", tmp_path)
    with pytest.raises(KnownError):
        gone.switch_off()


def test_a_task_whether_logged_on_or_not(tmp_path: Path) -> None:
    """Its password is asked for by Windows' own tool: it is no word of ours."""
    way = BootTask(str(tool(tmp_path, "schtasks")), r"LADEN\anna")
    assert way.is_on()
    way.switch_on(START)
    way.switch_off()
    query, create, delete = (tmp_path / "told").read_text().splitlines()
    assert query == "/Query /TN Ladentresor"
    assert create.startswith("/Create /F /TN Ladentresor /XML ")
    assert create.endswith(r"/RU LADEN\anna /RP *")
    assert delete == "/Delete /F /TN Ladentresor"
    text = (tmp_path / "task.xml").read_text(encoding="utf-16")
    root = ET.fromstring(text.replace("UTF-16", "UTF-8").encode())
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.find(".//t:BootTrigger", space) is not None
    assert root.find(".//t:LogonTrigger", space) is None
    assert root.findtext(".//t:LogonType", namespaces=space) == "Password"
    at_logon = task_xml(START, "anna")
    assert "InteractiveToken" in at_logon
    assert "BootTrigger" not in at_logon


def test_which_way_there_is(tmp_path: Path) -> None:
    tool(tmp_path, "loginctl")
    tool(tmp_path, "schtasks")
    path = {"PATH": str(tmp_path / "bin")}
    assert way_of_this_pc("linux", path) is None  # no systemd of the user's own
    (tmp_path / "run" / "systemd").mkdir(parents=True)
    (tmp_path / "run" / "systemd" / "private").touch()
    assert isinstance(
        way_of_this_pc("linux", path | {"XDG_RUNTIME_DIR": str(tmp_path / "run")}), Lingering
    )
    assert way_of_this_pc("darwin", path) is None
    assert way_of_this_pc("win32", path) is None
    windows = way_of_this_pc("win32", path | {"USERNAME": "anna", "USERDOMAIN": "LADEN"})
    assert isinstance(windows, BootTask)
    assert without_logon.way_of_this_pc("freebsd", path) is None
