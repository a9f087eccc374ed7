"""What failures of the background process mean for a shop owner; see `core.texts.errors`."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

AGENT: dict[Code, tuple[str, str, str]] = {
    Code.AGENT_RUNNING: (
        t("Der Hintergrunddienst läuft hier schon (Prozess {pid}, seit {since})."),
        t("Nichts ist in Gefahr. Einer genügt."),
        t("Was er gerade tut, zeigt „{program} agent status“."),
    ),
    Code.AGENT_ABSENT: (
        t("Der Hintergrunddienst läuft hier nicht."),
        t("Von selbst entsteht keine Kopie; was Sie eintippen, geht weiterhin."),
        t("Starten Sie ihn mit „{program} agent“; bei jeder Anmeldung: „{program} agent install“."),
    ),
    Code.AGENT_VERSION: (
        t("Der Hintergrunddienst ist von einer anderen Fassung ({theirs}); diese ist {ours}."),
        t("Es wurde nichts getan. Was er angefangen hat, führt er zu Ende."),
        t("Starten Sie ihn neu: „{program} agent stop“, dann „{program} agent“."),
    ),
    Code.AGENT_LOST: (
        t("Der Hintergrunddienst hat mitten in der Arbeit aufgehört."),
        t("Frühere Stände sind heil. Was schon angekommen ist, übernimmt der nächste Lauf."),
        t("Versuchen Sie es noch einmal. Den Dienst startet „{program} agent start“."),
    ),
    Code.NEEDS_LOGON: (
        t("Auf diesem PC kann der Hintergrunddienst nur arbeiten, solange Sie angemeldet sind."),
        t("Wenn niemand angemeldet ist, wird nichts gesichert."),
        t("Sperren Sie den Bildschirm, statt sich abzumelden. Das genügt."),
    ),
    Code.AUTOSTART_FAILED: (
        t("Der Start bei der Anmeldung lässt sich nicht einrichten: {path} ({cause})"),
        t("Nach einem Neustart des PCs entsteht von selbst keine Kopie."),
        t("Prüfen Sie die Rechte an diesem Ort, und versuchen Sie es noch einmal."),
    ),
    Code.PAUSE_TIME: (
        t("„{text}“ ist kein Ende für eine Pause."),
        t("Es ist keine Pause: Was fällig ist, beginnt von selbst."),
        t("Nennen Sie eine Uhrzeit wie 18:30 oder eine Dauer wie 2h, höchstens sieben Tage."),
    ),
    Code.PAUSE_NOT_OPEN: (
        t("Nach dem Plan ist der Laden gerade nicht offen; bis zum Ladenschluss geht so nicht."),
        t("Es ist keine Pause: Was fällig ist, beginnt von selbst."),
        t("Nennen Sie eine Uhrzeit wie 18:30. Wann der Laden offen ist, steht unter [schedule]."),
    ),
}  # fmt: skip
