"""Verifications as jobs: what is looked at, remembered as read back, and noted as proof."""

from __future__ import annotations

import secrets

from core.clock import stamp
from core.copies import jobs
from core.copies.desk import Desk
from core.copies.looking_after import rotation
from core.copies.looking_after.suspects import forget_damaged, note_all_lost
from core.copies.looking_after.verify import (
    Damage,
    Depth,
    Reading,
    Verdict,
    read_objects,
    verify,
)
from core.copies.opening.finding import reach_copy
from core.copies.opening.reach import Reached
from core.plan.model import Copy, Plan
from core.store.database import is_broken
from core.store.home import Proof
from core.store.index import CLEAN_UP_PENDING, CopyIndex


def verify_copy(
    desk: Desk, plan: Plan, copy: Copy, depth: Depth, share: float | None = None
) -> Verdict:
    """Look at a copy; what is damaged is mended by the next run, what was read is remembered.

    share: percent of the objects a `sample` reads. KnownError when the copy cannot be looked at.
    A verdict without a state proves nothing and leaves no trace.
    """
    try:
        return _reach_and_verify(desk, plan, copy, depth, share)
    except Exception as error:
        if not _sets_aside(desk, copy, error):
            raise
    return _reach_and_verify(desk, plan, copy, depth, share)


def _reach_and_verify(
    desk: Desk, plan: Plan, copy: Copy, depth: Depth, share: float | None
) -> Verdict:
    reached = reach_copy(desk.reach, plan, copy.system, copy.destination)
    index: CopyIndex | None = None
    try:
        if desk.index_path(copy.system, copy.destination).exists():
            index = desk.open_index(copy.system, copy.destination)
        return _verify(desk, copy, reached, index, depth, share)
    finally:
        if index is not None:
            index.close()
        reached.close()


def _verify(
    desk: Desk,
    copy: Copy,
    reached: Reached,
    index: CopyIndex | None,
    depth: Depth,
    share: float | None,
) -> Verdict:
    known = [record.run for record in jobs.known_states(desk, copy.system, copy.destination)]
    from_medium = depth != "stat" and reached.copy.folder.read_past_memory()
    reading = Reading()
    if depth == "due" and index is not None:
        reading = rotation.due_for_reading(index, copy.reread, desk.clock.now())
    # A home that does not know the copy cannot know what is due: everything.
    reads_all = depth == "full" or (depth == "due" and index is None)
    notes = rotation.ReadBackNotes(index, desk.clock) if index and from_medium else None
    try:
        verdict = verify(
            reached.copy,
            desk.listener,
            desk.cancelled,
            depth="full" if reads_all else depth,
            percent=share or 100.0,
            expected_states=known,
            unfinished=_unfinished(index),
            reading=reading,
            on_read=notes.add if notes else None,
        )
    finally:
        if notes is not None:
            notes.write()
    if reached.outside is not None:
        outside = [Damage("handbook", name) for name in reached.outside.damaged()]
        verdict.damage += [one for one in outside if one not in verdict.damage]
    if verdict.is_sound and not verdict.states:
        return verdict
    if verdict.damage:
        forget_damaged(desk, copy.system, copy.destination, verdict)
    if verdict.depth == "full" and index is not None:
        note_all_lost(index, verdict)
    if verdict.depth == "due" and verdict.is_sound and not verdict.read_bytes:
        return verdict  # nothing was due: no proof, and no new list to carry it
    detail = verdict.depth
    # Bytes that may have come from memory prove the memory, not the disk (REVIEW A2).
    _add_proof(
        desk, copy, verdict, detail if depth == "stat" or from_medium else f"{detail}-memory"
    )
    return verdict


def _unfinished(index: CopyIndex | None) -> set[str]:
    """Runs of ours that were cut off while they wrote their record."""
    if index is None:
        return set()
    pending = {run for run, _, _, pending in index.states() if pending}
    return pending | {index.meta(CLEAN_UP_PENDING) or ""}


def _sets_aside(desk: Desk, copy: Copy, error: Exception) -> bool:
    """Move the index aside when it is what failed; the next run makes it anew from the copy."""
    return is_broken(error) and desk.set_broken_aside(copy.system, [copy.destination], sure=True)


def read_sample(desk: Desk, plan: Plan, copy: Copy) -> Verdict | None:
    """Read back the longest unread of a copy, a bounded little (`rotation.sample_budget`).

    None when it is no time for it, or when nothing that is read here would come from the medium. A
    sound sample leaves no proof: there would be one a night.
    """
    try:
        return _read_sample(desk, plan, copy)
    except Exception as error:
        if not _sets_aside(desk, copy, error):
            raise
        return None


def _read_sample(desk: Desk, plan: Plan, copy: Copy) -> Verdict | None:
    index = desk.open_index(copy.system, copy.destination)
    try:
        reading = rotation.sample_for_reading(index, copy.reread, desk.clock.now())
        if reading is None:
            return None
        reached = reach_copy(desk.reach, plan, copy.system, copy.destination)
        try:
            verdict = _read(desk, reached, index, reading)
        finally:
            reached.close()
        rotation.note_sampled(index, desk.clock.now())
    finally:
        index.close()
    if verdict is not None and verdict.damage:
        forget_damaged(desk, copy.system, copy.destination, verdict)
        _add_proof(desk, copy, verdict, "sample")
    return verdict


def _read(desk: Desk, reached: Reached, index: CopyIndex, reading: Reading) -> Verdict | None:
    if not reached.copy.folder.read_past_memory():
        return None
    notes = rotation.ReadBackNotes(index, desk.clock)
    try:
        return read_objects(reached.copy, desk.listener, desk.cancelled, reading, notes.add)
    finally:
        notes.write()


def _add_proof(desk: Desk, copy: Copy, verdict: Verdict, detail: str) -> None:
    now = stamp(desk.clock.now())
    result = "sound" if verdict.is_sound else "damaged"
    id = secrets.token_hex(8)
    desk.store.add_proof(
        Proof(id, now, copy.system, copy.destination, "verified", result, "", detail)
    )
