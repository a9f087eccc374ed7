"""Findings as events: one per state of the world, however often somebody looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.alerts.ledger import acknowledged, reconcile
from core.alerts.model import Cause, Finding, Severity, seen_elsewhere
from core.clock import parse_stamp, stamp
from core.store.events import EventRow
from core.store.home import Event
from tests.support.fixed_clock import NOON
from tests.unit.alerts.given import DAY, HOUR, event


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "cause": Cause.OVERDUE,
        "severity": Severity.ACT,
        "since": NOON - DAY,
        "system": "laden",
        "destination": "nas",
    }
    return Finding(**(values | changes))


def test_what_begins_is_noted_once() -> None:
    changes = reconcile([], [finding(), finding()], NOON)
    assert [(row.code, row.since, row.raised) for row in changes.new] == [
        ("overdue", stamp(NOON - DAY), stamp(NOON))
    ]
    again = reconcile([changes.new[0]._replace(id=1)], [finding()], NOON + HOUR)
    assert (again.new, again.changed) == ([], [])


def test_what_is_over_ends() -> None:
    assert reconcile([event()], [], NOON).changed == [event(ended=stamp(NOON))]
    assert reconcile([event(ended=stamp(NOON))], [], NOON).changed == []


def test_what_comes_back_soon_is_the_same_and_late_is_new() -> None:
    over = event(ended=stamp(NOON), acked=stamp(NOON - HOUR))
    soon = reconcile([over], [finding()], NOON + DAY)
    assert soon.new == []
    assert (soon.changed[0].ended, soon.changed[0].acked) == ("", over.acked)
    late = reconcile([over], [finding()], NOON + 3 * DAY)
    assert (len(late.new), late.changed) == (1, [])


def test_the_newest_of_several_carries_on() -> None:
    known = [event(1, ended=stamp(NOON - HOUR)), event(2)]
    assert [row.id for row in reconcile(known, [finding()], NOON).changed] in ([], [2])
    assert reconcile(known, [finding()], NOON).new == []


def test_far_worse_is_said_anew_and_a_little_worse_is_not() -> None:
    acked = acknowledged(event(weight=4), NOON)
    little = reconcile([acked], [finding(weight=7)], NOON + HOUR)
    assert all(row.acked and not row.worse for row in little.changed)
    far = reconcile([acked], [finding(weight=8)], NOON + HOUR).changed[0]
    assert (far.weight, far.worse, far.acked) == (8, stamp(NOON + HOUR), "")
    # better and worse again: what was said was said
    back = reconcile([far], [finding(weight=2)], NOON + 2 * HOUR)
    assert all(row.weight == 8 for row in back.changed)


def test_danger_stays_danger() -> None:
    graver = reconcile([event()], [finding(severity=Severity.DANGER)], NOON + HOUR).changed[0]
    assert (graver.severity, graver.worse) == ("danger", stamp(NOON + HOUR))
    lighter = reconcile([graver], [finding()], NOON + 2 * HOUR)
    assert all(row.severity == "danger" for row in lighter.changed)


def test_however_bad_it_gets_it_is_said_a_handful_of_times() -> None:
    row: EventRow = event()
    told = 0
    for weight in range(1, 100_000, 37):
        for changed in reconcile([row], [finding(weight=weight)], NOON).changed:
            told += changed.weight != row.weight
            row = changed
    assert told <= 17


def test_nothing_begins_in_the_future() -> None:
    row = reconcile([], [finding(since=NOON + DAY)], NOON).new[0]
    assert row.since == stamp(NOON)


def test_nothing_begins_when_no_stamp_can_name_it() -> None:
    row = reconcile([], [finding(since=datetime(1, 1, 1, tzinfo=UTC))], NOON).new[0]
    assert parse_stamp(row.since) <= NOON - 9000 * DAY


def test_what_others_see_is_handed_on_and_what_they_judge_is_not() -> None:
    def seen(code: str, severity: str, params: str = "{}") -> Event:
        return Event(code, severity, "laden", "nas", stamp(NOON - DAY), "", "", params)

    rows = [
        seen("disk_wrong", "warning", '{"other":"b"}'),
        seen("plan_invalid", "alarm"),
        seen("copy_overdue", "alarm"),
        seen("overdue", "alarm"),
        seen("disk_stays", "von morgen", ""),
    ]
    found = list(seen_elsewhere(rows))
    assert [(one.cause, one.severity) for one in found] == [
        (Cause.DISK_WRONG, Severity.ACT),
        (Cause.PLAN_INVALID, Severity.DANGER),
        (Cause.DISK_STAYS, Severity.ACT),
    ]
    assert (found[0].since, found[0].params) == (NOON - DAY, {"other": "b"})
