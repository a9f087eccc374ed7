"""`restore`: bring data back, say what came and what did not."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.context import Context
from core.cli.looking import find_state
from core.copies.bringing_back.restore import restore as bring_back
from core.copies.bringing_back.wishes import Report, Wish
from core.copies.format.copy_folder import State
from core.copies.format.percent import exact, readable
from core.copies.opening.finding import refuse_live_target
from core.errors import Exit
from core.texts import t
from core.texts.formats import size
from core.texts.names import skip_reason


def restore(context: Context, options: argparse.Namespace) -> Exit:
    """Bring data back into an empty folder."""
    plan = context.reading_plan()
    into = Path(options.into).absolute()
    refuse_live_target(plan, into)
    folder, state, states = find_state(context, plan, options)
    wish = Wish(tuple(options.path), options.keep_links)
    report = bring_back(folder, state, states, into, wish, context.output, context.cancelled)
    return _show_report(context, report, state, into)


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


_LOST = {
    "owner": t("Besitzer"),
    "mode": t("Rechte"),
    "xattr": t("erweiterte Eigenschaften"),
    "mtime": t("Änderungszeit"),
    "hard_link": t("gemeinsame Datei unter mehreren Namen"),
}
