"""The page of copies in words: each destination, what lies there, and how well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.copies.letting_go.forecast import Forecast
from core.health.look import Picture
from core.health.model import CopyVerdict
from core.health.question_said import QuestionText, say_question
from core.health.said import Cell, Mark, RoomText, Sayer
from core.plan.limits import hours_text
from core.plan.locations import folder_of_pc
from core.plan.model import Copy, Destination, Medium, Plan, Site
from core.setup.changing import removable_destination
from core.texts import Texts, t
from core.texts.answers import MEDIA
from core.texts.formats import age, rate, span
from core.texts.plans import kept, rhythm

_SITES = {Site.HERE: t("im Laden"), Site.AWAY: t("außer Haus, laut Angabe")}
_FAR = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class CopyText:
    """One system at a destination."""

    system: str
    name: str
    cells: tuple[Cell, Cell, Cell]
    counts: str
    mark: Mark
    rhythm: str
    kept: str


@dataclass(frozen=True, slots=True)
class DestinationText:
    """A destination. facts: what it is, address: where it lies, state: what is not as usual now, ''
    for nothing. was_read: something was read back there. sheet: how the recovery sheet stands, ''
    where none is needed. can_go, goes: as of a system.
    """

    id: str
    name: str
    medium: Medium
    facts: str
    address: str
    state: str
    room: RoomText | None
    coming: str
    line: str
    sheet: str
    is_encrypted: bool
    is_here: bool
    was_read: bool
    copies: tuple[CopyText, ...]
    can_go: bool
    goes: str


@dataclass(frozen=True, slots=True)
class CopiesText:
    """The whole page."""

    headline: str
    lead: str
    questions: tuple[QuestionText, ...]
    destinations: tuple[DestinationText, ...]


def say_copies(picture: Picture, texts: Texts) -> CopiesText | None:
    """The words for the page; None while there is no plan that can be read."""
    plan = picture.plan
    if plan is None:
        return None
    verdicts = {
        (verdict.facts.system, copy.facts.destination): copy
        for verdict in picture.verdicts
        for copy in verdict.copies
    }
    counting = sum(copy.counts for copy in verdicts.values())
    names = {system.id: system.name for system in plan.systems}
    return CopiesText(
        texts.t("Eine Frage wartet auf Ihre Antwort.")
        if picture.questions
        else _headline(counting, len(verdicts), texts),
        texts.t(
            "Eine Kopie zählt, wenn sie frisch, heil und zurückgelesen ist und auf einem Gerät für"
            " sich liegt."
        ),
        tuple(
            say_question(asked, names.get(asked.system, asked.system), texts, picture.at)
            for asked in picture.questions
        ),
        tuple(_Destinations(picture, plan, texts, verdicts).say(one) for one in plan.destinations),
    )


def _headline(counting: int, total: int, texts: Texts) -> str:
    if not total:
        return texts.t("Es wird noch nichts kopiert.")
    if counting == total:
        return texts.n("Die eine Kopie zählt.", "Alle {n} Kopien zählen.", total)
    if not counting:
        return texts.t("Noch zählt keine Kopie.")
    if counting == 1:
        return texts.t("Eine von {total} Kopien zählt.", total=total)
    return texts.t("{counting} von {total} Kopien zählen.", counting=counting, total=total)


class _Destinations:
    """Says destinations of one picture."""

    def __init__(
        self,
        picture: Picture,
        plan: Plan,
        texts: Texts,
        verdicts: dict[tuple[str, str], CopyVerdict],
    ) -> None:
        self._picture, self._plan, self._texts, self._verdicts = picture, plan, texts, verdicts
        self._sayer = Sayer(picture, texts)
        rooms = zip(picture.rooms, self._sayer.rooms(), strict=True)
        self._rooms = {room.destination: said for room, said in rooms}

    def say(self, where: Destination) -> DestinationText:
        t, plan = self._texts.t, self._plan
        copies = [copy for copy in plan.copies if copy.destination == where.id]
        verdicts = [
            found for copy in copies if (found := self._verdicts.get((copy.system, where.id)))
        ]
        facts = [t(MEDIA[where.medium]), t(_SITES[where.site])]
        if where.offline:
            facts.append(t("nur zum Sichern angeschlossen"))
        facts.append(t("verschlüsselt") if where.encrypted else t("offen lesbar"))
        return DestinationText(
            where.id,
            where.name,
            where.medium,
            " · ".join(facts),
            where.location.address,
            self._state(verdicts),
            self._rooms.get(where.id),
            self._coming(self._picture.coming.get(where.id)),
            self._line(where),
            self._sheet(where),
            where.encrypted,
            all(one.facts.reachable for one in verdicts),
            any(one.facts.read_back.last for one in verdicts),
            tuple(self._copy(copy) for copy in copies),
            removable_destination(plan, where.id),
            t(
                "Gelöscht wird nichts: Alle Stände bleiben unter {address} und lassen sich"
                " zurückholen. Es kommen aber keine neuen dazu, und niemand prüft sie mehr.",
                address=where.location.address,
            ),
        )

    def _copy(self, copy: Copy) -> CopyText:
        texts, sayer = self._texts, self._sayer
        name = self._plan.system(copy.system).name
        found = self._verdicts.get((copy.system, copy.destination))
        keep = copy.keep
        nothing = Cell(Mark.NEVER, "", "", "")
        cells = sayer.cells(name, found) if found else (nothing, nothing, nothing)
        return CopyText(
            copy.system,
            name,
            cells,
            sayer.counts(found) if found else "",
            Mark.TICK if found and found.counts else Mark.WARN,
            rhythm(copy.every, copy.at, texts),
            kept(keep.daily, keep.weekly, keep.monthly, keep.yearly, texts),
        )

    def _state(self, verdicts: list[CopyVerdict]) -> str:
        t, lang, now = self._texts.t, self._texts.lang, self._picture.at
        if not verdicts:
            return t("Hierher wird nichts kopiert.")
        detached = [one.facts.detached for one in verdicts if one.facts.detached]
        if detached:
            return t("Abgezogen {age}.", age=age(max(detached), now, lang))
        if not all(one.facts.reachable for one in verdicts):
            return t("Gerade nicht angeschlossen.")
        if any(one.facts.writes_elsewhere for one in verdicts):
            return t("Ein anderer PC schreibt hier.")
        return ""

    def _coming(self, coming: Forecast | None) -> str:
        texts = self._texts
        if coming is None:
            return ""
        if coming.full_in is None or coming.full_in > _FAR:
            return texts.t("reicht noch für Jahre, wenn es so weitergeht")
        days = max(1, coming.full_in.days)
        if days > 60:
            return texts.n("in etwa einem Monat voll", "in etwa {n} Monaten voll", days // 30)
        return texts.n("in etwa einem Tag voll", "in etwa {n} Tagen voll", days)

    def _line(self, where: Destination) -> str:
        """What a place in the network gets of the line; '' for disks."""
        if folder_of_pc(where.location) is not None:
            return ""
        texts, limits = self._texts, self._plan.limits
        usual, working = (
            texts.t("unbegrenzt") if one is None else rate(one, texts.lang)
            for one in (limits.upload, limits.upload_working_hours)
        )
        if limits.working_hours and usual != working:
            hours = ", ".join(hours_text(one) for one in limits.working_hours)
            return texts.t(
                "Senden: {usual}; {hours}: {working}", usual=usual, hours=hours, working=working
            )
        return texts.t("Senden: {usual}", usual=usual)

    def _sheet(self, where: Destination) -> str:
        t = self._texts.t
        if not where.encrypted:
            return ""
        if self._picture.is_sheet_proven:
            return t("Lesbar nur mit dem Wiederherstellungsblatt. Es ist geprüft.")
        return t("Lesbar nur mit dem Wiederherstellungsblatt. Es ist noch nicht geprüft.")


def reach_words(oldest: timedelta, texts: Texts) -> str:
    """How far back the states that stay reach: `bis zu 10 Jahre zurück`."""
    years = oldest.days // 365
    if years:
        return texts.n("bis zu ein Jahr zurück", "bis zu {n} Jahre zurück", years)
    return texts.t("bis zu {span} zurück", span=span(oldest, texts.lang))
