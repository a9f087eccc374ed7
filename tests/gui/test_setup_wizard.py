"""The set-up in the window: it goes on after a crash, asks commands in order, says what failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from core.secrets.recovery import new_pair
from core.setup import draft as drafts
from core.setup.draft import Draft, Place
from core.setup.flow import Step
from core.texts import Texts
from gui.jobs.port import Ended, Failure, Told
from gui.pages.first_start import Door
from gui.theme.look import Look
from gui.theme.tokens import LIGHT, Tokens
from gui.widgets.code_groups import CodeLine, sheet_lines
from gui.wizards.setup import SetupWizard
from tests.gui import scenes
from tests.gui.conftest import Stage
from tests.gui.pages import PAGES, nothing, still

PLAIN = Draft(
    shop="Feinkost Maier", folders=("/daten",), places=(Place(at="/mnt/a/Ladentresor", name="A"),)
)


@pytest.fixture
def begun(stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    still(monkeypatch)
    monkeypatch.setattr(drafts, "make_places", lambda draft: None)

    def make(draft: Draft | None = None) -> Stage:
        made = stage(nothing())
        if draft is not None:
            drafts.keep_draft(made.shop.home, draft)
        made.window.set_up()
        made.settle()
        return made

    return make


def wizard_of(made: Stage) -> SetupWizard:
    page = made.window.page
    assert isinstance(page, SetupWizard)
    return page


def words(made: Stage) -> list[str]:
    labels = [one for one in made.window.findChildren(QLabel) if one.isVisible()]
    return [one.accessibleName() or one.text() for one in labels]


def asked(made: Stage) -> tuple[str, ...]:
    """The words of the newest command."""
    return tuple(made.runner.orders[-1].words)


def test_a_crash_loses_nothing_that_was_chosen(begun: Callable[..., Stage], qtbot: QtBot) -> None:
    made = begun(PLAIN)
    wizard = wizard_of(made)
    wizard.show_step(Step.GOALS)
    button = wizard.goals.lost.button(4)
    assert button is not None
    button.setChecked(True)
    # what is typed and ticked is kept together, a moment later
    qtbot.waitUntil(lambda: drafts.read_draft(made.shop.home) == wizard.draft, timeout=20_000)
    # no leave-taking: the process is gone here
    again = SetupWizard(made.window.look, made.shop)
    again.begin()
    assert again.draft == wizard.draft
    assert (again.step, again.draft.rpo_hours) == (Step.GOALS, 4)
    again.close_down()
    again.deleteLater()


def test_after_a_crash_the_window_offers_to_go_on_though_the_plan_is_there(
    stage: Callable[..., Stage],
) -> None:
    made = stage(scenes.protected())
    assert made.window.findChildren(Door) == []
    text = drafts.plan_text(PLAIN, "Laden-PC")
    made.shop.home.make()
    made.shop.home.plan.write_text(text, "utf-8", newline="")
    drafts.keep_draft(made.shop.home, drafts.with_applied(PLAIN, text))
    made.shop.changed.emit()
    made.settle()
    assert "Das Einrichten ist angefangen. Ihre Auswahl ist noch da." in words(made)
    made.window.restore()  # the way back works with the plan that is there
    assert made.window.page is not None
    assert not made.window.page.bare  # type: ignore[attr-defined]


def test_key_then_plan_then_sheet_and_back_again(begun: Callable[..., Stage]) -> None:
    sealed = Place(at="/mnt/a/Ladentresor", name="A", encrypted=True)
    made = begun(drafts.with_place(PLAIN, sealed))
    wizard, runner = wizard_of(made), made.runner
    wizard.show_step(Step.PEOPLE)
    wizard.frame.next.click()
    assert asked(made) == ("key", "create")
    runner.hear(Failure("key_exists", "", "", ""))  # from a set-up before
    runner.hear(Ended(14))
    assert asked(made) == ("plan", "apply", "-")
    assert 'shop = "Feinkost Maier"' in runner.orders[-1].typed
    assert not wizard.frame.next.isEnabled()
    runner.hear(Ended(0))
    assert wizard.step is Step.SHEET
    assert drafts.read_draft(made.shop.home).applied
    wizard.frame.back.click()
    wizard.frame.next.click()
    runner.hear(Failure("key_exists", "", "", ""))
    runner.hear(Ended(14))
    assert asked(made)[:4] == ("plan", "apply", "-", "--replacing")


def test_what_is_wrong_with_the_plan_is_said_and_nothing_goes_on(
    begun: Callable[..., Stage],
) -> None:
    made = begun(PLAIN)
    wizard, runner = wizard_of(made), made.runner
    wizard.show_step(Step.PEOPLE)
    wizard.frame.next.click()
    runner.hear(Told("problem", {"sentence": "Der Ordner /daten liegt im Ziel."}))
    runner.hear(Failure("plan_invalid", "Der Plan ist so nicht brauchbar.", "", ""))
    runner.hear(Ended(4))
    assert wizard.step is Step.PEOPLE
    assert wizard.frame.reason.text() == "Der Ordner /daten liegt im Ziel."
    assert wizard.frame.next.isEnabled()


def test_a_half_person_keeps_the_step(begun: Callable[..., Stage]) -> None:
    made = begun(PLAIN)
    wizard = wizard_of(made)
    wizard.show_step(Step.PEOPLE)
    assert wizard.frame.next.isEnabled()
    wizard.people._mails[0].setText("anna")
    assert not wizard.frame.next.isEnabled()
    assert wizard.frame.reason.text() == "Das ist keine Mailadresse."
    wizard.people._mails[0].setText("anna@maier.de")
    assert wizard.frame.reason.text() == "Zu der Mailadresse fehlt der Name."
    wizard.people._names[0].setText("Anna")
    assert wizard.frame.next.isEnabled()


def test_another_address_has_to_prove_itself_again(begun: Callable[..., Stage]) -> None:
    made = begun(PLAIN)
    wizard, runner = wizard_of(made), made.runner
    wizard.show_step(Step.PEOPLE)
    people = wizard.people
    people._names[0].setText("Anna")
    people._mails[0].setText("anna@maier.de")
    people.mailbox.setText("laden@gmx.de")
    assert people.host.text() == "mail.gmx.net"
    people.password.setText("geheim im Test")
    people.send.click()
    assert (runner.orders[-1].words, runner.orders[-1].typed) == (
        ("secret", "set", "smtp.password"), "geheim im Test\n",
    )  # fmt: skip
    runner.hear(Ended(0))
    assert asked(made)[:2] == ("plan", "apply")
    runner.hear(Ended(0))
    assert asked(made) == ("alerts", "test")
    assert people.password.text() == ""
    runner.hear(Ended(0))
    people.code.setText("abcd-efgh")
    people.confirm.click()
    assert asked(made) == ("alerts", "confirm", "abcd-efgh")
    runner.hear(Ended(0))
    assert wizard.draft.is_mail_proven
    people._mails[0].setText("anna@anders.de")
    assert not wizard.draft.is_mail_proven


def test_a_password_that_was_typed_is_kept_also_without_a_test_mail(
    begun: Callable[..., Stage],
) -> None:
    made = begun(PLAIN)
    wizard, runner = wizard_of(made), made.runner
    wizard.show_step(Step.PEOPLE)
    wizard.people._names[0].setText("Anna")
    wizard.people._mails[0].setText("anna@maier.de")
    wizard.people.mailbox.setText("laden@gmx.de")
    wizard.people.password.setText("geheim im Test")
    wizard.frame.next.click()
    assert asked(made) == ("secret", "set", "smtp.password")
    runner.hear(Ended(0))
    assert asked(made)[:2] == ("plan", "apply")
    assert "geheim" not in runner.orders[-1].typed
    assert "[alerts.smtp]" in runner.orders[-1].typed


def test_a_place_that_fails_is_not_taken_and_its_password_forgotten(
    begun: Callable[..., Stage],
) -> None:
    made = begun(PLAIN)
    wizard, runner = wizard_of(made), made.runner
    wizard.show_step(Step.PLACES)
    wizard.places.show_form()
    form = wizard.places.form
    form.try_out()
    assert form.said.text() == "Es fehlt der Name oder die Adresse des Geräts."
    assert runner.orders == []
    for name, typed in (("host", "nas"), ("share", "s"), ("user", "u"), ("password", "p")):
        form.typed.fields[name].setText(typed)
    form.try_out()
    assert asked(made) == ("secret", "set", "nas-nas.password")
    runner.hear(Ended(0))
    assert asked(made) == (
        "probe", "smb://u@nas/s", "--no-speed", "--for", "nas-nas",
    )  # fmt: skip
    runner.hear(Failure("remote_login", "Die Anmeldung wird abgewiesen.", "", "Prüfen Sie sie."))
    runner.hear(Ended(14))
    assert asked(made) == ("secret", "forget", "nas-nas.password")
    assert not form.go.isEnabled()
    runner.hear(Ended(0))
    assert form.said.text() == "Die Anmeldung wird abgewiesen. Prüfen Sie sie."
    assert form.go.isEnabled()
    assert wizard.draft.places == PLAIN.places


# -- groups of the sheet --------------------------------------------------------------------------


@pytest.fixture
def line(dressed: Callable[[Tokens, float], Look], qtbot: object) -> CodeLine:
    made = CodeLine(dressed(LIGHT, 1.0), Texts("de"), "Zeile 1")
    qtbot.addWidget(made)  # type: ignore[attr-defined]
    made.show()
    QApplication.processEvents()
    return made


def test_typing_moves_on_group_by_group(line: CodeLine) -> None:
    pair = new_pair()
    line.groups[0].setFocus()
    for sign in pair.password.replace("-", "").upper():
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, sign)
    assert line.text() == pair.password
    assert line.filled == 6
    line.groups[3].setFocus()
    line.groups[3].setCursorPosition(0)
    QTest.keyClick(line.groups[3], Qt.Key.Key_Backspace)
    assert line.groups[2].hasFocus()


@pytest.mark.parametrize("way", [str, str.upper, lambda one: one.replace("-", " "),
                                 lambda one: one.replace("-", "")])  # fmt: skip
def test_a_whole_line_is_shared_out(line: CodeLine, way: Callable[[str], str]) -> None:
    pair = new_pair()
    QApplication.clipboard().setText(way(pair.salt))
    line.groups[0].setFocus()
    line.groups[0].paste()
    assert line.text() == pair.salt


def test_every_group_says_where_it_is(line: CodeLine) -> None:
    assert line.groups[3].accessibleName() == "Zeile 1, Gruppe 4 von 6"
    line.judge("warn", "bitte vergleichen", [4])  # type: ignore[arg-type]  # any mark will do
    assert line.groups[3].accessibleDescription() == "bitte vergleichen"
    assert line.groups[2].accessibleDescription() == ""


# -- bringing back --------------------------------------------------------------------------------


def test_only_ticked_files_replace_what_is_at_their_place(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    still(monkeypatch)
    picture, act = PAGES["26-zurueckholen-an-den-alten-platz"]
    made = stage(picture())
    act(made.window, made.shop, made.runner)
    made.settle()
    assert "--in-place" in made.runner.orders[-1].words
    wizard = made.window.page
    boxes = [one for one in made.window.findChildren(QCheckBox) if one.isVisible()]
    boxes[1].click()
    assert wizard.frame.next.text() == "Eine Datei ersetzen"  # type: ignore[union-attr]
    wizard.frame.next.click()  # type: ignore[union-attr]
    words = made.runner.orders[-1].words
    assert words[words.index("--path") :] == ("--path", "Brief.txt", "--replace", "Brief.txt")


def test_a_look_into_a_file_leaves_nothing_behind(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    still(monkeypatch)
    picture, act = PAGES["12-zurueckholen-was"]
    made = stage(picture())
    act(made.window, made.shop, made.runner)
    preview = made.window.page.what.card.preview  # type: ignore[union-attr]
    preview.offer("Preise.csv", "laden/Preise.csv", "7", 30)
    assert preview.isVisible()
    preview.open.click()
    order = made.runner.orders[-1].words
    into = Path(order[order.index("--into") + 1])
    assert order[-4:] == ("--at", "7", "--path", "laden/Preise.csv")
    assert into.parent.stat().st_mode & 0o077 == 0
    (into / "laden").mkdir(parents=True)
    (into / "laden" / "Preise.csv").write_text("Öl;11,90\n", "utf-8")
    made.runner.hear(Ended(0))
    for _ in range(100):
        made.settle()
        if preview.words.isVisible():
            break
        QTest.qWait(20)
    assert preview.words.toPlainText() == "Öl;11,90\n"
    assert not into.parent.exists()
    preview.offer("Rechnung.pdf", "x", "7", 30)
    assert not preview.isVisible()
    preview.offer("Film.txt", "x", "7", 60_000_000)
    assert not preview.isVisible()


def test_sheet_lines_have_three(dressed: Callable[[Tokens, float], Look], qtbot: object) -> None:
    made = sheet_lines(dressed(LIGHT, 1.0), Texts("en"))
    for one in made:
        qtbot.addWidget(one)  # type: ignore[attr-defined]
    assert [len(one.groups) for one in made] == [6, 6, 6]
    made[2].setText("abcd-efgh-jkmn-pqrs-tuvw-xyz2")
    assert made[2].filled == 6
