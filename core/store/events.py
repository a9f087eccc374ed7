"""What a person has to know, who was told of it, which letters wait, and what runs left out.

Tables of the home's own database. What an event means, when it begins and ends and who is told is
decided in `core.alerts`; here it is only kept. All moments are stamps (`core.clock.stamp`), '' is
"not yet".
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from core.store.database import Connection, transaction, typed_failures

SCHEMA = (
    """CREATE TABLE alert (id INTEGER PRIMARY KEY, code TEXT NOT NULL, system TEXT NOT NULL,
       destination TEXT NOT NULL, severity TEXT NOT NULL, weight INTEGER NOT NULL,
       params TEXT NOT NULL, since TEXT NOT NULL, raised TEXT NOT NULL, worse TEXT NOT NULL,
       acked TEXT NOT NULL, ended TEXT NOT NULL) STRICT""",
    """CREATE UNIQUE INDEX alert_open ON alert (code, system, destination) WHERE ended = ''""",
    """CREATE TABLE telling (event INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
       person TEXT NOT NULL, channel TEXT NOT NULL, stage TEXT NOT NULL, at TEXT NOT NULL)
       STRICT""",
    "CREATE INDEX telling_by_event ON telling (event)",
    """CREATE TABLE letter (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL,
       address TEXT NOT NULL, made TEXT NOT NULL, content BLOB NOT NULL, tries INTEGER NOT NULL,
       next_try TEXT NOT NULL, problem TEXT NOT NULL, done TEXT NOT NULL) STRICT""",
    "CREATE INDEX letter_waiting ON letter (next_try) WHERE done = ''",
    """CREATE TABLE receipt (id INTEGER PRIMARY KEY, person TEXT NOT NULL, address TEXT NOT NULL,
       way TEXT NOT NULL, digest TEXT NOT NULL, sent TEXT NOT NULL, confirmed TEXT NOT NULL)
       STRICT""",
    "CREATE TABLE alert_note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE left_out (digest BLOB PRIMARY KEY, entries INTEGER NOT NULL,
       content BLOB NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE run_left_out (run INTEGER PRIMARY KEY, digest BLOB NOT NULL
       REFERENCES left_out (digest)) STRICT""",
)

_EVENT = (
    "id, code, system, destination, severity, weight, params, since, raised, worse, acked, ended"
)
_LETTER = "id, kind, person, address, made, content, tries, next_try, problem, done"
_MOST_LEFT_OUT = 100_000


class EventRow(NamedTuple):
    """Something a person has to know, from when it was noticed until its cause is gone.

    since: when the cause began. raised: when it was noticed. worse: when its weight last grew so
    much that everybody is told anew, '' for never. weight: how bad (files, places, days), at its
    worst. params: what its sentence needs, as JSON.
    """

    id: int
    code: str
    system: str
    destination: str
    severity: str
    weight: int
    params: str
    since: str
    raised: str
    worse: str = ""
    acked: str = ""
    ended: str = ""


class Telling(NamedTuple):
    """Somebody was told of an event. channel: `mail`, `desktop`."""

    event: int
    person: str
    channel: str
    stage: str
    at: str


class LetterRow(NamedTuple):
    """A mail to one person, ready to send. kind: `alert`, `digest`. done: sent or given up.

    content is emptied when it is done. problem: the code of the last failure; it stays when the
    letter was given up.
    """

    id: int
    kind: str
    person: str
    address: str
    made: str
    content: bytes
    tries: int = 0
    next_try: str = ""
    problem: str = ""
    done: str = ""


class ReceiptRow(NamedTuple):
    """A test mail. way: address, server and account it went by. digest: of the code in it."""

    id: int
    person: str
    address: str
    way: str
    digest: str
    sent: str
    confirmed: str


class LeftOut(NamedTuple):
    """Something a run could not take: its path as the run named it, and why (format.md §6)."""

    path: str
    reason: str


