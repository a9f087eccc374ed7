"""Until when a copy in a bucket is really locked, in words: for `doctor` and `verify`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.cli.context import Context
from core.copies.looking_after.locked import look_at_locks
from core.errors import Code, KnownError
from core.plan.locations import S3Location
from core.plan.model import Copy, Plan
from core.texts.errors import describe
from core.texts.formats import date


class Found(NamedTuple):
    """good: everything that was asked is locked now. until: the earliest end, None where it is not
    known. code: of what stands in the way, '' when nothing does.
    """

    good: bool
    text: str
    until: datetime | None = None
    code: str = ""


def look_at(context: Context, plan: Plan, copy: Copy) -> Found | None:
    """Ask the bucket now; None where the plan wants no lock."""
    where = plan.destination(copy.destination)
    location = where.location
    if not isinstance(location, S3Location) or location.lock is None:
        return None
    texts, t = context.texts, context.texts.t
    try:
        looked = look_at_locks(context.reach(), plan, copy.system, copy.destination)
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        said = describe(texts, error, context.output.names)
        return Found(False, f"{said.sentence} → {said.next_step}", code=str(error.code))
    words = {"name": where.name, "system": copy.system}
    if looked.until is None:
        return Found(True, t("{name}: {system} wird ab dem ersten Lauf gesperrt", **words))
    if looked.until <= context.clock.now():
        text = t(
            "{name}: die Sperre von {system} ist abgelaufen; der nächste Lauf sperrt neu", **words
        )
        return Found(False, text, looked.until, Code.LOCK_NOT_KEPT)
    end = date(looked.until, texts.lang)
    text = t("{name}: {system} ist gesperrt bis {date}", date=end, **words)
    if location.lock_mode == "governance":
        text += t(" (governance: wer beim Anbieter das Recht dazu hat, kann sie aufheben)")
    return Found(True, text, looked.until)
