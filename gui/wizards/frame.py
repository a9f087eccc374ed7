"""What all wizards look like: steps at the left, content, a footer with one filled button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.health.said import Mark
from core.texts import Texts
from gui.theme.look import Look, Role
from gui.widgets.basics import Page, button, clear, column, frame, row, text
from gui.widgets.marks import ShopMark, paint_mark


@dataclass(frozen=True, slots=True)
class RailStep:
    """A step as the rail shows it: its title and the answer given so far."""

    title: str
    answer: str = ""


class _Bullet(QWidget):
    """Number of a step, or an ink tick once it is done."""

    def __init__(self, look: Look, number: int, kind: str) -> None:
        super().__init__()
        self._look, self._number, self._kind = look, number, kind
        self.setFixedSize(look.px(26), look.px(26))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        look, tokens = self._look, self._look.tokens
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._kind == "done":
            ink = replace(tokens, ok=tokens.ink)
            side = look.px(15)
            place = QRectF(rect.center().x() - side / 2, rect.center().y() - side / 2, side, side)
            paint_mark(p, place, Mark.TICK, ink, tokens.sunken)
            p.end()
            return
        now = self._kind == "now"
        p.setPen(Qt.PenStyle.NoPen if now else QPen(QColor(tokens.ctl), 1.2))
        p.setBrush(QColor(tokens.accent) if now else Qt.BrushStyle.NoBrush)
        p.drawEllipse(rect)
        p.setFont(look.font(Role.HEAD))
        p.setPen(QColor(tokens.on_accent if now else tokens.ink3))
        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(self._number))
        p.end()


class WizardPage(Page):
    """A page of a wizard: wide margins, narrow ones where letters are large."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, (18, 18, 18, 12) if look.scale > 1.2 else (48, 36, 48, 20))


def choice(look: Look, made: QAbstractButton, words: str, note: str) -> QVBoxLayout:
    """A check box or radio button with a short name, and below it what there is to say, wrapped."""
    indent = look.px(28)
    made.setText(words)
    made.setFont(look.font(Role.MEDIUM))
    made.setMinimumHeight(look.px(30))
    made.setAccessibleName(f"{words}. {note}" if note else words)
    lines = column(gap=look.px(1))
    lines.addWidget(made)
    if note:
        below = column(margins=(indent, 0, 0, 0))
        below.addWidget(text(look, note, Role.SECONDARY, look.tokens.ink2))
        lines.addLayout(below)
    return lines


class WizardFrame(QWidget):
    """The frame. Pages are put into `stack`; `show_rail` and the buttons are set by the wizard."""

    def __init__(self, look: Look, texts: Texts, title: str, foot: str, *, narrow: bool) -> None:
        super().__init__()
        self.look, self.texts = look, texts
        px = look.px
        line = row()
        self.setLayout(line)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._narrow = narrow
        inside = column(margins=(px(24), px(22), px(20), px(22)))
        rail = frame("wizardRail", inside)
        rail.setFixedWidth(px(256))
        head = row(gap=px(10))
        head.addWidget(ShopMark(look, "brand", "Ladentresor", 26))
        head.addWidget(text(look, "Ladentresor", Role.STRONG, wrap=False))
        head.addStretch(1)
        inside.addLayout(head)
        inside.addSpacing(px(28))
        inside.addWidget(text(look, title, Role.HEAD, look.tokens.ink3))
        inside.addSpacing(px(10))
        self._steps: QVBoxLayout = column(gap=px(12))
        inside.addLayout(self._steps)
        inside.addStretch(1)
        inside.addWidget(text(look, foot, Role.SECONDARY, look.tokens.ink2))
        rail.setVisible(not narrow)
        line.addWidget(rail)
        right = column()
        self.stack = QStackedWidget()
        right.addWidget(self.stack, 1)
        self._foot = row(gap=px(10), margins=(px(48), px(13), px(48), px(13)))
        if narrow:
            self._foot.setContentsMargins(px(18), px(8), px(18), px(8))
        right.addWidget(frame("footer", self._foot))
        line.addLayout(right, 1)
        self.leave = button(look, self.texts.t("Abbrechen"), lambda: None, kind="link")
        self.back = button(look, self.texts.t("Zurück"), lambda: None)
        self.next = button(look, self.texts.t("Weiter"), lambda: None, kind="primary")
        self.reason = text(look, "", Role.SECONDARY, look.tokens.ink2)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for widget, stretch in (
            (self.leave, 0), (self.reason, 1), (self.back, 0), (self.next, 0),
        ):  # fmt: skip
            self._foot.addWidget(widget, stretch)

    def show_rail(self, steps: Sequence[RailStep], now: int) -> None:
        """Where we are: steps before `now` are done."""
        clear(self._steps)
        look, tokens, t = self.look, self.look.tokens, self.texts.t
        for number, step in enumerate(steps):
            kind = "now" if number == now else "done" if number < now else "next"
            state = {"now": t("aktuell"), "done": t("erledigt"), "next": t("kommt noch")}[kind]
            line = row(gap=look.px(12))
            bullet = column()
            bullet.addWidget(_Bullet(look, number + 1, kind))
            bullet.addStretch(1)
            line.addLayout(bullet)
            words = column(margins=(0, look.px(2), 0, 0))
            role = Role.STRONG if kind == "now" else Role.BODY
            colour = tokens.ink if kind != "next" else tokens.ink2
            title = text(look, step.title, role, colour)
            title.setAccessibleName(
                t("Schritt {n} von {total}, {title}, {state}", n=number + 1, total=len(steps),
                  title=step.title, state=state)
            )  # fmt: skip
            words.addWidget(title)
            if step.answer:
                words.addWidget(text(look, step.answer, Role.SECONDARY, tokens.ink2))
            line.addLayout(words, 1)
            self._steps.addLayout(line)

    def set_button(
        self, made: QPushButton, words: str, done: Callable[[], object] | None, *, on: bool = True
    ) -> None:
        """What a button of the footer says and does; None hides it."""
        made.setVisible(done is not None)
        made.setText(words)
        made.setAccessibleName(words)
        made.setEnabled(on)
        made.setDefault(made is self.next)
        made.clicked.disconnect()
        made.clicked.connect(lambda *_: done() if done is not None else None)
