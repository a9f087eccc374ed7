"""Reading processes: they die with their run, and Ctrl-C ends everything cleanly.

Real processes all the way. A file of mostly holes makes the moments reachable: it is large enough
to be left to other processes, takes seconds to read and next to no room.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from core.errors import Code, Exit
from tests.engine.killdriver import Driver
from tests.engine.killstage import SYSTEM, Stage, quick_folder
from tests.support import cli, trees

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")

SLOW = "Rechnungen/zz-abbild.bin"
HOLES = 16 << 30  # bytes of the slow file: reading them all takes longer than our patience
PATIENCE = 8.0  # seconds until a cancelled job has ended, on a busy machine


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def one_stage(driver: Driver) -> Iterator[Stage]:
    with quick_folder("pool") as root:
        made = Stage(root, driver, ids=("a",))
        trees.shop_tree(made.source, seed=21, files=30)
        made.keep_source("quick", "slow", add_slow_file)
        made.save("leer")
        yield made


@pytest.fixture
def stage(one_stage: Stage) -> Stage:
    """Nothing was copied yet; the source has no slow file."""
    one_stage.load("leer")
    one_stage.use_source("quick")
    return one_stage


def add_slow_file(source: Path) -> None:
    with (source / SLOW).open("wb") as file:
        file.write(b"Anfang")
        file.truncate(HOLES)


@contextmanager
def less_slow(stage: Stage, size: int) -> Iterator[None]:
    """For jobs that are to end: the large file is only so large."""
    stage.use_source("slow")
    os.truncate(stage.source / SLOW, size)
    stage.source_changed()
    try:
        yield
    finally:
        os.truncate(stage.source / SLOW, HOLES)
        stage.source_changed()


def start(stage: Stage, *args: str | Path) -> cli.Running:
    return cli.start("--json", *args, home=stage.home)


def wait_for_crew(running: cli.Running, *, least: int = 2) -> list[int]:
    """Wait until the run has other processes that work for it; their numbers."""
    until = time.monotonic() + 30
    while len(found := running.descendants()) < least:
        assert time.monotonic() < until, "no other process"
        assert running.process.poll() is None, running.process.communicate()
        time.sleep(0.002)
    return found


class Listening:
    """Takes in what a program says, so that it never waits for us; the last event of each kind."""

    def __init__(self, running: cli.Running) -> None:
        self.running = running
        self.lines: list[dict[str, Any]] = []
        self.errors = ""
        self._threads = [
            threading.Thread(target=self._take_lines),
            threading.Thread(target=self._take_errors),
        ]
        for thread in self._threads:
            thread.start()

    def _take_lines(self) -> None:
        assert self.running.process.stdout is not None
        for line in self.running.process.stdout:
            if line.endswith("\n"):
                self.lines.append(json.loads(line))

    def _take_errors(self) -> None:
        assert self.running.process.stderr is not None
        self.errors = self.running.process.stderr.read()

    def wait_until(self, seen: Callable[[dict[str, Any]], bool]) -> None:
        until = time.monotonic() + 30
        while not any(seen(line) for line in tuple(self.lines)):
            assert time.monotonic() < until, self.lines[-3:]
            time.sleep(0.002)

    def end(self, *, within: float) -> int:
        """The exit code, and nobody left."""
        began = time.monotonic()
        rc = self.running.process.wait(timeout=60)
        took = time.monotonic() - began
        orphans = self.running.wait_for_orphans()
        for thread in self._threads:
            thread.join()
        assert not orphans
        assert took < within, f"took {took:.1f} s to end"
        return rc

    @property
    def codes(self) -> set[str]:
        return {str(line["code"]) for line in self.lines if line.get("event") == "error"}


def check_cancelled(said: Listening) -> None:
    assert said.codes == {Code.CANCELLED}, (said.lines[-3:], said.errors)
    assert "Traceback" not in said.errors
    assert said.errors == "", said.errors


# ------------------------------------------------------------------ killed


def test_reading_processes_die_with_the_run_alone(stage: Stage) -> None:
    stage.use_source("slow")
    with start(stage, "backup") as running:
        crew = wait_for_crew(running)
        time.sleep(0.5)  # they are well at work
        running.kill_self()
        assert running.wait_for_orphans(PATIENCE) == []
        assert len(crew) >= 2
    stage.use_source("quick")
    stage.check_healed(by_hand=False, newest_only=True)


def test_reading_processes_that_have_just_been_started_die_too(stage: Stage) -> None:
    """Their watching begins with their first line; a parent that is gone by then is noticed."""
    stage.use_source("slow")
    for pause in (0.0, 0.02, 0.05, 0.08, 0.12):
        stage.load("leer")
        with start(stage, "backup") as running:
            wait_for_crew(running, least=1)
            time.sleep(pause)
            running.kill_self()
            assert running.wait_for_orphans(PATIENCE) == [], pause
    stage.use_source("quick")
    stage.check_healed(by_hand=False, newest_only=True)


def test_a_reading_process_that_is_killed_ends_the_run_and_nothing_else(stage: Stage) -> None:
    """As the system does when memory runs short."""
    stage.run("backup", expect=0)
    stage.learn()
    stage.use_source("slow")
    with start(stage, "backup") as running:
        said = Listening(running)
        said.wait_until(lambda line: line.get("phase") == "objects")
        victims: list[int] = []
        until = time.monotonic() + 10
        while not victims and time.monotonic() < until:
            victims = [pid for pid in running.descendants() if _is_reader(pid)]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        assert victims
        assert said.end(within=PATIENCE) not in (0, -signal.SIGKILL)
    stage.check_states(by_hand=False)
    stage.use_source("quick")
    stage.check_healed(by_hand=False, newest_only=True)


def _is_reader(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


# ------------------------------------------------------------------ Ctrl-C


@pytest.mark.parametrize("whom", ["group", "self"])
def test_ctrl_c_ends_a_backup_cleanly(stage: Stage, whom: Literal["group", "self"]) -> None:
    stage.run("backup", expect=0)
    stage.learn()
    stage.use_source("slow")
    with start(stage, "backup") as running:
        said = Listening(running)
        wait_for_crew(running)
        said.wait_until(lambda line: line.get("phase") == "objects")
        time.sleep(0.3)
        (running.kill_group if whom == "group" else running.kill_self)(signal.SIGINT)
        assert said.end(within=PATIENCE) == Exit.CANCELLED
    check_cancelled(said)
    stage.check_states(by_hand=False)
    stage.use_source("quick")
    status = stage.run("status")
    assert "CANCELLED" in json.dumps(status.lines), status.lines
    stage.check_healed(by_hand=False, newest_only=True)


def test_ctrl_c_at_any_time(stage: Stage) -> None:
    """From the start of the engine's work to the commit, as a terminal sends it: to all."""
    with less_slow(stage, 300 << 20):
        began = time.monotonic()
        stage.run("backup", expect=0)
        lasting = time.monotonic() - began
        outcomes = [interrupt(stage, after=number / 8 * lasting) for number in range(8)]
        assert outcomes.count(Exit.CANCELLED) >= 2, outcomes
        stage.check_healed(by_hand=False, newest_only=True)


