"""The pages of the restore wizard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QStorageInfo, Qt, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QStackedWidget,
    QWidget,
)

from core.copies.bringing_back.adopt import near_copies
from core.health.said import Mark
from core.secrets.recovery import Mistake, Slip
from core.texts.formats import age, date_time, short_date, size
from core.texts.slips import describe_mistake
from gui.jobs.port import Ended, Event, Failure, Fields, Job, Order, Progress, Told
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, field, frame, row, rule, text
from gui.widgets.marks import FactMark
from gui.widgets.version_line import VersionLine
from gui.wizards.frame import WizardPage, sheet_lines
from gui.wizards.hits import (
    FoundEntry,
    StateEntry,
    amount,
    entry_notes,
    found_entry,
    state_entry,
    state_notes,
    version_notes,
    version_title,
)

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard

_WAIT_MS = 350
_ICONS = {
    ".pdf": "file-text", ".txt": "file-text", ".doc": "file-text", ".docx": "file-text",
    ".csv": "file-spreadsheet", ".xls": "file-spreadsheet", ".xlsx": "file-spreadsheet",
    ".ods": "file-spreadsheet", ".jpg": "image", ".jpeg": "image", ".png": "image",
}  # fmt: skip


class PlacePage(WizardPage):
    """A bare PC: the folder with the copy and, where it is encrypted, the lines of the sheet."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        self._job: Job | None = None
        self.said = ""
        t, px, tokens = wizard.texts.t, look.px, look.tokens
        self.body.addWidget(text(look, t("Wo liegt die Kopie?"), Role.WIZARD))
        self.body.addSpacing(px(6))
        self.body.addWidget(
            text(look, t("Stecken Sie die Platte an, oder wählen Sie den Ordner auf der NAS."
                         " Gelesen wird nur; an der Kopie ändert sich nichts."),
                 Role.LEAD, tokens.ink2)
        )  # fmt: skip
        self.body.addSpacing(px(22))
        self._found = column(gap=px(8))
        self.body.addLayout(self._found)
        self.field = field(look, t("Ordner der Kopie"), t("Ordner der Kopie"))
        self.field.textChanged.connect(self._changed)
        line = row(gap=px(10))
        line.addWidget(self.field, 1)
        line.addWidget(button(look, t("Ordner wählen …"), self._pick, icon="folder-open"))
        self.body.addLayout(line)
        self._sheet = QWidget()
        lines = column(gap=px(8))
        self._sheet.setLayout(lines)
        lines.addSpacing(px(20))
        lines.addWidget(text(look, t("Diese Kopie ist verschlüsselt"), Role.CARD))
        lines.addWidget(
            text(look, t("Tippen Sie die Zeilen vom Wiederherstellungsblatt ab. Groß oder klein ist"
                         " egal, Striche dürfen fehlen."), Role.BODY, tokens.ink2)
        )  # fmt: skip
        self.lines = sheet_lines(look, wizard.texts)
        for one in self.lines:
            one.textChanged.connect(self._changed)
            lines.addWidget(one)
        self.body.addWidget(self._sheet)
        self._sheet.hide()
        self.body.addSpacing(px(14))
        self._message = text(look, "", Role.BODY, tokens.bad)
        self._hint = text(look, "", Role.BODY, tokens.ink2)
        self.body.addWidget(self._message)
        self.body.addWidget(self._hint)
        self.body.addStretch(1)

    @property
    def is_ready(self) -> bool:
        """Whether enough is known to try."""
        lines = self._sheet.isHidden() or all(one.text().strip() for one in self.lines[:2])
        return bool(self.field.text().strip()) and lines and self._job is None

    def begin(self) -> None:
        """Look for copies on what is plugged in."""
        QTimer.singleShot(0, self.field, self.field.setFocus)
        roots = [Path(one.rootPath()) for one in QStorageInfo.mountedVolumes() if _may_hold(one)]
        self._wizard.shop.bridge.call(lambda: copies_below(roots), self._show_found, lambda _: None)

    def stop(self) -> None:
        """End what runs."""
        if self._job is not None:
            self._job.cancel()

    def _show_found(self, places: list[Path]) -> None:
        clear(self._found)
        t = self._wizard.texts.t
        if not places:
            return
        self._found.addWidget(text(self.look, t("Auf angesteckten Platten gefunden"), Role.HEAD,
                                   self.look.tokens.ink3))  # fmt: skip
        for place in places:
            made = button(
                self.look, str(place), lambda place=place: self.field.setText(str(place)),  # type: ignore[misc]  # a default keeps the place
                kind="link", icon="hard-drive",
            )  # fmt: skip
            self._found.addWidget(made)
        self._found.addSpacing(self.look.px(10))
        if not self.field.text():
            self.field.setText(str(places[0]))

    def _pick(self) -> None:
        t = self._wizard.texts.t
        folder = QFileDialog.getExistingDirectory(self, t("Ordner der Kopie"), self.field.text())
        if folder:
            self.field.setText(folder)

    def _changed(self) -> None:
        self._wizard.frame.next.setEnabled(self.is_ready)

    def open_copy(self) -> None:
        """Try the folder, with the lines if they were asked for."""
        if not self.is_ready:
            return
        self._message.setText("")
        self._hint.setText(self._wizard.texts.t("Die Kopie wird geöffnet …"))
        self._wizard.bare_home()
        typed = "" if self._sheet.isHidden() else "\n".join(one.text() for one in self.lines)
        order = self._wizard.order("adopt", self.field.text().strip(), typed=typed + "\n")
        self._job = self._wizard.shop.runner.start(order, self._heard)
        self._changed()

    def _heard(self, event: Event) -> None:
        if isinstance(event, Failure):
            self._failed(event)
        elif isinstance(event, Told) and event.kind == "mistake":
            self._mistaken(event.fields)
        elif isinstance(event, Told) and event.kind == "adopted":
            systems = event.fields.get("systems")
            self.said = self.field.text().strip()
            for one in self.lines:
                one.clear()
            self._wizard.adopted(
                [str(one) for one in systems] if isinstance(systems, list) else [],
                str(event.fields.get("destination", "")),
            )
        elif isinstance(event, Ended):
            self._job = None
            if not self._message.text() and event.report:
                self._message.setText(event.report)
            if self._hint.text() == self._wizard.texts.t("Die Kopie wird geöffnet …"):
                self._hint.setText("")
            self._changed()

    def _mistaken(self, fields: Fields) -> None:
        numbers = ("line", "group", "other_line", "other_group")
        line, group, other_line, other_group = (int(str(fields.get(n, 0))) for n in numbers)
        mistake = Mistake(Slip(str(fields["mistake"])), line, group, (other_line, other_group))
        said = describe_mistake(self._wizard.texts, mistake)
        before = self._message.text()
        self._message.setText(f"{before}\n{said}" if before else said)
        if 1 <= line <= len(self.lines):
            self.lines[line - 1].setFocus()

    def _failed(self, failure: Failure) -> None:
        if failure.code.startswith("key_missing") and self._sheet.isHidden():
            self._sheet.show()
            self._hint.setText("")
            self.lines[0].setFocus()
            return
        if not self._message.text():
            self._message.setText(failure.sentence)
        self._hint.setText(failure.next_step)


