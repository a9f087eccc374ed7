"""One run at one copy: what is new there, what was stored, and the commit (DESIGN §5)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from core.clock import Clock
from core.copies.backing_up.commit import Commit, Written
from core.copies.backing_up.comparing import Comparison, FolderWork
from core.copies.backing_up.packing import packer_of_job
from core.copies.backing_up.protecting import confirm, protect
from core.copies.events import Listener
from core.copies.format import documents
from core.copies.format.contents import StoredObject, head, lines_of
from core.copies.format.copy_folder import DATA, CopyFolder, record_path
from core.copies.format.cutting import MIB, average_for
from core.copies.format.names import OWN_FOLDER
from core.copies.format.packed import PackedWriter
from core.copies.hands.batches import Facts, Taken, Target
from core.copies.hands.owners import group_name, user_name
from core.copies.memory.journal import (
    SYNC_SECONDS,
    Durable,
    Finished,
    Journal,
    Stored,
)
from core.copies.memory.rebuild import book_objects
from core.copies.memory.remembered import (
    Extra,
    Kept,
    has_liars,
    pack_entries,
    pack_kept,
    same_in_list,
    unpack_entries,
    unpack_kept,
)
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Reached
from core.errors import KnownError
from core.paths import home_failure
from core.sources.folders import HARMLESS_SKIPS, Entry, KnownRoot
from core.store.events import LeftOut
from core.store.index import CopyIndex

_FAT_WHOLE_BELOW = 1024 * MIB
_NEVER_PARTS = 1 << 62
_BARRIER_SECONDS = 20.0
_SPOOL_IN_MEMORY = 8 * MIB


@dataclass(slots=True)
class Totals:
    """What this run did at this copy so far."""

    new_objects: int = 0
    new_bytes: int = 0
    read_files: int = 0
    read_bytes: int = 0


@dataclass(slots=True)
class CopyRun:
    """State of one run at one copy. Made by `backup`, which hands it what was read."""

    name: CopyName
    reached: Reached
    index: CopyIndex
    writer_id: str
    vault: str
    clock: Clock
    listener: Listener
    journals: Path
    cache: Path
    damaged: tuple[str, ...] = ()  # records and lists at the copy that cannot be mended
    run: str = ""
    run_id: int = 0
    list_changed: bool = False
    totals: Totals = field(default_factory=Totals)
    left_out: list[LeftOut] = field(default_factory=list)  # files that could not be taken
    comparison: Comparison = field(init=False)
    _journal: Journal | None = None
    _synced: float = 0.0
    _flushed: float = 0.0
    _spool: PackedWriter | None = None
    _spool_file: tempfile.SpooledTemporaryFile[bytes] | None = None
    _usual_owner: tuple[int, int] | None = None

    @property
    def copy(self) -> CopyFolder:
        """Where the run writes."""
        return self.reached.copy

    def close(self) -> None:
        """Let go of index and copy."""
        self.index.close()
        self.reached.close()

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
        self.comparison = Comparison(
            self.index,
            now=int(now.timestamp()),
            owner=self.index.meta("owner") or "",
            group=self.index.meta("group") or "",
            bundled=self.is_bundled,
        )
        names = (user_name(owner[0]), group_name(owner[1]))
        usual = names == (self.comparison.owner, self.comparison.group)
        self._usual_owner = owner if usual else None
        self.totals = Totals()
        # After an interrupted run the index may be ahead of the last list, or there is none yet.
        self.list_changed = not self.index.meta("list_of")

    @property
    def is_bundled(self) -> bool:
        """Whether this run packs what it stores."""
        return self.name.layout == "bundled"

    def known_root(self, name: bytes) -> KnownRoot | None:
        """What the copy remembers of a source folder."""
        inside = self.index.folder_stat(name)
        top = self.index.folder_stat(b"")
        if inside is None or top is None:
            return None
        ids = [entry[5] for entry in unpack_entries(top.stat) if entry[0] == name]
        names = frozenset(entry[0] for entry in unpack_entries(inside.stat))
        return KnownRoot(names, ids[0] if ids else 0)

    def target(self) -> Target:
        """What the readers need to know of this copy and run."""
        folder = self.copy.folder
        return Target(
            destination=self.name.destination,
            location=str(folder.root.parent),
            system=self.name.system,
            run_folder=folder.place(f"{DATA}/{self.run}"),
            index_path=str(self.index.path) if self.index.has_contents() else None,
            flush_each=folder.flush_each,
            whole_below=_FAT_WHOLE_BELOW if folder.is_fat else _NEVER_PARTS,
            bundled=self.is_bundled,
            spooled=folder.spooled,
        )

    # -- storing ----------------------------------------------------------------------------------

    def open_journal(self) -> None:
        """From here on objects may be written; what is acknowledged survives a kill."""
        if self._journal is None:
            self._journal = Journal(self.journals / f"{self.run}.journal", self.run, self.vault)
            self._synced = self._flushed = self.clock.monotonic()

    def take(
        self,
        number: int,
        done: Sequence[tuple[FolderWork, tuple[Taken, ...]]],
        bundles: tuple[StoredObject, ...],
    ) -> None:
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
        self._take_bundles(bundles)
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
        self.copy.folder.ship(f"{DATA}/{self.run}/{stored.path}" for stored in objects)
        self.totals.new_objects += len(objects)
        self.totals.new_bytes += sum(stored.size for stored in objects)
        return twins

    def _take_bundles(self, bundles: tuple[StoredObject, ...]) -> None:
        """Book objects that hold contents of several files."""
        self._book(list(bundles))
        if bundles and self._journal is not None:
            self._journal.add(Stored(bundles))

    def take_object(self, stored: StoredObject) -> None:
        """Book a finished object of this run that belongs to no file of the source."""
        self._take_bundles((stored,))

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
                _SPOOL_IN_MEMORY, dir=str(self.cache)
            )
            self._spool = PackedWriter(self._write_spool)
            self._spool.write(head(self.run), 1)
        self._spool.write(("\n".join(lines) + "\n").encode(), len(lines))

    def _write_spool(self, data: bytes) -> None:
        """Add to this run's `inhalt`; a large one lies on the home's disk, which may be full."""
        if self._spool_file is None:
            raise ValueError("the spool is open while it is written")
        try:
            self._spool_file.write(data)
            self._spool_file.flush()
        except OSError as error:
            raise home_failure(self.cache, error) from error

    def _row(
        self, number: int, work: FolderWork, taken: Taken, objects: tuple[StoredObject, ...]
    ) -> tuple[Entry, Kept]:
        if taken.entry is None or taken.facts is None:
            return self._skipped(work, taken)
        self.totals.read_files += 1
        self.totals.read_bytes += taken.entry[2]
        result = taken.at.get(number)
        in_parts = result is not None and result.in_parts
        if result is not None and result.known_run:
            run = result.known_run
        else:
            # Stored just now under its own name, unless a twin was faster or it was packed.
            run = self.run_id if objects and not in_parts else self._run_of(taken.sha)
        if self._is_usual(taken, taken.facts):
            return taken.entry, Kept(taken.sha, run)
        parts = None
        if in_parts and taken.parts is not None:
            parts = [(sha, size, self._run_of(sha)) for sha, size in taken.parts]
            self.index.add_composite(taken.sha, taken.entry[2], msgspec.msgpack.encode(taken.parts))
        stored_new = sum(stored.size for stored in objects)
        extra = self._extra(work, taken, in_parts=in_parts, stored_new=stored_new)
        return taken.entry, Kept(taken.sha, run, parts, None if extra == Extra() else extra)

    def _is_usual(self, taken: Taken, facts: Facts) -> bool:
        """Whether there is nothing to say of a file beyond the defaults (nearly always)."""
        return (
            (facts.uid, facts.gid) == self._usual_owner
            and facts.links <= 1
            and facts.xattrs is None
            and facts.dos in (0, 0x20)
            and facts.born_ns is None
            and not (taken.changing or taken.sparse)
            and (taken.entry is None or taken.entry[2] < self.comparison.parts_from)
        )

    def _skipped(self, work: FolderWork, taken: Taken) -> tuple[Entry, Kept]:
        """A file that could not be taken; its change time stays unknown, so the next run tries."""
        name, mode, size = work.entries[taken.number][:3]
        reason = taken.problem or "lesefehler"
        path = os.fsdecode(work.scanned.path + b"/" + name)
        self.listener.note("skipped", path=path, reason=reason)
        if reason not in HARMLESS_SKIPS:
            self.left_out.append(LeftOut(path, reason))
        return (name, mode, size, 0, 0, 0), Kept(extra=Extra(reason=reason))

    def _run_of(self, sha: bytes) -> int:
        place = self.index.content(sha)
        return place.run if place else self.run_id

    def _extra(self, work: FolderWork, taken: Taken, *, in_parts: bool, stored_new: int) -> Extra:
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
        self.comparison.set_owner(extra, facts.uid, facts.gid)
        size = entry[2]
        if size >= self.comparison.parts_from:
            old = self.comparison.old_of(work, entry[0])
            before = old.extra if old and old.extra else Extra()
            extra.average = before.average or average_for(size)
            if self.is_bundled:
                return extra
            # Here, not anywhere: another copy of this run may hold it in parts.
            if not in_parts and (stored_new or not before.whole_at):
                extra.whole_at = self.comparison.now
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
        in_list = work.old is None or not same_in_list(*work.old, work.entries, kept)
        self.list_changed = self.list_changed or in_list
        self.index.put_folder(
            work.scanned.path,
            pack_entries(work.entries),
            pack_kept(kept),
            liars=has_liars(work.entries),
            read_at=work.read_at,
            size=sum(entry[2] for entry in work.entries if entry[2] > 0),
            in_list=in_list,
        )

    # -- ending -----------------------------------------------------------------------------------

    def drop_unseen(self) -> None:
        """Forget folders that are not in the source any more (after a whole scan only)."""
        self.comparison.seen.add(OWN_FOLDER)
        gone = [path for path in self.index.folder_paths() if path not in self.comparison.seen]
        if gone:
            self.list_changed = True
            self.index.drop_folders(gone)

    def drop_unlisted(self) -> None:
        """Forget folders whose folder above does not name them any more (in the middle of a scan).

        What was not reached yet stays as it was; but a list with entries of a folder that is gone,
        or is a file now, is no list (format §6), and nothing of it could be restored.
        """
        named = {b"", OWN_FOLDER}
        gone = []
        for path, entries, _ in self.index.folders():  # a folder comes before those in it
            if path not in named:
                gone.append(path)
                continue
            above = path + b"/" if path else b""
            for name, mode, size, *_ in unpack_entries(entries):
                if stat.S_ISDIR(mode) and size == 0:
                    named.add(above + name)
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
        now = self.comparison.now * 1_000_000_000
        before = {e[0]: (e, k) for e, k in zip(old_entries, old_kept, strict=True)}
        shas = {text: hashlib.sha256(data).digest() for text, data in files.items()}
        new = [text for text in sorted(files) if self.index.content(shas[text]) is None]
        if self.is_bundled:
            new = [text for text in new if files[text]]  # what is empty needs no object
        if new:
            self._store_own({text: (shas[text], files[text]) for text in new})
        for text, data in sorted(files.items()):
            name, sha = text.encode(), shas[text]
            if text not in new and name in before and before[name][1].sha == sha:
                entries.append(before[name][0])
                kept.append(before[name][1])
                continue
            entries.append((name, 0o100600, len(data), now, 0, 0))
            kept.append(Kept(sha, self._run_of(sha)))
        if not same_in_list(old_entries, old_kept, entries, kept):
            self.list_changed = True
        self.index.put_folder(
            OWN_FOLDER, pack_entries(entries), pack_kept(kept), liars=False,
            read_at=self.comparison.now, size=0,
        )  # fmt: skip

    def _store_own(self, files: dict[str, tuple[bytes, bytes]]) -> None:
        """Store the files that travel along: sha256 and bytes by name."""
        self.open_journal()
        if self.is_bundled:
            self._pack_own(files)
            return
        folder = self.copy.folder
        folder.make_folder(f"{DATA}/{self.run}/{OWN_FOLDER.decode()}")
        for name, (sha, data) in files.items():
            path = f"{OWN_FOLDER.decode()}/{name}"
            folder.create(f"{DATA}/{self.run}/{path}", data)
            stored = StoredObject(path, len(data), sha)
            self._book([stored])
            if self._journal is not None:
                entry = (name.encode(), 0o100600, len(data), 0, 0, 0)
                kept = Kept(sha, self.run_id)
                self._journal.add(Finished(OWN_FOLDER, [(entry, kept, (stored,))]))

    def _pack_own(self, files: dict[str, tuple[bytes, bytes]]) -> None:
        folder = self.copy.folder
        packer = packer_of_job(folder, folder.place(f"{DATA}/{self.run}"), 0)
        for name, (sha, data) in files.items():
            packer.add(f"{OWN_FOLDER.decode()}/{name}", sha, data)
        self._take_bundles(packer.finish())
        folder.note_written(packer.folders)

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
        protect(self.reached.locks, self.index, self.run)
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
        confirm(self.reached.locks, self.index, record_path(self.run))
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
            with contextlib.suppress(OSError):  # what a full disk did not take is not wanted now
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
