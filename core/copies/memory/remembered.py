"""What an index remembers of one folder, and the list lines made from it.

`Entry` tuples (names and facts by which a change is seen) and `Kept` (what the copy holds) lie side
by side, in the same order.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Sequence

import msgspec

from core.copies.format import percent
from core.copies.format.rows import (
    FileRow,
    FolderRow,
    LinkRow,
    PartRow,
    Row,
    SkippedRow,
    encode_rows,
    octal,
)
from core.sources.folders import HARMLESS_SKIPS, SKIPS, Entry

# Files that keep size and time while their content changes: mail stores, databases, containers,
# virtual disks (REVIEW A6). They are read in every run.
LIARS = re.compile(
    rb"\.(?:pst|ost|mdf|ldf|ndf|mdb|accdb|fdb|gdb|ibd|dbf|sqlite3?|db3?|s3db|nsf|hc|tc|vhdx?|vmdk|vdi"
    rb"|qcow2|img|kdbx)(?:\n|$)",
    re.IGNORECASE,
)


class Extra(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The less usual facts of an entry; what is default takes no space."""

    owner: str | None = msgspec.field(name="o", default=None)
    group: str | None = msgspec.field(name="g", default=None)
    hard_link: bool = msgspec.field(name="h", default=False)
    sparse: bool = msgspec.field(name="s", default=False)
    changing: bool = msgspec.field(name="c", default=False)
    xattrs: dict[str, str] | None = msgspec.field(name="x", default=None)
    dos: int | None = msgspec.field(name="d", default=None)
    born_ns: int | None = msgspec.field(name="b", default=None)
    target: bytes | None = msgspec.field(name="t", default=None)
    reason: str | None = msgspec.field(name="r", default=None)
    link_id: str | None = msgspec.field(name="l", default=None)
    average: int = msgspec.field(name="a", default=0)
    whole_at: int = msgspec.field(name="w", default=0)
    new_since: int = msgspec.field(name="n", default=0)


