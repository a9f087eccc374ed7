"""Restore: a state, or what is asked of it, into an empty folder; never over live data.

Folders first, then files by exclusive create, hard links and links last, folder times at the very
end (format §9); every byte is hash-checked. Nothing is written outside the target, whatever a
list says.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from core.copies.bringing_back.places import Places
from core.copies.bringing_back.target import TargetFolder, check_target
from core.copies.bringing_back.wishes import Report, Wish, selector, way_to
from core.copies.bringing_back.writing_back import Outcome, OutFile, OutJob, Piece, WriterBack
from core.copies.events import Listener
from core.copies.format import percent
from core.copies.format.copy_folder import CopyFolder, State
from core.copies.format.rows import (
    Asked,
    FileRow,
    FolderRow,
    Header,
    Hostile,
    LinkRow,
    PartRow,
    Row,
    SkippedRow,
    mode_bits,
    path_segments,
)
from core.copies.hands.pool import (
    LOAD_OF_A_FILE,
    START_PROCESSES_FROM_BYTES,
    START_PROCESSES_FROM_FILES,
    LocalSignals,
    Pool,
    workers,
)
from core.destinations.local import Fetch, Range
from core.errors import Code, KnownError

_JOB_FILES = 256
_JOB_BYTES = 8 * 1024 * 1024
_AT_ONCE_BYTES = 256 * 1024 * 1024  # a file of more does not lie in the spool as a whole
_PORTION_BYTES = 64 * 1024 * 1024
_JOBS_AHEAD = 8  # on their way from behind a network while others are written


def restore(
    copy: CopyFolder,
    state: State,
    states: Sequence[State],
    into: Path,
    wish: Wish,
    listener: Listener,
    cancelled: Callable[[], bool],
) -> Report:
    """Bring back `state` into `into`; the report says what came and what did not.

    Raises `KnownError` when the list is unreadable or hostile, the target not empty or full, or
    nothing meets the wish. Damaged contents are not written; they are in `report.failed`.
    """
    check_target(into)
    job = _Restore(copy, state, states, into, wish, listener, cancelled)
    return job.run()


def _rows_with_parts(rows: Iterator[Row]) -> Iterator[tuple[Row, list[PartRow]]]:
    """Each row with the part rows that belong to it."""
    held: Row | None = None
    parts: list[PartRow] = []
    for row in rows:
        if isinstance(row, PartRow):
            parts.append(row)
            continue
        if held is not None:
            yield held, parts
        held, parts = row, []
    if held is not None:
        yield held, parts


def _stored(pieces: Iterable[Piece]) -> int:
    """Bytes of what these pieces consist of where they lie."""
    return sum(source.stored for piece in pieces for source in piece.sources[:1])


def _portions(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    """The pieces in order, about `_PORTION_BYTES` at a time."""
    some: list[Piece] = []
    size = 0
    for piece in pieces:
        some.append(piece)
        size += _stored([piece])
        if size >= _PORTION_BYTES:
            yield tuple(some)
            some, size = [], 0
    if some:
        yield tuple(some)


class _Restore:
    def __init__(
        self,
        copy: CopyFolder,
        state: State,
        states: Sequence[State],
        into: Path,
        wish: Wish,
        listener: Listener,
        cancelled: Callable[[], bool],
    ) -> None:
        self._copy = copy
        self._state = state
        self._wish = wish
        self._listener = listener
        self._cancelled = cancelled
        self._selects = selector(wish.paths)
        self._places = Places(copy, [state, *reversed(states)])
        self._report = Report()
        self._target = TargetFolder(into, copy.folder.shown, self._report)
        self._few: list[tuple[Row, list[PartRow]]] = []
        self._hard: dict[str, tuple[bytes, int]] = {}
        self._hard_later: list[tuple[bytes, str, FileRow]] = []
        self._links_later: list[tuple[bytes, bytes, LinkRow]] = []
        self._pending: dict[int, tuple[str, OutFile, FileRow]] = {}
        self._bad: set[int] = set()
        self._job: list[OutFile] = []
        self._job_bytes = 0
        self._coming: deque[tuple[OutJob, int, Fetch]] = deque()
        self._fetched: dict[int, Fetch] = {}
        self._is_large = False
        self._done_bytes = 0
        self._numbers = 0

    def run(self) -> Report:
        self._listener.phase("restore", system=self._state.record.system, destination="")
        wanted, hints = self._survey()
        self._pool: Pool[OutJob, tuple[Outcome, ...]] = Pool(
            WriterBack,
            self._copy.folder.way,
            types=(OutJob, tuple[Outcome, ...]),
            advance=self._advance,
            workers=workers(),
        )
        try:
            if self._is_large:
                self._pool.start()  # while the places are looked up
            self._places.find(wanted, hints, few=bool(self._wish.paths))
            lost = {sha for sha in wanted if not self._places.of(sha)}
            self._places.search_objects(lost, self._stop_if_cancelled)
            self._target.make()
            self._write_all()
        except BaseException:
            self._pool.cancel()
            raise
        finally:
            self._pool.close()
        return self._report

    # -- what is asked for --------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[Row, list[PartRow]]]:
        asked = None
        if self._wish.paths:
            selects, leads_there = self._selects, way_to(self._wish.paths)
            asked = Asked(selects, lambda path: selects(path) or leads_there(path))
        return _rows_with_parts(self._copy.rows(self._state.record, asked=asked))

    def _survey(self) -> tuple[set[bytes], set[str]]:
        """First look at the list: which contents are needed, is all of it fit to be written?"""
        wanted: set[bytes] = set()
        hints: set[str] = set()
        met = False
        files = size = 0
        for row, parts in self._rows():
            if isinstance(row, Header):
                self._target.header = row
                continue
            if self._wish.paths and not self._is_asked_for(row, parts):
                continue
            if not self._selects(self._true_path(row)):
                continue
            met = True
            if isinstance(row, FileRow):
                files += 1
                size += row.size
                for sha256, run in [(p.sha256, p.run) for p in parts] or [(row.sha256, row.run)]:
                    wanted.add(self._sha(sha256))
                    hints.add(run)
        if not met:
            raise KnownError(
                Code.PATH_NOT_FOUND,
                path=", ".join(self._wish.paths) or "*",
                system=self._state.record.system,
            )
        self._is_large = files > START_PROCESSES_FROM_FILES or size > START_PROCESSES_FROM_BYTES
        return wanted, hints

    def _is_asked_for(self, row: Row, parts: list[PartRow]) -> bool:
        """A quick look for a restore of a part: what is asked for is kept, the rest passed over."""
        if isinstance(row, Header | PartRow):
            return False
        raw = row.path.encode("utf-8", "replace")
        asked = "%" in row.path or self._selects(raw)
        if asked or isinstance(row, FolderRow):
            self._few.append((row, parts))
        return asked

    def _true_path(self, row: Row) -> bytes:
        try:
            if isinstance(row, Header | PartRow):
                raise Hostile("row out of place")
            if isinstance(row, FileRow | FolderRow | LinkRow):
                mode_bits(row.mode)
            return b"/".join(path_segments(row.path))
        except Hostile as error:
            raise self._target.hostile(str(error)) from error

    def _sha(self, text: str) -> bytes:
        try:
            sha = bytes.fromhex(text)
        except ValueError as error:
            raise self._target.hostile("sha256") from error
        if len(sha) != 32:
            raise self._target.hostile("sha256")
        return sha

    # -- writing ------------------------------------------------------------------------------

    def _write_all(self) -> None:
        def parent(pair: tuple[Row, list[PartRow]]) -> str:
            row = pair[0]
            return "" if isinstance(row, Header | PartRow) else row.path.rpartition("/")[0]

        rows = iter(self._few) if self._wish.paths else self._rows()
        for folder, group in groupby(rows, key=parent):
            self._write_folder(percent.decode(folder), list(group))
        self._submit()
        self._hand_out()
        self._take(everything=True)
        self._retry_bad()
        for target, key, row in self._hard_later:
            first, number = self._hard[key]
            if number in self._bad:
                self._report.failed.append((row.path, "damaged", "hard link"))
            else:
                self._target.link_hard(first, target, row)
        for true, target, link in self._links_later:
            self._target.link(true, target, link, keep=self._wish.keep_links)
        self._target.check_links(keep=self._wish.keep_links)
        self._target.finish()

    def _write_folder(self, folder: bytes, rows: list[tuple[Row, list[PartRow]]]) -> None:
        chosen = []
        for row, parts in rows:
            if isinstance(row, Header | PartRow):
                continue
            true = self._true_path(row)
            if isinstance(row, FolderRow):
                self._target.know(true, row)
            if self._selects(true):
                chosen.append((true, row, parts))
        if not chosen:
            return
        targets = self._target.place_all(folder, [true for true, _, _ in chosen])
        for true, row, parts in chosen:
            self._stop_if_cancelled()
            if isinstance(row, SkippedRow):
                self._report.skipped.append((row.path, row.reason))
            elif isinstance(row, FolderRow):
                self._target.make_folder(true, targets[true])
            elif isinstance(row, LinkRow):
                self._links_later.append((true, targets[true], row))
            else:
                self._order_file(true, targets[true], row, parts)

    def _order_file(self, true: bytes, target: bytes, row: FileRow, parts: list[PartRow]) -> None:
        if row.hard_link is not None:
            # With its content: a file that changed between two names being read is two files.
            key = f"{true.partition(b'/')[0].hex()}/{row.hard_link}/{row.sha256}"
            first = self._hard.setdefault(key, (target, self._numbers + 1))
            if first[0] != target:
                self._hard_later.append((target, key, row))
                return
        if parts:
            pieces = tuple(
                Piece(sha, part.size, self._places.of(sha))
                for part in parts
                for sha in (self._sha(part.sha256),)
            )
        else:
            sha = self._sha(row.sha256)
            pieces = (Piece(sha, row.size, self._places.of(sha)),)
        self._numbers += 1
        file = OutFile(
            self._numbers,
            target,
            row.size,
            self._sha(row.sha256),
            pieces,
            row.mtime_ns,
            mode_bits(row.mode),
            self._target.owner(row),
            row.xattrs,
            row.sparse,
        )
        self._pending[self._numbers] = (row.path, file, row)
        if self._copy.folder.lies_afar and _stored(pieces) > _AT_ONCE_BYTES:
            self._bring_back_alone(file)
            return
        self._job.append(file)
        self._job_bytes += row.size
        if len(self._job) >= _JOB_FILES or self._job_bytes >= _JOB_BYTES:
            self._submit()

    # -- jobs ---------------------------------------------------------------------------------

    def _submit(self) -> None:
        if not self._job:
            return
        load = self._job_bytes + len(self._job) * LOAD_OF_A_FILE
        job, self._job, self._job_bytes = tuple(self._job), [], 0
        self._coming.append((job, load, self._bring(job)))
        self._hand_out(leaving=_JOBS_AHEAD)

    def _bring(self, job: Sequence[OutFile]) -> Fetch:
        """Have brought what the files consist of, where it lies behind a network."""
        folder = self._copy.folder
        if folder.is_crowded:
            self._hand_out()
            self._take(everything=True)
        return self._fetch_for(piece for file in job for piece in file.pieces)

    def _fetch_for(self, pieces: Iterable[Piece]) -> Fetch:
        wanted: dict[str, list[Range]] = {}
        for piece in pieces:
            for source in piece.sources[:1]:
                wanted.setdefault(source.path, []).append(Range(source.offset, source.stored))
        return self._copy.folder.begin_fetch(wanted, frugal=bool(self._wish.paths))

    def _hand_out(self, *, leaving: int = 0) -> None:
        """Hand out jobs whose objects are at hand, and those for which there is no more waiting."""
        while self._coming and (len(self._coming) > leaving or self._coming[0][2].is_done):
            job, load, fetch = self._coming.popleft()
            fetch.wait()
            self._fetched[job[0].number] = fetch
            self._pool.submit(job, apart=self._is_large, load=load)
            self._take()

    def _bring_back_alone(self, file: OutFile) -> None:
        """A file that is too large to lie in the spool as a whole: its pieces come and go."""
        self._submit()
        self._hand_out()
        self._take(everything=True)
        hand = WriterBack(self._copy.folder.way, LocalSignals(self._advance), self._some_at_a_time)
        try:
            for outcome in hand.take((file,)):
                self._book(outcome)
        finally:
            hand.close()

    def _some_at_a_time(self, pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
        """Pieces in order, those that follow on their way meanwhile."""
        coming: deque[tuple[tuple[Piece, ...], Fetch]] = deque()
        try:
            for some in [*_portions(pieces), ()]:
                if some:
                    coming.append((some, self._fetch_for(some)))
                if len(coming) > 1 or not some:
                    coming[0][1].wait()
                    yield coming[0][0]
                    self._copy.folder.let_go(coming.popleft()[1])
        finally:
            for _, fetch in coming:
                with contextlib.suppress(KnownError):
                    fetch.wait()
                self._copy.folder.let_go(fetch)

    def _take(self, *, everything: bool = False) -> None:
        for outcomes in self._pool.ready(everything=everything):
            self._stop_if_cancelled()
            for outcome in outcomes:
                self._book(outcome)
            fetch = self._fetched.pop(outcomes[0].number, None) if outcomes else None
            if fetch is not None:
                self._copy.folder.let_go(fetch)

    def _book(self, outcome: Outcome) -> None:
        path, file, _ = self._pending[outcome.number]
        if outcome.problem == "full":
            raise self._target.full()
        if outcome.problem == "twice":
            raise self._target.hostile(f"twice: {path}")
        if outcome.problem:
            self._bad.add(outcome.number)
            self._report.failed.append((path, outcome.problem, outcome.cause))
            return
        del self._pending[outcome.number]
        self._bad.discard(outcome.number)
        self._report.files += 1
        self._report.bytes += file.size
        self._target.count_lost(outcome.lost)

    def _retry_bad(self) -> None:
        """Contents that were bad where we looked may lie somewhere else as well."""
        bad = [self._pending[number] for number in sorted(self._bad)]
        wanted = {piece.sha for _, file, _ in bad for piece in file.pieces}
        if not wanted:
            return
        before = {sha: self._places.of(sha) for sha in wanted}
        self._places.find_others(wanted)
        again = [
            file._replace(
                pieces=tuple(p._replace(sources=self._places.of(p.sha)) for p in file.pieces)
            )
            for _, file, _ in bad
            if any(self._places.of(p.sha) != before[p.sha] for p in file.pieces)
        ]
        if again:
            retried = {self._pending[file.number][0] for file in again}
            self._report.failed = [f for f in self._report.failed if f[0] not in retried]
            self._copy.folder.fetch(
                source.path for file in again for piece in file.pieces for source in piece.sources
            )
            self._pool.submit(tuple(again), apart=False)
            self._take(everything=True)

    # -- telling ------------------------------------------------------------------------------

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise KnownError(Code.CANCELLED)

    def _advance(self, size: int) -> None:
        self._stop_if_cancelled()
        self._done_bytes += size
        self._listener.progress(files=self._report.files, size=self._done_bytes, current="")
