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
    "search": "searching",
    "restore": "restoring",
    "verify": "verifying",
    "prune": "pruning",
    "adopt": "adopting",
    "secret": "secret",
    "key": "keys",
    "account": "accounts",
    "canary": "canary",
    "trust": "trusting",
    "rewind": "rewinding",
    "agent": "agent",
    "status": "judging",
    "probe": "probing",
    "alerts": "alerts",
    "runs": "runs",
    "doctor": "doctor",
}


def verb(name: str) -> Verb:
    """The function that does a verb; it bears the verb's name."""
    return cast("Verb", getattr(import_module(f"core.cli.{_HOMES[name]}"), name))


def welcome(context: Context) -> Exit:
    """Without a verb and without a screen for the window: say what there is."""
    out = context.output
    out.say("Ladentresor hält Kopien von allem, wovon Ihr Laden lebt, und holt es wieder zurück.")
    out.line()
    out.say("Ein Fenster kann sich hier nicht öffnen. Sie tippen Befehle ein:")
    out.say("  {program} demo      zeigt alles an einem erfundenen Laden, ohne Ihre Daten")
    out.say("  {program} doctor    sieht nach, ob dieser PC und Ihr Plan bereit sind")
    out.say("  {program} --help    nennt alle Befehle")
    out.line()
    out.say("Wie Sie Ihren Laden sichern, steht Schritt für Schritt in docs/anleitung.md.")
    out.record("welcome", usage=f"{context.texts.program} --help")
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
