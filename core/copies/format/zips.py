"""Bundles: ordinary ZIP files that the Explorer opens, written member by member (format §8).

Sizes and CRC stand in the local headers (the member is in memory), names are UTF-8, methods are
stored or deflate, and the caps below make Zip64 impossible.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

from isal import isal_zlib

TARGET_BYTES = 16 * 1024 * 1024
MAX_MEMBERS = 60_000
_UTF8 = 0x800
_DEFLATED, _STORED = 8, 0
_VERSION = 20
# "Made on Unix": Info-ZIP takes names of any other origin for code page 850, UTF-8 flag or not.
_MADE_BY = 3 << 8 | _VERSION
_UNIX_FILE = 0o100600 << 16
_DOS_DATE = (1 << 5) | 1  # 1 January 1980: the true time stands in the list
_WORTH = 0.97
_SAMPLE = 4096
_GROWTH = 1024 * 1024
_SAMPLED_FROM = 16 * 1024


class Member(NamedTuple):
    """Where a member's data lies in its bundle."""

    offset: int
    stored: int
    packing: Literal["roh", "deflate"]


def deflate(data: bytes | memoryview, level: int = 1) -> bytes:
    """`data` as raw deflate, complete in itself."""
    return isal_zlib.compress(data, level, -15)


def worth_packing(data: bytes | memoryview) -> bool:
    """Whether deflate will probably save something, judged by three samples (PROTOTYPE §3)."""
    if len(data) < _SAMPLED_FROM:
        return True
    middle = len(data) // 2
    sample = b"".join(
        bytes(data[at : at + _SAMPLE]) for at in (0, middle, max(0, len(data) - _SAMPLE))
    )
    return len(deflate(sample)) < 0.95 * len(sample)


class Bundle:
    """A ZIP being built in memory.

    `room` is what it is built in, grown as needed; one that served a bundle before, which nobody
    looks at any more, spares getting that memory anew.
    Attributes: size (bytes so far, without the directory), members (their number).
    """

    def __init__(self, room: bytearray | None = None) -> None:
        self._room = bytearray() if room is None else room
        self._directory: list[bytes] = []
        self.size = 0
        self.members = 0

    @property
    def is_full(self) -> bool:
        return self.size >= TARGET_BYTES or self.members >= MAX_MEMBERS

    def add(self, name: str, data: bytes | memoryview) -> Member:
        """Append one member, packed when that saves something."""
        body: bytes | memoryview
        packed = deflate(data) if worth_packing(data) else b""
        if packed and len(packed) < _WORTH * len(data):
            method, body = _DEFLATED, packed
        else:
            method, body = _STORED, data
        raw_name = name.encode()
        common = struct.pack(
            "<HHHHHIIIHH",
            _VERSION,
            _UTF8,
            method,
            0,
            _DOS_DATE,
            isal_zlib.crc32(data),
            len(body),
            len(data),
            len(raw_name),
            0,
        )
        start = self.size
        self._put(b"PK\x03\x04" + common + raw_name)
        offset = self.size
        self._put(body)
        self._directory.append(
            b"PK\x01\x02"
            + struct.pack("<H", _MADE_BY)
            + common
            + struct.pack("<HHHII", 0, 0, 0, _UNIX_FILE, start)
            + raw_name
        )
        self.members += 1
        return Member(offset, len(body), "deflate" if method == _DEFLATED else "roh")

    def _put(self, data: bytes | memoryview) -> None:
        end = self.size + len(data)
        if end > len(self._room):
            self._room += bytes(max(end - len(self._room), min(end, _GROWTH)))
        with memoryview(self._room) as room:
            room[self.size : end] = data
        self.size = end

    def finish(self) -> memoryview:
        """The whole ZIP file; to be released before the room serves for another bundle."""
        directory, start = b"".join(self._directory), self.size
        self._put(directory)
        end = struct.pack(
            "<4sHHHHIIH",
            b"PK\x05\x06",
            0,
            0,
            self.members,
            self.members,
            len(directory),
            start,
            0,
        )
        self._put(end)
        return memoryview(self._room)[: self.size]
