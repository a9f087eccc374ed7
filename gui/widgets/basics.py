"""Text, buttons, cards and rules, each in one line of code for whoever builds a page."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.theme.look import Look, Role


def text(
    look: Look, words: str, role: Role = Role.BODY, colour: str = "", *, wrap: bool = True
) -> QLabel:
    """A label that a pointer can select nothing of and a reader can read."""
    label = _Lead() if role is Role.LEAD else QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(words)
    label.setFont(look.font(role))
    label.setWordWrap(wrap)
    set_colour(label, colour or look.tokens.ink)
    policy = QSizePolicy.Policy.Preferred if wrap else QSizePolicy.Policy.Minimum
    label.setSizePolicy(policy, QSizePolicy.Policy.Preferred)
    return label


class _Lead(QLabel):
    """Longer text with more room between its lines than Qt gives by itself."""

    def setText(self, words: str) -> None:  # noqa: N802 - Qt's name
        self.setTextFormat(Qt.TextFormat.RichText)
        super().setText(f'<p style="line-height:122%; margin:0">{html.escape(words)}</p>')
        self.setAccessibleName(words)


def set_colour(label: QLabel, colour: str) -> None:
    """Colour of the words; a style of its own, so that the palette of parents does not matter."""
    label.setStyleSheet(f"color: {colour}; background: transparent;")


def button(
    look: Look,
    words: str,
    done: Callable[[], object] | None,
    *,
    kind: str = "",
    icon: str = "",
) -> QPushButton:
    """A button that says what happens; kind: primary, link, nav, '' for a secondary one.

    done: None where something else than a click does it (`one_of`).
    """
    made = QPushButton(words)
    made.setProperty("kind", kind)
    made.setFont(look.font(Role.STRONG if kind == "primary" else Role.MEDIUM))
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setAccessibleName(words)
    if icon:
        tokens = look.tokens
        colour = {"primary": tokens.on_accent, "link": tokens.accent}.get(kind, tokens.ink)
        made.setIcon(look.button_icon(icon, colour))
        made.setIconSize(look.button_icon_size())
    made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
    if done is not None:
        made.clicked.connect(lambda *_: done())
    made.setAutoDefault(kind == "primary")
    return made


def one_of(made: QPushButton, is_open: Callable[[], bool], done: Callable[[], object]) -> None:
    """Let a button be one of several of which one is open: for a click and for a screen reader,
    which does not click but toggles. `done` opens it, and checks it alone.
    """
    made.setCheckable(True)
    made.setChecked(is_open())
    made.toggled.connect(lambda on: done() if on != is_open() else None)


def field(look: Look, name: str, hint: str = "") -> QLineEdit:
    """A line to type in; `name` is what a screen reader says."""
    made = QLineEdit()
    made.setFont(look.font(Role.BODY))
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made


class Pick(QComboBox):
    """One of several values; `name` is what a screen reader says. The arrow follows the theme."""

    def __init__(self, look: Look, name: str, choices: Sequence[tuple[str, str]], now: str) -> None:
        super().__init__()
        self._look = look
        self.setFont(look.font(Role.BODY))
        self.setMinimumHeight(look.px(40))
        self.setAccessibleName(name)
        for value, words in choices:
            self.addItem(words, value)
        self.setCurrentIndex(max(0, self.findData(now)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        side = self._look.px(18)
        painter = QPainter(self)
        place = QRect(
            self.width() - side - self._look.px(10), (self.height() - side) // 2, side, side
        )
        self._look.icon("chevron-down", self._look.tokens.ink2, 18).paint(painter, place)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Who scrolls past it chooses nothing."""
        event.ignore()


def column(*, gap: int = 0, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QVBoxLayout:
    """A vertical layout."""
    made = QVBoxLayout()
    made.setSpacing(gap)
    made.setContentsMargins(*margins)
    return made


def row(*, gap: int = 0, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QHBoxLayout:
    """A horizontal layout."""
    made = QHBoxLayout()
    made.setSpacing(gap)
    made.setContentsMargins(*margins)
    return made


def frame(name: str, layout: QLayout | None = None) -> QFrame:
    """A frame that the style sheet knows by its name: card, inset, rail, footer, rule."""
    made = QFrame()
    made.setObjectName(name)
    if layout is not None:
        made.setLayout(layout)
    return made


def rule(*, strong: bool = False) -> QFrame:
    """A hairline."""
    return frame("rule2" if strong else "rule")


class Page(QScrollArea):
    """A page: scrolls up and down, never sideways. `body` takes its content."""

    def __init__(self, look: Look, margins: tuple[int, int, int, int] = (40, 30, 40, 24)) -> None:
        super().__init__()
        self.look = look
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        inner.setObjectName("page")
        left, top, right, bottom = (look.px(one) for one in margins)
        self.body = column(margins=(left, top, right, bottom))
        inner.setLayout(self.body)
        self.setWidget(inner)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keep what has the focus in sight."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            self.ensureWidgetVisible(watched)
        return super().eventFilter(watched, event)


class Elided(QLabel):
    """One line that gives way in the middle; the whole stands in the tooltip."""

    def __init__(self, look: Look, words: str, role: Role, colour: str) -> None:
        super().__init__()
        self.setFont(look.font(role))
        self.setTextFormat(Qt.TextFormat.PlainText)
        set_colour(self, colour)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._words = ""
        self.say(words)

    def say(self, words: str) -> None:
        """Show other words."""
        self._words = words
        self.setToolTip(words)
        self.setAccessibleName(words)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetrics(self.font())
        middle = Qt.TextElideMode.ElideMiddle
        super().setText(metrics.elidedText(self._words, middle, max(0, self.width())))

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        self._fit()


class Flow(QLayout):
    """Items side by side that wrap into the next line."""

    def __init__(self, gap: int, line_gap: int) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap, self._line_gap = gap, line_gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802 - Qt's name
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        return self._lay(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802 - Qt's name
        super().setGeometry(rect)
        self._lay(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802 - Qt's name
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _lay(self, rect: QRect, *, move: bool) -> int:
        lines: list[list[QLayoutItem]] = []
        x = rect.x()
        for item in self._items:
            wide = item.sizeHint().width()
            if not lines or (x > rect.x() and x + wide > rect.right() + 1):
                lines.append([])
                x = rect.x()
            lines[-1].append(item)
            x += wide + self._gap
        y = rect.y()
        for line in lines:
            height = max(item.sizeHint().height() for item in line)
            x = rect.x()
            for item in line:
                hint = item.sizeHint()
                if move:  # on one line with what is higher: in the middle
                    place = QPoint(x, y + (height - hint.height()) // 2)
                    item.setGeometry(QRect(place, hint))
                x += hint.width() + self._gap
            y += height + self._line_gap
        return y - rect.y() - (self._line_gap if lines else 0)


def rebuild(page: Page, build: Callable[[], object]) -> None:
    """Build the content of a page anew; place and focus stay where they were."""
    where = page.verticalScrollBar().value()
    focused = QApplication.focusWidget()
    within = focused is not None and page.isAncestorOf(focused)
    name = focused.accessibleName() if focused is not None and within else ""
    clear(page.body)
    build()
    page.verticalScrollBar().setValue(where)
    if name:
        for widget in page.findChildren(QWidget):
            if widget.accessibleName() == name and widget.isEnabled():
                widget.setFocus()
                break


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and let it go."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
