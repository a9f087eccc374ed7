"""Disks that are not where the plan says: told by the copies on them, never by letter or label.

Windows gives a disk another letter when its own is taken, a desktop another folder when a label
is. The plan keeps its path; whoever works with it goes where the disk is now.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from core.clock import Clock
from core.copies.format.copy_folder import CopyFolder
from core.copies.opening.sealed import read_note
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.machine.mounts import attached
from core.plan.locations import FolderLocation
from core.plan.model import Destination, Plan
from core.store.home import HomeStore

VaultsAt = Callable[[Path, str], frozenset[str] | None]
"""The identities of the copies of a system below a folder; None when there is no copy of it."""


def vaults_at(location: Path, system: str) -> frozenset[str] | None:
    """Read from the marker of a plain copy, or from what an encrypted one says in the open.

    A marker that is rotten names no identity: the set is empty. OSError when the disk does not
    answer.
    """
    folder = LocalFolder("", location, system)
    ids: set[str] = set()
    is_copy = False
    try:
        vault = CopyFolder(folder).vault()
        if vault is not None:
            is_copy = True
            ids.add(vault.vault)
        note = read_note(folder)
        if note is not None:
            is_copy = True
            ids.update(one.vault for one in note.vaults)
    except KnownError as error:
        if error.code not in (Code.COPY_MARKER_DAMAGED, Code.COPY_DAMAGED, Code.COPY_HOSTILE):
            raise OSError(str(error.code)) from error
        is_copy = True
    return frozenset(ids) if is_copy else None


def known_vaults(plan: Plan, store: HomeStore) -> dict[str, frozenset[str]]:
    """The identities of the copies at each destination, as this home remembers them."""
    found: dict[str, set[str]] = {}
    for copy in plan.copies:
        vault = store.vault_of(copy.system, copy.destination)
        if vault is not None and store.is_laid_out(copy.system, copy.destination):
            found.setdefault(copy.destination, set()).add(vault)
    return {id: frozenset(ids) for id, ids in found.items()}


def plan_now(plan: Plan, store: HomeStore) -> Plan:
    """The plan with the path of each disk as it is attached now (`as_attached`)."""
    if not any(where.comes_and_goes for where in plan.destinations):
        return plan
    return as_attached(plan, known_vaults(plan, store))


def plan_of_home_now(plan: Plan, database: Path, clock: Clock) -> Plan:
    """As `plan_now`; the plan as it is where the home's database cannot be asked: bringing data
    back comes first.
    """
    if not database.exists():
        return plan
    try:
        with contextlib.closing(HomeStore(database, clock)) as store:
            return plan_now(plan, store)
    except KnownError:
        return plan


def as_attached(
    plan: Plan,
    known: Mapping[str, frozenset[str]],
    *,
    roots: Callable[[], Sequence[Path]] = attached,
    look: VaultsAt = vaults_at,
    stands: Callable[[Path], bool] = os.path.isdir,
) -> Plan:
    """The plan with the path of each disk as it is attached now.

    Only of disks that come and go, whose copies this home knows, when no
    copy lies at their path and theirs at exactly one other: below the same folders on another disk.
    """

    def now(where: Destination) -> Destination:
        location, mine = where.location, known.get(where.id)
        if not (where.comes_and_goes and mine and isinstance(location, FolderLocation)):
            return where
        systems = [copy.system for copy in plan.copies if copy.destination == where.id]
        if any(stands(location.path / system) for system in systems):
            return where  # told without reading: while the gate is closed nothing there is touched
        places = [
            place
            for place in _candidates(location.path, roots())
            if any(mine & _seen(look, place, system) for system in systems)
        ]
        if len(places) != 1:
            return where
        return dataclasses.replace(where, location=dataclasses.replace(location, path=places[0]))

    return dataclasses.replace(plan, destinations=tuple(map(now, plan.destinations)))


def _seen(look: VaultsAt, place: Path, system: str) -> frozenset[str]:
    try:
        return look(place, system) or frozenset()
    except OSError:
        return frozenset()  # a disk that answers no more


def _candidates(planned: Path, roots: Sequence[Path]) -> Iterator[Path]:
    """The same folders on other disks: as many of the planned ones as it may be, from the end."""
    parts = planned.parts[1:]
    seen = {planned}
    for root in roots:
        for count in range(len(parts) + 1):
            place = root.joinpath(*parts[count:])
            if place not in seen:
                seen.add(place)
                yield place
