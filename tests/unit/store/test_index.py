"""The index of a copy: only a cache, but one that every run believes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, KnownError
from core.store.index import ContentsFile, CopyIndex, KnownContents, ObjectRow, Place

MARK = "20261121T120000Z"


def sha(number: int) -> bytes:
    return number.to_bytes(2, "big") * 16


def row(number: int, run: int = 1, size: int = 9) -> ObjectRow:
    return (sha(number), run, size, f"shop/{number}")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[CopyIndex]:
    opened = CopyIndex(tmp_path / "laden@platte.db", mark=MARK)
    yield opened
    opened.close()


# -- contents -------------------------------------------------------------------------------------


def test_a_content_is_known_once(index: CopyIndex) -> None:
    assert not index.has_contents()
    assert index.add_objects([row(1), row(2)]) == 2
    assert index.add_objects([row(2, run=7), row(3)]) == 1
    assert index.content(sha(2)) == Place(1, 9, "shop/2", 0, 9, "roh", "")
    assert index.content(sha(9)) is None
    assert index.has_contents()
    assert {content for content, _ in index.all_contents()} == {sha(1), sha(2), sha(3)}


def test_forgotten_contents_are_stored_anew(index: CopyIndex) -> None:
    index.add_objects([row(1), row(2)])
    index.drop_contents([sha(1), sha(5)])
    assert index.content(sha(1)) is None
    assert index.add_objects([row(1, run=4)]) == 1


def test_large_contents_are_found_by_size(index: CopyIndex) -> None:
    index.add_objects([row(1, size=1 << 20), row(2, size=100)])
    assert index.has_large(1 << 20)
    assert not index.has_large((1 << 20) + 1)
    assert not index.has_large(100)


def test_a_random_pick_is_of_what_is_there(index: CopyIndex) -> None:
    assert index.random_contents(20) == []
    index.add_objects([row(number) for number in range(0, 65_000, 100)])
    picked = index.random_contents(20)
    assert 1 <= len(picked) <= 20
    assert all(index.content(content) == place for content, place in picked)


def test_sizes_beyond_32_bits_fit(index: CopyIndex) -> None:
    index.add_objects([row(1, size=2**62)])
    index.add_parts([(sha(2), 1, 2**62, "a", 2**61, 2**60, "deflate", "m")])
    assert index.content(sha(1)) == Place(1, 2**62, "shop/1", 0, 2**62, "roh", "")
    assert index.content(sha(2)) == Place(1, 2**62, "a", 2**61, 2**60, "deflate", "m")


def test_a_part_does_not_hide_a_content_already_known(index: CopyIndex) -> None:
    index.add_objects([row(1)])
    index.add_parts([(sha(1), 1, 5, "zip", 3, 4, "deflate", "m")])
    found = index.content(sha(1))
    assert found is not None
    assert found.path == "shop/1"


def test_readers_in_other_processes_see_what_was_committed(index: CopyIndex) -> None:
    index.begin()
    index.add_objects([row(1, run=5)])
    index.commit()
    index.begin()
    index.add_objects([row(2)])
    known = KnownContents(index.path)
    assert (known.run_of(sha(1)), known.run_of(sha(2))) == (5, None)
    known.close()
    index.rollback()


# -- folders --------------------------------------------------------------------------------------


def put(index: CopyIndex, path: bytes, *, read_at: int = 0, size: int = 1) -> None:
    index.put_folder(path, b"stat", b"rows", liars=False, read_at=read_at, size=size)


def test_a_folder_is_replaced_whole(index: CopyIndex) -> None:
    put(index, b"shop/\xff")
    index.put_folder(b"shop/\xff", b"s2", b"r2", liars=True, read_at=7, size=3)
    found = index.folder_stat(b"shop/\xff")
    assert found is not None
    assert tuple(found) == (b"s2", 1, 7)
    assert index.folder_rows(b"shop/\xff") == b"r2"
    assert index.folder_stat(b"weg") is None
    assert index.folder_rows(b"weg") is None
    assert (index.count_folders(), index.total_bytes()) == (1, 3)


@given(st.sets(st.binary(max_size=8), max_size=12))
def test_folders_come_in_the_order_of_their_bytes(paths: set[bytes]) -> None:
    """A list names a folder before what stands in it: the order carries the format."""
    index = CopyIndex(Path(":memory:"), mark=MARK)
    for path in paths:
        put(index, path)
    assert [path for path, _, _ in index.folders()] == sorted(paths)
    assert set(index.folder_paths()) == paths
    index.close()


def test_dropped_folders_are_gone(index: CopyIndex) -> None:
    for path in (b"a", b"b", b"c"):
        put(index, path)
    index.drop_folders([b"a", b"c", b"x"])
    assert list(index.folder_paths()) == [b"b"]


def test_the_longest_unread_come_first(index: CopyIndex) -> None:
    for number, path in enumerate([b"c", b"a", b"b"]):
        put(index, path, read_at=number, size=10)
    put(index, b"leer", read_at=0, size=0)
    assert [path for path, _, _ in index.longest_unread(2)] == [b"c", b"a"]


def test_doubtful_folders_are_read_anew(index: CopyIndex) -> None:
    put(index, b"a", read_at=50)
    index.reread([b"a"])
    found = index.folder_stat(b"a")
    assert found is not None
    assert (found.liars, found.read_at) == (2, 0)


# -- runs and states ------------------------------------------------------------------------------


def test_runs_have_small_lasting_numbers(index: CopyIndex) -> None:
    first, second = index.run_id("000001-x"), index.run_id("000002-x")
    assert first != second
    assert index.run_id("000001-x") == first
    assert index.run_names() == {first: "000001-x", second: "000002-x"}


def test_states_are_pending_until_their_record_is_there(index: CopyIndex) -> None:
    index.put_state("r1", "d1", b"{}", pending=True)
    assert index.states() == [("r1", "d1", b"{}", True)]
    index.put_state("r1", "d1", b"{}", pending=False)
    assert index.states() == [("r1", "d1", b"{}", False)]
    index.drop_state("r1")
    assert index.states() == []


def test_contents_files_wait_for_a_record_to_name_them(index: CopyIndex) -> None:
    waiting, named = ContentsFile("r1", 5, "a" * 64, 2), ContentsFile("r2", 6, "b" * 64, 3)
    index.put_contents_file(waiting, named=False)
    index.put_contents_file(named, named=True)
    assert index.unnamed_contents_files() == [waiting]
    assert [index.is_named(run) for run in ("r1", "r2", "r3")] == [False, True, False]
    index.name_contents_files()
    assert index.unnamed_contents_files() == []
    assert index.is_named("r1")


def test_finished_files_of_an_interrupted_run(index: CopyIndex) -> None:
    assert not index.has_finished()
    index.add_finished([(b"shop/\xff", b"entry", b"kept"), (b"shop/b", b"", b"")])
    assert index.finished(b"shop/\xff") == (b"entry", b"kept")
    assert index.finished(b"weg") is None
    assert index.has_finished()
    index.clear_finished()
    assert not index.has_finished()


def test_meta_and_data_folders(index: CopyIndex) -> None:
    assert index.meta("x") is None
    index.set_meta("x", "1")
    index.set_meta("x", "2")
    index.add_data_folder("r1")
    index.add_data_folder("r1")
    assert (index.meta("x"), index.data_folders()) == ("2", {"r1"})


# -- one transaction, and the loss of everything --------------------------------------------------


def fill(index: CopyIndex) -> None:
    index.add_objects([row(1)])
    put(index, b"a")
    index.run_id("r1")
    index.put_state("r1", "d", b"{}", pending=False)
    index.put_contents_file(ContentsFile("r1", 1, "a", 1), named=False)
    index.add_data_folder("r1")
    index.add_finished([(b"a", b"", b"")])
    index.set_meta("x", "1")


def is_empty(index: CopyIndex) -> bool:
    tables = "meta folder content run state contents_file data_folder finished".split()
    return not any(
        index._base.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables
    )


def test_a_run_that_is_rolled_back_was_never_there(index: CopyIndex) -> None:
    index.begin()
    fill(index)
    index.rollback()
    assert is_empty(index)
    index.rollback()  # nothing to do is fine
    index.commit()


def test_cleared_means_every_table(index: CopyIndex) -> None:
    fill(index)
    assert not is_empty(index)
    index.clear()
    assert is_empty(index)


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    for expected in (None, "1"):
        index = CopyIndex(tmp_path / "x.db", mark=MARK)
        assert not index.was_broken
        assert index.meta("x") == expected
        index.begin()
        index.set_meta("x", "1")
        index.commit()
        index.close()


@pytest.mark.parametrize("junk", [b"", b"x" * 5000])
def test_a_broken_index_goes_aside_and_is_made_anew(tmp_path: Path, junk: bytes) -> None:
    place = tmp_path / "x.db"
    place.write_bytes(junk)
    index = CopyIndex(place, mark=MARK)
    assert index.was_broken is bool(junk)
    assert is_empty(index)
    index.close()
    assert (tmp_path / f"x.db.beschaedigt-{MARK}").exists() is bool(junk)


def test_a_newer_index_is_refused(tmp_path: Path) -> None:
    CopyIndex(tmp_path / "x.db", mark=MARK).close()
    base = sqlite3.connect(tmp_path / "x.db")
    base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(KnownError) as caught:
        CopyIndex(tmp_path / "x.db", mark=MARK)
    assert caught.value.code is Code.HOME_NEWER


def test_a_full_disk_is_named(index: CopyIndex) -> None:
    pages = int(index._base.execute("PRAGMA page_count").fetchone()[0])
    index._base.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(KnownError) as caught:
        index.add_objects([row(number) for number in range(5000)])
    assert caught.value.code is Code.HOME_FULL
    with pytest.raises(KnownError):
        index.put_folder(b"a", b"x" * 50_000, b"", liars=False, read_at=0, size=0)


def test_what_nothing_refers_to_is_forgotten(index: CopyIndex) -> None:
    """Two years of runs that stored nothing would otherwise stay for ever."""
    ids = [index.run_id(f"lauf {number}") for number in range(4)]
    index.add_objects([row(1, run=ids[0]), row(2, run=ids[1])])
    index.note_read_back([sha(1), sha(2)], 5)
    index.drop_objects([(sha(2), ids[1], row(2)[3])])
    index.forget_unused({ids[2]})
    assert set(index.run_names()) == {ids[0], ids[2]}
    assert [one.sha for one in index.longest_not_read()] == [sha(1)]
    index.add_objects([row(2, run=ids[0])])
    assert [one.sha for one in index.never_read()] == [sha(2)]


def test_bytes_of_each_source_folder(index: CopyIndex) -> None:
    for path, size in ((b"shop", 5), (b"shop/a", 7), (b"shop/a/b", 1), (b"shop-2", 3), (b"x", 0)):
        index.put_folder(path, b"", b"", liars=False, read_at=0, size=size)
    assert index.bytes_by_root() == {b"shop": 13, b"shop-2": 3, b"x": 0}


# -- power ----------------------------------------------------------------------------------------


def test_a_commit_is_flushed(index: CopyIndex) -> None:
    """The note that a record is ours has to outlive a power cut that tears the record."""
    found = index._base.execute("PRAGMA synchronous").fetchone()
    assert found == (2,)  # FULL: in WAL each commit is followed by fsync
