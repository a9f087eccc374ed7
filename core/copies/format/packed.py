"""Streaming gzip text with counts, digests and caps: the carrier of lists and `inhalt` files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from isal import isal_zlib

MAX_LINE = 1024 * 1024
MAX_UNPACKED = 8 * 1024**3
_BLOCK = 256 * 1024
_GZIP_WINDOW = 31
_RAW_WINDOW = -15

InflateError = cast("type[Exception]", isal_zlib.error)  # its stub calls the class an instance


class TooMuch(Exception):
    """More bytes or a longer line than was announced or is allowed: nothing of ours."""


class NotWhole(Exception):
    """The gzip stream is damaged or ends early."""


def inflate(data: bytes, size: int) -> bytes:
    """Raw deflate unpacked, never more than one byte above `size`; InflateError when it is none."""
    return bytes(isal_zlib.decompressobj(_RAW_WINDOW).decompress(data, size + 1))


class PackedWriter:
    """Packs lines into gzip and hands the bytes to `sink`, counting and hashing on the way.

    Attributes: lines, unpacked (bytes before), size (bytes after), digest (sha256 hex of the bytes
    after; valid after `close`).
    """

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self._sink = sink
        self._pack = isal_zlib.compressobj(2, isal_zlib.DEFLATED, _GZIP_WINDOW)
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.lines = 0
        self.unpacked = 0
        self.size = 0

    def write(self, text: bytes, lines: int) -> None:
        """Add whole lines, each ended by a newline."""
        self.lines += lines
        self.unpacked += len(text)
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        if self._waiting_bytes >= _BLOCK:
            self._drain()

    def _drain(self) -> None:
        self._out(self._pack.compress(b"".join(self._waiting)))
        self._waiting.clear()
        self._waiting_bytes = 0

    def _out(self, data: bytes) -> None:
        if data:
            self._hash.update(data)
            self.size += len(data)
            self._sink(data)

    def close(self) -> None:
        """Finish the stream; counts and digest are final afterwards."""
        self._drain()
        self._out(self._pack.flush())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def unpack_lines(stream: BinaryIO, *, limit: int = MAX_UNPACKED) -> Iterator[bytes]:
    """The lines of a gzip stream without their newlines.

    Stops with `TooMuch` as soon as more than `limit` bytes come out or a line grows past 1 MiB,
    with `NotWhole` when the stream is damaged, so that a hostile or torn file costs no memory.
    """
    rest = b""
    seen = 0
    for block in unpack_blocks(stream):
        seen += len(block)
        if seen > limit:
            raise TooMuch("more bytes than announced")
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        # Only what was carried over can be long: a block is shorter than a line may be.
        if len(rest) > MAX_LINE or (lines and len(lines[0]) > MAX_LINE):
            raise TooMuch("line too long")
        yield from lines
    if rest:
        raise NotWhole("last line without end")


def unpack_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a gzip stream, a quarter of a MiB at a time; `NotWhole` when it is damaged."""
    pack = isal_zlib.decompressobj(_GZIP_WINDOW)
    pending = b""
    started = False
    try:
        while True:
            data = pending or stream.read(_BLOCK)
            pending = b""
            if not data:
                break
            if pack.eof:
                pack = isal_zlib.decompressobj(_GZIP_WINDOW)
            started = True
            block = pack.decompress(data, _BLOCK)
            if block:
                yield block
            pending = pack.unused_data if pack.eof else pack.unconsumed_tail
    except InflateError as error:
        raise NotWhole(str(error)) from error
    if not started or not pack.eof:
        raise NotWhole("stream ends early")
