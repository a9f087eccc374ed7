"""Every page and step the window has, for whoever has to see them all: tests and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from core.agent.service import Service
from core.alerts.standing import MailStanding
from core.destinations.devices import Device
from core.health.answer import Answer, Headline, ShopState
from core.health.copies_said import say_copies
from core.health.look import Picture
from core.health.systems_said import say_systems
from core.paths import Home
from core.plan.model import DataKind, Medium, Mode, Site
from core.setup.draft import Contact, Draft, Place, with_place
from core.setup.draft import Service as OnlineService
from core.setup.flow import Step
from core.setup.places import Finding, Probe
from core.setup.sizes import FolderSize
from core.setup.templates import templates
from gui.jobs.port import Ended, Failure, Phase, Progress, Told
from gui.pages.copies import CopiesPage
from gui.pages.destination_editor import DestinationEditor
from gui.pages.settings import SettingsPage
from gui.pages.system_editor import SystemEditor
from gui.pages.systems import SystemsPage
from gui.shop import Shop
from gui.window import Window
from gui.wizards import restore as restore_module
from gui.wizards.adding import AddingWizard
from gui.wizards.preview import Seen
from gui.wizards.restore import RestoreWizard
from gui.wizards.restore_pages import place as place_module
from gui.wizards.setup import SetupWizard
from gui.wizards.setup_pages import places as places_module
from tests.gui import scenes
from tests.gui.scenes import PlayedRunner

Act = Callable[[Window, Shop, PlayedRunner], None]


def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine the pictures are made on gets into them."""
    known = {one.id: one for one in templates()}
    found = {
        "/home/maier/JTL-Backup": known["jtl-wawi"],
        "/home/maier/Dokumente/Outlook-Dateien": known["outlook"],
        "/home/maier/Dokumente": known["documents"],
        "/home/maier/Bilder": known["pictures"],
    }
    sizes = iter(range(1, 100))
    monkeypatch.setattr(SetupWizard, "find_folders", lambda self, done: done(found))
    monkeypatch.setattr(
        SetupWizard,
        "measure_folder",
        lambda self, folder, done: done(
            folder, FolderSize(1204 * next(sizes), 3_700_000_000, is_whole=True)
        ),
    )
    monkeypatch.setattr(SetupWizard, "probe_place", lambda self, place, done: None)
    monkeypatch.setattr(places_module, "volumes", list)
    monkeypatch.setattr(place_module, "copies_below", lambda roots: [])
    monkeypatch.setattr(Shop, "look_at_mail", lambda self, done: None)
    monkeypatch.setattr(
        restore_module, "new_folder", lambda now, name: f"/home/maier/Schreibtisch/{name} 22.11."
    )


def nothing() -> Picture:
    """No plan."""
    return replace(
        scenes.protected(), plan=None, answer=Answer(ShopState.EMPTY, Headline.NO_PLAN),
        tasks=(), verdicts=(), runs=(), days=(), rooms=(),
    )  # fmt: skip


