"""`prune`: which states stay, which go and why; then let them go."""

from __future__ import annotations

import argparse

from core.cli.context import Context
from core.clock import stamp
from core.copies.backing_up.gate import gate_is_closed
from core.copies.desk import Desk
from core.copies.letting_go import pruning
from core.copies.letting_go.pruning import Pruned
from core.copies.opening.finding import reach_copy
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import where_of
from core.destinations.locks import Swept
from core.errors import Code, Exit, KnownError
from core.health.clean_up_said import fate_line
from core.plan.model import Copy, Plan
from core.texts.formats import count, date, size


def prune(context: Context, options: argparse.Namespace) -> Exit:
    """Clean up all copies or those named; `--dry-run` only says what would go."""
    plan = context.plan()
    copies = plan.copies_between(tuple(options.systems), tuple(options.to))
    if options.give_up and len(copies) != 1:
        # A number means another state at every copy.
        raise KnownError(Code.GIVE_UP_WHERE)
    outcomes = []
    with context.desk(plan, copies) as desk:
        for copy in copies:
            outcomes.append(_prune_one(context, desk, plan, copy, options))
    bad = [outcome for outcome in outcomes if outcome not in (Exit.OK, Exit.NOTHING_DONE)]
    if bad:
        return bad[0] if len(set(outcomes)) == 1 else Exit.PARTLY
    return Exit.OK if Exit.OK in outcomes else Exit.NOTHING_DONE


def _prune_one(
    context: Context, desk: Desk, plan: Plan, copy: Copy, options: argparse.Namespace
) -> Exit:
    out = context.output
    if desk.store.vault_of(copy.system, copy.destination) is None:
        out.say(
            "{copy}: Es gibt noch keinen Stand.",
            copy=out.copy_label(copy.system, copy.destination),
        )
        return Exit.NOTHING_DONE
    where = where_of(plan.destination(copy.destination))
    system = plan.system(copy.system)
    name = CopyName(copy.system, system.name, copy.destination, where.layout)
    give_up = tuple(options.give_up)
    try:
        if not options.dry_run and gate_is_closed(desk.store, copy.system):
            raise KnownError(Code.HELD_BY_GATE, destination=copy.destination, system=copy.system)
        if options.dry_run:
            reached = reach_copy(desk.reach, plan, copy.system, copy.destination)
            try:
                done = pruning.look(desk, reached.copy, name, copy.keep, give_up)
            finally:
                reached.close()
        else:
            done = pruning.prune(desk, name, where, copy.keep, give_up)
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        out.error(error)
        return error.exit
    _show(context, copy, done, dry=options.dry_run)
    did = options.dry_run or done.run or (done.swept and done.swept.versions)
    return Exit.OK if did else Exit.NOTHING_DONE


def _show(context: Context, copy: Copy, done: Pruned, *, dry: bool) -> None:
    out, texts = context.output, context.texts
    out.record(
        "pruned",
        system=copy.system,
        destination=copy.destination,
        dry_run=dry,
        run=done.run or None,
        states=[
            {
                "run": fate.state.run,
                "day": fate.state.day.isoformat(),
                "stays": fate.stays,
                "why": [str(why) for why in fate.whys],
            }
            for fate in done.fates
        ],
        given_up=list(done.given_up),
        objects=done.objects,
        freed=done.freed,
        repacked=done.moved,
        orphans=list(done.orphans),
        left=list(done.left),
        **_swept(done.swept),
    )
    label = out.copy_label(copy.system, copy.destination)
    counts = {
        "copy": label,
        "staying": count(len(done.fates) - len(done.dropped), texts.lang),
        "going": count(len(done.dropped) + len(done.given_up), texts.lang),
    }
    if dry:
        out.say("{copy}: Stände, die bleiben: {staying}; die gehen würden: {going}", **counts)
    else:
        out.say("{copy}: Stände, die bleiben: {staying}; die gehen: {going}", **counts)
    for fate in done.fates:
        if dry or not fate.stays:
            out.line("  " + fate_line(texts, fate))
    for run in done.given_up:
        out.say("  geht: {run} – aufgegeben", run=run)
    for run in done.orphans:
        out.say("  geht: der Rest eines abgebrochenen Laufs, {run}", run=run)
    for run in done.left:
        out.say("  unklar, deshalb unberührt: {run}", run=run)
    _show_room(context, done, dry=dry)


def _show_room(context: Context, done: Pruned, *, dry: bool) -> None:
    """How much room that makes, or would make."""
    out, room = context.output, size(done.freed, context.texts.lang)
    if dry:
        out.say("  Frei würden etwa {size}. Gelöscht ist noch nichts.", size=room)
    elif done.run:
        out.say("  Frei geworden sind {size}.", size=room)
    elif not (done.swept and done.swept.versions):
        out.say("  Es ist nichts aufzuräumen.")
    if done.swept is not None:
        _show_swept(context, done.swept)


def _swept(swept: Swept | None) -> dict[str, object]:
    if swept is None:
        return {}
    return {
        "swept": swept.size,
        "locked": swept.waiting,
        "locked_until": stamp(swept.free_at) if swept.free_at else None,
    }


def _show_swept(context: Context, swept: Swept) -> None:
    """What a bucket with locks has really let go of, and when the rest can go."""
    out, lang = context.output, context.texts.lang
    if swept.versions:
        out.say("  Im Bucket endgültig gelöscht: {size}.", size=size(swept.size, lang))
    if swept.waiting and swept.free_at is not None:
        out.say(
            "  Noch gesperrt und bezahlt: {size}. Ganz gehen können sie ab {date}.",
            size=size(swept.waiting, lang),
            date=date(swept.free_at, lang),
        )
