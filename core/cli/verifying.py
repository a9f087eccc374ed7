"""`verify`: does each copy still hold what its records say?"""

from __future__ import annotations

import argparse

from core.cli.context import Context
from core.cli.locked import look_at
from core.clock import stamp
from core.copies.backing_up.healing import holders
from core.copies.desk import Desk
from core.copies.format.percent import exact, readable
from core.copies.looking_after.verify import WHOLE_STATE, Affected, Depth, Verdict
from core.copies.reading_back import verify_copy
from core.errors import Code, Exit, KnownError
from core.plan.model import Copy, Plan
from core.texts.formats import size


def verify(context: Context, options: argparse.Namespace) -> Exit:
    """Look at every copy, or those named; what is found damaged is stored anew by the next run."""
    plan = context.reading_plan()  # looking needs no more than restoring does
    copies = plan.copies_between(destinations=options.destinations)
    outcomes = []
    with context.desk(plan, copies) as desk:
        for copy in copies:
            outcomes.append(_verify_one(context, desk, plan, copy, options))
    bad = [outcome for outcome in outcomes if outcome is not Exit.OK]
    if not outcomes:
        return Exit.NOTHING_DONE
    return Exit.INTEGRITY if Exit.INTEGRITY in bad else (bad[0] if bad else Exit.OK)


def _depth(options: argparse.Namespace) -> Depth:
    if options.full:
        return "full"
    if options.newest:
        return "newest"
    if options.due:
        return "due"
    return "sample" if options.sample else "stat"


def _verify_one(
    context: Context, desk: Desk, plan: Plan, copy: Copy, options: argparse.Namespace
) -> Exit:
    out = context.output
    try:
        verdict = verify_copy(desk, plan, copy, _depth(options), options.sample)
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        out.error(error)
        return error.exit
    if verdict.is_sound and not verdict.states:
        label = out.copy_label(system=copy.system, destination=copy.destination)
        out.say("{copy}: Es gibt noch keinen Stand.", copy=label)
        return Exit.NOTHING_DONE  # nothing was proven
    show_verdict(context, desk, plan, copy, verdict)
    locked = _show_locks(context, plan, copy)
    if not verdict.is_sound:
        return Exit.INTEGRITY
    return Exit.OK if locked else Exit.PARTLY


def _show_locks(context: Context, plan: Plan, copy: Copy) -> bool:
    """Say until when the copy is locked; whether that is as the plan wants it."""
    found = look_at(context, plan, copy)
    if found is None:
        return True
    context.output.record(
        "locked",
        system=copy.system,
        destination=copy.destination,
        good=found.good,
        until=stamp(found.until) if found.until else None,
        code=found.code or None,
    )
    context.output.line(f"  {found.text}")
    return found.good


def _elsewhere(desk: Desk, plan: Plan, copy: Copy, lost: Affected) -> list[str]:
    """The other destinations that should still have what a file needs."""
    others = [c.destination for c in plan.copies_of(copy.system) if c != copy]
    return holders(desk, copy.system, others, lost.shas)


def show_verdict(context: Context, desk: Desk, plan: Plan, copy: Copy, verdict: Verdict) -> None:
    """Tell what a verification found: one record for programs, the lines for people."""
    out, texts = context.output, context.texts
    elsewhere = [_elsewhere(desk, plan, copy, lost) for lost in verdict.affected]
    out.record(
        "verified",
        system=copy.system,
        destination=copy.destination,
        depth=verdict.depth,
        states=verdict.states,
        objects=verdict.objects,
        bytes=verdict.read_bytes,
        sound=verdict.is_sound,
        damage=[{"kind": item.kind, "path": item.path} for item in verdict.damage],
        affected=[
            {"run": run, "path": readable(path), "raw": exact(path), "elsewhere": there}
            for (run, path, _), there in zip(verdict.affected, elsewhere, strict=True)
        ],
        affected_files=verdict.affected_files,
    )
    label = out.copy_label(copy.system, copy.destination)
    looked = texts.n("ein Stand", "{n} Stände", verdict.states)
    if verdict.is_sound and verdict.depth == "stat":
        out.say(
            "{copy}: alles da, nicht gelesen ({states});"
            " jedes Byte liest „{program} verify --full“",
            copy=label,
            states=looked,
        )
        return
    if verdict.is_sound and verdict.depth == "due" and not verdict.read_bytes:
        out.say(
            "{copy}: alles da; nachzulesen ist gerade nichts ({states})", copy=label, states=looked
        )
        return
    if verdict.is_sound:
        out.say(
            "{copy}: in Ordnung ({states}, {size} gelesen)",
            copy=label,
            states=looked,
            size=size(verdict.read_bytes, texts.lang),
        )
        return
    out.say(
        "{copy}: {n} Schäden",
        copy=label,
        n=len(verdict.damage),
    )
    for (run, path, _), there in zip(verdict.affected, elsewhere, strict=True):
        if path == WHOLE_STATE:
            out.say("  betrifft den ganzen Stand {run}", run=run)
            continue
        out.say("  betrifft {path} im Stand {run}", path=readable(path), run=run)
        if there:
            out.say("    liegt noch auf: {names}", names=out.destination_names(there))
    out.say(
        "  → Der nächste Lauf sichert neu, was an der Quelle oder in einer anderen Kopie noch da"
        " ist: {program} backup"
    )
