"""A merchant at the window with a real NAS (Samba) and a real WebDAV server; English by keyboard.

Offscreen, as `test_window`. The servers run on this machine, reached by two names for two devices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from core.health.said import Mark
from core.plan.model import Mode
from core.plan.read import load_readable
from core.secrets.pairs import SHOP_KEY, read_pair
from core.secrets.sealed_file import SealedFileStore
from core.setup.flow import Step
from gui.jobs.port import Order
from gui.wizards.restore import RestoreWizard
from gui.wizards.setup import SetupWizard
from tests.journeys.desk import Desk, begin_set_up, contents, focused, sample_shop
from tests.support.mail_sink import PASSWORD as MAIL_PASSWORD
from tests.support.mail_sink import USER as MAIL_USER
from tests.support.mail_sink import mail_sink
from tests.support.places import Place, missing, place
from tests.support.storage_servers import PASSWORD, USER

PASSPHRASE = "nur hier im Test"
needs_samba = pytest.mark.skipif(bool(missing("samba")), reason="needs smbd")


def type_nas(desk: Desk, wizard: SetupWizard, nas: Place, *, password: str = PASSWORD) -> None:
    """The address as it would stand on a sheet, typed where the host is asked for."""
    wizard.places.show_form()
    form = wizard.places.form
    form.typed.fields["host"].setText(nas.address)
    form.typed.fields["password"].setText(password)
    form.name.setText("NAS im Lager")
    form.try_out()
    desk.wait(lambda: not form._is_busy)


def type_cloud(desk: Desk, wizard: SetupWizard, cloud: Place) -> None:
    """A WebDAV server, by another name than the NAS."""
    wizard.places.show_form()
    form = wizard.places.form
    form.typed.kind.setCurrentIndex(form.typed.kind.findData("webdav"))
    form.typed.fields["url"].setText(
        cloud.address.replace(f"{USER}@", "").replace("127.0.0.1", "localhost")
    )
    form.typed.fields["user"].setText(USER)
    form.typed.fields["password"].setText(PASSWORD)
    form.name.setText("Cloud")
    form.try_out()
    desk.wait(lambda: not form._is_busy)


@needs_samba
def test_from_nothing_to_a_file_out_of_the_cloud(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    """The short one: NAS and cloud typed in, one run, and what lies there is what was meant."""
    source = sample_shop(tmp_path / "laden-pc")
    with place("samba", tmp_path / "nas") as nas, place("webdav", tmp_path / "cloud") as cloud:
        desk = desks("home", passphrase=PASSPHRASE)
        setup = begin_set_up(desk, source, [])
        wizard = setup.wizard
        type_nas(desk, wizard, nas)
        type_cloud(desk, wizard, cloud)
        setup.through_goals_and_people()
        setup.forward(Step.SHEET)
        setup.run_and_leave()
        assert setup.decisions <= 5
        assert desk.shop.run is not None
        assert desk.shop.run.ended is not None
        assert desk.shop.run.ended.exit == 0, desk.shop.run
        assert (nas.folder / "laden-pc" / "tresor.json").is_file()
        names = [one.name for one in cloud.folder.rglob("*")]
        assert "offen.json" in names
        assert "inhalt.tsv.gz" not in names  # only in there, encrypted
        desk.shop.runner.start(
            Order(("restore", "laden-pc", "--into", str(tmp_path / "zurueck"), "--from", "cloud")),
            lambda event: None,
        )
        desk.wait(lambda: contents(tmp_path / "zurueck" / "laden-pc") == contents(source))


@pytest.mark.full
@needs_samba
def test_three_copies_at_disk_nas_and_cloud_and_back_on_a_bare_pc(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    source = sample_shop(tmp_path / "laden-pc")
    with place("samba", tmp_path / "nas") as nas, place("webdav", tmp_path / "cloud") as cloud:
        desk = desks("home", passphrase=PASSPHRASE)
        setup = begin_set_up(desk, source, [tmp_path / "platte"])
        wizard = setup.wizard

        type_nas(desk, wizard, nas, password="falsch")
        assert wizard.places.form.isVisible()
        assert "Anmeldung" in wizard.places.form.said.text()
        assert len(wizard.draft.places) == 1
        type_nas(desk, wizard, nas)
        type_cloud(desk, wizard, cloud)
        assert [one.name for one in wizard.draft.places] == ["platte", "NAS im Lager", "Cloud"]
        assert [one.encrypted for one in wizard.draft.places] == [False, False, True]
        assert PASSWORD not in (desk.shop.home.state / "einrichtung.json").read_text("utf-8")

        QTest.mouseClick(wizard.frame.back, Qt.MouseButton.LeftButton)
        desk.wait(lambda: wizard.step is Step.SHOP)
        wizard.shop_page.other.setText("Shopify")
        wizard.shop_page._add_other()
        setup.forward(Step.PLACES)
        desk.wait(lambda: "Noch nicht gesichert: Shopify" in desk.words())
        setup.through_goals_and_people()
        setup.forward(Step.SHEET)
        store = SealedFileStore(desk.shop.home, PASSPHRASE)
        pair = read_pair(store, SHOP_KEY)
        assert pair is not None
        wizard.sheet.lines[0].setText(pair.password)
        wizard.sheet.lines[1].setText(pair.salt)
        desk.press("Probedatei öffnen")
        desk.wait(lambda: wizard.draft.is_sheet_proven)
        setup.run_and_leave()
        assert setup.decisions <= 5
        assert desk.shop.run is not None
        assert desk.shop.run.ended is not None
        assert desk.shop.run.ended.exit == 0, desk.shop.run
        plan = load_readable(desk.shop.home.plan)
        assert [one.name for one in plan.uncovered] == ["Shopify"]
        assert plan.uncovered[0].mode is Mode.SAAS
        desk.wait(lambda: "Noch nicht gesichert: Shopify" in desk.words())

        price = source / "Büro" / "Preisliste 2026.csv"
        old = price.read_bytes()
        price.write_text("10021;Olivenöl;12,90\n", "utf-8")
        desk.press("Ausblenden")
        desk.shop.back_up()
        desk.wait(desk.run_is_over)

        desk.press("Daten zurückholen")
        restore = desk.window.page
        assert isinstance(restore, RestoreWizard)
        restore.choice.into = str(tmp_path / "zurueck")
        restore.choice.destination = "cloud"
        QTest.keyClicks(restore.what.field, "preisliste")
        desk.wait(lambda: restore.what.list.count() == 1)
        QTest.keyClick(restore.what.card.line, Qt.Key.Key_Left)
        desk.press("Hineinsehen")
        preview = restore.what.card.preview
        desk.wait(preview.words.isVisible)
        assert preview.words.toPlainText() == "10021;Olivenöl;11,90\n"
        desk.press("Diese Fassung holen")
        desk.wait(lambda: restore.result.has_files)
        assert [p.read_bytes() for p in (tmp_path / "zurueck").rglob("*.csv")] == [old]

        bare_from(desks, tmp_path, "smb", nas, source, ())
        bare_from(desks, tmp_path, "webdav", cloud, source, (pair.password, pair.salt))


def bare_from(
    desks: Callable[..., Desk], tmp_path: Path, kind: str, there: Place, source: Path,
    lines: tuple[str, ...],
) -> None:  # fmt: skip
    """Another PC with nothing: address and password, and the lines where it is encrypted."""
    bare = desks(f"fremd-{kind}")
    bare.press("Ich brauche Daten zurück")
    restore = bare.window.page
    assert isinstance(restore, RestoreWizard)
    page = restore.place
    page.far.setChecked(True)
    page.typed.kind.setCurrentIndex(page.typed.kind.findData(kind))
    if kind == "smb":
        page.typed.fields["host"].setText(there.address)
    else:
        url = there.address.replace(f"{USER}@", "").replace("127.0.0.1", "localhost")
        page.typed.fields["url"].setText(url)
        page.typed.fields["user"].setText(USER)
    page.typed.fields["password"].setText(PASSWORD)
    bare.press("Kopie öffnen")
    if lines:
        bare.wait(lambda: "Diese Kopie ist verschlüsselt" in bare.words())
        for field, line in zip(page.lines, lines, strict=False):
            field.setText(line)
        bare.press("Kopie öffnen")
    bare.wait(lambda: restore.frame.stack.currentWidget() is restore.what)
    into = tmp_path / f"alles-{kind}"
    restore.choice.into = str(into)
    bare.press("Ganzes System")
    bare.wait(lambda: restore.what.list.count() == 2)
    bare.press("Diesen Stand holen")
    bare.wait(lambda: restore.result.has_files)
    assert contents(into / "laden-pc") == contents(source)
    home = restore._home
    assert home is not None
    bare.press("Schließen")
    bare.wait(lambda: not home.exists())


# -- English, by keyboard alone ----------------------------------------------------------------


class Keys:
    """Somebody without a mouse."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def press(
        self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """A key, where the keyboard is."""
        QTest.keyClick(focused(self.desk) or self.desk.window, key, held)
        QApplication.processEvents()

    def type(self, words: str) -> None:
        """Words into what has the keyboard, instead of what stands there."""
        field = focused(self.desk)
        assert isinstance(field, QLineEdit), field
        self.press(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, words)

    def to(self, name: str) -> None:
        """Tab until what has the keyboard says this name."""
        seen = []
        for _ in range(80):
            found = focused(self.desk)
            seen.append(found.accessibleName() if found else None)
            if found is not None and found.accessibleName().startswith(name):
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not reach {name!r}, only {seen}")

    def do(self, name: str) -> None:
        """Tab to a button as soon as it can be pressed, and press it."""
        self.desk.wait(
            lambda: any(
                one.accessibleName().startswith(name) and one.isEnabled()
                for one in self.desk.buttons()
            )
        )
        self.to(name)
        self.press(Qt.Key.Key_Space)


