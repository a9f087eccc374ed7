"""The new parts of one large changed file, written as ZIP bundles beside the tree (format §8)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from core.copies.contents import Part, StoredObject
from core.copies.cutting import Piece
from core.copies.zips import Bundle
from core.destinations.local import EXCLUSIVE, LocalFolder, write_all


class PartBundles:
    """Collects parts that the copy does not have yet.

    Attributes: folders (absolute, where names were created). Failures of the medium come as
    `KnownError`.
    """

    def __init__(
        self,
        folder: LocalFolder,
        run_folder: str,
        stored: str,
        is_known: Callable[[bytes], int],
    ) -> None:
        self._folder = folder
        self._run_folder = run_folder
        self._base = stored.rpartition("/")[2]
        self._name = hashlib.sha256(stored.encode()).hexdigest()[:12]
        self._is_known = is_known
        self._new: set[bytes] = set()
        self._number = 0
        self._bundle = Bundle()
        self._parts: list[Part] = []
        self._objects: list[StoredObject] = []
        self.folders: set[str] = set()

    def add(self, piece: Piece) -> None:
        """Take the next part of the file; nothing is written for one that is known."""
        self._number += 1
        if piece.sha256 in self._new or self._is_known(piece.sha256):
            return
        self._new.add(piece.sha256)
        member = f"{self._base}.teil-{self._number:06d}"
        at = self._bundle.add(member, piece.data)
        self._parts.append(
            Part(piece.sha256, at.offset, at.stored, len(piece.data), at.packing, member)
        )
        if self._bundle.is_full:
            self._write()

    def finish(self) -> tuple[StoredObject, ...]:
        """Write what is left; all bundles of this file."""
        if self._parts:
            self._write()
        return tuple(self._objects)

    def discard(self) -> None:
        """Remove what was written: the file changed while it was read."""
        for stored in self._objects:
            try:
                os.unlink(f"{self._run_folder}/{stored.path}")
            except OSError:
                continue  # not named by any inhalt: retention clears it
        self._objects.clear()

    def _write(self) -> None:
        data = self._bundle.finish()
        stored = f"teile/{self._name}-{len(self._objects) + 1:04d}.zip"
        path = f"{self._run_folder}/{stored}"
        try:
            os.makedirs(path.rpartition("/")[0], mode=0o755, exist_ok=True)
            above = self._run_folder.rpartition("/")[0]
            self.folders |= {path.rpartition("/")[0], self._run_folder, above}
            fd = os.open(path, EXCLUSIVE, 0o600)
            try:
                write_all(fd, memoryview(data))
                if self._folder.flush_each:
                    os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._folder.failure(error) from error
        digest = hashlib.sha256(data).digest()
        self._objects.append(StoredObject(stored, len(data), digest, tuple(self._parts)))
        self._bundle = Bundle()
        self._parts = []
