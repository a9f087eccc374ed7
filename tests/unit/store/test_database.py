"""Our SQLite files on a real PC: newer programs, broken disks, no room, no right to write."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.errors import Code, KnownError
from core.store.database import (
    BrokenDatabase,
    move_aside,
    open_database,
    open_for_reading,
    typed_failures,
)

FIRST = ("CREATE TABLE a (x INTEGER) STRICT", "INSERT INTO a VALUES (1)")
SECOND = ("ALTER TABLE a ADD COLUMN y TEXT", "UPDATE a SET y = 'neu'")


def rows(place: Path, migrations: tuple[tuple[str, ...], ...]) -> list[tuple[object, ...]]:
    base = open_database(place, migrations)
    try:
        return base.execute("SELECT * FROM a").fetchall()
    finally:
        base.close()


def version(place: Path) -> int:
    base = sqlite3.connect(place)
    try:
        return int(base.execute("PRAGMA user_version").fetchone()[0])
    finally:
        base.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "ladentresor.db"


# -- migrations -----------------------------------------------------------------------------------


def test_a_new_file_gets_every_step(place: Path) -> None:
    assert rows(place, (FIRST, SECOND)) == [(1, "neu")]
    assert version(place) == 2


def test_an_old_file_gets_only_the_new_steps(place: Path) -> None:
    rows(place, (FIRST,))
    assert rows(place, (FIRST, SECOND)) == [(1, "neu")]
    assert rows(place, (FIRST, SECOND)) == [(1, "neu")]


def test_a_step_that_fails_leaves_the_file_as_it_was(place: Path) -> None:
    rows(place, (FIRST,))
    with pytest.raises(sqlite3.OperationalError):
        open_database(place, (FIRST, (*SECOND, "UPDATE gibt_es_nicht SET x = 1")))
    assert version(place) == 1
    assert rows(place, (FIRST,)) == [(1,)]


def test_a_file_of_a_newer_program_is_refused_and_kept(place: Path) -> None:
    rows(place, (FIRST, SECOND))
    before = place.read_bytes()
    with pytest.raises(KnownError) as caught:
        open_database(place, (FIRST,))
    assert caught.value.code is Code.HOME_NEWER
    assert place.read_bytes() == before


# -- the world ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "junk", [b"kein SQLite" * 500, b"\x00" * 5000, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_broken(place: Path, junk: bytes) -> None:
    place.write_bytes(junk)
    with pytest.raises(BrokenDatabase):
        open_database(place, (FIRST,))
    assert place.read_bytes() == junk


def test_an_empty_file_is_a_new_database(place: Path) -> None:
    """An unclean end right after its making."""
    place.touch()
    assert rows(place, (FIRST,)) == [(1,)]


def test_a_broken_file_goes_aside_with_all_that_belongs_to_it(place: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        place.with_name(place.name + ending).write_bytes(ending.encode())
    aside = move_aside(place, "20261121T120000Z")
    assert aside.name == "ladentresor.db.beschaedigt-20261121T120000Z"
    assert sorted(path.name for path in place.parent.iterdir()) == [
        aside.name, aside.name + "-shm", aside.name + "-wal",
    ]  # fmt: skip


def test_a_second_broken_file_does_not_replace_the_first(place: Path) -> None:
    for content in (b"1", b"2"):
        place.write_bytes(content)
        move_aside(place, "20261121T120000Z")
    kept = sorted(path.read_bytes() for path in place.parent.iterdir())
    assert kept == [b"1", b"2"]


def test_a_full_disk_is_named(place: Path) -> None:
    base = open_database(place, (FIRST,))
    pages = int(base.execute("PRAGMA page_count").fetchone()[0])
    base.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(KnownError) as caught, typed_failures(place):
        base.executemany("INSERT INTO a VALUES (?)", ((n,) for n in range(100_000)))
    assert caught.value.code is Code.HOME_FULL
    assert caught.value.params["path"] == str(place.parent)
    base.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownError) as caught:
        open_database(tmp_path / "weg" / "x.db", (FIRST,))
    assert caught.value.code is Code.HOME_UNUSABLE


def test_a_folder_in_its_place_is_named(place: Path) -> None:
    place.mkdir()
    with pytest.raises(KnownError) as caught:
        open_database(place, (FIRST,))
    assert caught.value.code is Code.HOME_UNUSABLE


def test_our_own_mistakes_stay_what_they_are(place: Path) -> None:
    base = open_database(place, (FIRST,))
    with pytest.raises(sqlite3.OperationalError), typed_failures(place):
        base.execute("SELECT * FROM gibt_es_nicht")
    base.close()


# -- reading beside the writer --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ladentresor.db", "a b#c%3F?.db", "Büro.db"])
def test_a_reader_sees_what_was_committed_and_cannot_write(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    writer = open_database(place, (FIRST,))
    reader = open_for_reading(place)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO a VALUES (2)")
    assert reader.execute("SELECT count(*) FROM a").fetchone() == (1,)
    writer.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM a").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO a VALUES (3)")
    reader.close()
    writer.close()


def test_a_reader_makes_no_file(place: Path) -> None:
    with pytest.raises(KnownError) as caught:
        open_for_reading(place)
    assert caught.value.code is Code.HOME_UNUSABLE
    assert not place.exists()
