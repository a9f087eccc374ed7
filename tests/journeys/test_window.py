"""A merchant at the window: real files, real runs, the real command line behind it.

Offscreen: a real screen and a tray host were never tried here (docs/verified.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from core.clock import SystemClock
from core.paths import find_home
from core.setup.flow import Step
from core.texts import Lang, Texts
from gui.bridge import Bridge
from gui.jobs.child import ChildRunner
from gui.settings import Settings
from gui.shop import Shop
from gui.theme.look import Look
from gui.theme.tokens import LIGHT, Tokens
from gui.window import Window
from gui.wizards.restore import RestoreWizard
from gui.wizards.setup import SetupWizard
from gui.wizards.setup_pages import PlacesPage, ShopPage

PATIENCE = 40_000


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    files = (one for one in folder.rglob("*") if one.is_file())
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


class Desk:
    """A window on a home, with everything real behind it."""

    def __init__(self, home: Path, look: Look, lang: Lang, qtbot: QtBot, passphrase: str) -> None:
        self.bridge = Bridge()
        self.runner = ChildRunner(self.bridge, str(home), lang, passphrase)
        self.shop = Shop(find_home(str(home)), SystemClock(), Texts(lang), self.bridge, self.runner)
        self.window = Window(self.shop, look, Settings(width=1200, height=800))
        self.qtbot = qtbot
        qtbot.addWidget(self.window)
        self.window.show()

    def press(self, name: str) -> None:
        """Press the button whose accessible name begins so, as soon as it can be pressed."""
        found: list[QPushButton] = []

        def look() -> bool:
            found[:] = [one for one in self.buttons() if one.accessibleName().startswith(name)]
            return bool(found) and found[0].isEnabled()

        self.wait(look)
        QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)

    def buttons(self) -> list[QPushButton]:
        return [one for one in self.window.findChildren(QPushButton) if one.isVisible()]

    def wait(self, is_so: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(is_so()), timeout=PATIENCE)

    def words(self) -> str:
        """All that can be read now."""
        return "\n".join(
            one.accessibleName() or one.text()
            for one in self.window.findChildren(QLabel)
            if one.isVisible()
        )

    def run_is_over(self) -> bool:
        return self.shop.run is not None and self.shop.run.ended is not None

    def close(self) -> None:
        self.runner.close()
        self.bridge.close()
        self.window.close()


@pytest.fixture
def desks(
    qtbot: QtBot, dressed: Callable[[Tokens, float], Look], tmp_path: Path
) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(name: str, lang: Lang = "de", passphrase: str = "") -> Desk:
        look = dressed(LIGHT, 1.0)
        desk = Desk(tmp_path / name, look, lang, qtbot, passphrase)
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.close()


def _shop(folder: Path) -> Path:
    (folder / "Büro").mkdir(parents=True)
    (folder / "Büro" / "Preisliste 2026.csv").write_text("10021;Olivenöl;11,90\n", "utf-8")
    (folder / "Büro" / "Brief.txt").write_text("Sehr geehrte Frau Brenner", "utf-8")
    return folder


def _ages(desk: Desk) -> list[str]:
    """How long ago each copy was made, as the ledger says it."""
    return [line.cells[0].text for line in desk.shop.said.lines] if desk.shop.said else []


def _set_up(desk: Desk, source: Path, places: list[Path]) -> SetupWizard:
    desk.press("Laden schützen")
    wizard = desk.window.page
    assert isinstance(wizard, SetupWizard)
    assert not wizard.frame.next.isEnabled()  # nothing is chosen
    first = wizard.pages[Step.SHOP]
    assert isinstance(first, ShopPage)
    first.name.setText("Feinkost Maier")
    first.add_folder(str(source))
    desk.press("Weiter")
    second = wizard.pages[Step.PLACES]
    assert isinstance(second, PlacesPage)
    for place in places:
        second.add_place(str(place))
    desk.wait(lambda: all(str(place) in wizard.probes for place in places))
    return wizard


def test_from_nothing_to_a_restored_file(desks: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desks("home")
    source = _shop(tmp_path / "laden-pc")
    a, b = tmp_path / "platte-a", tmp_path / "platte-b"
    wizard = _set_up(desk, source, [a, b])
    desk.wait(lambda: "zählt nicht: liegt auf derselben Platte wie Ihre Daten" in desk.words())
    assert not wizard.draft.needs_sheet
    desk.press("Ersten Lauf beginnen")
    desk.wait(desk.run_is_over)
    assert desk.shop.run is not None
    assert desk.shop.run.ended is not None
    assert desk.shop.run.ended.exit == 0, desk.shop.run
    desk.wait(lambda: _ages(desk) == ["gerade eben", "gerade eben"])
    assert "Feinkost Maier" in desk.words()
    # one device: nothing counts, and the window says so instead of turning green
    desk.wait(lambda: "Nein. Keine Kopie ist frisch und heil." in desk.words())

    price = source / "Büro" / "Preisliste 2026.csv"
    old = price.read_bytes()
    price.write_text("10021;Olivenöl;12,90\n10022;Pecorino;18,20\n", "utf-8")
    desk.press("Ausblenden")
    desk.shop.back_up()
    desk.wait(desk.run_is_over)
    price.unlink()

    desk.press("Daten zurückholen")
    restore = desk.window.page
    assert isinstance(restore, RestoreWizard)
    restore.choice.into = str(tmp_path / "zurueck")
    QTest.keyClicks(restore.what.field, "preisliste")
    desk.wait(lambda: restore.what.list.count() == 1)
    assert "2 Fassungen" in desk.words()
    QTest.keyClick(restore.what.card.line, Qt.Key.Key_Left)
    desk.press("Diese Fassung holen")
    desk.wait(lambda: restore.result.has_files)
    assert "Zurückgeholt und geprüft." in desk.words()
    assert [p.read_bytes() for p in (tmp_path / "zurueck").rglob("*.csv")] == [old]

    desk.press("Noch etwas zurückholen")
    restore.choice.into = str(tmp_path / "alles")
    desk.press("Ganzes System")
    desk.wait(lambda: restore.what.list.count() == 2)
    desk.press("Diesen Stand holen")
    desk.wait(lambda: (tmp_path / "alles").exists() and restore.frame.next.isVisible())
    price.write_text("10021;Olivenöl;12,90\n10022;Pecorino;18,20\n", "utf-8")
    assert contents(tmp_path / "alles" / "laden-pc") == contents(source)


def test_a_lost_pc_with_an_encrypted_copy_and_the_sheet(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    """Encrypted disk, recovery sheet typed off, then another PC with nothing but both."""
    desk = desks("home", passphrase="nur hier im Test")
    source = _shop(tmp_path / "laden-pc")
    stick = tmp_path / "stick"
    wizard = _set_up(desk, source, [stick])
    page = wizard.pages[Step.PLACES]
    assert isinstance(page, PlacesPage)
    page._carried(wizard.draft.places[0], away=True)
    assert wizard.draft.needs_sheet
    desk.press("Weiter")
    desk.wait(lambda: wizard.step is Step.SHEET)

    from core.secrets.pairs import SHOP_KEY, read_pair
    from core.secrets.sealed_file import SealedFileStore

    pair = read_pair(SealedFileStore(desk.shop.home, "nur hier im Test"), SHOP_KEY)
    assert pair is not None
    lines = [pair.password, pair.salt]
    sheet = wizard.pages[Step.SHEET]
    for field, line in zip(sheet.lines, [lines[0][:-1], lines[1]], strict=False):  # type: ignore[attr-defined]
        field.setText(line)
    desk.press("Probedatei öffnen")
    desk.wait(lambda: "Zeile 1, Gruppe 6" in desk.words())
    sheet.lines[0].setText(lines[0])  # type: ignore[attr-defined]
    desk.press("Probedatei öffnen")
    desk.wait(lambda: "Das Blatt stimmt" in desk.words())
    desk.press("Ersten Lauf beginnen")
    desk.wait(desk.run_is_over)

    bare = desks("anderer-pc")
    bare.press("Ich brauche Daten zurück")
    restore = bare.window.page
    assert isinstance(restore, RestoreWizard)
    restore.place.field.setText(str(stick))
    bare.press("Kopie öffnen")
    bare.wait(lambda: "Diese Kopie ist verschlüsselt" in bare.words())
    for field, line in zip(restore.place.lines, lines, strict=False):
        field.setText(line.upper().replace("-", " "))
    bare.press("Kopie öffnen")
    bare.wait(lambda: restore.frame.stack.currentWidget() is restore.what)
    restore.choice.into = str(tmp_path / "zurueck")
    bare.press("Ganzes System")
    bare.wait(lambda: restore.what.list.count() == 1)
    bare.press("Diesen Stand holen")
    bare.wait(lambda: restore.result.has_files)
    assert contents(tmp_path / "zurueck" / "laden-pc") == contents(source)
    home = restore._home
    assert home is not None
    assert home.exists()
    bare.press("Schließen")
    bare.wait(lambda: not home.exists())  # nothing stays on a stranger's PC
    assert not (tmp_path / "anderer-pc" / "config" / "plan.toml").exists()


def test_a_missing_disk_is_named_in_english(desks: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desks("home", "en")
    source, disk = _shop(tmp_path / "laden-pc"), tmp_path / "disk"
    home = find_home(str(tmp_path / "home"))
    home.make()
    from core.plan.write import Starter, example_plan

    home.plan.write_text(example_plan([source], [Starter(path=disk, name="Disk A")]), "utf-8")
    desk.shop.refresh()
    desk.wait(lambda: "Not yet. The first copy is missing." in desk.words())
    desk.press("Back up now")
    desk.wait(desk.run_is_over)
    desk.wait(lambda: "“Disk A”" in desk.words() and "cannot be reached" in desk.words())