def _may_hold(volume: QStorageInfo) -> bool:
    """A disk of a person, not one of the system's own."""
    kind = bytes(volume.fileSystemType().data()).decode("ascii", "replace")
    return volume.isValid() and volume.isReady() and kind not in (
        "tmpfs", "devtmpfs", "proc", "sysfs", "cgroup2", "overlay", "squashfs", "devpts", "mqueue",
    )  # fmt: skip


def copies_below(roots: Sequence[Path]) -> list[Path]:
    """The folders in these places, or right below them, that hold copies. May be slow."""
    found: list[Path] = []
    for root in roots:
        try:
            places = [root, *sorted(one for one in root.iterdir() if one.is_dir())]
        except OSError:
            continue
        for place in places:
            try:
                if near_copies(place) and place.parent not in found:
                    found.append(place)
            except Exception:  # noqa: BLE001, S112 - a strange folder is no copy of ours
                continue
    return found


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
        self.systems = QComboBox()
        self.systems.setFont(look.font(Role.BODY))
        self.systems.setAccessibleName(t("System"))
        self.systems.setMinimumHeight(px(38))
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
        widget = _Hit(self.look, icon, title, second, third)
        item.setSizeHint(QSize(0, widget.sizeHint().height()))
        self.list.addItem(item)
        self.list.setItemWidget(item, widget)

    def _row_chosen(self, at: int) -> None:
        for number in range(self.list.count()):
            widget = self.list.itemWidget(self.list.item(number))
            if isinstance(widget, _Hit):
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


