"""The recovery sheet: as a PDF for the printer, proven by typing it off the paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QRectF, QStandardPaths, Qt, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.health.said import Mark
from core.secrets.recovery import GROUPS, Mistake
from core.texts.formats import date
from core.texts.slips import describe_mistake
from gui.jobs.port import Event, Failure, Told
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, row, rule, text
from gui.widgets.code_groups import mistake_of, sheet_lines
from gui.widgets.marks import FactMark
from gui.wizards.setup_pages.parts import SetupPage

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard

_PAPER_WIDTH = 306
_WIDE_LINE = 1.2


class SheetPage(SetupPage):
    """At the left what the paper looks like, without its lines; at the right what was typed."""

    def __init__(self, look: Look, wizard: SetupWizard) -> None:
        t = wizard.texts.t
        super().__init__(
            look, wizard, t("Liegt das Wiederherstellungsblatt auf Papier?"),
            t("Verschlüsselte Kopien öffnet nur dieses Blatt. Drucken Sie es, und tippen Sie es"
              " einmal ab: Klappt das hier, klappt es auch im Notfall."),
        )  # fmt: skip
        px = look.px
        narrow = look.scale > _WIDE_LINE
        both = column(gap=px(24)) if narrow else row(gap=px(36))
        left = column(gap=px(10))
        self.paper = Paper(look)
        if not narrow:
            left.addWidget(self.paper)
        self.paper.setVisible(not narrow)
        line = row()
        line.addWidget(button(look, t("Blatt als PDF öffnen"), self._print, icon="printer"))
        line.addStretch(1)
        left.addLayout(line)
        self._printed = text(look, "", Role.SECONDARY, look.tokens.ink2)
        left.addWidget(self._printed)
        left.addStretch(1)
        holder = QWidget()
        holder.setLayout(left)
        if not narrow:
            holder.setFixedWidth(px(_PAPER_WIDTH))
        both.addWidget(holder)
        both.addLayout(self._typing(), 1)
        self.body.addLayout(both)
        self.body.addStretch(1)

    def _typing(self) -> QVBoxLayout:
        look, t, px = self.look, self.wizard.texts.t, self.look.px
        right = column(gap=px(14))
        self.lines = sheet_lines(look, self.wizard.texts)
        for one in self.lines:
            one.textChanged.connect(self._typed)
            right.addWidget(one)
        right.addWidget(
            text(look, t("Groß oder klein ist egal, Striche dürfen fehlen. Die Prüfzeile sagt,"
                         " welche Gruppe nicht stimmt."), Role.SECONDARY, look.tokens.ink2)
        )  # fmt: skip
        line = row(gap=px(12))
        self.prove = button(look, t("Probedatei öffnen"), self._prove)
        line.addWidget(self.prove)
        self._lacking = text(look, "", Role.SECONDARY, look.tokens.ink2)
        line.addWidget(self._lacking, 1)
        right.addLayout(line)
        right.addWidget(rule())
        result = row(gap=px(8))
        self._mark = FactMark(look, Mark.NEVER, 16)
        result.addWidget(self._mark)
        self.said = text(look, "", Role.BODY)
        result.addWidget(self.said, 1)
        right.addLayout(result)
        right.addStretch(1)
        return right

    # -- showing ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Show how far it is."""
        texts, draft = self.wizard.texts, self.wizard.draft
        today = date(self.wizard.shop.clock.now(), texts.lang, now=None)
        names = ", ".join(one.name for one in draft.places if one.encrypted)
        self.paper.show_words(
            texts.t("Wiederherstellungsblatt"),
            " · ".join(one for one in (draft.shop, today) if one),
            texts.t("Was Sie brauchen"),
            texts.t("Eine Kopie: {names}. Dieses Blatt. Mehr nicht.", names=names),
            texts.t("steht nur auf dem Papier"),
        )
        self._show_state()
        self._typed()
        self.lines[0].setFocus()

    def _show_state(self) -> None:
        t = self.wizard.texts.t
        if self.wizard.draft.is_sheet_proven:
            self._tell(Mark.TICK, t("Das Blatt stimmt: Die Probedatei ging damit auf."))
        else:
            self._tell(
                Mark.NEVER,
                t("Noch nicht geprüft. Sie dürfen weitergehen; bis dahin erinnert die Übersicht"
                  " daran."),
            )  # fmt: skip

    def _tell(self, mark: Mark, words: str) -> None:
        self._mark.set_mark(mark)
        self.said.setText(words)

    def _typed(self) -> None:
        """The button is there once both lines are; the reason why not stands beside it."""
        missing = 2 * GROUPS - sum(one.filled for one in self.lines[:2])
        self.prove.setEnabled(missing == 0)
        n = self.wizard.texts.n
        self._lacking.setText(n("Noch eine Gruppe", "Noch {n} Gruppen", missing) if missing else "")
        for one in self.lines:
            one.judge(Mark.NONE, "")

    # -- printing -----------------------------------------------------------------------------

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

    # -- proving ------------------------------------------------------------------------------

    def _prove(self) -> None:
        t = self.wizard.texts.t
        told: list[Mistake] = []

        def heard(event: Event) -> None:
            if isinstance(event, Told) and event.kind == "mistake":
                told.append(mistake_of(event.fields))

        def done(exit_code: int, failure: Failure | None) -> None:
            self._typed()
            good = failure is None and exit_code == 0
            if good:
                for one in self.lines:
                    one.clear()
                self.wizard.choose(msgspec.structs.replace(self.wizard.draft, is_sheet_proven=True))
                self._show_state()
                self.wizard.frame.next.setFocus()
                return
            said = "\n".join(describe_mistake(self.wizard.texts, one) for one in told)
            self._tell(Mark.BAD, said or (failure.sentence if failure else t("Das ging nicht.")))
            self._point_at(told)

        self.prove.setEnabled(False)
        self._tell(Mark.RUN, t("Die Probedatei wird geöffnet …"))
        typed = "\n".join(one.text() for one in self.lines) + "\n"
        self.wizard.ask(("key", "prove"), done, typed=typed, heard=heard)

    def _point_at(self, mistakes: list[Mistake]) -> None:
        """Which groups to compare with the paper; never which sign."""
        for number, line in enumerate(self.lines, 1):
            bad = [one.group for one in mistakes if one.line == number]
            if bad:
                line.judge(Mark.BAD, self.wizard.texts.t("bitte vergleichen"), bad)
        first = next((one for one in mistakes if 1 <= one.line <= len(self.lines)), None)
        if first is not None:
            self.lines[first.line - 1].groups[max(0, first.group - 1)].setFocus()


