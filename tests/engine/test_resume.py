"""What an interrupted run leaves, and what the next one may believe of it (DESIGN §5, "Resuming").

Each test is one thing that went wrong once or that a kill at a random moment seldom meets: a set-up
that hardly began, acknowledged objects that the disk lost afterwards, a torn journal, a run that
read much and stored nothing.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import Code, Exit
from tests.engine import handreader
from tests.engine.killdriver import Driver
from tests.engine.killstage import (
    SYSTEM,
    Stage,
    contents_of,
    objects_of,
    quick_folder,
    runs_at,
    states_at,
)
from tests.support import trees

OLD_ENOUGH = 2.2  # seconds: files changed within the last two are read again by every run
SMALL: dict[str, float] = {"job_files": 4, "sync_seconds": 0.0}
DURABLE = {**SMALL, "barrier_seconds": 0.0}


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as prepared:
        yield prepared


@pytest.fixture(scope="module", params=["tree", "bundled"])
def one_stage(request: pytest.FixtureRequest, driver: Driver) -> Iterator[Stage]:
    with quick_folder("resume") as root:
        made = Stage(root, driver, ids=("a",), layout=request.param)
        trees.shop_tree(made.source, seed=11, files=30)
        made.keep_source("day0", "day1", next_day)
        time.sleep(OLD_ENOUGH)
        made.save("leer")
        yield made


@pytest.fixture
def stage(one_stage: Stage) -> Stage:
    """Nothing was copied yet; the source is that of day 0."""
    one_stage.load("leer")
    one_stage.use_source("day0")
    return one_stage


def next_day(source: Path) -> None:
    trees.mutate(source, seed=11, day=1)
    (source / "kasse.sqlite").write_bytes(b"SQLite format 3\0" * 500)


def interrupted_run(stage: Stage) -> Path:
    """The folder of the one run that has no record yet."""
    copy = stage.copy("a")
    (run,) = runs_at(copy) - states_at(copy).keys()
    return copy / "daten" / run


def journal_of(stage: Stage) -> Path:
    (journal,) = (stage.home / "state" / "journal").rglob("*.journal")
    return journal


# ------------------------------------------------------------------ set-up


def test_set_up_killed_at_every_moment_begins_anew(stage: Stage) -> None:
    for at in range(1, 10_000):
        stage.load("leer")
        killed = stage.run("backup", watch=stage.watch, kill_at=at)
        if "scan" in killed.phases:
            break
        stage.run("backup", expect=0)
        stage.check_states(by_hand=False)
    assert at > 20


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.kill)])
def test_set_up_of_an_encrypted_copy_killed_at_every_moment(driver: Driver, step: int) -> None:
    """Whatever half a set-up leaves is neither a wrong key nor a foreign vault, and not two."""
    with quick_folder("resume") as root:
        stage = Stage(root, driver, ids=("a",), layout="sealed")
        (stage.source).mkdir()
        (stage.source / "preise.csv").write_text("Tasse;10,00")
        stage.save("leer")
        for at in range(1, 10_000, step):
            stage.load("leer")
            killed = stage.run("backup", watch=stage.watch, kill_at=at)
            stage.check_no_orphans()
            if "scan" in killed.phases:
                break
            stage.run("backup", expect=0)
            assert len(list((stage.places["a"] / SYSTEM).glob("tresor-*"))) == 1
            stage.check_states(by_hand=False)
        assert at > 20


def test_a_copy_that_was_there_once_is_never_set_up_again(stage: Stage) -> None:
    """Not even before its first state: an empty folder may be a mount point without its disk."""
    stage.kill_in("objects", {})
    stage.copy("a").rename(stage.root / "woanders")
    refused = stage.run("backup", expect=Exit.DESTINATION_UNREACHABLE)
    assert refused.results[0]["code"] == Code.DESTINATION_EMPTIED
    stage.copy("a").mkdir()
    (stage.root / "woanders/schreiber").rename(stage.copy("a") / "schreiber")
    refused = stage.run("backup", expect=Exit.DESTINATION_REFUSED)
    assert refused.results[0]["code"] == Code.DESTINATION_FOREIGN
    assert not (stage.copy("a") / "tresor.json").exists()
    shutil.rmtree(stage.root / "woanders")


# ------------------------------------------------------------------ acknowledged, and lost


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("lose", [zero, cut_in_half, Path.unlink])
def test_what_the_disk_lost_after_its_acknowledgement_is_stored_again(
    stage: Stage, lose: Callable[[Path], None]
) -> None:
    """No barrier came after these objects: they are read again, and not believed."""
    stage.kill_in("contents", SMALL)
    run = interrupted_run(stage)
    objects = objects_of(stage.copy("a"), run.name)
    acknowledged = stage.acknowledged("a")
    assert len(acknowledged) > 20
    lost = sorted(path for path in objects if (run / path).stat().st_size > 100)[::3]
    for path in lost:
        lose(run / path)
    places = {f"{run.name}/{path}" for path in lost}
    bundles = {sha for path, sha in objects.items() if path.endswith(".zip")}
    contents = {sha for sha, at in acknowledged.items() if at in places} - bundles
    healing = stage.check_healed(by_hand=True)
    note = next(line for line in healing.lines if line.get("note") == "resumed")
    assert 0 < note["objects"] < len(objects) - len(lost) + 1
    again = set().union(*(contents_of(stage.copy("a"), r) for r in runs_at(stage.copy("a"))))
    assert contents
    assert contents <= again


@pytest.mark.parametrize("lose", [cut_in_half, Path.unlink])
def test_what_lay_before_a_barrier_is_believed_by_its_size_only(
    stage: Stage, lose: Callable[[Path], None]
) -> None:
    stage.kill_in("contents", DURABLE)
    run = interrupted_run(stage)
    objects = objects_of(stage.copy("a"), run.name)
    lost = sorted(path for path in objects if (run / path).stat().st_size > 100)[::3]
    for path in lost:
        lose(run / path)
    stage.check_healed(by_hand=True)


def test_a_journal_torn_anywhere_counts_up_to_there(stage: Stage) -> None:
    stage.kill_in("contents", SMALL)
    stage.save("gestorben")
    whole = journal_of(stage).read_bytes()
    taken = []
    for length in (0, 3, 20, 60, *range(100, len(whole), len(whole) // 7), len(whole) - 1):
        stage.load("gestorben")
        journal_of(stage).write_bytes(whole[:length])
        taken.append(len(stage.acknowledged("a")))
        stage.check_healed(by_hand=False)
    stage.load("gestorben")
    journal_of(stage).write_bytes(whole[:200] + b"\xff" + whole[201:])
    stage.check_healed(by_hand=False)
    assert taken == sorted(taken)
    assert taken[0] == 0 < taken[-1]


def test_killed_again_and_again(stage: Stage) -> None:
    """Each run goes on where the last one died: nothing acknowledged is ever stored again."""
    stage.run("backup", expect=0)
    stage.learn()
    stage.use_source("day1")
    total = stage.run("backup", watch=stage.watch, settings=SMALL, expect=0).moments
    stage.load("leer")
    stage.use_source("day0")
    stage.run("backup", expect=0)
    stage.learn()
    stage.use_source("day1")
    ever: set[str] = set()
    for at in range(total // 4, total * 3 // 4, 8):
        before = runs_at(stage.copy("a"))
        stage.run("backup", watch=stage.watch, kill_at=at, settings=SMALL)
        for run in runs_at(stage.copy("a")) - before:
            again = ever & set(objects_of(stage.copy("a"), run).values())
            assert not again, f"{run}: {again}"
        ever |= set(stage.acknowledged("a"))
        stage.check_states(by_hand=False)
    assert len(ever) > 5
    stage.check_healed(by_hand=True)


# ------------------------------------------------------------------ read, but nothing stored


def test_a_run_that_stores_nothing_leaves_no_trace_of_a_folder(stage: Stage) -> None:
    """A file that is read in every run (its times cannot be believed) costs no rebuilding."""
    stage.use_source("day1")  # has such a file
    stage.run("backup", expect=0)
    for _ in range(3):
        again = stage.run("backup", expect=0)
        assert again.results[0]["outcome"] == "unchanged"
        assert "rebuild" not in again.phases
    assert len(runs_at(stage.copy("a"))) == 1
    stage.check_states(by_hand=False)


# ------------------------------------------------------------------ partial states


def test_partial_states_of_a_second_day_restore(stage: Stage) -> None:
    """Where the scan was stands the new day, elsewhere the old one; folders have gone since."""
    stage.run("backup", expect=0)
    stage.learn()
    stage.use_source("day1")
    whole = stage.run("backup", settings={**SMALL, "partial_after": 0.0}, expect=0)
    stage.learn()
    states = states_at(stage.copy("a"))
    partial = [run for run in states if not states[run]["vollstaendig"]]
    assert len(partial) > 5
    for run in partial:
        stage.check_restore("a", run, partial=True)
        handreader.restore(stage.copy("a"), run, stage.new_folder())
    assert whole.results[0]["complete"]
    stage.check_states(by_hand=True)
