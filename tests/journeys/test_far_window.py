"""A merchant at the window with a real NAS (Samba) and a real WebDAV server; English by keyboard.

Offscreen, as `test_window`. The servers run on this machine, reached by two names for two devices.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.plan.model import Mode
from core.plan.read import load_readable
from core.secrets.pairs import SHOP_KEY, read_pair
from core.secrets.sealed_file import SealedFileStore
from core.setup.flow import Step
from gui.wizards.restore import RestoreWizard
from gui.wizards.setup import SetupWizard
from tests.journeys.desk import Desk, begin_set_up, contents, sample_shop
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
