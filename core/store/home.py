"""The home's own database: runs, known copies, lasting short names, proofs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from core.clock import Clock, parse_stamp, stamp
from core.store.database import (
    BrokenDatabase,
    check_whole,
    move_aside,
    open_database,
    open_for_reading,
    typed_failures,
)
from core.store.events import SCHEMA as EVENTS_SCHEMA
from core.store.events import EventLog

_SCHEMA = (
    (
        """CREATE TABLE copy (system TEXT NOT NULL, destination TEXT NOT NULL, vault TEXT NOT NULL,
           PRIMARY KEY (system, destination)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE run (id INTEGER PRIMARY KEY, system TEXT NOT NULL,
           destination TEXT NOT NULL, run TEXT NOT NULL, began TEXT NOT NULL, ended TEXT NOT NULL,
           status TEXT NOT NULL, code TEXT NOT NULL, files INTEGER NOT NULL,
           bytes INTEGER NOT NULL, new_bytes INTEGER NOT NULL, skipped INTEGER NOT NULL) STRICT""",
        "CREATE INDEX run_by_copy ON run (system, destination, ended)",
        """CREATE TABLE short_name (system TEXT NOT NULL, path BLOB NOT NULL, name TEXT NOT NULL,
           PRIMARY KEY (system, path)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE proof (id TEXT PRIMARY KEY, at TEXT NOT NULL, system TEXT NOT NULL,
           destination TEXT NOT NULL, kind TEXT NOT NULL, result TEXT NOT NULL,
           state TEXT NOT NULL, detail TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    ),
    ("ALTER TABLE copy ADD COLUMN laid_out INTEGER NOT NULL DEFAULT 1",),
    (
        """CREATE TABLE sheet_print (mark TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL,
           place TEXT NOT NULL, PRIMARY KEY (mark, number)) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE gate (system TEXT PRIMARY KEY, since TEXT NOT NULL, rule TEXT NOT NULL,
           question BLOB NOT NULL, digest TEXT NOT NULL, base TEXT NOT NULL,
           answered TEXT NOT NULL, reminded TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE gate_change (id INTEGER PRIMARY KEY, system TEXT NOT NULL, at TEXT NOT NULL,
           files BLOB NOT NULL) STRICT""",
        """CREATE TABLE suspect_state (system TEXT NOT NULL, destination TEXT NOT NULL,
           run TEXT NOT NULL, PRIMARY KEY (system, destination, run)) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE event (id INTEGER PRIMARY KEY, code TEXT NOT NULL, severity TEXT NOT NULL,
           system TEXT NOT NULL, destination TEXT NOT NULL, since TEXT NOT NULL,
           noticed TEXT NOT NULL, ended TEXT NOT NULL, params TEXT NOT NULL) STRICT""",
        "CREATE INDEX event_open ON event (ended, code)",
        "CREATE INDEX run_newest ON run (system, destination, id)",
        """CREATE TABLE disk (destination TEXT PRIMARY KEY, volume TEXT NOT NULL,
           attached TEXT NOT NULL, detached TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    ),
    EVENTS_SCHEMA,
    (
        """CREATE TABLE pace (system TEXT NOT NULL, destination TEXT NOT NULL, at TEXT NOT NULL,
           bytes INTEGER NOT NULL, seconds REAL NOT NULL,
           PRIMARY KEY (system, destination)) STRICT, WITHOUT ROWID""",
    ),
)


GOOD = ("COMMITTED", "UNCHANGED")
"""How a run ends that made a state."""


class RunRow(NamedTuple):
    """One run at one copy.

    status: RUNNING, COMMITTED, UNCHANGED, PARTIAL, FAILED, CANCELLED, INTERRUPTED, HELD (by the
    anomaly gate: nothing was touched).
    """

    system: str
    destination: str
    run: str
    began: str
    ended: str
    status: str
    code: str
    files: int
    bytes: int
    new_bytes: int
    skipped: int


class Proof(NamedTuple):
    """Something that was shown to be so. kind: `verified`, `restored`, `sheet`, `canary`.

    A `sheet` belongs to no system, and to a destination only when that has a key of its own;
    `detail` is the mark of the pair that was typed off. A `canary` (result `placed` or `given_up`)
    belongs to no destination: `state` is its sha256, `detail` its path within the system.
    """

    id: str
    at: str
    system: str
    destination: str
    kind: str
    result: str
    state: str
    detail: str


class Pace(NamedTuple):
    """How fast something last came back out of a copy: so many bytes in so many seconds."""

    system: str
    destination: str
    at: str
    bytes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds


class Event(NamedTuple):
    """Something a person may have to know, for as long as it lasts.

    severity: `info`, `warning` or `alarm`. since: when it began, noticed: when we saw it; ended: ''
    while it lasts. params: JSON, for its sentence. At most one of a code lasts for one copy.
    """

    code: str
    severity: str
    system: str
    destination: str
    since: str
    noticed: str
    ended: str
    params: str


class DiskRow(NamedTuple):
    """A disk that comes and goes: its volume's lasting name, when it last came and last went.

    Times are ours, '' before the first; the volume is '' where the system has no name for it.
    """

    destination: str
    volume: str
    attached: str
    detached: str

    @property
    def gone_since(self) -> datetime | None:
        """Since when it has been unplugged; None while it is attached."""
        if not self.detached or self.detached < self.attached:
            return None
        return parse_stamp(self.detached)


class SheetPrint(NamedTuple):
    """One print of a recovery sheet: of which pair (its mark, never its lines), and for where."""

    mark: str
    number: int
    at: str
    place: str


class GateRow(NamedTuple):
    """The anomaly gate of a system that closed; no row while it is open.

    since: when it closed. question: what was shown, packed by the engine. digest: of the set of
    files it covers, against the state `base` (destination and run). answered, reminded: when a
    person said yes and when they were reminded, empty before.
    """

    system: str
    since: str
    rule: str
    question: bytes
    digest: str
    base: str
    answered: str = ""
    reminded: str = ""


def _marks(values: Collection[str]) -> str:
    """A question mark for each of them."""
    return ",".join("?" * len(values))


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file lies there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _lasting_key(event: Event) -> tuple[str, str, str]:
    return event.code, event.system, event.destination


class HomeStore:
    """For whoever works in the home; several may, since each change is one short transaction.
    `HomeView` is for those who only look.

    alerts: what a person has to know, and who was told (`core.store.events`).
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self.was_broken = False
        try:
            self._base = open_database(path, _SCHEMA, check=check_whole)
        except BrokenDatabase:
            move_aside(path, f"{clock.now():%Y%m%dT%H%M%SZ}")
            self.was_broken = True
            self._base = open_database(path, _SCHEMA)
        self.alerts = EventLog(self._base, path)
        self._file = _file_at(path)
        if self.was_broken:
            now = stamp(clock.now())
            self.add_event(Event("store_broken", "warning", "", "", now, now, now, "{}"))

    @property
    def is_in_place(self) -> bool:
        """Whether our file is still the one at its path, or somebody moved it aside."""
        return self._file == _file_at(self.path)

    def close(self) -> None:
        self._base.close()

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with typed_failures(self.path):
            return self._base.execute(statement, values).fetchall()

    # -- copies -------------------------------------------------------------------------------

    def vault_of(self, system: str, destination: str) -> str | None:
        """The identity of the copy we write there; None when we never wrote there."""
        rows = self._run(
            "SELECT vault FROM copy WHERE system=? AND destination=?", (system, destination)
        )
        return str(rows[0][0]) if rows else None

    def destination_of(self, vault: str) -> str | None:
        """What the destination of a copy is called here; None when we never met this copy."""
        rows = self._run("SELECT destination FROM copy WHERE vault=?", (vault,))
        return str(rows[0][0]) if len(rows) == 1 else None

    def is_laid_out(self, system: str, destination: str) -> bool:
        """Whether the copy was once there whole; before that its set-up may begin anew."""
        rows = self._run(
            "SELECT laid_out FROM copy WHERE system=? AND destination=?", (system, destination)
        )
        return bool(rows and rows[0][0])

    def remember_copy(
        self, system: str, destination: str, vault: str, *, laid_out: bool = True
    ) -> None:
        self._run(
            "INSERT OR REPLACE INTO copy VALUES (?,?,?,?)",
            (system, destination, vault, int(laid_out)),
        )

    def short_names(self, system: str) -> dict[bytes, str]:
        rows = self._run("SELECT path, name FROM short_name WHERE system=?", (system,))
        return {bytes(row[0]): str(row[1]) for row in rows}  # type: ignore[call-overload]

    def remember_short_names(self, system: str, names: dict[bytes, str]) -> None:
        for path, name in names.items():
            self._run("INSERT OR IGNORE INTO short_name VALUES (?,?,?)", (system, path, name))

    # -- runs ---------------------------------------------------------------------------------

    def begin_run(self, system: str, destination: str, run: str) -> int:
        """Note that a run begins; returns its row number."""
        now = stamp(self._clock.now())
        with typed_failures(self.path):
            cursor = self._base.execute(
                "INSERT INTO run (system, destination, run, began, ended, status, code, files,"
                " bytes, new_bytes, skipped) VALUES (?,?,?,?,?,'RUNNING','',0,0,0,0)",
                (system, destination, run, now, now),
            )
        return int(cursor.lastrowid or 0)

    def end_run(
        self,
        row: int,
        status: str,
        *,
        code: str = "",
        files: int = 0,
        size: int = 0,
        new_bytes: int = 0,
        skipped: int = 0,
    ) -> None:
        """Note how a run ended."""
        self._run(
            "UPDATE run SET ended=?, status=?, code=?, files=?, bytes=?, new_bytes=?, skipped=?"
            " WHERE id=?",
            (stamp(self._clock.now()), status, code, files, size, new_bytes, skipped, row),
        )

    def mark_interrupted(self, destinations: Collection[str] | None = None) -> int:
        """Runs that nobody ends any more (their process died), everywhere or at these
        destinations; returns how many.
        """
        where = "" if destinations is None else f" AND destination IN ({_marks(destinations)})"
        with typed_failures(self.path):
            return self._base.execute(
                f"UPDATE run SET status='INTERRUPTED' WHERE status='RUNNING'{where}",  # noqa: S608 - question marks
                tuple(destinations or ()),
            ).rowcount

    def running_at(self) -> list[str]:
        """The destinations at which runs are going, or died."""
        rows = self._run("SELECT DISTINCT destination FROM run WHERE status='RUNNING'")
        return sorted(str(row[0]) for row in rows)

    def runs(self, *, since: datetime | None = None) -> list[RunRow]:
        rows = self._run(
            "SELECT system, destination, run, began, ended, status, code, files, bytes, new_bytes,"
            " skipped FROM run WHERE began >= ? ORDER BY id",
            (stamp(since) if since else "",),
        )
        return [RunRow(*row) for row in rows]  # type: ignore[arg-type]

    def numbered_runs(self) -> list[tuple[int, RunRow]]:
        """All runs with their row numbers, newest first."""
        rows = self._run(
            "SELECT id, system, destination, run, began, ended, status, code, files, bytes,"
            " new_bytes, skipped FROM run ORDER BY id DESC"
        )
        return [(int(row[0]), RunRow(*row[1:])) for row in rows]  # type: ignore[call-overload, arg-type]

    def last_run(
        self, system: str, destination: str, *, status: Sequence[str] = ()
    ) -> RunRow | None:
        """The newest run at a copy, or the newest of those that ended in one of these ways."""
        having = f" AND status IN ({_marks(status)})" if status else ""

        rows = self._run(
            "SELECT system, destination, run, began, ended, status, code, files, bytes, new_bytes,"  # noqa: S608 - question marks
            f" skipped FROM run WHERE system=? AND destination=?{having} ORDER BY id DESC LIMIT 1",
            (system, destination, *status),
        )
        return RunRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def history(self, system: str, destination: str, *, most: int = 64) -> list[RunRow]:
        """The newest runs of a copy, newest first: `most`, and the last good one at their end."""
        rows = self._run(
            "SELECT system, destination, run, began, ended, status, code, files, bytes, new_bytes,"
            " skipped FROM run WHERE system=? AND destination=? ORDER BY id DESC LIMIT ?",
            (system, destination, most),
        )
        found = [RunRow(*row) for row in rows]  # type: ignore[arg-type]
        if not any(row.status in GOOD for row in found):
            good = self.last_run(system, destination, status=GOOD)
            found += [good] if good else []
        return found

    def forget_runs(self, before: datetime) -> int:
        """Forget runs that began before then, but of each copy the newest of every way to end;
        returns how many."""
        with typed_failures(self.path):
            return self._base.execute(
                "DELETE FROM run WHERE began < ? AND id NOT IN"
                " (SELECT MAX(id) FROM run GROUP BY system, destination, status)",
                (stamp(before),),
            ).rowcount

    def adopt(self, runs: Sequence[RunRow], proofs: Sequence[Proof]) -> None:
        """Take in runs and proofs of another home; known ones are left alone."""
        known = {row[:4] for row in self.runs()}
        fresh = {row[:4]: row for row in runs if row[:4] not in known}
        with typed_failures(self.path):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany(
                    "INSERT INTO run (system, destination, run, began, ended, status, code, files,"
                    " bytes, new_bytes, skipped) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                    fresh.values(),
                )
                self._base.executemany(
                    "INSERT OR IGNORE INTO proof VALUES (?,?,?,?,?,?,?,?)", proofs
                )
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    # -- proofs -------------------------------------------------------------------------------

    def add_proof(self, proof: Proof) -> None:
        self._run("INSERT OR IGNORE INTO proof VALUES (?,?,?,?,?,?,?,?)", proof)

    def proofs(self) -> list[Proof]:
        rows = self._run(
            "SELECT id, at, system, destination, kind, result, state, detail FROM proof"
            " ORDER BY at, id"
        )
        return [Proof(*row) for row in rows]  # type: ignore[arg-type]

    def last_proof(
        self, system: str, destination: str, kind: str, *, detail: str = ""
    ) -> Proof | None:
        """The newest proof of a kind, of a certain depth if `detail` names one.

        Of two in one second the one that says less good counts.
        """
        rows = self._run(
            "SELECT id, at, system, destination, kind, result, state, detail FROM proof"
            " WHERE system=? AND destination=? AND kind=? AND (?4='' OR detail=?4)"
            " ORDER BY at DESC, result='sound', id LIMIT 1",
            (system, destination, kind, detail),
        )
        return Proof(*rows[0]) if rows else None  # type: ignore[arg-type]

    # -- how fast data came back ----------------------------------------------------------------

    def note_pace(self, pace: Pace) -> None:
        """Remember how fast a restore was; of each copy only the last."""
        self._run("INSERT OR REPLACE INTO pace VALUES (?, ?, ?, ?, ?)", pace)

    def paces(self) -> list[Pace]:
        """What was measured, for every copy that something came back from."""
        return [Pace(*row) for row in self._run("SELECT * FROM pace")]  # type: ignore[arg-type]

    # -- recovery sheets ------------------------------------------------------------------------

    def add_print(self, made: SheetPrint) -> None:
        self._run("INSERT INTO sheet_print VALUES (?,?,?,?)", made)

    def prints(self, mark: str) -> list[SheetPrint]:
        """The prints of one pair, oldest first."""
        rows = self._run(
            "SELECT mark, number, at, place FROM sheet_print WHERE mark=? ORDER BY number", (mark,)
        )
        return [SheetPrint(*row) for row in rows]  # type: ignore[arg-type]

    # -- the anomaly gate -------------------------------------------------------------------------

    def gate(self, system: str) -> GateRow | None:
        """The gate of a system; None while it is open."""
        rows = self._run(
            "SELECT system, since, rule, question, digest, base, answered, reminded FROM gate"
            " WHERE system=?",
            (system,),
        )
        return GateRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def set_gate(self, row: GateRow) -> None:
        self._run("INSERT OR REPLACE INTO gate VALUES (?,?,?,?,?,?,?,?)", row)

    def open_gate(self, system: str) -> None:
        """Nothing is asked any more: its states are no longer suspect, its history is over."""
        with typed_failures(self.path):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                for table in ("gate", "gate_change", "suspect_state"):
                    self._base.execute(
                        f"DELETE FROM {table} WHERE system=?",  # noqa: S608 - fixed names above
                        (system,),
                    )
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def add_gate_change(self, system: str, files: bytes, *, forget_before: datetime) -> None:
        """Remember which files a run found lost or changed, and forget what is too old."""
        self._run(
            "INSERT INTO gate_change (system, at, files) VALUES (?,?,?)",
            (system, stamp(self._clock.now()), files),
        )
        self._run(
            "DELETE FROM gate_change WHERE system=? AND at < ?", (system, stamp(forget_before))
        )

    def gate_changes(self, system: str, *, since: datetime) -> list[bytes]:
        """The files of earlier runs, as they were given."""
        rows = self._run(
            "SELECT files FROM gate_change WHERE system=? AND at >= ?", (system, stamp(since))
        )
        return [bytes(row[0]) for row in rows]  # type: ignore[call-overload]

    def add_suspect(self, system: str, destination: str, run: str) -> None:
        """Mark a state that was made while the gate was closed."""
        self._run("INSERT OR IGNORE INTO suspect_state VALUES (?,?,?)", (system, destination, run))

    def suspects(self, system: str, destination: str) -> frozenset[str]:
        """The runs at a copy whose states nobody has said to be all right."""
        rows = self._run(
            "SELECT run FROM suspect_state WHERE system=? AND destination=?", (system, destination)
        )
        return frozenset(str(row[0]) for row in rows)

    # -- what lasts, and disks --------------------------------------------------------------------

    def events(self, *, lasting: bool = True, since: datetime | None = None) -> list[Event]:
        """The events that last, or all that were noticed since; oldest first."""
        rows = self._run(
            "SELECT code, severity, system, destination, since, noticed, ended, params FROM event"
            " WHERE (NOT ?1 OR ended='') AND noticed >= ?2 ORDER BY id",
            (int(lasting), stamp(since) if since else ""),
        )
        return [Event(*row) for row in rows]  # type: ignore[arg-type]

    def keep_events(self, lasting: Sequence[Event], *, codes: Sequence[str]) -> list[Event]:
        """Make these the events of those codes that last; gives those that are new.

        One that lasts already keeps when it was noticed; what is not among them ends now.
        """
        now = stamp(self._clock.now())
        known = {_lasting_key(row): row for row in self.events() if row.code in codes}
        wanted = {_lasting_key(row): row for row in lasting}
        fresh = [row._replace(noticed=now) for key, row in wanted.items() if key not in known]
        over = [(now, *key) for key in known if key not in wanted]
        changed = [
            (row.severity, row.params, *key)
            for key, row in wanted.items()
            if key in known
            and (known[key].severity, known[key].params) != (row.severity, row.params)
        ]
        if not fresh and not over and not changed:
            return []
        which = "WHERE ended='' AND code=? AND system=? AND destination=?"
        with typed_failures(self.path):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany(f"UPDATE event SET ended=? {which}", over)  # noqa: S608
                self._base.executemany(
                    f"UPDATE event SET severity=?, params=? {which}",  # noqa: S608 - fixed words
                    changed,
                )
                self._base.executemany(
                    "INSERT INTO event (code, severity, system, destination, since, noticed, ended,"
                    " params) VALUES (?,?,?,?,?,?,?,?)",
                    fresh,
                )
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        return fresh

    def add_event(self, event: Event) -> None:
        """Note something that is over as soon as it is said (a restart, a database made anew)."""
        now = stamp(self._clock.now())
        self._run(
            "INSERT INTO event (code, severity, system, destination, since, noticed, ended, params)"
            " VALUES (?,?,?,?,?,?,?,?)",
            event._replace(noticed=now, ended=event.ended or now),
        )

    def forget_events(self, before: datetime) -> int:
        """Forget what ended before then; returns how many."""
        with typed_failures(self.path):
            return self._base.execute(
                "DELETE FROM event WHERE ended != '' AND ended < ?", (stamp(before),)
            ).rowcount

    def disk(self, destination: str) -> DiskRow | None:
        """What is known of the disk of a destination."""
        rows = self._run(
            "SELECT destination, volume, attached, detached FROM disk WHERE destination=?",
            (destination,),
        )
        return DiskRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def set_disk(self, row: DiskRow) -> None:
        self._run("INSERT OR REPLACE INTO disk VALUES (?,?,?,?)", row)


class HomeView(HomeStore):
    """The home's database for a short look beside the one who writes it; it is never made.

    It answers all questions and takes no changes. What cannot be read raises `KnownError`, or
    `BrokenDatabase`, when it is asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_broken = False
        self._base = open_for_reading(path)
        self.alerts = EventLog(self._base, path)

    @property
    def is_current(self) -> bool:
        """Whether all tables are there: an older program's file is brought up by the next job."""
        return self._run("PRAGMA user_version") == [(len(_SCHEMA),)]


def open_to_look(path: Path, clock: Clock) -> HomeStore:
    """For looking only, where that can be; a new, old or broken database is first made right.

    Who only looks cannot take away what SQLite lays beside the database (`-wal`, `-shm`).
    """
    if path.exists():
        view = HomeView(path)
        try:
            if view.is_current:
                return view
        except BrokenDatabase:
            pass
        view.close()
    return HomeStore(path, clock)
