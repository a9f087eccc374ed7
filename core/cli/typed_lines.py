"""The lines of a recovery sheet, typed in: asked for, judged, and every slip told by its group."""

from __future__ import annotations

import sys

from core.cli.context import Context
from core.cli.secret import ends_at_once
from core.secrets.recovery import CHECK_LINE, Mistake, Pair, Slip, read_typed
from core.texts import t

_MOST_TYPED = 4096
_SLIPS = {
    Slip.WRONG: t("Zeile {line}, Gruppe {group}: anders als auf dem Blatt"),
    Slip.SIGN: t("Zeile {line}, Gruppe {group}: ein Zeichen, das auf keinem Blatt vorkommt"),
    Slip.LENGTH: t("Zeile {line}, Gruppe {group}: zu wenige oder zu viele Zeichen"),
    Slip.MISSING: t("Zeile {line}: Gruppe {group} fehlt"),
    Slip.EXTRA: t("Zeile {line}: Gruppe {group} ist zu viel"),
    Slip.SWAPPED: t(
        "Zeile {line}, Gruppe {group} und Zeile {other_line}, Gruppe {other_group}: vertauscht"
    ),
    Slip.LINES_SWAPPED: t("Zeile 1 und Zeile 2 sind vertauscht"),
    Slip.LINE_MISSING: t("Zeile {line} fehlt"),
    Slip.LINE_EXTRA: t("Es sind zu viele Zeilen"),
}
_WHOLE_LINE = {
    Slip.MISSING: t("Zeile {line}: Eine Gruppe fehlt"),
    Slip.EXTRA: t("Zeile {line}: Eine Gruppe ist zu viel"),
}
_CHECKSUM = {
    Slip.WRONG: t("Prüfzeile, Gruppe {group}, oder eine Gruppe darüber: anders als auf dem Blatt"),
    Slip.SIGN: t("Prüfzeile, Gruppe {group}: ein Zeichen, das auf keinem Blatt vorkommt"),
    Slip.LENGTH: t("Prüfzeile, Gruppe {group}: zu wenige oder zu viele Zeichen"),
    Slip.MISSING: t("Prüfzeile: Eine Gruppe fehlt"),
    Slip.EXTRA: t("Prüfzeile: Eine Gruppe ist zu viel"),
    Slip.SWAPPED: t("Prüfzeile: Gruppe {group} und Gruppe {other_group} sind vertauscht"),
}


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
    words = _SLIPS
    if mistake.line == CHECK_LINE and mistake.slip in _CHECKSUM:
        words = _CHECKSUM
    elif not mistake.group and mistake.slip in _WHOLE_LINE:
        words = _WHOLE_LINE
    other_line, other_group = mistake.other
    context.output.record(
        "mistake",
        mistake=str(mistake.slip),
        line=mistake.line,
        group=mistake.group,
        other_line=other_line,
        other_group=other_group,
    )
    context.output.say(
        words[mistake.slip],
        line=mistake.line,
        group=mistake.group,
        other_line=other_line,
        other_group=other_group,
    )


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
