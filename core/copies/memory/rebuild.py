"""Making the index of a copy from the copy itself: our own state is a cache (promise 3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from core.copies.events import Listener
from core.copies.format import documents, percent
from core.copies.format.contents import StoredObject
from core.copies.format.copy_folder import (
    DAMAGE,
    DATA,
    CopyFolder,
    State,
    contents_path,
    list_path,
    lists_of,
)
from core.copies.format.cutting import PARTS_FROM, average_near
from core.copies.format.documents import ContentsRef
from core.copies.format.names import OWN_FOLDER
from core.copies.format.rows import (
    FileRow,
    FolderRow,
    Header,
    LinkRow,
    PartRow,
    Row,
    SkippedRow,
    mode_bits,
)
from core.copies.memory.remembered import Extra, Kept, pack_entries, pack_kept
from core.errors import Code, KnownError
from core.sources.folders import SKIP_NUMBER, Entry
from core.store.index import ContentsFile, CopyIndex

_DIRECTORY, _REGULAR, _LINK = 0o040000, 0o100000, 0o120000
_AT_ONCE = 2000


def book_objects(index: CopyIndex, objects: Sequence[StoredObject], run: int) -> int:
    """Put objects and the contents in them into the index; how many objects were new."""
    new = index.add_objects([(o.sha256, run, o.size, o.path) for o in objects])
    parts = [
        (p.sha256, run, p.size, o.path, p.offset, p.stored, p.packing, p.member)
        for o in objects
        for p in o.parts
    ]
    if parts:
        index.add_parts(parts)
    return new


def rebuild(
    copy: CopyFolder, index: CopyIndex, listener: Listener, *, unfinished: Collection[str] = ()
) -> None:
    """Fill `index` from records, contents files and the newest list of the copy.

    Change times and file ids are not in lists, so the next run reads every file once (and stores
    nothing that is there). What cannot be read is noted and left out: it is then stored anew.
    An `inhalt` that no valid record names is taken over, and the next record names it; but not
    those of `unfinished` runs, whose journals know better what is sound.
    """
    found = copy.states()
    data = copy.data_names()
    index.begin()
    try:
        index.clear()
        for run in found.broken:
            listener.note("record_broken", run=run)
            index.note_broken_record(run)
        for name in data:
            index.add_data_folder(name)
        for state in found.states:
            line = documents.seal(state.record)[0].split(b"\n")[0]
            index.put_state(state.run, state.digest, line, pending=False)
        refs = _all_contents(copy, index, found.states)
        sound = {ref.run for ref in refs if _take_contents(copy, index, ref, data)}
        for run in sorted({ref.run for ref in refs} - sound):
            listener.note("contents_damaged" if run in data else "data_missing", run=run)
            index.set_suspects({*index.suspects(), contents_path(run)})
        # What a clean-up was about to remove when it was cut short is not taken over again.
        cleared = {run for one in copy.clean_ups().records for run in one.folders}
        for run in sorted(data - sound - set(unfinished) - cleared):
            _take_unnamed(copy, index, run, listener)
        _drop_missing(copy, index, listener)
        index.drop_contents(index.lost())
        complete = [state for state in found.states if state.record.complete]
        for state in reversed(complete or found.states):
            if _take_list(copy, index, state, listener):
                break
    except BaseException:
        index.rollback()
        raise
    index.commit()


def _all_contents(copy: CopyFolder, index: CopyIndex, states: list[State]) -> list[ContentsRef]:
    """Every `inhalt` that a valid record names; the clean-up records themselves are noted."""
    cleaned = copy.clean_ups()
    lines = {one.run: documents.seal(one)[0].split(b"\n")[0].decode() for one in cleaned.records}
    index.set_clean_ups(lines | dict.fromkeys(cleaned.broken, ""))
    refs = {(ref.run, ref.sha256): ref for state in states for ref in state.record.contents}
    refs |= {(ref.run, ref.sha256): ref for ref in cleaned.contents}
    return list(refs.values())


def _take_contents(copy: CopyFolder, index: CopyIndex, ref: ContentsRef, data: set[str]) -> bool:
    """Book what an `inhalt` holds; whether it is what the record says.

    One that was mended is named by two records, and only the later one is right.
    """
    file = ContentsFile(ref.run, ref.size, ref.sha256, ref.lines)
    if not index.is_named(ref.run):
        index.put_contents_file(file, named=True)
    if ref.run not in data:
        return False
    number = index.run_id(ref.run)
    objects: list[StoredObject] = []
    try:
        for stored in copy.contents(ref):
            objects.append(stored)
            if len(objects) >= _AT_ONCE:
                book_objects(index, objects, number)
                objects.clear()
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        return False
    book_objects(index, objects, number)
    index.put_contents_file(file, named=True)
    return True


def _take_unnamed(copy: CopyFolder, index: CopyIndex, run: str, listener: Listener) -> None:
    """Book a whole `inhalt` whose record is rotten or gone, and have the next record name it.

    Only objects that are there in their size: nobody vouches for what an interrupted run left.
    """
    path = contents_path(run)
    before = copy.digest_of(path)
    if before is None:
        return
    lines = 1
    objects: list[StoredObject] = []
    try:
        for stored in copy.contents_as_is(run):
            lines += 1 + len(stored.parts)
            if copy.folder.size(f"{DATA}/{run}/{stored.path}") == stored.size:
                objects.append(stored)
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        return  # torn: it never was one
    if copy.digest_of(path) != before:
        return  # somebody is writing it right now
    book_objects(index, objects, index.run_id(run))
    index.put_contents_file(ContentsFile(run, *before, lines), named=False)
    listener.note("contents_taken_over", run=run, objects=len(objects))


def _drop_missing(copy: CopyFolder, index: CopyIndex, listener: Listener) -> None:
    """Forget contents whose object is gone: they are stored anew from the source."""
    runs = index.run_names()
    sizes: dict[str, int | None] = {}
    gone = []
    for sha, place in index.all_contents():
        path = f"{DATA}/{runs[place.run]}/{place.path}"
        if path not in sizes:
            if len(sizes) > 1000:
                sizes.clear()
            sizes[path] = copy.folder.size(path)
        size = sizes[path]
        if size is None or size < place.offset + place.stored:
            gone.append(sha)
    if gone:
        listener.note("contents_missing", count=len(gone))
        index.drop_contents(gone)


def _take_list(copy: CopyFolder, index: CopyIndex, state: State, listener: Listener) -> bool:
    taker = _ListTaker(index)
    try:
        for row in copy.rows(state.record):
            taker.take(row)
        taker.end()
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        listener.note("list_damaged", run=state.run)
        doubtful = {list_path(ref.name) for ref, _ in lists_of(state.record)}
        index.set_suspects(index.suspects() | doubtful)
        index.drop_folders(list(index.folder_paths()))
        return False
    index.set_meta("list_of", state.run)
    return True


class _ListTaker:
    """Turns list rows back into folder rows."""

    def __init__(self, index: CopyIndex) -> None:
        self._index = index
        self._folder = b""
        self._entries: list[tuple[Entry, Kept]] = []
        self._runs: dict[str, int] = {}

    def _run(self, name: str) -> int:
        if name not in self._runs:
            self._runs[name] = self._index.run_id(name)
        return self._runs[name]

    def take(self, row: Row) -> None:
        if isinstance(row, Header):
            self._index.set_meta("owner", row.owner)
            self._index.set_meta("group", row.group)
            return
        if isinstance(row, PartRow):
            kept = self._entries[-1][1]
            parts = kept.parts or []
            parts.append((bytes.fromhex(row.sha256), row.size, self._run(row.run)))
            kept.parts = parts
            return
        if isinstance(row, SkippedRow) and row.reason == "unlesbarer_ordner":
            self._index.put_folder(
                percent.decode(row.path),
                pack_entries([]),
                pack_kept([Kept(extra=Extra(reason=row.reason))]),
                liars=False,
                read_at=0,
                size=0,
            )
            return
        folder, _, name = percent.decode(row.path).rpartition(b"/")
        if folder != self._folder:
            self.end()
            self._folder = folder
        if folder == b"" and name == OWN_FOLDER and isinstance(row, FolderRow):
            return  # not part of the source: made anew by every list
        self._entries.append((_entry(name, row), self._kept(row)))

    def _kept(self, row: FolderRow | FileRow | LinkRow | SkippedRow) -> Kept:
        if isinstance(row, SkippedRow):
            return Kept(extra=Extra(reason=row.reason))
        if isinstance(row, LinkRow):
            target = percent.decode(row.target)
            return Kept(extra=Extra(target=target, owner=row.owner, group=row.group))
        extra = Extra(
            owner=row.owner, group=row.group, xattrs=row.xattrs, dos=row.dos, born_ns=row.born_ns
        )
        if isinstance(row, FolderRow):
            return Kept(extra=None if extra == Extra() else extra)
        extra.hard_link = row.hard_link is not None
        extra.link_id = row.hard_link
        extra.sparse, extra.changing = row.sparse, row.changing
        return Kept(
            bytes.fromhex(row.sha256),
            self._run(row.run),
            None,
            None if extra == Extra() else extra,
        )

    def end(self) -> None:
        """Write the folder gathered so far."""
        if not self._entries:
            return
        if self._index.folder_stat(self._folder) is not None:
            what = "rows of one folder in two places"
            raise KnownError(Code.COPY_HOSTILE, path=str(self._index.path), what=what)
        for entry, kept in self._entries:
            if kept.sha and entry[2] >= PARTS_FROM:
                self._remember_cutting(kept, entry[2])
        self._put(self._entries)
        for entry, kept in self._entries:
            if kept.parts:
                packed = msgspec.msgpack.encode([(sha, size) for sha, size, _ in kept.parts])
                self._index.add_composite(kept.sha, entry[2], packed)
        self._entries = []

    def _remember_cutting(self, kept: Kept, size: int) -> None:
        """How a large file was cut, and since when it lies there whole (format §8)."""
        extra = kept.extra or Extra()
        count = len(kept.parts or ())
        place = self._index.content(kept.sha)
        if kept.parts is None and place is not None:
            count = self._index.parts_in(place) - 1
            extra.whole_at = _seconds(self._index.run_names()[place.run])
        if count > 0:
            extra.average = average_near(size // count)
        kept.extra = extra

    def _put(self, rows: list[tuple[Entry, Kept]]) -> None:
        rows.sort(key=lambda pair: pair[0][0])
        entries = [entry for entry, _ in rows]
        kept = [row for _, row in rows]
        size = sum(entry[2] for entry in entries if entry[2] > 0)
        self._index.put_folder(
            self._folder,
            pack_entries(entries),
            pack_kept(kept),
            liars=False,
            read_at=0,
            size=size,
        )


def _seconds(run: str) -> int:
    """When a run began, in seconds since 1970; 0 when its name holds no moment."""
    try:
        return max(0, int(documents.began_at(run).timestamp()))
    except (ValueError, OverflowError):
        return 0  # a name that somebody made up


def _entry(name: bytes, row: FolderRow | FileRow | LinkRow | SkippedRow) -> Entry:
    if isinstance(row, SkippedRow):
        return (name, _REGULAR, -SKIP_NUMBER.get(row.reason, 0), 0, 0, 0)
    kind = {FolderRow: _DIRECTORY, FileRow: _REGULAR, LinkRow: _LINK}[type(row)]
    size = row.size if isinstance(row, FileRow) else 0
    return (name, kind | mode_bits(row.mode), size, row.mtime_ns, 0, 0)
