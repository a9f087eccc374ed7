"""The window: navigation, the page that is open, and what fits its size, language and colours."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QWidget,
)

from core.health.answer import Do, ShopState, Task
from core.setup.draft import is_unfinished
from core.setup.flow import Step
from gui.pages.copies import CopiesPage
from gui.pages.editing import Editable
from gui.pages.first_start import FirstStart
from gui.pages.overview import Overview
from gui.pages.runs import RunsPage
from gui.pages.settings import SettingsPage, SettingsState
from gui.pages.systems import SystemsPage
from gui.settings import SCALES, Settings
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, frame, one_of, row, text
from gui.widgets.marks import ShopMark, tray_icon
from gui.wizards.adding import AddingWizard
from gui.wizards.restore import RestoreWizard
from gui.wizards.setup import SetupWizard

_WIDE, _MIDDLE = 1100, 800
_PAGES = {
    "overview": "house",
    "systems": "boxes",
    "copies": "copy",
    "runs": "history",
    "settings": "settings",
}
"""The pages and their icons, in the order of the navigation."""


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
        self._is_old = False
        self._nav: dict[str, QPushButton] = {}
        self._focused: int | None = None
        self._settings_state = SettingsState()
        self.may_close: Callable[[], bool] = lambda: True
        self._pages: dict[str, QWidget] = {}
        self._stack = QStackedWidget()
        shop.changed.connect(self._facts_changed)
        shop.run_changed.connect(self._state_changed)
        shop.asked.connect(self._asked)
        self._shortcuts()
        self.build()

    # -- building -----------------------------------------------------------------------------

    def build(self) -> None:
        """Everything anew, for this size, language and look."""
        look, t = self.look, self.shop.texts.t
        self.setWindowTitle("Ladentresor")
        self._first = self._is_first()
        self._is_old = False
        self._nav, self._pages = {}, {}
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
        line.addWidget(self._stack, 1)
        self.setCentralWidget(whole)
        whole.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.open(self._page)
        whole.show()  # at once: what is hidden takes no focus, and nobody can read it
        whole.setFocus()
        self._state_changed()

    def _make_page(self, name: str) -> QWidget:
        """A page, made when it is first opened: most are not."""
        look, shop, kind = self.look, self.shop, self._kind
        if name == "systems":
            return SystemsPage(look, shop, kind)
        if name == "copies":
            return CopiesPage(
                look, shop, kind, restore=self.restore, add_place=self.add_place,
                prove_sheet=self.prove_sheet,
            )  # fmt: skip
        if name == "runs":
            return RunsPage(look, shop, kind)
        if name == "settings":
            return SettingsPage(look, shop, kind, self.settings, self._settings_state, self._choose)
        return Overview(look, shop, kind, restore=self.restore, show_runs=lambda: self.open("runs"))

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
        titles = {
            "overview": t("Übersicht"),
            "systems": t("Systeme"),
            "copies": t("Kopien"),
            "runs": t("Läufe"),
            "settings": t("Einstellungen"),
        }
        for name, icon in _PAGES.items():
            if name == "settings":
                inside.addStretch(1)
            made = self._nav_button(titles[name], icon)
            one_of(made, functools.partial(self._is_open, name), functools.partial(self.open, name))
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

    def _is_open(self, name: str) -> bool:
        return self._page == name

    def _nav_button(self, words: str, icon: str) -> QPushButton:
        narrow = self._kind != "wide"
        made = button(self.look, "" if narrow else words, None, kind="nav")
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
            *(
                (f"Alt+{number}", lambda name=name: self.open(name))
                for number, name in enumerate(_PAGES, 1)
            ),
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
        if name not in self._pages:
            page = self._pages[name] = self._make_page(name)
            self._stack.addWidget(page)
            if isinstance(page, Editable):
                page.closed.connect(self._form_closed)
        self._stack.setCurrentWidget(self._pages[name])
        for one, made in self._nav.items():
            made.setChecked(one == name)
            colour = self.look.tokens.accent if one == name else self.look.tokens.ink2
            self._set_icon(made, _PAGES[one], colour)
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

    def add_place(self) -> None:
        """Choose one more place for copies."""
        self._add(Step.PLACES)

    def prove_sheet(self) -> None:
        """Print the recovery sheet and type it off."""
        self._add(Step.SHEET)

    def _add(self, start: Step) -> None:
        plan = self.shop.picture.plan if self.shop.picture else None
        if self._wizard is not None or plan is None:
            return
        wizard = AddingWizard(self.look, self.shop, plan, start)
        self._wizard = wizard
        wizard.left.connect(self._leave_wizard)
        wizard.added.connect(self._added)
        self.setCentralWidget(wizard)
        wizard.show()  # at once: what is hidden takes no focus
        wizard.begin()

    def _added(self, destinations: tuple[str, ...]) -> None:
        """New destinations get their first copy at once."""
        self._leave_wizard()
        if destinations:
            self.shop.back_up(*destinations)

    def _asked(self, task: Task) -> None:
        """A task that needs a page, from here or from the tray."""
        if self._wizard is not None or self._first:
            return
        self.show()
        self.raise_()
        self.activateWindow()
        if task.do is Do.ADD_PLACE:
            self.add_place()
        elif task.do is Do.PROVE_SHEET:
            self.prove_sheet()
        else:
            self.open("copies")

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
        page = self._wizard or self._stack.currentWidget()
        if isinstance(page, SetupWizard | RestoreWizard | Editable):
            page.step_back()

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
            self._build_soon()

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
        if self._wizard is not None or self._is_typing:
            return
        focused, choices = QApplication.focusWidget(), self._choices()
        self._focused = choices.index(focused) if focused in choices else None
        old = self.takeCentralWidget()
        self._stack, self._nav, self._pages = QStackedWidget(), {}, {}
        if old is not None:
            old.deleteLater()
            QApplication.sendPostedEvents(old, QEvent.Type.DeferredDelete.value)

    def take_look(self, look: Look, settings: Settings) -> None:
        """Show everything with other colours, texts or size of text."""
        self.look, self.settings = look, settings
        self._kind = layout_kind(self.width(), look.scale)
        self._build_soon()

    def _build_soon(self) -> None:
        """Build anew, but not while something is being typed: that would be lost."""
        if self._is_typing:
            self._is_old = True
        elif self._wizard is None:
            self.build()
            choices = self._choices()
            if self._focused is not None and self._focused < len(choices):
                choices[self._focused].setFocus()  # the page is another one, the person is not
        self._focused = None

    @property
    def _is_typing(self) -> bool:
        """Whether a form is open: what stands in it is nowhere else."""
        return any(one.form is not None for one in self.findChildren(Editable))

    def _choices(self) -> list[QRadioButton]:
        return self.page.findChildren(QRadioButton) if isinstance(self.page, SettingsPage) else []

    def _form_closed(self) -> None:
        if self._is_old:
            QTimer.singleShot(0, self, self._build_soon)

    # -- choices ------------------------------------------------------------------------------

    def _speak(self, lang: str) -> None:
        self._choose(lang=lang)

    def _zoom(self, way: int) -> None:
        at = min(range(len(SCALES)), key=lambda n: abs(SCALES[n] - self.settings.scale))
        self._choose(scale=SCALES[max(0, min(len(SCALES) - 1, at + way))])

    def _choose(self, **changes: object) -> None:
        self.chose.emit(changes)
