"""Where the copies are: each destination with what lies there, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.health.copies_said import CopiesText, CopyText, DestinationText, say_copies
from core.health.said import Mark
from core.plan.model import Medium, Plan
from core.setup.changing import without_destination
from gui.pages.clean_up import CleanUpForm
from gui.pages.destination_editor import DestinationEditor
from gui.pages.editing import MARGINS, NARROW, Editable, Taking
from gui.pages.question_card import Answered, question_card
from gui.pages.run_card import RunCard
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, Page, button, column, frame, rebuild, row, rule, text
from gui.widgets.figures import room_bar
from gui.widgets.ledger import FACTS, fact_line
from gui.widgets.marks import FactMark

_ICONS = {Medium.DISK: "hard-drive", Medium.NAS: "server", Medium.CLOUD: "cloud"}


class CopiesPage(Editable):
    """The list, and the form of one destination in its place."""

    def __init__(
        self,
        look: Look,
        shop: Shop,
        kind: str,
        *,
        restore: Callable[[], object],
        add_place: Callable[[], object],
        prove_sheet: Callable[[], object],
    ) -> None:
        super().__init__(shop.texts.t("Kopien"))
        self._look, self._shop, self._kind = look, shop, kind
        self.restore, self.add_place, self.prove_sheet = restore, add_place, prove_sheet
        self.addWidget(_List(look, shop, kind, self))

    @property
    def _plan(self) -> Plan | None:
        return self._shop.picture.plan if self._shop.picture else None

    def change(self, destination: str) -> None:
        """Show the form of a destination."""
        if self._plan is not None:
            where = self._plan.destination(destination)
            self.show_form(DestinationEditor(self._look, self._shop, self._kind, self._plan, where))

    def clean_up(self, destination: DestinationText) -> None:
        """Show what a clean-up would do."""
        self.show_form(CleanUpForm(self._look, self._shop, self._kind, destination))

    def take_out(self, said: DestinationText) -> None:
        """Ask whether a destination shall go."""
        t = self._shop.texts.t
        if self._plan is not None:
            self.show_form(
                Taking(
                    self._look, self._shop, self._kind,
                    t("„{name}“ aus dem Plan nehmen?", name=said.name), said.goes,
                    t("Nicht mehr hierher kopieren"), without_destination(self._plan, said.id),
                )
            )  # fmt: skip


class _List(Page):
    def __init__(self, look: Look, shop: Shop, kind: str, owner: CopiesPage) -> None:
        super().__init__(look, NARROW if kind == "narrow" else MARGINS)
        self._shop, self._kind, self._owner = shop, kind, owner
        self._answers: dict[str, Answered] = {}
        self._run_card: RunCard | None = None
        self._said: CopiesText | None = None
        self._shown: object = None
        shop.changed.connect(self.show_facts)
        shop.run_changed.connect(self.show_run)
        self.show_facts()

    def show_facts(self) -> None:
        """Build the page from what is known now; nothing when nothing is new."""
        shop = self._shop
        said = say_copies(shop.picture, shop.texts) if shop.picture else None
        now = (said, shop.trouble, shop.is_running, shop.run is None, dict(self._answers))
        if now != self._shown:
            self._shown, self._said = now, said
            self._run_card = None
            rebuild(self, self._build)

    def show_run(self) -> None:
        """The job went on, began or ended."""
        run = self._shop.run
        if run is None or self._run_card is None or run.ended is not None:
            self.show_facts()
        if self._run_card is not None and run is not None:
            self._run_card.show_view(run)

    def _answer(self, mark: str, answered: Answered) -> None:
        self._answers[mark] = answered
        self.show_facts()

    # -- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        look, said, shop, body = self.look, self._said, self._shop, self.body
        t = shop.texts.t
        if said is None:
            body.addWidget(text(look, t("Wird gelesen …"), Role.LEAD, look.tokens.ink2))
            body.addStretch(1)
            return
        body.addWidget(text(look, said.headline, Role.WIZARD))
        body.addSpacing(look.px(6))
        body.addWidget(text(look, said.lead, Role.LEAD, look.tokens.ink2))
        body.addSpacing(look.px(20))
        if shop.run is not None:
            self._run_card = RunCard(look, shop)
            self._run_card.show_view(shop.run)
            body.addWidget(self._run_card)
            body.addSpacing(look.px(14))
        for asked in said.questions:
            body.addWidget(
                question_card(
                    look, shop, asked, self._answers.get(asked.mark, Answered.NOT_YET),
                    answer=lambda to, mark=asked.mark: self._answer(mark, to),  # type: ignore[misc]  # a default keeps the mark
                    restore=self._owner.restore,
                )
            )  # fmt: skip
            body.addSpacing(look.px(14))
        for where in said.destinations:
            body.addWidget(self._card(where))
            body.addSpacing(look.px(14))
        line = row()
        add = button(look, t("Ziel hinzufügen …"), self._owner.add_place, icon="plus")
        line.addWidget(add)
        line.addStretch(1)
        body.addLayout(line)
        body.addStretch(1)

    def _card(self, where: DestinationText) -> QWidget:
        px = self.look.px
        inside = column(gap=px(12), margins=(px(20), px(16), px(20), px(14)))
        top = column(gap=px(12)) if self._kind == "narrow" else row(gap=px(36))
        top.addLayout(self._head(where), 1)
        if where.room is not None or where.coming:
            top.addLayout(self._room(where))
        inside.addLayout(top)
        for copy in where.copies:
            inside.addWidget(rule())
            inside.addLayout(self._copy(copy))
        if where.copies:
            inside.addWidget(rule())
        inside.addLayout(self._buttons(where))
        card = frame("card", inside)
        card.setAccessibleName(f"{where.name}: {where.facts}")
        return card

    def _head(self, where: DestinationText) -> QVBoxLayout:
        look, px, tokens = self.look, self.look.px, self.look.tokens
        line = row(gap=px(12))
        icon = text(look, "", Role.BODY)
        icon.setPixmap(look.pixmap(_ICONS[where.medium]))
        side = column(margins=(0, px(2), 0, 0))
        side.addWidget(icon)
        side.addStretch(1)
        line.addLayout(side)
        words = column(gap=px(2))
        words.addWidget(text(look, where.name, Role.CARD))
        words.addWidget(text(look, where.facts, Role.SECONDARY, tokens.ink2))
        address = text(look, where.address.replace("/", "/\u200b"), Role.SECONDARY, tokens.ink3)
        address.setAccessibleName(where.address)
        words.addWidget(address)
        for note in (where.state, where.line, where.sheet):
            if note:
                words.addWidget(text(look, note, Role.SECONDARY, tokens.ink2))
        line.addLayout(words, 1)
        made = column()
        made.addLayout(line)
        made.addStretch(1)
        return made

    def _room(self, where: DestinationText) -> QVBoxLayout:
        look, tokens = self.look, self.look.tokens
        made = column(gap=look.px(5))
        if where.room is not None:
            holder = QWidget()
            holder.setLayout(room_bar(look, where.room, name=self._shop.texts.t("Platz")))
            if self._kind != "narrow":
                holder.setFixedWidth(look.px(260))
            made.addWidget(holder)
        if where.coming:
            made.addWidget(text(look, where.coming, Role.SECONDARY, tokens.ink2))
        made.addStretch(1)
        return made

    def _copy(self, copy: CopyText) -> QVBoxLayout:
        look, px, tokens, t = self.look, self.look.px, self.look.tokens, self._shop.texts.t
        made = column(gap=px(4))
        head = Flow(px(10), px(2))
        head.addWidget(text(look, copy.name, Role.STRONG, wrap=False))
        good = copy.mark is Mark.TICK
        if good:
            head.addWidget(text(look, copy.counts, Role.SECONDARY, tokens.ink3, wrap=False))
        made.addLayout(head)
        if copy.counts:
            facts = Flow(px(18), px(4))
            for word, cell in zip(FACTS, copy.cells, strict=True):
                facts.addWidget(fact_line(look, cell, t(word, age=cell.text)))
            made.addLayout(facts)
            if not good:
                made.addLayout(self._verdict(copy))
        said = t("Kopiert wird {rhythm}; es bleibt {kept}.", rhythm=copy.rhythm, kept=copy.kept)
        made.addWidget(text(look, said, Role.SECONDARY, tokens.ink2))
        return made

    def _verdict(self, copy: CopyText) -> QHBoxLayout:
        look, tokens = self.look, self.look.tokens
        line: QHBoxLayout = row(gap=look.px(6))
        mark = column(margins=(0, look.px(2), 0, 0))
        mark.addWidget(FactMark(look, Mark.WARN, 14, tokens.surface))
        mark.addStretch(1)
        line.addLayout(mark)
        line.addWidget(text(look, copy.counts, Role.SECONDARY, tokens.warn), 1)
        return line

    def _buttons(self, where: DestinationText) -> Flow:
        look, shop, t, owner = self.look, self._shop, self._shop.texts.t, self._owner
        made = Flow(look.px(20), look.px(4))

        def add(words: str, done: Callable[[], object], *, kind: str = "link", job: bool) -> None:
            one = button(look, words, done, kind=kind)
            one.setAccessibleName(f"{where.name}: {words}")
            one.setEnabled(not (job and shop.is_running))
            made.addWidget(one)

        if where.copies and where.is_here:
            add(t("Jetzt sichern"), lambda: shop.back_up(where.id), kind="", job=True)
            if where.was_read:
                add(t("Jetzt nachlesen"), lambda: shop.verify(where.id, full=False), job=True)
            add(t("Ganz zurücklesen"), lambda: shop.verify(where.id, full=True), job=True)
            add(t("Aufräumen …"), lambda: owner.clean_up(where), job=True)
        add(t("Ändern …"), lambda: owner.change(where.id), job=False)
        if where.is_encrypted:
            add(t("Blatt drucken und prüfen …"), owner.prove_sheet, job=False)
        if where.can_go:
            add(t("Nicht mehr nutzen …"), lambda: owner.take_out(where), job=False)
        return made
