"""SIGKILL at every moment: what is committed stays whole, the next run heals (issue 2, "Must hold 2").

Two series. In the first a run is repeated for each of its moments and dies before that one
(`killdriver`); nothing is left to chance. In the second real processes are killed from outside at
seeded times, with their whole group or alone, small trees and such as are read by several processes.
Every kill is judged alike: no orphan, all states restore byte-equal by the program and by the
copy's own script, the next run is complete and stores nothing again that was acknowledged.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from tests.engine.killdriver import Driver
from tests.engine.killstage import Stage, quick_folder
from tests.support import trees

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")

PHASES = ("scan", "objects", "contents", "list", "record", "index")
Start = Literal["first", "second", "resumed"]
Size = Literal["plain", "small", "durable"]

# "plain": one job holds the whole tree. "small": several jobs, each acknowledged, dump in parts.
# "durable": a barrier after each job, too.
_SMALL = {"job_files": 4, "sync_seconds": 0.0, "parts_from": 1 << 20}
SETTINGS: dict[Size, dict[str, float]] = {
    "plain": {},
    "small": _SMALL,
    "durable": {**_SMALL, "barrier_seconds": 0.0},
}
OLD_ENOUGH = 2.2  # seconds: files changed within the last two are read again by every run


# ------------------------------------------------------------------ every moment


@dataclass(slots=True)
class Series:
    """One tree and its next day, and from where the killed run sets out."""

    stage: Stage
    settings: dict[str, float]

    def prepare(self) -> None:
        """Put aside: nothing yet, the first day, the first day with a run killed late in it."""
        stage = self.stage
        trees.shop_tree(stage.source, seed=5, files=18, big_mib=2)
        time.sleep(OLD_ENOUGH)
        stage.save("first")
        stage.run("backup", expect=0, settings=self.settings)
        stage.learn()
        trees.mutate(stage.source, seed=5, day=1)
        stage.source_changed()
        time.sleep(OLD_ENOUGH)
        stage.save("second")
        # The last but one moment with phase "objects": all jobs are done and acknowledged.
        for at in range(1, 10_000):
            stage.load("second")
            killed = stage.run("backup", watch=stage.watch, kill_at=at, settings=self.settings)
            if killed.phase == "contents":
                break
        stage.save("resumed")

    def total(self, start: Start) -> int:
        """How many moments an undisturbed run has."""
        self.begin(start)
        return self.stage.run(
            "backup", watch=self.stage.watch, settings=self.settings, expect=0
        ).moments

    def begin(self, start: Start) -> None:
        self.stage.load(start)

    def kill_and_judge(self, start: Start, at: int, *, by_hand: bool) -> str:
        """Kill before this moment, check all that must hold; returns the phase it died in."""
        stage = self.stage
        self.begin(start)
        killed = stage.run("backup", watch=stage.watch, kill_at=at, settings=self.settings)
        assert killed.killed, killed
        try:
            stage.check_states(by_hand=by_hand)
            stage.check_healed(by_hand=by_hand and at % 4 == 0)
        except BaseException as error:
            error.add_note(f"{start}, killed: {killed}")
            raise
        return killed.phase


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as prepared:
        yield prepared


@pytest.fixture(scope="module", params=["plain", "small", "durable"])
def series(request: pytest.FixtureRequest, driver: Driver) -> Iterator[Series]:
    with quick_folder("kill") as root:
        made = Series(Stage(root, driver), SETTINGS[request.param])
        made.prepare()
        yield made


@pytest.mark.parametrize("start", ["first", "second", "resumed"])
def test_killed_at_some_moments(series: Series, start: Start) -> None:
    total = series.total(start)
    for number, at in enumerate(_spread(total, 7, seed=f"{start} {series.settings}")):
        series.kill_and_judge(start, at, by_hand=number == 3)


def _spread(total: int, number: int, *, seed: str) -> Iterable[int]:
    """Moments over the whole length, one at random from each of so many equal pieces."""
    random = Random(seed)
    piece = total / number
    return [int(piece * n) + random.randint(1, max(1, int(piece))) for n in range(number)]


@pytest.mark.kill
@pytest.mark.parametrize("start", ["first", "second", "resumed"])
def test_killed_at_every_moment(
    series: Series, start: Start, record_testsuite_property: object
) -> None:
    kills: Counter[str] = Counter()
    for at in range(1, series.total(start) + 1):
        kills[series.kill_and_judge(start, at, by_hand=True)] += 1
    print(f"kills ({start}): {dict(kills)}")