class _Hit(QWidget):
    """One line of the list."""

    def __init__(self, look: Look, icon: str, title: str, second: str, third: str) -> None:
        super().__init__()
        self.setObjectName("hit")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look = look
        px, tokens = look.px, look.tokens
        line = row(gap=px(12), margins=(px(14), px(9), px(10), px(10)))
        picture = QLabel()
        picture.setPixmap(look.pixmap(icon))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        line.addWidget(picture)
        words = column(gap=px(1))
        width = px(318 - 14 - 10 - 12 - 20 - 4) if look.scale <= 1.2 else px(420)
        for said, role, colour in (
            (title, Role.MEDIUM, tokens.ink),
            (second, Role.SECONDARY, tokens.ink2),
            (third, Role.SECONDARY, tokens.ink2),
        ):
            if said:
                label = text(look, said, role, colour, wrap=False)
                metrics = QFontMetrics(label.font())
                label.setText(metrics.elidedText(said, Qt.TextElideMode.ElideMiddle, width))
                label.setToolTip(said)
                label.setAccessibleName(said)
                words.addWidget(label)
        line.addLayout(words, 1)
        self.setLayout(line)
        self.set_chosen(chosen=False)

    def set_chosen(self, *, chosen: bool) -> None:
        """Show whether it is the one."""
        tokens, px = self._look.tokens, self._look.px
        edge = f"2px solid {tokens.accent}" if chosen else "2px solid transparent"
        fill = tokens.surface if chosen else "transparent"
        self.setStyleSheet(
            f"#hit {{ border: {edge}; border-radius: {px(8)}px; background: {fill}; }}"
        )


