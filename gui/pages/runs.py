"""All runs of the last thirty days as a table: also the strip's words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from core.health.said import RunText
from core.texts import Texts
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Page, field, text
from gui.widgets.marks import mark_icon

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_MOST_SEEN = 60
_LOOKED_AT = 100
"""So many rows say how wide a column has to be."""


class RunModel(QAbstractTableModel):
    """Runs, newest first."""

    def __init__(self, look: Look, texts: Texts) -> None:
        super().__init__()
        self._look = look
        t = texts.t
        self._heads = (t("Wann"), t("Kopie"), t("Ergebnis"), t("Neu geschrieben"))
        self._all: tuple[RunText, ...] = ()
        self._rows: list[RunText] = []

    def show(self, runs: tuple[RunText, ...], sought: str) -> None:
        """Show those in which every word that is sought stands."""
        words = sought.casefold().split()
        self.beginResetModel()
        self._rows = [
            run
            for run in runs
            if all(w in f"{run.when} {run.copy} {run.result}".casefold() for w in words)
        ]
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._heads)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run = self._rows[index.row()]
        words = (run.when, run.copy, run.result, run.amount)[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return words
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._heads[index.column()]}: {words}"
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 2:
            return mark_icon(self._look, run.mark)
        return None


class RunsPage(Page):
    """The table, and a field that narrows it."""

    def __init__(self, look: Look, shop: Shop, kind: str) -> None:
        margins = (40, 30, 40, 24) if kind != "narrow" else (18, 14, 18, 14)
        super().__init__(look, margins)
        self._shop = shop
        t = shop.texts.t
        self.setAccessibleName(t("Läufe"))
        self.body.addWidget(text(look, t("Läufe der letzten 30 Tage"), Role.WIZARD))
        self.body.addSpacing(look.px(6))
        self._summary = text(look, "", Role.LEAD, look.tokens.ink2)
        self.body.addWidget(self._summary)
        self.body.addSpacing(look.px(16))
        hint = t("Suchen, etwa nach einer Kopie oder „nicht gesichert“")
        self.field = field(look, t("Läufe durchsuchen"), hint)
        self.field.setMaximumWidth(look.px(460))
        self.field.textChanged.connect(self.show_facts)
        self.body.addWidget(self.field)
        self.body.addSpacing(look.px(12))
        self._model = RunModel(look, shop.texts)
        self._model.setParent(self)
        self._table = _table(look, self._model, t("Läufe"))
        self.body.addWidget(self._table, 1)
        self._empty = text(look, "", Role.BODY, look.tokens.ink2)
        self.body.addWidget(self._empty)
        shop.changed.connect(self.show_facts)
        self.show_facts()

    def show_facts(self) -> None:
        """Show what is known now."""
        said, t = self._shop.said, self._shop.texts.t
        runs = said.runs if said else ()
        self._summary.setText(said.days_full if said and runs else "")
        self._model.show(runs, self.field.text())
        found = self._model.rowCount() > 0
        self._table.setVisible(found)
        self._table.fit()
        self._empty.setVisible(not found)
        self._empty.setText(t("Kein Lauf passt dazu.") if runs else t("Es gab noch keinen Lauf."))


class _Table(QTableView):
    """As high as its words need: but only for the rows that are seen, of what may be thousands."""

    def fit(self) -> None:
        """Give the rows in sight the height they need at these widths."""
        first = max(0, self.rowAt(0))
        bottom = self.rowAt(self.viewport().height() - 1)
        last = bottom if bottom >= 0 else self.model().rowCount() - 1
        for number in range(first, min(last, first + _MOST_SEEN) + 1):
            self.resizeRowToContents(number)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.fit()


def _table(look: Look, model: RunModel, name: str) -> _Table:
    table = _Table()
    table.setModel(model)
    table.setAccessibleName(name)
    table.setFont(look.font(Role.BODY))
    table.setShowGrid(False)
    table.setWordWrap(True)
    table.setIconSize(QSize(look.px(15), look.px(15)))
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    height = QFontMetrics(look.font(Role.BODY)).height() + look.px(14)
    table.verticalHeader().setMinimumSectionSize(height)
    table.verticalHeader().setDefaultSectionSize(height)
    table.verticalScrollBar().valueChanged.connect(table.fit)
    header = table.horizontalHeader()
    header.setFont(look.font(Role.HEAD))
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
    header.setResizeContentsPrecision(_LOOKED_AT)
    return table
