"""Object lock: a state is as safe as the first of its objects that is free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.destinations.locks import CLOCKS, LockRule, protected_until, rule_of

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = LockRule(lasting=30 * DAY, ahead=10 * DAY)


def test_only_what_is_locked_as_long_as_the_state_needs_no_renewal() -> None:
    assert not RULE.is_due(NOW + 30 * DAY, NOW)
    assert RULE.is_due(NOW + 29.9 * DAY, NOW)
    assert RULE.is_due(None, NOW)


def test_renewed_each_third_of_the_time_but_not_more_than_daily() -> None:
    assert rule_of(30 * DAY).ahead == 10 * DAY
    assert rule_of(DAY).ahead == DAY


@given(
    st.integers(1, 366),
    st.lists(st.floats(0.01, 60), min_size=1, max_size=80),
)
def test_who_renews_what_is_due_has_every_state_covered(lasting: int, gaps: list[float]) -> None:
    """Runs at any distance: at each commit all locks last as long as the plan says, and between two
    that lie no further apart than that nothing is ever free.
    """
    rule = rule_of(lasting * DAY)
    now, until = NOW, None
    renewals = 0
    for gap in gaps:
        if rule.is_due(until, now):
            until = rule.object_until(now)
            renewals += 1
        assert until is not None
        assert until >= rule.state_until(now)
        now += gap * DAY
        if gap <= lasting:
            assert until >= now
    assert renewals <= 1 + (now - NOW) / rule.ahead


def test_one_unlocked_object_leaves_the_state_unprotected() -> None:
    assert protected_until([NOW, None]) is None
    assert protected_until([]) is None
    assert protected_until([NOW + 5 * DAY, NOW + 3 * DAY]) == NOW + 3 * DAY


def test_nothing_is_deleted_before_its_lock_can_have_ended_on_any_clock() -> None:
    """What was hidden may have been renewed a moment before, by a clock that is ahead."""
    end = RULE.object_until(NOW)
    assert not RULE.may_delete(NOW, end)
    assert not RULE.may_delete(NOW, end + CLOCKS - timedelta(seconds=1))
    assert RULE.may_delete(NOW, end + CLOCKS)
    assert RULE.free_at(NOW) == end + CLOCKS
