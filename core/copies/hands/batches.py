"""What travels between the run and the processes that read and write: plain, small tuples."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from core.copies.format.contents import StoredObject
from core.sources.folders import Entry


class Item(NamedTuple):
    """One file to be read.

    number: its place among the entries of its folder. stored: object path below the run folder.
    targets: bit per copy that wants it. in_parts: bit per copy that stores only the parts that are
    new. hash_first: the content is probably known, so read and hash before anything is written.
    average: size of parts.
    """

    number: int
    name: bytes
    size: int
    stored: str
    targets: int
    in_parts: int
    hash_first: bool
    average: int


class Batch(NamedTuple):
    """Files of one source folder: `order` says which, `path` is its true path, `place` where."""

    order: int
    path: bytes
    place: bytes
    items: tuple[Item, ...]


class Facts(NamedTuple):
    """What the list keeps of a file beyond size, time and mode."""

    uid: int
    gid: int
    links: int
    xattrs: dict[str, str] | None
    dos: int
    born_ns: int | None


PartFact = tuple[bytes, int]  # sha256, size


class AtTarget(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What became of a file at one copy.

    known_run: number of the run that already has the content (0: stored now). objects: what was
    written now for this file alone, itself or bundles of its parts. in_parts: whether the copy has
    the file in its parts only.
    """

    known_run: int
    objects: tuple[StoredObject, ...]
    in_parts: bool = False


class Taken(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The result for one file; `problem` is a skip reason, else everything else is set."""

    number: int
    problem: str | None
    entry: Entry | None
    sha: bytes
    parts: tuple[PartFact, ...] | None
    facts: Facts | None
    changing: bool
    sparse: bool
    at: dict[int, AtTarget]


class Job(NamedTuple):
    """What a reading process gets at once. number: counts the jobs of a backup, from 1."""

    number: int
    batches: tuple[Batch, ...]


class JobDone(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Results of a job, file by file, with the order each batch belongs to.

    failed: copies whose medium failed meanwhile, as code and parameters of the `KnownError`.
    folders: where names were created (only for media that are flushed folder by folder).
    bundles: what was packed for the job, by copy.
    """

    taken: tuple[tuple[int, tuple[Taken, ...]], ...]
    failed: dict[int, tuple[str, dict[str, str | int]]]
    folders: tuple[str, ...]
    bundles: dict[int, tuple[StoredObject, ...]]


class Target(NamedTuple):
    """One copy as a reading process needs it: where this run's objects go, what is known there.

    bundled: everything is packed; else files from `whole_below` bytes on are. spooled: objects are
    written into a folder of our home and shipped from there.
    """

    destination: str
    location: str
    system: str
    run_folder: str
    index_path: str | None
    flush_each: bool
    whole_below: int
    bundled: bool
    spooled: bool


class Signals(Protocol):
    """The thin line between the run and those who read: cancel one way, progress the other."""

    def cancelled(self) -> bool:
        """Whether the run was asked to stop."""
        ...

    def advance(self, size: int) -> None:
        """Tell that `size` more bytes were read."""
        ...
