"""Must hold 8, where things go wrong: no secret and no name leaks out of a failure.

That a good day leaves no secret behind is shown in test_secret_verbs.py. Here runs are killed,
disks vanish, and the program itself makes mistakes, whose report a person will send us.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.errors import Code, Exit, KnownError
from tests.engine.stage import Shop, make_shop
from tests.support import cli, keys
from tests.support.places import place
from tests.support.secrets_search import find_secret, find_secret_in_processes

WORD = "Küchenschelle-9041-Übung"
ENV = {main.PASSPHRASE: WORD, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
PRIVATE = "Kündigung Frau Meier"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / f"{PRIVATE}.txt").write_text("vertraulich")
    return made


# -- runs that end badly --------------------------------------------------------------------------


def nowhere(shop: Shop, *said: str) -> None:
    """Neither in what was said nor in any file of home, copy, source or temporary folder."""
    (shop.root / "gesagt.txt").write_text("\n".join(said), encoding="utf-8", errors="replace")
    assert find_secret(shop.root, WORD) == []


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return ENV | {"TMPDIR": str(tmp_path / "tmp")}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGABRT])
def test_a_run_that_is_ended_leaves_nothing(
    shop: Shop, env: dict[str, str], number: signal.Signals
) -> None:
    for at in range(2600):
        (shop.source / f"{at}.txt").write_bytes(os.urandom(300))
    with cli.start("--json", "backup", home=shop.home, env=env) as running:
        until = time.monotonic() + 30
        while not list(shop.copy().glob("daten/*/shop/*")) and time.monotonic() < until:
            time.sleep(0.01)
        found = find_secret_in_processes(running.pid, WORD)
        own = f"{running.pid} environ:"  # what it was started with stays readable to its user
        assert [one for one in found if not one.startswith(own)] == []
        running.kill_group(number)
        out, err = running.process.communicate(timeout=60)
    nowhere(shop, out, err)


def test_failures_say_nothing_of_it(shop: Shop, env: dict[str, str]) -> None:
    said = []

    def call(*words: str | Path) -> int:
        done = cli.run(*words, home=shop.home, env=env, check=False)
        said.extend([done.stdout, done.stderr])
        return done.rc

    assert call("backup") == Exit.OK
    (shop.copy() / "tresor.json").write_bytes(b"kaputt")
    assert call("backup") == Exit.INTEGRITY
    assert call("verify", "--full") == Exit.INTEGRITY
    assert call("restore", "laden", "--into", shop.root / "aus", "--at", WORD) == Exit.NOT_FOUND
    said.clear()  # the line above shows what was typed: that is no leak of ours
    shutil.rmtree(shop.disks["platte"])
    assert call("backup") == Exit.DESTINATION_UNREACHABLE
    (shop.home / "state" / "ladentresor.db").write_bytes(b"kaputt" * 1000)
    assert call("status") == Exit.OK
    assert call("--gibt-es-nicht") == Exit.USAGE
    nowhere(shop, *said)


# -- the lines of the recovery sheet -------------------------------------------------------------


def lines_nowhere(shop: Shop, lines: tuple[str, ...], *said: str) -> None:
    """In no file of ours, the sealed one included, nor in what lies outside a vault."""
    heard = shop.root / "tmp" / "gesagt.txt"
    heard.write_text("\n".join(said), encoding="utf-8", errors="replace")
    for path in (shop.copy() / "offen.json", shop.copy() / "LIESMICH.txt"):
        (shop.root / "tmp" / path.name).write_bytes(path.read_bytes())
    for line in lines:
        assert find_secret(shop.home, line) == []
        assert find_secret(shop.root / "tmp", line) == []


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_lines_are_at_most_in_rclones_own_environment(
    tmp_path: Path, number: signal.Signals, *, far: bool
) -> None:
    """During an encrypted run, after its end, and after verify, restore and a crash report."""
    (tmp_path / "tmp").mkdir()
    with place("webdav", tmp_path / "nas") if far else nullcontext() as server:
        shop = make_shop(tmp_path, layout="sealed", places={"platte": server} if server else None)
        _look_for_lines(shop, number, far=far)


def _look_for_lines(shop: Shop, number: signal.Signals, *, far: bool) -> None:
    env = keys.ENV | {"TMPDIR": str(shop.root / "tmp")}
    assert shop.pair is not None
    lines = (shop.pair.password, shop.pair.salt)
    for at in range(30):
        (shop.source / f"{at}.jpg").write_bytes(os.urandom(1 << 20))
    (shop.source / "rest.txt").write_bytes(bytes(90 << 20))  # something to go on with
    with cli.start("--json", "backup", home=shop.home, env=env) as running:
        until = time.monotonic() + 30
        while not list(shop.copy().glob("tresor-*/*/*/*")) and time.monotonic() < until:
            time.sleep(0.01)
        found = [one for line in lines for one in find_secret_in_processes(running.pid, line)]
        rclones = [
            pid
            for pid in running.descendants()
            if b"\0rcd\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        assert len(rclones) == far
        assert set(found) == {f"{pid} environ: rclone-obscured" for pid in rclones}
        lines_nowhere(shop, lines)
        running.kill_group(number)
        out, err = running.process.communicate(timeout=60)
    lines_nowhere(shop, lines, out, err)
    said = []
    into = str(shop.root / "aus")
    for words in (("backup",), ("verify", "--full"), ("restore", "laden", "--into", into)):
        done = cli.run("--json", *words, home=shop.home, env=env)
        said += [done.stdout, done.stderr]
    for path in shop.copy().glob("tresor-*/*/*/*"):
        path.write_bytes(path.read_bytes()[:5000])
    for words in (("verify", "--full"), ("backup",), ("snapshots",)):
        done = cli.run("--json", *words, home=shop.home, env=env, check=False)
        said += [done.stdout, done.stderr]
    lines_nowhere(shop, lines, *said)
    assert not list((shop.home / "cache" / "spool").iterdir())


# -- our own mistakes -----------------------------------------------------------------------------

DEEP = {
    "backup": "core.copies.backing_up.backup.look_at_root",
    "restore": "core.copies.bringing_back.restore._Restore._survey",
    "verify": "core.copies.looking_after.verify._Verification._check_objects",
    "adopt": "core.copies.bringing_back.adopt.rebuild",
    "browse": "core.copies.format.copy_folder.CopyFolder.rows",
    "snapshots": "core.copies.format.copy_folder.CopyFolder.states",
    "status": "core.copies.jobs.last_success",
    "plan": "core.cli.planning._show",
}
WORDS: dict[str, tuple[str, ...]] = {
    "restore": ("restore", "laden", "--into", "{into}"),
    "adopt": ("adopt", "{copy}"),
    "browse": ("browse", "laden"),
    "plan": ("plan", "show"),
}


def mistake(path: Path) -> Any:
    """A function that fails the way bugs do: late, chained, its message full of the merchant's."""

    def broken(*args: object, **options: object) -> object:
        try:
            raise KnownError(Code.COPY_DAMAGED, path=str(path), what=PRIVATE)
        except KnownError as error:
            facts = {PRIVATE: os.environ.get(main.PASSPHRASE), "path": path, "args": args}
            raise RuntimeError(f"{WORD} {facts}", path) from error

    return broken


