"""Verification: does the copy still hold what its records say? Changes nothing there."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from core.copies.bringing_back.places import Places
from core.copies.bringing_back.writing_back import MAX_PACKED
from core.copies.events import Listener
from core.copies.format.contents import Part, StoredObject, is_bundle
from core.copies.format.copy_folder import (
    DAMAGE,
    DATA,
    VAULT,
    WRITERS,
    Cleaned,
    CopyFolder,
    Found,
    State,
    clean_up_path,
    contents_path,
    list_path,
    lists_of,
)
from core.copies.format.differences import Changes
from core.copies.format.documents import ListRef, run_number
from core.copies.format.packed import InflateError, inflate
from core.copies.format.rows import FileRow, Header, PartRow, Row
from core.copies.hands.batches import Signals
from core.copies.hands.pool import START_PROCESSES_FROM_BYTES, Pool, workers
from core.copies.opening import handbook
from core.destinations.local import Way, drop_cache
from core.destinations.objects import Stream, objects_at
from core.errors import Code, KnownError

Depth = Literal["stat", "sample", "due", "newest", "full"]
_BLOCK = 1024 * 1024
_JOB_BYTES = 32 * 1024 * 1024
_JOB_FILES = 512
_MAX_EXAMPLES = 20
_MOST_OPENED = 64
_MOST_UNPACKED = 512 * 1024
"""Of the contents in an object that is to the byte what was written, so many are unpacked, and so
many bytes of it."""
_MOST_SHRUNK = 4
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


class _Leaning(NamedTuple):
    """What a difference expects of its full list: the usual owner, and what it says is gone."""

    ref: ListRef
    owner: tuple[str, str]
    gone: frozenset[str]

    @classmethod
    def of(cls, ref: ListRef, changes: Changes) -> _Leaning:
        gone = frozenset(path for path, rows in changes.rows.items() if not rows)
        return cls(ref, (changes.header.owner, changes.header.group), gone)

    def header_fits(self, header: Header) -> bool:
        return (header.owner, header.group) == self.owner


class Checked(NamedTuple):
    """What came of a job; read: objects whose every byte was read and is as it should be."""

    findings: tuple[Finding, ...]
    read: tuple[bytes, ...]


class Affected(NamedTuple):
    """A file of a state that needs a damaged content; `shas`: the file's and, of a part, its own.

    path is `WHOLE_STATE` where all of a state is lost.
    """

    run: str
    path: str
    shas: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read beyond what the depth says, in this order.

    items: objects; with_parts: the object at a path with all contents in it, asked for when it is
    not what it should be.
    """

    items: Iterable[CheckItem] = ()
    with_parts: Callable[[str], CheckItem | None] = lambda _: None


_Pool = Pool[CheckJob, Checked]


@dataclass(slots=True)
class Damage:
    """Something that is not as it should be, for people: what it is and where it lies."""

    kind: str
    path: str


@dataclass(slots=True)
class Verdict:
    """Result of a verification.

    affected: files of states that need a damaged content, at most twenty per verification.
    affected_files: how many there are in all.
    read_bytes: what was really read.
    """

    depth: Depth
    states: int = 0
    objects: int = 0
    read_bytes: int = 0
    damage: list[Damage] = field(default_factory=list)
    affected: list[Affected] = field(default_factory=list)
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
    unfinished: Iterable[str] = (),
    reading: Reading | None = None,
    on_read: Callable[[Sequence[bytes]], None] | None = None,
) -> Verdict:
    """Check records, lists, contents files and objects.

    `stat` looks at names and sizes of objects, `sample` also reads `percent` of the bytes, `due`
    what `reading` names, `newest` what the newest state needs, `full` everything, past the system's
    memory where it allows that.
    `expected_states` are runs that the index knows: one that is gone is damage. `unfinished` are
    those that were writing their record when they were cut off: a torn one is no damage, and the
    next run takes it away. `on_read` is told the sha256 of objects that were read whole and are
    sound. Raises `KnownError` only when the copy cannot be looked at.
    """
    verification = _Verification(copy, listener, cancelled, depth, percent, seed, on_read)
    return verification.run(expected_states, set(unfinished), reading or Reading())


