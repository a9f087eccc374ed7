"""Files in parts: written in one go where all is sound, part by part where something is not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from random import Random

import pytest

from core.copies.bringing_back.places import Source
from core.copies.bringing_back.writing_back import Outcome, OutFile, Piece, WriterBack
from core.copies.format.zips import deflate
from core.copies.hands.pool import LocalSignals
from core.destinations.local import Way

PARTS = [Random(number).randbytes(90_000 + number) + bytes(2 << 20) for number in range(6)]
WHOLE = b"".join(PARTS)


class Stage:
    """An object that holds the parts, and a second one that holds them too."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.advanced = 0
        self.packed = [deflate(part) if at % 2 else part for at, part in enumerate(PARTS)]
        for name in ("a", "b"):
            (room / name).write_bytes(b"".join(self.packed))

    def sources(self, at: int) -> tuple[Source, ...]:
        offset = sum(map(len, self.packed[:at]))
        packing = "deflate" if at % 2 else "roh"
        size = len(PARTS[at])
        return tuple(
            Source(name, offset, len(self.packed[at]), size, packing) for name in ("a", "b")
        )

    def damage(self, name: str, at: int) -> None:
        """Turn a byte in the middle of a part."""
        place = sum(map(len, self.packed[:at])) + len(self.packed[at]) // 2
        with (self.room / name).open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1]))

    def bring_back(self, *, sparse: bool = False, sha: bytes | None = None) -> Outcome:
        pieces = tuple(
            Piece(hashlib.sha256(part).digest(), len(part), self.sources(at))
            for at, part in enumerate(PARTS)
        )
        digest = sha or hashlib.sha256(WHOLE).digest()
        target = os.fsencode(self.room / "zurück")
        file = OutFile(
            7, target, len(WHOLE), digest, pieces, 1_700_000_000_000_000_000, 0o640, None, None,
            sparse,
        )  # fmt: skip
        hand = WriterBack(Way(str(self.room)), LocalSignals(self._advance))
        try:
            (outcome,) = hand.take((file,))
        finally:
            hand.close()
        return outcome

    def _advance(self, size: int) -> None:
        self.advanced += size

    def restored(self) -> bytes:
        return (self.room / "zurück").read_bytes()


def test_all_parts_in_one_go(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.bring_back().problem == ""
    assert stage.restored() == WHOLE
    assert stage.advanced == len(WHOLE)


@pytest.mark.parametrize("at", range(6))
def test_a_damaged_part_comes_from_where_it_is_sound(tmp_path: Path, at: int) -> None:
    stage = Stage(tmp_path)
    stage.damage("a", at)
    assert stage.bring_back().problem == ""
    assert stage.restored() == WHOLE


def test_an_object_that_is_gone_or_cut_is_no_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    os.truncate(tmp_path / "a", 100_000)
    assert stage.bring_back().problem == ""
    assert stage.restored() == WHOLE
    (tmp_path / "zurück").unlink()
    (tmp_path / "a").unlink()
    assert stage.bring_back().problem == ""
    assert stage.restored() == WHOLE


def test_a_part_that_is_sound_nowhere_leaves_no_file(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.damage("a", 3)
    stage.damage("b", 3)
    assert stage.bring_back().problem == "damaged"
    assert not (tmp_path / "zurück").exists()


def test_sound_parts_of_another_file_leave_no_file(tmp_path: Path) -> None:
    assert Stage(tmp_path).bring_back(sha=bytes(32)).problem == "damaged"
    assert not (tmp_path / "zurück").exists()


def test_holes_stay_holes(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.bring_back(sparse=True).problem == ""
    assert stage.restored() == WHOLE
    blocks = (tmp_path / "zurück").stat().st_blocks * 512
    assert blocks < len(WHOLE) - 6 * (1 << 20)
