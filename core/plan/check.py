"""Judge a plan against the PC it stands on: folders, home, secrets, what this version can do.

These rules ask the disk (links, mounts) but change nothing and need no destination to be there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from core.paths import Home
from core.plan.filesystems import FileSystems, file_systems
from core.plan.locations import folder_of_pc, needs_password, steps_to
from core.plan.model import Destination, Plan, System
from core.plan.places import Place, place
from core.plan.problems import PlanError, Problem, ProblemCode, in_order
from core.plan.read import read_plan
from core.plan.syncfolders import sync_service


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a plan is judged against. `have_secret` answers for one secret name.

    Only encrypted destinations and those in the network ask for one; what it raises passes through.
    """

    home: Home
    have_secret: Callable[[str], bool]
    file_systems: FileSystems
    environ: Mapping[str, str]
    ignore_case: bool


def surroundings(home: Home, have_secret: Callable[[str], bool]) -> Surroundings:
    """This PC."""
    return Surroundings(
        home=home,
        have_secret=have_secret,
        file_systems=file_systems(),
        environ=os.environ,
        ignore_case=sys.platform in ("win32", "darwin"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that can be said about a plan text. `plan` may only be run when there are no problems."""

    plan: Plan | None
    problems: tuple[Problem, ...]


def judge_plan(text: str, *, source: str, around: Surroundings) -> Judgement:
    """Read and check in one: mistakes in the text and cross-rules together, in line order."""
    try:
        plan = read_plan(text, source=source)
    except PlanError as error:
        if error.readable is None:
            return Judgement(plan=None, problems=error.problems)
        rest = check_plan(error.readable, around)
        return Judgement(plan=None, problems=in_order((*error.problems, *rest)))
    return Judgement(plan=plan, problems=check_plan(plan, around))


def check_plan(plan: Plan, around: Surroundings) -> tuple[Problem, ...]:
    """Everything that speaks against running this plan here, in line order; empty when nothing."""
    check = _Check(plan, around)
    return in_order(
        problem
        for rule in (
            check.sources_and_destinations,
            check.destinations_apart,
            check.copies_apart,
            check.sources_apart,
            check.home_and_destinations,
            check.home_itself,
            check.secrets,
        )
        for problem in rule()
    )


class _Check:
    def __init__(self, plan: Plan, around: Surroundings) -> None:
        self._plan = plan
        self._around = around
        self._sources = [
            (system, key, path, self._place(path))
            for system in plan.systems
            for key, path in _folders(system)
        ]
        case = around.ignore_case
        self._destinations = [
            (destination, _place_of(destination, ignore_case=case))
            for destination in plan.destinations
        ]
        self._copies = [
            (destination, system, _place_of(destination, system.id, ignore_case=case))
            for destination, system in _pairs(plan)
        ]

    def sources_and_destinations(self) -> Iterator[Problem]:
        """A copy inside its source copies itself; a source inside a copy would be written to."""
        for destination, root in self._destinations:
            places = [root, *(at for one, _, at in self._copies if one.id == destination.id)]
            for system, key, path, here in self._sources:
                if any(there.same(here) for there in places):
                    code, at = ProblemCode.DESTINATION_IS_SOURCE, _path_key(destination)
                elif any(there.within(here) for there in places):
                    code, at = ProblemCode.DESTINATION_IN_SOURCE, _path_key(destination)
                elif any(here.within(there) for there in places):
                    code, at = ProblemCode.SOURCE_IN_DESTINATION, key
                else:
                    continue
                yield self._problem(
                    at,
                    code,
                    destination=destination.name,
                    path=destination.location.address,
                    system=system.name,
                    source=str(path),
                )

    def destinations_apart(self) -> Iterator[Problem]:
        """Every destination has a folder of its own, and none lies inside another's copy."""
        for (one, here), (other, there) in combinations(self._destinations, 2):
            if here.same(there):
                in_turn = one.comes_and_goes and other.comes_and_goes
                yield self._problem(
                    _path_key(other),
                    ProblemCode.SAME_FOLDER_IN_TURN if in_turn else ProblemCode.SAME_FOLDER,
                    destination=other.name,
                    other=one.name,
                    path=other.location.address,
                )
        for destination, root in self._destinations:
            for outer, system, folder in self._copies:
                # a disk may ignore case even where the system does not: `Laden` counts as `laden`
                written = _place_of(outer, system.id, ignore_case=True)
                loose = _place_of(destination, ignore_case=True)
                if root.within(folder) or loose.within(written):
                    yield self._problem(
                        _path_key(destination),
                        ProblemCode.DESTINATION_IN_COPY,
                        destination=destination.name,
                        other=outer.name,
                        path=destination.location.address,
                        folder=_folder_text(outer, system),
                    )

    def copies_apart(self) -> Iterator[Problem]:
        """Two copies never write to one folder, also not through links inside the destinations."""
        roots = {destination.id: root for destination, root in self._destinations}
        for one, other in combinations(self._copies, 2):
            first, second = roots[one[0].id], roots[other[0].id]
            if one[0].id != other[0].id and (first.within(second) or second.within(first)):
                continue  # said by destinations_apart where it matters
            if one[2].within(other[2]) or other[2].within(one[2]):
                yield self._problem(
                    _path_key(other[0]),
                    ProblemCode.COPIES_SHARE,
                    path=_folder_text(other[0], other[1]),
                    other=_folder_text(one[0], one[1]),
                )

    def sources_apart(self) -> Iterator[Problem]:
        """Two sources of one system that contain one another would store everything twice."""
        for one, other in combinations(self._sources, 2):
            if one[0].id != other[0].id:
                continue
            first, second = (one, other) if other[3].within(one[3]) else (other, one)
            if first[3].same(second[3]):
                code = ProblemCode.SOURCE_TWICE
            elif second[3].within(first[3]):
                code = ProblemCode.SOURCES_OVERLAP
            else:
                continue
            yield self._problem(
                second[1],
                code,
                system=one[0].name,
                path=str(second[2]),
                other=str(first[2]),
            )

    def home_and_destinations(self) -> Iterator[Problem]:
        """Our own folders and copies stay apart: a lost disk must not take both."""
        for destination, there in self._destinations:
            for folder in _home_folders(self._around.home):
                here = self._place(folder)
                if here.within(there):
                    code = ProblemCode.HOME_IN_DESTINATION
                elif there.within(here):
                    code = ProblemCode.DESTINATION_IN_HOME
                else:
                    continue
                yield self._problem(
                    _path_key(destination),
                    code,
                    destination=destination.name,
                    path=destination.location.address,
                    home=str(folder),
                )
                break

    def home_itself(self) -> Iterator[Problem]:
        """Home is a local, unsynced folder (DESIGN §3): SQLite breaks on anything else."""
        around = self._around
        unfit = unfit_places(around.home, around.file_systems, around.environ)
        if unfit.synced:
            folder, service = unfit.synced
            yield self._problem("home", ProblemCode.HOME_SYNCED, home=str(folder), service=service)
        if unfit.network:
            folder, kind = unfit.network
            yield self._problem("home", ProblemCode.HOME_ON_NETWORK, home=str(folder), type=kind)

    def secrets(self) -> Iterator[Problem]:
        """An encrypted destination needs its two recovery lines before the first run, one in the
        network whatever opens it.
        """
        for destination, _ in self._destinations:
            if needs_password(destination.location) and not self._around.have_secret(
                destination.password
            ):
                yield self._problem(
                    f"destinations.{destination.id}.location",
                    ProblemCode.PASSWORD_MISSING,
                    destination=destination.name,
                    secret=destination.password,
                )
            if destination.encrypted and not self._around.have_secret(destination.secret):
                yield self._problem(
                    f"destinations.{destination.id}.encrypted",
                    ProblemCode.SECRET_MISSING,
                    destination=destination.name,
                    secret=destination.secret,
                )

    def _place(self, path: Path) -> Place:
        return place(path, ignore_case=self._around.ignore_case)

    def _problem(self, key: str, code: ProblemCode, **params: str) -> Problem:
        return Problem(line=self._plan.line_of(key), key=key, code=code, params=params)


@dataclass(frozen=True, slots=True)
class Unfit:
    """What speaks against the place of a home: the first folder of it that a sync program carries
    away (and its name), the first on a network drive (and its kind).
    """

    synced: tuple[Path, str] | None = None
    network: tuple[Path, str] | None = None


def unfit_places(home: Home, systems: FileSystems, environ: Mapping[str, str]) -> Unfit:
    """Judge the folders of a home."""
    folders = _home_folders(home)
    synced = ((folder, sync_service(folder, environ)) for folder in folders)
    network = ((folder, systems.network(folder)) for folder in folders)
    return Unfit(
        next((found for found in synced if found[1]), None),
        next((found for found in network if found[1]), None),
    )


def _place_of(destination: Destination, *inside: str, ignore_case: bool) -> Place:
    """Where a destination, or a folder in it, lies: on this PC or in the network."""
    folder = folder_of_pc(destination.location)
    if folder is not None:
        return place(folder.joinpath(*inside), ignore_case=ignore_case)
    parts = (*steps_to(destination.location), *inside)
    if ignore_case:
        parts = tuple(part.casefold() for part in parts)
    return Place(parts, frozenset(), None)


def _folder_text(destination: Destination, system: System) -> str:
    folder = destination.folder_of(system.id)
    return f"{destination.location.address}/{system.id}" if folder is None else str(folder)


def _pairs(plan: Plan) -> Iterator[tuple[Destination, System]]:
    """Destination and system of every copy."""
    for copy in plan.copies:
        yield plan.destination(copy.destination), plan.system(copy.system)


def _folders(system: System) -> Iterator[tuple[str, Path]]:
    """Each source folder with the key that names it."""
    for number, source in enumerate(system.sources, start=1):
        for position, path in enumerate(source.paths, start=1):
            key = f"systems.{system.id}.sources[{number}].paths[{position}]"
            yield (source.keys[position - 1] if source.keys else key), path


def _path_key(destination: Destination) -> str:
    """The key that says where a destination lies, else its whole table."""
    by_path = folder_of_pc(destination.location) is not None
    return f"destinations.{destination.id}.location" + (".path" if by_path else "")


def _home_folders(home: Home) -> tuple[Path, ...]:
    return home.state, home.config, home.cache
