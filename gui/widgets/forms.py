"""Fields with their words above them, and one line that says why something cannot be saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.health.said import Mark
from gui.theme.look import Look, Role
from gui.widgets.basics import Pick, column, row, text
from gui.widgets.marks import FactMark

Value = TypeVar("Value")


def options_in(
    table: Mapping[timedelta, str], now: timedelta, said: Callable[[timedelta], str]
) -> list[tuple[timedelta, str]]:
    """The usual times and the one that is chosen, in their order, each in words."""
    return [(one, said(one)) for one in sorted({*table, now})]


class Choice(Pick, Generic[Value]):
    """One of a few values of any kind, each in words."""

    def __init__(
        self, look: Look, name: str, options: Sequence[tuple[Value, str]], now: Value
    ) -> None:
        self._values = [value for value, _ in options]
        words = [(str(number), words) for number, (_, words) in enumerate(options)]
        super().__init__(look, name, words, str(self._values.index(now)))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(look.px(460))

    @property
    def value(self) -> Value:
        """What is chosen."""
        return self._values[self.currentIndex()]


class Number(QLineEdit):
    """A whole number from 0 up to `most`; the arrow keys count. Nothing typed is 0."""

    changed = Signal()

    def __init__(self, look: Look, name: str, value: int, most: int) -> None:
        super().__init__(str(value))
        self._most = most
        self.setFont(look.font(Role.BODY))
        self.setAccessibleName(name)
        self.setValidator(QIntValidator(0, most, self))
        self.setFixedWidth(look.px(84))
        self.textChanged.connect(lambda *_: self.changed.emit())

    @property
    def value(self) -> int:
        """What stands there."""
        return min(self._most, int(self.text() or 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.setText(str(max(0, min(self._most, self.value + step))))


def tick(look: Look, words: str, *, on: bool, name: str = "") -> QCheckBox:
    """A box to tick; `name` is what a screen reader says when the words need more around them."""
    made = QCheckBox(words)
    made.setFont(look.font(Role.BODY))
    made.setMinimumHeight(look.px(32))
    made.setAccessibleName(name or words)
    made.setChecked(on)
    return made


def labelled(look: Look, words: str, *widgets: QWidget, note: str = "") -> QVBoxLayout:
    """A field, or several below each other, with a heading and a note."""
    made = column(gap=look.px(5))
    made.addWidget(text(look, words, Role.STRONG))
    if note:
        made.addWidget(text(look, note, Role.SECONDARY, look.tokens.ink2))
    for widget in widgets:
        made.addLayout(at_most(widget))
    return made


def at_most(widget: QWidget) -> QHBoxLayout:
    """A widget that has a greatest width, with what is left beside it.

    Alone in a column it would make Qt reckon the height of all the column's texts by that width.
    """
    line: QHBoxLayout = row()
    line.addWidget(widget, 1)
    line.addStretch(0)
    return line


class Problem(QWidget):
    """A warning line that is only there when there is something to say."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        line: QHBoxLayout = row(gap=look.px(10))
        mark = column()
        mark.addWidget(FactMark(look, Mark.WARN, 18))
        mark.addStretch(1)
        line.addLayout(mark)
        self._words = text(look, "", Role.BODY)
        line.addWidget(self._words, 1)
        self.setLayout(line)
        self.hide()

    def say(self, words: str) -> None:
        """Show it; nothing to say hides it."""
        self._words.setText(words)
        self.setVisible(bool(words))
