"""The words for what can go wrong with keys and the recovery sheet; see `errors` for the form."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_STAYS = t("Es wurde nichts verändert. Verschlüsselte Kopien gehen weiter wie bisher.")
_UNPROVEN = t("Solange das Blatt nicht geprüft ist, ist der Weg zurück nicht bewiesen.")
_NO_SHEET = t("Das Blatt wurde nicht gedruckt. Der Schlüssel ist unverändert hinterlegt.")

KEYS: dict[Code, tuple[str, str, str]] = {
    Code.KEY_EXISTS: (
        t("Ein Schlüssel für verschlüsselte Kopien ist schon da ({name})."),
        _STAYS,
        t("Drucken Sie ihn mit „{program} key show“; einen neuen macht nur „key rotate“."),
    ),
    Code.KEY_MISSING: (
        t("Es gibt noch keinen Schlüssel für verschlüsselte Kopien ({name})."),
        t("Verschlüsselte Ziele werden nicht gesichert."),
        t("Legen Sie einen an: „{program} key create“."),
    ),
    Code.KEY_UNREADABLE: (
        t("Als „{name}“ sind nicht die zwei Zeilen eines Wiederherstellungsblatts hinterlegt."),
        t("Verschlüsselte Ziele werden damit nicht gesichert. Den Kopien fehlt nichts."),
        t(
            "Tippen Sie beide Zeilen vom Blatt ab, mit einem Leerzeichen dazwischen: "
            "„{program} secret set {name}“."
        ),
    ),
    Code.KEY_MISTYPED: (
        t("Beim Abtippen ist etwas anders geraten, als es auf dem Blatt steht."),
        _UNPROVEN,
        t("Vergleichen Sie die genannten Gruppen mit dem Blatt, und tippen Sie noch einmal."),
    ),
    Code.KEY_OPENS_NOTHING: (
        t("Was Sie getippt haben, öffnet die Probedatei nicht."),
        t("Mit diesem Blatt kämen Ihre verschlüsselten Daten nicht zurück."),
        t("Sehen Sie nach, ob es das richtige Blatt ist, oder drucken Sie ein neues."),
    ),
    Code.KEY_OLD: (
        t("Das ist ein früheres Blatt, aus der Zeit vor dem letzten Schlüsselwechsel ({name})."),
        t("Es öffnet nur Kopien, die davor entstanden sind."),
        t("Nehmen Sie das neue Blatt; heben Sie das frühere auf, solange es alte Kopien gibt."),
    ),
    Code.SHEET_EXPOSED: (
        t("Von {path} aus käme das Blatt in eine Kopie oder ins Netz."),
        _NO_SHEET,
        t("Nennen Sie einen Ordner, der weder gesichert noch abgeglichen wird."),
    ),
    Code.SHEET_NOT_WRITTEN: (
        t("Die Datei {path} lässt sich nicht anlegen ({cause})."),
        _NO_SHEET,
        t("Nennen Sie eine neue Datei in einem Ordner, in den Sie schreiben dürfen."),
    ),
}
