"""What an index remembers of a folder: compact, comparable, and wary of files that lie."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.memory.remembered import (
    Extra,
    Kept,
    folder_lines,
    has_liars,
    is_liar,
    pack_entries,
    pack_kept,
    pack_one,
    runs_in,
    same_in_list,
    unpack_entries,
    unpack_kept,
    unpack_one,
)
from core.sources.folders import Entry

RUN = "000001-20261121T030000Z-k7f3"
SHA = b"\x07" * 32
_INT = st.integers(-(2**63), 2**63 - 1)
_ENTRIES = st.tuples(
    st.binary(min_size=1, max_size=12), st.integers(0, 0o177777), _INT, _INT, _INT,
    st.integers(0, 2**64 - 1),
)  # fmt: skip
_EXTRA = st.builds(
    Extra,
    owner=st.none() | st.text(max_size=5),
    hard_link=st.booleans(),
    xattrs=st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    target=st.none() | st.binary(max_size=9),
    dos=st.none() | st.integers(0, 255),
    whole_at=st.integers(0, 2**40),
)
_SHAS = st.binary(min_size=32, max_size=32)
_KEPT = st.builds(
    Kept,
    sha=st.just(b"") | _SHAS,
    run=st.integers(0, 2**31),
    parts=st.none() | st.lists(st.tuples(_SHAS, _INT, _INT), max_size=3),
    extra=st.none() | _EXTRA,
)  # fmt: skip


@given(st.lists(_ENTRIES, max_size=6), st.lists(_KEPT, max_size=6))
def test_folders_come_back(entries: list[Entry], kept: list[Kept]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries
    assert unpack_kept(pack_kept(kept)) == kept


@given(_ENTRIES, _KEPT)
def test_a_single_file_comes_back(entry: Entry, kept: Kept) -> None:
    assert unpack_one(pack_one(entry), pack_kept(kept)) == (entry, kept)


@given(st.lists(_ENTRIES, max_size=4), st.lists(_ENTRIES, max_size=4))
def test_equal_bytes_mean_an_unchanged_folder(one: list[Entry], other: list[Entry]) -> None:
    assert (pack_entries(one) == pack_entries(other)) == (one == other)


def test_the_usual_takes_little_room() -> None:
    """Half a million of them lie in the index of a large shop."""
    usual = [Kept(SHA, 1) for _ in range(100)]
    assert len(pack_kept(usual)) < 100 * 40


def test_other_bytes_are_no_folder() -> None:
    for blob in (b"", b"\xc1", b"\x91", b"\x91\x91\x01"):
        with pytest.raises(msgspec.DecodeError):
            unpack_entries(blob)


# -- liars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Outlook.pst", "ARCHIV.OST", "kasse.mdf", "kasse.ldf", "lager.mdb", "lager.accdb",
     "shop.sqlite", "shop.sqlite3", "thumbs.db", "shop.db3", "vm.vhdx", "vm.vhd",
     "vm.vmdk", "tresor.hc", "x.kdbx", "ibdata.ibd", "KASSE.FDB", "a.b.PST"],
)  # fmt: skip
def test_files_that_keep_their_time_are_known(name: str) -> None:
    assert is_liar(name.encode())
    assert has_liars([(b"a.txt", 0, 0, 0, 0, 0), (name.encode(), 0, 0, 0, 0, 0)])


@pytest.mark.parametrize("name", ["a.txt", "pst", "a.pst.txt", "a.pst2", ".pst~", "sqlite", "mdfx"])
def test_others_are_believed(name: str) -> None:
    assert not is_liar(name.encode())
    assert not has_liars([(name.encode(), 0, 0, 0, 0, 0)])


def test_an_empty_folder_has_no_liars() -> None:
    assert not has_liars([])


# -- what makes a new list worth writing ----------------------------------------------------------

ENTRY: Entry = (b"a", 0o100644, 5, 100, 200, 300)
KEPT = Kept(SHA, 1)


def test_change_time_and_file_number_do_not_show_in_a_list() -> None:
    later: Entry = (b"a", 0o100644, 5, 100, 201, 301)
    assert same_in_list([ENTRY], [KEPT], [later], [Kept(SHA, 1)])
    lines = [folder_lines(b"shop", [entry], [KEPT], {1: RUN})[0] for entry in (ENTRY, later)]
    assert lines[0] == lines[1]


@pytest.mark.parametrize(
    ("entries", "kept"),
    [
        ([], []),
        ([ENTRY, ENTRY], [KEPT, KEPT]),
        ([(b"b", 0o100644, 5, 100, 200, 300)], [KEPT]),
        ([(b"a", 0o100600, 5, 100, 200, 300)], [KEPT]),
        ([(b"a", 0o100644, 6, 100, 200, 300)], [KEPT]),
        ([(b"a", 0o100644, 5, 101, 200, 300)], [KEPT]),
        ([ENTRY], [Kept(b"\x08" * 32, 1)]),
        ([ENTRY], [Kept(SHA, 1, None, Extra(sparse=True))]),
        ([ENTRY], [Kept(SHA, 1, [(SHA, 5, 1)])]),
    ],
)
def test_everything_else_does(entries: list[Entry], kept: list[Kept]) -> None:
    assert not same_in_list([ENTRY], [KEPT], entries, kept)


@given(st.lists(st.tuples(_ENTRIES, _KEPT), max_size=4), st.lists(st.tuples(_ENTRIES, _KEPT)))
def test_the_same_folder_is_the_same(
    one: list[tuple[Entry, Kept]], other: list[tuple[Entry, Kept]]
) -> None:
    a, b = [e for e, _ in one], [k for _, k in one]
    assert same_in_list(a, b, list(a), list(b))
    if [(e[:4], k) for e, k in one] != [(e[:4], k) for e, k in other]:
        assert not same_in_list(a, b, [e for e, _ in other], [k for _, k in other])


def test_every_run_that_rows_name_is_found() -> None:
    usual, parts = Kept(b"a" * 32, 7), Kept(b"b" * 32, 0, [(b"c" * 32, 9, 8), (b"d" * 32, 9, 9)])
    assert runs_in([pack_kept([usual, parts]), pack_kept([])]) == {7, 0, 8, 9}
