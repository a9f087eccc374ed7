"""`restore`: bring data back, say what came and what did not."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
from pathlib import Path

from core.cli.context import Context
from core.cli.looking import find_state
from core.clock import stamp
from core.copies.bringing_back.in_place import Fate, Placing, homes_of, put_in_place
from core.copies.bringing_back.restore import restore as bring_back
from core.copies.bringing_back.wishes import Report, Wish, spellings
from core.copies.format import percent
from core.copies.format.copy_folder import CopyFolder, State
from core.copies.format.percent import exact, readable
from core.copies.format.rows import Header
from core.copies.jobs import open_store
from core.copies.opening.finding import refuse_live_target
from core.errors import Code, Exit, KnownError
from core.plan.model import System
from core.store.home import Pace, Proof
from core.texts import t
from core.texts.formats import size
from core.texts.names import skip_reason


def restore(context: Context, options: argparse.Namespace) -> Exit:
    """Bring data back into an empty folder, and to its old place where that was asked for."""
    plan = context.reading_plan()
    into = Path(options.into).absolute()
    refuse_live_target(plan, into)
    folder, state, states = find_state(context, plan, options)
    wish = Wish(tuple(options.path), options.keep_links)
    began = context.clock.monotonic()
    report = bring_back(folder, state, states, into, wish, context.output, context.cancelled)
    seconds = context.clock.monotonic() - began
    _remember(context, options, folder, state, report, seconds)
    done = _show_report(context, report, state, into)
    if not (options.in_place or options.replace):
        return done
    placed = _put(context, plan.system(options.system), folder, state, report, options)
    return done if done is not Exit.OK else placed


def _remember(
    context: Context,
    options: argparse.Namespace,
    folder: CopyFolder,
    state: State,
    report: Report,
    seconds: float,
) -> None:
    """Remember how fast it was, and that a whole state came back byte for byte (DOMAIN §6, L2).

    Little says nothing about the pace of much, and nothing may keep data from coming back.
    """
    system, destination = options.system, folder.folder.destination
    at = stamp(context.clock.now())
    with contextlib.suppress(KnownError), open_store(context.home, context.clock) as store:
        if report.bytes >= _TELLING_BYTES and seconds > 0:
            store.note_pace(Pace(system, destination, at, report.bytes, seconds))
        result = _proven(options, state, report)
        if result:
            id = secrets.token_hex(8)
            store.add_proof(Proof(id, at, system, destination, "restored", result, state.run, ""))


def _proven(options: argparse.Namespace, state: State, report: Report) -> str:
    """What this says of the copy; '' when nothing, as of a part, or a target that failed."""
    if options.path or not state.record.complete:
        return ""
    if any(problem == "damaged" for _, problem, _ in report.failed):
        return "damaged"
    return "" if report.failed else "sound"


def _put(
    context: Context,
    system: System,
    folder: CopyFolder,
    state: State,
    report: Report,
    options: argparse.Namespace,
) -> Exit:
    """Put what came back where it once lay; PARTLY when something stays for a person to decide."""
    into = Path(options.into).absolute()
    aside = into.with_name(into.name + _ASIDE)
    if os.path.lexists(aside):
        raise KnownError(Code.TARGET_NOT_EMPTY, path=str(aside))
    header = next(row for row in folder.rows(state.record) if isinstance(row, Header))
    homes = homes_of(header, system.folders)
    wanted = {percent.encode(one) for path in options.replace for one in spellings(path)}
    placings = put_in_place(into, homes, report, wanted, aside, context.cancelled)
    _show_placings(context, placings, aside)
    is_open = any(one.fate in (Fate.NEWER, Fate.OLDER, Fate.REFUSED) for one in placings)
    return Exit.PARTLY if is_open else Exit.OK


def _show_placings(context: Context, placings: list[Placing], aside: Path) -> None:
    out, texts = context.output, context.texts
    by_fate = {fate: [one for one in placings if one.fate is fate] for fate in Fate}
    still = sorted((*by_fate[Fate.NEWER], *by_fate[Fate.OLDER]), key=lambda one: one.path)
    out.record(
        "in_place",
        placed=len(by_fate[Fate.PLACED]),
        same=len(by_fate[Fate.SAME]),
        replaced=[_names(one.path) for one in by_fate[Fate.REPLACED]],
        open=[
            _names(one.path)
            | {
                "why": str(one.fate),
                "mtime_ns": one.mtime_ns,
                "bytes": one.bytes,
                "here_mtime_ns": one.here_mtime_ns,
                "here_bytes": one.here_bytes,
            }
            for one in still
        ],
        refused=[_names(one.path) | {"cause": one.cause} for one in by_fate[Fate.REFUSED]],
        aside=str(aside) if by_fate[Fate.REPLACED] else None,
    )
    out.say(
        "An den alten Platz gelegt: {files}. Gleich und schon dort: {same}.",
        files=texts.n("eine Datei", "{n} Dateien", len(by_fate[Fate.PLACED])),
        same=texts.n("eine Datei", "{n} Dateien", len(by_fate[Fate.SAME])),
    )
    if by_fate[Fate.REPLACED]:
        out.say(
            "Ersetzt: {files}. Was dort stand, liegt in {aside}",
            files=texts.n("eine Datei", "{n} Dateien", len(by_fate[Fate.REPLACED])),
            aside=aside,
        )
    for one in still:
        words = (
            t("  Dort liegt eine neuere Fassung, sie bleibt: {path}")
            if one.fate is Fate.NEWER
            else t("  Dort liegt eine andere Fassung, sie bleibt: {path}")
        )
        out.say(words, path=readable(one.path))
    if still:
        out.say("  → Soll eine davon ersetzt werden, nennen Sie sie: --replace DATEI")
    for one in by_fate[Fate.REFUSED]:
        cause = texts.t(_CAUSES[one.cause]) if one.cause in _CAUSES else one.cause
        out.say("  Blieb, wo es ist: {path} ({cause})", path=readable(one.path), cause=cause)


def _show_report(context: Context, report: Report, state: State, into: Path) -> Exit:
    out, texts = context.output, context.texts
    out.record(
        "restored",
        run=state.run,
        complete=state.record.complete,
        into=str(into),
        files=report.files,
        folders=report.folders,
        links=report.links,
        bytes=report.bytes,
        failed=[
            _names(path) | {"problem": what, "cause": why} for path, what, why in report.failed
        ],
        skipped=[_names(path) | {"reason": reason} for path, reason in report.skipped],
        renamed=[_names(path) | {"name": name} for path, name in report.renamed],
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
            path=readable(path),
            reason=skip_reason(texts, reason),
        )
    for path, name in report.renamed:
        out.say("  Hier unter anderem Namen: {path} → {name}", path=readable(path), name=name)
    for path in report.links_as_text:
        out.say("  Verweis nach draußen, als Textdatei: {path}", path=readable(path))
    for what, number in sorted(report.lost.items()):
        out.say("  {what}: {n}-mal nicht übernommen", what=texts.t(_LOST.get(what, what)), n=number)
    for path, _, cause in report.failed:
        out.say(
            "  Beschädigt, nicht zurückgeholt: {path} ({cause})", path=readable(path), cause=cause
        )
    return Exit.INTEGRITY if report.failed else Exit.OK


def _names(path: str) -> dict[str, str]:
    """A path for people and, as it stands in the list, for programs."""
    return {"path": readable(path), "raw": exact(path)}


_TELLING_BYTES = 1_000_000
"""What comes back from less than this is mostly waiting."""
_ASIDE = " – ersetzt"
"""What the folder beside the restored one is called that takes what was replaced."""
_CAUSES = {
    "no_place": t("ihr Ordner steht nicht mehr im Plan"),
    "link": t("der Weg dorthin führt über einen Verweis, oder der Ordner fehlt"),
    "no_file": t("dort liegt etwas anderes als eine Datei"),
    "changed": t("dort hat sich gerade etwas verändert"),
    "renamed": t("der Name geht auf diesem PC nicht"),
}
_LOST = {
    "owner": t("Besitzer"),
    "mode": t("Rechte"),
    "xattr": t("erweiterte Eigenschaften"),
    "mtime": t("Änderungszeit"),
    "hard_link": t("gemeinsame Datei unter mehreren Namen"),
}
