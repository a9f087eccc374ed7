"""From facts to findings: what is worth a word, and what heals by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from core.alerts.model import Cause, Finding, Severity
from core.alerts.rules import Sight, findings
from core.errors import EXIT_OF, Code, Exit
from core.health.model import CopyFacts, ReadBack
from core.health.three_two_one import judge
from core.store.home import RunRow
from tests.support.fixed_clock import NOON
from tests.unit.alerts.given import DAY, HOUR, run
from tests.unit.health.given import cloud, copy, system


def found(*copies: CopyFacts, runs: tuple[RunRow, ...] = (), **more: Any) -> list[Finding]:
    verdict = judge(system(*copies), NOON)
    return findings(Sight(verdicts=[verdict], runs=runs, now=NOON, **more))


def causes(*copies: CopyFacts, runs: tuple[RunRow, ...] = (), **more: Any) -> dict[Cause, Severity]:
    return {one.cause: one.severity for one in found(*copies, runs=runs, **more)}


def test_nothing_is_said_when_all_is_well() -> None:
    assert found(copy(), cloud(), runs=(run(),)) == []


def test_an_overdue_copy_is_to_do_and_danger_when_no_other_counts() -> None:
    late = copy(copied=NOON - 30 * HOUR)
    one = found(late, cloud())[0]
    assert (one.cause, one.severity, one.destination) == (Cause.OVERDUE, Severity.ACT, "nas")
    assert one.since == NOON - 6 * HOUR  # since it is too old, not since it was made
    assert causes(late) == {Cause.OVERDUE: Severity.DANGER}


def test_a_copy_that_never_was_has_its_time_too() -> None:
    new = copy(copied=None, read_back=ReadBack())
    seen = {("laden", "nas"): NOON - 20 * HOUR}
    assert causes(new, cloud(), seen=seen) == {}
    seen = {("laden", "nas"): NOON - 25 * HOUR}
    assert causes(new, cloud(), seen=seen) == {Cause.NEVER_COPIED: Severity.ACT}
    assert causes(new, cloud()) == {}  # just put into the plan


def test_a_copy_from_the_future() -> None:
    assert causes(copy(copied=NOON + DAY), cloud()) == {Cause.CLOCK_AHEAD: Severity.ACT}


def test_damage_is_danger_and_grows_with_the_places() -> None:
    one = found(copy(damage=3), cloud())[0]
    assert (one.cause, one.severity, one.weight) == (Cause.DAMAGED, Severity.DANGER, 3)


def test_a_copy_that_is_not_locked() -> None:
    one = found(copy(), cloud(unlocked="lock_no_rights"))[0]
    assert (one.cause, one.severity, one.destination) == (Cause.UNLOCKED, Severity.ACT, "wolke")
    assert one.params == {"code": "lock_no_rights"}


def test_reading_back_that_is_late_or_never_came() -> None:
    late = ReadBack(last=NOON - 95 * DAY, oldest=NOON - 95 * DAY, read_share=1, late_share=0.5)
    one = found(copy(read_back=late), cloud())[0]
    assert (one.cause, one.since) == (Cause.READ_BACK_LATE, NOON - 5 * DAY)
    for age, said in ((6, {}), (8, {Cause.NEVER_READ_BACK: Severity.ACT})):
        never = ReadBack(oldest=NOON - age * DAY)
        assert causes(copy(read_back=never), cloud()) == said


PASSING = {Exit.DESTINATION_UNREACHABLE, Exit.LOCKED, Exit.CANCELLED, Exit.HELD_BY_GATE}


@pytest.mark.parametrize("code", list(Code))
def test_a_failed_run_is_told_unless_the_next_may_well_succeed(code: Code) -> None:
    said = causes(copy(), cloud(), runs=(run(status="FAILED", code=code),))
    assert (Cause.RUN_FAILED in said) == (EXIT_OF[code] not in PASSING)
    if EXIT_OF[code] in (Exit.INTEGRITY, Exit.SOURCE_PROBLEM):
        assert said[Cause.RUN_FAILED] is Severity.DANGER


def test_a_failure_lasts_since_the_first_of_its_row_and_ends_with_a_good_run() -> None:
    row = [run(NOON - n * DAY, "FAILED", code="destination_full") for n in (5, 3, 2)]
    row.insert(1, run(NOON - 4 * DAY))
    one = found(copy(), cloud(), runs=tuple(row))[0]
    assert one.since == NOON - 3 * DAY
    assert found(copy(), cloud(), runs=(*row, run())) == []
    assert causes(copy(), cloud(), runs=(*row, run(status="RUNNING"))) != {}
    assert causes(copy(), cloud(), runs=(run(status="FAILED", code="von morgen"),)) != {}


def test_interrupted_three_times_in_a_row() -> None:
    row = tuple(run(NOON - n * HOUR, "INTERRUPTED") for n in (3, 2, 1))
    assert causes(copy(), cloud(), runs=row[:2]) == {}
    assert causes(copy(), cloud(), runs=row) == {Cause.INTERRUPTED: Severity.ACT}


@pytest.mark.parametrize("status", ["COMMITTED", "UNCHANGED"])
def test_a_run_that_saw_no_file_is_no_success(status: str) -> None:
    said = causes(copy(), cloud(), runs=(run(status=status, files=0),))
    assert said == {Cause.NOTHING_DONE: Severity.DANGER}


def test_what_is_left_out_is_told_once_for_the_system() -> None:
    runs = tuple(
        run(NOON - n * DAY, destination=id, skipped=skipped)
        for n, id, skipped in ((5, "nas", 0), (4, "nas", 2), (3, "wolke", 1), (2, "nas", 7))
    )
    one = found(copy(), cloud(), runs=runs)
    assert [(o.cause, o.destination, o.weight, o.since) for o in one] == [
        (Cause.SKIPPED, "", 7, NOON - 4 * DAY)
    ]
    healed = (*runs, run(destination="nas"), run(destination="wolke"))
    assert found(copy(), cloud(), runs=healed) == []


@pytest.mark.parametrize(("days", "weight"), [(0, 1), (2, 1), (3, 2), (30, 2)])
def test_a_question_nobody_answers(days: int, weight: int) -> None:
    one = found(copy(), cloud(), gates={"laden": NOON - days * DAY})[0]
    assert (one.cause, one.severity, one.weight) == (Cause.HELD, Severity.DANGER, weight)


def test_a_disk_that_stays_attached() -> None:
    disk = copy("platte", offline=True)

    def said(since: datetime, **changes: Any) -> dict[Cause, Severity]:
        other = copy("platte", **({"offline": True} | changes))
        return causes(other, cloud(), attached={"platte": since})

    assert said(NOON - 30 * HOUR) == {}
    assert said(NOON - 40 * HOUR) == {Cause.DISK_STAYS: Severity.ACT}
    assert said(NOON - 40 * HOUR, reachable=False) == {}
    assert said(NOON - 40 * HOUR, offline=False) == {}
    assert found(disk, cloud(), attached={"andere": NOON - 9 * DAY}) == []
