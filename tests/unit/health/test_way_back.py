"""The copy that is suggested for bringing data back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.health.model import CopyFacts
from core.health.way_back import best_copy, expected_time, rates
from core.paths import find_home
from core.plan.model import Medium
from core.store.home import HomeStore, Pace
from tests.support.fixed_clock import NOON, FixedClock
from tests.unit.health.given import copy

HOUR = timedelta(hours=1)


def made(id: str, hours: float, medium: Medium = Medium.DISK, **more: bool) -> CopyFacts:
    return copy(id, copied=NOON - hours * HOUR, medium=medium, **more)


def test_of_the_freshest_the_fastest() -> None:
    copies = [made("alt", 24), made("nas", 0.5, Medium.NAS), made("cloud", 0.1, Medium.CLOUD)]
    assert best_copy(copies, {}) == "nas"
    assert best_copy(copies, {"cloud": 5e6, "nas": 4e6, "alt": 9e9}) == "cloud"
    assert best_copy([*copies, made("platte", 0.9)], {}) == "platte"


def test_what_cannot_be_reached_or_holds_nothing_is_not_suggested() -> None:
    away = made("weg", 0, reachable=False)
    assert best_copy([away, made("da", 48)], {"weg": 9e9}) == "da"
    assert best_copy([away, copy("leer", copied=None)], {}) == ""


def test_how_long_it_takes() -> None:
    assert expected_time(90_000_000, 1_000_000.0) == timedelta(seconds=90)
    assert expected_time(90_000_000, None) is None
    assert expected_time(0, 5.0) is None


def test_what_was_measured_is_kept_once_for_each_copy(tmp_path: Path) -> None:
    home, clock = find_home(str(tmp_path)), FixedClock(NOON)
    assert rates(home, clock, "laden") == {}
    home.make()
    store = HomeStore(home.database, clock)
    store.note_pace(Pace("laden", "nas", "2026-11-21T00:00:00Z", 10, 5.0))
    store.note_pace(Pace("laden", "nas", "2026-11-22T00:00:00Z", 30, 2.0))
    store.note_pace(Pace("anderes", "nas", "2026-11-22T00:00:00Z", 30, 1.0))
    store.close()
    assert rates(home, clock, "laden") == {"nas": 15.0}
