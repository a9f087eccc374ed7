"""A difference and its full list say together what a full list would have said (format §6)."""

from __future__ import annotations

import gzip
import io
import stat
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.copies.format.differences import Changes, gather, merge
from core.copies.format.names import OWN_FOLDER
from core.copies.format.rows import (
    MAX_CHANGES,
    Change,
    FileRow,
    FolderRow,
    GoneRow,
    Header,
    Hostile,
    LinkRow,
    PartRow,
    Row,
    SkippedRow,
    encode_rows,
    read_changes,
    read_rows,
)
from core.copies.memory.changed_rows import changed_rows, own_folder_row
from core.copies.memory.remembered import (
    Extra,
    FolderCount,
    Kept,
    folder_lines,
    pack_entries,
    pack_kept,
    same_in_list,
    unpack_entries,
    unpack_kept,
)
from core.sources.folders import Entry
from core.store.index import CopyIndex

RUN = "000001-20261121T030000Z-k7f3"
BASE = f"{RUN}.liste.gz"
HEADER = Header(
    format=1, system="laden", run=RUN, folders={"shop": "/pc/shop"}, owner="anna", group="anna"
)
LEANING = msgspec.structs.replace(HEADER, base=BASE)


def read_full(text: bytes) -> Iterator[Row]:
    return read_rows(io.BytesIO(gzip.compress(text)), unpacked=len(text))


def read_difference(text: bytes) -> Changes:
    packed = io.BytesIO(gzip.compress(text))
    return gather(read_changes(packed, unpacked=len(text), base=BASE))


def merged(full: Sequence[Row], changes: Sequence[Change]) -> list[Row]:
    """The state that these rows make, without its header."""
    text = encode_rows([HEADER, *full])
    difference = read_difference(encode_rows([LEANING, *changes]))
    header, *rows = merge(read_full(text), difference)
    assert header == LEANING
    return rows


# -- random histories -----------------------------------------------------------------------------

# Few names, so that they meet again: as file, folder, link, unreadable; some sort around "/".
NAMES = (b"a", b"a-b", b"B\xc3\xbcro", b"\xff", b'"%41\\', b"x\ny", b"CON", b"ladentresor")
FOLDER, FILE, LINK = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777

