"""The painted signs: shop mark and fact marks, as paths in a unit square (UI.md §6)."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.health.said import Mark
from gui.theme.look import Look
from gui.theme.tokens import TRAY, Tokens

_OCTAGON = tuple(
    QPointF(0.5 + 0.5 * math.cos(math.radians(a)), 0.5 + 0.5 * math.sin(math.radians(a)))
    for a in range(22, 382, 45)
)


def mark_colour(mark: Mark, tokens: Tokens) -> str:
    """The colour of a mark and of the word beside it."""
    return {
        Mark.TICK: tokens.ok,
        Mark.WARN: tokens.warn,
        Mark.BAD: tokens.bad,
        Mark.RUN: tokens.accent,
    }.get(mark, tokens.ink3)


def paint_mark(
    painter: QPainter, rect: QRectF, mark: Mark, tokens: Tokens, behind: str, *, turn: float = 0.0
) -> None:
    """Paint a mark into a square; `behind` fills what is cut out, `turn` (0–1) moves the ring."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width(), rect.height())
    colour = QColor(mark_colour(mark, tokens))
    heavy = 0.13 if rect.width() < 18 else 0.1
    paint = _PAINTERS.get(mark)
    if paint is not None:
        paint(painter, colour, QColor(behind), heavy, turn)
    painter.restore()


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(
        colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )


