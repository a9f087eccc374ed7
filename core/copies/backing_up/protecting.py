"""Before a record is written in a bucket with locks: all that the copy needs is locked long enough.

What cannot be locked is backed up all the same, and said: an unlocked copy is better than none.
"""

from __future__ import annotations

from datetime import datetime

from core.copies.memory.lock_note import LockNote, read_note, write_note
from core.destinations.locks import Locks
from core.store.index import CopyIndex


def protect(locks: Locks | None, index: CopyIndex, run: str) -> None:
    """Renew the locks of a copy where they would end before those of a state made now.

    run: the one that is about to commit; all it sent is locked already. The note goes into its
    transaction. KnownError when the storage cannot be asked.
    """
    if locks is None:
        write_note(index, None)
        return
    before = read_note(index)
    until = before.until if before else None
    if before is None and not any(index.states()) and index.data_folders() <= {run}:
        until = locks.sent_until  # nothing lies there but what this run sent
    if locks.trouble is None:
        # A run of many days may have sent its first objects with a lock that is too short by now.
        if locks.rule.is_due(until, locks.now()) or locks.rule.is_due(
            locks.sent_until, locks.now()
        ):
            until = locks.renew()
        until = _earlier(until, locks.sent_until)
    write_note(index, _note(locks, until))


def confirm(locks: Locks | None, index: CopyIndex, path: str) -> None:
    """Look whether the lock of what was just written is really on: a storage may say yes to a lock
    and forget it. path: the record of the run.
    """
    if locks is None or locks.trouble is not None:
        return
    locks.confirm(path)
    if locks.trouble is not None:
        write_note(index, _note(locks, None))


def expect_unlocked(locks: Locks | None, index: CopyIndex) -> None:
    """Before anything is sent: what is sent without a lock must not pass for locked later on, even
    when this run never comes to its end.
    """
    if locks is not None and locks.trouble is not None:
        write_note(index, _note(locks, None))


def _note(locks: Locks, until: datetime | None) -> LockNote:
    """What was sent without a lock is unlocked until a round has locked everything."""
    if locks.trouble is not None:
        return LockNote(None, locks.trouble.code)
    return LockNote(until)


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
