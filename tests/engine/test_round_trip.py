"""Must hold 1: what was in the shop comes back byte for byte, by the program and by hand."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from tests.engine.stage import (
    BOTH,
    By,
    Shop,
    events,
    local_time,
    make_shop,
    next_second,
    only,
    rows_of,
    skipped_at,
    states_at,
    wrapper_without_rights,
)
from tests.support.disks import (
    MIB,
    DiskDrawer,
    Kind,
    disks,  # noqa: F401  (a fixture)
)
from tests.support.trees import (
    Filesystem,
    Snapshot,
    compare,
    hostile_tree,
    mutate,
    shop_tree,
    snapshot,
)

# ------------------------------------------------------------------ everything a tree can hold


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A copy of the hostile tree; tests only read it."""
    shop = make_shop(tmp_path_factory.mktemp("boese"))
    hostile_tree(shop.source)
    shop.day()
    return shop


@pytest.mark.parametrize("by", BOTH)
def test_every_name_kind_and_attribute_comes_back(hostile: Shop, by: By) -> None:
    assert hostile.differences(1, by=by) == []


def test_holes_stay_holes(hostile: Shop) -> None:
    """A virtual disk of 1 TB with 5 GB in it must fit where it came from."""
    with hostile.brought_back(paths=["shop/formen/loecher.bin"]) as into:
        status = (into / "shop/formen/loecher.bin").stat()
    assert status.st_blocks * 512 < status.st_size / 2


def test_outward_links_come_back_as_notes_and_are_named(hostile: Shop, tmp_path: Path) -> None:
    """Without `--keep-links` no restored link leads a program out of the folder."""
    report = hostile.restore(tmp_path / "ziel")
    outward = {"absolut", "fremd", "weit-hinaus"}
    assert {Path(path).name for path in report["links_as_text"]} == outward
    for name in outward:
        note = tmp_path / "ziel/shop/verweise" / name
        assert not note.is_symlink()
        assert note.read_bytes().rstrip(b"\n") == os.fsencode(
            (hostile.source / "verweise" / name).readlink()
        )
    assert (tmp_path / "ziel/shop/verweise/hinauf").is_symlink()


def test_pipes_and_sockets_are_named_but_no_loss(hostile: Shop) -> None:
    assert skipped_at(hostile.copy(), hostile.runs[1]) == {
        "shop/sonder/buchse": "sonderdatei",
        "shop/sonder/rohr": "sonderdatei",
    }


def test_nobody_else_may_write_into_the_copy(hostile: Shop) -> None:
    """A copy that another user of the PC can delete is none."""
    open_to_all = [
        path
        for path in hostile.copy().rglob("*")
        if path.is_dir() and path.lstat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ]
    assert open_to_all == []


# ------------------------------------------------------------------ large files


@pytest.mark.parametrize("size", [300 * MIB, pytest.param(5 * 1024 * MIB, marks=pytest.mark.full)])
def test_large_file(tmp_path: Path, size: int) -> None:
    shop = make_shop(tmp_path)
    big = shop.source / "kasse.vhdx"
    _write_big(big, size)
    shop.day()
    assert shop.differences(1, by=BOTH) == []


def _write_big(path: Path, size: int) -> None:
    """Bytes that repeat nowhere, so that no part may stand for another."""
    random = Random(size)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(random.randbytes(MIB))


