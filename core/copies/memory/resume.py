"""After an interrupted run: what it had stored is taken over, what it had read is not read again.

Taken over is what the journal acknowledges and whose size agrees; objects acknowledged after the
last barrier are read again, because a pulled plug may have emptied them (DESIGN §5, "Resuming").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.copies.events import Listener
from core.copies.format.contents import StoredObject, head, lines_of
from core.copies.format.copy_folder import (
    DATA,
    CopyFolder,
    clean_up_path,
    contents_path,
    record_path,
)
from core.copies.format.documents import Broken
from core.copies.format.names import OWN_FOLDER
from core.copies.format.packed import PackedWriter
from core.copies.memory.changed_rows import base_name
from core.copies.memory.journal import Begin, Durable, Finished, Frame, Stored, read_journal
from core.copies.memory.rebuild import book_objects
from core.copies.memory.remembered import Kept, pack_kept, pack_one
from core.errors import KnownError
from core.store.index import CLEAN_UP_PENDING, ContentsFile, CopyIndex

_SAVED = tuple[bytes, bytes, bytes]


def take_over(
    copy: CopyFolder, index: CopyIndex, journals: Path, vault: str, listener: Listener
) -> None:
    """Deal with every journal that an interrupted run left for this copy."""
    for path in sorted(journals.glob("*.journal")):
        _take_over_one(copy, index, path, vault, listener)
        path.unlink(missing_ok=True)


def take_back(copy: CopyFolder, run: str, journal: Path) -> None:
    """Remove what a run of ours stored and did not acknowledge, when nobody writes any more.

    On a full disk it is only in the way: the next run could not use it, and its room is the room
    that the next run needs. Everywhere else it waits for retention.
    """
    if not journal.exists():
        return
    known = {stored.path for frame in read_journal(journal) for stored in _objects_of(frame)}
    for path, _ in list(copy.folder.files(f"{DATA}/{run}")):
        if path not in known:
            copy.folder.remove(f"{DATA}/{run}/{path}")
    copy.folder.remove_empty(f"{DATA}/{run}", below=True)


def _objects_of(frame: Frame) -> Iterator[StoredObject]:
    if isinstance(frame, Stored):
        yield from frame.objects
    elif isinstance(frame, Finished):
        for _, _, objects in frame.files:
            yield from objects


def settle_pending(copy: CopyFolder, index: CopyIndex, listener: Listener) -> None:
    """A state whose record we were about to write: is it there, or not?

    There and right: it is a state. Torn or missing: it never became one; its torn file is ours and
    is removed, and the next run writes a new list (its contents are kept and named then).
    """
    for run, digest, line, pending in index.states():
        if not pending:
            continue
        torn = False
        try:
            committed = copy.state(run).digest == digest
        except Broken:
            committed, torn = False, True
        index.begin()
        if committed:
            index.put_state(run, digest, line, pending=False)
            index.name_contents_files()
            index.clear_finished()
        else:
            listener.note("record_never_written", run=run)
            if torn:
                copy.folder.remove(record_path(run))
            index.drop_state(run)
            index.set_meta("list_of", "")
            if base_name(index) == f"{run}.liste.gz":
                index.set_base("", anew=True)
        index.commit()


def settle_clean_up(copy: CopyFolder, index: CopyIndex, listener: Listener) -> None:
    """A clean-up whose record we were about to write: torn, it never began, and is removed.

    Otherwise it would stop every later clean-up as one that nobody can read.
    """
    run = index.meta(CLEAN_UP_PENDING)
    if not run:
        return
    try:
        copy.clean_up(run)
    except Broken:
        if copy.folder.size(clean_up_path(run)) is not None:
            listener.note("record_never_written", run=run)
            copy.folder.remove(clean_up_path(run))
    index.set_meta(CLEAN_UP_PENDING, "")


def _take_over_one(
    copy: CopyFolder, index: CopyIndex, path: Path, vault: str, listener: Listener
) -> None:
    frames = read_journal(path)
    begin = next(frames, None)
    if not isinstance(begin, Begin) or begin.vault != vault:
        return
    if index.is_named(begin.run):
        return  # a record names what it stored; only the journal was left
    if begin.run not in copy.data_names():
        return  # nothing was written yet
    index.begin()
    try:
        _seal(copy, index, begin.run, list(_trusted(copy, begin.run, path)), listener)
    except BaseException:
        index.rollback()
        raise
    index.commit()


def _trusted(
    copy: CopyFolder, run: str, path: Path
) -> Iterator[tuple[Finished, list[tuple[StoredObject, ...]]]]:
    """The journal's frames with those objects that are really there."""
    last_barrier = sum(1 for _ in _up_to_last_durable(path))
    for number, frame in enumerate(read_journal(path)):
        read = number >= last_barrier
        if isinstance(frame, Stored):
            sound = [o for o in frame.objects if _is_there(copy, run, o, read=read)]
            yield Finished(b"", []), [(stored,) for stored in sound]
        if not isinstance(frame, Finished):
            continue
        there: list[tuple[StoredObject, ...]] = []
        kept = []
        for entry, row, objects in frame.files:
            if all(_is_there(copy, run, o, read=read) for o in objects):
                there.append(objects)
                kept.append((entry, row, objects))
        yield Finished(frame.folder, kept), there


