"""Whatever goes wrong with bundled and encrypted copies: it is said, nothing is lost, it heals.

What test_trouble.py shows of trees, where it is different here: objects pass through a spool in our
home, and rclone, where it leads there, may be killed, missing or out when a person interrupts the
run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from core.errors import Code, Exit
from tests.engine.stage import (
    Event,
    Layout,
    Shop,
    ended_as,
    events,
    exit_of,
    make_shop,
    refusal,
)
from tests.support import cli, keys
from tests.support.disks import (
    MIB,
    DiskDrawer,
    disks,  # noqa: F401  (a fixture)
    fill,
    read_only,
)
from tests.support.places import Place, place
from tests.support.trees import mutate, shop_tree

PACKED = pytest.mark.parametrize("layout", ["bundled", "sealed"])


def begun(root: Path, layout: Layout, *, at: Place | None = None) -> Shop:
    """A shop with one state on its disk, or at a place in the network."""
    shop = make_shop(root, layout=layout, places={"platte": at} if at else None)
    shop_tree(shop.source, files=20)
    shop.day()
    return shop


def fails(shop: Shop, code: Code) -> Event:
    return refusal(shop.run("backup", rc=exit_of(code)), code)


def heals(shop: Shop) -> None:
    """The next run makes a state, and every state so far comes back."""
    shop.day()
    *earlier, newest = shop.days
    assert shop.differences(*earlier) + shop.differences(newest, by="script") == []
    assert left_behind(shop) == []


def left_behind(shop: Shop) -> list[str]:
    """What stands in the spool when nobody works."""
    spool = shop.home / "cache" / "spool"
    return sorted(path.name for path in spool.iterdir()) if spool.is_dir() else []


def pictures(shop: Shop, number: int = 40) -> None:
    """Work for the next run that takes a moment: a MB each, and nothing to deflate."""
    for at in range(number):
        (shop.source / f"neu {at}.jpg").write_bytes(Random(at).randbytes(MIB))


# ------------------------------------------------------------------ the disk


@pytest.mark.root
@PACKED
@pytest.mark.parametrize("leave", [0, 40_000, 3 * MIB])
def test_full_disk(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    layout: Layout,
    leave: int,
) -> None:
    shop = make_shop(tmp_path, layout=layout)
    shop.disks["platte"] = disks("tmpfs", 24 * MIB).path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    pictures(shop, 5)
    ballast = fill(shop.disks["platte"], leave)
    fails(shop, Code.DESTINATION_FULL)
    assert shop.differences(1) == []
    ballast.unlink()
    heals(shop)


@pytest.mark.root
@PACKED
@pytest.mark.parametrize("first", [True, False])
def test_read_only_disk(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    layout: Layout,
    *,
    first: bool,
) -> None:
    shop = make_shop(tmp_path, layout=layout)
    shop.disks["platte"] = disks("tmpfs", 24 * MIB).path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    if not first:
        shop.day()
        mutate(shop.source, seed=1, day=1)
    with read_only(shop.disks["platte"]):
        fails(shop, Code.DESTINATION_READ_ONLY)
        if not first:
            assert shop.differences(1) == []
    heals(shop)


@PACKED
def test_an_empty_mount_point_is_not_written_to(tmp_path: Path, layout: Layout) -> None:
    shop = begun(tmp_path, layout)
    mutate(shop.source, seed=1, day=1)
    shop.disks["platte"].rename(tmp_path / "im Schrank")
    fails(shop, Code.DESTINATION_MISSING)
    shop.disks["platte"].mkdir()
    fails(shop, Code.DESTINATION_EMPTIED)
    assert list(shop.disks["platte"].iterdir()) == []
    shop.disks["platte"].rmdir()
    (tmp_path / "im Schrank").rename(shop.disks["platte"])
    heals(shop)


@contextmanager
def running(shop: Shop) -> Iterator[cli.Running]:
    """A second run that has begun to store."""
    pictures(shop)
    env = keys.ENV if shop.pair is not None else None
    with cli.start("--json", "backup", home=shop.home, env=env) as program:
        until = time.monotonic() + 60
        before = stored(shop)
        while stored(shop) < before + 4 * MIB:
            assert time.monotonic() < until, "the run never wrote that much"
            assert program.process.poll() is None, program.process.communicate()
            time.sleep(0.005)
        yield program


def stored(shop: Shop) -> int:
    found = 0
    for path in shop.copy().rglob("*"):
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # renamed just now
    return found


@pytest.mark.root
@PACKED
def test_disk_pulled_out_in_the_middle(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    layout: Layout,
) -> None:
    """The other disk gets everything all the same, and the pulled one goes on when it is back."""
    shop = make_shop(tmp_path, disks=("platte", "zweite"), layout=layout)
    shop.layouts["zweite"] = "tree"
    disk = disks("ext4", 192 * MIB)
    shop.disks["platte"] = disk.path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    disk.unplug()
    disk.plug_in()
    with running(shop) as program:
        disk.pull()
        out, _ = program.process.communicate(timeout=120)
    lines = cli._json_lines(out)
    results = {line["destination"]: line for line in events(lines, "result")}
    refusal(lines, Code.DESTINATION_GONE)
    assert program.process.returncode == Exit.PARTLY
    assert ended_as(results) == {"platte": "destination_gone", "zweite": "committed"}
    disk.plug_in()
    assert shop.differences(1) == []
    heals(shop)


# ------------------------------------------------------------------ our own home


@pytest.mark.root
@pytest.mark.parametrize("leave", [300_000, 3 * MIB])
def test_home_disk_full_while_the_spool_fills(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    leave: int,
) -> None:
    shop = make_shop(tmp_path, layout="sealed")
    shop.home = disks("tmpfs", 24 * MIB).path / "home"
    keys.put_pair(shop.home, shop.pair)
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    pictures(shop, 6)
    ballast = fill(shop.home, leave)
    fails(shop, Code.HOME_FULL)
    ballast.unlink()
    assert shop.differences(1) == []
    heals(shop)


# ------------------------------------------------------------------ whoever works


def test_interrupted_by_a_person_while_uploads_are_out(tmp_path: Path) -> None:
    shop = begun(tmp_path, "sealed")
    with running(shop) as program:
        program.kill_group(signal.SIGINT)
        out, err = program.process.communicate(timeout=60)
        assert program.process.returncode == Exit.CANCELLED, out + err
        refusal(cli._json_lines(out), Code.CANCELLED)
        assert program.wait_for_orphans() == []
    assert left_behind(shop) == []
    assert shop.differences(1) == []
    heals(shop)


def test_killed_while_uploads_are_out(tmp_path: Path) -> None:
    """What it left in the spool, secrets of rclone included, goes with the next start."""
    shop = begun(tmp_path, "sealed")
    with running(shop) as program:
        program.kill_self()
        program.process.wait()
        assert program.wait_for_orphans() == []
    assert left_behind(shop) != []
    heals(shop)


def test_rclone_killed_alone(tmp_path: Path) -> None:
    with place("webdav", tmp_path / "nas") as far:
        _kill_rclone_alone(begun(tmp_path, "sealed", at=far))


def _kill_rclone_alone(shop: Shop) -> None:
    with running(shop) as program:
        (child,) = [
            pid
            for pid in program.descendants()
            if b"rcd" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]
        os.kill(child, signal.SIGKILL)
        out, _ = program.process.communicate(timeout=60)
        refusal(cli._json_lines(out), Code.RCLONE_DIED)
        assert program.process.returncode == exit_of(Code.RCLONE_DIED)
    assert shop.differences(1) == []
    heals(shop)


def test_without_rclone_the_other_copies_are_made(tmp_path: Path) -> None:
    with place("webdav", tmp_path / "nas") as far:
        _back_up_without_rclone(tmp_path, far)


def _back_up_without_rclone(tmp_path: Path, far: Place) -> None:
    shop = make_shop(tmp_path, disks=("platte", "zweite"), layout="bundled", places={"zweite": far})
    shop_tree(shop.source, files=20)
    nowhere = tmp_path / "leer"
    nowhere.mkdir()
    code = (
        "import sys, core.rclone.binary as b; from pathlib import Path;"
        f"b._place = lambda: Path({str(nowhere)!r}) / 'rclone';"
        "from core.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    lines = run_code(code, shop)
    refusal(lines, Code.RCLONE_MISSING)
    results = {line["destination"]: line for line in events(lines, "result")}
    assert ended_as(results) == {"platte": "committed", "zweite": "rclone_missing"}
    shop.days[1] = shop.look()
    assert shop.differences(1) == []
    shop.backup()
    assert shop.differences(1, disk="zweite") == []


def run_code(code: str, shop: Shop) -> list[Event]:
    """Back up by a program that is changed a little before."""
    done = subprocess.run(
        [sys.executable, "-c", code, "--json", "--home", shop.home, "backup"],
        env={**os.environ, **keys.ENV, "PYTHONPATH": str(cli.ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == Exit.PARTLY, done.stdout + done.stderr
    return cli._json_lines(done.stdout)
