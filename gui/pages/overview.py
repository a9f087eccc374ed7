"""The overview: the answer, the next step, the ledger of all copies and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.agent.service import After
from core.health.answer import Task
from core.health.said import Mark, Said, StepText
from gui.pages.run_card import RunCard
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Page, button, column, frame, rebuild, row, rule, text
from gui.widgets.figures import Chip, RunStrip, room_bar, rule_line
from gui.widgets.ledger import LedgerBlocks, LedgerTable
from gui.widgets.marks import FactMark, ShopMark
from gui.widgets.standing import complaint_card, standing_cards

_SIDE = 232
_GAP = 36


class Overview(Page):
    """Shows what `Shop` says. kind: wide, middle or narrow (UI.md §5)."""

    def __init__(
        self,
        look: Look,
        shop: Shop,
        kind: str,
        *,
        restore: Callable[[], object],
        show_runs: Callable[[], object],
    ) -> None:
        margins = (40, 30, 40, 24) if kind != "narrow" else (18, 14, 18, 14)
        super().__init__(look, margins)
        self._shop, self._kind = shop, kind
        self._restore, self._show_runs = restore, show_runs
        self._run_card: RunCard | None = None
        self._shown: object = None
        self.setAccessibleName(shop.texts.t("Übersicht"))
        shop.changed.connect(self.show_facts)
        shop.run_changed.connect(self.show_run)
        self.show_facts()

    # -- what changes -------------------------------------------------------------------------

    def show_facts(self) -> None:
        """Build the page from what is known now; nothing when nothing is new."""
        shop = self._shop
        now = (
            shop.said, shop.trouble, shop.state, shop.is_running, shop.run is None,
            shop.after, shop.is_paused, shop.complaint,
        )  # fmt: skip
        if now == self._shown:
            return
        self._shown = now
        self._run_card = None
        rebuild(self, self._build)

    def show_run(self) -> None:
        """The job went on, began or ended."""
        run = self._shop.run
        if run is None or self._run_card is None or run.ended is not None:
            self.show_facts()
            if self._run_card is not None and run is not None:
                self._run_card.show_view(run)
            return
        self._run_card.show_view(run)

    # -- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        look, shop, body = self.look, self._shop, self.body
        said, t = shop.said, shop.texts.t
        if shop.trouble is not None:
            body.addWidget(self._trouble(shop.trouble.sentence, shop.trouble.next_step))
            body.addSpacing(look.px(20))
        if shop.complaint is not None:
            body.addWidget(complaint_card(look, shop))
            body.addSpacing(look.px(20))
        if said is None:
            if shop.trouble is None:
                body.addWidget(text(look, t("Wird gelesen …"), Role.LEAD, look.tokens.ink2))
            body.addStretch(1)
            return
        body.addLayout(self._answer(said))
        body.addSpacing(look.px(24))
        if said.trouble:
            body.addWidget(self._trouble(said.trouble, said.trouble_step))
            body.addSpacing(look.px(16))
        if shop.run is not None:
            self._run_card = RunCard(look, shop)
            self._run_card.show_view(shop.run)
            body.addWidget(self._run_card)
            body.addSpacing(look.px(16))
        for card in standing_cards(look, shop, stacked=self._kind == "narrow"):
            body.addWidget(card)
            body.addSpacing(look.px(16))
        if said.lines:
            if said.steps or shop.run is None:
                body.addWidget(self._next_card(said))
                body.addSpacing(look.px(24))
            body.addLayout(self._facts(said))
        body.addStretch(1)

    def _answer(self, said: Said) -> QVBoxLayout:
        look, tokens, t = self.look, self.look.tokens, self._shop.texts.t
        made = column(gap=look.px(8))
        made.addWidget(text(look, said.question, Role.LEAD, tokens.ink2))
        line = row(gap=look.px(16))
        word = t("Zustand: {state}", state=said.word)
        state = self._shop.state
        mark = column(margins=(0, look.px(2), 0, 0))
        mark.addWidget(ShopMark(look, state, word, 38))
        mark.addStretch(1)
        line.addLayout(mark)
        headline = text(look, said.headline, Role.ANSWER)
        headline.setAccessibleName(f"{said.question} {said.headline} {said.lead}")
        line.addWidget(headline, 1)
        made.addLayout(line)
        lead = text(look, said.lead, Role.LEAD, tokens.ink2)
        lead.setMaximumWidth(look.px(800))
        made.addWidget(lead)
        return made

    def _trouble(self, sentence: str, step: str) -> QWidget:
        look = self.look
        inside = row(gap=look.px(14), margins=(look.px(20), look.px(16), look.px(20), look.px(16)))
        inside.addWidget(FactMark(look, Mark.WARN, 20, look.tokens.surface))
        words = column(gap=look.px(3))
        words.addWidget(text(look, sentence, Role.STRONG))
        if step:
            words.addWidget(text(look, step, Role.BODY, look.tokens.ink2))
        inside.addLayout(words, 1)
        return frame("card", inside)

    # -- the next step ------------------------------------------------------------------------

    def _next_card(self, said: Said) -> QWidget:
        look, shop = self.look, self._shop
        px = look.px
        inside = column()
        card = frame("card", inside)
        if not said.steps:
            inside.setContentsMargins(px(20), px(16), px(16), px(16))
            inside.addLayout(self._calm(said))
            card.setAccessibleName(said.calm)
            return card
        t = shop.texts.t
        first, *rest = said.steps
        top = self._step(1, first, len(said.steps), primary=True)
        top.setContentsMargins(px(22), px(18), px(18), px(18))
        inside.addLayout(top)
        if rest or said.more_steps:
            inside.addWidget(rule())
            below = column(gap=px(12), margins=(px(22), px(14), px(18), px(16)))
            for number, step in enumerate(rest, 2):
                below.addLayout(self._step(number, step, len(said.steps), primary=False))
            if said.more_steps:
                more = shop.texts.n("und ein weiterer", "und {n} weitere", said.more_steps)
                below.addWidget(text(look, more, Role.SECONDARY, look.tokens.ink3))
            inside.addLayout(below)
        card.setAccessibleName(t("Nächste Schritte"))
        return card

    def _calm(self, said: Said) -> QHBoxLayout | QVBoxLayout:
        look, t = self.look, self._shop.texts.t
        words = column(gap=look.px(3))
        if self._shop.after in (None, After.GOES_ON):
            words.addWidget(text(look, said.calm, Role.STRONG))
        if said.calm_note:
            words.addWidget(text(look, said.calm_note, Role.BODY, look.tokens.ink2))
        back_up = button(look, t("Jetzt sichern"), self._shop.back_up, icon="play")
        back_up.setEnabled(not self._shop.is_running)
        if self._kind == "narrow":
            stacked = column(gap=look.px(12))
            stacked.addLayout(words)
            buttons = row(gap=look.px(10))
            buttons.addWidget(back_up)
            buttons.addWidget(button(look, t("Daten zurückholen"), self._restore))
            buttons.addStretch(1)
            stacked.addLayout(buttons)
            return stacked
        line = row(gap=look.px(16))
        icon = text(look, "", Role.BODY)
        icon.setPixmap(look.pixmap("calendar-check"))
        line.addWidget(icon)
        line.addLayout(words, 1)
        line.addWidget(back_up)
        return line

    def _step(self, number: int, step: StepText, total: int, *, primary: bool) -> QHBoxLayout:
        look, tokens, t = self.look, self.look.tokens, self._shop.texts.t
        line = row(gap=look.px(16))
        words = column(gap=look.px(3))
        title = text(look, step.title, Role.CARD if primary else Role.MEDIUM)
        title.setAccessibleName(
            t("Nächste Schritte, {n} von {total}: {title}", n=number, total=total, title=step.title)
        )
        if total > 1:
            numeral = text(look, str(number), Role.CARD if primary else Role.MEDIUM, wrap=False)
            numeral.setFixedWidth(look.px(20))
            side = column()
            side.addWidget(numeral)
            side.addStretch(1)
            line.addLayout(side)
        words.addWidget(title)
        if step.cause:
            words.addWidget(text(look, step.cause, Role.BODY, tokens.ink2))
        action = self._action(step, primary=primary)
        if self._kind == "narrow":
            if action is not None:
                beside = row()
                beside.addWidget(action)
                beside.addStretch(1)
                words.addSpacing(look.px(6))
                words.addLayout(beside)
            line.addLayout(words, 1)
            return line
        line.addLayout(words, 1)
        if action is not None:
            line.addWidget(action)
        return line

    def _action(self, step: StepText, *, primary: bool) -> QWidget | None:
        look = self.look
        if not step.button:
            if not step.elsewhere:
                return None
            return text(look, step.elsewhere, Role.SECONDARY, look.tokens.ink3, wrap=False)
        kind = "primary" if primary else "link"
        task: Task = step.task
        made = button(look, step.button, lambda: self._shop.do(task), kind=kind)
        made.setAccessibleName(f"{step.button}: {step.title}")
        made.setEnabled(not self._shop.is_running)
        return made

    # -- facts --------------------------------------------------------------------------------

    def _facts(self, said: Said) -> QHBoxLayout | QVBoxLayout:
        look, texts = self.look, self._shop.texts
        side = self._side(said)
        if self._kind == "narrow":
            stacked = column(gap=look.px(24))
            stacked.addWidget(LedgerBlocks(look, said.lines, texts))
            stacked.addLayout(side)
            return stacked
        table = LedgerTable(look, said.lines, texts)
        left = column()
        left.addWidget(table)
        left.addStretch(1)
        if self._kind == "middle":
            stacked = column(gap=look.px(24))
            stacked.addLayout(left)
            stacked.addLayout(side)
            return stacked
        line = row(gap=look.px(_GAP))
        line.addLayout(left, 1)
        holder = QWidget()
        holder.setLayout(side)
        holder.setFixedWidth(look.px(_SIDE))
        line.addWidget(holder)
        return line

    def _side(self, said: Said) -> QVBoxLayout:
        look, tokens, t = self.look, self.look.tokens, self._shop.texts.t
        made = column(gap=look.px(10))
        head = row(gap=look.px(8))
        head.addWidget(text(look, t("3-2-1-Regel"), Role.STRONG, wrap=False))
        head.addStretch(1)
        head.addWidget(Chip(look, said.rules_word, said.rules_mark))
        made.addLayout(head)
        for one in said.rules:
            made.addLayout(rule_line(look, one))
        made.addSpacing(look.px(16))
        head = row(gap=look.px(8))
        head.addWidget(text(look, t("Letzte 30 Tage"), Role.STRONG, wrap=False))
        head.addStretch(1)
        if said.days_word:
            head.addWidget(text(look, said.days_word, Role.HEAD, tokens.ink2, wrap=False))
        made.addLayout(head)
        strip = RunStrip(look, said.days, said.days_full)
        strip.opened.connect(self._show_runs)
        made.addWidget(strip)
        if said.days:
            ends = row()
            ends.addWidget(text(look, said.days[0].label, Role.HEAD, tokens.ink3, wrap=False))
            ends.addStretch(1)
            ends.addWidget(text(look, t("heute"), Role.HEAD, tokens.ink3, wrap=False))
            made.addLayout(ends)
        if said.rooms:
            made.addSpacing(look.px(16))
            made.addWidget(text(look, t("Platz"), Role.STRONG))
            for room in said.rooms:
                made.addLayout(room_bar(look, room))
        made.addStretch(1)
        return made