class VersionCard(QWidget):
    """What was found, its versions, and from where to where it would come."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__()
        self._look, self._wizard = look, wizard
        self._hit: FoundEntry | None = None
        px, tokens, t = look.px, look.tokens, wizard.texts.t
        outer = column()
        self.setLayout(outer)
        self._pages = QStackedWidget()
        outer.addWidget(self._pages)
        empty = column(margins=(px(24), px(24), px(24), px(24)))
        empty.addStretch(1)
        hint = text(
            look, t("Rechts stehen dann alle Fassungen mit ihrem Datum."), Role.BODY, tokens.ink2
        )
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.addWidget(hint)
        empty.addStretch(1)
        self._pages.addWidget(frame("inset", empty))
        inside = column(gap=px(4), margins=(px(24), px(22), px(24), px(18)))
        self._title = text(look, "", Role.CARD)
        self._second = text(look, "", Role.SECONDARY, tokens.ink2)
        inside.addWidget(self._title)
        inside.addWidget(self._second)
        inside.addSpacing(px(12))
        self.line = VersionLine(look)
        inside.addWidget(self.line)
        inside.addSpacing(px(8))
        inside.addWidget(rule())
        inside.addSpacing(px(14))
        self._when = text(look, "", Role.STRONG)
        self._notes = text(look, "", Role.BODY, tokens.ink2)
        inside.addWidget(self._when)
        inside.addWidget(self._notes)
        inside.addStretch(1)
        foot = row(gap=px(16))
        words = column(gap=px(2))
        self._source = text(look, "", Role.MEDIUM)
        self._into = text(look, "", Role.SECONDARY, tokens.ink2)
        words.addWidget(self._source)
        words.addWidget(self._into)
        foot.addLayout(words, 1)
        foot.addWidget(button(look, t("Ändern"), wizard.show_where, kind="link"))
        inside.addLayout(foot)
        self._pages.addWidget(frame("card", inside))

    def show_nothing(self) -> None:
        """Nothing is chosen."""
        self._pages.setCurrentIndex(0)

    def show_hit(self, hit: FoundEntry) -> None:
        """A file or folder with its versions, the likeliest chosen."""
        texts, t = self._wizard.texts, self._wizard.texts.t
        now = self._wizard.shop.clock.now()
        same = self._hit is hit
        self._hit = hit
        self._pages.setCurrentIndex(1)
        self._title.setText(hit.name)
        self._second.setText(
            hit.folder
            if hit.is_folder
            else t("Jeder Punkt ist eine Fassung, die sich zurückholen lässt.")
        )
        at = self.line.at if same else hit.suggested
        moments = [one.began for one in hit.versions]
        labels = [short_date(one.moment, texts.lang, now=now) for one in hit.versions]
        gone = ""
        if hit.is_gone:
            gone = t("danach gelöscht")
        self.line.setVisible(not hit.is_folder)
        self.line.show_versions(moments, labels, at, gone, t("Fassungen von {name}", name=hit.name))
        self.show_version(at)
        self._show_way()

    def show_version(self, at: int) -> None:
        """Tell of one version."""
        hit, texts = self._hit, self._wizard.texts
        if hit is None:
            return
        version = hit.versions[at]
        if hit.is_folder:
            self._when.setText(texts.t("wie am {date}", date=date_time(version.began, texts.lang)))
        else:
            self._when.setText(texts.t("Geändert {date}", date=version_title(version, texts)))
        notes = version_notes(hit, at, texts)
        self._notes.setText(notes)
        self.line.setAccessibleDescription(f"{version_title(version, texts)}, {notes}")

    def show_state(self, state: StateEntry, system: str) -> None:
        """A whole system as of a state."""
        texts = self._wizard.texts
        self._hit = None
        self._pages.setCurrentIndex(1)
        self.line.hide()
        self._title.setText(system)
        self._second.setText(texts.t("alles, was gesichert ist"))
        self._when.setText(date_time(state.moment, texts.lang))
        self._notes.setText(state_notes(state, texts))
        self._show_way()

    def _show_way(self) -> None:
        t, choice = self._wizard.texts.t, self._wizard.choice
        name = self._wizard.destination_name(choice.destination)
        self._source.setText(t("Aus der Kopie „{name}“", name=name))
        self._into.setText(t("in einen neuen Ordner: {path}", path=choice.into))


class WherePage(WizardPage):
    """From which copy, into which folder."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        t, px, tokens = wizard.texts.t, look.px, look.tokens
        self.body.addWidget(text(look, t("Woher und wohin?"), Role.WIZARD))
        self.body.addSpacing(px(6))
        lead = t(
            "Zurückgeholt wird immer in einen neuen Ordner. Von dort legen Sie es an seinen Platz."
        )
        self.body.addWidget(text(look, lead, Role.LEAD, tokens.ink2))
        self.body.addSpacing(px(22))
        self.body.addWidget(text(look, t("Aus welcher Kopie"), Role.STRONG))
        self.body.addSpacing(px(6))
        self._copies = column(gap=px(10))
        self.body.addLayout(self._copies)
        self._group = QButtonGroup(self)
        self.body.addSpacing(px(22))
        self.body.addWidget(text(look, t("In welchen Ordner"), Role.STRONG))
        self.body.addSpacing(px(8))
        self.field = field(look, t("Ordner zum Zurückholen"))
        line = row(gap=px(10))
        line.addWidget(self.field, 1)
        line.addWidget(button(look, t("Ordner wählen …"), self._pick, icon="folder-open"))
        self.body.addLayout(line)
        self.body.addStretch(1)

    def begin(self) -> None:
        """Show the copies of the system."""
        wizard, look = self._wizard, self.look
        clear(self._copies)
        texts, now = wizard.texts, wizard.shop.clock.now()
        picture = wizard.shop.picture
        facts = {
            copy.facts.destination: copy.facts
            for verdict in (picture.verdicts if picture and not wizard.bare else ())
            if verdict.facts.system == wizard.choice.system
            for copy in verdict.copies
        }
        copies = wizard.plan.copies_of(wizard.choice.system) if wizard.plan else ()
        ids = [wizard.choice.destination] if wizard.bare else [one.destination for one in copies]
        for id in ids:
            made = QRadioButton(wizard.destination_name(id))
            made.setFont(look.font(Role.MEDIUM))
            made.setProperty("destination", id)
            made.setChecked(id == wizard.choice.destination)
            known = facts.get(id)
            note = ""
            if known is not None:
                made.setEnabled(known.reachable)
                shown = age(known.copied, now, texts.lang)
                note = texts.t("neuester Stand {age}", age=shown)
                if not known.reachable:
                    note += " · " + texts.t("gerade nicht angeschlossen")
            made.setAccessibleName(f"{made.text()}, {note}" if note else made.text())
            self._group.addButton(made)
            line = column(gap=look.px(1))
            line.addWidget(made)
            if note:
                label = text(look, note, Role.SECONDARY, look.tokens.ink2)
                label.setIndent(look.px(26))
                line.addWidget(label)
            self._copies.addLayout(line)
        self.field.setText(wizard.choice.into)

    def stop(self) -> None:
        """Nothing runs here."""

    def take(self) -> None:
        """Keep what was chosen and go back to the first step."""
        choice = self._wizard.choice
        made = self._group.checkedButton()
        before = choice.destination
        if made is not None:
            choice.destination = str(made.property("destination"))
        choice.into = self.field.text().strip() or choice.into
        self._wizard.show_what()
        if choice.destination != before:
            self._wizard.what.copy_changed()

    def _pick(self) -> None:
        t = self._wizard.texts.t
        folder = QFileDialog.getExistingDirectory(self, t("Ordner, in dem ein neuer entsteht"))
        if folder:
            self.field.setText(str(Path(folder) / Path(self._wizard.choice.into).name))


