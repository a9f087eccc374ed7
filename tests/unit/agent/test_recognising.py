"""Which disk is at a destination, told by what it holds; and how the system lets one go."""

from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path

import pytest

from core.agent.disks.recognising import Found, recognise
from core.agent.disks.volumes import LinuxVolumes, mount_point, system_volumes
from core.agent.manners import awake_command
from core.destinations.devices import Device
from core.machine.mounts import Mount
from core.plan.locations import LocalLocation
from core.plan.model import Destination, Plan
from tests.unit.agent.given import a_plan, place

PC, USB = Device("disk:sda", "uuid:pc"), Device("disk:sdb", "uuid:usb")
KNOWN = {"rot": frozenset({"v-rot"}), "blau": frozenset({"v-blau"})}


@pytest.fixture
def plan() -> Plan:
    return a_plan(place("rot", offline=True), place("blau", offline=True))


@pytest.mark.parametrize(
    ("vaults", "below", "known", "found", "other"),
    [
        (frozenset({"v-rot"}), USB, KNOWN, Found.OURS, ""),
        (frozenset({"v-rot", "v-alt"}), USB, KNOWN, Found.OURS, ""),  # a vault of a former pair
        (frozenset({"v-blau"}), USB, KNOWN, Found.OTHER, "blau"),
        (frozenset({"v-fremd"}), USB, KNOWN, Found.FOREIGN, ""),
        (frozenset(), USB, KNOWN, Found.FOREIGN, ""),  # a marker that is rotten
        (None, USB, KNOWN, Found.NEW, ""),
        (None, PC, KNOWN, Found.ABSENT, ""),  # the empty mount point
        (None, USB, {}, Found.OURS, ""),  # the first copy is yet to be made
        (None, PC, {}, Found.ABSENT, ""),
        (frozenset({"v-fremd"}), USB, {}, Found.FOREIGN, ""),
        (frozenset({"v-rot"}), PC, KNOWN, Found.OURS, ""),  # a second disk built in
    ],
)
def test_recognised(
    tmp_path: Path,
    plan: Plan,
    vaults: frozenset[str] | None,
    below: Device,
    known: dict[str, frozenset[str]],
    found: Found,
    other: str,
) -> None:
    where = at(plan, tmp_path)
    seen = recognise(
        plan, where, known, PC, look=lambda path, system: vaults, device=lambda path: below
    )
    assert (seen.found, seen.other) == (found, other)


def at(plan: Plan, path: Path) -> Destination:
    return dataclasses.replace(plan.destinations[0], location=LocalLocation(path=path))


def test_a_disk_that_answers_no_more_is_absent(tmp_path: Path, plan: Plan) -> None:
    def dead(path: Path, system: str) -> frozenset[str] | None:
        raise OSError(5, "Input/output error")

    seen = recognise(plan, at(plan, tmp_path), KNOWN, PC, look=dead, device=lambda path: USB)
    assert seen.found is Found.ABSENT
    gone = recognise(plan, at(plan, tmp_path / "fort"), KNOWN, PC)
    assert gone.found is Found.ABSENT


# -- the system's side ----------------------------------------------------------------------------


def tool(folder: Path, name: str, text: str) -> Path:
    """A tool of the system that writes down what it is told."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $@" >> {folder}/told\n{text}\n')
    path.chmod(0o755)
    return folder / "told"


def ejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(
        "core.agent.disks.volumes.mount_of", lambda path: Mount("ext4", "/dev/sdz1")
    )
    volumes = LinuxVolumes(str(tmp_path / "bin"))
    try:
        return volumes.eject(Path("/"))
    finally:
        volumes.close()


def test_udisks_lets_a_disk_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tool(tmp_path / "bin", "udisksctl", '[ "$1" = unmount ]')
    tool(tmp_path / "bin", "umount", "exit 1")
    assert ejected(tmp_path, monkeypatch) == ""
    assert told.read_text().splitlines() == [
        "udisksctl unmount -b /dev/sdz1 --no-user-interaction",
        "udisksctl power-off -b /dev/sdz1 --no-user-interaction",
    ]


def test_what_is_still_in_use_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "bin", "udisksctl", "echo busy >&2; exit 1")
    told = tool(tmp_path / "bin", "umount", 'echo "umount: /: target is busy." >&2; exit 32')
    assert ejected(tmp_path, monkeypatch) == "umount: /: target is busy."
    assert told.read_text().splitlines()[-1] == "umount /"


def test_watching_ends_when_it_is_told_to() -> None:
    volumes = system_volumes()
    volumes.watch(lambda: None)
    assert any(thread.name == "agent-disks" for thread in threading.enumerate())
    volumes.close()
    assert not any(thread.name == "agent-disks" for thread in threading.enumerate())


def test_the_mount_point_of_a_folder(tmp_path: Path) -> None:
    point = mount_point(tmp_path)
    assert os.path.ismount(point)
    assert str(tmp_path).startswith(point)


def test_what_keeps_a_pc_awake() -> None:
    assert awake_command("darwin", 7) == ["/usr/bin/caffeinate", "-i", "-m", "-w", "7"]
    linux = awake_command("linux", 7)
    assert not linux or (linux[0].endswith("systemd-inhibit") and linux[-1] == "cat")
    assert awake_command("freebsd", 7) == []
