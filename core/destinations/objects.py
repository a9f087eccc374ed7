"""The objects of a copy for those who read many: where they lie, open or under the cipher."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import TYPE_CHECKING, Protocol

from core.crypt import Damaged
from core.destinations.local import Way, open_plain

if TYPE_CHECKING:
    from core.crypt.contents import SealedFile
    from core.crypt.names import Names


class Stream(Protocol):
    """An object opened for reading; failures are `OSError`."""

    def fileno(self) -> int: ...

    def seek(self, offset: int, /) -> int: ...

    def read(self, size: int, /) -> bytes: ...

    def readinto(self, view: memoryview, /) -> int: ...

    def close(self) -> None: ...


class Objects:
    """Opens the objects of one copy by their paths below its folder."""

    def __init__(self, way: Way) -> None:
        self._root = way.root
        self._vault: tuple[str, bytes, Names] | None = None
        if way.keys is not None:
            from core.crypt.names import Names  # most copies of this PC are plain

            self._vault = f"{way.root}/{way.vault}", way.keys.data, Names(way.keys)

    def place(self, path: str) -> str:
        """Where an object lies, absolute."""
        if self._vault is None:
            return f"{self._root}/{path}"
        folder, _, names = self._vault
        return f"{folder}/{names.seal(path)}"

    def size(self, path: str) -> int | None:
        """Bytes of its content; None when it is no ordinary file. OSError, as `open`."""
        info = os.stat(self.place(path), follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            return None
        if self._vault is None:
            return info.st_size
        from core.crypt.contents import plain_size

        size = plain_size(info.st_size)
        if size is None:
            raise Damaged
        return size

    def open(self, path: str) -> Stream:
        """Its content, to be closed; FileNotFoundError when there is none, `Damaged` when what was
        sealed is not whole.
        """
        source = FileIO(open_plain(self.place(path)), "rb")
        return source if self._vault is None else _sealed(source, self._vault[1])


def _sealed(source: FileIO, key: bytes) -> SealedFile:
    from core.crypt.contents import SealedFile

    try:
        return SealedFile(source, key)
    except BaseException:
        source.close()
        raise
