"""What the plan decides, in everyday words: how often, how old, how fast, what stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta

from core.texts.catalog import Texts, t
from core.texts.formats import Lang, span

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

RHYTHMS: Mapping[timedelta, str] = {
    _HOUR: t("jede Stunde"),
    4 * _HOUR: t("alle 4 Stunden"),
    12 * _HOUR: t("zweimal am Tag"),
    _DAY: t("jeden Tag"),
    2 * _DAY: t("alle zwei Tage"),
    7 * _DAY: t("jede Woche"),
    14 * _DAY: t("alle zwei Wochen"),
    28 * _DAY: t("alle vier Wochen"),
}
"""How often a copy is made."""

LOSSES: Mapping[timedelta, str] = {
    _HOUR: t("die Arbeit einer Stunde"),
    4 * _HOUR: t("die Arbeit eines halben Tages (4 Stunden)"),
    24 * _HOUR: t("die Arbeit eines Tages"),
    48 * _HOUR: t("die Arbeit von zwei Tagen"),
    7 * _DAY: t("die Arbeit einer Woche"),
}
"""RPO: what may be lost at most."""

OUTAGES: Mapping[timedelta, str] = {
    _HOUR: t("nach einer Stunde"),
    4 * _HOUR: t("nach einem halben Tag (4 Stunden)"),
    8 * _HOUR: t("nach einem Arbeitstag (8 Stunden)"),
    24 * _HOUR: t("nach einem Tag"),
    72 * _HOUR: t("nach drei Tagen"),
    7 * _DAY: t("nach einer Woche"),
}
"""RTO: when it has to run again at the latest."""


def rhythm(every: timedelta, at: time | None, texts: Texts) -> str:
    """`jeden Tag`, `alle 3 Tage`, `jeden Tag um 19:30 Uhr`."""
    words = (
        texts.t(RHYTHMS[every])
        if every in RHYTHMS
        else texts.t("alle {span}", span=span(every, texts.lang))
    )
    if at is None:
        return words
    return texts.t("{rhythm} um {clock}", rhythm=words, clock=_clock(at, texts.lang))


def loss(rpo: timedelta, texts: Texts) -> str:
    """`die Arbeit eines Tages`."""
    if rpo in LOSSES:
        return texts.t(LOSSES[rpo])
    return texts.t("die Arbeit von {span}", span=_dative(rpo, texts))


def outage(rto: timedelta, texts: Texts) -> str:
    """`nach einem Tag`."""
    if rto in OUTAGES:
        return texts.t(OUTAGES[rto])
    return texts.t("nach {span}", span=_dative(rto, texts))


def kept(daily: int, weekly: int, monthly: int, yearly: int, texts: Texts) -> str:
    """`14 Tage, 8 Wochen, 24 Monate und 10 Jahre zurück`."""
    parts = [
        words
        for words, number in (
            (texts.n("einen Tag", "{n} Tage", daily), daily),
            (texts.n("eine Woche", "{n} Wochen", weekly), weekly),
            (texts.n("einen Monat", "{n} Monate", monthly), monthly),
            (texts.n("ein Jahr", "{n} Jahre", yearly), yearly),
        )
        if number
    ]
    if not parts:
        return texts.t("nur die drei neuesten Stände")
    if len(parts) == 1:
        return texts.t("je ein Stand für {parts}", parts=parts[0])
    *first, last = parts
    both = texts.t("{parts} und {last}", parts=", ".join(first), last=last)
    return texts.t("je ein Stand für {parts}", parts=both)


def _dative(time: timedelta, texts: Texts) -> str:
    """`10 Tagen`, after a word that asks for it."""
    words = span(time, texts.lang)
    return f"{words}n" if texts.lang == "de" and words.endswith(("Tage", "Monate")) else words


def _clock(at: time, lang: Lang) -> str:
    words = f"{at.hour}:{at.minute:02d}"
    return f"{words} Uhr" if lang == "de" else words
