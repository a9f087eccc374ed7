"""The tray: the state by shape and colour, a menu, and a small panel with the one next step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QVBoxLayout, QWidget

from core.agent.service import After
from core.health.said import Line, Mark, Said
from core.texts.service import BUTTONS, CAUSES, TITLES, next_copy
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, frame, row, rule, text
from gui.widgets.figures import Chip
from gui.widgets.marks import FactMark, ShopMark, tray_icon
from gui.widgets.standing import mend

_FRAME_MS = 500
_MOST = 5
_WORSE = {mark: at for at, mark in enumerate((Mark.TICK, Mark.RUN, Mark.SOON, Mark.NONE,
                                                Mark.NEVER, Mark.WARN, Mark.BAD))}  # fmt: skip


class TrayPanel(QWidget):
    """What a click on the tray shows: state, next step, copies with their age, buttons."""

    def __init__(
        self,
        look: Look,
        shop: Shop,
        *,
        open_window: Callable[[], object],
        restore: Callable[[], object],
    ) -> None:
        super().__init__(None, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("page")
        self.setWindowTitle("Ladentresor")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self._look, self._shop = look, shop
        self._open_window, self._restore = open_window, restore
        self.setFixedWidth(look.px(360))
        self._body = column()
        self.setLayout(self._body)
        shop.changed.connect(self.show_facts)
        self.show_facts()

    def take_look(self, look: Look) -> None:
        """Other colours, texts or size of text."""
        self._look = look
        self.setFixedWidth(look.px(360))
        self.show_facts()

    def show_facts(self) -> None:
        """Build it from what is known now."""
        clear(self._body)
        look, px = self._look, self._look.px
        inside = column(gap=px(10), margins=(px(20), px(20), px(20), px(20)))
        said = self._shop.said
        t = self._shop.texts.t
        if said is not None:
            self.setAccessibleName(f"Ladentresor, {said.word}")
            self._facts(inside, said)
        actions = row(gap=px(8))
        actions.addWidget(button(look, t("Daten zurückholen"), self._go(self._restore)), 1)
        actions.addWidget(button(look, t("Öffnen"), self._go(self._open_window)))
        inside.addLayout(actions)
        self._body.addWidget(frame("card", inside))
        self._fit()

    def _fit(self) -> None:
        """As high as its words need at this width."""
        self._body.activate()
        self.setFixedHeight(max(self._body.heightForWidth(self.width()), 100))

    def _facts(self, inside: QVBoxLayout, said: Said) -> None:
        look, tokens, px = self._look, self._look.tokens, self._look.px
        t = self._shop.texts.t
        head = row(gap=px(12))
        head.addWidget(ShopMark(look, self._shop.state, said.word, 34))
        words = column(gap=px(1))
        words.addWidget(text(look, said.word[:1].upper() + said.word[1:], Role.CARD))
        words.addWidget(text(look, said.headline, Role.SECONDARY, tokens.ink2))
        head.addLayout(words, 1)
        inside.addLayout(head)
        if self._shop.is_paused:
            inside.addLayout(self._pause(said))
        for disk in said.disks[:1]:
            one = row(gap=px(10))
            one.addWidget(FactMark(look, disk.mark, 15, tokens.surface))
            one.addWidget(text(look, disk.text, Role.BODY), 1)
            inside.addLayout(one)
        inset = column(gap=px(3), margins=(px(14), px(12), px(14), px(12)))
        if said.steps:
            inset.addWidget(text(look, said.steps[0].title, Role.STRONG))
            cause = said.steps[0].cause.partition(". ")[0].removesuffix(".")
            if cause:
                inset.addWidget(text(look, f"{cause}.", Role.SECONDARY, tokens.ink2))
        elif self._shop.after not in (None, After.GOES_ON) and not self._shop.is_paused:
            self._by_hand(inset)
        else:
            inset.addWidget(text(look, said.calm, Role.STRONG))
            if said.calm_note:
                inset.addWidget(text(look, said.calm_note, Role.SECONDARY, tokens.ink2))
        inside.addWidget(frame("inset", inset))
        for line in _worst_of_each(said.lines):
            copied = line.cells[0]
            one = row(gap=px(10))
            one.addWidget(FactMark(look, copied.mark, 15, tokens.surface))
            name = text(look, line.copy, Role.BODY)
            name.setAccessibleName(copied.full)
            one.addWidget(name, 1)
            one.addWidget(text(look, copied.text, Role.SECONDARY, tokens.ink2, wrap=False))
            inside.addLayout(one)
        if said.lines:
            inside.addWidget(rule())
            coming = self._coming()
            if coming:
                inside.addWidget(text(look, coming, Role.SECONDARY, tokens.ink2))
            inside.addSpacing(px(2))
            primary = bool(said.steps and said.steps[0].button)
            words_on = said.steps[0].button if primary else t("Jetzt sichern")
            done = self._step if primary else self._shop.back_up
            made = button(look, words_on, self._go(done), kind="primary" if primary else "",
                          icon="play")  # fmt: skip
            made.setEnabled(not self._shop.is_running)
            inside.addWidget(made)

    def _coming(self) -> str:
        """When the next copy begins by itself, where that is known."""
        service = self._shop.service
        if service is None or self._shop.is_paused:
            return ""
        return next_copy(self._shop.texts, service.next, self._shop.clock.now())

    def _pause(self, said: Said) -> QVBoxLayout:
        """Until when, what that costs, and the way out of it."""
        look, t = self._look, self._shop.texts.t
        made = column(gap=look.px(6))
        line = row(gap=look.px(10))
        line.addWidget(Chip(look, said.pause, Mark.SOON))
        line.addStretch(1)
        made.addLayout(line)
        made.addWidget(text(look, said.pause_note, Role.SECONDARY, look.tokens.ink2))
        below = row()
        below.addWidget(button(look, t("Pause beenden"), self._shop.resume, kind="link"))
        below.addStretch(1)
        made.addLayout(below)
        return made

    def _by_hand(self, inset: QVBoxLayout) -> None:
        """Nothing is wrong with the copies, but the next one comes only by hand."""
        look, t, after = self._look, self._shop.texts.t, self._shop.after
        if after is None:
            return
        inset.addWidget(text(look, t(TITLES[after]), Role.STRONG))
        inset.addWidget(text(look, t(CAUSES[after]), Role.SECONDARY, look.tokens.ink2))
        inset.addSpacing(look.px(6))
        line = row()
        line.addWidget(button(look, t(BUTTONS[after]), lambda: mend(self._shop, after)))
        line.addStretch(1)
        inset.addLayout(line)

    def _step(self) -> None:
        said = self._shop.said
        if said is not None and said.steps:
            self._shop.do(said.steps[0].task)

    def _go(self, done: Callable[[], object]) -> Callable[[], None]:
        def go() -> None:
            self.hide()
            done()

        return go

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def show_beside(self, place: QPoint) -> None:
        """Show it near the icon, wholly on the screen."""
        self._fit()
        screen = QGuiApplication.screenAt(place) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        x = min(
            max(room.left() + 8, place.x() - self.width() // 2), room.right() - self.width() - 8
        )
        above = place.y() > room.center().y()
        y = place.y() - self.height() - 12 if above else place.y() + 12
        self.move(x, min(max(room.top() + 8, y), room.bottom() - self.height() - 8))
        self.show()
        self.activateWindow()


def _worst_of_each(lines: tuple[Line, ...]) -> list[Line]:
    """One line for each destination: of its copies the one that stands worst."""
    found: dict[str, Line] = {}
    for line in lines:
        known = found.get(line.destination)
        if known is None or _WORSE[line.cells[0].mark] > _WORSE[known.cells[0].mark]:
            found[line.destination] = line
    return list(found.values())[:_MOST]


class Tray(QObject):
    """The icon with its menu; nothing where the desktop has no tray."""

    def __init__(
        self,
        look: Look,
        shop: Shop,
        *,
        open_window: Callable[[], object],
        restore: Callable[[], object],
        choose_pause: Callable[[], object],
        leave: Callable[[], object],
    ) -> None:
        super().__init__()
        self._shop, self._open_window = shop, open_window
        self._restore, self._choose_pause, self._leave = restore, choose_pause, leave
        self.panel = TrayPanel(look, shop, open_window=open_window, restore=restore)
        self._menu = QMenu()
        self._menu_shown: object = None
        self._icon = QSystemTrayIcon()
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activated)
        self._turn = 0.0
        self._shown: object = None
        self._told = ""
        self._may_go: set[str] = set()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next_frame)
        shop.changed.connect(self._show)
        shop.run_changed.connect(self._show)
        self._show()
        self._icon.show()

    @property
    def is_there(self) -> bool:
        """Whether this desktop shows it."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def take_look(self, look: Look) -> None:
        """Other colours or texts."""
        self.panel.take_look(look)
        self._menu_shown = None
        self._shown = None
        self._show()

    def _build_menu(self) -> None:
        t = self._shop.texts.t
        for one in self._menu.findChildren(QMenu):
            one.deleteLater()
        self._menu.clear()
        self._menu.addAction(t("Ladentresor öffnen")).triggered.connect(self._open_window)
        self._back_up = self._menu.addAction(t("Jetzt sichern"))
        self._back_up.triggered.connect(lambda *_: self._shop.back_up())
        self._menu.addAction(t("Daten zurückholen")).triggered.connect(self._restore)
        self._menu.addSeparator()
        if self._shop.is_paused and self._shop.said is not None:
            words = t("Pause beenden ({pause})", pause=self._shop.said.pause)
            self._menu.addAction(words).triggered.connect(self._shop.resume)
        elif self._shop.after is not None:
            self._build_pauses()
        goes_on = self._shop.after is After.GOES_ON
        words = t("Beenden, Kopien entstehen weiter") if goes_on else t("Beenden …")
        self._menu.addSeparator()
        self._menu.addAction(words).triggered.connect(self._leave)

    def _build_pauses(self) -> None:
        t = self._shop.texts.t
        pauses = self._menu.addMenu(t("Pause"))
        for choice, words in self._shop.pauses():
            action = pauses.addAction(words)
            action.triggered.connect(lambda *_, choice=choice: self._shop.pause(choice))
        pauses.addSeparator()
        pauses.addAction(t("bis zu einer anderen Zeit …")).triggered.connect(self._choose_pause)

    def _show(self) -> None:
        said, state = self._shop.said, self._shop.state
        t = self._shop.texts.t
        has_copies = bool(said and said.lines)
        menu = (self._shop.texts.lang, self._shop.after, self._shop.is_paused, said and said.pause,
                self._shop.pauses())  # fmt: skip
        if menu != self._menu_shown:
            self._menu_shown = menu
            self._build_menu()
        self._back_up.setEnabled(has_copies and not self._shop.is_running)
        word = t("läuft") if state == "running" else said.word if said else ""
        tip = f"Ladentresor: {word}. {said.headline}" if said else "Ladentresor"
        if said and self._shop.is_paused:
            tip = f"{tip} {said.pause}."
        if (state, tip) != self._shown:
            self._shown = (state, tip)
            self._icon.setToolTip(tip)
            self._icon.setIcon(tray_icon(state))
            self._tell(state)
        self._tell_disks()
        if state == "running" and not self._timer.isActive():
            self._timer.start(_FRAME_MS)
        elif state != "running":
            self._timer.stop()

    def _tell_disks(self) -> None:
        """Somebody waits beside a disk: told once, as soon as it may go. Nobody else tells it."""
        said = self._shop.said
        now = {disk.text for disk in said.disks if disk.can_go} if said else set()
        new, self._may_go = now - self._may_go, now
        if new and self._shop.may_tell and QSystemTrayIcon.supportsMessages():
            self._icon.showMessage(
                "Ladentresor", " ".join(sorted(new)), tray_icon(self._shop.state)
            )

    def _tell(self, state: str) -> None:
        """A message only when it has become worse and a person is needed."""
        said = self._shop.said
        before, self._told = self._told, state
        if said is None or state not in ("act", "danger") or before in ("", state, "danger"):
            return
        words = said.steps[0].title if said.steps else said.lead
        if self._shop.tells_here and QSystemTrayIcon.supportsMessages():
            self._icon.showMessage(said.headline, words, tray_icon(state))

    def _next_frame(self) -> None:
        self._turn = (self._turn + 0.25) % 1
        self._icon.setIcon(tray_icon("running", turn=self._turn))

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        ):
            if self.panel.isVisible():
                self.panel.hide()
            else:
                place = self._icon.geometry()
                self.panel.show_beside(place.center() if place.width() else QCursor.pos())

    def close(self) -> None:
        """Take it away."""
        self._timer.stop()
        self._icon.hide()
        self.panel.close()
