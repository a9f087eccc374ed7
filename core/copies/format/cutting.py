"""Where large files are cut into parts: content-defined, with the numbers of format §8."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol

MIB = 1024 * 1024
# In a tree a large file is whole at first; in bundles parts cost no requests, and begin at once.
PARTS_FROM = 64 * MIB
PARTS_FROM_BUNDLED = 4 * MIB
_MAX_PART = 16 * MIB


class Source(Protocol):
    """Something that fills a buffer with the next bytes."""

    def readinto(self, b: memoryview) -> int: ...


class Piece(NamedTuple):
    """One part of a file; `data` is only valid until the next piece is asked for."""

    offset: int
    sha256: bytes
    data: memoryview


def average_for(size: int) -> int:
    """The average part size for a file that is stored for the first time."""
    if size <= 1024 * MIB:
        return MIB // 2
    return MIB if size <= 8 * 1024 * MIB else 4 * MIB


def average_near(mean: int) -> int:
    """The average that was used for a file whose parts are of this mean size.

    The averages lie a factor of two and four apart; means lie up to a third above them.
    """
    return min((MIB // 2, MIB, 4 * MIB), key=lambda average: abs(math.log(mean / average)))


def cut(source: Source, average: int) -> Iterator[Piece]:
    """The parts of what `source` gives, in order. Never maps a file: it may shrink under us."""
    import pyfastcdc  # only runs that meet a large file pay for it

    cutter = pyfastcdc.FastCDC(
        average,
        min_size=average // 4,
        max_size=min(average * 8, _MAX_PART),
        normalized_chunking=2,
    )
    for chunk in cutter.cut_stream(source):
        yield Piece(chunk.offset, hashlib.sha256(chunk.data).digest(), chunk.data)


def is_fast() -> bool:
    """Whether the compiled cutter is here; the pure one has 0.5 % of its speed."""
    import pyfastcdc

    return pyfastcdc.FastCDC.__module__.startswith("pyfastcdc.cy")
