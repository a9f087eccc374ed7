"""The power goes: what was not flushed is forgotten or kept at random (issue 2, "Must hold" 3).

The destination is a disk whose plug can be pulled (`tests.support.powercut`), the home survives.
Whatever the moment of the first run, of a second day or of a run that resumes an earlier cut: each
state whose record survived restores byte-equal, and the next run on the disk, plugged in again,
heals. Two ways to lose the disk: with the PC's own power, and alone (the program sees it go).
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from core.errors import Exit
from tests.engine.killdriver import Driver, Outcome
from tests.engine.killstage import SYSTEM, Stage, objects_of, quick_folder, states_at
from tests.support import trees
from tests.support.disks import requires_fuse
from tests.support.powercut import PowerCutDisk
from tests.support.shop import DUMP

pytestmark = [pytest.mark.root, requires_fuse]

Mode = Literal["forget", "random"]
STARTS = ("first", "second", "resumed")
OLD_ENOUGH = 2.2  # seconds: files changed within the last two are read again by every run
# Several jobs, each acknowledged; then also with a barrier after each.
SMALL: dict[str, float] = {"job_files": 4, "sync_seconds": 0.0, "parts_from": 1 << 20}
DURABLE = {**SMALL, "barrier_seconds": 0.0}


@dataclass(frozen=True, slots=True)
class Cut:
    """One loss of power. at: after so many changes of the disk."""

    seed: int
    start: str
    at: int
    mode: Mode
    whole_pc: bool
    settings: dict[str, float]

    @classmethod
    def of(cls, seed: int, totals: dict[str, int]) -> Cut:
        """Every fourth lies in the commit, the others anywhere."""
        random = Random(f"cut {seed}")
        start = STARTS[seed % 3]
        first = max(1, totals[start] - 25) if seed % 4 == 3 else 1
        return cls(
            seed,
            start,
            random.randint(first, totals[start]),
            random.choice(("forget", "random")),
            whole_pc=random.random() < 0.5,
            settings=random.choice((SMALL, DURABLE, {})),
        )


@dataclass(slots=True)
class Bench:
    """One disk and one home that are put back to where a run sets out."""

    disk: PowerCutDisk
    stage: Stage
    shelf: Path
    totals: dict[str, int] = field(default_factory=dict)
    expected: dict[str, dict[str, trees.Snapshot]] = field(default_factory=dict)
    cuts: Counter[str] = field(default_factory=Counter)

    # -- the disk is unplugged between all of these -------------------------------------------

    def save(self, start: str) -> None:
        shutil.copytree(self.disk.after(), self.shelf / start / "platter", symlinks=True)
        shutil.copytree(self.stage.home, self.shelf / start / "home", symlinks=True)
        self.expected[start] = dict(self.stage.expected)

    def plug_in(self, start: str) -> None:
        """The disk and the home as they were at this start; the disk is on."""
        if self.disk.is_alive():  # a test failed meanwhile
            self.disk.unmount()
        for saved, part in (("platter", self.disk.after()), ("home", self.stage.home)):
            shutil.rmtree(part)
            shutil.copytree(self.shelf / start / saved, part, symlinks=True)
        self.stage.expected = dict(self.expected[start])
        self.disk.remount()

    def prepare(self) -> None:
        stage, disk = self.stage, self.disk
        trees.shop_tree(stage.source, seed=3, files=24, big_mib=2)
        time.sleep(OLD_ENOUGH)
        disk.unmount()
        self.save("first")
        self.totals["first"] = self.measure("first")
        stage.learn()
        disk.unmount()
        self.save("second")
        trees.mutate(stage.source, seed=3, day=1)
        stage.source_changed()
        time.sleep(OLD_ENOUGH)
        self.totals["second"] = self.measure("second")
        disk.unmount()
        # A run cut late in its objects is what the third start goes on with.
        self.plug_in("second")
        disk.cut_after(self.totals["second"] * 2 // 3, "random", seed=3)
        stage.driver.start("backup", home=stage.home, settings=SMALL)
        self.lose_power(whole_pc=True)
        self.save("resumed")
        self.totals["resumed"] = self.measure("resumed")
        disk.unmount()

    def measure(self, start: str) -> int:
        """How many changes an undisturbed run makes."""
        self.plug_in(start)
        self.stage.run("backup", expect=0, settings=SMALL)
        return self.disk.changes()

    def lose_power(self, *, whole_pc: bool, pid: int = 0) -> Outcome:
        """Wait for the armed cut, or for the end of the run; the PC dies with the disk or lives."""
        if whole_pc and pid:
            while self.disk.is_alive() and _is_running(pid):
                time.sleep(0.001)
            os.kill(pid, signal.SIGKILL)
        ended = self.stage.driver.finish()
        if ended.rc != 0:
            assert self.disk.wait_for_cut(10), f"{ended}: {ended.stderr} {ended.lines[-3:]}"
        return ended

    def cut_and_judge(self, cut: Cut, *, by_hand: bool) -> None:
        """Cut, see what survived, heal."""
        stage, disk = self.stage, self.disk
        self.plug_in(cut.start)
        before = set(states_at(stage.copy("a")))
        disk.cut_after(cut.at, cut.mode, seed=cut.seed)
        pid = stage.driver.start("backup", home=stage.home, settings=cut.settings)
        ended = self.lose_power(whole_pc=cut.whole_pc, pid=pid)
        if ended.rc == 0:  # the run was over before
            disk.cut(cut.mode, seed=cut.seed)
        elif not cut.whole_pc:
            assert ended.rc == Exit.DESTINATION_UNREACHABLE, (ended, ended.stderr)
        platter = stage.open_by_hand(disk.after() / SYSTEM, stage.root / "danach")
        try:
            assert before <= states_at(platter).keys(), "a state is gone"
            if ended.rc == 0:
                assert len(states_at(platter)) > len(before), "acknowledged, but gone"
            stage.source_snapshot()
            disk.remount()
            stage.check_states(by_hand=by_hand)
            stage.check_healed(by_hand=by_hand, newest_only=True)
        except BaseException as error:
            error.add_note(f"{cut}; run: {ended}")
            raise
        disk.unmount()
        self.cuts[f"{cut.start} {ended.phase}"] += 1

    def bring_back_without_home(self, disk: Path, states: Iterable[str], *, by_hand: bool) -> None:
        """A PC that knows nothing adopts what is on this disk and restores each state."""
        stage = self.stage
        home = stage.new_folder()
        stage.driver.run("adopt", disk, home=home, expect=0)
        for run in states:
            expected = stage.expected.setdefault(run, stage.source_snapshot())
            into = stage.new_folder()
            stage.driver.run("restore", SYSTEM, "--at", run, "--into", into, home=home, expect=0)
            found = trees.snapshot(into / stage.source.name, with_root=True)
            assert trees.compare(expected, found) == [], (disk, run)
            shutil.rmtree(into)
            if by_hand:
                stage.check_by_hand(disk / SYSTEM, run)
        shutil.rmtree(home)


def _is_running(pid: int) -> bool:
    """Whether this process has not ended (nobody has waited for it yet, so it is still there)."""
    text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return text[text.rindex(")") + 2] not in "ZX"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with quick_folder("powercut") as root, PowerCutDisk() as disk, Driver() as driver:
        stage = Stage(root, driver, ids=("a",), places={"a": disk.mount})
        made = Bench(disk, stage, root / "abgelegt")
        made.prepare()
        yield made


def test_power_lost_at_some_moments(bench: Bench) -> None:
    for seed in range(15):
        bench.cut_and_judge(Cut.of(seed, bench.totals), by_hand=seed % 5 == 0)


@pytest.fixture(scope="module", params=["bundled", "sealed"])
def packed(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """What is shipped through the cipher is flushed as well."""
    with quick_folder("powercut") as root, PowerCutDisk() as disk, Driver() as driver:
        stage = Stage(root, driver, ids=("a",), places={"a": disk.mount}, layout=request.param)
        made = Bench(disk, stage, root / "abgelegt")
        made.prepare()
        yield made


def test_power_lost_at_some_moments_of_packed_copies(packed: Bench) -> None:
    for seed in range(300, 304):
        packed.cut_and_judge(Cut.of(seed, packed.totals), by_hand=seed % 3 == 0)


@pytest.mark.kill
def test_power_lost_at_many_moments_of_packed_copies(packed: Bench) -> None:
    for seed in range(400, 510):
        packed.cut_and_judge(Cut.of(seed, packed.totals), by_hand=seed % 3 == 0)
    print(f"cuts ({packed.stage.layout}): {dict(packed.cuts)}")


def test_power_lost_right_after_a_packed_run(packed: Bench) -> None:
    """What the program called done is on the disk, whoever wrote it there."""
    for start in ("first", "second"):
        packed.plug_in(start)
        packed.stage.run("backup", expect=0, settings=SMALL)
        lost = packed.disk.cut("forget")
        packed.disk.remount()
        try:
            assert packed.stage.check_states(by_hand=start == "second") > 0
        except BaseException as error:
            error.add_note(f"{start}: {lost[:20]}")
            raise
        packed.disk.unmount()


@pytest.mark.kill
def test_power_lost_at_many_moments(bench: Bench) -> None:
    for seed in range(100, 225):
        bench.cut_and_judge(Cut.of(seed, bench.totals), by_hand=seed % 3 == 0)
    print(f"cuts: {dict(bench.cuts)}")


@pytest.mark.kill
@pytest.mark.parametrize("mode", ["forget", "random"])
def test_what_each_moment_would_have_left(bench: Bench, mode: Mode, tmp_path: Path) -> None:
    """One run of a second day, photographed at every other change and at each of the last forty."""
    bench.plug_in("second")
    before = set(states_at(bench.stage.copy("a")))
    last = bench.totals["second"]
    photos = {at: tmp_path / f"foto-{at}" for at in range(1, last + 20) if at % 2 or at > last - 40}
    bench.disk.photograph_at(photos, mode, seed=1000)
    bench.stage.run("backup", expect=0, settings=DURABLE)
    bench.disk.unmount()
    taken = [at for at in photos if photos[at].exists()]
    assert len(taken) > 50
    committed = 0
    for at in taken:
        states = states_at(photos[at] / SYSTEM).keys()
        assert before <= states, at
        committed += len(states) > len(before)
        bench.bring_back_without_home(photos[at], states, by_hand=at % 5 == 0)
        shutil.rmtree(photos[at])
    assert 0 < committed < len(taken)


@pytest.mark.parametrize("settings", [SMALL, DURABLE], ids=["small", "durable"])
def test_power_lost_right_after_the_run(bench: Bench, settings: dict[str, float]) -> None:
    """What the program called done is on the disk, whatever the order of its barriers."""
    for start in STARTS:
        bench.plug_in(start)
        bench.stage.run("backup", expect=0, settings=settings)
        lost = bench.disk.cut("forget")
        bench.disk.remount()
        try:
            bench.stage.check_states(by_hand=start == "second")
        except BaseException as error:
            error.add_note(f"{start}: {lost[:20]}")
            raise
        bench.disk.unmount()


def test_power_lost_while_a_copy_is_laid_out(bench: Bench) -> None:
    for at in (1, 2, 4, 7, 9, 14):
        mode: Mode = "random" if at % 2 else "forget"
        cut = Cut(at, "first", at, mode, whole_pc=at % 3 == 0, settings={})
        bench.cut_and_judge(cut, by_hand=False)


def test_power_lost_after_a_run_that_stored_only_parts(bench: Bench) -> None:
    """The one object lies in a folder of its own, in a run folder nothing else has made."""
    bench.plug_in("first")
    bench.stage.run("backup", expect=0, settings=SMALL)
    bench.stage.learn()
    dump = bench.stage.source / DUMP
    status, whole = dump.stat(), dump.read_bytes()
    try:
        dump.write_bytes(whole[:900_000] + b"neu" * 1000 + whole[903_000:])
        bench.stage.source_changed()
        time.sleep(OLD_ENOUGH)
        again = bench.stage.run("backup", expect=0, settings=SMALL)
        assert objects_of(bench.stage.copy("a"), again.results[0]["run"])
        bench.disk.cut("forget")
        bench.disk.remount()
        bench.stage.check_states(by_hand=True)
        bench.disk.unmount()
    finally:
        dump.write_bytes(whole)
        os.utime(dump, ns=(status.st_atime_ns, status.st_mtime_ns))
        bench.stage.source_changed()


@pytest.mark.parametrize("at", [30, 95, 147])
def test_of_two_disks_one_goes_and_the_other_is_finished(at: int) -> None:
    with (
        quick_folder("powercut") as root,
        PowerCutDisk() as lost,
        PowerCutDisk() as kept,
        Driver() as driver,
    ):
        stage = Stage(root, driver, places={"a": lost.mount, "b": kept.mount})
        trees.shop_tree(stage.source, seed=4, files=40)
        lost.cut_after(at, "forget")
        ended = stage.run("backup", settings=DURABLE)
        assert lost.wait_for_cut(10)
        outcomes = {line["destination"]: line["outcome"] for line in ended.results}
        assert outcomes == {"a": "failed", "b": "committed"}, ended.results
        assert ended.rc == Exit.PARTLY
        lost.remount()
        stage.check_healed(by_hand=False)
