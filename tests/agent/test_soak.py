"""A day of an agent in minutes: jobs, callers and strangers leave nothing behind in it."""

from __future__ import annotations

import threading
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from tests.engine.stage import make_shop
from tests.support import agent, cli

JOBS, CALLS = 48, 400


def handles(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_nothing_grows(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "a.txt").write_text("a")
    with agent.running(shop.home, "--at-once") as running:
        agent.wait_for(lambda: agent.runs(shop.home) and not agent.works(shop.home))
        for _ in range(20):
            agent.answers(shop.home)
        before = handles(running.pid), threads(running.pid), agent.resident_mib(running.pid)
        left = {path.name for path in Path(agent.note_of(shop.home).address).parent.iterdir()}
        for number in range(JOBS):
            (shop.source / "a.txt").write_text(str(number))
            assert cli.run("backup", "--no-sample", home=shop.home).rc == 0
        callers = [threading.Thread(target=_call_often, args=(shop.home,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        for _ in range(30):
            Client(agent.note_of(shop.home).address).close()
        agent.wait_for(lambda: threads(running.pid) <= before[1])
        agent.wait_for(lambda: handles(running.pid) <= before[0])
        assert agent.resident_mib(running.pid) - before[2] < 4
        folder = Path(agent.note_of(shop.home).address).parent
        assert {path.name for path in folder.iterdir()} == left
        assert len(agent.runs(shop.home)) == JOBS + 1


def _call_often(home: Path) -> None:
    for _ in range(CALLS // 4):
        agent.answers(home)
