"""Object lock: a state is as safe as the first of its objects that is free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.copies.letting_go.locks import CLOCKS, LockedObject, LockRule, may_delete, protected_until

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = LockRule(lasting=30 * DAY, ahead=10 * DAY)


def locked(days: float | None, name: str = "a") -> LockedObject:
    return LockedObject(name, 10, None if days is None else NOW + days * DAY)


def test_only_what_is_locked_as_long_as_the_state_is_referred_to() -> None:
    assert RULE.covers(NOW + 30 * DAY, NOW)
    assert not RULE.covers(NOW + 29.9 * DAY, NOW)
    assert not RULE.covers(None, NOW)


def test_renewed_is_what_ends_too_early_first_what_ends_first() -> None:
    found = RULE.to_renew(
        [locked(40, "a"), locked(29, "b"), locked(None, "c"), locked(3, "d")], NOW
    )
    assert [one.path for one in found] == ["c", "d", "b"]


@given(st.lists(st.one_of(st.none(), st.floats(-5, 60)), min_size=1), st.integers(0, 40))
def test_after_renewing_every_state_is_covered(ends: list[float | None], ahead: int) -> None:
    rule = LockRule(30 * DAY, ahead * DAY)
    objects = [locked(end, str(number)) for number, end in enumerate(ends)]
    short = {one.path for one in rule.to_renew(objects, NOW)}
    renewed = [
        LockedObject(one.path, one.size, rule.object_until(NOW)) if one.path in short else one
        for one in objects
    ]
    assert rule.to_renew(renewed, NOW) == []
    until = protected_until(renewed)
    assert until is not None
    assert until >= rule.state_until(NOW)
    # For so long nothing has to be copied again.
    fresh = [one for one in renewed if one.path in short]
    assert rule.to_renew(fresh, NOW + rule.ahead) == []


def test_one_unlocked_object_leaves_the_state_unprotected() -> None:
    assert protected_until([locked(5), locked(None)]) is None
    assert protected_until([]) is None
    assert protected_until([locked(5), locked(3)]) == NOW + 3 * DAY


def test_nothing_is_deleted_before_its_lock_ends_on_any_clock() -> None:
    assert may_delete(None, NOW)
    assert not may_delete(NOW, NOW)
    assert not may_delete(NOW - CLOCKS + timedelta(seconds=1), NOW)
    assert may_delete(NOW - CLOCKS, NOW)
