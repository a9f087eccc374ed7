"""What shall come back: a search at the left, the versions of what was found at the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from core.texts.formats import age, date_time, short_date
from gui.jobs.port import Ended, Event, Failure, Job, Order, Told
from gui.theme.look import Look, Role
from gui.widgets.basics import Pick, button, column, field, row, text
from gui.wizards.frame import WizardPage
from gui.wizards.hits import (
    FoundEntry,
    StateEntry,
    entry_notes,
    found_entry,
    state_entry,
    state_notes,
)
from gui.wizards.restore_pages.hit import HitLine
from gui.wizards.restore_pages.version import VersionCard

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard


_WAIT_MS = 350
_ICONS = {
    ".pdf": "file-text", ".txt": "file-text", ".doc": "file-text", ".docx": "file-text",
    ".csv": "file-spreadsheet", ".xls": "file-spreadsheet", ".xlsx": "file-spreadsheet",
    ".ods": "file-spreadsheet", ".jpg": "image", ".jpeg": "image", ".png": "image",
}  # fmt: skip


class WhatPage(WizardPage):
    """Search at the left, the versions of what was found at the right; or a whole system."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        self._job: Job | None = None
        self._hits: list[FoundEntry] = []
        self._states: list[StateEntry] = []
        self._whole = False
        self._failure: Failure | None = None
        t, px, tokens = wizard.texts.t, look.px, look.tokens
        self.body.addWidget(text(look, t("Was möchten Sie zurück?"), Role.WIZARD))
        self.body.addSpacing(px(6))
        self._lead = text(look, "", Role.LEAD, tokens.ink2)
        self.body.addWidget(self._lead)
        self.body.addSpacing(px(20))
        self._narrow = look.scale > 1.2
        both = column(gap=px(16)) if self._narrow else row(gap=px(24))
        left = column(gap=px(8))
        self.systems = Pick(look, t("System"), (), "")
        self.systems.currentIndexChanged.connect(self._system_chosen)
        left.addWidget(self.systems)
        self.field = field(look, t("Name suchen"), t("Ein Stück des Namens"))
        self.field.addAction(
            look.icon("search", tokens.ink2), QLineEdit.ActionPosition.LeadingPosition
        )
        self.field.textChanged.connect(self._typed)
        left.addWidget(self.field)
        self._count = text(look, "", Role.SECONDARY, tokens.ink2)
        left.addWidget(self._count)
        self.list = QListWidget()
        self.list.setAccessibleName(t("Treffer"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setMinimumHeight(px(180))
        self.list.currentRowChanged.connect(self._row_chosen)
        left.addWidget(self.list, 1)
        self._other = text(look, t("Etwas anderes zurückholen"), Role.SECONDARY, tokens.ink2)
        left.addWidget(self._other)
        self.switch = button(look, t("Ganzes System"), self._switch)
        line = row()
        line.addWidget(self.switch)
        line.addStretch(1)
        left.addLayout(line)
        holder = QWidget()
        holder.setLayout(left)
        if not self._narrow:
            holder.setFixedWidth(px(318))
        both.addWidget(holder)
        self.card = VersionCard(look, wizard)
        self.card.line.chosen.connect(self._version_chosen)
        both.addWidget(self.card, 1)
        self.body.addLayout(both, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._search)

    # -- beginning ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Show the systems there are."""
        wizard = self._wizard
        self.systems.blockSignals(True)
        self.systems.clear()
        plan = wizard.plan
        ids = list(dict.fromkeys(copy.system for copy in plan.copies)) if plan else []
        for id in ids or [wizard.choice.system]:
            name = plan.system(id).name if plan and id in ids else id
            self.systems.addItem(name, id)
        at = self.systems.findData(wizard.choice.system)
        self.systems.setCurrentIndex(max(0, at))
        self.systems.setVisible(self.systems.count() > 1)
        self.systems.blockSignals(False)
        self._show_mode()
        self._row_chosen(self.list.currentRow())
        QTimer.singleShot(0, self.field, self.field.setFocus)  # once the page is really shown

    def forget(self) -> None:
        """Another home: what was found says nothing any more."""
        self._hits, self._states, self._whole = [], [], False
        self.list.clear()

    def stop(self) -> None:
        """End the search."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def copy_changed(self) -> None:
        """From another copy: look anew."""
        self._hits, self._states = [], []
        self.list.clear()
        if self._whole:
            self._ask_states()
        else:
            self._search()

    def _system_chosen(self) -> None:
        self._wizard.choice.system = str(self.systems.currentData())
        self._wizard.choice.destination = self._wizard.suggested_copy()
        self.copy_changed()

    def _switch(self) -> None:
        self._whole = not self._whole
        self.list.clear()
        self._show_mode()
        if self._whole:
            self._ask_states()
        else:
            self._show_hits()
            self.field.setFocus()

    def _show_mode(self) -> None:
        t = self._wizard.texts.t
        self.field.setVisible(not self._whole)
        self.switch.setText(t("Einzelne Dateien suchen") if self._whole else t("Ganzes System"))
        self.switch.setAccessibleName(self.switch.text())
        self._lead.setText(
            t("Wählen Sie den Stand, den Sie ganz zurückhaben wollen.")
            if self._whole
            else t("Suchen Sie nach einem Namen. Auch Gelöschtes und Überschriebenes ist noch da.")
        )

    # -- searching ----------------------------------------------------------------------------

    def _typed(self) -> None:
        self._timer.start(_WAIT_MS)

    def _search(self) -> None:
        self.stop()
        sought = self.field.text().strip()
        self._hits, self._failure = [], None
        if len(sought) < 2:
            self._show_hits()
            return
        self._count.setText(self._wizard.texts.t("Wird gesucht …"))
        choice = self._wizard.choice
        order = self._wizard.order(
            "search", choice.system, "--from", choice.destination, "--", sought
        )
        self._job = self._ask(order)

    def _ask_states(self) -> None:
        self.stop()
        self._states, self._failure = [], None
        self._count.setText(self._wizard.texts.t("Wird gelesen …"))
        choice = self._wizard.choice
        order = self._wizard.order("snapshots", choice.system, "--dest", choice.destination)
        self._job = self._ask(order)

    def _ask(self, order: Order) -> Job:
        started: list[Job] = []

        def heard(event: Event) -> None:
            if started and self._job is started[0]:
                self._heard(event)

        started.append(self._wizard.shop.runner.start(order, heard))
        return started[0]

    def _heard(self, event: Event) -> None:
        if isinstance(event, Told) and event.kind == "":
            entry = found_entry(event.fields)
            state = state_entry(event.fields)
            if entry is not None:
                self._hits.append(entry)
            elif state is not None:
                self._states.insert(0, state)
        elif isinstance(event, Failure):
            self._failure = event
        elif isinstance(event, Ended):
            self._job = None
            if self._whole:
                self._show_states()
            else:
                self._show_hits()

    # -- showing ------------------------------------------------------------------------------

    def _show_hits(self) -> None:
        texts, now = self._wizard.texts, self._wizard.shop.clock.now()
        self.list.clear()
        for hit in self._hits:
            icon = "folder" if hit.is_folder else _ICONS.get(Path(hit.name).suffix.lower(), "file")
            self._add(icon, hit.name, hit.folder, entry_notes(hit, texts, now))
        sought = len(self.field.text().strip()) >= 2
        if self._failure is not None:
            self._count.setText(f"{self._failure.sentence} {self._failure.next_step}")
        elif sought and not self._hits:
            self._count.setText(
                texts.t(
                    "Nichts gefunden. Suchen Sie nach einem Teil des Namens oder nach dem Ordner."
                )
            )
        elif sought:
            self._count.setText(
                texts.n(
                    "Ein Treffer in allen Ständen", "{n} Treffer in allen Ständen", len(self._hits)
                )
            )
        else:
            self._count.setText("")
        self._select_first()

    def _show_states(self) -> None:
        texts, now = self._wizard.texts, self._wizard.shop.clock.now()
        self.list.clear()
        for state in self._states:
            shown = date_time(state.moment, texts.lang, now=now)
            self._add(
                "history", shown, age(state.moment, now, texts.lang), state_notes(state, texts)
            )
        if self._failure is not None:
            self._count.setText(f"{self._failure.sentence} {self._failure.next_step}")
        else:
            self._count.setText(texts.n("Ein Stand", "{n} Stände", len(self._states)))
        self._select_first()

    def _select_first(self) -> None:
        if self.list.count():
            self.list.setCurrentRow(0)
        else:
            self._row_chosen(-1)

    def _add(self, icon: str, title: str, second: str, third: str) -> None:
        item = QListWidgetItem()
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join((title, second, third)))
        widget = HitLine(self.look, icon, title, second, third)
        item.setSizeHint(QSize(0, widget.sizeHint().height()))
        self.list.addItem(item)
        self.list.setItemWidget(item, widget)

    def _row_chosen(self, at: int) -> None:
        for number in range(self.list.count()):
            widget = self.list.itemWidget(self.list.item(number))
            if isinstance(widget, HitLine):
                widget.set_chosen(chosen=number == at)
        if self._whole:
            self._choose_state(self._states[at] if 0 <= at < len(self._states) else None)
        else:
            self._choose_hit(self._hits[at] if 0 <= at < len(self._hits) else None)

    def _choose_hit(self, hit: FoundEntry | None) -> None:
        t, choice = self._wizard.texts.t, self._wizard.choice
        if hit is None:
            self.card.show_nothing()
            self._wizard.ready(t("Zurückholen"), on=False)
            return
        self.card.show_hit(hit)
        choice.paths = (hit.raw,)
        choice.said = hit.name
        choice.run = hit.versions[self.card.line.at].run
        words = t("Diesen Ordner holen") if hit.is_folder else t("Diese Fassung holen")
        self._wizard.ready(words, on=True)

    def _choose_state(self, state: StateEntry | None) -> None:
        t, choice = self._wizard.texts.t, self._wizard.choice
        if state is None:
            self.card.show_nothing()
            self._wizard.ready(t("Zurückholen"), on=False)
            return
        texts = self._wizard.texts
        self.card.show_state(state, self.systems.currentText())
        choice.paths, choice.run = (), state.run
        choice.said = short_date(state.moment, texts.lang)
        self._wizard.ready(t("Diesen Stand holen"), on=True)

    def _version_chosen(self, at: int) -> None:
        row_at = self.list.currentRow()
        if not self._whole and 0 <= row_at < len(self._hits):
            self._wizard.choice.run = self._hits[row_at].versions[at].run
            self.card.show_version(at)
