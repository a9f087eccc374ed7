"""How old may data be, how fast must they be back: in everyday words, with a usual answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtWidgets import QButtonGroup, QRadioButton

from core.setup.draft import RPO_HOURS, RTO_HOURS
from core.texts.setup import RPO, RTO
from gui.theme.look import Look, Role
from gui.widgets.basics import text
from gui.wizards.frame import choice
from gui.wizards.setup_pages.parts import SetupPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class GoalsPage(SetupPage):
    """RPO and RTO."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Wie viel darf fehlen, wie schnell muss es gehen?"),
            t("Danach richtet sich, wie oft gesichert wird und ab wann Ladentresor warnt. Die"
              " übliche Antwort ist schon gewählt."),
        )  # fmt: skip
        self.lost = QButtonGroup(self)
        self.back = QButtonGroup(self)
        self.head(t("Wenn heute Abend alles weg wäre: Was dürfte fehlen?"))
        self._choices(self.lost, {hours: t(RPO[hours]) for hours in RPO_HOURS}, {
            4: t("gesichert wird alle 4 Stunden, so lange der PC an ist"),
            24: t("gesichert wird jeden Tag; üblich für die meisten Läden"),
            48: t("gesichert wird jeden Tag; gewarnt erst nach zwei Tagen"),
            168: t("gesichert wird jeden Tag; gewarnt erst nach einer Woche"),
        })  # fmt: skip
        self.body.addSpacing(look.px(18))
        self.head(t("Und wann müssten Sie wieder arbeiten können?"))
        self._choices(self.back, {hours: t(RTO[hours]) for hours in RTO_HOURS}, {
            4: "",
            8: t("üblich für die meisten Läden"),
            24: "",
            72: "",
        })  # fmt: skip
        self.body.addSpacing(look.px(14))
        self.body.addWidget(
            text(look, t("Daran misst Ladentresor, wie lange das Zurückholen wirklich dauert."),
                 Role.SECONDARY, look.tokens.ink2)
        )  # fmt: skip
        self.body.addStretch(1)
        self.lost.idToggled.connect(self._chosen)
        self.back.idToggled.connect(self._chosen)

    def _choices(self, group: QButtonGroup, words: dict[int, str], notes: dict[int, str]) -> None:
        for hours, said in words.items():
            made = QRadioButton()
            group.addButton(made, hours)
            self.body.addLayout(choice(self.look, made, said, notes[hours]))
            self.body.addSpacing(self.look.px(4))

    def begin(self) -> None:
        """Show what is chosen."""
        draft = self.wizard.draft
        for group, hours in ((self.lost, draft.rpo_hours), (self.back, draft.rto_hours)):
            made = group.button(hours)
            if made is not None:
                made.setChecked(True)
        chosen = self.lost.checkedButton()
        if chosen is not None:
            chosen.setFocus()

    def _chosen(self, hours: int, on: bool) -> None:
        if not on or -1 in (self.lost.checkedId(), self.back.checkedId()):
            return
        self.wizard.choose(
            msgspec.structs.replace(
                self.wizard.draft, rpo_hours=self.lost.checkedId(), rto_hours=self.back.checkedId()
            )
        )
