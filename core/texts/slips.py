"""What was mistyped of a recovery sheet, told by line and group."""

from __future__ import annotations

from core.secrets.recovery import CHECK_LINE, Mistake, Slip
from core.texts.catalog import Texts, t

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


def describe_mistake(texts: Texts, mistake: Mistake) -> str:
    """One line for people; which sign is wrong is never said."""
    words = _SLIPS
    if mistake.line == CHECK_LINE and mistake.slip in _CHECKSUM:
        words = _CHECKSUM
    elif not mistake.group and mistake.slip in _WHOLE_LINE:
        words = _WHOLE_LINE
    other_line, other_group = mistake.other
    return texts.t(
        words[mistake.slip],
        line=mistake.line,
        group=mistake.group,
        other_line=other_line,
        other_group=other_group,
    )