def _none(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    pass


def _running(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    shop.back_up()
    runner.hear(Phase("objects", "wawi", "nas"))
    shop.clock.pass_by(seconds=95)  # type: ignore[attr-defined]  # the fixed clock of tests
    runner.hear(Progress(1204, 874_000_000))


def _failed(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    shop.back_up()
    runner.hear(
        Failure(
            "destination_missing",
            "„NAS im Lager“ ist nicht erreichbar.",
            "Auf „NAS im Lager“ kommt nichts Neues an. Die Stände dort bleiben.",
            "Schließen Sie „NAS im Lager“ an.",
        )
    )
    runner.hear(Ended(7))


def _runs(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.open("runs")


SERVICE = Service(
    True, True, "/home/maier/.config/systemd/user/ladentresor-agent.service",
    next=scenes.NOW + 9 * scenes.HOUR + 50 * scenes.HOUR / 60,
)  # fmt: skip
_CHECKS: list[tuple[str, bool, str]] = [
    ("version", True, "Ladentresor 0.1.0, Python 3.11.7"),
    ("home", True, "Eigener Ordner: /home/maier/.local/state/Ladentresor, 214 GB frei"),
    ("secrets", True, "Geheimnisse: 2 im Schlüsselbund dieses PCs"),
    ("agent", True, "Hintergrunddienst: läuft, und startet bei der Anmeldung"),
    ("mail bert", False, "Mails an Bert Beispiel: dass sie ankommen, ist nicht bewiesen → x"),
    ("usb-a", False, "USB-Platte A: gerade nicht da (/ziele/usb)"),
]  # fmt: skip


def _standing(shop: Shop, service: Service) -> None:
    shop.service = service
    shop.changed.emit()


def _settings(part: str, service: Service = SERVICE) -> Act:
    def act(window: Window, shop: Shop, runner: PlayedRunner) -> None:
        _standing(shop, service)
        window.open("settings")
        page = window.page
        assert isinstance(page, SettingsPage)
        page.open(part)
        if part == "warnings":
            people = shop.picture.plan.people if shop.picture and shop.picture.plan else ()
            proven = {"anna": scenes.NOW - 12 * scenes.DAY, "bert": None}
            page._mail_seen(MailStanding(people, True, proven, 0))
        if part == "this_pc":
            shop.home = Home(*(Path("/home/maier") / one / "Ladentresor" for one in
                               (".config", ".local/state", ".cache")))  # fmt: skip
            page.check()
            for name, good, words in _CHECKS:
                runner.hear(Told("", {"check": name, "good": good, "text": words}))
            runner.hear(Ended(3))

    return act


def _person(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _settings("warnings")(window, shop, runner)
    page = window.page
    assert isinstance(page, SettingsPage)
    page._edit("bert")


def _by_hand(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _standing(shop, Service(False, False))


def _complaint(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _settings("by_itself", Service(False, True, SERVICE.place))(window, shop, runner)
    shop.pause_typed("closing")
    runner.hear(
        Failure(
            "pause_not_open",
            "Nach dem Plan ist der Laden gerade nicht offen; bis zum Ladenschluss geht so nicht.",
            "",
            "Nennen Sie eine Uhrzeit wie 18:30.",
        )
    )
    runner.hear(Ended(2))


def _paused(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _standing(shop, SERVICE)


def _page(name: str) -> Act:
    def act(window: Window, shop: Shop, runner: PlayedRunner) -> None:
        window.open(name)

    return act


def _systems(window: Window) -> SystemsPage:
    window.open("systems")
    page = window.page
    assert isinstance(page, SystemsPage)
    return page


def _copies(window: Window) -> CopiesPage:
    window.open("copies")
    page = window.page
    assert isinstance(page, CopiesPage)
    return page


def _change_system(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    page = _systems(window)
    page.change("wawi")
    assert isinstance(page.form, SystemEditor)
    [source] = page.form.sources
    source.add_folder("/daten/wawi-archiv")
    source.pattern.setText("*.bak")
    source.add_pattern()
    source.ask()
    runner.hear(Told("", {"pattern": "*.bak", "files": 212, "bytes": 3_400_000_000}))
    runner.hear(Told("", {"pattern": "~$*", "files": 3, "bytes": 495}))
    runner.hear(Ended(0))


def _new_system(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _systems(window).change("")


def _take_out(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    page = _systems(window)
    assert shop.picture is not None
    said = say_systems(shop.picture, shop.texts)
    assert said is not None
    page.take_out(said.systems[0])


def _change_destination(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    page = _copies(window)
    page.change("tresor")
    assert isinstance(page.form, DestinationEditor)
    page.form.copies[1].made.setChecked(False)


def _clean_up(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    page = _copies(window)
    assert shop.picture is not None
    said = say_copies(shop.picture, shop.texts)
    assert said is not None
    page.clean_up(said.destinations[0])
    states = [
        {"run": f"{n}", "day": f"2026-11-{n:02}", "stays": n not in (3, 4, 6),
         "why": ["no_period"] if n in (3, 4, 6) else ["day"]}
        for n in range(1, 22)
    ]  # fmt: skip
    fields = {"dry_run": True, "states": states, "freed": 1_840_000_000, "orphans": ["x"]}
    runner.hear(Told("pruned", {"system": "wawi", **fields}))
    nothing: dict[str, object] = {"states": states[9:], "freed": 0, "orphans": []}
    runner.hear(Told("pruned", {"system": "buero", "dry_run": True, **nothing}))
    runner.hear(Ended(0))


def _not_me(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    page = _copies(window)
    for one in page.findChildren(QPushButton):
        if one.text() == shop.texts.t("Das war ich nicht"):
            one.click()
            break


def _adding(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.open("copies")
    window.add_place()
    wizard = window.page
    assert isinstance(wizard, AddingWizard)
    wizard.probes = {
        place.at: Probe(Finding.PASSED, Device(place.name, place.name), 1800 * 10**9)
        for place in (*wizard.draft.places, _PLACES[0])
    }
    wizard.source_devices = (Device("pc", "pc"),)
    wizard.choose(with_place(wizard.draft, _PLACES[0]))
    wizard.show_step(Step.PLACES)


def _version(run: str, began: str, changed: int, size: int) -> dict[str, object]:
    return {
        "run": run, "began": began, "first": began, "bytes": size, "mtime_ns": changed * 10**9,
        "suspect": False,
    }  # fmt: skip


_VERSIONS = [
    _version("9", "2026-11-18T02:00:00Z", 1794934800, 48_000),
    _version("7", "2026-11-12T02:00:00Z", 1794434800, 47_100),
    _version("5", "2026-11-01T02:00:00Z", 1793434800, 46_000),
    _version("3", "2026-10-12T02:00:00Z", 1791734800, 45_000),
    _version("1", "2026-09-20T02:00:00Z", 1789834800, 45_000),
]


def _hit(path: str, *, kind: str = "file", gone: bool = False, first: int = 0) -> Told:
    fields = {"kind": kind, "path": path, "raw": path, "gone": gone, "versions": _VERSIONS[first:]}
    return Told("", fields)


def _wizard(window: Window) -> RestoreWizard:
    wizard = window.page
    assert isinstance(wizard, RestoreWizard)
    return wizard


def _what(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.restore()
    wizard = _wizard(window)
    wizard.what.field.setText("preisliste")
    wizard.what._search()
    runner.hear(_hit("Büro/Verkauf/Preisliste 2026.xlsx", gone=True))
    runner.hear(_hit("Büro/Verkauf/Archiv/Preisliste 2025.xlsx", first=2))
    runner.hear(_hit("Büro/Lieferanten/Brenner/Preisliste Weine.pdf", first=4))
    runner.hear(_hit("Büro/Verkauf/Preislisten", kind="folder", first=4))
    runner.hear(Ended(0))


def _whole(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.restore()
    _wizard(window).what._switch()
    for day in range(16, 22):
        runner.hear(
            Told("", {"run": f"{day}", "committed_at": f"2026-11-{day}T02:14:00Z", "files": 48_211,
                      "bytes": 18_400_000_000, "complete": day != 19, "suspect": False})
        )  # fmt: skip
    runner.hear(Ended(0))


def _where(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _what(window, shop, runner)
    _wizard(window).show_where()


def _result(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _what(window, shop, runner)
    _wizard(window).fetch()
    runner.hear(
        Told("restored", {"files": 1, "bytes": 48_000, "into": _wizard(window).choice.into,
                          "failed": [], "skipped": [], "renamed": []})
    )  # fmt: skip
    runner.hear(Ended(0))


def _in_place(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _whole(window, shop, runner)
    wizard = _wizard(window)
    wizard.choice.in_place = True
    wizard.fetch()
    runner.hear(
        Told("restored", {"files": 48_211, "bytes": 18_400_000_000, "into": wizard.choice.into,
                          "failed": [], "skipped": [], "renamed": []})
    )  # fmt: skip
    day = 86_400 * 10**9
    differs = [
        {"path": f"Büro/Verkauf/{name}", "raw": name, "why": why, "mtime_ns": 20_770 * day,
         "bytes": 48_000, "here_mtime_ns": (20_770 + days) * day, "here_bytes": 51_000}
        for name, why, days in (("Preisliste 2026.xlsx", "newer", 4), ("Brief.txt", "older", -9))
    ]  # fmt: skip
    runner.hear(
        Told("in_place", {"placed": 12, "same": 48_197, "replaced": [], "open": differs,
                          "refused": [], "aside": None})
    )  # fmt: skip
    runner.hear(Ended(3))


def _damaged(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _whole(window, shop, runner)
    _wizard(window).fetch()
    runner.hear(
        Told("restored", {"files": 48_209, "bytes": 18_390_000_000,
                          "into": _wizard(window).choice.into,
                          "failed": [{"path": "Büro/Verkauf/Preisliste 2025.xlsx"}],
                          "skipped": [{"path": "a"}, {"path": "b"}], "renamed": []})
    )  # fmt: skip
    runner.hear(Ended(8))


def _place(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.restore()
    page = _wizard(window).place
    page.field.setText("/media/maier/SICHERUNG A/Ladentresor")
    page.open_copy()
    runner.hear(Failure("key_missing", "", "", ""))
    runner.hear(Ended(14))
    page.lines[0].setText("k7r3m-2qxd9-hwtpa-46vj3-c8nef-gx2ab")
    page.lines[1].setText("t4yb7-hc9mw-w2kd8-6pxhh-aaaaa-bbbbb")
    page.open_copy()
    runner.hear(Told("mistake", {"mistake": "wrong", "line": 2, "group": 4}))
    runner.hear(Failure("key_mistyped", "", "", "Vergleichen Sie die genannten Gruppen."))
    runner.hear(Ended(14))


def _preview(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    _what(window, shop, runner)
    preview = _wizard(window).what.card.preview
    words = "Artikel;Bezeichnung;Preis\n10021;Olivenöl;11,90\n10022;Pecorino;18,20\n"
    preview.offer("Preisliste 2026.csv", "x", "9", 48_000)
    preview._show(Seen(words=words), [])


def _place_far(window: Window, shop: Shop, runner: PlayedRunner) -> None:
    window.restore()
    page = _wizard(window).place
    page.far.setChecked(True)
    page.typed.fields["host"].setText("smb://laden@diskstation/sicherung")


_PLACES = (
    Place(at="/media/SICHERUNG A/Ladentresor", name="SICHERUNG A", removable=True,
          site=Site.AWAY, encrypted=True),
    Place(at="smb://laden@diskstation/sicherung", name="NAS im Lager", id="nas-im-lager",
          medium=Medium.NAS),
    Place(at="https://anna@cloud.feinkost-maier.de/remote.php/dav/files/anna?vendor=nextcloud",
          name="Nextcloud", id="nextcloud", medium=Medium.CLOUD, site=Site.AWAY, encrypted=True),
    Place(at="/mnt/d/Ladentresor", name="Laufwerk D"),
)  # fmt: skip
_SERVICES = (
    OnlineService(id="shopify", name="Shopify", mode=Mode.SAAS, operator="Shopify",
            holds=(DataKind.ORDERS, DataKind.CUSTOMERS)),
)  # fmt: skip


def _setup(step: Step, more: Callable[[SetupWizard, PlayedRunner], None] | None = None) -> Act:
    def act(window: Window, shop: Shop, runner: PlayedRunner) -> None:
        window.set_up()
        wizard = window.page
        assert isinstance(wizard, SetupWizard)
        wizard.draft = Draft(
            shop="Feinkost Maier",
            folders=("/home/maier/JTL-Backup", "/home/maier/Dokumente"),
            services=_SERVICES,
            places=_PLACES,
            owner=Contact(name="Anna Maier", email="anna@feinkost-maier.de"),
            deputy=Contact(name="Sabine Kurz"),
        )
        passed = Finding.PASSED
        wizard.probes = {
            _PLACES[0].at: Probe(passed, Device("a", "a"), 1800 * 10**9, 2000 * 10**9),
            _PLACES[1].at: Probe(passed, Device("n", "n"), 2400 * 10**9, 4000 * 10**9, up=86e6),
            _PLACES[3].at: Probe(passed, Device("pc", "pc"), 600 * 10**9, 10**12),
        }
        wizard.source_devices = (Device("pc", "pc"),)
        wizard.shop_page.name.setText("Feinkost Maier")
        wizard.show_step(step)
        if more is not None:
            more(wizard, runner)

    return act


def _typing_a_nas(wizard: SetupWizard, runner: PlayedRunner) -> None:
    wizard.places.show_form()
    form = wizard.places.form
    form.typed.fields["host"].setText("diskstation")
    form.typed.fields["share"].setText("sicherung")
    form.typed.fields["user"].setText("laden")
    form.typed.fields["password"].setText("nur im Test")
    form.name.setText("NAS im Büro")
    form.try_out()
    runner.hear(Ended(0))
    runner.hear(
        Failure(
            "remote_login", "„nas-im-buero“ weist die Anmeldung ab.", "",
            "Prüfen Sie Benutzername und Kennwort.",
        )
    )  # fmt: skip
    runner.hear(Ended(14))
    runner.hear(Ended(0))  # the password is forgotten


def _mail_on_its_way(wizard: SetupWizard, runner: PlayedRunner) -> None:
    wizard.people.mailbox.setText("laden@gmx.de")
    wizard.people._sent(0, None)


def _mistyped(wizard: SetupWizard, runner: PlayedRunner) -> None:
    wizard.sheet.lines[0].setText("k7r3m-2qxd9-hwtpa-46vj3-c8nef-gx2ab")
    wizard.sheet.lines[1].setText("t4yb7-hc9mw-w2kd8-6pxhh-abcde-fghjk")
    wizard.sheet._prove()
    runner.hear(Told("mistake", {"mistake": "wrong", "line": 2, "group": 4}))
    runner.hear(Failure("key_mistyped", "", "", ""))
    runner.hear(Ended(14))


def _first_run(wizard: SetupWizard, runner: PlayedRunner) -> None:
    _progress(wizard.shop, runner)


def _progress(shop: Shop, runner: PlayedRunner) -> None:
    runner.hear(Phase("objects", "laden-pc", "nas-im-lager"))
    shop.clock.pass_by(seconds=95)  # type: ignore[attr-defined]  # the fixed clock of tests
    runner.hear(Progress(1204, 874_000_000))


PAGES: dict[str, tuple[Callable[[], Picture], Act]] = {
    "01-uebersicht-geschuetzt": (scenes.protected, _none),
    "02-uebersicht-in-gefahr": (scenes.in_danger, _none),
    "03-uebersicht-handeln": (scenes.to_act, _none),
    "04-uebersicht-vor-der-ersten-kopie": (scenes.not_yet, _none),
    "05-uebersicht-laeuft": (scenes.protected, _running),
    "06-uebersicht-fehlgeschlagen": (scenes.in_danger, _failed),
    "07-laeufe": (scenes.in_danger, _runs),
    "08-erster-start": (nothing, _none),
    "09-einrichten-laden": (nothing, _setup(Step.SHOP)),
    "10-einrichten-ziele": (nothing, _setup(Step.PLACES)),
    "11-einrichten-blatt": (nothing, _setup(Step.SHEET)),
    "19-einrichten-nas": (nothing, _setup(Step.PLACES, _typing_a_nas)),
    "20-einrichten-alter-und-tempo": (nothing, _setup(Step.GOALS)),
    "21-einrichten-menschen": (nothing, _setup(Step.PEOPLE, _mail_on_its_way)),
    "22-einrichten-blatt-vertippt": (nothing, _setup(Step.SHEET, _mistyped)),
    "23-einrichten-erster-lauf": (nothing, _setup(Step.RUN, _first_run)),
    "24-zurueckholen-vorschau": (scenes.protected, _preview),
    "26-zurueckholen-an-den-alten-platz": (scenes.protected, _in_place),
    "25-fremder-pc-nas": (nothing, _place_far),
    "12-zurueckholen-was": (scenes.protected, _what),
    "13-zurueckholen-ganzes-system": (scenes.protected, _whole),
    "14-zurueckholen-woher-wohin": (scenes.protected, _where),
    "15-zurueckholen-ergebnis": (scenes.protected, _result),
    "16-zurueckholen-beschaedigt": (scenes.protected, _damaged),
    "17-fremder-pc": (nothing, _place),
    "30-einstellungen-von-selbst": (scenes.chosen, _settings("by_itself")),
    "31-einstellungen-warnungen": (scenes.chosen, _settings("warnings")),
    "32-einstellungen-fenster": (scenes.chosen, _settings("view")),
    "33-einstellungen-dieser-pc": (scenes.chosen, _settings("this_pc")),
    "34-einstellungen-person": (scenes.chosen, _person),
    "35-einstellungen-abgelehnt": (scenes.chosen, _complaint),
    "36-uebersicht-pause": (scenes.paused, _paused),
    "40-uebersicht-platte-abziehen": (scenes.may_go, _none),
    "37-uebersicht-nur-von-hand": (scenes.protected, _by_hand),
    "38-einstellungen-pause": (scenes.paused, _settings("by_itself")),
    "60-systeme": (scenes.protected, _page("systems")),
    "61-system-aendern": (scenes.protected, _change_system),
    "62-system-hinzufuegen": (scenes.protected, _new_system),
    "63-system-entfernen": (scenes.protected, _take_out),
    "64-kopien": (scenes.protected, _page("copies")),
    "65-kopien-in-gefahr": (scenes.in_danger, _page("copies")),
    "66-kopien-rueckfrage": (scenes.asked_about_changes, _page("copies")),
    "67-kopien-das-war-ich-nicht": (scenes.asked_about_changes, _not_me),
    "68-ziel-aendern": (scenes.protected, _change_destination),
    "69-aufraeumen": (scenes.protected, _clean_up),
    "70-ziel-hinzufuegen": (scenes.protected, _adding),
    "71-uebersicht-rueckfrage": (scenes.asked_about_changes, _none),
}

ALIKE = (
    "63-system-entfernen",
    "65-kopien-in-gefahr",
    "67-kopien-das-war-ich-nicht",
    "70-ziel-hinzufuegen",
    "71-uebersicht-rueckfrage",
)
"""Made of the same parts as others: there are pictures of them, and no need to walk them too."""
