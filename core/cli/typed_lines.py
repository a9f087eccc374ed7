"""The lines of a recovery sheet, typed in: asked for, judged, and every slip told by its group."""

from __future__ import annotations

import sys

from core.cli.context import Context
from core.cli.secret import ends_at_once
from core.secrets.recovery import CHECK_LINE, Mistake, Pair, read_typed
from core.texts import t
from core.texts.slips import describe_mistake

_MOST_TYPED = 4096


def ask_for_lines(context: Context) -> tuple[Pair | None, list[Mistake]]:
    """The pair that was typed, if it can be one, and what was mistyped, which is also said."""
    with ends_at_once():
        lines = _read_lines(context)
    typed, mistakes = _judge(lines)
    for mistake in mistakes:
        _tell(context, mistake)
    return typed, mistakes


def _judge(lines: list[str]) -> tuple[Pair | None, list[Mistake]]:
    """The pair that was typed, if it can be one, and what was mistyped.

    When only the checksum line has a slip, the other two may be right: opening will tell.
    """
    found = read_typed(lines)
    if isinstance(found, Pair):
        return found, []
    if all(mistake.line == CHECK_LINE for mistake in found):
        pair = read_typed([line for line in lines if line.strip()][:2])
        return (pair if isinstance(pair, Pair) else None), found
    return None, found


def _tell(context: Context, mistake: Mistake) -> None:
    other_line, other_group = mistake.other
    context.output.record(
        "mistake",
        mistake=str(mistake.slip),
        line=mistake.line,
        group=mistake.group,
        other_line=other_line,
        other_group=other_group,
    )
    context.output.line(describe_mistake(context.texts, mistake))


def _read_lines(context: Context) -> list[str]:
    """The three lines as typed at a terminal, or what comes through a pipe."""
    if sys.stdin is None:
        return []
    if sys.stdin.isatty():
        context.output.say(t("Tippen Sie die Zeilen vom Blatt ab, nicht vom Bildschirm."))
        asked = (t("Zeile 1: "), t("Zeile 2: "), t("Prüfzeile: "))
        try:
            return [input(context.texts.t(line)) for line in asked]
        except EOFError:
            return []
    raw = sys.stdin.buffer.read(_MOST_TYPED)
    return raw.decode("utf-8-sig", "replace").splitlines()
