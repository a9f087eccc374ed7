"""What lasting events mean, in one sentence each; `{name}` is the destination as people know it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from core.texts.catalog import Texts, t
from core.texts.formats import age, moment_of, until

SENTENCES: dict[str, str] = {
    "copy_overdue": t("{system} → {name}: Die neueste Kopie ist zu alt geworden, {since}."),
    "copy_missing": t("{system} → {name}: Es gibt noch keine Kopie."),
    "copy_failing": t("{system} → {name}: Das Sichern misslingt, zum ersten Mal {since}."),
    "copy_held": t("{system} → {name}: angehalten, weil ungewöhnlich viel verändert ist."),
    "copy_waits": t("{system} → {name}: fällig geworden {since}, wartet noch."),
    "copy_blocked": t("{system} → {name}: Der Lauf kann nicht beginnen, zum ersten Mal {since}."),
    "clock_back": t("Die Uhr dieses PCs geht falsch: Der letzte Lauf liegt in der Zukunft."),
    "disk_due": t("„{name}“ ist fällig. Schließen Sie die Platte an."),
    "disk_stays": t("„{name}“ ist noch angeschlossen. Eine Platte, die steckt, schützt nicht."),
    "disk_ready": t("„{name}“ ist fertig. Sie können die Platte jetzt abziehen."),
    "disk_in_use": t("„{name}“ ist fertig, wird aber noch benutzt. Werfen Sie die Platte aus."),
    "disk_wrong": t("Am Platz von „{name}“ ist eine andere Ihrer Platten angeschlossen: {other}."),
    "disk_foreign": t("Am Platz von „{name}“ ist eine fremde Platte angeschlossen."),
    "disk_new": t("Am Platz von „{name}“ ist eine Platte ohne Ihre Kopie angeschlossen."),
    "disk_torn_out": t(
        "„{name}“ wurde mitten im Sichern abgezogen; sie wird beim Einstecken geprüft."
    ),
    "paused": t("Pause bis {until}: So lange beginnt nichts von selbst."),
    "nobody_signed_in": t(
        "Dieser PC war {hours} Stunden an, ohne dass Sie angemeldet waren: nichts gesichert."
    ),
    "home_unfit": t("Der eigene Ordner liegt am falschen Ort: {place} ({what})."),
    "secrets_locked": t(
        "Was {destinations} öffnet, liegt in einer verschlüsselten Datei; die Passphrase fehlt."
    ),
    "plan_invalid": t("Der Sicherungsplan lässt sich nicht verwenden."),
    "store_broken": t("Die eigene Datenbank war beschädigt; sie liegt jetzt beiseite."),
    "runs_interrupted": t("Der Hintergrunddienst war mitten in einem Lauf beendet worden."),
}


def sentence(
    texts: Texts,
    code: str,
    *,
    system: str,
    name: str,
    since: datetime,
    now: datetime,
    params: str = "{}",
) -> str:
    """The sentence of an event; its code where there is none."""
    said: dict[str, Any] = json.loads(params)
    words = {"system": system, "name": name, "since": age(since, now, texts.lang), **said}
    end = moment_of(str(said.get("until", "")))
    if end is not None:
        words["until"] = until(end, texts.lang, now=now)
    return texts.t(SENTENCES.get(code, code), **words)
