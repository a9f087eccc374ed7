"""A copy's folder that cannot be worked at where it lies: encrypted, on a server, or both.

What is written and what is read passes through a shadow: a folder of ours laid out like the copy,
emptied at every start. A store moves only finished objects out of it and whole or partial objects
into it; none ever reads a live source (DESIGN §5, "Writing"). Everybody else works on the shadow as
on any folder.
"""

from __future__ import annotations

import functools
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from core.destinations.local import Fetch, NewFile, Range, SpoolFolder, Way, write_all
from core.destinations.stores import Store
from core.errors import Code, KnownError
from core.rclone.objects import UNFINISHED, Item

SPOOL_BYTES = 2 * 1024**3
UPLOADS = 4
_IDLE_BYTES = 256 * 1024**2
_RANGE_GAP = 64 * 1024
_MOST_RANGES = 16
_POLL_SECONDS = 0.05
_DOCUMENT_BYTES = 64 * 1024
_MOST_DOCUMENTS = 64
_OF_THE_MEDIUM = (Code.DESTINATION_FULL, Code.DESTINATION_READ_ONLY, Code.DESTINATION_GONE)
"""What concerns the whole place, and not the object that met it."""


class RemoteFolder(SpoolFolder):
    """The folder of one copy in a store.

    address: the place as people name it. Attributes as of `LocalFolder`; `root` is the shadow.
    Failures come as `KnownError`: those of the shadow are our home's (HOME_FULL), the others are
    told by the store.
    """

    def __init__(
        self,
        destination: str,
        address: str,
        system: str,
        *,
        shadow: Path,
        store: Store,
        vouches: bool = True,
        spool_bytes: int = SPOOL_BYTES,
    ) -> None:
        super().__init__(destination, shadow, system)
        self.address = address.partition("?")[0]
        self.shown = f"{self.address}/{system}"
        self.flush_each = False
        self.is_fat = False
        self.spooled = True
        self.vouches = vouches
        self._store = store
        self._spool_bytes = spool_bytes
        self._pool = ThreadPoolExecutor(UPLOADS, thread_name_prefix=f"upload-{destination}")
        self._waiting: list[Future[None]] = []
        self._lock = threading.Lock()
        self._unsent = 0
        self._sizes: dict[str, int] = {}
        self._listings: dict[str, dict[str, int | None]] = {}
        self._documents: dict[str, bytes] = {}
        # What was fetched: whole objects, or ranges; how many read them, who was read last; bytes.
        self._comings: dict[str, Future[None]] = {}
        self._ranges: dict[str, list[Range]] = {}
        self._readers: Counter[str] = Counter()
        self._idle: dict[str, None] = {}
        self._fetched: dict[str, int] = {}
        shutil.rmtree(self.root, ignore_errors=True)
        try:
            self.root.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise self.failure(error) from error

    # -- looking ----------------------------------------------------------------------------------

    def is_reachable(self) -> bool:
        """Whether the server answers; raises the reason when it does not.

        An empty answer is what the login page of a WLAN gives as well: nothing may be concluded
        from it before that is out of the question (RCLONE §0.2). What was asked a moment ago is not
        asked again, unless a call has failed since.
        """
        if not self._listing(""):
            self._store.doubt_emptiness(destination=self.destination, path=self.shown)
        return True

    def names(self, relative: str = "") -> list[str]:
        return list(self._listing(relative))

    def _listing(self, relative: str) -> dict[str, int | None]:
        """Names in a folder with their sizes (None: a folder), asked once until it changes."""
        if relative not in self._listings:
            try:
                items = self._store.list(relative)
            except KnownError as error:
                raise self._of_place(error) from error
            self._listings[relative] = {
                item.path.rpartition("/")[2]: None if item.is_folder else item.size
                for item in items
                if not _is_unfinished(item)
            }
        return self._listings[relative]

    def sizes(self, relative: str) -> dict[str, int]:
        return {name: size for name, size in self._listing(relative).items() if size is not None}

    def count_files(self, relative: str) -> int:
        items = self._store.list(relative, recurse=True)
        return sum(not (item.is_folder or _is_unfinished(item)) for item in items)

    def size(self, relative: str) -> int | None:
        folder, _, name = relative.rpartition("/")
        return self._listing(folder).get(name)

    def read(self, relative: str, limit: int) -> bytes | None:
        """The bytes of a small file, asked for once until it changes (`forget_cached`)."""
        known = self._documents.get(relative)
        if known is not None and len(known) <= limit:
            return known
        try:
            data = self._store.read(relative, limit=limit)
        except FileNotFoundError:
            return None
        except KnownError as error:
            if error.code in (Code.REMOTE_LARGER, Code.REMOTE_DAMAGED):
                return None
            raise self._of_place(error) from error
        if len(data) <= _DOCUMENT_BYTES and len(self._documents) < _MOST_DOCUMENTS:
            self._documents[relative] = data
        return data

    def open(self, relative: str) -> BinaryIO:
        self._bring([relative])
        return super().open(relative)

    def read_past_memory(self) -> bool:
        return self._store.read_past_memory()

    def free_bytes(self) -> int:
        free = self._store.free_bytes()
        return free if free is not None else 1 << 62

    # -- fetching ---------------------------------------------------------------------------------

    @property
    def way(self) -> Way:
        return self._store.way or super().way

    @property
    def lies_afar(self) -> bool:
        return self._store.way is None

    def fetch(self, objects: Iterable[str]) -> None:
        if self.lies_afar:
            self._bring(objects)

    def _bring(self, objects: Iterable[str]) -> None:
        """Bring whole objects into the shadow; what is missing there stays missing."""
        for coming in [self._begin_whole(path) for path in dict.fromkeys(objects)]:
            coming.result()

    def fetch_all(self, relative: str) -> None:
        items = self._store.list(relative, recurse=True)
        self._bring(item.path for item in items if not item.is_folder)

    def begin_fetch(self, wanted: Mapping[str, Iterable[Range]], *, frugal: bool) -> Fetch:
        """Bring what is needed of objects: ranges where that saves much, else whole objects.

        frugal: only a little of the copy is wanted, so that an object will hardly be asked again.
        """
        if not self.lies_afar:
            return Fetch()
        comings = {}
        for path, ranges in wanted.items():
            self._idle.pop(path, None)
            if path in self._comings:
                comings[path] = self._begin_whole(path)
                continue
            joined = _joined(ranges)
            size = self.size(path) if not frugal or len(joined) > _MOST_RANGES else None
            if len(joined) > _MOST_RANGES or (
                not frugal and sum(r.length for r in joined) * 4 > (size or 0)
            ):
                comings[path] = self._begin_whole(path)
            else:
                comings[path] = self._pool.submit(self._fetch_ranges, path, joined)
        fetch = Fetch(comings)
        self._readers.update(fetch.paths)
        return fetch

    def let_go(self, fetch: Fetch) -> None:
        """What was used last stays longest: the next files often need it again."""
        self._readers.subtract(fetch.paths)
        for path in fetch.paths:
            if self._readers[path] <= 0:
                del self._readers[path]
                self._idle[path] = None
        most = min(_IDLE_BYTES, self._spool_bytes // 2)
        while self._idle and self._fetched_bytes() > most:
            self._forget(next(iter(self._idle)))

    def _begin_whole(self, path: str) -> Future[None]:
        """The whole object, which may be there or on its way already."""
        self._idle.pop(path, None)
        with self._lock:  # or one that is missing would be noted after it was struck out
            if path not in self._comings:
                self._comings[path] = self._pool.submit(self._fetch_one, path)
            return self._comings[path]

    def _fetch_ranges(self, path: str, ranges: list[Range]) -> None:
        with self._lock:
            have = self._ranges.setdefault(path, [])
        for wanted in ranges:
            if any(r.offset <= wanted.offset and _end(r) >= _end(wanted) for r in have):
                continue
            try:
                data = self._store.read(
                    path, offset=wanted.offset, count=wanted.length, limit=wanted.length
                )
            except FileNotFoundError:
                return
            except KnownError as error:
                if error.code is not Code.REMOTE_DAMAGED:
                    raise
                return
            self.do(functools.partial(_put, self._made(path), wanted.offset, data))
            with self._lock:
                have.append(wanted)
                self._fetched[path] = self._fetched.get(path, 0) + len(data)

    def _fetch_one(self, path: str) -> None:
        size = None
        try:
            size = self._download(path)
        finally:
            with self._lock:
                if size is None:
                    self._comings.pop(path, None)  # it may be there the next time it is asked for
                else:
                    self._fetched[path] = size

    def _download(self, path: str) -> int | None:
        """Bring an object; its size, None when it is missing."""
        place = self._made(path)
        try:
            self._store.download(path, Path(place))
            return os.path.getsize(place)
        except FileNotFoundError:
            return None
        except KnownError as error:
            if error.code is Code.TARGET_FULL:
                raise KnownError(Code.HOME_FULL, path=str(self.root)) from error
            if error.code is not Code.REMOTE_DAMAGED:
                raise
            return None  # as good as missing: whoever reads it looks elsewhere
        except OSError as error:
            raise self.failure(error) from error

    def _made(self, relative: str) -> str:
        place = self.place(relative)
        self.do(lambda: os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True))
        return place

    @property
    def is_crowded(self) -> bool:
        """Whether the shadow holds as much as it may of what was fetched."""
        return self._fetched_bytes() > self._spool_bytes // 2

    def _fetched_bytes(self) -> int:
        with self._lock:
            return sum(self._fetched.values())

    def forget_fetched(self) -> None:
        """Empty the shadow of what was fetched; nobody may be reading it."""
        for path in {*self._comings, *self._ranges}:
            self._forget(path)
        self._readers.clear()

    def _forget(self, path: str) -> None:
        self._idle.pop(path, None)
        with self._lock:
            self._comings.pop(path, None)
            self._ranges.pop(path, None)
            self._fetched.pop(path, None)
        _unlink(self.place(path))

    def forget_cached(self, relative: str) -> None:
        """Take the file from there the next time it is read."""
        with self._lock:
            self._documents.pop(relative, None)
        self._forget(relative)

    # -- writing ----------------------------------------------------------------------------------

    def make_folder(self, relative: str) -> None:
        """Folders come into being with what lies in them."""
        self.do(lambda: os.makedirs(self.place(relative), mode=0o700, exist_ok=True))

    def writer(self, relative: str) -> NewFile:
        self._made(relative)
        return _Shipped(self, relative)

    def ship(self, paths: Iterable[str]) -> None:
        """Send finished files of the shadow on their way; waits while too much is waiting."""
        for path in paths:
            if path in self._sizes:
                continue  # on its way already: files that are written one by one go at once
            size = os.path.getsize(self.place(path))
            with self._lock:
                self._unsent += size
                self._sizes[path] = size
            self._waiting.append(self._pool.submit(self._send, path, size))
        while self._unsent > self._spool_bytes:
            self._raise_failed()
            time.sleep(_POLL_SECONDS)
        self._raise_failed()

    def _send(self, path: str, size: int) -> None:
        try:
            self._store.upload(Path(self.place(path)), path)
            _unlink(self.place(path))
        except KnownError as error:
            raise self._of_place(error) from error
        except OSError as error:
            raise self.failure(error) from error
        finally:
            with self._lock:
                self._unsent -= size

    def _of_place(self, error: KnownError) -> KnownError:
        """The error; of the whole place where it is not the object's that met it."""
        self._listings.pop("", None)
        if error.code in _OF_THE_MEDIUM:
            where = {"destination": self.destination, "path": self.address}
            return KnownError(error.code, **where)
        return error

    def _raise_failed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                self._waiting.append(future)
            else:
                future.result()

    def remove(self, relative: str) -> None:
        place = self.place(relative)
        if relative not in self._sizes and os.path.exists(place) and relative not in self._comings:
            _unlink(place)  # never sent
            return
        self.forget_cached(relative)
        self._store.delete(relative)
        self._changed(relative)

    def replace(self, relative: str, source: Path) -> None:
        """As on a disk: the new one is sent beside the old and they are swapped at the end."""
        self._store.upload(source, relative)
        self.forget_cached(relative)
        self._changed(relative)

    def files(self, relative: str) -> Iterator[tuple[str, int]]:
        skip = len(relative) + 1 if relative else 0
        for item in self._store.list(relative, recurse=True):
            if not item.is_folder:
                yield item.path[skip:], item.size

    def remove_empty(self, relative: str, *, below: bool = False) -> None:
        self._store.remove_empty(relative)
        self._changed(relative)

    def _changed(self, relative: str) -> None:
        folder = relative
        while folder:
            folder = folder.rpartition("/")[0]
            self._listings.pop(folder, None)

    def note_written(self, folders: Iterable[str]) -> None:
        """Nothing to remember: what is sent is looked at by its own name."""

    def barrier(self) -> None:
        """Return when all that was written so far lies there, seen with its size."""
        for future in self._waiting:
            future.result()
        self._waiting.clear()
        for path in self._sizes:
            self._changed(path)
        folders = {path.rpartition("/")[0] for path in self._sizes}
        if len(folders) > 1:  # all at once: far away each answer takes its time
            for _ in self._pool.map(self._listing, folders):
                pass
        for path, size in self._sizes.items():
            if self.size(path) != size:
                raise self.reads_back_differently(path)
        self._sizes.clear()
        self._store.flush()

    def close(self) -> None:
        """End what is under way; the shadow is emptied."""
        for future in self._waiting:
            future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.root, ignore_errors=True)


