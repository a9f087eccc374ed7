"""`search`: where a name stands in all states, with the versions of each file."""

from __future__ import annotations

import argparse

from core.cli.context import Context
from core.cli.looking import suspects
from core.clock import parse_stamp
from core.copies.bringing_back.searching import Found, Hit
from core.copies.bringing_back.searching import search as search_copy
from core.copies.format.percent import exact, readable
from core.copies.opening.finding import reach_copy
from core.errors import Exit, KnownError
from core.plan.model import Copy
from core.texts.formats import size, table_time, visible


def search(context: Context, options: argparse.Namespace) -> Exit:
    """Look through the copy that is named, or the first that can be read."""
    plan = context.reading_plan()
    destinations = () if options.source is None else (options.source,)
    trouble: list[KnownError] = []
    for copy in plan.copies_between((options.system,), destinations):
        try:
            folder = reach_copy(context.reach(), plan, copy.system, copy.destination).copy
            found = search_copy(folder, folder.states().states, options.text, context.cancelled)
        except KnownError as error:
            trouble.append(error)
            continue
        return _show(context, copy, found)
    raise trouble[0]


def _show(context: Context, copy: Copy, found: Found) -> Exit:
    out, texts = context.output, context.texts
    suspect = suspects(context, copy)
    for hit in found.hits:
        out.item(_fields(hit, suspect), _line(context, hit))
    out.record(
        "searched", destination=copy.destination, states=found.states, all=found.is_all,
        hits=len(found.hits),
    )  # fmt: skip
    if not found.hits:
        out.say("Nichts gefunden in {states}.",
                states=texts.n("einem Stand", "{n} Ständen", found.states))  # fmt: skip
    elif not found.is_all:
        out.say("Es gibt noch mehr. Suchen Sie genauer.")
    return Exit.OK if found.hits else Exit.NOTHING_DONE


def _fields(hit: Hit, suspect: frozenset[str]) -> dict[str, object]:
    return {
        "kind": "folder" if hit.is_folder else "file",
        "path": readable(hit.path),
        "raw": exact(hit.path),
        "gone": hit.is_gone,
        "versions": [
            {
                "run": one.run,
                "began": one.began,
                "first": one.first,
                "bytes": one.size,
                "mtime_ns": one.mtime_ns,
                "suspect": one.run in suspect,
            }
            for one in hit.versions
        ],
    }


def _line(context: Context, hit: Hit) -> str:
    texts = context.texts
    newest = hit.versions[0]
    shown = "" if hit.is_folder else size(newest.size, texts.lang)
    notes = [table_time(parse_stamp(newest.began), texts.lang)]
    if not hit.is_folder:
        notes.append(texts.n("eine Fassung", "{n} Fassungen", len(hit.versions)))
    if hit.is_gone:
        notes.append(texts.t("inzwischen gelöscht"))
    return f"{shown:>10}  {visible(readable(hit.path))}  ({', '.join(notes)})"
