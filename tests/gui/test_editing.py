"""What the pages of systems and copies do: forms become changes, buttons become jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from core.plan.model import Plan
from core.plan.read import read_plan
from core.setup.draft import with_place
from core.setup.places import Finding, Probe
from gui.jobs.port import Ended, Failure, Told
from gui.pages.copies import CopiesPage
from gui.pages.destination_editor import DestinationEditor
from gui.pages.editing import Editable, Editor
from gui.pages.system_editor import SystemEditor
from gui.pages.systems import SystemsPage
from gui.wizards.adding import AddingWizard
from tests.gui import pages, scenes
from tests.gui.conftest import Stage
from tests.gui.pages import still

Open = Callable[..., Stage]


@pytest.fixture
def shown(stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> Open:
    """A window on a shop whose plan really lies in its home."""
    still(monkeypatch)

    def make(page: str, picture: object = None) -> Stage:
        made = stage(picture or scenes.protected())
        made.shop.home.make()
        made.shop.home.plan.write_text(scenes.plan_text(), "utf-8")
        made.window.open(page)
        made.settle()
        return made

    return make


def systems(made: Stage) -> SystemsPage:
    assert isinstance(made.window.page, SystemsPage)
    return made.window.page


def copies(made: Stage) -> CopiesPage:
    assert isinstance(made.window.page, CopiesPage)
    return made.window.page


def press(made: Stage, name: str) -> None:
    """Press the button of this accessible name."""
    page = made.window.page
    assert page is not None
    [found] = [
        one for one in page.findChildren(QPushButton)
        if one.accessibleName() == name and one.isVisible()
    ]  # fmt: skip
    assert found.isEnabled(), name
    found.click()
    made.settle()


def words(made: Stage) -> str:
    page = made.window.page
    assert page is not None
    return "\n".join(one.text() for one in page.findChildren(QLabel) if one.isVisible())


def saved(made: Stage) -> Plan:
    """Press "Speichern"; the plan that is handed to the command."""
    page = made.window.page
    assert isinstance(page, Editable)
    assert isinstance(page.form, Editor)
    page.form.save_button.click()
    for _ in range(200):
        QTest.qWait(5)
        if made.runner.orders:
            break
    order = made.runner.orders[-1]
    assert order.words[:3] == ("plan", "apply", "-")
    assert "# gehört Anna" in order.typed
    return read_plan(order.typed, source="plan.toml")


# -- systems --------------------------------------------------------------------------------------


def test_a_system_is_changed_and_the_list_comes_back(shown: Open) -> None:
    made = shown("systems")
    press(made, "JTL-Wawi ändern")
    form = systems(made).form
    assert isinstance(form, SystemEditor)
    assert QApplication.focusWidget() is form.name or not made.window.isActiveWindow()
    form.name.setText("Warenwirtschaft")
    [source] = form.sources
    source.add_folder("/daten/neu")
    source.drop_folder("/daten/wawi")
    source.pattern.setText("*.bak")
    source.add_pattern()
    made.settle()
    plan = saved(made)
    system = plan.system("wawi")
    assert (system.name, system.folders) == ("Warenwirtschaft", (Path("/daten/neu"),))
    assert system.sources[0].exclude == ("*.bak",)
    made.runner.hear(Ended(0))
    assert systems(made).form is None


def test_a_refusal_stays_in_the_form_with_what_was_typed(shown: Open) -> None:
    made = shown("systems")
    press(made, "JTL-Wawi ändern")
    form = systems(made).form
    assert isinstance(form, SystemEditor)
    form.name.setText("Neu")
    saved(made)
    made.runner.hear(Told("problem", {"sentence": "Dieser Ordner gehört zu einem Ziel."}))
    made.runner.hear(Failure("plan_invalid", "x", "", ""))
    made.runner.hear(Ended(5))
    assert systems(made).form is form
    assert form.name.text() == "Neu"
    assert "Dieser Ordner gehört zu einem Ziel." in words(made)
    assert form.save_button.isEnabled()


def test_what_is_missing_is_said_before_anything_is_asked(shown: Open) -> None:
    made = shown("systems")
    press(made, "System hinzufügen …")
    form = systems(made).form
    assert isinstance(form, SystemEditor)
    form.save()
    assert "Geben Sie dem System einen Namen." in words(made)
    form.name.setText("Kasse")
    form.save()
    assert "Wählen Sie mindestens einen Ordner." in words(made)
    assert made.runner.orders == []
    form.sources[0].add_folder("/daten/kasse")
    plan = saved(made)
    assert [copy.destination for copy in plan.copies_of("kasse")] == ["nas", "usb-a", "tresor"]


def test_nothing_changed_is_nothing_asked(shown: Open) -> None:
    made = shown("systems")
    press(made, "JTL-Wawi ändern")
    form = systems(made).form
    assert isinstance(form, SystemEditor)
    form.save()
    made.settle()
    assert systems(made).form is None
    assert made.runner.orders == []


def test_what_patterns_leave_out_is_counted_by_a_job(shown: Open) -> None:
    made = shown("systems")
    pages._change_system(made.window, made.shop, made.runner)
    made.settle()
    assert made.runner.orders[0].words == ("plan", "left-out", "wawi", "--exclude", "*.bak")
    assert "212 Dateien, 3,4 GB" in words(made)
    assert "~$* (3 Dateien, 495 Byte)" in words(made)
    made.runner.hear(Told("", {"pattern": "*.bak", "files": 1, "bytes": 1}))
    systems(made).step_back()  # what comes after the form was left hurts nobody
    made.settle()
    made.runner.hear(Ended(0))


def test_taking_a_system_out_says_what_becomes_of_its_copies(shown: Open) -> None:
    made = shown("systems")
    press(made, "JTL-Wawi nicht mehr sichern")
    assert "Gelöscht wird nichts" in words(made)
    plan = saved(made)
    assert "wawi" not in {system.id for system in plan.systems}
    assert {copy.system for copy in plan.copies} == {"buero"}


def test_escape_leaves_the_form_and_a_new_size_does_not(shown: Open) -> None:
    made = shown("systems")
    press(made, "JTL-Wawi ändern")
    form = systems(made).form
    assert isinstance(form, SystemEditor)
    form.name.setText("halb getippt")
    made.window.resize(1000, 700)  # the middle layout
    made.settle()
    assert systems(made).form is form
    assert form.name.text() == "halb getippt"
    made.window.activateWindow()
    made.settle()
    QTest.keyClick(QApplication.focusWidget() or made.window, Qt.Key.Key_Escape)
    for _ in range(3):
        QTest.qWait(1)
        made.settle()
    assert systems(made).form is None
    assert made.window._kind == "middle"


# -- copies ---------------------------------------------------------------------------------------


def test_a_destination_is_changed(shown: Open) -> None:
    made = shown("copies")
    press(made, "NAS im Lager: Ändern …")
    form = copies(made).form
    assert isinstance(form, DestinationEditor)
    form.name.setText("NAS im Keller")
    form.copies[0].keep[0].setText("30")
    form.copies[1].made.setChecked(False)
    plan = saved(made)
    assert plan.destination("nas").name == "NAS im Keller"
    [copy] = [copy for copy in plan.copies if copy.destination == "nas"]
    assert (copy.system, copy.keep.daily, copy.keep.yearly) == ("wawi", 30, 10)


def test_numbers_can_be_counted_with_the_arrow_keys(shown: Open) -> None:
    made = shown("copies")
    press(made, "NAS im Lager: Ändern …")
    form = copies(made).form
    assert isinstance(form, DestinationEditor)
    assert "Das sind höchstens 56 Stände, bis zu 10 Jahre zurück." in words(made)
    days, weeks, months, years = form.copies[0].keep
    QTest.keyClick(days, Qt.Key.Key_Up)
    for one in (weeks, months):
        one.setText("0")
        QTest.keyClick(one, Qt.Key.Key_Down)
    QTest.keyClicks(years, "0000000")  # no more than there may be
    assert [one.text() for one in (days, weeks, months)] == ["15", "0", "0"]
    assert years.value <= 10_000
    years.clear()
    assert "Das sind höchstens 15 Stände, bis zu 15 Tage zurück." in words(made)


def test_a_copy_that_keeps_nothing_is_not_saved(shown: Open) -> None:
    made = shown("copies")
    press(made, "NAS im Lager: Ändern …")
    form = copies(made).form
    assert isinstance(form, DestinationEditor)
    for number in form.copies[0].keep:
        number.clear()
    form.save()
    assert "Mindestens ein Stand muss bleiben." in words(made)
    assert made.runner.orders == []


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("NAS im Lager: Jetzt sichern", ("backup", "--to", "nas")),
        ("NAS im Lager: Jetzt nachlesen", ("verify", "nas", "--due")),
        ("Platte im Tresorraum: Ganz zurücklesen", ("verify", "tresor", "--full")),
    ],
)
def test_buttons_begin_jobs(shown: Open, name: str, order: tuple[str, ...]) -> None:
    made = shown("copies")
    press(made, name)
    assert made.runner.orders[-1].words == order
    page = made.window.page
    assert page is not None
    jobs = [one for one in page.findChildren(QPushButton) if one.accessibleName() == name]
    assert not any(one.isEnabled() for one in jobs if one.isVisible())  # one at a time
    made.runner.hear(Ended(0))
    made.settle()
    assert "Fertig." in words(made)


def test_a_clean_up_is_shown_before_it_is_done(shown: Open) -> None:
    made = shown("copies")
    pages._clean_up(made.window, made.shop, made.runner)
    made.settle()
    assert [one.words for one in made.runner.orders] == [("prune", "--to", "nas", "--dry-run")]
    assert "JTL-Wawi: 18 Stände bleiben, 3 würden gehen." in words(made)
    assert "Büro und DATEV: Es ist nichts aufzuräumen" in words(made)
    press(made, "Jetzt aufräumen")
    assert [one.words for one in made.runner.orders[1:]] == [("prune", "--to", "nas")]
    made.runner.hear(Ended(0))
    made.settle()
    assert "Fertig. Es ist aufgeräumt." in words(made)


def test_where_nothing_is_to_be_cleaned_up_there_is_no_button_for_it(shown: Open) -> None:
    made = shown("copies")
    press(made, "NAS im Lager: Aufräumen …")
    made.runner.hear(Failure("held_by_gate", "Es wird gefragt.", "", "Antworten Sie."))
    made.runner.hear(Ended(9))
    made.settle()
    assert "Es wird gefragt. Antworten Sie." in words(made)
    page = copies(made)
    shown_now = [b.text() for b in page.findChildren(QPushButton) if b.isVisible()]
    assert shown_now == ["Zurück"]


# -- the question ---------------------------------------------------------------------------------


def test_the_overview_leads_to_the_question_and_yes_means_only_this_one(shown: Open) -> None:
    picture = scenes.asked_about_changes()
    made = shown("overview", picture)
    press(made, "Ansehen und antworten: „Büro und DATEV“: Sind die vielen Änderungen gewollt?")
    assert isinstance(made.window.page, CopiesPage)
    assert "buero/Personal/Verträge/Meier.docx" in words(made)
    press(made, "Das war ich – annehmen")
    mark = picture.questions[0].mark
    assert made.runner.orders[-1].words == (
        "backup", "buero", "--accept-changes", "--asked", mark,
    )  # fmt: skip


def test_no_and_later_ask_for_nothing(shown: Open) -> None:
    made = shown("copies", scenes.asked_about_changes())
    press(made, "Das war ich nicht")
    assert "Ziehen Sie das Netzwerkkabel" in words(made)
    press(made, "Zurück zur Frage")
    press(made, "Später")
    assert "Ziehen Sie" not in words(made)
    assert "Meier.docx" not in words(made)
    press(made, "Frage wieder zeigen: „Büro und DATEV“: Sind die vielen Änderungen gewollt?")
    assert "Meier.docx" in words(made)
    assert made.runner.orders == []


# -- one more place -------------------------------------------------------------------------------


def test_one_more_place_gets_copies_at_once(shown: Open, tmp_path: Path) -> None:
    made = shown("copies")
    press(made, "Ziel hinzufügen …")
    wizard = made.window.page
    assert isinstance(wizard, AddingWizard)
    place = pages._PLACES[3]
    folder = str(tmp_path / "neu")
    wizard.probes = {folder: Probe(Finding.PASSED)}
    wizard.choose(with_place(wizard.draft, msgspec.structs.replace(place, at=folder)))
    wizard.frame.next.click()
    for _ in range(200):
        QTest.qWait(5)
        if made.runner.orders:
            break
    plan = read_plan(made.runner.orders[-1].typed, source="x")
    assert plan.destinations[-1].id == "laufwerk-d"
    assert {copy.system for copy in plan.copies if copy.destination == "laufwerk-d"} == {
        "wawi",
        "buero",
    }
    made.runner.hear(Ended(0))
    made.settle()
    assert made.runner.orders[-1].words == ("backup", "--to", "laufwerk-d")
    assert isinstance(made.window.page, CopiesPage)


def test_the_sheet_can_be_proven_at_any_time(shown: Open) -> None:
    made = shown("copies")
    press(made, "USB-Platte A: Blatt drucken und prüfen …")
    wizard = made.window.page
    assert isinstance(wizard, AddingWizard)
    fields = [one for one in wizard.findChildren(QLineEdit) if one.isVisible()]
    assert fields
    wizard.frame.leave.click()
    made.settle()
    assert isinstance(made.window.page, CopiesPage)


def test_narrow_facts_name_their_ages(stage: Callable[..., Stage]) -> None:
    made = stage(scenes.protected(), scale=2.0)
    said = "\n".join(one.text() for one in made.window.findChildren(QLabel))
    assert "kopiert vor 6 Std." in said
    assert "kopiert …" not in said


def test_no_button_is_without_words(shown: Open) -> None:
    for name in ("systems", "copies"):
        made = shown(name, scenes.asked_about_changes())
        page = made.window.page
        assert isinstance(page, QWidget)
        names = [one.accessibleName() for one in page.findChildren(QPushButton) if one.isVisible()]
        assert len(names) == len(set(names)), names  # a reader can tell them apart
