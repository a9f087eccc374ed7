"""Finding what a person means: a copy, a state by number or time, a target that harms nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import parse_stamp
from core.copies.format.copy_folder import State
from core.copies.opening.reach import Reach, Reached, where_of
from core.errors import Code, KnownError
from core.plan.model import Plan


def reach_copy(
    reach: Reach, plan: Plan, system: str, destination: str, *, as_of: datetime | None = None
) -> Reached:
    """The copy as it is reachable now, to be closed; KnownError when it is not, or not ours.

    as_of: a bucket with versions as it was then; KnownError PAST_NOT_KEPT for other places.
    """
    where = where_of(plan.destination(destination))
    if as_of is not None:
        where = where.as_of(as_of)
    reached = reach.open(where, system, reading=True)
    if not reached.copy.folder.is_reachable():
        raise KnownError(
            Code.DESTINATION_MISSING, destination=destination, path=where.location.address
        )
    if reached.outside is not None:
        reached.outside.check_key()
    return reached


@dataclass(frozen=True, slots=True)
class Picked:
    """The state a person means. newer: a partial one that would have been nearer to it."""

    state: State
    newer: State | None = None


def pick_state(states: Sequence[State], at: str | None, system: str) -> Picked:
    """The state a person means: a run's name, its number, a moment (local time), or the newest.

    A moment means the newest complete state begun by then, None the newest of all. A partial state
    is only taken when it is asked for by name or number, or when there is no complete one: what is
    missing in it looks like deleted (DESIGN §5). KnownError STATE_NOT_FOUND.
    """
    named = [state for state in states if state.run == at] or _numbered(states, at or "")
    if len(named) == 1:  # of twins with one number only the whole name says which is meant
        return Picked(named[0])
    moment = None if at is None or named else moment_of(at)
    if at is None:
        earlier = list(states)
    elif moment is not None:
        earlier = [state for state in states if parse_stamp(state.record.began) <= moment]
    else:
        earlier = []
    if not earlier:
        raise KnownError(Code.STATE_NOT_FOUND, state="-" if at is None else at, system=system)
    complete = [state for state in earlier if state.record.complete]
    if not complete:
        return Picked(earlier[-1])
    newer = None if earlier[-1] is complete[-1] else earlier[-1]
    return Picked(complete[-1], newer)


def _numbered(states: Sequence[State], at: str) -> list[State]:
    number = at.lstrip("0")
    if not number:
        return []
    return [state for state in states if state.run.split("-")[0].lstrip("0") == number]


def moment_of(text: str) -> datetime | None:
    """The moment a person wrote, by the PC's own zone; a day means its end. None: it is none."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) in (8, 10):  # a day means its end
            moment += timedelta(days=1, seconds=-1)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):  # no moment, or one that no calendar holds
        return None


def refuse_live_target(plan: Plan, into: Path) -> None:
    """A restore never goes into the shop's live data or a copy (DESIGN §1, promise 6)."""
    target = Path(os.path.realpath(into))
    taken = [(folder, system.id) for system in plan.systems for folder in system.folders]
    taken += [
        (folder, copy.system)
        for copy in plan.copies
        if (folder := plan.destination(copy.destination).folder_of(copy.system)) is not None
    ]
    for folder, system in taken:
        live = Path(os.path.realpath(folder))
        # Path.exists() raises where a disk was pulled out while mounted; a restore must not.
        if os.path.exists(live) and (target == live or live in target.parents):
            raise KnownError(Code.TARGET_IN_USE, path=str(into), system=system)
