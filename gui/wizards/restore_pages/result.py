"""What came back, checked; what did not, with its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QVBoxLayout

from core.health.said import Mark
from core.texts.formats import date_time, size
from gui.jobs.port import Ended, Failure, Fields, Progress
from gui.theme.look import Look, Role
from gui.widgets.basics import clear, column, row, text
from gui.widgets.marks import FactMark
from gui.wizards.frame import WizardPage, choice
from gui.wizards.hits import amount

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard


class ResultPage(WizardPage):
    """What came back, checked; what did not, with its reason."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__(look)
        self._wizard = wizard
        self.has_files = False
        self._failure: Failure | None = None
        self._chosen: dict[str, None] = {}
        px, tokens = look.px, look.tokens
        head = row(gap=px(14))
        self._mark = FactMark(look, Mark.RUN, 26)
        head.addWidget(self._mark)
        self.title = text(look, "", Role.WIZARD)
        head.addWidget(self.title, 1)
        self.body.addLayout(head)
        self.body.addSpacing(px(8))
        self.lead = text(look, "", Role.LEAD, tokens.ink2)
        self.body.addWidget(self.lead)
        self.body.addSpacing(px(20))
        self._details = column(gap=px(6))
        self.body.addLayout(self._details)
        self.body.addStretch(1)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    def begin(self) -> None:
        """The job begins."""
        t = self._wizard.texts.t
        self.has_files, self._failure = False, None
        self._chosen.clear()
        self._mark.set_mark(Mark.RUN)
        self.title.setText(t("Wird zurückgeholt …"))
        self.lead.setText(t("Jede Datei wird beim Schreiben mit ihrer Prüfsumme verglichen."))
        clear(self._details)
        self._timer.start(100)

    def progress(self, event: Progress) -> None:
        """So much has come."""
        self.lead.setText(
            self._wizard.texts.t(
                "Bisher {amount}. Jede Datei wird mit ihrer Prüfsumme verglichen.",
                amount=amount(event.files, event.bytes, self._wizard.texts),
            )
        )

    def failed(self, failure: Failure) -> None:
        """An error was told."""
        self._failure = self._failure or failure

    def noted(self, fields: Fields) -> None:
        """Something to know about the state that was taken."""
        t = self._wizard.texts.t
        words = {
            "state_partial": t("Der Stand ist unvollständig: In ihm können Dateien fehlen."),
            "state_suspect": t("Der Stand entstand, als ungewöhnlich viel verändert war."),
        }.get(str(fields.get("note", "")))
        if words:
            self._detail(Mark.WARN, words)

    def restored(self, fields: Fields) -> None:
        """What came back."""
        texts, t = self._wizard.texts, self._wizard.texts.t
        files, size_bytes = int(str(fields.get("files", 0))), int(str(fields.get("bytes", 0)))
        failed = fields.get("failed")
        bad = failed if isinstance(failed, list) else []
        self.has_files = files > 0 or not bad
        self._mark.set_mark(Mark.WARN if bad else Mark.TICK)
        self.title.setText(
            t("Zurückgeholt, aber nicht alles.") if bad else t("Zurückgeholt und geprüft.")
        )
        said = texts.n(
            "Eine Datei, {size}. Sie stimmt mit ihrer Prüfsumme überein.",
            "{n} Dateien, {size}. Jede stimmt mit ihrer Prüfsumme überein.",
            files,
            size=size(size_bytes, texts.lang),
        )
        self.lead.setText(said)
        self._detail(Mark.NONE, t("Hier liegt es: {path}", path=fields.get("into", "")))
        for one in bad[:20]:
            path = str(one.get("path", "")) if isinstance(one, dict) else ""
            self._detail(Mark.BAD, t("Beschädigt, nicht zurückgeholt: {path}", path=path))
        if bad:
            self._detail(Mark.NONE, t("Versuchen Sie es aus einer anderen Kopie."))
        self._left_out(fields)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The files a person ticked to replace what stands at their old place, as `raw`."""
        return tuple(self._chosen)

    def placed(self, fields: Fields) -> None:
        """What became of it at its old place; what stands there and differs is asked for."""
        n, t = self._wizard.texts.n, self._wizard.texts.t
        count, same = (int(str(fields.get(name, 0))) for name in ("placed", "same"))
        replaced, still, refused = (
            _entries(fields, one) for one in ("replaced", "open", "refused")
        )
        if count:
            words = n("Eine Datei liegt wieder an ihrem Platz.",
                      "{n} Dateien liegen wieder an ihrem Platz.", count)  # fmt: skip
            self._detail(Mark.TICK, words)
        if same:
            words = n("Eine Datei stand schon gleich dort.",
                      "{n} Dateien standen schon gleich dort.", same)  # fmt: skip
            self._detail(Mark.TICK, words)
        if replaced:
            words = n("Eine Datei ist ersetzt. Was dort stand, liegt in {path}",
                      "{n} Dateien sind ersetzt. Was dort stand, liegt in {path}",
                      len(replaced), path=fields.get("aside", ""))  # fmt: skip
            self._detail(Mark.TICK, words)
        for one in refused[:20]:
            self._detail(Mark.WARN, t("Blieb in dem neuen Ordner: {path}", path=one.get("path")))
        if still:
            self.title.setText(t("Zurückgeholt. Wo schon etwas steht, entscheiden Sie."))
            self._mark.set_mark(Mark.WARN)
            self._details.addSpacing(self.look.px(10))
            self._details.addWidget(text(self.look, t("Dort stehen andere Fassungen. Sie bleiben,"
                                                      " außer Sie kreuzen sie an."),
                                         Role.STRONG))  # fmt: skip
        for one in still[:200]:
            self._details.addLayout(self._question(one))

    def _question(self, one: Fields) -> QVBoxLayout:
        """A file that differs from what came back: when each was changed, whether to replace."""
        t, lang = self._wizard.texts.t, self._wizard.texts.lang

        def said(prefix: str) -> str:
            moment = datetime.fromtimestamp(int(str(one.get(f"{prefix}mtime_ns", 0))) / 1e9, UTC)
            amount = size(int(str(one.get(f"{prefix}bytes", 0))), lang)
            return f"{date_time(moment, lang)}, {amount}"

        note = t("dort: {here} · zurückgeholt: {back}", here=said("here_"), back=said(""))
        if one.get("why") == "newer":
            note = f"{t('dort steht die neuere Fassung')} · {note}"
        made = QCheckBox()
        raw = str(one.get("raw", ""))
        line = choice(self.look, made, str(one.get("path", "")), note)
        made.toggled.connect(lambda on: self._ticked(raw, on=on))
        return line

    def _ticked(self, raw: str, *, on: bool) -> None:
        if on:
            self._chosen[raw] = None
        else:
            self._chosen.pop(raw, None)
        self._wizard.show_replacing()

    def _left_out(self, fields: Fields) -> None:
        n = self._wizard.texts.n
        skipped, renamed = fields.get("skipped"), fields.get("renamed")
        if isinstance(skipped, list) and skipped:
            words = n(
                "Ein Eintrag war schon beim Sichern nicht lesbar und fehlt.",
                "{n} Einträge waren schon beim Sichern nicht lesbar und fehlen.",
                len(skipped),
            )
            self._detail(Mark.WARN, words)
        if isinstance(renamed, list) and renamed:
            words = n(
                "Ein Name geht auf diesem PC nicht; die Datei heißt hier anders.",
                "{n} Namen gehen auf diesem PC nicht; die Dateien heißen hier anders.",
                len(renamed),
            )
            self._detail(Mark.WARN, words)

    def ended(self, event: Ended) -> None:
        """The job is over."""
        t = self._wizard.texts.t
        self._timer.stop()
        if self._failure is not None and not self.has_files:
            self._mark.set_mark(Mark.WARN)
            self.title.setText(self._failure.sentence)
            self.lead.setText(self._failure.next_step)
        elif self._failure is not None:
            self._mark.set_mark(Mark.WARN)
            self._detail(Mark.WARN, f"{self._failure.sentence} {self._failure.next_step}")
        elif event.exit == 130:
            self._mark.set_mark(Mark.NONE)
            self.title.setText(t("Abgebrochen."))
            self.lead.setText(t("Was schon da ist, liegt in {path}", path=self._wizard.choice.into))
        elif event.report:
            self._mark.set_mark(Mark.WARN)
            self.title.setText(t("Das ging nicht."))
            self.lead.setText(event.report)

    def _detail(self, mark: Mark, words: str) -> None:
        line = row(gap=self.look.px(10))
        line.addWidget(FactMark(self.look, mark, 15))
        line.addWidget(text(self.look, words, Role.BODY, self.look.tokens.ink), 1)
        self._details.addLayout(line)

    def _turn(self) -> None:
        if self.isVisible():
            self._mark.turn = (self._mark.turn + 100 / 1600) % 1
            self._mark.update()


def _entries(fields: Fields, name: str) -> list[Fields]:
    """A list of files in an event."""
    found = fields.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
