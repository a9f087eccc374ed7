"""Real disks that people plug in: copied by themselves, read back, ejected; wrong ones are told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store.home import DiskRow, HomeStore
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli
from tests.support.disks import MIB, Disk, DiskDrawer, Kind, disks, fill
from tests.support.mounts import is_mounted

__all__ = ["disks"]
pytestmark = pytest.mark.root


def offline_shop(tmp_path: Path, **places: Path) -> Shop:
    """A shop whose disks are only attached for their copies; nothing else."""
    shop = make_shop(tmp_path, disks=tuple(places))
    for id, path in places.items():
        shop.disks[id].rmdir()
        shop.disks[id] = path
    shop.write_plan()
    plan = shop.home / "config" / "plan.toml"
    plan.write_text(plan.read_text().replace('layout = "tree"', 'layout = "tree"\noffline = true'))
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    (shop.source / "bild.jpg").write_bytes(os.urandom(300_000))
    return shop


def disk_row(shop: Shop, id: str) -> DiskRow | None:
    store = HomeStore(agent.home_of(shop.home).database, SystemClock())
    try:
        return store.disk(id)
    finally:
        store.close()


def said(shop: Shop) -> list[str]:
    """What `agent status` says of what lasts, in German."""
    done = cli.run("--json", "--lang", "de", "agent", "status", home=shop.home)
    return [line["sentence"] for line in done.lines if line["event"] == "lasting"]


@pytest.mark.parametrize("kind", ["ext4", "ntfs", "exfat"])
def test_plugged_in_copied_read_back_and_let_go(
    tmp_path: Path, disks: DiskDrawer, kind: Kind
) -> None:
    disk = disks(kind)
    shop = offline_shop(tmp_path, rot=disk.path)
    disk.unplug()
    with agent.running(shop.home):  # the PC has just been switched on: a disk need not wait
        agent.wait_for(lambda: "disk_due" in agent.codes(shop.home))
        assert agent.runs(shop.home) == []  # the empty mount point is no disk
        disk.plug_in()
        agent.wait_for(lambda: "disk_ready" in agent.codes(shop.home))
        assert not is_mounted(disk.path)
        assert [row.status for row in agent.runs(shop.home)] == ["COMMITTED"]
        assert "„Platte rot“ ist fertig. Sie können die Platte jetzt abziehen." in said(shop)
        row = disk_row(shop, "rot")
        assert row is not None
        assert row.attached <= row.detached
        status = cli.run("--json", "status", home=shop.home)
        copy = next(line for line in status.lines if line.get("destination") == "rot")
        assert copy["detached_at"] == row.detached
        assert copy["by_word"] == []
        assert copy["last_read_at"] is not None
        disk.unplug()
        disk.plug_in()  # just made: nothing begins, and nobody takes it away again
        agent.wait_for(lambda: "disk_ready" not in agent.codes(shop.home))
        assert len(agent.runs(shop.home)) == 1
        assert is_mounted(disk.path)
    with shop.brought_back(disk="rot") as into:
        assert (into / "shop" / "kasse.csv").exists()


@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_pulled_out_in_the_middle_it_goes_on_when_it_comes_back(
    tmp_path: Path, disks: DiskDrawer, kind: Kind
) -> None:
    disk = disks(kind, 500 * MIB)
    shop = offline_shop(tmp_path, rot=disk.path)
    with (shop.source / "gross.bin").open("wb") as file:
        for _ in range(6):
            file.write(os.urandom(40 * MIB))
    disk.unplug()
    with agent.running(shop.home):
        disk.plug_in()
        agent.wait_for(lambda: [row for row in agent.runs(shop.home) if row.run])
        disk.pull()
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.status == "FAILED"])
        agent.wait_for(lambda: {"copy_failing", "disk_torn_out"} <= agent.codes(shop.home))
        disk.unplug()
        agent.wait_for(lambda: not agent.works(shop.home))
        disk.plug_in()
        agent.wait_for(lambda: "disk_ready" in agent.codes(shop.home))
        assert agent.runs(shop.home)[-1].status == "COMMITTED"
        assert not {"copy_failing", "disk_torn_out"} & agent.codes(shop.home)
        disk.unplug()
        disk.plug_in()
    with shop.brought_back(disk="rot") as into:
        copied, original = into / "shop" / "gross.bin", shop.source / "gross.bin"
        assert copied.read_bytes() == original.read_bytes()


def test_a_disk_that_is_mounted_elsewhere_is_found_by_its_copy(
    tmp_path: Path, disks: DiskDrawer
) -> None:
    """As with another letter on Windows: copied, read and brought back where it is now."""
    disk = disks("ext4")
    shop = offline_shop(tmp_path, rot=disk.path)
    copied_once(shop, "rot")
    planned = disk.path
    disk.unplug()
    disk.path = tmp_path / "anderswo" / "Platte"
    disk.path.mkdir(parents=True)
    disk.plug_in()
    (shop.source / "kasse.csv").write_text("4;5;6\n")
    done = cli.run("--json", "backup", home=shop.home)
    assert [line["outcome"] for line in done.lines if line["event"] == "result"] == ["committed"]
    assert list(planned.iterdir()) == []  # nothing was laid out at the empty mount point
    shown = cli.run("plan", "show", home=shop.home).stdout
    assert f": {planned}, " in shown  # what the plan says, and beside it what is
    assert f"zurzeit unter {disk.path}" in shown
    into = tmp_path / "zurück"
    cli.run("restore", "laden", "--into", into, home=shop.home)
    assert (into / "shop" / "kasse.csv").read_text() == "4;5;6\n"
    with agent.running(shop.home):
        agent.wait_for(lambda: (row := disk_row(shop, "rot")) is not None and row.attached)


def stand_in(one: Disk, other: Disk) -> None:
    """Another disk at the place of one, as two with the same letter or label."""
    one.unplug()
    other.unplug()
    other.path = one.path
    other.plug_in()


def copied_once(shop: Shop, *ids: str) -> None:
    for id in ids:
        cli.run("backup", "--to", id, home=shop.home)


def nothing_was_written(disk: Disk, before: list[str]) -> None:
    assert sorted(str(path) for path in disk.path.rglob("*")) == before


def listing(disk: Disk) -> list[str]:
    return sorted(str(path) for path in disk.path.rglob("*"))


def test_rotation_the_other_disk_at_the_place_is_told(tmp_path: Path, disks: DiskDrawer) -> None:
    red, blue = disks("ext4"), disks("ext4")
    shop = offline_shop(tmp_path, rot=red.path, blau=blue.path)
    copied_once(shop, "rot", "blau")
    stand_in(red, blue)
    before = listing(blue)
    with agent.running(shop.home):
        agent.wait_for(lambda: "disk_wrong" in agent.codes(shop.home))
        event = next(e for e in agent.events(shop.home) if e.code == "disk_wrong")
        assert (event.destination, json.loads(event.params)) == ("rot", {"other": "blau"})
        nothing_was_written(blue, before)  # its own reading is no writing
        agent.wait_for(lambda: not agent.works(shop.home))
        blue.unplug()
        agent.wait_for(lambda: "disk_wrong" not in agent.codes(shop.home))


def test_the_disk_of_another_shop_is_told_and_left_alone(tmp_path: Path, disks: DiskDrawer) -> None:
    ours, theirs = disks("ext4"), disks("ext4")
    other = offline_shop(tmp_path / "nachbar", rot=theirs.path)
    copied_once(other, "rot")
    shop = offline_shop(tmp_path / "wir", rot=ours.path)
    copied_once(shop, "rot")
    stand_in(ours, theirs)
    before = listing(theirs)
    with agent.running(shop.home):
        agent.wait_for(lambda: "disk_foreign" in agent.codes(shop.home))
        assert agent.works(shop.home) == []
        nothing_was_written(theirs, before)


def test_a_new_disk_is_told_and_left_alone(tmp_path: Path, disks: DiskDrawer) -> None:
    ours, blank = disks("ext4"), disks("ext4")
    shop = offline_shop(tmp_path, rot=ours.path)
    copied_once(shop, "rot")
    stand_in(ours, blank)
    before = listing(blank)
    with agent.running(shop.home):
        agent.wait_for(lambda: "disk_new" in agent.codes(shop.home))
        assert agent.works(shop.home) == []
        nothing_was_written(blank, before)


def test_a_full_disk_is_told_and_stays(tmp_path: Path, disks: DiskDrawer) -> None:
    disk = disks("ext4")
    shop = offline_shop(tmp_path, rot=disk.path)
    with (shop.source / "gross.bin").open("wb") as file:
        file.write(os.urandom(20 * MIB))
    fill(disk.path, 4 * MIB)
    disk.unplug()
    with agent.running(shop.home):
        disk.plug_in()
        agent.wait_for(lambda: "copy_failing" in agent.codes(shop.home))
        event = next(e for e in agent.events(shop.home) if e.code == "copy_failing")
        assert json.loads(event.params) == {"cause": "destination_full"}
        assert is_mounted(disk.path)


def test_a_disk_that_somebody_looks_into_is_not_torn_away(
    tmp_path: Path, disks: DiskDrawer
) -> None:
    disk = disks("ext4")
    shop = offline_shop(tmp_path, rot=disk.path)
    disk.unplug()
    with agent.running(shop.home):
        disk.plug_in()
        with (disk.path / "offen").open("w"):
            agent.wait_for(lambda: "disk_in_use" in agent.codes(shop.home))
            assert is_mounted(disk.path)
