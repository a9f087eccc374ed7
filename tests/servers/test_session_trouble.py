"""What goes wrong around a session: each cause its own failure, in time, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from core.errors import Code, KnownError
from core.rclone import session as session_module
from core.rclone.binary import find_rclone
from core.rclone.child import identity
from core.rclone.remotes import Remote, crypt_remote, local_remote
from core.rclone.session import Limits, Session
from tests.support.disks import MIB, tmpfs
from tests.support.storage_servers import (
    KEY,
    PASSWORD,
    USER,
    Kind,
    answering,
    free_port,
    remote,
    serving,
)

KINDS: list[Kind] = ["webdav", "sftp", "s3"]
SOON = Limits(answer=2.0, look=0.2)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def opened(tmp_path: Path, one: Remote, *more: Remote, limits: Limits | None = None) -> Session:
    return Session([one, *more], room=tmp_path / "raum", destination="nas", limits=limits)


def failure(ask: Callable[[], object]) -> Code:
    with pytest.raises(KnownError) as caught:
        ask()
    assert PASSWORD not in str(caught.value)
    assert all("{" not in str(value) for value in caught.value.params.values())
    return caught.value.code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "buendel.zip"
    made.write_bytes(os.urandom(1 * MIB))
    return made


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status.rpartition(")")[2].split()[0] == "Z" and identity(pid) is None:
            return True  # dead, and its reaper is not us
        time.sleep(0.02)
    return False


# -- servers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password(tmp_path: Path, file: Path, kind: Kind) -> None:
    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        with opened(tmp_path, server.remote(password="falsch")) as one:
            assert failure(lambda: one.list("basis:", "eimer")) is Code.REMOTE_LOGIN
            assert failure(lambda: one.upload(file, "basis:", "eimer/x")) is Code.REMOTE_LOGIN
            # S3 answers a HEAD without a body: only 403, not why.
            expected = Code.REMOTE_NO_RIGHTS if kind == "s3" else Code.REMOTE_LOGIN
            assert failure(lambda: one.read("basis:", "eimer/x", limit=9)) is expected


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there(tmp_path: Path, kind: Kind) -> None:
    with opened(tmp_path, remote(kind, free_port())) as one:
        assert failure(lambda: one.list("basis:", "eimer")) is Code.REMOTE_UNREACHABLE
        assert failure(lambda: one.read("basis:", "eimer/x", limit=9)) is Code.REMOTE_UNREACHABLE


def test_a_vault_on_a_server_that_is_not_there(tmp_path: Path) -> None:
    """S3 would speak of "a file not a directory"."""
    crypt = crypt_remote("tresor", over="basis:eimer/laden/tresor", password="p", salt="s")
    with opened(tmp_path, remote("s3", free_port()), crypt) as one:
        assert failure(lambda: one.list("tresor:")) is Code.REMOTE_UNREACHABLE


def test_an_address_nobody_knows(tmp_path: Path) -> None:
    unknown = Remote("basis", {"type": "webdav", "url": "http://nas.invalid", "vendor": "other"})
    with opened(tmp_path, unknown, limits=Limits(answer=60)) as one:
        assert failure(lambda: one.list("basis:")) is Code.REMOTE_OFFLINE


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_dies(tmp_path: Path, file: Path, kind: Kind) -> None:
    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        with opened(tmp_path, server.remote()) as one:
            one.upload(file, "basis:", "eimer/eins")
            server.kill()
            code = failure(lambda: one.upload(file, "basis:", "eimer/zwei"))
            assert code in (Code.REMOTE_UNREACHABLE, Code.REMOTE_CUT_OFF)


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_server(tmp_path: Path, file: Path, kind: Kind) -> None:
    """rclone alone would wait for minutes."""
    with serving(kind, tmp_path / "lager") as server:
        (server.folder / "eimer").mkdir()
        with opened(tmp_path, server.remote(), limits=SOON) as one:
            one.upload(file, "basis:", "eimer/eins")
            server.freeze()
            for ask in (
                lambda: one.upload(file, "basis:", "eimer/zwei"),
                lambda: one.list("basis:", "eimer"),
                lambda: one.read("basis:", "eimer/eins", limit=2 * MIB),
            ):
                began = time.monotonic()
                assert failure(ask) is Code.REMOTE_TIMED_OUT
                assert time.monotonic() - began < 6
            began = time.monotonic()
            pid = one.pid
        assert time.monotonic() - began < 5
        assert is_gone(pid)


def test_a_login_page_instead_of_the_server(tmp_path: Path, file: Path) -> None:
    """It says 200 to everything: nothing it lists or gives may be believed (RCLONE.md §0)."""
    with answering(200, b"<html><body>WLAN Hotel Post</body></html>") as port:
        crypt = crypt_remote("tresor", over="basis:t", password="p", salt="s")
        with opened(tmp_path, remote("webdav", port), crypt) as one:
            assert one.list("basis:") == []
            assert one.list("tresor:", recurse=True) == []
            assert one.size("basis:", "tresor.json") is None
            with pytest.raises(FileNotFoundError):
                one.read("basis:", "tresor.json", limit=999)
            assert failure(lambda: one.upload(file, "basis:", "neu")) is Code.REMOTE_PORTAL


STATUS = [
    (423, Code.REMOTE_LOCKED),
    (403, Code.REMOTE_NO_RIGHTS),
    (413, Code.REMOTE_TOO_LARGE),
    (429, Code.REMOTE_RATE_LIMITED),
    (507, Code.REMOTE_QUOTA),
    (503, Code.REMOTE_MAINTENANCE),
    (400, Code.REMOTE_NAME_REFUSED),
]


@pytest.mark.parametrize(("status", "code"), STATUS)
def test_a_server_that_refuses(tmp_path: Path, status: int, code: Code) -> None:
    with (
        answering(status, b"nein", "text/plain") as port,
        opened(tmp_path, remote("webdav", port), limits=Limits(answer=60)) as one,
    ):
        assert failure(lambda: one.make_folder("basis:", "a")) is code


@pytest.mark.root
def test_full_disks(tmp_path: Path) -> None:
    large = tmp_path / "gross"
    large.write_bytes(os.urandom(8 * MIB))
    with tmpfs(4 * MIB) as disk:
        with opened(tmp_path, local_remote("basis", disk.path / "lager")) as one:
            assert failure(lambda: one.upload(large, "basis:", "x")) is Code.DESTINATION_FULL
            assert one.list("basis:") == []
        with (
            serving("webdav", disk.path / "dav") as server,
            opened(tmp_path, server.remote()) as one,
        ):
            # This server says 405; others say 507.
            assert failure(lambda: one.upload(large, "basis:", "x")) is Code.REMOTE_FAILED
        with opened(tmp_path, local_remote("basis", tmp_path)) as one:
            into = disk.path / "zurueck"
            assert failure(lambda: one.download("basis:", "gross", into)) is Code.TARGET_FULL
            assert not into.exists()
        assert not list(disk.path.glob("*.neu*"))


# -- cancelling and dying -------------------------------------------------------------------------


def test_cancelled_in_the_middle_of_an_upload(tmp_path: Path, file: Path) -> None:
    asked = threading.Event()
    with serving("webdav", tmp_path / "lager") as server:
        one = Session(
            [server.remote()], room=tmp_path / "r", destination="nas", cancelled=asked.is_set
        )
        with one:
            pid = one.pid
            server.freeze()
            timer = threading.Timer(0.5, asked.set)
            timer.start()
            began = time.monotonic()
            assert failure(lambda: one.upload(file, "basis:", "x")) is Code.CANCELLED
            assert time.monotonic() - began < 2
            stats = one._ask("core/stats")
            assert not stats.get("transferring")
            timer.join()
        assert is_gone(pid)
    assert [each.suffix for each in (tmp_path / "r").iterdir()] == [".lock"]


def test_rclone_killed(tmp_path: Path, file: Path) -> None:
    with opened(tmp_path, local_remote("basis", tmp_path / "lager")) as one:
        os.kill(one.pid, signal.SIGKILL)
        assert failure(lambda: one.upload(file, "basis:", "x")) is Code.RCLONE_DIED
        assert failure(lambda: one.read("basis:", "x", limit=1)) is Code.RCLONE_DIED
        assert is_gone(one.pid)


def test_a_program_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virus scanner takes it away between our look and its start."""
    monkeypatch.setattr(session_module, "find_rclone", lambda: tmp_path / "rclone")
    assert failure(lambda: opened(tmp_path, local_remote("b", tmp_path))) is Code.RCLONE_MISSING
    assert [each.suffix for each in (tmp_path / "raum").iterdir()] == [".lock"]