# ------------------------------------------------------------------ days


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two disks with the states of three days; tests only read them."""
    shop = make_shop(tmp_path_factory.mktemp("tage"), disks=("platte", "zweite"))
    shop_tree(shop.source, files=80)
    shop.day()
    for day in (1, 2):
        next_second()  # so that the moment of a run says which state is meant
        mutate(shop.source, seed=1, day=day)
        shop.day()
    return shop


def test_every_day_comes_back_by_its_number(three_days: Shop) -> None:
    assert three_days.differences(1, 2, 3, by=BOTH) == []


def test_every_day_comes_back_by_name_and_by_moment(three_days: Shop) -> None:
    names = states_at(three_days.copy("zweite"))
    for day in (1, 2):
        assert three_days.differences(day, disk="zweite", at=local_time(names[day - 1])) == []
    assert three_days.differences(2, disk="zweite", at=names[1]) == []


def test_a_day_means_its_end_and_the_newest_is_the_default(three_days: Shop) -> None:
    day = local_time(three_days.runs[3]).partition(" ")[0]
    with three_days.brought_back(day) as by_day, three_days.brought_back() as newest:
        assert snapshot(by_day) == snapshot(newest)
        assert compare(three_days.days[3]["shop"], snapshot(newest / "shop", with_root=True)) == []


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        (["shop/Preise/preisliste.csv"], {b"Preise/preisliste.csv"}),
        (["shop/Daten"], {b"Daten", b"Daten/artikel.csv", b"Daten/kunden.csv"}),
        (["shop/*/*.csv", "kasse.log"], {b"Preise/preisliste.csv", b"Protokolle/kasse.log"}),
        (["shop/b\u00fcro/*"], set()),  # unlike in an exclude pattern, case matters here
    ],
)
def test_parts_of_a_state(three_days: Shop, paths: list[str], wanted: set[bytes]) -> None:
    if not wanted:
        lines = three_days.run(
            "restore", "laden", "--into", three_days.root / "nichts", "--path", *paths, rc=13
        )
        assert only(events(lines, "error"))["code"] == "path_not_found"
        return
    with three_days.brought_back(1, paths=paths) as into:
        found = snapshot(into / "shop")
    expected = three_days.days[1]["shop"]
    files = {key for key, entry in found.items() if entry.kind == "file"}
    asked = {key for key in wanted if expected[key].kind == "file"}
    assert files >= asked
    if len(paths) == 1:
        assert files == asked
    assert compare({key: expected[key] for key in files}, {k: found[k] for k in files}) == []


def test_browse_shows_what_stands_in_a_folder(three_days: Shop) -> None:
    expected = three_days.days[2]["shop"]
    for folder in (b"", b"Preise", b"Archiv"):
        inside = {key for key in expected if key and key.rpartition(b"/")[0] == folder}
        lines = three_days.run("browse", "laden", "shop/" + folder.decode(), "--at", "2")
        shown = {line["path"].encode().removeprefix(b"shop/"): line for line in lines}
        assert set(shown) == inside
        for key, line in shown.items():
            assert line["kind"] == expected[key].kind
            assert line.get("bytes", 0) == expected[key].size


# ------------------------------------------------------------------ what is taken, what is not


def test_two_folders_of_one_name(tmp_path: Path) -> None:
    """`C:\\Daten` and `D:\\Daten` must neither mix nor swap, also when the plan lists them anew."""
    shop = make_shop(tmp_path, sources=())
    shop.sources = {"Daten": tmp_path / "c/Daten", "Daten-2": tmp_path / "d/Daten"}
    for name, path in shop.sources.items():
        path.mkdir(parents=True)
        (path / "wer.txt").write_text(name)
    shop.write_plan()
    shop.day()
    assert shop.differences(1) == []
    shop.sources = dict(reversed(shop.sources.items()))
    shop.write_plan()
    (shop.sources["Daten"] / "neu.txt").write_text("neu")
    shop.day()
    assert shop.differences(2, by=BOTH) == []


_TREE = (
    "a.txt", "a.TMP", "b.tmp", "Thumbs.db", "~$brief.docx", "halb.crdownload", ".DS_Store",
    "alt/c.txt", "alt/d.tmp", "neu/alt/e.txt", ".cache/f.txt", "$RECYCLE.BIN/g.txt",
    "bilder/roh/h.raw", "bilder/roh/tief/i.raw", "bilder/j.jpg", "@eaDir/k.txt",
)  # fmt: skip
_USUAL = {"Thumbs.db", "~$brief.docx", "halb.crdownload", ".DS_Store"} | {
    ".cache/f.txt", "$RECYCLE.BIN/g.txt", "@eaDir/k.txt",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("", _USUAL),
        ("default_excludes = false", set()),
        ('exclude = ["*.tmp"]', _USUAL | {"a.TMP", "b.tmp", "alt/d.tmp"}),
        ('exclude = ["alt/"]', _USUAL | {"alt/c.txt", "alt/d.tmp", "neu/alt/e.txt"}),
        ('exclude = ["/alt/"]', _USUAL | {"alt/c.txt", "alt/d.tmp"}),
        ('exclude = ["bilder/**/*.raw"]', _USUAL | {"bilder/roh/h.raw", "bilder/roh/tief/i.raw"}),
        ('exclude = ["bilder/*/*.raw"]', _USUAL | {"bilder/roh/h.raw"}),
        ('exclude = ["?.txt"]', _USUAL | {"a.txt", "alt/c.txt", "neu/alt/e.txt"}),
        ('include = ["*.jpg", "alt/*"]', set(_TREE) - {"bilder/j.jpg", "alt/c.txt", "alt/d.tmp"}),
        (
            'include = ["*.txt"]\nexclude = ["neu/"]\ndefault_excludes = false',
            {name for name in _TREE if not name.endswith(".txt")} | {"neu/alt/e.txt"},
        ),
    ],
)
def test_patterns(tmp_path: Path, rules: str, missing: set[str]) -> None:
    shop = make_shop(tmp_path)
    for name in _TREE:
        (shop.source / name).parent.mkdir(parents=True, exist_ok=True)
        (shop.source / name).write_text(name)
    shop.write_plan(rules=rules)
    result = shop.backup()["platte"]
    run = result["run"]
    taken = {row["pfad"] for row in rows_of(shop.copy(), run) if row["art"] == "datei"}
    assert {f"shop/{name}" for name in _TREE} - taken == {f"shop/{name}" for name in missing}
    assert result["skipped"] == 0


def test_what_may_not_be_read_is_named_and_the_rest_is_saved(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=20)
    (shop.source / "Daten/kunden.csv").chmod(0)
    (shop.source / "B\u00fcro").chmod(0)
    results = shop.backup(rc=3, wrapper=wrapper_without_rights())
    assert skipped_at(shop.copy(), results["platte"]["run"]) == {
        "shop/Daten/kunden.csv": "keine_rechte",
        "shop/B\u00fcro": "unlesbarer_ordner",
    }
    assert results["platte"]["skipped"] == 2
    (shop.source / "Daten/kunden.csv").chmod(0o644)
    (shop.source / "B\u00fcro").chmod(0o755)
    shop.day()
    assert shop.differences(2) == []


def test_a_copy_that_is_reached_through_a_link_is_not_copied_into_itself(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    (shop.source / "Sicherung").symlink_to(shop.disks["platte"])
    shop.day()
    shop.day()
    assert shop.differences(2) == []
    with shop.brought_back(2) as into:
        assert (into / "shop/Sicherung").is_symlink()


def test_our_own_folders_below_a_source_are_left_out(tmp_path: Path) -> None:
    """Whoever takes the whole of `/home` must not save our index with every run."""
    shop = make_shop(tmp_path)
    shop.home = shop.source / "ladentresor"
    (shop.source / "a.txt").write_text("a")
    shop.write_plan()
    run = shop.backup()["platte"]["run"]
    reasons = skipped_at(shop.copy(), run)
    assert reasons == {f"shop/ladentresor/{name}": "eigenes_ziel" for name in ("cache", "state")}


@pytest.mark.root
def test_other_disks_below_a_source(tmp_path: Path, disks: DiskDrawer) -> None:  # noqa: F811
    """A stick that happens to be mounted is not the shop's; our own disk even less so."""
    shop = make_shop(tmp_path)
    (shop.source / "a.txt").write_text("a")
    stick = disks("tmpfs", 4 * MIB)
    (stick.path / "fremd.txt").write_text("fremd")
    (shop.source / "medium").mkdir()
    inside = shop.source / "kopien"
    inside.mkdir()
    _bind(stick.path, shop.source / "medium")
    _bind(inside, shop.disks["platte"])
    try:
        shop.backup(rc=3)
        result = shop.backup(rc=3)["platte"]
        assert skipped_at(shop.copy(), result["run"]) == {
            "shop/medium": "anderes_dateisystem",
            "shop/kopien/laden": "eigenes_ziel",
        }
        assert result["files"] == 1
    finally:
        for path in (shop.disks["platte"], shop.source / "medium"):
            subprocess.run(["umount", path], check=True)


