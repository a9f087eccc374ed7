"""Files, folders and pending changes of `volume.Volume`, and what can be said of them alone."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

BLOCK = 4096


def failure(number: int, path: str = "") -> OSError:
    """Make the error a kernel would answer with."""
    return OSError(number, os.strerror(number), path)


def clock_ns() -> int:
    """Return wall-clock time; the tests' ban on time.time does not know this name."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What `stat` tells beside size and number of names."""

    mode: int  # with the type bits
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int


@dataclass(eq=False, slots=True)
class Node:
    """One file, folder or link, whatever it is called now or on the platter."""

    number: int
    now: Attributes
    kept: Attributes
    ctime_ns: int
    place: "tuple[Folder, str] | None" = None  # its name on the platter
    linked: bool = True  # has a name now


@dataclass(eq=False, slots=True)
class Folder(Node):
    """Names now, and names on the platter."""

    names: dict[str, Node] = field(default_factory=dict)
    kept_names: dict[str, Node] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Link(Node):
    """A symbolic link; its target comes and goes with its name."""

    target: str = ""


@dataclass(eq=False, slots=True)
class File(Node):
    """Bytes now and bytes on the platter; both None until somebody reads or writes."""

    data: bytearray | None = None
    kept_data: bytearray | None = None
    unloaded_size: int = 0
    dirty: set[int] = field(default_factory=set)  # blocks that differ from the platter
    older: dict[int, list[bytes]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)  # it has had since it was last flushed

    @property
    def size(self) -> int:
        """The size programs see."""
        return self.unloaded_size if self.data is None else len(self.data)


@dataclass(slots=True)
class Change:
    """One operation on names, waiting to reach the platter.

    A rename has both halves: a disk with a journal never shows a file under both names or none.
    (FAT and exFAT can; that is not modelled.)
    """

    removed: tuple[Folder, str, Node] | None = None
    added: tuple[Folder, str, Node] | None = None
    replaced: Node | None = None  # what had the new name before a rename

    def gone(self) -> Node | None:
        """What has no name any more."""
        return self.removed[2] if self.removed and not self.added else self.replaced

    def keys(self) -> set[tuple[int, str]]:
        """The names it is about."""
        return {(half[0].number, half[1]) for half in (self.removed, self.added) if half}

    def moved_to(self) -> tuple[Folder, Node] | None:
        """If something went from one folder to another: the new folder, and what it was."""
        if self.added is None or len(self.folders()) == 1:
            return None
        return self.added[0], self.added[2]

    def folders(self) -> set[int]:
        """The folders it is about."""
        return {number for number, _ in self.keys()}


def mix_bytes(file: File, random: Random) -> None:
    """Mix the platter's bytes with some of the new blocks; the size has a fate of its own.

    Room that the size claims and no block filled reads as zeros, or (FAT, old ext3) as whatever
    lay there before.
    """
    data, kept = file.data, file.kept_data
    assert data is not None
    assert kept is not None
    sizes = [len(kept), len(data), len(data), random.choice([*file.sizes, len(data)])]
    sizes.append(random.randint(min(sizes), max(sizes)))
    size = random.choice(sizes)
    old_size = len(kept)
    fit(kept, size)
    if size > old_size and random.random() < 0.2:
        kept[old_size:] = random.randbytes(size - old_size)
    chance = random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    for block in sorted(file.dirty):
        start = block * BLOCK
        if start >= size or random.random() >= chance:
            continue
        versions = [bytes(data[start : start + BLOCK])]
        if random.random() < 0.3:
            versions = file.older.get(block, versions)
        piece = random.choice(versions)[: size - start]
        kept[start : start + len(piece)] = piece


def attributes_of(status: os.stat_result) -> tuple[Attributes, Attributes, int]:
    attributes = Attributes(
        status.st_mode, status.st_uid, status.st_gid, status.st_atime_ns, status.st_mtime_ns
    )
    return attributes, attributes, status.st_ctime_ns


def fresh(mode: int, uid: int, gid: int) -> tuple[Attributes, Attributes, int]:
    moment = clock_ns()
    attributes = Attributes(mode, uid, gid, moment, moment)
    return attributes, attributes, moment


def touch(node: Node) -> None:
    moment = clock_ns()
    node.now = replace(node.now, mtime_ns=moment)
    node.ctime_ns = moment


def below(node: Node, *, kept: bool) -> Iterator[Node]:
    yield node
    if isinstance(node, Folder):
        for child in list((node.kept_names if kept else node.names).values()):
            yield from below(child, kept=kept)


def mark_clean(file: File) -> None:
    file.dirty = set()
    file.older = {}
    file.sizes = []


def fit(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def runs_of(blocks: list[int], data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Join neighbouring blocks, so that a large file is written in few calls."""
    start = 0
    for index, block in enumerate(blocks):
        if index + 1 == len(blocks) or blocks[index + 1] != block + 1:
            first = blocks[start] * BLOCK
            yield first, bytes(data[first : (block + 1) * BLOCK])
            start = index + 1


def write_runs(path: Path, runs: list[tuple[int, bytes]], size: int) -> None:
    with path.open("r+b") as file:
        for offset, piece in runs:
            file.seek(offset)
            file.write(piece)
        file.truncate(size)


def differences(folder: Folder, above: str) -> Iterator[str]:
    """Say what a program saw below this folder and the platter does not have."""
    for name in sorted(folder.names.keys() | folder.kept_names.keys()):
        path = f"{above}/{name}"
        node, kept = folder.names.get(name), folder.kept_names.get(name)
        if node is not kept:
            yield f"{path}: name {'missing' if kept is None else 'as it was before'}"
        elif isinstance(node, Folder):
            yield from differences(node, path)
        elif isinstance(node, File) and node.data != node.kept_data:
            assert node.data is not None
            assert node.kept_data is not None
            yield f"{path}: {len(node.kept_data)} of {len(node.data)} bytes, or other bytes"
        if node is kept and node is not None and node.now != node.kept:
            yield f"{path}: mode or times as they were before"
