"""What the verdicts of `core.health` say, by their codes: short, calm, with the one next step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.texts.catalog import Texts, t
from core.texts.formats import age, count, decimal, span

REASONS = {
    "never_copied": t("noch nie vollständig kopiert"),
    "clock_ahead": t("der neueste Stand liegt laut Uhr in der Zukunft"),
    "too_old": t("der neueste Stand entstand {copied}; älter als {limit} darf er nicht sein"),
    "damaged": t("ein Schaden ist noch nicht behoben ({places})"),
    "never_read_back": t("noch nichts zurückgelesen"),
    "read_back_overdue": t("{share} davon länger als {period} nicht zurückgelesen"),
    "device_of_source": t("liegt auf demselben Gerät wie die Daten selbst"),
    "device_of_copy": t("liegt auf demselben Gerät wie {other}"),
    "operator_of_copy": t("liegt beim selben Betreiber wie {other} ({operator})"),
}
"""Why a copy does not count."""

GAPS = {
    "copies": t("Es zählen {counting} von 3, die Daten selbst mitgerechnet."),
    "kinds": t("Die Kopien, die zählen, liegen nicht auf zwei Arten von Geräten."),
    "away": t("Außer Haus liegt keine Kopie, die zählt."),
    "away_same_operator": t(
        "{destination} liegt bei dem, der das System betreibt ({operator}); das zählt nicht als"
        " außer Haus."
    ),
    "away_operator_unknown": t(
        "Ob {destination} bei jemand anderem liegt als das System, ist nicht bekannt."
    ),
    "only_cloud": t("Alle Kopien, die zählen, liegen in der Cloud."),
}
"""What is missing for 3-2-1."""

STEPS = {
    "attach": t("Schließen Sie {destination} an, und sichern Sie: {program} backup --to {id}"),
    "back_up": t("Sichern Sie auf {destination}: {program} backup --to {id}"),
    "mend": t("Beheben Sie den Schaden auf {destination}: {program} backup --to {id}"),
    "read_back": t("Lassen Sie {destination} einmal ganz lesen: {program} verify {id} --full"),
    "read_back_due": t("Lassen Sie {destination} nachlesen: {program} verify {id} --due"),
    "other_device": t("Legen Sie die Kopie {destination} auf ein anderes Gerät."),
    "name_operator": t("Tragen Sie im Plan ein, wer das System und {destination} betreibt."),
    "other_operator": t("Nehmen Sie eine Kopie bei einem anderen Betreiber dazu."),
    "add_copy": t("Nehmen Sie eine weitere Kopie auf einem anderen Gerät dazu."),
    "add_kind": t("Nehmen Sie eine Kopie auf einer anderen Art von Gerät dazu."),
    "add_away": t("Bringen Sie eine Kopie außer Haus."),
    "add_local": t("Nehmen Sie eine Kopie auf einer eigenen Platte oder einem NAS dazu."),
}
"""What to do next."""


def say(
    texts: Texts,
    table: Mapping[str, str],
    code: str,
    params: Mapping[str, object],
    now: datetime,
    names: Mapping[str, str],
) -> str:
    """The words for a code; destinations by their names."""
    shown = {key: _shown(texts, key, value, now, names) for key, value in params.items()}
    return texts.t(table[code], **shown, id=str(params.get("destination", "")))


def _shown(texts: Texts, key: str, value: object, now: datetime, names: Mapping[str, str]) -> str:
    lang = texts.lang
    if key in ("destination", "other"):
        return f"„{names[str(value)]}“" if value in names else str(value)
    if isinstance(value, datetime):
        return age(value, now, lang)
    if isinstance(value, timedelta):
        return span(value, lang)
    if isinstance(value, float):
        return percent(value, texts)
    return count(value, lang) if isinstance(value, int) else str(value)


def percent(share: float, texts: Texts) -> str:
    """`42 %`; never 0 or 100 for what is not nothing and not all."""
    if 0 < share < 0.01:
        return texts.t("unter 1 %")
    if 0.99 < share < 1:
        return texts.t("über 99 %")
    return f"{decimal(share * 100, 0, texts.lang)} %"
