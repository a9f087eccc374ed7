"""The pages of the set-up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QCheckBox, QFileDialog, QHBoxLayout, QWidget

from core.health.expected import expected
from core.health.model import CopyVerdict, Reason
from core.health.said import Mark
from core.secrets.recovery import Mistake, Slip
from core.setup import draft as drafts
from core.setup.draft import Place
from core.setup.places import Probe
from core.texts.answers import MEDIA
from core.texts.formats import size
from core.texts.setup import COUNTS_NOT, FINDINGS
from core.texts.slips import describe_mistake
from gui.jobs.port import Event, Failure, Told
from gui.theme.look import Look, Role
from gui.widgets.basics import button, clear, column, field, frame, row, rule, text
from gui.widgets.figures import Chip
from gui.widgets.marks import FactMark
from gui.wizards.frame import WizardPage, sheet_lines
from gui.wizards.volumes import likely_folders, place_in, place_on, volumes

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class _SetupPage(WizardPage):
    def __init__(self, look: Look, wizard: SetupWizard, title: str, lead: str) -> None:
        super().__init__(look)
        self.wizard = wizard
        self.body.addWidget(text(look, title, Role.WIZARD))
        self.body.addSpacing(look.px(6))
        self.body.addWidget(text(look, lead, Role.LEAD, look.tokens.ink2))
        self.body.addSpacing(look.px(22))

    def begin(self) -> None:
        """The step is shown."""


class ShopPage(_SetupPage):
    """Name of the shop and the folders it lives on."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Wovon lebt Ihr Laden?"),
            t("Wählen Sie die Ordner dieses PCs, ohne die Sie morgen nicht aufmachen könnten."),
        )  # fmt: skip
        px = look.px
        self.body.addWidget(text(look, t("Name Ihres Ladens"), Role.STRONG))
        self.body.addSpacing(px(6))
        self.name = field(look, t("Name Ihres Ladens"), t("etwa Feinkost Maier"))
        self.name.setMaxLength(80)
        self.name.setMaximumWidth(px(420))
        self.name.setText(wizard.draft.shop)
        self.name.textChanged.connect(self._named)
        self.body.addWidget(self.name)
        self.body.addSpacing(px(22))
        self.body.addWidget(text(look, t("Ordner"), Role.STRONG))
        self.body.addSpacing(px(4))
        self._folders = column(gap=px(4))
        self.body.addLayout(self._folders)
        self.body.addSpacing(px(8))
        line = row()
        line.addWidget(button(look, t("Ordner hinzufügen …"), self._pick, icon="plus"))
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addSpacing(px(16))
        self.body.addWidget(
            text(look, t("Datenbanken, die gerade laufen, gehören mit ihrer eigenen Sicherung in"
                         " einen dieser Ordner. Dienste im Netz wie Shopify sichert diese Fassung"
                         " noch nicht."), Role.SECONDARY, look.tokens.ink2)
        )  # fmt: skip
        self.body.addStretch(1)

    def begin(self) -> None:
        """Show what is chosen and what is likely."""
        self._show()
        self.name.setFocus()

    def _named(self, words: str) -> None:
        self.wizard.choose(msgspec.structs.replace(self.wizard.draft, shop=words.strip()))

    def _show(self) -> None:
        clear(self._folders)
        chosen = self.wizard.draft.folders
        for folder in dict.fromkeys([*chosen, *likely_folders()]):
            made = QCheckBox(folder)
            made.setFont(self.look.font(Role.BODY))
            made.setMinimumHeight(self.look.px(32))
            made.setAccessibleName(folder)
            made.setChecked(folder in chosen)
            made.toggled.connect(lambda on, folder=folder: self._toggled(folder, on=on))
            self._folders.addWidget(made)

    def _toggled(self, folder: str, *, on: bool) -> None:
        change = drafts.with_folder if on else drafts.without_folder
        self.wizard.probes.clear()
        self.wizard.choose(change(self.wizard.draft, folder))

    def _pick(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.wizard.texts.t("Ordner hinzufügen"))
        if folder:
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """One more folder."""
        self._toggled(str(Path(folder)), on=True)
        self._show()


