"""Which device a folder lies on: a made-up Linux, and this very one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.destinations import devices
from core.destinations.devices import Device, device_of
from core.machine.mounts import Mount

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Linux is made up with links")

NUMBERS = {"sda1": 0x801, "sda2": 0x802, "sdb1": 0x811, "dm-0": 0xFD00}


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PC with a disk of two volumes, one of them encrypted, and a stick."""
    real, block = tmp_path / "devices", tmp_path / "block"
    block.mkdir()
    for disk, parts in (("sda", ("sda1", "sda2")), ("sdb", ("sdb1",))):
        (real / disk / "slaves").mkdir(parents=True)
        for part in parts:
            (real / disk / part).mkdir()
            (real / disk / part / "partition").write_text("1\n")
    (real / "dm-0" / "slaves").mkdir(parents=True)
    (real / "dm-0" / "slaves" / "sda2").symlink_to(real / "sda" / "sda2")
    for name, number in NUMBERS.items():
        place = next(path for path in real.rglob(name) if path.parent.name != "slaves")
        (block / f"{os.major(number)}:{os.minor(number)}").symlink_to(place)
    monkeypatch.setattr(devices, "_SYSFS", str(block))
    monkeypatch.setattr(devices, "_BY_UUID", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def on(name: str) -> Device:
    return devices._on_linux("/mnt", NUMBERS[name])


def test_two_volumes_of_one_disk_are_one_device(linux: Path) -> None:
    assert on("sda1").same(on("sda2"))
    assert not on("sda1").same(on("sdb1"))


def test_an_encrypted_volume_lies_on_its_disk(linux: Path) -> None:
    assert on("dm-0") == Device("disk:sda")


@pytest.mark.parametrize(
    ("kind", "source", "name"),
    [
        ("cifs", "//NAS-Lager/laden", "host:nas-lager"),
        ("nfs4", "nas.local:/volume1/laden", "host:nas.local"),
        ("fuse.sshfs", "anna@nas:/laden", "host:nas"),
        ("nfs", "[fd00::1]:/laden", "host:[fd00::1]"),
    ],
)
def test_two_shares_of_one_nas_are_one_device(
    linux: Path, monkeypatch: pytest.MonkeyPatch, kind: str, source: str, name: str
) -> None:
    monkeypatch.setattr(devices, "mount_of", lambda path: Mount(kind, source))
    assert devices._on_linux("/mnt", 77).now == name


def test_what_nobody_can_tell_is_told_by_its_mount(
    linux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "mount_of", lambda path: Mount("overlay", "overlay"))
    assert devices._on_linux("/mnt", 77) == Device("dev:77")


def test_two_folders_here_are_one_device(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert device_of(tmp_path / "a").same(device_of(tmp_path))
    assert device_of(tmp_path / "fehlt") == Device()


def test_the_nameless_are_not_the_same() -> None:
    assert not Device().same(Device())
    assert Device("disk:sdb", "uuid:1").same(Device("", "uuid:1"))
    assert not Device("disk:sdb", "uuid:1").same(Device("disk:sdc", "uuid:2"))
