"""What an event of `core.alerts` means: what is not safe, why that matters, the one next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Code, KnownError
from core.texts.catalog import MISSING, Texts, t
from core.texts.errors import Described, describe
from core.texts.formats import age, count, moment_of, span
from core.texts.names import exit_class

_ONE_LESS = t("Fällt dieser PC heute aus, fehlt, was seither entstanden ist, in dieser Kopie.")
_TRUST = t("Ob diese Kopie sich zurückholen lässt, ist nicht sicher.")

WORDS: dict[str, tuple[str, str, str]] = {
    "overdue": (
        t("{system}: Auf {destination} ist der neueste Stand zu alt, er entstand {copied}."),
        t("Fällt dieser PC heute aus, fehlt in dieser Kopie alles, was danach kam."),
        t("Ist {destination} angeschlossen und an? Dann: {program} backup {system_id} --to {id}"),
    ),
    "never_copied": (
        t("{system}: Auf {destination} gibt es noch keine vollständige Kopie."),
        t("Was der Plan verspricht, gibt es noch nicht."),
        t("Schließen Sie {destination} an, und sichern Sie: {program} backup --to {id}"),
    ),
    "clock_ahead": (
        t("{system}: Der neueste Stand auf {destination} liegt laut Uhr in der Zukunft."),
        t("Wie alt die Kopie ist, lässt sich nicht sagen; sie zählt deshalb nicht."),
        t("Stellen Sie die Uhr dieses PCs, und sichern Sie: {program} backup --to {id}"),
    ),
    "run_failed": (
        t("{system}: Die Kopie auf {destination} ist fehlgeschlagen. {what}"),
        _ONE_LESS,
        "{step}",
    ),
    "interrupted": (
        t("{system}: Die letzten {runs} Läufe auf {destination} brachen mittendrin ab."),
        _ONE_LESS,
        t("Lassen Sie den PC länger an, und sichern Sie einmal: {program} backup --to {id}"),
    ),
    "nothing_done": (
        t("{system}: Der letzte Lauf auf {destination} fand keine einzige Datei."),
        t("Gesichert wurde nichts, auch wenn kein Fehler auftrat."),
        t("Prüfen Sie im Plan die Ordner und die Muster include und exclude."),
    ),
    "skipped": (
        t("{system}: Bei jeder Sicherung wird etwas ausgelassen (Einträge: {count})."),
        t("Was ausgelassen wird, steht in keiner Kopie."),
        t("Welche das sind und warum, zeigt: {program} runs --search {system_id}"),
    ),
    "damaged": (
        t("{system}: Auf {destination} ist etwas beschädigt (Stellen: {count})."),
        _TRUST,
        t("Sichern Sie; dabei wird es geheilt: {program} backup {system_id} --to {id}"),
    ),
    "unlocked": (
        t("{system}: Die Kopie auf {destination} ist nicht gegen Löschen gesperrt. {what}"),
        t("Wer den Zugang zum Bucket stiehlt, kann sie löschen."),
        "{step}",
    ),
    "held": (
        t("{system}: Ungewöhnlich viel ist verändert oder verschwunden. War das so gewollt?"),
        t(
            "Platten, die nur zum Sichern angeschlossen werden, und das Aufräumen warten auf Ihre"
            " Antwort. Die Stände von vorher bleiben alle."
        ),
        t("Sehen Sie sich die Beispiele an: {program} status"),
    ),
    "read_back_late": (
        t("{system}: Teile der Kopie auf {destination} sind länger als {period} nicht gelesen."),
        _TRUST,
        t("Schließen Sie {destination} an, und lassen Sie nachlesen: {program} verify {id} --due"),
    ),
    "never_read_back": (
        t("{system}: Von der Kopie auf {destination} ist noch nie etwas zurückgelesen worden."),
        _TRUST,
        t("Lassen Sie sie einmal ganz lesen: {program} verify {id} --full"),
    ),
    "disk_stays": (
        t("{destination} ist noch angeschlossen und soll es nur zum Sichern sein."),
        t("Was diesen PC trifft (Feuer, Diebstahl, Schadprogramme), trifft jetzt auch sie."),
        t("Ziehen Sie {destination} ab, und legen Sie sie an ihren Platz."),
    ),
    "mail_fails": (
        t("Mails mit Warnungen kommen nicht hinaus. {what}"),
        t("Niemand erfährt per Mail, wenn etwas nicht stimmt. Die Mails warten."),
        t("Sehen Sie nach, was der Mailserver sagt: {program} alerts test"),
    ),
    "disk_foreign": (
        t("An {destination} liegt eine Platte mit den Kopien eines anderen Ladens."),
        t("Auf sie wird nichts geschrieben; diese Kopie altert."),
        t("Stecken Sie die richtige Platte an."),
    ),
    "disk_wrong": (
        t("Angeschlossen ist eine andere Platte als {destination}."),
        t("Auf sie wird nichts geschrieben; diese Kopie altert."),
        t("Stecken Sie {destination} an; der Name steht auf ihrem Etikett."),
    ),
    "disk_new": (
        t("Am Platz von {destination} ist eine Platte ohne Ihre Kopie angeschlossen."),
        t("Auf sie wird nichts geschrieben; diese Kopie altert."),
        t("Stecken Sie {destination} an; der Name steht auf ihrem Etikett."),
    ),
    "disk_in_use": (
        t("{destination} ist fertig gesichert, wird aber noch benutzt."),
        t("Wer sie jetzt abzieht, kann anderes darauf beschädigen."),
        t("Schließen Sie, was darauf offen ist, und werfen Sie sie aus."),
    ),
    "disk_torn_out": (
        t("{destination} ist mitten in der Sicherung abgezogen worden."),
        t("Was gerade geschrieben wurde, fehlt. Frühere Stände können gelitten haben."),
        t("Stecken Sie {destination} wieder an: Sie wird geprüft und dann gesichert."),
    ),
    "nobody_signed_in": (
        t("Dieser PC war {hours} Stunden an, ohne dass Sie angemeldet waren."),
        t("Solange Sie nicht angemeldet sind, wird nichts gesichert."),
        t("Sperren Sie ihn, statt sich abzumelden, oder: {program} agent install --always"),
    ),
    "home_unfit": (
        t("Der eigene Ordner von Ladentresor liegt am falschen Ort ({what})."),
        t("Solange er dort liegt, wird nichts gesichert. Vorhandene Kopien bleiben."),
        t("Nennen Sie einen Ordner auf der Platte dieses PCs: {program} --home ORDNER"),
    ),
    "secrets_locked": (
        t("Dem Hintergrunddienst fehlt die Passphrase für {destinations}."),
        t("Dorthin wird nichts gesichert, bis jemand sie eintippt. Andere Kopien gehen weiter."),
        t("Tippen Sie sie einmal nach jedem Start dieses PCs ein: {program} agent unlock"),
    ),
    "store_broken": (
        t("Die eigene Datenbank war beschädigt; sie liegt jetzt beiseite."),
        t("Den Kopien fehlt nichts. Was sich Ladentresor gemerkt hat, baut es neu auf."),
        t("Kommt das wieder vor, lassen Sie die Platte dieses PCs prüfen."),
    ),
    "plan_invalid": (
        t("Der Sicherungsplan lässt sich nicht verwenden."),
        t("Mit diesem Plan wird nichts gesichert. Vorhandene Kopien bleiben, wie sie sind."),
        t("Was zu ändern ist, zeigt: {program} plan check"),
    ),
    "runs_interrupted": (
        t("Ladentresor ist im Hintergrund mitten in einem Lauf beendet worden."),
        t("Der Lauf geht beim nächsten Mal weiter. Früheren Ständen schadet es nicht."),
        t("Kommt das wieder vor, sehen Sie nach: {program} doctor"),
    ),
}
"""By the event's code: what is so, what is not safe because of it, what to do next."""

