"""Must hold 6: a file that changes while it is read is never stored half old, half new in silence.

The writers are processes of their own, as in life; they flip files between two contents of which
every byte tells which one it belongs to, and set the time back after each change, as liars do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.stage import Event, Shop, make_shop, rows_of, skipped_at, states_at
from tests.support import cli
from tests.support.disks import (
    MIB,
    DiskDrawer,
    disks,  # noqa: F401  (a fixture)
)
from tests.support.trees import snapshot

# Flips every file between all-A and all-B in two writes with a gap between them, sets the time
# back, rests, and starts over. Arguments: gap and rest in seconds, seed, then the files. On a busy
# machine it may be stopped between the writes; for so long the file really is half and half, and
# whoever reads it then reads the truth. It tells which files that happened to.
_FLIP = """
import os, random, sys, time
gap, rest, seed = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
dice = random.Random(seed)
files = [(os.open(path, os.O_RDWR), os.stat(path), path) for path in sys.argv[4:]]
told = set()
print("ready", flush=True)
letter = b"B"
while True:
    for fd, info, path in files:
        began = time.monotonic()
        data = letter * info.st_size
        middle = dice.randrange(1, info.st_size)
        os.pwrite(fd, data[:middle], 0)
        os.utime(fd, ns=(info.st_mtime_ns, info.st_mtime_ns))
        if gap:
            time.sleep(dice.random() * gap)
        os.pwrite(fd, data[middle:], middle)
        os.utime(fd, ns=(info.st_mtime_ns, info.st_mtime_ns))
        if time.monotonic() - began > 0.01 and path not in told:
            told.add(path)
            print(os.path.basename(path), flush=True)
        if rest:
            time.sleep(dice.random() * rest)
    letter = b"A" if letter == b"B" else b"B"
"""
# Appends lines to a log for ever.
_GROW = """
import sys, time
with open(sys.argv[1], "ab", buffering=0) as log:
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        log.write(b"%09d eine Zeile im Protokoll\\n" % number)
        if number % 50 == 0:
            time.sleep(0.001)
"""
# Deletes and makes files and folders for ever.
_COME_AND_GO = """
import os, shutil, sys
root = sys.argv[1]
print("ready", flush=True)
while True:
    for number in range(40):
        folder = f"{root}/auftrag {number}"
        try:
            os.mkdir(folder)
            with open(f"{folder}/beleg.txt", "w") as file:
                file.write(f"{number}\\n" * 200)
        except FileExistsError:
            shutil.rmtree(folder)
