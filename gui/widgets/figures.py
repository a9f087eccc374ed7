"""Hand-painted figures: strip of thirty days, bar of room, phases of a run. Each has words too."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from core.health.history import DayResult
from core.health.said import DayText, Mark, RoomText, Rule
from gui.theme.look import Look, Role
from gui.widgets.basics import column, row, text
from gui.widgets.marks import FactMark, mark_colour, paint_mark


class RunStrip(QWidget):
    """Thirty bars: their height is the amount, the sign on them the result. Enter: as a table."""

    opened = Signal()

    def __init__(self, look: Look, days: tuple[DayText, ...], said: str) -> None:
        super().__init__()
        self._look, self._days = look, days
        self.setAccessibleName(said)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(look.px(44))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        look, tokens = self._look, self._look.tokens
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self.height() - look.px(5)
        p.setPen(QPen(QColor(tokens.line2), 1))
        p.drawLine(QPointF(0, base + 0.5), QPointF(self.width(), base + 0.5))
        step = self.width() / max(1, len(self._days))
        width = min(look.px(5), step * 0.68)
        for number, day in enumerate(self._days):
            centre = step * (number + 0.5)
            height = round(day.height * (base - look.px(14)))
            if day.result is DayResult.FAILED:
                side = look.px(4.5)
                p.setPen(QPen(QColor(tokens.bad), look.px(1.6)))
                for way in (1, -1):
                    p.drawLine(
                        QPointF(centre - side / 2, base - look.px(4) - way * side / 2),
                        QPointF(centre + side / 2, base - look.px(4) + way * side / 2),
                    )
                continue
            if day.result is DayResult.NONE:
                continue
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(tokens.ctl))
            p.drawRoundedRect(QRectF(centre - width / 2, base - height, width, height), 1.5, 1.5)
            if day.result is DayResult.SKIPPED:
                side = look.px(10)
                place = QRectF(centre - side / 2, base - height - side - 1, side, side)
                paint_mark(p, place, Mark.WARN, tokens, tokens.ground)
        if self.hasFocus():
            p.setPen(QPen(QColor(tokens.accent), 2))
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        p.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = int(event.position().x() / max(1, self.width()) * len(self._days))
        if 0 <= number < len(self._days):
            day = self._days[number]
            self.setToolTip(" · ".join(one for one in (day.label, day.word, day.amount) if one))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class Bar(QWidget):
    """A share of one as a bar."""

    def __init__(self, look: Look, share: float, colour: str, said: str, height: int = 6) -> None:
        super().__init__()
        self._look, self._colour = look, colour
        self.share = share
        self.setAccessibleName(said)
        self.setFixedHeight(look.px(height))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(Qt.PenStyle.NoPen)
        radius = self.height() / 2
        tokens = self._look.tokens
        p.setBrush(QColor(tokens.line if not tokens.is_high_contrast else tokens.sunken))
        p.drawRoundedRect(QRectF(self.rect()), radius, radius)
        p.setBrush(QColor(self._colour))
        filled = max(self.height(), self.width() * min(1.0, self.share))
        p.drawRoundedRect(QRectF(0, 0, filled, self.height()), radius, radius)
        p.end()


def room_bar(look: Look, room: RoomText, *, name: str = "") -> QVBoxLayout:
    """How full a destination is: its name (or another), words, bar."""
    tokens = look.tokens
    made = column(gap=look.px(5))
    head: QHBoxLayout = row(gap=look.px(8))
    tight = room.mark is Mark.WARN
    head.addWidget(text(look, name or room.name, Role.SECONDARY, tokens.ink2), 1)
    if tight:
        head.addWidget(FactMark(look, Mark.WARN, 13))
    words = text(look, room.text, Role.SECONDARY, tokens.warn if tight else tokens.ink2, wrap=False)
    head.addWidget(words)
    made.addLayout(head)
    made.addWidget(Bar(look, room.share, tokens.warn if tight else tokens.ctl, room.full))
    return made


def rule_line(look: Look, one: Rule) -> QHBoxLayout:
    """One line of the 3-2-1 meter: numeral, word, what fills it, sign."""
    tokens = look.tokens
    made: QHBoxLayout = row(gap=look.px(10))
    numeral = text(look, one.numeral, Role.NUMERAL, wrap=False)
    numeral.setFixedWidth(QFontMetrics(numeral.font()).horizontalAdvance("3") + look.px(4))
    numeral.setAlignment(Qt.AlignmentFlag.AlignCenter)
    made.addWidget(numeral)
    words = column(gap=0)
    words.addWidget(text(look, one.word, Role.MEDIUM))
    colour = tokens.ink3 if one.mark is Mark.TICK else mark_colour(one.mark, tokens)
    words.addWidget(text(look, one.filled_by, Role.HEAD, colour))
    made.addLayout(words, 1)
    sign = FactMark(look, one.mark, 14)
    sign.setAccessibleName(one.full)
    made.addWidget(sign)
    return made


class Chip(QWidget):
    """A word on a soft fill."""

    def __init__(self, look: Look, words: str, mark: Mark) -> None:
        super().__init__()
        self._look, self._words = look, words
        tokens = look.tokens
        self._fill, self._ink = {
            Mark.TICK: (tokens.ok_soft, tokens.ok),
            Mark.WARN: (tokens.warn_soft, tokens.warn),
            Mark.BAD: (tokens.bad_soft, tokens.bad),
            Mark.RUN: (tokens.accent_soft, tokens.accent),
        }.get(mark, (tokens.sunken, tokens.ink2))
        self.setFont(look.font(Role.HEAD))
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics = QFontMetrics(self.font())
        wide = metrics.horizontalAdvance(self._words) + self._look.px(20)
        return QSize(wide, max(self._look.px(22), metrics.height() + self._look.px(4)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        outlined = self._look.tokens.is_high_contrast
        p.setPen(QColor(self._ink) if outlined else Qt.PenStyle.NoPen)
        p.setBrush(QColor(self._fill))
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        p.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        p.setPen(QColor(self._ink))
        p.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
        p.end()


class PhaseBar(QWidget):
    """Four segments of a run; `set_phase` fills those before, `said` is the accessible name."""

    SHARES = (0.14, 0.54, 0.22, 0.10)

    def __init__(self, look: Look, labels: tuple[str, str, str, str]) -> None:
        super().__init__()
        self._look, self._labels = look, labels
        self._phase = 0
        self._share = 0.0
        self.setFont(look.font(Role.HEAD))
        self.setMinimumHeight(look.px(10) + QFontMetrics(self.font()).height() + look.px(8))

    def set_phase(self, phase: int, said: str, share: float = 0.0) -> None:
        """The phase going on (0–3, 4 = all done) and how much of it is done."""
        self._phase, self._share = phase, share
        self.setAccessibleName(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        look, tokens = self._look, self._look.tokens
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        gap, height = look.px(4), look.px(8)
        usable = self.width() - 3 * gap
        x = 0.0
        for number, (share, label) in enumerate(zip(self.SHARES, self._labels, strict=True)):
            width = usable * share
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(tokens.line))
            p.drawRoundedRect(QRectF(x, 0, width, height), 3, 3)
            done = 1.0 if number < self._phase else self._share if number == self._phase else 0.0
            if done > 0:
                p.setBrush(QColor(tokens.accent if self._phase < 4 else tokens.ctl))
                p.drawRoundedRect(QRectF(x, 0, max(height, width * done), height), 3, 3)
            now = number == self._phase
            p.setFont(look.font(Role.STRONG if now else Role.HEAD))
            p.setPen(QColor(tokens.ink if now else tokens.ink3))
            top = height + look.px(6)
            place = QRectF(x, top, width, self.height() - top)
            side = Qt.AlignmentFlag.AlignLeft
            if number == 3:
                place, side = (
                    QRectF(0, top, self.width(), place.height()),
                    Qt.AlignmentFlag.AlignRight,
                )
            font = look.font(Role.HEAD)
            font.setWeight(look.font(Role.STRONG if now else Role.HEAD).weight())
            p.setFont(font)
            p.drawText(place.adjusted(0, 0, look.px(40), 0) if number < 3 else place, side, label)
            x += width + gap
        p.end()
