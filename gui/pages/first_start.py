"""The first start: two doors, equally large."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from gui.theme.look import Look, Role
from gui.theme.tokens import Tokens
from gui.widgets.basics import Page, button, column, row, text
from gui.widgets.marks import ShopMark

Translate = Callable[..., str]
_STACKED_FROM = 1.2


class FirstStart(Page):
    """Choosing one of two ways; `protect` None: the first is not there. is_begun: it goes on."""

    def __init__(
        self,
        look: Look,
        t: Translate,
        *,
        lang: str,
        protect: Callable[[], object] | None,
        restore: Callable[[], object],
        speak: Callable[[str], object],
        is_begun: bool = False,
    ) -> None:
        super().__init__(look, (34, 26, 34, 24))
        px, tokens = look.px, look.tokens
        self.setAccessibleName(t("Erster Start"))
        head = row(gap=px(12))
        head.addWidget(ShopMark(look, "brand", "Ladentresor", 26))
        names = column()
        names.addWidget(text(look, "Ladentresor", Role.STRONG, wrap=False))
        names.addWidget(
            text(look, t("Der Tresor für Ihren Laden"), Role.HEAD, tokens.ink2, wrap=False)
        )
        head.addLayout(names)
        head.addStretch(1)
        other = ("en", "English") if lang == "de" else ("de", "Deutsch")
        head.addWidget(button(look, other[1], lambda: speak(other[0]), kind="link"))
        self.body.addLayout(head)
        self.body.addStretch(3)
        title = text(look, t("Guten Tag. Was brauchen Sie?"), Role.ANSWER)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(title)
        self.body.addSpacing(px(30))
        stacked = look.scale > _STACKED_FROM
        doors = column(gap=px(20)) if stacked else row(gap=px(28))
        doors.addStretch(1)
        if protect is not None:
            doors.addWidget(
                Door(
                    look, "shop", t("Laden schützen"),
                    t("Ordner wählen, Platten wählen, ersten Lauf beginnen.")
                    if not is_begun
                    else t("Das Einrichten ist angefangen. Ihre Auswahl ist noch da."),
                    t("Weitermachen") if is_begun else t("Einrichten"),
                    t("etwa 10 Minuten, alles lässt sich später ändern"), protect,
                    primary=True,
                ), 10,
            )  # fmt: skip
        doors.addWidget(
            Door(
                look, "safe", t("Ich brauche Daten zurück"),
                t("Auch an einem fremden PC. Sie brauchen nur eine Kopie und, wenn sie"
                  " verschlüsselt ist, Ihr Wiederherstellungsblatt."),
                t("Daten zurückholen"), t("ohne Einrichtung, überschreibt nichts"), restore,
                primary=False,
            ), 10,
        )  # fmt: skip
        doors.addStretch(1)
        self.body.addLayout(doors)
        self.body.addStretch(4)
        foot = text(
            look,
            t("Ladentresor liest Ihre Originale nur. Geändert oder gelöscht wird daran nie etwas."),
            Role.BODY,
            tokens.ink2,
        )
        foot.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(foot)


class Door(QFrame):
    """Drawing, title, two lines, button, footnote; the whole area is the button."""

    def __init__(
        self,
        look: Look,
        drawing: str,
        title: str,
        words: str,
        action: str,
        note: str,
        done: Callable[[], object],
        *,
        primary: bool,
    ) -> None:
        super().__init__()
        self.setObjectName("card")
        px = look.px
        self._done = done
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMaximumWidth(px(400) if look.scale <= _STACKED_FROM else px(560))
        inside = column(margins=(px(36), px(36), px(36), px(26)))
        self.setLayout(inside)
        inside.addWidget(Drawing(look, drawing), 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(px(22))
        for label, gap in (
            (text(look, title, Role.DOOR), px(10)),
            (text(look, words, Role.LEAD, look.tokens.ink2), px(26)),
        ):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            inside.addWidget(label)
            inside.addSpacing(gap)
        inside.addStretch(1)
        press = button(look, action, done, kind="primary" if primary else "")
        press.setMinimumWidth(px(220))
        press.setAccessibleName(f"{title}. {words} {note}")
        inside.addWidget(press, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(px(12))
        foot = text(look, note, Role.SECONDARY, look.tokens.ink2)
        foot.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside.addWidget(foot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self.rect().contains(event.position().toPoint()):
            self._done()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.focusNextChild()
        else:
            super().keyPressEvent(event)


class Drawing(QWidget):
    """A shop front or an open safe, drawn from the tokens."""

    def __init__(self, look: Look, what: str) -> None:
        super().__init__()
        self._look, self._what = look, what
        self.setFixedSize(look.px(230), look.px(140))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.scale(self.width() / 230, self.height() / 140)
        ink = QPen(QColor(self._look.tokens.ink), 2)
        ink.setCapStyle(Qt.PenCapStyle.RoundCap)
        ink.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        p.setPen(ink)
        (_shop if self._what == "shop" else _safe)(p, self._look.tokens)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawLine(QPointF(5, 132), QPointF(225, 132))
        p.end()


def _shop(p: QPainter, tokens: Tokens) -> None:
    surface, soft, accent = (QColor(c) for c in (tokens.surface, tokens.accent_soft, tokens.accent))
    p.setBrush(surface)
    p.drawRoundedRect(QRectF(28, 40, 174, 92), 3, 3)
    p.drawRoundedRect(QRectF(42, 68, 84, 44), 3, 3)
    p.setBrush(soft)
    p.drawRoundedRect(QRectF(142, 68, 44, 64), 3, 3)
    for x, height in ((52, 22), (74, 30), (96, 18)):
        p.drawRoundedRect(QRectF(x, 112 - height, 14, height), 2, 2)
    for number in range(6):
        top, below = 34 + number * 27, 20 + number * 31.7
        path = QPainterPath(QPointF(top, 8))
        path.lineTo(top + 27, 8)
        path.lineTo(below + 31.7, 42)
        path.cubicTo(below + 31.7, 58, below, 58, below, 42)
        path.closeSubpath()
        p.setBrush(accent if number % 2 == 0 else surface)
        p.drawPath(path)
    p.setBrush(QColor(tokens.ink))
    p.drawEllipse(QPointF(178, 102), 1.6, 1.6)


def _safe(p: QPainter, tokens: Tokens) -> None:
    surface, soft, accent = (QColor(c) for c in (tokens.surface, tokens.accent_soft, tokens.accent))
    p.setBrush(QColor(tokens.ink))
    p.drawRect(QRectF(40, 122, 20, 9))
    p.drawRect(QRectF(110, 122, 20, 9))
    p.setBrush(surface)
    p.drawRoundedRect(QRectF(25, 6, 120, 116), 10, 10)
    p.setBrush(soft)
    p.drawRoundedRect(QRectF(38, 19, 94, 90), 4, 4)
    p.drawLine(QPointF(38, 64), QPointF(132, 64))
    books = ((46, 34, accent), (60, 30, surface), (74, 37, accent), (88, 32, surface))
    for x, top, fill in books:
        p.setBrush(fill)
        p.drawRect(QRectF(x, top, 12, 64 - top))
    for x, top, fill in ((95, 81, surface), (109, 77, accent)):
        p.setBrush(fill)
        p.drawRect(QRectF(x, top, 12, 109 - top))
    p.setBrush(surface)
    p.drawPolygon([QPointF(145, 10), QPointF(193, 20), QPointF(193, 128), QPointF(145, 118)])
    p.setBrush(soft)
    p.drawEllipse(QPointF(170, 70), 12, 14)
    p.drawLine(QPointF(170, 56), QPointF(170, 84))
    p.drawLine(QPointF(158, 70), QPointF(182, 70))
