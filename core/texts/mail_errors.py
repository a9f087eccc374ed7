"""The words for what can go wrong with telling people; see `errors` for the form."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_UNTOLD = t("Die Kopien gehen weiter. Aber niemand erfährt per Mail, wenn etwas nicht stimmt.")
_WAITS = t("Die Mails bleiben liegen und gehen hinaus, sobald es geht. Verloren geht keine.")
_NOTHING = t("Es wurde nichts verändert.")

MAILS: dict[Code, tuple[str, str, str]] = {
    Code.MAIL_NOT_SET_UP: (
        t("Für Mails fehlt im Plan noch etwas: {what}"),
        _UNTOLD,
        t("Tragen Sie [[people]] und [alerts.smtp] ein; docs/plan.md zeigt, wie."),
    ),
    Code.MAIL_SECRET_MISSING: (
        t("Für das Mailkonto ist kein Geheimnis hinterlegt ({name})."),
        _WAITS,
        t("Hinterlegen Sie es: „{program} secret set {name}“."),
    ),
    Code.MAIL_UNREACHABLE: (
        t("Der Mailserver {host} (Nummer {port}) ist nicht erreichbar."),
        _WAITS,
        t("Prüfen Sie die Internetverbindung und im Plan den Namen des Servers und seine Nummer."),
    ),
    Code.MAIL_CERTIFICATE: (
        t("Der Mailserver {host} weist sich nicht so aus, wie er muss (sein Zertifikat)."),
        t("Er bekommt kein Kennwort und keine Mail. Die Mails bleiben liegen."),
        t("Prüfen Sie den Namen des Servers im Plan und die Uhr dieses PCs."),
    ),
    Code.MAIL_NOT_ENCRYPTED: (
        t("Der Mailserver {host} (Nummer {port}) bietet die Verschlüsselung „{security}“ nicht."),
        t("Er bekommt kein Kennwort und keine Mail. Die Mails bleiben liegen."),
        t("Üblich sind port = 587 mit starttls und port = 465 mit tls. Passen Sie den Plan an."),
    ),
    Code.MAIL_LOGIN: (
        t("Der Mailserver {host} nimmt die Anmeldung nicht an (Antwort {answer})."),
        _WAITS,
        t(
            "Prüfen Sie Konto und Kennwort: „{program} secret set {name}“. Manche Anbieter wollen"
            " ein eigenes Kennwort für Programme."
        ),
    ),
    Code.MAIL_LATER: (
        t("Der Mailserver {host} bittet, es später noch einmal zu versuchen (Antwort {answer})."),
        _WAITS,
        t("Sie müssen nichts tun: Der nächste Versuch kommt von selbst."),
    ),
    Code.MAIL_REFUSED: (
        t("Der Mailserver {host} nimmt diese Mail nicht an (Antwort {answer})."),
        _UNTOLD,
        t("Prüfen Sie im Plan die Adressen von Absender und Empfänger."),
    ),
    Code.MAIL_CODE_WRONG: (
        t("Dieser Code steht in keiner Testmail der letzten sieben Tage."),
        t("Dass Warnungen ankommen, ist damit nicht bewiesen."),
        t("Tippen Sie ihn noch einmal ab, oder schicken Sie eine neue: „{program} alerts test“."),
    ),
    Code.ALERT_UNKNOWN: (
        t("Eine Warnung mit der Nummer {id} gibt es nicht."),
        _NOTHING,
        t("Alle Nummern zeigt „{program} alerts list“."),
    ),
    Code.PERSON_UNKNOWN: (
        t("Eine Person „{person}“ mit Mailadresse gibt es im Plan nicht."),
        t("Es wurde keine Mail verschickt."),
        t("Bekannt sind: {known}"),
    ),
    Code.EXPORT_NOT_WRITTEN: (
        t("Die Datei {path} ließ sich nicht schreiben ({cause})."),
        t("Das Protokoll selbst ist unverändert."),
        t("Nennen Sie eine Datei, die es noch nicht gibt, in einem Ordner, der Ihnen gehört."),
    ),
}
