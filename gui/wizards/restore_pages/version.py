"""What was found: its versions, a look into them, and from where to where it would come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from core.texts.formats import date_time, short_date
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, frame, row, rule, text
from gui.widgets.version_line import VersionLine
from gui.wizards.hits import (
    FoundEntry,
    StateEntry,
    state_notes,
    version_notes,
    version_title,
)
from gui.wizards.preview import Preview

if TYPE_CHECKING:
    from gui.wizards.restore import RestoreWizard


class VersionCard(QWidget):
    """What was found, its versions, and from where to where it would come."""

    def __init__(self, look: Look, wizard: RestoreWizard) -> None:
        super().__init__()
        self._look, self._wizard = look, wizard
        self._hit: FoundEntry | None = None
        px, tokens, t = look.px, look.tokens, wizard.texts.t
        outer = column()
        self.setLayout(outer)
        self._pages = QStackedWidget()
        outer.addWidget(self._pages)
        empty = column(margins=(px(24), px(24), px(24), px(24)))
        empty.addStretch(1)
        hint = text(
            look, t("Rechts stehen dann alle Fassungen mit ihrem Datum."), Role.BODY, tokens.ink2
        )
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.addWidget(hint)
        empty.addStretch(1)
        self._pages.addWidget(frame("inset", empty))
        inside = column(gap=px(4), margins=(px(24), px(22), px(24), px(18)))
        self._title = text(look, "", Role.CARD)
        self._second = text(look, "", Role.SECONDARY, tokens.ink2)
        inside.addWidget(self._title)
        inside.addWidget(self._second)
        inside.addSpacing(px(12))
        self.line = VersionLine(look)
        inside.addWidget(self.line)
        inside.addSpacing(px(8))
        inside.addWidget(rule())
        inside.addSpacing(px(14))
        self._when = text(look, "", Role.STRONG)
        self._notes = text(look, "", Role.BODY, tokens.ink2)
        inside.addWidget(self._when)
        inside.addWidget(self._notes)
        inside.addSpacing(px(10))
        self.preview = Preview(look, wizard)
        inside.addWidget(self.preview)
        inside.addStretch(1)
        foot = row(gap=px(16))
        words = column(gap=px(2))
        self._source = text(look, "", Role.MEDIUM)
        self._into = text(look, "", Role.SECONDARY, tokens.ink2)
        words.addWidget(self._source)
        words.addWidget(self._into)
        foot.addLayout(words, 1)
        foot.addWidget(button(look, t("Ändern"), wizard.show_where, kind="link"))
        inside.addLayout(foot)
        self._pages.addWidget(frame("card", inside))

    def show_nothing(self) -> None:
        """Nothing is chosen."""
        self.preview.forget()
        self._pages.setCurrentIndex(0)

    def show_hit(self, hit: FoundEntry) -> None:
        """A file or folder with its versions, the likeliest chosen."""
        texts, t = self._wizard.texts, self._wizard.texts.t
        now = self._wizard.shop.clock.now()
        same = self._hit is hit
        self._hit = hit
        self._pages.setCurrentIndex(1)
        self._title.setText(hit.name)
        self._second.setText(
            hit.folder
            if hit.is_folder
            else t("Jeder Punkt ist eine Fassung, die sich zurückholen lässt.")
        )
        at = self.line.at if same else hit.suggested
        moments = [one.began for one in hit.versions]
        labels = [short_date(one.moment, texts.lang, now=now) for one in hit.versions]
        gone = ""
        if hit.is_gone:
            gone = t("danach gelöscht")
        self.line.setVisible(not hit.is_folder)
        self.line.show_versions(moments, labels, at, gone, t("Fassungen von {name}", name=hit.name))
        self.show_version(at)
        self._show_way()

    def show_version(self, at: int) -> None:
        """Tell of one version."""
        hit, texts = self._hit, self._wizard.texts
        if hit is None:
            return
        version = hit.versions[at]
        if hit.is_folder:
            self._when.setText(texts.t("wie am {date}", date=date_time(version.began, texts.lang)))
        else:
            self._when.setText(texts.t("Geändert {date}", date=version_title(version, texts)))
        if hit.is_folder:
            self.preview.forget()
        else:
            self.preview.offer(hit.name, hit.raw, version.run, version.bytes)
        notes = version_notes(hit, at, texts)
        self._notes.setText(notes)
        self.line.setAccessibleDescription(f"{version_title(version, texts)}, {notes}")

    def show_state(self, state: StateEntry, system: str) -> None:
        """A whole system as of a state."""
        texts = self._wizard.texts
        self._hit = None
        self.preview.forget()
        self._pages.setCurrentIndex(1)
        self.line.hide()
        self._title.setText(system)
        self._second.setText(texts.t("alles, was gesichert ist"))
        self._when.setText(date_time(state.moment, texts.lang))
        self._notes.setText(state_notes(state, texts))
        self._show_way()

    def _show_way(self) -> None:
        t, choice = self._wizard.texts.t, self._wizard.choice
        name = self._wizard.destination_name(choice.destination)
        self._source.setText(t("Aus der Kopie „{name}“", name=name))
        self._into.setText(
            t("an den alten Platz, geprüft in {path}", path=choice.into)
            if choice.in_place
            else t("in einen neuen Ordner: {path}", path=choice.into)
        )
