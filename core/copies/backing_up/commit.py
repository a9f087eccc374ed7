"""The commit: contents → list → record, each behind a barrier and read back (DESIGN §5)."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import msgspec

from core.clock import Clock, stamp
from core.copies.events import Listener
from core.copies.format import documents
from core.copies.format.copy_folder import (
    DATA,
    CopyFolder,
    contents_path,
    list_path,
    own_list,
    record_path,
)
from core.copies.format.documents import ContentsRef, ListRef, Record
from core.copies.format.names import OWN_FOLDER
from core.copies.format.packed import PackedWriter
from core.copies.format.rows import MAX_CHANGED_BYTES, Header, encode_rows
from core.copies.memory.changed_rows import Base, base_of, changed_rows, own_folder_row
from core.copies.memory.remembered import FolderCount, folder_lines, unpack_entries, unpack_kept
from core.copies.opening.guards import CopyName
from core.store.index import ContentsFile, CopyIndex

_BLOCK = 1 << 20
_EVERY = 20  # 5 % of the objects (issue 5)


@dataclass(frozen=True, slots=True)
class Written:
    """A committed state."""

    record: Record
    digest: str
    unchanged: bool


@dataclass(frozen=True, slots=True)
class _ListFacts:
    """A list, the numbers of its state, and the full list that it is a difference to."""

    ref: ListRef
    count: FolderCount
    base: ListRef | None = None


class Commit:
    """Writes one state. Whatever fails before the record leaves the earlier states as they were."""

    def __init__(
        self,
        name: CopyName,
        copy: CopyFolder,
        index: CopyIndex,
        clock: Clock,
        listener: Listener,
        *,
        vault: str,
        writer: str,
        run: str,
    ) -> None:
        self._name = name
        self._copy = copy
        self._folder = copy.folder
        self._index = index
        self._clock = clock
        self._listener = listener
        self._vault = vault
        self._writer = writer
        self._run = run
        self._leans: Base | None = None

    def write(
        self,
        *,
        complete: bool,
        list_changed: bool,
        folders: dict[str, str],
        contents: PackedWriter | None,
        spool: IO[bytes] | None,
        new_objects: int,
        new_bytes: int,
    ) -> Written:
        """Make the state; `contents` (closed) and `spool` hold this run's `inhalt`, if any."""
        self._phase("contents")
        if contents is not None and spool is not None:
            self._folder.barrier()
            self._check_all_there(new_objects)
            self._write_contents(contents, spool)
        facts = self._write_list(folders) if list_changed else self._same_list()
        if contents is not None or list_changed:
            self._folder.barrier()
            self._read_back(contents, facts if list_changed else None)
        if contents is not None and not self._folder.vouches:
            self._read_some_objects(new_objects)
        record = self._record(facts, complete=complete, objects=new_objects, size=new_bytes)
        data, digest = documents.seal(record)
        self._phase("index")
        self._remember(data, digest, facts, list_changed=list_changed, pending=True)
        self._phase("record")
        self._folder.create(record_path(self._run), data)
        self._folder.barrier()
        if not self._copy.document_reads_back(record_path(self._run), data):
            raise self._folder.reads_back_differently(record_path(self._run))
        self._phase("index")
        self._index.put_state(self._run, digest, data.split(b"\n")[0], pending=False)
        self._index.name_contents_files()
        self._index.clear_finished()
        self._index.commit()
        return Written(record, digest, unchanged=not list_changed)

    def _phase(self, phase: str) -> None:
        self._listener.phase(  # the literal names are those of events.Phase
            phase,  # type: ignore[arg-type]
            system=self._name.system,
            destination=self._name.destination,
        )

    # -- objects and contents ---------------------------------------------------------------------

    def _check_all_there(self, objects: int) -> None:
        """Every object of this run is there: each was stat-ed when it was closed, now the names."""
        found = self._folder.count_files(f"{DATA}/{self._run}")
        if found != objects:
            raise self._folder.reads_back_differently(f"{DATA}/{self._run}")

    def _write_contents(self, contents: PackedWriter, spool: IO[bytes]) -> None:
        spool.seek(0)
        with self._folder.writer(contents_path(self._run)) as out:
            while block := spool.read(_BLOCK):
                out.write(block)
        file = ContentsFile(self._run, contents.size, contents.digest, contents.lines)
        self._index.put_contents_file(file, named=False)

    def _read_back(self, contents: PackedWriter | None, facts: _ListFacts | None) -> None:
        checks = []
        if contents is not None:
            checks.append((contents_path(self._run), contents.size, contents.digest))
        if facts is not None:
            checks.append((list_path(facts.ref.name), facts.ref.size, facts.ref.sha256))
        differs = self._copy.read_back_differing(checks)
        if differs is not None:
            raise self._folder.reads_back_differently(differs)

    def _read_some_objects(self, objects: int) -> None:
        """Every twentieth object of this run, from a random one on, at least one, comes back as it
        was sent: that is all there is to go by where the storage knows no digests (RCLONE §3).
        """
        step = min(objects, _EVERY)
        first = secrets.randbelow(step) if step else 0
        for at, one in enumerate(self._copy.contents_as_is(self._run)):
            if at % step == first:
                path = f"{DATA}/{self._run}/{one.path}"
                if not self._copy.reads_back(path, one.size, one.sha256.hex()):
                    raise self._folder.reads_back_differently(path)

    # -- list -------------------------------------------------------------------------------------

    def _write_list(self, folders: dict[str, str]) -> _ListFacts:
        """A difference to the last full list where that is much smaller, else a full list."""
        self._phase("list")
        base = base_of(self._index)
        if base is not None and base.may_bear_more:
            facts = self._write_difference(base, folders)
            if facts is not None:
                self._leans = msgspec.structs.replace(base, leaning=base.leaning + 1)
                return facts
        facts = self._write_full(folders)
        self._leans = Base(ref=facts.ref, count=facts.count)
        return facts

    def _write_difference(self, base: Base, folders: dict[str, str]) -> _ListFacts | None:
        """Only what changed since the full list; None when that is too much."""
        count = msgspec.structs.replace(base.count)
        made = io.BytesIO()
        packed = PackedWriter(made.write)
        packed.write(encode_rows([self._header(folders, base.ref.name)]), 1)
        for changes in changed_rows(self._index, self._index.run_names()):
            packed.write(changes.text, changes.lines)
            changes.apply_to(count)
            if packed.lines > base.most_lines or packed.unpacked > MAX_CHANGED_BYTES:
                return None
        packed.close()
        name = f"{self._run}.liste.gz"
        with self._folder.writer(list_path(name)) as out:
            out.write(made.getvalue())
        return _ListFacts(_ref(name, packed), count, base.ref)

    def _write_full(self, folders: dict[str, str]) -> _ListFacts:
        name = f"{self._run}.liste.gz"
        total = FolderCount()
        with self._folder.writer(list_path(name)) as out:
            packed = PackedWriter(out.write)
            for text, count in self._lines(folders):
                packed.write(text, count.lines)
                total.files += count.files
                total.folders += count.folders
                total.bytes += count.bytes
                total.skipped += count.skipped
            packed.close()
        return _ListFacts(_ref(name, packed), total)

    def _header(self, folders: dict[str, str], base: str | None = None) -> Header:
        return Header(
            format=documents.FORMAT,
            system=self._name.system,
            run=self._run,
            folders=folders,
            owner=self._index.meta("owner") or "",
            group=self._index.meta("group") or "",
            base=base,
        )

    def _lines(self, folders: dict[str, str]) -> Iterator[tuple[bytes, FolderCount]]:
        yield encode_rows([self._header(folders)]), FolderCount(lines=1)
        runs = self._index.run_names()
        for path, stat_blob, rows_blob in self._index.folders():
            if path == OWN_FOLDER:
                yield encode_rows([own_folder_row()]), FolderCount(lines=1)
                text, count = folder_lines(
                    path, unpack_entries(stat_blob), unpack_kept(rows_blob), runs
                )
                yield text, FolderCount(lines=count.lines)  # ours, not the merchant's files
                continue
            yield folder_lines(path, unpack_entries(stat_blob), unpack_kept(rows_blob), runs)

    def _same_list(self) -> _ListFacts:
        """The facts of the list that already says what this state would say."""
        of = self._index.meta("list_of")
        line = next(line for run, _, line, _ in self._index.states() if run == of)
        old = msgspec.json.decode(line, type=Record)
        count = FolderCount(old.files, old.folders, old.bytes, old.skipped)
        return _ListFacts(own_list(old), count, old.base)

    # -- record -----------------------------------------------------------------------------------

    def _record(self, facts: _ListFacts, *, complete: bool, objects: int, size: int) -> Record:
        states = sorted(
            (run, digest) for run, digest, _, pending in self._index.states() if not pending
        )
        states.sort(key=lambda pair: documents.run_order(pair[0]))
        return Record(
            format=documents.FORMAT,
            art="stand",
            vault=self._vault,
            system=self._name.system,
            run=self._run,
            writer=self._writer,
            began=stamp(documents.began_at(self._run)),
            ended=stamp(self._clock.now()),
            local_time=self._clock.local().isoformat(timespec="seconds"),
            complete=complete,
            files=facts.count.files,
            folders=facts.count.folders,
            bytes=facts.count.bytes,
            new_objects=objects,
            new_bytes=size,
            skipped=facts.count.skipped,
            list_name=facts.ref.name,
            list_size=facts.ref.size,
            list_sha256=facts.ref.sha256,
            list_lines=facts.ref.lines,
            list_unpacked=facts.ref.unpacked,
            contents=tuple(
                ContentsRef(run=f.run, size=f.size, sha256=f.sha256, lines=f.lines)
                for f in self._index.unnamed_contents_files()
            ),
            previous=states[-1][1] if states else "",
            states=tuple(states),
            base=facts.base,
        )

    def _remember(
        self, data: bytes, digest: str, facts: _ListFacts, *, list_changed: bool, pending: bool
    ) -> None:
        """Bring the index up to this state before its record: a kill in between costs nothing."""
        self._index.put_state(self._run, digest, data.split(b"\n")[0], pending=pending)
        if list_changed:
            self._index.set_meta("list_of", self._run)
            text = msgspec.json.encode(self._leans).decode()
            self._index.set_base(text, anew=facts.base is None)
        self._index.commit()
        self._index.begin()


def _ref(name: str, packed: PackedWriter) -> ListRef:
    return ListRef(
        name=name,
        size=packed.size,
        sha256=packed.digest,
        lines=packed.lines,
        unpacked=packed.unpacked,
    )
