"""A real agent: copies by itself, takes over what is typed, and survives what a shop PC does."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from core.agent import wire
from core.agent.wire import NotOurs
from core.store.home import GOOD
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "kasse.csv").write_text("1;2;3\n")
    (made.source / "rechnung.txt").write_bytes(os.urandom(200_000))
    return made


def big_file(shop: Shop, mib: int = 700) -> None:
    """Something that takes seconds to copy."""
    with (shop.source / "gross.vhdx").open("wb") as file:
        file.truncate(mib << 20)


# -- by itself ------------------------------------------------------------------------------------


def test_it_makes_what_is_due_and_takes_over_what_is_typed(shop: Shop) -> None:
    with agent.running(shop.home, "--at-once") as running:
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.status == "COMMITTED"])
        (shop.source / "neu.txt").write_text("neu")
        done = cli.run("--json", "backup", home=shop.home)
        results = [line for line in done.lines if line.get("event") == "result"]
        assert [line["outcome"] for line in results] == ["committed"]
        assert agent.job_pid(shop.home) != running.pid
        agent.wait_for(lambda: not agent.works(shop.home))
        assert len(agent.runs(shop.home)) == 2  # and nothing is due twice
        found = agent.answers(shop.home)
        assert found is not None
        assert [copy["wait"] for copy in found["copies"]] == ["not_due"]
        assert cli.run("agent", "stop", home=shop.home).rc == 0
        assert running.process.wait(10) == 0
    assert not (shop.home / "state" / "agent.json").exists()
    with shop.brought_back() as into:
        assert (into / "shop" / "neu.txt").read_text() == "neu"


def test_without_a_wish_it_lets_the_pc_settle_first(shop: Shop) -> None:
    with agent.running(shop.home):
        found = agent.wait_for(lambda: (agent.answers(shop.home) or {}).get("copies"))
        assert [copy["wait"] for copy in found] == ["settling"]
        assert agent.codes(shop.home) == {"copy_missing"}
        assert cli.run("agent", "run-now", home=shop.home).rc == 0
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.status == "COMMITTED"])
        agent.wait_for(lambda: agent.codes(shop.home) == set(), what="no event lasts")


def test_a_destination_that_is_away_is_recorded_and_not_stormed(shop: Shop) -> None:
    away = shop.disks["platte"].rename(shop.root / "schublade")
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: "copy_failing" in agent.codes(shop.home))
        time.sleep(1.5)
        assert [row.code for row in agent.runs(shop.home)] == ["destination_missing"]
        found = agent.answers(shop.home)
        assert found is not None
        assert [copy["wait"] for copy in found["copies"]] == ["retry"]
        away.rename(shop.disks["platte"])
        assert cli.run("backup", home=shop.home).rc == 0
        agent.wait_for(lambda: "copy_failing" not in agent.codes(shop.home))


def test_a_job_that_cannot_begin_starts_no_storm(shop: Shop) -> None:
    """A plan that can be read but not be used leaves no run; it is said, and tried ever later."""
    text = (shop.home / "config" / "plan.toml").read_text()
    inside = text.replace(str(shop.disks["platte"]), str(shop.source / "drin"))
    (shop.home / "config" / "plan.toml").write_text(inside)
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: "copy_blocked" in agent.codes(shop.home))
        event = next(e for e in agent.events(shop.home) if e.code == "copy_blocked")
        assert "plan_invalid" in event.params
        time.sleep(1)
        assert agent.works(shop.home) == []
        assert agent.runs(shop.home) == []
        (shop.home / "config" / "plan.toml").write_text(text)
        cli.run("backup", home=shop.home)
        agent.wait_for(lambda: "copy_blocked" not in agent.codes(shop.home))


# -- the same as without --------------------------------------------------------------------------

_CHANGING = re.compile(r"\d{6}-\d{8}T\d{6}Z-[a-z0-9]{4}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def said(result: cli.Result) -> tuple[int, list[str], list[str]]:
    """What a call said, without what differs each time."""
    out, err = (_CHANGING.sub("…", text).splitlines() for text in (result.stdout, result.stderr))
    return result.rc, [line for line in out if '"progress"' not in line], err


CALLS: list[tuple[str, ...]] = [
    ("backup",),
    ("--json", "backup", "laden", "--no-sample"),
    ("backup", "--to", "fort"),
    ("backup", "--to", "unbekannt"),
    ("--lang", "en", "verify"),
    ("--json", "verify", "--full"),
    ("prune", "--dry-run"),
    ("restore", "laden", "--into", "zurück/tief"),
    ("--json", "restore", "laden", "--into", "zurück/tief"),
    ("restore", "laden", "--into", "noch", "--path", "*.csv", "--at", "1"),
    ("backup", "--due"),
]


def test_output_and_exit_codes_are_the_same(tmp_path: Path) -> None:
    """Relative paths too: each call is typed in a folder of its own."""
    heard = []
    for name in ("allein", "beides"):
        shop = make_shop(tmp_path / name / "laden", disks=("platte", "fort"))
        (shop.source / "a.csv").write_text("1")
        (shop.source / "Büro").mkdir()
        (shop.source / "weg").symlink_to("/nirgends")
        shop.disks["fort"].rmdir()
        desk = tmp_path / name / "hier"
        desk.mkdir()
        if name == "beides":
            with agent.running(shop.home):
                heard.append([cli.run(*c, home=shop.home, cwd=desk, check=False) for c in CALLS])
        else:
            heard.append([cli.run(*c, home=shop.home, cwd=desk, check=False) for c in CALLS])
        assert (desk / "noch" / "shop" / "a.csv").read_text() == "1"
    without, beside = heard
    for call, one, other in zip(CALLS, without, beside, strict=True):
        expected = [line.replace("/allein/", "/beides/") for part in said(one)[1:] for line in part]
        actual = [line for part in said(other)[1:] for line in part]
        assert (one.rc, expected) == (other.rc, actual), call
    assert {one.rc for one in beside} >= {0, 3, 7, 13, 16}


def test_names_that_are_no_text_are_said_alike(shop: Shop) -> None:
    os.mkfifo(shop.source / "rohr")
    closed = os.fsencode(shop.source) + b"/nicht-\xff-lesbar.txt"
    Path(os.fsdecode(closed)).write_text("x")
    alone = cli.run("backup", home=shop.home, check=False)
    with agent.running(shop.home):
        beside = cli.run("backup", home=shop.home, check=False)
    assert said(beside)[2] == said(alone)[2]


def test_ctrl_c_cancels_the_job(shop: Shop) -> None:
    big_file(shop)
    with (
        agent.running(shop.home) as running,
        cli.start("--json", "backup", home=shop.home) as typed,
    ):
        agent.wait_for(lambda: agent.works(shop.home))
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.run])
        typed.process.send_signal(signal.SIGINT)
        out, _ = typed.process.communicate(timeout=20)
        assert typed.process.returncode == 130
        assert '"code": "cancelled"' in out
        agent.wait_for(lambda: not agent.works(shop.home))
        assert [row.status for row in agent.runs(shop.home)] == ["CANCELLED"]
        assert running.process.poll() is None


def test_what_waits_can_be_cancelled_too(shop: Shop) -> None:
    big_file(shop)
    with agent.running(shop.home), cli.start("backup", home=shop.home) as first:
        agent.wait_for(lambda: len(agent.works(shop.home)) == 1)
        with cli.start("--json", "verify", home=shop.home) as second:
            agent.wait_for(lambda: len(agent.works(shop.home)) == 2)
            second.process.send_signal(signal.SIGINT)
            out, _ = second.process.communicate(timeout=20)
            assert second.process.returncode == 130
            assert '"code": "cancelled"' in out
        first.process.send_signal(signal.SIGINT)
        first.process.communicate(timeout=20)


def test_a_restore_never_waits_and_what_is_due_makes_room(shop: Shop) -> None:
    cli.run("backup", home=shop.home)
    big_file(shop, 900)
    store = sqlite3.connect(shop.home / "state" / "ladentresor.db")
    store.execute("UPDATE run SET began='2026-01-01T00:00:00Z', ended='2026-01-01T00:00:00Z'")
    store.commit()
    store.close()
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: [j for j in agent.works(shop.home) if j["rank"] == "due"])
        agent.wait_for(lambda: len(agent.runs(shop.home)) == 2)
        into = shop.root / "zurück"
        assert cli.run("restore", "laden", "--into", into, home=shop.home).rc == 0
        assert (into / "shop" / "kasse.csv").exists()
        agent.wait_for(lambda: agent.runs(shop.home)[-1].status == "CANCELLED")


# -- dying ----------------------------------------------------------------------------------------


def test_an_agent_that_is_killed_takes_its_job_along_and_the_next_one_heals(shop: Shop) -> None:
    big_file(shop)
    with (
        agent.running(shop.home) as running,
        cli.start("--json", "backup", home=shop.home) as typed,
    ):
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.run])
        socket = Path(agent.note_of(shop.home).address)
        running.kill_self()
        out, _ = typed.process.communicate(timeout=20)
        assert typed.process.returncode == 18
        assert '"code": "agent_lost"' in out
        assert running.wait_for_orphans() == []
    assert [row.status for row in agent.runs(shop.home)] == ["RUNNING"]
    with agent.running(shop.home, "--at-once"):  # the old note and socket are in nobody's way
        agent.wait_for(
            lambda: [r.status for r in agent.runs(shop.home)] == ["INTERRUPTED", "COMMITTED"]
        )
        assert "runs_interrupted" in agent.codes(shop.home, lasting=False)
    assert not socket.parent.exists()  # the killed one could not clear up


def test_a_job_that_is_killed_takes_nobody_along(shop: Shop) -> None:
    big_file(shop)
    with agent.running(shop.home) as running, cli.start("backup", home=shop.home) as typed:
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.run])
        pid = agent.job_pid(shop.home)
        assert agent.parent_of(pid) == running.pid
        os.kill(pid, signal.SIGKILL)
        assert typed.process.wait(20) == 18
        assert cli.run("backup", home=shop.home).rc == 0
        assert [r.status for r in agent.runs(shop.home)] == ["INTERRUPTED", "COMMITTED"]


def test_one_agent_for_a_home(shop: Shop) -> None:
    with agent.running(shop.home) as running:
        second = cli.run("--json", "agent", home=shop.home, check=False)
        assert second.rc == 6
        error = next(line for line in second.lines if line["event"] == "error")
        assert error["code"] == "agent_running"
        assert error["params"]["pid"] == str(running.pid)
        running.kill_self()
        running.process.wait()
    assert cli.run("--json", "agent", "status", home=shop.home, check=False).rc == 13
    assert cli.run("backup", home=shop.home).rc == 0  # what a dead one left is not believed
    with agent.running(shop.home):
        pass


def test_sigterm_ends_it_cleanly_with_its_job(shop: Shop) -> None:
    big_file(shop)
    with agent.running(shop.home) as running, cli.start("backup", home=shop.home) as typed:
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.run])
        running.process.terminate()
        assert running.process.wait(20) == 0
        assert typed.process.wait(20) == 130
    assert [row.status for row in agent.runs(shop.home)] == ["CANCELLED"]


def test_a_broken_database_is_set_aside_and_the_copies_tell_the_rest(shop: Shop) -> None:
    cli.run("backup", home=shop.home)
    (shop.home / "state" / "ladentresor.db").write_bytes(b"kaputt" * 2000)
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.status in GOOD])
        assert "store_broken" in agent.codes(shop.home, lasting=False)
    assert list((shop.home / "state").glob("ladentresor.db.beschaedigt-*"))


# -- who may speak --------------------------------------------------------------------------------


def test_strangers_learn_nothing_and_stop_nobody(shop: Shop) -> None:
    with agent.running(shop.home):
        note = agent.note_of(shop.home)
        assert (shop.home / "state" / "agent.json").stat().st_mode & 0o077 == 0
        assert Path(note.address).parent.stat().st_mode & 0o077 == 0
        silent = [Client(note.address) for _ in range(12)]  # more than may stand at the door
        try:
            began = time.monotonic()
            agent.wait_for(lambda: agent.answers(shop.home), seconds=10)
            assert time.monotonic() - began < 5
        finally:
            for line in silent:
                line.close()
        wrong = Client(note.address)
        with pytest.raises(NotOurs):
            wire.introduce(wrong, b"x" * 32, {})
        wrong.close()
        for garbage in (b"\x80\x04]", b"{" * 5000, b"[]", b"x" * (wire.MAX_MESSAGE + 1)):
            line = Client(note.address)
            wire.introduce(line, bytes.fromhex(note.key), {})
            try:
                line.send_bytes(garbage)
                with pytest.raises((EOFError, OSError)):
                    line.recv_bytes()
            except OSError:
                pass  # it hung up while we were still talking
            line.close()
        for message in ({"do": "job", "verb": "secret", "arguments": []}, {"do": "?"}):
            answer = _asked(note.address, note.key, message)
            assert "refused" in answer
        assert agent.answers(shop.home) is not None


def _asked(address: str, key: str, message: wire.Message) -> wire.Message:
    line = Client(address)
    try:
        wire.introduce(line, bytes.fromhex(key), {})
        wire.tell(line, message)
        return wire.hear(line)
    finally:
        line.close()


def test_another_protocol_is_told_and_can_still_be_stopped(shop: Shop) -> None:
    with agent.running(shop.home) as running:
        note = agent.note_of(shop.home)
        line = Client(note.address)
        line_hello = {"version": "9"}
        original = wire.PROTOCOL
        wire.PROTOCOL = 99
        try:
            wire.introduce(line, bytes.fromhex(note.key), line_hello)
            wire.tell(line, {"do": "stop"})
            assert wire.hear(line) == {"stopping": True}
        finally:
            wire.PROTOCOL = original
            line.close()
        assert running.process.wait(10) == 0


# -- idle -----------------------------------------------------------------------------------------


def test_idle_it_costs_nothing(shop: Shop) -> None:
    cli.run("backup", home=shop.home)
    # Disks that other tests mount are none of its business: each would wake it.
    apart = ("unshare", "--mount", "--propagation", "private") if os.geteuid() == 0 else ()
    with agent.running(shop.home, wrapper=apart) as running:
        agent.wait_for(lambda: (agent.answers(shop.home) or {}).get("copies"))
        agent.wait_for(lambda: not agent.jobs(shop.home))
        time.sleep(0.5)  # until that answer has been given
        before = agent.cpu_seconds(running.pid)
        time.sleep(4)
        assert round(agent.cpu_seconds(running.pid) - before, 2) <= 0.01
        assert agent.resident_mib(running.pid) < 60
