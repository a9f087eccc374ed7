"""Must hold 4: whatever goes wrong, nothing is lost, it is said, and the next run mends it."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from core.copies.backing_up import copy_run
from core.errors import Code
from tests.engine.forging import ask
from tests.engine.stage import (
    BOTH,
    LAYOUTS,
    Event,
    Layout,
    Shop,
    ended_as,
    events,
    exit_of,
    make_shop,
    only,
    refusal,
    states_at,
    wrapper_without_rights,
)
from tests.support import cli
from tests.support.disks import (
    MIB,
    Disk,
    DiskDrawer,
    Kind,
    disks,  # noqa: F401  (a fixture)
    fill,
    read_only,
)
from tests.support.mounts import is_mounted, unmount
from tests.support.trees import mutate, shop_tree


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with one state on its disk, and work done since."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=20)
    shop.day()
    mutate(shop.source, seed=1, day=1)
    yield shop
    (shop.copy()).chmod(0o755)


def fails(shop: Shop, code: Code, *args: str, wrapper: tuple[str, ...] = ()) -> Event:
    """Back up in vain; the error event."""
    return refusal(shop.run("backup", *args, rc=exit_of(code), wrapper=wrapper), code)


def heals(shop: Shop) -> None:
    """The next run makes a state, and every state so far comes back."""
    shop.day()
    *earlier, newest = shop.days
    assert shop.differences(*earlier) + shop.differences(newest, by="script") == []


# ------------------------------------------------------------------ the disk is not what it was


def test_no_disk(shop: Shop, tmp_path: Path) -> None:
    shop.disks["platte"].rename(tmp_path / "im Schrank")
    fails(shop, Code.DESTINATION_MISSING)
    assert not shop.disks["platte"].exists()
    (tmp_path / "im Schrank").rename(shop.disks["platte"])
    heals(shop)


def test_an_empty_mount_point_is_not_written_to(shop: Shop, tmp_path: Path) -> None:
    """Else the system disk fills up unnoticed, and the shop believes in a copy it does not have."""
    shop.disks["platte"].rename(tmp_path / "im Schrank")
    shop.disks["platte"].mkdir()
    fails(shop, Code.DESTINATION_EMPTIED)
    assert list(shop.disks["platte"].iterdir()) == []
    shop.disks["platte"].rmdir()
    (tmp_path / "im Schrank").rename(shop.disks["platte"])
    heals(shop)


def test_another_shops_disk(shop: Shop, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "nachbar")
    shop_tree(other.source, seed=2, files=16)
    other.day()
    shop.disks["platte"].rename(tmp_path / "unsere")
    other.disks["platte"].rename(shop.disks["platte"])
    before = _tree(shop.disks["platte"])
    fails(shop, Code.DESTINATION_FOREIGN)
    assert _tree(shop.disks["platte"]) == before
    shop.disks["platte"].rename(other.disks["platte"])
    (tmp_path / "unsere").rename(shop.disks["platte"])
    heals(shop)
    assert other.differences(1) == []


def test_a_disk_with_a_copy_is_not_set_up_by_a_home_that_does_not_know_it(
    shop: Shop, tmp_path: Path
) -> None:
    second = make_shop(tmp_path / "zweiter")
    shop_tree(second.source, seed=2, files=16)
    second.disks = shop.disks
    second.write_plan()
    before = _tree(shop.disks["platte"])
    fails(second, Code.DESTINATION_WRITER)
    assert _tree(shop.disks["platte"]) == before
    heals(shop)


def test_a_folder_with_other_files(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    (shop.copy() / "Urlaub").mkdir(parents=True)
    (shop.copy() / "Urlaub/strand.jpg").write_bytes(b"foto")
    fails(shop, Code.DESTINATION_NOT_OURS)
    assert [path.name for path in shop.copy().iterdir()] == ["Urlaub"]
    shutil.rmtree(shop.copy() / "Urlaub")
    heals(shop)


def test_other_files_beside_the_copy_are_nobodys_business(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    (shop.disks["platte"] / "strand.jpg").write_bytes(b"foto")
    heals(shop)
    assert (shop.disks["platte"] / "strand.jpg").read_bytes() == b"foto"


@pytest.mark.parametrize("lost", ["daten", "staende", "both"])
def test_what_somebody_tidied_away_is_stored_anew(shop: Shop, lost: str) -> None:
    """States whose bytes are gone cannot be saved; the next one must stand on what is there."""
    run = states_at(shop.copy())[0]
    if lost in ("daten", "both"):
        shutil.rmtree(shop.copy() / "daten" / run)
    if lost in ("staende", "both"):
        (shop.copy() / "staende" / f"{run}.json").unlink()
    shop.day(rc=3 if lost == "both" else 0)  # of a record alone nothing stays lost
    assert shop.differences(max(shop.days), by=BOTH) == []


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# ------------------------------------------------------------------ the copy rots


def test_a_content_that_cannot_be_read_is_taken_from_elsewhere(shop: Shop) -> None:
    """Not only what is wrong or gone: a bad sector or a closed file is looked past as well."""
    run = states_at(shop.copy())[0]
    _damage(shop.copy(), run, "object")
    shop.run("verify", "--full", rc=8)
    shop.day()  # stored anew, in another place
    path = shop.copy() / "daten" / run / "shop/Daten/kunden.csv"
    path.chmod(0)
    into = shop.root / "ziel"
    args = ("restore", "laden", "--at", "1", "--into", into)
    shop.run(*args, wrapper=wrapper_without_rights())
    assert (into / "shop/Daten/kunden.csv").stat().st_size == path.stat().st_size


_LOST = {"list": {1, 2}}  # what no repair brings back: the state itself, and what leans on its list


@pytest.mark.parametrize(
    "what", ["object", "object gone", "contents", "contents gone", "list", "record", "plan"]
)
def test_damage_is_found_and_mended_by_the_next_run(tmp_path: Path, what: str) -> None:
    """What is still in the shop is stored anew, and then every older state has it again too."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=20)
    shop.day()
    (shop.source / "neu.txt").write_text("neu")
    shop.day()
    run = states_at(shop.copy())[0]
    _damage(shop.copy(), run, what)
    found = only(events(shop.run("verify", "--full", rc=8), "verified"))
    assert found["sound"] is False
    assert found["damage"]
    if what not in ("list", "record"):
        assert found["affected_files"] > 0
    shop.day(rc=3 if what in _LOST else 0)
    assert shop.differences(*set(shop.days) - _LOST.get(what, set()), by=BOTH) == []
    if what.startswith("object"):  # what was mended is no reason for alarm any more
        shop.run("verify", "--full")


