"""Which disk is at a destination: told by the identity of the copies on it, never by its letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.copies.opening.elsewhere import VaultsAt, vaults_at
from core.destinations.devices import Device, device_of
from core.plan.locations import folder_of_pc
from core.plan.model import Destination, Plan

NOWHERE = Device()


class Found(StrEnum):
    """What is at the place of a destination."""

    ABSENT = "absent"
    OURS = "ours"
    NEW = "new"  # a disk without a copy of ours
    OTHER = "other"  # the disk of another destination of this plan
    FOREIGN = "foreign"  # holds a copy, but not ours


@dataclass(frozen=True, slots=True)
class Recognised:
    """found: what is there. other: the destination it belongs to, for OTHER. device: below it."""

    found: Found
    other: str = ""
    device: Device = NOWHERE


def recognise(
    plan: Plan,
    where: Destination,
    known: Mapping[str, frozenset[str]],
    own: Device,
    *,
    look: VaultsAt = vaults_at,
    device: Callable[[Path], Device] = device_of,
) -> Recognised:
    """What is at a destination that comes and goes.

    known: the identities of the copies of each destination, as this home remembers them. own: the
    device of the home: an empty mount point lies on it, and is no disk.
    """
    path = folder_of_pc(where.location)
    if path is None:
        return Recognised(Found.ABSENT)
    below = device(path)
    systems = {copy.system for copy in plan.copies if copy.destination == where.id}
    seen: set[str] = set()
    is_copy = False
    try:
        if not path.is_dir():
            return Recognised(Found.ABSENT)
        for system in systems:
            ids = look(path, system)
            is_copy = is_copy or ids is not None
            seen |= ids or frozenset()
    except OSError:
        return Recognised(Found.ABSENT)  # pulled out: it is still mounted and answers no more
    mine = known.get(where.id, frozenset())
    if seen & mine:
        return Recognised(Found.OURS, device=below)
    if not is_copy and below.same(own):
        return Recognised(Found.ABSENT)
    return _not_known(where, known, seen, below, is_copy=is_copy)


def _not_known(
    where: Destination,
    known: Mapping[str, frozenset[str]],
    seen: set[str],
    below: Device,
    *,
    is_copy: bool,
) -> Recognised:
    """A disk that does not hold what this destination held."""
    for id, theirs in known.items():
        if id != where.id and seen & theirs:
            return Recognised(Found.OTHER, id, below)
    if is_copy:
        return Recognised(Found.FOREIGN, device=below)
    if known.get(where.id):
        return Recognised(Found.NEW, device=below)
    return Recognised(Found.OURS, device=below)  # its first copy is yet to be made
