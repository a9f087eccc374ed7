"""`snapshots` and `browse`: which states there are, and what is in them."""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime

from core.cli.context import Context
from core.clock import parse_stamp
from core.copies.bringing_back.wishes import spellings
from core.copies.format import percent
from core.copies.format.copy_folder import CopyFolder, State
from core.copies.format.documents import Record
from core.copies.format.rows import FileRow, FolderRow, LinkRow, SkippedRow
from core.copies.opening import finding
from core.errors import Code, Exit, KnownError
from core.plan.model import Copy, Plan
from core.store.home import HomeStore
from core.texts.formats import count, size, table_time, visible
from core.texts.names import skip_reason


def snapshots(context: Context, options: argparse.Namespace) -> Exit:
    """All states, read from the copies themselves; from the index where one is away."""
    plan = context.reading_plan()
    systems = () if options.system is None else (options.system,)
    destinations = () if options.dest is None else (options.dest,)
    shown = 0
    worst = Exit.OK
    for copy in plan.copies_between(systems, destinations):
        try:
            records = [s.record for s in _states(context, plan, copy, options.as_of)[1]]
        except KnownError as error:
            context.output.error(error)
            worst = error.exit
            continue
        suspect = suspects(context, copy)
        clean = [r.run for r in records if r.complete and r.run not in suspect]
        for record in records:
            last_clean = bool(suspect) and record.run == clean[-1] if clean else False
            is_suspect = record.run in suspect
            _show_record(context, copy, record, suspect=is_suspect, last_clean=last_clean)
            shown += 1
    if not shown and worst is Exit.OK:
        context.output.say("Es gibt noch keinen Stand.")
    return worst


def suspects(context: Context, copy: Copy) -> frozenset[str]:
    """States made while the anomaly gate was closed, as far as this home knows."""
    place = context.home.database
    if not place.exists():
        return frozenset()
    try:
        with contextlib.closing(HomeStore(place, context.clock)) as store:
            return store.suspects(copy.system, copy.destination)
    except KnownError:
        return frozenset()  # bringing data back comes first, also with a home that is full


def _show_record(
    context: Context, copy: Copy, record: Record, *, suspect: bool, last_clean: bool
) -> None:
    lang, t = context.texts.lang, context.texts.t
    moment = parse_stamp(record.ended)
    marks = "" if record.complete else " " + t("(unvollständig)")
    marks += " " + t("(verdächtig)") if suspect else ""
    marks += " " + t("(letzter unverdächtiger Stand)") if last_clean else ""
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
            "suspect": suspect,
            "last_clean": last_clean,
        },
        f"{copy.system:<12} {copy.destination:<12} {table_time(moment, lang)}  "
        f"{count(record.files, lang):>10}  {size(record.bytes, lang):>9}  {record.run}{marks}",
    )


def _states(
    context: Context, plan: Plan, copy: Copy, as_of: datetime | None
) -> tuple[CopyFolder, list[State]]:
    folder = finding.reach_copy(
        context.reach(), plan, copy.system, copy.destination, as_of=as_of
    ).copy
    return folder, folder.states().states


def find_state(
    context: Context, plan: Plan, options: argparse.Namespace
) -> tuple[CopyFolder, State, list[State]]:
    """The state a person means, from the copy they name or the first that has it; notes tell of
    partial ones. KnownError of the first copy when none has it.
    """
    trouble: list[KnownError] = []
    destinations = () if options.source is None else (options.source,)
    for copy in plan.copies_between((options.system,), destinations):
        try:
            folder, states = _states(context, plan, copy, options.as_of)
            picked = finding.pick_state(states, options.at, copy.system)
        except KnownError as error:
            trouble.append(error)
            continue
        if not picked.state.record.complete:
            context.output.note("state_partial", run=picked.state.run)
        if picked.state.record.run in suspects(context, copy):
            context.output.note("state_suspect", run=picked.state.run)
        if picked.newer is not None:
            context.output.note("newer_partial", run=picked.state.run, newer=picked.newer.run)
        return folder, picked.state, states
    raise trouble[0]


# -- browse ---------------------------------------------------------------------------------------


def browse(context: Context, options: argparse.Namespace) -> Exit:
    """The entries right below a folder of a state."""
    plan = context.reading_plan()
    folder, state, _ = find_state(context, plan, options)
    # As people type a name, or as `--json` shows it.
    wanted = {percent.encode(path) for path in spellings(options.path)}
    met = "" in wanted
    for row in folder.rows(state.record):
        if not isinstance(row, FileRow | FolderRow | LinkRow | SkippedRow):
            continue
        parent, _, _ = row.path.rpartition("/")
        if row.path in wanted and isinstance(row, FolderRow):
            met = True
        if parent in wanted or (row.path in wanted and not isinstance(row, FolderRow)):
            met = True
            _show_row(context, row)
    if not met:
        raise KnownError(Code.PATH_NOT_FOUND, path=options.path, system=options.system)
    return Exit.OK


def _show_row(context: Context, row: FileRow | FolderRow | LinkRow | SkippedRow) -> None:
    name = visible(percent.readable(row.path))
    lang = context.texts.lang
    fields: dict[str, object] = {"path": percent.readable(row.path), "raw": percent.exact(row.path)}
    if isinstance(row, FileRow):
        fields = {"kind": "file", **fields, "bytes": row.size, "mtime_ns": row.mtime_ns}
        context.output.item(fields, f"{size(row.size, lang):>10}  {name}")
    elif isinstance(row, FolderRow):
        context.output.item({"kind": "folder", **fields}, f"{'':>10}  {name}/")
    elif isinstance(row, LinkRow):
        target = percent.readable(row.target)
        fields = {
            "kind": "link",
            **fields,
            "target": target,
            "raw_target": percent.exact(row.target),
        }
        context.output.item(fields, f"{'':>10}  {name} → {visible(target)}")
    else:
        reason = skip_reason(context.texts, row.reason)
        fields = {"kind": "skipped", **fields, "reason": row.reason}
        context.output.item(fields, f"{'–':>10}  {name} ({reason})")
