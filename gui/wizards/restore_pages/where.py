"""From which copy, into which folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QFileDialog, QRadioButton, QWidget

from core.health.way_back import expected_time
from core.texts.formats import about, age
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, field, row, text
from gui.wizards.frame import WizardPage, choice

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard


class WherePage(WizardPage):
    """From which copy, into which folder."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        t, px, tokens = wizard.texts.t, look.px, look.tokens
        self.body.addWidget(text(look, t("Woher und wohin?"), Role.WIZARD))
        self.body.addSpacing(px(6))
        lead = t("Zurückgeholt und geprüft wird immer in einem neuen Ordner, nie über Ihren Daten.")
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
        self.body.addSpacing(px(16))
        self.in_place = QCheckBox()
        self._place = QWidget()
        self._place.setLayout(
            choice(
                look, self.in_place, t("danach an den alten Platz legen, was dort fehlt"),
                t("Was dort steht, bleibt. Steht dort eine andere Fassung, fragt Ladentresor Datei"
                  " für Datei; was ersetzt wird, wird aufgehoben."),
            )
        )  # fmt: skip
        self.body.addWidget(self._place)
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
        sizes = picture.sizes if picture else {}
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
                took = expected_time(sizes.get(wizard.choice.system, 0), wizard.rates.get(id))
                if took is not None:
                    note += " · " + texts.t(
                        "alles zusammen {time}, so schnell wie zuletzt",
                        time=about(took, texts.lang),
                    )
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
        self.in_place.setChecked(wizard.choice.in_place)
        self._place.setVisible(not wizard.bare)  # another PC has none of its old places

    def stop(self) -> None:
        """Nothing runs here."""

    def take(self) -> None:
        """Keep what was chosen and go back to the first step."""
        chosen = self._wizard.choice
        made = self._group.checkedButton()
        before = chosen.destination
        if made is not None:
            chosen.destination = str(made.property("destination"))
        chosen.into = self.field.text().strip() or chosen.into
        chosen.in_place = self.in_place.isChecked()
        self._wizard.show_what()
        if chosen.destination != before:
            self._wizard.what.copy_changed()

    def _pick(self) -> None:
        t = self._wizard.texts.t
        folder = QFileDialog.getExistingDirectory(self, t("Ordner, in dem ein neuer entsteht"))
        if folder:
            self.field.setText(str(Path(folder) / Path(self._wizard.choice.into).name))
