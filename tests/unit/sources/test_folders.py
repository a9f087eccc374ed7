"""The scan sees all that stands there, walks nowhere it must not, and drops nothing in silence."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Code, KnownError
from core.sources import attributes, folders
from core.sources.folders import (
    HARMLESS_SKIPS,
    SKIP_NUMBER,
    SKIPS,
    KnownRoot,
    Root,
    Scan,
    ScannedFolder,
    look_at_root,
    place_identity,
)
from core.sources.patterns import compile_rules

ALL = compile_rules((), (), default_excludes=False)


def root(place: Path, name: bytes = b"shop", **rules: Any) -> Root:
    found = compile_rules(**rules, default_excludes=False) if rules else ALL
    return Root(name, os.fsencode(place), found)


def scan(*roots: Root, own: frozenset[tuple[int, int]] = frozenset()) -> dict[bytes, ScannedFolder]:
    found = {}
    for folder in Scan("laden", roots, own).folders():
        above = folder.path.rpartition(b"/")[0]
        assert not folder.path or above in found, "a folder before the one it stands in"
        found[folder.path] = folder
    return found


def names(folder: ScannedFolder) -> list[bytes]:
    return [entry[0] for entry in folder.entries]


def skip(folder: ScannedFolder, name: bytes) -> str:
    size = next(entry[2] for entry in folder.entries if entry[0] == name)
    return SKIPS[-size] if size < 0 else ""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    place = tmp_path / "laden" / "shop"
    (place / "Büro" / "leer").mkdir(parents=True)
    (place / "preise.csv").write_bytes(b"10")
    (place / "Büro" / "brief.txt").write_bytes(b"Brief")
    return place


# -- what it sees ---------------------------------------------------------------------------------


def test_every_folder_once_with_sorted_entries(shop: Path) -> None:
    found = scan(root(shop))
    assert set(found) == {b"", b"shop", "shop/Büro".encode(), "shop/Büro/leer".encode()}
    assert names(found[b""]) == [b"shop"]
    assert names(found[b"shop"]) == ["Büro".encode(), b"preise.csv"]
    assert found["shop/Büro/leer".encode()].entries == []
    assert found["shop/Büro".encode()].place == os.fsencode(shop / "Büro")


def test_an_entry_says_what_a_change_is_seen_by(shop: Path) -> None:
    info = (shop / "preise.csv").stat()
    entry = scan(root(shop))[b"shop"].entries[1]
    assert entry == (
        b"preise.csv", info.st_mode, 2, info.st_mtime_ns, info.st_ctime_ns, info.st_ino,
    )  # fmt: skip


def test_names_are_bytes(shop: Path) -> None:
    strange = [b"M\xe4rz", b"\xff\xfe", b"zeile\numbruch", b"-rf", "e\u0301".encode(), b" "]
    for name in strange:
        (shop / os.fsdecode(name)).touch()
    assert set(strange) <= set(names(scan(root(shop))[b"shop"]))


def test_it_counts_what_it_saw(shop: Path) -> None:
    done = Scan("laden", [root(shop)], frozenset())
    list(done.folders())
    assert (done.files, done.bytes, done.excluded) == (2, 7, 0)


def test_several_roots_stand_side_by_side(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "anderes").mkdir()
    found = scan(root(shop, b"shop"), root(tmp_path / "anderes", b"a-2"))
    assert names(found[b""]) == [b"a-2", b"shop"]
    assert set(found) >= {b"shop", b"a-2"}


def test_two_looks_at_the_same_are_equal(shop: Path) -> None:
    assert scan(root(shop)) == scan(root(shop))


def test_deep_folders_need_no_recursion(tmp_path: Path) -> None:
    place = tmp_path / "tief"
    place.mkdir()
    here = os.open(place, os.O_RDONLY)
    for _ in range(1500):  # deeper than Python's stack
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        assert len(scan(root(place))) >= 1500
    finally:
        subprocess.run(["rm", "-rf", str(place)], check=True)  # Python's own would run deep


# -- where it does not go -------------------------------------------------------------------------


def test_links_are_seen_and_not_followed(shop: Path) -> None:
    (shop / "auf-ordner").symlink_to("Büro")
    (shop / "im-kreis").symlink_to(".")
    (shop / "ins-leere").symlink_to("gibt es nicht")
    found = scan(root(shop))
    assert len(found) == 4
    links = [entry for entry in found[b"shop"].entries if stat.S_ISLNK(entry[1])]
    assert [(entry[0], entry[2]) for entry in links] == [
        (b"auf-ordner", 0), (b"im-kreis", 0), (b"ins-leere", 0),
    ]  # fmt: skip


def test_pipes_and_sockets_are_skipped_by_name(shop: Path) -> None:
    os.mkfifo(shop / "rohr")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(shop / "buchse"))
        found = scan(root(shop))[b"shop"]
    assert skip(found, b"rohr") == skip(found, b"buchse") == "sonderdatei"


def test_our_own_copy_below_the_source_is_not_copied(shop: Path) -> None:
    copy = shop / "Büro" / "sicherung"
    (copy / "daten").mkdir(parents=True)
    identity = place_identity(str(copy))
    assert identity is not None
    found = scan(root(shop), own=frozenset([identity]))
    assert skip(found["shop/Büro".encode()], b"sicherung") == "eigenes_ziel"
    assert not any(path.startswith("shop/Büro/sicherung".encode()) for path in found)


def test_another_file_system_below_is_not_entered(shop: Path) -> None:
    info = (shop / "Büro").stat()
    walker = Scan("laden", [root(shop)], frozenset())
    assert walker._folder_mark(info, info.st_dev) == 0
    assert SKIPS[-walker._folder_mark(info, info.st_dev + 1)] == "anderes_dateisystem"


def test_patterns_are_counted_and_shut_folders(shop: Path) -> None:
    (shop / "alt" / "tief").mkdir(parents=True)
    (shop / "alt" / "x.csv").touch()
    (shop / "a.tmp").touch()
    (shop / "l.tmp").symlink_to("x")
    done = Scan("laden", [root(shop, include=(), exclude=("*.tmp", "alt/"))], frozenset())
    found = {folder.path: folder for folder in done.folders()}
    assert names(found[b"shop"]) == ["Büro".encode(), b"preise.csv"]
    assert (len(found), done.excluded, done.files) == (4, 3, 2)


def test_patterns_go_by_the_path_below_the_source(shop: Path) -> None:
    found = scan(root(shop, include=("Büro/*.txt",), exclude=("/Büro/leer",)))
    assert names(found["shop/Büro".encode()]) == [b"brief.txt"]
    assert names(found[b"shop"]) == ["Büro".encode()]


# -- what it cannot see ---------------------------------------------------------------------------


class _Listing:
    """A folder in which asking about one name fails, or the listing itself breaks off."""

    def __init__(self, place: bytes, name: bytes, error: OSError, *, breaks: bool) -> None:
        self._real = os.scandir(place)
        self._name, self._error, self._breaks = name, error, breaks

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def __iter__(self) -> Iterator[Any]:
        for item in self._real:
            if item.name != self._name:
                yield item
            elif self._breaks:
                raise self._error
            else:
                yield _Closed(item.name, self._error)


class _Closed:
    def __init__(self, name: bytes, error: OSError) -> None:
        self.name, self._error = name, error

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        raise self._error


def failing(
    monkeypatch: pytest.MonkeyPatch, name: bytes, number: int, *, breaks: bool = False
) -> None:
    class Os:
        def __getattr__(self, what: str) -> Any:
            return getattr(os, what)

        def scandir(self, place: bytes) -> _Listing:
            return _Listing(place, name, OSError(number, os.strerror(number)), breaks=breaks)

    monkeypatch.setattr(folders, "os", Os())


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "keine_rechte"), (errno.EPERM, "keine_rechte"), (errno.EIO, "lesefehler")],
)
def test_a_name_closed_to_us_is_skipped_and_said(
    shop: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    """A folder that may be listed but not entered must not look as if it were empty."""
    failing(monkeypatch, b"preise.csv", number)
    assert skip(scan(root(shop))[b"shop"], b"preise.csv") == reason
    assert reason not in HARMLESS_SKIPS


def test_a_name_gone_meanwhile_is_not_there(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, b"preise.csv", errno.ENOENT)
    assert names(scan(root(shop))[b"shop"]) == ["Büro".encode()]


def test_a_listing_that_breaks_off_is_no_listing(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a folder would look like the deletion of the other half."""
    failing(monkeypatch, b"brief.txt", errno.EIO, breaks=True)
    found = scan(root(shop))["shop/Büro".encode()]
    assert (found.problem, found.entries) == ("unlesbarer_ordner", [])


