"""The probe of a destination on real disks and servers: true facts, and nothing left behind."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.destinations import probe as probing
from core.destinations.probe import PREFIX, Advice, Answer, Facts, Names, Overwrite, advise, probe
from core.destinations.probed_places import FolderPlace, SessionPlace
from core.errors import Code, KnownError
from core.rclone.remotes import Remote
from core.rclone.session import Session
from tests.support.disks import MIB, DiskDrawer, disks, fill, read_only, requires_root
from tests.support.storage_servers import Kind, answering, free_port, remote, serving

__all__ = ["disks"]  # a fixture
SMALL = 2 * MIB


def probed(folder: Path) -> Facts:
    return probe(FolderPlace(folder, "platte"), SystemClock(), most_bytes=SMALL)


def assert_sound(facts: Facts) -> None:
    assert facts.usable, facts
    assert (facts.rename, facts.delete) == (Answer.YES, Answer.YES)
    assert facts.overwrite is Overwrite.REPLACED
    assert (facts.kept, facts.long_names) == (Answer.YES, Answer.YES)
    assert facts.small is not None
    assert facts.up is not None
    assert facts.down is not None
    assert facts.drift == 0.0
    assert facts.left == ()


# -- folders --------------------------------------------------------------------------------------


@requires_root
@pytest.mark.root
@pytest.mark.parametrize("kind", ["tmpfs", "ext4", "ntfs", "exfat"])
def test_a_disk(disks: DiskDrawer, kind: str) -> None:
    disk = disks(kind)  # type: ignore[arg-type] # parametrized
    (disk.path / "daheim.txt").write_bytes(b"mein")
    before = sorted(disk.path.iterdir())
    facts = probed(disk.path)
    assert sorted(disk.path.iterdir()) == before
    assert_sound(facts)
    assert facts.exclusive is Answer.YES
    assert facts.free is not None
    assert facts.total is not None
    assert 0 < facts.free <= facts.total <= 64 * MIB
    # ntfs-3g tells upper from lower case, unlike Windows; exFAT never does.
    assert facts.case is (Names.FOLDED if kind == "exfat" else Names.DISTINCT)
    assert facts.unicode is Names.DISTINCT
    assert advise(facts)[0] == "tree"
    assert "full" in facts.concerns


@requires_root
@pytest.mark.root
def test_disks_in_trouble(disks: DiskDrawer) -> None:
    disk = disks("ext4", 16 * MIB)
    fill(disk.path, 0)
    assert probed(disk.path).failure == Code.DESTINATION_FULL
    (disk.path / "ballast").unlink()
    with read_only(disk.path):
        facts = probed(disk.path)
        assert (facts.failure, facts.write) == (Code.DESTINATION_READ_ONLY, Answer.NO)
        assert not facts.usable
    missing = probed(disk.path / "weg")
    assert (missing.failure, missing.reach) == (Code.DESTINATION_MISSING, Answer.NO)
    assert advise(missing) == ("bundled", Advice.UNUSABLE)
    assert {one.name for one in disk.path.iterdir()} == {"lost+found"}


def test_what_a_killed_probe_left_goes(tmp_path: Path) -> None:
    """Not at once: one of another PC may be going on there."""
    today = datetime.now(UTC)  # noqa: TID251
    old, young = (
        tmp_path / f"{PREFIX}{today - timedelta(days=days):%Y%m%d}-00c0ffee" for days in (3, 0)
    )
    for folder in (old, young, tmp_path / f"{PREFIX}mein-ordner"):
        folder.mkdir()
        (folder / "klein-0").write_bytes(b"x")
    assert probed(tmp_path).usable
    assert sorted(one.name for one in tmp_path.iterdir()) == [young.name, f"{PREFIX}mein-ordner"]


def test_cancelled(tmp_path: Path) -> None:
    for after in range(1, 6):
        asked = functools.partial(next, iter([False] * after + [True] * 99))
        place = FolderPlace(tmp_path, "p")
        with pytest.raises(KnownError) as caught:
            probe(place, SystemClock(), cancelled=asked)
        assert caught.value.code is Code.CANCELLED
        assert list(tmp_path.iterdir()) == []


# -- servers --------------------------------------------------------------------------------------


@pytest.fixture
def room(tmp_path: Path) -> Path:
    made = tmp_path / "raum"
    made.mkdir()
    return made


def probed_behind(one: Remote, room: Path, prefix: str = "eimer") -> Facts:
    with Session([one], room=room, destination="nas") as session:
        place = SessionPlace(session, "basis:", prefix, room)
        return probe(place, SystemClock(), most_bytes=SMALL)


@pytest.fixture(params=["webdav", "sftp", "s3"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_a_server(tmp_path: Path, room: Path, kind: Kind) -> None:
    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        (server.folder / "eimer" / "daheim.txt").write_bytes(b"mein")
        facts = probed_behind(server.remote(), room)
        assert [one.name for one in (server.folder / "eimer").iterdir()] == ["daheim.txt"]
    assert_sound(facts)
    assert facts.exclusive is Answer.UNKNOWN
    # This server finds a name in either of its two Unicode spellings.
    assert (facts.case, facts.unicode) == (Names.DISTINCT, Names.FOLDED)
    assert facts.hashes == {"webdav": (), "sftp": (), "s3": ("md5",)}[kind]
    assert advise(facts) == ("bundled", Advice.NETWORK)
    assert list(room.glob("probe")) == []


def test_how_names_are_told_apart(tmp_path: Path, room: Path) -> None:
    for option, case, unicode in (
        ("--no-unicode-normalization", Names.DISTINCT, Names.DISTINCT),
        ("--vfs-case-insensitive", Names.FOLDED, Names.FOLDED),
    ):
        with serving("webdav", tmp_path / option, option) as server:
            (server.folder / "eimer").mkdir()
            facts = probed_behind(server.remote(), room)
        assert (facts.case, facts.unicode) == (case, unicode)


def test_a_clock_that_is_wrong(tmp_path: Path, room: Path, kind: Kind) -> None:
    class Ahead(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(minutes=10)

    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        with Session([server.remote()], room=room, destination="nas") as session:
            facts = probe(SessionPlace(session, "basis:", "eimer", room), Ahead(), most_bytes=0)
    assert facts.drift is not None
    assert -602 < facts.drift < -595
    assert "clock" in facts.concerns


def test_cancelled_at_a_server(tmp_path: Path, room: Path) -> None:
    with serving("webdav", tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        with Session([server.remote()], room=room, destination="nas") as session:
            for after in (1, 3, 6):
                asked = functools.partial(next, iter([False] * after + [True] * 99))
                place = SessionPlace(session, "basis:", "eimer", room)
                with pytest.raises(KnownError) as caught:
                    probe(place, SystemClock(), cancelled=asked, most_bytes=SMALL)
                assert caught.value.code is Code.CANCELLED
                assert list((server.folder / "eimer").iterdir()) == []


def test_a_wrong_password_and_nobody_there(tmp_path: Path, room: Path, kind: Kind) -> None:
    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        facts = probed_behind(server.remote(password="falsch"), room)
        assert (facts.reach, facts.login) == (Answer.YES, Answer.NO)
        assert facts.failure == Code.REMOTE_LOGIN
        assert list((server.folder / "eimer").iterdir()) == []
    facts = probed_behind(remote(kind, free_port()), room)
    assert (facts.reach, facts.failure) == (Answer.NO, Code.REMOTE_UNREACHABLE)


def test_a_login_page_is_no_server(room: Path) -> None:
    with answering(200, b"<html>WLAN Hotel Post</html>") as port:
        facts = probed_behind(remote("webdav", port), room)
    assert not facts.usable


def test_a_store_that_deletes_nothing(tmp_path: Path, room: Path) -> None:
    """What stays is said, by name."""
    with serving("webdav", tmp_path / "lager", "--vfs-cache-mode", "off") as server:
        (server.folder / "eimer").mkdir()
        with Session([server.remote()], room=room, destination="nas") as session:
            place = SessionPlace(session, "basis:", "eimer", room)

            def refuse(*_: object, **__: object) -> None:
                raise KnownError(Code.REMOTE_NO_RIGHTS, destination="nas", path="x", cause="403")

            place.delete = place.clear = refuse  # type: ignore[method-assign]
            facts = probe(place, SystemClock(), most_bytes=0)
        assert facts.delete is Answer.NO
        assert facts.usable
        assert facts.left == tuple(one.name for one in (server.folder / "eimer").iterdir())
        assert set(facts.concerns) >= {"no_delete", "left"}


def test_slow_folders_get_bundles() -> None:
    good = Facts(
        network=False,
        reach=Answer.YES,
        login=Answer.YES,
        write=Answer.YES,
        read_back=Answer.YES,
        lists=Answer.YES,
        small=0.004,
    )
    assert advise(good) == ("tree", Advice.FOLDER)
    good.small = probing.SLOW_SECONDS * 2
    assert advise(good) == ("bundled", Advice.SLOW)
    good.exclusive = Answer.NO
    assert advise(good) == ("bundled", Advice.NAMES)