@pytest.mark.full
@needs_samba
def test_in_english_by_keyboard_alone(
    desks: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fresh start, a folder, a NAS, the first run, one file back; no mouse, no German."""
    source = sample_shop(tmp_path / "shop-pc")
    monkeypatch.setattr(
        "PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: str(source)
    )
    with place("samba", tmp_path / "nas") as nas:
        desk = desks("home", "en", PASSPHRASE)
        keys = Keys(desk)
        desk.window.activateWindow()
        keys.do("Protect the shop")
        wizard = desk.window.page
        assert isinstance(wizard, SetupWizard)
        keys.to("Name of your shop")
        keys.type("Maier's Deli")
        keys.do("Add folder")
        keys.do("Next")
        desk.wait(lambda: wizard.step is Step.PLACES)
        keys.do("Add a NAS or cloud")
        typed = wizard.places.form.typed.fields
        for name, words in (("host", nas.address), ("password", PASSWORD)):
            keys.to(typed[name].accessibleName())
            keys.type(words)
        keys.to("Name for this destination")
        keys.type("NAS")
        keys.press(Qt.Key.Key_Tab)  # past the box that says whether it stands elsewhere
        keys.do("Try it")
        desk.wait(lambda: len(wizard.draft.places) == 1)
        keys.do("Next")
        desk.wait(lambda: wizard.step is Step.GOALS)
        keys.do("Next")
        desk.wait(lambda: wizard.step is Step.PEOPLE)
        keys.do("Start the first run")
        desk.wait(lambda: wizard.step is Step.RUN)
        desk.wait(desk.run_is_over)
        assert desk.shop.run is not None
        assert desk.shop.run.ended is not None
        assert desk.shop.run.ended.exit == 0, desk.shop.run
        keys.do("To the overview")
        desk.wait(lambda: desk.window.page is not wizard)

        price = source / "Büro" / "Preisliste 2026.csv"
        old = price.read_bytes()
        price.unlink()
        desk.window.activateWindow()
        desk.wait(desk.window.isActiveWindow)
        keys.press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        restore = desk.window.page
        assert isinstance(restore, RestoreWizard)
        desk.wait(lambda: focused(desk) is restore.what.field)
        keys.type("preisliste")
        desk.wait(lambda: restore.what.list.count() == 1)
        keys.do("Change")
        keys.to("then put at its old place")
        keys.press(Qt.Key.Key_Space)
        keys.do("Take over")
        desk.wait(lambda: restore.frame.stack.currentWidget() is restore.what)
        desk.wait(lambda: restore.what.list.count() == 1)
        keys.do("Get this version")
        desk.wait(lambda: restore.result.has_files and restore.frame.next.isVisible())
        assert price.read_bytes() == old
        german = [one for one in desk.words().splitlines() if any(s in one for s in "äöüßÄÖÜ")]
        assert [one for one in german if str(tmp_path) not in one] == []


@pytest.mark.full
def test_warnings_are_proven_by_a_mail_that_arrives(
    desks: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sample_shop(tmp_path / "laden-pc")
    with mail_sink(tmp_path / "post") as sink:
        monkeypatch.setenv("SSL_CERT_FILE", str(sink.certificate))
        desk = desks("home", passphrase=PASSPHRASE)
        setup = begin_set_up(desk, source, [tmp_path / "platte"])
        setup.through_goals_and_people()
        people = setup.wizard.people
        for number, name in enumerate(("anna", "sabine")):
            people._names[number].setText(name.title())
            people._mails[number].setText(f"{name}@example.org")
        people.mailbox.setText(MAIL_USER)
        people.password.setText("falsch")
        people.host.setText(f"localhost:{sink.port}")
        desk.press("Testmail schicken")
        desk.wait(lambda: "Anmeldung" in people.said.text() or "Kennwort" in people.said.text())
        assert not setup.wizard.draft.is_mail_proven
        people.password.setText(MAIL_PASSWORD)
        desk.press("Testmail schicken")
        desk.wait(people.code.isVisible)
        assert sink.to == ["anna@example.org", "sabine@example.org"]
        people.code.setText("aaaa-bbbb")
        desk.press("Code prüfen")
        desk.wait(lambda: people._mark._mark is Mark.BAD)
        code = re.search(r"\b[a-z2-9]{4}-[a-z2-9]{4}\b", sink.body(0))
        assert code is not None
        people.code.setText(code[0].upper())
        desk.press("Code prüfen")
        desk.wait(lambda: setup.wizard.draft.is_mail_proven)
        setup.run_and_leave()
        files = [one for one in desk.shop.home.config.rglob("*") if one.is_file()]
        assert not [one for one in files if MAIL_PASSWORD.encode() in one.read_bytes()]
