"""Verbs that look: plan, snapshots, browse, restore, verify, status."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from pathlib import Path

from core.cli.context import Context
from core.clock import parse_stamp, stamp
from core.copies import jobs, percent
from core.copies.copy_folder import CopyFolder, State
from core.copies.desk import Desk
from core.copies.documents import Record
from core.copies.restore import restore as bring_back
from core.copies.rows import FileRow, FolderRow, LinkRow, SkippedRow
from core.copies.suspects import forget_damaged
from core.copies.verify import Depth, Verdict
from core.copies.verify import verify as examine
from core.copies.wishes import Report, Wish
from core.errors import Code, Exit, KnownError
from core.plan.kinds import duration_text
from core.plan.model import Copy, Plan
from core.sources.patterns import DEFAULT_EXCLUDES
from core.store.home import HomeStore, Proof
from core.texts import t
from core.texts.formats import age, count, size, table_time, visible
from core.texts.names import skip_reason


def show_plan(context: Context, plan: Plan, text: str) -> None:
    """The plan in words, what is left out by default included."""
    out = context.output
    out.record("plan", text=text)
    for system in plan.systems:
        out.line(f"{system.name} ({system.id})")
        for folder in system.folders:
            out.line(f"  {folder}")
        for copy in plan.copies_of(system.id):
            where = plan.destination(copy.destination)
            every = duration_text(copy.every)
            out.say(
                "  → {name} ({path}), alle {every}",
                name=where.name,
                path=where.location.path,
                every=every,
            )
        if any(source.default_excludes for source in system.sources):
            out.say(
                "  Nicht gesichert werden: {patterns} (abschalten: default_excludes = false)",
                patterns=", ".join(DEFAULT_EXCLUDES),
            )


# -- snapshots ------------------------------------------------------------------------------------


def snapshots(context: Context, options: argparse.Namespace) -> Exit:
    """All states, read from the copies themselves; from the index where one is away."""
    plan = context.plan()
    if options.system is not None:
        plan.system(options.system)
    if options.dest is not None:
        plan.destination(options.dest)
    shown = 0
    worst = Exit.OK
    for copy in plan.copies:
        if options.system not in (None, copy.system) or options.dest not in (
            None,
            copy.destination,
        ):
            continue
        try:
            records = [s.record for s in _states(plan, copy.system, copy.destination)[1]]
        except KnownError as error:
            context.output.error(error)
            worst = error.exit
            continue
        for record in records:
            _show_record(context, copy, record)
            shown += 1
    if not shown and worst is Exit.OK:
        context.output.say("Es gibt noch keinen Stand.")
    return worst


def _show_record(context: Context, copy: Copy, record: Record) -> None:
    lang = context.texts.lang
    moment = parse_stamp(record.ended)
    partial = "" if record.complete else " " + context.texts.t("(unvollständig)")
    context.output.item(
        {
            "system": copy.system,
            "destination": copy.destination,
            "run": record.run,
            "committed_at": record.ended,
            "files": record.files,
            "bytes": record.bytes,
            "complete": record.complete,
            "new_bytes": record.new_bytes,
            "skipped": record.skipped,
        },
        f"{copy.system:<12} {copy.destination:<12} {table_time(moment, lang)}  "
        f"{count(record.files, lang):>10}  {size(record.bytes, lang):>9}  {record.run}{partial}",
    )


def _states(plan: Plan, system: str, destination: str) -> tuple[CopyFolder, list[State]]:
    folder = jobs.copy_folder(plan, system, destination)
    return folder, folder.states().states


def _find(
    context: Context, plan: Plan, options: argparse.Namespace
) -> tuple[CopyFolder, State, list[State]]:
    """The state a person means, from the copy they name or the first that has it."""
    system = plan.system(options.system).id
    if options.source is not None:
        plan.destination(options.source)
    trouble: KnownError | None = None
    for copy in plan.copies_of(system):
        if options.source not in (None, copy.destination):
            continue
        try:
            folder, states = _states(plan, system, copy.destination)
            return folder, jobs.pick_state(states, options.at, system), states
        except KnownError as error:
            trouble = trouble or error
    raise trouble or KnownError(Code.STATE_NOT_FOUND, state=options.at or "-", system=system)


# -- browse ---------------------------------------------------------------------------------------


def browse(context: Context, options: argparse.Namespace) -> Exit:
    """The entries right below a folder of a state."""
    plan = context.plan()
    folder, state, _ = _find(context, plan, options)
    wanted = options.path.strip("/")
    met = not wanted
    for row in folder.rows(state.record):
        if not isinstance(row, FileRow | FolderRow | LinkRow | SkippedRow):
            continue
        parent, _, _ = row.path.rpartition("/")
        if wanted in (row.path, percent.encode(wanted.encode())) and isinstance(row, FolderRow):
            met = True
        if parent == wanted or (row.path == wanted and isinstance(row, FileRow)):
            met = True
            _show_row(context, row)
    if not met:
        raise KnownError(Code.PATH_NOT_FOUND, path=options.path, system=options.system)
    return Exit.OK


def _show_row(context: Context, row: FileRow | FolderRow | LinkRow | SkippedRow) -> None:
    name = visible(percent.decode(row.path).decode("utf-8", "backslashreplace"))
    lang = context.texts.lang
    if isinstance(row, FileRow):
        fields: dict[str, object] = {
            "kind": "file",
            "path": row.path,
            "bytes": row.size,
            "mtime_ns": row.mtime_ns,
        }
        context.output.item(fields, f"{size(row.size, lang):>10}  {name}")
    elif isinstance(row, FolderRow):
        context.output.item({"kind": "folder", "path": row.path}, f"{'':>10}  {name}/")
    elif isinstance(row, LinkRow):
        fields = {"kind": "link", "path": row.path, "target": row.target}
        context.output.item(fields, f"{'':>10}  {name} → {visible(row.target)}")
    else:
        reason = skip_reason(context.texts, row.reason)
        fields = {"kind": "skipped", "path": row.path, "reason": row.reason}
        context.output.item(fields, f"{'–':>10}  {name} ({reason})")


# -- restore --------------------------------------------------------------------------------------


def restore(context: Context, options: argparse.Namespace) -> Exit:
    """Bring data back into an empty folder."""
    plan = context.plan()
    into = Path(options.into).absolute()
    jobs.refuse_live_target(plan, into)
    folder, state, states = _find(context, plan, options)
    wish = Wish(tuple(options.path), options.keep_links)
    report = bring_back(folder, state, states, into, wish, context.output, context.cancelled)
    return _show_report(context, report, state, into)


def _show_report(context: Context, report: Report, state: State, into: Path) -> Exit:
    out, texts = context.output, context.texts
    out.record(
        "restored",
        run=state.run,
        into=str(into),
        files=report.files,
        folders=report.folders,
        links=report.links,
        bytes=report.bytes,
        failed=[{"path": path, "problem": what, "cause": why} for path, what, why in report.failed],
        skipped=[{"path": path, "reason": reason} for path, reason in report.skipped],
        renamed=[{"path": path, "name": name} for path, name in report.renamed],
        links_as_text=report.links_as_text,
        lost=report.lost,
    )
    out.say(
        "Zurückgeholt: {files}, {size}, aus dem Stand {run}, nach {into}",
        files=texts.n("eine Datei", "{n} Dateien", report.files),
        size=size(report.bytes, texts.lang),
        run=state.run,
        into=into,
    )
    for path, reason in report.skipped:
        out.say(
            "  Nicht in diesem Stand: {path} ({reason})",
            path=path,
            reason=skip_reason(texts, reason),
        )
    for path, name in report.renamed:
        out.say("  Hier unter anderem Namen: {path} → {name}", path=path, name=name)
    for path in report.links_as_text:
        out.say("  Verweis nach draußen, als Textdatei: {path}", path=path)
    for what, number in sorted(report.lost.items()):
        out.say("  {what}: {n}-mal nicht übernommen", what=texts.t(_LOST.get(what, what)), n=number)
    for path, _, cause in report.failed:
        out.say("  Beschädigt, nicht zurückgeholt: {path} ({cause})", path=path, cause=cause)
    return Exit.INTEGRITY if report.failed else Exit.OK


_LOST = {
    "owner": t("Besitzer"),
    "mode": t("Rechte"),
    "xattr": t("erweiterte Eigenschaften"),
    "mtime": t("Änderungszeit"),
    "hard_link": t("gemeinsame Datei unter mehreren Namen"),
}


# -- verify ---------------------------------------------------------------------------------------


def verify(context: Context, options: argparse.Namespace) -> Exit:
    """Look at every copy, or those named; what is found damaged is stored anew by the next run."""
    plan = context.plan()
    for destination in options.destinations:
        plan.destination(destination)
    depth: Depth = "full" if options.full else "sample" if options.sample else "stat"
    outcomes = []
    with context.desk() as desk:
        for copy in plan.copies:
            if not options.destinations or copy.destination in options.destinations:
                outcomes.append(_verify_one(context, desk, plan, copy, depth, options.sample))
    bad = [outcome for outcome in outcomes if outcome is not Exit.OK]
    if not outcomes:
        return Exit.NOTHING_DONE
    return Exit.INTEGRITY if Exit.INTEGRITY in bad else (bad[0] if bad else Exit.OK)


def _verify_one(
    context: Context, desk: Desk, plan: Plan, copy: Copy, depth: Depth, share: float | None
) -> Exit:
    out = context.output
    try:
        folder = jobs.copy_folder(plan, copy.system, copy.destination)
        known = [record.run for record in jobs.known_states(desk, copy.system, copy.destination)]
        verdict = examine(
            folder,
            out,
            context.cancelled,
            depth=depth,
            percent=share or 100.0,
            expected_states=known,
        )
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        out.error(error)
        return error.exit
    if verdict.damage:
        forget_damaged(desk, copy.system, copy.destination, verdict.bad_contents)
    now = stamp(context.clock.now())
    result = "sound" if verdict.is_sound else "damaged"
    desk.store.add_proof(
        Proof(
            secrets.token_hex(8), now, copy.system, copy.destination, "verified", result, "", depth
        )
    )
    _show_verdict(context, copy, verdict)
    return Exit.OK if verdict.is_sound else Exit.INTEGRITY


def _show_verdict(context: Context, copy: Copy, verdict: Verdict) -> None:
    out, texts = context.output, context.texts
    out.record(
        "verified",
        system=copy.system,
        destination=copy.destination,
        depth=verdict.depth,
        states=verdict.states,
        objects=verdict.objects,
        bytes=verdict.read_bytes,
        sound=verdict.is_sound,
        damage=[{"kind": item.kind, "path": item.path} for item in verdict.damage],
        affected=[{"run": run, "path": path} for run, path in verdict.affected],
        affected_files=verdict.affected_files,
    )
    looked = texts.n("ein Stand", "{n} Stände", verdict.states)
    if verdict.is_sound:
        out.say(
            "{system} → {destination}: in Ordnung ({states}, {size} gelesen)",
            system=copy.system,
            destination=copy.destination,
            states=looked,
            size=size(verdict.read_bytes, texts.lang),
        )
        return
    out.say(
        "{system} → {destination}: {n} Schäden",
        system=copy.system,
        destination=copy.destination,
        n=len(verdict.damage),
    )
    for run, path in verdict.affected:
        out.say("  betrifft {path} im Stand {run}", path=path, run=run)
    out.say("  → Der nächste Lauf sichert neu, was an der Quelle noch da ist: backup")


# -- status ---------------------------------------------------------------------------------------


def status(context: Context, options: argparse.Namespace) -> Exit:
    """One line per copy: copied when, read back when, overdue or not."""
    plan = context.plan()
    with jobs.open_store(context.home, context.clock) as store:
        for copy in plan.copies:
            _show_status(context, store, plan, copy)
    return Exit.OK


def _show_status(context: Context, store: HomeStore, plan: Plan, copy: Copy) -> None:
    texts, now = context.texts, context.clock.now()
    lang = texts.lang
    last = jobs.last_success(store, copy)
    proof = store.last_proof(copy.system, copy.destination, "verified")
    full = store.last_proof(copy.system, copy.destination, "verified", detail="full")
    read_back = parse_stamp(full.at) if full else None
    run = store.last_run(copy.system, copy.destination)
    overdue = jobs.is_due(store, copy, now)
    place = plan.destination(copy.destination).location.path
    fields: dict[str, object] = {
        "system": copy.system,
        "destination": copy.destination,
        "copied_at": stamp(last) if last else None,
        "read_back_at": stamp(read_back) if read_back else None,
        "read_back_result": proof.result if proof else None,
        "due": overdue,
        "reachable": place.is_dir(),
        "last_run": run.status if run else None,
        "last_code": run.code if run and run.code else None,
    }
    words = texts.t(
        "{system} → {name}: kopiert {copied}, ganz zurückgelesen {read}",
        system=copy.system,
        name=plan.destination(copy.destination).name,
        copied=age(last, now, lang),
        read=age(read_back, now, lang),
    )
    notes = [note for note in _status_notes(context, fields) if note]
    context.output.item(fields, words + (f" – {', '.join(notes)}" if notes else ""))


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
