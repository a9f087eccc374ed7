"""What this home remembers of the object locks of a copy (index, key `lock`). Only a cache: where
it is gone all locks are renewed once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

LOCK = "lock"
"""Meta key: the note as JSON; '' or missing where nothing is to be locked."""


class LockNote(msgspec.Struct, frozen=True):
    """until: the end that all locks of the copy have at least, None where that is not known.

    trouble: the code of what stood in the way at the newest run, '' when nothing did.
    """

    until: datetime | None = None
    trouble: str = ""


class HasMeta(Protocol):
    """An index, to be read."""

    def meta(self, key: str) -> str | None: ...


class TakesMeta(HasMeta, Protocol):
    """An index, to be written."""

    def set_meta(self, key: str, value: str) -> None: ...


def read_note(index: HasMeta) -> LockNote | None:
    """The note; None where nothing is to be locked, or nothing is known."""
    text = index.meta(LOCK)
    try:
        return msgspec.json.decode(text, type=LockNote) if text else None
    except msgspec.DecodeError:
        return None


def write_note(index: TakesMeta, note: LockNote | None) -> None:
    """Remember it; None: nothing is to be locked here any more."""
    text = msgspec.json.encode(note).decode() if note is not None else ""
    if text or index.meta(LOCK):
        index.set_meta(LOCK, text)
