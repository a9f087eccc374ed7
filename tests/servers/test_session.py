"""A session against folders, WebDAV, SFTP and S3: everything that can be asked of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Code, KnownError
from core.rclone import doorway, session
from core.rclone.objects import Item
from core.rclone.remotes import Remote, crypt_remote, folder_remote, local_remote
from core.rclone.session import Session
from core.rclone.vault import make_test_object, opens_test_object
from tests.support.hostile_names import hostile_names
from tests.support.storage_servers import serving

PASS, SALT = "pass-wort-eins", "salz-wort-zwei"
DATA = bytes(range(256)) * 1200
Opened = tuple[Session, str]


def vault(over: str) -> Remote:
    return crypt_remote("tresor", over=over, password=PASS, salt=SALT)


@pytest.fixture(params=["local", "webdav", "sftp", "s3"])
def basis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Remote, str]]:
    """A storage and the folder in it that a test may use."""
    served = tmp_path / "lager"
    if request.param == "local":
        yield local_remote("basis", served), ""
        return
    with serving(request.param, served) as server:
        (served / "eimer").mkdir()
        yield server.remote(), "eimer/"


@pytest.fixture(params=["offen", "tresor"])
def opened(
    request: pytest.FixtureRequest, basis: tuple[Remote, str], tmp_path: Path
) -> Iterator[Opened]:
    remote, base = basis
    remotes = [remote, vault(f"basis:{base}laden/tresor")]
    with Session(remotes, room=tmp_path / "raum", destination="nas") as one:
        assert one.list(f"basis:{base}laden") == []
        if request.param == "offen":
            at = f"{base}laden" if base else "laden"
            alias = folder_remote("ganz", over=f"basis:{at}")
            one.close()
            with Session([remote, alias], room=tmp_path / "raum", destination="nas") as other:
                yield other, "ganz:"
        else:
            yield one, "tresor:"


def test_there_and_back(opened: Opened, tmp_path: Path) -> None:
    one, fs = opened
    assert one.list(fs) == []
    assert one.list(fs, "gibt/es/nicht") == []
    assert one.size(fs, "a/b.zip") is None
    one.make_folder(fs, "a")
    one.make_folder(fs, "a")
    local = tmp_path / "quelle.zip"
    local.write_bytes(DATA)
    one.upload(local, fs, "a/b.zip")
    assert one.size(fs, "a/b.zip") == len(DATA)
    assert one.list(fs, "a") == [Item("a/b.zip", len(DATA), is_folder=False)]
    assert Item("a/b.zip", len(DATA), is_folder=False) in one.list(fs, recurse=True)
    one.download(fs, "a/b.zip", tmp_path / "zurueck")
    assert (tmp_path / "zurueck").read_bytes() == DATA
    assert one.transferred() >= 2 * len(DATA)
    one.delete(fs, "a/b.zip")
    one.delete(fs, "a/b.zip")
    assert one.size(fs, "a/b.zip") is None
    free = one.free_bytes(fs)
    assert free is None or free > 0


def test_what_is_not_there(opened: Opened, tmp_path: Path) -> None:
    one, fs = opened
    one.make_folder(fs, "a")
    for path in ("a/nichts", "nichts/nichts"):
        with pytest.raises(FileNotFoundError):
            one.read(fs, path, limit=10)
        with pytest.raises(FileNotFoundError):
            one.download(fs, path, tmp_path / "da")
    assert not (tmp_path / "da").exists()
    assert [each.name for each in tmp_path.iterdir() if ".neu" in each.name] == []
    with pytest.raises(FileNotFoundError):
        one.upload(tmp_path / "nichts", fs, "a/neu")
    assert one.list(fs, "a") == []


BLOCK = 65536
RANGES = [(0, 1), (5, 10), (BLOCK - 1, 2), (BLOCK, BLOCK), (100_000, 150_000), (len(DATA) - 3, 3)]


def test_exactly_the_bytes_asked_for(opened: Opened, tmp_path: Path) -> None:
    one, fs = opened
    local = tmp_path / "quelle"
    local.write_bytes(DATA)
    one.upload(local, fs, "ein name#100%.zip")
    for offset, count in RANGES:
        got = one.read(fs, "ein name#100%.zip", offset=offset, count=count, limit=count)
        assert got == DATA[offset : offset + count]
    name = "ein name#100%.zip"
    assert one.read(fs, name, limit=len(DATA)) == DATA
    assert one.read(fs, name, offset=100_000, limit=len(DATA)) == DATA[100_000:]
    assert one.read(fs, name, offset=len(DATA) - 2, count=9, limit=9) == DATA[-2:]
    assert one.read(fs, name, offset=len(DATA), count=9, limit=9) == b""
    assert one.read(fs, name, offset=len(DATA) + 99, count=9, limit=9) == b""
    assert one.read(fs, name, offset=3, count=0, limit=9) == b""
    with pytest.raises(KnownError) as caught:
        one.read(fs, name, limit=len(DATA) - 1)
    assert caught.value.code is Code.REMOTE_LARGER


def test_many_threads(opened: Opened, tmp_path: Path) -> None:
    one, fs = opened
    one.make_folder(fs, "lauf")

    def send(number: int) -> bytes:
        local = tmp_path / f"buendel-{number}"
        local.write_bytes(bytes([number]) * 50_000)
        one.upload(local, fs, f"lauf/{number}.zip")
        return one.read(fs, f"lauf/{number}.zip", offset=7, count=3, limit=3)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, range(12))) == [bytes([n]) * 3 for n in range(12)]
    assert len(one.list(fs, "lauf")) == 12


# -- local names ----------------------------------------------------------------------------------


def hostile_folder(tmp_path: Path) -> Path:
    here = Path(os.fsdecode(os.fsencode(tmp_path) + b'/B\xfcro $HOME & "S" `id` %PATH% : ~\n '))
    here.mkdir()
    return here


def test_hostile_local_names(tmp_path: Path) -> None:
    """Every name goes there and back, and rclone never sees one of them."""
    here = hostile_folder(tmp_path)
    room = here / "raum"
    remotes = [local_remote("basis", tmp_path / "lager"), vault("basis:t")]
    with Session(remotes, room=room, destination="nas") as one:
        for number, name in enumerate(hostile_names("posix")):
            local = here / os.fsdecode(name)
            local.write_bytes(name)
            one.upload(local, "tresor:", f"n{number}")
            assert one.read("tresor:", f"n{number}", limit=999) == name
            local.unlink()
            one.download("tresor:", f"n{number}", local)
            assert local.read_bytes() == name
            local.unlink()
    assert sorted(each.name for each in here.iterdir()) == ["raum"]
    assert not list(Path.cwd().glob("pwned*"))


@pytest.mark.parametrize("name", ["Büro $HOME & 'S' `id` %PATH%", "a:b", "-x", "~", "x{y},z"])
def test_a_hostile_folder_as_destination(tmp_path: Path, name: str) -> None:
    (tmp_path / "f").write_bytes(b"x")
    folder = tmp_path / name
    with Session([local_remote("basis", folder)], room=tmp_path / "r", destination="d") as one:
        one.upload(tmp_path / "f", "basis:", "daten/f")
    assert (folder / "daten" / "f").read_bytes() == b"x"


def test_without_links_and_over_a_port_as_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorway, "LINKS", False)
    monkeypatch.setattr(session, "SOCKETS", False)
    here = tmp_path / "Büro $HOME & 'S' `id` %PATH%"
    here.mkdir()
    remotes = [local_remote("basis", tmp_path / "lager"), vault("basis:t")]
    with Session(remotes, room=tmp_path / "r", destination="d") as one:
        for name in ("Umläute € $HOME.txt", "a\uff1ab.txt", "punkt\uff0e", "x{y},z"):
            (here / name).write_bytes(b"inhalt")
            one.upload(here / name, "tresor:", "ziel")
            one.download("tresor:", "ziel", here / f"{name}2")
            assert (here / f"{name}2").read_bytes() == b"inhalt"
            one.delete("tresor:", "ziel")


# -- encryption -----------------------------------------------------------------------------------


def test_a_wrong_password_looks_like_an_empty_vault(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(DATA)
    basis = local_remote("basis", tmp_path / "lager")
    room = tmp_path / "r"
    with Session([basis, vault("basis:t")], room=room, destination="d") as one:
        one.upload(tmp_path / "f", "tresor:", "a/f")
    for pair in ((PASS, "falsch"), ("falsch", SALT)):
        wrong = crypt_remote("tresor", over="basis:t", password=pair[0], salt=pair[1])
        with Session([basis, wrong], room=room, destination="d") as one:
            assert one.list("tresor:", recurse=True) == []
            with pytest.raises(FileNotFoundError):
                one.read("tresor:", "a/f", limit=len(DATA))


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(DATA)
    remotes = [local_remote("basis", tmp_path / "lager"), vault("basis:t")]
    with Session(remotes, room=tmp_path / "r", destination="d") as one:
        one.upload(tmp_path / "f", "tresor:", "f")
        (sealed,) = (tmp_path / "lager" / "t").iterdir()
        data = bytearray(sealed.read_bytes())
        data[100_000] ^= 1
        sealed.write_bytes(data)
        for ask in (
            lambda: one.read("tresor:", "f", limit=len(DATA)),
            lambda: one.read("tresor:", "f", offset=99_000, count=10, limit=10),
            lambda: one.download("tresor:", "f", tmp_path / "g"),
        ):
            with pytest.raises(KnownError) as caught:
                ask()
            assert caught.value.code is Code.REMOTE_DAMAGED
        assert not (tmp_path / "g").exists()


def test_the_proof_of_a_recovery_sheet(tmp_path: Path) -> None:
    made = make_test_object(PASS, SALT, tmp_path)
    assert opens_test_object(PASS, SALT, made, tmp_path)
    assert not opens_test_object(PASS, SALT + "x", made, tmp_path)
    assert not opens_test_object(PASS.upper(), SALT, made, tmp_path)
    assert not opens_test_object(PASS, SALT, made[:-1] + bytes([made[-1] ^ 1]), tmp_path)
    for broken in (b"", b"../../x\nabc", b"\n", made[:40], made.replace(b"\n", b"/\n", 1)):
        assert not opens_test_object(PASS, SALT, broken, tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- one at a time --------------------------------------------------------------------------------


def test_one_session_per_account(tmp_path: Path) -> None:
    basis = local_remote("basis", tmp_path / "lager")
    other = local_remote("basis", tmp_path / "anderes")
    room = tmp_path / "r"
    with Session([basis], room=room, destination="d"):
        with pytest.raises(KnownError) as caught:
            Session([basis, vault("basis:t")], room=room, destination="d")
        assert caught.value.code is Code.ACCOUNT_BUSY
        with Session([other], room=room, destination="e"):
            pass
    with Session([basis], room=room, destination="d"):
        pass
    assert [each.suffix for each in room.iterdir()] == [".lock", ".lock"]


def test_closing_ends_what_is_under_way(tmp_path: Path) -> None:
    fifo = tmp_path / "lager"
    fifo.mkdir()
    one = Session([local_remote("basis", fifo)], room=tmp_path / "r", destination="d")
    pid = one.pid
    one.close()
    one.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(KnownError):
        one.list("basis:")
