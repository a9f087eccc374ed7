"""What a clean-up of a destination would let go, before anything goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shiboken6 import isValid

from core.copies.letting_go.retention import Why
from core.health.clean_up_said import CleanUpText, Letting, say_clean_up
from core.health.copies_said import DestinationText
from gui.jobs.port import Ended, Event, Failure, Order, Told
from gui.pages.editing import Form
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, button, clear, column, frame, text
from gui.widgets.forms import Problem

_MOST = 12


class CleanUpForm(Form):
    """Asks the command what would go, says it, and has it done."""

    def __init__(self, look: Look, shop: Shop, kind: str, where: DestinationText) -> None:
        t = shop.texts.t
        super().__init__(
            look, shop, kind, t("„{name}“ aufräumen?", name=where.name),
            t("Der Plan sagt, welche Stände bleiben. Die anderen können gehen, und mit ihnen, was"
              " nur sie brauchen."),
        )  # fmt: skip
        self._where = where
        self._found: list[CleanUpText] = []
        self._names = {copy.system: copy.name for copy in where.copies}
        self._list = column(gap=look.px(14))
        self._waiting = text(look, t("Wird angesehen …"), Role.BODY, look.tokens.ink2)
        self.body.addWidget(self._waiting)
        self.body.addLayout(self._list)
        self.problem = Problem(look)
        self.body.addWidget(self.problem)
        self.body.addSpacing(look.px(20))
        self._buttons = Flow(look.px(18), look.px(8))
        self._go = button(look, t("Jetzt aufräumen"), self._clean_up, kind="primary")
        self._go.hide()
        self._back = button(look, t("Zurück"), self.left.emit)
        self._buttons.addWidget(self._go)
        self._buttons.addWidget(self._back)
        self.body.addLayout(self._buttons)
        self.body.addStretch(1)

    def begin(self) -> None:
        self._back.setFocus()  # Enter must not let anything go
        order = Order(("prune", "--to", self._where.id, "--dry-run"))
        self.shop.runner.start(order, self._heard)

    def _heard(self, event: Event) -> None:
        if not isValid(self):
            return  # left meanwhile
        if isinstance(event, Told) and event.kind == "pruned":
            self._found.append(self._said(event.fields))
        elif isinstance(event, Failure):
            self.problem.say(f"{event.sentence} {event.next_step}".strip())
        elif isinstance(event, Ended):
            self._show()

    def _said(self, fields: Mapping[str, object]) -> CleanUpText:
        states = fields.get("states")
        orphans, freed = fields.get("orphans"), fields.get("freed")
        system = str(fields.get("system", ""))
        return say_clean_up(
            [_letting(one) for one in states] if isinstance(states, list) else [],
            freed if isinstance(freed, int) else 0,
            len(orphans) if isinstance(orphans, list) else 0,
            self._names.get(system, system),
            self.shop.texts,
        )

    def _show(self) -> None:
        look = self.look
        self._waiting.hide()
        clear(self._list)
        if not self._found and self.problem.isHidden():
            self._list.addWidget(text(look, self.shop.texts.t("Es gibt noch keinen Stand."),
                                      Role.BODY))  # fmt: skip
        for one in self._found:
            inside = column(gap=look.px(5), margins=(look.px(20), look.px(14), look.px(20),
                                                     look.px(14)))  # fmt: skip
            inside.addWidget(text(look, one.headline, Role.STRONG))
            for line in one.goes[:_MOST]:
                inside.addWidget(text(look, line, Role.SECONDARY, look.tokens.ink2))
            rest = len(one.goes) - _MOST
            if rest > 0:
                more = self.shop.texts.n("und ein weiterer", "und {n} weitere", rest)
                inside.addWidget(text(look, more, Role.SECONDARY, look.tokens.ink3))
            if one.note:
                inside.addWidget(text(look, one.note, Role.BODY))
            self._list.addWidget(frame("card", inside))
        self._go.setVisible(any(one.is_needed for one in self._found))

    def _clean_up(self) -> None:
        self.shop.clean_up(self._where.id)
        self.left.emit()


def _letting(fields: object) -> Letting:
    """One state of `pruned`; what a later version says is passed over."""
    found = fields if isinstance(fields, dict) else {}
    known = {str(one) for one in Why}
    whys = found.get("why", [])
    return Letting(
        str(found.get("run", "")),
        date.fromisoformat(str(found.get("day", "2000-01-01"))),
        bool(found.get("stays", True)),
        tuple(Why(one) for one in whys if one in known),
    )