class _Shipped(NewFile):
    """A file that is sent as soon as it is whole."""

    def __init__(self, folder: RemoteFolder, relative: str) -> None:
        super().__init__(folder, folder.place(relative))
        self._remote = folder
        self._relative = relative

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        super().__exit__(kind, value, trace)
        if kind is None:
            self._remote.ship([self._relative])


def _is_unfinished(item: Item) -> bool:
    """Whether it is what a killed upload left: nobody's, and in nobody's way."""
    return UNFINISHED.search(item.path) is not None


def _end(piece: Range) -> int:
    return piece.offset + piece.length


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that nearly touch made one: a request costs more than a few bytes."""
    joined: list[Range] = []
    for piece in sorted(ranges):
        if joined and piece.offset <= _end(joined[-1]) + _RANGE_GAP:
            last = joined.pop()
            piece = Range(last.offset, max(_end(last), _end(piece)) - last.offset)
        joined.append(piece)
    return joined


def _put(place: str, offset: int, data: bytes) -> None:
    """Write a range of an object to its place in the shadow."""
    fd = os.open(place, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.lseek(fd, offset, os.SEEK_SET)
        write_all(fd, memoryview(data))
    finally:
        os.close(fd)


def _unlink(place: str) -> None:
    try:
        os.unlink(place)
    except OSError:
        pass  # it is ours and temporary; the next start empties the shadow
