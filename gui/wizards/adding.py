"""One more place for copies, and the recovery sheet, with the set-up's own steps for both."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal

from core.plan.edit import Add
from core.plan.model import Plan
from core.setup import draft as drafts
from core.setup.changing import new_places, places_of
from core.setup.draft import Draft, Place
from core.setup.flow import Lack, Step
from core.texts.setup import LACKS
from gui.jobs.port import Failure
from gui.plan_change import Refusal, change_plan
from gui.shop import Shop
from gui.theme.look import Look
from gui.wizards.frame import RailStep
from gui.wizards.setup import SetupWizard


class AddingWizard(SetupWizard):
    """Places are chosen and taken into the plan that is there; then the sheet, where one is needed.

    `added` with the ids of the new destinations. start: the sheet alone, or the places first.
    """

    added = Signal(object)

    def __init__(self, look: Look, shop: Shop, plan: Plan, start: Step) -> None:
        super().__init__(look, shop)
        self._plan, self._start = plan, start
        self._new: tuple[str, ...] = ()
        known = places_of(plan)
        self.in_plan = frozenset(place.at for place in known)
        self.draft = Draft(
            shop=plan.shop,
            folders=tuple(str(path) for system in plan.systems for path in system.folders),
            places=known,
        )

    def begin(self) -> None:
        self.show_step(self._start)

    def choose(self, draft: Draft) -> None:
        """Something was chosen; unlike a first set-up this is not kept."""
        self.draft = draft
        self._show_state()

    @property
    def _chosen(self) -> tuple[Place, ...]:
        """The places that are not in the plan yet."""
        return tuple(place for place in self.draft.places if place.at not in self.in_plan)

    @property
    def _needs_key(self) -> bool:
        return any(place.encrypted for place in self._chosen)

    @property
    def _wants_sheet(self) -> bool:
        picture = self.shop.picture
        return self._needs_key and not (picture and picture.is_sheet_proven)

    def _show_state(self) -> None:
        t, frame = self.texts.t, self.frame
        steps = []
        if self._start is Step.PLACES:
            steps.append(RailStep(t("Ziele der Kopien"), self._places_said()))
        if self._start is Step.SHEET or self._wants_sheet:
            steps.append(RailStep(t("Wiederherstellungsblatt"), self._sheet_said()))
        on_sheet = self.step is Step.SHEET
        frame.show_rail(steps, len(steps) - 1 if on_sheet else 0)
        lack = None if on_sheet or self._chosen else Lack.NO_PLACE
        frame.reason.setText(t(LACKS[lack]) if lack else frame.reason.text() if self._busy else "")
        leave = None if on_sheet and self._new else self.left.emit
        frame.set_button(frame.leave, t("Abbrechen"), leave, on=not self._busy)
        frame.set_button(frame.back, t("Zurück"), None)
        words = t("Fertig") if on_sheet else t("Hinzufügen")
        on = lack is None and not self._busy
        frame.set_button(frame.next, words, self._forward, on=on)

    def _forward(self) -> None:
        if self.step is Step.SHEET:
            self._finish()
        else:
            self.say(self.texts.t("Wird eingerichtet …"))
            self.put_into_force(self._taken, self._failed)

    def _apply_plan(
        self, done: Callable[[], object], refused: Callable[[Failure | None], object]
    ) -> None:
        try:
            drafts.make_places(Draft(places=self._chosen))
        except OSError as error:
            refused(Failure("", error.strerror or str(error), "", ""))
            return
        changes = new_places(self._plan, self._chosen)
        new = tuple(
            str(one.table["id"])
            for one in changes
            if isinstance(one, Add) and one.section == "destinations"
        )

        def changed(refusal: Refusal | None) -> None:
            if refusal is not None:
                refused(Failure("plan_invalid", refusal.text, "", ""))
                return
            self._new = new
            self._set_busy(busy=False)
            done()

        change_plan(self.shop, changes, changed)

    def _taken(self) -> None:
        if self._wants_sheet:
            self.show_step(Step.SHEET)
        else:
            self._finish()

    def _finish(self) -> None:
        self.added.emit(self._new)
