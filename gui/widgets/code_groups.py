"""Lines of a recovery sheet, group by group: moves on by itself; a whole line can be pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from core.health.said import Mark
from core.secrets.recovery import GROUPS, SIZE, Mistake, Slip
from core.texts import Texts
from gui.jobs.port import Fields
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, column, row, text
from gui.widgets.marks import FactMark

CHECK_SIZE = 4
"""Characters of a group of the check line (core.secrets.recovery)."""
_BETWEEN = re.compile(r"[^0-9A-Za-z]+")


class _Group(QLineEdit):
    """One group. A whole line that is pasted or typed with blanks is shared out by the row."""

    spread = Signal(str)
    back = Signal()
    on = Signal()

    def __init__(self, look: Look, name: str, size: int) -> None:
        super().__init__()
        self.size_wanted = size
        self.setFont(look.font(Role.MEDIUM))
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        metrics = QFontMetrics(self.font())
        self.setFixedWidth(metrics.horizontalAdvance("m" * size) + look.px(14))
        self.setMinimumHeight(look.px(40))
        self.textEdited.connect(self._edited)

    def _edited(self, words: str) -> None:
        plain = _BETWEEN.sub("", words)
        if len(plain) > self.size_wanted:
            self.spread.emit(words)
            return
        if words != plain.lower():
            self.setText(plain.lower())
        if len(plain) == self.size_wanted and self.cursorPosition() == len(plain):
            self.on.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        at, key = self.cursorPosition(), event.key()
        if key == Qt.Key.Key_Backspace and at == 0 and not self.hasSelectedText():
            self.back.emit()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Minus) and self.text():
            self.on.emit()
        else:
            super().keyPressEvent(event)


class CodeLine(QWidget):
    """A line of six groups. `textChanged` as that of a field, so it can stand in its place."""

    textChanged = Signal(str)  # noqa: N815 - as Qt's fields call it

    def __init__(self, look: Look, texts: Texts, title: str, size: int = SIZE) -> None:
        super().__init__()
        self._look, self._title, self._size = look, title, size
        t = texts.t
        outer: QVBoxLayout = column(gap=look.px(5))
        self.setLayout(outer)
        self.setAccessibleName(title)
        head = row(gap=look.px(8))
        head.addWidget(text(look, title, Role.STRONG, wrap=False))
        head.addStretch(1)
        self._mark = FactMark(look, Mark.NONE, 14)
        self._said: QLabel = text(look, "", Role.SECONDARY, look.tokens.ink2, wrap=False)
        head.addWidget(self._mark)
        head.addWidget(self._said)
        outer.addLayout(head)
        groups = Flow(look.px(6), look.px(6))
        self.groups: list[_Group] = []
        for number in range(1, GROUPS + 1):
            name = t("{line}, Gruppe {n} von {total}", line=title, n=number, total=GROUPS)
            made = _Group(look, name, size)
            made.textChanged.connect(self._changed)
            made.spread.connect(lambda words, at=number - 1: self._spread(at, words))
            made.on.connect(lambda at=number - 1: self._go(at + 1))
            made.back.connect(lambda at=number - 1: self._go(at - 1))
            groups.addWidget(made)
            self.groups.append(made)
        outer.addLayout(groups)
        self.judge(Mark.NONE, "")
        self.setFocusProxy(self.groups[0])

    # -- as a field ---------------------------------------------------------------------------

    def text(self) -> str:
        """The groups with dashes between; '' when all are empty."""
        words = [one.text() for one in self.groups]
        while words and not words[-1]:
            words.pop()
        return "-".join(words)

    def setText(self, words: str) -> None:  # noqa: N802 - Qt's name
        """Share a line out over the groups; blanks and dashes of any kind do not matter."""
        self.clear()
        self._spread(0, words)

    def clear(self) -> None:
        """Nothing typed."""
        for one in self.groups:
            one.clear()

    @property
    def filled(self) -> int:
        """How many groups have all their characters."""
        return sum(len(one.text()) >= self._size for one in self.groups)

    def judge(self, mark: Mark, words: str, bad: Sequence[int] = ()) -> None:
        """What is said of the line; `bad`: numbers of groups to be compared, from 1."""
        self._mark.set_mark(mark)
        self._mark.setVisible(bool(words))
        self._said.setText(words)
        tokens = self._look.tokens
        for number, one in enumerate(self.groups, 1):
            is_bad = number in bad
            edge = f"border: 2px solid {tokens.bad};" if is_bad else ""
            one.setStyleSheet(f"padding: 0; {edge}")
            one.setAccessibleDescription(words if is_bad else "")

    # -- typing -------------------------------------------------------------------------------

    def _changed(self) -> None:
        self.textChanged.emit(self.text())

    def _go(self, at: int) -> None:
        if 0 <= at < len(self.groups):
            self.groups[at].setFocus()
            self.groups[at].selectAll()
        elif at == len(self.groups):
            self.focusNextChild()

    def _spread(self, at: int, words: str) -> None:
        """Words with blanks go group by group, without in pieces of the right length."""
        parts = [one for one in _BETWEEN.split(words.strip().lower()) if one]
        if len(parts) == 1:
            whole, size = parts[0], self._size
            parts = [whole[n : n + size] for n in range(0, len(whole), size)]
        for offset, part in enumerate(parts):
            if at + offset < len(self.groups):
                self.groups[at + offset].setText(part)
        self._go(min(at + len(parts), len(self.groups) - 1))


def sheet_lines(look: Look, texts: Texts) -> list[CodeLine]:
    """The three lines of a recovery sheet; each leads on to the next."""
    t = texts.t
    return [
        CodeLine(look, texts, t("Zeile 1")),
        CodeLine(look, texts, t("Zeile 2")),
        CodeLine(look, texts, t("Prüfzeile"), CHECK_SIZE),
    ]


def mistake_of(fields: Fields) -> Mistake:
    """What a command told of one slip (docs/cli.md, `mistake`)."""
    numbers = ("line", "group", "other_line", "other_group")
    line, group, other_line, other_group = (int(str(fields.get(n, 0))) for n in numbers)
    return Mistake(Slip(str(fields["mistake"])), line, group, (other_line, other_group))
