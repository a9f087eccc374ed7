"""Where copies may go: places with what they are worth, and the meter that counts along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QCheckBox, QFileDialog, QHBoxLayout, QWidget

from core.health.expected import expected
from core.health.model import CopyVerdict, Reason
from core.health.said import Mark
from core.plan.locations import SftpLocation
from core.plan.model import Site
from core.setup import draft as drafts
from core.setup.draft import Place
from core.setup.places import Finding, Probe
from core.texts.answers import MEDIA
from core.texts.formats import rate, size
from core.texts.setup import CONCERNS, COUNTS_NOT, FINDINGS
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, frame, row, rule, text
from gui.widgets.figures import Chip
from gui.widgets.marks import FactMark
from gui.wizards.setup_pages.far_form import FarPlaceForm
from gui.wizards.setup_pages.parts import SetupPage
from gui.wizards.volumes import place_in, place_on, volumes

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class PlacesPage(SetupPage):
    """Places with what they are worth, and the meter that counts as choices are made."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Wohin dürfen Kopien?"),
            t("Jedes Ziel wird sofort mit einer kleinen Datei ausprobiert. Gezählt wird nur, was"
              " die Probe besteht."),
        )  # fmt: skip
        px = look.px
        self._offered: dict[str, Place] = {}
        both = column(gap=px(20)) if look.scale > 1.2 else row(gap=px(36))
        left = column()
        self._rows = column()
        self._list = QWidget()  # gives way while a place is typed in
        self._list.setLayout(self._rows)
        left.addWidget(self._list)
        left.addSpacing(px(10))
        line = column(gap=px(8)) if look.scale > 1.2 else row(gap=px(14))
        line.addWidget(button(look, t("NAS oder Cloud hinzufügen …"), self.show_form, icon="plus"))
        line.addWidget(button(look, t("Anderen Ordner wählen …"), self._pick, kind="link"))
        line.addStretch(1)
        self._adding = QWidget()
        self._adding.setLayout(line)
        left.addWidget(self._adding)
        self.form = FarPlaceForm(look, wizard, self._far_taken, self._leave_form)
        self.form.hide()
        left.addWidget(self.form)
        left.addStretch(1)
        both.addLayout(left, 1)
        self._meter = column(gap=px(8), margins=(px(20), px(16), px(20), px(18)))
        card = frame("card", self._meter)
        if look.scale <= 1.2:
            card.setFixedWidth(px(316))
        right = column()
        right.addWidget(card)
        right.addStretch(1)
        both.addLayout(right)
        self.body.addLayout(both)
        self.body.addStretch(1)

    def begin(self) -> None:
        """Show what is plugged in now."""
        for place in (*map(place_on, volumes()), *self.wizard.draft.places):
            self._offered[place.at] = place
        self._show()
        for place in self._offered.values():
            if place.at not in self.wizard.probes:
                self.wizard.probe_place(place, self._show)

    def _pick(self) -> None:
        t = self.wizard.texts.t
        folder = QFileDialog.getExistingDirectory(self, t("Ordner für Kopien"))
        if folder:
            self.add_place(folder)

    # -- in the network -----------------------------------------------------------------------

    def show_form(self) -> None:
        """Have a NAS or cloud typed in."""
        self._adding.hide()
        self._list.hide()
        self.form.show()
        self.form.typed.kind.setFocus()

    def _leave_form(self) -> None:
        self.form.hide()
        self._list.show()
        self._adding.show()

    def _far_taken(self, place: Place, probe: Probe) -> None:
        """A place in the network that passed its probe; chosen at once."""
        self._leave_form()
        self._offered[place.at] = place
        self.wizard.probes[place.at] = probe
        self.wizard.choose(drafts.with_place(self.wizard.draft, place))
        self._show()
        for made in self.findChildren(QCheckBox):
            if made.accessibleName().startswith(place.name):
                made.setFocus()

    def add_place(self, folder: str) -> None:
        """A folder a person named; chosen at once."""
        place = self._offered.setdefault(folder, place_in(folder))
        self._offered[place.at] = place
        self.wizard.choose(drafts.with_place(self.wizard.draft, place))
        self._show()
        self.wizard.probe_place(place, self._show)

    # -- showing ------------------------------------------------------------------------------

    def _show(self) -> None:
        wizard = self.wizard
        focused = QApplication.focusWidget()
        name = "" if focused is None else focused.accessibleName()
        clear(self._rows)
        chosen = {place.at: place for place in wizard.draft.places}
        verdict = expected(
            wizard.draft, wizard.probes, wizard.source_devices, wizard.shop.clock.now()
        )
        counts = {one.facts.destination: one for one in verdict.copies}
        if not self._offered:
            t = wizard.texts.t
            words = t("Keine Platte gefunden. Stecken Sie eine an, oder wählen Sie einen Ordner.")
            self._rows.addWidget(text(self.look, words, Role.BODY, self.look.tokens.ink2))
        for folder, offered in self._offered.items():
            place = chosen.get(folder, offered)
            self._rows.addWidget(
                self._row(place, wizard.probes.get(folder), counts.get(folder), on=folder in chosen)
            )
            self._rows.addWidget(rule())
        self._show_meter()
        if name:
            for widget in self.findChildren(QCheckBox):
                if widget.accessibleName() == name:
                    widget.setFocus()

    def _row(
        self, place: Place, probe: Probe | None, verdict: CopyVerdict | None, *, on: bool
    ) -> QWidget:
        look, t, px = self.look, self.wizard.texts.t, self.look.px
        texts = self.wizard.texts
        inside = row(gap=px(12), margins=(0, px(12), 0, px(12)))
        words = column(gap=px(3))
        check = QCheckBox(place.name)
        check.setFont(look.font(Role.STRONG))
        check.setMinimumHeight(px(28))
        check.setChecked(on)
        fixed = place.at in self.wizard.in_plan
        check.setEnabled(not fixed and (on or probe is None or probe.passed))
        facts = [t(MEDIA[place.medium]), place.shown]
        if probe is not None and probe.free:
            facts.append(t("{size} frei", size=size(probe.free, texts.lang)))
        mark, said = self._judged(place, probe, verdict)
        check.setAccessibleName(f"{place.name}. {', '.join(facts)}. {said}")
        check.toggled.connect(lambda now, place=place: self._toggled(place, on=now))
        words.addWidget(check)
        below = column(gap=px(3), margins=(px(28), 0, 0, 0))
        below.addWidget(text(look, " · ".join(facts), Role.SECONDARY, look.tokens.ink2))
        line = row(gap=px(7))
        line.addWidget(FactMark(look, mark, 14))
        line.addWidget(text(look, said, Role.SECONDARY, look.tokens.ink), 1)
        below.addLayout(line)
        for note in self._notes(place, probe):
            below.addWidget(text(look, note, Role.SECONDARY, look.tokens.ink2))
        if fixed:
            below.addWidget(text(look, t("steht schon im Plan"), Role.SECONDARY, look.tokens.ink2))
        elif on:
            away = QCheckBox(
                t("wird nur zum Sichern angesteckt und liegt sonst außer Haus")
                if place.is_near
                else t("steht außer Haus")
            )
            away.setFont(look.font(Role.SECONDARY))
            away.setMinimumHeight(px(28))
            away.setChecked(place.site is Site.AWAY)
            away.setAccessibleName(f"{place.name}: {away.text()}")
            away.toggled.connect(lambda now, place=place: self._carried(place, away=now))
            below.addWidget(away)
            if place.encrypted:
                below.addWidget(
                    text(look, t("wird verschlüsselt; lesbar mit dem Wiederherstellungsblatt"),
                         Role.SECONDARY, look.tokens.ink2)
                )  # fmt: skip
        words.addLayout(below)
        inside.addLayout(words, 1)
        made = QWidget()
        made.setLayout(inside)
        return made

    def _notes(self, place: Place, probe: Probe | None) -> list[str]:
        """What else a person should know of the place."""
        t = self.wizard.texts.t
        notes = [t(CONCERNS[one]) for one in (probe.concerns if probe else ()) if one in CONCERNS]
        if place.fingerprint and isinstance(place.location, SftpLocation):
            notes.append(
                t("Der Server weist sich aus mit {fingerprint}. Von nun an wird nur ihm geglaubt;"
                  " vergleichen Sie das einmal mit der Anzeige am Gerät.",
                  fingerprint=place.fingerprint)
            )  # fmt: skip
        return notes

    def _judged(
        self, place: Place, probe: Probe | None, verdict: CopyVerdict | None
    ) -> tuple[Mark, str]:
        t, lang = self.wizard.texts.t, self.wizard.texts.lang
        if probe is None:
            return Mark.RUN, t("Probe läuft …")
        if verdict is not None:
            for reason in COUNTS_NOT:
                if verdict.has(Reason(reason)):
                    return Mark.NONE, t(COUNTS_NOT[reason])
        if probe.finding is Finding.FAILED:
            return Mark.WARN, probe.said or t(FINDINGS[probe.finding])
        said = t(FINDINGS[probe.finding])
        if probe.up:
            said += ", " + rate(probe.up, lang)
        return (Mark.TICK if probe.passed else Mark.NONE), said

    def _toggled(self, place: Place, *, on: bool) -> None:
        wizard = self.wizard
        wizard.choose(
            drafts.with_place(wizard.draft, place)
            if on
            else drafts.without_place(wizard.draft, place.at)
        )
        self._show()

    def _carried(self, place: Place, *, away: bool) -> None:
        changed = drafts.carried_away(place, away=away)
        self._offered[place.at] = changed
        self.wizard.choose(drafts.with_place(self.wizard.draft, changed))
        self._show()

    def _show_meter(self) -> None:
        wizard, look, t = self.wizard, self.look, self.wizard.texts.t
        clear(self._meter)
        verdict = expected(
            wizard.draft, wizard.probes, wizard.source_devices, wizard.shop.clock.now()
        )
        names = {place.at: place.name for place in wizard.draft.places}
        counting = [one.facts for one in verdict.copies if one.counts]
        rows = (
            ("3", t("Kopien, das Original zählt mit"),
             [t("Original auf diesem PC"), *(names[one.destination] for one in counting)], 3),
            ("2", t("Arten von Speicher"), sorted({t(MEDIA[one.medium]) for one in counting}), 2),
            ("1", t("außer Haus"), [names[one] for one in verdict.away], 1),
        )  # fmt: skip
        missing = sum(max(0, need - len(filled)) for _, _, filled, need in rows)
        head = row(gap=look.px(8))
        head.addWidget(text(look, t("3-2-1-Regel"), Role.CARD, wrap=False))
        head.addStretch(1)
        open_words = wizard.texts.t("noch {n} offen", n=missing) if missing else t("geplant")
        head.addWidget(Chip(look, open_words, Mark.RUN))
        self._meter.addLayout(head)
        self._meter.addWidget(rule())
        for numeral, word, filled, need in rows:
            self._meter.addLayout(self._slots(numeral, word, filled, need))
        self._meter.addWidget(rule())
        self._show_survived(bool(counting), bool(verdict.away),
                            any(one.offline for one in counting))  # fmt: skip
        self._show_services()
        self._meter.addWidget(rule())
        note = t("Gezählt wird wirklich erst nach dem ersten Lauf, wenn zurückgelesen ist.")
        self._meter.addWidget(text(look, note, Role.HEAD, look.tokens.ink2))

    def _show_survived(self, *met: bool) -> None:
        """What the shop would live through, once the copies are made."""
        look, t = self.look, self.wizard.texts.t
        self._meter.addWidget(text(look, t("Damit übersteht Ihr Laden"), Role.HEAD,
                                   look.tokens.ink2))  # fmt: skip
        for is_met, risk, when in zip(
            met,
            (t("Plattenfehler"), t("Brand, Diebstahl"), t("Erpressersoftware")),
            (t("nach dem ersten Lauf"), t("nach dem ersten Lauf"), t("nach dem Abziehen")),
            strict=True,
        ):
            line = row(gap=look.px(8))
            line.addWidget(FactMark(look, Mark.SOON if is_met else Mark.NEVER, 14))
            line.addWidget(text(look, risk, Role.SECONDARY), 1)
            words = when if is_met else t("noch offen")
            line.addWidget(text(look, words, Role.HEAD, look.tokens.ink2))
            self._meter.addLayout(line)

    def _show_services(self) -> None:
        """Services are part of the shop, and no copy here holds them."""
        look, texts = self.look, self.wizard.texts
        services = self.wizard.draft.services
        if not services:
            return
        self._meter.addWidget(rule())
        names = ", ".join(one.name for one in services)
        line = row(gap=look.px(8))
        line.addWidget(FactMark(look, Mark.WARN, 14))
        words = texts.t("Noch nicht gesichert: {systems}", systems=names)
        line.addWidget(text(look, words, Role.SECONDARY), 1)
        self._meter.addLayout(line)

    def _slots(self, numeral: str, word: str, filled: list[str], need: int) -> QHBoxLayout:
        look, px, tokens = self.look, self.look.px, self.look.tokens
        line = row(gap=px(12))
        number = text(look, numeral, Role.NUMERAL, wrap=False)
        number.setFixedWidth(px(22))
        side = column()
        side.addWidget(number)
        side.addStretch(1)
        line.addLayout(side)
        words = column(gap=px(5))
        words.addWidget(text(look, word, Role.SECONDARY, tokens.ink2))
        for at in range(max(need, len(filled))):
            name = filled[at] if at < len(filled) else ""
            slot = text(look, name or self.wizard.texts.t("noch offen"), Role.SECONDARY,
                        tokens.ink if name else tokens.ink2)  # fmt: skip
            edge = f"1px solid {tokens.line2}" if name else f"1px dashed {tokens.ctl}"
            fill = tokens.surface if name else "transparent"
            colour = tokens.ink if name else tokens.ink2
            slot.setStyleSheet(
                f"border: {edge}; border-radius: {px(8)}px; background: {fill};"
                f" color: {colour}; padding: {px(4)}px {px(10)}px;"
            )
            words.addWidget(slot)
        line.addLayout(words, 1)
        return line