class Kept(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """What the copy holds for an entry: content, run that probably has it, parts, the unusual."""

    sha: bytes = b""
    run: int = 0
    parts: list[tuple[bytes, int, int]] | None = None  # sha256, size, run
    extra: Extra | None = None


_entries_encoder = msgspec.msgpack.Encoder()
_entries_decoder = msgspec.msgpack.Decoder(list[Entry])
_kept_decoder = msgspec.msgpack.Decoder(list[Kept])
_one_kept = msgspec.msgpack.Decoder(Kept)
_one_entry = msgspec.msgpack.Decoder(Entry)


def pack_entries(entries: Sequence[Entry]) -> bytes:
    """The bytes two looks at an unchanged folder share."""
    return _entries_encoder.encode(entries)


def unpack_entries(blob: bytes) -> list[Entry]:
    return _entries_decoder.decode(blob)


def pack_kept(rows: Sequence[Kept] | Kept) -> bytes:
    return _entries_encoder.encode(rows)


def unpack_kept(blob: bytes) -> list[Kept]:
    return _kept_decoder.decode(blob)


def runs_in(blobs: Iterable[bytes]) -> set[int]:
    """The numbers of all runs that such rows name."""
    found: set[int] = set()
    for blob in blobs:
        for kept in unpack_kept(blob):
            found.add(kept.run)
            found.update(run for _, _, run in kept.parts or ())
    return found


def unpack_one(entry: bytes, kept: bytes) -> tuple[Entry, Kept]:
    """A single remembered file (of an interrupted run)."""
    return _one_entry.decode(entry), _one_kept.decode(kept)


def pack_one(entry: Entry) -> bytes:
    return _entries_encoder.encode(entry)


def has_liars(entries: Sequence[Entry]) -> bool:
    """Whether a folder holds a file whose time cannot be believed."""
    return LIARS.search(b"\n".join([entry[0] for entry in entries])) is not None


def is_liar(name: bytes) -> bool:
    return LIARS.search(name) is not None


def same_in_list(
    old: Sequence[Entry], old_kept: Sequence[Kept], new: Sequence[Entry], new_kept: Sequence[Kept]
) -> bool:
    """Whether two looks at a folder give the same list lines (change time and file id aside)."""
    return (
        len(old) == len(new)
        and all(a[:4] == b[:4] for a, b in zip(old, new, strict=True))
        and list(old_kept) == list(new_kept)
        and all(
            a[5] == b[5]  # what ties hard links together is made from it
            for a, b, kept in zip(old, new, new_kept, strict=False)
            if kept.extra is not None and kept.extra.hard_link
        )
    )


class FolderCount(msgspec.Struct):
    """What a folder adds to the record's numbers."""

    files: int = 0
    folders: int = 0
    bytes: int = 0
    skipped: int = 0
    lines: int = 0


def folder_lines(
    path: bytes, entries: Sequence[Entry], kept: Sequence[Kept], runs: dict[int, str]
) -> tuple[bytes, FolderCount]:
    """The list lines of everything in a folder (not of the folder itself), and their numbers."""
    prefix = percent.encode(path) + "/" if path else ""
    count = FolderCount()
    out: list[bytes] = []
    plain: list[str] = []
    is_file = stat.S_ISREG
    reason = problem_of(kept, entries)
    if reason is not None:
        skipped: list[Row] = [SkippedRow(path=prefix[:-1], reason=reason)]
        tally(count, skipped)
        out.append(encode_rows(skipped))
    for (name, mode, size, mtime, _, file_id), row in zip(entries, kept, strict=False):
        text = percent.encode(name)
        if is_file(mode) and row.extra is None and row.parts is None and size >= 0:
            # The common case by hand: the same line `encode_rows` would make, four times faster.
            plain.append(
                f'{{"art":"datei","pfad":"{prefix}{text}","groesse":{size},"zeit":{mtime},'
                f'"modus":"{mode & 0o7777:04o}","sha256":"{row.sha.hex()}",'
                f'"lauf":"{runs[row.run]}"}}\n'
            )
            count.files += 1
            count.bytes += size
            count.lines += 1
            continue
        if plain:
            out.append("".join(plain).encode())
            plain = []
        rows = _rows(prefix + text, mode, size, mtime, file_id, row, runs)
        tally(count, rows)
        out.append(encode_rows(rows))
    if plain:
        out.append("".join(plain).encode())
    return b"".join(out), count


def tally(count: FolderCount, rows: Sequence[Row]) -> None:
    """Add what these rows say to the numbers of a state."""
    count.lines += len(rows)
    for row in rows:
        if isinstance(row, FileRow):
            count.files += 1
            count.bytes += row.size
        elif isinstance(row, FolderRow):
            count.folders += 1
        elif isinstance(row, SkippedRow) and row.reason not in HARMLESS_SKIPS:
            count.skipped += 1


def entry_rows(path: str, entry: Entry, kept: Kept, runs: dict[int, str]) -> list[Row]:
    """The rows of one entry of a folder, with those of its parts; `path` as percent text."""
    _, mode, size, mtime, _, file_id = entry
    return _rows(path, mode, size, mtime, file_id, kept, runs)


def problem_of(kept: Sequence[Kept], entries: Sequence[Entry]) -> str | None:
    """Why a folder itself could not be read, None when it could."""
    if len(kept) <= len(entries):
        return None
    extra = kept[-1].extra
    return (extra.reason if extra else None) or "unlesbarer_ordner"


def _rows(
    path: str, mode: int, size: int, mtime: int, file_id: int, kept: Kept, runs: dict[int, str]
) -> list[Row]:
    extra = kept.extra or Extra()
    if stat.S_ISDIR(mode) and size == 0:
        return [
            FolderRow(
                path=path,
                mtime_ns=mtime,
                mode=octal(mode),
                owner=extra.owner,
                group=extra.group,
                xattrs=extra.xattrs,
                dos=extra.dos,
                born_ns=extra.born_ns,
            )
        ]
    if extra.reason or size < 0:
        return [SkippedRow(path=path, reason=extra.reason or SKIPS[-size])]
    if extra.target is not None:
        target = percent.encode(extra.target)
        return [
            LinkRow(
                path=path,
                target=target,
                mtime_ns=mtime,
                mode=octal(mode),
                owner=extra.owner,
                group=extra.group,
            )
        ]
    link_id = extra.link_id or (f"{file_id:x}" if extra.hard_link else None)
    file = FileRow(
        path=path,
        size=size,
        mtime_ns=mtime,
        mode=octal(mode),
        sha256=kept.sha.hex(),
        run=runs[kept.run],
        parts=len(kept.parts or ()),
        owner=extra.owner,
        group=extra.group,
        hard_link=link_id,
        sparse=extra.sparse,
        changing=extra.changing,
        xattrs=extra.xattrs,
        dos=extra.dos,
        born_ns=extra.born_ns,
    )
    parts = [PartRow(sha256=sha.hex(), size=n, run=runs[run]) for sha, n, run in kept.parts or ()]
    return [file, *parts]
