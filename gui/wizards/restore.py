"""Bringing data back: what and of when, from which copy, where to, the checked result.

Works on this home's plan or, on a bare PC, on a copy in a folder: that is adopted into a home of
its own, which is removed when the wizard is left, so that nothing stays on a stranger's PC.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QStandardPaths, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.errors import KnownError
from core.health.way_back import best_copy, rates
from core.paths import find_home
from core.plan.model import Plan
from core.plan.read import load_text, read_plan
from gui.jobs.port import Ended, Event, Failure, Job, Order, Progress, Told
from gui.shop import Shop
from gui.theme.look import Look
from gui.wizards.frame import RailStep, WizardFrame
from gui.wizards.restore_pages.place import PlacePage
from gui.wizards.restore_pages.result import ResultPage
from gui.wizards.restore_pages.what import WhatPage
from gui.wizards.restore_pages.where import WherePage

_NARROW = 1000


@dataclass(slots=True)
class Choice:
    """What has been chosen so far. paths: as `raw` of search; empty for a whole system.

    in_place: what came back and was checked is put where it once lay, where that is missing.
    """

    system: str = ""
    destination: str = ""
    run: str = ""
    paths: tuple[str, ...] = ()
    said: str = ""
    into: str = ""
    in_place: bool = False


class RestoreWizard(QWidget):
    """The way back. `left` when it is over, whatever came of it."""

    left = Signal()

    def __init__(self, look: Look, shop: Shop, *, bare: bool) -> None:
        super().__init__()
        self.look, self.shop, self.bare = look, shop, bare
        self.texts = shop.texts
        self.plan: Plan | None = shop.picture.plan if shop.picture else None
        self.choice = Choice(into=str(new_folder(shop.clock.local(), self.texts.t("Zurückgeholt"))))
        self._home: Path | None = None
        self._passphrase = ""
        self._job: Job | None = None
        self.rates: dict[str, float] = {}
        self._at = 0
        t = self.texts.t
        self.frame = WizardFrame(
            look, self.texts, t("ZURÜCKHOLEN"),
            t("Überschrieben wird nichts, außer Sie kreuzen es an."), narrow=look.scale > 1.2,
        )  # fmt: skip
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.frame)
        self.place = PlacePage(look, self)
        self.what = WhatPage(look, self)
        self.where = WherePage(look, self)
        self.result = ResultPage(look, self)
        for page in (self.place, self.what, self.where, self.result):
            self.frame.stack.addWidget(page)

    def begin(self) -> None:
        """Show the first step."""
        if self.bare or self.plan is None:
            self.bare = True
            self.show_place()
        else:
            self._take_first_system()
            self.show_what()
            self.shop.bridge.call(self._measured, self._know_rates, lambda _: None)

    def _take_first_system(self) -> None:
        if self.plan is not None and self.plan.copies:
            self.choice.system = self.plan.copies[0].system
            self.choice.destination = self.suggested_copy()

    def _measured(self) -> dict[str, float]:
        return rates(self.shop.home, self.shop.clock, self.choice.system)

    def _know_rates(self, found: dict[str, float]) -> None:
        """How fast each copy was; the suggestion may be another one then."""
        self.rates = found
        is_untouched = not self.what.field.text() and self._job is None
        if is_untouched and self.frame.stack.currentWidget() is self.what:
            self.choice.destination = self.suggested_copy()
            self._rail(0)

    # -- facts --------------------------------------------------------------------------------

    def destination_name(self, id: str) -> str:
        """What the plan calls a destination."""
        names = {one.id: one.name for one in self.plan.destinations} if self.plan else {}
        return names.get(id, id)

    def suggested_copy(self) -> str:
        """The copy to take unless a person says else: of the freshest the fastest."""
        if self.bare and self.choice.destination:
            return self.choice.destination
        picture, system = self.shop.picture, self.choice.system
        verdict = next(
            (one for one in (picture.verdicts if picture else ()) if one.facts.system == system),
            None,
        )
        copies = [copy.facts for copy in verdict.copies] if verdict else []
        best = best_copy(copies, self.rates)
        if best:
            return best
        planned = self.plan.copies_of(system) if self.plan else ()
        return planned[0].destination if planned else ""

    # -- steps --------------------------------------------------------------------------------

    def _rail(self, now: int) -> None:
        t, choice = self.texts.t, self.choice
        steps = [
            RailStep(t("Was und von wann"), choice.said if now > 0 else ""),
            RailStep(t("Woher und wohin"), self.destination_name(choice.destination)),
            RailStep(t("Ergebnis")),
        ]
        if self.bare:
            steps.insert(0, RailStep(t("Wo die Kopie liegt"), self.place.said))
            now += 1
        self.frame.show_rail(steps, now)

    def show_place(self) -> None:
        """Bare PC: where is the copy?"""
        t = self.texts.t
        self._rail(-1)
        self.frame.stack.setCurrentWidget(self.place)
        self.frame.set_button(self.frame.leave, t("Abbrechen"), self.left.emit)
        self.frame.set_button(self.frame.back, "", None)
        self.frame.set_button(
            self.frame.next, t("Kopie öffnen"), self.place.open_copy, on=self.place.is_ready
        )
        self.frame.reason.setText("")
        self.place.begin()

    def show_what(self) -> None:
        """What shall come back?"""
        t = self.texts.t
        self._rail(0)
        self.frame.stack.setCurrentWidget(self.what)
        self.frame.set_button(self.frame.leave, t("Abbrechen"), self.left.emit)
        self.frame.set_button(self.frame.back, t("Zurück"), self.show_place if self.bare else None)
        self.frame.set_button(self.frame.next, t("Zurückholen"), self.fetch, on=False)
        self.what.begin()

    def show_where(self) -> None:
        """From which copy, into which folder?"""
        t = self.texts.t
        self._rail(1)
        self.frame.stack.setCurrentWidget(self.where)
        self.frame.set_button(self.frame.back, t("Zurück"), self.show_what)
        self.frame.set_button(self.frame.next, t("Übernehmen"), self.where.take)
        self.frame.reason.setText("")
        self.where.begin()

    def search(self) -> None:
        """Ctrl+F."""
        if self.frame.stack.currentWidget() is self.what:
            self.what.field.setFocus()

    def step_back(self) -> None:
        """Escape: what the button at the left would do."""
        if self.frame.back.isVisible() and self.frame.back.isEnabled():
            self.frame.back.click()
        elif self.frame.leave.isVisible():
            self.frame.leave.click()

    def ready(self, words: str, *, on: bool, reason: str = "") -> None:
        """What the filled button says on the first step."""
        self.frame.set_button(self.frame.next, words, self.fetch, on=on)
        self.frame.reason.setText(reason)

    # -- jobs ---------------------------------------------------------------------------------

    def order(self, *words: str, typed: str = "") -> Order:
        """A command at the home this wizard works on."""
        return Order(words, typed, str(self._home) if self._home else "", self._passphrase)

    def bare_home(self) -> None:
        """A home for this wizard alone, on a bare PC."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="ladentresor-"))
            self._passphrase = secrets.token_urlsafe(24)

    def adopted(self, systems: list[str], destination: str) -> None:
        """A copy in a folder is open: work on its plan."""
        self.plan = self._read_plan()
        self.choice.system = systems[0] if systems else ""
        self.choice.destination = destination
        self.what.forget()
        self.show_what()

    def _read_plan(self) -> Plan | None:
        try:
            home = find_home(str(self._home))
            return read_plan(load_text(home.plan), source=str(home.plan))
        except KnownError as error:
            return getattr(error, "readable", None)

    def fetch(self) -> None:
        """Bring it back, now."""
        self._fetch(self.choice.paths)

    def replace(self, paths: tuple[str, ...]) -> None:
        """Bring these files anew, and let them replace what stands at their old place."""
        self.choice.into = str(new_folder(self.shop.clock.local(), self.texts.t("Zurückgeholt")))
        self._fetch(paths, "--replace", *paths)

    def _fetch(self, paths: tuple[str, ...], *more: str) -> None:
        t, choice = self.texts.t, self.choice
        words = ["restore", choice.system, "--into", choice.into, "--from", choice.destination]
        if choice.run:
            words += ["--at", choice.run]
        if paths:
            words += ["--path", *paths]
        words += more or (["--in-place"] if choice.in_place else [])
        self._rail(2)
        self.frame.stack.setCurrentWidget(self.result)
        self.result.begin()
        self.frame.set_button(self.frame.leave, t("Abbrechen"), self._cancel)
        self.frame.set_button(self.frame.back, "", None)
        self.frame.set_button(self.frame.next, "", None)
        self.frame.reason.setText("")
        self._job = self.shop.runner.start(self.order(*words), self._heard)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.frame.leave.setEnabled(False)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.result.progress(event)
        elif isinstance(event, Failure):
            self.result.failed(event)
        elif isinstance(event, Told) and event.kind == "restored":
            self.result.restored(event.fields)
        elif isinstance(event, Told) and event.kind == "in_place":
            self.result.placed(event.fields)
        elif isinstance(event, Told) and event.kind == "note":
            self.result.noted(event.fields)
        elif isinstance(event, Ended):
            self._job = None
            self._ended(event)

    def _ended(self, event: Ended) -> None:
        t = self.texts.t
        self.result.ended(event)
        self.frame.set_button(self.frame.leave, t("Schließen"), self.left.emit)
        if self.result.has_files:
            self.frame.set_button(self.frame.back, t("Noch etwas zurückholen"), self._again)
            self.frame.set_button(self.frame.next, t("Ordner öffnen"), self._open_folder)
        else:
            self.frame.set_button(self.frame.back, t("Zurück"), self._again)
        self.show_replacing()
        target = self.frame.next if self.result.has_files else self.frame.back
        target.setFocus()

    def show_replacing(self) -> None:
        """Where files were ticked, the filled button replaces them; else it opens the folder."""
        chosen = self.result.chosen
        if chosen:
            words = self.texts.n("Eine Datei ersetzen", "{n} Dateien ersetzen", len(chosen))
            self.frame.set_button(self.frame.next, words, lambda: self.replace(chosen))
        elif self.result.has_files:
            words = self.texts.t("Ordner öffnen")
            self.frame.set_button(self.frame.next, words, self._open_folder)

    def _again(self) -> None:
        name = self.texts.t("Zurückgeholt")
        self.choice.into = str(new_folder(self.shop.clock.local(), name))
        self.show_what()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.choice.into))

    def close_down(self) -> None:
        """End what runs and take the home of a bare PC away."""
        self.what.stop()
        self.what.card.preview.forget()
        self.place.stop()
        self.where.stop()
        if self._job is not None:
            self._job.cancel()
        if self._home is not None:
            home, self._home = self._home, None
            self.shop.bridge.call(
                lambda: shutil.rmtree(home, ignore_errors=True), lambda _: None, lambda _: None
            )


def new_folder(now: datetime, name: str) -> Path:
    """A folder that is not there yet, on the desktop or in the user's own folder."""
    places = QStandardPaths.StandardLocation
    desktop = Path(QStandardPaths.writableLocation(places.DesktopLocation))
    base = desktop if desktop.is_dir() else Path.home()
    made = base / f"{name} {now:%Y-%m-%d}"
    number = 2
    while made.exists():
        made = base / f"{name} {now:%Y-%m-%d} ({number})"
        number += 1
    return made
