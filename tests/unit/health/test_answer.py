"""The one question: state, headline, proof and tasks of the whole shop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.health.answer import Ask, Do, Headline, ShopState, answer, tasks
from core.health.model import CopyFacts, ReadBack, Step, SystemVerdict
from core.health.three_two_one import judge
from tests.support.fixed_clock import NOON
from tests.unit.health.given import DAY, HOUR, cloud, copy, system

NEVER: dict[str, Any] = {"copied": None, "read_back": ReadBack(), "last_run": ""}


def verdict(*copies: CopyFacts, **changes: Any) -> SystemVerdict:
    return judge(system(*copies, **changes), NOON)


def said(*verdicts: SystemVerdict, held: tuple[str, ...] = ()) -> tuple[ShopState, Headline]:
    found = answer(verdicts, held)
    return found.state, found.headline


@pytest.mark.parametrize(
    ("copies", "state", "headline"),
    [
        ((copy(), cloud()), ShopState.PROTECTED, Headline.YES),
        ((copy(**NEVER), cloud(**NEVER)), ShopState.DANGER, Headline.NOT_YET),
        (
            (copy(copied=NOON - 3 * DAY), cloud(copied=NOON - 3 * DAY)),
            ShopState.DANGER,
            Headline.NONE_LEFT,
        ),
        (
            (copy(read_back=ReadBack()), cloud(read_back=ReadBack())),
            ShopState.DANGER,
            Headline.UNPROVEN,
        ),
        ((copy(), cloud(copied=NOON - 3 * DAY)), ShopState.DANGER, Headline.ONE_LEFT),
        ((copy(),), ShopState.ACT, Headline.ONE_COPY),
        ((copy(), copy("platte"), cloud(damage=1)), ShopState.ACT, Headline.DAMAGED),
        (
            (copy(), copy("platte"), cloud(copied=NOON - 3 * DAY)),
            ShopState.ACT,
            Headline.OVERDUE,
        ),
        ((copy(), copy("platte")), ShopState.ACT, Headline.GAPS),
    ],
)
def test_headline(copies: tuple[CopyFacts, ...], state: ShopState, headline: Headline) -> None:
    assert said(verdict(*copies)) == (state, headline)


def test_green_never_without_a_copy_and_never_on_an_empty_plan() -> None:
    assert said() == (ShopState.EMPTY, Headline.NOTHING_COPIED)


def test_the_worst_system_decides() -> None:
    good, bad = verdict(), verdict(copy(copied=NOON - 3 * DAY), copy("platte", **NEVER))
    assert said(good, bad) == (ShopState.DANGER, Headline.NONE_LEFT)
    assert answer((good, bad)).copies == 0


def test_an_open_question_is_no_green() -> None:
    assert said(verdict(), held=("laden",)) == (ShopState.ACT, Headline.HELD)


def test_proof_is_of_the_least_lately_proven_system() -> None:
    new = ReadBack(last=NOON - HOUR, oldest=NOON - DAY, read_share=1.0)
    one = verdict(copy(read_back=new), cloud())
    other = verdict(copy(), cloud(restored=NOON - 2 * DAY))
    found = answer((one, other))
    assert (found.proven, found.proven_at, found.was_restored) == (NOON - 2 * DAY, "wolke", True)
    assert found.newest == NOON - 9 * HOUR


def test_without_proof_of_one_system_there_is_none() -> None:
    unproven = verdict(copy(read_back=ReadBack()), cloud(read_back=ReadBack()))
    assert answer((verdict(), unproven)).proven is None
    assert answer((verdict(), unproven)).newest is None


def test_what_would_be_lost_is_counted_from_the_copies_that_count() -> None:
    late = copy("alt", copied=NOON - timedelta(minutes=5), damage=1)
    assert answer((verdict(copy(), cloud(), late),)).newest == NOON - 9 * HOUR


# -- tasks ----------------------------------------------------------------------------------------


def test_nothing_to_do() -> None:
    assert tasks((verdict(),)) == ()


def test_every_late_copy_is_a_task_of_its_own_and_what_needs_no_walk_comes_first() -> None:
    late = NOON - 3 * DAY
    found = tasks((verdict(copy(copied=late, reachable=False), cloud(copied=late)),))
    assert [(one.code, one.destination, one.do) for one in found] == [
        (Step.BACK_UP, "wolke", Do.BACK_UP),
        (Step.ATTACH, "nas", Do.NOTHING),
    ]
    assert found[0].since == late + DAY


def test_one_task_for_two_systems_with_the_same_trouble() -> None:
    bad = verdict(copy(damage=2), cloud())
    assert [one.code for one in tasks((bad, bad))] == [Step.MEND]


def test_the_first_run_is_one_task() -> None:
    found = tasks((verdict(copy(**NEVER), cloud(**NEVER)),))
    assert [(one.code, one.do, one.destination) for one in found] == [
        (Ask.FIRST_RUN, Do.BACK_UP, "")
    ]


def test_order_question_damage_sheet_plan() -> None:
    gaps = verdict(copy())
    bad = verdict(copy("platte", damage=1), cloud())
    found = tasks((gaps, bad), ("laden",), unproven_sheet=True)
    assert [one.code for one in found] == [
        Ask.ANSWER_GATE,
        Step.MEND,
        Ask.PROVE_SHEET,
        Step.ADD_COPY,
    ]


# -- systems nothing is copied of ------------------------------------------------------------------


def test_a_service_that_is_not_copied_keeps_the_shop_from_being_safe() -> None:
    good = verdict(copy(), cloud())
    found = answer([good], uncovered=["shopify"])
    assert (found.state, found.headline) == (ShopState.ACT, Headline.UNCOVERED)
    assert answer([good]).headline is Headline.YES


def test_what_is_worse_is_said_first_and_the_service_all_the_same() -> None:
    bad = verdict(copy(damage=1), copy("platte"), cloud())
    assert answer([bad], uncovered=["shopify"]).headline is Headline.DAMAGED
    listed = tasks([bad], uncovered=["shopify", "datev"])
    assert listed[-1].code is Ask.COVER
    assert listed[-1].params == {"systems": "shopify,datev"}
    assert listed[-1].do is Do.NOTHING
