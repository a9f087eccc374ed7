"""What rots at one copy comes back from another copy of the same system, whatever their layouts."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from core.copies.backing_up import healing
from core.copies.bringing_back.places import Source
from core.errors import Code, Exit, KnownError
from tests.engine.forging import ask
from tests.engine.stage import Event, Layout, Shop, events, make_shop, only
from tests.support.disks import MIB
from tests.support.trees import shop_tree

SMALL = "Daten/kunden.csv"
PAIRS: list[tuple[Layout, Layout]] = [
    ("tree", "tree"),
    ("tree", "bundled"),
    ("bundled", "tree"),
    ("tree", "sealed"),
    ("sealed", "tree"),
]


def two_copies(root: Path, first: Layout, second: Layout) -> Shop:
    """A shop of one day with two copies; then everything in its source was replaced."""
    shop = make_shop(root, disks=("platte", "zweite"), layout=first)
    shop.layouts["zweite"] = second
    if "sealed" in (first, second):
        shop.seal("platte" if first == "sealed" else "zweite")
    shop.write_plan()
    shop_tree(shop.source, files=16)
    (shop.source / "gross.bin").write_bytes(Random(1).randbytes(9 * MIB))
    shop.day()
    return shop


def forget_in_source(shop: Shop) -> None:
    """The source has none of it any more but one small file."""
    for name in os.listdir(shop.source):
        path = shop.source / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (shop.source / "neu.txt").write_text("alles ist neu")
    (shop.source / "gross.bin").write_bytes(b"jetzt klein")


def spoil(folder: Path) -> None:
    """Every object there is other bytes than it should be."""
    for path in folder.rglob("*"):
        ours = path.name in ("inhalt.tsv.gz", "offen.json", "LIESMICH.txt")
        if path.is_file() and not ours and path.stat().st_size > 64:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)


def notes(lines: list[Event], kind: str) -> list[Event]:
    return [line for line in events(lines, "note") if line["note"] == kind]


def state_of(shop: Shop) -> Event:
    """What `status` says of the first copy."""
    return only([line for line in shop.run("status") if line.get("destination") == "platte"])


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_what_the_source_has_no_more_comes_from_the_other_copy(
    tmp_path: Path, first: Layout, second: Layout
) -> None:
    shop = two_copies(tmp_path, first, second)
    forget_in_source(shop)
    lost_objects(shop)
    found = shop.run("verify", "platte", "--full", rc=Exit.INTEGRITY)
    verified = only(events(found, "verified"))
    assert verified["affected_files"] > 1
    assert {there for one in verified["affected"] for there in one["elsewhere"]} == {"zweite"}
    copy = state_of(shop)
    assert copy["damage"] > 0
    assert "damaged" in [why["code"] for why in copy["why"]]
    lines = shop.run("backup", "--to", "platte")
    healed = only(notes(lines, "healed"))
    assert (healed["source"], healed["destination"]) == ("zweite", "platte")
    assert not notes(lines, "not_healed")
    assert shop.differences(1, disk="platte") == []
    shop.run("verify", "platte", "--full")
    copy = state_of(shop)
    assert copy["damage"] == 0
    assert shop.differences(1, disk="platte", by="script") == []


def lost_objects(shop: Shop) -> None:
    """Objects of the first copy rot; of an encrypted one a whole file is gone."""
    if shop.layouts["platte"] != "sealed":
        spoil(shop.copy() / "daten")
        return
    files = [path for path in shop.copy().glob("tresor-*/**/*") if path.is_file()]
    max(files, key=lambda path: path.stat().st_size).unlink()


def test_what_is_lost_in_both_copies_is_named_with_its_states(tmp_path: Path) -> None:
    shop = two_copies(tmp_path, "tree", "tree")
    forget_in_source(shop)
    for disk in shop.disks:
        (victim,) = (shop.copy(disk) / "daten").glob(f"*/shop/{SMALL}")
        victim.write_bytes(victim.read_bytes()[::-1])
    shop.run("verify", "--full", rc=Exit.INTEGRITY)
    lines = shop.run("backup")
    assert not notes(lines, "healed")
    named = notes(lines, "not_healed")
    assert [(one["path"], one["states"], one["run"]) for one in named] == [
        (f"shop/{SMALL}", 1, line["run"])
        for line in [{"run": shop.runs[1]}, {"run": _first_run(shop, "zweite")}]
    ]
    assert not notes(shop.run("backup"), "not_healed")  # said once a day


def _first_run(shop: Shop, disk: str) -> str:
    return min(path.stem for path in (shop.copy(disk) / "staende").glob("*.json"))


def test_a_copy_that_is_away_is_named_and_heals_when_it_is_back(tmp_path: Path) -> None:
    shop = two_copies(tmp_path, "tree", "bundled")
    forget_in_source(shop)
    spoil(shop.copy() / "daten")
    shop.run("verify", "platte", "--full", rc=Exit.INTEGRITY)
    away = tmp_path / "im Schrank"
    shop.disks["zweite"].rename(away)
    lines = shop.run("backup", "--to", "platte")
    assert {one["elsewhere"] for one in notes(lines, "not_healed")} == {"zweite"}
    away.rename(shop.disks["zweite"])
    (shop.home / "state" / "kopien" / "laden@zweite.db").unlink()  # nor does it need its index
    _forget_the_attempt(shop)
    assert notes(shop.run("backup", "--to", "platte"), "healed")
    assert shop.differences(1, disk="platte") == []


def test_another_copy_that_goes_away_in_the_middle_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = two_copies(tmp_path, "tree", "tree")
    forget_in_source(shop)
    spoil(shop.copy() / "daten")
    shop.run("verify", "platte", "--full", rc=Exit.INTEGRITY)
    whole = healing._Supply._blocks

    def torn(self: healing._Supply, source: Source, start: int, size: int) -> Iterator[bytes]:
        for at, block in enumerate(whole(self, source, start, size)):
            if source.size > 5 * MIB and at == 2:
                raise KnownError(Code.DESTINATION_GONE, destination="zweite", path="/mnt/zweite")
            yield block

    with monkeypatch.context() as patch:
        patch.setattr(healing._Supply, "_blocks", torn)
        done = ask(shop.home, "backup", "--to", "platte")
    assert done.exit == Exit.OK, done.text
    shop.run("verify", "platte", "--full", rc=Exit.INTEGRITY)
    _forget_the_attempt(shop)
    shop.run("backup", "--to", "platte")
    assert shop.differences(1, disk="platte") == []
    shop.run("verify", "platte", "--full")


def _forget_the_attempt(shop: Shop) -> None:
    """As if a day had passed."""
    with closing(sqlite3.connect(shop.home / "state" / "kopien" / "laden@platte.db")) as base, base:
        base.execute("DELETE FROM meta WHERE key='healing_tried'")


def test_a_part_of_a_large_file_comes_out_of_a_whole_one(tmp_path: Path) -> None:
    """Here it lies in parts, there in one piece; and the other way round above."""
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop.layouts["platte"] = "bundled"
    shop.write_plan()
    (shop.source / "klein.txt").write_text("bleibt")
    dump = shop.source / "kasse.sql"
    dump.write_bytes(Random(2).randbytes(66 * MIB))
    shop.day()
    dump.write_bytes(b"weg")
    for bundle in list((shop.copy() / "daten").glob("*/buendel-*"))[1:3]:
        bundle.unlink()
    shop.run("verify", "platte", rc=Exit.INTEGRITY)
    lines = shop.run("backup", "--to", "platte")
    assert only(notes(lines, "healed"))["count"] >= 1
    assert not notes(lines, "not_healed")
    assert shop.differences(1, disk="platte") == []