def _tick(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    p.setPen(_pen(colour, heavy))
    p.drawPolyline([QPointF(0.14, 0.54), QPointF(0.39, 0.77), QPointF(0.86, 0.25)])


def _soon(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    p.setPen(_pen(colour, heavy * 0.85))
    p.drawEllipse(QRectF(0.08, 0.08, 0.84, 0.84))
    p.drawPolyline([QPointF(0.5, 0.27), QPointF(0.5, 0.5), QPointF(0.66, 0.6)])


def _triangle(p: QPainter, colour: QColor, behind: QColor) -> None:
    path = QPainterPath()
    path.moveTo(0.5, 0.11)
    path.lineTo(0.93, 0.86)
    path.lineTo(0.07, 0.86)
    path.closeSubpath()
    p.setPen(_pen(colour, 0.12))
    p.setBrush(colour)
    p.drawPath(path)
    p.setPen(_pen(behind, 0.105))
    p.drawLine(QPointF(0.5, 0.37), QPointF(0.5, 0.58))
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(behind)
    p.drawEllipse(QPointF(0.5, 0.76), 0.062, 0.062)


def _warn(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    _triangle(p, colour, behind)


def _octagon(p: QPainter, colour: QColor, behind: QColor, heavy: float) -> None:
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(colour)
    p.drawPolygon(list(_OCTAGON))
    p.setPen(_pen(behind, heavy * 1.05))
    p.drawLine(QPointF(0.33, 0.33), QPointF(0.67, 0.67))
    p.drawLine(QPointF(0.67, 0.33), QPointF(0.33, 0.67))


def _bad(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    _octagon(p, colour, behind, heavy)


def _never(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    pen = _pen(colour, 0.09)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([1.9, 1.75])
    p.setPen(pen)
    p.drawEllipse(QRectF(0.1, 0.1, 0.8, 0.8))


def _run(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    faint = QColor(colour)
    faint.setAlphaF(0.3)
    p.setPen(_pen(faint, 0.14))
    p.drawEllipse(QRectF(0.12, 0.12, 0.76, 0.76))
    p.setPen(_pen(colour, 0.14))
    p.drawArc(QRectF(0.12, 0.12, 0.76, 0.76), round(90 * 16 - turn * 5760), -120 * 16)


def _none(p: QPainter, colour: QColor, behind: QColor, heavy: float, turn: float) -> None:
    p.setPen(_pen(colour, heavy))
    p.drawLine(QPointF(0.32, 0.5), QPointF(0.68, 0.5))


_PAINTERS = {
    Mark.TICK: _tick,
    Mark.SOON: _soon,
    Mark.WARN: _warn,
    Mark.BAD: _bad,
    Mark.NEVER: _never,
    Mark.RUN: _run,
    Mark.NONE: _none,
}


# -- the shop mark --------------------------------------------------------------------------------


def paint_shop(
    p: QPainter, rect: QRectF, state: str, fill: QColor, glyph: QColor, *, turn: float = 0.0
) -> None:
    """The sign of the whole shop: safe with tick, ring or keyhole; triangle; octagon."""
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    if state in ("act", "danger"):
        p.translate(rect.topLeft())
        p.scale(rect.width(), rect.height())
        if state == "act":
            _triangle(p, fill, glyph)
        else:
            _octagon(p, fill, glyph, 0.12)
        p.restore()
        return
    side = rect.width()
    feet = max(1, round(side * 0.12))  # whole pixels, so that edges stay sharp at 16
    left, top = round(rect.left() + side * 0.06), round(rect.top() + side * 0.02)
    body = QRectF(left, top, round(side * 0.88), round(side * 0.88))
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(fill)
    p.drawRoundedRect(body, side * 0.17, side * 0.17)
    foot = max(2, round(side * 0.16))
    for x in (body.left() + round(side * 0.13), body.right() - round(side * 0.13) - foot):
        p.drawRoundedRect(QRectF(x, body.bottom() - 1, foot, feet + 1), 1, 1)
    inner = body.adjusted(side * 0.14, side * 0.14, -side * 0.14, -side * 0.14)
    p.translate(inner.topLeft())
    p.scale(inner.width(), inner.height())
    if state == "protected":
        _tick(p, glyph, fill, 0.17, 0)
    elif state == "running":
        _run(p, glyph, fill, 0.17, turn)
    else:
        p.setBrush(glyph)
        p.drawEllipse(QPointF(0.5, 0.4), 0.19, 0.19)
        p.drawPolygon([QPointF(0.43, 0.45), QPointF(0.57, 0.45), QPointF(0.63, 0.86),
                       QPointF(0.37, 0.86)])  # fmt: skip
    p.restore()


def shop_colour(state: str, tokens: Tokens) -> str:
    """The fill of the shop mark in the window."""
    return {
        "protected": tokens.ok,
        "running": tokens.accent,
        "act": tokens.warn,
        "danger": tokens.bad,
    }.get(state, tokens.ink)


class ShopMark(QWidget):
    """The sign of the whole shop; `said` is its accessible name."""

    def __init__(self, look: Look, state: str, said: str, size: int = 38) -> None:
        super().__init__()
        self._look, self.state = look, state
        self._size = look.px(size)
        self.turn = 0.0
        self.setFixedSize(self._size, self._size)
        self.setAccessibleName(said)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        tokens = self._look.tokens
        painter = QPainter(self)
        fill = QColor(shop_colour(self.state, tokens))
        rect = QRectF(0, 0, self._size, self._size)
        paint_shop(painter, rect, self.state, fill, QColor(tokens.ground), turn=self.turn)
        painter.end()


class FactMark(QWidget):
    """One painted sign; the word stands beside it."""

    def __init__(self, look: Look, mark: Mark, size: int = 15, behind: str = "") -> None:
        super().__init__()
        self._look, self._mark = look, mark
        self._behind = behind or look.tokens.ground
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(look.px(size), look.px(size))
        self.turn = 0.0

    def set_mark(self, mark: Mark) -> None:
        """Show another sign from now on."""
        self._mark = mark
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        rect = QRectF(0, 0, self.width(), self.height())
        paint_mark(painter, rect, self._mark, self._look.tokens, self._behind, turn=self.turn)
        painter.end()


def tray_icon(
    state: str, *, turn: float = 0.0, sizes: tuple[int, ...] = (16, 22, 24, 32, 48, 64)
) -> QIcon:
    """The tray's icon, painted at each exact size."""
    icon = QIcon()
    for size in sizes:
        pixmap = QPixmap(QSize(size, size))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        rect = QRectF(0, 0, size, size)
        paint_shop(painter, rect, state, QColor(TRAY[state]), QColor("#FFFFFF"), turn=turn)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def mark_icon(look: Look, mark: Mark, size: int = 15) -> QIcon:
    """A fact mark as an icon, for lists; kept once made."""
    return look.kept(f"mark {mark}", size, lambda: _mark_icon(look, mark, size))


def _mark_icon(look: Look, mark: Mark, size: int) -> QIcon:
    side = look.px(size) * 2
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_mark(painter, QRectF(0, 0, side, side), mark, look.tokens, look.tokens.ground)
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return QIcon(pixmap)