def _bind(real: Path, seen: Path) -> None:
    subprocess.run(["mount", "--bind", real, seen], check=True)


# ------------------------------------------------------------------ Windows disks

_SLACK = {"ntfs": 100, "exfat": 2 * 10**9}
_BEFORE_1980 = 315_532_800 * 10**9


@pytest.mark.root
@pytest.mark.parametrize("kind", ["ntfs", "exfat"])
def test_copy_on_a_windows_disk(tmp_path: Path, disks: DiskDrawer, kind: Kind) -> None:  # noqa: F811
    """No name, time or kind of file of Linux is lost on the way over such a disk."""
    shop = make_shop(tmp_path)
    shop.disks["platte"] = disks(kind, 96 * MIB).path
    shop.write_plan()
    hostile_tree(shop.source)
    shop.day()
    assert shop.differences(1, by=BOTH) == []
    mutate(shop.source, seed=1, day=1)
    shop.day()
    assert shop.differences(1, 2) == []


@pytest.mark.root
@pytest.mark.parametrize("kind", ["ntfs", "exfat"])
def test_source_on_a_windows_disk(tmp_path: Path, disks: DiskDrawer, kind: Filesystem) -> None:  # noqa: F811
    shop = make_shop(tmp_path)
    assert kind != "posix"
    source = disks(kind, 96 * MIB).path / "shop"
    shop.sources = {"shop": source}
    shop.write_plan()
    hostile_tree(source, filesystem=kind)
    shop.day()
    assert shop.backup()["platte"]["outcome"] == "unchanged"
    assert shop.differences(1) == []


