"""The journal of a running copy: which files are stored already, so that a killed run loses little.

Frames of length, CRC and msgpack in a file of the home folder; a torn end is simply not there. Only
what lies before a `durable` frame may be trusted by its size alone; what came after is read again
(DESIGN §5, "Resuming").
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.copies.format.contents import StoredObject
from core.copies.memory.remembered import Kept
from core.paths import home_failure
from core.sources.folders import Entry

_HEAD = struct.Struct("<II")
SYNC_SECONDS = 1.0


class Begin(msgspec.Struct, tag="b", array_like=True):
    """First frame: which run at which copy."""

    run: str
    vault: str


class Finished(msgspec.Struct, tag="f", array_like=True):
    """Files of one folder that are stored now: entry, what is kept, objects written for it."""

    folder: bytes
    files: list[tuple[Entry, Kept, tuple[StoredObject, ...]]]


class Stored(msgspec.Struct, tag="o", array_like=True):
    """Objects that hold contents of several files."""

    objects: tuple[StoredObject, ...]


class Durable(msgspec.Struct, tag="d", array_like=True):
    """All that was acknowledged before this frame is on the medium."""


Frame = Begin | Finished | Stored | Durable
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


class Journal:
    """Appends frames; `sync` makes them survive the loss of power."""

    def __init__(self, path: Path, run: str, vault: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = open(path, "xb")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise home_failure(path.parent, error) from error
        self.add(Begin(run, vault))
        self.sync()

    def add(self, frame: Frame) -> None:
        data = _encoder.encode(frame)
        try:
            self._file.write(_HEAD.pack(len(data), zlib.crc32(data)))
            self._file.write(data)
        except OSError as error:
            raise home_failure(self.path.parent, error) from error

    def sync(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise home_failure(self.path.parent, error) from error

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise home_failure(self.path.parent, error) from error


def read_journal(path: Path) -> Iterator[Frame]:
    """The frames of a journal up to its torn end."""
    with open(path, "rb") as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                return
            length, crc = _HEAD.unpack(head)
            data = file.read(length)
            if len(data) < length or zlib.crc32(data) != crc:
                return
            try:
                yield _decoder.decode(data)
            except ValueError:
                return
