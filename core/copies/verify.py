"""Verification: does the copy still hold what its records say? Changes nothing there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from typing import Literal, NamedTuple, TypeVar

from core.copies.batches import Signals
from core.copies.contents import Part, StoredObject, is_bundle
from core.copies.copy_folder import (
    DATA,
    VAULT,
    WRITERS,
    Cleaned,
    CopyFolder,
    Found,
    State,
    clean_up_path,
    contents_path,
)
from core.copies.documents import run_number
from core.copies.events import Listener
from core.copies.packed import InflateError, inflate
from core.copies.places import Places
from core.copies.pool import Pool, workers
from core.copies.rows import FileRow, PartRow
from core.copies.writing_back import MAX_PACKED
from core.destinations.local import drop_cache, open_plain
from core.errors import Code, KnownError

Depth = Literal["stat", "sample", "full"]
_BLOCK = 1024 * 1024
_JOB_BYTES = 32 * 1024 * 1024
_JOB_FILES = 512
_MAX_EXAMPLES = 20
WHOLE_STATE = ""

_Found = TypeVar("_Found")


class CheckItem(NamedTuple):
    """One object to look at. parts: contents in it that have to be unpacked and hashed too."""

    path: str
    size: int
    sha: bytes
    parts: tuple[Part, ...]
    read: bool
    is_bundle: bool

    @property
    def contents(self) -> tuple[bytes, ...]:
        """What is lost when the object is gone."""
        inside = tuple(part.sha256 for part in self.parts)
        return inside if self.is_bundle else (self.sha, *inside)


CheckJob = tuple[CheckItem, ...]


class Finding(NamedTuple):
    """What is wrong with one object: `missing`, `size`, `content`; shas: contents it fails."""

    path: str
    problem: str
    shas: tuple[bytes, ...]


_Pool = Pool[CheckJob, tuple[Finding, ...]]


@dataclass(slots=True)
class Damage:
    """Something that is not as it should be, for people: what it is and where it lies."""

    kind: str
    path: str


@dataclass(slots=True)
class Verdict:
    """Result of a verification.

    affected: (state, file) pairs that need a damaged content, at most twenty per verification; the
    file is `WHOLE_STATE` where all of a state is lost. affected_files: how many there are in all.
    read_bytes: what was really read.
    """

    depth: Depth
    states: int = 0
    objects: int = 0
    read_bytes: int = 0
    damage: list[Damage] = field(default_factory=list)
    affected: list[tuple[str, str]] = field(default_factory=list)
    affected_files: int = 0
    bad_contents: set[bytes] = field(default_factory=set)

    @property
    def is_sound(self) -> bool:
        return not self.damage


def verify(
    copy: CopyFolder,
    listener: Listener,
    cancelled: Callable[[], bool],
    *,
    depth: Depth,
    percent: float = 100.0,
    seed: int | None = None,
    expected_states: Iterable[str] = (),
) -> Verdict:
    """Check records, lists, contents files and objects.

    `stat` looks at names and sizes of objects, `sample` also reads `percent` of the bytes, `full`
    reads everything, past the system's memory where it allows that. `expected_states` are runs that
    the index knows: one that is gone is damage. Raises `KnownError` only when the copy cannot be
    looked at.
    """
    return _Verification(copy, listener, cancelled, depth, percent, seed).run(expected_states)


class _Verification:
    def __init__(
        self,
        copy: CopyFolder,
        listener: Listener,
        cancelled: Callable[[], bool],
        depth: Depth,
        percent: float,
        seed: int | None,
    ) -> None:
        self._copy = copy
        self._listener = listener
        self._cancelled = cancelled
        self._verdict = Verdict(depth)
        self._share = 1.0 if depth == "full" else percent / 100 if depth == "sample" else 0.0
        self._random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._done_bytes = 0
        self._known: set[int] = set()
        self._bad_objects: dict[str, tuple[str, tuple[bytes, ...]]] = {}
        self._bad_inhalte: dict[str, str] = {}
        self._noted: set[tuple[str, str]] = set()
        self._cleaned = Cleaned()

    def run(self, expected_states: Iterable[str]) -> Verdict:
        copy, verdict = self._copy, self._verdict
        self._listener.phase("verify", system="", destination=copy.folder.destination)
        vault = self._damaged_is_none(copy.vault, VAULT)
        found = copy.states()
        self._cleaned = copy.clean_ups()
        if vault is None:
            if not (found.states or found.broken or verdict.damage):
                raise KnownError(Code.COPY_NOT_FOUND, path=str(copy.folder.shown))
            if not verdict.damage:
                self._note("marker", VAULT)
        elif any(state.record.vault != vault.vault for state in found.states):
            self._note("marker", VAULT)
        if not self._damaged_is_none(copy.claims, WRITERS) and not verdict.damage:
            self._note("marker", WRITERS)
        verdict.states = len(found.states)
        self._check_records(found, set(expected_states))
        self._check_objects(found.states)
        self._forgive_healed(found.states)
        self._check_lists(found.states)
        if verdict.bad_contents:
            self._name_files(found.states)
        return verdict

    def _damaged_is_none(self, look: Callable[[], _Found], path: str) -> _Found | None:
        """What `look` finds; None, and noted, when it is damaged."""
        try:
            return look()
        except KnownError as error:
            if error.code is not Code.COPY_MARKER_DAMAGED:
                raise
            self._note("marker", str(error.params.get("what", path)))
            return None

    def _check_records(self, found: Found, expected: set[str]) -> None:
        """Records that are broken, gone (the index or others know them), or not what they were."""
        digests = {state.run: state.digest for state in found.states}
        said = {pair for state in found.states for pair in state.record.states}
        for run, digest in sorted(said):
            if run_number(run) is None:
                continue  # no run, so nothing that could be gone
            expected.add(run)
            if digests.get(run, digest) != digest:
                self._note("record_differs", f"staende/{run}.json")
        for run in found.broken:
            self._note("record", f"staende/{run}.json")
            self._affect(run, WHOLE_STATE)
        for run in self._cleaned.broken:
            self._note("clean_up", clean_up_path(run))
        for run in sorted(expected - digests.keys() - set(found.broken) - self._cleaned.dropped):
            self._note("record_missing", f"staende/{run}.json")
            self._affect(run, WHOLE_STATE)

    def _note(self, kind: str, path: str) -> None:
        if (kind, path) in self._noted:
            return
        self._noted.add((kind, path))
        self._verdict.damage.append(Damage(kind, path))
        self._listener.note("damage", what=kind, path=path)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise KnownError(Code.CANCELLED)

    def _check_lists(self, states: list[State]) -> None:
        """Every list reads from first to last row and names only what stands somewhere."""
        unvouched: dict[str, set[bytes]] = {}
        for state in {s.record.list_name: s for s in states}.values():
            self._stop_if_cancelled()
            unknown = self._unknown_to(state, states)
            if unknown:
                unvouched[f"staende/{state.record.list_name}"] = unknown
        if not unvouched:
            return  # what a damaged `inhalt` held stands elsewhere too
        for path in sorted(self._bad_inhalte.values()):
            self._note("contents", path)
        wanted = set[bytes]().union(*unvouched.values())
        nowhere = wanted - self._check_unvouched(states, wanted)
        for path, unknown in unvouched.items():
            if unknown & nowhere:
                self._note("contents_nowhere", path)
        self._verdict.bad_contents |= nowhere

    def _unknown_to(self, state: State, states: list[State]) -> set[bytes]:
        """The contents of a list that no vouched `inhalt` knows; what is wrong with it is noted."""
        path = f"staende/{state.record.list_name}"
        try:
            lines, unknown = self._count_rows(state)
        except KnownError as error:
            if error.code not in (Code.COPY_DAMAGED, Code.COPY_HOSTILE):
                raise
            self._note("list", path)
            for lost in states:
                if lost.record.list_name == state.record.list_name:
                    self._affect(lost.run, WHOLE_STATE)
            return set()
        if lines != state.record.list_lines:
            self._note("list", path)
        return unknown

    def _check_unvouched(self, states: list[State], wanted: set[bytes]) -> set[bytes]:
        """Those of `wanted` that every reader still reaches, through an `inhalt` no record names.

        The objects that hold them are looked at like all others.
        """
        places = Places(self._copy, states)
        places.find(wanted, set())
        at = {source.path: sha for sha in wanted for source in places.of(sha)}
        with self._pool() as pool:
            for run in sorted({path.split("/")[1] for path in at}):
                self._check_objects_of(
                    (
                        stored
                        for stored in self._copy.contents_as_is(run)
                        if f"{DATA}/{run}/{stored.path}" in at
                    ),
                    run,
                    pool,
                )
            self._take(pool, everything=True)
        self._forgive_healed(states)
        return {sha for sha in wanted if places.of(sha)}

    def _count_rows(self, state: State) -> tuple[int, set[bytes]]:
        """How many rows a list has, and the contents it names that no `inhalt` knows."""
        lines = 0
        nowhere = set()
        for row in self._copy.rows(state.record):
            lines += 1
            whole = isinstance(row, FileRow) and not row.parts and row.size > 0
            if isinstance(row, PartRow) or (isinstance(row, FileRow) and whole):
                sha = bytes.fromhex(row.sha256)
                if _short(sha) not in self._known and sha not in self._verdict.bad_contents:
                    nowhere.add(sha)
        return lines, nowhere

    # -- objects ------------------------------------------------------------------------------

    def _check_objects(self, states: list[State]) -> None:
        refs = {(ref.run, ref.sha256): ref for s in states for ref in s.record.contents}
        refs |= {(ref.run, ref.sha256): ref for ref in self._cleaned.contents}
        mended = set()  # named by two records, and only the later one is right
        with self._pool() as pool:
            for ref in refs.values():
                if self._check_objects_of(self._copy.contents(ref), ref.run, pool):
                    mended.add(ref.run)
                else:
                    self._bad_inhalte[ref.run] = contents_path(ref.run)
            self._take(pool, everything=True)
        for run in mended:
            self._bad_inhalte.pop(run, None)

    @contextlib.contextmanager
    def _pool(self) -> Iterator[_Pool]:
        pool: _Pool = Pool(
            _make_checker,
            str(self._copy.folder.root),
            types=(CheckJob, tuple[Finding, ...]),
            advance=self._advance,
            workers=workers(),
        )
        try:
            yield pool
        except BaseException:
            pool.cancel()
            raise
        finally:
            pool.close()

    def _check_objects_of(self, objects: Iterable[StoredObject], run: str, pool: _Pool) -> bool:
        """Look at these objects of a run; False when what names them ends in damage."""
        job: list[CheckItem] = []
        size = 0
        sound = True
        try:
            for stored in objects:
                job.append(self._item(run, stored))
                size += stored.size if job[-1].read else 0
                if size >= _JOB_BYTES or len(job) >= _JOB_FILES:
                    self._submit(pool, job)
                    job, size = [], 0
        except KnownError as error:
            if error.code not in (Code.COPY_DAMAGED, Code.COPY_HOSTILE):
                raise
            sound = False
        self._submit(pool, job)
        return sound

    def _item(self, run: str, stored: StoredObject) -> CheckItem:
        read = self._share >= 1 or self._random.random() < self._share
        self._verdict.objects += 1
        self._known.add(_short(stored.sha256))
        self._known.update(_short(part.sha256) for part in stored.parts)
        path = f"{DATA}/{run}/{stored.path}"
        return CheckItem(
            path, stored.size, stored.sha256, stored.parts, read, is_bundle(stored.path)
        )

    def _submit(self, pool: _Pool, job: list[CheckItem]) -> None:
        if not job:
            return
        self._stop_if_cancelled()
        reads = sum(item.size for item in job if item.read)
        folder = self._copy.folder
        if folder.spooled:
            job = self._bring(pool, job)
        pool.submit(tuple(job), apart=self._done_bytes + reads > _JOB_BYTES)
        self._take(pool)

    def _bring(self, pool: _Pool, job: list[CheckItem]) -> list[CheckItem]:
        """Look at sizes where the objects lie, and bring those to be read; they are what is left.

        An object that cannot be brought is missing for those who check it.
        """
        folder = self._copy.folder
        if folder.is_crowded:
            self._take(pool, everything=True)
            folder.forget_fetched()
        to_read = []
        for item in job:
            size = folder.size(item.path)
            if size != item.size:
                problem = "missing" if size is None else "size"
                self._bad_objects[item.path] = (problem, item.contents)
            elif item.read:
                to_read.append(item)
        folder.fetch(item.path for item in to_read)
        return to_read

    def _take(self, pool: _Pool, *, everything: bool = False) -> None:
        for findings in pool.ready(everything=everything):
            for finding in findings:
                self._bad_objects[finding.path] = (finding.problem, finding.shas)

    def _forgive_healed(self, states: list[State]) -> None:
        """A damaged object does no harm once all that it held has been stored anew elsewhere."""
        bad = {sha for _, shas in self._bad_objects.values() for sha in shas}
        if bad:
            places = Places(self._copy, states)
            places.find_others(bad)
            bad = {
                sha
                for sha in bad
                if all(source.path in self._bad_objects for source in places.of(sha))
            }
        for path, (problem, shas) in self._bad_objects.items():
            if bad.intersection(shas):
                self._note(f"object_{problem}", path)
        self._verdict.bad_contents |= bad

    def _advance(self, size: int) -> None:
        self._stop_if_cancelled()
        self._done_bytes += size
        self._verdict.read_bytes += size
        self._listener.progress(files=self._verdict.objects, size=self._done_bytes, current="")

    # -- who is affected ----------------------------------------------------------------------

    def _name_files(self, states: list[State]) -> None:
        """Which files of which states need a damaged content."""
        bad = {sha.hex() for sha in self._verdict.bad_contents}
        for state in states:
            self._stop_if_cancelled()
            path = ""
            try:
                for row in self._copy.rows(state.record):
                    if isinstance(row, FileRow):
                        path = row.path
                    if isinstance(row, FileRow | PartRow) and row.sha256 in bad:
                        self._affect(state.run, path)
            except KnownError:
                continue  # the list itself is damaged: already noted

    def _affect(self, run: str, path: str) -> None:
        if self._verdict.affected and self._verdict.affected[-1] == (run, path):
            return
        self._verdict.affected_files += 1
        if len(self._verdict.affected) < _MAX_EXAMPLES:
            self._verdict.affected.append((run, path))


def _short(sha: bytes) -> int:
    """Eight bytes of a digest: enough to tell half a million contents apart, and small."""
    return int.from_bytes(sha[:8], "big")


class _Checker:
    """Looks at objects; one per process."""

    def __init__(self, root: str, signals: Signals) -> None:
        self._root = root
        self._signals = signals
        self._view = memoryview(bytearray(_BLOCK))

    def close(self) -> None:
        """Nothing is held open between objects."""

    def take(self, batch: CheckJob) -> tuple[Finding, ...]:
        return tuple(found for item in batch if (found := self._check(item)) is not None)

    def _check(self, item: CheckItem) -> Finding | None:
        if self._signals.cancelled():
            raise KnownError(Code.CANCELLED)
        every = item.contents
        path = f"{self._root}/{item.path}"
        try:
            info = os.stat(path, follow_symlinks=False)
            if not stat.S_ISREG(info.st_mode):
                return Finding(item.path, "missing", every)
            if info.st_size != item.size:
                return Finding(item.path, "size", every)
            if not item.read:
                return None
            bad = self._read(path, item)
        except FileNotFoundError:
            return Finding(item.path, "missing", every)
        except OSError:
            return Finding(item.path, "unreadable", every)
        return Finding(item.path, "content", bad) if bad else None

    def _read(self, path: str, item: CheckItem) -> tuple[bytes, ...]:
        """The contents of the object that are not what they should be."""
        with open(open_plain(path), "rb", buffering=0) as stream:
            drop_cache(stream.fileno())
            digest = hashlib.sha256()
            while length := stream.readinto(self._view):
                digest.update(self._view[:length])
                self._signals.advance(length)
            sound = digest.digest() == item.sha
            bad = [part.sha256 for part in item.parts if not self._is_sound(stream, part)]
            if sound:
                return tuple(bad)
            if item.is_bundle:  # where only the ZIP around the contents is damaged, all move out
                return tuple(bad or (part.sha256 for part in item.parts))
            return (item.sha, *bad)

    def _is_sound(self, stream: FileIO, part: Part) -> bool:
        stream.seek(part.offset)
        if part.packing == "roh":
            return self._digest(stream, part.size) == part.sha256
        if max(part.stored, part.size) > MAX_PACKED:
            return False  # never made by us, and not to be held in memory
        try:
            data = inflate(stream.read(part.stored), part.size)
        except InflateError:
            return False
        return len(data) == part.size and hashlib.sha256(data).digest() == part.sha256

    def _digest(self, stream: FileIO, size: int) -> bytes:
        """Of the next `size` bytes, block by block."""
        digest = hashlib.sha256()
        while size and (length := stream.readinto(self._view[: min(_BLOCK, size)])):
            digest.update(self._view[:length])
            size -= length
        return digest.digest()


def _make_checker(root: str, signals: Signals) -> _Checker:
    return _Checker(root, signals)