@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
@pytest.mark.parametrize("verb", DEEP)
def test_a_report_holds_places_in_the_code_and_nothing_else(
    shop: Shop,
    verb: str,
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop.day()
    capsys.readouterr()
    places = {"into": shop.root / "aus", "copy": shop.copy()}
    words = [word.format(**places) for word in WORDS.get(verb, (verb,))]
    with monkeypatch.context() as patch:
        patch.setattr(DEEP[verb], mistake(shop.source / PRIVATE))
        patch.setenv(main.PASSPHRASE, WORD)
        flags = ["--json"] if as_json else []
        assert main.run(["--home", str(shop.home), *flags, *words]) == Exit.BUG
    report = capsys.readouterr().err
    assert "RuntimeError" in report
    assert "main.py:" in report
    for private in (WORD, PRIVATE, str(shop.root), "laden@", "preise", "/", "\\"):
        assert private not in report, private
    assert main.PASSPHRASE not in os.environ


def test_a_report_is_short_enough_to_send(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def endless(*_: object) -> None:
        endless()

    monkeypatch.setattr("core.copies.jobs.last_success", endless)
    assert main.run(["--home", str(shop.home), "status"]) == Exit.BUG
    report = capsys.readouterr().err
    assert "RecursionError" in report
    assert len(report.splitlines()) < 100
