"""Which step comes when, and what it still lacks. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from core.setup.draft import Contact, Draft

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Step(StrEnum):
    """The steps, in their order."""

    SHOP = "shop"  # what the shop lives on
    PLACES = "places"  # where copies may go
    GOALS = "goals"  # how old, how fast
    PEOPLE = "people"  # who is told
    SHEET = "sheet"  # the recovery sheet, for encrypted copies
    RUN = "run"  # the first run


class Lack(StrEnum):
    """What keeps a step from being left."""

    NO_FOLDER = "no_folder"
    NO_PLACE = "no_place"
    NO_NAME = "no_name"
    BAD_ADDRESS = "bad_address"


def steps(draft: Draft) -> tuple[Step, ...]:
    """The steps this draft has: without encrypted copies there is no sheet."""
    return tuple(one for one in Step if one is not Step.SHEET or draft.needs_sheet)


def lack(draft: Draft, step: Step) -> Lack | None:
    """What is missing before `step` can be left; None when nothing is."""
    if step is Step.SHOP and not draft.folders:
        return Lack.NO_FOLDER
    if step is Step.PLACES and not draft.places:
        return Lack.NO_PLACE
    if step is Step.PEOPLE:
        return next(filter(None, map(_lack_of, (draft.owner, draft.deputy))), None)
    return None


def _lack_of(contact: Contact) -> Lack | None:
    """Nobody at all may be named; an address belongs to a name and has to be one."""
    if contact.email and not _ADDRESS.fullmatch(contact.email):
        return Lack.BAD_ADDRESS
    return Lack.NO_NAME if contact.email and not contact.name else None


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


def takes_over(draft: Draft, step: Step) -> bool:
    """Whether leaving this step forward puts the plan into force: before sheet and run need it."""
    return following(draft, step) in (Step.SHEET, Step.RUN) and step not in (Step.SHEET, Step.RUN)


def resumed(draft: Draft) -> Step:
    """Where an interrupted set-up goes on: never further than what is chosen allows.

    Sheet and run need the plan in force; where nobody can say that it is, they are gone to anew.
    """
    wanted = Step(draft.step) if draft.step in set(Step) else Step.SHOP
    if wanted in (Step.SHEET, Step.RUN) and not draft.applied:
        wanted = Step.PEOPLE
    for one in steps(draft):
        if one is wanted or lack(draft, one) is not None:
            return one
    return Step.SHOP