class EventLog:
    """Part of the home's store; every call is a short transaction of its own."""

    def __init__(self, base: Connection, path: Path) -> None:
        self._base = base
        self._path = path

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with typed_failures(self._path):
            return self._base.execute(statement, values).fetchall()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is read and written within, nobody else changes in between; be short."""
        with typed_failures(self._path), transaction(self._base):
            yield

    # -- events ---------------------------------------------------------------------------------

    def raise_event(self, row: EventRow) -> int:
        """Note a new event (its `id` is not looked at); its number."""
        with typed_failures(self._path):
            cursor = self._base.execute(
                "INSERT INTO alert (code, system, destination, severity, weight, params, since,"
                " raised, worse, acked, ended) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                row[1:],
            )
        return int(cursor.lastrowid or 0)

    def change_event(self, row: EventRow) -> None:
        """Write an event down as it is now, found by its `id`."""
        self._run(
            "UPDATE alert SET severity=?, weight=?, params=?, since=?, raised=?, worse=?, acked=?,"
            " ended=? WHERE id=?",
            (*row[4:], row.id),
        )

    def event(self, id: int) -> EventRow | None:
        """The event of this number."""
        rows = self._run(f"SELECT {_EVENT} FROM alert WHERE id=?", (id,))  # noqa: S608 - our names
        return EventRow(*rows[0]) if rows else None  # type: ignore[arg-type]

    def events(self, *, ended_since: str) -> list[EventRow]:
        """All that last, and those that ended at this moment or later; oldest first."""
        rows = self._run(
            f"SELECT {_EVENT} FROM alert WHERE ended='' OR ended>=? ORDER BY id",  # noqa: S608
            (ended_since,),
        )
        return [EventRow(*row) for row in rows]  # type: ignore[arg-type]

    def open_events(self) -> list[EventRow]:
        """All that last, oldest first."""
        rows = self._run(f"SELECT {_EVENT} FROM alert WHERE ended='' ORDER BY id")  # noqa: S608
        return [EventRow(*row) for row in rows]  # type: ignore[arg-type]

    def forget_events(self, *, ended_before: str) -> None:
        """Let go of what ended long ago, and of who was told."""
        self._run("DELETE FROM alert WHERE ended<>'' AND ended<?", (ended_before,))

    # -- who was told -----------------------------------------------------------------------------

    def tell(
        self,
        tellings: Iterable[Telling],
        letters: Iterable[LetterRow] = (),
        *,
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Note who is told, and put what they are told into the queue, in one.

        notes: what else is remembered with it (`set_note`).
        """
        with typed_failures(self._path), transaction(self._base):
            for note in notes.items():
                self._base.execute("INSERT OR REPLACE INTO alert_note VALUES (?,?)", note)
            self._base.executemany("INSERT INTO telling VALUES (?,?,?,?,?)", list(tellings))
            for letter in letters:
                self._base.execute(
                    "INSERT INTO letter (kind, person, address, made, content, tries, next_try,"
                    " problem, done) VALUES (?,?,?,?,?,?,?,?,?)",
                    letter[1:],
                )

    def tellings(self, *, since: str) -> list[Telling]:
        """Who was told of what lasts, and of all at this moment or later, in the order of it."""
        rows = self._run(
            "SELECT telling.event, person, channel, stage, at FROM telling"
            " JOIN alert ON alert.id = telling.event WHERE ended='' OR at>=?"
            " ORDER BY telling.rowid",
            (since,),
        )
        return [Telling(*row) for row in rows]  # type: ignore[arg-type]

    # -- letters ----------------------------------------------------------------------------------

    def waiting_letters(self) -> list[LetterRow]:
        """The letters that are neither sent nor given up, oldest first."""
        rows = self._run(f"SELECT {_LETTER} FROM letter WHERE done='' ORDER BY id")  # noqa: S608
        return [LetterRow(*row) for row in rows]  # type: ignore[arg-type]

    def is_letter_due(self, now: str) -> bool:
        """Whether a waiting letter is to be tried at this moment."""
        rows = self._run("SELECT 1 FROM letter WHERE done='' AND next_try<=? LIMIT 1", (now,))
        return bool(rows)

    def letters(self, *, since: str) -> list[LetterRow]:
        """All letters made at this moment or later, oldest first."""
        rows = self._run(
            f"SELECT {_LETTER} FROM letter WHERE made>=? ORDER BY id",  # noqa: S608 - our names
            (since,),
        )
        return [LetterRow(*row) for row in rows]  # type: ignore[arg-type]

    def change_letter(self, row: LetterRow) -> None:
        """Write down what became of a letter, found by its `id`."""
        self._run(
            "UPDATE letter SET content=?, tries=?, next_try=?, problem=?, done=? WHERE id=?",
            (*row[5:], row.id),
        )

    def forget_letters(self, *, done_before: str) -> None:
        """Let go of letters that were done long ago."""
        self._run("DELETE FROM letter WHERE done<>'' AND done<?", (done_before,))

    # -- test mails -------------------------------------------------------------------------------

    def add_receipt(self, row: ReceiptRow) -> None:
        """Note that a test mail was sent (its `id` is not looked at)."""
        self._run(
            "INSERT INTO receipt (person, address, way, digest, sent, confirmed)"
            " VALUES (?,?,?,?,?,?)",
            row[1:],
        )

    def confirm_receipt(self, id: int, at: str) -> None:
        """Note that the code of a test mail came back."""
        self._run("UPDATE receipt SET confirmed=? WHERE id=?", (at, id))

    def receipts(self) -> list[ReceiptRow]:
        """All test mails, oldest first."""
        rows = self._run(
            "SELECT id, person, address, way, digest, sent, confirmed FROM receipt ORDER BY id"
        )
        return [ReceiptRow(*row) for row in rows]  # type: ignore[arg-type]

    # -- small facts to remember ------------------------------------------------------------------

    def note(self, name: str) -> str | None:
        """What was remembered under a name."""
        rows = self._run("SELECT value FROM alert_note WHERE name=?", (name,))
        return str(rows[0][0]) if rows else None

    def set_note(self, name: str, value: str | None) -> None:
        """Remember a value, None to forget it."""
        if value is None:
            self._run("DELETE FROM alert_note WHERE name=?", (name,))
        else:
            self._run("INSERT OR REPLACE INTO alert_note VALUES (?,?)", (name, value))

    # -- what runs left out -----------------------------------------------------------------------

    def note_left_out(self, run: int, entries: Iterable[LeftOut]) -> None:
        """Remember what a run left out. Runs that leave out the same share one list."""
        known = sorted(set(entries))[:_MOST_LEFT_OUT]
        if not known:
            return
        plain = [(path.encode("utf-8", "surrogateescape"), reason) for path, reason in known]
        content = msgspec.msgpack.encode(plain)
        digest = hashlib.sha256(content).digest()
        with typed_failures(self._path), transaction(self._base):
            self._base.execute(
                "INSERT OR IGNORE INTO left_out VALUES (?,?,?)",
                (digest, len(known), zlib.compress(content)),
            )
            self._base.execute("INSERT OR REPLACE INTO run_left_out VALUES (?,?)", (run, digest))

    def left_out(self, run: int) -> list[LeftOut]:
        """What a run left out, by path; empty also where nobody noted it."""
        rows = self._run(
            "SELECT content FROM run_left_out JOIN left_out USING (digest) WHERE run=?", (run,)
        )
        if not rows:
            return []
        plain = msgspec.msgpack.decode(
            zlib.decompress(rows[0][0]),  # type: ignore[arg-type]
            type=list[tuple[bytes, str]],
        )
        return [LeftOut(path.decode("utf-8", "surrogateescape"), why) for path, why in plain]