@pytest.mark.root
@pytest.mark.parametrize("kind", ["ntfs", "exfat"])
def test_restore_onto_a_windows_disk(hostile: Shop, disks: DiskDrawer, kind: Kind) -> None:  # noqa: F811
    """Every byte comes back; what had to be called otherwise or could not be held is said."""
    into = disks(kind, 96 * MIB).path / "ziel"
    report = hostile.restore(into, keep_links=True)
    assert report["failed"] == []
    expected = _under_new_names(hostile.days[1]["shop"], report["renamed"])
    actual = snapshot(into / "shop", with_root=True)
    links = {key for key, entry in expected.items() if entry.kind == "link"}
    if kind == "exfat":
        assert len(report["links_as_text"]) == len(links)
    files = {key: entry for key, entry in expected.items() if key not in links}
    found = {key: entry for key, entry in actual.items() if key not in links}
    assert compare(files, found, mtimes=False, modes=False, xattrs=False, hardlinks=False) == []
    holds_time = {key: entry for key, entry in files.items() if entry.mtime_ns > _BEFORE_1980}
    late = compare(
        holds_time, {key: found[key] for key in holds_time},
        modes=False, xattrs=False, hardlinks=False, mtime_slack_ns=_SLACK[kind],
    )  # fmt: skip
    assert late == []
    if kind == "exfat":
        assert report["lost"].keys() >= {"hard_link", "xattr"}


@pytest.mark.root
def test_single_files_of_case_twins_onto_a_stick(hostile: Shop, disks: DiskDrawer) -> None:  # noqa: F811
    """Folders that nobody asked for by name are made on the way, and may be twins all the same."""
    into = disks("exfat", 32 * MIB).path / "ziel"
    report = hostile.restore(into, paths=["shop/ordner/*/inhalt.txt"])
    expected = _under_new_names(hostile.days[1]["shop"], report["renamed"])
    wanted = {
        key: entry
        for key, entry in expected.items()
        if key.startswith(b"ordner/") and entry.kind == "file"
    }
    found = {k: e for k, e in snapshot(into / "shop").items() if e.kind == "file"}
    assert compare(wanted, found, mtimes=False, modes=False, xattrs=False) == []


def _under_new_names(tree: Snapshot, renamed: list[dict[str, Any]]) -> Snapshot:
    """The tree as it must stand where some names were changed."""
    new = {unquote_to_bytes(row["raw"]): os.fsencode(row["name"]) for row in renamed}

    def moved(path: bytes) -> bytes:
        above, _, name = path.rpartition(b"/")
        name = new.get(path, name)
        return moved(above) + b"/" + name if above else name

    return {moved(b"shop/" + key)[5:] if key else b"": entry for key, entry in tree.items()}
