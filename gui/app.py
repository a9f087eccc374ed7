"""The application: one window, one tray, one home; language and colours as chosen."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTranslator
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QMessageBox

from core.agent.service import After
from core.clock import Clock, SystemClock
from core.errors import KnownError
from core.paths import Home
from core.texts import PROGRAM, Lang, Texts, pick_language
from core.texts.service import LEAVING
from gui import only_one
from gui.bridge import Bridge
from gui.garbage import Collector
from gui.jobs.child import ChildRunner
from gui.settings import Theme, read_settings, write_settings
from gui.shop import Shop
from gui.theme.look import Look, load_fonts, palette, style_sheet
from gui.theme.tokens import DARK, LIGHT, Tokens, high_contrast
from gui.tray import Tray
from gui.window import Window


class App(QObject):
    """Everything that lives as long as the program."""

    def __init__(
        self,
        application: QApplication,
        home: Home,
        home_option: str,
        lang: str | None,
        *,
        passphrase: str = "",
        clock: Clock | None = None,
        called: str = PROGRAM,
    ) -> None:
        super().__init__()
        self._application = application
        self.home = home
        self._called = called
        self._asked_lang = lang
        self._is_over = False
        self.settings = read_settings(home.config)
        application.setApplicationName("Ladentresor")
        application.setStyle("Fusion")
        load_fonts()
        self._system = application.palette()
        self._qt_words = QTranslator(self)
        self.bridge = Bridge()
        texts = self._texts()
        self.runner = ChildRunner(self.bridge, home_option, texts.lang, passphrase)
        self.shop = Shop(home, clock or SystemClock(), texts, self.bridge, self.runner)
        self.look = self._dress()
        self.window = Window(self.shop, self.look, self.settings)
        self.window.chose.connect(self._chose, Qt.ConnectionType.QueuedConnection)
        self.window.may_close = self._may_close
        self.window.closed.connect(self._window_closed)
        self.window.leaving.connect(self.leave)
        self.tray = Tray(
            self.look, self.shop,
            open_window=self.show_window, restore=self._restore, choose_pause=self._choose_pause,
            leave=self.leave,
        )  # fmt: skip
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)
        application.setQuitOnLastWindowClosed(False)  # `_window_closed` decides
        application.commitDataRequest.connect(
            self._session_ends, Qt.ConnectionType.DirectConnection
        )

    # -- look and language ------------------------------------------------------------------------

    def _texts(self) -> Texts:
        lang = pick_language(self._asked_lang or self.settings.lang or None, os.environ)
        self._translate_qt(lang)
        return Texts(lang, program=self._called)

    def _translate_qt(self, lang: Lang) -> None:
        """Qt's own words (dialogs, menus of fields) in the same language."""
        QLocale.setDefault(QLocale("de_DE" if lang == "de" else "en_GB"))
        self._application.removeTranslator(self._qt_words)
        place = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if lang == "de" and self._qt_words.load("qtbase_de", place):
            self._application.installTranslator(self._qt_words)

    def _dress(self) -> Look:
        look = Look(tokens_for(self.settings.theme, self._system), self.settings.scale)
        self._application.setPalette(palette(look.tokens))
        self._application.setStyleSheet(style_sheet(look))
        return look

    def _chose(self, changes: dict[str, object]) -> None:
        """A person chose: at once, and kept."""
        if "lang" in changes:
            self._asked_lang = None
        size = self.window.size()
        self.settings = msgspec.structs.replace(
            self.settings, **changes, width=size.width(), height=size.height()
        )
        write_settings(self.home.config, self.settings)
        self._take_look()

    def _take_look(self) -> None:
        texts = self._texts()
        self.runner.lang = texts.lang
        self.shop.speak(texts)
        self.window.put_away()
        self.look = self._dress()
        self.window.take_look(self.look, self.settings)
        self.tray.take_look(self.look)

    def _system_changed(self) -> None:
        if self.settings.theme == "system":
            self._take_look()

    # -- coming and going -------------------------------------------------------------------------

    def show_window(self) -> None:
        """Bring the window to the front."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def _restore(self) -> None:
        self.show_window()
        self.window.restore()

    def _choose_pause(self) -> None:
        self.show_window()
        self.window.choose_pause()

    def _session_ends(self) -> None:
        self._is_over = True  # nobody is there any more to be asked

    def _may_close(self) -> bool:
        """With a tray it goes on there; without one the window is all there is."""
        return self.tray.is_there or self._is_over or self._may_leave()

    def _window_closed(self) -> None:
        if not self.tray.is_there:
            self._quit()

    def leave(self) -> None:
        """End the program, where that has consequences only after a person was told of them."""
        if self._is_over or self._may_leave():
            self._quit()

    def _quit(self) -> None:
        self._is_over = True
        self._application.quit()

    def _may_leave(self) -> bool:
        shop, t = self.shop, self.shop.texts.t
        after = shop.after
        if not shop.is_running and after in (None, After.GOES_ON):
            return True
        said = []
        if shop.is_running:
            said.append(
                t("Was angekommen ist, bleibt. Der nächste Lauf macht an derselben Stelle weiter.")
            )
        if after is not None:
            said.append(t(LEAVING[after]))
        box = QMessageBox(self.window)
        box.setWindowTitle("Ladentresor")
        if shop.is_running:
            box.setText(t("Es läuft gerade eine Sicherung. Trotzdem beenden?"))
        else:
            box.setText(t("Ladentresor beenden?"))
        box.setInformativeText(" ".join(said))
        words = t("Sicherung beenden") if shop.is_running else t("Beenden")
        stop = box.addButton(words, QMessageBox.ButtonRole.AcceptRole)
        stay_words = t("Weiterlaufen lassen") if shop.is_running else t("Offen lassen")
        stay = box.addButton(stay_words, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is stop

    def close(self) -> None:
        """Stop what runs; after this nothing of ours is left."""
        self._is_over = True
        self.runner.close()
        self.bridge.close()
        self.tray.close()
        self.window.close()


def tokens_for(theme: Theme, system: QPalette) -> Tokens:
    """The colours: as chosen, or as the system has it; high contrast always wins."""
    hints = QGuiApplication.styleHints()
    contrast = getattr(hints.accessibility(), "contrastPreference", None)
    if contrast is not None and contrast() is Qt.ContrastPreference.HighContrast:
        role = QPalette.ColorRole
        return high_contrast(
            window=system.color(role.Window).name(),
            text=system.color(role.WindowText).name(),
            highlight=system.color(role.Highlight).name(),
            highlighted=system.color(role.HighlightedText).name(),
        )
    if theme == "system":
        dark = hints.colorScheme() is Qt.ColorScheme.Dark
        return DARK if dark else LIGHT
    return DARK if theme == "dark" else LIGHT


def run_window(
    arguments: Sequence[str],
    home: Home,
    home_option: str,
    lang: str | None,
    *,
    passphrase: str,
    called: str,
) -> int:
    """Open the window and stay until it is left; returns the exit code.

    Where one of this home is open already, that one comes to the front instead.
    """
    application = QApplication([sys.argv[0], *arguments])
    if only_one.call(home):
        return 0  # the window that is open has come to the front
    garbage = Collector(application)
    app = App(application, home, home_option, lang, passphrase=passphrase, called=called)
    with contextlib.suppress(KnownError):  # of a full home the window itself tells
        home.make()
    one = only_one.OnlyOne(home)
    one.asked.connect(app.show_window)
    app.show_window()
    code = application.exec()
    one.close()
    app.close()
    garbage.close()
    return code
