"""The objects of a copy for those who read many: where they lie, open or under the cipher."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import Protocol

from core.destinations.local import Way, open_plain


class Stream(Protocol):
    """An object opened for reading; failures are `OSError`."""

    def fileno(self) -> int: ...

    def seek(self, offset: int, /) -> int: ...

    def read(self, size: int, /) -> bytes: ...

    def readinto(self, view: memoryview, /) -> int: ...

    def close(self) -> None: ...


class Objects:
    """Opens the objects of one copy by their paths below its folder."""

    def __init__(self, root: str) -> None:
        self._root = root

    def inside(self, path: str) -> str:
        """Where an object lies below the folder."""
        return path

    def place(self, path: str) -> str:
        """Where an object lies, absolute."""
        return f"{self._root}/{self.inside(path)}"

    def size(self, path: str) -> int | None:
        """Bytes of its content; None when it is no ordinary file. OSError, as `open`."""
        info = os.stat(self.place(path), follow_symlinks=False)
        return info.st_size if stat.S_ISREG(info.st_mode) else None

    def open(self, path: str) -> Stream:
        """Its content, to be closed; FileNotFoundError when there is none, `Damaged` when what was
        sealed is not whole.
        """
        return self._lying(path)

    def _lying(self, path: str) -> FileIO:
        return FileIO(open_plain(self.place(path)), "rb")


def objects_at(way: Way) -> Objects:
    """The objects that lie there."""
    if way.keys is None:
        return Objects(way.root)
    from core.destinations.sealed_store import SealedObjects  # most copies of this PC are plain

    return SealedObjects(way.root, way.vault, way.keys)
