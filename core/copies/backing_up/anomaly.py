"""The anomaly gate's rules: is this what a day in a shop does to its files? (DESIGN §5, ADR 13)

Pure: everything here is computed from what a scan saw and what the newest state knew before.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

import msgspec

from core.sources.folders import Entry

FEWEST = 100
"""Below so many files lost or changed no share closes the gate."""
SHARE = 0.20
"""Share of a system's files, lost or changed in one run."""
SLOW_SHARE = 0.35
"""Share of a system's files, lost or changed in `SLOW_DAYS`; each file counts once."""
SLOW_DAYS = 14
MISFITS = 50
"""So many files whose head does not fit their type."""
MOST_HEADS = 400
"""So many heads are read at most."""
EXAMPLES = 10

T = TypeVar("T")


class Rule(StrEnum):
    """What closed the gate; the value stands in JSON and in the store."""

    CANARY = "canary"
    HEADS = "heads"
    MANY = "many"
    SLOW = "slow"


class What(StrEnum):
    """What happened to a file that is shown as an example."""

    CANARY = "canary"
    HEAD = "head"
    LOST = "lost"
    CHANGED = "changed"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers a judgement rests on.

    total: files of the newest state. changed, lost: in this run, moved content left out. recent:
    distinct files lost or changed within `SLOW_DAYS`, these included. heads: how many were read,
    misfits: how many of them do not fit. canaries: touched or gone.
    """

    total: int = 0
    changed: int = 0
    lost: int = 0
    recent: int = 0
    heads: int = 0
    misfits: int = 0
    canaries: int = 0


def judge(facts: Facts) -> Rule | None:
    """The rule that closes the gate, the most telling one first; None when all is as usual."""
    now = facts.changed + facts.lost
    if facts.canaries:
        return Rule.CANARY
    if facts.misfits >= MISFITS:
        return Rule.HEADS
    if now >= FEWEST and now >= SHARE * facts.total:
        return Rule.MANY
    if now and facts.recent >= FEWEST and facts.recent >= SLOW_SHARE * facts.total:
        return Rule.SLOW
    return None


class Gone(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A file whose old content no longer stands under its name.

    size, mtime: as the newest state knew it. now_size, now_mtime: as it is now; -1 when lost.
    named: the name it is probably found under now (`a.docx.locked`); empty when there is none.
    """

    name: bytes
    size: int
    mtime: int
    now_size: int = -1
    now_mtime: int = 0
    named: bytes = b""

    @property
    def lost(self) -> bool:
        """Whether nothing stands under its name."""
        return self.now_size < 0

    @property
    def head_of(self) -> bytes:
        """The name whose head tells what became of it; empty when nothing does."""
        return self.named if self.lost else self.name


class FolderChange(NamedTuple):
    """What became of the files of one folder; arrived: (size, mtime) of what is new in it."""

    gone: list[Gone]
    arrived: list[tuple[int, int]]


def compare_folder(old: Sequence[Entry], new: Sequence[Entry]) -> FolderChange:
    """Size and time against size and time; what could not be seen then or now counts as nothing."""
    before = {entry[0]: entry for entry in old if _is_seen(entry)}
    gone: list[Gone] = []
    arrived: list[tuple[int, int]] = []
    strangers: list[bytes] = []
    names = set()
    for entry in new:
        name, _, size, mtime = entry[:4]
        names.add(name)
        if not _is_seen(entry):
            continue
        known = before.get(name)
        if known is None:
            arrived.append((size, mtime))
            strangers.append(name)
        elif known[2] != size or known[3] != mtime:
            arrived.append((size, mtime))
            gone.append(Gone(name, known[2], known[3], size, mtime))
    missing = {name for name in before if name not in names}
    if missing:
        renamed = _renamed(missing, strangers)
        for name in sorted(missing):
            known = before[name]
            gone.append(Gone(name, known[2], known[3], named=renamed.get(name, b"")))
    return FolderChange(gone, arrived)


def _is_seen(entry: Entry) -> bool:
    """A file whose size and time are known; one that could not be read has no change time."""
    return stat.S_ISREG(entry[1]) and entry[2] >= 0 and entry[3] != 0


def _renamed(missing: set[bytes], strangers: Iterable[bytes]) -> dict[bytes, bytes]:
    """Lost name → new name in the same folder that only has something appended."""
    found = {}
    for name in strangers:
        stem = name.rpartition(b".")[0]
        while stem:
            if stem in missing:
                found[stem] = name
                break
            stem = stem.rpartition(b".")[0]
    return found


@dataclass(slots=True)
class Tally:
    """Collects what became of the files of all folders, packed: half a million fit in memory."""

    _folders: list[tuple[bytes, bytes]] = field(default_factory=list)
    _arrived: dict[int, int] = field(default_factory=dict)

    def add(self, path: bytes, change: FolderChange) -> None:
        """Take in one folder of the system."""
        if change.gone:
            self._folders.append((path, _encoder.encode(change.gone)))
        for size, mtime in change.arrived:
            key = hash((size, mtime))
            self._arrived[key] = self._arrived.get(key, 0) + 1

    def __bool__(self) -> bool:
        return bool(self._folders)

    def counted(self) -> Iterator[tuple[bytes, Gone]]:
        """(folder, file) of all whose content is gone for good.

        Content whose size and time turn up elsewhere was moved and counts as nothing, each
        arrival for one file only. The same order in every call.
        """
        left = dict(self._arrived)
        for path, packed in self._folders:
            for file in _decoder.decode(packed):
                key = hash((file.size, file.mtime))
                if left.get(key):
                    left[key] -= 1
                else:
                    yield path, file

    def with_heads(self) -> Iterator[tuple[bytes, Gone]]:
        """(folder, file) of all whose head can tell something, moved ones with a new ending too."""
        for path, packed in self._folders:
            for file in _decoder.decode(packed):
                if file.head_of:
                    yield path, file


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Gone])


class Even(Generic[T]):
    """Keeps some of all that is added, spread evenly over them: `most`, or down to half of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._step = 1
        self._met = 0
        self.kept: list[T] = []

    def add(self, item: T) -> None:
        """Take it in if it is its turn."""
        if self._met % self._step == 0:
            self.kept.append(item)
            if len(self.kept) > self._most:
                self.kept = self.kept[::2]
                self._step *= 2
        self._met += 1

    def pick(self, count: int) -> list[T]:
        """So many of those kept, as evenly; all when there are fewer."""
        if len(self.kept) <= count:
            return list(self.kept)
        return [self.kept[at * len(self.kept) // count] for at in range(count)]


def path_mark(path: bytes) -> bytes:
    """Eight bytes that stand for a file in the history of the last days."""
    return hashlib.blake2b(path, digest_size=8).digest()


class SetDigest:
    """A digest of a set of files with their facts, whatever order they come in."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, *parts: bytes | int) -> None:
        """Take in one member of the set."""
        found = hashlib.sha256(_encoder.encode(parts)).digest()
        self._sum = (self._sum + int.from_bytes(found, "big")) % (1 << 256)

    def hex(self) -> str:
        """64 digits; all zero for the empty set."""
        return f"{self._sum:064x}"


NOTHING = SetDigest().hex()
"""The digest of the empty set."""


def distinct(marks: Iterable[bytes]) -> int:
    """How many files the path marks of several runs (eight bytes each, joined) stand for."""
    met: set[bytes] = set()
    for joined in marks:
        met.update(joined[at : at + 8] for at in range(0, len(joined), 8))
    return len(met)
