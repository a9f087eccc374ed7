"""An encrypted copy in a folder of this PC: sealed and opened by ourselves, without rclone.

The same bytes rclone would write (`core.crypt`), in half the time: nothing goes through another
process, nothing is hashed that nobody asked for, and there is nothing to start.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from core.crypt import Damaged, contents
from core.crypt.contents import SealedFile
from core.crypt.keys import Keys
from core.crypt.names import Names
from core.destinations.local import (
    EXCLUSIVE,
    LocalFolder,
    Way,
    drop_cache,
    make_folders,
    remove_torn,
    write_all,
)
from core.destinations.objects import Objects
from core.errors import Code, KnownError
from core.rclone.objects import PARTIAL, Item

_Result = TypeVar("_Result")
_BLOCK = 256 * 1024


class SealedObjects(Objects):
    """Those in the vault `vault` of a copy's folder."""

    def __init__(self, root: str, vault: str, keys: Keys) -> None:
        super().__init__(root)
        self._vault = vault
        self._key = keys.data
        self.names = Names(keys)

    def inside(self, path: str) -> str:
        return f"{self._vault}/{self.names.seal(path)}" if path else self._vault

    def size(self, path: str) -> int | None:
        sealed = super().size(path)
        return None if sealed is None else _plain(sealed)

    def open(self, path: str) -> SealedFile:
        source = self._lying(path)
        try:
            return SealedFile(source, self._key)
        except BaseException:
            source.close()
            raise


def _plain(sealed: int) -> int:
    size = contents.plain_size(sealed)
    if size is None:
        raise Damaged
    return size


class SealedStore:
    """The vault `vault` (`tresor-k7f3-m2qp`) in the folder of a copy."""

    def __init__(
        self, folder: LocalFolder, vault: str, keys: Keys, cancelled: Callable[[], bool]
    ) -> None:
        self._past_memory = False
        self._folder = folder
        self._vault = vault
        self._key = keys.data
        self.way = Way(str(folder.root), vault, keys)
        self._objects = SealedObjects(str(folder.root), vault, keys)
        self._cancelled = cancelled
        self._stood = False

    # -- looking ----------------------------------------------------------------------------------

    def list(self, path: str, *, recurse: bool = False) -> list[Item]:
        return list(self._items(path, recurse=recurse))

    def _items(self, path: str, *, recurse: bool) -> Iterator[Item]:
        try:
            with os.scandir(self._objects.place(path)) as found:
                entries = [
                    (
                        entry.name,
                        entry.is_dir(follow_symlinks=False),
                        entry.stat(follow_symlinks=False),
                    )
                    for entry in found
                ]
        except (FileNotFoundError, NotADirectoryError):
            self._miss()
            return
        except OSError as error:
            raise self._folder.failure(error) from error
        self._stood = True
        for sealed, is_folder, info in entries:
            name = self._objects.names.open(sealed)
            if name is None or "/" in name:
                continue  # not sealed with our key: nobody's, as rclone sees it too
            below = f"{path}/{name}" if path else name
            size = 0 if is_folder else contents.plain_size(info.st_size)
            yield Item(below, size or 0, is_folder)
            if is_folder and recurse:
                yield from self._items(below, recurse=True)

    def _miss(self) -> None:
        """Something is not there: fine, unless all is gone."""
        if self._stood and not os.path.isdir(self._folder.root):
            raise KnownError(
                Code.DESTINATION_GONE,
                destination=self._folder.destination,
                path=self._folder.address,
            )

    def doubt_emptiness(self, **where: str) -> None:
        """A folder of this PC is what it says; that it is there was seen before."""

    def free_bytes(self) -> int | None:
        return self._folder.free_bytes()

    # -- reading ----------------------------------------------------------------------------------

    def read(self, path: str, *, offset: int = 0, count: int | None = None, limit: int) -> bytes:
        with contextlib.closing(self._open(path)) as stream:
            size = self._told(path, lambda: _plain(os.fstat(stream.fileno()).st_size))
            there = max(size - offset, 0)
            wanted = there if count is None else min(count, there)
            if wanted > limit:
                raise KnownError(
                    Code.REMOTE_LARGER, destination=self._folder.destination, path=path, limit=limit
                )
            stream.seek(offset)
            return self._told(path, lambda: stream.read(wanted))

    def download(self, path: str, local: Path) -> None:
        draft = f"{local}.{secrets.token_hex(4)}"
        room = memoryview(bytearray(_BLOCK))
        with contextlib.closing(self._open(path)) as stream:  # before anything is made here
            fd = os.open(draft, EXCLUSIVE, 0o600)
            try:
                try:
                    while length := self._told(path, lambda: stream.readinto(room)):
                        self._stop_if_cancelled()
                        write_all(fd, room[:length])
                finally:
                    os.close(fd)
                os.replace(draft, local)
            except BaseException:
                remove_torn(draft)
                raise

    def read_past_memory(self) -> bool:
        self._past_memory = True
        return self._folder.read_past_memory()

    def _open(self, path: str) -> SealedFile:
        stream = self._told(path, lambda: self._objects.open(path))
        if self._past_memory:
            drop_cache(stream.fileno())
        return stream

    def _told(self, path: str, action: Callable[[], _Result]) -> _Result:
        """What goes wrong with reading a file, told as a store tells it."""
        try:
            return action()
        except (FileNotFoundError, NotADirectoryError) as error:
            self._miss()
            raise FileNotFoundError(path) from error
        except Damaged as error:
            raise KnownError(
                Code.REMOTE_DAMAGED, destination=self._folder.destination, path=path, cause=""
            ) from error
        except OSError as error:
            raise self._folder.failure(error) from error

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise KnownError(Code.CANCELLED)

    # -- writing ----------------------------------------------------------------------------------

    def upload(self, local: Path, path: str) -> None:
        draft_path = f"{path}.{secrets.token_hex(4)}{PARTIAL}"
        draft, place = self._objects.place(draft_path), self._objects.place(path)
        with open(local, "rb", buffering=0) as source:
            fd = self._folder.do(lambda: self._create(draft))
            try:
                try:
                    contents.seal(source, functools.partial(self._write, fd), self._key)
                    if self._folder.flush_each:
                        self._folder.do(functools.partial(os.fsync, fd))
                finally:
                    self._folder.do(functools.partial(os.close, fd))
                self._folder.do(lambda: os.replace(draft, place))
            except BaseException:
                remove_torn(draft)
                raise

    def _write(self, fd: int, piece: memoryview) -> None:
        self._stop_if_cancelled()
        self._folder.do(functools.partial(write_all, fd, piece))

    def _create(self, place: str) -> int:
        """A new file, and the folders above it; the vault itself only if it never stood.

        Where a disk slipped away its empty mount point is left, and nothing may begin there.
        """
        above = os.path.dirname(place)
        vault = Path(self._folder.place(self._vault))
        if not self._stood:
            self._folder.make_folder(self._vault)
            self._stood = True
        make_folders(above, 0o755, below=vault.parent)
        folders = {str(self._folder.root), str(vault)}
        while len(above) > len(str(vault)):
            folders.add(above)
            above = os.path.dirname(above)
        self._folder.note_written(folders)
        return os.open(place, EXCLUSIVE, 0o600)

    def delete(self, path: str) -> None:
        self._folder.remove(self._objects.inside(path))

    def remove_empty(self, path: str) -> None:
        self._folder.remove_empty(self._objects.inside(path), below=True)

    def flush(self) -> None:
        self._folder.barrier()
