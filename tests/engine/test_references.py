"""What is already there is never sent again: renamed, moved, doubled, set back, changed in part."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from core.cli import main
from core.clock import SystemClock
from core.copies.format import documents
from tests.engine.forging import ask
from tests.engine.stage import BOTH, Event, Shop, make_shop, objects_of, rows_of, states_at
from tests.support.disks import MIB
from tests.support.fixed_clock import FixedClock
from tests.support.trees import rewrite_keeping_times, shop_tree

BIG = 68 * MIB


def _sent(shop: Shop, results: dict[str, Event]) -> list[str]:
    """The objects a run sent; the numbers it reports must be those of its folder."""
    result = results["platte"]
    folder = shop.copy() / "daten" / result["run"]
    there = [path for path in folder.rglob("*") if path.is_file() and path.name != "inhalt.tsv.gz"]
    assert result["new_objects"] == len(there)
    assert result["new_bytes"] == sum(path.stat().st_size for path in there)
    return objects_of(shop.copy(), result["run"])


# ------------------------------------------------------------------ small files


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop of which there is one state."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=30)
    shop.day()
    return shop


def test_what_only_stands_elsewhere_is_not_sent(shop: Shop) -> None:
    source = shop.source
    (source / "Daten/kunden.csv").rename(source / "Daten/kunden alt.csv")
    (source / "Rechnungen/2024").rename(source / "Archiv/2024")
    shutil.copytree(source / "Bilder", source / "Bilder (Kopie)")
    shutil.copyfile(source / "Daten/artikel.csv", source / "artikel.csv")
    (source / "Protokolle").rename(source / "protokolle")
    assert _sent(shop, shop.day()) == []
    assert shop.differences(2, by=BOTH) == []


def test_what_is_as_it_was_before_is_not_sent(shop: Shop) -> None:
    """A price list going 10, 99, 10; and a file that is deleted, then back."""
    prices, gone = shop.source / "Preise/preisliste.csv", shop.source / "Daten/kunden.csv"
    before, customers = prices.read_bytes(), gone.read_bytes()
    prices.write_bytes(before.replace(b";", b"; "))
    gone.unlink()
    assert len(_sent(shop, shop.day())) == 1
    prices.write_bytes(before)
    gone.write_bytes(customers)
    assert _sent(shop, shop.day()) == []
    assert shop.differences(1, 2, 3, by=BOTH) == []


def test_a_change_of_facts_alone_is_a_new_state_without_bytes(shop: Shop) -> None:
    """Mode, time and extended attributes come back too, so they must be noticed."""
    (shop.source / "Daten/kunden.csv").chmod(0o600)
    assert _sent(shop, shop.day()) == []
    os.utime(shop.source / "Daten/artikel.csv", ns=(10**18, 10**18))
    assert _sent(shop, shop.day()) == []
    os.utime(shop.source / "B\u00fcro", ns=(10**18, 10**18))
    assert _sent(shop, shop.day()) == []
    assert shop.differences(2, 3, 4) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_changed_attribute_is_noticed(shop: Shop, kind: str) -> None:
    path = shop.source / ("Daten/kunden.csv" if kind == "file" else "Daten")
    try:
        os.setxattr(path, "user.ablage", b"ja")
    except OSError:
        pytest.skip("no extended attributes here")
    assert _sent(shop, shop.day()) == []
    assert shop.differences(2) == []


def test_two_new_files_of_one_content_are_sent_once(shop: Shop) -> None:
    data = Random("neu").randbytes(50_000)
    for name in ("a.bin", "b.bin", "Daten/c.bin"):
        (shop.source / name).write_bytes(data)
    assert len(_sent(shop, shop.day())) == 1
    assert shop.differences(2, by=BOTH) == []


def test_a_run_without_changes_writes_one_record_and_nothing_else(shop: Shop) -> None:
    before = {path for path in shop.copy().rglob("*") if path.is_file()}
    result = shop.day()["platte"]
    assert result["outcome"] == "unchanged"
    assert (result["new_objects"], result["new_bytes"]) == (0, 0)
    after = {path for path in shop.copy().rglob("*") if path.is_file()}
    assert after - before == {shop.copy() / "staende" / f"{result['run']}.json"}
    assert shop.differences(2, by=BOTH) == []


def test_liars_are_read_in_every_run(shop: Shop) -> None:
    """Mail stores and databases keep size and time while they change."""
    for name in ("post.pst", "kasse.mdb", "lager.sqlite", "Büro/tresor.vhdx"):
        path = shop.source / name
        path.write_bytes(Random(name).randbytes(30_000))
        os.utime(path, ns=(10**18, 10**18))
    shop.day()
    for name in ("post.pst", "kasse.mdb", "lager.sqlite", "Büro/tresor.vhdx"):
        rewrite_keeping_times(shop.source / name, seed=2)
    assert len(_sent(shop, shop.day())) == 4
    assert shop.differences(3, by=BOTH) == []


def test_a_file_as_large_and_as_old_as_before_is_noticed_by_its_change_time(shop: Shop) -> None:
    """Not every program that sets times back is on the list of liars."""
    rewrite_keeping_times(shop.source / "Daten/kunden.csv", seed=3)
    assert len(_sent(shop, shop.day())) == 1
    assert shop.differences(2) == []


def test_after_the_index_is_lost_nothing_is_sent_again(shop: Shop) -> None:
    shutil.rmtree(shop.home / "state/kopien")
    assert _sent(shop, shop.day()) == []
    assert shop.differences(2) == []


# ------------------------------------------------------------------ large files


def _change(path: Path, start: int, size: int, seed: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(Random(seed).randbytes(size))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[int, list[str]]]:
    """A file of 68 MiB through eight days, and what each of them sent."""
    shop = make_shop(tmp_path_factory.mktemp("gross"))
    (shop.source / "bleibt.txt").write_text("sonst wäre es ein anderer Ordner")
    dump = shop.source / "shop.sql"
    first = Random(0).randbytes(BIG)
    dump.write_bytes(first)
    sent: dict[int, list[str]] = {}

    def night() -> None:
        results = shop.day()
        sent[len(shop.days)] = _sent(shop, results)

    night()  # 1: whole
    _change(dump, 30 * MIB, 100_000, seed=1)
    night()  # 2: some rows written over
    dump.write_bytes(dump.read_bytes()[: 20 * MIB] + b"neu" * 50_000 + first[20 * MIB :])
    night()  # 3: rows inserted, so that all that follows moves; those of day 2 are as on day 1
    dump.write_bytes(first)
    night()  # 4: set back
    (shop.source / "Archiv").mkdir()
    shutil.copyfile(dump, shop.source / "Archiv/shop.sql")
    dump.rename(shop.source / "shop neu.sql")
    dump = shop.source / "shop neu.sql"
    night()  # 5: doubled and renamed
    _change(dump, 0, 50 * MIB, seed=6)
    night()  # 6: more than half is new
    _change(dump, 60 * MIB, 1000, seed=7)
    night()  # 7: now at the latest whole again
    dump.rename(shop.source / "shop alt.sql")
    night()  # 8
    return shop, sent


def test_every_state_of_a_large_file_comes_back(large: tuple[Shop, dict[int, list[str]]]) -> None:
    shop, sent = large
    assert shop.differences(*sent) == []


def test_by_hand_too(large: tuple[Shop, dict[int, list[str]]]) -> None:
    shop, _ = large
    assert shop.differences(2, 3, 7, by="script") == []


def test_a_change_of_a_large_file_is_stored_as_parts_beside_the_tree(
    large: tuple[Shop, dict[int, list[str]]],
) -> None:
    shop, sent = large
    assert sent[1] == ["shop/bleibt.txt", "shop/shop.sql"]
    for day in (2, 3):
        assert sent[day]
        assert all(path.startswith("teile/") and path.endswith(".zip") for path in sent[day])
        assert _bytes_sent(shop, day) < 10 * MIB
        assert any(row["art"] == "teil" for row in rows_of(shop.copy(), shop.runs[day]))


def test_a_large_file_set_back_doubled_or_renamed_is_not_sent(
    large: tuple[Shop, dict[int, list[str]]],
) -> None:
    _, sent = large
    assert [sent[day] for day in (4, 5, 8)] == [[], [], []]


def test_a_large_file_is_whole_again_when_half_of_it_is_new(
    large: tuple[Shop, dict[int, list[str]]],
) -> None:
    _, sent = large
    assert "shop/shop neu.sql" in sent[6] + sent[7]


def _bytes_sent(shop: Shop, day: int) -> int:
    folder = shop.copy() / "daten" / shop.runs[day]
    return sum((folder / path).stat().st_size for path in objects_of(shop.copy(), shop.runs[day]))


def test_a_large_file_that_lies_in_parts_is_renamed_without_bytes(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "bleibt.txt").write_text("sonst wäre es ein anderer Ordner")
    dump = shop.source / "a.sql"
    dump.write_bytes(Random(0).randbytes(BIG))
    shop.day()
    _change(dump, 10 * MIB, 1000, seed=1)
    shop.day()
    (shop.source / "neu").mkdir()
    dump.rename(shop.source / "neu/b.sql")
    shop.day()
    assert _bytes_sent(shop, 3) == 0
    assert shop.differences(3, by=BOTH) == []
    assert len(states_at(shop.copy())) == 3


# ------------------------------------------------------------------ a week in the life of a dump


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """A clock for the program in this process that starts now."""
    clock = FixedClock(SystemClock().now())
    monkeypatch.setattr(main, "SystemClock", lambda: clock)
    return clock


def _night(shop: Shop) -> list[str]:
    """Back up in this process; what was sent."""
    done = ask(shop.home, "backup")
    assert done.exit == 0, done.text
    run = done.said("result")["run"]
    shop.days[int(run[:6])], shop.runs[int(run[:6])] = shop.look(), run
    return objects_of(shop.copy(), run) if (shop.copy() / "daten" / run).exists() else []


def _on_day(shop: Shop, clock: FixedClock, day: int) -> list[str]:
    """Some days after the first run a few bytes change; what that night sends."""
    clock.set_to(documents.began_at(shop.runs[1]) + timedelta(days=day))
    _change(shop.source / "shop.sql", day * MIB, 1000, seed=day)
    return _night(shop)


@pytest.fixture
def dump(tmp_path: Path, clock: FixedClock) -> Shop:
    """A shop with one large file, stored whole."""
    shop = make_shop(tmp_path)
    (shop.source / "shop.sql").write_bytes(Random(0).randbytes(BIG))
    assert _night(shop) == ["shop/shop.sql"]
    return shop


def test_a_large_file_is_whole_again_after_a_week(dump: Shop, clock: FixedClock) -> None:
    for day, whole in ((1, False), (6, False), (8, True), (9, False)):
        assert (_on_day(dump, clock, day) == ["shop/shop.sql"]) == whole, day
    assert dump.differences(1, 3, 5) == []


def test_an_index_made_anew_knows_since_when_a_large_file_is_whole(
    dump: Shop, clock: FixedClock
) -> None:
    for day, whole in ((1, False), (9, True)):
        shutil.rmtree(dump.home / "state" / "kopien")
        assert (_on_day(dump, clock, day) == ["shop/shop.sql"]) == whole, day
    shutil.rmtree(dump.home / "state" / "kopien")
    assert _night(dump) == []
    assert dump.differences(1, 2, 3) == []
