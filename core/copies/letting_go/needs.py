"""What the lists of a copy need, in little memory, and never less than they do.

A filter of bits says of a content whether some list names it. It errs to one side only: a content
that is needed is always known, and a few in a million that are not count as needed too, and stay.
Half a million files in two hundred states so cost 64 MiB instead of gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from core.copies.format.copy_folder import DAMAGE, CopyFolder, lists_of
from core.copies.format.documents import ListRef, Record
from core.copies.format.packed import NotWhole, TooMuch, unpack_blocks
from core.errors import Code, KnownError

# In a list nothing but a key is followed by this (format §1: no quote stands inside a string).
_SHAS = re.compile(rb'"sha256":"([0-9a-f]{15})')
_LONGEST = len('"sha256":"') + 15
_REMEMBERED = 200_000


class Needs:
    """The contents some list names. `lines`: how many rows the longest of them has."""

    def __init__(self, lines: int) -> None:
        bits = 1 << max(22, min(29, (lines * 512).bit_length()))
        self._mask = bits - 1
        self._bits = bytearray(bits >> 3)

    def add(self, digits: Iterable[bytes]) -> None:
        """Note contents by the first fifteen hex digits of their sha256."""
        bits, mask = self._bits, self._mask
        for text in digits:
            value = int(text, 16)
            one, two = value & mask, value >> 30 & mask
            bits[one >> 3] |= 1 << (one & 7)
            bits[two >> 3] |= 1 << (two & 7)

    def holds(self, sha: bytes) -> bool:
        """Whether a content may be needed."""
        value = int.from_bytes(sha[:8], "big") >> 4
        one, two = value & self._mask, value >> 30 & self._mask
        return bool(self._bits[one >> 3] >> (one & 7) & 1 and self._bits[two >> 3] >> (two & 7) & 1)


def read_needs(
    copy: CopyFolder, records: Iterable[Record], go_on: Callable[[], None]
) -> tuple[Needs, dict[str, list[str]]]:
    """What these states need, read now; and the states whose list is damaged, by list.

    `go_on` is called now and then, to raise when the job is cancelled.
    """
    files: dict[tuple[str, str], ListRef] = {}
    states: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for file, _ in lists_of(record):
            files[file.name, file.sha256] = file
            states.setdefault((file.name, file.sha256), []).append(record.run)
    needs = Needs(max((file.lines for file in files.values()), default=1))
    damaged: dict[str, list[str]] = {}
    before: set[bytes] = set()
    for key, file in sorted(files.items()):
        try:
            found: set[bytes] = set()
            for digits in digits_in(copy, file):
                go_on()
                if file.lines > _REMEMBERED:
                    needs.add(digits)
                else:
                    found.update(digits)
            needs.add(found - before)  # mostly what the list before it named too
            before = found
        except KnownError as error:
            if error.code not in DAMAGE:
                raise
            damaged.setdefault(file.name, []).extend(states[key])
        if copy.folder.is_crowded:
            copy.folder.forget_fetched()
    return needs, damaged


def digits_in(copy: CopyFolder, file: ListRef) -> Iterator[list[bytes]]:
    """The first digits of every sha256 in a list file, block by block; KnownError on damage."""
    path = copy.checked_list(file)
    damaged = KnownError(Code.COPY_DAMAGED, path=str(copy.folder.shown), what=path)
    rest = b""
    lines = 0
    try:
        with copy.folder.open(path) as stream:
            for block in unpack_blocks(stream):
                lines += block.count(b"\n")
                data = rest + block
                # A digest cut by the end of a block is found again in the next one.
                rest = data[-_LONGEST:]
                yield _SHAS.findall(data)
    except (NotWhole, TooMuch, FileNotFoundError) as error:
        raise damaged from error
    except OSError as error:
        raise copy.folder.failure(error) from error
    if lines != file.lines:
        raise damaged
