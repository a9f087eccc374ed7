"""What the shop lives on: its folders, and the services it uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtWidgets import QCheckBox, QFileDialog

from core.plan.model import Mode
from core.setup import draft as drafts
from core.setup.draft import Service
from core.setup.sizes import FolderSize
from core.setup.templates import Template, templates
from core.texts.formats import size
from core.texts.setup import KINDS
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, field, row, text
from gui.wizards.frame import choice
from gui.wizards.setup_pages.parts import SetupPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class ShopPage(SetupPage):
    """Name of the shop, the folders it lives on, the services that hold the rest."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Wovon lebt Ihr Laden?"),
            t("Wählen Sie alles, ohne das Sie morgen nicht aufmachen könnten."),
        )  # fmt: skip
        px = look.px
        self.head(t("Name Ihres Ladens"))
        self.name = field(look, t("Name Ihres Ladens"), t("etwa Feinkost Maier"))
        self.name.setMaxLength(80)
        self.name.setMaximumWidth(px(420))
        self.name.setText(wizard.draft.shop)
        self.name.textChanged.connect(self._named)
        self.body.addWidget(self.name)
        self.body.addSpacing(px(22))
        self.head(t("Auf diesem PC"))
        self._found: dict[str, Template] = {}
        self._sizes: dict[str, FolderSize] = {}
        self._waiting: list[str] = []
        self._folders = column(gap=px(8))
        self.body.addLayout(self._folders)
        self._looking = text(look, t("Wird nachgesehen …"), Role.SECONDARY, look.tokens.ink2)
        self.body.addWidget(self._looking)
        self.body.addSpacing(px(14))
        line = row()
        line.addWidget(button(look, t("Ordner hinzufügen …"), self._pick, icon="plus"))
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addSpacing(px(22))
        self.head(t("Dienste im Netz und beim Hoster"))
        self.body.addWidget(
            text(look, t("Diese Fassung kopiert sie noch nicht. Ladentresor merkt sie sich und sagt"
                         " auf der Übersicht, dass sie fehlen, bis es sie sichern kann."),
                 Role.SECONDARY, look.tokens.ink2)
        )  # fmt: skip
        self.body.addSpacing(px(8))
        self._services = column(gap=px(6))
        self.body.addLayout(self._services)
        self.body.addSpacing(px(8))
        self.other = field(look, t("Anderer Dienst"), t("Ein anderer Dienst"))
        self.other.setMaximumWidth(px(300))
        line = row(gap=px(10))
        line.addWidget(self.other, 1)
        line.addWidget(button(look, t("Dazunehmen"), self._add_other, icon="plus"))
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addStretch(1)

    def begin(self) -> None:
        """Show what is chosen; look for what is likely in a helper thread."""
        self._show_folders()
        self._show_services()
        self.name.setFocus()
        if self._found:
            return
        self.wizard.find_folders(self._take_found)
        for folder in self.wizard.draft.folders:
            self._measure(folder)

    def _named(self, words: str) -> None:
        self.wizard.choose(msgspec.structs.replace(self.wizard.draft, shop=words.strip()))

    # -- folders ------------------------------------------------------------------------------

    def _take_found(self, found: dict[str, Template]) -> None:
        self._found = found
        self._looking.hide()
        self._show_folders()
        for folder in found:
            self._measure(folder)

    def _measure(self, folder: str) -> None:
        """One after another: only one of the helpers walks, the other one stays free."""
        if folder in self._sizes or folder in self._waiting:
            return
        self._waiting.append(folder)
        if len(self._waiting) == 1:
            self.wizard.measure_folder(folder, self._take_size)

    def _take_size(self, folder: str, found: FolderSize) -> None:
        self._sizes[folder] = found
        self._waiting.remove(folder)
        self._show_folders()
        if self._waiting:
            self.wizard.measure_folder(self._waiting[0], self._take_size)

    def _show_folders(self) -> None:
        focused = self._focused()
        clear(self._folders)
        chosen = self.wizard.draft.folders
        for folder in dict.fromkeys([*chosen, *self._found]):
            made = QCheckBox()
            template = self._found.get(folder)
            name = self._name_of(folder, template)
            self._folders.addLayout(choice(self.look, made, name, self._note(folder, template)))
            made.setProperty("folder", folder)
            made.setChecked(folder in chosen)
            made.toggled.connect(lambda on, folder=folder: self._toggled(folder, on=on))
            if focused == folder:
                made.setFocus()

    def _focused(self) -> str:
        for made in self.findChildren(QCheckBox):
            if made.hasFocus():
                return str(made.property("folder") or "")
        return ""

    def _name_of(self, folder: str, template: Template | None) -> str:
        return template.name_in(self.wizard.texts.lang) if template else Path(folder).name or folder

    def _note(self, folder: str, template: Template | None) -> str:
        """Where it is, how much it is, what is to be known of it."""
        texts = self.wizard.texts
        notes = [folder]
        found = self._sizes.get(folder)
        if found is not None:
            files = texts.n("eine Datei", "{n} Dateien", found.files)
            amount = size(found.bytes, texts.lang)
            if not found.is_whole:
                amount = texts.t("mehr als {size}", size=amount)
            notes.append(f"{amount}, {files}")
        elif folder in self._waiting:
            notes.append(texts.t("Größe wird ermittelt …"))
        said = " · ".join(notes)
        note = template.note_in(texts.lang) if template else ""
        return f"{said}\n{note}" if note else said

    def _toggled(self, folder: str, *, on: bool) -> None:
        change = drafts.with_folder if on else drafts.without_folder
        self.wizard.probes.clear()
        self.wizard.choose(change(self.wizard.draft, folder))

    def _pick(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.wizard.texts.t("Ordner hinzufügen"))
        if folder:
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """One more folder."""
        folder = str(Path(folder))
        self._toggled(folder, on=True)
        self._measure(folder)
        self._show_folders()

    @property
    def chosen_bytes(self) -> int:
        """How much is chosen, as far as it has been counted."""
        chosen = self.wizard.draft.folders
        return sum(found.bytes for folder, found in self._sizes.items() if folder in chosen)

    # -- services -----------------------------------------------------------------------------

    def _show_services(self) -> None:
        clear(self._services)
        texts, lang = self.wizard.texts, self.wizard.texts.lang
        chosen = {one.id: one for one in self.wizard.draft.services}
        offered = {
            one.id: Service(
                id=one.id, name=one.name_in(lang), mode=one.mode, operator=one.operator,
                holds=one.holds,
            )
            for one in templates()
            if one.mode is not Mode.OWN
        }  # fmt: skip
        notes = {one.id: one.note_in(lang) for one in templates()}
        for service in (offered | chosen).values():
            made = QCheckBox()
            on = service.id in chosen
            holds = ", ".join(texts.t(KINDS[kind]) for kind in service.holds)
            said = [texts.t("enthält {kinds}", kinds=holds)] if holds else []
            said += [texts.t("noch nicht gesichert")] if on else []
            words = " · ".join(said)
            if on and notes.get(service.id):
                words += f"\n{notes[service.id]}"
            self._services.addLayout(choice(self.look, made, service.name, words))
            made.setProperty("service", service.id)
            made.setChecked(on)
            made.toggled.connect(lambda now, service=service: self._served(service, on=now))

    def _served(self, service: Service, *, on: bool) -> None:
        draft = self.wizard.draft
        if on:
            self.wizard.choose(drafts.with_service(draft, service))
        else:
            self.wizard.choose(drafts.without_service(draft, service.id))
        self._show_services()
        for made in self.findChildren(QCheckBox):
            if made.property("service") == service.id and made.isVisible():
                made.setFocus()

    def _add_other(self) -> None:
        name = self.other.text().strip()
        if not name:
            self.other.setFocus()
            return
        self.other.clear()
        self._served(Service(id=drafts.service_id(name), name=name, mode=Mode.SAAS), on=True)