def interrupt(stage: Stage, *, after: float) -> int:
    """Ctrl-C so long after the first thing it says; everything is in order then, whatever came."""
    stage.load("leer")
    with start(stage, "backup") as running:
        said = Listening(running)
        said.wait_until(lambda line: line.get("phase") == "guards")
        time.sleep(after)
        running.kill_group(signal.SIGINT)
        rc = said.end(within=PATIENCE)
    if rc == Exit.CANCELLED:
        check_cancelled(said)
    else:  # the run was over, Python perhaps not yet
        assert rc in (0, -signal.SIGINT), (after, rc, said.errors, said.lines[-3:])
        results = [line for line in said.lines if line.get("event") == "result"]
        assert results[-1]["outcome"] == "committed"
    stage.check_states(by_hand=False)
    return rc


def test_a_service_that_is_stopped_ends_cleanly(stage: Stage) -> None:
    """Its manager asks all its processes to end, the reading ones too."""
    stage.use_source("slow")
    with start(stage, "backup") as running:
        said = Listening(running)
        wait_for_crew(running)
        time.sleep(0.3)
        running.kill_group(signal.SIGTERM)
        assert said.end(within=PATIENCE) == Exit.CANCELLED
    check_cancelled(said)


def test_a_second_ctrl_c_ends_it_at_once(stage: Stage) -> None:
    stage.use_source("slow")
    with start(stage, "backup") as running:
        said = Listening(running)
        wait_for_crew(running)
        said.wait_until(lambda line: line.get("phase") == "objects")
        for _ in range(2):
            time.sleep(0.02)
            running.kill_group(signal.SIGINT)
        assert said.end(within=PATIENCE) == Exit.CANCELLED
    check_cancelled(said)
    stage.use_source("quick")
    stage.check_healed(by_hand=False, newest_only=True)


@pytest.mark.parametrize("verb", ["restore", "verify"])
def test_ctrl_c_ends_looking_at_a_copy_cleanly(stage: Stage, verb: str) -> None:
    with less_slow(stage, 1 << 30):
        stage.run("backup", expect=0)
    into = stage.new_folder()
    command = ["restore", SYSTEM, "--into", into] if verb == "restore" else ["verify", "--full"]
    with start(stage, *command) as running:
        said = Listening(running)
        said.wait_until(lambda line: line.get("event") == "progress")
        running.kill_group(signal.SIGINT)
        assert said.end(within=PATIENCE) == Exit.CANCELLED
    check_cancelled(said)
    stage.run("verify", expect=0)
