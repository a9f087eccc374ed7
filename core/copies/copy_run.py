"""One run at one copy: what is new there, what was stored, and the commit (DESIGN §5)."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock
from core.copies import documents
from core.copies.batches import Facts, Taken, Target
from core.copies.commit import Commit, Written
from core.copies.contents import StoredObject, head, lines_of
from core.copies.copy_folder import DATA, CopyFolder
from core.copies.cutting import MIB, PARTS_FROM, average_for
from core.copies.events import Listener
from core.copies.guards import CopyName
from core.copies.journal import SYNC_SECONDS, Durable, Finished, Journal
from core.copies.owners import group_name, user_name
from core.copies.packed import PackedWriter
from core.copies.reading import read_xattrs
from core.copies.rebuild import OWN_FOLDER, book_objects
from core.copies.remembered import (
    Extra,
    Kept,
    has_liars,
    is_liar,
    pack_entries,
    pack_kept,
    same_in_list,
    unpack_entries,
    unpack_kept,
    unpack_one,
)
from core.errors import KnownError
from core.sources.folders import SKIPS, Entry, ScannedFolder
from core.store.index import CopyIndex

REREAD_DAYS = 30
_DAY = 86_400
_WHOLE_AGAIN = 7 * _DAY
_FAT_WHOLE_BELOW = 1024 * MIB
_NEVER_PARTS = 1 << 62
_BARRIER_SECONDS = 20.0


@dataclass(slots=True)
class FolderWork:
    """A source folder of which this copy needs something; `kept` has None where a file is due."""

    scanned: ScannedFolder
    entries: list[Entry]
    kept: list[Kept | None]
    old: tuple[list[Entry], list[Kept]] | None
    read_at: int
    pending: int = 0


@dataclass(slots=True)
class Totals:
    """What this run did at this copy so far."""

    new_objects: int = 0
    new_bytes: int = 0
    read_files: int = 0
    read_bytes: int = 0


@dataclass(slots=True)
class _Due:
    """Which folders are read anew in this run, and the moment of the run in seconds."""

    folders: frozenset[bytes]
    now: int


@dataclass(slots=True)
class CopyRun:
    """State of one run at one copy. Made by `core.copies.backup`, which hands it what was read."""

    name: CopyName
    copy: CopyFolder
    index: CopyIndex
    writer_id: str
    vault: str
    clock: Clock
    listener: Listener
    journals: Path
    cache: Path
    run: str = ""
    run_id: int = 0
    list_changed: bool = False
    totals: Totals = field(default_factory=Totals)
    seen: set[bytes] = field(default_factory=set)
    _due: _Due = field(default_factory=lambda: _Due(frozenset(), 0))
    _journal: Journal | None = None
    _synced: float = 0.0
    _flushed: float = 0.0
    _spool: PackedWriter | None = None
    _spool_file: tempfile.SpooledTemporaryFile[bytes] | None = None
    _owner: str = ""
    _group: str = ""
    _usual_owner: tuple[int, int] | None = None
    _resumes: bool = False

    # -- beginning --------------------------------------------------------------------------------

    def begin(self, number: int, owner: tuple[int, int]) -> None:
        """Start the run with this number; `owner` (uid, gid) is the default in a first list."""
        now = self.clock.now()
        self.run = documents.new_run_name(number, now)
        self.index.begin()
        self.run_id = self.index.run_id(self.run)
        if self.index.meta("owner") is None:
            self.index.set_meta("owner", user_name(owner[0]))
            self.index.set_meta("group", group_name(owner[1]))
        self._owner = self.index.meta("owner") or ""
        self._group = self.index.meta("group") or ""
        usual = (user_name(owner[0]), group_name(owner[1])) == (self._owner, self._group)
        self._usual_owner = owner if usual else None
        self._resumes = self.index.has_finished()
        self._due = _Due(self._longest_unread(int(now.timestamp())), int(now.timestamp()))
        self.seen = set()
        self.totals = Totals()
        # After an interrupted run the index may be ahead of the last list, or there is none yet.
        self.list_changed = not self.index.meta("list_of")

    def _longest_unread(self, now: int) -> frozenset[bytes]:
        """Folders to read anew: everything once in thirty days, a fair share in each run."""
        last = int(self.index.meta("rotated_at") or now)
        share = min(1.0, max(0, now - last) / (REREAD_DAYS * _DAY))
        budget = int(self.index.total_bytes() * share) if share else 0
        chosen = []
        for path, read_at, size in self.index.longest_unread(now - _DAY):
            if budget <= 0 and read_at > now - REREAD_DAYS * _DAY:
                break
            chosen.append(path)
            budget -= size
        self.index.set_meta("rotated_at", str(now))
        return frozenset(chosen)

    def target(self) -> Target:
        """What the readers need to know of this copy and run."""
        folder = self.copy.folder
        return Target(
            destination=self.name.destination,
            location=str(folder.location),
            system=self.name.system,
            run_folder=folder.place(f"{DATA}/{self.run}"),
            index_path=str(self.index.path) if self.index.has_contents() else None,
            flush_each=folder.flush_each,
            whole_below=_FAT_WHOLE_BELOW if folder.is_fat else _NEVER_PARTS,
        )

    # -- comparing --------------------------------------------------------------------------------

    def compare(self, scanned: ScannedFolder, blob: bytes) -> FolderWork | None:
        """What of this folder has to be read for this copy; None when nothing changed."""
        path = scanned.path
        self.seen.add(path)
        known = self.index.folder_stat(path)
        all_again = path in self._due.folders or (known is not None and known.liars == 2)
        again = all_again or (known is not None and known.liars)
        if known is not None and known.stat == blob and not again and not scanned.problem:
            return None
        old = None
        if known is not None and known.stat:
            rows = self.index.folder_rows(path) or b""
            old = (unpack_entries(known.stat), unpack_kept(rows))
        if scanned.problem:
            return self._unreadable(scanned, old)
        read_at = self._due.now if all_again or known is None else known.read_at
        work = FolderWork(scanned, list(scanned.entries), [], old, read_at)
        before = {}
        if old is not None:
            before = {e[0]: (e, kept) for e, kept in zip(old[0], old[1], strict=False)}
        for entry in scanned.entries:
            kept = self._kept_already(scanned, entry, before.get(entry[0]), all_again=all_again)
            work.kept.append(kept)
            if kept is None:
                work.pending += 1
        return work

    def _unreadable(
        self, scanned: ScannedFolder, old: tuple[list[Entry], list[Kept]] | None
    ) -> FolderWork:
        problem = Kept(extra=Extra(reason=scanned.problem))
        return FolderWork(scanned, [], [problem], old, self._due.now)

    def _kept_already(
        self,
        scanned: ScannedFolder,
        entry: Entry,
        before: tuple[Entry, Kept] | None,
        *,
        all_again: bool,
    ) -> Kept | None:
        name, mode, size = entry[:3]
        same = before is not None and before[0] == entry
        if not stat.S_ISREG(mode) or size < 0:
            if same and before is not None:
                return before[1]
            return self._not_a_file(scanned, entry)
        if same and before is not None and not (all_again or is_liar(name)):
            return before[1]
        if self._resumes and not same:
            found = self.index.finished(scanned.path + b"/" + name)
            if found is not None:
                finished, kept = unpack_one(*found)
                if finished == entry:
                    return kept
        return None

    def _not_a_file(self, scanned: ScannedFolder, entry: Entry) -> Kept:
        name, mode, size = entry[:3]
        if size < 0:
            return Kept(extra=Extra(reason=SKIPS[-size]))
        place = os.path.join(scanned.place, name) if scanned.path else b""
        extra = Extra()
        try:
            if stat.S_ISLNK(mode):
                extra.target = os.readlink(place)
            info = os.lstat(place) if place else None
            if stat.S_ISDIR(mode) and place:
                extra.xattrs = read_xattrs(place)
        except FileNotFoundError:
            return Kept(extra=Extra(reason="verschwunden"))
        except OSError:
            info = None
        if info is not None:
            self._set_owner(extra, info.st_uid, info.st_gid)
        return Kept(extra=None if extra == Extra() else extra)

    def _set_owner(self, extra: Extra, uid: int, gid: int) -> None:
        user, group = user_name(uid), group_name(gid)
        extra.owner = user if user != self._owner else None
        extra.group = group if group != self._group else None

    def wants_parts(self, work: FolderWork, entry: Entry) -> tuple[bool, int]:
        """Whether only the new parts of a large file are stored here, and their average size."""
        old = self._old_of(work, entry[0])
        extra = old.extra if old else None
        average = extra.average if extra and extra.average else average_for(entry[2])
        if entry[2] < PARTS_FROM or old is None or extra is None or not extra.whole_at:
            return False, average
        recent = self._due.now - extra.whole_at < _WHOLE_AGAIN
        return recent and extra.new_since <= entry[2] // 2, average

    def _old_of(self, work: FolderWork, name: bytes) -> Kept | None:
        if work.old is None:
            return None
        for entry, kept in zip(*work.old, strict=False):
            if entry[0] == name and kept.sha:
                return kept
        return None

    def probably_known(self, work: FolderWork, entry: Entry) -> bool:
        """Whether hashing before writing will probably save the writing."""
        if work.old is not None:
            for old in work.old[0]:
                if old[0] == entry[0] and old[2] == entry[2]:
                    return True
        return self.index.has_large(entry[2])

    # -- storing ----------------------------------------------------------------------------------

    def open_journal(self) -> None:
        """From here on objects may be written; what is acknowledged survives a kill."""
        if self._journal is None:
            self._journal = Journal(self.journals / f"{self.run}.journal", self.run, self.vault)
            self._synced = self._flushed = self.clock.monotonic()

    def take(self, number: int, done: Sequence[tuple[FolderWork, tuple[Taken, ...]]]) -> None:
        """Book what was read: contents into the index, rows into their folders, all journaled."""
        twins = self._book(
            [
                stored
                for _, several in done
                for taken in several
                if number in taken.at
                for stored in taken.at[number].objects
            ]
        )
        for work, several in done:
            files = []
            for taken in several:
                at = taken.number
                if work.kept[at] is not None:
                    continue  # another copy wanted it, this one has it
                objects = taken.at[number].objects if number in taken.at else ()
                if twins:
                    objects = tuple(o for o in objects if o.path not in twins)
                entry, kept = self._row(number, work, taken, objects)
                work.entries[at] = entry
                work.kept[at] = kept
                work.pending -= 1
                if kept.sha:
                    files.append((entry, kept, objects))
            if self._journal is not None:
                self._journal.add(Finished(work.scanned.path, files))
        self._acknowledge()

    def _book(self, objects: list[StoredObject]) -> set[str]:
        """Add objects to the index; those whose content came twice are removed again, and named."""
        if not objects:
            return set()
        twins: set[str] = set()
        if book_objects(self.index, objects, self.run_id) < len(objects):
            twins = {stored.path for stored in objects if self._is_twin(stored)}
            objects = [stored for stored in objects if stored.path not in twins]
        lines = [line for stored in objects for line in lines_of(stored)]
        if lines:
            self._spool_lines(lines)
        self.totals.new_objects += len(objects)
        self.totals.new_bytes += sum(stored.size for stored in objects)
        return twins

    def _is_twin(self, stored: StoredObject) -> bool:
        """Remove an object whose content another object already holds as a whole."""
        place = self.index.content(stored.sha256)
        if place is None or (place.run == self.run_id and place.path == stored.path):
            return False
        if any(
            (found := self.index.content(part.sha256)) is None
            or (found.run == self.run_id and found.path == stored.path)
            for part in stored.parts
        ):
            return False  # it holds parts that stand nowhere else
        self.copy.folder.remove(f"{DATA}/{self.run}/{stored.path}")
        return True

    def _spool_lines(self, lines: list[str]) -> None:
        if self._spool is None:
            # From its first object on, and not before, the run has a folder there: one that the
            # index knows and that is missing would mean that somebody took it away.
            self.index.add_data_folder(self.run)
            self._spool_file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed in _drop_spool
                8 * MIB, dir=str(self.cache)
            )
            self._spool = PackedWriter(self._spool_file.write)
            self._spool.write(head(self.run), 1)
        self._spool.write(("\n".join(lines) + "\n").encode(), len(lines))

    def _row(
        self, number: int, work: FolderWork, taken: Taken, objects: tuple[StoredObject, ...]
    ) -> tuple[Entry, Kept]:
        if taken.entry is None or taken.facts is None:
            return self._skipped(work, taken)
        self.totals.read_files += 1
        self.totals.read_bytes += taken.entry[2]
        result = taken.at.get(number)
        if result is not None and result.known_run:
            run = result.known_run
        else:
            # Stored just now under its own name, unless a twin was faster or it went in parts.
            run = self.run_id if objects and taken.parts is None else self._run_of(taken.sha)
        if self._is_usual(taken, taken.facts):
            return taken.entry, Kept(taken.sha, run)
        parts = None
        if taken.parts is not None:
            parts = [(sha, size, self._run_of(sha)) for sha, size in taken.parts]
        extra = self._extra(work, taken, stored_new=sum(stored.size for stored in objects))
        return taken.entry, Kept(taken.sha, run, parts, None if extra == Extra() else extra)

    def _is_usual(self, taken: Taken, facts: Facts) -> bool:
        """Whether there is nothing to say of a file beyond the defaults (nearly always)."""
        return (
            (facts.uid, facts.gid) == self._usual_owner
            and facts.links <= 1
            and facts.xattrs is None
            and facts.dos in (0, 0x20)
            and facts.born_ns is None
            and not (taken.changing or taken.sparse or taken.parts)
            and (taken.entry is None or taken.entry[2] < PARTS_FROM)
        )

    def _skipped(self, work: FolderWork, taken: Taken) -> tuple[Entry, Kept]:
        """A file that could not be taken; its change time stays unknown, so the next run tries."""
        name, mode, size = work.entries[taken.number][:3]
        reason = taken.problem or "lesefehler"
        path = os.fsdecode(work.scanned.path + b"/" + name)
        self.listener.note("skipped", path=path, reason=reason)
        return (name, mode, size, 0, 0, 0), Kept(extra=Extra(reason=reason))

    def _run_of(self, sha: bytes) -> int:
        place = self.index.content(sha)
        return place.run if place else self.run_id

    def _extra(self, work: FolderWork, taken: Taken, *, stored_new: int) -> Extra:
        facts, entry = taken.facts, taken.entry
        if facts is None or entry is None:
            raise ValueError("a file that was taken has facts")
        extra = Extra(
            hard_link=facts.links > 1,
            sparse=taken.sparse,
            changing=taken.changing,
            xattrs=facts.xattrs,
            dos=facts.dos if facts.dos not in (0, 0x20) else None,
            born_ns=facts.born_ns,
        )
        self._set_owner(extra, facts.uid, facts.gid)
        size = entry[2]
        if size >= PARTS_FROM:
            old = self._old_of(work, entry[0])
            before = old.extra if old and old.extra else Extra()
            extra.average = before.average or average_for(size)
            if taken.parts is None and (stored_new or not before.whole_at):
                extra.whole_at = self._due.now
            else:
                extra.whole_at = before.whole_at
                extra.new_since = before.new_since + stored_new
        return extra

    def _acknowledge(self) -> None:
        """Make the journal durable now and then, and the objects before it less often."""
        now = self.clock.monotonic()
        if self._journal is None or now - self._synced < SYNC_SECONDS:
            return
        if now - self._flushed >= _BARRIER_SECONDS:
            self._journal.sync()
            self.copy.folder.barrier()
            self._journal.add(Durable())
            self._flushed = now
        self._journal.sync()
        self._synced = self.clock.monotonic()

    def finish_folder(self, work: FolderWork) -> None:
        """All of a folder is known: write its row."""
        kept = [row for row in work.kept if row is not None]
        if len(kept) < len(work.kept):
            raise ValueError("a folder is finished when all its files are")
        if work.old is None or not same_in_list(*work.old, work.entries, kept):
            self.list_changed = True
        self.index.put_folder(
            work.scanned.path,
            pack_entries(work.entries),
            pack_kept(kept),
            liars=has_liars(work.entries),
            read_at=work.read_at,
            size=sum(entry[2] for entry in work.entries if entry[2] > 0),
        )

    # -- ending -----------------------------------------------------------------------------------

    def drop_unseen(self) -> None:
        """Forget folders that are not in the source any more (after a whole scan only)."""
        self.seen.add(OWN_FOLDER)
        gone = [path for path in self.index.folder_paths() if path not in self.seen]
        if gone:
            self.list_changed = True
            self.index.drop_folders(gone)

    def put_own_files(self, files: dict[str, bytes], *, fingerprint: str) -> None:
        """Plan and proofs travel as files of the state.

        Stored only when something else changed or the `fingerprint` of what matters in them did:
        that a run took place is no reason for a new list.
        """
        refresh = self.index.meta("own_files") != fingerprint
        self.index.set_meta("own_files", fingerprint)
        old_entries: list[Entry] = []
        old_kept: list[Kept] = []
        known = self.index.folder_stat(OWN_FOLDER)
        if known is not None:
            old_entries = unpack_entries(known.stat)
            old_kept = unpack_kept(self.index.folder_rows(OWN_FOLDER) or b"")
        if known is not None and not refresh and not self.list_changed:
            return
        entries: list[Entry] = []
        kept: list[Kept] = []
        now = self._due.now * 1_000_000_000
        before = {e[0]: (e, k) for e, k in zip(old_entries, old_kept, strict=True)}
        for text, data in sorted(files.items()):
            name = text.encode()
            sha = hashlib.sha256(data).digest()
            if name in before and before[name][1].sha == sha:
                entries.append(before[name][0])
                kept.append(before[name][1])
                continue
            if self.index.content(sha) is None:
                self._store_own(text, data, sha)
            entries.append((name, 0o100600, len(data), now, 0, 0))
            kept.append(Kept(sha, self._run_of(sha)))
        if not same_in_list(old_entries, old_kept, entries, kept):
            self.list_changed = True
        self.index.put_folder(
            OWN_FOLDER, pack_entries(entries), pack_kept(kept), liars=False,
            read_at=self._due.now, size=0,
        )  # fmt: skip

    def _store_own(self, name: str, data: bytes, sha: bytes) -> None:
        self.open_journal()
        folder = self.copy.folder
        path = f"{OWN_FOLDER.decode()}/{name}"
        folder.make_folder(f"{DATA}/{self.run}/{OWN_FOLDER.decode()}")
        folder.create(f"{DATA}/{self.run}/{path}", data)
        stored = StoredObject(path, len(data), sha)
        self._book([stored])
        if self._journal is not None:
            entry = (name.encode(), 0o100600, len(data), 0, 0, 0)
            kept = Kept(sha, self.run_id)
            self._journal.add(Finished(OWN_FOLDER, [(entry, kept, (stored,))]))

    def commit(self, *, complete: bool, folders: dict[str, str]) -> Written:
        """Make the state: contents, list, record, each behind a barrier; then the index."""
        if self._journal is not None:
            self._journal.sync()
        if self._spool is not None:
            self._spool.close()
        committer = Commit(
            self.name,
            self.copy,
            self.index,
            self.clock,
            self.listener,
            vault=self.vault,
            writer=self.writer_id,
            run=self.run,
        )
        written = committer.write(
            complete=complete,
            list_changed=self.list_changed,
            folders=folders,
            contents=self._spool,
            spool=self._spool_file,
            new_objects=self.totals.new_objects,
            new_bytes=self.totals.new_bytes,
        )
        self._forget_journal()
        return written

    def _forget_journal(self) -> None:
        self._drop_spool()
        if self._journal is not None:
            self._journal.close()
            self._journal.path.unlink(missing_ok=True)
            self._journal = None

    def _drop_spool(self) -> None:
        self._spool = None
        if self._spool_file is not None:
            self._spool_file.close()
            self._spool_file = None

    def abandon(self) -> None:
        """Leave the run as a kill would: the journal stays, the index goes back."""
        self._drop_spool()
        if self._journal is not None:
            try:
                self._journal.sync()
                self._journal.close()
            except KnownError:
                pass  # the home disk is the trouble: what was synced before is still good
            self._journal = None
        self.index.rollback()
