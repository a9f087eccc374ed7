"""The verbs: each calls the engine and shows what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.cli import demo, doctor, looking, secret
from core.cli.context import Context
from core.cli.output import Output
from core.copies import jobs
from core.copies.adopt import adopt as adopt_copy
from core.copies.assignment import Result
from core.errors import Code, Exit, KnownError
from core.plan.problems import PlanError
from core.plan.schema import schema_text
from core.plan.sentences import describe_problem, problem_line
from core.texts.formats import count, size

Verb = Callable[[Context, argparse.Namespace], Exit]


def welcome(context: Context, parser: argparse.ArgumentParser) -> Exit:
    """Without a verb: say what there is (the window comes with a later version)."""
    out = context.output
    out.say("Ladentresor – Kopien Ihres Ladens, die sich wieder aufmachen lassen.")
    out.line()
    out.say("Das Fenster gibt es in dieser Fassung noch nicht; alles geht über Befehle.")
    out.say("Zum Ausprobieren, ohne etwas einzurichten:  ./run demo")
    out.say("Alle Befehle:  ./run --help")
    out.record("welcome", usage=parser.format_usage().strip())
    return Exit.OK


# -- plan -----------------------------------------------------------------------------------------


def plan(context: Context, options: argparse.Namespace) -> Exit:
    """plan show | check | schema | apply"""
    doing = {"show": _plan_show, "check": _plan_check, "apply": _plan_apply}
    if options.plan_verb == "schema":
        context.output.raw(schema_text())
        return Exit.OK
    return doing[options.plan_verb](context, options)


def _plan_show(context: Context, options: argparse.Namespace) -> Exit:
    text = context.plan_text()
    looking.show_plan(context, context.plan(text), text)
    return Exit.OK


def _plan_check(context: Context, options: argparse.Namespace) -> Exit:
    if options.file is None:
        found = context.plan()
    else:
        path = Path(options.file)
        found = context.plan(_read_plan_file(path), str(path))
    context.output.say(
        "Der Plan ist in Ordnung: {systems} Systeme, {destinations} Ziele, {copies} Kopien.",
        systems=len(found.systems),
        destinations=len(found.destinations),
        copies=len(found.copies),
    )
    context.output.record("plan", valid=True)
    return Exit.OK


def _read_plan_file(path: Path) -> str:
    from core.plan.read import load_text

    return load_text(path)


def _plan_apply(context: Context, options: argparse.Namespace) -> Exit:
    path = Path(options.file)
    text = _read_plan_file(path)
    context.plan(text, str(path))
    with jobs.locked(context.home, context.clock):
        draft = context.home.plan.with_suffix(".neu")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(context.home.plan)
        except OSError as error:
            cause = error.strerror or str(error)
            raise KnownError(Code.HOME_UNUSABLE, path=str(draft), cause=cause) from error
    context.output.say("Der Plan gilt jetzt: {path}", path=context.home.plan)
    context.output.record("plan", applied=str(context.home.plan))
    return Exit.OK


def show_problems(output: Output, error: PlanError) -> None:
    """Everything that is wrong with a plan, each with line, key and sentence."""
    for problem in error.problems:
        output.record(
            "problem",
            line=problem.line,
            key=problem.key,
            code=str(problem.code),
            sentence=describe_problem(output.texts, problem),
        )
        output.line(problem_line(output.texts, problem, source=error.source))
    output.error(error)


# -- backup ---------------------------------------------------------------------------------------


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
    return Exit.PARTLY if record.skipped else Exit.OK


# -- adopt ----------------------------------------------------------------------------------------


def adopt(context: Context, options: argparse.Namespace) -> Exit:
    """Take over what a copy knows."""
    out = context.output
    with context.desk() as desk:
        found = adopt_copy(desk, Path(options.location).absolute(), take_over=options.take_over)
    out.record(
        "adopted",
        systems=found.systems,
        destination=found.destination,
        states=found.states,
        plan=found.plan,
        proofs=found.proofs,
        writer=found.writer,
    )
    out.say("Übernommen: {systems}, {n} Stände.", systems=", ".join(found.systems), n=found.states)
    if found.plan == "restored":
        out.say("Der Plan ist wieder da: {path}", path=context.home.plan)
    elif found.plan == "kept":
        out.say("Hier gab es schon einen Plan; er bleibt, wie er ist.")
    else:
        out.say("In der Kopie war kein lesbarer Plan.")
    if not found.writer:
        out.say("Lesen und Zurückholen gehen jetzt. Schreiben darf weiterhin nur der andere PC.")
        out.say("  → Gibt es ihn nicht mehr: adopt {path} --take-over", path=options.location)
    return Exit.OK


VERBS: dict[str, Verb] = {
    "demo": demo.demo,
    "plan": plan,
    "backup": backup,
    "snapshots": looking.snapshots,
    "browse": looking.browse,
    "restore": looking.restore,
    "verify": looking.verify,
    "adopt": adopt,
    "secret": secret.secret,
    "status": looking.status,
    "doctor": doctor.doctor,
}
