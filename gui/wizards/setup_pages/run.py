"""The first run, with live progress; it goes on when the page is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.pages.run_card import RunCard
from gui.theme.look import Look, Role
from gui.widgets.basics import clear, column, text
from gui.wizards.setup_pages.parts import SetupPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class RunPage(SetupPage):
    """Begins the run when it is first shown."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Die ersten Kopien entstehen."),
            t("Sie können weiterarbeiten und dieses Fenster schließen. Schalten Sie den PC aus,"
              " macht Ladentresor beim nächsten Start an derselben Stelle weiter."),
        )  # fmt: skip
        self._place = column()
        self._card: RunCard | None = None
        self.body.addLayout(self._place)
        self.body.addSpacing(look.px(16))
        self._rest = text(look, "", Role.BODY, look.tokens.ink2)
        self.body.addWidget(self._rest)
        self.body.addStretch(1)
        wizard.shop.run_changed.connect(self._run_changed)

    def begin(self) -> None:
        """Start, unless it goes on already."""
        shop = self.wizard.shop
        if not shop.is_running:
            shop.forget_run()
            shop.back_up()
        self._run_changed()
        self._show_rest()
        self.wizard.frame.next.setFocus()

    def close_down(self) -> None:
        """The set-up is left; the run is not."""
        self.wizard.shop.run_changed.disconnect(self._run_changed)

    def _run_changed(self) -> None:
        run = self.wizard.shop.run
        if run is None:
            clear(self._place)
            self._card = None
            return
        if self._card is None:
            self._card = RunCard(self.look, self.wizard.shop)
            self._place.addWidget(self._card)
        self._card.show_view(run)

    def _show_rest(self) -> None:
        """What is still open after the set-up: said, not hidden."""
        texts, draft = self.wizard.texts, self.wizard.draft
        t = texts.t
        open_points = []
        if draft.services:
            names = ", ".join(one.name for one in draft.services)
            open_points.append(t("Noch nicht gesichert: {systems}", systems=names))
        if draft.needs_sheet and not draft.is_sheet_proven:
            open_points.append(t("Das Wiederherstellungsblatt ist noch nicht geprüft."))
        if not draft.is_mail_proven:
            open_points.append(t("Warnungen per Mail sind noch nicht eingerichtet."))
        self._rest.setText("\n".join(open_points))
