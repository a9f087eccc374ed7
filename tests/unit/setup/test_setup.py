"""The set-up without a window: steps, what they lack, the plan that comes of it, the meter."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.destinations.devices import Device
from core.errors import KnownError
from core.health.expected import expected
from core.health.model import Reason
from core.paths import find_home
from core.plan.model import DataKind, Medium, Mode, Security, Site
from core.plan.read import read_plan
from core.setup.draft import (
    Contact,
    Draft,
    Mail,
    Place,
    Service,
    carried_away,
    forget_draft,
    is_unfinished,
    keep_draft,
    plan_text,
    read_draft,
    with_applied,
    with_folder,
    with_place,
    without_folder,
    without_place,
)
from core.setup.flow import Lack, Step, before, following, lack, resumed, steps, takes_over
from core.setup.places import Finding, Probe, probe
from tests.support.fixed_clock import NOON

DISK = Place(at="/mnt/d/Ladentresor", name="Laufwerk D")
NAS = Place(at="/mnt/nas/Ladentresor", name="NAS im Lager", medium=Medium.NAS)
STICK = carried_away(Place(at="/media/a/Ladentresor", name="Stick", removable=True), away=True)


def test_the_sheet_is_a_step_only_for_encrypted_copies() -> None:
    plain = Draft(folders=("/daten",), places=(DISK,))
    assert steps(plain) == tuple(one for one in Step if one is not Step.SHEET)
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
        (Draft(step="run", folders=("/a",), places=(DISK,)), Step.PEOPLE),
        (Draft(step="sheet", folders=("/a",), places=(STICK,), applied="x"), Step.SHEET),
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
    assert without_place(changed, NAS.at).places == ()


def test_what_leaves_the_shop_is_encrypted() -> None:
    assert not carried_away(DISK, away=False).encrypted
    assert carried_away(DISK, away=True).encrypted
    assert carried_away(Place(at="/m", name="x", removable=True), away=False).encrypted


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
    probes = {DISK.at: good("pc"), NAS.at: good("nas"), STICK.at: good("stick")}
    verdict = expected(draft, probes, [Device("pc", "pc")], NOON)
    assert (verdict.three, verdict.two, verdict.away) == (3, 2, (STICK.at,))
    assert verdict.copies[0].has(Reason.DEVICE_OF_SOURCE)
    on_one_disk = dict.fromkeys(probes, good("pc"))
    assert expected(draft, on_one_disk, [Device("pc", "pc")], NOON).three == 1
    failed = probes | {NAS.at: Probe(Finding.READ_ONLY)}
    assert expected(draft, failed, [Device("pc", "pc")], NOON).three == 2


def test_services_people_goals_and_mail_stand_in_the_plan() -> None:
    draft = Draft(
        folders=("/daten",),
        places=(DISK, STICK),
        services=(
            Service(
                id="shopify", name="Shopify", mode=Mode.SAAS, operator="Shopify",
                holds=(DataKind.ORDERS, DataKind.CUSTOMERS),
            ),
        ),
        rpo_hours=4,
        rto_hours=24,
        owner=Contact(name="Anna Maier", email="anna@maier.de"),
        deputy=Contact(name="Sabine"),
        mail=Mail(host="smtp.maier.de", port=465, security=Security.TLS, sender="pc@maier.de"),
    )  # fmt: skip
    plan = read_plan(plan_text(draft, "Laden-PC", "en"), source="plan.toml")
    own, shopify = plan.systems
    assert (own.rpo, own.rto) == (timedelta(hours=4), timedelta(hours=24))
    assert (own.owner, own.deputy) == ("anna-maier", "sabine")
    assert [copy.every for copy in plan.copies] == [timedelta(hours=4), timedelta(days=7)]
    assert (shopify.mode, shopify.operator) == (Mode.SAAS, "Shopify")
    assert shopify.holds == (DataKind.ORDERS, DataKind.CUSTOMERS)
    assert plan.uncovered == (shopify,)
    assert [(one.id, one.email, one.lang) for one in plan.people] == [
        ("anna-maier", "anna@maier.de", "en"),
        ("sabine", "", "en"),
    ]
    smtp = plan.alerts.smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.security, smtp.user) == (
        "smtp.maier.de", 465, Security.TLS, "pc@maier.de",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "deputy", "missing"),
    [
        (Contact(), Contact(), None),
        (Contact(name="Anna"), Contact(), None),
        (Contact(email="anna@maier.de"), Contact(), Lack.NO_NAME),
        (Contact(name="Anna", email="anna"), Contact(), Lack.BAD_ADDRESS),
        (Contact(name="Anna"), Contact(name="S", email="s@@x.de"), Lack.BAD_ADDRESS),
    ],
)
def test_people_may_be_left_out_but_not_half(
    owner: Contact, deputy: Contact, missing: Lack | None
) -> None:
    assert lack(Draft(owner=owner, deputy=deputy), Step.PEOPLE) is missing


def test_the_plan_is_put_into_force_right_before_it_is_needed() -> None:
    plain = Draft(folders=("/a",), places=(DISK,))
    assert [one for one in steps(plain) if takes_over(plain, one)] == [Step.PEOPLE]
    sealed = Draft(folders=("/a",), places=(STICK,))
    assert [one for one in steps(sealed) if takes_over(sealed, one)] == [Step.PEOPLE]


def test_an_unfinished_set_up_goes_on_until_somebody_else_edits_the_plan(tmp_path: Path) -> None:
    home = find_home(str(tmp_path))
    assert not is_unfinished(home)
    draft = Draft(shop="x", folders=("/a",), places=(DISK,))
    keep_draft(home, draft)
    assert is_unfinished(home)
    text = plan_text(draft, "Laden-PC")
    home.plan.write_text(text, "utf-8", newline="")
    assert not is_unfinished(home)  # a plan that this set-up did not make
    keep_draft(home, with_applied(draft, text))
    assert is_unfinished(home)
    home.plan.write_text(text + "# meins\n", "utf-8", newline="")
    assert not is_unfinished(home)
    home.plan.unlink()
    forget_draft(home)
    assert not is_unfinished(home)
