"""Hours of an agent in minutes: ticks, jobs, disks that come and go, callers, strangers.

What it is measured by: memory, handles and threads of the agent, files in the folder for temporary
ones and in its home. The clock of all processes runs fast (`tests.support.fast_time`).
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from core.store.home import GOOD
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli

FACTOR = 180
HOUR = 3600 / FACTOR  # as long as it takes here


@dataclass(frozen=True)
class Size:
    """What an agent takes. left: files of ours in the folders for temporary files and caches."""

    handles: int
    threads: int
    mib: float
    left: int


def measure(pid: int, shop: Shop, temporary: Path) -> Size:
    """The least of some looks: an errand that is just under way takes handles too."""
    looks = []
    for _ in range(20):
        looks.append(look(pid, shop, temporary))
        time.sleep(0.1)
    return Size(
        min(one.handles for one in looks),
        min(one.threads for one in looks),
        min(one.mib for one in looks),
        min(one.left for one in looks),
    )


def look(pid: int, shop: Shop, temporary: Path) -> Size:
    below = Path(f"/proc/{pid}")
    cache = [path for path in (shop.home / "cache").rglob("*") if path.is_file()]
    return Size(
        len(list((below / "fd").iterdir())),
        len(list((below / "task").iterdir())),
        agent.resident_mib(pid),
        len(list(temporary.iterdir())) + len(cache),
    )


@contextmanager
def fast_agent(shop: Shop, temporary: Path) -> Iterator[cli.Running]:
    """An agent in fast time, with a folder for temporary files of its own."""
    temporary.mkdir()
    original = cli._command

    def command(args: tuple[str | Path, ...], home: Path, module: str = "") -> list[str]:
        fast = [
            sys.executable,
            "-m",
            "tests.support.fast_time",
            str(time.clock_gettime(time.CLOCK_REALTIME)),
            str(FACTOR),
        ]
        return [*fast, "--home", str(home), *map(str, args)]

    cli._command = command
    try:
        running = agent.running(shop.home, "--at-once", env={"TMPDIR": str(temporary)})
        with running as found:
            cli._command = original
            yield found
    finally:
        cli._command = original


def a_shop(tmp_path: Path) -> Shop:
    """A disk that is always there, and one that people plug in."""
    shop = make_shop(tmp_path, disks=("platte", "rot"))
    plan = shop.home / "config" / "plan.toml"
    text = plan.read_text().replace('id = "rot"', 'id = "rot"\noffline = true')
    text = text.replace(
        'system = "laden"\ndestination = "platte"',
        'system = "laden"\ndestination = "platte"\nevery = "2h"',
    )
    plan.write_text(text)
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    shop.backup()
    return shop


def live(shop: Shop, pid: int, hours: float, dice: random.Random) -> None:
    """What happens around an agent."""
    until = time.monotonic() + hours * HOUR
    drawer = shop.root / "schublade"
    note = agent.note_of(shop.home)
    while time.monotonic() < until:
        (shop.source / f"datei-{dice.randrange(20)}.txt").write_text(str(dice.random()))
        if drawer.exists():
            drawer.rename(shop.disks["rot"])
        elif dice.random() < 0.5:
            shop.disks["rot"].rename(drawer)
        callers = [threading.Thread(target=agent.answers, args=(shop.home,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        with suppress(OSError):
            line = Client(note.address)  # somebody who says nothing
            line.close()
        if dice.random() < 0.1:
            with (
                cli.start("backup", "--to", "platte", home=shop.home) as typed,
                suppress(subprocess.TimeoutExpired),
            ):
                typed.process.wait(dice.uniform(0.1, 1))
        time.sleep(HOUR / 8)
        assert Path(f"/proc/{pid}").exists()
    if drawer.exists():
        drawer.rename(shop.disks["rot"])


def grows_not(tmp_path: Path, *, settle: float, hours: float, mib: float) -> None:
    """Live, measure, live on, measure again."""
    shop, temporary = a_shop(tmp_path), tmp_path / "voruebergehend"
    dice = random.Random(7)
    with fast_agent(shop, temporary) as running:
        live(shop, running.pid, settle, dice)
        rest(shop)
        before, runs = measure(running.pid, shop, temporary), len(agent.runs(shop.home))
        live(shop, running.pid, hours, dice)
        rest(shop)
        after = measure(running.pid, shop, temporary)
        print(f"{hours} h: {before} → {after}; {len(agent.runs(shop.home)) - runs} runs")
        assert after.handles <= before.handles
        assert after.threads <= before.threads
        assert after.left <= before.left
        assert after.mib - before.mib < mib
        made = [row.status for row in agent.runs(shop.home)[runs:] if row.destination == "platte"]
        assert sum(status in GOOD for status in made) >= int(hours / 2 * 0.6)
        assert "FAILED" not in made
        assert cli.run("agent", "stop", home=shop.home).rc == 0
    assert list(temporary.iterdir()) == []


def rest(shop: Shop) -> None:
    agent.wait_for(lambda: not agent.works(shop.home))


def test_nothing_grows_in_a_quarter_of_an_hour(tmp_path: Path) -> None:
    grows_not(tmp_path, settle=0.1, hours=0.2, mib=4)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_nothing_grows_in_a_day(tmp_path: Path) -> None:
    grows_not(tmp_path, settle=3, hours=24, mib=4)
