"""The texts of accounts, of signing in, of waiting for a line; `errors` puts all texts together."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_NOT_SIGNED_IN = t("Es wurde nichts angemeldet. Eine frühere Anmeldung bleibt, wie sie war.")
_NOTHING_STORED = t("Es wurde nichts gespeichert.")

ACCOUNTS: dict[Code, tuple[str, str, str]] = {
    Code.ACCOUNT_UNKNOWN: (
        t("Ein Konto „{account}“ gibt es hier nicht."),
        t("Es wurde nichts getan."),
        t("Die Konten zeigt „{program} account list“."),
    ),
    Code.ACCOUNT_EXISTS: (
        t("Ein Konto „{account}“ gibt es schon."),
        _NOTHING_STORED,
        t(
            "Neu anmelden: „{program} account login {account}“. Für ein weiteres Konto nehmen Sie "
            "einen anderen Namen."
        ),
    ),
    Code.ACCOUNT_NAME: (
        t("„{account}“ kann kein Name eines Kontos sein."),
        _NOTHING_STORED,
        t("Nehmen Sie bis zu 40 Kleinbuchstaben, Ziffern und Bindestriche, etwa „onedrive-laden“."),
    ),
    Code.ACCOUNT_NEEDS_CLIENT: (
        t("Für „{account}“ braucht es eine eigene Client-ID mit ihrem Client-Schlüssel."),
        _NOT_SIGNED_IN,
        t(
            "Legen Sie beide in der Google Cloud Console an (Desktop-App). Dann: --client-id ID, "
            "den Schlüssel über die Standardeingabe."
        ),
    ),
    Code.ACCOUNT_DAMAGED: (
        t("Die gespeicherte Anmeldung von „{destination}“ lässt sich nicht öffnen: {path}"),
        t("Auf „{destination}“ kommt nichts Neues an. Die Stände dort bleiben."),
        t(
            "Melden Sie sich neu an: „{program} account login NAME“. Die Namen der Konten zeigt "
            "„{program} account list“."
        ),
    ),
    Code.LOGIN_REFUSED: (
        t("Der Anmeldung von „{account}“ wurde im Browser nicht zugestimmt."),
        _NOT_SIGNED_IN,
        t(
            "Melden Sie sich noch einmal an und stimmen Sie zu. Verbietet es Ihre Firma, fragen "
            "Sie, wer dort das Konto verwaltet."
        ),
    ),
    Code.LOGIN_TIMED_OUT: (
        t("Im Browser hat sich {minutes} Minuten lang niemand bei „{account}“ angemeldet."),
        _NOT_SIGNED_IN,
        t("Fangen Sie noch einmal an, wenn Kennwort und zweiter Faktor bereitliegen."),
    ),
    Code.LOGIN_CLIENT: (
        t("Der Dienst kennt die Client-ID oder den Client-Schlüssel von „{account}“ nicht."),
        _NOT_SIGNED_IN,
        t("Prüfen Sie beide in der Verwaltung des Dienstes und melden Sie sich dann neu an."),
    ),
    Code.LOGIN_PORT_BUSY: (
        t("Auf diesem PC läuft schon eine andere Anmeldung (Anschluss 53682 ist belegt)."),
        _NOT_SIGNED_IN,
        t("Beenden Sie die andere Anmeldung zuerst, dann versuchen Sie es noch einmal."),
    ),
    Code.LOGIN_OTHER_ACCOUNT: (
        t("Angemeldet hat sich ein anderes Konto: Das Laufwerk von „{account}“ ist nicht dabei."),
        _NOT_SIGNED_IN,
        t(
            "Melden Sie sich im Browser ab und mit dem richtigen Konto wieder an. Ist das andere "
            "gemeint, legen Sie es unter einem neuen Namen an."
        ),
    ),
    Code.LOGIN_QUESTION: (
        t("Zu „{account}“ ist eine Frage offen ({question}). Möglich sind: {choices}"),
        _NOT_SIGNED_IN,
        t("Starten Sie den Befehl in einem Terminal, oder nennen Sie das Laufwerk mit --drive."),
    ),
    Code.LOGIN_FAILED: (
        t("Die Anmeldung von „{account}“ ist fehlgeschlagen: {cause}"),
        _NOT_SIGNED_IN,
        t("Versuchen Sie es später wieder. Bleibt es so, fragen Sie den Betreiber des Dienstes."),
    ),
}
