"""What the pages of the set-up share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.theme.look import Look, Role
from gui.widgets.basics import text
from gui.wizards.frame import WizardPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class SetupPage(WizardPage):
    """A page with its headline; `begin` is called each time its step is shown."""

    def __init__(self, look: Look, wizard: SetupWizard, title: str, lead: str) -> None:
        super().__init__(look)
        self.wizard = wizard
        self.body.addWidget(text(look, title, Role.WIZARD))
        self.body.addSpacing(look.px(6))
        self.body.addWidget(text(look, lead, Role.LEAD, look.tokens.ink2))
        self.body.addSpacing(look.px(22))

    def begin(self) -> None:
        """The step is shown."""

    def close_down(self) -> None:
        """The set-up is left."""

    def head(self, words: str) -> None:
        """A heading within the page."""
        self.body.addWidget(text(self.look, words, Role.STRONG))
        self.body.addSpacing(self.look.px(6))
