"""A disk that is not where the plan says is found by the copies on it."""

from __future__ import annotations

from pathlib import Path

from core.copies.opening.elsewhere import as_attached
from core.plan.model import Plan
from core.plan.read import read_plan

PLAN = """version = 1
[[systems]]
id = "laden"
name = "Laden-PC"
[[systems.sources]]
kind = "folders"
paths = ["/daten/laden"]
[[destinations]]
id = "blau"
name = "Blau"
encrypted = false
{more}
location = {{ kind = "local", path = "/media/anna/BLAU/Sicherung" }}
[[copies]]
system = "laden"
destination = "blau"
every = "1w"
"""
MINE = {"blau": frozenset(("v1",))}


class Disks:
    """Which copy lies where; what is not named is not there."""

    def __init__(self, **copies: str) -> None:
        self._copies = {Path(place): id for place, id in copies.items()}
        self.asked: list[Path] = []

    def look(self, place: Path, system: str) -> frozenset[str] | None:
        assert system == "laden"
        self.asked.append(place)
        found = self._copies.get(place)
        if found == "broken":
            raise OSError("no answer")
        return frozenset((found,)) if found else None


def place_now(
    copies: dict[str, str], *, more: str = "offline = true", known: dict[str, frozenset[str]] = MINE
) -> str:
    plan: Plan = read_plan(PLAN.format(more=more), source="plan.toml", windows=False)
    roots = [Path("/media/anna/BLAU"), Path("/media/anna/BLAU1"), Path("/mnt/x")]
    disks = Disks(**copies)
    moved = as_attached(
        plan, known, roots=lambda: roots, look=disks.look, stands=lambda p: str(p.parent) in copies
    )
    assert Path(PLANNED) not in disks.asked  # a closed gate may forbid to read there
    (where,) = moved.destinations
    return where.location.address


PLANNED = "/media/anna/BLAU/Sicherung"


def test_a_disk_at_its_place_stays_there() -> None:
    assert place_now({PLANNED: "v1", "/mnt/x/Sicherung": "v1"}) == PLANNED


def test_the_same_folders_below_another_mount_point_are_found() -> None:
    assert place_now({"/media/anna/BLAU1/Sicherung": "v1"}) == "/media/anna/BLAU1/Sicherung"
    assert place_now({"/mnt/x": "v1"}) == "/mnt/x"
    assert place_now({"/mnt/x/anna/BLAU/Sicherung": "v1"}) == "/mnt/x/anna/BLAU/Sicherung"


def test_another_disk_at_its_place_is_told_and_not_passed_by() -> None:
    copies = {PLANNED: "v9", "/media/anna/BLAU1/Sicherung": "v1"}
    assert place_now(copies) == PLANNED


def test_what_is_not_ours_or_there_twice_is_left_alone() -> None:
    assert place_now({}) == PLANNED
    assert place_now({"/mnt/x/Sicherung": "v9"}) == PLANNED
    assert place_now({"/mnt/x/Sicherung": "broken"}) == PLANNED
    assert place_now({"/mnt/x/Sicherung": "v1", "/mnt/x": "v1"}) == PLANNED


def test_a_disk_that_never_goes_and_a_copy_nobody_knows_are_not_looked_for() -> None:
    elsewhere = {"/mnt/x/Sicherung": "v1"}
    assert place_now(elsewhere, more="") == PLANNED
    assert place_now(elsewhere, more="removable = true") == "/mnt/x/Sicherung"
    assert place_now(elsewhere, known={}) == PLANNED
