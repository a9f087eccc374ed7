"""The index of one copy: what the copy holds and what the source looked like then. Only a cache.

One row per folder carries all its entries as two blobs, so that an unchanged folder costs one
comparison of bytes and 500,000 files fit into 35 MB of memory (PROTOTYPE §1).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from core.store.database import (
    BrokenDatabase,
    Connection,
    Failure,
    is_broken,
    move_aside,
    open_database,
    open_for_reading,
    typed_failures,
)

_SCHEMA = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE folder (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE,
           stat BLOB NOT NULL, rows BLOB NOT NULL, liars INTEGER NOT NULL, read_at INTEGER NOT NULL,
           bytes INTEGER NOT NULL) STRICT""",
        "CREATE INDEX folder_by_read ON folder (read_at)",
        """CREATE TABLE content (sha BLOB PRIMARY KEY, run INTEGER NOT NULL, size INTEGER NOT NULL,
           path TEXT NOT NULL, offset INTEGER NOT NULL DEFAULT 0, stored INTEGER,
           packing TEXT NOT NULL DEFAULT 'roh', member TEXT NOT NULL DEFAULT '')
           STRICT, WITHOUT ROWID""",
        "CREATE INDEX large_content ON content (size) WHERE size >= 1048576",
        # Large files that lie in parts only: which parts make up the content of this sha256.
        """CREATE TABLE composite (sha BLOB PRIMARY KEY, size INTEGER NOT NULL, parts BLOB NOT NULL)
           STRICT, WITHOUT ROWID""",
        "CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        """CREATE TABLE state (run TEXT PRIMARY KEY, digest TEXT NOT NULL, record BLOB NOT NULL,
           pending INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE contents_file (run TEXT PRIMARY KEY, size INTEGER NOT NULL,
           sha256 TEXT NOT NULL, lines INTEGER NOT NULL, named INTEGER NOT NULL)
           STRICT, WITHOUT ROWID""",
        "CREATE TABLE data_folder (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
        """CREATE TABLE finished (path BLOB PRIMARY KEY, entry BLOB NOT NULL, kept BLOB NOT NULL)
           STRICT, WITHOUT ROWID""",
    ),
    (
        # What the last full list says of each folder that changed since; NULL: nothing.
        """CREATE TABLE base_folder (path BLOB PRIMARY KEY, stat BLOB, rows BLOB)
           STRICT, WITHOUT ROWID""",
        # When an object was last read from the medium and was what it should be (seconds, UTC).
        """CREATE TABLE read_back (sha BLOB PRIMARY KEY, at INTEGER NOT NULL)
           STRICT, WITHOUT ROWID""",
        # Contents found damaged or gone and not stored anew since.
        "CREATE TABLE lost (sha BLOB PRIMARY KEY) STRICT, WITHOUT ROWID",
    ),
)


DEVICE = "device"
"""Meta key: the lasting name of the device that the copy lies on."""
CLEAN_UP_PENDING = "clean_up_pending"
"""Meta key: the run of a clean-up whose record may be half written, empty when there is none."""


class Place(NamedTuple):
    """Where a content lies: `stored` bytes at `offset` of object `path` of run `run`."""

    run: int
    size: int
    path: str
    offset: int
    stored: int
    packing: str
    member: str


class FolderStat(NamedTuple):
    """What is needed to tell whether a folder changed.

    liars: 1 when it holds files whose times cannot be believed, 2 when all of it is to be reread.
    """

    stat: bytes
    liars: int
    read_at: int


class ChangedFolder(NamedTuple):
    """A folder as the last full list has it, and as it is now: (stat, rows), None where not."""

    path: bytes
    base: tuple[bytes, bytes] | None
    now: tuple[bytes, bytes] | None


class ReadState(NamedTuple):
    """Objects of one run that were read back, or those that never were.

    `oldest` and `newest` are the times of reading, 0 for never; `late`: bytes last read before some
    time that was asked for.
    """

    run: int
    objects: int
    bytes: int
    oldest: int
    newest: int
    late: int


class UnreadObject(NamedTuple):
    """An object and when it was last read back, 0 for never."""

    sha: bytes
    run: int
    size: int
    path: str
    read_at: int


class ContentsFile(NamedTuple):
    """An `inhalt.tsv.gz` as written."""

    run: str
    size: int
    sha256: str
    lines: int


ObjectRow = tuple[bytes, int, int, str]  # sha256, run, size, path: an object is a content itself
PartRow = tuple[bytes, int, int, str, int, int, str, str]  # … offset, stored, packing, member

_TABLES = (
    "meta", "folder", "content", "composite", "run", "state", "contents_file", "data_folder",
    "finished", "base_folder", "read_back",
)  # fmt: skip
_PLACE = "run, size, path, offset, COALESCE(stored, size), packing, member"


_OBJECTS = """SELECT content.sha, content.run, content.size, content.path,
 COALESCE(read_back.at, 0) FROM content LEFT JOIN read_back ON read_back.sha = content.sha
 WHERE content.stored IS NULL"""
_READ_STATES = """SELECT content.run, COUNT(*), SUM(content.size), COALESCE(MIN(read_back.at), 0),
 COALESCE(MAX(read_back.at), 0), SUM(CASE WHEN read_back.at < ? THEN content.size ELSE 0 END)
 FROM content LEFT JOIN read_back ON read_back.sha = content.sha
 WHERE content.stored IS NULL GROUP BY content.run, read_back.sha IS NULL"""


class CopyIndex:
    """The index file of one copy, opened by its only writer."""

    def __init__(self, path: Path, *, mark: str) -> None:
        """Open or make the index; a broken file is moved aside (`mark` names it) and made anew."""
        self.path = path
        self.was_broken = False
        self._has_base: bool | None = None
        try:
            self._base = open_database(path, _SCHEMA, durable=True, check=_look_at_small_tables)
        except BrokenDatabase:
            move_aside(path, mark)
            self.was_broken = True
            self._base = open_database(path, _SCHEMA, durable=True)

    def close(self) -> None:
        self._base.close()

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with typed_failures(self.path):
            return self._base.execute(statement, values).fetchall()

    def begin(self) -> None:
        """Start the one transaction of a run."""
        self._run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if self._base.in_transaction:
            self._run("COMMIT")

    def rollback(self) -> None:
        if self._base.in_transaction:
            self._run("ROLLBACK")
        self._has_base = None

    def clear(self) -> None:
        """Forget everything, to be rebuilt from the copy.

        Only what was found damaged stays known: names and sizes, from which an index is rebuilt,
        would not show it.
        """
        for table in _TABLES:
            self._run(f"DELETE FROM {table}")  # noqa: S608 - fixed names
        self._has_base = None

    # -- meta ---------------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        rows = self._run("SELECT value FROM meta WHERE key=?", (key,))
        return str(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value))

    # -- folders ------------------------------------------------------------------------------

    def folder_stat(self, path: bytes) -> FolderStat | None:
        row = self._base.execute(
            "SELECT stat, liars, read_at FROM folder WHERE path=?", (path,)
        ).fetchone()
        return FolderStat(row[0], row[1], row[2]) if row else None

    def folder_rows(self, path: bytes) -> bytes | None:
        rows = self._base.execute("SELECT rows FROM folder WHERE path=?", (path,)).fetchone()
        return bytes(rows[0]) if rows else None

    def put_folder(
        self,
        path: bytes,
        stat: bytes,
        rows: bytes,
        *,
        liars: bool,
        read_at: int,
        size: int,
        in_list: bool = True,
    ) -> None:
        """Remember a folder; `in_list` tells whether its lines in a list change with it."""
        with typed_failures(self.path):
            if in_list and self._is_based():
                self._keep_base([path])
            self._base.execute(
                "INSERT INTO folder (path, stat, rows, liars, read_at, bytes) VALUES (?,?,?,?,?,?)"
                " ON CONFLICT (path) DO UPDATE SET stat=excluded.stat, rows=excluded.rows,"
                " liars=excluded.liars, read_at=excluded.read_at, bytes=excluded.bytes",
                (path, stat, rows, int(liars), read_at, size),
            )

    def folders(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        """All folders as (path, stat, rows) in byte order of their paths."""
        cursor = self._base.execute("SELECT path, stat, rows FROM folder ORDER BY path")
        yield from cursor

    def folder_paths(self) -> Iterator[bytes]:
        for row in self._base.execute("SELECT path FROM folder"):
            yield row[0]

    def count_folders(self) -> int:
        return _number(self._run("SELECT COUNT(*) FROM folder"))

    def drop_folders(self, paths: Collection[bytes]) -> None:
        with typed_failures(self.path):
            if self._is_based():
                self._keep_base(paths)
            self._base.executemany("DELETE FROM folder WHERE path=?", ((path,) for path in paths))

    def longest_unread(self, before: int) -> Iterator[tuple[bytes, int, int]]:
        """Folders not read since `before` as (path, read_at, bytes), longest unread first."""
        yield from self._base.execute(
            "SELECT path, read_at, bytes FROM folder WHERE read_at < ? AND bytes > 0"
            " ORDER BY read_at",
            (before,),
        )

    def total_bytes(self) -> int:
        return _number(self._run("SELECT COALESCE(SUM(bytes),0) FROM folder"))

    def bytes_by_root(self) -> dict[bytes, int]:
        """The bytes of each source folder, by its short name."""
        rows = self._run(
            "SELECT CAST(CASE instr(path, x'2f') WHEN 0 THEN path"
            " ELSE substr(path, 1, instr(path, x'2f') - 1) END AS BLOB) AS root, SUM(bytes)"
            " FROM folder GROUP BY root"
        )
        return {bytes(root): int(total) for root, total in rows}  # type: ignore[call-overload]  # SQLite's own types

    def reread(self, paths: Iterable[bytes]) -> None:
        """Make the next run read these folders anew, whatever their facts say."""
        with typed_failures(self.path):
            self._base.executemany(
                "UPDATE folder SET liars=2, read_at=0 WHERE path=?", ((path,) for path in paths)
            )

    # -- what changed since the last full list ------------------------------------------------

    def base(self) -> str | None:
        """What `set_base` was given last, None when there is no full list to lean on."""
        return self.meta("base") or None

    def _is_based(self) -> bool:
        if self._has_base is None:
            self._has_base = self.base() is not None
        return self._has_base

    def set_base(self, facts: str, *, anew: bool) -> None:
        """Remember the full list that later ones are a difference to.

        `anew`: it says what the index says now; empty `facts`: there is none any more.
        """
        self.set_meta("base", facts)
        self._has_base = None
        if anew or not facts:
            self._run("DELETE FROM base_folder")

    def _keep_base(self, paths: Iterable[bytes]) -> None:
        self._base.executemany(
            "INSERT OR IGNORE INTO base_folder SELECT ?1,"
            " (SELECT stat FROM folder WHERE path=?1), (SELECT rows FROM folder WHERE path=?1)",
            ((path,) for path in paths),
        )

    def changed_folders(self) -> Iterator[ChangedFolder]:
        """Folders whose lines may differ from those in the last full list, in byte order."""
        for path, *old, stat, rows in self._base.execute(
            "SELECT b.path, b.stat, b.rows, f.stat, f.rows FROM base_folder b"
            " LEFT JOIN folder f ON f.path=b.path ORDER BY b.path"
        ):
            yield ChangedFolder(
                path,
                (old[0], old[1]) if old[0] is not None else None,
                (stat, rows) if stat is not None else None,
            )

    # -- contents -----------------------------------------------------------------------------

    def content(self, sha: bytes) -> Place | None:
        row = self._base.execute(
            f"SELECT {_PLACE} FROM content WHERE sha=?",  # noqa: S608 - fixed columns
            (sha,),
        ).fetchone()
        return Place(*row) if row else None

    def add_objects(self, rows: Sequence[ObjectRow]) -> int:
        """Add objects as contents, leaving those already known; returns how many were new."""
        with typed_failures(self.path):
            before = self._base.total_changes
            self._base.executemany(
                "INSERT OR IGNORE INTO content (sha, run, size, path) VALUES (?,?,?,?)", rows
            )
            return self._base.total_changes - before

    def add_parts(self, rows: Sequence[PartRow]) -> None:
        """Add contents that lie inside objects, leaving those already known."""
        with typed_failures(self.path):
            self._base.executemany("INSERT OR IGNORE INTO content VALUES (?,?,?,?,?,?,?,?)", rows)

    def drop_contents(self, shas: Iterable[bytes]) -> None:
        with typed_failures(self.path):
            gone = [(sha,) for sha in shas]
            self._base.executemany("DELETE FROM content WHERE sha=?", gone)
            self._base.executemany("DELETE FROM read_back WHERE sha=?", gone)
            self._base.execute("DELETE FROM composite")  # one of them may have lost a part

    def has_contents(self) -> bool:
        return bool(self._run("SELECT 1 FROM content LIMIT 1"))

    def has_large(self, size: int) -> bool:
        """Whether a stored content of 1 MiB or more has exactly this size."""
        return bool(
            self._run("SELECT 1 FROM content WHERE size=? AND size >= 1048576", (size,))
            or self._run("SELECT 1 FROM composite WHERE size=?", (size,))
        )

    def add_composite(self, sha: bytes, size: int, parts: bytes) -> None:
        """Remember which parts make up a large file (`parts` as packed by the engine)."""
        self._run("INSERT OR REPLACE INTO composite VALUES (?,?,?)", (sha, size, parts))

    def is_composite(self, sha: bytes) -> bool:
        """Whether this is a large file that lies there in parts."""
        return bool(self._run("SELECT 1 FROM composite WHERE sha=?", (sha,)))

    def all_contents(self) -> Iterator[tuple[bytes, Place]]:
        """Every content with its place."""
        for row in self._base.execute(
            f"SELECT sha, {_PLACE} FROM content"  # noqa: S608 - fixed columns
        ):
            yield row[0], Place(*row[1:])

    def contents_of(self, run: int) -> Iterator[tuple[bytes, Place]]:
        """Every content placed in one run, by object and offset. Looks through all there are."""
        for row in self._base.execute(
            f"SELECT sha, {_PLACE} FROM content WHERE run=? ORDER BY path, offset",  # noqa: S608
            (run,),
        ):
            yield row[0], Place(*row[1:])

    def parts_in(self, place: Place) -> int:
        """How many contents lie in the object of `place`, itself included. Looks through all."""
        return _number(
            self._run(
                "SELECT COUNT(*) FROM content WHERE run=? AND path=?", (place.run, place.path)
            )
        )

    def random_contents(self, count: int) -> list[tuple[bytes, Place]]:
        """Contents picked at random, without reading the whole table."""
        found: dict[bytes, Place] = {}
        for _ in range(count):
            row = self._base.execute(
                f"SELECT sha, {_PLACE} FROM content"  # noqa: S608 - fixed columns
                " WHERE sha >= ? ORDER BY sha LIMIT 1",
                (os.urandom(32),),
            ).fetchone()
            if row:
                found[row[0]] = Place(*row[1:])
        return list(found.items())

    # -- reading back ---------------------------------------------------------------------------
    # Objects are the rows of `content` that say nothing of `stored`; the others lie inside them.

    def note_read_back(self, shas: Iterable[bytes], at: int) -> None:
        """These objects were read from the medium at this time and are sound."""
        with typed_failures(self.path):
            self._base.executemany(
                "INSERT OR REPLACE INTO read_back SELECT sha, ? FROM content WHERE sha=?",
                ((at, sha) for sha in shas),
            )

    def never_read(self, most: int | None = None) -> Iterator[UnreadObject]:
        """Objects that were never read back, by the numbers of their runs."""
        return self._objects("read_back.sha IS NULL", "content.run", most)

    def longest_not_read(self, most: int | None = None) -> Iterator[UnreadObject]:
        """Objects that were read back, the longest unread first."""
        return self._objects("read_back.sha IS NOT NULL", "read_back.at", most)

    def _objects(self, which: str, order: str, most: int | None) -> Iterator[UnreadObject]:
        statement = f"{_OBJECTS} AND {which} ORDER BY {order} LIMIT ?"
        cursor = self._base.execute(statement, (-1 if most is None else most,))
        for row in cursor:
            yield UnreadObject(*row)

    def in_object(
        self, run: int, path: str
    ) -> Iterator[tuple[bytes, int, int, int | None, str, str]]:
        """The contents in an object as (sha, size, offset, stored, packing, member), by offset.

        Of the object itself `stored` is None. Looks through all there are.
        """
        yield from self._base.execute(
            "SELECT sha, size, offset, stored, packing, member FROM content"
            " WHERE run=? AND path=? ORDER BY offset",
            (run, path),
        )

    def read_states(self, before: int) -> list[ReadState]:
        """How much of each run was read back and when; `late`: what was last read before then."""
        rows = self._run(_READ_STATES, (before,))
        return [ReadState(*row) for row in rows]  # type: ignore[arg-type]

    def object_bytes(self) -> int:
        return _number(self._run("SELECT COALESCE(SUM(size),0) FROM content WHERE stored IS NULL"))

    # -- what was lost --------------------------------------------------------------------------

    def lost(self) -> set[bytes]:
        """Contents known to be damaged or gone, and nowhere stored anew."""
        return {bytes(row[0]) for row in self._run("SELECT sha FROM lost")}  # type: ignore[call-overload]

    def add_lost(self, shas: Iterable[bytes]) -> None:
        with typed_failures(self.path):
            self._base.executemany(
                "INSERT OR IGNORE INTO lost VALUES (?)", ((sha,) for sha in shas)
            )

    def set_lost(self, shas: Iterable[bytes]) -> None:
        """All that is lost, as a whole verification found it."""
        self._run("DELETE FROM lost")
        self.add_lost(shas)

    def forget_found(self) -> None:
        """What has a place again is not lost any more."""
        self._run("DELETE FROM lost WHERE sha IN (SELECT sha FROM content)")

    # -- runs and states ----------------------------------------------------------------------

    def run_id(self, name: str) -> int:
        """A small number for a run's name."""
        self._run("INSERT OR IGNORE INTO run (name) VALUES (?)", (name,))
        return _number(self._run("SELECT id FROM run WHERE name=?", (name,)))

    def run_names(self) -> dict[int, str]:
        return {int(str(row[0])): str(row[1]) for row in self._run("SELECT id, name FROM run")}

    def forget_unused(self, runs: Collection[int]) -> None:
        """Forget runs by whose number neither a content nor, as `runs` says, a folder names
        anything, and when contents were read that are no longer known."""
        with typed_failures(self.path):
            used = {row[0] for row in self._base.execute("SELECT DISTINCT run FROM content")}
            used.update(runs)
            gone = [row for row in self._base.execute("SELECT id FROM run") if row[0] not in used]
            self._base.executemany("DELETE FROM run WHERE id=?", gone)
            self._base.execute("DELETE FROM read_back WHERE sha NOT IN (SELECT sha FROM content)")

    def remembered_rows(self) -> Iterator[bytes]:
        """The rows of every folder, as they are and as the last full list has them."""
        for row in self._base.execute(
            "SELECT rows FROM folder UNION ALL SELECT rows FROM base_folder WHERE rows IS NOT NULL"
        ):
            yield row[0]

    def states(self) -> list[tuple[str, str, bytes, bool]]:
        """Known states as (run, digest, record line, pending)."""
        return [
            (str(run), str(digest), bytes(record), bool(pending))  # type: ignore[call-overload]
            for run, digest, record, pending in self._run(
                "SELECT run, digest, record, pending FROM state"
            )
        ]

    def put_state(self, run: str, digest: str, record: bytes, *, pending: bool) -> None:
        self._run(
            "INSERT OR REPLACE INTO state VALUES (?,?,?,?)", (run, digest, record, int(pending))
        )

    def drop_state(self, run: str) -> None:
        self._run("DELETE FROM state WHERE run=?", (run,))

    def broken_records(self) -> set[str]:
        """Runs whose record at the copy is known to be damaged: no reason to rebuild again."""
        return set((self.meta("broken_records") or "").split())

    def note_broken_record(self, run: str) -> None:
        self.set_meta("broken_records", " ".join(sorted({*self.broken_records(), run})))

    def forget_broken_record(self, run: str) -> None:
        self.set_meta("broken_records", " ".join(sorted(self.broken_records() - {run})))

    def suspects(self) -> set[str]:
        """Paths at the copy (records, lists, `inhalt` files) known or feared to be damaged."""
        return set((self.meta("suspects") or "").split())

    def set_suspects(self, paths: Iterable[str]) -> None:
        self.set_meta("suspects", " ".join(sorted(paths)))

    def clean_ups(self) -> dict[str, str]:
        """Clean-up records at the copy: run → the line of the record, empty for a broken one."""
        pairs = (text.partition(" ") for text in (self.meta("clean_ups") or "").split("\n"))
        return {run: line for run, _, line in pairs if run}

    def set_clean_ups(self, records: Mapping[str, str]) -> None:
        """Remember which clean-up records lie there."""
        self.set_meta("clean_ups", "\n".join(f"{run} {line}" for run, line in records.items()))

    def drop_objects(self, rows: Iterable[tuple[bytes, int, str]]) -> None:
        """Forget contents where they lie in an object that goes: (sha256, run, path of object).

        Large files that lie in parts are cut anew when they are met again: a part may be gone.
        """
        with typed_failures(self.path):
            self._base.executemany("DELETE FROM content WHERE sha=? AND run=? AND path=?", rows)
        self._run("DELETE FROM composite")

    def drop_run(self, name: str) -> None:
        """Forget the folder of a run and its `inhalt`."""
        self._run("DELETE FROM contents_file WHERE run=?", (name,))
        self._run("DELETE FROM data_folder WHERE name=?", (name,))

    def put_contents_file(self, file: ContentsFile, *, named: bool) -> None:
        self._run("INSERT OR REPLACE INTO contents_file VALUES (?,?,?,?,?)", (*file, int(named)))

    def contents_files(self) -> list[ContentsFile]:
        """Every `inhalt` as it has to be at the copy."""
        return self._contents_files("named IN (0, 1)")

    def unnamed_contents_files(self) -> list[ContentsFile]:
        """`inhalt` files that no record names yet."""
        return self._contents_files("named=0")

    def _contents_files(self, which: str) -> list[ContentsFile]:
        statement = f"SELECT run, size, sha256, lines FROM contents_file WHERE {which}"  # noqa: S608
        return [
            ContentsFile(str(row[0]), int(str(row[1])), str(row[2]), int(str(row[3])))
            for row in self._run(statement)
        ]

    def is_named(self, run: str) -> bool:
        """Whether a record names the `inhalt` of this run: then it is never touched again."""
        return bool(self._run("SELECT 1 FROM contents_file WHERE run=? AND named=1", (run,)))

    def name_contents_files(self) -> None:
        self._run("UPDATE contents_file SET named=1")

    def data_folders(self) -> set[str]:
        return {str(row[0]) for row in self._run("SELECT name FROM data_folder")}

    def add_data_folder(self, name: str) -> None:
        self._run("INSERT OR IGNORE INTO data_folder VALUES (?)", (name,))

    # -- resuming -----------------------------------------------------------------------------

    def add_finished(self, rows: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        """Remember files that an interrupted run had read: (path, entry, kept)."""
        with typed_failures(self.path):
            self._base.executemany("INSERT OR REPLACE INTO finished VALUES (?,?,?)", rows)

    def finished(self, path: bytes) -> tuple[bytes, bytes] | None:
        row = self._base.execute(
            "SELECT entry, kept FROM finished WHERE path=?", (path,)
        ).fetchone()
        return (bytes(row[0]), bytes(row[1])) if row else None

    def has_finished(self) -> bool:
        return bool(self._run("SELECT 1 FROM finished LIMIT 1"))

    def clear_finished(self) -> None:
        self._run("DELETE FROM finished")


class IndexView(CopyIndex):
    """The index for a short look beside the one who writes it; it is never made or moved aside.

    What cannot be read raises `KnownError` or a failure that `is_broken` knows, when it is asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_broken = False
        self._base = open_for_reading(path)

    @property
    def is_begun(self) -> bool:
        """Whether there are tables: another process may just be making it."""
        return _number(self._run("PRAGMA user_version")) > 0

    @property
    def is_current(self) -> bool:
        """Whether all tables are there: an older program's index is brought up when it is used."""
        return _number(self._run("PRAGMA user_version")) == len(_SCHEMA)


class KnownContents:
    """A read-only look into the index from a reading process: is this content already there?"""

    def __init__(self, path: Path) -> None:
        self._base: Connection = open_for_reading(path)

    def run_of(self, sha: bytes) -> int | None:
        """The number of the run that stored `sha`, None when it is not there."""
        try:
            row = self._base.execute("SELECT run FROM content WHERE sha=?", (sha,)).fetchone()
        except Failure as error:
            if is_broken(error):
                return None  # stored anew; the run itself meets the damage and mends it
            raise
        return row[0] if row else None

    def parts_of(self, sha: bytes) -> bytes | None:
        """The packed parts of a large file that is not stored in one piece."""
        row = self._base.execute("SELECT parts FROM composite WHERE sha=?", (sha,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        self._base.close()


def _look_at_small_tables(base: Connection) -> None:
    """Notice damage before a run relies on it; the large tables show theirs when used."""
    for table in ("meta", "run", "state", "contents_file", "data_folder"):
        base.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - fixed names above


def _number(rows: list[tuple[object, ...]]) -> int:
    return int(str(rows[0][0]))
