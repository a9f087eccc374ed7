"""A real agent with a disk and a slow place in the network: neither waits for the other."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli, keys
from tests.support.places import place
from tests.support.slow_line import Line, line_to
from tests.support.trees import compare, snapshot


@contextmanager
def shop_with_slow_cloud(tmp_path: Path) -> Iterator[tuple[Shop, Line]]:
    """`platte` is a disk, `wolke` a WebDAV server behind a line that can be made slow."""
    with place("webdav", tmp_path / "fern") as server, line_to(server.server.port) as line:
        far = dataclasses.replace(
            server,
            location=server.location.replace(f":{server.server.port}", f":{line.port}"),
        )
        shop = make_shop(tmp_path, disks=("platte", "wolke"), places={"wolke": far})
        (shop.source / "kasse.csv").write_text("1;2;3\n")
        (shop.source / "film.bin").write_bytes(os.urandom(3_000_000))
        yield shop, line


def ended_at(shop: Shop, disk: str) -> list[str]:
    return [row.status for row in agent.runs(shop.home) if row.destination == disk]


def job_at(shop: Shop, disk: str) -> dict[str, Any]:
    return next(j for j in agent.works(shop.home) if ["laden", disk] in j["copies"])


def uploads(shop: Shop, line: Line) -> bool:
    """Whether the run to the cloud is sending and far from done."""
    return ended_at(shop, "wolke")[-1:] == ["RUNNING"] and line.passed > 200_000


def test_a_slow_cloud_holds_up_no_disk_and_no_restore(tmp_path: Path) -> None:
    with shop_with_slow_cloud(tmp_path) as (shop, line):
        line.rate = 150_000
        with agent.running(shop.home, "--at-once", env=keys.ENV):
            agent.wait_for(lambda: ended_at(shop, "platte") == ["COMMITTED"])
            agent.wait_for(lambda: uploads(shop, line))
            # What is typed for the disk is done at once, beside it.
            (shop.source / "neu.txt").write_text("neu")
            assert cli.run("backup", "--to", "platte", home=shop.home).rc == 0
            assert cli.run("verify", "platte", home=shop.home).rc == 0
            assert ended_at(shop, "wolke") == ["RUNNING"]
            assert job_at(shop, "wolke")["state"] == "running"
            line.rate = None
            agent.wait_for(lambda: ended_at(shop, "wolke") == ["COMMITTED"], seconds=40)
            agent.wait_for(lambda: not agent.works(shop.home))
        with shop.brought_back(disk="wolke") as into:
            assert (into / "shop" / "film.bin").read_bytes() == (
                shop.source / "film.bin"
            ).read_bytes()


def test_what_is_typed_takes_over_from_a_due_upload(tmp_path: Path) -> None:
    with shop_with_slow_cloud(tmp_path) as (shop, line):
        line.rate = 150_000
        with agent.running(shop.home, "--at-once", env=keys.ENV):
            agent.wait_for(lambda: uploads(shop, line))
            with cli.start("backup", home=shop.home) as typed:
                agent.wait_for(lambda: "CANCELLED" in ended_at(shop, "wolke"))
                line.rate = None
                out, err = typed.process.communicate(timeout=60)
                assert typed.process.returncode == 0, out + err
        assert ended_at(shop, "wolke") == ["CANCELLED", "COMMITTED"]


def killed(shop: Shop, line: Line, victim: str) -> None:
    """Kill the agent, or the job at a destination, while the cloud's is under way; all heals."""
    with agent.running(shop.home, "--at-once", env=keys.ENV) as running:
        if victim == "platte":
            agent.wait_for(lambda: ended_at(shop, "platte") == ["RUNNING"])
        else:
            agent.wait_for(lambda: ended_at(shop, "platte") == ["COMMITTED"])
        agent.wait_for(lambda: ended_at(shop, "wolke") == ["RUNNING"])
        pid = running.pid if victim == "agent" else agent.pid_at(shop.home, victim)
        os.kill(pid, signal.SIGKILL)
        line.rate = None
        if victim == "agent":
            assert running.wait_for_orphans() == []
        else:
            other = {"wolke": "platte", "platte": "wolke"}[victim]
            agent.wait_for(lambda: ended_at(shop, other)[0] == "COMMITTED")
            agent.wait_for(lambda: ended_at(shop, victim) == ["INTERRUPTED", "COMMITTED"])
            agent.wait_for(lambda: not agent.works(shop.home))
    if victim == "agent":
        with agent.running(shop.home, "--at-once", env=keys.ENV):
            expected = ["INTERRUPTED", "COMMITTED"]
            agent.wait_for(lambda: ended_at(shop, "wolke") == expected)
            agent.wait_for(lambda: not agent.works(shop.home))
    now = shop.look()["shop"]
    shop.backup()
    for disk in shop.disks:
        with shop.brought_back(disk=disk) as into:
            assert compare(now, snapshot(into / "shop", with_root=True)) == []


@pytest.mark.parametrize("victim", ["wolke", pytest.param("agent", marks=pytest.mark.kill)])
def test_one_that_is_killed_takes_the_other_not_along(tmp_path: Path, victim: str) -> None:
    with shop_with_slow_cloud(tmp_path) as (shop, line):
        line.rate = 150_000
        killed(shop, line, victim)


@pytest.mark.kill
def test_the_disks_job_killed_takes_the_clouds_not_along(tmp_path: Path) -> None:
    with shop_with_slow_cloud(tmp_path) as (shop, line):
        line.rate = 150_000
        with (shop.source / "gross.vhdx").open("wb") as file:
            file.truncate(600 << 20)
        killed(shop, line, "platte")


def test_without_an_agent_what_is_due_on_this_pc_is_made_first(tmp_path: Path) -> None:
    with shop_with_slow_cloud(tmp_path) as (shop, line):
        line.rate = 150_000
        with cli.start("backup", "--due", home=shop.home, env=keys.ENV) as typed:
            agent.wait_for(lambda: ended_at(shop, "wolke") == ["RUNNING"])
            assert ended_at(shop, "platte") == ["COMMITTED"]
            line.rate = None
            out, err = typed.process.communicate(timeout=60)
            assert typed.process.returncode == 0, out + err
        assert ended_at(shop, "wolke") == ["COMMITTED"]
