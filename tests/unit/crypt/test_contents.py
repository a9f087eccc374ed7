"""Sealed contents: there and back from any byte on, and every change is noticed."""

from __future__ import annotations

from io import BytesIO
from random import Random
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from core.crypt import Damaged, contents
from core.crypt.contents import BLOCK, SealedFile
from tests.support.sealed_sizes import sealed_size

if TYPE_CHECKING:
    from typing_extensions import Buffer

KEY = bytes(range(32))
SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 16 * BLOCK, 17 * BLOCK + 5)


class Dribble(BytesIO):
    """Gives less than it is asked for, as pipes and network drives do."""

    def readinto(self, room: Buffer, /) -> int:
        return super().readinto(memoryview(room)[:50_000])


def sealed(plain: bytes) -> bytes:
    return sealed_from(BytesIO(plain))


def sealed_from(source: BytesIO) -> bytes:
    written = BytesIO()
    contents.seal(source, written.write, KEY)
    return written.getvalue()


def opened(data: bytes, offset: int = 0, key: bytes = KEY) -> bytes:
    with TemporaryFile(buffering=0) as file:
        file.write(data)
        file.seek(0)
        with SealedFile(file, key) as source:
            source.seek(offset)
            return source.read(len(data))


@pytest.mark.parametrize("size", SIZES)
def test_there_and_back(size: int) -> None:
    plain = bytes(number % 251 for number in range(size))
    data = sealed(plain)
    assert len(data) == sealed_size(size)
    assert contents.plain_size(len(data)) == size
    assert opened(data) == plain
    assert sealed_from(Dribble(plain))[:8] == data[:8]
    assert opened(sealed_from(Dribble(plain))) == plain


@given(some.integers(0, 3 * BLOCK), some.integers(0, 3 * BLOCK))
@settings(max_examples=40)
def test_from_any_byte_on(size: int, offset: int) -> None:
    plain = bytes(number % 253 for number in range(size))
    assert opened(sealed(plain), offset) == plain[offset:]


def test_the_same_content_never_looks_the_same() -> None:
    assert sealed(b"Rechnung") != sealed(b"Rechnung")


def test_the_nonce_runs_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda size: b"\xff" * size)
    plain = bytes(3 * BLOCK)
    assert opened(sealed(plain)) == plain


@given(some.data())
@settings(max_examples=60)
def test_every_flipped_bit_is_noticed(data: some.DataObject) -> None:
    plain = bytes(BLOCK + 1000)
    changed = bytearray(sealed(plain))
    changed[data.draw(some.integers(0, len(changed) - 1))] ^= 1 << data.draw(some.integers(0, 7))
    with pytest.raises(Damaged):
        opened(bytes(changed))


def test_blocks_that_changed_places_are_noticed() -> None:
    data = sealed(bytes(BLOCK) + b"x" * BLOCK)
    block = BLOCK + 16
    with pytest.raises(Damaged):
        opened(data[:32] + data[32 + block :] + data[32 : 32 + block])


@pytest.mark.parametrize("left", [0, 5, 31, 33, 40, 48, 32 + BLOCK + 16 + 3])
def test_what_is_cut_off_inside_a_block_is_noticed(left: int) -> None:
    data = sealed(bytes(2 * BLOCK))[:left]
    with pytest.raises(Damaged):
        opened(data)
    assert contents.plain_size(left) is None


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Damaged):
        opened(sealed(b"Rechnung"), key=bytes(32))


def test_it_reads_like_any_file() -> None:
    """Here and there, a little and much, into a view and as bytes."""
    plain, dice = Random(1).randbytes(10 * BLOCK + 77), Random(2)
    with TemporaryFile(buffering=0) as file, TemporaryFile(buffering=0) as open_one:
        file.write(sealed(plain))
        open_one.write(plain)
        file.seek(0)
        source = SealedFile(file, KEY)
        assert source.fileno() == file.fileno()
        for _ in range(300):
            if dice.random() < 0.5:
                place = dice.randrange(len(plain) + BLOCK)
                assert source.seek(place) == open_one.seek(place)
            size = dice.choice((0, 1, 40_000, BLOCK, 5 * BLOCK, 20 * BLOCK))
            if dice.random() < 0.5:
                assert source.read(size) == open_one.read(size)
            else:
                ours, theirs = bytearray(size), bytearray(size)
                assert source.readinto(ours) == open_one.readinto(theirs)
                assert ours == theirs
