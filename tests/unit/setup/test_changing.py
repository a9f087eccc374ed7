"""What is changed on the pages becomes the fewest changes of the plan, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.plan.edit import Add, Change, Put, Remove, edit
from core.plan.model import Keep, Medium, Mode, Plan, Site
from core.plan.read import read_plan
from core.setup import changing
from core.setup.changing import SourceDraft, SystemDraft
from core.setup.draft import Place

TEXT = """\
version = 1   # von Hand geschrieben
[[systems]]
id = "laden"
name = "Laden-PC"
[[systems.sources]]
paths = ["/daten/a", "/daten/b"]   # beide
exclude = ["*.tmp"]
[[systems.sources]]
paths = ["/daten/c"]
default_excludes = false
[[systems]]
id = "shop"
mode = "saas"
[[destinations]]
id = "nas"
name = "NAS"
medium = "nas"
location.path = "/mnt/nas"
[[destinations]]
id = "platte"
offline = true
encrypted = false
location = { path = "/mnt/p" }
[[copies]]
system = "laden"
destination = "nas"
keep = { daily = 7 }
"""


def read(text: str = TEXT) -> Plan:
    return read_plan(text, source="x", windows=False)


def put(*changes: Change) -> Plan:
    """The plan these changes make; comments are still there."""
    text = edit(TEXT, changes)
    assert "# von Hand geschrieben" in text
    return read(text)


def test_nothing_touched_nothing_changed() -> None:
    plan = read()
    for system in plan.systems:
        assert changing.system_changes(system, changing.draft_of(system)) == ()
    for where in plan.destinations:
        draft = changing.destination_draft(plan, where)
        assert changing.destination_changes(plan, where, draft) == ()


def test_fields_of_a_system() -> None:
    system = read().system("laden")
    draft = changing.draft_of(system)
    first = SourceDraft(("/daten/a", "/neu"), ("*.tmp", "*.bak"), default_excludes=True)
    changed = replace(
        draft, name=" Kasse ", sources=(first, draft.sources[1]), rpo=timedelta(hours=4)
    )
    changes = changing.system_changes(system, changed)
    assert [getattr(one, "key", "") for one in changes] == [
        "systems.laden.name",
        "systems.laden.rpo",
        "systems.laden.sources[1].paths",
        "systems.laden.sources[1].exclude",
    ]
    made = put(*changes).system("laden")
    assert (made.name, made.rpo, made.rto) == ("Kasse", timedelta(hours=4), system.rto)
    assert made.folders == (Path("/daten/a"), Path("/neu"), Path("/daten/c"))
    assert made.sources[0].exclude == ("*.tmp", "*.bak")
    assert not made.sources[1].default_excludes


def test_folders_that_are_all_gone_take_their_patterns_along() -> None:
    system = read().system("laden")
    draft = changing.draft_of(system)
    gone = replace(draft, sources=(SourceDraft((), ("*.tmp",)), draft.sources[1]))
    changes = changing.system_changes(system, gone)
    assert changes == (Remove("systems.laden.sources[1]"),)
    assert put(*changes).system("laden").folders == (Path("/daten/c"),)


def test_patterns_that_are_all_gone() -> None:
    system = read().system("laden")
    draft = changing.draft_of(system)
    first = replace(draft.sources[0], exclude=(), default_excludes=False)
    made = put(*changing.system_changes(system, replace(draft, sources=(first, draft.sources[1]))))
    assert made.system("laden").sources[0].exclude == ()
    assert not made.system("laden").sources[0].default_excludes


def test_a_new_system_with_copies_and_one_in_the_net() -> None:
    plan = read()
    draft = SystemDraft("Büro-PC", (SourceDraft(("/daten/büro",), ("*.bak",)),))
    made = put(*changing.new_system(plan, draft, ["nas", "platte"]))
    assert made.system("buero-pc").folders == (Path("/daten/büro"),)
    assert [(copy.destination, copy.every.days) for copy in made.copies_of("buero-pc")] == [
        ("nas", 1),
        ("platte", 7),
    ]
    shop = SystemDraft("Laden", (), mode=Mode.HOSTED)
    made = put(*changing.new_system(plan, shop, ["nas"]))
    assert made.system("laden-2").mode is Mode.HOSTED  # the id was taken
    assert made.copies_of("laden-2") == ()


def test_the_last_copy_stays() -> None:
    plan = read()
    assert not changing.removable_system(plan, "laden")
    assert changing.removable_system(plan, "shop")
    assert not changing.removable_destination(plan, "nas")
    assert changing.removable_destination(plan, "platte")
    made = put(*changing.without_system(plan, "shop"))
    assert [system.id for system in made.systems] == ["laden"]
    made = put(
        Add("copies", {"system": "laden", "destination": "platte"}),
        *changing.without_destination(plan, "nas"),
    )
    assert [where.id for where in made.destinations] == ["platte"]


def test_fields_of_a_destination() -> None:
    plan = read()
    nas, platte = plan.destinations
    draft = changing.destination_draft(plan, nas)
    assert [one.system for one in draft.copies] == ["laden"]  # what has no folders is not copied
    keep = Keep(daily=30, weekly=0, monthly=12, yearly=0)
    copy = replace(draft.copies[0], every=timedelta(hours=12), keep=keep)
    made = put(*changing.destination_changes(plan, nas, replace(draft, copies=(copy,))))
    assert made.copies[0].keep == keep
    assert made.copies[0].every == timedelta(hours=12)
    stopped = replace(draft, name="Lager", copies=(replace(copy, is_made=False),))
    assert changing.destination_changes(plan, nas, stopped) == (
        Put("destinations.nas.name", "Lager"),
        Remove("copies.laden.nas"),
    )
    more = changing.destination_draft(plan, platte)
    assert (more.copies[0].is_made, more.copies[0].every.days) == (False, 7)
    begun = replace(more, copies=(replace(more.copies[0], is_made=True),))
    made = put(*changing.destination_changes(plan, platte, begun))
    assert [copy.destination for copy in made.copies] == ["nas", "platte"]


def test_new_places_get_every_system_that_has_folders() -> None:
    plan = read()
    places = (
        Place(at="/media/A", name="Platte", removable=True, site=Site.AWAY, encrypted=True),
        Place(at="/mnt/q", name="NAS", medium=Medium.NAS),
    )
    made = put(*changing.new_places(plan, places))
    away, nas = made.destinations[2:]
    assert (away.id, away.offline, away.encrypted, away.removable) == ("platte-2", True, True, True)
    assert (nas.id, nas.medium, nas.encrypted, nas.layout) == ("nas-2", "nas", False, "tree")
    assert [(copy.destination, copy.every.days) for copy in made.copies_of("laden")] == [
        ("nas", 1),
        ("platte-2", 7),
        ("nas-2", 1),
    ]


@pytest.mark.parametrize(
    ("keep", "days"),
    [(Keep(), 3650), (Keep(daily=3, weekly=0, monthly=0, yearly=0), 3)],
)
def test_how_far_back_states_reach(keep: Keep, days: int) -> None:
    assert changing.oldest_kept(keep).days == days
