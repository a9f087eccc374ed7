"""Two years of daily life: what a copy costs stays proportional to what is kept (issue 4, 5).

Thousands of runs, clean-ups and readings with a clock that is turned (`years`). What a copy needs
at least follows from what stood in the source; all bounds are set against that. A leak of one row
or file a run would go far beyond them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.copies.backing_up import comparing, large_files
from core.copies.bringing_back.restore import restore
from core.copies.bringing_back.wishes import Wish
from core.copies.events import Silence
from core.copies.looking_after.verify import verify
from core.copies.opening.reach import where_of
from tests.engine import handreader
from tests.engine.killstage import quick_folder
from tests.engine.years import IDS, Half, Measure, Years
from tests.support.snapshots import compare, snapshot

_PARTS_FROM = 2 << 20


@pytest.fixture
def years(monkeypatch: pytest.MonkeyPatch) -> Iterator[Years]:
    """The dump of the shop is a large file here."""
    for module in (comparing, large_files):
        for name in ("PARTS_FROM", "PARTS_FROM_BUNDLED"):
            monkeypatch.setattr(module, name, _PARTS_FROM)
    with quick_folder("jahre") as root:
        yield Years(root)


def test_four_weeks_of_daily_life(years: Years) -> None:
    years.live(range(28))
    half = years.half(28)
    assert half.runs >= 28 * 5
    check_half(half)
    check_all_states(years, by_hand=1)


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_two_years_of_daily_life(years: Years) -> None:
    halves = []
    for begin in range(0, 728, 91):
        years.live(range(begin, begin + 91))
        halves.append(years.half(begin + 91))
        print("\n".join(table_lines(halves[-1])), flush=True)
        check_half(halves[-1])
    assert years.all_runs >= 3600
    assert years.dropped >= 3400
    assert years.unchanged >= 400
    check_trend(halves[1], halves[-1])
    check_all_states(years, by_hand=2)


def table_lines(half: Half) -> list[str]:
    """Rows of the table in docs/performance.md."""
    return [
        f"| {half.day} | {half.runs} | {one.copy} | {one.states} | {one.needed / 1e6:.1f}"
        f" | {one.stored / 1e6:.1f} | {one.stored / one.needed:.2f} | {one.contents}"
        f" | {one.files} | {one.index_bytes / 1e3:.0f}"
        f" | {half.home_bytes / 1e3:.0f} | {half.cpu_run * 1e3:.0f}"
        f" | {half.cpu_clean_up * 1e3:.0f} |"
        for one in half.copies
    ]


def check_half(half: Half) -> None:
    """At this moment nothing lies there that is not needed, and the books say just what is."""
    for one in half.copies:
        check_copy(one)
        # A file that was moved to another bundle still names the run it came with.
        assert one.rows["run"] <= one.folders + half.source_files, one
    # Hourly or not, 400 days of runs at most, each some hundred bytes in two places.
    assert half.home_bytes < 100_000 + 600 * min(half.runs, 400 * 6), half


def check_copy(one: Measure) -> None:
    assert not one.useless, one.useless[:5]
    assert not one.wasteful, one.wasteful[:5]
    # Large files are whole again weekly in a tree; a bundle may be half dead.
    assert one.stored < 2.0 * one.needed, one
    assert one.own < 0.1 * one.stored, one
    # Each state: a record and at most a list; one clean-up record; marker, claim, three helps.
    paperwork = one.states + one.lists + 1 + 5
    assert one.files <= one.objects + one.folders + paperwork, one
    # A folder holds something needed, or a record that is there names it.
    assert one.folders <= one.objects + one.states, one
    if one.copy == "platte":
        assert one.objects <= one.contents + 5 * one.states, one  # parts in ZIPs, own files
    rows = one.rows
    assert rows["state"] == one.states
    assert rows["data_folder"] == rows["contents_file"] == one.folders
    assert rows["content"] <= one.known
    assert rows["read_back"] <= rows["content"]
    assert (rows["finished"], rows["lost"]) == (0, 0)
    assert rows["base_folder"] <= 2 * rows["folder"]
    assert one.index_bytes < 100_000 + 800 * one.known, one


def check_trend(early: Half, late: Half) -> None:
    """From half a year to two years: what is kept grew, and the cost no faster than that."""
    for before, now in zip(early.copies, late.copies, strict=True):
        kept = max(now.needed / before.needed, now.contents / before.contents, 1.0)
        assert now.states <= 14 + 8 + 24 + 10 + 3
        assert now.stored <= 1.25 * kept * before.stored, (before, now)
        assert now.files <= 1.25 * kept * before.files, (before, now)
        assert now.index_bytes <= 1.25 * kept * before.index_bytes, (before, now)
    copy = (early.copies[0], late.copies[0])
    kept = max(copy[1].files / copy[0].files, late.source_files / early.source_files)
    # CPU time of a busy machine: twice as much is noise, ten times as many runs were lived.
    assert late.cpu_run <= 2 * kept * early.cpu_run, (early, late)
    assert late.cpu_clean_up <= 2 * kept * early.cpu_clean_up, (early, late)


def check_all_states(years: Years, *, by_hand: int) -> None:
    """Every state of every copy restores byte for byte; the oldest and newest by hand as well."""
    years.plug_all()
    for id in IDS:
        with years.desk() as desk:
            reached = desk.reach.open(where_of(years.plan.destination(id)), "laden")
            found = verify(reached.copy, Silence(), lambda: False, depth="full")
            assert found.is_sound, found.damage
            states = reached.copy.states().states
            for state in states:
                into = years.root / "zurück"
                report = restore(
                    reached.copy, state, states, into, Wish(), Silence(), lambda: False
                )
                assert not report.failed, (id, state.run)
                _compare(years, into, state.run)
            reached.close()
        copy = years.opened(id)
        for state in states[:1] + states[-1:] if by_hand > 1 else states[-1:]:
            into = years.root / "von-hand"
            handreader.restore(copy, state.run, into)
            _compare(years, into, state.run)


def _compare(years: Years, into: Path, run: str) -> None:
    differences = compare(years.expected[run], snapshot(into / "shop", with_root=True))
    assert not differences, (run, differences[:5])
    shutil.rmtree(into)
