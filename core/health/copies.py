"""Which copies of a system count, and why the others do not (DESIGN §4, "3-2-1, exactly")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.health.model import CopyFacts, CopyVerdict, Reason, SystemFacts, Why
from core.plan.model import Medium

_OFFLINE_GRACE = timedelta(days=2)
_CLOCK_TOLERANCE = timedelta(minutes=1)  # as ages are told


def judge_copies(facts: SystemFacts, now: datetime) -> tuple[CopyVerdict, ...]:
    """One verdict per copy, in their order. Of two on one device the first that counts does."""
    counting: list[CopyFacts] = []
    verdicts = []
    for copy in facts.copies:
        why = [*_age(copy, facts.rpo, now), *_soundness(copy), *_reading(copy)]
        why += _device(copy, facts, counting)
        verdicts.append(CopyVerdict(copy, tuple(why), _overdue_since(copy, facts.rpo, now)))
        if not why:
            counting.append(copy)
    return tuple(verdicts)


def allowed_age(copy: CopyFacts, rpo: timedelta) -> timedelta:
    """The RPO; a disk that is only attached for its copy has its interval and two days."""
    return age_limit(copy.every, rpo, offline=copy.offline)


def age_limit(every: timedelta, rpo: timedelta, *, offline: bool) -> timedelta:
    """How old the newest state may be, by the plan alone (DESIGN §4)."""
    return every + _OFFLINE_GRACE if offline else rpo


def _overdue_since(copy: CopyFacts, rpo: timedelta, now: datetime) -> datetime | None:
    if copy.copied is None:
        return None
    end = copy.copied + allowed_age(copy, rpo)
    return end if end < now else None


def _age(copy: CopyFacts, rpo: timedelta, now: datetime) -> list[Why]:
    if copy.copied is None:
        return [Why(Reason.NEVER_COPIED)]
    if copy.copied > now + _CLOCK_TOLERANCE:
        return [Why(Reason.CLOCK_AHEAD)]
    if _overdue_since(copy, rpo, now) is not None:
        return [
            Why(Reason.TOO_OLD, {"copied": copy.copied, "limit": allowed_age(copy, rpo)}),
        ]
    return []


def _soundness(copy: CopyFacts) -> list[Why]:
    return [Why(Reason.DAMAGED, {"places": copy.damage})] if copy.damage else []


def _reading(copy: CopyFacts) -> list[Why]:
    """What is new has its whole period to be read back; but without any proof nothing counts."""
    if copy.copied is None:
        return []  # there is nothing to read
    if copy.read_back.last is None:
        return [Why(Reason.NEVER_READ_BACK)]
    if copy.read_back.late_share > 0:
        late = copy.read_back.late_share
        return [Why(Reason.READ_BACK_OVERDUE, {"share": late, "period": copy.reread})]
    return []


def _device(copy: CopyFacts, facts: SystemFacts, counting: Sequence[CopyFacts]) -> list[Why]:
    """Its own physical device, or operator group where a cloud hides the device."""
    if any(copy.device.same(device) for device in facts.devices):
        return [Why(Reason.DEVICE_OF_SOURCE)]
    for other in counting:
        if copy.device.same(other.device):
            return [Why(Reason.DEVICE_OF_COPY, {"other": other.destination})]
        in_cloud = Medium.CLOUD in (copy.medium, other.medium)
        if in_cloud and same_operator(copy.operator, other.operator):
            params = {"other": other.destination, "operator": copy.operator}
            return [Why(Reason.OPERATOR_OF_COPY, params)]
    return []


def same_operator(one: str, other: str) -> bool:
    """Whether both are named, and as the same group."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()
