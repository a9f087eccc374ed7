"""`inhalt.tsv.gz`: where contents lie (format §5)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import BinaryIO, Literal, NamedTuple

import msgspec

from core.copies.format.packed import unpack_lines
from core.copies.format.rows import MAX_PARTS, Hostile

Packing = Literal["roh", "deflate"]
MAX_CONTENTS_UNPACKED = 4 * 1024**3
REPACKED = "umgepackt"
_SHA = re.compile(r"[0-9a-f]{64}")
_OBJECT = re.compile(r"O\t([0-9]{1,19})\t([0-9a-f]{64})\t([^\t]*)")
_NO_PATH = re.compile(r'[\\:\0\n\t"]|(?:\A|/)\.{0,2}(?:/|\Z)')
_NUMBER = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63 - 1


class Part(NamedTuple):
    """A content inside an object: `stored` bytes at `offset`, `size` bytes after unpacking."""

    sha256: bytes
    offset: int
    stored: int
    size: int
    packing: Packing
    member: str


class StoredObject(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file below `daten/<lauf>/`; it is a content itself, and may hold others."""

    path: str
    size: int
    sha256: bytes
    parts: tuple[Part, ...] = ()


def is_bundle(path: str) -> bool:
    """Whether an object is a ZIP file of ours: nobody needs it but for the contents in it."""
    if path.startswith(("teile/", REPACKED + "/")):
        return True
    return "/" not in path and path.startswith("buendel-")


def head(run: str) -> bytes:
    """First line of an `inhalt`."""
    return f"#inhalt\t1\t{run}\n".encode()


def lines_of(stored: StoredObject) -> list[str]:
    """The rows of one object, without newlines."""
    rows = [f"O\t{stored.size}\t{stored.sha256.hex()}\t{stored.path}"]
    rows += [
        f"T\t{p.sha256.hex()}\t{p.offset}\t{p.stored}\t{p.size}\t{p.packing}\t{p.member}"
        for p in stored.parts
    ]
    return rows


def safe_object_path(path: str) -> bool:
    """Whether an object path stays below its run folder on every system."""
    return _NO_PATH.search(path) is None


def read_contents(
    stream: BinaryIO, *, run: str, wanted: Collection[bytes] | None = None
) -> Iterator[StoredObject]:
    """The objects an `inhalt` of `run` names, streamed; `Hostile` on what is not ours.

    With `wanted` (digests) what is none of them is passed over unread.
    """
    lines = unpack_lines(stream, limit=MAX_CONTENTS_UNPACKED)
    if next(lines, b"") + b"\n" != head(run):
        raise Hostile("inhalt of another run or version")
    if wanted is not None:
        lines = _only(lines, {sha.hex().encode() for sha in wanted})
    current: StoredObject | None = None
    parts: list[Part] = []
    for line in lines:
        text = line.decode("utf-8", "replace")
        if text.startswith("O"):
            if current is not None:
                yield _with_parts(current, parts)
            current, parts = _object(text), []
        elif text.startswith("T\t") and current is not None and len(parts) < MAX_PARTS:
            part = _part(text.split("\t"), current)
            if parts and part.offset < parts[-1].offset + parts[-1].stored:
                raise Hostile("parts that overlap")
            parts.append(part)
        else:
            raise Hostile("row of unknown form in inhalt")
    if current is not None:
        yield _with_parts(current, parts)


def _only(lines: Iterator[bytes], wanted: set[bytes]) -> Iterator[bytes]:
    """Rows of objects and parts with these digests, and of objects that such parts lie in."""
    above = b""
    for line in lines:
        kind = line[:2]
        if kind == b"O\t":
            at = line.find(b"\t", 2) + 1
            if line[at : at + 64] not in wanted:
                above = line
                continue
            above = b""
        elif kind == b"T\t":
            if line[2:66] not in wanted:
                continue
            if above:
                yield above
                above = b""
        yield line


def _with_parts(stored: StoredObject, parts: list[Part]) -> StoredObject:
    if not parts:
        return stored
    return StoredObject(stored.path, stored.size, stored.sha256, tuple(parts))


def _object(text: str) -> StoredObject:
    found = _OBJECT.fullmatch(text)
    if found is None:
        raise Hostile("object row in inhalt")
    size, sha256, path = found.groups()
    if not safe_object_path(path):
        raise Hostile("object row in inhalt")
    return StoredObject(path, _number(size), bytes.fromhex(sha256))


def _part(fields: list[str], inside: StoredObject) -> Part:
    if len(fields) != 7 or fields[5] not in ("roh", "deflate"):
        raise Hostile("part row in inhalt")
    packing: Packing = "deflate" if fields[5] == "deflate" else "roh"
    part = Part(
        _sha(fields[1]),
        _number(fields[2]),
        _number(fields[3]),
        _number(fields[4]),
        packing,
        fields[6],
    )
    if part.offset + part.stored > inside.size or part.stored == 0:
        raise Hostile("part outside its object")
    if packing == "roh" and part.stored != part.size:
        raise Hostile("part of two sizes")
    return part


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > _LARGEST:
        raise Hostile("number in inhalt")
    return int(text)


def _sha(text: str) -> bytes:
    if not _SHA.fullmatch(text):
        raise Hostile("sha256 in inhalt")
    return bytes.fromhex(text)
