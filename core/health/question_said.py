"""The anomaly gate's question in words: what happened, how much, examples, what one can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import parse_stamp
from core.copies.backing_up.anomaly import SLOW_DAYS, Facts, Rule, What
from core.copies.backing_up.gate import Question
from core.copies.format import percent
from core.texts import Texts, t
from core.texts.formats import age, count, visible

WHAT: Mapping[What, str] = {
    What.CANARY: t("Köderdatei angefasst"),
    What.HEAD: t("Inhalt passt nicht zum Namen"),
    What.LOST: t("verschwunden"),
    What.CHANGED: t("verändert"),
}
"""What happened to a file that is shown as an example."""

_NOT_ME = (
    t("Ziehen Sie das Netzwerkkabel dieses PCs, oder schalten Sie sein WLAN aus."),
    t("Stecken Sie keine Sicherungsplatte mehr an. Was abgezogen ist, ist unberührt."),
    t("Arbeiten Sie an diesem PC nicht weiter, und holen Sie sich Hilfe."),
    t(
        "Holen Sie Ihre Daten auf einem anderen, sauberen PC zurück, aus einem Stand von vor"
        " diesen Änderungen."
    ),
)
"""What to do when nobody in the shop changed these files."""


@dataclass(frozen=True, slots=True)
class ExampleText:
    """A file and what happened to it."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class QuestionText:
    """What a person is asked. mark: which question it is, so that the answer means only this one.

    safe: what is not touched while nobody answers; not_me: the steps when it was not them.
    """

    system: str
    mark: str
    title: str
    since: str
    reason: str
    examples: tuple[ExampleText, ...]
    safe: str
    not_me: tuple[str, ...]


def say_question(asked: Question, name: str, texts: Texts, now: datetime) -> QuestionText:
    """The words for a question about the system of this name."""
    return QuestionText(
        asked.system,
        asked.mark,
        texts.t("„{system}“: Sind die vielen Änderungen gewollt?", system=name),
        texts.t("Angehalten {age}.", age=age(parse_stamp(asked.since), now, texts.lang)),
        reason(texts, asked.rule, asked.facts),
        tuple(
            ExampleText(visible(percent.readable(one.path)), texts.t(WHAT[one.what]))
            for one in asked.examples
        ),
        texts.t(
            "Platten, die nur zum Sichern angeschlossen werden, bleiben bis zu Ihrer Antwort"
            " unberührt. Gelöscht wird nirgends etwas, und alle früheren Stände bleiben."
        ),
        tuple(texts.t(one) for one in _NOT_ME),
    )


def reason(texts: Texts, rule: Rule, facts: Facts) -> str:
    """Why the gate closed, with the numbers."""
    lang = texts.lang
    if rule is Rule.CANARY:
        return texts.n(
            "Eine Köderdatei ist verändert oder fehlt.",
            "{n} Köderdateien sind verändert oder fehlen.",
            facts.canaries,
        )
    if rule is Rule.HEADS:
        return texts.t(
            "Von {heads} geprüften Dateien passt bei {misfits} der Inhalt nicht mehr zum Namen.",
            heads=count(facts.heads, lang),
            misfits=count(facts.misfits, lang),
        )
    if rule is Rule.SLOW:
        return texts.t(
            "In {days} Tagen sind {recent} von {files} Dateien verändert oder verschwunden.",
            days=SLOW_DAYS,
            recent=count(facts.recent, lang),
            files=count(facts.total, lang),
        )
    return texts.t(
        "Von {files} Dateien sind {changed} verändert und {lost} verschwunden.",
        files=count(facts.total, lang),
        changed=count(facts.changed, lang),
        lost=count(facts.lost, lang),
    )
