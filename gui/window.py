"""The window: navigation, the page that is open, and what fits its size, language and colours."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QWidget,
)

from core.health.answer import ShopState
from core.setup.draft import is_unfinished
from gui.pages.first_start import FirstStart
from gui.pages.overview import Overview
from gui.pages.runs import RunsPage
from gui.pages.settings import SettingsPage, SettingsState
from gui.settings import SCALES, Settings
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, frame, row, text
from gui.widgets.marks import ShopMark, tray_icon
from gui.wizards.restore import RestoreWizard
from gui.wizards.setup import SetupWizard

_WIDE, _MIDDLE = 1100, 800
_ICONS = {"overview": "house", "runs": "history", "settings": "settings"}


def layout_kind(width: int, scale: float) -> str:
    """wide, middle or narrow: by the width there is for text of this size (UI.md §5)."""
    effective = width / scale
    if effective >= _WIDE:
        return "wide"
    return "middle" if effective >= _MIDDLE else "narrow"


class Window(QMainWindow):
    """The one window.

    Signals: `chose` when a person chose other settings, `closed` when they closed the window,
    `leaving` when they want the program to end. may_close: asked before it closes.
    """

    chose = Signal(object)
    closed = Signal()
    leaving = Signal()

    def __init__(self, shop: Shop, look: Look, settings: Settings) -> None:
        super().__init__()
        self.shop, self.look, self.settings = shop, look, settings
        self.setMinimumSize(960, 640)
        self.resize(settings.width or 1200, settings.height or 800)
        self._kind = layout_kind(self.width(), look.scale)
        self._page = "overview"
        self._wizard: RestoreWizard | SetupWizard | None = None
        self._first: bool | None = None
        self._nav: dict[str, QPushButton] = {}
        self._makers: dict[str, Callable[[], QWidget]] = {}
        self._built: dict[str, QWidget] = {}  # pages are made when they are first opened
        self._focused: int | None = None
        self._settings_state = SettingsState()
        self.may_close: Callable[[], bool] = lambda: True
        self._stack = QStackedWidget()
        shop.changed.connect(self._facts_changed)
        shop.run_changed.connect(self._state_changed)
        self._shortcuts()
        self.build()

    # -- building -----------------------------------------------------------------------------

    def build(self) -> None:
        """Everything anew, for this size, language and look."""
        look, t = self.look, self.shop.texts.t
        self.setWindowTitle("Ladentresor")
        self._first = self._is_first()
        self._nav, self._built = {}, {}
        self._stack = QStackedWidget()
        whole = QWidget()
        whole.setObjectName("page")
        line = row()
        whole.setLayout(line)
        if self._first:
            self._stack.addWidget(
                FirstStart(
                    look, t,
                    lang=self.shop.texts.lang,
                    protect=self.set_up,
                    is_begun=is_unfinished(self.shop.home),
                    restore=self.restore,
                    speak=self._speak,
                )
            )  # fmt: skip
        else:
            line.addWidget(self._rail())
            self._makers = {
                "overview": lambda: Overview(
                    look, self.shop, self._kind, restore=self.restore,
                    show_runs=lambda: self.open("runs"),
                ),
                "runs": lambda: RunsPage(look, self.shop, self._kind),
                "settings": lambda: SettingsPage(
                    look, self.shop, self._kind, self.settings, self._settings_state, self._choose
                ),
            }  # fmt: skip
        line.addWidget(self._stack, 1)
        self.setCentralWidget(whole)
        whole.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.open(self._page)
        whole.show()  # at once: what is hidden takes no focus, and nobody can read it
        whole.setFocus()
        self._state_changed()

    def _is_first(self) -> bool:
        return self._has_no_plan() or is_unfinished(self.shop.home)

    def _has_no_plan(self) -> bool:
        picture = self.shop.picture
        if picture is None:
            return not self.shop.home.plan.exists()
        return picture.plan is None and picture.trouble is None

    def _rail(self) -> QWidget:
        look, t = self.look, self.shop.texts.t
        px, narrow = look.px, self._kind != "wide"
        inside = column(gap=px(4), margins=(px(16), px(22), px(16), px(18)))
        rail = frame("rail", inside)
        rail.setFixedWidth(px(228))
        if narrow:
            slim = 46 if self._kind == "narrow" else 68
            inside.setContentsMargins(px((slim - 38) // 2), px(18), px((slim - 38) // 2), px(14))
            rail.setFixedWidth(px(slim))
        head = row(gap=px(10))
        head.addWidget(ShopMark(look, "brand", "Ladentresor", 26))
        if not narrow:
            names = column()
            names.addWidget(text(look, "Ladentresor", Role.STRONG, wrap=False))
            shop = self.shop.said.shop if self.shop.said else ""
            if shop:
                names.addWidget(text(look, shop, Role.HEAD, look.tokens.ink2))
            head.addLayout(names, 1)
        inside.addLayout(head)
        inside.addSpacing(px(18))
        for name, words in (
            ("overview", t("Übersicht")),
            ("runs", t("Läufe")),
            ("settings", t("Einstellungen")),
        ):
            if name == "settings":
                inside.addStretch(1)
            made = self._nav_button(words, _ICONS[name], lambda name=name: self.open(name))  # type: ignore[misc]  # a default keeps the name
            made.setCheckable(True)
            self._nav[name] = made
            inside.addWidget(made)
        inside.addSpacing(px(10))
        back = button(look, "" if narrow else t("Daten zurückholen"), self.restore)
        self._set_icon(back, "archive-restore", look.tokens.ink)
        back.setAccessibleName(t("Daten zurückholen"))
        back.setToolTip(t("Daten zurückholen"))
        if narrow:
            back.setStyleSheet("padding: 0;")
        inside.addWidget(back)
        return rail

    def _nav_button(self, words: str, icon: str, done: Callable[[], object]) -> QPushButton:
        narrow = self._kind != "wide"
        made = button(self.look, "" if narrow else words, done, kind="nav")
        self._set_icon(made, icon, self.look.tokens.ink2)
        made.setAccessibleName(words)
        made.setToolTip(words if narrow else "")
        if narrow:
            made.setStyleSheet("padding: 0; text-align: center;")
        return made

    def _set_icon(self, made: QPushButton, icon: str, colour: str) -> None:
        if self._kind == "wide":
            made.setIcon(self.look.button_icon(icon, colour))
            made.setIconSize(self.look.button_icon_size())
        else:
            made.setIcon(self.look.icon(icon, colour))
            made.setIconSize(QSize(self.look.px(20), self.look.px(20)))

    def _shortcuts(self) -> None:
        for keys, done in (
            ("Ctrl+R", self.restore),
            ("Escape", self._escape),
            ("F6", self._jump),
            ("F5", self.shop.refresh),
            ("Alt+1", lambda: self.open("overview")),
            ("Alt+2", lambda: self.open("runs")),
            ("Alt+9", lambda: self.open("settings")),
            ("Ctrl+W", self.close),
            ("Ctrl+Q", self.leaving.emit),
            ("Ctrl+,", lambda: self.open("settings")),
            ("Ctrl+F", self._search),
            ("Ctrl++", lambda: self._zoom(1)),
            ("Ctrl+-", lambda: self._zoom(-1)),
            ("Ctrl+0", lambda: self._choose(scale=1.0)),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(done)

    # -- going about --------------------------------------------------------------------------

    def open(self, name: str) -> None:
        """Show a page."""
        if self._first or self._wizard is not None:
            return
        self._page = name
        if name not in self._built:
            self._built[name] = self._makers[name]()
            self._stack.addWidget(self._built[name])
        self._stack.setCurrentWidget(self._built[name])
        for one, made in self._nav.items():
            made.setChecked(one == name)
            colour = self.look.tokens.accent if one == name else self.look.tokens.ink2
            self._set_icon(made, _ICONS[one], colour)
            made.setFont(self.look.font(Role.STRONG if one == name else Role.BODY))

    @property
    def page(self) -> QWidget | None:
        """What is shown beside the navigation."""
        return self._wizard or self._stack.currentWidget()

    def choose_pause(self) -> None:
        """Show where one can pause until any time."""
        self._settings_state.part = "by_itself"
        self.open("settings")
        page = self._stack.currentWidget()
        if isinstance(page, SettingsPage):
            page.open("by_itself")

    def restore(self) -> None:
        """Open the way back, in place of everything else."""
        if self._wizard is not None:
            return
        wizard = RestoreWizard(self.look, self.shop, bare=self._has_no_plan())
        self._wizard = wizard
        wizard.left.connect(self._leave_wizard)
        self.setCentralWidget(wizard)
        wizard.show()  # at once: what is hidden takes no focus
        wizard.begin()

    def set_up(self) -> None:
        """Open the set-up, in place of everything else."""
        if self._wizard is not None:
            return
        wizard = SetupWizard(self.look, self.shop)
        self._wizard = wizard
        wizard.left.connect(self._leave_wizard)
        wizard.finished.connect(self._set_up_done)
        self.setCentralWidget(wizard)
        wizard.show()  # at once: what is hidden takes no focus
        wizard.begin()

    def _set_up_done(self) -> None:
        self._leave_wizard()

    def _leave_wizard(self) -> None:
        if self._wizard is not None:
            self._wizard.close_down()
            self._wizard = None
            self.build()
            self.shop.refresh()

    def _escape(self) -> None:
        """One step back, wherever the keyboard is."""
        if self._wizard is not None:
            self._wizard.step_back()

    def _jump(self) -> None:
        """F6: between navigation and content."""
        checked = next((one for one in self._nav.values() if one.isChecked()), None)
        if checked is None:
            return
        if checked.hasFocus():
            page = self._stack.currentWidget()
            if page is not None:
                page.focusNextChild()
        else:
            checked.setFocus()

    def _search(self) -> None:
        if isinstance(self._wizard, RestoreWizard):
            self._wizard.search()
        if self._wizard is not None:
            return
        self.open("runs")
        page = self._stack.currentWidget()
        if isinstance(page, RunsPage):
            page.field.setFocus()

    # -- what changes -------------------------------------------------------------------------

    def _facts_changed(self) -> None:
        if self._wizard is None and self._is_first() != self._first:
            self.build()
        self._state_changed()

    def _state_changed(self) -> None:
        said = self.shop.said
        self.setWindowIcon(tray_icon(self.shop.state))
        if said is not None and said.state is not ShopState.EMPTY:
            self.setWindowTitle(f"Ladentresor – {said.word}")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        kind = layout_kind(self.width(), self.look.scale)
        if kind != self._kind:
            self._kind = kind
            if self._wizard is None:
                self.build()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.shop.is_seen(seen=True)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if not self.may_close():
            event.ignore()
            return
        self.shop.is_seen(seen=False)
        super().closeEvent(event)
        self.closed.emit()

    def put_away(self) -> None:
        """Before everything is dressed anew: what is built anew afterwards is not dressed twice.

        Not to be called from a signal of a widget that goes.
        """
        if self._wizard is not None:
            return
        focused, choices = QApplication.focusWidget(), self._choices()
        self._focused = choices.index(focused) if focused in choices else None
        old = self.takeCentralWidget()
        self._stack, self._nav, self._built = QStackedWidget(), {}, {}
        if old is not None:
            old.deleteLater()
            QApplication.sendPostedEvents(old, QEvent.Type.DeferredDelete.value)

    def take_look(self, look: Look, settings: Settings) -> None:
        """Show everything with other colours, texts or size of text."""
        self.look, self.settings = look, settings
        self._kind = layout_kind(self.width(), look.scale)
        if self._wizard is None:
            self.build()
            choices = self._choices()
            if self._focused is not None and self._focused < len(choices):
                choices[self._focused].setFocus()  # the page is another one, the person is not
        self._focused = None

    def _choices(self) -> list[QRadioButton]:
        return self.page.findChildren(QRadioButton) if isinstance(self.page, SettingsPage) else []

    # -- choices ------------------------------------------------------------------------------

    def _speak(self, lang: str) -> None:
        self._choose(lang=lang)

    def _zoom(self, way: int) -> None:
        at = min(range(len(SCALES)), key=lambda n: abs(SCALES[n] - self.settings.scale))
        self._choose(scale=SCALES[max(0, min(len(SCALES) - 1, at + way))])

    def _choose(self, **changes: object) -> None:
        self.chose.emit(changes)
