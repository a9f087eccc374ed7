"""A shop whose days pass at once: the engine on a clock that a test turns, without a process."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from core.copies import jobs
from core.copies.bringing_back.adopt import adopt
from core.copies.bringing_back.restore import restore
from core.copies.bringing_back.wishes import Wish
from core.copies.desk import Desk
from core.copies.events import Silence
from core.copies.format.copy_folder import CopyFolder, State
from core.copies.jobs import Request
from core.copies.letting_go import pruning
from core.copies.letting_go.pruning import Pruned
from core.copies.looking_after.verify import Verdict, verify
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Reach, Where, where_of
from core.paths import Home, find_home
from core.plan.locations import LocalLocation
from core.plan.model import Keep, Plan
from core.plan.read import read_plan
from core.secrets.recovery import Pair, new_pair
from tests.engine import handreader
from tests.engine.stage import Layout, plan_text
from tests.support import keys
from tests.support.fixed_clock import FixedClock
from tests.support.snapshots import Snapshot, compare, snapshot

KEEP = Keep(daily=3, weekly=2, monthly=2, yearly=1)


class Hears(Silence):
    """Keeps the kinds of what was noted; raises where a test wants a job to end."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.at_phase: Callable[[str], None] = lambda phase: None

    def phase(self, phase: str, *, system: str, destination: str) -> None:
        self.at_phase(phase)

    def note(self, kind: str, /, **params: str | int) -> None:
        self.notes.append(kind)


@dataclass(slots=True)
class Days:
    """One source, one disk, one copy; `expected` is what stood in the source, by run."""

    root: Path
    layout: Layout = "tree"
    clock: FixedClock = field(default_factory=FixedClock)
    expected: dict[str, Snapshot] = field(default_factory=dict)
    listener: Hears = field(default_factory=Hears)
    pair: Pair = field(default_factory=new_pair)
    keep: Keep = KEEP
    home: Home = field(init=False)
    plan: Plan = field(init=False)
    _numbers: int = 0

    def __post_init__(self) -> None:
        for folder in (self.source, self.disk):
            folder.mkdir(parents=True)
        text = plan_text([self.source], {"platte": self.disk}, layouts={"platte": self.layout})
        self.plan = read_plan(text, source="plan")
        self.text = text.encode()
        self.home = find_home(str(self.root / "home"))

    text: bytes = b""

    @property
    def source(self) -> Path:
        return self.root / "shop"

    @property
    def disk(self) -> Path:
        return self.root / "platte"

    @property
    def folder(self) -> Path:
        return self.disk / "laden"

    @property
    def name(self) -> CopyName:
        return CopyName("laden", "Laden-PC", "platte", self.where.layout)

    @property
    def where(self):  # type: ignore[no-untyped-def]
        return where_of(self.plan.destination("platte"))

    @contextlib.contextmanager
    def desk(self) -> Iterator[Desk]:
        reach = Reach(self.home, lambda _: self.pair, lambda: False)
        try:
            with jobs.open_desk(self.home, self.clock, self.listener, lambda: False, reach) as desk:
                yield desk
        finally:
            reach.close()

    def back_up(self) -> str:
        """One run now; its name. What the source holds is remembered."""
        with self.desk() as desk:
            result = jobs.back_up_all(desk, self.plan, self.text, Request())[0]
        assert result.error is None, result.error
        assert result.written is not None
        self.expected[result.run] = snapshot(self.source, with_root=True)
        return result.run

    def pass_days(self, days: float = 1) -> None:
        self.clock.pass_by(days=days)

    def prune(self, *give_up: str) -> Pruned:
        with self.desk() as desk:
            return pruning.prune(desk, self.name, self.where, self.keep, give_up)

    def look(self, *give_up: str) -> Pruned:
        with self.desk() as desk, self.reached(desk) as copy:
            return pruning.look(desk, copy, self.name, self.keep, give_up)

    @contextlib.contextmanager
    def reached(self, desk: Desk) -> Iterator[CopyFolder]:
        reached = desk.reach.open(self.where, "laden")
        try:
            yield reached.copy
        finally:
            reached.close()

    def states(self) -> list[State]:
        with self.desk() as desk, self.reached(desk) as copy:
            return copy.states().states

    def verify(self) -> Verdict:
        with self.desk() as desk, self.reached(desk) as copy:
            known = [record.run for record in jobs.known_states(desk, "laden", "platte")]
            return verify(copy, Silence(), lambda: False, depth="full", expected_states=known)

    def check(self, *, by_hand: bool = False) -> list[str]:
        """Every state that is there restores byte for byte, and the copy is sound; its runs."""
        verdict = self.verify()
        assert verdict.is_sound, verdict.damage
        with self.desk() as desk, self.reached(desk) as copy:
            states = copy.states().states
            for state in states:
                into = self._new_folder()
                report = restore(copy, state, states, into, Wish(), Silence(), lambda: False)
                assert not report.failed, (state.run, report.failed)
                self._compare(into, state.run, xattrs=True)
        if by_hand:
            for state in states:
                self._check_by_hand(state.run)
        return [state.run for state in states]

    def _check_by_hand(self, run: str) -> None:
        folder = self.folder
        if self.layout == "sealed":
            folder = self._new_folder()
            keys.open_by_hand(self.folder, self.pair, folder)
        into = self._new_folder()
        handreader.restore(folder, run, into)
        self._compare(into, run, xattrs=False)

    def _new_folder(self) -> Path:
        self._numbers += 1
        return self.root / f"zurueck-{self._numbers}"

    def _compare(self, into: Path, run: str, *, xattrs: bool) -> None:
        found = snapshot(into / "shop", with_root=True)
        differences = compare(self.expected[run], found, xattrs=xattrs)
        assert not differences, (run, differences[:5])
        shutil.rmtree(into)

    def new_pc(self) -> None:
        """Everything of ours is lost but the disk; the next home adopts it and writes there."""
        self.home = find_home(str(self._new_folder()))
        with self.desk() as desk:
            adopt(desk, Where("", LocalLocation(path=self.folder)), take_over=True, pair=self.pair)

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def runs(states: Sequence[State]) -> list[str]:
    return [state.run for state in states]


def day_of(days: float) -> timedelta:
    return timedelta(days=days)
