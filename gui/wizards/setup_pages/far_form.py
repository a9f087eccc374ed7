"""A NAS or cloud for copies: typed in, tried out at once, taken only when it passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QWidget

from core.health.said import Mark
from core.plan.sentences import describe_problem
from core.setup.draft import Place
from core.setup.far import far_place, place_problem
from core.setup.places import Probe
from core.texts.setup import FAR_LACKS
from gui.jobs.port import Failure
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, field, frame, row, text
from gui.widgets.marks import FactMark
from gui.wizards.far_fields import FarFields

if TYPE_CHECKING:
    from gui.wizards.setup import SetupWizard


class FarPlaceForm(QWidget):
    """The form. `taken` is called with a place that passed its probe."""

    def __init__(
        self,
        look: Look,
        wizard: SetupWizard,
        taken: Callable[[Place, Probe], object],
        left: Callable[[], object],
    ) -> None:
        super().__init__()
        self._wizard, self._taken = wizard, taken
        t, px = wizard.texts.t, look.px
        self._is_busy = False
        inside = column(gap=px(6), margins=(px(18), px(16), px(18), px(16)))
        outer = column()
        self.setLayout(outer)
        outer.addWidget(frame("card", inside))
        inside.addWidget(text(look, t("NAS oder Cloud"), Role.CARD))
        self.typed = FarFields(look, wizard.texts, self.try_out)
        inside.addWidget(self.typed)
        inside.addWidget(text(look, t("Name für dieses Ziel"), Role.HEAD, look.tokens.ink2))
        self.name = field(look, t("Name für dieses Ziel"), t("etwa NAS im Lager"))
        self.name.setMaxLength(60)
        inside.addWidget(self.name)
        self.away = QCheckBox(t("steht außer Haus"))
        self.away.setFont(look.font(Role.BODY))
        self.away.setMinimumHeight(px(30))
        self.away.setAccessibleName(self.away.text())
        inside.addWidget(self.away)
        line = row(gap=px(8))
        self._mark = FactMark(look, Mark.NONE, 15)
        line.addWidget(self._mark)
        self.said = text(look, "", Role.SECONDARY)
        line.addWidget(self.said, 1)
        inside.addLayout(line)
        buttons = row(gap=px(10))
        self.go = button(look, t("Ausprobieren"), self.try_out)
        buttons.addWidget(self.go)
        buttons.addWidget(button(look, t("Doch nicht"), left, kind="link"))
        buttons.addStretch(1)
        inside.addLayout(buttons)
        self.typed.kind.currentIndexChanged.connect(self._kind_chosen)
        self._kind_chosen()

    def _kind_chosen(self) -> None:
        self.away.setChecked(self.typed.is_usually_away)
        self._say(Mark.NONE, "")

    def _say(self, mark: Mark, words: str) -> None:
        self._mark.set_mark(mark)
        self._mark.setVisible(bool(words))
        self.said.setText(words)
        self.said.setVisible(bool(words))

    def _set_busy(self, *, busy: bool) -> None:
        self._is_busy = busy
        self.go.setEnabled(not busy)

    def try_out(self) -> None:
        """Keep the password, try the place, take it when it passed; else forget the password."""
        if self._is_busy:
            return
        texts = self._wizard.texts
        lack = self.typed.lack()
        if lack is not None:
            self._say(Mark.WARN, texts.t(FAR_LACKS[lack]))
            self.typed.point_at(lack)
            return
        form = self.typed.form(name=self.name.text(), is_away=self.away.isChecked())
        place = far_place(form, self._wizard.draft.places)
        problem = place_problem(place)
        if problem is not None:
            self._say(Mark.WARN, describe_problem(texts, problem))
            return
        self._set_busy(busy=True)
        self._say(Mark.RUN, texts.t("Probe läuft: schreiben, zurücklesen, löschen …"))

        def kept(exit_code: int, failure: Failure | None) -> None:
            if failure is not None:
                self._set_busy(busy=False)
                self._say(Mark.BAD, f"{failure.sentence} {failure.next_step}")
                return
            self._wizard.probe_far(place, self._tried)

        password = self.typed.password
        if password:
            self._wizard.ask(("secret", "set", _secret(place)), kept, typed=password + "\n")
        else:
            kept(0, None)

    def _tried(self, probe: Probe, place: Place) -> None:
        if probe.passed:
            self._set_busy(busy=False)
            self.typed.clear()
            self.name.clear()
            self._say(Mark.NONE, "")
            self._taken(place, probe)
            return
        words = probe.said or self._wizard.texts.t("Das ging nicht.")

        def forgotten(exit_code: int, failure: Failure | None) -> None:
            self._set_busy(busy=False)  # not before: the next try keeps another password
            self._say(Mark.BAD, words)

        self._wizard.ask(("secret", "forget", _secret(place)), forgotten)


def _secret(place: Place) -> str:
    """The name its password is kept under (core.plan.model.Destination.password)."""
    return f"{place.id}.password"
