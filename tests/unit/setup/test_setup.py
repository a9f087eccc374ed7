"""The set-up without a window: steps, what they lack, the plan that comes of it, the meter."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.destinations.devices import Device
from core.errors import KnownError
from core.health.expected import expected
from core.health.model import Reason
from core.paths import find_home
from core.plan.model import Medium, Site
from core.plan.read import read_plan
from core.setup.draft import (
    Draft,
    Place,
    carried_away,
    forget_draft,
    keep_draft,
    plan_text,
    read_draft,
    with_folder,
    with_place,
    without_folder,
    without_place,
)
from core.setup.flow import Lack, Step, before, following, lack, resumed, steps
from core.setup.places import Finding, Probe, probe
from tests.support.fixed_clock import NOON

DISK = Place(folder="/mnt/d/Ladentresor", name="Laufwerk D")
NAS = Place(folder="/mnt/nas/Ladentresor", name="NAS im Lager", medium=Medium.NAS)
STICK = carried_away(Place(folder="/media/a/Ladentresor", name="Stick", removable=True), away=True)


def test_the_sheet_is_a_step_only_for_encrypted_copies() -> None:
    plain = Draft(folders=("/daten",), places=(DISK,))
    assert steps(plain) == (Step.SHOP, Step.PLACES, Step.RUN)
    assert steps(with_place(plain, STICK)) == tuple(Step)


def test_there_and_back_is_exact() -> None:
    draft = Draft(folders=("/daten",), places=(STICK,))
    at, way = Step.SHOP, [Step.SHOP]
    while following(draft, at) is not at:
        at = following(draft, at)
        way.append(at)
    assert way == list(Step)
    back = [at]
    while (earlier := before(draft, back[-1])) is not None:
        back.append(earlier)
    assert back == list(reversed(way))


def test_what_is_missing() -> None:
    assert lack(Draft(), Step.SHOP) is Lack.NO_FOLDER
    assert lack(Draft(folders=("/a",)), Step.SHOP) is None
    assert lack(Draft(folders=("/a",)), Step.PLACES) is Lack.NO_PLACE
    assert lack(Draft(folders=("/a",), places=(NAS,)), Step.PLACES) is None


@pytest.mark.parametrize(
    ("draft", "step"),
    [
        (Draft(step="run"), Step.SHOP),
        (Draft(step="sheet", folders=("/a",)), Step.PLACES),
        (Draft(step="places", folders=("/a",)), Step.PLACES),
        (Draft(step="a step of tomorrow", folders=("/a",)), Step.SHOP),
    ],
)
def test_going_on_never_skips_what_is_missing(draft: Draft, step: Step) -> None:
    assert resumed(draft) is step


def test_choices_are_values() -> None:
    draft = with_folder(with_folder(Draft(), "/a"), "/a")
    assert draft.folders == ("/a",)
    assert without_folder(draft, "/a") == Draft()
    changed = with_place(with_place(draft, NAS), carried_away(NAS, away=True))
    assert [one.site for one in changed.places] == [Site.AWAY]
    assert without_place(changed, NAS.folder).places == ()


def test_what_leaves_the_shop_is_encrypted() -> None:
    assert not carried_away(DISK, away=False).encrypted
    assert carried_away(DISK, away=True).encrypted
    assert carried_away(Place(folder="/m", name="x", removable=True), away=False).encrypted


def test_the_plan_says_what_was_chosen() -> None:
    draft = Draft(shop="Feinkost „Maier“", folders=("/daten/wawi",), places=(DISK, NAS, STICK))
    plan = read_plan(plan_text(draft, "Laden-PC"), source="plan.toml")
    assert plan.shop == "Feinkost „Maier“"
    assert plan.systems[0].folders == (Path("/daten/wawi"),)
    found = [
        (w.name, w.medium, w.site, w.encrypted, w.offline, w.removable) for w in plan.destinations
    ]
    assert found == [
        ("Laufwerk D", Medium.DISK, Site.HERE, False, False, False),
        ("NAS im Lager", Medium.NAS, Site.HERE, False, False, False),
        ("Stick", Medium.DISK, Site.AWAY, True, True, True),
    ]
    assert len(plan.copies) == 3


def test_a_draft_outlives_a_crash_and_goes_when_done(tmp_path: Path) -> None:
    home = find_home(str(tmp_path))
    assert read_draft(home) == Draft()
    draft = Draft(shop="x", folders=("/a",), places=(STICK,), step="places")
    keep_draft(home, draft)
    assert read_draft(home) == draft
    (home.state / "einrichtung.json").write_bytes(b"{ torn")
    assert read_draft(home) == Draft()
    forget_draft(home)
    forget_draft(home)


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnownError):
        keep_draft(find_home(str(tmp_path / "file")), Draft())


# -- places ---------------------------------------------------------------------------------------


def look(folder: Path, *sources: Path) -> Finding:
    return probe(folder, sources, lambda path: Device("d"), {}).finding


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    found = probe(tmp_path / "neu", [], lambda path: Device("d", "u"), {})
    assert found.passed
    assert found.free > 0
    assert found.device == Device("d", "u")
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_none(tmp_path: Path) -> None:
    source = tmp_path / "daten"
    (source / "innen").mkdir(parents=True)
    assert look(tmp_path / "gibt" / "es" / "nicht") is Finding.MISSING
    assert look(source, source) is Finding.INSIDE_SOURCE
    assert look(source / "innen", source) is Finding.INSIDE_SOURCE
    assert look(tmp_path, source) is Finding.HOLDS_SOURCE
    link = tmp_path / "verweis"
    link.symlink_to(source)
    assert look(link, source) is Finding.INSIDE_SOURCE


def test_a_synced_folder_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "OneDrive"
    folder.mkdir()
    found = probe(folder, [], lambda path: Device(), {"OneDrive": str(folder)})
    assert found.finding is Finding.SYNCED


def good(name: str) -> Probe:
    return Probe(Finding.PASSED, Device(name, name))


def test_the_meter_counts_as_health_counts() -> None:
    draft = Draft(folders=("/a",), places=(DISK, NAS, STICK))
    probes = {DISK.folder: good("pc"), NAS.folder: good("nas"), STICK.folder: good("stick")}
    verdict = expected(draft, probes, [Device("pc", "pc")], NOON)
    assert (verdict.three, verdict.two, verdict.away) == (3, 2, (STICK.folder,))
    assert verdict.copies[0].has(Reason.DEVICE_OF_SOURCE)
    on_one_disk = dict.fromkeys(probes, good("pc"))
    assert expected(draft, on_one_disk, [Device("pc", "pc")], NOON).three == 1
    failed = probes | {NAS.folder: Probe(Finding.READ_ONLY)}
    assert expected(draft, failed, [Device("pc", "pc")], NOON).three == 2
