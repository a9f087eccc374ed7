"""What is read back when: paced samples, and due dates spread over the period."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from core.copies.looking_after.rotation import (
    SAMPLE_BYTES,
    ReadBackNotes,
    due_for_reading,
    is_due,
    note_sampled,
    sample_budget,
    sample_for_reading,
)
from core.store.index import CopyIndex
from tests.support.fixed_clock import NOON, FixedClock

DAY = timedelta(days=1)
PERIOD = 90 * DAY
GB = 10**9
OLD, NEW = "000001-20260801T030000Z-aaaa", "000002-20261120T030000Z-bbbb"


@pytest.mark.parametrize(
    ("total", "since", "budget"),
    [
        (10 * GB, None, 200_000_000),  # 2 %
        (100 * GB, None, SAMPLE_BYTES),
        (10 * GB, DAY, 200_000_000),  # 2/90 is more than 2 %
        (10 * GB, 12 * timedelta(hours=1), 111_111_111),
        (10 * GB, timedelta(hours=1), 0),  # not worth the look yet
        (10 * GB, timedelta(0), 0),
        (10 * GB, -DAY, 0),  # the clock was set back
        (1000, None, 20),
        (10, None, 1),
        (0, None, 1),
    ],
)
def test_a_sample_keeps_twice_the_pace(total: int, since: timedelta | None, budget: int) -> None:
    assert sample_budget(total, since, PERIOD) == budget


def test_in_a_metered_cloud_it_is_less() -> None:
    assert sample_budget(10 * GB, DAY, 365 * DAY) == 2 * 10 * GB // 365


def test_due_dates_are_spread_from_half_the_period_to_nine_tenths() -> None:
    shas = [sha256(str(number).encode()).digest() for number in range(1000)]
    now = int(NOON.timestamp())

    def share(days: int) -> float:
        since = now - days * 86_400
        return sum(is_due(sha, since, PERIOD, now) for sha in shas) / 1000

    assert (share(44), share(82)) == (0, 1)
    assert 0.4 < share(63) < 0.6


@pytest.fixture
def index(tmp_path: Path) -> CopyIndex:
    """Two objects of August, two of yesterday."""
    index = CopyIndex(tmp_path / "index.db", mark="x")
    for run, names in ((OLD, "ab"), (NEW, "cd")):
        number = index.run_id(run)
        index.add_objects([(_sha(name), number, 1000, f"shop/{name}") for name in names])
    return index


def _sha(name: str) -> bytes:
    return sha256(name.encode()).digest()


def _names(items: object) -> str:
    return "".join(sorted(item.path[-1] for item in items))  # type: ignore[attr-defined]


def test_the_longest_unread_comes_first(index: CopyIndex) -> None:
    index.note_read_back([_sha("a"), _sha("c")], int(NOON.timestamp()))
    reading = sample_for_reading(index, PERIOD, NOON)
    assert reading is not None
    assert _names(reading.items) == "b"
    assert _names(due_for_reading(index, PERIOD, NOON).items) == "b"
    index.note_read_back([_sha("b")], int(NOON.timestamp()) + 5)
    reading = sample_for_reading(index, PERIOD, NOON + DAY)
    assert reading is not None
    assert _names(reading.items) == "d"  # never read, and stored before the others were read


def test_a_sample_counts_from_the_last_one(index: CopyIndex) -> None:
    note_sampled(index, NOON)
    assert sample_for_reading(index, PERIOD, NOON + timedelta(minutes=5)) is None
    assert sample_for_reading(index, PERIOD, NOON + DAY) is not None


def test_a_damaged_object_is_looked_at_with_all_that_is_in_it(index: CopyIndex) -> None:
    number = index.run_id(OLD)
    index.add_parts([(_sha("teil"), number, 500, "shop/a", 100, 400, "deflate", "m")])
    item = due_for_reading(index, PERIOD, NOON).with_parts(f"daten/{OLD}/shop/a")
    assert item is not None
    assert item.sha == _sha("a")
    assert [(part.sha256, part.offset, part.stored) for part in item.parts] == [
        (_sha("teil"), 100, 400)
    ]


def test_what_is_dropped_or_cleared_was_never_read(index: CopyIndex) -> None:
    notes = ReadBackNotes(index, FixedClock())
    notes.add([_sha("a"), _sha("b"), _sha("unbekannt")])
    notes.write()
    assert sum(part.objects for part in index.read_states(0) if part.newest) == 2
    index.drop_contents([_sha("a")])
    index.add_objects([(_sha("a"), index.run_id(NEW), 1000, "shop/a")])
    assert {one.path for one in index.longest_not_read()} == {"shop/b"}
    index.add_lost([_sha("a"), _sha("weg")])
    index.forget_found()
    assert index.lost() == {_sha("weg")}
    index.clear()
    assert list(index.never_read()) == []
    assert index.lost() == {_sha("weg")}  # names and sizes would not show it
