"""The settings do what they say: commands and changes of the plan, nothing typed is lost."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QRadioButton, QSystemTrayIcon

from core.agent.service import After, Service
from core.plan.edit import Put, Remove
from core.texts.service import LEAVING
from gui.jobs.port import Ended, Failure, Order, Told
from gui.pages.settings import SettingsPage
from gui.pages.settings.parts import Field, Form, changes, flag, words
from gui.pages.settings.this_pc import check_of
from gui.shop import Shop
from gui.tray import Tray
from tests.gui import scenes
from tests.gui.conftest import Stage
from tests.gui.pages import PAGES, SERVICE, still

WANTED = ("Sprache: English", "Farben: dunkel", "Größe der Schrift: 150 %")
TEXT = scenes.PLAN + "# gehört Anna\n" + scenes.PEOPLE


@pytest.fixture
def part(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Stage, SettingsPage]]:
    still(monkeypatch)

    def open_part(name: str) -> tuple[Stage, SettingsPage]:
        picture, act = PAGES[name]
        made = stage(picture())
        made.shop.home.make()
        made.shop.home.plan.write_text(TEXT, "utf-8")
        act(made.window, made.shop, made.runner)
        made.settle()
        page = made.window.page
        assert isinstance(page, SettingsPage)
        made.runner.orders.clear()
        return made, page

    return open_part


def press(made: Stage, name: str) -> None:
    made.settle()
    [found] = [
        one
        for one in made.window.findChildren(QPushButton)
        if one.accessibleName() == name and one.isVisible()
    ]
    assert found.isEnabled(), name
    found.click()


def forms(made: Stage) -> dict[str, Form]:
    made.settle()
    return {one.name: one for one in made.window.findChildren(Form) if one.isVisible()}


def order(made: Stage) -> Order:
    """The one that was given, as soon as a helper thread has it ready."""
    for _ in range(400):
        if made.runner.orders:
            return made.runner.orders.pop(0)
        QTest.qWait(5)
    raise AssertionError("no order")


def said(made: Stage) -> str:
    made.settle()
    return "\n".join(one.text() for one in made.window.findChildren(QLabel) if one.isVisible())


# -- the plan -------------------------------------------------------------------------------------


def test_only_what_was_changed_is_changed_and_nothing_typed_takes_it_out() -> None:
    fields = (
        Field("limits.upload", "", "8 Mbit/s"),
        Field("limits.battery_least", "", "30", turn=int),
        Field("limits.working_hours", "", "mo-fr 08:00-18:30", turn=words),
        Field("alerts.desktop", "", "true", turn=flag),
        Field("password", "", "", secret=True),
    )
    typed = {one.key: one.shown for one in fields}
    assert changes(fields, typed) == []
    typed |= {
        "limits.upload": " ",
        "limits.battery_least": "15",
        "limits.working_hours": "mo-fr 08:00-18:30, sa 9:00-14:00",
        "alerts.desktop": "false",
        "password": "geheim",
    }
    assert changes(fields, typed) == [
        Remove("limits.upload"),
        Put("limits.battery_least", 15),
        Put("limits.working_hours", ["mo-fr 08:00-18:30", "sa 9:00-14:00"]),
        Put("alerts.desktop", False),
    ]
    with pytest.raises(ValueError):
        changes(fields, {"limits.battery_least": "viel"})


def test_a_value_is_taken_over_and_that_is_said_beyond_the_page(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, _ = part("30-einstellungen-von-selbst")
    hours = forms(made)["schedule.opens"]
    assert not hours.button.isEnabled()
    hours.enter("schedule.closes", "19:00")
    hours.button.click()
    given = order(made)
    assert given.words[:3] == ("plan", "apply", "-")
    assert given.typed == TEXT.replace('closes = "18:30"', 'closes = "19:00"')
    made.runner.hear(Ended(0))
    made.window.build()
    assert "Gilt jetzt." in said(made)


def test_what_is_wrong_is_said_and_what_was_typed_stays(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, _ = part("30-einstellungen-von-selbst")
    line = forms(made)["limits.upload"]
    line.enter("limits.battery_least", "viel")
    line.button.click()
    assert "keine Zahl" in said(made)
    line.enter("limits.battery_least", "20")
    line.enter("limits.upload", "schnell")
    line.button.click()
    order(made)
    made.runner.hear(Told("problem", {"sentence": "„schnell“ ist keine Geschwindigkeit."}))
    made.runner.hear(Ended(5))
    assert "„schnell“ ist keine Geschwindigkeit." in said(made)
    made.shop.service = Service(False, False)  # something else is new meanwhile
    made.shop.changed.emit()
    assert line.typed["limits.upload"] == "schnell"
    assert line.typed["limits.battery_least"] == "20"


# -- by itself ------------------------------------------------------------------------------------


def test_pauses_are_commands(part: Callable[[str], tuple[Stage, SettingsPage]]) -> None:
    made, _ = part("30-einstellungen-von-selbst")
    press(made, "Pause: eine Stunde")
    assert order(made).words == ("agent", "pause", "--for", "1h")
    press(made, "Pause: bis morgen früh (6:00 Uhr)")
    assert order(made).words == ("agent", "pause", "tomorrow")
    made, _ = part("38-einstellungen-pause")
    press(made, "Pause beenden")
    assert order(made).words == ("agent", "resume")


def test_on_and_off_are_for_now_and_for_each_logon(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, _ = part("30-einstellungen-von-selbst")
    press(made, "Nicht mehr von selbst sichern")
    assert order(made).words == ("agent", "remove")
    made.runner.hear(Ended(0))
    assert order(made).words == ("agent", "stop")
    made.runner.hear(Failure("agent_absent", "Er läuft nicht.", "", ""))
    made.runner.hear(Ended(13))
    assert made.shop.complaint is None  # nothing ran: that is what was wanted
    made.shop.service = Service(False, False)
    made.shop.changed.emit()
    press(made, "Von selbst sichern")
    assert order(made).words == ("agent", "install")
    made.runner.hear(Failure("autostart_failed", "Das geht hier nicht.", "", "Rechte prüfen."))
    made.runner.hear(Ended(18))
    assert made.runner.orders == []
    assert "Das geht hier nicht." in said(made)
    press(made, "Ausblenden")
    assert "Das geht hier nicht." not in said(made)


# -- warnings -------------------------------------------------------------------------------------


def test_a_password_goes_to_the_place_for_secrets_alone(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, _ = part("31-einstellungen-warnungen")
    server = forms(made)["alerts.smtp.host"]
    server.enter("password", "Küchenschelle")
    server.enter("alerts.smtp.host", "mail.example.org")
    server.button.click()
    first = order(made)
    assert first.words == ("secret", "set", "smtp.password")
    assert first.typed == "Küchenschelle\n"
    assert "Küchenschelle" not in repr(first)
    made.runner.hear(Ended(0))
    second = order(made)
    assert second.typed == TEXT.replace('"smtp.example.org"', '"mail.example.org"')
    made.runner.hear(Ended(0))
    assert forms(made)["alerts.smtp.host"].typed["password"] == ""


def test_people_come_change_and_go(part: Callable[[str], tuple[Stage, SettingsPage]]) -> None:
    made, _ = part("34-einstellungen-person")
    bert = forms(made)["people.bert.name"]
    bert.enter("people.bert.email", "")
    bert.button.click()
    people = tomllib.loads(order(made).typed)["people"]
    assert "email" not in people[1]
    made.runner.hear(Ended(0))
    assert not [name for name in forms(made) if name.startswith("people")]
    press(made, "Person hinzufügen")
    fresh = forms(made)["people..name"]
    fresh.enter("people..email", "carla@example.org")
    fresh.button.click()
    assert "Wie heißt die Person?" in said(made)
    fresh.enter("people..name", "Anna Maier")
    fresh.button.click()
    added = tomllib.loads(order(made).typed)["people"][2]
    assert added["name"] == "Anna Maier"
    assert added["role"] == "deputy"  # somebody is responsible already
    assert added["id"] not in ("anna", "bert")
    made.runner.hear(Ended(0))
    press(made, "Ändern: Bert Beispiel")
    press(made, "Nicht mehr warnen: Bert Beispiel")
    assert [one["id"] for one in tomllib.loads(order(made).typed)["people"]] == ["anna"]


def test_proof_by_test_mail_and_code(
    part: Callable[[str], tuple[Stage, SettingsPage]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, page = part("31-einstellungen-warnungen")
    looked: list[bool] = []
    monkeypatch.setattr(Shop, "look_at_mail", lambda self, done: looked.append(True))
    press(made, "Testmail schicken: Bert Beispiel")
    assert order(made).words == ("alerts", "test", "--to", "bert")
    made.runner.hear(Ended(0))
    assert "Eine Testmail ist unterwegs zu Bert Beispiel" in said(made)
    made.settle()
    [code] = [
        one
        for one in page.findChildren(QLineEdit)
        if one.accessibleName() == "Code aus der Testmail" and one.isVisible()
    ]
    code.setText(" abcd-efgh ")
    press(made, "Code prüfen")
    assert order(made).words == ("alerts", "confirm", "abcd-efgh")
    made.runner.hear(Ended(0))
    assert "Bewiesen: Warnungen kommen dort an." in said(made)
    assert looked == [True, True, True]  # and whether it is proven is looked up anew


# -- this PC --------------------------------------------------------------------------------------


def test_what_is_amiss_stands_first_with_its_next_step(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, page = part("33-einstellungen-dieser-pc")
    text = said(made)
    assert text.index("Mails an Bert") < text.index("Python 3.11.7")
    press(made, "Ansehen: Mails an Bert Beispiel: dass sie ankommen, ist nicht bewiesen")
    assert page._state.part == "warnings"
    assert check_of("x", False, "a → b → c").next_step == "b → c"


def test_a_report_is_a_new_file(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, _ = part("33-einstellungen-dieser-pc")
    press(made, "Bericht ohne Geheimnisse speichern")
    given = order(made).words
    assert given[:2] == ("doctor", "--report")
    assert given[2].endswith("Ladentresor-Bericht 2026-11-22.txt")
    made.runner.hear(Ended(3))
    assert f"Der Bericht liegt in {given[2]}" in said(made)


# -- the window itself ----------------------------------------------------------------------------


def test_language_colours_and_size_are_chosen_here_and_the_place_is_kept(
    part: Callable[[str], tuple[Stage, SettingsPage]],
) -> None:
    made, page = part("32-einstellungen-fenster")
    chosen: list[object] = []
    made.window.chose.connect(chosen.append)
    for one in page.findChildren(QRadioButton):
        if one.accessibleName() in (
            "Sprache: English",
            "Farben: dunkel",
            "Größe der Schrift: 150 %",
        ):
            one.click()
    assert chosen == [{"lang": "en"}, {"theme": "dark"}, {"scale": 1.5}]
    again = made.window.page
    radio = page.findChildren(QRadioButton)[4]
    radio.setFocus()
    made.window.activateWindow()
    made.settle()
    made.window.put_away()
    made.window.take_look(made.window.look, made.window.settings)
    made.settle()
    assert made.window.page is not again
    focused = made.window.focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "Farben: dunkel"


# -- the tray's menu ------------------------------------------------------------------------------


def entries(made: Stage) -> list[str]:
    tray = Tray(
        made.window.look, made.shop, open_window=lambda: None, restore=lambda: None,
        choose_pause=lambda: None, leave=lambda: None,
    )  # fmt: skip
    found = [one.text() for one in tray._menu.actions() if one.text()]
    tray.close()
    return found


@pytest.mark.qt_log_ignore("No such signal QPlatformNativeInterface")  # offscreen
def test_the_menu_says_what_leaving_means(stage: Callable[..., Stage]) -> None:
    made = stage(scenes.chosen())
    made.shop.service = SERVICE
    assert entries(made)[-2:] == ["Pause", "Beenden, Kopien entstehen weiter"]
    made.shop.service = Service(False, False)
    assert entries(made)[-1] == "Beenden …"
    assert {str(one) for one in After} == set(LEAVING)
    paused = stage(scenes.paused())
    paused.shop.service = SERVICE
    assert "Pause beenden (Pause bis 18:00 Uhr)" in entries(paused)


def test_the_window_tells_on_the_screen_only_where_nobody_else_does(
    stage: Callable[..., Stage],
) -> None:
    made = stage(scenes.protected())
    made.shop.service = Service(False, False)
    assert made.shop.tells_here
    made.shop.service = SERVICE
    assert not made.shop.tells_here


@pytest.mark.qt_log_ignore("No such signal QPlatformNativeInterface")  # offscreen
def test_that_a_disk_may_go_is_told_once(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", lambda: True)
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda self, title, words, icon: told.append(words)
    )
    made = stage(scenes.may_go())
    tray = Tray(
        made.window.look, made.shop, open_window=lambda: None, restore=lambda: None,
        choose_pause=lambda: None, leave=lambda: None,
    )  # fmt: skip
    made.shop.changed.emit()
    tray.close()
    assert told == ["„USB-Platte A“ ist fertig. Sie können die Platte jetzt abziehen."]
    assert any(told[0] in one.text() for one in made.window.findChildren(QLabel))
