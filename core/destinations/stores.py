"""Where the objects of a copy lie that are not worked at in place, and what can be asked there."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from core.destinations.local import Way
from core.errors import Code, KnownError
from core.rclone.objects import Item

if TYPE_CHECKING:
    from core.rclone.session import Session

Knows: TypeAlias = Literal["folders", "bucket", ""]


class Store(Protocol):
    """The folder of one copy. Paths are relative to it; calls may come from several threads.

    Failures are `KnownError`, those of files on our side `OSError`.
    """

    @property
    def way(self) -> Way | None:
        """How objects can be read where they lie, without asking the store; None: they cannot."""
        ...

    def list(self, path: str, *, recurse: bool = False) -> list[Item]:
        """The names in a folder; a missing folder has none."""
        ...

    def doubt_emptiness(self, **where: str) -> None:
        """Raise when an empty answer at the top of the folder is not to be believed.

        where: destination and path for the message.
        """
        ...

    def read(self, path: str, *, offset: int = 0, count: int | None = None, limit: int) -> bytes:
        """Bytes of a file, only those asked for; less than `count` when it ends before.

        FileNotFoundError when it is not there. KnownError REMOTE_LARGER when there are more than
        `limit`, REMOTE_DAMAGED when it cannot be opened.
        """
        ...

    def download(self, path: str, local: Path) -> None:
        """Fetch one file to `local`, whole or not at all; what lies there is replaced.

        FileNotFoundError when it is not there. No room here: KnownError TARGET_FULL, or OSError.
        """
        ...

    def upload(self, local: Path, path: str) -> None:
        """Send one file: whole at `path` or not there at all, whenever one looks."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file; fine when it is not there."""
        ...

    def remove_empty(self, path: str) -> None:
        """Remove the empty folders at and below `path`; fine when there are none."""
        ...

    def free_bytes(self) -> int | None:
        """Free room there; None when nobody can tell."""
        ...

    def read_past_memory(self) -> bool:
        """Have what is read next come from the medium, not from memory; whether it will."""
        ...

    def flush(self) -> None:
        """Return when what was sent so far is on the medium, as far as we can see to that."""
        ...


class RcloneStore:
    """A folder behind rclone. fs: the remote that holds it (`tresor:`), prefix: its folder there.

    knows: what the storage calls missing (`storages.knows_of`).
    """

    def __init__(self, session: Session, fs: str, prefix: str = "", knows: Knows = "") -> None:
        self._session = session
        self._fs = fs
        self._prefix = prefix.strip("/")
        self._knows = knows
        self.way = None

    def _there(self, path: str) -> str:
        return "/".join(part for part in (self._prefix, path) if part)

    def list(self, path: str, *, recurse: bool = False) -> list[Item]:
        skip = len(self._prefix) + 1 if self._prefix else 0
        found = self._session.list(self._fs, self._there(path), recurse=recurse)
        return [item._replace(path=item.path[skip:]) for item in found]

    def doubt_emptiness(self, **where: str) -> None:
        """Raise when it is no storage that answers with nothing, or a bucket that is not there.

        An empty answer is what the login page of a WLAN gives as well (RCLONE §0.2). What is no
        storage says yes also to a name that nobody can have.
        """
        nobody = f"lt-{secrets.token_hex(16)}"
        if self._knows == "folders":
            anybody = self._session.has_folder(self._fs, nobody)
        else:
            anybody = self._session.size(self._fs, nobody) is not None
        if anybody:
            raise KnownError(Code.REMOTE_PORTAL, **where, cause="")
        if self._knows == "bucket" and not self._session.has_folder(self._fs, ""):
            raise KnownError(Code.REMOTE_SHARE_MISSING, **where, cause="")

    def read(self, path: str, *, offset: int = 0, count: int | None = None, limit: int) -> bytes:
        there = self._there(path)
        return self._session.read(self._fs, there, offset=offset, count=count, limit=limit)

    def download(self, path: str, local: Path) -> None:
        self._session.download(self._fs, self._there(path), local)

    def upload(self, local: Path, path: str) -> None:
        self._session.upload(local, self._fs, self._there(path))

    def delete(self, path: str) -> None:
        self._session.delete(self._fs, self._there(path))

    def remove_empty(self, path: str) -> None:
        self._session.remove_empty(self._fs, self._there(path))

    def free_bytes(self) -> int | None:
        return self._session.free_bytes(self._fs)

    def flush(self) -> None:
        """Servers see to their own disks."""

    def read_past_memory(self) -> bool:
        """It was not in the memory of this PC; more of the server nobody can ask for."""
        return True