def read_objects(
    copy: CopyFolder,
    listener: Listener,
    cancelled: Callable[[], bool],
    reading: Reading,
    on_read: Callable[[Sequence[bytes]], None],
) -> Verdict:
    """Read these objects and look at nothing else; as `verify`."""
    verification = _Verification(copy, listener, cancelled, "sample", 0.0, None, on_read)
    return verification.read_only(reading)


class _Verification:
    def __init__(
        self,
        copy: CopyFolder,
        listener: Listener,
        cancelled: Callable[[], bool],
        depth: Depth,
        percent: float,
        seed: int | None,
        on_read: Callable[[Sequence[bytes]], None] | None,
    ) -> None:
        self._copy = copy
        self._on_read = on_read
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
        self._unvouched: dict[str, set[bytes]] = {}
        self._of_newest: set[int] = set()

    def read_only(self, reading: Reading) -> Verdict:
        """Read what is named; states are only looked at when something is damaged."""
        self._listener.phase("verify", system="", destination=self._copy.folder.destination)
        self._read_first(reading)
        if self._bad_objects:
            states = self._copy.states().states
            self._forgive_healed(states)
            self._name_files(states)
        return self._verdict

    def run(
        self, expected_states: Iterable[str], unfinished: set[str], reading: Reading
    ) -> Verdict:
        copy, verdict = self._copy, self._verdict
        self._listener.phase("verify", system="", destination=copy.folder.destination)
        vault = self._damaged_is_none(copy.vault, VAULT)
        found = copy.states()
        self._cleaned = copy.clean_ups()
        for broken in (found.broken, self._cleaned.broken):
            broken[:] = [run for run in broken if run not in unfinished]
        if vault is None:
            if not (found.states or found.broken or verdict.damage):
                raise KnownError(Code.COPY_NOT_FOUND, path=str(copy.folder.shown))
            if not verdict.damage:
                self._note("marker", VAULT)
        elif any(state.record.vault != vault.vault for state in found.states):
            self._note("marker", VAULT)
        if not self._damaged_is_none(copy.claims, WRITERS) and not verdict.damage:
            self._note("marker", WRITERS)
        for name in handbook.damaged(copy.folder):
            self._note("handbook", name)
        verdict.states = len(found.states)
        self._check_records(found, set(expected_states))
        if verdict.depth == "newest" and found.states:
            self._of_newest = self._needed_by(found.states[-1])
        self._check_objects(found.states)
        self._read_first(reading)
        self._forgive_healed(found.states)
        self._judge_lists(found.states)
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

    def _read_lists(self, states: list[State]) -> None:
        """Every list reads from first to last row; what it names and no `inhalt` knows is kept.

        Each file once, as it lies there: no full list is put together with all that lean on it.
        """
        leaning: dict[str, list[_Leaning]] = {}
        files = {file: state.record.system for state in states for file in lists_of(state.record)}
        for ref, base in sorted(files, key=lambda file: file[1] is None):  # differences first
            self._stop_if_cancelled()
            unknown: set[bytes] = set()
            system = files[ref, base]
            try:
                if base is None:
                    rows = self._copy.full_list(ref, system)
                    lines = self._read_full(rows, unknown, leaning.get(ref.name, []), states)
                else:
                    changes = self._copy.changes(ref, system, base)
                    leaning.setdefault(base, []).append(_Leaning.of(ref, changes))
                    lines = self._read_changes(changes, unknown)
            except KnownError as error:
                if error.code not in DAMAGE:
                    raise
                self._lose(ref, states)
                continue
            if lines != ref.lines:
                self._note("list", list_path(ref.name))
            if unknown:
                self._unvouched[list_path(ref.name)] = unknown

    def _judge_lists(self, states: list[State]) -> None:
        """A list may name only what stands somewhere; what is damaged there is named already."""
        bad = self._verdict.bad_contents
        unvouched = {path: unknown - bad for path, unknown in self._unvouched.items()}
        self._look_for_unvouched({path: left for path, left in unvouched.items() if left}, states)

    def _look_for_unvouched(self, unvouched: dict[str, set[bytes]], states: list[State]) -> None:
        """What lists name and no vouched `inhalt` knows may be reached all the same."""
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

    def _read_full(
        self, rows: Iterable[Row], unknown: set[bytes], leaning: list[_Leaning], states: list[State]
    ) -> int:
        """How many rows a full list has; differences that do not fit it are noted as damaged."""
        lines = 0
        sought = set[str]().union(*(one.gone for one in leaning))
        unfit = []
        for row in rows:
            lines += 1
            self._note_unknown(row, unknown)
            if isinstance(row, Header):
                unfit = [one.ref for one in leaning if not one.header_fits(row)]
            elif sought and not isinstance(row, PartRow):
                sought.discard(row.path)
        for ref in [*unfit, *(one.ref for one in leaning if not sought.isdisjoint(one.gone))]:
            self._lose(ref, states)
        return lines

    def _read_changes(self, changes: Changes, unknown: set[bytes]) -> int:
        for row in itertools.chain.from_iterable(changes.rows.values()):
            self._note_unknown(row, unknown)
        return changes.lines

    def _lose(self, ref: ListRef, states: list[State]) -> None:
        """A list is damaged: so is every state that needs it."""
        self._note("list", list_path(ref.name))
        for state in states:
            if any(ref == needed for needed, _ in lists_of(state.record)):
                self._affect(state.run, WHOLE_STATE)

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

    def _note_unknown(self, row: Row, unknown: set[bytes]) -> None:
        """Add the content of a row to `unknown` when no vouched `inhalt` knows it."""
        whole = isinstance(row, FileRow) and not row.parts and row.size > 0
        if isinstance(row, PartRow) or (isinstance(row, FileRow) and whole):
            sha = bytes.fromhex(row.sha256)
            if _short(sha) not in self._known:
                unknown.add(sha)

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
            self._read_lists(states)  # while the last objects are read
            self._take(pool, everything=True)
        for run in mended:
            self._bad_inhalte.pop(run, None)

    def _read_first(self, reading: Reading) -> None:
        """Read objects in the order given; those that are not right once more, part by part."""
        before = set(self._bad_objects)
        self._read_items(reading.items)
        doubtful = [path for path in self._bad_objects if path not in before]
        again = [item for path in doubtful if (item := reading.with_parts(path)) is not None]
        for item in again:
            del self._bad_objects[item.path]
        self._read_items(again)

    def _read_items(self, items: Iterable[CheckItem]) -> None:
        job: list[CheckItem] = []
        size = 0
        with self._pool() as pool:
            for item in items:
                self._verdict.objects += self._verdict.depth != "due"  # there counted before
                job.append(item)
                size += item.size
                if size >= _JOB_BYTES or len(job) >= _JOB_FILES:
                    self._submit(pool, job)
                    job, size = [], 0
            self._submit(pool, job)
            self._take(pool, everything=True)

    @contextlib.contextmanager
    def _pool(self) -> Iterator[_Pool]:
        pool: _Pool = Pool(
            _make_checker,
            self._copy.folder.way,
            types=(CheckJob, Checked),
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
            if error.code not in DAMAGE:
                raise
            sound = False
        self._submit(pool, job)
        return sound

    def _needed_by(self, state: State) -> set[int]:
        """The contents of a state; of one whose list is damaged, as far as it can be read."""
        found = set()
        with contextlib.suppress(KnownError):  # named when all lists are read
            for row in self._copy.rows(state.record):
                if isinstance(row, FileRow | PartRow):
                    found.add(_short(bytes.fromhex(row.sha256)))
        return found

    def _item(self, run: str, stored: StoredObject) -> CheckItem:
        inside = {_short(stored.sha256), *(_short(part.sha256) for part in stored.parts)}
        read = self._share >= 1 or self._random.random() < self._share
        read = read or not self._of_newest.isdisjoint(inside)
        self._verdict.objects += 1
        self._known |= inside
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
        if folder.lies_afar:
            job = self._bring(pool, job)
        pool.submit(
            tuple(job), apart=self._done_bytes + reads > START_PROCESSES_FROM_BYTES, load=reads
        )
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
        for done in pool.ready(everything=everything):
            if done.read and self._on_read is not None:
                self._on_read(done.read)
            for finding in done.findings:
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
            path = whole = ""
            try:
                for row in self._copy.rows(state.record):
                    if isinstance(row, FileRow):
                        path, whole = row.path, row.sha256
                    if isinstance(row, FileRow | PartRow) and row.sha256 in bad:
                        shas = dict.fromkeys((whole, row.sha256))
                        self._affect(state.run, path, tuple(bytes.fromhex(sha) for sha in shas))
            except KnownError:
                continue  # the list itself is damaged: already noted

    def _affect(self, run: str, path: str, shas: tuple[bytes, ...] = ()) -> None:
        if self._verdict.affected and self._verdict.affected[-1][:2] == (run, path):
            return
        self._verdict.affected_files += 1
        if len(self._verdict.affected) < _MAX_EXAMPLES:
            self._verdict.affected.append(Affected(run, path, shas))


def _short(sha: bytes) -> int:
    """Eight bytes of a digest: enough to tell half a million contents apart, and small."""
    return int.from_bytes(sha[:8], "big")


class _Checker:
    """Looks at objects; one per process."""

    def __init__(self, way: Way, signals: Signals) -> None:
        self._objects = objects_at(way)
        self._signals = signals
        self._view = memoryview(bytearray(_BLOCK))
        self._random = random.Random()  # noqa: S311 - a sample, not a secret

    def close(self) -> None:
        """Nothing is held open between objects."""

    def take(self, batch: CheckJob) -> Checked:
        findings, read = [], []
        for item in batch:
            found = self._check(item)
            if found is not None:
                findings.append(found)
            elif item.read:
                read.append(item.sha)
        return Checked(tuple(findings), tuple(read))

    def _check(self, item: CheckItem) -> Finding | None:
        if self._signals.cancelled():
            raise KnownError(Code.CANCELLED)
        every = item.contents
        try:
            size = self._objects.size(item.path)
            if size != item.size:
                return Finding(item.path, "missing" if size is None else "size", every)
            if not item.read:
                return None
            bad = self._read(item)
        except FileNotFoundError:
            return Finding(item.path, "missing", every)
        except OSError:
            return Finding(item.path, "unreadable", every)
        return Finding(item.path, "content", bad) if bad else None

    def _read(self, item: CheckItem) -> tuple[bytes, ...]:
        """The contents of the object that are not what they should be."""
        with contextlib.closing(self._objects.open(item.path)) as stream:
            drop_cache(stream.fileno())
            digest = hashlib.sha256()
            while length := stream.readinto(self._view):
                digest.update(self._view[:length])
                self._signals.advance(length)
            sound = digest.digest() == item.sha
            # An object that is what was written holds what was packed, unless the packing was
            # wrong: that shows in a sample. Of another one each content is looked at.
            parts = self._some(item.parts) if sound else item.parts
            bad = [part.sha256 for part in parts if not self._is_sound(stream, part)]
            if sound:
                return tuple(bad)
            if item.is_bundle:  # where only the ZIP around the contents is damaged, all move out
                return tuple(bad or (part.sha256 for part in item.parts))
            return (item.sha, *bad)

    def _some(self, parts: tuple[Part, ...]) -> Iterator[Part]:
        """A sample. One that is larger than what is left of the sample has its turn as seldom as
        that makes up for it: so each has its turn, and an object costs about the sample's size.
        """
        left = _MOST_UNPACKED
        for part in self._random.sample(parts, min(len(parts), _MOST_OPENED)):
            # A size far above what lies there is believed only so far: it may be claimed.
            cost = min(part.size, _MOST_SHRUNK * part.stored)
            if cost <= left:
                left -= cost
                yield part
                continue
            if self._random.random() * cost < left:
                yield part
            return

    def _is_sound(self, stream: Stream, part: Part) -> bool:
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

    def _digest(self, stream: Stream, size: int) -> bytes:
        """Of the next `size` bytes, block by block."""
        digest = hashlib.sha256()
        while size and (length := stream.readinto(self._view[: min(_BLOCK, size)])):
            digest.update(self._view[:length])
            size -= length
        return digest.digest()


def _make_checker(way: Way, signals: Signals) -> _Checker:
    return _Checker(way, signals)
