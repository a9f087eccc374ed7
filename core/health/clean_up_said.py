"""What a clean-up does in words: why a state stays or goes, and what becomes free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from core.copies.letting_go.retention import Fate, Why
from core.texts import Texts
from core.texts.catalog import t
from core.texts.formats import short_date, size

_WORDS: Mapping[Why, str] = {
    Why.NEWEST: t("einer der drei neuesten"),
    Why.DAY: t("Tagesstand {date}"),
    Why.WEEK: t("Wochenstand KW {week}/{week_year}"),
    Why.MONTH: t("Monatsstand {month}"),
    Why.YEAR: t("Jahresstand {year}"),
    Why.OUT_OF_ORDER: t("seine Zeit passt nicht zu den Ständen davor und danach"),
    Why.FUTURE: t("seine Zeit liegt in der Zukunft"),
    Why.PARTIAL_NEWEST: t("unvollständig, aber ein neuerer vollständiger fehlt noch"),
    Why.PARTIAL_YOUNG: t("unvollständig und noch keine Woche alt"),
    Why.CLOCK_BACK: t(
        "die Uhr dieses PCs steht vor der Zeit des neuesten Standes; so lange bleibt alles"
    ),
    Why.PARTIAL_OLD: t("unvollständig; es gibt einen neueren vollständigen"),
    Why.NO_PERIOD: t("für seinen Zeitraum bleibt ein neuerer"),
}


@dataclass(frozen=True, slots=True)
class Letting:
    """A state and what becomes of it, as the command line tells it (`pruned`, docs/cli.md)."""

    run: str
    day: date
    stays: bool
    whys: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class CleanUpText:
    """A clean-up of one copy that was only looked at. goes: one line for each state that would."""

    headline: str
    goes: tuple[str, ...]
    note: str
    is_needed: bool


def fate_line(texts: Texts, fate: Fate) -> str:
    """`bleibt: 000012-… – Monatsstand 03/2026`, for one state."""
    why = _whys(texts, fate.state.day, fate.whys)
    said = t("bleibt: {run} – {why}") if fate.stays else t("geht: {run} – {why}")
    return texts.t(said, run=fate.state.run, why=why)


def say_clean_up(
    states: Sequence[Letting], freed: int, orphans: int, system: str, texts: Texts
) -> CleanUpText:
    """What a clean-up would do at one copy. freed: bytes; orphans: rests of broken-off runs."""
    going = [one for one in states if not one.stays]
    staying = texts.n("ein Stand bleibt", "{n} Stände bleiben", len(states) - len(going))
    if not going and not orphans and not freed:
        words = texts.t("{system}: Es ist nichts aufzuräumen; {staying}.",
                        system=system, staying=staying)  # fmt: skip
        return CleanUpText(words, (), "", is_needed=False)
    gone = texts.n("einer würde gehen", "{n} würden gehen", len(going))
    headline = texts.t("{system}: {staying}, {gone}.", system=system, staying=staying, gone=gone)
    lines = tuple(
        texts.t(
            "{day}: {why}",
            day=short_date(datetime.combine(one.day, time(12), UTC), texts.lang, zone=UTC),
            why=_whys(texts, one.day, one.whys),
        )
        for one in going
    )
    if orphans:
        rests = texts.n(
            "dazu der Rest eines abgebrochenen Laufs",
            "dazu die Reste von {n} abgebrochenen Läufen",
            orphans,
        )
        lines = (*lines, rests)
    note = texts.t(
        "Frei würden etwa {size}. Gelöscht ist noch nichts.", size=size(freed, texts.lang)
    )
    return CleanUpText(headline, lines, note, is_needed=True)


def _whys(texts: Texts, day: date, whys: Sequence[Why]) -> str:
    week_year, week, _ = day.isocalendar()
    words = {
        "date": short_date(datetime.combine(day, time(12), UTC), texts.lang, zone=UTC),
        "week": f"{week:02d}",
        "week_year": week_year,
        "month": f"{day:%m/%Y}",
        "year": day.year,
    }
    return ", ".join(texts.t(_WORDS[why], **words) for why in whys)
