"""How full a destination will be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.copies.letting_go.forecast import Growth, forecast

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def runs(days: int, each: int) -> list[Growth]:
    return [Growth(NOW - at * DAY, each) for at in range(days, 0, -1)]


def test_what_every_day_adds_fills_the_rest() -> None:
    found = forecast(runs(30, 100), 6000, NOW)
    assert found is not None
    assert found.per_day == 100
    assert found.full_in == 60 * DAY
    assert found.free_after(30 * DAY) == 3000
    assert found.free_after(90 * DAY) == 0
    assert found.is_tight


def test_too_few_days_say_nothing() -> None:
    assert forecast([], 5, NOW) is None
    assert forecast(runs(3, 100), 5, NOW) is None
    assert forecast([Growth(NOW - 200 * DAY, 5), Growth(NOW + DAY, 5)], 5, NOW) is None


def test_who_adds_nothing_never_fills_it() -> None:
    found = forecast(runs(30, 0), 5, NOW)
    assert found is not None
    assert found.full_in is None
    assert not found.is_tight