"""


@contextmanager
def meanwhile(program: str, *args: str | float | Path) -> Iterator[set[str]]:
    """Something goes on in the shop; the set holds afterwards what it told."""
    told: set[str] = set()
    command = [sys.executable, "-c", program, *map(str, args)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield told
            time.sleep(0.1)  # what it is in the middle of is told too
            assert process.poll() is None, "the writer has ended by itself"
        finally:
            process.kill()
            told.update(process.stdout.read().decode().split("\n"))


def _make_files(folder: Path, count: int, size: int) -> list[Path]:
    paths = [folder / f"kasse {number:02}.dat" for number in range(count)]
    for path in paths:
        path.write_bytes(b"A" * size)
        os.utime(path, ns=(10**18, 10**18))
    return paths


def _check_states(shop: Shop, states: int, really_half: set[str], *, pure: bool) -> None:
    """Every stored file is one thing or is marked; with `pure` none is given up."""
    marked = total = 0
    for number, run in enumerate(states_at(shop.copy())[-states:]):
        changing = {
            row["pfad"] for row in rows_of(shop.copy(), run) if row.get("veraendert", False)
        }
        with shop.brought_back(run, by="program" if number else "script") as into:
            for path in (into / "shop").glob("*.dat"):
                total += 1
                if path.name in really_half:
                    continue
                if f"shop/{path.name}" in changing:
                    marked += 1
                    continue
                data = path.read_bytes()
                assert data.count(data[:1]) == len(data), f"{run}: {path.name} is torn and unmarked"
    assert not (pure and marked), f"{marked} of {total} small files were given up too early"


def _run_often(shop: Shop, times: int) -> None:
    for _ in range(times):
        shop.backup()


@pytest.mark.parametrize("size", [4000, 300_000, MIB])
def test_small_files_that_change_now_and_then_are_stored_pure(tmp_path: Path, size: int) -> None:
    """A change takes a moment and then there is a rest: a second look is enough."""
    shop = make_shop(tmp_path)
    files = _make_files(shop.source, 3, size)
    shop.backup()
    with meanwhile(_FLIP, 0.002, 0.5, size, *files) as really_half:
        _run_often(shop, 4)
    _check_states(shop, 5, really_half, pure=True)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_files_that_never_rest_are_stored_pure_or_marked(tmp_path: Path, seed: int) -> None:
    """Every state is one the file really had, or says that it may not be."""
    shop = make_shop(tmp_path)
    files = _make_files(shop.source, 5, 20_000)
    shop.backup()
    with meanwhile(_FLIP, 0, 0, seed, *files) as really_half:
        _run_often(shop, 3)
    _check_states(shop, 4, really_half, pure=False)


@pytest.mark.root
def test_where_the_clock_of_files_is_coarse(tmp_path: Path, disks: DiskDrawer) -> None:  # noqa: F811
    """Kernels before 6.13 tick every 4 ms: both halves of a change may carry one time."""
    shop = make_shop(tmp_path)
    disk = disks("ntfs", 64 * MIB)
    shop.sources = {"shop": disk.path / "shop"}
    shop.source.mkdir()
    shop.write_plan()
    files = _make_files(shop.source, 4, 20_000)
    shop.backup()
    with meanwhile(_FLIP, 0.001, 0.002, 3, *files) as really_half:
        _run_often(shop, 3)
    _check_states(shop, 4, really_half, pure=False)


def test_a_large_file_that_changes_is_pure_or_marked(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    files = _make_files(shop.source, 2, 12 * MIB)
    shop.backup()
    with meanwhile(_FLIP, 0.005, 0.3, 4, *files) as really_half:
        _run_often(shop, 3)
    _check_states(shop, 4, really_half, pure=False)


def test_a_file_that_changed_in_one_run_is_looked_at_again_in_the_next(tmp_path: Path) -> None:
    """Whatever was caught in the middle, the first quiet run brings it right."""
    shop = make_shop(tmp_path)
    files = _make_files(shop.source, 6, 50_000)
    big = shop.source / "gross.dat"
    big.write_bytes(b"A" * (8 * MIB))
    shop.backup()
    with meanwhile(_FLIP, 0, 0, 5, *files, big):
        shop.backup()
    shop.day()
    assert shop.differences(3) == []
    assert not [row for row in rows_of(shop.copy(), shop.runs[3]) if row.get("veraendert")]


def test_names_of_one_file_that_changes_come_back_as_they_were_read(tmp_path: Path) -> None:
    """Its names are read one after the other; a change in between makes two contents of it."""
    shop = make_shop(tmp_path)
    first = _make_files(shop.source, 1, 200_000)[0]
    (shop.source / "zweiter Name").mkdir()
    (shop.source / "zweiter Name" / first.name).hardlink_to(first)
    with meanwhile(_FLIP, 0, 0, 6, first):
        _run_often(shop, 2)
    for run in states_at(shop.copy()):
        rows = [row for row in rows_of(shop.copy(), run) if row["art"] == "datei"]
        expected = {row["pfad"]: row["sha256"] for row in rows}
        with shop.brought_back(run) as program, shop.brought_back(run, by="script") as script:
            for folder in (program, script):
                for key, entry in snapshot(folder / "shop").items():
                    if entry.kind == "file":
                        assert entry.sha256 == expected["shop/" + key.decode()]


def test_a_growing_log_is_in_every_state(tmp_path: Path) -> None:
    """A file in use all day must not be left out all day (REVIEW A7)."""
    shop = make_shop(tmp_path)
    log = shop.source / "kasse.log"
    log.write_bytes(b"")
    (shop.source / "daneben.txt").write_text("ruhig")
    with meanwhile(_GROW, log):
        results: list[Event] = [shop.backup()["platte"] for _ in range(3)]
    whole = log.read_bytes()
    sizes = []
    for result in results:
        assert result["skipped"] == 0
        with shop.brought_back(result["run"]) as into:
            stored = (into / "shop/kasse.log").read_bytes()
            assert (into / "shop/daneben.txt").read_text() == "ruhig"
        assert whole.startswith(stored)  # what only grows is a piece of the truth
        sizes.append(len(stored))
    assert sizes == sorted(sizes)
    assert sizes[-1] > 0
    shop.day()
    assert shop.differences(4) == []


def test_files_and_folders_that_come_and_go(tmp_path: Path) -> None:
    """What vanishes between listing and reading is no failure, and no loss of its neighbours."""
    shop = make_shop(tmp_path)
    for number in range(200):
        (shop.source / f"fest {number}.txt").write_text(str(number))
    with meanwhile(_COME_AND_GO, shop.source):
        for _ in range(3):
            done = cli.run("--json", "backup", home=shop.home, check=False)
            assert done.rc in (0, 3), done.stdout + done.stderr
    for run in states_at(shop.copy()):
        assert set(skipped_at(shop.copy(), run).values()) <= {"verschwunden"}
        with shop.brought_back(run) as into:
            kept = {path.name for path in (into / "shop").glob("fest *.txt")}
        assert len(kept) == 200
    shop.day()
    assert shop.differences(max(shop.days)) == []
