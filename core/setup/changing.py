"""What a person changed on the pages of systems and copies, as changes of the plan. Pure.

A draft holds what stands in the fields; compared with the plan it gives the fewest changes, so that
everything nobody touched stays as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.plan.edit import Add, Change, Put, Remove
from core.plan.kinds import duration_text
from core.plan.locations import AccountLocation
from core.plan.model import (
    Copy,
    Destination,
    FoldersSource,
    Keep,
    Mode,
    Plan,
    System,
    default_every,
)
from core.plan.toml_text import Value
from core.plan.write import free_id, location_table
from core.setup.draft import Place


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """Folders that share their patterns. paths, exclude: as typed."""

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    default_excludes: bool = True


@dataclass(frozen=True, slots=True)
class SystemDraft:
    """A system as it stands in the fields; sources in the order of the plan."""

    name: str
    sources: tuple[SourceDraft, ...] = (SourceDraft(),)
    rpo: timedelta = timedelta(hours=24)
    rto: timedelta = timedelta(hours=8)
    mode: Mode = Mode.OWN


@dataclass(frozen=True, slots=True)
class CopyDraft:
    """Whether and how one system is copied to a destination."""

    system: str
    is_made: bool
    every: timedelta
    keep: Keep


@dataclass(frozen=True, slots=True)
class DestinationDraft:
    """A destination as it stands in the fields."""

    name: str
    copies: tuple[CopyDraft, ...]


# -- systems --------------------------------------------------------------------------------------


def draft_of(system: System) -> SystemDraft:
    """What the fields show of a system."""
    return SystemDraft(
        system.name,
        tuple(map(_source_draft, system.sources)),
        system.rpo,
        system.rto,
        system.mode,
    )


def _source_draft(source: FoldersSource) -> SourceDraft:
    return SourceDraft(tuple(map(str, source.paths)), source.exclude, source.default_excludes)


def system_changes(system: System, draft: SystemDraft) -> tuple[Change, ...]:
    """What has to change so that the plan says of a system what the fields say."""
    at = f"systems.{system.id}"
    before = draft_of(system)
    made: list[Change] = []
    if draft.name.strip() != before.name:
        made.append(Put(f"{at}.name", draft.name.strip()))
    for key, old, new in (
        ("rpo", before.rpo, draft.rpo),
        ("rto", before.rto, draft.rto),
    ):
        if old != new:
            made.append(Put(f"{at}.{key}", duration_text(new)))
    gone = []
    for number, (old_source, source) in enumerate(
        zip(before.sources, draft.sources, strict=True), 1
    ):
        if not source.paths and any(one.paths for one in draft.sources):
            gone.append(Remove(f"{at}.sources[{number}]"))
        else:
            made += _source_changes(f"{at}.sources[{number}]", old_source, source)
    return (*made, *reversed(gone))


def _source_changes(at: str, before: SourceDraft, source: SourceDraft) -> list[Change]:
    made: list[Change] = []
    if source.paths != before.paths:
        made.append(Put(f"{at}.paths", source.paths))
    if source.exclude != before.exclude:
        made.append(
            Put(f"{at}.exclude", source.exclude) if source.exclude else Remove(f"{at}.exclude")
        )
    if source.default_excludes != before.default_excludes:
        made.append(Put(f"{at}.default_excludes", source.default_excludes))
    return made


def new_system(plan: Plan, draft: SystemDraft, destinations: Sequence[str]) -> tuple[Change, ...]:
    """A system that was not in the plan, copied to these destinations. Services in the network get
    neither folders nor copies.
    """
    id = free_id(draft.name, [system.id for system in plan.systems])
    table: dict[str, Value] = {
        "id": id,
        "name": draft.name.strip(),
        "mode": str(draft.mode),
        "rpo": duration_text(draft.rpo),
        "rto": duration_text(draft.rto),
    }
    if draft.mode is not Mode.OWN:
        return (Add("systems", table),)
    table["sources"] = [_source_table(source) for source in draft.sources]
    copies = (_copy_table(id, plan.destination(one)) for one in destinations)
    return (Add("systems", table), *(Add("copies", one) for one in copies))


def _source_table(source: SourceDraft) -> Mapping[str, Value]:
    table: dict[str, Value] = {"kind": "folders", "paths": source.paths}
    if source.exclude:
        table["exclude"] = source.exclude
    if not source.default_excludes:
        table["default_excludes"] = False
    return table


def removable_system(plan: Plan, id: str) -> bool:
    """Whether a plan without this system is still one: something has to be copied."""
    return any(copy.system != id for copy in plan.copies)


def without_system(plan: Plan, id: str) -> tuple[Change, ...]:
    """The system and its copies go from the plan; what was copied stays where it is."""
    copies = (Remove(f"copies.{id}.{copy.destination}") for copy in plan.copies_of(id))
    return (*copies, Remove(f"systems.{id}"))


# -- copies ---------------------------------------------------------------------------------------


def destination_draft(plan: Plan, where: Destination) -> DestinationDraft:
    """What the fields show of a destination: all systems that could be copied there."""
    copies = {copy.system: copy for copy in plan.copies if copy.destination == where.id}
    return DestinationDraft(
        where.name,
        tuple(
            _copy_draft(copies[system.id], is_made=True)
            if system.id in copies
            else _copy_draft(_usual(system.id, where), is_made=False)
            for system in plan.systems
            if system.sources
        ),
    )


def _usual(system: str, where: Destination) -> Copy:
    every = default_every(offline=where.offline)
    return Copy(system=system, destination=where.id, every=every)


def _copy_draft(copy: Copy, *, is_made: bool) -> CopyDraft:
    return CopyDraft(copy.system, is_made, copy.every, copy.keep)


def destination_changes(
    plan: Plan, where: Destination, draft: DestinationDraft
) -> tuple[Change, ...]:
    """What has to change so that the plan says of a destination what the fields say."""
    before = destination_draft(plan, where)
    made: list[Change] = []
    if draft.name.strip() != before.name:
        made.append(Put(f"destinations.{where.id}.name", draft.name.strip()))
    for old, new in zip(before.copies, draft.copies, strict=True):
        at = f"copies.{new.system}.{where.id}"
        if new.is_made and not old.is_made:
            made.append(Add("copies", _copy_table(new.system, where, new)))
        elif old.is_made and not new.is_made:
            made.append(Remove(at))
        elif new.is_made:
            if old.every != new.every:
                made.append(Put(f"{at}.every", duration_text(new.every)))
            if old.keep != new.keep:
                made.append(Put(f"{at}.keep", _keep_table(new.keep)))
    return tuple(made)


def _copy_table(
    system: str, where: Destination, draft: CopyDraft | None = None
) -> Mapping[str, Value]:
    usual = _usual(system, where)
    every, keep = (draft.every, draft.keep) if draft else (usual.every, usual.keep)
    return {
        "system": system,
        "destination": where.id,
        "every": duration_text(every),
        "keep": _keep_table(keep),
    }


def _keep_table(keep: Keep) -> Mapping[str, Value]:
    return {
        "daily": keep.daily,
        "weekly": keep.weekly,
        "monthly": keep.monthly,
        "yearly": keep.yearly,
    }


def oldest_kept(keep: Keep) -> timedelta:
    """How far back the states that stay reach, when there are that many."""
    days = max(keep.daily, keep.weekly * 7, keep.monthly * 365 // 12, keep.yearly * 365)
    return timedelta(days=days)


def removable_destination(plan: Plan, id: str) -> bool:
    """Whether a plan without this destination is still one: something has to be copied."""
    return any(copy.destination != id for copy in plan.copies)


def without_destination(plan: Plan, id: str) -> tuple[Change, ...]:
    """The destination and its copies go from the plan; what was copied stays where it is."""
    copies = (
        Remove(f"copies.{copy.system}.{id}") for copy in plan.copies if copy.destination == id
    )
    return (*copies, Remove(f"destinations.{id}"))


def places_of(plan: Plan) -> tuple[Place, ...]:
    """The destinations of a plan as the set-up shows places; those it cannot show are left out."""
    return tuple(
        Place(
            at=where.location.address,
            id=where.id,
            name=where.name,
            medium=where.medium,
            site=where.site,
            removable=where.removable,
            encrypted=where.encrypted,
        )
        for where in plan.destinations
        if not isinstance(where.location, AccountLocation)
    )


def new_places(plan: Plan, places: Sequence[Place]) -> tuple[Change, ...]:
    """Places that were not in the plan, each with a copy of every system that has folders."""
    taken = [where.id for where in plan.destinations]
    made: list[Change] = []
    for place in places:
        id = place.id or free_id(place.name, taken)
        taken.append(id)
        made.append(Add("destinations", _place_table(id, place)))
        every = duration_text(default_every(offline=place.offline))
        for system in plan.systems:
            if system.sources:
                table: dict[str, Value] = {
                    "system": system.id, "destination": id, "every": every,
                    "keep": _keep_table(Keep()),
                }  # fmt: skip
                made.append(Add("copies", table))
    return tuple(made)


def _place_table(id: str, place: Place) -> Mapping[str, Value]:
    table: dict[str, Value] = {
        "id": id,
        "name": place.name,
        "medium": str(place.medium),
        "site": str(place.site),
        "encrypted": place.encrypted,
        "offline": place.offline,
    }
    if place.is_near and not place.encrypted:
        table["layout"] = "tree"
    if place.removable:
        table["removable"] = True
    return table | {"location": location_table(place.location)}
