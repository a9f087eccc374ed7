"""The form of one destination: its name, and what is copied there, how often, how long kept."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.health.copies_said import reach_words
from core.plan.edit import Change
from core.plan.model import Destination, Keep, Plan
from core.setup.changing import (
    CopyDraft,
    DestinationDraft,
    destination_changes,
    destination_draft,
    oldest_kept,
)
from core.texts.plans import RHYTHMS, rhythm
from gui.pages.editing import Editor
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, column, field, frame, text
from gui.widgets.forms import Choice, Number, labelled, options_in, tick

_MOST = 10_000


class DestinationEditor(Editor):
    """Changes a destination and the copies that go there."""

    def __init__(self, look: Look, shop: Shop, kind: str, plan: Plan, where: Destination) -> None:
        t = shop.texts.t
        super().__init__(look, shop, kind, t("{name} ändern", name=where.name),
                         where.location.address)  # fmt: skip
        self._plan, self._where = plan, where
        draft = destination_draft(plan, where)
        self.name = field(look, t("Name"), t("etwa NAS im Lager"))
        self.name.setMaxLength(80)
        self.name.setMaximumWidth(look.px(460))
        self.name.setText(draft.name)
        self.body.addLayout(labelled(look, t("Name"), self.name))
        self.body.addSpacing(look.px(20))
        names = {system.id: system.name for system in plan.systems}
        self.copies = [CopyFields(look, shop, names[one.system], one) for one in draft.copies]
        for one in self.copies:
            self.body.addWidget(one)
            self.body.addSpacing(look.px(14))
        self.close_form()

    def begin(self) -> None:
        self.name.setFocus()

    def lack(self) -> str:
        t = self.shop.texts.t
        if not self.name.text().strip():
            return t("Geben Sie dem Ziel einen Namen.")
        elsewhere = any(copy.destination != self._where.id for copy in self._plan.copies)
        if not elsewhere and not any(one.draft.is_made for one in self.copies):
            return t("Das ist die letzte Kopie. Nehmen Sie vorher ein anderes Ziel dazu.")
        for one in self.copies:
            if one.draft.is_made and not any(vars_of(one.draft.keep)):
                return t("Mindestens ein Stand muss bleiben.")
        return ""

    def changes(self) -> Sequence[Change]:
        draft = DestinationDraft(self.name.text(), tuple(one.draft for one in self.copies))
        return destination_changes(self._plan, self._where, draft)


class CopyFields(QWidget):
    """Whether a system is copied there, how often, and which states stay."""

    def __init__(self, look: Look, shop: Shop, name: str, draft: CopyDraft) -> None:
        super().__init__()
        self._look, self._shop, self._system = look, shop, draft.system
        self._was_made = draft.is_made
        t, px, texts = shop.texts.t, look.px, shop.texts
        inside = column(gap=px(12), margins=(px(20), px(14), px(20), px(16)))
        outer = column()
        outer.addWidget(frame("card", inside))
        self.setLayout(outer)
        self.made = tick(look, t("„{name}“ hierher kopieren", name=name), on=draft.is_made)
        self.made.setFont(look.font(Role.STRONG))
        self.made.toggled.connect(self._show)
        inside.addWidget(self.made)
        self._stop = text(
            look,
            t("Was schon dort liegt, bleibt und lässt sich zurückholen. Neues kommt nicht dazu."),
            Role.SECONDARY, look.tokens.ink2,
        )  # fmt: skip
        inside.addWidget(self._stop)
        self._more = QWidget()
        more = column(gap=px(12))
        self._more.setLayout(more)
        self.every = Choice(
            look, t("{name}: wie oft?", name=name),
            options_in(RHYTHMS, draft.every, lambda one: rhythm(one, None, texts)), draft.every,
        )  # fmt: skip
        more.addLayout(labelled(look, t("Wie oft?"), self.every))
        more.addLayout(self._keep_fields(name, draft.keep))
        inside.addWidget(self._more)
        self._show()

    def _keep_fields(self, name: str, keep: Keep) -> QVBoxLayout:
        look, t = self._look, self._shop.texts.t
        words = (t("Tage"), t("Wochen"), t("Monate"), t("Jahre"))
        self.keep = [
            Number(look, t("{name}: so viele {unit}", name=name, unit=unit), value, _MOST)
            for unit, value in zip(words, vars_of(keep), strict=True)
        ]
        numbers = Flow(look.px(18), look.px(8))
        for number, unit in zip(self.keep, words, strict=True):
            one = QWidget()
            both = column(gap=look.px(3))
            both.addWidget(text(look, unit, Role.HEAD, look.tokens.ink3))
            both.addWidget(number)
            one.setLayout(both)
            numbers.addWidget(one)
            number.changed.connect(self._say_reach)
        self._reach: QLabel = text(look, "", Role.SECONDARY, look.tokens.ink2)
        made = labelled(
            look, t("Was bleibt?"),
            note=t("Für so viele Tage, Wochen, Monate und Jahre bleibt je der letzte Stand."),
        )  # fmt: skip
        made.addLayout(numbers)
        made.addWidget(self._reach)
        return made

    @property
    def draft(self) -> CopyDraft:
        """What stands in the fields."""
        daily, weekly, monthly, yearly = (one.value for one in self.keep)
        keep = Keep(daily=daily, weekly=weekly, monthly=monthly, yearly=yearly)
        return CopyDraft(self._system, self.made.isChecked(), self.every.value, keep)

    def _show(self) -> None:
        on = self.made.isChecked()
        self._more.setVisible(on)
        self._stop.setVisible(self._was_made and not on)
        self._say_reach()

    def _say_reach(self) -> None:
        texts, keep = self._shop.texts, self.draft.keep
        total = sum(vars_of(keep))
        words = texts.n("Das ist höchstens ein Stand", "Das sind höchstens {n} Stände", total)
        reach = reach_words(oldest_kept(keep), texts)
        self._reach.setText(texts.t("{states}, {reach}.", states=words, reach=reach))


def vars_of(keep: Keep) -> tuple[int, int, int, int]:
    """Its four numbers in their order."""
    return keep.daily, keep.weekly, keep.monthly, keep.yearly
