"""Files that never rest cost a run seconds, not seconds each (core.copies.backing_up.reading)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.copies.backing_up.reading import _PATIENCE, _PAUSES, Reader
from core.copies.hands.batches import Batch, Item, Job


class _Nobody:
    def cancelled(self) -> bool:
        return False

    def advance(self, size: int) -> None:
        pass


def test_files_that_never_rest_share_one_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it they are stored as read and marked as changing; quiet files never wait."""
    folder = tmp_path / "protokolle"
    folder.mkdir()
    count = int(_PATIENCE / sum(_PAUSES)) * 3
    names = [b"%03d.log" % number for number in range(count)]
    waited: list[float] = []

    def write_all() -> None:
        for name in names:
            (folder / name.decode()).write_bytes(b"zeile\n" * (1 + len(waited)))

    def pause(seconds: float) -> None:
        waited.append(seconds)
        write_all()

    quiet = tmp_path / "ruhig.txt"
    quiet.write_text("ruhig")
    time.sleep(0.05)
    write_all()
    monkeypatch.setattr("core.copies.backing_up.reading.time.sleep", pause)
    items = tuple(Item(at, name, 6, "", 0, 0, False, 0) for at, name in enumerate(names))
    reader = Reader((), _Nobody())
    try:
        done = reader.take(Job(1, (Batch(1, b"shop/protokolle", bytes(folder), items),)))
        assert sum(waited) <= _PATIENCE
        (_, taken) = done.taken[0]
        assert len(taken) == count
        assert all(one.problem is None for one in taken)
        assert any(one.changing for one in taken)
        before = len(waited)
        rest = (Item(0, b"ruhig.txt", 5, "", 0, 0, False, 0),)
        done = reader.take(Job(2, (Batch(2, b"shop", bytes(tmp_path), rest),)))
        assert not done.taken[0][1][0].changing
        assert len(waited) == before
    finally:
        reader.close()
