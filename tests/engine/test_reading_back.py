"""Reading back by rotation: everything in its period, the longest unread first, from the medium."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.cli import main
from core.clock import SystemClock, parse_stamp
from core.destinations.local import LocalFolder, drop_cache
from core.errors import Exit
from core.sources import folders
from tests.engine.forging import Answer, ask
from tests.engine.stage import LAYOUTS, Layout, Shop, make_shop
from tests.support import keys
from tests.support.fixed_clock import FixedClock
from tests.support.trees import rewrite_keeping_times, shop_tree


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """A clock for the program in this process that starts now."""
    clock = FixedClock(SystemClock().now())
    monkeypatch.setattr(main, "SystemClock", lambda: clock)
    return clock


@pytest.fixture(params=LAYOUTS)
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    layout: Layout = request.param
    shop = make_shop(tmp_path, layout=layout)
    for name, value in keys.ENV.items():
        monkeypatch.setenv(name, value)
    shop_tree(shop.source, files=40)
    return shop


def told(shop: Shop, *words: str) -> Answer:
    if shop.pair is not None:
        os.environ.update(keys.ENV)  # the program forgets it as soon as it has read it
    return ask(shop.home, *words)


def good(shop: Shop, *words: str) -> Answer:
    answer = told(shop, *words)
    assert answer.exit == Exit.OK, answer.text
    return answer


def status(shop: Shop) -> dict[str, Any]:
    return next(line for line in good(shop, "status").lines if "destination" in line)


def codes(shop: Shop) -> set[str]:
    return {why["code"] for why in status(shop)["why"]} - {"device_of_source"}


def test_a_run_reads_a_little_and_due_reads_the_rest(shop: Shop, clock: FixedClock) -> None:
    good(shop, "backup", "--no-sample")
    assert codes(shop) == {"never_read_back"}
    assert status(shop)["last_read_at"] is None
    clock.pass_by(hours=3)
    good(shop, "backup")
    first = status(shop)
    assert 0 < first["read_share"] <= 1
    assert codes(shop) == set()
    good(shop, "backup")  # a moment later there is nothing to read yet
    assert status(shop)["last_read_at"] == first["last_read_at"]
    assert good(shop, "verify", "--due").said("verified")["bytes"] == 0
    assert status(shop)["read_back_result"] is None  # nothing was due, nothing was proven
    clock.pass_by(days=82)
    assert good(shop, "verify", "--due").said("verified")["bytes"] > 0
    late = status(shop)
    assert (late["read_share"], late["late_share"]) == (1.0, 0.0)
    assert parse_stamp(late["oldest_unread_at"]) > clock.now() - timedelta(days=83)


def test_within_its_period_everything_is_read(tmp_path: Path, clock: FixedClock) -> None:
    """By `verify --due` once a week alone, over two periods."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=40)
    good(shop, "backup", "--no-sample")
    for week in range(26):
        clock.pass_by(days=7)
        good(shop, "verify", "--due")
        assert status(shop)["late_share"] == 0, week
    assert parse_stamp(status(shop)["oldest_unread_at"]) > clock.now() - timedelta(days=90)


def test_what_nobody_reads_is_overdue(shop: Shop, clock: FixedClock) -> None:
    good(shop, "backup")
    clock.pass_by(days=91)
    good(shop, "backup", "--no-sample")
    assert codes(shop) == {"read_back_overdue"}
    good(shop, "verify", "--full")
    assert codes(shop) == set()
    assert status(shop)["read_share"] == 1.0


def test_a_rebuilt_index_knows_nothing_and_starts_over(shop: Shop) -> None:
    good(shop, "backup")
    good(shop, "verify", "--full")
    assert status(shop)["read_share"] == 1.0
    for path in (shop.home / "state" / "kopien").iterdir():
        path.unlink()
    good(shop, "backup", "--no-sample")
    assert status(shop)["read_share"] == 0.0
    good(shop, "verify", "--full")
    assert status(shop)["read_share"] == 1.0


def test_a_sample_finds_damage_and_the_next_run_mends_it(tmp_path: Path, clock: FixedClock) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "preise.csv").write_text("10 Euro\n" * 500)
    good(shop, "backup", "--no-sample")
    (victim,) = shop.copy().glob("daten/*/shop/preise.csv")
    victim.write_text("99 Euro\n" * 500)
    found = []
    for _ in range(3):  # plan and proofs are objects too
        clock.pass_by(days=3)
        answer = ask(shop.home, "backup")
        found.append(answer.exit)
        if answer.exit != Exit.OK:
            assert answer.said("verified")["affected"][0]["path"] == "shop/preise.csv"
            break
    assert found[-1] == Exit.PARTLY
    assert status(shop)["damage"] == 1
    assert status(shop)["read_back_result"] == "damaged"
    good(shop, "backup", "--no-sample")
    assert status(shop)["damage"] == 0
    good(shop, "verify", "--full")


