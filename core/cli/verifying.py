"""`verify`: does each copy still hold what its records say?"""

from __future__ import annotations

import argparse
import secrets

from core.cli.context import Context
from core.clock import stamp
from core.copies import jobs
from core.copies.copy_folder import CopyFolder
from core.copies.desk import Desk
from core.copies.finding import reach_copy
from core.copies.percent import exact, readable
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
    copies = plan.copies_between(destinations=options.destinations)
    depth: Depth = "full" if options.full else "sample" if options.sample else "stat"
    outcomes = []
    with context.desk() as desk:
        for copy in copies:
            outcomes.append(_verify_one(context, desk, plan, copy, depth, options.sample))
    bad = [outcome for outcome in outcomes if outcome is not Exit.OK]
    if not outcomes:
        return Exit.NOTHING_DONE
    return Exit.INTEGRITY if Exit.INTEGRITY in bad else (bad[0] if bad else Exit.OK)


def _verify_one(
    context: Context, desk: Desk, plan: Plan, copy: Copy, depth: Depth, share: float | None
) -> Exit:
    out = context.output
    try:
        reached = reach_copy(desk.reach, plan, copy.system, copy.destination)
    except KnownError as error:
        out.error(error)
        return error.exit
    try:
        return _look_at(context, desk, reached.copy, copy, depth, share)
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        out.error(error)
        return error.exit
    finally:
        reached.close()


def _look_at(
    context: Context,
    desk: Desk,
    folder: CopyFolder,
    copy: Copy,
    depth: Depth,
    share: float | None,
) -> Exit:
    out = context.output
    known = [record.run for record in jobs.known_states(desk, copy.system, copy.destination)]
    verdict = examine(
        folder,
        out,
        context.cancelled,
        depth=depth,
        percent=share or 100.0,
        expected_states=known,
    )
    if verdict.is_sound and not verdict.states:
        label = out.copy_label(system=copy.system, destination=copy.destination)
        out.say("{copy}: Es gibt noch keinen Stand.", copy=label)
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
        affected=[
            {"run": run, "path": readable(path), "raw": exact(path)}
            for run, path in verdict.affected
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
    for run, path in verdict.affected:
        if path == WHOLE_STATE:
            out.say("  betrifft den ganzen Stand {run}", run=run)
        else:
            out.say("  betrifft {path} im Stand {run}", path=readable(path), run=run)
    out.say("  → Der nächste Lauf sichert neu, was an der Quelle noch da ist: {program} backup")
