"""Names of things core only knows by a code: reasons for skipping, outcomes of a command."""

from __future__ import annotations

from core.errors import Exit
from core.texts.catalog import Texts, t

SKIP_REASONS = {
    "keine_rechte": t("keine Leserechte"),
    "gesperrt": t("von einem anderen Programm gesperrt"),
    "verschwunden": t("während des Laufs verschwunden"),
    "platzhalter": t("liegt nur in der Cloud, nicht auf diesem PC"),
    "anderes_dateisystem": t("anderes Laufwerk unterhalb des Ordners"),
    "sonderdatei": t("keine Datei mit Inhalt (Pipe, Socket oder Gerät)"),
    "eigenes_ziel": t("Ordner mit Kopien von Ladentresor"),
    "lesefehler": t("Lesefehler der Platte"),
    "unlesbarer_ordner": t("Ordner lässt sich nicht öffnen"),
}
"""By the codes of docs/format.md §6 (`grund`)."""

EXITS = {
    Exit.OK: t("in Ordnung"),
    Exit.BUG: t("Fehler im Programm"),
    Exit.USAGE: t("Aufruf nicht verstanden"),
    Exit.PARTLY: t("teilweise: etwas wurde ausgelassen oder ein Ziel fehlt"),
    Exit.NOTHING_DONE: t("nichts zu tun"),
    Exit.PLAN_INVALID: t("Plan fehlt oder lässt sich nicht verwenden"),
    Exit.LOCKED: t("Ladentresor arbeitet hier schon"),
    Exit.DESTINATION_UNREACHABLE: t("Ziel nicht erreichbar"),
    Exit.INTEGRITY: t("Kopie beschädigt oder verändert"),
    Exit.HELD_BY_GATE: t("angehalten: ungewöhnlich viele Änderungen"),
    Exit.SOURCE_PROBLEM: t("Quelle fehlt, ist leer oder nicht lesbar"),
    Exit.DESTINATION_FULL: t("kein Platz mehr"),
    Exit.DESTINATION_REFUSED: t("Ziel nimmt nichts an"),
    Exit.NOT_FOUND: t("nicht gefunden"),
    Exit.SECRET_PROBLEM: t("Kennwort oder Schlüssel fehlt"),
    Exit.HOME_PROBLEM: t("eigener Ordner von Ladentresor nicht benutzbar"),
    Exit.TARGET_NOT_EMPTY: t("Ordner zum Zurückholen nicht leer oder in Gebrauch"),
    Exit.NEWER_FORMAT: t("stammt von einer neueren Fassung von Ladentresor"),
    Exit.PROGRAM_PROBLEM: t("ein Teil von Ladentresor fehlt oder versagt"),
    Exit.ALERT_PROBLEM: t("Warnungen kommen nicht an"),
    Exit.CANCELLED: t("abgebrochen"),
}
"""By exit code, one name per class of outcome (docs/cli.md)."""


def skip_reason(texts: Texts, reason: str) -> str:
    """Why an entry was skipped; a code of a later version is shown as it is."""
    name = SKIP_REASONS.get(reason)
    return reason if name is None else texts.t(name)


def exit_class(texts: Texts, outcome: Exit) -> str:
    """What an exit code says."""
    return texts.t(EXITS[outcome])
