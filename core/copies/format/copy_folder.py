"""The folder of one copy seen as format §1–§6: names, documents, lists, contents."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from core.clock import parse_stamp
from core.copies.format import documents
from core.copies.format.contents import StoredObject, read_contents
from core.copies.format.differences import Changes, gather, merge
from core.copies.format.documents import (
    Broken,
    Claim,
    CleanUp,
    ContentsRef,
    ListRef,
    Record,
    Vault,
    run_number,
)
from core.copies.format.packed import MAX_UNPACKED, NotWhole, TooMuch
from core.copies.format.rows import Asked, Header, Hostile, Row, read_changes, read_rows
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError

VAULT = "tresor.json"
STATES = "staende"
DATA = "daten"
WRITERS = "schreiber"
CONTENTS = "inhalt.tsv.gz"
OPEN = "offen.json"  # the plain note beside a vault
CLEANED = ".aufraeumen.json"
OWN_FILES = frozenset(
    {VAULT, STATES, DATA, WRITERS, "LIESMICH.txt", "zurueckholen.sh", "zurueckholen.ps1"}
)
# What is wrong with the copy itself, and not with the way to it.
DAMAGE = frozenset({Code.COPY_DAMAGED, Code.COPY_HOSTILE})
# What a bad sector, or a file closed to us, looks like; or a disk that is gone altogether.
_UNREADABLE = frozenset({Code.DESTINATION_GONE, Code.DESTINATION_REFUSED})
_CLAIM = re.compile(r"([0-9]{4,9})-([0-9a-f]{16})\.json")

_Document = TypeVar("_Document")


@dataclass(frozen=True, slots=True)
class State:
    """A valid commit record with its digest."""

    record: Record
    digest: str

    @property
    def run(self) -> str:
        return self.record.run


@dataclass(slots=True)
class Found:
    """What a look at `staende/` gave: states in order, and record names that are no states."""

    states: list[State] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Cleaned:
    """The clean-up records of a copy, in order; broken: runs whose clean-up record is damaged."""

    records: list[CleanUp] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def dropped(self) -> set[str]:
        """States that are gone because retention dropped them."""
        return {run for record in self.records for run, _ in record.dropped}

    @property
    def contents(self) -> list[ContentsRef]:
        """The `inhalt` files they name, as a commit record does."""
        return [ref for record in self.records for ref in record.contents]


def contents_path(run: str) -> str:
    return f"{DATA}/{run}/{CONTENTS}"


def record_path(run: str) -> str:
    return f"{STATES}/{run}.json"


def list_path(name: str) -> str:
    return f"{STATES}/{name}"


def own_list(record: Record) -> ListRef:
    """The list a record names first: full, or the difference to `record.base`."""
    return ListRef(
        name=record.list_name,
        size=record.list_size,
        sha256=record.list_sha256,
        lines=record.list_lines,
        unpacked=record.list_unpacked,
    )


ListFile = tuple[ListRef, str | None]


def lists_of(record: Record) -> tuple[ListFile, ...]:
    """The list files a state consists of, each with the name of the list it is a difference to."""
    if record.base is None:
        return ((own_list(record), None),)
    return ((own_list(record), record.base.name), (record.base, None))


def clean_up_path(run: str) -> str:
    return f"{STATES}/{run}{CLEANED}"


class CopyFolder:
    """Reads a copy; every answer is checked against its digest before it is believed."""

    def __init__(self, folder: LocalFolder) -> None:
        self.folder = folder

    def _damaged(self, what: str) -> KnownError:
        return KnownError(Code.COPY_DAMAGED, path=str(self.folder.shown), what=what)

    def _hostile(self, what: str) -> KnownError:
        return KnownError(Code.COPY_HOSTILE, path=str(self.folder.shown), what=what)

    def _marker_damaged(self, what: str) -> KnownError:
        return KnownError(Code.COPY_MARKER_DAMAGED, path=str(self.folder.root), what=what)

    def vault(self) -> Vault | None:
        """The identity of the copy; None when there is none, KnownError when it is unreadable."""
        data = self.folder.read(VAULT, documents.MAX_DOCUMENT)
        if data is None:
            if self.folder.size(VAULT) is not None:
                raise self._marker_damaged(VAULT)
            return None
        self._refuse_newer(data)
        try:
            return documents.unseal(data, Vault)[0]
        except Broken as error:
            raise self._marker_damaged(VAULT) from error

    def _refuse_newer(self, data: bytes) -> None:
        version = documents.format_of(data)
        if version is not None and version > documents.FORMAT:
            raise KnownError(Code.COPY_NEWER_FORMAT, path=str(self.folder.shown), format=version)

    def record_names(self) -> list[str]:
        """Runs that have a file named like a record, in order."""
        found = [
            name.removesuffix(".json")
            for name in self.folder.names(STATES)
            if name.endswith(".json")
            and documents.run_number(name.removesuffix(".json")) is not None
        ]
        return sorted(found, key=documents.run_order)

    def list_names(self) -> set[str]:
        return {name for name in self.folder.names(STATES) if name.endswith(".liste.gz")}

    def data_names(self) -> set[str]:
        return {name for name in self.folder.names(DATA) if documents.run_number(name) is not None}

    def state(self, run: str) -> State:
        """The state of a run; raises `Broken` when its record is not right."""
        data = self.folder.read(record_path(run), documents.MAX_DOCUMENT)
        if data is None:
            raise Broken("record missing")
        self._refuse_newer(data)
        record, digest = documents.unseal(data, Record)
        if record.run != run or record.art != "stand" or record.format != documents.FORMAT:
            raise Broken("record names another run")
        try:
            parse_stamp(record.began)
            parse_stamp(record.ended)
        except ValueError as error:
            raise Broken("record without times") from error
        return State(record, digest)

    def clean_up_names(self) -> list[str]:
        """Runs that have a file named like a clean-up record, in order."""
        names = (n.removesuffix(CLEANED) for n in self.folder.names(STATES) if n.endswith(CLEANED))
        return sorted((n for n in names if run_number(n) is not None), key=documents.run_order)

    def clean_up(self, run: str) -> CleanUp:
        """The clean-up record of a run; raises `Broken` when it is not right."""
        data = self.folder.read(clean_up_path(run), documents.MAX_DOCUMENT)
        if data is None:
            raise Broken("clean-up record missing")
        self._refuse_newer(data)
        record = documents.unseal(data, CleanUp)[0]
        if record.run != run or record.art != "aufraeumen" or record.format != documents.FORMAT:
            raise Broken("clean-up record names another run")
        return record

    def clean_ups(self) -> Cleaned:
        """All clean-up records there are now, oldest first."""
        return Cleaned(*self._read_each(self.clean_up_names(), self.clean_up))

    def states(self) -> Found:
        """All states there are now, oldest first."""
        return Found(*self._read_each(self.record_names(), self.state))

    def _read_each(
        self, runs: Iterable[str], read: Callable[[str], _Document]
    ) -> tuple[list[_Document], list[str]]:
        """The documents of these runs that can be read, and the runs of the others."""
        found: list[_Document] = []
        broken: list[str] = []
        for run in runs:
            try:
                found.append(read(run))
            except Broken:
                broken.append(run)
            except KnownError as error:
                if not self.is_one_bad_file(error):
                    raise
                broken.append(run)
        return found, broken

    def is_one_bad_file(self, error: KnownError) -> bool:
        """Whether only this file cannot be read, while the place it lies at is there.

        One bad sector must not stand between a person and everything else.
        """
        return error.code in _UNREADABLE and self.folder.is_reachable()

    def claims(self) -> list[Claim]:
        """All writers' claims, the last one counts; KnownError when that one is unreadable.

        A damaged one with a readable one above it says nothing any more.
        """
        claims = []
        damaged = (0, "")
        for name, number, writer in self.claim_names():
            data = self.folder.read(f"{WRITERS}/{name}", documents.MAX_DOCUMENT)
            try:
                claim = documents.unseal(data or b"", Claim)[0]
            except Broken:
                claim = None
            if claim is None or (claim.number, claim.writer) != (number, writer):
                damaged = max(damaged, (number, name))
            else:
                claims.append(claim)
        claims.sort(key=lambda claim: (claim.number, claim.writer))
        if damaged[0] and not (claims and claims[-1].number > damaged[0]):
            raise self._marker_damaged(f"{WRITERS}/{damaged[1]}")
        return claims

    def claim_names(self) -> list[tuple[str, int, str]]:
        """What is called like a claim: file name, number, writer."""
        found = ((name, _CLAIM.fullmatch(name)) for name in self.folder.names(WRITERS))
        # An Explorer or Finder leaves other files in every folder it shows.
        return sorted((name, int(named[1]), named[2]) for name, named in found if named)

    def rows(self, record: Record, *, asked: Asked | None = None) -> Iterator[Row]:
        """The rows of a state, checked; KnownError on anything wrong with its list or lists.

        With `asked` most entries of which it says no to their path are left out.
        """
        own = own_list(record)
        if record.base is None:
            yield from self.full_list(own, record.system, asked=asked)
            return
        changes = self.changes(own, record.system, record.base.name)
        also = asked
        if asked is not None:
            also = asked.or_one_of(frozenset(changed.encode() for changed in changes.rows))
        full = self.full_list(record.base, record.system, asked=also)
        with self._typed(list_path(own.name)):
            yield from merge(full, changes)

    def full_list(self, ref: ListRef, system: str, *, asked: Asked | None = None) -> Iterator[Row]:
        """The rows of one full list, checked as `rows` does."""
        path = self.checked_list(ref)
        with self._typed(path), self.folder.open(path) as stream:
            for row in read_rows(stream, unpacked=ref.unpacked, asked=asked):
                if isinstance(row, Header) and row.system != system:
                    raise self._hostile(f"{path}: another system")
                yield row

    def changes(self, ref: ListRef, system: str, base: str) -> Changes:
        """One difference to the full list named `base`, checked as `rows` does."""
        path = self.checked_list(ref)
        with self._typed(path), self.folder.open(path) as stream:
            changes = gather(read_changes(stream, unpacked=ref.unpacked, base=base))
        if changes.header.system != system:
            raise self._hostile(f"{path}: another system")
        return changes

    def checked_list(self, ref: ListRef) -> str:
        """The path of a list that is, byte for byte, what a record announced; else KnownError."""
        name = ref.name
        if not name.endswith(".liste.gz") or run_number(name.removesuffix(".liste.gz")) is None:
            raise self._hostile("name of the list")
        path = list_path(name)
        self._check(path, ref.size, ref.sha256)
        return path

    def contents(
        self, ref: ContentsRef, *, wanted: Collection[bytes] | None = None
    ) -> Iterator[StoredObject]:
        """The objects of one `inhalt`, checked; KnownError on anything wrong with it.

        With `wanted` (digests) what is none of them is left out.
        """
        if run_number(ref.run) is None:
            raise self._hostile("name of a run")
        path = contents_path(ref.run)
        self._check(path, ref.size, ref.sha256)
        with self._typed(path), self.folder.open(path) as stream:
            yield from read_contents(stream, run=ref.run, wanted=wanted)

    def contents_as_is(self, run: str) -> Iterator[StoredObject]:
        """The objects of an `inhalt` that no valid record vouches for, up to where it is torn.

        Its contents are checked against their sha256 when they are read, so nothing false can come
        of it (format §5). KnownError as for `contents`.
        """
        path = contents_path(run)
        with self._typed(path), self.folder.open(path) as stream:
            yield from read_contents(stream, run=run)

    def _check(self, path: str, size: int, sha256: str) -> None:
        """Raise unless the file is what a record announced; a wrong size costs no reading."""
        if size > MAX_UNPACKED:
            raise self._hostile(f"{path}: too large")
        if self.folder.size(path) != size or self.digest_of(path) != (size, sha256):
            raise self._damaged(path)

    def digest_of(self, path: str) -> tuple[int, str] | None:
        """Size and sha256 of a file as it lies there, None when it is missing."""
        digest = hashlib.sha256()
        size = 0
        try:
            with self.folder.open(path) as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
                    size += len(block)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.folder.failure(error) from error
        return size, digest.hexdigest()

    def reads_back(self, path: str, size: int, sha256: str) -> bool:
        """Whether a file that was just written lies there as it should, read from the medium."""
        self.folder.forget_cached(path)
        return self.digest_of(path) == (size, sha256)

    def read_back_differing(self, checks: Sequence[tuple[str, int, str]]) -> str | None:
        """The first of these files (path, size, sha256), just written, that does not lie there as
        it should; None when all do. Far away they come at the same time.
        """
        for path, _, _ in checks:
            self.folder.forget_cached(path)
        self.folder.fetch(path for path, _, _ in checks)
        for path, size, sha256 in checks:
            if self.digest_of(path) != (size, sha256):
                return path
        return None

    def document_reads_back(self, path: str, data: bytes) -> bool:
        """As `reads_back`, for one of the small files that are read whole."""
        self.folder.forget_cached(path)
        return self.folder.read(path, documents.MAX_DOCUMENT) == data

    @contextlib.contextmanager
    def _typed(self, path: str) -> Iterator[None]:
        try:
            yield
        except (Hostile, TooMuch) as error:
            raise self._hostile(f"{path}: {error}") from error
        except NotWhole as error:
            raise self._damaged(path) from error
        except FileNotFoundError as error:
            raise self._damaged(path) from error
        except OSError as error:
            raise self.folder.failure(error) from error
