"""`rewind`: make a bucket again what it was before somebody deleted in it or wrote over it."""

from __future__ import annotations

import argparse
import contextlib

from core.cli.context import Context
from core.copies.opening.reach import where_of
from core.destinations import rewinding
from core.destinations.bucket_locks import open_bucket
from core.destinations.locks import rule_of
from core.destinations.rewinding import Rewound
from core.errors import Exit
from core.plan.locations import S3Location
from core.texts.formats import count


def rewind(context: Context, options: argparse.Namespace) -> Exit:
    """For all copies at a destination; `--dry-run` only counts."""
    out, plan = context.output, context.plan()
    where = plan.destination(options.destination)
    location = where_of(where).as_of(options.as_of).location
    if not isinstance(location, S3Location):
        raise ValueError("only a bucket can be read as it was")
    total = Rewound()
    with context.desk() as desk:
        password = context.secrets().get(f"{where.id}.password") or ""
        bucket = open_bucket(location, password, desk.clock, destination=where.id)
        with contextlib.closing(bucket):
            for copy in plan.copies_between((), (where.id,)):
                top = location.path.strip("/")
                lock = None
                if location.lock is not None and bucket.lock_settings().enabled:
                    until = rule_of(location.lock).object_until(desk.clock.now() + bucket.ahead)
                    lock = (location.lock_mode.upper(), until)
                found = rewinding.rewind(
                    bucket,
                    f"{top}/{copy.system}/" if top else f"{copy.system}/",
                    options.as_of,
                    lock=lock,
                    dry=options.dry_run,
                    cancelled=context.cancelled,
                )
                total = Rewound(*(a + b for a, b in zip(total, found, strict=True)))
    out.record(
        "rewound",
        destination=where.id,
        dry_run=options.dry_run,
        shown=total.shown,
        copied=total.copied,
        lost=total.lost,
    )
    return _say(context, total, dry=options.dry_run)


def _say(context: Context, total: Rewound, *, dry: bool) -> Exit:
    out, lang = context.output, context.texts.lang
    words = {
        "shown": count(total.shown, lang),
        "copied": count(total.copied, lang),
        "lost": count(total.lost, lang),
    }
    if not any(total):
        out.say("Dort ist alles noch so wie damals.")
        return Exit.NOTHING_DONE
    if dry:
        out.say("Gelöscht, aber noch da: {shown}. Überschrieben: {copied}.", **words)
        return Exit.OK
    out.say("Wieder da: {shown}. Überschrieben gewesen und wieder vorn: {copied}.", **words)
    if total.lost:
        out.say("Nicht mehr zu retten: {lost}", **words)
    out.say("  → Ändern Sie den Zugang beim Anbieter, und prüfen Sie: {program} verify --full")
    return Exit.PARTLY if total.lost else Exit.OK
