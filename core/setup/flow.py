"""Which step comes when, and what it still lacks. Pure."""

from __future__ import annotations

from enum import StrEnum

from core.setup.draft import Draft


class Step(StrEnum):
    """The steps, in their order."""

    SHOP = "shop"  # what the shop lives on
    PLACES = "places"  # where copies may go
    SHEET = "sheet"  # the recovery sheet, for encrypted copies
    RUN = "run"  # the first run


class Lack(StrEnum):
    """What keeps a step from being left."""

    NO_FOLDER = "no_folder"
    NO_PLACE = "no_place"


def steps(draft: Draft) -> tuple[Step, ...]:
    """The steps this draft has: without encrypted copies there is no sheet."""
    return tuple(one for one in Step if one is not Step.SHEET or draft.needs_sheet)


def lack(draft: Draft, step: Step) -> Lack | None:
    """What is missing before `step` can be left; None when nothing is."""
    if step is Step.SHOP and not draft.folders:
        return Lack.NO_FOLDER
    if step is Step.PLACES and not draft.places:
        return Lack.NO_PLACE
    return None


def following(draft: Draft, step: Step) -> Step:
    """The step after this one; the last one stays."""
    order = steps(draft)
    at = order.index(step) + 1 if step in order else 0
    return order[min(at, len(order) - 1)]


def before(draft: Draft, step: Step) -> Step | None:
    """The step before this one; None at the first."""
    order = steps(draft)
    at = order.index(step) if step in order else 0
    return order[at - 1] if at > 0 else None


def resumed(draft: Draft) -> Step:
    """Where an interrupted set-up goes on: never further than what is chosen allows."""
    wanted = Step(draft.step) if draft.step in set(Step) else Step.SHOP
    for one in steps(draft):
        if one is wanted or lack(draft, one) is not None:
            return one
    return Step.SHOP
