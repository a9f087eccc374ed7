"""3-2-1 of a system (DESIGN §4; DOMAIN A20, A21), line by line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.health.advice import next_step
from core.health.copies import judge_copies, same_operator
from core.health.model import CopyFacts, Gap, SystemFacts, SystemVerdict, Why
from core.plan.model import Medium, Mode, Site


def judge(facts: SystemFacts, now: datetime) -> SystemVerdict:
    """The verdict over a system at this moment."""
    copies = judge_copies(facts, now)
    counting = [copy.facts for copy in copies if copy.counts]
    three = min(3, 1 + len(counting))  # live data = 1
    two = min(2, len({copy.medium for copy in counting}))
    away = [copy for copy in counting if _is_away(copy, facts)]
    gaps = _gaps(facts, counting, three, two, away)
    return SystemVerdict(
        facts,
        copies,
        three,
        two,
        tuple(copy.destination for copy in away),
        gaps,
        next_step(copies, gaps),
    )


def _is_away(copy: CopyFacts, facts: SystemFacts) -> bool:
    """Out of the house, and not with whoever runs the system (A20)."""
    return copy.site is Site.AWAY and not (
        same_operator(copy.operator, facts.operator) or _is_unknown(copy, facts)
    )


def _is_unknown(copy: CopyFacts, facts: SystemFacts) -> bool:
    """Whether it cannot be told that two operators differ: nothing turns green on a guess."""
    if facts.mode is Mode.OWN and not facts.operator.strip():
        return False  # the shop runs it, and no cloud is the shop
    if not facts.operator.strip():
        return True
    return copy.medium is Medium.CLOUD and not copy.operator.strip()


def _gaps(
    facts: SystemFacts,
    counting: Sequence[CopyFacts],
    three: int,
    two: int,
    away: Sequence[CopyFacts],
) -> tuple[Why, ...]:
    gaps = []
    if three < 3:
        gaps.append(Why(Gap.COPIES, {"counting": three}))
    if two < 2:
        gaps.append(Why(Gap.KINDS))
    if not away:
        gaps.append(_no_away(facts, counting))
    if counting and all(copy.medium is Medium.CLOUD for copy in counting):
        gaps.append(Why(Gap.ONLY_CLOUD))  # A21
    return tuple(gaps)


def _no_away(facts: SystemFacts, counting: Sequence[CopyFacts]) -> Why:
    outside = [copy for copy in counting if copy.site is Site.AWAY]
    for copy in outside:
        if _is_unknown(copy, facts):
            return Why(Gap.AWAY_OPERATOR_UNKNOWN, {"destination": copy.destination})
    for copy in outside:
        params = {"destination": copy.destination, "operator": copy.operator}
        return Why(Gap.AWAY_SAME_OPERATOR, params)
    return Why(Gap.AWAY)
