"""The home's own database: it remembers runs, copies, names and proofs, and may be lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import stamp
from core.errors import Code, KnownError
from core.store.home import HomeStore, Proof, RunRow, SheetPrint
from tests.support.fixed_clock import NOON, FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[HomeStore]:
    opened = HomeStore(tmp_path / "ladentresor.db", clock)
    yield opened
    opened.close()


def test_copies_are_remembered(store: HomeStore) -> None:
    assert store.vault_of("laden", "platte") is None
    store.remember_copy("laden", "platte", "a" * 32)
    store.remember_copy("laden", "platte", "b" * 32)
    assert store.vault_of("laden", "platte") == "b" * 32
    assert store.vault_of("laden", "andere") is None


def test_short_names_never_change(store: HomeStore) -> None:
    store.remember_short_names("laden", {b"/x/\xff": "x_", b"/a": "a"})
    store.remember_short_names("laden", {b"/a": "anders", b"/b": "b"})
    store.remember_short_names("kasse", {b"/a": "kasse"})
    assert store.short_names("laden") == {b"/x/\xff": "x_", b"/a": "a", b"/b": "b"}


# -- runs -----------------------------------------------------------------------------------------


def test_a_run_from_begin_to_end(store: HomeStore, clock: FixedClock) -> None:
    row = store.begin_run("laden", "platte", "000001-x")
    assert store.runs()[0].status == "RUNNING"
    clock.pass_by(minutes=5)
    store.end_run(row, "COMMITTED", files=3, size=9, new_bytes=4, skipped=1)
    expected = RunRow(
        "laden", "platte", "000001-x", stamp(NOON), stamp(clock.now()), "COMMITTED", "", 3, 9, 4, 1
    )
    assert store.runs() == [expected]
    assert store.last_run("laden", "platte") == expected
    assert store.last_run("laden", "andere") is None


def test_sizes_beyond_32_bits_fit(store: HomeStore) -> None:
    store.end_run(store.begin_run("laden", "platte", "x"), "COMMITTED", size=2**62)
    assert store.runs()[0].bytes == 2**62


def test_runs_nobody_ends_are_marked_once(store: HomeStore) -> None:
    store.begin_run("laden", "platte", "x")
    store.end_run(store.begin_run("laden", "platte", "y"), "FAILED", code=str(Code.HOME_FULL))
    assert [store.mark_interrupted(), store.mark_interrupted()] == [1, 0]
    assert [run.status for run in store.runs()] == ["INTERRUPTED", "FAILED"]
    assert store.runs()[1].code == "home_full"


def test_old_runs_can_be_left_out(store: HomeStore, clock: FixedClock) -> None:
    store.begin_run("laden", "platte", "alt")
    clock.pass_by(days=10)
    store.begin_run("laden", "platte", "neu")
    assert [run.run for run in store.runs(since=NOON + timedelta(days=1))] == ["neu"]


def test_a_run_of_another_home_is_taken_in_once(store: HomeStore) -> None:
    row = RunRow("laden", "platte", "r", stamp(NOON), stamp(NOON), "COMMITTED", "", 1, 2, 3, 4)
    store.adopt([row, row], [proof("a", stamp(NOON))])
    store.adopt([row, row._replace(run="s")], [proof("a", stamp(NOON))])
    assert store.runs() == [row, row._replace(run="s")]
    assert store.proofs() == [proof("a", stamp(NOON))]


def test_years_of_hourly_runs_are_taken_in_at_once(store: HomeStore) -> None:
    one = RunRow("laden", "platte", "r", stamp(NOON), stamp(NOON), "COMMITTED", "", 1, 2, 3, 4)
    store.adopt([one._replace(run=f"r{number}") for number in range(30_000)], [])
    assert len(store.runs()) == 30_000


# -- proofs ---------------------------------------------------------------------------------------


def proof(id: str, at: str, kind: str = "verified") -> Proof:
    return Proof(id, at, "laden", "platte", kind, "sound", "", "full")


def test_proofs_come_back_in_their_order(store: HomeStore) -> None:
    for one in (proof("b", "2026-02-01T00:00:00Z"), proof("a", "2026-01-01T00:00:00Z")):
        store.add_proof(one)
        store.add_proof(one._replace(result="damaged"))  # a proof is never rewritten
    assert [one.id for one in store.proofs()] == ["a", "b"]
    assert {one.result for one in store.proofs()} == {"sound"}


def test_prints_of_a_recovery_sheet(store: HomeStore) -> None:
    made = [SheetPrint("k7f3-m2qp", number, stamp(NOON), "Tresor") for number in (1, 2)]
    for one in (*reversed(made), SheetPrint("andere", 1, stamp(NOON), "")):
        store.add_print(one)
    assert store.prints("k7f3-m2qp") == made
    assert store.prints("nie") == []


def test_the_last_proof_of_a_kind(store: HomeStore) -> None:
    store.add_proof(proof("a", "2026-01-01T00:00:00Z"))
    store.add_proof(proof("b", "2026-02-01T00:00:00Z"))
    store.add_proof(proof("c", "2026-03-01T00:00:00Z", "restored"))
    last = store.last_proof("laden", "platte", "verified")
    assert last is not None
    assert last.id == "b"
    assert store.last_proof("laden", "platte", "x") is None


# -- when the disk fails --------------------------------------------------------------------------


def test_a_broken_store_goes_aside_and_a_new_one_begins(tmp_path: Path, clock: FixedClock) -> None:
    place = tmp_path / "ladentresor.db"
    place.write_bytes(b"Muell" * 1000)
    store = HomeStore(place, clock)
    assert store.was_broken
    assert store.runs() == []
    store.close()
    aside = tmp_path / "ladentresor.db.beschaedigt-20261121T120000Z"
    assert aside.read_bytes() == b"Muell" * 1000


def test_a_sound_store_is_not_broken(tmp_path: Path, clock: FixedClock) -> None:
    for _ in range(2):
        store = HomeStore(tmp_path / "x.db", clock)
        assert not store.was_broken
        store.close()


def test_a_newer_store_is_refused(tmp_path: Path, clock: FixedClock) -> None:
    HomeStore(tmp_path / "x.db", clock).close()
    base = sqlite3.connect(tmp_path / "x.db")
    base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(KnownError) as caught:
        HomeStore(tmp_path / "x.db", clock)
    assert caught.value.code is Code.HOME_NEWER


def test_a_full_disk_is_named(store: HomeStore) -> None:
    pages = int(store._base.execute("PRAGMA page_count").fetchone()[0])
    store._base.execute(f"PRAGMA max_page_count={pages}")
    names = {f"/daten/{number}".encode() * 40: "x" for number in range(10_000)}
    with pytest.raises(KnownError) as caught:
        store.remember_short_names("laden", names)
    assert caught.value.code is Code.HOME_FULL


def test_old_runs_are_forgotten_but_for_the_last_word(store: HomeStore, clock: FixedClock) -> None:
    for status in ("COMMITTED", "FAILED", "COMMITTED", "UNCHANGED"):
        store.end_run(store.begin_run("laden", "platte", ""), status)
    clock.pass_by(days=2)
    store.end_run(store.begin_run("laden", "platte", ""), "COMMITTED")
    store.end_run(store.begin_run("laden", "nas", ""), "FAILED")
    assert store.forget_runs(clock.now() - timedelta(days=1)) == 2
    assert [row.status for row in store.runs()] == ["FAILED", "UNCHANGED", "COMMITTED", "FAILED"]


def test_the_last_run_that_ended_well(store: HomeStore) -> None:
    for status in ("COMMITTED", "UNCHANGED", "FAILED"):
        store.end_run(store.begin_run("laden", "platte", ""), status)
    newest = store.last_run("laden", "platte")
    good = store.last_run("laden", "platte", status=("COMMITTED", "UNCHANGED"))
    assert newest is not None
    assert good is not None
    assert (newest.status, good.status) == ("FAILED", "UNCHANGED")
    assert store.last_run("laden", "platte", status=("HELD",)) is None
