"""Pages whose things can be changed: the list in front, one form at a time in its place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget
from shiboken6 import isValid

from core.plan.edit import Change
from gui.plan_change import Refusal, change_plan
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, Page, button, text
from gui.widgets.forms import Problem

MARGINS = (40, 30, 40, 24)
NARROW = (18, 14, 18, 14)


class Form(Page):
    """What stands in place of the list; `left` when it is done with or put away."""

    left = Signal()

    def __init__(self, look: Look, shop: Shop, kind: str, title: str, lead: str) -> None:
        super().__init__(look, NARROW if kind == "narrow" else MARGINS)
        self.shop, self.kind = shop, kind
        self.setAccessibleName(title)
        self.body.addWidget(text(look, title, Role.WIZARD))
        if lead:
            self.body.addSpacing(look.px(6))
            self.body.addWidget(text(look, lead, Role.LEAD, look.tokens.ink2))
        self.body.addSpacing(look.px(22))

    def begin(self) -> None:
        """It is shown: what is to be typed first takes the keyboard."""


class Editor(Form):
    """Fields for one thing of the plan, saved as the changes that make the plan say the same."""

    def __init__(
        self, look: Look, shop: Shop, kind: str, title: str, lead: str, save_words: str = ""
    ) -> None:
        super().__init__(look, shop, kind, title, lead)
        t = shop.texts.t
        self._save_words = save_words or t("Speichern")
        self.problem = Problem(look)
        self.save_button = button(look, self._save_words, self.save, kind="primary")
        self.back_button = button(look, t("Verwerfen"), self.left.emit, kind="link")

    def changes(self) -> Sequence[Change]:
        """What has to change in the plan; nothing when nothing was touched."""
        raise NotImplementedError

    def lack(self) -> str:
        """What is still missing in the fields, '' for nothing."""
        return ""

    def close_form(self) -> None:
        """Put the buttons below the fields."""
        look = self.look
        self.body.addSpacing(look.px(16))
        self.body.addWidget(self.problem)
        self.body.addSpacing(look.px(8))
        buttons = Flow(look.px(18), look.px(8))
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.back_button)
        self.body.addLayout(buttons)
        self.body.addStretch(1)

    def save(self) -> None:
        """Have the plan changed; the form stays until that is done."""
        lack = self.lack()
        self.problem.say(lack)
        if lack:
            return
        changes = self.changes()
        if not changes:
            self.left.emit()
            return
        self.save_button.setEnabled(False)
        self.save_button.setText(self.shop.texts.t("Wird gespeichert …"))
        change_plan(self.shop, changes, self._saved)

    def _saved(self, refusal: Refusal | None) -> None:
        if not isValid(self):
            return  # the form was left meanwhile
        self.save_button.setEnabled(True)
        self.save_button.setText(self._save_words)
        if refusal is None:
            self.left.emit()
            return
        self.problem.say(refusal.text)
        self.ensureWidgetVisible(self.problem)


class Taking(Editor):
    """Takes something out of the plan, after saying what becomes of it."""

    def __init__(
        self, look: Look, shop: Shop, kind: str, title: str, said: str, save_words: str,
        changes: Sequence[Change],
    ) -> None:  # fmt: skip
        super().__init__(look, shop, kind, title, said, save_words)
        self._changes = changes
        self.back_button.setText(shop.texts.t("Zurück"))
        self.back_button.setAccessibleName(shop.texts.t("Zurück"))
        self.close_form()

    def changes(self) -> Sequence[Change]:
        return self._changes

    def begin(self) -> None:
        self.back_button.setFocus()  # Enter must not take anything out


class Editable(QStackedWidget):
    """A list with forms that take its place; `closed` when a form was left."""

    closed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.form: Form | None = None

    def show_form(self, form: Form) -> None:
        """Put a form in place of the list."""
        self._drop()
        self.form = form
        self.addWidget(form)
        self.setCurrentWidget(form)
        form.left.connect(self.show_list)
        form.begin()

    def show_list(self) -> None:
        """Back to the list."""
        self._drop()
        self.setCurrentIndex(0)
        first = self.currentWidget()
        if first is not None:
            first.focusNextChild()
        self.closed.emit()

    def step_back(self) -> None:
        """Escape."""
        if self.form is not None:
            self.form.left.emit()

    def _drop(self) -> None:
        if self.form is not None:
            form, self.form = self.form, None
            form.left.disconnect()
            self.removeWidget(form)
            form.hide()
            form.deleteLater()
