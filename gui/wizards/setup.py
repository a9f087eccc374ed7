"""Setting up: what the shop lives on, where copies may go, the sheet, the first run.

Which step comes when and what it lacks says `core.setup.flow`; what a place is worth `places`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.destinations.devices import Device, device_of
from core.errors import KnownError
from core.setup import draft as drafts
from core.setup import flow
from core.setup.draft import Draft
from core.setup.flow import Step
from core.setup.places import Probe, probe
from core.texts.setup import LACKS
from gui.jobs.port import Ended, Event, Failure, Order
from gui.shop import Shop
from gui.theme.look import Look
from gui.wizards.frame import RailStep, WizardFrame
from gui.wizards.setup_pages import PlacesPage, SheetPage, ShopPage


class SetupWizard(QWidget):
    """The set-up. `left` when it is put off, `finished` when the plan is there."""

    left = Signal()
    finished = Signal()

    def __init__(self, look: Look, shop: Shop) -> None:
        super().__init__()
        self.look, self.shop, self.texts = look, shop, shop.texts
        t = self.texts.t
        self.draft: Draft = drafts.read_draft(shop.home)
        self.probes: dict[str, Probe] = {}
        self.source_devices: tuple[Device, ...] = ()
        self._busy = False
        self.frame = WizardFrame(
            look, self.texts, t("EINRICHTEN"), t("Alles lässt sich später ändern."),
            narrow=look.scale > 1.2,
        )  # fmt: skip
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.frame)
        self.pages = {
            Step.SHOP: ShopPage(look, self),
            Step.PLACES: PlacesPage(look, self),
            Step.SHEET: SheetPage(look, self),
        }
        for page in self.pages.values():
            self.frame.stack.addWidget(page)
        self.step = Step.SHOP

    def begin(self) -> None:
        """Go on where it was left."""
        step = flow.resumed(self.draft)
        # The sheet asks for a key that is only there once the places are taken over.
        self.show_step(Step.PLACES if step in (Step.SHEET, Step.RUN) else step)

    # -- what is chosen -----------------------------------------------------------------------

    def choose(self, draft: Draft) -> None:
        """Something was chosen: kept at once."""
        self.draft = draft
        try:
            drafts.keep_draft(self.shop.home, draft)
        except (KnownError, OSError):
            self.say(self.texts.t("Ihre Auswahl ließ sich nicht merken."))
        self._show_state()

    def probe_place(self, folder: str, done: Callable[[], object]) -> None:
        """Try a place in a helper thread."""
        sources = [Path(one) for one in self.draft.folders]

        def work() -> tuple[Probe, tuple[Device, ...]]:
            found = probe(Path(folder), sources, device_of, os.environ)
            return found, tuple(device_of(one) for one in sources)

        def tell(result: tuple[Probe, tuple[Device, ...]]) -> None:
            self.probes[folder], self.source_devices = result
            done()

        self.shop.bridge.call(work, tell, lambda _: done())

    # -- steps --------------------------------------------------------------------------------

    def show_step(self, step: Step) -> None:
        """Show a step."""
        self.step = step
        self.choose(_at(self.draft, step))
        page = self.pages.get(step)
        if page is not None:
            self.frame.stack.setCurrentWidget(page)
            page.begin()
        self._show_state()

    def _show_state(self) -> None:
        t, frame = self.texts.t, self.frame
        order = flow.steps(self.draft)
        titles = {
            Step.SHOP: RailStep(t("Ihr Laden"), self.draft.shop),
            Step.PLACES: RailStep(t("Ziele der Kopien"), self._places_said()),
            Step.SHEET: RailStep(t("Wiederherstellungsblatt")),
            Step.RUN: RailStep(t("Erster Lauf")),
        }
        frame.show_rail([titles[one] for one in order], order.index(self.step))
        lack = flow.lack(self.draft, self.step)
        frame.reason.setText(t(LACKS[lack]) if lack else frame.reason.text() if self._busy else "")
        before = flow.before(self.draft, self.step)
        can_back = before is not None and self.step is not Step.SHEET
        frame.set_button(frame.leave, t("Später weitermachen"), self.left.emit, on=not self._busy)
        frame.set_button(
            frame.back, t("Zurück"), (lambda: self.show_step(Step.SHOP)) if can_back else None,
            on=not self._busy,
        )  # fmt: skip
        last = self.step is Step.SHEET or (not self.draft.needs_sheet and self.step is Step.PLACES)
        words = t("Ersten Lauf beginnen") if last else t("Weiter")
        frame.set_button(frame.next, words, self._forward, on=lack is None and not self._busy)

    def _places_said(self) -> str:
        places = self.draft.places
        return self.texts.n("ein Ziel gewählt", "{n} Ziele gewählt", len(places)) if places else ""

    def _forward(self) -> None:
        if self.step is Step.SHOP:
            self.show_step(Step.PLACES)
        elif self.step is Step.PLACES:
            self._take_over()
        else:
            self._finish()

    def step_back(self) -> None:
        """Escape: what the button at the left would do."""
        if self.frame.back.isVisible():
            self.frame.back.click()
        elif self.frame.leave.isEnabled():
            self.frame.leave.click()

    def say(self, words: str) -> None:
        """A line beside the buttons."""
        self.frame.reason.setText(words)

    # -- taking over --------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Key if one is needed, then the plan: each by the command that does it."""
        self._busy = True
        self.say(self.texts.t("Wird eingerichtet …"))
        self._show_state()
        if self.draft.needs_sheet:
            self.ask(("key", "create"), self._key_there)
        else:
            self._apply_plan()

    def _key_there(self, exit_code: int, failure: Failure | None) -> None:
        if failure is not None and failure.code != "key_exists":
            self._failed(failure)
        else:
            self._apply_plan()

    def _apply_plan(self) -> None:
        text = drafts.plan_text(self.draft, self.texts.t("Laden-PC"))
        handle, name = tempfile.mkstemp(prefix="ladentresor-plan-", suffix=".toml")
        try:
            drafts.make_places(self.draft)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            Path(name).unlink(missing_ok=True)
            self._failed(Failure("", error.strerror or str(error), "", ""))
            return

        def done(exit_code: int, failure: Failure | None) -> None:
            Path(name).unlink(missing_ok=True)
            if failure is not None or exit_code:
                self._failed(failure)
                return
            self._busy = False
            if self.draft.needs_sheet:
                self.show_step(Step.SHEET)
            else:
                self._finish()

        self.ask(("plan", "apply", name), done)

    def _failed(self, failure: Failure | None) -> None:
        self._busy = False
        self._show_state()
        if failure is not None:
            self.say(f"{failure.sentence} {failure.next_step}".strip())
        else:
            self.say(self.texts.t("Das ging nicht."))

    def ask(
        self,
        words: tuple[str, ...],
        done: Callable[[int, Failure | None], object],
        *,
        typed: str = "",
        heard: Callable[[Event], object] | None = None,
    ) -> None:
        """Have a command done; `done` gets its exit code and first error."""
        failures: list[Failure] = []

        def hear(event: Event) -> None:
            if heard is not None:
                heard(event)
            if isinstance(event, Failure):
                failures.append(event)
            elif isinstance(event, Ended):
                done(event.exit, failures[0] if failures else None)

        self.shop.runner.start(Order(words, typed), hear)

    def _finish(self) -> None:
        drafts.forget_draft(self.shop.home)
        self.finished.emit()


def _at(draft: Draft, step: Step) -> Draft:
    return msgspec.structs.replace(draft, step=str(step))
