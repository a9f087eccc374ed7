"""The two kinds of place that can be probed: a folder of this PC, and one behind rclone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.destinations.local import EXCLUSIVE, LocalFolder, write_all
from core.destinations.probe import Answer, Room
from core.errors import Code, KnownError
from core.paths import home_failure
from core.rclone.remotes import as_folder
from core.rclone.session import Session


class FolderPlace:
    """A folder on a disk or mounted share."""

    network = False

    def __init__(self, folder: Path, destination: str) -> None:
        self._there = LocalFolder(destination, folder, "")
        self._destination = destination
        self._folder = folder

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._there.failure(error) from error

    def names(self, folder: str) -> list[str]:
        if not self._there.is_reachable():
            raise KnownError(
                Code.DESTINATION_MISSING, destination=self._destination, path=str(self._folder)
            )
        return self._there.names(folder)

    def make_folder(self, folder: str) -> datetime | None:
        place = self._there.place(folder)
        with self._typed():
            os.mkdir(place, 0o700)
            return datetime.fromtimestamp(os.stat(place).st_mtime, UTC)

    def write(self, path: str, data: bytes) -> None:
        place = self._there.place(path)
        with self._typed():
            fd = os.open(place, EXCLUSIVE, 0o600)
            try:
                write_all(fd, memoryview(data))
                os.fsync(fd)  # else it is our memory whose speed is measured
            finally:
                os.close(fd)
        self._there.forget_cached(path)

    def read(self, path: str, limit: int) -> bytes | None:
        return self._there.read(path, limit)

    def write_again(self, path: str, data: bytes) -> None:
        with self._typed():
            Path(self._there.place(path)).write_bytes(data)

    def is_exclusive(self, path: str) -> Answer:
        try:
            os.close(os.open(self._there.place(path), EXCLUSIVE, 0o600))
        except FileExistsError:
            return Answer.YES
        except OSError as error:
            raise self._there.failure(error) from error
        return Answer.NO

    def rename(self, path: str, to: str) -> None:
        with self._typed():
            os.rename(self._there.place(path), self._there.place(to))

    def delete(self, path: str) -> None:
        with self._typed():
            os.unlink(self._there.place(path))

    def clear(self, folder: str) -> None:
        with self._typed():
            shutil.rmtree(self._there.place(folder))

    def room(self) -> Room:
        with self._typed():
            usage = shutil.disk_usage(self._folder)
        return Room(usage.free, usage.total) if usage.total else Room()

    def hashes(self) -> tuple[str, ...]:
        """None needed: what lies there is read."""
        return ()


class SessionPlace:
    """A folder behind rclone: `fs` as in `basis:` or `konto:`, and `prefix` in it.

    room: an existing folder of ours for what is sent and fetched.
    """

    network = True

    def __init__(self, session: Session, fs: str, prefix: str, room: Path) -> None:
        self._session = session
        self._fs = fs
        self._prefix = prefix.strip("/")
        self._local = room / "probe"

    def _there(self, path: str) -> str:
        return "/".join(part for part in (self._prefix, path) if part)

    def _info(self) -> dict[str, Any]:
        return self._session.order("operations/fsinfo", fs=as_folder(self._fs))

    def names(self, folder: str) -> list[str]:
        found = self._session.list(self._fs, self._there(folder))
        return [item.path.rpartition("/")[2] for item in found]

    def make_folder(self, folder: str) -> datetime | None:
        """Where there are no folders, a file tells the time: its own or, in S3, the server's."""
        path = self._there(folder)
        self._session.make_folder(self._fs, path)
        if (self._info().get("Features") or {}).get("CanHaveEmptyDirectories"):
            return self._modified(path)
        self.write(f"{folder}/zeit", b"x")
        return self._modified(f"{path}/zeit", UseServerModTime=True)

    def _modified(self, path: str, **config: object) -> datetime | None:
        words: dict[str, object] = {"fs": as_folder(self._fs), "remote": path}
        item = self._session.order("operations/stat", **words, _config=config).get("item") or {}
        return _moment(str(item.get("ModTime") or ""))

    @contextmanager
    def _holding(self, data: bytes) -> Iterator[Path]:
        try:
            self._local.write_bytes(data)
        except OSError as error:
            raise home_failure(self._local, error) from error
        try:
            yield self._local
        finally:
            self._local.unlink(missing_ok=True)

    def write(self, path: str, data: bytes) -> None:
        with self._holding(data) as local:
            self._session.upload(local, self._fs, self._there(path))

    write_again = write

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            return self._session.read(self._fs, self._there(path), limit=limit)
        except FileNotFoundError:
            return None

    def is_exclusive(self, path: str) -> Answer:
        """rclone has no such question."""
        return Answer.UNKNOWN

    def rename(self, path: str, to: str) -> None:
        fs = as_folder(self._fs)
        self._session.order(
            "operations/movefile",
            srcFs=fs,
            srcRemote=self._there(path),
            dstFs=fs,
            dstRemote=self._there(to),
        )

    def delete(self, path: str) -> None:
        self._session.delete(self._fs, self._there(path))

    def clear(self, folder: str) -> None:
        for item in self._session.list(self._fs, self._there(folder), recurse=True):
            if not item.is_folder:
                self._session.delete(self._fs, item.path)
        self._session.remove_empty(self._fs, self._there(folder))

    def room(self) -> Room:
        try:
            said = self._session.order("operations/about", fs=as_folder(self._fs))
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            return Room()  # many cannot say; whoever writes there is told when it is full
        free, total = said.get("free"), said.get("total")
        return Room(
            free if isinstance(free, int) and free >= 0 else None,
            total if isinstance(total, int) and total > 0 else None,
        )

    def hashes(self) -> tuple[str, ...]:
        found = self._info().get("Hashes") or []
        return tuple(sorted(str(one) for one in found))


def _moment(text: str) -> datetime | None:
    """rclone's time, which may have nine digits of a second; None for none, or an unset one."""
    whole, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    try:
        moment = datetime.fromisoformat(whole + zone if rest else text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year > 1990 else None
