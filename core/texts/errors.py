"""What a `KnownError` means for a shop owner: what happened, what is not safe now, what to do.

Every code has its three texts here, or in `place_errors`, `remote_errors`, `account_errors`,
`key_errors`; a test keeps that complete. How they are written: UI.md §8 (no blame, no exclamation
Every code has its three texts here, or in `place_errors`, `remote_errors`, `key_errors`,
`mail_errors`; a test keeps that complete. How they are written: UI.md §8 (no blame, no exclamation
mark, the thing by its name, one next step).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.errors import Code, KnownError
from core.texts.account_errors import ACCOUNTS
from core.texts.agent_errors import AGENT
from core.texts.catalog import Texts, t
from core.texts.formats import date_time, moment_of, size, visible
from core.texts.key_errors import KEYS
from core.texts.mail_errors import MAILS
from core.texts.place_errors import PLACES
from core.texts.remote_errors import REMOTES

Words = tuple[str, str, str]

_NOTHING_CHANGED = t("Es wurde nichts verändert.")
_NOTHING_RESTORED = t("Es wurde nichts zurückgeholt und nichts überschrieben.")
_NOTHING_DONE = t("Es wurde nichts getan.")
_NOTHING_STORED = t("Es wurde nichts gespeichert.")

_PLAN_AND_HOME: dict[Code, Words] = {
    Code.PLAN_MISSING: (
        t("Es gibt noch keinen Sicherungsplan. Er gehört hierher: {path}"),
        t("Ohne Plan wird nichts gesichert."),
        t(
            "Schreiben Sie einen (docs/anleitung.md zeigt, wie) und übernehmen Sie ihn mit "
            "„{program} plan apply DATEI“. Liegt schon eine Kopie vor: „{program} adopt ORDNER“."
        ),
    ),
    Code.PLAN_FILE_MISSING: (
        t("Die Datei {path} gibt es nicht."),
        t("Am Plan hat sich nichts geändert."),
        t("Prüfen Sie die Schreibweise, oder nennen Sie die Datei mit vollem Pfad."),
    ),
    Code.PLAN_INVALID: (
        t("Der Sicherungsplan {path} lässt sich so nicht verwenden."),
        t("Mit diesem Plan wird nichts gesichert. Vorhandene Kopien bleiben, wie sie sind."),
        t("Bessern Sie die genannten Stellen aus, dann: „{program} plan check {path}“."),
    ),
    Code.PLAN_CHANGED: (
        t("Der Sicherungsplan {path} ist inzwischen an anderer Stelle geändert worden."),
        t("Ihre Änderung wurde nicht übernommen; der Plan gilt, wie er jetzt dort steht."),
        t("Sehen Sie nach, wie er jetzt ist, und ändern Sie ihn dann noch einmal."),
    ),
    Code.HOME_LOCKED: (
        t("Ladentresor arbeitet hier schon (Prozess {pid}, seit {since})."),
        t("Nichts ist in Gefahr. Es kann nur einer zur gleichen Zeit arbeiten."),
        t("Warten Sie, bis der andere Lauf fertig ist, und versuchen Sie es dann noch einmal."),
    ),
    Code.HOME_FULL: (
        t("Auf der Platte dieses PCs ist kein Platz mehr: {path}"),
        t("Es entsteht kein neuer Stand. Was schon gesichert ist, bleibt."),
        t("Schaffen Sie auf dieser Platte Platz und starten Sie den Lauf noch einmal."),
    ),
    Code.HOME_UNUSABLE: (
        t("Ladentresor kann seinen eigenen Ordner nicht benutzen: {path} ({cause})"),
        t("Solange das so ist, wird nichts gesichert. Vorhandene Kopien bleiben, wie sie sind."),
        t("Prüfen Sie die Rechte an diesem Ordner, oder nennen Sie mit „--home“ einen anderen."),
    ),
    Code.HOME_NEWER: (
        t("Der Ordner {path} stammt von einer neueren Fassung von Ladentresor."),
        t("Diese Fassung rührt ihn nicht an und sichert deshalb nichts."),
        t("Installieren Sie die neueste Fassung von Ladentresor."),
    ),
}

_COPIES: dict[Code, Words] = {
    Code.COPY_DAMAGED: (
        t("Die Kopie in {path} ist beschädigt: {what}"),
        t("Einzelne Stände lassen sich von hier vielleicht nicht vollständig zurückholen."),
        t("Lassen Sie mit „{program} verify --full“ die ganze Kopie prüfen."),
    ),
    Code.PRUNE_STOPPED: (
        t("An „{destination}“ ist ein Stand nicht lesbar oder verschwunden: {state}"),
        t("Aufgeräumt wird deshalb nichts; kein Stand und keine Datei ist gelöscht worden."),
        t(
            "Sehen Sie mit „{program} verify“ nach, was fehlt. Brauchen Sie diesen Stand nicht"
            " mehr: „{program} prune {system} --to {destination_id} --give-up {state}“"
        ),
    ),
    Code.GIVE_UP_WHERE: (
        t("Einen Stand aufgeben geht nur an einer Kopie auf einmal."),
        _NOTHING_CHANGED,
        t("Nennen Sie System und Ziel dazu: „{program} prune SYSTEM --to ZIEL --give-up STAND“"),
    ),
    Code.COPY_MARKER_DAMAGED: (
        t("Woran Ladentresor die Kopie in {path} erkennt, ist beschädigt oder fehlt: {what}"),
        t("In diese Kopie wird nichts mehr geschrieben. Zurückholen lässt sich aus ihr weiterhin."),
        t("Ist es sicher Ihre Kopie, übernehmen Sie sie: „{program} adopt {path} --take-over“."),
    ),
    Code.COPY_NEWER_FORMAT: (
        t("Die Kopie in {path} hat das Format {format}. Diese Fassung kennt es noch nicht."),
        t("Der Kopie fehlt nichts. Sie wird nur nicht angerührt."),
        t("Installieren Sie die neueste Fassung von Ladentresor."),
    ),
    Code.COPY_HOSTILE: (
        t("In der Kopie {path} steht etwas, das nie von Ladentresor kommt: {what}"),
        t("Jemand kann diese Kopie verändert haben. Aus ihr wird so nichts zurückgeholt."),
        t("Nehmen Sie eine andere Kopie, und heben Sie diese unverändert auf."),
    ),
    Code.COPY_IS_ENCRYPTED: (
        t("Auf „{destination}“ liegt in {path} schon eine verschlüsselte Kopie."),
        t("Der Plan verlangt dort eine offene. Was einmal verschlüsselt ist, bleibt es."),
        t("Schreiben Sie im Plan encrypted = true, oder tragen Sie einen anderen Ordner ein."),
    ),
    Code.COPY_NOT_ENCRYPTED: (
        t("Auf „{destination}“ liegt in {path} schon eine Kopie, die jeder lesen kann."),
        t("Der Plan verlangt dort eine verschlüsselte. Es wurde nichts hineingeschrieben."),
        t(
            "Tragen Sie im Plan einen anderen Ordner ein. Die alte Kopie bleibt lesbar, bis Sie "
            "sie selbst löschen."
        ),
    ),
    Code.KEY_WRONG: (
        t(
            "Der Tresor auf „{destination}“ in {path} lässt sich mit den hinterlegten Zeilen "
            "nicht öffnen."
        ),
        t("Er ist da, aber sein Inhalt ist so nicht zu lesen. Es wurde nichts hineingeschrieben."),
        t(
            "Prüfen Sie Ihr Wiederherstellungsblatt mit „{program} key prove“. Nach einem "
            "Schlüsselwechsel gehört zu alten Kopien das alte Blatt."
        ),
    ),
    Code.COPY_NOT_FOUND: (
        t("In {path} liegt keine Kopie von Ladentresor."),
        _NOTHING_CHANGED,
        t("Nennen Sie den Ordner, in dem die Datei tresor.json liegt, oder den darüber."),
    ),
    Code.READ_BACK_DIFFERS: (
        t("Von {device} kam etwas anderes zurück, als geschrieben wurde: {path}"),
        t("Der neue Stand dort zählt nicht. Auf dieses Gerät ist womöglich kein Verlass."),
        t("Nehmen Sie ein anderes Kabel oder eine andere Buchse und starten Sie den Lauf neu."),
    ),
    Code.STATE_NOT_FOUND: (
        t("Den Stand „{state}“ von „{system}“ gibt es nicht."),
        _NOTHING_CHANGED,
        t(
            "Sehen Sie mit „{program} snapshots“ nach, welche es gibt. Mit --at nennen Sie eine "
            "Nummer, einen ganzen Namen oder einen Zeitpunkt wie 2026-11-18."
        ),
    ),
    Code.PATH_NOT_FOUND: (
        t("In diesem Stand von „{system}“ gibt es das nicht: {path}"),
        _NOTHING_CHANGED,
        t(
            "Sehen Sie mit „{program} browse {system}“ nach, was in dem Stand liegt. Pfade "
            "beginnen mit dem Ordner, der dort ganz oben steht."
        ),
    ),
    Code.TARGET_NOT_EMPTY: (
        t("Der Ordner {path} ist nicht leer."),
        _NOTHING_RESTORED,
        t("Nennen Sie einen neuen oder einen leeren Ordner."),
    ),
    Code.TARGET_IN_USE: (
        t("Der Ordner {path} wird gebraucht: Dort liegen Daten oder Kopien von „{system}“."),
        _NOTHING_RESTORED,
        t("Nennen Sie einen Ordner, der zu keinem System und zu keinem Ziel gehört."),
    ),
    Code.TARGET_FULL: (
        t("Für das, was zurückgeholt werden soll, ist hier zu wenig Platz: {path}"),
        t("Es ist nicht alles zurückgeholt. Die Kopie ist unverändert."),
        t("Nennen Sie einen leeren Ordner auf einer Platte mit mehr Platz."),
    ),
    Code.TARGET_REFUSED: (
        t("In den Ordner {path} lässt sich nicht schreiben ({cause})."),
        t("Es ist nicht alles zurückgeholt. Die Kopie ist unverändert."),
        t("Nennen Sie einen leeren Ordner, in den Sie schreiben dürfen."),
    ),
}

_REST: dict[Code, Words] = {
    Code.SYSTEM_UNKNOWN: (
        t("Ein System „{system}“ gibt es im Plan nicht."),
        _NOTHING_DONE,
        t("Sehen Sie mit „{program} plan show“ nach, wie Ihre Systeme heißen."),
    ),
    Code.DESTINATION_UNKNOWN: (
        t("Ein Ziel „{destination}“ gibt es im Plan nicht."),
        _NOTHING_DONE,
        t("Sehen Sie mit „{program} plan show“ nach, wie Ihre Ziele heißen."),
    ),
    Code.COPY_UNKNOWN: (
        t("Für {what} gibt es im Plan keine Kopie. Es gibt: {known}."),
        _NOTHING_DONE,
        t("Nennen Sie eine von diesen, oder tragen Sie die neue unter [[copies]] im Plan ein."),
    ),
    Code.SECRET_STORE_MISSING: (
        t("Auf diesem PC ist kein Schlüsselbund für Kennwörter erreichbar."),
        t("Ziele, die ein Kennwort brauchen, werden nicht gesichert."),
        t(
            "Entsperren Sie den Schlüsselbund; auf einem Server setzen Sie die Variable "
            "LADENTRESOR_PASSPHRASE."
        ),
    ),
    Code.SECRET_WRONG_PASSPHRASE: (
        t("Der Speicher der Kennwörter lässt sich mit diesem Kennwort nicht öffnen."),
        t("Ziele, die ein Kennwort brauchen, werden nicht gesichert."),
        t("Setzen Sie LADENTRESOR_PASSPHRASE auf das Kennwort, mit dem er angelegt wurde."),
    ),
    Code.SECRET_MISSING: (
        t("Das Geheimnis „{name}“ ist nicht hinterlegt."),
        t("Ziele, die es brauchen, werden nicht gesichert."),
        t("Hinterlegen Sie es mit „{program} secret set {name}“."),
    ),
    Code.SECRET_NAME: (
        t("„{name}“ kann nicht der Name eines Geheimnisses sein."),
        _NOTHING_STORED,
        t("Nehmen Sie Kleinbuchstaben, Ziffern, Punkt und Bindestrich, wie in „platte.key“."),
    ),
    Code.SECRET_EMPTY: (
        t("Für das Geheimnis „{name}“ kam nichts an."),
        _NOTHING_STORED,
        t("Geben Sie den Wert auf der Standardeingabe, oder tippen Sie ihn auf die Frage hin."),
    ),
    Code.SECRET_NOT_TEXT: (
        t("Der Wert für „{name}“ ist kein lesbarer Text."),
        _NOTHING_STORED,
        t("Geben Sie ihn als Text in UTF-8, oder tippen Sie ihn auf die Frage hin ein."),
    ),
    Code.SECRET_TOO_LONG: (
        t("Der Wert für „{name}“ ist zu lang. Hier passen höchstens {limit} Zeichen hinein."),
        _NOTHING_STORED,
        t("Sehen Sie nach, ob wirklich nur Kennwort oder Schlüssel übergeben wurde."),
    ),
    Code.SECRET_STORE_DAMAGED: (
        t("Der Speicher der Kennwörter ist beschädigt: {path}"),
        t("Ziele, die ein Kennwort brauchen, werden nicht gesichert. Den Kopien fehlt nichts."),
        t(
            "Legen Sie diese Datei beiseite und hinterlegen Sie die Kennwörter mit "
            "„{program} secret set“ neu; die Schlüssel der Kopien stehen auf dem "
            "Wiederherstellungsblatt."
        ),
    ),
    Code.NOT_IN_THIS_VERSION: (
        t("Das kann diese Fassung von Ladentresor noch nicht: {what}"),
        _NOTHING_DONE,
        t("Lassen Sie es vorerst weg."),
    ),
    Code.CANCELLED: (
        t("Abgebrochen, wie gewünscht."),
        t("Ungefährlich: Was angekommen ist, bleibt."),
        t(
            "Starten Sie wieder, wenn es passt. Eine Sicherung macht dort weiter; zum Zurückholen "
            "nehmen Sie einen neuen Ordner."
        ),
    ),
}

WORDS: Mapping[Code, Words] = {
    **_PLAN_AND_HOME,
    **PLACES,
    **REMOTES,
    **ACCOUNTS,
    **_COPIES,
    **KEYS,
    **AGENT,
    **MAILS,
    **_REST,
}
"""What happened, what is not safe now, the one next step; for every code."""


@dataclass(frozen=True, slots=True)
class Described:
    """A failure in words, ready to show: one sentence or two each."""

    sentence: str
    risk: str
    next_step: str


def describe(
    texts: Texts, error: KnownError, names: Mapping[str, str] = MappingProxyType({})
) -> Described:
    """The failure in the reader's language. Never fails; a missing parameter shows as `…`.

    names: what the plan calls its destinations, by id. The sentence says name and id of a
    destination, so that a person recognises the one and can type the other.
    """
    sentence, risk, next_step = WORDS[error.code]
    shown = {name: _shown(name, value, texts) for name, value in error.params.items()}
    if "destination" in shown:
        id, name = shown["destination"], visible(names.get(shown["destination"], ""))
        if name in ("", id):
            shown["device"] = texts.t("„{id}“", id=id)
        else:
            shown["destination"] = name
            shown["device"] = texts.t("„{name}“ ({id})", name=name, id=id)
    filled = [texts.t(text, **shown) for text in (sentence, risk, next_step)]
    if error.code is Code.DESTINATION_FULL and {"needed", "free"} <= shown.keys():
        filled[0] += " " + texts.t("Gebraucht werden {needed}, frei sind {free}.", **shown)
    if error.code is Code.STATE_NOT_FOUND and shown.get("state") == "-":
        filled[0] = texts.t("Von „{system}“ gibt es hier noch keinen Stand.", **shown)
        filled[2] = texts.t("Machen Sie den ersten mit „{program} backup“.")
    return Described(*filled)


def _shown(name: str, value: str | int, texts: Texts) -> str:
    """Measured values as people write them; all else as it is, made safe for a terminal."""
    text = str(value)
    if name in ("needed", "free") and text.isascii() and text.isdigit():
        return size(int(text), texts.lang)
    if name == "since":
        moment = moment_of(text)
        return visible(text) if moment is None else date_time(moment, texts.lang)
    return visible(text)