class PlacesPage(_SetupPage):
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
        left.addLayout(self._rows)
        left.addSpacing(px(10))
        line = row()
        add = button(look, t("Anderen Ordner wählen …"), self._pick, kind="link")
        line.addWidget(add)
        line.addStretch(1)
        left.addLayout(line)
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
            self._offered[place.folder] = place
        self._show()
        for place in self._offered.values():
            if place.folder not in self.wizard.probes:
                self.wizard.probe_place(place.folder, self._show)

    def _pick(self) -> None:
        t = self.wizard.texts.t
        folder = QFileDialog.getExistingDirectory(self, t("Ordner für Kopien"))
        if folder:
            self.add_place(folder)

    def add_place(self, folder: str) -> None:
        """A folder a person named; chosen at once."""
        place = self._offered.setdefault(folder, place_in(folder))
        self._offered[place.folder] = place
        self.wizard.choose(drafts.with_place(self.wizard.draft, place))
        self._show()
        self.wizard.probe_place(place.folder, self._show)

    # -- showing ------------------------------------------------------------------------------

    def _show(self) -> None:
        wizard = self.wizard
        focused = QApplication.focusWidget()
        name = "" if focused is None else focused.accessibleName()
        clear(self._rows)
        chosen = {place.folder: place for place in wizard.draft.places}
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
        check.setEnabled(on or probe is None or probe.passed)
        facts = [t(MEDIA[place.medium]), place.folder]
        if probe is not None and probe.free:
            facts.append(t("{size} frei", size=size(probe.free, texts.lang)))
        mark, said = self._judged(probe, verdict)
        check.setAccessibleName(f"{place.name}. {', '.join(facts)}. {said}")
        check.toggled.connect(lambda now, place=place: self._toggled(place, on=now))
        words.addWidget(check)
        below = column(gap=px(3), margins=(px(28), 0, 0, 0))
        below.addWidget(text(look, " · ".join(facts), Role.SECONDARY, look.tokens.ink2))
        line = row(gap=px(7))
        line.addWidget(FactMark(look, mark, 14))
        line.addWidget(text(look, said, Role.SECONDARY, look.tokens.ink), 1)
        below.addLayout(line)
        if on:
            away = QCheckBox(t("wird nur zum Sichern angesteckt und liegt sonst außer Haus"))
            away.setFont(look.font(Role.SECONDARY))
            away.setMinimumHeight(px(28))
            away.setChecked(place.offline)
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

    def _judged(self, probe: Probe | None, verdict: CopyVerdict | None) -> tuple[Mark, str]:
        t = self.wizard.texts.t
        if probe is None:
            return Mark.RUN, t("Probe läuft …")
        if verdict is not None:
            for reason in (Reason.DEVICE_OF_SOURCE, Reason.DEVICE_OF_COPY):
                if verdict.has(reason):
                    return Mark.NONE, t(COUNTS_NOT[reason])
        passed = probe.passed
        return (Mark.TICK if passed else Mark.NONE), t(FINDINGS[probe.finding])

    def _toggled(self, place: Place, *, on: bool) -> None:
        wizard = self.wizard
        wizard.choose(
            drafts.with_place(wizard.draft, place)
            if on
            else drafts.without_place(wizard.draft, place.folder)
        )
        self._show()

    def _carried(self, place: Place, *, away: bool) -> None:
        changed = drafts.carried_away(place, away=away)
        self._offered[place.folder] = changed
        self.wizard.choose(drafts.with_place(self.wizard.draft, changed))
        self._show()

    def _show_meter(self) -> None:
        wizard, look, t = self.wizard, self.look, self.wizard.texts.t
        clear(self._meter)
        verdict = expected(
            wizard.draft, wizard.probes, wizard.source_devices, wizard.shop.clock.now()
        )
        names = {place.folder: place.name for place in wizard.draft.places}
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
        note = t("Gezählt wird wirklich erst nach dem ersten Lauf, wenn zurückgelesen ist.")
        self._meter.addWidget(text(look, note, Role.HEAD, look.tokens.ink2))

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


