"""A time line with one dot per version of a file; arrows choose."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme.look import Look, Role


def places(moments: list[datetime], width: float, least: float) -> list[float]:
    """Where the dots stand: by time, but never closer than `least`. Pure."""
    if not moments:
        return []
    if len(moments) == 1:
        return [width / 2]
    least = min(least, width / (len(moments) - 1))
    first, last = moments[0], moments[-1]
    span = max(1.0, (last - first).total_seconds())
    found = [(one - first).total_seconds() / span * width for one in moments]
    for at in range(1, len(found)):
        found[at] = max(found[at], found[at - 1] + least)
    found[-1] = min(found[-1], width)
    for at in range(len(found) - 2, -1, -1):
        found[at] = min(found[at], found[at + 1] - least)
    return found


class VersionLine(QWidget):
    """Dots on a line, the chosen one filled, its day above. `chosen` tells its number."""

    chosen = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._moments: list[datetime] = []
        self._labels: list[str] = []
        self._gone = ""
        self.at = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(look.px(84))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_versions(
        self, moments: list[datetime], labels: list[str], at: int, gone: str, said: str
    ) -> None:
        """Show these moments (oldest first) with their days; `gone` is said where it ends."""
        self._moments, self._labels, self.at, self._gone = moments, labels, at, gone
        self.setAccessibleName(said)
        self.update()

    def _dots(self) -> list[float]:
        margin = self._look.px(40)
        end = self._look.px(90) if self._gone else margin
        usable = max(10.0, self.width() - margin - end)
        return [margin + x for x in places(self._moments, usable, self._look.px(18))]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        look, tokens = self._look, self._look.tokens
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = self.height() / 2 + look.px(2)
        dots = self._dots()
        if not dots:
            p.end()
            return
        end = dots[-1] if self._gone else self.width()
        p.setPen(QPen(QColor(tokens.line2), 2))
        p.drawLine(QPointF(0, y), QPointF(end, y))
        if self._gone:
            pen = QPen(QColor(tokens.ctl), 2)
            pen.setDashPattern([2, 2.5])
            p.setPen(pen)
            p.drawLine(QPointF(dots[-1], y), QPointF(self.width(), y))
            x, arm = dots[-1] + look.px(36), look.px(4)
            p.setPen(QPen(QColor(tokens.ink2), 2))
            p.drawLine(QPointF(x - arm, y - arm), QPointF(x + arm, y + arm))
            p.drawLine(QPointF(x - arm, y + arm), QPointF(x + arm, y - arm))
            p.setFont(look.font(Role.HEAD))
            place = QRectF(0, y + look.px(12), self.width(), look.px(22))
            p.drawText(place, Qt.AlignmentFlag.AlignRight, self._gone)
        for number, x in enumerate(dots):
            self._dot(p, x, y, chosen=number == self.at)
        self._label(p, dots[self.at], y)
        p.end()

    def _dot(self, p: QPainter, x: float, y: float, *, chosen: bool) -> None:
        look, tokens = self._look, self._look.tokens
        if chosen:
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(tokens.accent_soft))
            p.drawEllipse(QPointF(x, y), look.px(12), look.px(12))
            p.setBrush(QColor(tokens.accent))
            p.drawEllipse(QPointF(x, y), look.px(7), look.px(7))
            if self.hasFocus():
                p.setPen(QPen(QColor(tokens.accent), 2))
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.drawEllipse(QPointF(x, y), look.px(12), look.px(12))
        else:
            p.setPen(QPen(QColor(tokens.ctl), 1.6))
            p.setBrush(QColor(tokens.surface))
            p.drawEllipse(QPointF(x, y), look.px(6), look.px(6))

    def _label(self, p: QPainter, x: float, y: float) -> None:
        look, tokens = self._look, self._look.tokens
        font = look.font(Role.MEDIUM)
        words = self._labels[self.at]
        wide = QFontMetrics(font).horizontalAdvance(words) + 4
        left = min(max(0.0, x - wide / 2), self.width() - wide)
        p.setFont(font)
        p.setPen(QColor(tokens.accent))
        p.drawText(
            QRectF(left, y - look.px(40), wide, look.px(24)), Qt.AlignmentFlag.AlignCenter, words
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._moments) - 1}
        if step is not None:
            self.choose(self.at + step)
        elif Qt.Key(event.key()) in ends:
            self.choose(ends[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        dots = self._dots()
        if dots:
            x = event.position().x()
            self.choose(min(range(len(dots)), key=lambda n: abs(dots[n] - x)))

    def choose(self, at: int) -> None:
        """Take another version."""
        if 0 <= at < len(self._moments) and at != self.at:
            self.at = at
            self.update()
            self.chosen.emit(at)
