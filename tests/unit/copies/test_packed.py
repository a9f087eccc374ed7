"""Lists come packed from anywhere: a bomb or a torn file must cost neither memory nor an answer."""

from __future__ import annotations

import collections
import gzip
import hashlib
import io
import random
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.copies.format.packed import MAX_LINE, NotWhole, PackedWriter, TooMuch, unpack_lines

_LINES = st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" ")), max_size=30)


def packed(lines: list[bytes]) -> bytes:
    return gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)


def unpacked(data: bytes, limit: int = 1 << 30) -> list[bytes]:
    return list(unpack_lines(io.BytesIO(data), limit=limit))


class Endless(io.RawIOBase):
    """A gzip stream of the same kilobytes without an end; counts what was asked of it."""

    def __init__(self, text: bytes) -> None:
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        self._head = pack.compress(text * 100) + pack.flush(zlib.Z_FULL_FLUSH)
        self._body = pack.compress(text * (4 << 20)) + pack.flush(zlib.Z_FULL_FLUSH)
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        data = self._body if self.given else self._head
        self.given += len(data)
        return data


# -- writing and reading back ---------------------------------------------------------------------


@given(_LINES)
def test_what_was_packed_comes_back(lines: list[bytes]) -> None:
    out = bytearray()
    writer = PackedWriter(out.extend)
    for line in lines:
        writer.write(line + b"\n", 1)
    writer.close()
    assert unpacked(bytes(out)) == lines
    assert gzip.decompress(out) == b"".join(line + b"\n" for line in lines)
    assert (writer.lines, writer.size) == (len(lines), len(out))
    assert writer.unpacked == sum(len(line) + 1 for line in lines)
    assert writer.digest == hashlib.sha256(out).hexdigest()


def test_many_blocks_come_back() -> None:
    chance = random.Random(1)
    lines = [chance.randbytes(chance.randrange(3000)).replace(b"\n", b"") for _ in range(1500)]
    out = bytearray()
    writer = PackedWriter(out.extend)
    writer.write(b"".join(line + b"\n" for line in lines[:700]), 700)
    writer.write(b"".join(line + b"\n" for line in lines[700:]), 800)
    writer.close()
    assert unpacked(bytes(out)) == lines
    assert writer.lines == 1500


@given(_LINES, st.integers(1, 5))
def test_several_members_are_one_stream(lines: list[bytes], members: int) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    cut = max(1, len(whole) // members)
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)] or [b""]
    assert unpacked(b"".join(gzip.compress(piece) for piece in pieces)) == lines


def test_a_short_read_is_no_end() -> None:
    class Drops(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._data.read(min(size, 7))

    lines = [b"a" * 50, b"b" * 500, b""]
    stream = Drops(packed(lines) + packed(lines))
    assert list(unpack_lines(stream)) == lines * 2  # type: ignore[arg-type]


# -- damage ---------------------------------------------------------------------------------------


def test_every_torn_end_is_seen() -> None:
    data = packed([b"eins", b"zwei" * 40, b"drei"])
    for length in range(len(data)):
        with pytest.raises(NotWhole):
            unpacked(data[:length])


def test_every_flipped_bit_is_seen_or_changes_nothing() -> None:
    lines = [b"eins", b"zwei" * 40, b"drei"]
    data = packed(lines)
    for place in range(len(data)):
        for bit in range(8):
            bad = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
            try:
                assert unpacked(bad) == lines  # times and flags in the head carry no content
            except NotWhole:
                continue


@pytest.mark.parametrize("garbage", [b"x", b"\x1f", b"\x1f\x8b", b"\0" * 20, b"nachgestellt" * 9])
def test_anything_behind_the_stream_is_seen(garbage: bytes) -> None:
    with pytest.raises(NotWhole):
        unpacked(packed([b"eins"]) + garbage)


@pytest.mark.parametrize("data", [b"", b"kein gzip\n", zlib.compress(b"zlib\n"), b"\x1f\x8b\x08"])
def test_what_is_no_gzip_is_seen(data: bytes) -> None:
    with pytest.raises(NotWhole):
        unpacked(data)


def test_a_last_line_without_end_is_seen() -> None:
    with pytest.raises(NotWhole):
        unpacked(gzip.compress(b"eins\nzw"))


@given(st.binary(max_size=300))
@example(gzip.compress(b"a\n")[:-4] + b"\0\0\0\0")
def test_any_bytes_end_in_lines_or_a_named_failure(data: bytes) -> None:
    for start in (b"", b"\x1f\x8b\x08", packed([b"a"])):
        try:
            unpacked(start + data)
        except (NotWhole, TooMuch):
            continue


# -- bombs ----------------------------------------------------------------------------------------


def test_exactly_the_announced_bytes_may_come() -> None:
    data = packed([b"12345", b"67"])
    assert unpacked(data, 9) == [b"12345", b"67"]
    with pytest.raises(TooMuch):
        unpacked(data, 8)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_lets_nothing_through(limit: int) -> None:
    with pytest.raises(TooMuch):
        unpacked(packed([b"x"]), limit)


def test_an_endless_stream_ends_at_the_limit() -> None:
    stream = Endless(b"zeile\n")
    lines = unpack_lines(stream, limit=20 << 20)  # type: ignore[arg-type]
    with pytest.raises(TooMuch):
        collections.deque(lines, maxlen=0)
    assert stream.given < 1 << 20


def test_an_endless_line_ends_at_the_longest_line() -> None:
    stream = Endless(b"x")
    tracemalloc.start()
    try:
        with pytest.raises(TooMuch):
            list(unpack_lines(stream))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20


@pytest.mark.parametrize(("length", "fits"), [(MAX_LINE, True), (MAX_LINE + 1, False)])
def test_the_longest_line(length: int, fits: bool) -> None:
    data = packed([b"kurz", b"x" * length, b"kurz"])
    if fits:
        assert [len(line) for line in unpacked(data)] == [4, length, 4]
    else:
        with pytest.raises(TooMuch):
            unpacked(data)


def test_thousands_of_empty_members_cost_no_time() -> None:
    empty = gzip.compress(b"", mtime=0)
    began = time.monotonic()
    assert unpacked(empty * 100_000 + packed([b"a"])) == [b"a"]
    assert time.monotonic() - began < 20


def test_lines_come_before_the_stream_has_ended() -> None:
    lines: Iterator[bytes] = unpack_lines(Endless(b"zeile\n"))  # type: ignore[arg-type]
    assert next(lines) == b"zeile"