SEVERITIES = {
    "danger": t("Gefahr"),
    "act": t("zu tun"),
    "info": t("Hinweis"),
}
STAGES = {
    "first": t("neu"),
    "worse": t("schlimmer geworden"),
    "reminder": t("Erinnerung"),
    "escalated": t("noch offen"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the plan calls systems and destinations, by their ids."""

    systems: Mapping[str, str]
    destinations: Mapping[str, str]


def say_event(
    texts: Texts,
    code: str,
    params: Mapping[str, str | int],
    *,
    system: str,
    destination: str,
    names: Names,
    now: datetime,
) -> Described:
    """The words for an event; never fails, a code of another version is named as it is."""
    shown: dict[str, object] = {
        "system": plain_name(names.systems, system),
        "system_id": system,
        "id": destination,
    }
    if destination:
        shown["destination"] = texts.t("„{name}“", name=plain_name(names.destinations, destination))
    for key, value in params.items():
        shown[key] = _shown(texts, key, value, now)
    if "code" in params:
        shown |= _failure(texts, str(params["code"]), system, destination, names)
    words = WORDS.get(code)
    if words is None:
        return Described(code, "", "")
    sentence, risk, step = (
        texts.t(text, **shown) if text != "{step}" else str(shown.get("step", "")) for text in words
    )
    return Described(sentence, risk, step)


def plain_name(names: Mapping[str, str], id: str) -> str:
    """What people call it; its id where the name is a path, which is nobody else's business."""
    name = names.get(id, id)
    return id if "/" in name or "\\" in name else name


def _shown(texts: Texts, key: str, value: str | int, now: datetime) -> str:
    if key in ("limit", "period"):
        return span(timedelta(seconds=int(value)), texts.lang)
    if isinstance(value, int):
        return count(value, texts.lang)
    moment = moment_of(value) if key == "copied" else None
    return age(moment, now, texts.lang) if moment else value


def _failure(
    texts: Texts, code: str, system: str, destination: str, names: Names
) -> dict[str, str]:
    """What an error's code says, as far as it says anything without its parameters.

    Paths and answers of servers are not kept with a run; a sentence that needs them is left out.
    """
    try:
        error = KnownError(Code(code), system=system, destination=destination)
    except ValueError:
        return {"what": "", "step": ""}
    named = {id: plain_name(names.destinations, id) for id in names.destinations}
    said = describe(texts, error, named)
    look = texts.t(
        "Sehen Sie nach: {program} backup {system} --to {id}", system=system, id=destination
    )
    return {
        "what": said.sentence
        if MISSING not in said.sentence
        else texts.t("Grund: {reason}.", reason=exit_class(texts, error.exit)),
        "step": said.next_step if said.next_step and MISSING not in said.next_step else look,
    }