class Paper(QWidget):
    """The sheet as it will lie on the table; its lines are only hinted at, nobody copies them."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        px, tokens = look.px, look.tokens
        lines = column(gap=px(6), margins=(px(24), px(24), px(24), px(20)))
        self.setLayout(lines)
        ink = "#000000" if tokens.is_high_contrast else "#221E19"
        roles = (Role.CARD, Role.HEAD, Role.HEAD, Role.HEAD)
        self._words = [text(look, "", role, ink) for role in roles]
        for one in self._words[:2]:
            lines.addWidget(one)
        lines.addSpacing(px(10))
        for one in self._words[2:]:
            lines.addWidget(one)
        lines.addSpacing(px(8))
        lines.addWidget(_Blocks(look))
        self._note = text(look, "", Role.HEAD, ink)
        lines.addWidget(self._note)
        lines.addStretch(1)
        self.setMinimumHeight(px(270))

    def show_words(self, *words: str) -> None:
        """Title, shop and date, a heading, what it says; last the note below the blocks."""
        for label, said in zip((*self._words, self._note), words, strict=True):
            label.setText(said)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        tokens = self._look.tokens
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(QPen(QColor(tokens.line2), 1))
        p.setBrush(
            QColor("#EFE9DD" if tokens.is_dark and not tokens.is_high_contrast else "#FFFFFF")
        )
        p.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        p.end()


class _Blocks(QWidget):
    """Two lines of six grey blocks where the paper has its groups."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(look.px(50))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor("#D9CFC1"))
        step = self.width() / GROUPS
        for line in range(2):
            for number in range(GROUPS):
                p.drawRoundedRect(
                    QRectF(number * step, line * self._look.px(28), step - self._look.px(6),
                           self._look.px(18)), 2, 2,
                )  # fmt: skip
        p.end()