_content = st.integers(0, 3)
_leaf = st.one_of(
    st.tuples(st.just("file"), _content, st.integers(0, 2)),
    st.tuples(st.just("link"), _content),
    st.tuples(st.just("skipped"), st.just(0)),
    st.tuples(st.just("closed"), _content),
)
_nodes = st.recursive(
    _leaf,
    lambda inner: st.tuples(
        st.just("folder"), _content, st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
_trees = st.dictionaries(st.sampled_from(NAMES), _nodes, max_size=5)
Tree = dict[bytes, tuple[object, ...]]
Folders = dict[bytes, tuple[list[Entry], list[Kept]]]


def _entry(name: bytes, node: tuple[object, ...]) -> tuple[Entry, Kept]:
    kind, number = node[0], node[1]
    assert isinstance(number, int)
    time = 1000 + number
    if kind in ("folder", "closed"):
        return (name, FOLDER, 0, time, 5, 5), Kept()
    if kind == "link":
        return (name, LINK, 3, time, 5, 5), Kept(extra=Extra(target=b"wo\xff%d" % number))
    if kind == "skipped":
        return (name, FILE, 3, 0, 0, 0), Kept(extra=Extra(reason="gesperrt"))
    sha = bytes([number]) * 32
    parts = [(bytes([10 + at]) * 32, 1, 1) for at in range(int(str(node[2])))]
    return (name, FILE, number, time, 5, 5), Kept(sha, 1, parts or None)


def _folders(tree: Tree, path: bytes = b"shop") -> Folders:
    """The folders of a tree as the index has them."""
    pairs = [_entry(name, tree[name]) for name in sorted(tree)]
    found = {path: ([entry for entry, _ in pairs], [kept for _, kept in pairs])}
    for name, node in tree.items():
        below = path + b"/" + name
        if node[0] == "folder":
            found |= _folders(node[2], below)  # type: ignore[arg-type]
        elif node[0] == "closed":
            found[below] = ([], [Kept(extra=Extra(reason="unlesbarer_ordner"))])
    return found


class History:
    """An index that follows a source, and what a full list would say each day."""

    def __init__(self, tree: Tree) -> None:
        self.index = CopyIndex(Path(":memory:"), mark="x")
        self.runs = {self.index.run_id(RUN): RUN}
        self.put({b"": ([(b"shop", FOLDER, 0, 1, 5, 5)], [Kept()])} | _folders(tree))
        self.full = self.list()
        self.base_count = self.count()
        self.index.set_base("eine volle Liste", anew=True)

    def put(self, now: Folders) -> None:
        """What a run does: put what changed, drop what is gone."""
        own = ([(b"plan.toml", FILE, 1, 1, 0, 0)], [Kept(b"p" * 32, 1)])
        for path, (entries, kept) in (now | {OWN_FOLDER: own}).items():
            known = self.index.folder_stat(path)
            old = self.index.folder_rows(path) or b"\x90"
            before = (unpack_entries(known.stat), unpack_kept(old)) if known else ([], [])
            self.index.put_folder(
                path, pack_entries(entries), pack_kept(kept), liars=False, read_at=0, size=0,
                in_list=known is None or not same_in_list(*before, entries, kept),
            )  # fmt: skip
        gone = set(self.index.folder_paths()) - now.keys() - {OWN_FOLDER}
        self.index.drop_folders(gone)

    def day(self, tree: Tree) -> None:
        self.put({b"": ([(b"shop", FOLDER, 0, 1, 5, 5)], [Kept()])} | _folders(tree))

    def list(self) -> bytes:
        """The text of a full list of what is there now."""
        text = encode_rows([HEADER])
        for path, entries, kept in self.index.folders():
            if path == OWN_FOLDER:
                text += encode_rows([own_folder_row()])
            text += folder_lines(path, unpack_entries(entries), unpack_kept(kept), self.runs)[0]
        return text

    def count(self) -> FolderCount:
        total = FolderCount()
        for path, entries, kept in self.index.folders():
            if path == OWN_FOLDER:
                continue
            one = folder_lines(path, unpack_entries(entries), unpack_kept(kept), self.runs)[1]
            total.files += one.files
            total.folders += one.folders
            total.bytes += one.bytes
            total.skipped += one.skipped
        return total

    def difference(self) -> tuple[bytes, FolderCount]:
        """The text of a difference to the first list, and the numbers it leads to."""
        text, count = encode_rows([LEANING]), msgspec.structs.replace(self.base_count)
        for changes in changed_rows(self.index, self.runs):
            text += changes.text
            changes.apply_to(count)
            assert changes.text.count(b"\n") == changes.lines
        return text, count


def by_path(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each path, parts with their file."""
    found: dict[str, list[Row]] = {}
    path = ""
    for row in rows:
        if isinstance(row, FolderRow | FileRow | LinkRow | SkippedRow):
            path = row.path
        found.setdefault(path, []).append(row)
    return found


def look_at_order(rows: Sequence[Row]) -> None:
    """A folder stands before what is in it, and its rows stand together."""
    seen = {""}
    for row in rows:
        if isinstance(row, FolderRow | FileRow | LinkRow | SkippedRow):
            assert row.path.rpartition("/")[0] in seen
        if isinstance(row, FolderRow):
            seen.add(row.path)
    inside = [
        row.path.rpartition("/")[0]
        for row in rows
        if isinstance(row, FolderRow | FileRow | LinkRow) and "/" in row.path
    ]
    groups = [folder for folder, _ in groupby(inside)]
    assert len(groups) == len(set(groups))


@settings(max_examples=300)
@given(_trees, st.lists(_trees, min_size=1, max_size=4))
def test_a_difference_leads_to_what_a_full_list_would_say(first: Tree, later: list[Tree]) -> None:
    history = History(first)
    for tree in later:
        history.day(tree)
        text, count = history.difference()
        _, *rows = merge(read_full(history.full), read_difference(text))
        _, *expected = read_full(history.list())
        assert by_path(rows) == by_path(expected)
        assert count == history.count()
        look_at_order(rows)
    history.day(first)
    assert history.difference()[0] == encode_rows([LEANING])  # all is as it was


@given(_trees, _trees)
def test_what_did_not_change_is_not_in_a_difference(first: Tree, then: Tree) -> None:
    history = History(first)
    history.day(then)
    text, _ = history.difference()
    old, new = (by_path(list(read_full(full))[1:]) for full in (history.full, history.list()))
    told = read_difference(text).rows
    assert set(told) == {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


# -- what never comes from us ---------------------------------------------------------------------

SHOP = FolderRow(path="shop", mtime_ns=1, mode="0755")
PRICES = FileRow(path="shop/a", size=1, mtime_ns=1, mode="0644", sha256="0" * 64, run=RUN)
IN_PARTS = msgspec.structs.replace(PRICES, path="shop/b", parts=1)
PART = PartRow(sha256="1" * 64, size=1, run=RUN)
CLOSED = SkippedRow(path="shop", reason="unlesbarer_ordner")
NEW = msgspec.structs.replace(PRICES, path="shop/neu")


def test_rows_are_replaced_in_their_place_and_new_ones_follow_their_folder() -> None:
    later = msgspec.structs.replace(SHOP, mtime_ns=9)
    other = FolderRow(path="zweiter", mtime_ns=1, mode="0755")
    assert merged([SHOP, other, IN_PARTS, PART, PRICES], [later, GoneRow(path="shop/b"), NEW]) == [
        later,
        other,
        PRICES,
        NEW,
    ]


def test_a_path_of_two_rows_is_replaced_as_one() -> None:
    assert merged([SHOP, PRICES, CLOSED], [SHOP]) == [SHOP, PRICES]
    assert merged([SHOP], [SHOP, CLOSED]) == [SHOP, CLOSED]


@pytest.mark.parametrize(
    "rows",
    [
        [PRICES, PRICES],
        [PRICES, GoneRow(path="shop/a")],
        [GoneRow(path="shop/a"), PRICES],
        [GoneRow(path="shop/a"), GoneRow(path="shop/a")],
        [GoneRow(path="shop/a"), SkippedRow(path="shop/a", reason="gesperrt")],
        [CLOSED, SHOP],
        [SHOP, CLOSED, CLOSED],
        [IN_PARTS],
        [PART],
        [GoneRow(path="shop/b"), PART],
        [GoneRow(path="../b")],
        [GoneRow(path="")],
        [GoneRow(path="nie/da")],
        [LEANING],
    ],
)
def test_a_difference_that_never_comes_from_us_is_refused(rows: list[Change]) -> None:
    with pytest.raises(Hostile):
        merged([SHOP, PRICES], rows)


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        msgspec.structs.replace(LEANING, base="000002-20261121T030000Z-k7f3.liste.gz"),
        msgspec.structs.replace(LEANING, owner="berta"),
        msgspec.structs.replace(LEANING, group="berta"),
    ],
)
def test_a_difference_to_another_list_is_refused(header: Header) -> None:
    with pytest.raises(Hostile):
        list(merge(read_full(encode_rows([HEADER, SHOP])), read_difference(encode_rows([header]))))


@pytest.mark.parametrize("rows", [[LEANING, SHOP], [HEADER, SHOP, GoneRow(path="x")]])
def test_a_difference_is_no_full_list(rows: list[Change]) -> None:
    with pytest.raises(Hostile):
        list(read_full(encode_rows(rows)))


def test_too_many_rows_are_refused() -> None:
    rows = (GoneRow(path=f"shop/{number}") for number in range(MAX_CHANGES))
    text = encode_rows([LEANING, *rows])
    with pytest.raises(Hostile, match="too many"):
        read_difference(text)


def test_a_difference_that_is_empty_is_refused() -> None:
    with pytest.raises(Hostile):
        gather([])
