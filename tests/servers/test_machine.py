"""Mains, battery and the cost of the line, as each system tells them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from core.destinations.line import Line
from core.machine import metered as asking
from core.machine.metered import Metered, from_cost, from_network_manager, metered_now
from core.machine.power import Power, from_pmset, from_status, from_supplies, power_now
from core.plan.limits import Limits, parse_hours
from tests.support.fixed_clock import FixedClock
from tests.support.network_manager import network_manager
from tests.support.secret_service import session_bus

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks a bus")


def supply(folder: Path, name: str, **said: str) -> None:
    (folder / name).mkdir(parents=True)
    for key, value in said.items():
        (folder / name / key).write_text(f"{value}\n")


BATTERY = {"type": "Battery", "present": "1", "capacity": "57"}


def test_a_laptop(tmp_path: Path) -> None:
    away, home, full, usb_c = (tmp_path / name for name in ("a", "b", "c", "d"))
    supply(away, "BAT0", **BATTERY, status="Discharging")
    supply(away, "AC", type="Mains", online="0")
    assert from_supplies(away) == Power(mains=False, percent=57)
    supply(home, "BAT0", **BATTERY, status="Charging")
    supply(home, "AC", type="Mains", online="1")
    assert from_supplies(home) == Power(mains=True, percent=57)
    supply(full, "BAT0", **BATTERY | {"capacity": "100"}, status="Not charging")
    assert from_supplies(full) == Power(mains=True, percent=100)
    supply(usb_c, "BAT0", **BATTERY, status="Discharging")
    supply(usb_c, "BAT1", **BATTERY | {"capacity": "99"}, status="Unknown")
    supply(usb_c, "ucsi-source", type="USB", online="0")
    assert from_supplies(usb_c) == Power(mains=False, percent=78)


def test_a_desktop_and_what_is_no_battery_of_it(tmp_path: Path) -> None:
    assert from_supplies(tmp_path / "nothing") == Power()
    supply(tmp_path, "hidpp_battery_0", **BATTERY, status="Discharging", scope="Device")
    supply(tmp_path, "BAT1", type="Battery", present="0", status="Unknown")
    supply(tmp_path, "broken", type="Battery", present="1", capacity="?")
    assert from_supplies(tmp_path) == Power()


def test_this_machine() -> None:
    power = power_now()
    assert power.percent is None or 0 <= power.percent <= 100


def test_macos() -> None:
    said = (
        "Now drawing from '{}'\n -InternalBattery-0 (id=4653155)\t{}%; discharging; "
        "4:41 remaining present: true\n"
    )
    assert from_pmset(said.format("Battery Power", 57)) == Power(mains=False, percent=57)
    assert from_pmset(said.format("AC Power", 100)) == Power(mains=True, percent=100)
    assert from_pmset("Now drawing from 'AC Power'\n") == Power()
    assert from_pmset("") == Power()


@pytest.mark.parametrize(
    ("line", "flag", "percent", "power"),
    [
        (1, 128, 255, Power()),  # a desktop
        (1, 8, 80, Power(mains=True, percent=80)),
        (0, 2, 25, Power(mains=False, percent=25)),
        (0, 0, 50, Power(mains=False, percent=50)),
        (255, 255, 255, Power()),
        (0, 4, 255, Power(mains=False)),
    ],
)
def test_windows_power(line: int, flag: int, percent: int, power: Power) -> None:
    assert from_status(line, flag, percent) == power


@pytest.mark.parametrize(
    ("cost", "found"),
    [
        (0x0, Metered.UNKNOWN),
        (0x1, Metered.NO),
        (0x2, Metered.YES),
        (0x4, Metered.YES),
        (0x1 | 0x40000, Metered.YES),  # roaming
        (0x1 | 0x10000, Metered.YES),  # used up
        (0x1 | 0x20000, Metered.NO),  # congested costs nothing
    ],
)
def test_windows_cost(cost: int, found: Metered) -> None:
    assert from_cost(cost) is found


def test_what_network_manager_means() -> None:
    found = [from_network_manager(value) for value in range(6)]
    yes, no, unknown = Metered.YES, Metered.NO, Metered.UNKNOWN
    assert found == [unknown, yes, no, yes, no, unknown]


@linux
def test_network_manager_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SECONDS", 1.0)
    with session_bus(tmp_path) as own:
        bus = {"DBUS_SYSTEM_BUS_ADDRESS": own["DBUS_SESSION_BUS_ADDRESS"]}
        for name, value in bus.items():
            monkeypatch.setenv(name, value)
        assert metered_now() is Metered.UNKNOWN  # nobody there
        for value, found in (("1", Metered.YES), ("4", Metered.NO), ("silent", Metered.UNKNOWN)):
            with network_manager(bus, value):
                monkeypatch.setattr(asking, "_SECONDS", 1.0 if value == "silent" else 10.0)
                assert metered_now() is found
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    assert metered_now() is Metered.UNKNOWN


def test_the_rate_of_the_hour() -> None:
    always = (parse_hours("mo-so 00:00-24:00"),)
    clock = FixedClock()
    rate = Line(Limits(working_hours=always, upload=500, upload_working_hours=7), clock).share()
    assert rate is not None
    assert rate() == 7
    rate = Line(Limits(upload=5000, upload_working_hours=7), clock).share()
    assert rate is not None
    assert rate() == 5000
    rate = Line(Limits(working_hours=always, upload_working_hours=7, upload=None), clock).share()
    assert rate is not None
    assert Line(Limits(), clock).share() is None


def test_several_that_send_share_the_line() -> None:
    clock = FixedClock()
    line = Line(Limits(upload=900, upload_working_hours=900), clock)
    one, two, three = line.share(), line.share(), line.share()
    assert one is not None
    assert two is not None
    assert three is not None
    assert one() == 900  # the others do not send
    assert two() == 450
    assert (three(), one(), two()) == (300, 300, 300)
    clock.pass_by(seconds=11)
    assert one() == 900
    tiny = Line(Limits(upload=1, upload_working_hours=1), clock)
    assert [rate() for rate in (tiny.share(), tiny.share()) if rate] == [1, 1]


def test_processes_of_a_home_share_the_line(tmp_path: Path) -> None:
    room = tmp_path / "leitung"
    limits = Limits(upload=900, upload_working_hours=900)
    one, other = (Line(limits, FixedClock(), room) for _ in range(2))
    first, second, third = one.share(), other.share(), other.share()
    assert first is not None
    assert second is not None
    assert third is not None
    assert first() == 900
    assert second() == 450
    assert third() == 300
    assert first() == 300
    other.close()
    assert first() == 900
    (room / "junk").write_bytes(b"\xff")
    (room / "long-dead").write_text("5")
    (room / "just-dead").write_text("5")
    now = (room / "junk").stat().st_mtime
    os.utime(room / "long-dead", (now - 7200, now - 7200))
    os.utime(room / "just-dead", (now - 60, now - 60))
    assert first() == 900
    assert not (room / "long-dead").exists()
    shutil.rmtree(room)
    room.write_text("in the way")
    assert first() == 900  # nobody to share with is no reason to stop
    one.close()
