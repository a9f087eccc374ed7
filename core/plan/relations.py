"""What the keys of a plan must say about each other: unique ids, known ids, no copy twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.plan.locations import LOCK_LONGEST, LOCK_SHORTEST
from core.plan.model import Layout, Medium, default_every
from core.plan.problems import ProblemCode
from core.plan.providers import providers
from core.plan.walk import Walk, closest

_UNKNOWN = {
    "system": ("systems", ProblemCode.UNKNOWN_SYSTEM),
    "destination": ("destinations", ProblemCode.UNKNOWN_DESTINATION),
}


def note_relations(walk: Walk, data: Mapping[str, Any], good: Mapping[str, Any]) -> None:
    """Note what the good keys contradict; `data` also knows the ids of items that are not good."""
    for section in ("systems", "destinations", "people"):
        _unique_ids(walk, section, good)
    for number, destination in good.get("destinations", ()):
        _place(walk, data, number, destination)
        _lock(walk, good, number, destination)
    _owner(walk, data, good)
    if "alerts" in good:
        _quiet(walk, data["alerts"], good["alerts"])
    pairs: dict[tuple[str, str], int] = {}
    for number, copy in good.get("copies", ()):
        for key in _UNKNOWN:
            if key in copy:
                _reference(walk, data, number, key, copy[key])
        if "keep" in copy:
            _keep(walk, data, number)
        if {"system", "destination"} <= copy.keys():
            _once(walk, pairs, number, (copy["system"], copy["destination"]))
        if "system" in copy:
            _has_sources(walk, data, number, copy["system"])


def _unique_ids(walk: Walk, section: str, good: Mapping[str, Any]) -> None:
    first: dict[str, int] = {}
    for number, item in good.get(section, ()):
        id = item.get("id")
        if id is None:
            continue
        if id in first:
            line = walk.line((section, first[id], "id"))
            where = (section, number, "id")
            walk.note(where, ProblemCode.DUPLICATE_ID, value=id, first_line=str(line or ""))
        first.setdefault(id, number)


def _place(walk: Walk, data: Mapping[str, Any], number: int, item: Mapping[str, Any]) -> None:
    """What kind of place it is decides what the other keys may be."""
    where = ("destinations", number)
    location = item.get("location", {})
    kind = location.get("kind", "local")
    if kind != "local" and item.get("medium") == Medium.DISK:
        walk.note((*where, "medium"), ProblemCode.NOT_A_DISK, kind=kind)
    if kind == "synced-folder":
        if item.get("encrypted") is False:
            walk.note((*where, "encrypted"), ProblemCode.SYNCED_NOT_ENCRYPTED)
        if item.get("layout") == Layout.TREE:
            walk.note((*where, "layout"), ProblemCode.SYNCED_NOT_BUNDLED)
    if kind == "s3":
        named = data["destinations"][number]["location"].get("provider", "other")
        if "provider" not in location and named != "other":
            return  # said already
        provider = providers()[named]
        for name, needed, code in (
            ("region", provider.needs_region, ProblemCode.NEEDS_REGION),
            ("endpoint", provider.needs_endpoint, ProblemCode.NEEDS_ENDPOINT),
        ):
            if needed and not (location.get(name) or location.get("endpoint")):
                walk.note((*where, "location", name), code, provider=provider.name)


def _lock(walk: Walk, good: Mapping[str, Any], number: int, destination: Mapping[str, Any]) -> None:
    """A lock lasts from one run to the next at least, or there are days without one."""
    lock = destination.get("location", {}).get("lock")
    if lock is None:
        return
    where = ("destinations", number, "location", "lock")
    if not LOCK_SHORTEST <= lock <= LOCK_LONGEST:
        most = LOCK_LONGEST.days
        walk.note(where, ProblemCode.LOCK_SPAN, least=str(LOCK_SHORTEST.days), most=str(most))
        return
    usual = default_every(offline=destination.get("offline", False))
    for _, copy in good.get("copies", ()):
        if copy.get("destination") == destination.get("id") and copy.get("every", usual) > lock:
            walk.note(where, ProblemCode.LOCK_TOO_SHORT, system=copy.get("system", "?"))
            return


def _owner(walk: Walk, data: Mapping[str, Any], good: Mapping[str, Any]) -> None:
    """Where people are named, one of them is told first."""
    people = _tables(data, "people")
    if people and not any(item.get("role", "owner") == "owner" for item in people):
        walk.note(("people", 0), ProblemCode.NO_OWNER)


def _quiet(walk: Walk, raw: Mapping[str, Any], good: Mapping[str, Any]) -> None:
    keys = ("quiet_from", "quiet_until")
    there = [key for key in keys if key in raw]
    same = len(good.keys() & keys) == 2 and good[keys[0]] == good[keys[1]]
    if len(there) == 1 or same:
        walk.note(("alerts", there[0]), ProblemCode.QUIET_HALF)


def _reference(walk: Walk, data: Mapping[str, Any], number: int, key: str, value: str) -> None:
    section, code = _UNKNOWN[key]
    known = [item["id"] for item in _tables(data, section) if isinstance(item.get("id"), str)]
    if value not in known:
        walk.note(
            ("copies", number, key),
            code,
            value=value,
            known=", ".join(known),
            suggestion=closest(value, known),
        )


def _keep(walk: Walk, data: Mapping[str, Any], number: int) -> None:
    raw = data["copies"][number]["keep"]
    if not any(raw.values()):
        walk.note(("copies", number, "keep"), ProblemCode.KEEP_NOTHING)


def _once(
    walk: Walk, pairs: dict[tuple[str, str], int], number: int, pair: tuple[str, str]
) -> None:
    if pair in pairs:
        walk.note(
            ("copies", number),
            ProblemCode.COPY_TWICE,
            system=pair[0],
            destination=pair[1],
            first_line=str(walk.line(("copies", pairs[pair])) or ""),
        )
    pairs.setdefault(pair, number)


def _has_sources(walk: Walk, data: Mapping[str, Any], number: int, id: str) -> None:
    systems = [item for item in _tables(data, "systems") if item.get("id") == id]
    if systems and not any("sources" in item for item in systems):
        walk.note(("copies", number, "system"), ProblemCode.NO_SOURCES, system=id)


def _tables(data: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    items = data.get(section)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
