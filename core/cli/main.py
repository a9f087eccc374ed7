"""Entry of the command line: language, home, Ctrl-C, one exit code per class of outcome."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from core.agent import HANDED, NOTE
from core.cli import verbs
from core.cli.context import Context
from core.cli.output import standard_output
from core.cli.parser import make_parser
from core.cli.usage import Misuse, speaking
from core.clock import SystemClock
from core.errors import Code, Exit, KnownError
from core.paths import Home, find_home
from core.plan.problems import PlanError
from core.texts import PROGRAM, Texts, pick_language

PASSPHRASE = "LADENTRESOR_PASSPHRASE"
"""Opens the sealed file of secrets where there is no keyring."""
CALLED = "LADENTRESOR_CALLED"
"""How the person started us; ./run and dev.py set it, so that messages name what can be typed."""
_LONGEST_REPORT = 60
_OPENING = frozenset(
    ("adopt", "backup", "browse", "prune", "restore", "search", "snapshots", "verify")
)
"""Verbs that open copies, encrypted ones too."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the agent has settled for a verb that runs as its job.

    home: its own, whatever the arguments say. stop: set when somebody cancels. called: how the
    person types us. event: hears every event, also when the output is for people.
    """

    home: Home
    stop: threading.Event
    called: str
    passphrase: str = field(repr=False)
    event: Callable[[Mapping[str, Any]], None]


def run(arguments: Sequence[str], *, job: Job | None = None) -> int:
    """Do what the arguments say; returns the exit code (docs/cli.md)."""
    passphrase = os.environ.pop(PASSPHRASE, "")  # before anything starts a process
    wished = _peek_language(arguments)
    called = job.called if job else os.environ.get(CALLED) or PROGRAM
    texts = Texts(pick_language(wished, os.environ), program=called)
    options = _parse(texts, arguments)
    if isinstance(options, Exit):
        return int(options)
    output = standard_output(texts, as_json=getattr(options, "json", False))
    output.hear = job.event if job else None
    stop = job.stop if job else threading.Event()
    previous = _cancel_on_signal(stop)
    try:
        home = job.home if job else find_home(getattr(options, "home", None))
        secret = job.passphrase if job else passphrase
        made = Context(home, SystemClock(), output, texts, stop.is_set, secret)
        if job is None and not passphrase:
            done = _hand_over(home, arguments, options, texts, stop)
            return _do(made, options) if done is None else done
        return _do(made, options)
    except PlanError as error:
        verbs.show_problems(output, error)
        return int(error.exit)
    except KnownError as error:
        output.error(error)
        return int(error.exit)
    except KeyboardInterrupt:
        output.error(KnownError(Code.CANCELLED))
        return int(Exit.CANCELLED)
    except BrokenPipeError:
        # Whoever read our output has gone; that is not worth a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.CANCELLED)
    except Exception:  # noqa: BLE001 - the last net: our own mistake becomes a report
        _report_bug(texts)
        return int(Exit.BUG)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _parse(texts: Texts, arguments: Sequence[str]) -> argparse.Namespace | Exit:
    """What was typed; the exit code when that has been answered already."""
    try:
        with speaking(texts):
            return make_parser(texts).parse_args(arguments)
    except SystemExit:  # help and version are said
        return Exit.OK
    except Misuse as misuse:
        _show_misuse(texts, misuse)
        return Exit.USAGE


def _do(made: Context, options: argparse.Namespace) -> int:
    """The verb itself."""
    if options.verb in _OPENING:
        made.begin_to_open()
    with contextlib.closing(made) as context:
        if options.verb is None:
            return int(verbs.welcome(context))
        return int(verbs.verb(options.verb)(context, options))


def _hand_over(
    home: Home,
    arguments: Sequence[str],
    options: argparse.Namespace,
    texts: Texts,
    stop: threading.Event,
) -> int | None:
    """The exit code when the home's agent did it, None when that is not for it, or it is not."""
    if options.verb not in HANDED or not (home.state / NOTE).exists():
        return None
    from core.cli.handover import hand_over  # few homes pay for a socket

    named = getattr(options, "to", None) or getattr(options, "destinations", None) or ()
    return hand_over(home, arguments, options.verb, texts, stop, named)


def _peek_language(arguments: Sequence[str]) -> str | None:
    """`--lang` before parsing, so that help and usage errors speak it too."""
    for at, word in enumerate(arguments):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and at + 1 < len(arguments):
            return arguments[at + 1]
    return None


def _show_misuse(texts: Texts, misuse: Misuse) -> None:
    """What is wrong with a call, how it is meant, where help is."""
    step = texts.t("  → Was möglich ist, zeigt: {prog} --help", prog=misuse.prog)
    print(misuse.wrong, misuse.usage.rstrip(), step, sep="\n", file=sys.stderr)


def _cancel_on_signal(stop: threading.Event) -> dict[int, signal._HANDLER]:
    """Ctrl-C ends the job cleanly; a second one ends it at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    previous: dict[int, signal._HANDLER] = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [signal.SIGINT, signal.SIGTERM]
        if sys.platform == "win32":
            numbers.append(signal.SIGBREAK)
        for number in numbers:
            previous[number] = signal.signal(number, ask)
    return previous


def _report_bug(texts: Texts) -> None:
    """Our own mistake: a report to copy, with places in the code but no values or names."""
    kind, _, trace = sys.exc_info()
    lines = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)
    ]
    if len(lines) > _LONGEST_REPORT:  # an endless recursion is the same line a thousand times
        lines = [*lines[: _LONGEST_REPORT // 2], "…", *lines[-_LONGEST_REPORT // 2 :]]
    print(
        texts.t(
            "Ladentresor hat einen Fehler im Programm bemerkt und aufgehört. Frühere Stände sind"
            " davon nicht berührt. Bitte schicken Sie uns diesen Bericht:"
        ),
        file=sys.stderr,
    )
    print(f"  {kind.__name__ if kind else '?'}", *lines, sep="\n  ", file=sys.stderr, flush=True)
