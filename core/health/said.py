"""A picture of how everything stands, said in words: for window and tray, without either.

Marks are named here and painted there: shape and word always come together (UI.md §1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.clock import parse_stamp
from core.errors import EXIT_OF, Code, KnownError
from core.health.answer import Answer, Do, Headline, ShopState, Task
from core.health.copies import allowed_age
from core.health.history import Day, DayResult
from core.health.look import Picture
from core.health.model import CopyVerdict, Gap, Reason, Step, SystemVerdict, Why
from core.store.home import Event, RunRow
from core.texts import Texts
from core.texts.answers import (
    BUTTONS,
    BY_HAND,
    DAY_RESULTS,
    HEADLINES,
    HOW,
    MEDIA,
    QUESTION,
    RUN_RESULTS,
    STATES,
    TITLES,
)
from core.texts.errors import describe
from core.texts.events import sentence
from core.texts.formats import age, clock, count, date, date_time, short_date, size
from core.texts.health import GAPS, REASONS, percent, say
from core.texts.names import exit_class
from core.texts.service import paused

_TIGHT = 0.9
_LOWEST = 0.12
_SHOWN_TASKS = 3


class Mark(StrEnum):
    """A painted sign beside a word."""

    TICK = "tick"
    SOON = "soon"
    WARN = "warn"
    BAD = "bad"
    NEVER = "never"
    RUN = "run"
    NONE = "none"


_RUN_MARKS = {
    "COMMITTED": Mark.TICK,
    "UNCHANGED": Mark.TICK,
    "PARTIAL": Mark.TICK,
    "RUNNING": Mark.RUN,
    "FAILED": Mark.BAD,
    "INTERRUPTED": Mark.WARN,
    "HELD": Mark.WARN,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One fact of a copy: mark and age; `full` is the sentence for the ear, `exact` the moment."""

    mark: Mark
    text: str
    full: str
    exact: str


@dataclass(frozen=True, slots=True)
class Line:
    """One copy in the ledger. system and note only stand in the first line of a system."""

    system: str
    note: str
    copy: str
    destination: str
    medium: str
    cells: tuple[Cell, Cell, Cell]
    verdict: str


