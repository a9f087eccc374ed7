"""Bundled layout: small files and parts of large ones in ZIP files that everybody can open."""

from __future__ import annotations

import random
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.engine.stage import BOTH, By, Shop, make_shop, objects_of, only, states_at
from tests.support.disks import MIB
from tests.support.trees import hostile_tree, mutate, shop_tree


def bundles(copy: Path) -> list[Path]:
    """The ZIP files of a copy, oldest first."""
    return sorted((copy / "daten").glob("*/buendel-*.zip"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The hostile tree in bundles; tests only read it."""
    shop = make_shop(tmp_path_factory.mktemp("buendel"), layout="bundled")
    hostile_tree(shop.source)
    shop.day()
    return shop


@pytest.mark.parametrize("by", BOTH)
def test_every_name_kind_and_attribute_comes_back(hostile: Shop, by: By) -> None:
    assert hostile.differences(1, by=by) == []


def test_there_are_only_bundles(hostile: Shop) -> None:
    """Few objects: that is what bundles are for."""
    assert all(path.startswith("buendel-") for path in objects_of(hostile.copy(), hostile.runs[1]))
    assert len(bundles(hostile.copy())) <= 3


@pytest.mark.parametrize("with_what", ["unzip", "7z", "python"])
def test_bundles_open_everywhere(hostile: Shop, with_what: str) -> None:
    for path in bundles(hostile.copy()):
        if with_what == "python":
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
            continue
        program = shutil.which(with_what)
        if program is None:
            pytest.skip(f"{with_what} is not installed")
        flag = "-tqq" if with_what == "unzip" else "t"
        done = subprocess.run([program, flag, str(path)], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_bundles_keep_the_rules_of_the_explorer(hostile: Shop) -> None:
    """Methods 0 and 8, UTF-8 flag, no data descriptors, names that Windows can hold."""
    for path in bundles(hostile.copy()):
        seen = set()
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                assert member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                assert member.flag_bits == 0x800
                assert member.extract_version <= 20
                assert len(member.filename) <= 200
                for part in member.filename.split("/"):
                    assert part not in ("", ".", "..")
                    assert not part.endswith((".", " "))
                    assert not set(part) & set('\\:*?"<>|')
                folded = member.filename.casefold()
                assert folded not in seen
                seen.add(folded)
        assert path.stat().st_size < 2**31


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A dump changed in its middle, a mailbox that grows, files moved, set back, become folders.

    Three copies in one run: a tree, bundles, encrypted bundles.
    """
    shop = make_shop(tmp_path_factory.mktemp("woche"), disks=("platte", "wolke", "stick"))
    shop.layouts["wolke"] = "bundled"
    shop.seal("stick")
    shop_tree(shop.source, seed=3, files=60)
    chance = random.Random(3)
    dump = shop.source / "dump.sql"
    dump.write_bytes(chance.randbytes(24 * MIB))
    mail = shop.source / "post.mbox"
    mail.write_bytes(chance.randbytes(6 * MIB))
    (shop.source / "bild.tif").write_bytes(chance.randbytes(2 * MIB))
    (shop.source / "wechsel").write_text("Datei")
    first = dump.read_bytes()
    shop.day()
    dump.write_bytes(first[: 10 * MIB] + b"inserted" + first[10 * MIB :])
    with mail.open("ab") as file:
        file.write(chance.randbytes(70_000))
    (shop.source / "wechsel").unlink()
    (shop.source / "wechsel").mkdir()
    (shop.source / "wechsel/innen.txt").write_text("jetzt ein Ordner")
    mutate(shop.source, seed=3, day=2)
    shop.day()
    dump.write_bytes(first)
    shutil.rmtree(shop.source / "wechsel")
    (shop.source / "wechsel").write_text("Datei")
    mail.rename(shop.source / "archiv.mbox")
    shop.day()
    return shop


@pytest.mark.parametrize("disk", ["platte", "wolke", "stick"])
@pytest.mark.parametrize("by", BOTH)
def test_every_day_of_the_week_comes_back(week: Shop, disk: str, by: By) -> None:
    assert week.differences(1, 2, 3, disk=disk, by=by) == []


def test_a_changed_dump_is_not_stored_whole_because_another_copy_has_it_in_parts(
    tmp_path: Path,
) -> None:
    shop = make_shop(tmp_path, disks=("platte", "wolke"))
    shop.layouts["wolke"] = "bundled"
    shop.write_plan()
    dump = shop.source / "dump.sql"
    dump.write_bytes(random.Random(4).randbytes(65 * MIB))
    shop.day()
    with dump.open("r+b") as file:
        file.seek(30 * MIB)
        file.write(b"neu" * 1000)
    shop.day()
    for disk in ("platte", "wolke"):
        new = shop.copy(disk) / "daten" / max(states_at(shop.copy(disk)))
        assert sum(p.stat().st_size for p in new.rglob("*") if p.is_file()) < 8 * MIB
        assert shop.differences(2, disk=disk) == []


def _stored(shop: Shop, day: int) -> int:
    folder = shop.copy("wolke") / "daten"
    return sum(
        path.stat().st_size
        for path in folder.glob(f"{day:06d}-*/**/*")
        if path.is_file() and path.name != "inhalt.tsv.gz"
    )


def test_a_changed_dump_and_a_grown_mailbox_cost_their_changes(week: Shop) -> None:
    assert _stored(week, 1) > 30 * MIB
    assert _stored(week, 2) < 6 * MIB


def test_what_is_set_back_or_renamed_costs_nothing(week: Shop) -> None:
    assert _stored(week, 3) < 20_000


def test_parts_join_to_the_file_by_hand(week: Shop, tmp_path: Path) -> None:
    """Parts of a large file are members that `cat` or `copy /b` join."""
    parts: dict[str, bytes] = {}
    for path in sorted((week.copy("wolke") / "daten").glob("000001-*/buendel-*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("shop/dump.sql.teil-"):
                    parts[name] = archive.read(name)
    joined = b"".join(parts[name] for name in sorted(parts))
    assert joined == random.Random(3).randbytes(24 * MIB)


def test_a_pc_that_knows_nothing_adopts_bundles(week: Shop, tmp_path: Path) -> None:
    bare = tmp_path / "leer"
    done = week.run("adopt", week.copy("wolke"), home=bare)
    assert only([line for line in done if line.get("event") == "adopted"])["states"] == 3
    into = tmp_path / "zurück"
    week.restore(into, 2, home=bare, disk="wolke")
    assert (into / "shop/wechsel/innen.txt").read_text() == "jetzt ein Ordner"


def test_after_the_index_is_lost_nothing_is_sent_again(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, layout="bundled")
    shop_tree(shop.source, seed=5, files=30)
    (shop.source / "dump.sql").write_bytes(random.Random(1).randbytes(9 * MIB))
    shop.day()
    shutil.rmtree(shop.home / "state" / "kopien")
    shop.day()
    assert objects_of(shop.copy(), shop.runs[2]) == []
    assert shop.differences(1, 2) == []


def test_verify_reads_every_content_of_a_bundle(tmp_path: Path) -> None:
    """A flipped byte in a member is found, named, and mended by the next run."""
    shop = make_shop(tmp_path, layout="bundled")
    shop_tree(shop.source, seed=6, files=30)
    shop.day()
    path = bundles(shop.copy())[-1]
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda info: info.compress_size)
    data[member.header_offset + 30 + len(member.filename.encode()) + 40] ^= 1
    path.write_bytes(bytes(data))
    answer = shop.run("verify", "--full", rc=8)
    said = only([line for line in answer if line.get("event") == "verified"])
    assert not said["sound"]
    assert said["affected_files"] == 1
    shop.backup()
    assert shop.differences(1) == []
    shop.run("verify", "--full")
