"""Settings as a merchant makes them, everything real: plan, place for secrets, a mail server."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit

from core.paths import find_home
from core.plan.write import Starter, example_plan
from gui.pages.settings import SettingsPage
from gui.pages.settings.parts import Form
from tests.journeys.desk import Desk, sample_shop
from tests.support import keys
from tests.support.mail_sink import PASSWORD, USER, mail_sink
from tests.support.secrets_search import find_secret


def form(desk: Desk, name: str) -> Form:
    """The form of this name, as soon as it can be seen."""
    found: list[Form] = []

    def look() -> bool:
        page = desk.window.page
        assert isinstance(page, SettingsPage)
        found[:] = [one for one in page.findChildren(Form) if one.name == name and one.isVisible()]
        return bool(found)

    desk.wait(look)
    return found[0]


def test_who_is_warned_is_set_up_and_proven_and_the_plan_keeps_its_comments(
    desks: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_sink(tmp_path / "post") as sink:
        monkeypatch.setenv("SSL_CERT_FILE", str(sink.certificate))
        for name, value in keys.ENV.items():
            monkeypatch.setenv(name, value)
        home = find_home(str(tmp_path / "home"))
        home.make()
        source, disk = sample_shop(tmp_path / "laden-pc"), tmp_path / "platte"
        text = example_plan([source], [Starter(path=disk, name="Platte A")])
        home.plan.write_text(f"{text}\n# nur Anna darf hier etwas ändern\n", "utf-8")
        desk = desks("home", passphrase=keys.ENV["LADENTRESOR_PASSPHRASE"])
        desk.wait(lambda: desk.shop.said is not None and desk.shop.service is not None)
        desk.window.open("settings")
        desk.press("Warnungen")

        server = form(desk, "alerts.smtp.host")
        for key, value in (("host", "localhost"), ("port", str(sink.port)), ("sender", USER)):
            server.enter(f"alerts.smtp.{key}", value)
        server.enter("password", PASSWORD)
        server.button.click()
        desk.wait(lambda: "Gilt jetzt." in desk.words())
        desk.press("Person hinzufügen")
        person = form(desk, "people..name")
        person.enter("people..name", "Anna Maier")
        person.enter("people..email", "anna@example.org")
        person.button.click()
        desk.wait(lambda: "dass Mails ankommen, ist nicht bewiesen" in desk.words())
        desk.press("Testmail schicken: Anna Maier")
        desk.wait(lambda: "Eine Testmail ist unterwegs zu Anna Maier" in desk.words())
        code = re.search(r"\b[a-z0-9]{4}-[a-z0-9]{4}\b", sink.body())
        assert code is not None
        [field] = [
            one
            for one in desk.window.findChildren(QLineEdit)
            if one.isVisible() and one.accessibleName() == "Code aus der Testmail"
        ]
        field.setText(code[0].upper())
        desk.press("Code prüfen")
        desk.wait(lambda: "Ankunft bewiesen am" in desk.words())

        made = home.plan.read_text("utf-8")
        assert "# nur Anna darf hier etwas ändern" in made
        assert made.startswith(text.split("[[copies]]")[0])
        alerts = tomllib.loads(made)["alerts"]["smtp"]
        assert (alerts["host"], alerts["sender"]) == ("localhost", USER)
        for place in (home.config, home.state):
            assert find_secret(place, PASSWORD) == []

        desk.press("Von selbst")
        desk.press("Pause: eine Stunde")
        desk.wait(lambda: desk.shop.is_paused)
        desk.press("Pause beenden")
        desk.wait(lambda: not desk.shop.is_paused)
        desk.press("Dieser PC")
        desk.press("Jetzt prüfen")
        desk.wait(lambda: "Mails an Anna Maier: Ankunft bewiesen" in desk.words())
