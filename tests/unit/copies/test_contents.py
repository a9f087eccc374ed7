"""`inhalt.tsv.gz` says where bytes lie; no row of it may lead a reader out of the run's folder."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.format.contents import (
    Part,
    StoredObject,
    head,
    lines_of,
    read_contents,
    safe_object_path,
)
from core.copies.format.names import stored_names
from core.copies.format.packed import NotWhole, TooMuch
from core.copies.format.rows import Hostile

RUN = "000001-20261121T030000Z-k7f3"
SHA = "0123456789abcdef" * 4
RAW = bytes.fromhex(SHA)


def read(*lines: str, run: str = RUN) -> list[StoredObject]:
    return read_bytes(head(run) + "".join(line + "\n" for line in lines).encode())


def read_bytes(text: bytes) -> list[StoredObject]:
    return list(read_contents(io.BytesIO(gzip.compress(text)), run=RUN))


_SIZE = st.integers(0, 2**62)
_NAMES = st.sets(
    st.binary(min_size=1, max_size=20).filter(lambda raw: b"/" not in raw and b"\0" not in raw),
    min_size=1,
    max_size=4,
).map(lambda raws: sorted(stored_names(raws).values()))


@st.composite
def _objects(draw: st.DrawFn) -> StoredObject:
    size = draw(_SIZE)
    parts = []
    end = 0
    for _ in range(draw(st.integers(0, 3))):
        if end == size:
            break
        offset = draw(st.integers(end, size - 1))
        stored = draw(st.integers(1, size - offset))
        end = offset + stored
        packed = draw(st.booleans())
        length = draw(_SIZE) if packed else stored
        member = draw(_NAMES)[0] if packed else ""
        sha = draw(st.binary(min_size=32, max_size=32))
        parts.append(Part(sha, offset, stored, length, "deflate" if packed else "roh", member))
    return StoredObject("/".join(draw(_NAMES)), size, RAW, tuple(parts))


@given(st.lists(_objects(), max_size=5))
def test_what_was_written_comes_back(objects: list[StoredObject]) -> None:
    assert read(*(line for stored in objects for line in lines_of(stored))) == objects


def test_rows_are_those_of_the_format() -> None:
    part = Part(RAW, 5, 7, 9, "deflate", "shop.sql.teil-000001")
    assert head(RUN) == f"#inhalt\t1\t{RUN}\n".encode()
    assert lines_of(StoredObject("shop/a", 12, RAW, (part,))) == [
        f"O\t12\t{SHA}\tshop/a",
        f"T\t{SHA}\t5\t7\t9\tdeflate\tshop.sql.teil-000001",
    ]


def test_objects_are_streamed() -> None:
    """An `inhalt` of half a million rows never stands in memory as a whole."""
    rows = "".join(f"O\t1\t{SHA}\tshop/{number}\n" for number in range(20_000)).encode()
    torn = gzip.compress(head(RUN) + rows)[:-9]
    objects = read_contents(io.BytesIO(torn), run=RUN)
    assert next(objects).path == "shop/0"
    with pytest.raises(NotWhole):
        list(objects)


# -- what never comes from us ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        "",
        f"#inhalt\t2\t{RUN}",
        f"#inhalt\t1\t{RUN[:-1]}x",
        f"#inhalt\t1\t{RUN}\t",
        f"O\t1\t{SHA}\tshop/a",
        f"\ufeff#inhalt\t1\t{RUN}",
    ],
)
def test_another_head_is_refused(first: str) -> None:
    with pytest.raises(Hostile):
        read_bytes(f"{first}\n".encode())


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(Hostile):
        read_bytes(b"")


BAD_OBJECT_PATHS = [
    "", "/", ".", "..", "/etc/passwd", "../x", "a/../../x", "a/..", "a//b", "a/", "./a", "a/.",
    "C:", "C:x", "a:strom", "a\\b", "..\\x", "\\\\server\\x", 'a"b', "a\0b", "a/\0",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_OBJECT_PATHS)
def test_object_paths_that_lead_out_are_refused(path: str) -> None:
    assert not safe_object_path(path)
    with pytest.raises(Hostile):
        read(f"O\t1\t{SHA}\t{path}")


@pytest.mark.parametrize("path", ["a", "shop/Büro/preise.csv", "lang/" + "0" * 64, "...", "..a"])
def test_ordinary_object_paths_are_fine(path: str) -> None:
    assert safe_object_path(path)


@given(_NAMES)
def test_every_stored_name_is_a_safe_object_path(names: list[str]) -> None:
    assert safe_object_path("/".join(names))


@pytest.mark.parametrize(
    "row",
    [
        "",
        "X\t1",
        "O",
        "o\t1\t" + SHA + "\ta",
        f"O\t1\t{SHA}",
        f"O\t1\t{SHA}\ta\tb",
        f"O\t-1\t{SHA}\ta",
        f"O\t+1\t{SHA}\ta",
        f"O\t1.0\t{SHA}\ta",
        f"O\t 1\t{SHA}\ta",
        f"O\t1_0\t{SHA}\ta",
        f"O\t\t{SHA}\ta",
        f"O\t٣\t{SHA}\ta",
        f"O\t{2**63}\t{SHA}\ta",
        f"O\t{10**30}\t{SHA}\ta",
        f"O\t{'9' * 5000}\t{SHA}\ta",
        f"O\t1\t{SHA[:-1]}\ta",
        f"O\t1\t{SHA.upper()}\ta",
        f"O\t1\t{SHA}0\ta",
        f"T\t{SHA}\t0\t1\t1\troh\t",
        "#" + RUN,
    ],
)
def test_rows_that_never_come_from_us_are_refused(row: str) -> None:
    with pytest.raises(Hostile):
        read(row)


@pytest.mark.parametrize(
    "row",
    [
        f"T\t{SHA}\t0\t101\t101\troh\t",
        f"T\t{SHA}\t100\t1\t1\troh\t",
        f"T\t{SHA}\t{2**62}\t{2**62}\t5\tdeflate\t",
        f"T\t{SHA}\t-1\t5\t5\troh\t",
        f"T\t{SHA}\t0\t5\t6\troh\t",
        f"T\t{SHA}\t0\t6\t5\troh\t",
        f"T\t{SHA}\t0\t5\t{2**63}\tdeflate\t",
        f"T\t{SHA}\t0\t5\t5\tzstd\t",
        f"T\t{SHA}\t0\t5\t5\t\t",
        f"T\t{SHA}\t0\t5\t5\troh",
        f"T\t{SHA}\t0\t5\t5\troh\t\t",
        "T\tx\t0\t5\t5\troh\t",
    ],
)
def test_parts_outside_their_object_are_refused(row: str) -> None:
    with pytest.raises(Hostile):
        read(f"O\t100\t{SHA}\ta", row)


def test_the_number_of_parts_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.copies.format.contents.MAX_PARTS", 10)
    rows = [f"O\t100\t{SHA}\ta", *[f"T\t{SHA}\t{at}\t5\t5\troh\t" for at in range(0, 55, 5)]]
    assert len(read(*rows[:-1])[0].parts) == 10
    with pytest.raises(Hostile):
        read(*rows)


def test_parts_may_not_overlap_or_be_empty() -> None:
    """Else one line again and again would be a bomb."""
    first, touching = f"T\t{SHA}\t5\t5\t5\troh\t", f"T\t{SHA}\t10\t1\t1\troh\t"
    assert len(read(f"O\t100\t{SHA}\ta", first, touching)[0].parts) == 2
    for second in (first, f"T\t{SHA}\t9\t5\t5\troh\t", f"T\t{SHA}\t0\t1\t1\troh\t"):
        with pytest.raises(Hostile):
            read(f"O\t100\t{SHA}\ta", first, second)
    with pytest.raises(Hostile):
        read(f"O\t100\t{SHA}\ta", f"T\t{SHA}\t5\t0\t0\troh\t")


@given(st.binary(max_size=120))
def test_any_bytes_end_in_objects_or_a_named_failure(text: bytes) -> None:
    for start in (b"", head(RUN), head(RUN) + f"O\t9\t{SHA}\ta\n".encode()):
        try:
            found = read_bytes(start + text + b"\n")
        except (Hostile, TooMuch, NotWhole):
            continue
        assert all(safe_object_path(stored.path) for stored in found)


@given(
    st.sampled_from("OT"),
    st.lists(
        st.sampled_from(["0", "5", SHA, "a", "roh", "deflate", "", "..", str(2**63), "-1"])
        | st.text(max_size=4),
        max_size=7,
    ),
)
def test_any_fields_end_in_objects_or_hostile(kind: str, fields: list[str]) -> None:
    row = "\t".join([kind, *fields]).replace("\n", " ")
    try:
        read(f"O\t9\t{SHA}\ta", row)
    except Hostile:
        return


def sha(number: int) -> bytes:
    return bytes([number]) * 32


def test_only_what_is_wanted_is_read() -> None:
    """Objects and parts with these digests, and the objects in which such parts lie."""
    first, second = StoredObject("a", 5, sha(1)), StoredObject("b", 6, sha(2))
    parts = tuple(Part(sha(at), 100 * at, 10, 10, "roh", f"m{at}") for at in (3, 4, 5))
    last = StoredObject("z", 7, sha(7))

    def found(*wanted: bytes) -> list[StoredObject]:
        return list(read_contents(io.BytesIO(data), run=RUN, wanted=wanted))

    def bundle(*inside: Part) -> StoredObject:
        return StoredObject("buendel-000001.zip", 1000, sha(6), inside)

    rows = [line for one in (first, second, bundle(*parts), last) for line in lines_of(one)]
    data = gzip.compress(head(RUN) + "".join(f"{row}\n" for row in rows).encode())

    assert found(sha(2)) == [second]
    assert found(sha(4), sha(7)) == [bundle(parts[1]), last]
    assert found(sha(6)) == [bundle()]
    assert found(sha(1), sha(3), sha(5)) == [first, bundle(parts[0], parts[2])]
    assert found(sha(9)) == []
