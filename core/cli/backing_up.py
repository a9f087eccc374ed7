"""`backup`: make copies, say how each ended."""

from __future__ import annotations

import argparse
import dataclasses

from core.agent.due import is_due
from core.cli import held
from core.cli.context import Context
from core.cli.output import Output
from core.cli.verifying import show_verdict
from core.copies import jobs
from core.copies.backing_up.assignment import Result
from core.copies.backing_up.commit import Written
from core.copies.backing_up.gate import question
from core.copies.desk import Desk
from core.copies.locking import passes
from core.copies.reading_back import read_sample
from core.errors import Code, Exit, KnownError
from core.plan.model import Copy, Plan
from core.texts.formats import size


def backup(context: Context, options: argparse.Namespace) -> Exit:
    """Make copies; the worst outcome decides the exit code."""
    text = context.plan_text()
    plan = context.plan(text, to=options.to)
    request = jobs.Request(
        tuple(options.systems), tuple(options.to), options.accept_source, options.accept_changes
    )
    with context.desk(plan, jobs.chosen_copies(plan, request)) as desk:
        if options.asked and not _is_asked(desk, plan, options.asked):
            request = dataclasses.replace(request, accept_changes=False)  # asked anew meanwhile
        requests = _due_requests(desk, plan, request) if options.due else [request]
        results = [
            result
            for one in requests
            for result in jobs.back_up_all(desk, plan, text.encode(), one)
        ]
        asked = [
            found
            for system in dict.fromkeys(result.system for result in results)
            if (found := question(desk.store, system)) is not None
        ]
        outcomes = _show_all(context, results)
        for one in asked:
            held.show(context.output, one)
            outcomes.append(Exit.HELD_BY_GATE)
        if not options.no_sample:
            outcomes += _read_samples(context, desk, plan, results)
    if not results:
        context.output.say("Nichts ist fällig.")
        context.output.record("result", outcome="nothing_due")
        return Exit.NOTHING_DONE
    return _overall(outcomes)


def _is_asked(desk: Desk, plan: Plan, mark: str) -> bool:
    """Whether the question that a person answers is still the one that is asked."""
    found = (question(desk.store, system.id) for system in plan.systems)
    return any(one is not None and one.mark == mark for one in found)


def _due_requests(desk: Desk, plan: Plan, request: jobs.Request) -> list[jobs.Request]:
    """What is due, pass by pass: what a scheduler starts at night waits for no slow line."""
    due = _due(desk, plan)
    groups = passes(plan, dict.fromkeys(copy.destination for copy in due)) or [()]
    return [
        dataclasses.replace(request, only=tuple(c for c in due if c.destination in group))
        for group in groups
    ]


def _due(desk: Desk, plan: Plan) -> tuple[Copy, ...]:
    """The copies that are due now, by the rules of the background process."""
    now = desk.clock.now()
    return tuple(
        copy for copy in plan.copies if is_due(plan, copy, jobs.last_success(desk.store, copy), now)
    )


def _show_all(context: Context, results: list[Result]) -> list[Exit]:
    """Say how each run ended; the exit code of each."""
    outcomes: list[Exit] = []
    last: Result | None = None
    for result in results:
        if result.error is not None or result.written is None:
            error = result.error or KnownError(Code.CANCELLED)
            said = last is not None and last.system == result.system and _alike(last.error, error)
            outcomes.append(_show_failure(context.output, result, error, said=said))
        else:
            outcomes.append(_show_written(context.output, result, result.written))
        last = result
    return outcomes


def _read_samples(context: Context, desk: Desk, plan: Plan, results: list[Result]) -> list[Exit]:
    """Read a little of each copy that was just written; only damage is worth a word."""
    outcomes = []
    for result in results:
        if result.written is None:
            continue
        copy = next(c for c in plan.copies_of(result.system) if c.destination == result.destination)
        try:
            verdict = read_sample(desk, plan, copy)
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            context.output.error(error)
            outcomes.append(error.exit)
            continue
        if verdict is not None and not verdict.is_sound:
            show_verdict(context, desk, plan, copy, verdict)
            outcomes.append(Exit.INTEGRITY)
    return outcomes


def _alike(one: KnownError | None, other: KnownError) -> bool:
    """Whether two copies failed for the very same reason, as when their source is missing."""
    return one is not None and (one.code, one.params) == (other.code, other.params)


def _overall(outcomes: list[Exit]) -> Exit:
    """All well, cancelled, something asked of a person, all the same failure, or partly."""
    if set(outcomes) == {Exit.OK}:
        return Exit.OK
    for outcome in (Exit.CANCELLED, Exit.HELD_BY_GATE):
        if outcome in outcomes:
            return outcome
    bad = {outcome for outcome in outcomes if outcome is not Exit.OK}
    if len(bad) == 1 and Exit.OK not in outcomes:
        return bad.pop()
    return Exit.PARTLY


def _show_failure(output: Output, result: Result, error: KnownError, *, said: bool) -> Exit:
    """A copy that failed. `said`: the same befell the copy before, one explanation is enough."""
    output.record(
        "result",
        system=result.system,
        destination=result.destination,
        run=result.run,
        outcome="failed",
        code=str(error.code),
    )
    output.say("{copy}: nicht gesichert", copy=output.copy_label(result.system, result.destination))
    if output.as_json or not said:
        output.error(error)
    return error.exit


def _show_written(output: Output, result: Result, written: Written) -> Exit:
    texts, record = output.texts, written.record
    output.record(
        "result",
        system=result.system,
        destination=result.destination,
        run=result.run,
        outcome="unchanged" if written.unchanged else "committed",
        files=record.files,
        bytes=record.bytes,
        new_objects=record.new_objects,
        new_bytes=record.new_bytes,
        skipped=record.skipped,
        complete=record.complete,
        damaged=list(result.damaged),
    )
    output.say(
        "{copy}: {files}, {size}; neu geschrieben {new}. Stand {run}",
        copy=output.copy_label(result.system, result.destination),
        files=texts.n("eine Datei", "{n} Dateien", record.files),
        size=size(record.bytes, texts.lang),
        new=size(record.new_bytes, texts.lang),
        run=result.run,
    )
    if record.skipped:
        missing = texts.n(
            "  Ein Eintrag ist ausgelassen und nicht in diesem Stand.",
            "  {n} Einträge sind ausgelassen und nicht in diesem Stand.",
            record.skipped,
        )
        output.line(missing)
    if result.unlocked is not None:
        output.error(result.unlocked)
    if result.damaged:
        output.say(
            "  Listen oder Belege älterer Stände, die hier beschädigt sind: {n}",
            n=len(result.damaged),
        )
        output.say("  → Welche Stände das trifft, sagt verify. Dieser Stand ist heil.")
    well = not (record.skipped or result.damaged or result.unlocked)
    return Exit.OK if well else Exit.PARTLY
