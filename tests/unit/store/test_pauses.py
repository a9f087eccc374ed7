"""The pause as it is kept: it outlives restarts and never lasts for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.store.home import HomeStore
from core.store.pauses import LONGEST, PAUSED, Pause, end_pause, pause_of, set_pause
from tests.support.fixed_clock import FixedClock

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
TWO_HOURS = Pause(NOW, NOW + 2 * HOUR)


def test_it_survives_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    store = HomeStore(tmp_path / "home.db", FixedClock(NOW))
    set_pause(store, TWO_HOURS)
    store.close()
    again = HomeStore(tmp_path / "home.db", FixedClock(NOW + HOUR))
    lasting = again.events()
    assert pause_of(lasting, NOW + HOUR) == TWO_HOURS
    assert pause_of(lasting, NOW + 2 * HOUR - timedelta(seconds=1)) == TWO_HOURS
    assert pause_of(lasting, NOW + 2 * HOUR) is None
    again.close()


def test_another_one_takes_its_place_and_each_is_recorded(tmp_path: Path) -> None:
    store = HomeStore(tmp_path / "home.db", FixedClock(NOW))
    set_pause(store, TWO_HOURS)
    other = Pause(NOW + HOUR, NOW + 5 * HOUR)
    set_pause(store, other)
    assert pause_of(store.events(), NOW + HOUR) == other
    assert end_pause(store)
    assert not end_pause(store)
    assert pause_of(store.events(), NOW + HOUR) is None
    told = [event for event in store.events(lasting=False) if event.code == PAUSED]
    assert [event.ended != "" for event in told] == [True, True]
    store.close()


def test_no_clock_and_no_row_makes_it_last_for_ever(tmp_path: Path) -> None:
    store = HomeStore(tmp_path / "home.db", FixedClock(NOW))
    set_pause(store, Pause(NOW, NOW + timedelta(days=4000)))
    assert pause_of(store.events(), NOW + LONGEST) is None
    assert pause_of(store.events(), NOW - HOUR) is None  # asked for under a clock that was wrong
    found = store.events()[0]
    for params in ("", "{}", '{"until": 7}', '{"until": "morgen"}', "[]"):
        assert pause_of([found._replace(params=params)], NOW) is None
    store.close()
