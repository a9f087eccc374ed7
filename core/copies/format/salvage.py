"""What the objects of a run say of themselves when its `inhalt` is lost and no index knows better.

In tree layout every file is a content; members of ZIP files are contents too (format §5).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from isal import isal_zlib

from core.copies.format.contents import Packing, Part, StoredObject, safe_object_path
from core.copies.format.cutting import PARTS_FROM, average_for, cut
from core.copies.format.packed import InflateError
from core.destinations.local import open_plain

_BLOCK = 1024 * 1024
_MAX_MEMBER = 64 * 1024 * 1024  # as format §9: a part is held in memory while it is unpacked
_LOCAL_HEADER = 30  # bytes before the name; lengths of name and extra field are its last four


def objects_lying_in(folder: str) -> Iterator[StoredObject]:
    """Every ordinary file below a run's folder with its sha256 and what it holds; reads them all.

    What cannot be read is left out.
    """
    for path in sorted(_files(folder)):
        try:
            with open(open_plain(f"{folder}/{path}"), "rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                digest = _digest(stream)
                parts = _parts(stream, path, size)
        except OSError:
            continue
        yield StoredObject(path, size, digest, tuple(parts))


def _files(folder: str) -> Iterator[str]:
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            entries = list(os.scandir(f"{folder}/{above}"))
        except OSError:
            continue
        for entry in entries:
            path = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path + "/")
            elif _is_object(entry, path):
                yield path


def _is_object(entry: os.DirEntry[str], path: str) -> bool:
    try:
        path.encode()
        regular = stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except (OSError, UnicodeEncodeError):
        return False  # no name of ours
    return regular and path != "inhalt.tsv.gz" and safe_object_path(path)


def _digest(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def _parts(stream: BinaryIO, path: str, size: int) -> list[Part]:
    if path.endswith(".zip"):
        return _members(stream)
    if size < PARTS_FROM:
        return []
    stream.seek(0)
    raw: Packing = "roh"
    return [
        Part(piece.sha256, piece.offset, len(piece.data), len(piece.data), raw, "")
        for piece in cut(_Plain(stream), average_for(size))
    ]


class _Plain:
    """A stream as the cutter wants it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readinto(self, b: memoryview) -> int:
        data = self._stream.read(len(b))
        b[: len(data)] = data
        return len(data)


def _members(stream: BinaryIO) -> list[Part]:
    """The members of a ZIP file that are sound; none when it is no ZIP file."""
    try:
        with zipfile.ZipFile(stream) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        return []
    found = (_member(stream, info) for info in listed)
    return sorted((part for part in found if part), key=lambda part: part.offset)


def _member(stream: BinaryIO, info: zipfile.ZipInfo) -> Part | None:
    stored = info.compress_size
    if not 0 < max(stored, info.file_size) <= _MAX_MEMBER or info.compress_type not in (0, 8):
        return None
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER:
        return None
    after = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    offset = info.header_offset + _LOCAL_HEADER + after
    stream.seek(offset)
    data = stream.read(stored)
    packing: Packing = "roh"
    try:
        if info.compress_type == zipfile.ZIP_DEFLATED:
            packing = "deflate"
            data = isal_zlib.decompressobj(-15).decompress(data, info.file_size + 1)
    except InflateError:
        return None
    if len(data) != info.file_size or len(data) == 0:
        return None
    return Part(hashlib.sha256(data).digest(), offset, stored, len(data), packing, info.filename)
