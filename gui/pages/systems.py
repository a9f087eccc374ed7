"""What the shop lives on: each system with its folders, and how it stands."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.health.said import Mark
from core.health.systems_said import SystemText, say_systems
from core.setup.changing import without_system
from gui.pages.editing import MARGINS, NARROW, Editable, Taking
from gui.pages.system_editor import SystemEditor
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, Page, button, column, frame, rebuild, row, text
from gui.widgets.figures import Chip
from gui.widgets.marks import FactMark


class SystemsPage(Editable):
    """The list, and the form of one system in its place."""

    def __init__(self, look: Look, shop: Shop, kind: str) -> None:
        super().__init__(shop.texts.t("Systeme"))
        self._look, self._shop, self._kind = look, shop, kind
        self.addWidget(_List(look, shop, kind, self))

    def change(self, system: str) -> None:
        """Show the form of a system; '' for a new one."""
        plan = self._shop.picture.plan if self._shop.picture else None
        if plan is not None:
            found = plan.system(system) if system else None
            self.show_form(SystemEditor(self._look, self._shop, self._kind, plan, found))

    def take_out(self, said: SystemText) -> None:
        """Ask whether a system shall go."""
        plan, t = self._shop.picture.plan if self._shop.picture else None, self._shop.texts.t
        if plan is not None:
            self.show_form(
                Taking(
                    self._look, self._shop, self._kind,
                    t("„{name}“ aus dem Plan nehmen?", name=said.name), said.goes,
                    t("Nicht mehr sichern"), without_system(plan, said.id),
                )
            )  # fmt: skip


class _List(Page):
    def __init__(self, look: Look, shop: Shop, kind: str, owner: SystemsPage) -> None:
        super().__init__(look, NARROW if kind == "narrow" else MARGINS)
        self._shop, self._kind, self._owner = shop, kind, owner
        self._shown: object = None
        shop.changed.connect(self.show_facts)
        self.show_facts()

    def show_facts(self) -> None:
        """Build the page from what is known now; nothing when nothing is new."""
        shop = self._shop
        said = say_systems(shop.picture, shop.texts) if shop.picture else None
        now = (said, shop.trouble)
        if now != self._shown:
            self._shown, self._said = now, said
            rebuild(self, self._build)

    def _build(self) -> None:
        look, said, t, body = self.look, self._said, self._shop.texts.t, self.body
        if said is None:
            body.addWidget(text(look, t("Wird gelesen …"), Role.LEAD, look.tokens.ink2))
            body.addStretch(1)
            return
        body.addWidget(text(look, said.headline, Role.WIZARD))
        body.addSpacing(look.px(6))
        body.addWidget(text(look, said.lead, Role.LEAD, look.tokens.ink2))
        body.addSpacing(look.px(20))
        for system in said.systems:
            body.addWidget(self._card(system))
            body.addSpacing(look.px(14))
        line = row()
        add = button(look, t("System hinzufügen …"), lambda: self._owner.change(""), icon="plus")
        line.addWidget(add)
        line.addStretch(1)
        body.addLayout(line)
        body.addStretch(1)

    def _card(self, system: SystemText) -> QWidget:
        look, px, tokens, t = self.look, self.look.px, self.look.tokens, self._shop.texts.t
        inside = column(gap=px(14), margins=(px(20), px(16), px(20), px(14)))
        head = Flow(px(12), px(4))
        head.addWidget(text(look, system.name, Role.CARD, wrap=False))
        head.addWidget(Chip(look, system.chip, system.mark))
        names = column(gap=px(2))
        names.addLayout(head)
        names.addWidget(text(look, system.kind, Role.SECONDARY, tokens.ink3))
        inside.addLayout(names)
        if system.uncovered:
            inside.addWidget(text(look, system.uncovered, Role.BODY, tokens.ink2))
        parts = column(gap=px(14)) if self._kind == "narrow" else row(gap=px(36))
        left, right = column(gap=px(12)), column(gap=px(12))
        if system.folders:
            left.addLayout(self._folders(system))
        if system.left_out:
            left.addLayout(self._fact(t("Ausgelassen"), system.left_out))
        left.addLayout(self._fact(t("Verloren gehen darf höchstens"), system.may_lose))
        left.addLayout(self._fact(t("Wieder laufen soll es"), system.back_after))
        if system.copies:
            right.addLayout(self._copies(system))
        for one in (left, right):
            one.addStretch(1)
            parts.addLayout(one, 1)
        inside.addLayout(parts)
        foot = Flow(px(20), px(4))
        change = button(look, t("Ändern …"), lambda: self._owner.change(system.id))
        change.setAccessibleName(t("{name} ändern", name=system.name))
        foot.addWidget(change)
        if system.can_go:
            go = button(look, t("Nicht mehr sichern …"), lambda: self._owner.take_out(system),
                        kind="link")  # fmt: skip
            go.setAccessibleName(t("{name} nicht mehr sichern", name=system.name))
            foot.addWidget(go)
        inside.addLayout(foot)
        card = frame("card", inside)
        card.setAccessibleName(f"{system.name}: {system.chip}")
        return card

    def _fact(self, head: str, words: str) -> QVBoxLayout:
        made = column(gap=self.look.px(2))
        made.addWidget(text(self.look, head, Role.HEAD, self.look.tokens.ink3))
        made.addWidget(text(self.look, words, Role.BODY))
        return made

    def _folders(self, system: SystemText) -> QVBoxLayout:
        look, tokens = self.look, self.look.tokens
        made = column(gap=look.px(4))
        made.addWidget(text(look, self._shop.texts.t("Ordner"), Role.HEAD, tokens.ink3))
        for folder in system.folders:
            words = column()
            words.addWidget(_path(look, folder.path))
            if folder.note:
                line = row(gap=look.px(6))
                if folder.mark is Mark.WARN:
                    line.addWidget(FactMark(look, folder.mark, 14, tokens.surface))
                colour = tokens.warn if folder.mark is Mark.WARN else tokens.ink2
                line.addWidget(text(look, folder.note, Role.SECONDARY, colour), 1)
                words.addLayout(line)
            made.addLayout(words)
        return made

    def _copies(self, system: SystemText) -> QVBoxLayout:
        look, tokens, t = self.look, self.look.tokens, self._shop.texts.t
        made = column(gap=look.px(4))
        made.addWidget(text(look, t("Kopien"), Role.HEAD, tokens.ink3))
        for copy in system.copies:
            line = row(gap=look.px(8))
            mark = column(margins=(0, look.px(2), 0, 0))
            mark.addWidget(FactMark(look, copy.mark, 14, tokens.surface))
            mark.addStretch(1)
            line.addLayout(mark)
            words = column()
            words.addWidget(text(look, copy.destination, Role.MEDIUM))
            words.addWidget(text(look, copy.text, Role.SECONDARY, tokens.ink2))
            line.addLayout(words, 1)
            made.addLayout(line)
        return made


def _path(look: Look, path: str) -> QWidget:
    """A path that may break at its slashes."""
    label = text(look, path.replace("/", "/\u200b").replace("\\", "\\\u200b"), Role.BODY)
    label.setAccessibleName(path)
    label.setToolTip(path)
    return label
