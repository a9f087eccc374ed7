"""3-2-1, one test per line of the formula (DESIGN §4; DOMAIN A20, A21)."""

from __future__ import annotations

from typing import Any

import pytest

from core.destinations.devices import Device
from core.health.model import CopyFacts, Gap, ReadBack, Reason, Step, SystemVerdict
from core.health.three_two_one import judge
from core.plan.model import Medium, Mode, Site
from tests.support.fixed_clock import NOON
from tests.unit.health.given import DAY, HOUR, cloud, copy, system

MINUTE = HOUR / 60


def verdict(*copies: CopyFacts, **changes: Any) -> SystemVerdict:
    return judge(system(*copies, **changes), NOON)


def reasons(facts: CopyFacts, **changes: Any) -> list[str]:
    """Why this copy does not count."""
    return [why.code for why in verdict(facts, **changes).copies[0].why]


def gaps(found: SystemVerdict) -> set[str]:
    return {gap.code for gap in found.gaps}


# ------------------------------------------------------------------ the whole


def test_a_nas_here_and_a_cloud_away_are_three_two_one() -> None:
    found = verdict()
    assert (found.three, found.two, found.away) == (3, 2, ("wolke",))
    assert found.is_complete
    assert found.is_green
    assert found.step is None


def test_live_data_is_one() -> None:
    found = verdict(copy(copied=None))
    assert found.three == 1
    assert gaps(found) == {Gap.COPIES, Gap.KINDS, Gap.AWAY}


def test_more_than_three_is_three() -> None:
    found = verdict(copy(), cloud(), copy("platte", medium=Medium.DISK))
    assert (found.three, found.two) == (3, 2)


# ------------------------------------------------------------------ a copy counts when …


@pytest.mark.parametrize(("age", "counts"), [(DAY, True), (DAY + MINUTE, False)])
def test_its_newest_complete_state_is_within_the_rpo(age: Any, counts: bool) -> None:
    assert reasons(copy(copied=NOON - age)) == ([] if counts else [Reason.TOO_OLD])


@pytest.mark.parametrize(("age", "counts"), [(9 * DAY, True), (9 * DAY + MINUTE, False)])
def test_offline_it_has_its_interval_and_two_days(age: Any, counts: bool) -> None:
    facts = copy(offline=True, every=7 * DAY, copied=NOON - age, reachable=False)
    assert reasons(facts) == ([] if counts else [Reason.TOO_OLD])


def test_a_copy_never_made_does_not_count() -> None:
    assert reasons(copy(copied=None, read_back=ReadBack())) == [Reason.NEVER_COPIED]


def test_a_state_of_tomorrow_proves_a_wrong_clock() -> None:
    assert reasons(copy(copied=NOON + HOUR)) == [Reason.CLOCK_AHEAD]


def test_it_is_undamaged() -> None:
    found = verdict(copy(damage=2), cloud())
    assert found.copies[0].why[0].code == Reason.DAMAGED
    assert found.copies[0].why[0].params == {"places": 2}
    assert not found.is_green


def test_it_is_read_back_within_its_period() -> None:
    late = ReadBack(last=NOON, oldest=NOON - 91 * DAY, read_share=1.0, late_share=0.1)
    assert reasons(copy(read_back=late)) == [Reason.READ_BACK_OVERDUE]


def test_what_is_new_has_its_period_to_be_read_back() -> None:
    part = ReadBack(last=NOON, oldest=NOON - DAY, read_share=0.02)
    assert reasons(copy(read_back=part)) == []


def test_without_any_proof_nothing_counts() -> None:
    assert reasons(copy(read_back=ReadBack(oldest=NOON - HOUR))) == [Reason.NEVER_READ_BACK]


def test_it_lies_on_another_device_than_the_data() -> None:
    assert reasons(copy(device=Device("disk:pc"))) == [Reason.DEVICE_OF_SOURCE]


def test_two_copies_on_one_device_are_one() -> None:
    found = verdict(copy("a", device=Device("disk:x")), copy("b", device=Device("disk:x")))
    assert [one.counts for one in found.copies] == [True, False]
    assert found.copies[1].why[0].params == {"other": "a"}
    assert found.three == 2


def test_a_copy_that_does_not_count_takes_no_device() -> None:
    old = copy("a", device=Device("disk:x"), damage=1)
    assert verdict(old, copy("b", device=Device("disk:x"))).copies[1].counts


def test_a_disk_in_the_drawer_is_known_by_its_lasting_name() -> None:
    """What is called sdb today was another disk yesterday."""
    here = copy("a", device=Device("disk:sdb", "uuid:1"))
    away = copy("b", device=Device("", "uuid:2"), reachable=False, offline=True)
    twin = copy("c", device=Device("", "uuid:1"), reachable=False, offline=True)
    assert [one.counts for one in verdict(here, away, twin).copies] == [True, True, False]


