"""A file system in memory that knows what of it has reached the disk.

`Volume` holds two pictures of one tree: *now*, what programs see, and *kept*, what a power cut
leaves. Every change belongs to now at once and to kept only when somebody asked for it:

- fsync of a file keeps its bytes, size, mode and time (fdatasync: bytes and size), not its name;
- fsync of a folder keeps the names in it and what was renamed into or out of it, not the bytes of
  its files, and not its own name in the folder above.

This is POSIX taken at its word. Kept is mirrored into a real folder, the platter, as it changes,
so the platter is always exactly what `cut("forget")` would leave. `cut("random")` first lets a
random part of the rest through: disks write when they like and in the order they like.
"""

import errno
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

from tests.support.nodes import (
    BLOCK,
    Change,
    File,
    Folder,
    Link,
    Node,
    attributes_of,
    below,
    clock_ns,
    differences,
    failure,
    fit,
    fresh,
    mark_clean,
    mix_bytes,
    runs_of,
    touch,
    write_runs,
)

Mode = Literal["forget", "random"]

_OLDER_VERSIONS = 3  # of a block written several times since it was last flushed


class Volume:
    """The tree; not thread-safe, its user locks."""

    def __init__(self, platter: Path) -> None:
        self.platter: Path | None = platter
        self._counter = 0
        self.journal: list[Change] = []
        self.root = self._read_folder(platter)

    # -------------------------------------------------------------- from the platter

    def _number(self) -> int:
        self._counter += 1
        return self._counter

    def _read_folder(self, path: Path) -> Folder:
        folder = Folder(self._number(), *attributes_of(path.lstat()))
        for child in sorted(path.iterdir()):
            status = child.lstat()
            node: Node
            if stat.S_ISDIR(status.st_mode):
                node = self._read_folder(child)
            elif stat.S_ISREG(status.st_mode):
                node = File(self._number(), *attributes_of(status), unloaded_size=status.st_size)
            elif stat.S_ISLNK(status.st_mode):
                target = str(child.readlink())
                node = Link(self._number(), *attributes_of(status), target=target)
            else:
                continue
            node.place = (folder, child.name)
            folder.names[child.name] = folder.kept_names[child.name] = node
        return folder

    def _load(self, file: File) -> bytearray:
        if file.data is None:
            path = self._path(file)
            assert path is not None, "a file leaves the platter only after it was loaded"
            file.kept_data = bytearray(path.read_bytes())
            file.data = file.kept_data.copy()
        return file.data

    def _path(self, node: Node) -> Path | None:
        """Say where the node is on the platter, or None while no kept names lead there."""
        if self.platter is None:
            return None
        names: list[str] = []
        while node is not self.root:
            if node.place is None:
                return None
            node, name = node.place
            names.append(name)
        return self.platter.joinpath(*reversed(names))

    # -------------------------------------------------------------- what programs do: names

    def find(self, path: str) -> Node:
        """Return what is called `path` now."""
        node: Node = self.root
        for name in path.split("/"):
            if not name:
                continue
            if not isinstance(node, Folder):
                raise failure(errno.ENOTDIR, path)
            if name not in node.names:
                raise failure(errno.ENOENT, path)
            node = node.names[name]
        return node

    def _parent(self, path: str) -> tuple[Folder, str]:
        above, _, name = path.rpartition("/")
        if len(os.fsencode(name)) > 255:
            raise failure(errno.ENAMETOOLONG, path)
        folder = self.find(above)
        if not isinstance(folder, Folder):
            raise failure(errno.ENOTDIR, path)
        return folder, name

    def _new(self, path: str, node: Node) -> None:
        folder, name = self._parent(path)
        if name in folder.names:
            raise failure(errno.EEXIST, path)
        folder.names[name] = node
        touch(folder)
        self.journal.append(Change(added=(folder, name, node)))

    def create(self, path: str, mode: int, uid: int, gid: int) -> File:
        """Make an empty file; its name and its emptiness are two things to be kept."""
        file = File(
            self._number(),
            *fresh(stat.S_IFREG | stat.S_IMODE(mode), uid, gid),
            data=bytearray(),
            kept_data=bytearray(),
        )
        self._new(path, file)
        return file

    def mkdir(self, path: str, mode: int, uid: int, gid: int) -> None:
        """Make a folder."""
        born = fresh(stat.S_IFDIR | stat.S_IMODE(mode), uid, gid)
        self._new(path, Folder(self._number(), *born))

    def symlink(self, path: str, target: str, uid: int, gid: int) -> None:
        """Make a symbolic link."""
        born = fresh(stat.S_IFLNK | 0o777, uid, gid)
        self._new(path, Link(self._number(), *born, target=target))

    def remove(self, path: str) -> None:
        """Unlink a name, or remove an empty folder."""
        folder, name = self._parent(path)
        node = self.find(path)
        if isinstance(node, Folder) and node.names:
            raise failure(errno.ENOTEMPTY, path)
        del folder.names[name]
        node.linked = False
        touch(folder)
        self.journal.append(Change(removed=(folder, name, node)))

    def rename(self, old: str, new: str, *, overwrite: bool = True) -> None:
        """Rename as rename(2); without `overwrite` as renameat2 with RENAME_NOREPLACE."""
        node = self.find(old)
        source, old_name = self._parent(old)
        target, new_name = self._parent(new)
        there = target.names.get(new_name)
        if there is node:
            return
        if there is not None:
            if not overwrite:
                raise failure(errno.EEXIST, new)
            if isinstance(there, Folder) and there.names:
                raise failure(errno.ENOTEMPTY, new)
            there.linked = False
        del source.names[old_name]
        target.names[new_name] = node
        node.ctime_ns = clock_ns()
        touch(source)
        touch(target)
        removed, added = (source, old_name, node), (target, new_name, node)
        self.journal.append(Change(removed=removed, added=added, replaced=there))

    def set_attributes(self, node: Node, **values: int) -> None:
        """Change mode, owner or times; `mode` without type bits."""
        if "mode" in values:
            values["mode"] = stat.S_IFMT(node.now.mode) | stat.S_IMODE(values["mode"])
        node.now = replace(node.now, **values)
        node.ctime_ns = clock_ns()

    # -------------------------------------------------------------- what programs do: bytes

    def read(self, file: File, size: int, offset: int) -> bytes:
        """Read what was written, flushed or not."""
        return bytes(self._load(file)[offset : offset + size])

    def write(self, file: File, new: bytes, offset: int) -> None:
        """Write; blocks written twice before a flush keep their older versions for a cut."""
        data = self._load(file)
        end = offset + len(new)
        if offset > len(data):
            self._resize(file, data, offset)
        for block in range(offset // BLOCK, -(-end // BLOCK)):
            if block in file.dirty:
                older = file.older.setdefault(block, [])
                if len(older) < _OLDER_VERSIONS:
                    older.append(bytes(data[block * BLOCK : (block + 1) * BLOCK]))
            file.dirty.add(block)
        data[offset:end] = new
        self._changed(file)

    def truncate(self, file: File, length: int) -> None:
        """Shorten, or lengthen with zeros."""
        self._resize(file, self._load(file), length)
        self._changed(file)

    def _resize(self, file: File, data: bytearray, length: int) -> None:
        """What is cut off was never there; what is added are zeros, and new."""
        if length < len(data):
            del data[length:]
            file.dirty = {block for block in file.dirty if block * BLOCK < length}
        else:
            file.dirty.update(range(len(data) // BLOCK, -(-length // BLOCK)))
            data.extend(bytes(length - len(data)))

    def _changed(self, file: File) -> None:
        if len(file.sizes) < 64:
            file.sizes.append(file.size)
        touch(file)

    # -------------------------------------------------------------- what reaches the platter

    def fsync(self, node: Node, *, data_only: bool = False) -> None:
        """Keep bytes and size, and unless `data_only` mode and times. The name stays as it was."""
        if isinstance(node, File) and node.data is not None:
            runs = list(runs_of(sorted(node.dirty), node.data))
            assert node.kept_data is not None
            fit(node.kept_data, len(node.data))
            for offset, piece in runs:
                node.kept_data[offset : offset + len(piece)] = piece
            mark_clean(node)
            path = self._path(node)
            if path is not None:
                write_runs(path, runs, len(node.data))
        if not data_only:
            node.kept = node.now
        self._settle(node)

    def fsyncdir(self, folder: Folder) -> None:
        """Keep the names in the folder, with all that they need to be true.

        A rename between two folders is kept whole, with the earlier changes of both names and the
        names that lead to its new place: no disk loses an old file by moving it. Before the move of
        a folder, everything is kept that came earlier, as a journal would.
        """
        keys: set[tuple[int, str]] = set()
        watched = {folder.number}  # and folders that go, which must be empty first
        named: set[int] = set()  # folders whose own name has to be there
        is_all_needed = False
        chosen: list[Change] = []
        rest: list[Change] = []
        for change in reversed(self.journal):
            is_named = change.added is not None and change.added[2].number in named
            if not (
                is_all_needed or is_named or change.folders() & watched or change.keys() & keys
            ):
                rest.append(change)
                continue
            chosen.append(change)
            keys |= change.keys()
            watched |= {node.number for node in (change.gone(),) if isinstance(node, Folder)}
            moved = change.moved_to()
            if change.added and (is_named or moved):
                named |= _numbers_above(change.added[0])
            is_all_needed |= moved is not None and isinstance(moved[1], Folder)
        self.journal = rest[::-1]
        for change in reversed(chosen):
            assert self._fits(change), "the closure above left something out"
            self._keep(change)
        folder.kept = folder.now
        self._settle(folder)

    def sync_all(self) -> None:
        """Keep everything, as an orderly unmount does."""
        for change in self.journal:
            self._keep(change)
        self.journal = []
        for node in below(self.root, kept=True):
            self.fsync(node)
        self._stamp_folders()

    def _keep(self, change: Change) -> None:
        if change.removed and change.added:
            self._move(change.removed, change.added)
        elif change.added:
            folder, name, node = change.added
            self._detach(folder, name)
            self._attach(folder, name, node)
        elif change.removed:
            self._detach(*change.removed[:2])

    def _fits(self, change: Change) -> bool:
        """Whether the change makes sense on the platter as it is."""
        if change.removed:
            folder, name, node = change.removed
            if folder.kept_names.get(name) is not node:
                return False
            if not change.added and _is_full(node):
                return False
        if change.added:
            there = change.added[0].kept_names.get(change.added[1])
            if _is_full(there) or (there and there.linked):
                return False  # it has moved on, but not yet here: no disk loses it by that
        moved = change.moved_to()
        if moved is None:
            return True
        above: Node = moved[0]
        while above is not self.root:
            if above is node or above.place is None:
                return False  # into itself, or into a folder that is not there
            above = above.place[0]
        return True

    def _move(self, source: tuple[Folder, str, Node], target: tuple[Folder, str, Node]) -> None:
        folder, name, node = target
        before = self._path(node)
        if folder.kept_names.get(name) is not node:
            self._detach(folder, name)
        del source[0].kept_names[source[1]]
        folder.kept_names[name] = node
        node.place = (folder, name)
        after = self._path(node)
        if before and after:
            before.rename(after)
        elif after:
            self._write_out(node, after)

    def _attach(self, folder: Folder, name: str, node: Node) -> None:
        folder.kept_names[name] = node
        node.place = (folder, name)
        path = self._path(node)
        if path is not None:
            self._write_out(node, path)

    def _detach(self, folder: Folder, name: str) -> None:
        node = folder.kept_names.get(name)
        if node is None:
            return
        for inner in below(node, kept=True):
            if isinstance(inner, File):  # somebody may still have it open
                self._load(inner)
        path = self._path(node)
        del folder.kept_names[name]
        node.place = None
        if path is None:
            return
        if isinstance(node, Folder):
            shutil.rmtree(path)
        else:
            path.unlink()

    def _write_out(self, node: Node, path: Path) -> None:
        if isinstance(node, Folder):
            path.mkdir()
            for name, child in node.kept_names.items():
                self._write_out(child, path / name)
        elif isinstance(node, Link):
            path.symlink_to(node.target)
        elif isinstance(node, File):
            path.write_bytes(node.kept_data or b"")
        self._settle(node)

    def _settle(self, node: Node) -> None:
        """Give the platter's copy the kept mode, owner and times."""
        path = self._path(node)
        if path is None:
            return
        kept = node.kept
        if os.geteuid() == 0:
            os.chown(path, kept.uid, kept.gid, follow_symlinks=False)
        if not isinstance(node, Link):
            path.chmod(stat.S_IMODE(kept.mode))
        os.utime(path, ns=(kept.atime_ns, kept.mtime_ns), follow_symlinks=False)

    def _stamp_folders(self) -> None:
        """Folder times last: every name made in a folder changes them."""
        for node in below(self.root, kept=True):
            if isinstance(node, Folder):
                self._settle(node)

    # -------------------------------------------------------------- the cut

    def cut(self, mode: Mode, seed: int) -> list[str]:
        """Let go of what was not kept, in mode "random" after a random part of it got through.

        Returns in words what programs saw and the platter does not have. Afterwards the volume is
        of no more use.
        """
        if mode == "random":
            random = Random(f"cut {seed}")
            for change in self._surviving(random):
                if self._fits(change):
                    self._keep(change)
            self.journal = []
            for node in sorted(below(self.root, kept=True), key=lambda node: node.number):
                self._random_part(node, random)
        self._stamp_folders()
        return list(differences(self.root, ""))

    def leave(self, into: Path, mode: Mode, seed: int) -> list[str]:
        """Write what a cut would leave to another folder and touch the platter no more."""
        for node in below(self.root, kept=True):
            if isinstance(node, File):
                self._load(node)
        self.platter = None
        lost = self.cut(mode, seed)
        self.platter = into
        self._write_out(self.root, into)
        self._stamp_folders()
        return lost

    def _surviving(self, random: Random) -> list[Change]:
        """Pick names: either all up to a moment, as a journal gives, or any subset.

        A subset in its old order covers every order: a change that needs one that is missing does
        not fit, and of several changes of one name the last survivor counts.
        """
        if random.random() < 0.3:
            return self.journal[: random.randint(0, len(self.journal))]
        chance = random.choice((0.05, 0.3, 0.5, 0.7, 0.95))
        return [change for change in self.journal if random.random() < chance]

    def _random_part(self, node: Node, random: Random) -> None:
        if node.kept != node.now:
            if random.random() < 0.5:
                node.kept = replace(node.kept, mode=node.now.mode)
            if random.random() < 0.5:
                node.kept = replace(
                    node.kept, mtime_ns=node.now.mtime_ns, atime_ns=node.now.atime_ns
                )
        if isinstance(node, File) and (node.dirty or node.sizes):
            mix_bytes(node, random)
            path = self._path(node)
            if path is not None:
                assert node.kept_data is not None
                path.write_bytes(node.kept_data)
        self._settle(node)


def _is_full(node: Node | None) -> bool:
    return isinstance(node, Folder) and bool(node.kept_names)


def _numbers_above(folder: Folder) -> set[int]:
    """The folder and those above it, as far as kept names lead."""
    numbers = {folder.number}
    while folder.place is not None:
        folder = folder.place[0]
        numbers.add(folder.number)
    return numbers
