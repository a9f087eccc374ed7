"""The one best thing to do next: first what is broken, then what is late, then what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from core.health.model import CopyVerdict, Gap, Reason, Step, Why

_LATE = (Reason.TOO_OLD, Reason.NEVER_COPIED, Reason.CLOCK_AHEAD)
_DEVICE = (Reason.DEVICE_OF_SOURCE, Reason.DEVICE_OF_COPY, Reason.OPERATOR_OF_COPY)
_FOR_GAP = {
    Gap.COPIES: Step.ADD_COPY,
    Gap.KINDS: Step.ADD_KIND,
    Gap.AWAY: Step.ADD_AWAY,
    Gap.AWAY_SAME_OPERATOR: Step.OTHER_OPERATOR,
    Gap.AWAY_OPERATOR_UNKNOWN: Step.NAME_OPERATOR,
    Gap.ONLY_CLOUD: Step.ADD_LOCAL,
}


_ORDER = (
    ((Reason.DAMAGED,), Step.MEND),
    (_LATE, Step.BACK_UP),
    ((Reason.READ_BACK_OVERDUE,), Step.READ_BACK_DUE),
    ((Reason.NEVER_READ_BACK,), Step.READ_BACK),
)


def next_step(copies: Sequence[CopyVerdict], gaps: Sequence[Why]) -> Why | None:
    """The next step of a system, None when all is well."""
    return next(iter(next_steps(copies, gaps)), None)


def next_steps(copies: Sequence[CopyVerdict], gaps: Sequence[Why]) -> tuple[Why, ...]:
    """What is to be done at a system, the most useful first; one step for each copy.

    What is missing in the plan is only named when nothing is broken or late: once that is done the
    gap may be gone.
    """
    found: dict[str, Why] = {}
    for reasons, step in _ORDER:
        met = [copy for copy in copies if copy.has(*reasons)]
        # What can be done without getting up comes first.
        met.sort(key=lambda copy: not copy.facts.reachable)
        for copy in met:
            name = copy.facts.destination
            found.setdefault(name, _at(step if copy.facts.reachable else Step.ATTACH, name))
    if found or not gaps:
        return tuple(found.values())
    for copy in copies:
        if copy.has(*_DEVICE):
            return (_at(Step.OTHER_DEVICE, copy.facts.destination),)
    gap = gaps[0]
    step = _FOR_GAP[Gap(gap.code)]
    return (Why(step, {key: value for key, value in gap.params.items() if key == "destination"}),)


def _at(step: Step, destination: str) -> Why:
    return Why(step, {"destination": destination})