def test_two_accounts_at_one_operator_are_one_copy() -> None:
    found = verdict(cloud("a"), cloud("b", operator=" hetzner "), cloud("c", operator="Ionos"))
    assert [one.counts for one in found.copies] == [True, False, True]
    assert found.copies[1].why[0].code == Reason.OPERATOR_OF_COPY


def test_three_folders_on_one_disk_are_one_of_three() -> None:
    pc = Device("disk:pc")
    found = verdict(copy("a", device=pc), copy("b", device=pc), copy("c", device=pc))
    assert found.three == 1


# ------------------------------------------------------------------ 3, 2 and 1


def test_three_is_two_counting_copies() -> None:
    assert verdict(copy()).three == 2
    assert Gap.COPIES in gaps(verdict(copy()))
    assert verdict(copy("a"), copy("b")).three == 3


def test_two_is_two_kinds_of_device() -> None:
    assert gaps(verdict(copy("a"), copy("b", site=Site.AWAY))) == {Gap.KINDS}
    both = verdict(copy("a"), copy("b", site=Site.AWAY, medium=Medium.DISK))
    assert both.two == 2
    assert both.is_complete


def test_one_is_away() -> None:
    assert gaps(verdict(copy("a"), copy("b", medium=Medium.DISK))) == {Gap.AWAY}


def test_away_counts_only_when_the_copy_counts() -> None:
    assert Gap.AWAY in gaps(verdict(copy(), cloud(copied=NOON - 3 * DAY)))


def test_one_is_not_at_the_operator_of_the_source() -> None:
    """A20: never solely with the provider that hosts the system."""
    found = verdict(mode=Mode.HOSTED, operator="HETZNER")
    assert gaps(found) == {Gap.AWAY_SAME_OPERATOR}
    assert found.three == 3
    assert verdict(mode=Mode.HOSTED, operator="Ionos").is_green


def test_an_operator_nobody_named_is_no_proof() -> None:
    assert gaps(verdict(mode=Mode.SAAS)) == {Gap.AWAY_OPERATOR_UNKNOWN}
    nameless = verdict(copy(), cloud(operator=""), mode=Mode.SAAS, operator="Shopify")
    assert gaps(nameless) == {Gap.AWAY_OPERATOR_UNKNOWN}


def test_one_counting_copy_is_not_cloud() -> None:
    """A21: the cloud always comes on top."""
    found = verdict(cloud("a"), cloud("b", operator="Ionos"))
    assert gaps(found) == {Gap.KINDS, Gap.ONLY_CLOUD}


# ------------------------------------------------------------------ overdue, green, next step


def test_overdue_says_since_when() -> None:
    found = verdict(copy(copied=NOON - 3 * DAY), cloud())
    assert found.copies[0].overdue_since == NOON - 2 * DAY
    assert found.copies[0].is_overdue
    assert found.copies[1].overdue_since is None


def test_a_fourth_copy_that_is_late_is_not_green() -> None:
    found = verdict(copy(), cloud(), copy("alt", copied=NOON - 9 * DAY))
    assert found.is_complete
    assert not found.is_green


@pytest.mark.parametrize(
    ("copies", "step", "destination"),
    [
        ((copy(damage=1), cloud(copied=None)), Step.MEND, "nas"),
        ((copy(damage=1, reachable=False), cloud()), Step.ATTACH, "nas"),
        ((copy(), cloud(copied=NOON - 2 * DAY)), Step.BACK_UP, "wolke"),
        (
            (copy(copied=None, reachable=False), cloud(copied=NOON - 2 * DAY)),
            Step.BACK_UP,
            "wolke",
        ),
        ((copy(read_back=ReadBack()), cloud()), Step.READ_BACK, "nas"),
        (
            (copy(read_back=ReadBack(last=NOON, late_share=0.5)), cloud()),
            Step.READ_BACK_DUE,
            "nas",
        ),
        ((copy(device=Device("disk:pc")), cloud()), Step.OTHER_DEVICE, "nas"),
        ((copy(),), Step.ADD_COPY, None),
        ((copy("a"), copy("b", medium=Medium.DISK)), Step.ADD_AWAY, None),
        ((cloud("a"), copy("b", medium=Medium.CLOUD)), Step.ADD_KIND, None),
    ],
)
def test_the_next_step_is_one(
    copies: tuple[CopyFacts, ...], step: Step, destination: str | None
) -> None:
    found = verdict(*copies).step
    assert found is not None
    assert (found.code, found.params.get("destination")) == (step, destination)
