"""Clean-ups of a copy: what stays restores, what goes is really gone, the books are straight."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.engine.daily import Days
from tests.engine.stage import LAYOUTS, Layout


def change(days: Days, number: int) -> None:
    """A day in the shop: one file stays for ever, one comes every day, one is overwritten."""
    random = Random(number)
    (days.source / "bleibt.txt").write_text("immer da")
    (days.source / f"neu-{number:03}.bin").write_bytes(random.randbytes(30_000))
    (days.source / "kasse.bin").write_bytes(random.randbytes(400_000))
    old = days.source / f"neu-{number - 4:03}.bin"
    old.unlink(missing_ok=True)


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param  # type: ignore[no-any-return]


def live(days: Days, number: int) -> None:
    for day in range(number):
        change(days, day)
        days.back_up()
        days.pass_days()


def test_old_states_go_and_the_rest_restores(tmp_path: Path, layout: Layout) -> None:
    days = Days(tmp_path, layout)
    live(days, 20)
    before = days.size()
    said = days.look()
    done = days.prune()
    assert done.dropped == said.dropped
    assert (done.freed, done.objects) == (said.freed, said.objects)
    left = days.check(by_hand=True)
    assert set(left) == {fate.state.run for fate in done.fates if fate.stays}
    assert 4 <= len(left) < 10
    assert days.size() < before / 2
    again = days.prune()
    assert not again.run
    assert again.dropped == []
    change(days, 21)
    days.listener.notes.clear()
    days.back_up()
    assert days.listener.notes == []
    days.check()


def test_a_new_pc_tells_dropped_from_stolen(tmp_path: Path, layout: Layout) -> None:
    days = Days(tmp_path, layout)
    live(days, 12)
    days.prune()
    days.new_pc()
    days.check()
    change(days, 30)
    days.back_up()
    days.pass_days()
    days.prune()
    left = days.check()
    if layout == "tree":
        (days.folder / "staende" / f"{left[1]}.json").unlink()
        assert any(one.kind == "record_missing" for one in days.verify().damage)
