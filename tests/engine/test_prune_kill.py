"""Clean-ups that are killed: before any thing they do, in both layouts, plain and encrypted.

What must hold after each kill: every state whose record is still there restores byte-equal and the
copy is sound; the next run relies on nothing that went; the next clean-up ends the work.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tests.engine.killdriver import Driver
from tests.engine.killstage import SYSTEM, Stage, quick_folder, states_at
from tests.engine.stage import LAYOUTS, Layout

OLD_ENOUGH = 2.2
KEEP = "keep = { daily = 1 }"
STAY = 3
PARTS = {"parts_from": float(1 << 20)}
STEP: dict[Layout, int] = {"tree": 1, "bundled": 1, "sealed": 2}
SETTINGS = {"smallest_repacked": 1.0}


class PruneStage(Stage):
    """One copy whose runs are all of one day, so that three states stay."""

    def write_plan(self) -> None:
        super().write_plan()
        place = self.home / "config" / "plan.toml"
        place.write_text(f"{place.read_text(encoding='utf-8')}{KEEP}\n", encoding="utf-8")


def live(stage: Stage) -> None:
    """Six runs: what comes, goes, stays, and a large file of which parts are needed later."""
    random = Random(3)
    source = stage.source
    source.mkdir()
    large = bytearray(random.randbytes(1_600_000))
    for day in range(6):
        (source / "bleibt.txt").write_text("immer da")
        (source / f"Tag {day}").mkdir()
        (source / f"Tag {day}" / "neu.bin").write_bytes(random.randbytes(20_000))
        (source / "kasse.bin").write_bytes(random.randbytes(90_000))
        at = day * 200_000
        large[at : at + 150_000] = random.randbytes(150_000)
        (source / "shop.sql").write_bytes(large)
        if day > 1:
            (source / f"Tag {day - 2}" / "neu.bin").unlink()
            (source / f"Tag {day - 2}").rmdir()
        stage.source_changed()
        stage.run("backup", expect=0, settings=PARTS)
        stage.learn()


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as prepared:
        yield prepared


@pytest.fixture(scope="module", params=LAYOUTS)
def stage(request: pytest.FixtureRequest, driver: Driver) -> Iterator[Stage]:
    with quick_folder("prune") as root:
        made = PruneStage(root, driver, ("a",), layout=request.param)
        live(made)
        time.sleep(OLD_ENOUGH)
        made.save("full")
        yield made


def prune(stage: Stage, *, kill_at: int = 0, watch: bool = True):  # type: ignore[no-untyped-def]
    places = stage.watch if watch else ()
    return stage.run("prune", watch=places, kill_at=kill_at, settings=SETTINGS)


def kill_and_judge(stage: Stage, at: int, *, by_hand: bool, backup_between: bool) -> str:
    stage.load("full")
    before = set(states_at(stage.copy("a")))
    killed = prune(stage, kill_at=at)
    if stage.layout == "sealed" and killed.rc == 0:
        return "end"  # uploads run beside us: the number of moments is not always the same
    assert killed.killed, killed
    try:
        stage.check_no_orphans()
        left = set(states_at(stage.copy("a")))
        assert set(sorted(before)[-STAY:]) <= left
        stage.check_states(by_hand=by_hand)
        stage.run("verify", "--full", expect=0)
        if backup_between:
            healing = stage.run("backup", expect=0, settings=PARTS)
            stage.learn()
            stage.check_states(by_hand=False)
            assert healing.rc == 0
        ended = prune(stage, watch=False)
        assert ended.rc in (0, 4), (ended, ended.stderr)
        assert len(states_at(stage.copy("a"))) == STAY
        stage.check_states(by_hand=by_hand)
        stage.run("verify", "--full", expect=0)
        assert prune(stage, watch=False).rc == 4
        no_garbage(stage)
    except BaseException as error:
        error.add_note(f"killed: {killed}")
        raise
    return str(killed.phase)


def no_garbage(stage: Stage) -> None:
    """Nothing is left of what was being removed or replaced."""
    copy = stage.copy("a")
    assert not list(copy.rglob("*.neu"))
    assert len(list((copy / "staende").glob("*.aufraeumen.json"))) == 1


def test_killed_at_some_moments(stage: Stage) -> None:
    stage.load("full")
    whole = prune(stage)
    assert whole.rc == 0, (whole, whole.stderr)
    said = [line for line in whole.lines if line.get("event") == "pruned"]
    assert said[0]["repacked"] > 0, json.dumps(said)
    random = Random(SYSTEM)
    total = whole.moments
    tries = 2 if stage.layout == "sealed" else 3
    for number in range(tries):
        at = total * number // tries + random.randint(1, total // tries)
        kill_and_judge(stage, at, by_hand=number == tries - 1, backup_between=number % 2 == 0)


@pytest.mark.kill
def test_killed_at_every_moment(stage: Stage) -> None:
    stage.load("full")
    total = prune(stage).moments
    phases = Counter(
        kill_and_judge(stage, at, by_hand=at % 3 == 0, backup_between=at % 2 == 0)
        for at in range(1, total + 1, STEP[stage.layout])
    )
    print(f"kills of clean-ups ({stage.layout}): {dict(phases)}")
    assert {"survey", "repack", "contents", "delete"} <= set(phases), phases
