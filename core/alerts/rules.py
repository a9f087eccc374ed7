"""From facts and recorded runs to findings: pure rules, one function per kind of trouble.

Never silent, never noisy (DESIGN §1, promise 5): a destination that is away is no alarm before its
copy is too old; what a person has to mend is one at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.alerts.model import Cause, Finding, Param, Severity
from core.clock import parse_stamp, stamp
from core.copies.backing_up.gate import REMIND_AFTER
from core.errors import EXIT_OF, Code, Exit
from core.health.copies import allowed_age
from core.health.model import CopyVerdict, Reason, SystemVerdict
from core.store.home import GOOD, RunRow

ATTACHED_LONGEST = timedelta(hours=36)
"""An offline disk that stays longer is within reach of whatever befalls the PC (DOMAIN A8)."""
INTERRUPTED_IN_A_ROW = 3
NOTHING_READ_AFTER = timedelta(days=7)
# The next run may well succeed by itself: silent until the copy is too old.
_PASSING = frozenset((Exit.DESTINATION_UNREACHABLE, Exit.LOCKED, Exit.CANCELLED))
# The gate has a finding of its own.
_TOLD_ELSEWHERE = frozenset((Exit.HELD_BY_GATE,))
_DANGEROUS = frozenset((Exit.INTEGRITY, Exit.SOURCE_PROBLEM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that is judged. runs: oldest first.

    gates: since when the anomaly gate of a system has been closed. seen: since when this home knows
    of a copy (system, destination). attached: since when an offline destination has been there.
    """

    verdicts: Sequence[SystemVerdict]
    runs: Sequence[RunRow]
    now: datetime
    gates: Mapping[str, datetime] = field(default_factory=dict)
    seen: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    attached: Mapping[str, datetime] = field(default_factory=dict)


def findings(sight: Sight) -> list[Finding]:
    """All that is wrong now, in the order of the plan; the same facts give the same findings."""
    found: list[Finding] = []
    for verdict in sight.verdicts:
        skipped: list[tuple[int, datetime]] = []
        for copy in verdict.copies:
            runs = _runs_of(sight, verdict.facts.system, copy.facts.destination)
            found += _of_copy(sight, verdict, copy)
            found += _of_runs(verdict, copy, runs)
            skipped += _skipped(runs)
        if skipped:
            count = max(number for number, _ in skipped)
            found.append(
                _finding(
                    Cause.SKIPPED,
                    Severity.ACT,
                    min(since for _, since in skipped),
                    verdict,
                    weight=count,
                    count=count,
                )
            )
        found += _gate(sight, verdict)
    found += _attached(sight)
    return found


def _of_copy(sight: Sight, verdict: SystemVerdict, copy: CopyVerdict) -> Iterator[Finding]:
    """What the verdict over a copy says against it."""
    facts, now = copy.facts, sight.now
    limit = allowed_age(facts, verdict.facts.rpo)
    # Without any copy that counts, the shop's data are in danger; else one of several is late.
    lateness = Severity.ACT if any(one.counts for one in verdict.copies) else Severity.DANGER
    if copy.has(Reason.NEVER_COPIED):
        since = sight.seen.get((verdict.facts.system, facts.destination), now)
        if now - since > limit:
            yield _finding(Cause.NEVER_COPIED, lateness, since, verdict, copy)
    if copy.has(Reason.TOO_OLD) and copy.overdue_since and facts.copied:
        yield _finding(
            Cause.OVERDUE,
            lateness,
            copy.overdue_since,
            verdict,
            copy,
            copied=stamp(facts.copied),
            limit=int(limit.total_seconds()),
        )
    if copy.has(Reason.CLOCK_AHEAD):
        yield _finding(Cause.CLOCK_AHEAD, Severity.ACT, now, verdict, copy)
    if copy.has(Reason.DAMAGED):
        places = facts.damage
        yield _finding(
            Cause.DAMAGED, Severity.DANGER, now, verdict, copy, weight=places, count=places
        )
    if facts.unlocked:
        yield _finding(Cause.UNLOCKED, Severity.ACT, now, verdict, copy, code=facts.unlocked)
    oldest = facts.read_back.oldest
    if copy.has(Reason.READ_BACK_OVERDUE) and oldest is not None:
        since, period = oldest + facts.reread, int(facts.reread.total_seconds())
        yield _finding(Cause.READ_BACK_LATE, Severity.ACT, since, verdict, copy, period=period)
    if (
        copy.has(Reason.NEVER_READ_BACK)
        and oldest is not None
        and now - oldest > NOTHING_READ_AFTER
    ):
        yield _finding(Cause.NEVER_READ_BACK, Severity.ACT, oldest, verdict, copy)


