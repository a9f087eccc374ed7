"""`snapshots` and `browse`: which states there are, and what is in them."""

from __future__ import annotations

import argparse
import os

from core.cli.context import Context
from core.clock import parse_stamp
from core.copies import finding, percent
from core.copies.copy_folder import CopyFolder, State
from core.copies.documents import Record
from core.copies.rows import FileRow, FolderRow, LinkRow, SkippedRow
from core.errors import Code, Exit, KnownError
from core.plan.model import Copy, Plan
from core.texts.formats import count, size, table_time, visible
from core.texts.names import skip_reason


def snapshots(context: Context, options: argparse.Namespace) -> Exit:
    """All states, read from the copies themselves; from the index where one is away."""
    plan = context.reading_plan()
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
            records = [s.record for s in _states(context, plan, copy)[1]]
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


def _states(context: Context, plan: Plan, copy: Copy) -> tuple[CopyFolder, list[State]]:
    folder = finding.reach_copy(context.reach(), plan, copy.system, copy.destination).copy
    return folder, folder.states().states


def find_state(
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
            folder, states = _states(context, plan, copy)
            return folder, finding.pick_state(states, options.at, system), states
        except KnownError as error:
            trouble = trouble or error
    raise trouble or KnownError(Code.STATE_NOT_FOUND, state=options.at or "-", system=system)


# -- browse ---------------------------------------------------------------------------------------


def browse(context: Context, options: argparse.Namespace) -> Exit:
    """The entries right below a folder of a state."""
    plan = context.reading_plan()
    folder, state, _ = find_state(context, plan, options)
    typed = options.path.strip("/")
    # As people type a name, or as `--json` shows it.
    wanted = {typed, percent.encode(os.fsencode(typed))}
    met = not typed
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