@dataclass(frozen=True, slots=True)
class StepText:
    """A task: what to do, why, and its button or where else it is done."""

    title: str
    cause: str
    button: str
    elsewhere: str
    task: Task


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the 3-2-1 meter."""

    numeral: str
    word: str
    filled_by: str
    mark: Mark
    full: str


@dataclass(frozen=True, slots=True)
class DiskText:
    """What is to be said of a disk that comes and goes. can_go: it may be unplugged now."""

    mark: Mark
    text: str
    can_go: bool


@dataclass(frozen=True, slots=True)
class RoomText:
    """How full a destination is."""

    name: str
    text: str
    share: float
    mark: Mark
    full: str


@dataclass(frozen=True, slots=True)
class DayText:
    """One day of the strip; height between 0 and 1."""

    label: str
    result: DayResult
    word: str
    amount: str
    height: float


@dataclass(frozen=True, slots=True)
class RunText:
    """One recorded run."""

    when: str
    copy: str
    mark: Mark
    result: str
    amount: str


@dataclass(frozen=True, slots=True)
class Said:
    """All the words of the overview."""

    state: ShopState
    word: str
    question: str
    headline: str
    lead: str
    shop: str
    calm: str
    calm_note: str
    steps: tuple[StepText, ...]
    more_steps: int
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...]
    rules_word: str
    rules_mark: Mark
    days: tuple[DayText, ...]
    days_word: str
    days_full: str
    rooms: tuple[RoomText, ...]
    runs: tuple[RunText, ...]
    trouble: str = ""
    trouble_step: str = ""
    pause: str = ""
    pause_note: str = ""
    disks: tuple[DiskText, ...] = ()


def say_picture(picture: Picture, texts: Texts) -> Said:
    """The words for a picture in the language of `texts`."""
    return Sayer(picture, texts).said()


class Sayer:
    """Says parts of one picture."""

    def __init__(self, picture: Picture, texts: Texts) -> None:
        self._picture = picture
        self._texts = texts
        self._now = picture.at
        plan = picture.plan
        self._names = {where.id: where.name for where in plan.destinations} if plan else {}
        self._systems = {system.id: system.name for system in plan.systems} if plan else {}

    def said(self) -> Said:
        """All the words of the overview."""
        texts, picture = self._texts, self._picture
        found = picture.answer
        steps = tuple(self._step(task) for task in picture.tasks)
        worst = _worst(picture.verdicts)
        rules = self._rules(worst) if worst else ()
        open_rules = sum(rule.mark is not Mark.TICK for rule in rules)
        failed = sum(day.result is DayResult.FAILED for day in picture.days)
        skipped = sum(day.result is DayResult.SKIPPED for day in picture.days)
        trouble, trouble_step = self._trouble(picture.trouble)
        return Said(
            state=found.state,
            word=texts.t(STATES[found.state]),
            question=texts.t(QUESTION),
            headline=texts.t(HEADLINES[found.headline], copies=self._number(found.copies)),
            lead=self._lead(found),
            shop=picture.plan.shop if picture.plan else "",
            calm=texts.t("Heute ist nichts zu tun."),
            calm_note=self._calm_note(),
            steps=steps[:_SHOWN_TASKS],
            more_steps=max(0, len(steps) - _SHOWN_TASKS),
            lines=tuple(line for verdict in picture.verdicts for line in self._lines(verdict)),
            rules=rules,
            rules_word=texts.n("eine Lücke", "{n} Lücken", open_rules)
            if open_rules
            else texts.t("erfüllt"),
            rules_mark=Mark.WARN if open_rules else Mark.TICK,
            days=tuple(self._day(day) for day in picture.days),
            days_word=self._days_word(failed, skipped),
            days_full=self._days_full(failed, skipped),
            rooms=tuple(self.rooms()),
            runs=tuple(self._run(run) for run in reversed(picture.runs)),
            trouble=trouble,
            trouble_step=trouble_step,
            pause=self._pause(),
            pause_note=self._pause_note(),
            disks=tuple(self._disk(event) for event in picture.disks),
        )

    def _disk(self, event: Event) -> DiskText:
        ready = event.code == "disk_ready"
        said = sentence(
            self._texts,
            event.code,
            system="",
            name=self.name(event.destination),
            since=parse_stamp(event.since),
            now=self._now,
            params=event.params,
        )
        return DiskText(Mark.TICK if ready else Mark.WARN, said, can_go=ready)

    def _trouble(self, error: KnownError | None) -> tuple[str, str]:
        if error is None:
            return "", ""
        words = describe(self._texts, error, self._names)
        return words.sentence, words.next_step

    def _pause(self) -> str:
        """`Pause bis 18:00 Uhr`, '' while there is none."""
        pause = self._picture.pause
        if pause is None:
            return ""
        return paused(self._texts, pause.until, self._now)

    def _pause_note(self) -> str:
        """What the pause costs: what is in no copy so long, and which copies grow too old."""
        pause = self._picture.pause
        if pause is None:
            return ""
        late = {
            self.name(copy.facts.destination)
            for verdict in self._picture.verdicts
            for copy in verdict.copies
            if copy.facts.copied is not None
            and not copy.is_overdue
            and copy.facts.copied + allowed_age(copy.facts, verdict.facts.rpo) < pause.until
        }
        t = self._texts.t
        said = t("Von selbst entsteht so lange keine Kopie.")
        if late:
            more = t("Zu alt wird bis dahin: {names}.", names=", ".join(sorted(late)))
        else:
            more = t("Was dazukommt, ist bis dahin nicht gesichert.")
        return f"{said} {more}"

    def _number(self, number: int) -> str:
        words = {2: self._texts.t("zwei"), 3: self._texts.t("drei"), 4: self._texts.t("vier")}
        return words.get(number) or count(number, self._texts.lang)

    def name(self, destination: str) -> str:
        """What a destination is called."""
        return self._names.get(destination, destination)

    # -- the answer ---------------------------------------------------------------------------

    def _lead(self, found: Answer) -> str:
        """What stands behind the answer: the last proof with its age, and what would be lost."""
        t, lang, now = self._texts.t, self._texts.lang, self._now
        if found.headline is Headline.NO_PLAN:
            return t("Sagen Sie Ladentresor, wovon Ihr Laden lebt und wohin Kopien dürfen.")
        said = []
        if found.proven is not None:
            shown = age(found.proven, now, lang)
            name = self.name(found.proven_at)
            if found.was_restored:
                said.append(
                    t(
                        "Zuletzt bewiesen {age}: aus „{name}“ zurückgeholt und geprüft.",
                        age=shown,
                        name=name,
                    )
                )
            else:
                said.append(
                    t(
                        "Zuletzt bewiesen {age}: „{name}“ zurückgelesen und verglichen.",
                        age=shown,
                        name=name,
                    )
                )
                if not self._was_restored():
                    said.append(t("Ein Wiederherstellungstest steht noch aus."))
        elif found.headline is not Headline.NOT_YET:
            said.append(t("Dass sich alles zurückholen lässt, ist noch nicht bewiesen."))
        if found.newest is not None:
            said.append(
                t(
                    "Verloren wäre höchstens, was seit {moment} dazukam.",
                    moment=self._moment(found.newest),
                )
            )
        if found.headline is Headline.NOT_YET:
            said.append(t("Bis dahin gibt es Ihre Daten nur einmal."))
        return " ".join(said)

    def _was_restored(self) -> bool:
        return any(c.facts.restored for v in self._picture.verdicts for c in v.copies)

    def _moment(self, moment: datetime) -> str:
        """`heute um 3:12 Uhr`, `gestern um …`, else with its day."""
        t, lang = self._texts.t, self._texts.lang
        days = (self._now.astimezone().date() - moment.astimezone().date()).days
        shown = clock(moment, lang)
        if days == 0:
            return t("heute um {clock}", clock=shown)
        if days == 1:
            return t("gestern um {clock}", clock=shown)
        return t("{date}, {clock}", date=date(moment, lang, now=self._now), clock=shown)

    def _calm_note(self) -> str:
        t, lang = self._texts.t, self._texts.lang
        copied = [
            c.facts.copied for v in self._picture.verdicts for c in v.copies if c.facts.copied
        ]
        if self._picture.skipped:
            return self._texts.n(
                "Ein Eintrag ließ sich beim letzten Mal nicht lesen und fehlt in den Kopien.",
                "{n} Einträge ließen sich beim letzten Mal nicht lesen und fehlen in den Kopien.",
                self._picture.skipped,
            )
        if not copied:
            return ""
        return t("Zuletzt gesichert {age}.", age=age(max(copied), self._now, lang))

    # -- steps --------------------------------------------------------------------------------

    def _step(self, task: Task) -> StepText:
        texts = self._texts
        params = {
            "destination": self.name(task.destination),
            "system": self._systems.get(str(task.params.get("system", "")), ""),
            "systems": ", ".join(
                self._systems.get(id, id) for id in str(task.params.get("systems", "")).split(",")
            ),
        }
        cause = [self._reason(why) for why in task.why if why.code != Reason.NEVER_READ_BACK]
        if task.code in HOW and not (cause and task.code == "read_back"):
            cause.append(texts.t(HOW[task.code], **params))
        button = texts.t(BUTTONS[task.do]) if task.do is not Do.NOTHING else ""
        if task.code == "attach":
            button = texts.t(BUTTONS[Do.BACK_UP])
        elsewhere = texts.t(BY_HAND[task.code]) if task.code in BY_HAND else ""
        title = texts.t(TITLES[task.code], **params)
        return StepText(title, " ".join(map(_sentence, cause)), button, elsewhere, task)

    def _reason(self, why: Why) -> str:
        return say(self._texts, REASONS, why.code, why.params, self._now, self._names)

    # -- the ledger ---------------------------------------------------------------------------

    def _lines(self, verdict: SystemVerdict) -> Iterable[Line]:
        t, lang = self._texts.t, self._texts.lang
        name = verdict.facts.name
        for number, copy in enumerate(verdict.copies):
            known = self._picture.sizes.get(verdict.facts.system)
            note = (
                t("Ordner · {size}", size=size(known, lang)) if known is not None else t("Ordner")
            )
            yield Line(
                name if number == 0 else "",
                note if number == 0 else "",
                self.name(copy.facts.destination),
                copy.facts.destination,
                copy.facts.medium,
                self.cells(name, copy),
                self.counts(copy),
            )

    def cells(self, system: str, copy: CopyVerdict) -> tuple[Cell, Cell, Cell]:
        """The three facts of a copy of the system of this name."""
        t, where = self._texts.t, self.name(copy.facts.destination)
        return (
            _named(self._copied(copy), f"{system}, {where}: {t('kopiert')}"),
            _named(self._read_back(copy), f"{system}, {where}: {t('zurückgelesen')}"),
            _named(self._restored(copy), f"{system}, {where}: {t('getestet')}"),
        )

    def counts(self, copy: CopyVerdict) -> str:
        """Whether a copy counts for 3-2-1, and why not."""
        if copy.counts:
            return self._texts.t("zählt als Kopie")
        reasons = "; ".join(map(self._reason, copy.why))
        return self._texts.t("zählt nicht: {reasons}", reasons=reasons)

    def _copied(self, copy: CopyVerdict) -> Cell:
        t, facts = self._texts.t, copy.facts
        if facts.copied is None:
            return self._never()
        if copy.has(Reason.DAMAGED):
            return self._cell(Mark.BAD, facts.copied, t("beschädigt"))
        if copy.is_overdue:
            failed = facts.last_run in ("FAILED", "INTERRUPTED", "HELD")
            return self._cell(Mark.BAD if failed else Mark.WARN, facts.copied, t("überfällig"))
        return self._cell(Mark.TICK, facts.copied, t("in Ordnung"))

    def _read_back(self, copy: CopyVerdict) -> Cell:
        t, read = self._texts.t, copy.facts.read_back
        if read.last is None:
            return self._never()
        if copy.has(Reason.READ_BACK_OVERDUE):
            return self._cell(Mark.WARN, read.last, t("nachzulesen"))
        share = percent(read.read_share, self._texts)
        return self._cell(Mark.TICK, read.last, t("bisher {share} davon", share=share))

    def _restored(self, copy: CopyVerdict) -> Cell:
        if copy.facts.restored is None:
            return self._never()
        return self._cell(Mark.TICK, copy.facts.restored, self._texts.t("bestanden"))

    def _never(self) -> Cell:
        words = age(None, self._now, self._texts.lang)
        return Cell(Mark.NEVER, words, words, "")

    def _cell(self, mark: Mark, moment: datetime, state: str) -> Cell:
        lang = self._texts.lang
        exact = f"{date_time(moment, lang, now=self._now)} ({state})"
        shown = age(moment, self._now, lang, short=True)
        return Cell(mark, shown, f"{age(moment, self._now, lang)}, {state}", exact)

    # -- 3-2-1 --------------------------------------------------------------------------------

    def _rules(self, verdict: SystemVerdict) -> tuple[Rule, ...]:
        t = self._texts.t
        counting = [copy.facts for copy in verdict.copies if copy.counts]
        names = [self.name(facts.destination) for facts in counting]
        kinds = sorted({t(MEDIA[facts.medium]) for facts in counting})
        away = [self.name(id) for id in verdict.away]
        gaps = {gap.code: gap for gap in verdict.gaps}
        rules = (
            ("3", t("Kopien"), ", ".join([t("Original"), *names]), gaps.get(Gap.COPIES)),
            ("2", t("Arten von Speicher"), ", ".join(kinds) or t("keine"),
             gaps.get(Gap.KINDS) or gaps.get(Gap.ONLY_CLOUD)),
            ("1", t("außer Haus"), ", ".join(away) or t("keine"), self._away_gap(gaps)),
        )  # fmt: skip
        made = []
        for numeral, word, filled, gap in rules:
            mark = Mark.WARN if gap else Mark.TICK
            state = t("offen") if gap else t("erfüllt")
            shown = filled
            if numeral == "1" and away:
                shown = t("{names} (laut Angabe)", names=filled)
            reason = self._gap(gap) if gap else ""
            full = f"{numeral} {word}: {state}. {shown}. {reason}".strip()
            made.append(Rule(numeral, word, shown, mark, full))
        return tuple(made)

    def _away_gap(self, gaps: Mapping[Reason | Gap | Step, Why]) -> Why | None:
        codes = (Gap.AWAY, Gap.AWAY_SAME_OPERATOR, Gap.AWAY_OPERATOR_UNKNOWN)
        return next((gaps[code] for code in codes if code in gaps), None)

    def _gap(self, gap: Why) -> str:
        return say(self._texts, GAPS, gap.code, gap.params, self._now, self._names)

    # -- days and room ------------------------------------------------------------------------

    def _day(self, day: Day) -> DayText:
        lang = self._texts.lang
        most = max((one.new_bytes for one in self._picture.days), default=0)
        moment = datetime(day.day.year, day.day.month, day.day.day, 12).astimezone()
        return DayText(
            short_date(moment, lang, now=self._now),
            day.result,
            self._texts.t(DAY_RESULTS[day.result]),
            size(day.new_bytes, lang) if day.runs else "",
            bar_height(day.new_bytes, most) if day.runs else 0.0,
        )

    def _days_word(self, failed: int, skipped: int) -> str:
        if failed:
            return self._texts.n("1 × fehlgeschlagen", "{n} × fehlgeschlagen", failed)
        if skipped:
            return self._texts.n("1 × mit Auslassung", "{n} × mit Auslassung", skipped)
        return ""

    def _days_full(self, failed: int, skipped: int) -> str:
        good = sum(day.result is DayResult.GOOD for day in self._picture.days)
        return self._texts.t(
            "Von den letzten {days} Tagen: {good} gut, {skipped} mit Auslassung, "
            "{failed} fehlgeschlagen.",
            days=len(self._picture.days), good=good, skipped=skipped, failed=failed,
        )  # fmt: skip

    def _run(self, run: RunRow) -> RunText:
        texts, lang = self._texts, self._texts.lang
        system = self._systems.get(run.system, run.system)
        result = texts.t(RUN_RESULTS.get(run.status, "")) or run.status
        mark = _RUN_MARKS.get(run.status, Mark.NONE)
        if run.code in EXIT_OF:
            result = f"{result}: {exit_class(texts, EXIT_OF[Code(run.code)])}"
        if run.skipped:
            mark = Mark.WARN if mark is Mark.TICK else mark
            left = texts.n("ein Eintrag ausgelassen", "{n} Einträge ausgelassen", run.skipped)
            result = f"{result}, {left}"
        good = run.status in ("COMMITTED", "PARTIAL")
        return RunText(
            date_time(parse_stamp(run.began), lang, now=self._now),
            f"{system} → {self.name(run.destination)}",
            mark,
            result,
            size(run.new_bytes, lang) if good else "",
        )

    def rooms(self) -> Iterable[RoomText]:
        """How full the destinations are, in the order of the picture."""
        t, lang = self._texts.t, self._texts.lang
        for room in self._picture.rooms:
            share = room.used / room.total if room.total else 0.0
            tight = share > _TIGHT
            used, total = size(room.used, lang), size(room.total, lang)
            if used.rpartition(" ")[2] == total.rpartition(" ")[2]:
                used = used.rpartition(" ")[0]  # 1,6 von 4 TB
            text = t("{used} von {total}", used=used, total=total)
            name = self.name(room.destination)
            full = t("{name}: {room} belegt", name=name, room=text)
            yield RoomText(name, text, share, Mark.WARN if tight else Mark.NONE, full)


def bar_height(amount: int, most: int) -> float:
    """The height of a bar between 0.12 and 1, by the logarithm of its bytes."""
    if amount <= 0 or most <= 0:
        return _LOWEST
    return max(_LOWEST, 1 + math.log10(amount / most) / 3)  # three powers of ten from top to bottom


def _worst(verdicts: Sequence[SystemVerdict]) -> SystemVerdict | None:
    """The system that is furthest from 3-2-1: the meter shows the weakest one."""
    return min(verdicts, key=lambda one: (-len(one.gaps), one.three, one.two), default=None)


def _named(cell: Cell, about: str) -> Cell:
    return Cell(cell.mark, cell.text, f"{about} {cell.full}.", cell.exact)


def _sentence(text: str) -> str:
    """With a capital in front and a full stop behind."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")
