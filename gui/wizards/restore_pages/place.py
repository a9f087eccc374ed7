"""A bare PC: where the copy lies, and the lines of the sheet where it is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStorageInfo, QTimer
from PySide6.QtWidgets import QFileDialog, QRadioButton, QWidget

from core.copies.bringing_back.adopt import near_copies
from core.health.said import Mark
from core.setup.far import far_location
from core.texts.slips import describe_mistake
from gui.jobs.port import Ended, Event, Failure, Fields, Job, Told
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, field, row, text
from gui.widgets.code_groups import mistake_of, sheet_lines
from gui.wizards.far_fields import FarFields
from gui.wizards.frame import WizardPage

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard

_HERE = "kopie"
"""What the place is called in the home of a bare PC, until its copy tells its own name."""


class PlacePage(WizardPage):
    """A bare PC: the folder with the copy and, where it is encrypted, the lines of the sheet."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        self._job: Job | None = None
        self.said = ""
        self.place = ""
        t, px, tokens = wizard.texts.t, look.px, look.tokens
        self.body.addWidget(text(look, t("Wo liegt die Kopie?"), Role.WIZARD))
        self.body.addSpacing(px(6))
        self.body.addWidget(
            text(look, t("Stecken Sie die Platte an, oder tragen Sie ein, was auf dem"
                         " Wiederherstellungsblatt steht. Gelesen wird nur; an der Kopie ändert"
                         " sich nichts."),
                 Role.LEAD, tokens.ink2)
        )  # fmt: skip
        self.body.addSpacing(px(16))
        self.near = QRadioButton()
        self.far = QRadioButton()
        for made, words in (
            (self.near, t("auf einer Platte oder in einem Ordner dieses PCs")),
            (self.far, t("auf einem NAS oder in einer Cloud")),
        ):
            made.setText(words)
            made.setFont(look.font(Role.MEDIUM))
            made.setMinimumHeight(px(30))
            made.setAccessibleName(words)
            self.body.addWidget(made)
        self.body.addSpacing(px(14))
        self._folder = QWidget()
        folder = column(gap=px(8))
        self._folder.setLayout(folder)
        self._found = column(gap=px(8))
        folder.addLayout(self._found)
        self.field = field(look, t("Ordner der Kopie"), t("Ordner der Kopie"))
        self.field.textChanged.connect(self._changed)
        line = row(gap=px(10))
        line.addWidget(self.field, 1)
        line.addWidget(button(look, t("Ordner wählen …"), self._pick, icon="folder-open"))
        folder.addLayout(line)
        self.body.addWidget(self._folder)
        self.typed = FarFields(look, wizard.texts, self.open_copy)
        self.typed.changed.connect(self._changed)
        self.body.addWidget(self.typed)
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
        self.near.toggled.connect(self._show_way)
        self.near.setChecked(True)

    @property
    def is_ready(self) -> bool:
        """Whether enough is known to try."""
        lines = self._sheet.isHidden() or all(one.text().strip() for one in self.lines[:2])
        is_named = self.typed.lack() is None if self.far.isChecked() else bool(self._typed_folder)
        return is_named and lines and self._job is None

    @property
    def _typed_folder(self) -> str:
        return self.field.text().strip()

    def _show_way(self) -> None:
        self._folder.setVisible(self.near.isChecked())
        self.typed.setVisible(self.far.isChecked())
        self._sheet.hide()
        self._message.setText("")
        self._hint.setText("")
        self._changed()

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
        if self.near.isChecked():
            self._adopt(self._typed_folder)
            return
        address = far_location(self.typed.form()).address
        password = self.typed.password
        if not password:
            self._adopt(address)
            return
        order = self._wizard.order("secret", "set", f"{_HERE}.password", typed=password + "\n")

        def kept(event: Event) -> None:
            if isinstance(event, Failure):
                self._failed(event)
            elif isinstance(event, Ended):
                self._job = None
                if event.exit == 0:
                    self._adopt(address, "--for", _HERE)
                self._changed()

        self._job = self._wizard.shop.runner.start(order, kept)
        self._changed()

    def _adopt(self, where: str, *options: str) -> None:
        """Read what lies there, with the lines of the sheet if they were asked for."""
        self.place = where
        typed = "" if self._sheet.isHidden() else "\n".join(one.text() for one in self.lines)
        order = self._wizard.order("adopt", where, *options, typed=typed + "\n")
        self._job = self._wizard.shop.runner.start(order, self._heard)
        self._changed()

    def _heard(self, event: Event) -> None:
        if isinstance(event, Failure):
            self._failed(event)
        elif isinstance(event, Told) and event.kind == "mistake":
            self._mistaken(event.fields)
        elif isinstance(event, Told) and event.kind == "adopted":
            systems = event.fields.get("systems")
            self.said = self.place
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
        mistake = mistake_of(fields)
        said = describe_mistake(self._wizard.texts, mistake)
        before = self._message.text()
        self._message.setText(f"{before}\n{said}" if before else said)
        if 1 <= mistake.line <= len(self.lines):
            line = self.lines[mistake.line - 1]
            line.judge(Mark.BAD, self._wizard.texts.t("bitte vergleichen"), [mistake.group])
            line.groups[max(0, mistake.group - 1)].setFocus()

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
