"""The power goes during a clean-up: what was not flushed is forgotten or kept at random.

Names that were removed may be back, in any order, up to the last barrier. Whatever is left: every
state whose record survived restores byte-equal, and the next clean-up ends the work.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.engine.killdriver import Driver
from tests.engine.killstage import SYSTEM, Stage, quick_folder, states_at
from tests.engine.stage import LAYOUTS
from tests.engine.test_prune_kill import SETTINGS, STAY, PruneStage, live, no_garbage, prune
from tests.support.disks import requires_fuse
from tests.support.powercut import PowerCutDisk

pytestmark = [pytest.mark.root, requires_fuse]


@dataclass(slots=True)
class Bench:
    """A disk with six states of which three are to go, and how many changes that takes."""

    disk: PowerCutDisk
    stage: Stage
    shelf: Path
    total: int = 0
    cuts: Counter[str] = field(default_factory=Counter)

    def prepare(self) -> None:
        live(self.stage)
        self.disk.unmount()
        for name, part in (("platter", self.disk.after()), ("home", self.stage.home)):
            shutil.copytree(part, self.shelf / name, symlinks=True)
        self.plug_in()
        prune(self.stage, watch=False)
        self.total = self.disk.changes()
        self.disk.unmount()

    def plug_in(self) -> None:
        if self.disk.is_alive():  # a test failed meanwhile
            self.disk.unmount()
        for saved, part in (("platter", self.disk.after()), ("home", self.stage.home)):
            shutil.rmtree(part)
            shutil.copytree(self.shelf / saved, part, symlinks=True)
        self.disk.remount()

    def cut_and_judge(self, seed: int, *, by_hand: bool) -> None:
        stage, disk = self.stage, self.disk
        random = Random(f"prune {seed}")
        at, mode = random.randint(1, self.total), random.choice(("forget", "random"))
        self.plug_in()
        before = sorted(states_at(stage.copy("a")))
        disk.cut_after(at, mode, seed=seed)  # type: ignore[arg-type]  # one of the two modes
        stage.driver.start("prune", home=stage.home, settings=SETTINGS)
        ended = stage.driver.finish()
        if ended.rc == 0:
            disk.cut(mode, seed=seed)  # type: ignore[arg-type]
        else:
            assert disk.wait_for_cut(10), (ended, ended.stderr)
        left = set(states_at(stage.open_by_hand(disk.after() / SYSTEM, stage.root / "danach")))
        try:
            assert set(before[-STAY:]) <= left
            disk.remount()
            stage.check_states(by_hand=by_hand)
            if seed % 2:
                stage.run("backup", expect=0, settings={"parts_from": 1 << 20})
                stage.learn()
            prune(stage, watch=False)
            assert len(states_at(stage.copy("a"))) == STAY
            stage.check_states(by_hand=False)
            stage.run("verify", "--full", expect=0)
            no_garbage(stage)
        except BaseException as error:
            error.add_note(f"seed {seed}: {mode} after {at} of {self.total}; {ended}")
            raise
        disk.unmount()
        self.cuts[ended.phase if ended.rc else "end"] += 1


@pytest.fixture(scope="module", params=LAYOUTS)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with quick_folder("powercut") as root, PowerCutDisk() as disk, Driver() as driver:
        stage = PruneStage(root, driver, ("a",), places={"a": disk.mount}, layout=request.param)
        made = Bench(disk, stage, root / "abgelegt")
        made.shelf.mkdir()
        made.prepare()
        yield made


def test_power_lost_at_some_moments(bench: Bench) -> None:
    for seed in range(1 if bench.stage.layout == "sealed" else 4):
        bench.cut_and_judge(seed, by_hand=seed == 2)


@pytest.mark.kill
def test_power_lost_at_many_moments(bench: Bench) -> None:
    for seed in range(100, 210):
        bench.cut_and_judge(seed, by_hand=seed % 5 == 0)
    print(f"cuts of clean-ups ({bench.stage.layout}): {dict(bench.cuts)}")
