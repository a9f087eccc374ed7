"""The shadow of a copy behind rclone: it stays small, and a single file costs only its bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from core.copies.bringing_back.restore import restore
from core.copies.bringing_back.wishes import Wish
from core.copies.events import Silence
from core.copies.opening.reach import Reach, Where
from core.destinations.local import Range
from core.destinations.remote import RemoteFolder
from core.destinations.stores import RcloneStore
from core.errors import KnownError
from core.paths import find_home
from core.plan.locations import LocalLocation
from core.rclone.remotes import local_remote
from core.rclone.session import Session
from core.secrets.recovery import Pair
from tests.engine.stage import Layout, Shop, make_shop
from tests.support.disks import MIB

SMALL = MIB // 2


@contextmanager
def opened(room: Path, *, fs: str = "basis:", spool_bytes: int = MIB) -> Iterator[RemoteFolder]:
    place = room / "medium"
    place.mkdir(exist_ok=True)
    with Session([local_remote("basis", place)], room=room / "rclone", destination="a") as session:
        folder = RemoteFolder(
            "a", str(place), "laden", shadow=room / "spool",
            store=RcloneStore(session, fs), spool_bytes=spool_bytes,
        )  # fmt: skip
        try:
            yield folder
        finally:
            folder.close()


def held(room: Path) -> int:
    """Bytes in the shadow now."""
    return held_below(room / "spool")


def held_below(shadow: Path) -> int:
    found = 0
    for path in shadow.rglob("*"):
        try:
            found += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue  # sent just now
    return found


def test_who_writes_faster_than_is_sent_has_to_wait(tmp_path: Path) -> None:
    """No more than the spool may hold and the file at hand, however much is written."""
    most = 0
    with opened(tmp_path) as folder:
        for number in range(40):
            folder.create(f"daten/{number}", Random(number).randbytes(SMALL))
            most = max(most, held(tmp_path))
        folder.barrier()
        assert held(tmp_path) == 0
    assert most <= MIB + SMALL
    assert len(list((tmp_path / "medium/daten").iterdir())) == 40


def test_an_object_larger_than_the_spool_is_sent_all_the_same(tmp_path: Path) -> None:
    with opened(tmp_path, spool_bytes=1000) as folder:
        folder.create("groß", bytes(3 * MIB))
        folder.create("noch eins", bytes(3 * MIB))
        folder.barrier()
    assert (tmp_path / "medium/groß").stat().st_size == 3 * MIB


def test_who_waits_hears_that_sending_failed(tmp_path: Path) -> None:
    (tmp_path / "medium").mkdir()
    (tmp_path / "medium/datei").write_text("kein Ordner")
    began = time.monotonic()
    with (
        opened(tmp_path, fs="basis:datei/darunter", spool_bytes=1000) as folder,
        pytest.raises(KnownError),
    ):
        _write_many(folder)
    assert time.monotonic() - began < 30
    assert held(tmp_path) == 0


def _write_many(folder: RemoteFolder) -> None:
    for number in range(40):
        folder.create(f"daten/{number}", bytes(SMALL))


# ------------------------------------------------------------------ one file of many


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Twelve MB of small files in one bundle."""
    shop = make_shop(tmp_path_factory.mktemp("eine"), layout="sealed")
    for number in range(300):
        (shop.source / f"bild {number}.jpg").write_bytes(Random(number).randbytes(40_000))
    shop.day()
    return shop


def test_one_file_is_one_ranged_read_also_through_encryption(full: Shop, tmp_path: Path) -> None:
    """Neither the bundle nor any other object: what the list needs, and the file's own blocks."""

    def pair_of(_: str) -> Pair:
        assert full.pair is not None
        return full.pair

    reach = Reach(find_home(str(full.home)), pair_of, lambda: False)
    try:
        reached = reach.open(
            Where("platte", LocalLocation(path=full.disks["platte"]), encrypted=True), "laden"
        )
        copy = reached.copy
        states = copy.states().states
        paperwork = sum(
            copy.folder.size(path) or 0
            for path in (
                f"staende/{states[0].run}.json",
                f"staende/{states[0].run}.liste.gz",
                f"daten/{states[0].run}/inhalt.tsv.gz",
            )
        )
        before = read_so_far()
        wish = Wish(("bild 217.jpg",))
        report = restore(
            copy, states[0], states, tmp_path / "aus", wish, Silence(), lambda: False
        )  # fmt: skip
        cost = read_so_far() - before
    finally:
        reach.close()
    assert report.files == 1
    wanted = full.source / "bild 217.jpg"
    assert (tmp_path / "aus/shop/bild 217.jpg").read_bytes() == wanted.read_bytes()
    blocks = 3 * 65_552  # those it touches, and the header of the bundle
    assert cost <= blocks + 2 * 40_000 + 6 * paperwork + 65_536, (cost, paperwork)


