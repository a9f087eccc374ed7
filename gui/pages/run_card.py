"""A job that goes on, with its phases; afterwards how it ended."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from core.health.said import Mark
from core.texts import Texts
from core.texts.formats import count, measured, rate, size
from core.texts.names import EXITS
from gui.jobs.backup_run import RunView
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, frame, row, text
from gui.widgets.figures import PhaseBar
from gui.widgets.marks import FactMark

_TURN_MS = 100


class RunCard(QWidget):
    """A job that goes on, with its phases; afterwards how it ended."""

    def __init__(self, look: Look, shop: Shop) -> None:
        super().__init__()
        self._look, self._shop = look, shop
        t, px, tokens = shop.texts.t, look.px, look.tokens
        inside = column(gap=px(8), margins=(px(22), px(16), px(18), px(16)))
        outer = column()
        outer.addWidget(frame("card", inside))
        self.setLayout(outer)
        head = row(gap=px(10))
        self._mark = FactMark(look, Mark.RUN, 18, tokens.surface)
        head.addWidget(self._mark)
        self._title = text(look, "", Role.CARD)
        head.addWidget(self._title, 1)
        inside.addLayout(head)
        labels = (t("Lesen"), t("Ablegen"), t("Zurücklesen"), t("Abschließen"))
        self._labels = labels
        self._phases = PhaseBar(look, labels)
        inside.addWidget(self._phases)
        self._amount = text(look, "", Role.SECONDARY, tokens.ink2)
        inside.addWidget(self._amount)
        foot = row(gap=px(14))
        self._button = button(look, "", self._press, icon="x")
        foot.addWidget(self._button)
        self._again = button(look, t("Noch einmal versuchen"), shop.again, icon="refresh-cw")
        foot.addWidget(self._again)
        self._note = text(look, "", Role.SECONDARY, tokens.ink2)
        foot.addWidget(self._note, 1)
        inside.addSpacing(px(4))
        inside.addLayout(foot)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._begin()

    def _begin(self) -> None:
        """As it looks while a job goes on; one may follow another in the same card."""
        t = self._shop.texts.t
        self._began = self._shop.clock.monotonic()
        self._is_over = False
        self._mark.set_mark(Mark.RUN)
        self._phases.show()
        self._amount.show()
        self._say_button(t("Abbrechen"))
        self._button.setEnabled(True)
        self._again.hide()
        self._note.setText(
            t("Ungefährlich: Was angekommen ist, bleibt. Ältere Stände sind nicht berührt.")
        )
        self._timer.start(_TURN_MS)

    def _say_button(self, words: str) -> None:
        self._button.setText(words)
        self._button.setAccessibleName(words)

    def show_view(self, view: RunView) -> None:
        """Show the job as it stands."""
        texts = self._shop.texts
        if view.ended is not None:
            self._show_end(view)
            return
        if self._is_over:
            self._begin()
        self._title.setText(view.title)
        said = texts.t(
            "{title}, Abschnitt {phase}", title=view.title, phase=self._labels[view.phase]
        )
        self._phases.set_phase(view.phase, said)
        self._amount.setText(self._amounts(view, texts))

    def _amounts(self, view: RunView, texts: Texts) -> str:
        lang = texts.lang
        seconds = self._shop.clock.monotonic() - self._began
        if not view.bytes:
            return texts.t("Ladentresor sieht nach, was sich verändert hat …")
        return texts.t(
            "{files} Dateien, {size} gelesen · {rate} · seit {time}",
            files=count(view.files, lang),
            size=size(view.bytes, lang),
            rate=rate(view.bytes / max(0.5, seconds), lang),
            time=measured(timedelta(seconds=round(seconds)), lang),
        )

    def _show_end(self, view: RunView) -> None:
        texts, t = self._shop.texts, self._shop.texts.t
        self._timer.stop()
        self._is_over = True
        exit_code = view.ended.exit if view.ended else 0
        good = exit_code == 0
        self._mark.set_mark(Mark.TICK if good else Mark.NONE if exit_code == 130 else Mark.WARN)
        self._phases.hide()
        if good:
            self._title.setText(view.done or t("Fertig. Alles ist angekommen."))
            self._amount.setText(t("Die Nachweise unten sind auf dem neuen Stand."))
        elif exit_code == 130:
            self._title.setText(
                t("Abgebrochen. Der nächste Lauf macht an derselben Stelle weiter.")
            )
            self._amount.setText("")
        elif view.failures:
            first = view.failures[0]
            self._title.setText(first.sentence)
            self._amount.setText(" ".join(one for one in (first.risk, first.next_step) if one))
        else:
            names = {int(one): words for one, words in EXITS.items()}
            self._title.setText(texts.t(names.get(exit_code, EXITS[min(EXITS)])))
            self._amount.setText(view.ended.report if view.ended else "")
        self._amount.setVisible(bool(self._amount.text()))
        self._note.setText("")
        self._again.setVisible(not good and not self._shop.is_running)
        self._button.setEnabled(True)
        self._say_button(t("Ausblenden"))
        self._button.setIcon(self._look.icon("x", self._look.tokens.ink))

    def _press(self) -> None:
        if self._shop.is_running:
            self._button.setEnabled(False)
            self._button.setText(self._shop.texts.t("Wird beendet …"))
            self._shop.cancel()
        else:
            self._shop.forget_run()

    def _turn(self) -> None:
        if self.isVisible():
            self._mark.turn = (self._mark.turn + _TURN_MS / 1600) % 1
            self._mark.update()
