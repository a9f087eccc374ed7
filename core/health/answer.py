"""The one question of the shop: can it be opened again from its copies today? Pure rules.

What each system's verdict says becomes one state of the whole shop, one headline, the age of the
proof behind it, and the tasks of a person, the most useful first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.health.advice import next_steps
from core.health.model import CopyVerdict, Param, Reason, Step, SystemVerdict, Why


class ShopState(StrEnum):
    """The state of the whole shop (UI.md §1). "Running" is shown beside it and hides nothing."""

    EMPTY = "empty"  # no plan yet
    PROTECTED = "protected"
    ACT = "act"
    DANGER = "danger"


class Headline(StrEnum):
    """The answer to the question."""

    NO_PLAN = "no_plan"
    NOTHING_COPIED = "nothing_copied"  # the plan copies nothing
    NOT_YET = "not_yet"  # the first copy is missing
    NONE_LEFT = "none_left"
    UNPROVEN = "unproven"  # there are fresh copies, none was read back
    ONE_LEFT = "one_left"
    HELD = "held"
    DAMAGED = "damaged"
    OVERDUE = "overdue"
    ONE_COPY = "one_copy"
    GAPS = "gaps"
    UNCOVERED = "uncovered"  # of a system nothing is copied
    YES = "yes"  # copies


class Ask(StrEnum):
    """Tasks beside the steps of a system."""

    ANSWER_GATE = "answer_gate"  # system
    PROVE_SHEET = "prove_sheet"
    FIRST_RUN = "first_run"  # nothing was ever copied
    COVER = "cover"  # systems: ids of those nothing is copied of, with commas between


class Do(StrEnum):
    """What the program can do about a task itself."""

    NOTHING = "nothing"
    BACK_UP = "back_up"
    READ_ALL = "read_all"
    READ_DUE = "read_due"
    ANSWER = "answer"  # show the gate's question, and take the answer
    PROVE_SHEET = "prove_sheet"  # print the sheet and have it typed off
    ADD_PLACE = "add_place"  # choose one more place for copies


FOR_A_PAGE = frozenset((Do.ANSWER, Do.PROVE_SHEET, Do.ADD_PLACE))
"""What needs a page and a person; the rest is a job."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do. why: what is wrong with the copy it is about; since: since when."""

    code: Step | Ask
    params: Mapping[str, Param] = field(default_factory=dict)
    why: tuple[Why, ...] = ()
    since: datetime | None = None
    do: Do = Do.NOTHING

    @property
    def destination(self) -> str:
        """The destination it is about, '' for none."""
        return str(self.params.get("destination", ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for the whole shop.

    copies: how many copies of each system count at least. proven: when the least lately proven
    system was last read back or restored from a copy that counts, and by which copy. newest: of
    the system whose newest counting state is oldest, when that state began: what came later would
    be lost.
    """

    state: ShopState
    headline: Headline
    copies: int = 0
    proven: datetime | None = None
    proven_at: str = ""
    was_restored: bool = False
    newest: datetime | None = None


_DO = {
    Step.BACK_UP: Do.BACK_UP,
    Step.MEND: Do.BACK_UP,
    Step.READ_BACK: Do.READ_ALL,
    Step.READ_BACK_DUE: Do.READ_DUE,
    Step.OTHER_DEVICE: Do.ADD_PLACE,
    Step.OTHER_OPERATOR: Do.ADD_PLACE,
    Step.ADD_COPY: Do.ADD_PLACE,
    Step.ADD_KIND: Do.ADD_PLACE,
    Step.ADD_AWAY: Do.ADD_PLACE,
    Step.ADD_LOCAL: Do.ADD_PLACE,
}
_RANK: tuple[Step | Ask, ...] = (
    Ask.ANSWER_GATE,
    Ask.FIRST_RUN,
    Step.MEND,
    Step.BACK_UP,
    Step.ATTACH,
    Step.READ_BACK_DUE,
    Step.READ_BACK,
    Ask.PROVE_SHEET,
    Ask.COVER,
)


def answer(
    verdicts: Sequence[SystemVerdict], held: Sequence[str] = (), uncovered: Sequence[str] = ()
) -> Answer:
    """The answer; `held`: systems whose anomaly gate is closed; `uncovered`: those nothing is
    copied of.
    """
    counting = [[copy for copy in verdict.copies if copy.counts] for verdict in verdicts]
    headline = _headline(verdicts, [len(copies) for copies in counting], held)
    if headline is Headline.YES and uncovered:
        headline = Headline.UNCOVERED
    proofs = [_newest_proof(copies) for copies in counting]
    oldest = min((proof for proof in proofs if proof), default=None, key=lambda proof: proof[0])
    if None in proofs:
        oldest = None  # of one system nothing is proven
    ages = [
        max((c.facts.copied for c in copies if c.facts.copied), default=None) for copies in counting
    ]
    known = [age for age in ages if age is not None]
    return Answer(
        _state(headline),
        headline,
        copies=min((len(copies) for copies in counting), default=0),
        proven=oldest[0] if oldest else None,
        proven_at=oldest[1] if oldest else "",
        was_restored=bool(oldest and oldest[2]),
        newest=min(known) if known and len(known) == len(ages) else None,
    )


def tasks(
    verdicts: Sequence[SystemVerdict],
    held: Iterable[str] = (),
    *,
    unproven_sheet: bool = False,
    uncovered: Sequence[str] = (),
) -> tuple[Task, ...]:
    """All that a person can do now, each thing once, the most useful first."""
    found: dict[tuple[str, str], Task] = {}
    for system in held:
        found[Ask.ANSWER_GATE, system] = Task(Ask.ANSWER_GATE, {"system": system}, do=Do.ANSWER)
    for verdict in verdicts:
        copies = {copy.facts.destination: copy for copy in verdict.copies}
        for step in next_steps(verdict.copies, verdict.gaps):
            code = Step(step.code)
            copy = copies.get(str(step.params.get("destination", "")))
            task = Task(
                code,
                step.params,
                copy.why if copy else (),
                copy.overdue_since if copy else None,
                _DO.get(code, Do.NOTHING),
            )
            found.setdefault((code, task.destination), task)
    copies_made = [copy.facts.copied for verdict in verdicts for copy in verdict.copies]
    if copies_made and not any(copies_made):  # one run makes them all
        found = {key: task for key, task in found.items() if task.code is not Step.BACK_UP}
        found[Ask.FIRST_RUN, ""] = Task(Ask.FIRST_RUN, do=Do.BACK_UP)
    if unproven_sheet:
        found[Ask.PROVE_SHEET, ""] = Task(Ask.PROVE_SHEET, do=Do.PROVE_SHEET)
    if uncovered:
        found[Ask.COVER, ""] = Task(Ask.COVER, {"systems": ",".join(uncovered)})
    return tuple(sorted(found.values(), key=_rank))


def _rank(task: Task) -> int:
    return _RANK.index(task.code) if task.code in _RANK else len(_RANK)


def _state(headline: Headline) -> ShopState:
    if headline in (Headline.NO_PLAN, Headline.NOTHING_COPIED):
        return ShopState.EMPTY
    if headline in (Headline.NONE_LEFT, Headline.ONE_LEFT, Headline.UNPROVEN, Headline.NOT_YET):
        return ShopState.DANGER
    return ShopState.PROTECTED if headline is Headline.YES else ShopState.ACT


def _headline(
    verdicts: Sequence[SystemVerdict], counting: Sequence[int], held: Sequence[str]
) -> Headline:
    """The worst that is true of any system."""
    copies = [copy for verdict in verdicts for copy in verdict.copies]
    if not copies:
        return Headline.NOTHING_COPIED
    if min(counting) == 0:
        return _without_copy([v for v, n in zip(verdicts, counting, strict=True) if n == 0])
    if any(n == 1 and len(v.copies) > 1 for v, n in zip(verdicts, counting, strict=True)):
        return Headline.ONE_LEFT
    for is_so, headline in (
        (bool(held), Headline.HELD),
        (any(copy.has(Reason.DAMAGED) for copy in copies), Headline.DAMAGED),
        (any(copy.is_overdue for copy in copies), Headline.OVERDUE),
        (min(counting) == 1, Headline.ONE_COPY),
        (not all(verdict.is_green for verdict in verdicts), Headline.GAPS),
    ):
        if is_so:
            return headline
    return Headline.YES


def _without_copy(verdicts: Sequence[SystemVerdict]) -> Headline:
    """Of these systems no copy counts: never made, not proven, or all old or broken."""
    if any(all(copy.facts.copied is None for copy in verdict.copies) for verdict in verdicts):
        return Headline.NOT_YET
    if all(any(_only_unread(copy) for copy in verdict.copies) for verdict in verdicts):
        return Headline.UNPROVEN
    return Headline.NONE_LEFT


def _only_unread(copy: CopyVerdict) -> bool:
    return [why.code for why in copy.why] == [Reason.NEVER_READ_BACK]


def _newest_proof(copies: Iterable[CopyVerdict]) -> tuple[datetime, str, bool] | None:
    """When something was last read back or restored, at which copy, and whether restored."""
    found = []
    for copy in copies:
        facts = copy.facts
        if facts.restored:
            found.append((facts.restored, facts.destination, True))
        if facts.read_back.last:
            found.append((facts.read_back.last, facts.destination, False))
    return max(found, default=None)
