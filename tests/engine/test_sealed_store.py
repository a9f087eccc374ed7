"""An encrypted folder of this PC, held against stock rclone: each reads what the other wrote."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from core.crypt.keys import derive
from core.destinations import sealed_store
from core.destinations.local import LocalFolder
from core.destinations.sealed_store import SealedStore
from core.destinations.stores import RcloneStore, Store
from core.errors import Code, KnownError
from core.rclone.objects import UNFINISHED, Item
from core.rclone.remotes import crypt_remote, local_remote
from core.rclone.session import Session
from tests.support.hostile_names import hostile_names
from tests.support.sealed_sizes import sealed_size

PASS, SALT = "pass-wort-eins", "salz-wort-zwei"
VAULT = "tresor-k7f3-m2qp"
SIZES = (0, 1, 65_535, 65_536, 65_537, 3_000_000)


class Place:
    """A place for copies with an encrypted one in it."""

    def __init__(self, room: Path) -> None:
        self.root = room / "platte"
        self.root.mkdir()
        self.vault = self.root / "laden" / VAULT
        self.given = room / "gegeben"
        self.taken = room / "genommen"
        self.stopped = False

    def ours(self, password: str = PASS) -> SealedStore:
        folder = LocalFolder("platte", self.root, "laden")
        return SealedStore(folder, VAULT, derive(password, SALT), lambda: self.stopped)

    def put(self, store: Store, path: str, data: bytes) -> None:
        self.given.write_bytes(data)
        store.upload(self.given, path)

    def got(self, store: Store, path: str) -> bytes:
        store.download(path, self.taken)
        return self.taken.read_bytes()

    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def theirs(place: Place, tmp_path: Path) -> Iterator[RcloneStore]:
    place.vault.mkdir(parents=True)
    remotes = [
        local_remote("basis", place.root),
        crypt_remote("tresor", over=f"basis:laden/{VAULT}", password=PASS, salt=SALT),
    ]
    with Session(remotes, room=tmp_path / "rclone", destination="platte") as session:
        yield RcloneStore(session, "tresor:")


def content(size: int) -> bytes:
    return Random(size).randbytes(size)


def listed(store: Store) -> list[Item]:
    return sorted(store.list("", recurse=True))


@pytest.mark.parametrize("ours_writes", [True, False])
def test_each_reads_what_the_other_wrote(
    place: Place, theirs: RcloneStore, *, ours_writes: bool
) -> None:
    writer, reader = (place.ours(), theirs) if ours_writes else (theirs, place.ours())
    for size in SIZES:
        place.put(writer, f"daten/000001/stück {size}", content(size))
    for size in SIZES:
        path = f"daten/000001/stück {size}"
        assert place.got(reader, path) == content(size)
        for offset, count in ((0, 10), (65_530, 20), (size // 2, 100_000), (size, 5)):
            got = reader.read(path, offset=offset, count=count, limit=count)
            assert got == content(size)[offset : offset + count]
    assert listed(reader) == listed(writer)
    assert len(listed(reader)) == len(SIZES) + 2


@pytest.mark.parametrize("ours_writes", [True, False])
def test_each_reads_the_names_of_the_other(
    place: Place, theirs: RcloneStore, *, ours_writes: bool
) -> None:
    writer, reader = (place.ours(), theirs) if ours_writes else (theirs, place.ours())
    names = []
    for raw in hostile_names():
        name = os.fsdecode(raw)
        if len(name.encode("utf-8", "replace")) <= 140 and name.isprintable() and "/" not in name:
            names.append(name)
            place.put(writer, f"daten/{name}", name.encode())
    assert len(names) > 20
    assert {item.path for item in reader.list("daten")} == {f"daten/{name}" for name in names}
    assert all(place.got(reader, f"daten/{name}") == name.encode() for name in names)


def test_what_is_deleted_is_gone_for_both(place: Place, theirs: RcloneStore) -> None:
    ours = place.ours()
    place.put(ours, "daten/1/a", b"a")
    place.put(ours, "daten/2/b", b"b")
    ours.delete("daten/1/a")
    ours.delete("daten/1/a")  # fine when it is not there
    ours.remove_empty("daten")
    assert [item.path for item in listed(theirs)] == ["daten", "daten/2", "daten/2/b"]
    place.put(ours, "daten/2/b", b"a newer one")
    assert place.got(theirs, "daten/2/b") == b"a newer one"
    with pytest.raises(FileNotFoundError):
        ours.download("daten/1/a", place.taken)
    with pytest.raises(FileNotFoundError):
        ours.read("daten/1/a", limit=10)
    assert ours.list("daten/1") == []


def test_more_than_asked_for_is_refused(place: Place) -> None:
    ours = place.ours()
    place.put(ours, "gross", content(300_000))
    assert ours.read("gross", limit=300_000) == content(300_000)
    with pytest.raises(KnownError) as caught:
        ours.read("gross", limit=299_999)
    assert caught.value.code is Code.REMOTE_LARGER


def test_another_key_sees_an_empty_folder(place: Place) -> None:
    place.put(place.ours(), "daten/a", b"a")
    assert place.ours("pass-wort-zwei").list("", recurse=True) == []


@pytest.mark.parametrize("keep", [0, 20, 32 + 9, -1])
def test_damage_is_told_and_leaves_nothing_half(place: Place, keep: int) -> None:
    ours = place.ours()
    place.put(ours, "daten/a", content(200_000))
    (sealed,) = place.files()
    data = bytearray(sealed.read_bytes())
    if keep < 0:
        data[150_000] ^= 1
        sealed.write_bytes(data)
    else:
        sealed.write_bytes(data[:keep])
    asks: tuple[Callable[[], bytes], ...] = (
        lambda: place.got(ours, "daten/a"),
        lambda: ours.read("daten/a", limit=1 << 20),
    )
    for ask in asks:
        with pytest.raises(KnownError) as caught:
            ask()
        assert caught.value.code is Code.REMOTE_DAMAGED
    assert not place.taken.exists()
    assert [path.name for path in place.taken.parent.iterdir() if "genommen" in path.name] == []


def test_a_full_disk_keeps_nothing_half(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = place.ours()
    place.put(ours, "daten/a", b"a")
    before = place.files()

    def full(fd: int, view: memoryview) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sealed_store, "write_all", full)
    with pytest.raises(KnownError) as caught:
        place.put(ours, "daten/b", content(5_000_000))
    assert caught.value.code is Code.DESTINATION_FULL
    assert place.files() == before


def test_who_cancels_leaves_nothing_half(place: Place) -> None:
    ours = place.ours()
    place.put(ours, "daten/a", content(100))
    before = place.files()
    place.stopped = True
    for ask in (lambda: place.put(ours, "b", content(100)), lambda: place.got(ours, "daten/a")):
        with pytest.raises(KnownError) as caught:
            ask()
        assert caught.value.code is Code.CANCELLED
    assert place.files() == before


def test_nothing_begins_on_the_mount_point_of_a_disk_that_slipped_away(place: Place) -> None:
    ours = place.ours()
    place.put(ours, "daten/a", b"a")
    shutil.rmtree(place.root / "laden")  # the empty folder below is left
    for ask in (
        lambda: place.put(ours, "daten/b", b"b"),
        lambda: ours.list("daten"),
        lambda: ours.read("daten/a", limit=9),
    ):
        with pytest.raises(KnownError) as caught:
            ask()
        assert caught.value.code is Code.DESTINATION_GONE
    assert list(place.root.iterdir()) == []


def test_what_a_killed_sending_left_is_seen_as_unfinished(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the name rclone gives such a piece, under the cipher too."""
    ours = place.ours()
    monkeypatch.setattr(sealed_store, "remove_torn", lambda _: None)

    def killed(*_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        place.put(ours, "daten/a", b"a")
    (left,) = place.ours().list("daten")
    assert UNFINISHED.search(left.path)
    assert left.path.startswith("daten/a.")


@pytest.mark.parametrize("past_memory", [True, False])
def test_the_medium_is_asked_only_where_that_is_wanted(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, past_memory: bool
) -> None:
    ours = place.ours()
    dropped: list[int] = []
    monkeypatch.setattr(sealed_store, "drop_cache", dropped.append)
    place.put(ours, "daten/a", b"a")
    if past_memory:
        assert ours.read_past_memory()
    assert place.got(ours, "daten/a") == b"a"
    assert bool(dropped) is past_memory


def test_sizes_are_those_of_the_contents(place: Place) -> None:
    ours = place.ours()
    for size in SIZES:
        place.put(ours, f"{size}", content(size))
    assert {item.path: item.size for item in ours.list("")} == {f"{size}": size for size in SIZES}
    assert sum(path.stat().st_size for path in place.files()) == sum(map(sealed_size, SIZES))
