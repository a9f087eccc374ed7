"""Which verb is done where. A module is imported only when its verb is typed: most are not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import cast

from core.cli.context import Context
from core.cli.output import Output
from core.errors import Exit
from core.plan.problems import PlanError
from core.plan.sentences import describe_problem, problem_line

Verb = Callable[[Context, argparse.Namespace], Exit]

_HOMES = {
    "demo": "demo",
    "plan": "planning",
    "backup": "backing_up",
    "snapshots": "looking",
    "browse": "looking",
    "restore": "restoring",
    "verify": "verifying",
    "adopt": "adopting",
    "secret": "secret",
    "key": "keys",
    "status": "judging",
    "doctor": "doctor",
}


def verb(name: str) -> Verb:
    """The function that does a verb; it bears the verb's name."""
    return cast("Verb", getattr(import_module(f"core.cli.{_HOMES[name]}"), name))


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
