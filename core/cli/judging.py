"""`status`: how each copy stands, in three facts and their ages."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime

from core.cli import sheets
from core.cli.context import Context
from core.clock import parse_stamp, stamp
from core.copies import jobs
from core.copies.forecast import HORIZONS, Forecast, Growth, forecast
from core.destinations.local import LocalFolder
from core.errors import Exit, KnownError
from core.plan.model import Copy, Plan
from core.store.home import HomeStore
from core.texts.formats import age


def status(context: Context, options: argparse.Namespace) -> Exit:
    """One line per copy: copied when, read back when, overdue or not; one per recovery sheet."""
    plan = context.plan()
    with jobs.open_store(context.home, context.clock) as store:
        for copy in plan.copies:
            _show_status(context, store, plan, copy)
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


def _show_status(context: Context, store: HomeStore, plan: Plan, copy: Copy) -> None:
    texts, now = context.texts, context.clock.now()
    lang = texts.lang
    last = jobs.last_success(store, copy)
    proof = store.last_proof(copy.system, copy.destination, "verified")
    full = store.last_proof(copy.system, copy.destination, "verified", detail="full")
    read_back = parse_stamp(full.at) if full and full.result == "sound" else None
    run = store.last_run(copy.system, copy.destination)
    overdue = jobs.is_due(store, copy, now)
    place = plan.destination(copy.destination).location.path
    folder = LocalFolder(copy.destination, place, copy.system)
    fields: dict[str, object] = {
        "system": copy.system,
        "destination": copy.destination,
        "copied_at": stamp(last) if last else None,
        "read_back_at": stamp(read_back) if read_back else None,
        "read_back_result": proof.result if proof else None,
        "due": overdue,
        "reachable": folder.is_reachable(),
        "last_run": run.status if run else None,
        "last_code": run.code if run and run.code else None,
    }
    coming = _forecast(store, copy, folder, now)
    fields["full_in_days"] = coming.full_in.days if coming and coming.full_in else None
    fields["free_in_days"] = (
        {str(span.days): coming.free_after(span) for span in HORIZONS} if coming else None
    )
    words = texts.t(
        "{copy}: kopiert {copied}, ganz zurückgelesen {read}",
        copy=context.output.copy_label(copy.system, copy.destination),
        copied=age(last, now, lang),
        read=age(read_back, now, lang),
    )
    notes = [note for note in _status_notes(context, fields) if note]
    if coming is not None and coming.full_in is not None and coming.is_tight:
        notes.append(texts.n("in einem Tag voll", "in {n} Tagen voll", max(1, coming.full_in.days)))
    context.output.item(fields, words + (f" – {', '.join(notes)}" if notes else ""))


def _forecast(store: HomeStore, copy: Copy, folder: LocalFolder, now: datetime) -> Forecast | None:
    """How full the destination will be if its runs go on as they did; None when nobody can say."""
    if not folder.is_reachable():
        return None
    try:
        free = folder.free_bytes()
    except KnownError:
        return None
    runs = []
    met = set()
    for row in store.runs():
        if row.destination != copy.destination or row.status not in ("COMMITTED", "UNCHANGED"):
            continue
        if row.system in met:
            runs.append(Growth(parse_stamp(row.began), row.new_bytes))
        met.add(row.system)
    return forecast(runs, free, now)


def _status_notes(context: Context, fields: dict[str, object]) -> Iterator[str]:
    t = context.texts.t
    if fields["due"]:
        yield t("fällig")
    if not fields["reachable"]:
        yield t("Ziel gerade nicht da")
    if fields["last_run"] == "FAILED":
        yield t("letzter Lauf fehlgeschlagen")
    if fields["last_run"] == "INTERRUPTED":
        yield t("letzter Lauf abgebrochen; der nächste setzt ihn fort")
    if fields["read_back_result"] == "damaged":
        yield t("beschädigt")
