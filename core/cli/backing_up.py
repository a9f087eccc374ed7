"""`backup`: make copies, say how each ended."""

from __future__ import annotations

import argparse

from core.cli.context import Context
from core.cli.output import Output
from core.copies import jobs
from core.copies.assignment import Result
from core.errors import Code, Exit, KnownError
from core.texts.formats import count, size


def backup(context: Context, options: argparse.Namespace) -> Exit:
    """Make copies; the worst outcome decides the exit code."""
    text = context.plan_text()
    plan = context.plan(text)
    request = jobs.Request(
        tuple(options.systems), tuple(options.to), options.due, options.accept_source
    )
    with context.desk() as desk:
        results = jobs.back_up_all(desk, plan, text.encode(), request)
    if not results:
        context.output.say("Nichts ist fällig.")
        context.output.record("result", outcome="nothing_due")
        return Exit.NOTHING_DONE
    worst = [_show_result(context.output, result) for result in results]
    return _overall(worst)


def _overall(outcomes: list[Exit]) -> Exit:
    """All well, all the same failure, or partly."""
    if set(outcomes) == {Exit.OK}:
        return Exit.OK
    if Exit.CANCELLED in outcomes:
        return Exit.CANCELLED
    bad = {outcome for outcome in outcomes if outcome is not Exit.OK}
    if len(bad) == 1 and Exit.OK not in outcomes:
        return bad.pop()
    return Exit.PARTLY


def _show_result(output: Output, result: Result) -> Exit:
    texts = output.texts
    if result.error is not None or result.written is None:
        error = result.error or KnownError(Code.CANCELLED)
        output.record(
            "result",
            system=result.system,
            destination=result.destination,
            run=result.run,
            outcome="failed",
            code=str(error.code),
        )
        output.line(f"{result.system} → {result.destination}:")
        output.error(error)
        return error.exit
    record = result.written.record
    output.record(
        "result",
        system=result.system,
        destination=result.destination,
        run=result.run,
        outcome="unchanged" if result.written.unchanged else "committed",
        files=record.files,
        bytes=record.bytes,
        new_objects=record.new_objects,
        new_bytes=record.new_bytes,
        skipped=record.skipped,
        complete=record.complete,
        damaged=list(result.damaged),
    )
    what = texts.n("eine Datei", "{n} Dateien", record.files)
    output.say(
        "{system} → {destination}: {files}, {size}; neu geschrieben {new}. Stand {run}",
        system=result.system,
        destination=result.destination,
        files=what,
        size=size(record.bytes, texts.lang),
        new=size(record.new_bytes, texts.lang),
        run=result.run,
    )
    if record.skipped:
        output.say(
            "  {n} Einträge sind nicht in diesem Stand.", n=count(record.skipped, texts.lang)
        )
    if result.damaged:
        output.say(
            "  Listen oder Belege älterer Stände, die hier beschädigt sind: {n}",
            n=len(result.damaged),
        )
        output.say("  → Welche Stände das trifft, sagt verify. Dieser Stand ist heil.")
    return Exit.PARTLY if record.skipped or result.damaged else Exit.OK
