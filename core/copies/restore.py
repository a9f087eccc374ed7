"""Restore: a state, or what is asked of it, into an empty folder; never over live data.

Folders first, then files by exclusive create, hard links and links last, folder times at the very
end (format §9); every byte is hash-checked. Nothing is written outside the target, whatever a
list says.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from core.copies import owners, percent
from core.copies.batches import Signals
from core.copies.copy_folder import CopyFolder, State
from core.copies.events import Listener
from core.copies.names import stored_names
from core.copies.places import Places
from core.copies.pool import (
    START_PROCESSES_FROM_BYTES,
    START_PROCESSES_FROM_FILES,
    Pool,
    workers,
)
from core.copies.rebuild import OWN_FOLDER
from core.copies.rows import (
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
from core.copies.writing_back import Outcome, OutFile, OutJob, Piece, WriterBack, give_back_facts
from core.errors import Code, KnownError
from core.sources.patterns import translate

_JOB_FILES = 256
_JOB_BYTES = 8 * 1024 * 1024
_WRONG_ON_WINDOWS = b'a:b"c\n.'


@dataclass(slots=True)
class Report:
    """What a restore did. lost: what the target could not take back, and how often."""

    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    links_as_text: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to restore. paths: globs or folders (empty: all); keep_links: outward ones too."""

    paths: tuple[str, ...] = ()
    keep_links: bool = False