class ResultPage(WizardPage):
    """What came back, checked; what did not, with its reason."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        self.has_files = False
        self._failure: Failure | None = None
        px, tokens = look.px, look.tokens
        head = row(gap=px(14))
        self._mark = FactMark(look, Mark.RUN, 26)
        head.addWidget(self._mark)
        self.title = text(look, "", Role.WIZARD)
        head.addWidget(self.title, 1)
        self.body.addLayout(head)
        self.body.addSpacing(px(8))
        self.lead = text(look, "", Role.LEAD, tokens.ink2)
        self.body.addWidget(self.lead)
        self.body.addSpacing(px(20))
        self._details = column(gap=px(6))
        self.body.addLayout(self._details)
        self.body.addStretch(1)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    def begin(self) -> None:
        """The job begins."""
        t = self._wizard.texts.t
        self.has_files, self._failure = False, None
        self._mark.set_mark(Mark.RUN)
        self.title.setText(t("Wird zurückgeholt …"))
        self.lead.setText(t("Jede Datei wird beim Schreiben mit ihrer Prüfsumme verglichen."))
        clear(self._details)
        self._timer.start(100)

    def progress(self, event: Progress) -> None:
        """So much has come."""
        self.lead.setText(
            self._wizard.texts.t(
                "Bisher {amount}. Jede Datei wird mit ihrer Prüfsumme verglichen.",
                amount=amount(event.files, event.bytes, self._wizard.texts),
            )
        )

    def failed(self, failure: Failure) -> None:
        """An error was told."""
        self._failure = self._failure or failure

    def noted(self, fields: Fields) -> None:
        """Something to know about the state that was taken."""
        t = self._wizard.texts.t
        words = {
            "state_partial": t("Der Stand ist unvollständig: In ihm können Dateien fehlen."),
            "state_suspect": t("Der Stand entstand, als ungewöhnlich viel verändert war."),
        }.get(str(fields.get("note", "")))
        if words:
            self._detail(Mark.WARN, words)

    def restored(self, fields: Fields) -> None:
        """What came back."""
        texts, t = self._wizard.texts, self._wizard.texts.t
        files, size_bytes = int(str(fields.get("files", 0))), int(str(fields.get("bytes", 0)))
        failed = fields.get("failed")
        bad = failed if isinstance(failed, list) else []
        self.has_files = files > 0 or not bad
        self._mark.set_mark(Mark.WARN if bad else Mark.TICK)
        self.title.setText(
            t("Zurückgeholt, aber nicht alles.") if bad else t("Zurückgeholt und geprüft.")
        )
        said = texts.n(
            "Eine Datei, {size}. Sie stimmt mit ihrer Prüfsumme überein.",
            "{n} Dateien, {size}. Jede stimmt mit ihrer Prüfsumme überein.",
            files,
            size=size(size_bytes, texts.lang),
        )
        self.lead.setText(said)
        self._detail(Mark.NONE, t("Hier liegt es: {path}", path=fields.get("into", "")))
        for one in bad[:20]:
            path = str(one.get("path", "")) if isinstance(one, dict) else ""
            self._detail(Mark.BAD, t("Beschädigt, nicht zurückgeholt: {path}", path=path))
        if bad:
            self._detail(Mark.NONE, t("Versuchen Sie es aus einer anderen Kopie."))
        self._left_out(fields)

    def _left_out(self, fields: Fields) -> None:
        n = self._wizard.texts.n
        skipped, renamed = fields.get("skipped"), fields.get("renamed")
        if isinstance(skipped, list) and skipped:
            words = n(
                "Ein Eintrag war schon beim Sichern nicht lesbar und fehlt.",
                "{n} Einträge waren schon beim Sichern nicht lesbar und fehlen.",
                len(skipped),
            )
            self._detail(Mark.WARN, words)
        if isinstance(renamed, list) and renamed:
            words = n(
                "Ein Name geht auf diesem PC nicht; die Datei heißt hier anders.",
                "{n} Namen gehen auf diesem PC nicht; die Dateien heißen hier anders.",
                len(renamed),
            )
            self._detail(Mark.WARN, words)

    def ended(self, event: Ended) -> None:
        """The job is over."""
        t = self._wizard.texts.t
        self._timer.stop()
        if self._failure is not None and not self.has_files:
            self._mark.set_mark(Mark.WARN)
            self.title.setText(self._failure.sentence)
            self.lead.setText(self._failure.next_step)
        elif event.exit == 130:
            self._mark.set_mark(Mark.NONE)
            self.title.setText(t("Abgebrochen."))
            self.lead.setText(t("Was schon da ist, liegt in {path}", path=self._wizard.choice.into))
        elif event.report:
            self._mark.set_mark(Mark.WARN)
            self.title.setText(t("Das ging nicht."))
            self.lead.setText(event.report)

    def _detail(self, mark: Mark, words: str) -> None:
        line = row(gap=self.look.px(10))
        line.addWidget(FactMark(self.look, mark, 15))
        line.addWidget(text(self.look, words, Role.BODY, self.look.tokens.ink), 1)
        self._details.addLayout(line)

    def _turn(self) -> None:
        if self.isVisible():
            self._mark.turn = (self._mark.turn + 100 / 1600) % 1
            self._mark.update()