def test_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "rclone"
    broken.write_text("#!/bin/sh\necho 'so nicht' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(session_module, "find_rclone", lambda: broken)
    assert failure(lambda: opened(tmp_path, local_remote("b", tmp_path))) is Code.RCLONE_DIED


OPEN_AND_WAIT = """
    import sys, threading, time
    from pathlib import Path
    from core.rclone.remotes import local_remote
    from core.rclone.session import Session
    room = Path(sys.argv[1])
    with Session([local_remote("basis", room / "lager")], room=room / "r", destination="d") as one:
        one.make_folder("basis:", "a")
        print(one.pid, flush=True)
        time.sleep(60)
"""
TIE_AND_WAIT = """
    import subprocess, sys, time
    from core.rclone.child import watched
    sleeper = subprocess.Popen(["sleep", "60"])
    untie = watched(sleeper.pid)
    if sys.argv[1:] == ["untie"]:
        untie()
        print(sleeper.pid, sleeper.poll(), flush=True)
        sleeper.kill()
        sleeper.wait()
    else:
        print(sleeper.pid, flush=True)
        time.sleep(60)
"""


def python(script: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *words], stdout=subprocess.PIPE, text=True
    )


@linux
@pytest.mark.parametrize("script", [OPEN_AND_WAIT, TIE_AND_WAIT], ids=["kernel", "watching shell"])
def test_it_dies_with_us(tmp_path: Path, script: str) -> None:
    with python(script, str(tmp_path)) as ours:
        assert ours.stdout is not None
        pid = int(ours.stdout.readline())
        assert identity(pid) is not None
        ours.kill()
    assert is_gone(pid)
    # and what is left of it stops nobody
    room = tmp_path / "r"
    with Session([local_remote("basis", tmp_path / "lager")], room=room, destination="d") as one:
        assert [item.path for item in one.list("basis:")] == (
            ["a"] if room.exists() and (tmp_path / "lager").exists() else []
        )
    assert [each.suffix for each in room.iterdir()] == [".lock"]


