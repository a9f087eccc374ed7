"""`runs`: the log of all runs with every entry they left out; searchable, as a table to keep."""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from core.cli.context import Context
from core.clock import parse_stamp
from core.copies.format import percent
from core.copies.jobs import open_store
from core.errors import Code, Exit, KnownError
from core.store.events import LeftOut
from core.store.home import HomeStore, RunRow
from core.texts import t
from core.texts.formats import count, size, table_time, visible
from core.texts.names import skip_reason

_STATUS = {
    "RUNNING": t("läuft"),
    "COMMITTED": t("gesichert"),
    "UNCHANGED": t("nichts Neues"),
    "PARTIAL": t("Zwischenstand"),
    "FAILED": t("fehlgeschlagen"),
    "CANCELLED": t("abgebrochen"),
    "INTERRUPTED": t("unterbrochen"),
    "HELD": t("angehalten"),
}
_MOST_SHOWN = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Run(NamedTuple):
    row: RunRow
    left_out: list[LeftOut]


def runs(context: Context, options: argparse.Namespace) -> Exit:
    """Newest first. Nothing found: code 4."""
    with open_store(context.home, context.clock) as store:
        found = list(_found(context, store, options.search or "", options.last))
    if options.export:
        _export(context, Path(options.export), found)
        context.output.record("exported", path=options.export, runs=len(found))
        context.output.say(
            "Geschrieben: {path} ({n} Läufe)",
            path=options.export,
            n=count(len(found), context.texts.lang),
        )
    else:
        for run in found:
            _show(context, run, options.search or "")
    if not found:
        context.output.say("Kein solcher Lauf ist verzeichnet.")
        return Exit.NOTHING_DONE
    return Exit.OK


def _found(context: Context, store: HomeStore, search: str, last: int) -> Iterator[_Run]:
    """Runs in which the text occurs: in a name, the outcome, or the path of what was left out."""
    wanted = search.casefold()
    number = 0
    for id, row in store.numbered_runs():
        left_out = store.alerts.left_out(id)
        if wanted and not _matches(context, row, left_out, wanted):
            continue
        number += 1
        if last and number > last:
            return
        yield _Run(row, left_out)


def _matches(context: Context, row: RunRow, left_out: list[LeftOut], wanted: str) -> bool:
    own = (row.system, row.destination, row.run, row.began, row.status, row.code)
    said = (*own, context.texts.t(_STATUS.get(row.status, row.status)))
    if any(wanted in text.casefold() for text in said):
        return True
    return any(wanted in one.path.casefold() or wanted in one.reason for one in left_out)


def _show(context: Context, run: _Run, search: str) -> None:
    texts, row, out = context.texts, run.row, context.output
    fields: dict[str, object] = {
        "system": row.system,
        "destination": row.destination,
        "run": row.run or None,
        "began": row.began,
        "ended": row.ended,
        "status": row.status,
        "code": row.code or None,
        "files": row.files,
        "bytes": row.bytes,
        "new_bytes": row.new_bytes,
        "skipped": row.skipped,
        "left_out": [
            {"path": _readable(one.path), "raw": _raw(one.path), "reason": one.reason}
            for one in run.left_out
        ],
    }
    began = table_time(parse_stamp(row.began), texts.lang)
    status = texts.t(_STATUS.get(row.status, row.status)) + (f" ({row.code})" if row.code else "")
    files, new = count(row.files, texts.lang), size(row.new_bytes, texts.lang)
    out.item(
        fields,
        f"{began}  {row.system:<12} {row.destination:<12} {status:<16} {files:>9} {new:>9}"
        f"  {row.run}".rstrip(),
    )
    wanted = search.casefold()
    chosen = [one for one in run.left_out if wanted in one.path.casefold()] or run.left_out
    for one in chosen[:_MOST_SHOWN]:
        why = skip_reason(texts, one.reason)
        out.say("    ausgelassen: {path} ({reason})", path=one.path, reason=why)
    if len(chosen) > _MOST_SHOWN:
        out.say("    und {n} weitere; alle nennt --export", n=len(chosen) - _MOST_SHOWN)


def _export(context: Context, path: Path, found: list[_Run]) -> None:
    """One line per run, and one more per entry it left out. KnownError EXPORT_NOT_WRITTEN.

    Semicolons and a byte order mark, as spreadsheets here want it.
    """
    t = context.texts.t
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=";")
    table.writerow(
        (
            t("Beginn"),
            t("Ende"),
            t("System"),
            t("Ziel"),
            t("Lauf"),
            t("Ergebnis"),
            t("Fehler"),
            t("Dateien"),
            t("Bytes"),
            t("neue Bytes"),
            t("ausgelassen"),
            t("Pfad"),
            t("Grund"),
        )
    )
    for run in found:
        row = run.row
        status = t(_STATUS.get(row.status, row.status))
        head = (row.began, row.ended, row.system, row.destination, row.run, status, row.code)
        numbers = (row.files, row.bytes, row.new_bytes, row.skipped)
        table.writerow(map(_cell, (*head, *numbers, "", "")))
        for one in run.left_out:
            why = skip_reason(context.texts, one.reason)
            table.writerow(map(_cell, (*head, "", "", "", "", _readable(one.path), why)))
    try:
        with path.open("xb") as file:
            file.write(text.getvalue().encode("utf-8-sig"))
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.EXPORT_NOT_WRITTEN, path=str(path), cause=cause) from error


def _cell(value: object) -> str:
    """Safe to open in a spreadsheet: a file's name must not become a formula."""
    text = visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _readable(path: str) -> str:
    return percent.readable(percent.encode(os.fsencode(path)))


def _raw(path: str) -> str:
    return percent.exact(percent.encode(os.fsencode(path)))