def test_a_folder_deleted_meanwhile_is_simply_empty(shop: Path) -> None:
    """Somebody deleted it between two looks: nothing that still exists is missing."""
    walker = Scan("laden", [root(shop)], frozenset()).folders()
    assert [next(walker).path for _ in range(2)] == [b"", b"shop"]
    shutil.rmtree(shop / "Büro")
    rest = list(walker)
    assert [(folder.problem, folder.entries) for folder in rest] == [(None, [])]


def test_a_source_that_goes_away_is_named(shop: Path) -> None:
    walker = Scan("laden", [root(shop)], frozenset()).folders()
    shop.rename(shop.parent / "weg")
    with pytest.raises(KnownError) as caught:
        list(walker)
    assert caught.value.code is Code.SOURCE_MISSING


# -- the source marker ----------------------------------------------------------------------------


def refused(place: Path, known: KnownRoot | None) -> Code | None:
    try:
        look_at_root(root(place), system="laden", known=known)
    except KnownError as error:
        return error.code
    return None


def test_a_missing_or_empty_source_is_no_deletion(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "leer").mkdir()
    assert refused(tmp_path / "weg", None) is Code.SOURCE_MISSING
    assert refused(shop / "preise.csv", None) is Code.SOURCE_MISSING
    assert refused(tmp_path / "leer", None) is Code.SOURCE_EMPTY
    assert refused(shop, None) is None


