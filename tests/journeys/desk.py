"""A window on a home, with everything real behind it; for journeys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
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
from gui.window import Window
from gui.wizards.setup import SetupWizard

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


def sample_shop(folder: Path) -> Path:
    """A few files a shop may live on."""
    (folder / "Büro").mkdir(parents=True)
    (folder / "Büro" / "Preisliste 2026.csv").write_text("10021;Olivenöl;11,90\n", "utf-8")
    (folder / "Büro" / "Brief.txt").write_text("Sehr geehrte Frau Brenner", "utf-8")
    return folder


class SetUp:
    """A merchant in the set-up, who counts how often a step had to be answered.

    A decision is a step whose button is not enabled by its default.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.decisions = 0
        page = desk.window.page
        assert isinstance(page, SetupWizard)
        self.wizard = page
        self._note()

    def _note(self) -> None:
        self.decisions += not self.wizard.frame.next.isEnabled()

    def forward(self, to: Step) -> None:
        """On to the next step."""
        wizard = self.wizard
        self.desk.wait(wizard.frame.next.isEnabled)
        QTest.mouseClick(wizard.frame.next, Qt.MouseButton.LeftButton)
        self.desk.wait(lambda: wizard.step is to)
        self._note()

    def through_goals_and_people(self) -> None:
        """Both have usual answers."""
        self.forward(Step.GOALS)
        self.forward(Step.PEOPLE)

    def run_and_leave(self) -> None:
        """The first run, and to the overview."""
        self.forward(Step.RUN)
        self.desk.wait(self.desk.run_is_over)
        QTest.mouseClick(self.wizard.frame.next, Qt.MouseButton.LeftButton)
        self.desk.wait(lambda: self.desk.window.page is not self.wizard)


def begin_set_up(desk: Desk, source: Path, places: list[Path]) -> SetUp:
    """Shop and places are chosen; the step of the places is open."""
    desk.press(desk.shop.texts.t("Laden schützen"))
    made = SetUp(desk)
    wizard = made.wizard
    wizard.shop_page.name.setText("Feinkost Maier")
    wizard.shop_page.add_folder(str(source))
    made.forward(Step.PLACES)
    for place in places:
        wizard.places.add_place(str(place))
    desk.wait(lambda: all(str(place) in wizard.probes for place in places))
    return made


def focused(desk: Desk) -> QWidget | None:
    """What has the keyboard. Without a window manager no window is ever the active one for long."""
    return QApplication.focusWidget() or desk.window.focusWidget()