def test_a_damaged_list_is_not_referred_to_again(shop: Shop) -> None:
    """Nothing changed, so the next record would name the list of the state before."""
    shop.day()
    run = states_at(shop.copy())[1]
    _damage(shop.copy(), run, "list")
    shop.run("verify", rc=8)
    shop.day(rc=3)
    assert shop.differences(1, 3) == []


def _damage(copy: Path, run: str, what: str) -> None:
    """Turn one bit of something the state needs, or take it away."""
    kind, _, gone = what.partition(" ")
    path = {
        "object": copy / "daten" / run / "shop/Daten/kunden.csv",
        "contents": copy / "daten" / run / "inhalt.tsv.gz",
        "list": copy / "staende" / f"{run}.liste.gz",
        "record": copy / "staende" / f"{run}.json",
        "plan": copy / "daten" / run / "ladentresor/plan.toml",
    }[kind]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    if not gone:
        path.write_bytes(data)


# ------------------------------------------------------------------ the disk does not take it


@pytest.mark.root
@pytest.mark.parametrize("leave", [0, 40_000, 3 * MIB])
def test_full_disk(tmp_path: Path, disks: DiskDrawer, leave: int) -> None:  # noqa: F811
    """Whether it is full at once, in the middle or only at the list: it is said, and mended."""
    shop = make_shop(tmp_path)
    shop.disks["platte"] = disks("tmpfs", 12 * MIB).path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    for number in range(100):
        (shop.source / f"neu {number}.jpg").write_bytes(Random(number).randbytes(50_000))
    ballast = fill(shop.disks["platte"], leave)
    fails(shop, Code.DESTINATION_FULL)
    assert shop.differences(1) == []
    ballast.unlink()
    heals(shop)


@pytest.mark.root
@pytest.mark.parametrize("leave", [0, 12_000])
def test_disk_full_at_the_very_first_run(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    leave: int,
) -> None:
    shop = make_shop(tmp_path)
    shop.disks["platte"] = disks("tmpfs", 12 * MIB).path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    ballast = fill(shop.disks["platte"], leave)
    fails(shop, Code.DESTINATION_FULL)
    ballast.unlink()
    heals(shop)