def _of_runs(verdict: SystemVerdict, copy: CopyVerdict, runs: list[RunRow]) -> Iterator[Finding]:
    """What the newest runs say; a run under way says nothing yet."""
    if not runs:
        return
    last = runs[-1]
    if last.status == "FAILED":
        code = _code(last.code)
        outcome = EXIT_OF[code] if code else Exit.BUG
        if outcome not in _PASSING | _TOLD_ELSEWHERE:
            severity = Severity.DANGER if outcome in _DANGEROUS else Severity.ACT
            since = _streak(runs, "FAILED")[0]
            yield _finding(
                Cause.RUN_FAILED, severity, parse_stamp(since.began), verdict, copy, code=last.code
            )
    if last.status == "INTERRUPTED":
        streak = _streak(runs, "INTERRUPTED")
        if len(streak) >= INTERRUPTED_IN_A_ROW:
            since = streak[0]
            yield _finding(
                Cause.INTERRUPTED,
                Severity.ACT,
                parse_stamp(since.began),
                verdict,
                copy,
                runs=len(streak),
            )
    if last.status in GOOD and last.files == 0:
        # A run that saw no file is no success, whatever it answered (DESIGN §1, promise 1).
        yield _finding(Cause.NOTHING_DONE, Severity.DANGER, parse_stamp(last.began), verdict, copy)


def _skipped(runs: list[RunRow]) -> Iterator[tuple[int, datetime]]:
    """How many files the newest good run left out, and since when every good run left some out."""
    good = [row for row in runs if row.status in GOOD]
    since = None
    for row in reversed(good):
        if not row.skipped:
            break
        since = row
    if since is not None:
        yield good[-1].skipped, parse_stamp(since.began)


def _gate(sight: Sight, verdict: SystemVerdict) -> Iterator[Finding]:
    """A question nobody answered; after three days it is told anew (ADR 13)."""
    since = sight.gates.get(verdict.facts.system)
    if since is not None:
        weight = 2 if sight.now - since >= REMIND_AFTER else 1
        yield _finding(Cause.HELD, Severity.DANGER, since, verdict, weight=weight)


def _attached(sight: Sight) -> Iterator[Finding]:
    """Disks that should lie in a drawer and do not."""
    offline = {
        copy.facts.destination
        for verdict in sight.verdicts
        for copy in verdict.copies
        if copy.facts.offline and copy.facts.reachable
    }
    for destination, since in sight.attached.items():
        lasted = sight.now - since
        if destination in offline and lasted > ATTACHED_LONGEST:
            yield Finding(
                cause=Cause.DISK_STAYS,
                severity=Severity.ACT,
                since=since,
                destination=destination,
                params={"days": max(2, round(lasted / timedelta(days=1)))},
            )


def _finding(
    cause: Cause,
    severity: Severity,
    since: datetime,
    verdict: SystemVerdict,
    copy: CopyVerdict | None = None,
    *,
    weight: int = 1,
    **params: Param,
) -> Finding:
    return Finding(
        cause=cause,
        severity=severity,
        since=since,
        system=verdict.facts.system,
        destination=copy.facts.destination if copy else "",
        weight=weight,
        params=params,
    )


def _runs_of(sight: Sight, system: str, destination: str) -> list[RunRow]:
    return [
        row
        for row in sight.runs
        if (row.system, row.destination) == (system, destination) and row.status != "RUNNING"
    ]


def _streak(runs: list[RunRow], status: str) -> list[RunRow]:
    """The newest runs as far back as they all ended alike; oldest first."""
    count = 0
    for row in reversed(runs):
        if row.status != status:
            break
        count += 1
    return runs[len(runs) - count :]


def _code(text: str) -> Code | None:  # an older or newer version may have written it
    try:
        return Code(text)
    except ValueError:
        return None
