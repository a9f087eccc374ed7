"""The texts of failures at sources and destinations; `errors` puts all texts together."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_NOT_SAVED = t("So lange wird von „{system}“ nichts gesichert. Frühere Stände bleiben vollständig.")
_NOTHING_NEW = t("Auf „{destination}“ kommt nichts Neues an. Die Stände dort bleiben.")
_HELD_BACK = t("Gesichert wird nichts, damit der Inhalt von früher nicht als gelöscht gilt.")

PLACES: dict[Code, tuple[str, str, str]] = {
    Code.SOURCE_MISSING: (
        t("Der Ordner {path} von „{system}“ ist nicht da."),
        _NOT_SAVED,
        t("Schließen Sie die Platte an, oder tragen Sie im Plan ein, wo der Ordner jetzt liegt."),
    ),
    Code.SOURCE_EMPTY: (
        t("Der Ordner {path} von „{system}“ ist leer."),
        _HELD_BACK,
        t("Sehen Sie nach, ob die richtige Platte angeschlossen und das Laufwerk verbunden ist."),
    ),
    Code.SOURCE_REPLACED: (
        t(
            "Der Ordner {path} von „{system}“ ist da, aber nichts von dem, was bisher darin lag. "
            "Vermutlich ist eine andere Platte angeschlossen oder ein Laufwerk nicht verbunden."
        ),
        _HELD_BACK,
        t(
            "Sehen Sie in den Ordner. Ist der neue Inhalt gewollt, sichern Sie ihn mit "
            "„{program} backup --accept-source“."
        ),
    ),
    Code.SOURCE_UNREADABLE: (
        t("Der Ordner {path} von „{system}“ lässt sich nicht lesen ({cause})."),
        _NOT_SAVED,
        t("Geben Sie dem Benutzer, unter dem Ladentresor läuft, das Recht, ihn zu lesen."),
    ),
    Code.DESTINATION_MISSING: (
        t("{device} ist nicht erreichbar. Den Ordner {path} gibt es gerade nicht."),
        _NOTHING_NEW,
        t(
            "Schließen Sie „{destination}“ an. Ist es angeschlossen, legen Sie den Ordner dort an, "
            "oder tragen Sie im Plan den richtigen ein."
        ),
    ),
    Code.DESTINATION_GONE: (
        t("{device} ist mitten in der Arbeit verschwunden: {path}"),
        t("Der begonnene Stand dort zählt nicht. Alle früheren Stände bleiben."),
        t("Schließen Sie „{destination}“ wieder an. Der nächste Lauf macht dort weiter."),
    ),
    Code.DESTINATION_FULL: (
        t("Auf {device} ist kein Platz mehr."),
        t("Der neue Stand dort fehlt. Alle früheren Stände bleiben."),
        t(
            "Löschen Sie auf „{destination}“, was nicht von Ladentresor ist, oder nehmen Sie eine "
            "größere Platte."
        ),
    ),
    Code.DESTINATION_READ_ONLY: (
        t("{device} ist schreibgeschützt: {path}"),
        _NOTHING_NEW,
        t("Heben Sie den Schreibschutz auf, oder lassen Sie die Platte auf Fehler prüfen."),
    ),
    Code.DESTINATION_REFUSED: (
        t("{device} nimmt nichts an: {path} ({cause})"),
        _NOTHING_NEW,
        t("Prüfen Sie, ob Sie in diesen Ordner schreiben dürfen."),
    ),
    Code.DESTINATION_FOREIGN: (
        t("Auf {device} liegt in {path} eine andere Kopie als die von „{system}“."),
        t("Es wird nichts hineingeschrieben, damit keine der beiden Kopien Schaden nimmt."),
        t(
            "Sehen Sie nach, ob die richtige Platte angeschlossen ist. Ist sie es, tragen Sie im "
            "Plan einen anderen Ordner ein."
        ),
    ),
    Code.DESTINATION_NOT_OURS: (
        t("Auf {device} liegen in {path} schon Dateien, die nicht von Ladentresor sind."),
        t("Es wird nichts hineingeschrieben. Die Kopie auf „{destination}“ fehlt solange."),
        t("Tragen Sie im Plan einen leeren Ordner ein."),
    ),
    Code.DESTINATION_EMPTIED: (
        t(
            "Auf {device} ist {path} leer, obwohl dort schon Stände lagen. Vermutlich ist "
            "eine andere Platte angeschlossen, das Laufwerk nicht verbunden oder der Ordner "
            "verschoben."
        ),
        t("Es wird nichts geschrieben. Ob die früheren Stände noch da sind, ist nicht bekannt."),
        t(
            "Sorgen Sie dafür, dass der richtige Ordner da ist, und starten Sie den Lauf "
            "noch einmal."
        ),
    ),
    Code.DESTINATION_WRITER: (
        t(
            "Auf {device} schreibt seit {since} ein anderer PC oder eine andere "
            "Einrichtung von Ladentresor: {computer}"
        ),
        t("Von diesem PC kommt auf „{destination}“ nichts Neues an. Lesen geht weiter."),
        t(
            "Soll ab jetzt dieser PC dort schreiben, übernehmen Sie die Kopie mit "
            "„{program} adopt {path} --take-over“."
        ),
    ),
    Code.HELD_BY_GATE: (
        t("{device} bleibt unberührt: In „{system}“ hat sich ungewöhnlich viel verändert."),
        t("Die Stände auf „{destination}“ bleiben, wie sie sind. Neues kommt dort nicht an."),
        t(
            "Sehen Sie die genannten Dateien an. Ist alles so gewollt: "
            "„{program} backup {system} --accept-changes“."
        ),
    ),
}
"""What happened, what is not safe now, the one next step."""
