"""The journal after a pulled plug: what was whole counts, what was torn never does."""

from __future__ import annotations

import errno
import os
import random
import zlib
from pathlib import Path

import pytest

from core.copies.format.contents import Part, StoredObject
from core.copies.memory.journal import Begin, Durable, Finished, Frame, Journal, read_journal
from core.copies.memory.remembered import Extra, Kept
from core.errors import Code, KnownError

RUN = "000001-20261121T030000Z-k7f3"
_SHA = b"\x07" * 32
_ENTRY = (b"M\xe4rz \n.csv", 0o100644, 12, 1_700_000_000_123_456_789, 5, 2**63 + 7)
_OBJECT = StoredObject("shop/M_rz _.csv", 12, _SHA, (Part(_SHA, 1, 2, 3, "deflate", "m"),))
_KEPT = Kept(_SHA, 1, [(_SHA, 3, 1)], Extra(xattrs={"user.x": "eA=="}, target=None, whole_at=5))
FRAMES: list[Frame] = [
    Begin(RUN, "f" * 32),
    Finished(b"shop", [(_ENTRY, _KEPT, (_OBJECT,)), (_ENTRY, Kept(_SHA, 2), ())]),
    Durable(),
    Finished(b"shop/\xff", [(_ENTRY, Kept(_SHA, 1), (_OBJECT, _OBJECT))]),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "journal" / f"{RUN}.journal"


def write(place: Path) -> bytes:
    """The bytes of a journal with all `FRAMES`."""
    journal = Journal(place, RUN, "f" * 32)
    for frame in FRAMES[1:]:
        journal.add(frame)
    journal.sync()
    journal.close()
    return place.read_bytes()


def test_what_was_written_comes_back(place: Path) -> None:
    write(place)
    assert list(read_journal(place)) == FRAMES


def test_the_beginning_is_durable_at_once(place: Path) -> None:
    journal = Journal(place, RUN, "f" * 32)
    assert list(read_journal(place)) == FRAMES[:1]
    journal.close()


def ends(data: bytes) -> list[int]:
    """Where each frame ends."""
    found, at = [], 0
    while at < len(data):
        at += 8 + int.from_bytes(data[at : at + 4], "little")
        found.append(at)
    return found


def test_torn_at_every_byte_it_gives_the_whole_frames(place: Path) -> None:
    data = write(place)
    borders = ends(data)
    for length in range(len(data) + 1):
        place.write_bytes(data[:length])
        whole = sum(end <= length for end in borders)
        assert list(read_journal(place)) == FRAMES[:whole]


def test_zeros_or_garbage_behind_the_last_frame_are_nothing(place: Path) -> None:
    """A file that grew before its bytes arrived ends in zeros; a reused block holds anything."""
    data = write(place)
    chance = random.Random(3)
    for tail in (bytes(5), bytes(8), bytes(4096), b"\xff" * 64, chance.randbytes(300)):
        place.write_bytes(data + tail)
        assert list(read_journal(place)) == FRAMES


def test_every_changed_byte_ends_it_there(place: Path) -> None:
    data = write(place)
    borders = ends(data)
    for at in range(len(data)):
        place.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        before = sum(end <= at for end in borders)
        assert list(read_journal(place)) == FRAMES[:before]


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x93\xa1x\x01\x02", b"\x92\xa1b\xa1\xff"])
def test_a_sound_frame_of_another_program_ends_it(place: Path, body: bytes) -> None:
    data = write(place)
    frame = len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body
    place.write_bytes(frame + data)
    assert list(read_journal(place)) == []


def test_a_journal_is_never_written_over(place: Path) -> None:
    write(place)
    with pytest.raises(KnownError) as caught:
        Journal(place, RUN, "f" * 32)
    assert caught.value.code is Code.HOME_UNUSABLE


def test_a_full_home_is_named(place: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    journal = Journal(place, RUN, "f" * 32)
    journal._file.close()
    journal._file = Path("/dev/full").open("wb")  # noqa: SIM115 - closed by the journal
    journal.add(FRAMES[1])
    with pytest.raises(KnownError) as caught:
        journal.sync()
    assert caught.value.code is Code.HOME_FULL
    with pytest.raises(KnownError):
        journal.close()


def test_a_home_that_refuses_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal(place, RUN, "f" * 32)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(KnownError) as caught:
        journal.sync()
    assert caught.value.code is Code.HOME_UNUSABLE
    journal.close()


def test_a_journal_that_is_gone_is_an_os_error(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_journal(place))
