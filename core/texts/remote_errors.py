"""The texts of failures at storages reached through rclone; `errors` puts all texts together."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_NOTHING_NEW = t("Auf „{destination}“ kommt nichts Neues an. Die Stände dort bleiben.")
_LATER = t("Es muss nichts getan werden: Der nächste Lauf versucht es wieder.")
_PROGRAM = t("Ziele im Netz werden nicht gesichert. Den Kopien dort fehlt nichts.")
_REINSTALL = t("Installieren Sie Ladentresor neu; Plan und Kopien bleiben dabei erhalten.")

REMOTES: dict[Code, tuple[str, str, str]] = {
    Code.ADDRESS_INVALID: (
        t("„{address}“ ist keine Adresse eines Ziels."),
        t("Es wurde nichts getan."),
        t(
            "Schreiben Sie sie wie auf dem Wiederherstellungsblatt, ohne Kennwort, zum Beispiel "
            "sftp://anna@nas/volume1/laden"
        ),
    ),
    Code.PASSWORD_MISSING: (
        t("Für {address} ist kein Kennwort bekannt."),
        t("Es wurde nichts getan."),
        t(
            "Hinterlegen Sie es mit „{program} secret set ZIEL.password“, und wiederholen Sie den "
            "Befehl mit „--for ZIEL“."
        ),
    ),
    Code.REMOTE_UNREACHABLE: (
        t("„{destination}“ ist nicht erreichbar ({cause})."),
        _NOTHING_NEW,
        t("Sehen Sie nach, ob das Gerät oder der Dienst läuft und die Adresse stimmt."),
    ),
    Code.REMOTE_OFFLINE: (
        t("Die Adresse von „{destination}“ lässt sich nicht finden ({cause})."),
        _NOTHING_NEW,
        t("Prüfen Sie die Verbindung zum Internet, dann die Adresse."),
    ),
    Code.REMOTE_TIMED_OUT: (
        t("„{destination}“ antwortet nicht mehr ({cause})."),
        _NOTHING_NEW,
        t("Starten Sie das Gerät neu, wenn es Ihres ist; sonst versuchen Sie es später wieder."),
    ),
    Code.REMOTE_CUT_OFF: (
        t("Die Verbindung zu „{destination}“ ist abgerissen ({cause})."),
        t("Der begonnene Stand dort zählt nicht. Alle früheren Stände bleiben."),
        t("Starten Sie den Lauf wieder. Er macht an derselben Stelle weiter."),
    ),
    Code.REMOTE_PORTAL: (
        t(
            "Statt „{destination}“ antwortet etwas anderes, vermutlich die Anmeldeseite eines "
            "WLANs oder ein Filter."
        ),
        _NOTHING_NEW,
        t("Öffnen Sie im Browser eine beliebige Seite und melden Sie sich dort an."),
    ),
    Code.REMOTE_RATE_LIMITED: (
        t("„{destination}“ nimmt gerade keine weiteren Anfragen an ({cause})."),
        _NOTHING_NEW,
        _LATER,
    ),
    Code.REMOTE_MAINTENANCE: (
        t("„{destination}“ wird gerade gewartet oder ist überlastet ({cause})."),
        _NOTHING_NEW,
        _LATER,
    ),
    Code.REMOTE_SHARE_MISSING: (
        t("Die Freigabe oder den Speicherbereich von „{destination}“ gibt es nicht ({cause})."),
        _NOTHING_NEW,
        t("Prüfen Sie in den Einstellungen des Geräts oder Dienstes, wie sie heißt."),
    ),
    Code.REMOTE_LOGIN: (
        t("„{destination}“ lehnt die Anmeldung ab: Benutzername oder Kennwort stimmt nicht."),
        _NOTHING_NEW,
        t("Hinterlegen Sie das Kennwort dieses Ziels neu."),
    ),
    Code.REMOTE_LOGIN_EXPIRED: (
        t("Die Anmeldung bei „{destination}“ ist abgelaufen oder wurde widerrufen."),
        _NOTHING_NEW,
        t(
            "Melden Sie sich neu an: „{program} account login NAME“. Die Namen der Konten zeigt "
            "„{program} account list“."
        ),
    ),
    Code.REMOTE_HOST_KEY: (
        t("„{destination}“ weist sich mit einem anderen Schlüssel aus als früher."),
        t("Es wird nichts gesendet: Unter dieser Adresse kann ein fremdes Gerät antworten."),
        t(
            "Fragen Sie, wer das Gerät betreut, ob es neu eingerichtet wurde. Nur dann: "
            "„{program} trust ZIEL“"
        ),
    ),
    Code.REMOTE_CLOCK: (
        t("Die Uhr dieses PCs oder die von „{destination}“ geht falsch ({cause})."),
        _NOTHING_NEW,
        t("Stellen Sie an beiden Geräten ein, dass die Uhrzeit aus dem Internet kommt."),
    ),
    Code.REMOTE_CERTIFICATE: (
        t("Dem Zertifikat von „{destination}“ ist nicht zu trauen ({cause})."),
        t("Es wird nichts gesendet: Jemand könnte mitlesen."),
        t("Prüfen Sie Adresse und Uhr des PCs, dann das Zertifikat des Geräts oder Dienstes."),
    ),
    Code.REMOTE_PROTOCOL: (
        t("Die Adresse von „{destination}“ beginnt falsch: http und https sind vertauscht."),
        _NOTHING_NEW,
        t("Ändern Sie im Plan den Anfang der Adresse."),
    ),
    Code.REMOTE_NO_RIGHTS: (
        t("„{destination}“ erlaubt das nicht: {path} ({cause})"),
        _NOTHING_NEW,
        t("Geben Sie diesem Zugang das Recht, dort zu lesen und zu schreiben."),
    ),
    Code.REMOTE_LOCKED: (
        t("Auf „{destination}“ ist etwas gesperrt: {path}"),
        _NOTHING_NEW,
        _LATER,
    ),
    Code.REMOTE_TOO_LARGE: (
        t("„{destination}“ nimmt so große Dateien nicht an: {path}"),
        _NOTHING_NEW,
        t("Lassen Sie die Grenze für Uploads anheben, oder wählen Sie ein anderes Ziel."),
    ),
    Code.REMOTE_NAME_REFUSED: (
        t("„{destination}“ nimmt diesen Namen nicht an: {path} ({cause})"),
        _NOTHING_NEW,
        t("Tragen Sie im Plan für dieses Ziel einen kurzen, einfachen Ordner ein."),
    ),
    Code.REMOTE_QUOTA: (
        t("Der Speicherplatz im Konto von „{destination}“ ist voll."),
        t("Der neue Stand dort fehlt. Alle früheren Stände bleiben."),
        t("Schaffen Sie dort Platz, oder buchen Sie mehr."),
    ),
    Code.REMOTE_DAMAGED: (
        t("Was auf „{destination}“ liegt, ist beschädigt: {path} ({cause})"),
        t("Einzelne Stände lassen sich von hier vielleicht nicht vollständig zurückholen."),
        t("Lassen Sie mit „ladentresor verify --full“ die ganze Kopie prüfen."),
    ),
    Code.REMOTE_LARGER: (
        t("Auf „{destination}“ ist eine Datei größer, als sie sein kann: {path}"),
        t("Jemand kann diese Kopie verändert haben. Die Datei wird nicht gelesen."),
        t("Lassen Sie mit „ladentresor verify --full“ die ganze Kopie prüfen."),
    ),
    Code.REMOTE_FAILED: (
        t("„{destination}“ meldet einen Fehler: {cause}"),
        _NOTHING_NEW,
        t("Versuchen Sie es später wieder. Bleibt es so, fragen Sie den Betreiber des Ziels."),
    ),
    Code.ACCOUNT_BUSY: (
        t("Mit dem Zugang zu „{destination}“ wird gerade schon gearbeitet."),
        t("Es wurde nichts getan."),
        t("Warten Sie, bis der andere Lauf zu Ende ist."),
    ),
    Code.RCLONE_MISSING: (
        t("Ein Teil von Ladentresor fehlt oder wurde von einem Virenschutz entfernt: {path}"),
        _PROGRAM,
        t("Erlauben Sie dem Virenschutz diese Datei und installieren Sie Ladentresor neu."),
    ),
    Code.RCLONE_VERSION: (
        t("{path} ist nicht die Fassung, die zu Ladentresor gehört: {found} statt {wanted}"),
        _PROGRAM,
        _REINSTALL,
    ),
    Code.RCLONE_DIED: (
        t("Das Übertragungsprogramm hat sich bei „{destination}“ unerwartet beendet ({cause})."),
        _NOTHING_NEW,
        t("Starten Sie den Lauf wieder. Bleibt es so, installieren Sie Ladentresor neu."),
    ),
}
"""What happened, what is not safe now, the one next step."""
