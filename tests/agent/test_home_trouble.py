"""What befalls a home while its agent works: a database that breaks, a disk that is full."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store.home import HomeStore
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli
from tests.support.disks import MIB, fill, tmpfs


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "kasse.csv").write_text("1;2;3\n")
    made.backup()
    made.run("verify", "--full")
    (made.source / "rechnung.txt").write_bytes(os.urandom(100_000))
    made.backup()  # takes the proof along
    return made


def proofs(shop: Shop) -> list[str]:
    store = HomeStore(agent.home_of(shop.home).database, SystemClock())
    try:
        return [proof.kind for proof in store.proofs()]
    finally:
        store.close()


def break_it(database: Path) -> None:
    """Garbage where tables were; all that SQLite had beside it is in it before."""
    base = sqlite3.connect(database)
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    with database.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(os.urandom(size))


def test_a_database_that_breaks_is_made_anew_from_the_copies(shop: Shop) -> None:
    before = agent.runs(shop.home)
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: agent.answers(shop.home) and not agent.jobs(shop.home))
        break_it(agent.home_of(shop.home).database)
        (shop.source / "neu.txt").write_text("neu")
        assert cli.run("backup", home=shop.home).rc == 0
        agent.wait_for(lambda: "store_broken" in agent.codes(shop.home, lasting=False), seconds=20)
        agent.wait_for(lambda: not agent.works(shop.home))
        found = agent.runs(shop.home)
        # What the newest state did not know yet is how its own run ended.
        assert found[: len(before) - 1] == before[:-1]
        assert found[-1].status == "COMMITTED"
        assert proofs(shop) == ["verified"]
        time.sleep(1)
        assert agent.runs(shop.home) == found  # the agent sees the new one: nothing is due
        state = agent.answers(shop.home)
        assert state is not None
        assert state["trouble"] == ""
        assert [copy["wait"] for copy in state["copies"]] == ["not_due"]
    aside = list((shop.home / "state").glob("ladentresor.db.beschaedigt-*"))
    assert len([path for path in aside if not path.name.endswith(("-wal", "-shm"))]) == 1
    with shop.brought_back() as into:
        assert (into / "shop" / "neu.txt").read_text() == "neu"


@pytest.mark.root
def test_a_full_home_ends_no_agent(tmp_path: Path) -> None:
    with tmpfs(12 * MIB) as disk:
        shop = make_shop(tmp_path)
        shop.home = disk.path / "home"
        shop.write_plan()
        for number in range(300):
            (shop.source / f"datei-{number}.txt").write_text(str(number))
        shop.backup()
        with agent.running(shop.home, "--at-once") as running:
            agent.wait_for(lambda: agent.answers(shop.home) and not agent.jobs(shop.home))
            ballast = fill(disk.path, 0)
            for number in range(1200):
                (shop.source / f"mehr-{number}.txt").write_text(str(number))
            done = cli.run("--json", "backup", home=shop.home, check=False)
            assert done.rc != 0
            assert "home_full" in done.stdout
            assert agent.answers(shop.home) is not None
            assert running.process.poll() is None
            with shop.brought_back() as into:  # what is most needed needs no room there
                assert len(list((into / "shop").iterdir())) == 300
            ballast.unlink()
            assert cli.run("backup", home=shop.home).rc == 0
            agent.wait_for(lambda: (agent.answers(shop.home) or {"trouble": "?"})["trouble"] == "")
        with shop.brought_back() as into:
            assert len(list((into / "shop").iterdir())) == 1500
