"""Contents packed into ZIP files at a copy: small files whole, large ones in parts (format §8)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from core.copies.format.contents import Part, StoredObject
from core.copies.format.cutting import Piece
from core.copies.format.zips import Bundle
from core.destinations.local import LocalFolder, NewFile, make_folders, remove_torn


class Packer:
    """Fills bundles one after the other and writes each when it is full.

    `name(n)` is the stored path of the n-th bundle; `take_room(bytes)` is asked before each is
    written; `room` is memory that earlier bundles were built in (`Bundle`). Attributes: folders
    (absolute, where names were created). Failures of the medium come as `KnownError`.
    """

    def __init__(
        self,
        folder: LocalFolder,
        run_folder: str,
        name: Callable[[int], str],
        take_room: Callable[[int], None] = lambda size: None,
        room: bytearray | None = None,
    ) -> None:
        self._folder = folder
        self._run_folder = run_folder
        self._name = name
        self._take_room = take_room
        self._room = bytearray() if room is None else room
        self._bundle = Bundle(self._room)
        self._members: set[str] = set()
        self._parts: list[Part] = []
        self._objects: list[StoredObject] = []
        self.folders: set[str] = set()

    def add(self, member: str, sha: bytes, data: bytes | memoryview) -> None:
        """Pack one content that is not empty under a name that people can read."""
        while member in self._members:  # a file that was read again: its first reading is dead
            member += "~"
        self._members.add(member)
        at = self._bundle.add(member, data)
        self._parts.append(Part(sha, at.offset, at.stored, len(data), at.packing, member))
        if self._bundle.is_full:
            self._write()

    def finish(self) -> tuple[StoredObject, ...]:
        """Write what is left; all bundles."""
        if self._parts:
            self._write()
        return tuple(self._objects)

    def discard(self) -> None:
        """Remove what was written: the file changed while it was read."""
        for stored in self._objects:
            remove_torn(f"{self._run_folder}/{stored.path}")
        self._objects.clear()

    def _write(self) -> None:
        stored = self._name(len(self._objects) + 1)
        with self._bundle.finish() as data:
            self._write_object(f"{self._run_folder}/{stored}", data)
            digest = hashlib.sha256(data).digest()
            self._objects.append(StoredObject(stored, len(data), digest, tuple(self._parts)))
        self._bundle = Bundle(self._room)
        self._members.clear()
        self._parts = []

    def _write_object(self, path: str, data: memoryview) -> None:
        try:
            self._take_room(len(data))
            make_folders(path.rpartition("/")[0], 0o755, below=self._folder.root)
            above = self._run_folder.rpartition("/")[0]
            self.folders |= {path.rpartition("/")[0], self._run_folder, above}
            with NewFile(self._folder, path) as out:
                out.write(data)
        except OSError as error:
            raise self._folder.failure(error) from error


class FileParts:
    """The parts of one large file on their way to a packer; known ones are passed over."""

    def __init__(self, packer: Packer, base: str, is_known: Callable[[bytes], bool]) -> None:
        self._packer = packer
        self._base = base
        self._is_known = is_known
        self._new: set[bytes] = set()
        self._number = 0

    def add(self, piece: Piece) -> None:
        """Take the next part of the file."""
        self._number += 1
        if piece.sha256 in self._new or self._is_known(piece.sha256):
            return
        self._new.add(piece.sha256)
        self._packer.add(f"{self._base}.teil-{self._number:06d}", piece.sha256, piece.data)


def packer_of_file(
    folder: LocalFolder, run_folder: str, stored: str, take_room: Callable[[int], None]
) -> Packer:
    """For the new parts of one changed file, beside the tree."""
    name = hashlib.sha256(stored.encode()).hexdigest()[:12]
    return Packer(folder, run_folder, lambda number: f"teile/{name}-{number:04d}.zip", take_room)


def packer_of_job(
    folder: LocalFolder,
    run_folder: str,
    job: int,
    take_room: Callable[[int], None] = lambda size: None,
    room: bytearray | None = None,
) -> Packer:
    """For all that one job stores in bundled layout."""

    def name(number: int) -> str:
        return f"buendel-{job:06d}.zip" if number == 1 else f"buendel-{job:06d}-{number}.zip"

    return Packer(folder, run_folder, name, take_room, room)