@pytest.mark.parametrize("layout", ["tree", "bundled", "sealed"])
def test_what_the_newest_state_needs_is_read(tmp_path: Path, layout: Layout) -> None:
    """After a disk was pulled out: damage in it is found, that of older states not read at all."""
    shop = make_shop(tmp_path, layout=layout)
    names = ("bleibt.bin", "geht.bin", "waechst.bin")
    for number, name in enumerate(names):  # each in a bundle of its own
        (shop.source / name).write_bytes(Random(number).randbytes(17_000_000))
    good(shop, "backup", "--no-sample")
    (shop.source / "geht.bin").unlink()
    (shop.source / "waechst.bin").write_bytes(Random(9).randbytes(17_000_000))
    good(shop, "backup", "--no-sample")
    verdict = good(shop, "verify", "--newest").said("verified")
    assert verdict["depth"] == "newest"
    assert verdict["bytes"] >= 34_000_000
    assert verdict["bytes"] < good(shop, "verify", "--full").said("verified")["bytes"]
    large = [path for path in shop.copy().rglob("*") if path.is_file() and is_large(path)]
    found = 0
    for path in large:
        kept = path.read_bytes()
        path.write_bytes(kept[:9_000_000] + bytes([kept[9_000_000] ^ 1]) + kept[9_000_001:])
        found += told(shop, "verify", "--newest").exit == Exit.INTEGRITY
        path.write_bytes(kept)
    assert 0 < found < len(large)


def is_large(path: Path) -> bool:
    return path.stat().st_size > 9_500_000


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="this system does not tell")
def test_bytes_come_from_the_medium(shop: Shop) -> None:
    """Before reading, nothing of the copy is left in memory."""
    good(shop, "backup", "--no-sample")
    root = shop.copy() / ("tresor" if shop.layouts["platte"] == "sealed" else "daten")
    files = [path for path in root.rglob("*") if path.is_file() and path.stat().st_size]
    for path in files:
        path.read_bytes()
    assert all(in_memory(path) for path in files)
    assert LocalFolder("platte", shop.disks["platte"], "laden").read_past_memory()
    left = files
    for _ in range(5):  # what somebody else is looking at just now stays
        for path in left:
            with path.open("rb", buffering=0) as file:
                drop_cache(file.fileno())
        left = [path for path in left if in_memory(path)]
    assert not left


def in_memory(path: Path) -> bool:
    """Whether the first bytes can be had without asking the medium."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.preadv(fd, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def test_an_index_of_an_older_program_is_no_obstacle(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "a.txt").write_text("a")
    good(shop, "backup")
    with closing(sqlite3.connect(shop.home / "state/kopien/laden@platte.db")) as base:
        base.execute("DROP TABLE read_back")
        base.execute("DROP TABLE lost")
        base.execute("DROP TABLE base_folder")
        base.execute("PRAGMA user_version=1")
    assert status(shop)["copied_at"]
    assert codes(shop) == {"never_read_back"}
    good(shop, "backup")


def test_a_liar_nobody_knows_is_found_within_thirty_days(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other bytes of the same number and time, on a disk that keeps no change times (exFAT)."""
    _without_change_times(monkeypatch)
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=40)
    good(shop, "backup")
    clock.pass_by(hours=1)
    good(shop, "backup")
    liar = shop.source / "Daten/kunden.csv"
    rewrite_keeping_times(liar, seed=3)
    for _ in range(30):
        clock.pass_by(days=1)
        run = good(shop, "backup", "--no-sample").said("result")["run"]
        if (shop.copy() / "daten" / run / "shop/Daten/kunden.csv").exists():
            return  # the day depends on how much is read again each time
    pytest.fail("not found in thirty days")


def _without_change_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry the scan makes has the change time of its last writing."""
    scan = folders.Scan.folders

    def blind(self: folders.Scan) -> Any:
        for scanned in scan(self):
            scanned.entries[:] = [(*e[:4], e[3], e[5]) for e in scanned.entries]
            yield scanned

    monkeypatch.setattr(folders.Scan, "folders", blind)
