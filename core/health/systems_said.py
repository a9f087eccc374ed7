"""The page of systems in words: what the shop lives on, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass

from core.health.folders import FolderFacts
from core.health.look import Picture
from core.health.model import SystemVerdict
from core.health.said import Mark, Sayer
from core.plan.model import Mode, Plan, System
from core.setup.changing import removable_system
from core.texts import Texts, t
from core.texts.formats import age, size
from core.texts.plans import loss, outage

_MODES = {
    Mode.OWN: t("eigener Rechner"),
    Mode.SAAS: t("Dienst im Netz"),
    Mode.HOSTED: t("beim Hoster"),
}


@dataclass(frozen=True, slots=True)
class FolderText:
    """A source folder and what is known of it."""

    path: str
    note: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class CopyState:
    """A copy of the system, in one line."""

    destination: str
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class SystemText:
    """One system. chip: how it stands in a word or two; uncovered: why nothing of it is copied, ''
    where something is. can_go: whether the plan works without it; goes: what becomes of its copies.
    """

    id: str
    name: str
    kind: str
    chip: str
    mark: Mark
    uncovered: str
    folders: tuple[FolderText, ...]
    left_out: str
    may_lose: str
    back_after: str
    copies: tuple[CopyState, ...]
    can_go: bool
    goes: str


@dataclass(frozen=True, slots=True)
class SystemsText:
    """The whole page."""

    headline: str
    lead: str
    systems: tuple[SystemText, ...]


def say_systems(picture: Picture, texts: Texts) -> SystemsText | None:
    """The words for the page; None while there is no plan that can be read."""
    plan = picture.plan
    if plan is None:
        return None
    verdicts = {verdict.facts.system: verdict for verdict in picture.verdicts}
    said = tuple(
        _system(picture, plan, system, verdicts.get(system.id), texts) for system in plan.systems
    )
    uncovered = sum(bool(one.uncovered) for one in said)
    number = texts.n("Ihr Laden lebt von einem System.", "Ihr Laden lebt von {n} Systemen.",
                     len(said))  # fmt: skip
    lead = texts.t("Hier steht, was gesichert wird und was nicht, und wie alt es sein darf.")
    if uncovered:
        lead = texts.n(
            "Eines davon ist noch nicht gesichert.",
            "{n} davon sind noch nicht gesichert.",
            uncovered,
        )
    return SystemsText(number, lead, said)


def _system(
    picture: Picture, plan: Plan, system: System, verdict: SystemVerdict | None, texts: Texts
) -> SystemText:
    chip, mark = _chip(verdict, texts)
    copies = _copies(picture, system, verdict, texts) if verdict else ()
    return SystemText(
        system.id,
        system.name,
        texts.t(_MODES[system.mode]),
        chip,
        mark,
        _uncovered(system, verdict, texts),
        tuple(_folder(one, verdict, picture, texts) for one in picture.folders.get(system.id, ())),
        _left_out(system, texts),
        loss(system.rpo, texts),
        outage(system.rto, texts),
        copies,
        removable_system(plan, system.id),
        _goes(plan, system, texts),
    )


def _chip(verdict: SystemVerdict | None, texts: Texts) -> tuple[str, Mark]:
    if verdict is None:
        return texts.t("nicht gesichert"), Mark.WARN
    if verdict.is_green:
        return texts.t("3-2-1 erfüllt"), Mark.TICK
    if verdict.gaps:
        return texts.n("eine Lücke", "{n} Lücken", len(verdict.gaps)), Mark.WARN
    return texts.t("überfällig oder beschädigt"), Mark.WARN


def _uncovered(system: System, verdict: SystemVerdict | None, texts: Texts) -> str:
    if verdict is not None:
        return ""
    if system.mode is Mode.OWN:
        return texts.t("Von diesem System wird nichts kopiert.")
    return texts.t(
        "Diese Fassung sichert Dienste im Netz noch nicht. Es steht hier, damit Sie es nicht"
        " vergessen: Laden Sie Ihre Daten dort selbst herunter, in einen Ordner, der gesichert"
        " wird."
    )


def _folder(
    facts: FolderFacts, verdict: SystemVerdict | None, picture: Picture, texts: Texts
) -> FolderText:
    known = size(facts.bytes, texts.lang) if facts.bytes is not None else ""
    if facts.is_there:
        note = known or texts.t("noch in keiner Kopie") if verdict else ""
        return FolderText(str(facts.path), note, Mark.TICK if known else Mark.NONE)
    copied = [copy.facts.copied for copy in verdict.copies if copy.facts.copied] if verdict else []
    if not copied or not known:
        return FolderText(str(facts.path), texts.t("gibt es gerade nicht"), Mark.WARN)
    seen = age(max(copied), picture.at, texts.lang)
    note = texts.t("gibt es gerade nicht; zuletzt gesichert {age}", age=seen)
    return FolderText(str(facts.path), note, Mark.WARN)


def _left_out(system: System, texts: Texts) -> str:
    """What is not copied: the usual, and how many patterns of one's own."""
    if not system.sources:
        return ""
    own = len({pattern for source in system.sources for pattern in source.exclude})
    usual = any(source.default_excludes for source in system.sources)
    mine = texts.n("ein eigenes Muster", "{n} eigene Muster", own)
    if usual and own:
        return texts.t("Zwischenspeicher, Papierkörbe und dergleichen; {own}", own=mine)
    if usual:
        return texts.t("Zwischenspeicher, Papierkörbe und dergleichen")
    return mine if own else texts.t("nichts")


def _copies(
    picture: Picture, system: System, verdict: SystemVerdict, texts: Texts
) -> tuple[CopyState, ...]:
    sayer = Sayer(picture, texts)
    made = []
    for copy in verdict.copies:
        cells = sayer.cells(system.name, copy)
        words = texts.t("kopiert {age}; {counts}", age=cells[0].text, counts=sayer.counts(copy))
        mark = Mark.TICK if copy.counts else cells[0].mark
        made.append(
            CopyState(
                sayer.name(copy.facts.destination), words, Mark.WARN if mark is Mark.TICK and
                not copy.counts else mark,
            )
        )  # fmt: skip
    return tuple(made)


def _goes(plan: Plan, system: System, texts: Texts) -> str:
    """What becomes of the copies of a system that is taken out of the plan."""
    names = [plan.destination(copy.destination).name for copy in plan.copies_of(system.id)]
    if not names:
        return texts.t("Es gibt keine Kopien davon. An Ihren Dateien ändert sich nichts.")
    return texts.t(
        "Gelöscht wird nichts: Alle Stände bleiben auf {names}, im Ordner „{folder}“, und lassen"
        " sich zurückholen. Es kommen aber keine neuen dazu, und niemand prüft sie mehr.",
        names=", ".join(names),
        folder=system.id,
    )