@pytest.mark.parametrize("layout", ["bundled"])
def test_one_file_of_a_plain_bundle_is_not_the_bundle(tmp_path: Path, layout: Layout) -> None:
    """On a disk the kernel is asked: reading one file moves its bytes, not twelve MB."""
    shop = make_shop(tmp_path, layout=layout)
    for number in range(300):
        (shop.source / f"bild {number}.jpg").write_bytes(Random(number).randbytes(40_000))
    shop.day()
    reach = Reach(find_home(str(shop.home)), lambda _: Pair("", ""), lambda: False)
    copy = reach.open(Where("platte", LocalLocation(path=shop.disks["platte"])), "laden").copy
    states = copy.states().states
    before = read_so_far()
    report = restore(
        copy, states[0], states, tmp_path / "aus", Wish(("bild 217.jpg",)), Silence(), lambda: False
    )
    assert report.files == 1
    assert read_so_far() - before < MIB


def read_so_far() -> int:
    """Bytes this process has read from files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


# ------------------------------------------------------------------ fetching ahead


def test_what_nobody_reads_any_more_makes_room(tmp_path: Path) -> None:
    """The shadow holds what is read now and a little more, however much goes through it."""
    with opened(tmp_path, spool_bytes=4 * MIB) as folder:
        for number in range(20):
            folder.create(f"daten/{number}", Random(number).randbytes(SMALL))
        folder.barrier()
        coming = [
            folder.begin_fetch({f"daten/{number}": [Range(0, SMALL)]}, frugal=False)
            for number in range(3)
        ]
        for number in range(20):
            if number + 3 < 20:
                wanted = {f"daten/{number + 3}": [Range(0, SMALL)], "daten/0": [Range(0, SMALL)]}
                coming.append(folder.begin_fetch(wanted, frugal=False))
            coming[number].wait()
            here = tmp_path / "spool" / "laden" / "daten" / str(number)
            assert here.read_bytes() == Random(number).randbytes(SMALL)
            folder.let_go(coming[number])
            assert held(tmp_path) <= 2 * MIB + 4 * SMALL
        assert (tmp_path / "spool/laden/daten/0").exists()  # asked for to the last
        folder.forget_fetched()
        assert held(tmp_path) == 0


def test_an_object_that_is_missing_is_looked_for_again(tmp_path: Path) -> None:
    with opened(tmp_path) as folder:
        wanted = {"daten/neu": [Range(0, SMALL)]}
        folder.fetch(wanted)
        folder.begin_fetch(wanted, frugal=False).wait()
        assert held(tmp_path) == 0
        folder.create("daten/neu", bytes(SMALL))
        folder.barrier()
        folder.fetch(wanted)
        assert held(tmp_path) == SMALL


class _Watching(Silence):
    """Remembers how much lay in the shadow at most."""

    def __init__(self, shadow: Path) -> None:
        self._shadow = shadow
        self.most = 0

    def progress(self, *, files: int, size: int, current: str) -> None:
        self.most = max(self.most, held_below(self._shadow))


def test_a_file_larger_than_the_spool_comes_back_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bundles come and go one by one, and none of them twice."""
    monkeypatch.setattr("core.copies.bringing_back.restore._AT_ONCE_BYTES", MIB)
    monkeypatch.setattr("core.copies.bringing_back.restore._PORTION_BYTES", 2 * MIB)
    monkeypatch.setattr("core.destinations.remote._IDLE_BYTES", MIB)
    shop = make_shop(tmp_path, layout="sealed")
    dump = Random(7).randbytes(80 * MIB)
    (shop.source / "shop.sql").write_bytes(dump)
    shop.day()

    def pair_of(_: str) -> Pair:
        assert shop.pair is not None
        return shop.pair

    reach = Reach(find_home(str(shop.home)), pair_of, lambda: False)
    try:
        where = Where("platte", LocalLocation(path=shop.disks["platte"]), encrypted=True)
        reached = reach.open(where, "laden")
        states = reached.copy.states().states
        watching = _Watching(reached.copy.folder.root)
        before = read_so_far()
        report = restore(
            reached.copy, states[0], states, tmp_path / "aus", Wish(), watching, lambda: False
        )
        cost = read_so_far() - before
    finally:
        reach.close()
    assert not report.failed
    assert (tmp_path / "aus/shop/shop.sql").read_bytes() == dump
    assert 0 < watching.most <= 60 * MIB, watching.most
    assert cost < 2.5 * len(dump)  # once under the cipher, once in the shadow