def test_another_folder_in_its_place_is_noticed(shop: Path, tmp_path: Path) -> None:
    own = shop.stat().st_ino
    before = frozenset([b"x", b"y"])
    assert refused(shop, KnownRoot(before | {b"preise.csv"}, own + 1)) is None
    assert refused(shop, KnownRoot(before, own + 1)) is Code.SOURCE_REPLACED
    assert refused(shop, KnownRoot(before, own)) is None  # the same folder with all names changed
    assert refused(shop, KnownRoot(frozenset(), own + 1)) is None


def test_a_source_that_may_not_be_listed_is_named(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(place: bytes) -> list[bytes]:
        raise PermissionError(errno.EACCES, "closed")

    monkeypatch.setattr(os, "listdir", closed)
    assert refused(shop, None) is Code.SOURCE_UNREADABLE


# -- words and Windows ----------------------------------------------------------------------------


def test_every_reason_has_its_number() -> None:
    assert [SKIPS[number] for number in SKIP_NUMBER.values()] == list(SKIPS)
    assert set(SKIPS) >= HARMLESS_SKIPS
    assert set(SKIPS[1:]) == set(
        "keine_rechte gesperrt verschwunden platzhalter anderes_dateisystem sonderdatei"
        " eigenes_ziel lesefehler unlesbarer_ordner".split()
    )  # docs/format.md §6


@pytest.mark.parametrize(
    ("bits", "is_one"),
    [
        (0x20, False),
        (0x1000, True),
        (0x40000, True),
        (0x400020, True),
        (0x80000, False),
        (0, False),
    ],
)
def test_cloud_placeholders_are_known_by_their_bits(bits: int, is_one: bool) -> None:
    assert attributes.is_placeholder(bits) is is_one


def test_only_attributes_a_restore_can_set_are_kept() -> None:
    assert attributes.kept_bits(0x20 | 0x02 | 0x400 | 0x10 | 0x40000) == 0x22


def test_elsewhere_there_are_no_windows_bits(shop: Path) -> None:
    info = shop.stat()
    assert attributes.bits_of(info) == 0
    assert not attributes.is_junction(info)
    assert place_identity(str(shop / "weg")) is None
