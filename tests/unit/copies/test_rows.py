"""Rows of a list: what we write is read again, what we never write is refused by name."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.copies.format import percent
from core.copies.format.packed import NotWhole, TooMuch
from core.copies.format.rows import (
    MAX_PARTS,
    Asked,
    FileRow,
    FolderRow,
    Header,
    Hostile,
    LinkRow,
    PartRow,
    Row,
    SkippedRow,
    encode_rows,
    mode_bits,
    octal,
    path_segments,
    read_rows,
)
from core.copies.memory.remembered import Extra, Kept, folder_lines
from core.sources.folders import SKIPS

RUN = "000001-20261121T030000Z-k7f3"
SHA = "0123456789abcdef" * 4
HEADER = Header(
    format=1, system="laden", run=RUN, folders={"shop": "/data/shop"}, owner="anna", group="anna"
)
FOLDER = FolderRow(path="shop", mtime_ns=1, mode="0755")
FILE = FileRow(path="shop/a", size=3, mtime_ns=5, mode="0644", sha256=SHA, run=RUN)
PART = PartRow(sha256=SHA, size=3, run=RUN)
LINK = LinkRow(path="shop/l", target="a", mtime_ns=1, mode="0777")
SKIPPED = SkippedRow(path="shop/x", reason="gesperrt")

_NAME = st.binary(min_size=1, max_size=30).map(
    lambda raw: raw.translate(bytes.maketrans(b"/\0", b"__"))
)
_SEGMENT = _NAME.filter(lambda raw: raw not in (b".", b".."))
_PATH = st.lists(_SEGMENT, min_size=1, max_size=5).map(b"/".join)
_INT64 = st.integers(-(2**63), 2**63 - 1)
_SIZE = st.integers(0, 2**63 - 1)
_SHA = st.binary(min_size=32, max_size=32)


def read(*rows: Row, limit: int = 1 << 30) -> list[Row]:
    return read_bytes(encode_rows(rows), limit=limit)


def read_bytes(text: bytes, *, limit: int = 1 << 30) -> list[Row]:
    return list(read_rows(io.BytesIO(gzip.compress(text)), unpacked=limit))


# -- what we write --------------------------------------------------------------------------------


def test_all_kinds_of_rows_come_back() -> None:
    file = FileRow(
        path="shop/b%25",
        size=7,
        mtime_ns=-1,
        mode="4755",
        sha256=SHA,
        run=RUN,
        parts=2,
        owner="bernd",
        group="kasse",
        hard_link="1f",
        sparse=True,
        changing=True,
        xattrs={"user.x": "Zm9v"},
        dos=33,
        born_ns=9,
    )
    rows: list[Row] = [HEADER, FOLDER, FILE, file, PART, PART, LINK, SKIPPED]
    assert read(*rows) == rows


_FULL_KEYS = (
    "art pfad groesse zeit modus sha256 lauf teile besitzer gruppe hartlink duenn veraendert"
    " xattr dos erstellt"
)


def test_only_plain_entries_that_are_not_asked_for_are_passed_over() -> None:
    """Whoever restores a part still gets parts, and all that takes decoding to judge."""

    def file(path: str, parts: int = 0) -> FileRow:
        sha = "0" * 64
        return FileRow(path=path, size=1, mtime_ns=0, mode="0644", sha256=sha, run=RUN, parts=parts)

    part = PartRow(sha256="0" * 64, size=1, run=RUN)
    kept: list[Row] = [
        HEADER,
        FolderRow(path="shop", mtime_ns=0, mode="0755"),
        FolderRow(path="nein%0A", mtime_ns=0, mode="0755"),
        file("shop/ja"),
        file("shop/nein%0A"),
        file("shop/gross", parts=1),
        part,
    ]
    no_folder = FolderRow(path="shop/leer", mtime_ns=0, mode="0755")
    rows = [*kept[:4], no_folder, file("shop/nein"), file("shop/Büro"), *kept[4:]]
    text = gzip.compress(encode_rows(rows))
    asked = Asked([b"shop/ja"].__contains__, [b"shop"].__contains__)
    assert list(read_rows(io.BytesIO(text), unpacked=1 << 20, asked=asked)) == kept
    assert list(read_rows(io.BytesIO(text), unpacked=1 << 20)) == rows


def test_keys_stand_in_the_order_of_the_format() -> None:
    full = FileRow(
        path="a", size=0, mtime_ns=0, mode="0644", sha256=SHA, run=RUN, parts=1, owner="o",
        group="g", hard_link="h", sparse=True, changing=True, xattrs={}, dos=1, born_ns=1,
    )  # fmt: skip
    keys: list[tuple[Row, str]] = [
        (HEADER, "art format system lauf ordner besitzer gruppe"),
        (full, _FULL_KEYS),
        (PART, "art sha256 groesse lauf"),
        (LINK, "art pfad ziel zeit modus"),
        (SKIPPED, "art pfad grund"),
        (FOLDER, "art pfad zeit modus"),
    ]  # fmt: skip
    for row, expected in keys:
        assert " ".join(json.loads(encode_rows([row]))) == expected


@given(
    folder=st.none() | _PATH,
    name=_NAME,
    mode=st.integers(0, 0o7777),
    size=_SIZE,
    mtime=_INT64,
    sha=_SHA,
)
@example(folder=b"shop", name=b'%"\\\n\x7f', mode=0o644, size=0, mtime=-1, sha=b"\0" * 32)
@example(folder=None, name=b"\xff", mode=0, size=1, mtime=0, sha=b"\xff" * 32)
def test_the_line_made_by_hand_is_the_line_of_the_encoder(
    folder: bytes | None, name: bytes, mode: int, size: int, mtime: int, sha: bytes
) -> None:
    """Half a million lines are formatted by hand for speed; nobody may be able to tell."""
    entry = (name, 0o100000 | mode, size, mtime, 4, 7)
    path = folder or b""
    by_hand, count = folder_lines(path, [entry], [Kept(sha, 3)], {3: RUN})
    text = percent.encode(path + b"/" + name if path else name)
    row = FileRow(path=text, size=size, mtime_ns=mtime, mode=octal(mode), sha256=sha.hex(), run=RUN)
    assert by_hand == encode_rows([row])
    assert (count.files, count.bytes, count.lines) == (1, size, 1)


@given(
    st.lists(
        st.tuples(
            _SEGMENT,
            st.sampled_from(["plain", "special", "parts", "link", "folder", "skip", "late skip"]),
            st.integers(0, 0o7777),
            _SIZE,
            _INT64,
        ),
        unique_by=lambda row: row[0],
        max_size=12,
    )
)
def test_whatever_a_folder_holds_can_be_read_again(rows: list[tuple[Any, ...]]) -> None:
    entries, kept = [], []
    for name, kind, mode, size, mtime in sorted(rows):
        bits = {"link": 0o120000, "folder": 0o040000}.get(kind, 0o100000)
        size = {"folder": 0, "skip": -1, "link": 9}.get(kind, size)
        entries.append((name, bits | mode, size, mtime, 0, 77))
        kept.append(_kept_of(kind))
    text, count = folder_lines(b"shop", entries, kept, {3: RUN})
    found = read_bytes(encode_rows([HEADER]) + text)[1:]
    assert count.lines == len(found)
    named = [row for row in found if not isinstance(row, PartRow | Header)]
    assert [path_segments(row.path)[1] for row in named] == [entry[0] for entry in entries]
    assert count.files == sum(isinstance(row, FileRow) for row in found)
    assert count.folders == sum(isinstance(row, FolderRow) for row in found)
    assert count.skipped == sum(isinstance(row, SkippedRow) for row in found)


def _kept_of(kind: str) -> Kept:
    sha = b"\x01" * 32
    return {
        "plain": Kept(sha, 3),
        "special": Kept(sha, 3, None, Extra(hard_link=True, xattrs={"user.ä": "eA=="})),
        "parts": Kept(sha, 3, [(sha, 1, 3), (sha, 2, 3)]),
        "link": Kept(extra=Extra(target=b'\xff"\n')),
        "folder": Kept(),
        "skip": Kept(),
        "late skip": Kept(extra=Extra(reason="gesperrt")),
    }[kind]


def test_an_unreadable_folder_is_one_skipped_row() -> None:
    kept = [Kept(extra=Extra(reason="unlesbarer_ordner"))]
    text, count = folder_lines(b"shop/zu", [], kept, {})
    assert read_bytes(encode_rows([HEADER]) + text)[1:] == [
        SkippedRow(path="shop/zu", reason="unlesbarer_ordner")
    ]
    assert (count.skipped, count.lines) == (1, 1)


def test_harmless_skips_are_not_counted() -> None:
    entries = [(b"a", 0o100644, -SKIPS.index("sonderdatei"), 0, 0, 0)]
    assert folder_lines(b"shop", entries, [Kept()], {})[1].skipped == 0


# -- the order of rows ----------------------------------------------------------------------------

_TWO_PARTS = FileRow(path="shop/p", size=6, mtime_ns=5, mode="0644", sha256=SHA, run=RUN, parts=2)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [FOLDER],
        [FOLDER, HEADER],
        [HEADER, HEADER],
        [HEADER, FOLDER, HEADER],
        [HEADER, PART],
        [HEADER, FILE, PART],
        [HEADER, _TWO_PARTS],
        [HEADER, _TWO_PARTS, PART],
        [HEADER, _TWO_PARTS, PART, PART, PART],
        [HEADER, _TWO_PARTS, PART, FILE, PART],
        [HEADER, _TWO_PARTS, PART, HEADER],
    ],
)
def test_rows_out_of_place_are_refused(rows: list[Row]) -> None:
    with pytest.raises(Hostile):
        read(*rows)


def test_a_header_alone_is_an_empty_list() -> None:
    assert read(HEADER) == [HEADER]


# -- hostile rows ---------------------------------------------------------------------------------

GOOD = {
    "datei": json.loads(encode_rows([FILE])),
    "ordner": json.loads(encode_rows([FOLDER])),
    "verweis": json.loads(encode_rows([LINK])),
    "ausgelassen": json.loads(encode_rows([SKIPPED])),
}

BAD_PATHS = [
    "", "/", "//", ".", "..", "/etc/passwd", "../x", "shop/../../x", "shop/..", "shop/.", "./shop",
    "shop//x", "shop/", "/shop", "shop/%2E%2E/x", "shop%2F..", "%2e%2e/x", "shop/%00", "shop/a%",
    "shop/%4", "shop/%zz", "shop/\u0000", "shop/\n", "shop/\t", "shop/\x7f", 'shop/"', "shop/\\",
    "shop/\x1b[31m", "x" * 32_769, "ä" * 16_385, "x/" * 20_000 + "y", "%41",
]  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_lead_astray_are_refused(kind: str, path: str) -> None:
    with pytest.raises(Hostile):
        read_json(GOOD[kind] | {"pfad": path})


@pytest.mark.parametrize(
    "path",
    ["C:", "C:x", "a:strom", "NUL", "CON.txt", "...", "..a", ".a", "a..", "%5C", "a%25", " ", "~"],
)
def test_names_only_windows_fears_are_fine(path: str) -> None:
    """They are true names on other systems; a Windows target gives them safe ones."""
    for kind in GOOD:
        read_json(GOOD[kind] | {"pfad": path})
        read_json(GOOD[kind] | {"pfad": f"shop/{path}/x"})


@pytest.mark.parametrize(
    "change",
    [
        {"groesse": -1},
        {"groesse": 2**63},
        {"groesse": 10**400},
        {"groesse": 1.5},
        {"groesse": True},
        {"groesse": "3"},
        {"zeit": 2**63},
        {"zeit": -(2**63) - 1},
        {"zeit": None},
        {"modus": "99999"},
        {"modus": "0999"},
        {"modus": "10000"},
        {"modus": "-755"},
        {"modus": "+755"},
        {"modus": "0o75"},
        {"modus": "7_55"},
        {"modus": " 755"},
        {"modus": "٠٧٥٥"},
        {"modus": "755"},
        {"modus": ""},
        {"modus": 420},
        {"sha256": ""},
        {"sha256": SHA[:-1]},
        {"sha256": SHA.upper()},
        {"sha256": SHA[:-1] + "g"},
        {"sha256": SHA[:-2] + "  "},
        {"sha256": "٠" * 64},
        {"lauf": ""},
        {"lauf": "../.."},
        {"lauf": 'x","pfad":"../../evil'},
        {"teile": -1},
        {"teile": MAX_PARTS + 1},
        {"teile": 10**30},
        {"dos": -1},
        {"dos": 2**70},
        {"erstellt": 2**70},
        {"xattr": {"user.x": 1}},
        {"xattr": []},
        {"besitzer": 0},
        {"hartlink": 5},
        {"art": "geraet"},
        {"art": None},
    ],
)
def test_values_that_never_come_from_us_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(Hostile):
        read_json(GOOD["datei"] | change)


@pytest.mark.parametrize("target", ["", "a\n", 'a"', "a\\b", "a%", "%00", "a\u0000", "\x1b[2J"])
def test_link_targets_that_are_no_percent_text_are_refused(target: str) -> None:
    with pytest.raises(Hostile):
        read_json(GOOD["verweis"] | {"ziel": target})


@pytest.mark.parametrize("reason", ["", "Gesperrt", "a b", "\x1b[31m", "x" * 41])
def test_reasons_that_are_no_word_are_refused(reason: str) -> None:
    with pytest.raises(Hostile):
        read_json(GOOD["ausgelassen"] | {"grund": reason})


@pytest.mark.parametrize("part", [{"groesse": -1}, {"sha256": "x"}, {"lauf": "x"}])
def test_parts_that_never_come_from_us_are_refused(part: dict[str, object]) -> None:
    good = json.loads(encode_rows([PART]))
    with pytest.raises(Hostile):
        read_json(GOOD["datei"] | {"teile": 1}, good | part)


@pytest.mark.parametrize(
    "change",
    [
        {"lauf": "x"},
        {"ordner": {"..": "/data"}},
        {"ordner": {"a/b": "/data"}},
        {"ordner": {"": "/data"}},
        {"ordner": {"shop": "/data%"}},
        {"ordner": {"shop": "/data\u0000"}},
        {"ordner": {"shop": 1}},
        {"ordner": []},
        {"format": "1"},
    ],
)
def test_headers_that_never_come_from_us_are_refused(change: dict[str, object]) -> None:
    header = json.loads(encode_rows([HEADER])) | change
    with pytest.raises(Hostile):
        read_bytes(json.dumps(header).encode() + b"\n")


def read_json(*rows: dict[str, object]) -> list[Row]:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return read_bytes(encode_rows([HEADER]) + text.encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"art":"ordner","pfad":"a","zeit":1,"modus":"0755","mehr":' + b"[" * 200_000,
        b'{"art":"ordner","pfad":"\xff","zeit":1,"modus":"0755"}',
        b'{"art":"ordner","pfad":"\\ud800","zeit":1,"modus":"0755"}',
        b'{"art":"ordner","pfad":"a","zeit":1,"modus":"0755"',
        b'{"art":"ordner","pfad":"a","zeit":1,"modus":"0755"}}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_lines_that_are_no_rows_are_refused(line: bytes) -> None:
    with pytest.raises(Hostile):
        read_bytes(encode_rows([HEADER]) + line + b"\n")


def test_not_one_byte_more_than_announced_is_read() -> None:
    text = encode_rows([HEADER, FOLDER])
    assert len(read_bytes(text, limit=len(text))) == 2
    with pytest.raises(TooMuch):
        read_bytes(text, limit=len(text) - 1)


def test_the_announcement_itself_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.copies.format.rows.MAX_UNPACKED", 100)
    with pytest.raises(TooMuch):
        read_bytes(encode_rows([HEADER, FOLDER]), limit=10**18)


@given(st.binary(max_size=120))
def test_any_bytes_end_in_rows_or_a_named_failure(text: bytes) -> None:
    for data in (text, encode_rows([HEADER]) + text, encode_rows([HEADER, _TWO_PARTS]) + text):
        try:
            read_bytes(data + b"\n")
        except (Hostile, TooMuch, NotWhole):
            continue


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_any_value_in_any_field_ends_in_rows_or_hostile(kind: str, data: st.DataObject) -> None:
    row = dict(GOOD[kind])
    for key in data.draw(st.sets(st.sampled_from([*row, "teile", "xattr", "besitzer"]))):
        row[key] = data.draw(_JSON)
    try:
        read_json(row)
    except Hostile:
        return


# -- the small helpers ----------------------------------------------------------------------------


@given(st.integers(0, 0o177777))
def test_modes_come_back(mode: int) -> None:
    assert mode_bits(octal(mode)) == mode & 0o7777


@pytest.mark.parametrize("text", ["99999", "-1", "", "8", "10000"])
def test_a_mode_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Hostile):
        mode_bits(text)


@given(_PATH)
def test_segments_come_back(path: bytes) -> None:
    assert b"/".join(path_segments(percent.encode(path))) == path


@pytest.mark.parametrize("path", BAD_PATHS[:20])
def test_segments_that_lead_astray_are_refused(path: str) -> None:
    with pytest.raises(Hostile):
        path_segments(path)
