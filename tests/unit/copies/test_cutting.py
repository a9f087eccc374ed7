"""Large files are cut by content: the numbers are published and may never move."""

from __future__ import annotations

import hashlib
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.copies.format.cutting import MIB, PARTS_FROM, average_for, average_near, cut, is_fast

EXPECTED_NUMBER = 12
EXPECTED_CUTS = "bd5272e86f0ce55a"
AVERAGE = 64 * 1024  # the rules are the same at every size; small parts make quick tests


def parts(data: bytes, average: int = AVERAGE) -> list[tuple[int, bytes, bytes]]:
    return [
        (piece.offset, piece.sha256, bytes(piece.data)) for piece in cut(io.BytesIO(data), average)
    ]


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@settings(max_examples=30)
@given(st.integers(0, 3 * MIB), st.integers(0, 9))
def test_parts_joined_are_the_file(size: int, seed: int) -> None:
    data = noise(seed, size)
    found = parts(data)
    assert b"".join(piece for _, _, piece in found) == data
    at = 0
    for offset, sha, piece in found:
        assert offset == at
        assert hashlib.sha256(piece).digest() == sha
        at += len(piece)


def test_an_empty_file_has_no_parts() -> None:
    assert parts(b"") == []


def test_parts_keep_to_the_published_sizes() -> None:
    sizes = [len(piece) for _, _, piece in parts(noise(1, 16 * MIB))]
    assert all(size >= AVERAGE // 4 for size in sizes[:-1])
    assert max(sizes) <= AVERAGE * 8
    assert AVERAGE / 2 < sum(sizes) / len(sizes) < AVERAGE * 2


def test_sameness_is_cut_at_the_largest_size() -> None:
    """An empty database page after the other: no content to cut by, and still no giant part."""
    sizes = [len(piece) for _, _, piece in parts(bytes(4 * MIB))]
    assert set(sizes[:-1]) == {AVERAGE * 8}


def test_no_part_is_larger_than_sixteen_mib() -> None:
    assert max(len(piece) for _, _, piece in parts(bytes(40 * MIB), 4 * MIB)) == 16 * MIB


@pytest.mark.parametrize(
    ("size", "average"),
    [
        (PARTS_FROM, MIB // 2),
        (1024 * MIB, MIB // 2),
        (1024 * MIB + 1, MIB),
        (8 * 1024 * MIB, MIB),
        (8 * 1024 * MIB + 1, 4 * MIB),
        (1 << 44, 4 * MIB),
    ],
)
def test_averages_are_those_of_the_format(size: int, average: int) -> None:
    assert average_for(size) == average
    assert PARTS_FROM == 64 * MIB


def test_the_cuts_never_move() -> None:
    """A new version of the cutter that cuts elsewhere would store every large file again."""
    offsets = [offset for offset, _, _ in parts(noise(42, 8 * MIB), MIB // 2)]
    assert len(offsets) == EXPECTED_NUMBER
    text = ",".join(map(str, offsets)).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == EXPECTED_CUTS


@settings(max_examples=15)
@given(st.integers(0, 8 * MIB), st.integers(1, 5000), st.integers(0, 99))
def test_an_insertion_changes_few_parts(place: int, length: int, seed: int) -> None:
    old = noise(7, 8 * MIB)
    new = old[:place] + noise(seed, length) + old[place:]
    before = {sha for _, sha, _ in parts(old)}
    fresh = [sha for _, sha, _ in parts(new) if sha not in before]
    assert 1 <= len(fresh) <= 8
    assert len(before) > 80


@pytest.mark.parametrize("step", [1, 7, 4096, 65_537])
def test_cuts_do_not_depend_on_how_the_file_is_read(step: int) -> None:
    class Drops:
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readinto(self, b: memoryview) -> int:
            piece = self._data.read(min(len(b), step))
            b[: len(piece)] = piece
            return len(piece)

    data = noise(3, 200_000 if step == 1 else MIB)
    found = [(piece.offset, piece.sha256) for piece in cut(Drops(data), AVERAGE)]
    assert found == [(offset, sha) for offset, sha, _ in parts(data)]


def test_the_compiled_cutter_is_here() -> None:
    assert is_fast()


@pytest.mark.parametrize("average", [MIB // 2, MIB, 4 * MIB])
def test_the_average_of_a_file_is_told_from_its_parts(average: int) -> None:
    """An index made anew from the copy has to go on cutting a file as it was cut."""
    data = noise(average, 16 * average)
    assert average_near(len(data) // len(parts(data, average))) == average
