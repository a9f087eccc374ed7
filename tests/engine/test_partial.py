"""A run of many hours commits on the way: restorable, named as partial, never the one to count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.clock import SystemClock, stamp
from core.copies.backing_up.assignment import Assignment
from core.copies.backing_up.backup import back_up
from core.copies.bringing_back.restore import restore
from core.copies.bringing_back.wishes import Wish
from core.copies.desk import Desk
from core.copies.events import Silence
from core.copies.format.copy_folder import CopyFolder
from core.copies.jobs import last_success, open_desk
from core.copies.looking_after.verify import verify
from core.copies.opening.finding import pick_state
from core.copies.opening.reach import Where
from core.destinations.local import LocalFolder
from core.paths import Home
from core.plan.locations import LocalLocation
from core.plan.model import Copy
from core.sources.folders import Root
from core.sources.patterns import compile_rules
from tests.support.keys import no_keys
from tests.support.trees import compare, mutate, shop_tree, snapshot


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    with open_desk(home, SystemClock(), Silence(), lambda: False, no_keys(home)) as desk:
        yield desk


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    source = tmp_path / "shop"
    shop_tree(source, seed=5, files=80)
    disks = [tmp_path / name for name in ("a", "b")]
    for disk in disks:
        disk.mkdir()
    return Assignment(
        system="laden",
        system_name="Laden-PC",
        roots=(Root(b"shop", bytes(source), compile_rules((), ())),),
        destinations=tuple(Where(disk.name, LocalLocation(path=disk)) for disk in disks),
        own_files={"plan.toml": b"version = 1\n"},
        own_fingerprint="1",
        own_places=(),
        partial_after=-1.0,  # commit after every folder
    )


def _copy(assignment: Assignment, number: int) -> CopyFolder:
    where = assignment.destinations[number]
    return CopyFolder(LocalFolder(where.id, Path(where.location.address), "laden"))


def test_partial_states_come_before_the_whole_one(
    desk: Desk, assignment: Assignment, tmp_path: Path
) -> None:
    results = back_up(desk, assignment)
    assert all(result.error is None for result in results)
    for number in (0, 1):
        copy = _copy(assignment, number)
        states = copy.states().states
        assert len(states) > 3
        assert [state.record.complete for state in states] == [False] * (len(states) - 1) + [True]
        files = [state.record.files for state in states]
        assert files == sorted(files)
        verdict = verify(copy, Silence(), lambda: False, depth="full")
        assert verdict.is_sound, verdict.damage
        assert pick_state(states, None, "laden").state.record.complete


def test_every_partial_state_restores_what_it_names(
    desk: Desk, assignment: Assignment, tmp_path: Path
) -> None:
    back_up(desk, assignment)
    expected = snapshot(tmp_path / "shop")
    copy = _copy(assignment, 0)
    states = copy.states().states
    for state in states:
        into = tmp_path / "out" / state.run
        report = restore(copy, state, states, into, Wish(), Silence(), lambda: False)
        assert not report.failed
        got = snapshot(into / "shop") if (into / "shop").exists() else {}
        files = {path: entry for path, entry in got.items() if entry.kind == "file"}
        assert all(expected[path].sha256 == entry.sha256 for path, entry in files.items())
        assert len(files) == state.record.files
    assert compare(expected, snapshot(tmp_path / "out" / states[-1].run / "shop")) == []


def test_the_next_day_builds_on_it(desk: Desk, assignment: Assignment, tmp_path: Path) -> None:
    back_up(desk, assignment)
    mutate(tmp_path / "shop", seed=5, day=2)
    whole = replace(assignment, partial_after=3600.0)
    results = back_up(desk, whole)
    assert all(result.error is None for result in results)
    copy = _copy(assignment, 1)
    states = copy.states().states
    into = tmp_path / "out"
    restore(copy, states[-1], states, into, Wish(), Silence(), lambda: False)
    assert compare(snapshot(tmp_path / "shop"), snapshot(into / "shop")) == []


def test_only_whole_states_count_as_a_good_run(desk: Desk, assignment: Assignment) -> None:
    back_up(desk, assignment)
    runs = [row for row in desk.store.runs() if row.destination == "a"]
    assert {row.status for row in runs[:-1]} == {"PARTIAL"}
    assert runs[-1].status in ("COMMITTED", "UNCHANGED")
    copy = Copy(system="laden", destination="a")
    last = last_success(desk.store, copy)
    assert last is not None
    assert stamp(last) == runs[-1].began
