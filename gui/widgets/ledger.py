"""The ledger: a row per system and copy with its three facts; as blocks where it is narrow."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.health.said import Cell, Line, Mark
from core.texts import Texts, t
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, column, row, rule, text
from gui.widgets.marks import FactMark, mark_colour, paint_mark

Index = QModelIndex | QPersistentModelIndex
_COLUMNS = 5
_FIRST_FACT = 2
_ROOT = QModelIndex()
FACTS = (t("kopiert {age}"), t("zurückgelesen {age}"), t("getestet {age}"))
"""The three facts of a copy, where no column names them."""


class LedgerModel(QAbstractTableModel):
    """System, copy, and the three facts; tells every cell as a sentence too."""

    def __init__(self, lines: tuple[Line, ...], texts: Texts) -> None:
        super().__init__()
        self.lines = lines
        t = texts.t
        self._heads = (t("System"), t("Kopie"), t("Kopiert"), t("Zurückgelesen"), t("Getestet"))

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else _COLUMNS

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def cell(self, index: Index) -> Cell | None:
        """The fact of a cell, None in the first two columns."""
        at = index.column() - _FIRST_FACT
        return self.lines[index.row()].cells[at] if at >= 0 else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, cell = self.lines[index.row()], self.cell(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text if cell else (line.system, line.copy)[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return (
                cell.full if cell else (line.system, f"{line.copy}: {line.verdict}")[index.column()]
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.exact or None if cell else f"{line.copy}: {line.verdict}"
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, look: Look, model: LedgerModel) -> None:
        super().__init__()
        self._look, self._model = look, model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, tokens = self._look, self._look.tokens
        rect: QRect = option.rect
        line, cell = self._model.lines[index.row()], self._model.cell(index)
        first = bool(line.system) and index.row() > 0
        painter.save()
        if first:  # a rule above each system
            painter.setPen(QPen(QColor(tokens.line2), 1))
            painter.drawLine(rect.topLeft(), rect.topRight())
        view = self.parent()
        focused = isinstance(view, QTableView) and view.hasFocus() and view.currentIndex() == index
        if focused:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 3, -3, -3), 4, 4)
        if cell is not None:
            self._fact(painter, rect, cell)
        elif index.column() == 1:
            painter.setFont(look.font(Role.BODY))
            painter.setPen(QColor(tokens.ink))
            metrics = QFontMetrics(painter.font())
            wide = rect.width() - look.px(6)
            shown = metrics.elidedText(line.copy, Qt.TextElideMode.ElideRight, wide)
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)
        elif line.system:
            self._system(painter, rect, line)
        painter.restore()

    def _fact(self, painter: QPainter, rect: QRect, cell: Cell) -> None:
        look, tokens = self._look, self._look.tokens
        side = look.px(13 if cell.mark is Mark.TICK else 15)
        place = QRectF(
            rect.left() + look.px(15 - 13) / 2 if cell.mark is Mark.TICK else rect.left(),
            rect.center().y() - side / 2 + 1,
            side,
            side,
        )
        paint_mark(painter, place, cell.mark, tokens, tokens.ground)
        painter.setFont(look.font(Role.MEDIUM if cell.mark is Mark.BAD else Role.BODY))
        colours = {Mark.BAD: tokens.bad, Mark.NEVER: tokens.ink3}
        painter.setPen(QColor(colours.get(cell.mark, tokens.ink)))
        words = rect.adjusted(look.px(22), 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, cell.text)

    def _system(self, painter: QPainter, rect: QRect, line: Line) -> None:
        look, tokens = self._look, self._look.tokens
        rect = rect.adjusted(0, look.px(7), -look.px(8), 0)
        for words, role, colour in (
            (line.system, Role.STRONG, tokens.ink),
            (line.note, Role.HEAD, tokens.ink3),
        ):
            font = look.font(role)
            metrics = QFontMetrics(font)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, Qt.AlignmentFlag.AlignTop, shown)
            rect = rect.adjusted(0, metrics.height() + look.px(1), 0, 0)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        return QSize(0, self._look.px(30))


class LedgerTable(QTableView):
    """The wide form: a real table without scroll bars of its own."""

    def __init__(self, look: Look, lines: tuple[Line, ...], texts: Texts) -> None:
        super().__init__()
        model = LedgerModel(lines, texts)
        model.setParent(self)
        self.setModel(model)
        delegate = _Delegate(look, model)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setAccessibleName(texts.t("Kopien und ihre drei Nachweise"))
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        for off in (self.setVerticalScrollBarPolicy, self.setHorizontalScrollBarPolicy):
            off(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setFont(look.font(Role.HEAD))
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(10)
        self._look, self._lines, self._texts = look, lines, texts
        self.verticalHeader().setMinimumSectionSize(10)
        for number, line in enumerate(lines):
            last = number + 1 == len(lines) or bool(lines[number + 1].system)
            self.setRowHeight(number, look.px(36 if last or line.system else 30))
            span = 1
            while number + span < len(lines) and not lines[number + span].system:
                span += 1
            if line.system and span > 1:
                self.setSpan(number, 0, span, 1)
            if line.system and last:
                self.setRowHeight(number, look.px(46))
        height = header.sizeHint().height() + sum(self.rowHeight(n) for n in range(len(lines)))
        self.setFixedHeight(height + 4)

    def least_width(self) -> int:
        """What the columns need for the longest age there can be."""
        return sum(self._widths())

    def _widths(self) -> list[int]:
        look, t = self._look, self._texts.t
        body, strong = QFontMetrics(look.font(Role.BODY)), QFontMetrics(look.font(Role.STRONG))
        small = QFontMetrics(look.font(Role.HEAD))
        longest = max((t("vor 125 Tagen"), t("noch nie")), key=body.horizontalAdvance)
        fact = look.px(22 + 12) + body.horizontalAdvance(longest)
        heads = [small.horizontalAdvance(str(self.model().headerData(n, Qt.Orientation.Horizontal)))
                 + look.px(14) for n in range(_COLUMNS)]  # fmt: skip
        system = max(
            (max(strong.horizontalAdvance(one.system), small.horizontalAdvance(one.note))
             for one in self._lines),
            default=0,
        ) + look.px(20)  # fmt: skip
        copy = max((body.horizontalAdvance(one.copy) for one in self._lines), default=0)
        widths = [
            min(system, look.px(190)),
            min(copy + look.px(18), look.px(220)),
            fact,
            fact,
            fact,
        ]
        return [max(one, head) for one, head in zip(widths, heads, strict=True)]

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        widths = self._widths()
        spare = self.viewport().width() - sum(widths)
        if spare < 0:  # long names give way first
            widths[1] = max(self._look.px(90), widths[1] + spare)
            spare = min(0, self.viewport().width() - sum(widths))
            widths[0] += spare
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width + max(0, spare) // _COLUMNS)


class LedgerBlocks(QWidget):
    """The narrow form: the name of the copy, then its three facts in order, wrapping."""

    def __init__(self, look: Look, lines: tuple[Line, ...], texts: Texts) -> None:
        super().__init__()
        body: QVBoxLayout = column(gap=look.px(6))
        self.setLayout(body)
        for line in lines:
            if line.system:
                body.addSpacing(look.px(10))
                head = Flow(look.px(8), look.px(2))
                head.addWidget(text(look, line.system, Role.CARD, wrap=False))
                head.addWidget(text(look, line.note, Role.SECONDARY, look.tokens.ink3, wrap=False))
                body.addLayout(head)
                body.addWidget(rule(strong=True))
            name = text(look, line.copy, Role.STRONG)
            name.setToolTip(line.verdict)
            body.addWidget(name)
            facts = Flow(look.px(14), look.px(4))
            for word, cell in zip(FACTS, line.cells, strict=True):
                facts.addWidget(fact_line(look, cell, texts.t(word, age=cell.text)))
            body.addLayout(facts)


def fact_line(look: Look, cell: Cell, words: str) -> QWidget:
    """A mark and its words, with the whole sentence for the ear."""
    made = QWidget()
    line = row(gap=look.px(6))
    line.addWidget(FactMark(look, cell.mark))
    colour = mark_colour(cell.mark, look.tokens) if cell.mark is Mark.BAD else look.tokens.ink
    label = text(look, words, Role.BODY, colour, wrap=False)
    label.setAccessibleName(cell.full)
    label.setToolTip(cell.exact)
    line.addWidget(label)
    made.setLayout(line)
    return made
