"""Agent, job and rclone killed at seeded moments: earlier states stay, and the next agent heals."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.engine.stage import Layout, Shop, make_shop
from tests.support import agent, cli, keys
from tests.support.places import place

VICTIMS = ("agent", "job", "rclone", "all")
WHERE: tuple[tuple[Layout, bool], ...] = (("tree", False), ("sealed", False), ("sealed", True))
FEW = [(1, "agent", "tree", False), (2, "rclone", "sealed", True)]
MANY = [(seed, victim, layout, far) for seed in range(10, 32) for victim in VICTIMS
        for layout, far in WHERE if far or victim != "rclone"]  # fmt: skip


def the_job(running: cli.Running) -> list[int]:
    """The job process: the agent's own child."""
    return [pid for pid in running.descendants() if _parent(pid) == running.pid]


def _parent(pid: int) -> int:
    try:
        return agent.parent_of(pid)
    except (OSError, ValueError):
        return 0


def _is_rclone(pid: int) -> bool:
    try:
        return "rclone" in os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - of a process
    except OSError:
        return False


def kill(victim: str, running: cli.Running) -> None:
    below = running.descendants()
    pids = {
        "agent": [running.pid],
        "job": the_job(running),
        "rclone": [pid for pid in below if _is_rclone(pid)],
        "all": [running.pid, *below],
    }[victim]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def lives(tmp_path: Path, seed: int, victim: str, layout: Layout, *, far: bool) -> None:
    dice = random.Random(f"{seed}{victim}{layout}")
    with place("webdav", tmp_path / "nas") if far else nullcontext() as server:
        shop = make_shop(tmp_path, layout=layout, places={"platte": server} if server else None)
        _live(shop, victim, dice)


def _live(shop: Shop, victim: str, dice: random.Random) -> None:
    env = keys.ENV if shop.pair is not None else None
    for number in range(40):
        (shop.source / f"datei-{number}.bin").write_bytes(dice.randbytes(60_000))
    shop.day()
    for number in range(40, 46):
        (shop.source / f"gross-{number}.bin").write_bytes(dice.randbytes(9_000_000))
    with agent.running(shop.home, env=env) as running:
        assert cli.run("agent", "run-now", home=shop.home).rc == 0
        agent.wait_for(lambda: the_job(running))
        time.sleep(dice.uniform(0, 1.5))
        kill(victim, running)
        if victim in ("agent", "all"):
            running.process.wait(10)
            assert running.wait_for_orphans() == []
        else:
            agent.wait_for(lambda: not agent.works(shop.home))
            assert agent.answers(shop.home) is not None
    assert shop.differences(1) == []
    with agent.running(shop.home, env=env) as running:
        assert cli.run("agent", "run-now", home=shop.home).rc == 0
        agent.wait_for(lambda: the_job(running))
        agent.wait_for(lambda: not agent.works(shop.home))
        rows = agent.runs(shop.home)
        assert rows[-1].status in ("COMMITTED", "UNCHANGED"), rows
        assert "RUNNING" not in {row.status for row in rows}
    shop.days[2] = shop.look()
    assert newest(shop) == []
    assert shop.differences(1) == []


def newest(shop: Shop) -> list[str]:
    """What the newest state gets wrong."""
    latest = max(int(row.run.split("-")[0]) for row in agent.runs(shop.home) if row.run)
    return shop.differences(2, at=str(latest))


@pytest.mark.parametrize(("seed", "victim", "layout", "far"), FEW)
def test_killed(tmp_path: Path, seed: int, victim: str, layout: Layout, *, far: bool) -> None:
    lives(tmp_path, seed, victim, layout, far=far)


@pytest.mark.kill
@pytest.mark.parametrize(("seed", "victim", "layout", "far"), MANY)
def test_killed_at_many_moments(
    tmp_path: Path, seed: int, victim: str, layout: Layout, *, far: bool
) -> None:
    lives(tmp_path, seed, victim, layout, far=far)