class SheetPage(_SetupPage):
    """The recovery sheet: as a PDF for the printer, proven by typing it off."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Das Wiederherstellungsblatt"),
            t("Verschlüsselte Kopien öffnet nur dieses Blatt. Drucken Sie es, und tippen Sie es"
              " einmal ab: Klappt das hier, klappt es auch im Notfall."),
        )  # fmt: skip
        px = look.px
        self.body.addWidget(text(look, t("1. Drucken"), Role.STRONG))
        self.body.addSpacing(px(6))
        line = row(gap=px(12))
        line.addWidget(button(look, t("Blatt als PDF öffnen"), self._print, icon="printer"))
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addSpacing(px(4))
        self._printed = text(look, "", Role.SECONDARY, look.tokens.ink2)
        self.body.addWidget(self._printed)
        self.body.addSpacing(px(20))
        self.body.addWidget(text(look, t("2. Vom Papier abtippen"), Role.STRONG))
        self.body.addSpacing(px(6))
        self.lines = sheet_lines(look, self.wizard.texts)
        for one in self.lines:
            one.setMaximumWidth(px(520))
            self.body.addWidget(one)
            self.body.addSpacing(px(8))
        line = row(gap=px(12))
        self.prove = button(look, t("Probedatei öffnen"), self._prove)
        line.addWidget(self.prove)
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addSpacing(px(10))
        result = row(gap=px(8))
        self._mark = FactMark(look, Mark.NEVER, 16)
        result.addWidget(self._mark)
        self.said = text(look, t("noch nicht geprüft"), Role.BODY)
        result.addWidget(self.said, 1)
        self.body.addLayout(result)
        self.body.addStretch(1)

    def _print(self) -> None:
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        folder = Path(place) if place and Path(place).is_dir() else Path.home()
        target = folder / "Wiederherstellungsblatt.pdf"
        number = 2
        while target.exists():
            target = folder / f"Wiederherstellungsblatt ({number}).pdf"
            number += 1
        t = self.wizard.texts.t

        def done(exit_code: int, failure: Failure | None) -> None:
            if failure is not None or exit_code:
                self._printed.setText(failure.sentence if failure else t("Das ging nicht."))
                return
            self._printed.setText(
                t("Liegt in {path}. Löschen Sie die Datei nach dem Drucken: Wer sie hat, kann Ihre"
                  " Kopien lesen.", path=target)
            )  # fmt: skip
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(target)))

        self.wizard.ask(("key", "show", "--pdf", str(target)), done)

    def _prove(self) -> None:
        t = self.wizard.texts.t
        told: list[str] = []

        def heard(event: Event) -> None:
            if isinstance(event, Told) and event.kind == "mistake":
                told.append(_slip(self.wizard, event))

        def done(exit_code: int, failure: Failure | None) -> None:
            self.prove.setEnabled(True)
            good = failure is None and exit_code == 0
            self._mark.set_mark(Mark.TICK if good else Mark.BAD)
            if good:
                for one in self.lines:
                    one.clear()
                self.said.setText(t("Das Blatt stimmt: Die Probedatei ging damit auf."))
            else:
                self.said.setText("\n".join(told) or (failure.sentence if failure else ""))

        self.prove.setEnabled(False)
        self._mark.set_mark(Mark.RUN)
        self.said.setText(t("Die Probedatei wird geöffnet …"))
        typed = "\n".join(one.text() for one in self.lines) + "\n"
        self.wizard.ask(("key", "prove"), done, typed=typed, heard=heard)


def _slip(wizard: SetupWizard, event: Told) -> str:
    numbers = ("line", "group", "other_line", "other_group")
    line, group, other_line, other_group = (int(str(event.fields.get(n, 0))) for n in numbers)
    slip = Slip(str(event.fields["mistake"]))
    return describe_mistake(wizard.texts, Mistake(slip, line, group, (other_line, other_group)))