@pytest.mark.root
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [4096, 100_000, 40 * MIB])
def test_what_never_fitted_can_be_taken_out_of_the_source(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    layout: Layout,
    size: int,
) -> None:
    """Else the disk stays full of what no state has, and nobody may delete it."""
    shop = make_shop(tmp_path, layout=layout)
    shop.disks["platte"] = disks("tmpfs", 24 * MIB).path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    fill(shop.disks["platte"], 12 * MIB)
    too_much = shop.source / "zu viel"
    too_much.mkdir()
    for number in range(max(1, 14 * MIB // size)):
        (too_much / f"{number}.jpg").write_bytes(Random(number).randbytes(size))
    fails(shop, Code.DESTINATION_FULL)
    fails(shop, Code.DESTINATION_FULL)  # as long as it stays
    shutil.rmtree(too_much)
    heals(shop)


@pytest.mark.root
@pytest.mark.parametrize("first", [True, False])
def test_read_only_disk(tmp_path: Path, disks: DiskDrawer, *, first: bool) -> None:  # noqa: F811
    shop = make_shop(tmp_path)
    shop.disks["platte"] = disks("tmpfs", 12 * MIB).path
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


def test_a_disk_that_refuses_us(shop: Shop) -> None:
    for folder in (shop.copy() / "daten", shop.copy() / "staende"):
        folder.chmod(0o555)
    fails(shop, Code.DESTINATION_REFUSED, wrapper=tuple(wrapper_without_rights()))
    for folder in (shop.copy() / "daten", shop.copy() / "staende"):
        folder.chmod(0o755)
    heals(shop)


@pytest.mark.root
@pytest.mark.parametrize(
    ("kind", "take"),
    [
        ("ntfs", Disk.pull),
        ("ext4", Disk.pull),
        ("ext4", lambda disk: unmount(disk.path)),  # what is open there still works
    ],
)
def test_disk_pulled_out_in_the_middle(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
    kind: Kind,
    take: Callable[[Disk], None],
) -> None:
    """The other disk gets everything all the same, and the pulled one goes on when it is back.

    Where only the empty mount point is left, nothing is written to it: that is this PC's own disk.
    """
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    disk = disks(kind, 192 * MIB)
    shop.disks["platte"] = disk.path
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    disk.unplug()  # an orderly end: what the first state needs is on the medium
    disk.plug_in()
    (shop.source / "film.mkv").write_bytes(Random(1).randbytes(60 * MIB))
    for number in range(300):
        month = shop.source / f"Monat {number // 10}"
        month.mkdir(exist_ok=True)
        (month / f"foto {number}.jpg").write_bytes(Random(number).randbytes(100_000))
    with cli.start("--json", "backup", home=shop.home) as running:
        _wait_for_bytes(shop.copy() / "daten", 8 * MIB)
        take(disk)
        out, _ = running.process.communicate(timeout=120)
    assert is_mounted(disk.path) or list(disk.path.iterdir()) == []
    lines = cli._json_lines(out)
    results = {line["destination"]: line for line in events(lines, "result")}
    shop.days[2] = shop.look()
    refusal(lines, Code.DESTINATION_GONE)
    assert running.process.returncode == 3
    assert ended_as(results) == {"platte": "destination_gone", "zweite": "committed"}
    assert results["zweite"]["skipped"] == 0
    assert shop.differences(2, disk="zweite") == []
    disk.plug_in()
    assert shop.differences(1) == []
    del shop.days[2]
    heals(shop)


def _wait_for_bytes(folder: Path, size: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        newest = max(folder.iterdir(), default=None)
        if newest is not None and newest.name.startswith("000002-"):
            found = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())
            if found >= size:
                return
        time.sleep(0.01)
    raise AssertionError("the run never wrote that much")


def test_one_broken_destination_does_not_hinder_the_other(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop_tree(shop.source, files=20)
    shop.disks["platte"].rmdir()
    results = shop.backup(rc=3)
    assert ended_as(results) == {"platte": "destination_missing", "zweite": "committed"}
    shop.days[1] = shop.look()
    assert shop.differences(1, disk="zweite") == []
    shop.disks["platte"].mkdir()
    heals(shop)


# ------------------------------------------------------------------ the source


def test_source_missing(shop: Shop, tmp_path: Path) -> None:
    shop.source.rename(tmp_path / "weg")
    fails(shop, Code.SOURCE_MISSING)
    (tmp_path / "weg").rename(shop.source)
    heals(shop)


def test_unmounted_source_is_no_mass_deletion(shop: Shop, tmp_path: Path) -> None:
    shop.source.rename(tmp_path / "weg")
    shop.source.mkdir()
    fails(shop, Code.SOURCE_EMPTY)
    fails(shop, Code.SOURCE_EMPTY, "--accept-source")
    shop.source.rmdir()
    (tmp_path / "weg").rename(shop.source)
    heals(shop)


def test_only_one_of_two_sources_is_there(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, sources=("shop", "bilder"))
    for path in shop.sources.values():
        shop_tree(path, files=16)
    shop.day()
    shop.sources["bilder"].rename(tmp_path / "weg")
    shop.sources["bilder"].mkdir()
    fails(shop, Code.SOURCE_EMPTY)
    assert len(states_at(shop.copy())) == 1
    shop.sources["bilder"].rmdir()
    (tmp_path / "weg").rename(shop.sources["bilder"])
    heals(shop)


def test_another_source_needs_a_persons_word(shop: Shop, tmp_path: Path) -> None:
    shop.source.rename(tmp_path / "weg")
    shop.source.mkdir()
    (shop.source / "ganz anderes.txt").write_text("neu")
    fails(shop, Code.SOURCE_REPLACED)
    assert len(states_at(shop.copy())) == 1
    shop.day("--accept-source")
    heals(shop)


def test_source_without_rights(shop: Shop) -> None:
    shop.source.chmod(0)
    fails(shop, Code.SOURCE_UNREADABLE, wrapper=tuple(wrapper_without_rights()))
    shop.source.chmod(0o755)
    heals(shop)


# ------------------------------------------------------------------ our own home


@pytest.mark.root
@pytest.mark.parametrize(
    "leave",
    [0, 50_000, 160_000]
    + [pytest.param(leave, marks=pytest.mark.full) for leave in range(10_000, 320_000, 15_000)],
)
def test_home_disk_full(tmp_path: Path, disks: DiskDrawer, leave: int) -> None:  # noqa: F811
    """Journal, index or database: whatever cannot be written, no state is half made."""
    shop = make_shop(tmp_path)
    shop.home = disks("tmpfs", 12 * MIB).path / "home"
    shop.write_plan()
    shop_tree(shop.source, files=20)
    shop.day()
    for number in range(600):
        (shop.source / f"neu {number}.txt").write_bytes(Random(number).randbytes(200))
    ballast = fill(shop.home, leave)
    done = cli.run("--json", "backup", home=shop.home, check=False)
    refusal(done.lines, Code.HOME_FULL)
    assert done.rc == exit_of(Code.HOME_FULL)
    assert shop.differences(1) == []  # getting data back needs no room there
    for run in states_at(shop.copy())[1:]:  # a state that came about all the same is a whole one
        shop.days[int(run[:6])] = shop.look()
    ballast.unlink()
    heals(shop)


@pytest.mark.root
def test_no_room_for_a_large_inhalt(
    shop: Shop,
    disks: DiskDrawer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond what is held in memory it waits in the cache folder until the objects are there."""
    monkeypatch.setattr(copy_run, "_SPOOL_IN_MEMORY", 100)
    cache = disks("tmpfs", MIB).path
    shutil.rmtree(shop.home / "cache", ignore_errors=True)
    (shop.home / "cache").symlink_to(cache)
    (shop.source / "neu.txt").write_text("neu")
    ballast = fill(cache, 0)
    done = ask(shop.home, "backup")
    assert (done.exit, done.code) == (exit_of(Code.HOME_FULL), Code.HOME_FULL)
    ballast.unlink()
    heals(shop)


@pytest.mark.root
def test_read_only_home(shop: Shop, disks: DiskDrawer) -> None:  # noqa: F811
    disk = disks("tmpfs", 12 * MIB)
    shutil.copytree(shop.home, disk.path / "home")
    with read_only(disk.path):
        lines = shop.run("backup", home=disk.path / "home", rc=exit_of(Code.HOME_UNUSABLE))
        refusal(lines, Code.HOME_UNUSABLE)
    heals(shop)


@pytest.mark.parametrize(
    "how",
    ["garbage", "page 7", "rows", "empty"]
    + [pytest.param(how, marks=pytest.mark.full) for how in ("head", "middle", "gone")]
    + [pytest.param(f"page {n}", marks=pytest.mark.full) for n in range(1, 15)],
)
def test_broken_index(shop: Shop, how: str) -> None:
    """The index is only a cache: broken in whatever way, the next run makes it anew."""
    index = next((shop.home / "state/kopien").glob("*.db"))
    _break(index, how)
    heals(shop)
    assert len(states_at(shop.copy())) == 2


@pytest.mark.parametrize("how", ["middle", "page 3", "gone"])
def test_broken_home_database(shop: Shop, how: str) -> None:
    """Our own database is a cache too: the copy itself says that it is ours."""
    _break(shop.home / "state/ladentresor.db", how)
    heals(shop)


@pytest.mark.parametrize("kept", ["nothing", "config"])
def test_whole_state_of_the_home_gone(shop: Shop, kept: str) -> None:
    """Promise 3: any copy gives everything back, the plan included."""
    shutil.rmtree(shop.home / "state")
    shutil.rmtree(shop.home / "cache", ignore_errors=True)
    if kept == "nothing":
        shutil.rmtree(shop.home / "config")
        fails(shop, Code.PLAN_MISSING)
    else:
        fails(shop, Code.DESTINATION_WRITER)
    shop.run("adopt", shop.copy(), "--take-over")
    heals(shop)


def _break(path: Path, how: str) -> None:
    for part in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        part.unlink(missing_ok=True)
    size = path.stat().st_size
    if how == "gone":
        path.unlink()
        return
    if how == "rows":
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("UPDATE folder SET rows = substr(rows, 1, length(rows) - 7)")
        return
    with path.open("r+b") as file:
        if how == "empty":
            file.truncate()
        elif how == "head":
            file.write(b"\0" * 64)
        elif how.startswith("page"):
            file.seek(int(how.split()[1]) * 4096)
            file.write(Random(how).randbytes(4096))
        else:
            start = 4096 if how == "middle" else 0
            file.seek(start)
            file.write(Random(1).randbytes(size - start))


# ------------------------------------------------------------------ restoring


@pytest.mark.root
def test_restore_onto_a_full_disk(shop: Shop, disks: DiskDrawer) -> None:  # noqa: F811
    disk = disks("tmpfs", MIB // 8)
    lines = shop.run("restore", "laden", "--into", disk.path / "ziel", rc=exit_of(Code.TARGET_FULL))
    refusal(lines, Code.TARGET_FULL)
    heals(shop)


def test_restore_never_writes_over_anything(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "voll").mkdir()
    (tmp_path / "voll/mein.txt").write_text("mein")
    (tmp_path / "anderswo").mkdir()
    (tmp_path / "verweis").symlink_to(tmp_path / "anderswo")
    before = _tree(tmp_path)
    for into, code in (
        (tmp_path / "voll", Code.TARGET_NOT_EMPTY),
        (tmp_path / "voll/mein.txt", Code.TARGET_NOT_EMPTY),
        (tmp_path / "verweis", Code.TARGET_NOT_EMPTY),
        (shop.source / "zurück", Code.TARGET_IN_USE),
        (shop.copy() / "zurück", Code.TARGET_IN_USE),
    ):
        refusal(shop.run("restore", "laden", "--into", into, rc=exit_of(code)), code)
        assert _tree(tmp_path) == before


def test_a_restore_from_the_other_copy_when_one_is_away(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop_tree(shop.source, files=16)
    shop.day()
    shutil.rmtree(shop.disks["platte"])
    report = shop.restore(tmp_path / "ziel", keep_links=True)
    assert report["files"] > 0
    lines = shop.run(
        "restore", "laden", "--into", tmp_path / "zwei", "--from", "platte",
        rc=exit_of(Code.DESTINATION_MISSING),
    )  # fmt: skip
    refusal(lines, Code.DESTINATION_MISSING)


# ------------------------------------------------------------------ the run itself is ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_in_the_middle(shop: Shop, number: signal.Signals) -> None:
    """Also in the middle of a file that takes hours; and what was sent is not sent again."""
    with (shop.source / "film.mkv").open("wb") as file:
        file.truncate(40 * 1024 * MIB)  # a hole: reading it takes long and costs no disk
    with cli.start("--json", "backup", home=shop.home) as running:
        for line in running.process.stdout or ():
            if '"progress"' in line:
                break
        asked = time.monotonic()
        running.kill_self(number)
        out, _ = running.process.communicate(timeout=120)
        took = time.monotonic() - asked
        assert running.wait_for_orphans() == []
    refusal(cli._json_lines(out), Code.CANCELLED)
    assert running.process.returncode == 130
    assert took < 5
    (shop.source / "film.mkv").unlink()
    heals(shop)
