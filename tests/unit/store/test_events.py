"""What a home remembers of warnings, letters and skipped files; a crash tears nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import stamp
from core.store.database import open_database
from core.store.events import EventRow, LeftOut, LetterRow, ReceiptRow, Telling
from core.store.home import _SCHEMA, HomeStore
from tests.support.fixed_clock import NOON, FixedClock
from tests.unit.alerts.given import DAY, HOUR, event

LETTER = LetterRow(0, "alert", "anna", "anna@example.org", stamp(NOON), b"Subject: x\r\n\r\n")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HomeStore]:
    opened = HomeStore(tmp_path / "ladentresor.db", FixedClock())
    yield opened
    opened.close()


def test_an_event_from_begin_to_end(store: HomeStore) -> None:
    log = store.alerts
    id = log.raise_event(event())
    row = event(id)
    assert log.open_events() == [row]
    changed = row._replace(weight=3, acked=stamp(NOON), worse=stamp(NOON), severity="danger")
    log.change_event(changed)
    assert log.event(id) == changed
    over = changed._replace(ended=stamp(NOON))
    log.change_event(over)
    assert log.open_events() == []
    assert log.events(ended_since=stamp(NOON - HOUR)) == [over]
    assert log.events(ended_since=stamp(NOON + HOUR)) == []
    log.tell([Telling(id, "anna", "mail", "first", stamp(NOON))])
    log.forget_events(ended_before=stamp(NOON + DAY))
    assert (log.event(id), log.tellings(since="")) == (None, [])


def test_of_one_kind_only_one_is_open(store: HomeStore) -> None:
    store.alerts.raise_event(event())
    with pytest.raises(sqlite3.IntegrityError):
        store.alerts.raise_event(event())
    store.alerts.raise_event(event(destination="wolke"))
    ended: EventRow = store.alerts.open_events()[0]._replace(ended=stamp(NOON))
    store.alerts.change_event(ended)
    store.alerts.raise_event(event())


def test_who_is_told_and_the_letter_are_written_in_one(store: HomeStore) -> None:
    log = store.alerts
    id = log.raise_event(event())
    telling = Telling(id, "anna", "mail", "first", stamp(NOON))
    broken = LETTER._replace(content=None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        log.tell([telling], [LETTER, broken], notes={"digest": "x"})
    assert (log.tellings(since=""), log.waiting_letters(), log.note("digest")) == ([], [], None)
    log.tell([telling], [LETTER], notes={"digest": "x"})
    assert log.tellings(since=stamp(NOON + DAY)) == [telling]  # as long as it lasts
    log.change_event(event(id, ended=stamp(NOON)))
    assert log.tellings(since=stamp(NOON + DAY)) == []
    assert log.tellings(since=stamp(NOON)) == [telling]
    assert [row[1:] for row in log.waiting_letters()] == [LETTER[1:]]
    assert log.note("digest") == "x"


def test_letters_wait_until_they_are_done(store: HomeStore) -> None:
    log = store.alerts
    log.tell([], [LETTER, LETTER])
    first, second = log.waiting_letters()
    log.change_letter(first._replace(tries=1, next_try=stamp(NOON + HOUR), problem="mail_later"))
    log.change_letter(second._replace(content=b"", done=stamp(NOON)))
    assert [row.id for row in log.waiting_letters()] == [first.id]
    assert [row.problem for row in log.letters(since=stamp(NOON))] == ["mail_later", ""]
    log.forget_letters(done_before=stamp(NOON + DAY))
    assert [row.id for row in log.letters(since="")] == [first.id]


def test_notes_and_receipts(store: HomeStore) -> None:
    log = store.alerts
    log.set_note("a", "1")
    log.set_note("a", "2")
    assert log.note("a") == "2"
    log.set_note("a", None)
    assert log.note("a") is None
    log.add_receipt(ReceiptRow(0, "anna", "anna@example.org", "weg", "d", stamp(NOON), ""))
    receipt = log.receipts()[0]
    log.confirm_receipt(receipt.id, stamp(NOON + HOUR))
    assert log.receipts() == [receipt._replace(confirmed=stamp(NOON + HOUR))]


def test_runs_that_leave_out_the_same_share_one_list(store: HomeStore) -> None:
    log = store.alerts
    paths = [LeftOut(f"shop/Ordner {n}", "keine_rechte") for n in range(500)]
    paths.append(LeftOut(b"shop/K\xe4sse".decode("utf-8", "surrogateescape"), "gesperrt"))
    for _ in range(30):
        run = store.begin_run("laden", "nas", "x")
        log.note_left_out(run, [*paths, *paths])
    assert log.left_out(run) == sorted(paths)
    assert log.left_out(run + 1) == []
    log.note_left_out(run + 1, [])
    log.note_left_out(run + 2, paths[:1])
    assert log.left_out(run + 2) == paths[:1]
    kept = store._run("SELECT count(*) FROM left_out")
    assert kept == [(2,)]


def test_a_home_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "ladentresor.db"
    old = open_database(path, _SCHEMA[:-1])
    old.execute("INSERT INTO copy VALUES ('laden','nas','v',1)")
    old.close()
    store = HomeStore(path, FixedClock())
    assert store.vault_of("laden", "nas") == "v"
    store.alerts.raise_event(event())
    store.close()
    again = HomeStore(path, FixedClock())
    assert len(again.alerts.open_events()) == 1
    again.close()
