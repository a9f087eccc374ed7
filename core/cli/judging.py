"""`status`: how each copy stands, in three facts and their ages, and what that makes of 3-2-1."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from core.agent.due import is_due
from core.cli import held, sheets
from core.cli.context import Context
from core.clock import stamp
from core.copies import jobs
from core.copies.backing_up.gate import gate_is_closed, question
from core.copies.letting_go.forecast import HORIZONS, Forecast
from core.errors import Exit
from core.health.coming import forecast_of
from core.health.facts import gather
from core.health.model import CopyFacts, CopyVerdict, Param, ReadBack, SystemVerdict, Why
from core.health.three_two_one import judge
from core.plan.model import Copy, Plan, Site, System
from core.store.home import HomeStore
from core.store.pauses import pause_of
from core.texts import t
from core.texts.formats import age, until
from core.texts.health import GAPS, REASONS, STEPS, percent, say

_BY_WORD = {
    "away": t("laut Angabe außer Haus"),
    "offline": t("laut Angabe nur zum Sichern angeschlossen"),
}


def status(context: Context, options: argparse.Namespace) -> Exit:
    """Each system with its copies, then the recovery sheets. Looking is no judgement: always 0."""
    plan = context.reading_plan()  # to see how things stand needs no secret
    with jobs.open_store(context.home, context.clock) as store:
        _show_pause(context, store)
        for verdict in judge_plan(context, store, plan):
            for copy in verdict.copies:
                _show_copy(context, store, plan, verdict, copy)
            _show_system(context, verdict)
            asked = question(store, verdict.facts.system)
            if asked is not None:
                held.show(context.output, asked)
        for system in plan.uncovered:
            _show_uncovered(context, system)
        for paper in sheets.papers(context, store, plan):
            fields: dict[str, object] = {
                "key": paper.name,
                "mark": paper.mark,
                "prints": paper.prints,
                "printed_at": paper.printed_at,
                "proven_at": paper.proven_at,
            }
            context.output.item(fields, sheets.sentence(context, paper))
    return Exit.OK


def _show_pause(context: Context, store: HomeStore) -> None:
    now = context.clock.now()
    pause = pause_of(store.events(), now)
    if pause is not None:
        context.output.record("pause", since=stamp(pause.since), until=stamp(pause.until))
        context.output.say(
            "Pause bis {until}: So lange beginnt nichts von selbst."
            " Beenden: {program} agent resume",
            until=until(pause.until, context.texts.lang, now=now),
        )


def _show_uncovered(context: Context, system: System) -> None:
    fields = {"system": system.id, "mode": system.mode, "covered": False, "holds": system.holds}
    context.output.item(
        fields, context.texts.t("{name}: noch nicht gesichert, die Daten liegen nur dort",
                                name=system.name)
    )  # fmt: skip


def judge_plan(context: Context, store: HomeStore, plan: Plan) -> list[SystemVerdict]:
    """The verdict over every system that has copies."""
    now = context.clock.now()
    return [judge(facts, now) for facts in gather(context.home, store, plan, now)]


# -- a copy ---------------------------------------------------------------------------------------


def _show_copy(
    context: Context, store: HomeStore, plan: Plan, system: SystemVerdict, verdict: CopyVerdict
) -> None:
    facts, texts, now = verdict.facts, context.texts, context.clock.now()
    copy = next(
        copy
        for copy in plan.copies_of(system.facts.system)
        if copy.destination == facts.destination
    )
    coming = forecast_of(store, plan.destination(copy.destination), now)
    fields = _fields(context, store, plan, copy, verdict) | {"system": copy.system} | _room(coming)
    words = texts.t(
        "{copy}: kopiert {copied}; zurückgelesen {read}; wiederhergestellt {restored}",
        copy=context.output.copy_label(copy.system, copy.destination),
        copied=age(facts.copied, now, texts.lang),
        read=_read_back(context, facts.read_back),
        restored=age(facts.restored, now, texts.lang),
    )
    notes = list(_notes(context, facts, fields))
    if coming is not None and coming.full_in is not None and coming.is_tight:
        notes.append(texts.n("in einem Tag voll", "in {n} Tagen voll", max(1, coming.full_in.days)))
    context.output.item(fields, words + (f" – {', '.join(notes)}" if notes else ""))
    if verdict.counts:
        context.output.say("  zählt als Kopie")
        return
    reasons = "; ".join(_said(context, REASONS, why) for why in verdict.why)
    context.output.say("  zählt nicht: {reasons}", reasons=reasons)


def _fields(
    context: Context, store: HomeStore, plan: Plan, copy: Copy, verdict: CopyVerdict
) -> dict[str, object]:
    facts = verdict.facts
    proof = store.last_proof(copy.system, copy.destination, "verified")
    full = store.last_proof(copy.system, copy.destination, "verified", detail="full")
    read = facts.read_back
    return {
        "system": "",
        "destination": copy.destination,
        "copied_at": _stamp(facts.copied),
        "read_back_at": full.at if full and full.result == "sound" else None,
        "read_back_result": proof.result if proof else None,
        "gate_closed": gate_is_closed(store, copy.system),
        "last_read_at": _stamp(read.last),
        "oldest_unread_at": _stamp(read.oldest),
        "read_share": round(read.read_share, 4),
        "late_share": round(read.late_share, 4),
        "restored_at": _stamp(facts.restored),
        "damage": facts.damage,
        "unlocked": facts.unlocked or None,
        "counts": verdict.counts,
        "why": [_coded(why) for why in verdict.why],
        "overdue": verdict.is_overdue,
        "overdue_since": _stamp(verdict.overdue_since),
        "by_word": list(_by_word(facts)),
        "detached_at": _stamp(facts.detached),
        "due": is_due(plan, copy, jobs.last_success(store, copy), context.clock.now()),
        "reachable": facts.reachable,
        "writes_elsewhere": facts.writes_elsewhere,
        "last_run": facts.last_run or None,
        "last_code": facts.last_code or None,
    }


def _room(coming: Forecast | None) -> dict[str, object]:
    if coming is None:
        return {"full_in_days": None, "free_in_days": None}
    return {
        "full_in_days": coming.full_in.days if coming.full_in else None,
        "free_in_days": {str(span.days): coming.free_after(span) for span in HORIZONS},
    }


def _by_word(facts: CopyFacts) -> Iterator[str]:
    """What only a person can know of a copy; it is shown as what they said (DESIGN §4)."""
    if facts.site is Site.AWAY:
        yield "away"
    if facts.offline and facts.detached is None:
        yield "offline"


def _read_back(context: Context, read: ReadBack) -> str:
    texts, now = context.texts, context.clock.now()
    if read.last is None:
        return age(None, now, texts.lang)
    if read.read_share < 1:
        return texts.t(
            "{share}, zuletzt {last}",
            share=percent(read.read_share, texts),
            last=age(read.last, now, texts.lang),
        )
    return texts.t("ganz, das Älteste {oldest}", oldest=age(read.oldest, now, texts.lang))


def _notes(context: Context, facts: CopyFacts, fields: Mapping[str, object]) -> Iterator[str]:
    t = context.texts.t
    for word in _by_word(facts):
        yield t(_BY_WORD[word])
    if facts.offline and facts.detached is not None:
        gone = age(facts.detached, context.clock.now(), context.texts.lang)
        yield t("abgezogen {since}", since=gone)
    if fields["due"]:
        yield t("fällig")
    if not fields["reachable"]:
        yield t("Ziel gerade nicht da")
    if fields["last_run"] == "FAILED":
        yield t("letzter Lauf fehlgeschlagen")
    if fields["last_run"] == "HELD":
        yield t("wartet auf Ihre Antwort")
    if fields["last_run"] == "INTERRUPTED":
        yield t("letzter Lauf abgebrochen; der nächste setzt ihn fort")
    if fields["damage"]:
        yield t("beschädigt")
    if fields["unlocked"]:
        yield t("nicht gegen Löschen gesperrt")


# -- a system -------------------------------------------------------------------------------------


def _show_system(context: Context, verdict: SystemVerdict) -> None:
    fields: dict[str, object] = {
        "system": verdict.facts.system,
        "green": verdict.is_green,
        "three": verdict.three,
        "two": verdict.two,
        "one": list(verdict.away),
        "gaps": [_coded(gap) for gap in verdict.gaps],
        "step": None if verdict.step is None else _coded(verdict.step),
    }
    context.output.item(fields, system_line(context, verdict))
    for gap in verdict.gaps:
        context.output.line(f"  {_said(context, GAPS, gap)}")
    step = next_line(context, verdict)
    if step:
        context.output.line(f"  → {step}")


def system_line(context: Context, verdict: SystemVerdict) -> str:
    """3-2-1 of a system in one line; what a person only said is shown as such."""
    t = context.texts.t
    return t(
        "{system}: {three} von 3 Kopien, {two} von 2 Gerätearten, außer Haus {away}",
        system=verdict.facts.name,
        three=verdict.three,
        two=verdict.two,
        away=t("eine, laut Angabe") if verdict.away else t("keine"),
    )


def next_line(context: Context, verdict: SystemVerdict) -> str:
    """What to do next, '' when there is nothing."""
    return "" if verdict.step is None else _said(context, STEPS, verdict.step)


def _said(context: Context, table: Mapping[str, str], why: Why) -> str:
    now, names = context.clock.now(), context.output.names
    return say(context.texts, table, why.code, why.params, now, names)


def _coded(why: Why) -> dict[str, object]:
    return {"code": str(why.code), **{key: _plain(value) for key, value in why.params.items()}}


def _plain(value: Param) -> object:
    """As JSON has it: times as stamps, durations in seconds."""
    if isinstance(value, datetime):
        return stamp(value)
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def _stamp(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