@linux
def test_an_untied_child_lives_on() -> None:
    with python(TIE_AND_WAIT, "untie") as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline().split()[1] == "None"


@linux
def test_it_outlives_the_thread_that_opened_it(tmp_path: Path) -> None:
    """The kernel's death signal follows the thread that forks, not the process."""
    made: list[Session] = []
    thread = threading.Thread(
        target=lambda: made.append(opened(tmp_path, local_remote("basis", tmp_path / "lager")))
    )
    thread.start()
    thread.join()
    time.sleep(0.2)
    with made[0] as one:
        assert one.list("basis:") == []


@pytest.fixture
def leftover(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [str(find_rclone()), "rcd", "--rc-addr", "127.0.0.1:0"], stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@linux
@pytest.mark.parametrize("ours", [True, False])
def test_the_next_start_ends_leftovers(
    tmp_path: Path, leftover: subprocess.Popen[bytes], ours: bool
) -> None:
    """Only the very process of the record: a number may have gone to somebody else since."""
    basis = local_remote("basis", tmp_path / "lager")
    room = tmp_path / "raum"
    with opened(tmp_path, basis) as one:
        (record,) = room.glob("*.json")
        said = msgspec.json.decode(record.read_bytes())
        assert said["pid"] == one.pid
        assert (said["started"], said["executable"]) == identity(one.pid)
    until = time.monotonic() + 5
    while (known := identity(leftover.pid)) is None or "rclone" not in known[1]:
        assert time.monotonic() < until
        time.sleep(0.01)
    left = room / "lt-uebrig"
    left.mkdir()
    said |= {"pid": leftover.pid, "executable": known[1], "folder": str(left)}
    said["started"] = known[0] if ours else "1"
    record.write_bytes(msgspec.json.encode(said))
    with opened(tmp_path, basis):
        time.sleep(0.1)
        assert (leftover.poll() is not None) == ours
        assert not left.exists()


# -- secrets and environment ----------------------------------------------------------------------


@linux
def test_no_secret_where_others_look(tmp_path: Path, file: Path) -> None:
    word, salt = "Tresorwort-5521", "Salzwort-8812"
    crypt = crypt_remote("tresor", over="basis:t", password=word, salt=salt)
    with serving("webdav", tmp_path / "lager") as server:
        basis = server.remote()
        hidden = [word, salt, PASSWORD, *(basis.secrets()), *(crypt.secrets())]
        with opened(tmp_path, basis, crypt) as one:
            one.upload(file, "tresor:", "x")
            failing: list[Callable[[], object]] = [
                lambda: one.read("tresor:", "nichts", limit=9),
                lambda: one.list("gibtesnicht:"),
            ]
            said = []
            for ask in failing:
                with pytest.raises((KnownError, FileNotFoundError)) as caught:
                    ask()
                said.append(repr(caught.value))
            said += [line for each in one._lines for line in each]
            call = Path(f"/proc/{one.pid}/cmdline").read_bytes().decode()
            assert all(each not in call for each in (*hidden, USER, str(tmp_path / "lager")))
            for each in Path("/proc").glob("[0-9]*"):
                number = int(each.name)
                if number in (one.pid, server.process.pid):
                    continue
                try:
                    seen = (each / "environ").read_bytes() + (each / "cmdline").read_bytes()
                except OSError:
                    continue
                assert not any(word.encode() in seen for word in hidden), number
            for path in (tmp_path / "raum").rglob("*"):
                if path.is_file():
                    said.append(path.read_bytes().decode("utf-8", "replace"))
    assert not any(word in one for word in hidden for one in said)


def test_what_we_inherit_changes_nothing(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "rclone.conf"
    config.write_text("[fremd]\ntype = memory\n")
    for name, value in {
        "RCLONE_DRY_RUN": "true",
        "RCLONE_MAX_SIZE": "1",
        "RCLONE_EXCLUDE": "*",
        "RCLONE_CONFIG": str(config),
        "RCLONE_CONFIG_BASIS_TYPE": "memory",
        "RCLONE_LOG_FILE": str(tmp_path / "log"),
        "RCLONE_RC_ADDR": "0.0.0.0:5572",
    }.items():
        monkeypatch.setenv(name, value)
    with opened(tmp_path, local_remote("basis", tmp_path / "lager")) as one:
        one.upload(file, "basis:", "x")
        assert failure(lambda: one.list("fremd:")) is Code.REMOTE_FAILED
    assert (tmp_path / "lager" / "x").read_bytes() == file.read_bytes()
    assert config.read_text() == "[fremd]\ntype = memory\n"
    assert not (tmp_path / "log").exists()


def test_only_we_can_enter(tmp_path: Path) -> None:
    with opened(tmp_path, local_remote("basis", tmp_path / "lager")) as one:
        (folder,) = (each for each in (tmp_path / "raum").iterdir() if each.is_dir())
        assert folder.stat().st_mode & 0o077 == 0
        assert (tmp_path / "raum").stat().st_mode & 0o077 == 0
        one._address = type(one._address)(one._address.place, one._address.user, "falsch")
        assert failure(lambda: one.list("basis:")) is Code.REMOTE_LOGIN


def test_a_long_room(tmp_path: Path, file: Path) -> None:
    """A socket's path has some hundred bytes at most."""
    room = tmp_path / ("ordner" * 30) / "raum"
    with Session([local_remote("basis", tmp_path / "l")], room=room, destination="d") as one:
        one.upload(file, "basis:", "x")
        assert one.size("basis:", "x") == file.stat().st_size


def test_keys_are_secrets() -> None:
    assert remote("s3", 1).secrets()[0] == PASSWORD
    assert KEY not in remote("s3", 1).secrets()


@linux
def test_it_dies_with_us_where_setpriv_is_missing(tmp_path: Path) -> None:
    without = OPEN_AND_WAIT.replace(
        "    room = ",
        "    import core.rclone.child as c\n    c._SYSTEM_PATH = '/nirgends'\n    room = ",
        1,
    )
    with python(without, str(tmp_path)) as ours:
        assert ours.stdout is not None
        pid = int(ours.stdout.readline())
        ours.kill()
    assert is_gone(pid)