def selector(paths: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a true path is asked for: it or a folder above it meets one of the globs."""
    if not paths:
        return lambda path: path.partition(b"/")[0] != OWN_FOLDER
    import re

    deep = [p.strip("/") for p in paths if "/" in p.strip("/")]
    flat = [p.strip("/") for p in paths if "/" not in p.strip("/")]
    forms = [translate(p) for p in deep] + [rb"(?:.*/)?" + translate(p) for p in flat]
    meets = re.compile(rb"(?:" + rb"|".join(forms) + rb")(?:/.*)?", re.DOTALL).fullmatch
    return lambda path: bool(meets(path))


def check_target(into: Path) -> None:
    """The target must be an empty folder or not be there yet."""
    try:
        if into.is_symlink() or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
            raise KnownError(Code.TARGET_NOT_EMPTY, path=str(into))
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.TARGET_REFUSED, path=str(into), cause=cause) from error


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


@dataclass(slots=True)
class _Folder:
    target: bytes
    row: FolderRow


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
        self._into = os.fsencode(into.absolute())
        self._wish = wish
        self._listener = listener
        self._cancelled = cancelled
        self._selects = selector(wish.paths)
        self._places = Places(copy, [state, *reversed(states)])
        self._report = Report()
        self._header: Header | None = None
        self._made: dict[bytes, bytes] = {b"": self._into}
        self._folder_rows: dict[bytes, FolderRow] = {}
        self._folders_done: list[_Folder] = []
        self._hard: dict[str, tuple[bytes, int]] = {}
        self._hard_later: list[tuple[bytes, str, FileRow]] = []
        self._links_later: list[tuple[bytes, bytes, LinkRow]] = []
        self._pending: dict[int, tuple[str, OutFile, FileRow]] = {}
        self._bad: set[int] = set()
        self._safe_names = False
        self._job: list[OutFile] = []
        self._job_bytes = 0
        self._ordered_files = 0
        self._ordered_bytes = 0
        self._done_bytes = 0
        self._numbers = 0

    def run(self) -> Report:
        self._listener.phase("restore", system=self._state.record.system, destination="")
        wanted, hints = self._survey()
        self._places.find(wanted, hints)
        self._make_target()
        self._pool: Pool[OutJob, tuple[Outcome, ...]] = Pool(
            _make_hand,
            str(self._copy.folder.root),
            types=(OutJob, tuple[Outcome, ...]),
            advance=self._advance,
            workers=workers(),
        )
        try:
            self._write_all()
        except BaseException:
            self._pool.cancel()
            raise
        finally:
            self._pool.close()
        return self._report

    # -- what is asked for --------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[Row, list[PartRow]]]:
        return _rows_with_parts(self._copy.rows(self._state.record))

    def _hostile(self, what: str) -> KnownError:
        return KnownError(Code.COPY_HOSTILE, path=str(self._copy.folder.root), what=what)

    def _survey(self) -> tuple[set[bytes], set[str]]:
        """First look at the list: which contents are needed, is all of it fit to be written?"""
        wanted: set[bytes] = set()
        hints: set[str] = set()
        met = False
        for row, parts in self._rows():
            if isinstance(row, Header):
                self._header = row
                continue
            true = self._true_path(row)
            if not self._selects(true):
                continue
            met = True
            if isinstance(row, FileRow):
                for sha256, run in [(p.sha256, p.run) for p in parts] or [(row.sha256, row.run)]:
                    wanted.add(self._sha(sha256))
                    hints.add(run)
        if not met:
            raise KnownError(
                Code.PATH_NOT_FOUND,
                path=", ".join(self._wish.paths) or "*",
                system=self._state.record.system,
            )
        return wanted, hints

    def _true_path(self, row: Row) -> bytes:
        try:
            if isinstance(row, Header | PartRow):
                raise Hostile("row out of place")
            if isinstance(row, FileRow | FolderRow | LinkRow):
                mode_bits(row.mode)
            return b"/".join(path_segments(row.path))
        except Hostile as error:
            raise self._hostile(str(error)) from error

    def _sha(self, text: str) -> bytes:
        try:
            sha = bytes.fromhex(text)
        except ValueError as error:
            raise self._hostile("sha256") from error
        if len(sha) != 32:
            raise self._hostile("sha256")
        return sha

    # -- the target ---------------------------------------------------------------------------

    def _make_target(self) -> None:
        try:
            os.makedirs(self._into, mode=0o700, exist_ok=True)
            self._safe_names = _needs_safe_names(self._into)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> KnownError:
        if error.errno in (28, 122):
            return KnownError(Code.TARGET_FULL, path=os.fsdecode(self._into))
        cause = error.strerror or str(error)
        return KnownError(Code.TARGET_REFUSED, path=os.fsdecode(self._into), cause=cause)

    # -- writing ------------------------------------------------------------------------------

    def _write_all(self) -> None:
        def parent(pair: tuple[Row, list[PartRow]]) -> str:
            row = pair[0]
            return "" if isinstance(row, Header | PartRow) else row.path.rpartition("/")[0]

        for folder, group in groupby(self._rows(), key=parent):
            self._write_folder(percent.decode(folder), list(group))
        self._submit()
        self._take(everything=True)
        self._retry_bad()
        self._make_hard_links()
        self._make_links()
        self._finish_folders()

    def _write_folder(self, folder: bytes, rows: list[tuple[Row, list[PartRow]]]) -> None:
        chosen = []
        for row, parts in rows:
            if isinstance(row, Header | PartRow):
                continue
            true = self._true_path(row)
            if isinstance(row, FolderRow):
                self._folder_rows[true] = row
            if self._selects(true):
                chosen.append((true, row, parts))
        if not chosen:
            return
        targets = self._target_names(folder, [true for true, _, _ in chosen])
        for true, row, parts in chosen:
            self._stop_if_cancelled()
            if isinstance(row, SkippedRow):
                self._report.skipped.append((row.path, row.reason))
            elif isinstance(row, FolderRow):
                self._make_folder(true, targets[true])
            elif isinstance(row, LinkRow):
                self._links_later.append((true, targets[true], row))
            else:
                self._order_file(true, targets[true], row, parts)

    def _target_names(self, folder: bytes, trues: list[bytes]) -> dict[bytes, bytes]:
        """Where each entry goes: its true name, or a safe one where the target needs it."""
        above = self._folder_target(folder)
        names = {true: true.rpartition(b"/")[2] for true in trues}
        if not self._safe_names:
            return {true: os.path.join(above, name) for true, name in names.items()}
        safe = stored_names(set(names.values()))
        for true, name in names.items():
            if os.fsencode(safe[name]) != name:
                shown = percent.encode(true)
                self._report.renamed.append((shown, safe[name]))
        return {true: os.path.join(above, os.fsencode(safe[name])) for true, name in names.items()}

    def _folder_target(self, folder: bytes) -> bytes:
        if folder not in self._made:
            above = folder.rpartition(b"/")[0]
            target = self._target_names(above, [folder])[folder]
            self._make_folder(folder, target)
        return self._made[folder]

    def _make_folder(self, true: bytes, target: bytes) -> None:
        if true in self._made:
            return
        self._folder_target(true.rpartition(b"/")[0])
        try:
            os.mkdir(target, 0o700)
        except FileExistsError as error:
            raise self._hostile(f"twice: {percent.encode(true)}") from error
        except OSError as error:
            raise self._refused(error) from error
        self._made[true] = target
        self._report.folders += 1
        row = self._folder_rows.get(true)
        if row is not None:
            self._folders_done.append(_Folder(target, row))

    def _order_file(self, true: bytes, target: bytes, row: FileRow, parts: list[PartRow]) -> None:
        if row.hard_link is not None:
            key = f"{true.partition(b'/')[0].hex()}/{row.hard_link}"
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
            self._owner(row),
            row.xattrs,
            row.sparse,
        )
        self._pending[self._numbers] = (row.path, file, row)
        self._job.append(file)
        self._job_bytes += row.size
        if len(self._job) >= _JOB_FILES or self._job_bytes >= _JOB_BYTES:
            self._submit()
            self._take()

    def _owner(self, row: FileRow | FolderRow | LinkRow) -> tuple[int, int] | None:
        """Whose it was, when this user may give files away and the names are known here."""
        if not hasattr(os, "geteuid") or os.geteuid() != 0 or self._header is None:
            return None
        user = owners.user_number(row.owner or self._header.owner)
        group = owners.group_number(row.group or self._header.group)
        if user is None or group is None:
            self._count_lost(("owner",))
            return None
        return (user, group)

    # -- jobs ---------------------------------------------------------------------------------

    def _submit(self) -> None:
        if not self._job:
            return
        self._ordered_files += len(self._job)
        self._ordered_bytes += self._job_bytes
        apart = (
            self._ordered_files > START_PROCESSES_FROM_FILES
            or self._ordered_bytes > START_PROCESSES_FROM_BYTES
        )
        job, self._job, self._job_bytes = tuple(self._job), [], 0
        self._pool.submit(job, apart=apart)

    def _take(self, *, everything: bool = False) -> None:
        for outcomes in self._pool.ready(everything=everything):
            self._stop_if_cancelled()
            for outcome in outcomes:
                self._book(outcome)

    def _book(self, outcome: Outcome) -> None:
        path, file, _ = self._pending[outcome.number]
        if outcome.problem == "full":
            raise KnownError(Code.TARGET_FULL, path=os.fsdecode(self._into))
        if outcome.problem == "twice":
            raise self._hostile(f"twice: {path}")
        if outcome.problem:
            self._bad.add(outcome.number)
            self._report.failed.append((path, outcome.problem, outcome.cause))
            return
        del self._pending[outcome.number]
        self._report.files += 1
        self._report.bytes += file.size
        self._count_lost(outcome.lost)

    def _count_lost(self, lost: tuple[str, ...]) -> None:
        for what in lost:
            self._report.lost[what] = self._report.lost.get(what, 0) + 1

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
            self._pool.submit(tuple(again), apart=False)
            self._take(everything=True)

    # -- what comes last ----------------------------------------------------------------------

    def _make_hard_links(self) -> None:
        for target, key, row in self._hard_later:
            first, number = self._hard[key]
            if number in self._bad:
                self._report.failed.append((row.path, "damaged", "hard link"))
                continue
            try:
                os.link(first, target, follow_symlinks=False)
            except (OSError, NotImplementedError):
                self._count_lost(("hard_link",))
                self._copy_instead(first, target)
            self._report.files += 1
            self._report.bytes += row.size

    def _copy_instead(self, first: bytes, target: bytes) -> None:
        import shutil

        try:
            shutil.copy2(first, target, follow_symlinks=False)
        except OSError as error:
            raise self._refused(error) from error

    def _make_links(self) -> None:
        for true, target, row in self._links_later:
            link = percent.decode(row.target)
            if not self._wish.keep_links and _leads_out(true, link):
                self._link_as_text(target, link, row)
                continue
            try:
                os.symlink(link, target)
            except FileExistsError as error:
                raise self._hostile(f"twice: {row.path}") from error
            except (OSError, NotImplementedError):
                self._link_as_text(target, link, row)
                continue
            self._report.links += 1
            owner = self._owner(row)
            try:
                if owner is not None and sys.platform != "win32":
                    os.chown(target, *owner, follow_symlinks=False)
                os.utime(target, ns=(row.mtime_ns, row.mtime_ns), follow_symlinks=False)
            except (OSError, NotImplementedError):
                self._count_lost(("mtime",))

    def _link_as_text(self, target: bytes, link: bytes, row: LinkRow) -> None:
        """An outward link could lead a program astray: it comes back as a note of where it led."""
        try:
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(fd, link + b"\n")
            finally:
                os.close(fd)
        except FileExistsError as error:
            raise self._hostile(f"twice: {row.path}") from error
        except OSError as error:
            raise self._refused(error) from error
        self._report.links_as_text.append(row.path)

    def _finish_folders(self) -> None:
        for folder in reversed(self._folders_done):
            row = folder.row
            lost = give_back_facts(
                folder.target,
                mode=mode_bits(row.mode),
                owner=self._owner(row),
                xattrs=row.xattrs,
                mtime_ns=row.mtime_ns,
            )
            self._count_lost(lost)

    # -- telling ------------------------------------------------------------------------------

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise KnownError(Code.CANCELLED)

    def _advance(self, size: int) -> None:
        self._done_bytes += size
        self._listener.progress(files=self._report.files, size=self._done_bytes, current="")


def _make_hand(root: str, signals: Signals) -> WriterBack:
    return WriterBack(root, signals)


def _leads_out(true: bytes, link: bytes) -> bool:
    """Whether a link at `true` leads out of the restored folders (or is absolute)."""
    if link.startswith((b"/", b"\\")) or link[1:2] == b":":
        return True
    depth = len(true.split(b"/")) - 1
    for part in link.split(b"/"):
        if part == b"..":
            depth -= 1
        elif part not in (b"", b"."):
            depth += 1
        if depth < 0:
            return True
    return False


def _needs_safe_names(folder: bytes) -> bool:
    """Whether the target would refuse or fold together names that others can hold."""
    probe = os.path.join(folder, b".lt-probe")
    fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(fd)
    try:
        if os.path.exists(os.path.join(folder, b".LT-PROBE")):
            return True
    finally:
        os.unlink(probe)
    strange = os.path.join(folder, _WRONG_ON_WINDOWS)
    try:
        fd = os.open(strange, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(fd)
        found = stat.S_ISREG(os.lstat(strange).st_mode)
        os.unlink(strange)
    except OSError:
        return True
    return not found
