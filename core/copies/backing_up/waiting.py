"""Folders that were scanned and wait for the gate's word before anything of them is read."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.paths import home_failure

_IN_MEMORY = 8 * 1024 * 1024
_LENGTH = struct.Struct("<I")


class WaitingFolder(NamedTuple):
    """A scanned folder; entries: packed as in the index. stored: its path at the copies."""

    path: bytes
    place: bytes
    entries: bytes
    problem: str | None
    stored: str


class Waiting:
    """A queue that is filled once and read once; what is much of it lies in the home's cache."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(WaitingFolder)

    def put(self, folder: WaitingFolder) -> None:
        """Add a folder. KnownError HOME_FULL where the cache's disk is."""
        packed = self._encoder.encode(folder)
        try:
            if self._file is None:
                self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed in `close`
                    _IN_MEMORY, dir=str(self._cache)
                )
            self._file.write(_LENGTH.pack(len(packed)) + packed)
        except OSError as error:
            raise home_failure(self._cache, error) from error

    def take_all(self) -> Iterator[WaitingFolder]:
        """All of them in the order they came."""
        if self._file is None:
            return
        try:
            self._file.seek(0)
            while length := self._file.read(_LENGTH.size):
                yield self._decoder.decode(self._file.read(*_LENGTH.unpack(length)))
        except OSError as error:
            raise home_failure(self._cache, error) from error

    def close(self) -> None:
        """Let go of the room."""
        if self._file is not None:
            self._file.close()
            self._file = None
