"""Must hold 5: whoever copies, rolls back or doubles a home damages no state, and is told."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from core.errors import Code
from tests.engine.stage import (
    BOTH,
    Shop,
    ended_as,
    events,
    exit_of,
    make_shop,
    only,
    plan_text,
    refusal,
    states_at,
)
from tests.support import cli
from tests.support.disks import MIB
from tests.support.trees import compare, mutate, shop_tree, snapshot


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with one state, and work done since."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=20)
    shop.day()
    mutate(shop.source, seed=1, day=1)
    return shop


def all_come_back(shop: Shop) -> None:
    """Every state that a test has seen made."""
    *earlier, newest = shop.days
    assert shop.differences(*earlier) + shop.differences(newest, by="script") == []


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# ------------------------------------------------------------------ one home, twice


def test_a_copied_home_reads_and_does_not_write(shop: Shop, tmp_path: Path) -> None:
    """A cloned disk or a copied profile carries our identity to a second place."""
    second = tmp_path / "zweites home"
    shutil.copytree(shop.home, second)
    before = _files(shop.copy())
    code = Code.DESTINATION_WRITER
    error = refusal(shop.run("backup", home=second, rc=exit_of(code)), code)
    assert error["params"]["computer"]
    assert error["params"]["since"] != "?"
    assert _files(shop.copy()) == before
    report = shop.restore(tmp_path / "ziel", 1, home=second, keep_links=True)
    assert report["failed"] == []
    found = snapshot(tmp_path / "ziel/shop", with_root=True)
    assert compare(shop.days[1]["shop"], found) == []
    shop.day()
    all_come_back(shop)


def test_a_moved_home_writes_again_after_a_word(shop: Shop, tmp_path: Path) -> None:
    second = tmp_path / "umgezogen"
    shop.home.rename(second)
    refusal(shop.run("backup", home=second, rc=12), Code.DESTINATION_WRITER)
    adopted = only(events(shop.run("adopt", shop.copy(), "--take-over", home=second), "adopted"))
    assert adopted["writer"] is True
    assert adopted["plan"] == "kept"
    shop.home = second
    shop.day()
    all_come_back(shop)


def test_a_home_rolled_back_to_yesterday(shop: Shop, tmp_path: Path) -> None:
    """A restored backup of the PC knows less than the disk; it must not write number 2 again."""
    yesterday = tmp_path / "gestern"
    shutil.copytree(shop.home, yesterday)
    shop.day()
    mutate(shop.source, seed=1, day=2)
    shop.day()
    before = _files(shop.copy())
    shutil.rmtree(shop.home)
    yesterday.rename(shop.home)
    mutate(shop.source, seed=1, day=3)
    shop.day()
    assert [run[:6] for run in states_at(shop.copy())] == ["000001", "000002", "000003", "000004"]
    after = _files(shop.copy())
    assert {name: after[name] for name in before} == before
    all_come_back(shop)


def test_two_processes_in_one_home(shop: Shop) -> None:
    with (shop.source / "film.mkv").open("wb") as file:
        file.truncate(40 * 1024 * MIB)
    with cli.start("--json", "backup", home=shop.home) as running:
        for line in running.process.stdout or ():
            if '"progress"' in line:
                break
        for verb in (["backup"], ["verify"], ["adopt", str(shop.copy())]):
            error = refusal(shop.run(*verb, rc=6), Code.HOME_LOCKED)
            assert error["params"]["pid"] == str(running.pid)
            assert error["params"]["since"] != "?"
        for verb in (["status"], ["snapshots"], ["browse", "laden"], ["doctor"], ["plan", "check"]):
            # Looking is always possible (one disk is no 3-2-1), and so is what matters most:
            shop.run(*verb, rc=3 if verb == ["doctor"] else 0)
        with shop.brought_back(1) as into:
            assert compare(shop.days[1]["shop"], snapshot(into / "shop", with_root=True)) == []
        running.kill_group()
    (shop.source / "film.mkv").unlink()
    shop.day()
    all_come_back(shop)


# ------------------------------------------------------------------ two homes


def test_a_second_pc_on_the_same_disk_is_refused_until_it_adopts(
    shop: Shop, tmp_path: Path
) -> None:
    second = tmp_path / "pc 2"
    (second / "config").mkdir(parents=True)
    shutil.copyfile(shop.home / "config/plan.toml", second / "config/plan.toml")
    before = _files(shop.copy())
    refusal(shop.run("backup", home=second, rc=12), Code.DESTINATION_WRITER)
    adopted = only(events(shop.run("adopt", shop.copy(), home=second), "adopted"))
    assert adopted["writer"] is False
    refusal(shop.run("backup", home=second, rc=12), Code.DESTINATION_WRITER)
    assert _files(shop.copy()) == before
    shop.day()
    all_come_back(shop)


def test_after_taking_over_the_old_home_is_refused(shop: Shop, tmp_path: Path) -> None:
    old, new = shop.home, tmp_path / "neuer pc"
    (new / "config").mkdir(parents=True)
    shutil.copyfile(old / "config/plan.toml", new / "config/plan.toml")
    shop.run("adopt", shop.copy(), "--take-over", home=new)
    refusal(shop.run("backup", rc=12), Code.DESTINATION_WRITER)
    shop.home = new
    shop.day()
    shop.home = old
    before = _files(shop.copy())
    refusal(shop.run("backup", rc=12), Code.DESTINATION_WRITER)
    assert _files(shop.copy()) == before
    shop.run("adopt", shop.copy(), "--take-over")  # and back again, if a person says so
    mutate(shop.source, seed=1, day=2)
    shop.day()
    shop.home = new
    refusal(shop.run("backup", rc=12), Code.DESTINATION_WRITER)
    shop.home = old
    all_come_back(shop)


def test_two_homes_writing_at_the_same_time(shop: Shop, tmp_path: Path) -> None:
    """The old PC is in the middle of a run while the new one takes over and writes too."""
    new = tmp_path / "neuer pc"
    (new / "config").mkdir(parents=True)
    shutil.copyfile(shop.home / "config/plan.toml", new / "config/plan.toml")
    (shop.source / "film.mkv").write_bytes(Random(1).randbytes(70 * MIB))
    with cli.start("--json", "backup", home=shop.home) as running:
        for line in running.process.stdout or ():
            if '"progress"' in line:
                break
        shop.run("adopt", shop.copy(), "--take-over", home=new)
        mine = only(list(shop.backup(home=new).values()))
        out, _ = running.process.communicate(timeout=120)
    theirs = [line for line in cli._json_lines(out) if line.get("event") == "result"]
    now = shop.look()
    numbers = sorted(int(run[:6]) for run in states_at(shop.copy()))
    assert numbers[0] == 1
    for run in (mine["run"], *(line["run"] for line in theirs if line["outcome"] != "failed")):
        for by in BOTH:
            with shop.brought_back(run, by=by) as into:
                found = snapshot(into / "shop", with_root=True)
                assert compare(now["shop"], found, xattrs=by == "program") == []
    assert shop.differences(1) == []
    refusal(shop.run("backup", rc=12), Code.DESTINATION_WRITER)
    shop.run("verify", "--full", home=new)


# ------------------------------------------------------------------ another machine


@contextmanager
def _other_machine(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """What to put before the program so that it runs on another machine, as far as it can tell."""
    identity = tmp_path / "machine-id"
    identity.write_text("0123456789abcdef0123456789abcdef\n")
    script = f'mount --bind "{identity}" /etc/machine-id && exec "$@"'
    yield ("unshare", "--mount", "sh", "-c", script, "sh")


@pytest.mark.root
@pytest.mark.skipif(not Path("/etc/machine-id").exists(), reason="this machine has no machine-id")
def test_the_same_home_on_another_machine(shop: Shop, tmp_path: Path) -> None:
    """A cloned virtual machine: same paths, same files, and both are running."""
    with _other_machine(tmp_path) as wrapper:
        before = _files(shop.copy())
        error = refusal(shop.run("backup", rc=12, wrapper=wrapper), Code.DESTINATION_WRITER)
        assert error["params"]["computer"]
        assert _files(shop.copy()) == before
        home = [
            line
            for line in shop.run("doctor", rc=3, wrapper=wrapper)
            if not line["good"] and line["check"] not in ("3-2-1 laden", "agent", "mail")
        ]
        assert [line["check"] for line in home] == ["home"]
    shop.day()
    all_come_back(shop)


# ------------------------------------------------------------------ a bare PC


def test_plan_proofs_and_runs_come_back_to_a_bare_pc(shop: Shop, tmp_path: Path) -> None:
    """Promise 3, with nothing left but one of two disks, plugged in somewhere else."""
    plan = shop.home / "config/plan.toml"
    text = plan_text([shop.source], shop.disks, rules='exclude = ["*.tmp"]  # mein Kommentar')
    plan.write_text(text, encoding="utf-8")
    shop.run("verify", "--full")
    shop.day()
    shutil.rmtree(shop.home)
    elsewhere = tmp_path / "anderer Anschluss"
    shop.disks["platte"].rename(elsewhere)
    shop.disks["platte"] = elsewhere
    shop.home = tmp_path / "neuer pc"
    adopted = only(events(shop.run("adopt", elsewhere), "adopted"))
    assert (adopted["plan"], adopted["states"], adopted["systems"]) == ("restored", 2, ["laden"])
    assert adopted["writer"] is False
    back = (shop.home / "config/plan.toml").read_text(encoding="utf-8")
    assert "# mein Kommentar" in back
    assert tomllib.loads(back)["destinations"][0]["location"]["path"] == str(elsewhere)
    all_come_back(shop)
    status, _ = shop.run("status")  # the copy, then its system
    assert status["read_back_at"]
    assert status["copied_at"]
    assert status["reachable"] is True
    refusal(shop.run("backup", rc=12), Code.DESTINATION_WRITER)
    shop.run("adopt", elsewhere, "--take-over")
    mutate(shop.source, seed=1, day=2)
    sent = shop.day()["platte"]
    assert sent["outcome"] == "committed"
    all_come_back(shop)


def test_short_names_come_back_to_a_bare_pc(tmp_path: Path) -> None:
    """Else the second `Daten` would come home as the first."""
    shop = make_shop(tmp_path, sources=())
    shop.sources = {"Daten": tmp_path / "d/Daten", "Daten-2": tmp_path / "c/Daten"}
    for name, path in shop.sources.items():
        path.mkdir(parents=True)
        (path / "wer.txt").write_text(name)
    shop.write_plan()
    shop.day()
    shutil.rmtree(shop.home)
    shop.run("adopt", shop.copy(), "--take-over")
    text = plan_text(list(reversed(shop.sources.values())), shop.disks)
    (shop.home / "config/plan.toml").write_text(text, encoding="utf-8")
    for path in shop.sources.values():
        (path / "neu.txt").write_text("neu")
    shop.day()
    assert shop.differences(1, 2) == []


def test_adopting_where_nothing_is(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "leer").mkdir()
    for place in (tmp_path / "leer", tmp_path / "gibt es nicht", shop.source):
        refusal(shop.run("adopt", place, rc=13), Code.COPY_NOT_FOUND)


def test_the_other_destination_after_adopting_one(tmp_path: Path) -> None:
    """The plan that comes back names both disks; each is taken over by its own word."""
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop_tree(shop.source, files=16)
    shop.day()
    shutil.rmtree(shop.home)
    shop.run("adopt", shop.disks["zweite"], "--take-over")
    results = shop.backup(rc=3)
    assert ended_as(results) == {"platte": "destination_writer", "zweite": "committed"}
    shop.run("adopt", shop.disks["platte"], "--take-over")
    shop.backup()
    for disk in shop.disks:
        assert shop.differences(1, disk=disk) == []
