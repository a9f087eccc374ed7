"""Setting up: what the shop lives on, where copies may go, how old and how fast, who is told, the
sheet, the first run.

Which step comes when and what it lacks says `core.setup.flow`; what a place is worth `places`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.destinations.devices import Device, device_of
from core.errors import KnownError
from core.setup import draft as drafts
from core.setup import flow
from core.setup.draft import Draft, Place
from core.setup.flow import Step
from core.setup.places import Finding, Probe, probe, probe_told
from core.setup.sizes import FolderSize, measure
from core.setup.templates import Template, likely_folders, roots_of, templates
from core.texts.formats import size, span
from core.texts.setup import LACKS
from gui.jobs.asking import ask
from gui.jobs.port import Ended, Event, Failure, Order, Told
from gui.shop import Shop
from gui.theme.look import Look
from gui.wizards.frame import RailStep, WizardFrame
from gui.wizards.setup_pages.goals import GoalsPage
from gui.wizards.setup_pages.parts import SetupPage
from gui.wizards.setup_pages.people import PeoplePage
from gui.wizards.setup_pages.places import PlacesPage
from gui.wizards.setup_pages.run import RunPage
from gui.wizards.setup_pages.sheet import SheetPage
from gui.wizards.setup_pages.shop import ShopPage
from gui.wizards.volumes import own_folders

_KEEP_MS = 400


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
        self.in_plan: frozenset[str] = frozenset()
        """Places (`at`) that are in the plan already: they are shown and counted, and stay."""
        self._busy = False
        self._is_closed = False
        self._is_keeping = False
        self._keeping = QTimer(self)
        self._keeping.setSingleShot(True)
        self._keeping.timeout.connect(self._keep_soon)
        self.frame = WizardFrame(
            look, self.texts, t("EINRICHTEN"), t("Alles lässt sich später ändern."),
            narrow=look.scale > 1.2,
        )  # fmt: skip
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.frame)
        self.shop_page = ShopPage(look, self)
        self.places = PlacesPage(look, self)
        self.goals = GoalsPage(look, self)
        self.people = PeoplePage(look, self)
        self.sheet = SheetPage(look, self)
        self.run = RunPage(look, self)
        self.pages: dict[Step, SetupPage] = {
            Step.SHOP: self.shop_page,
            Step.PLACES: self.places,
            Step.GOALS: self.goals,
            Step.PEOPLE: self.people,
            Step.SHEET: self.sheet,
            Step.RUN: self.run,
        }
        for page in self.pages.values():
            self.frame.stack.addWidget(page)
        self.step = Step.SHOP

    def begin(self) -> None:
        """Go on where it was left."""
        self.show_step(flow.resumed(self.draft))

    def close_down(self) -> None:
        """The set-up is left: what was chosen is kept, whoever still counts stops."""
        self._is_closed = True
        if self._keeping.isActive():
            self._keeping.stop()
            self._keep()
        for page in self.pages.values():
            page.close_down()

    # -- what is chosen -----------------------------------------------------------------------

    def choose(self, draft: Draft) -> None:
        """Something was chosen: kept in a moment, together with what is typed meanwhile."""
        self.draft = draft
        self._keeping.start(_KEEP_MS)
        self._show_state()

    def _keep_soon(self) -> None:
        """In a helper thread, one at a time: flushing a file may take its time."""
        if self._is_keeping:
            self._keeping.start(_KEEP_MS)
            return
        self._is_keeping = True
        home, draft = self.shop.home, self.draft

        def done(error: Exception | None) -> None:
            self._is_keeping = False
            if self.step is Step.RUN:
                drafts.forget_draft(home)
            elif self._is_closed:
                if draft != self.draft:  # it came after what was kept on leaving
                    self._keep()
            elif error is not None:
                self.say(self.texts.t("Ihre Auswahl ließ sich nicht merken."))
            elif draft != self.draft:
                self._keeping.start(_KEEP_MS)

        self.shop.bridge.call(lambda: drafts.keep_draft(home, draft), lambda _: done(None), done)

    def _keep(self) -> None:
        """At once: the plan that was made of it is in force, or the set-up is left."""
        try:
            drafts.keep_draft(self.shop.home, self.draft)
        except (KnownError, OSError):
            if not self._is_closed:
                self.say(self.texts.t("Ihre Auswahl ließ sich nicht merken."))

    # -- looking around -----------------------------------------------------------------------

    def find_folders(self, done: Callable[[dict[str, Template]], object]) -> None:
        """Folders in which shops like this one keep things, in a helper thread."""

        def work() -> dict[str, Template]:
            roots = roots_of(os.environ, own_folders())
            found: dict[str, Template] = {}
            for template in templates():
                for folder in likely_folders(template, roots):
                    found.setdefault(folder, template)
            return found

        self.shop.bridge.call(
            work, lambda found: self._told(done, found), lambda _: self._told(done, {})
        )

    def measure_folder(self, folder: str, done: Callable[[str, FolderSize], object]) -> None:
        """How much lies in a folder, in a helper thread."""

        def stopped() -> bool:
            return self._is_closed or self.shop.bridge.is_closed

        self.shop.bridge.call(
            lambda: measure(Path(folder), stopped),
            lambda found: self._told(done, folder, found),
            lambda _: None,
        )

    def probe_place(self, place: Place, done: Callable[[], object]) -> None:
        """Try a place: a folder in a helper thread, one in the network by command."""
        if not place.is_near:
            self.probe_far(place, lambda found, _: self._probed(place, found, done))
            return
        sources = [Path(one) for one in self.draft.folders]

        def work() -> tuple[Probe, tuple[Device, ...]]:
            found = probe(Path(place.at), sources, device_of, os.environ)
            return found, tuple(device_of(one) for one in sources)

        def tell(result: tuple[Probe, tuple[Device, ...]]) -> None:
            self.source_devices = result[1]
            self._probed(place, result[0], done)

        missing = Probe(Finding.MISSING)
        self.shop.bridge.call(work, tell, lambda _: self._probed(place, missing, done))

    def _probed(self, place: Place, found: Probe, done: Callable[[], object]) -> None:
        self.probes[place.at] = found
        self._told(done)

    def probe_far(self, place: Place, done: Callable[[Probe, Place], object]) -> None:
        """Try a place in the network; `done` gets what was found and the place as it is then."""
        told: list[Told] = []
        failures: list[Failure] = []
        met: list[str] = []

        def hear(event: Event) -> None:
            if isinstance(event, Told) and event.kind == "probed":
                told.append(event)
            elif isinstance(event, Told) and event.fields.get("note") == "host_key_pinned":
                met.append(str(event.fields.get("fingerprint", "")))
            elif isinstance(event, Failure):
                failures.append(event)
            elif isinstance(event, Ended):
                said = " ".join((failures[0].sentence, failures[0].next_step)) if failures else ""
                found = probe_told(place, told[0].fields if told else {}, said)
                now = msgspec.structs.replace(place, fingerprint=met[0]) if met else place
                self._told(done, found, now)

        words = ("probe", place.at, "--no-speed", *(("--for", place.id) if place.id else ()))
        self.shop.runner.start(Order(words), hear)

    def _told(self, done: Callable[..., object], *what: object) -> None:
        """Tell a page, unless the set-up was left meanwhile."""
        if not self._is_closed:
            done(*what)

    # -- steps --------------------------------------------------------------------------------

    def show_step(self, step: Step) -> None:
        """Show a step."""
        self.step = step
        self.choose(msgspec.structs.replace(self.draft, step=str(step)))
        page = self.pages[step]
        self.frame.stack.setCurrentWidget(page)
        page.begin()
        self._show_state()
        if step is Step.RUN:  # nothing is left to choose: whoever comes back wants the overview
            self._keeping.stop()
            drafts.forget_draft(self.shop.home)

    def _show_state(self) -> None:
        t, frame = self.texts.t, self.frame
        order = flow.steps(self.draft)
        titles = {
            Step.SHOP: RailStep(t("Ihr Laden"), self._shop_said()),
            Step.PLACES: RailStep(t("Ziele der Kopien"), self._places_said()),
            Step.GOALS: RailStep(t("Alter und Tempo"), self._goals_said(order)),
            Step.PEOPLE: RailStep(t("Menschen"), self._people_said()),
            Step.SHEET: RailStep(t("Wiederherstellungsblatt"), self._sheet_said()),
            Step.RUN: RailStep(t("Erster Lauf")),
        }
        frame.show_rail([titles[one] for one in order], order.index(self.step))
        lack = flow.lack(self.draft, self.step)
        frame.reason.setText(t(LACKS[lack]) if lack else frame.reason.text() if self._busy else "")
        before = flow.before(self.draft, self.step)
        is_last = self.step is Step.RUN
        frame.set_button(
            frame.leave, t("Später weitermachen"), None if is_last else self.left.emit,
            on=not self._busy,
        )  # fmt: skip
        frame.set_button(
            frame.back, t("Zurück"),
            None if before is None or is_last else lambda: self.show_step(before),
            on=not self._busy,
        )  # fmt: skip
        following = flow.following(self.draft, self.step)
        words = t("Ersten Lauf beginnen") if following is Step.RUN else t("Weiter")
        words = t("Zur Übersicht") if is_last else words
        frame.set_button(frame.next, words, self._forward, on=lack is None and not self._busy)

    def _shop_said(self) -> str:
        n, lang = self.texts.n, self.texts.lang
        folders = len(self.draft.folders)
        said = [self.draft.shop] if self.draft.shop else []
        if folders:
            said.append(n("ein Ordner", "{n} Ordner", folders))
        if self.shop_page.chosen_bytes:
            said.append(size(self.shop_page.chosen_bytes, lang))
        return ", ".join(said)

    def _places_said(self) -> str:
        places = self.draft.places
        return self.texts.n("ein Ziel gewählt", "{n} Ziele gewählt", len(places)) if places else ""

    def _goals_said(self, order: tuple[Step, ...]) -> str:
        if order.index(self.step) <= order.index(Step.GOALS):
            return ""
        return self.texts.t("höchstens {span}", span=span(self.draft.rpo, self.texts.lang))

    def _people_said(self) -> str:
        return ", ".join(one.name for one in (self.draft.owner, self.draft.deputy) if one.name)

    def _sheet_said(self) -> str:
        return self.texts.t("geprüft") if self.draft.is_sheet_proven else ""

    def _forward(self) -> None:
        if self.step is Step.RUN:
            self._finish()
        elif flow.takes_over(self.draft, self.step):
            self.say(self.texts.t("Wird eingerichtet …"))
            self.people.keep_password(
                lambda: self.put_into_force(lambda: self.show_step(self._after()), self._failed),
                self._failed,
            )
        else:
            self.show_step(self._after())

    def _after(self) -> Step:
        return flow.following(self.draft, self.step)

    def step_back(self) -> None:
        """Escape: what the button at the left would do."""
        if self.frame.back.isVisible():
            self.frame.back.click()
        elif self.frame.leave.isVisible() and self.frame.leave.isEnabled():
            self.frame.leave.click()

    def say(self, words: str) -> None:
        """A line beside the buttons."""
        self.frame.reason.setText(words)

    # -- taking over --------------------------------------------------------------------------

    def put_into_force(
        self, done: Callable[[], object], failed: Callable[[Failure | None], object]
    ) -> None:
        """The key if one is needed, then the plan: each by the command that does it."""
        self._set_busy(busy=True)

        def refused(failure: Failure | None) -> None:
            self._set_busy(busy=False)
            failed(failure)

        def key_there(exit_code: int, failure: Failure | None) -> None:
            if failure is not None and failure.code != "key_exists":
                refused(failure)
            else:
                self._apply_plan(done, refused)

        if self._needs_key:
            self.ask(("key", "create"), key_there)
        else:
            self._apply_plan(done, refused)

    @property
    def _needs_key(self) -> bool:
        return self.draft.needs_sheet

    def _set_busy(self, *, busy: bool) -> None:
        self._busy = busy
        self._show_state()

    def _apply_plan(
        self, done: Callable[[], object], refused: Callable[[Failure | None], object]
    ) -> None:
        text = drafts.plan_text(self.draft, self.texts.t("Laden-PC"), self.texts.lang)
        try:
            drafts.make_places(self.draft)
        except OSError as error:
            refused(Failure("", error.strerror or str(error), "", ""))
            return
        problems: list[str] = []

        def heard(event: Event) -> None:
            if isinstance(event, Told) and event.kind == "problem":
                problems.append(str(event.fields.get("sentence", "")))

        def applied(exit_code: int, failure: Failure | None) -> None:
            if failure is not None or exit_code:
                refused(Failure("plan_invalid", problems[0], "", "") if problems else failure)
                return
            self.draft = drafts.with_applied(self.draft, text)
            self._keep()
            self._set_busy(busy=False)
            done()

        # Over the plan this set-up made before, never over one that somebody edited since.
        before = ("--replacing", self.draft.applied) if self.draft.applied else ()
        self.ask(("plan", "apply", "-", *before), applied, typed=text, heard=heard)

    def _failed(self, failure: Failure | None) -> None:
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
        ask(
            self.shop.runner, words, lambda code, failure: self._told(done, code, failure),
            typed=typed, heard=heard,
        )  # fmt: skip

    def _finish(self) -> None:
        self.finished.emit()
