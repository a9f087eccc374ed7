"""`probe` as a user types it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from core.errors import Code, Exit
from tests.engine.stage import make_shop
from tests.support import cli, keys
from tests.support.places import place


def test_a_destination_of_the_plan_and_a_folder(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    for word in ("platte", str(shop.disks["platte"])):
        before = sorted(shop.disks["platte"].iterdir())
        done = cli.run("--json", "probe", word, "--no-speed", home=shop.home, check=False)
        assert sorted(shop.disks["platte"].iterdir()) == before
        (facts,) = done.lines
        assert (facts["event"], facts["place"], facts["usable"]) == ("probed", word, True)
        assert (facts["layout"], facts["why"]) == ("tree", "folder")
        assert facts["left"] == []
        assert done.rc == (Exit.PARTLY if facts["concerns"] else Exit.OK)


def test_in_words(tmp_path: Path) -> None:
    de = cli.run("probe", tmp_path, "--no-speed", home=tmp_path / "h", check=False)
    en = cli.run("--lang", "en", "probe", tmp_path, "--no-speed", home=tmp_path / "h", check=False)
    assert "zurücklesen, Byte für Byte gleich  ja" in de.stdout
    assert "read back, byte for byte equal     yes" in en.stdout
    assert "Layout advised                     tree: a folder" in en.stdout
    assert len(de.stdout.splitlines()) == len(en.stdout.splitlines())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    home = tmp_path / "h"
    done = cli.run("--json", "probe", tmp_path / "weg", home=home, check=False)
    assert done.rc == Exit.DESTINATION_UNREACHABLE
    assert done.lines[0]["failure"] == Code.DESTINATION_MISSING
    done = cli.run("--json", "probe", "account:weg", home=home, check=False)
    assert (done.rc, done.lines[-1]["code"]) == (Exit.NOT_FOUND, Code.ACCOUNT_UNKNOWN)


def test_a_server_by_its_address_and_a_kept_password(tmp_path: Path) -> None:
    """Without a plan: what the set-up asks. An SSH server is met, its key kept and said."""
    home = tmp_path / "h"
    with place("sftp", tmp_path / "server") as there:
        words = ("--json", "probe", there.address, "--for", "nas", "--no-speed")
        done = cli.run(*words, home=home, env=keys.ENV, check=False)
        assert (done.rc, done.lines[-1]["code"]) == (Exit.SECRET_PROBLEM, Code.PASSWORD_MISSING)
        cli.run(
            "secret", "set", "nas.password", home=home, env=keys.ENV, stdin=f"{there.password}\n"
        )
        done = cli.run(*words, home=home, env=keys.ENV, check=False)
        note = next(line for line in done.lines if line.get("note") == "host_key_pinned")
        assert note["fingerprint"].startswith("SHA256:")
        assert done.lines[-1]["usable"]
        assert list(there.folder.iterdir()) == []
        again = cli.run(*words, home=home, env=keys.ENV, check=False)
        assert [line["event"] for line in again.lines] == ["probed"]
        assert there.password not in done.stdout + done.stderr
    done = cli.run("--json", "probe", "sftp://anna:geheim@nas/x", home=home, check=False)
    assert (done.rc, done.lines[-1]["code"]) == (Exit.USAGE, Code.ADDRESS_INVALID)


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "platte"
    place.mkdir()
    with cli.start("probe", place, home=tmp_path / "h") as running:
        until = time.monotonic() + 30
        while not list(place.iterdir()) and running.process.poll() is None:
            assert time.monotonic() < until
        running.kill_self(signal.SIGINT)
        # On a fast disk it may just have come to its end.
        assert running.process.wait(30) in (Exit.CANCELLED, Exit.OK, Exit.PARTLY)
    assert list(place.iterdir()) == []
