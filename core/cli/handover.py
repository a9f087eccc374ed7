"""Handing a typed verb over to the agent of the home: same output, same exit code, same Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Sequence

from core.agent import wire
from core.agent.calling import call
from core.agent.wire import Line, NotOurs
from core.errors import Code, KnownError
from core.paths import Home
from core.texts import Texts

_ASK_SECONDS = 0.2


def hand_over(
    home: Home,
    arguments: Sequence[str],
    verb: str,
    texts: Texts,
    stop: threading.Event,
    destinations: Sequence[str] = (),
) -> int | None:
    """Have the agent do it, and show what it says; the exit code, None when no agent answers.

    destinations: those that were typed, so that it does not wait for others.

    KnownError AGENT_LOST when it dies meanwhile, AGENT_VERSION when it speaks another language.
    """
    line = call(home)
    if line is None:
        return None
    try:
        wire.tell(
            line,
            {
                "do": "job",
                "verb": verb,
                "destinations": list(destinations),
                "arguments": ["--lang", texts.lang, *arguments],
                "cwd": _here(),
                "called": texts.program,
                "terminal": sys.stderr.isatty(),
                "zone": os.environ.get("TZ", ""),
            },
        )
        return _follow(line, stop)
    except (OSError, EOFError, NotOurs) as error:
        if isinstance(error, BrokenPipeError) and _is_unheard():
            raise  # it is our own reader who has gone
        raise KnownError(Code.AGENT_LOST) from error
    finally:
        line.close()


def _follow(line: Line, stop: threading.Event) -> int:
    """Show what comes until the job is done; a word of ours when it has to wait."""
    number = 0
    asked = False
    while True:
        if stop.is_set() and number and not asked:
            wire.tell(line, {"do": "cancel", "job": number})
            asked = True
        if not line.poll(_ASK_SECONDS):
            continue
        message = wire.hear(line)
        if "queued" in message:
            number = int(message["queued"])
        elif "done" in message:
            if message.get("waited"):
                raise KnownError(Code.CANCELLED)
            return int(message["exit"]) if message["exit"] >= 0 else _killed()
        elif "refused" in message:
            raise NotOurs("refused")
        else:
            _show(message, line, number)


def _killed() -> int:
    """The job's process was killed; the agent lives."""
    raise KnownError(Code.AGENT_LOST)


def _show(message: wire.Message, line: Line, number: int) -> None:
    try:
        for name, stream in (("o", sys.stdout), ("e", sys.stderr)):
            if name in message:
                stream.write(str(message[name]))
                stream.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            wire.tell(line, {"do": "cancel", "job": number})
        raise


def _is_unheard() -> bool:
    """Whether nobody reads our output any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return True
    return False


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - bytes and links as the shell has them
    except OSError:
        return ""