def _up_to_last_durable(path: Path) -> Iterator[object]:
    waiting: list[object] = []
    for frame in read_journal(path):
        waiting.append(None)
        if isinstance(frame, Durable):
            yield from waiting
            waiting.clear()


def _is_there(copy: CopyFolder, run: str, stored: StoredObject, *, read: bool) -> bool:
    place = f"{DATA}/{run}/{stored.path}"
    if copy.folder.size(place) != stored.size:
        return False
    if not read:
        return True
    try:
        return copy.reads_back(place, stored.size, stored.sha256.hex())
    except KnownError:
        return False


def _seal(
    copy: CopyFolder,
    index: CopyIndex,
    run: str,
    frames: list[tuple[Finished, list[tuple[StoredObject, ...]]]],
    listener: Listener,
) -> None:
    """Give the interrupted run its `inhalt`, so that a later record can name it."""
    number = index.run_id(run)
    index.add_data_folder(run)
    objects = [stored for _, groups in frames for group in groups for stored in group]
    if objects:
        write_contents(copy, index, run, objects)
        book_objects(index, objects, number)
    saved: list[_SAVED] = []
    for frame, _ in frames:
        if frame.folder == OWN_FOLDER:
            continue
        for entry, kept, _ in frame.files:
            place = index.content(kept.sha) if kept.parts is None else None
            if kept.parts is not None and not _has_all(index, kept):
                continue
            if kept.parts is None and place is None:
                continue
            sound = Kept(kept.sha, place.run if place else number, _parts(index, kept), kept.extra)
            path = frame.folder + b"/" + entry[0]
            saved.append((path, pack_one(entry), pack_kept(sound)))
    index.add_finished(saved)
    listener.note("resumed", run=run, objects=len(objects), files=len(saved))


def _has_all(index: CopyIndex, kept: Kept) -> bool:
    return all(index.content(sha) is not None for sha, _, _ in kept.parts or ())


def _parts(index: CopyIndex, kept: Kept) -> list[tuple[bytes, int, int]] | None:
    if kept.parts is None:
        return None
    rows = []
    for sha, size, run in kept.parts:
        place = index.content(sha)
        rows.append((sha, size, place.run if place else run))
    return rows


def write_contents(
    copy: CopyFolder, index: CopyIndex, run: str, objects: Iterable[StoredObject]
) -> None:
    """Write the `inhalt` of a run, to be named by the next record; a torn one makes room."""
    path = contents_path(run)
    copy.folder.remove(path)
    with copy.folder.writer(path) as out:
        packed = PackedWriter(out.write)
        packed.write(head(run), 1)
        for stored in objects:
            rows = lines_of(stored)
            packed.write(("\n".join(rows) + "\n").encode(), len(rows))
        packed.close()
    copy.folder.note_written([copy.folder.place(f"{DATA}/{run}")])
    copy.folder.barrier()
    if not copy.reads_back(path, packed.size, packed.digest):
        raise copy.folder.reads_back_differently(path)
    file = ContentsFile(run, packed.size, packed.digest, packed.lines)
    index.put_contents_file(file, named=False)
