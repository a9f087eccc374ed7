"""`verify`: does each copy still hold what its records say?"""

from __future__ import annotations

import argparse
import secrets

from core.cli.context import Context
from core.clock import stamp
from core.copies import jobs
from core.copies.desk import Desk
from core.copies.finding import copy_folder
from core.copies.suspects import forget_damaged
from core.copies.verify import WHOLE_STATE, Depth, Verdict
from core.copies.verify import verify as examine
from core.destinations.local import reads_medium
from core.errors import Code, Exit, KnownError
from core.plan.model import Copy, Plan
from core.store.home import Proof
from core.texts.formats import size


def verify(context: Context, options: argparse.Namespace) -> Exit:
    """Look at every copy, or those named; what is found damaged is stored anew by the next run."""
    plan = context.reading_plan()  # looking needs no more than restoring does
    for destination in options.destinations:
        plan.destination(destination)
    depth: Depth = "full" if options.full else "sample" if options.sample else "stat"
    outcomes = []
    with context.desk() as desk:
        for copy in plan.copies:
            if not options.destinations or copy.destination in options.destinations:
                outcomes.append(_verify_one(context, desk, plan, copy, depth, options.sample))
    bad = [outcome for outcome in outcomes if outcome is not Exit.OK]
    if not outcomes:
        return Exit.NOTHING_DONE
    return Exit.INTEGRITY if Exit.INTEGRITY in bad else (bad[0] if bad else Exit.OK)


def _verify_one(
    context: Context, desk: Desk, plan: Plan, copy: Copy, depth: Depth, share: float | None
) -> Exit:
    out = context.output
    where = {"system": copy.system, "destination": copy.destination}
    try:
        folder = copy_folder(plan, copy.system, copy.destination)
        known = [record.run for record in jobs.known_states(desk, copy.system, copy.destination)]
        verdict = examine(
            folder,
            out,
            context.cancelled,
            depth=depth,
            percent=share or 100.0,
            expected_states=known,
        )
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        out.error(error)
        return error.exit
    if verdict.is_sound and not verdict.states:
        out.say("{system} → {destination}: Es gibt noch keinen Stand.", **where)
        return Exit.NOTHING_DONE  # nothing was proven
    if verdict.damage:
        forget_damaged(desk, copy.system, copy.destination, verdict)
    now = stamp(context.clock.now())
    result = "sound" if verdict.is_sound else "damaged"
    # Bytes that may have come from memory prove the memory, not the disk (REVIEW A2).
    detail = depth if depth == "stat" or reads_medium() else f"{depth}-memory"
    desk.store.add_proof(
        Proof(
            secrets.token_hex(8), now, copy.system, copy.destination, "verified", result, "", detail
        )
    )
    _show_verdict(context, copy, verdict)
    return Exit.OK if verdict.is_sound else Exit.INTEGRITY


def _show_verdict(context: Context, copy: Copy, verdict: Verdict) -> None:
    out, texts = context.output, context.texts
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
        affected=[{"run": run, "path": path} for run, path in verdict.affected],
        affected_files=verdict.affected_files,
    )
    looked = texts.n("ein Stand", "{n} Stände", verdict.states)
    if verdict.is_sound and verdict.depth == "stat":
        out.say(
            "{system} → {destination}: alles da, nicht gelesen ({states});"
            " jedes Byte liest verify --full",
            system=copy.system,
            destination=copy.destination,
            states=looked,
        )
        return
    if verdict.is_sound:
        out.say(
            "{system} → {destination}: in Ordnung ({states}, {size} gelesen)",
            system=copy.system,
            destination=copy.destination,
            states=looked,
            size=size(verdict.read_bytes, texts.lang),
        )
        return
    out.say(
        "{system} → {destination}: {n} Schäden",
        system=copy.system,
        destination=copy.destination,
        n=len(verdict.damage),
    )
    for run, path in verdict.affected:
        if path == WHOLE_STATE:
            out.say("  betrifft den ganzen Stand {run}", run=run)
        else:
            out.say("  betrifft {path} im Stand {run}", path=path, run=run)
    out.say("  → Der nächste Lauf sichert neu, was an der Quelle noch da ist: backup")
