"""A folder on a disk or mounted share as a destination.

Paths are relative to the copy's folder and use `/`. Every failure of the medium becomes a
`KnownError`; nothing here ever overwrites a file.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, AnyStr, BinaryIO, Generic, NamedTuple, TypeVar

from core.errors import Code, KnownError
from core.machine.mounts import mount_of
from core.paths import home_failure

if TYPE_CHECKING:
    from core.crypt.keys import Keys
    from core.destinations.objects import Objects

# Network and FUSE file systems do not hand syncfs(2) on to whoever keeps the bytes; there every
# file and folder is flushed by itself. `fuseblk` (ntfs-3g, exfat-fuse) does: the kernel flushes the
# device.
_SYNCFS_IS_ENOUGH = frozenset(
    "ext2 ext3 ext4 xfs btrfs f2fs vfat msdos exfat ntfs3 fuseblk tmpfs zfs bcachefs".split()
)
_FAT = frozenset(("vfat", "msdos"))
_GONE = frozenset(
    (
        errno.ENOTCONN,
        errno.ECONNABORTED,
        errno.EIO,
        errno.ENODEV,
        errno.ENXIO,
        errno.ESTALE,
        errno.ENOENT,
        errno.ENOTDIR,
    )
)
KEPT_FREE = 64 * 1024 * 1024
"""Bytes of a medium for lists and records only; those of half a million files are about 30 MB."""
# So much is written before the medium is asked again, and so much a small file takes at least.
_GRANT = 64 * 1024 * 1024
_BLOCK = 4096
_NAME_REFUSED = frozenset((errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ))

_Result = TypeVar("_Result")

EXCLUSIVE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


_PLAIN = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)

_CAN_HOLD = os.open in os.supports_dir_fd
_HOLD = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)


def open_plain(path: str) -> int:
    """Open an ordinary file for reading; whatever else stands there counts as not being there.

    Anybody may have laid out a copy: a link leads anywhere, a pipe blocks for ever, a device never
    ends. The copy itself has none of them.
    """
    try:
        fd = os.open(path, _PLAIN)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return fd


class HeldFolder(Generic[AnyStr]):
    """A folder held open: the system need not walk its whole path for every file opened in it.

    Where a system cannot do that, or the folder cannot be had, files are opened by their paths.
    """

    def __init__(self, place: AnyStr) -> None:
        self.place: AnyStr = place
        self._fd = -1
        if _CAN_HOLD:
            with contextlib.suppress(OSError):
                self._fd = os.open(place, _HOLD)

    def open(self, name: AnyStr, flags: int, mode: int = 0o600) -> int:
        """`os.open` of a name right below the folder."""
        if self._fd < 0:
            return os.open(os.path.join(self.place, name), flags, mode)
        return os.open(name, flags, mode, dir_fd=self._fd)

    def close(self) -> None:
        """Let go; it may be closed twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def file_system_of(path: str) -> str:
    """The kernel's name of the file system below `path` ('' where it cannot be told)."""
    return mount_of(path).kind


class Range(NamedTuple):
    """Bytes of an object."""

    offset: int
    length: int


class Fetch:
    """Objects on their way to where they can be read: here, where they lie already.

    Attributes: paths (the objects that came for it).
    """

    def __init__(self, comings: Mapping[str, Future[None]] | None = None) -> None:
        self._comings = comings or {}
        self.paths = frozenset(self._comings)

    @property
    def is_done(self) -> bool:
        """Whether `wait` would return, or raise, at once."""
        return all(coming.done() for coming in self._comings.values())

    def wait(self) -> None:
        """Return when all are at hand or known to be missing; `KnownError` when they cannot be."""
        for coming in self._comings.values():
            coming.result()


class Way(NamedTuple):
    """What a process needs to read them: the folder they lie in, and of an encrypted copy its vault
    there and the keys. Plain, to be handed to others; never in a message.
    """

    root: str
    vault: str = ""
    keys: Keys | None = None


class LocalFolder:
    """The folder of one copy, `<location>/<system>`.

    Attributes: destination (its id, for messages), root, address and shown (the place and the
    folder as people name them),
    vouches (whether the medium, or the storage by digests of its own, answers for what it took),
    flush_each (whether a barrier has to flush
    each file by itself), spooled (whether what is written below `root` still has to be shipped).
    """

    def __init__(self, destination: str, location: Path, system: str) -> None:
        self.destination = destination
        self.location = location
        self.address = str(location)
        self.root = location / system
        self.shown = str(self.root)
        kind = file_system_of(str(location)) if sys.platform == "linux" else ""
        self.flush_each = kind not in _SYNCFS_IS_ENOUGH
        self.spooled = False
        self.vouches = True
        self.is_fat = kind in _FAT
        self._unflushed_folders: set[str] = set()

    # -- errors -----------------------------------------------------------------------------------

    def failure(self, error: OSError) -> KnownError:
        """The typed error for what the medium answered."""
        where = {"destination": self.destination, "path": str(self.location)}
        number = error.errno or 0
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return KnownError(Code.DESTINATION_FULL, **where)
        if number == errno.EROFS:
            return KnownError(Code.DESTINATION_READ_ONLY, **where)
        if number in _GONE:
            return KnownError(Code.DESTINATION_GONE, **where)
        cause = error.strerror or str(error)
        return KnownError(Code.DESTINATION_REFUSED, **where, cause=cause)

    def reads_back_differently(self, relative: str) -> KnownError:
        """The error when a file is there, and is not what was written just now."""
        return KnownError(
            Code.READ_BACK_DIFFERS, destination=self.destination, path=f"{self.shown}/{relative}"
        )

    def do(self, action: Callable[[], _Result]) -> _Result:
        """What `action` gives; an OSError becomes what the medium answered."""
        try:
            return action()
        except OSError as error:
            raise self.failure(error) from error

    # -- looking ----------------------------------------------------------------------------------

    def place(self, relative: str) -> str:
        """The absolute path of `relative`."""
        return f"{self.root}/{relative}" if relative else str(self.root)

    def is_reachable(self) -> bool:
        """Whether the location is there at all (a missing disk's mount point may be)."""
        return os.path.isdir(self.location)

    def names(self, relative: str = "") -> list[str]:
        """The names in a folder; empty when it does not exist, `KnownError` when unreadable."""
        try:
            return os.listdir(self.place(relative))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self.failure(error) from error

    def sizes(self, relative: str) -> dict[str, int]:
        """Name → size of the files in a folder, from one listing; empty when it does not exist."""
        try:
            with os.scandir(self.place(relative)) as listing:
                return {
                    entry.name: entry.stat(follow_symlinks=False).st_size
                    for entry in listing
                    if entry.is_file(follow_symlinks=False)
                }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self.failure(error) from error

    def size(self, relative: str) -> int | None:
        """The size of a file, None when there is no such file."""
        try:
            return os.stat(self.place(relative), follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self.failure(error) from error

    def count_files(self, relative: str) -> int:
        """How many files there are below a folder."""
        found = 0
        waiting = [self.place(relative)]
        try:
            while waiting:
                with os.scandir(waiting.pop()) as listing:
                    for item in listing:
                        if item.is_dir(follow_symlinks=False):
                            waiting.append(item.path)
                        else:
                            found += 1
        except OSError as error:
            raise self.failure(error) from error
        return found

    def read(self, relative: str, limit: int) -> bytes | None:
        """The bytes of a small file, None when it does not exist or is larger than `limit`."""
        try:
            with open(open_plain(self.place(relative)), "rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self.failure(error) from error
        return data if len(data) <= limit else None

    def open(self, relative: str) -> BinaryIO:
        """A file opened for reading; FileNotFoundError stays as it is."""
        try:
            return open(open_plain(self.place(relative)), "rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self.failure(error) from error

    def free_bytes(self) -> int:
        """Bytes this user may still write."""
        return self.do(lambda: shutil.disk_usage(self.location).free)

    # -- writing ----------------------------------------------------------------------------------

    def make_folder(self, relative: str) -> None:
        """Make a folder and those above it, never below the location itself being absent."""
        path = self.place(relative)

        # Modes below do not matter then: other users of this PC see nothing of a plain copy.
        mode = 0o755 if relative else 0o700

        def make() -> None:
            try:
                os.mkdir(path, mode)
            except FileExistsError:
                return
            except FileNotFoundError:
                if not relative:
                    raise
                self.make_folder(relative.rpartition("/")[0])
                with contextlib.suppress(FileExistsError):  # others make it at the same time
                    os.mkdir(path, mode)
            self._touched(relative)

        self.do(make)

    def _touched(self, relative: str) -> None:
        """Remember that a name was created: its folder has to be flushed at the next barrier."""
        self._unflushed_folders.add(os.path.dirname(self.place(relative)))

    def note_written(self, folders: Iterable[str]) -> None:
        """Tell the barrier of folders (absolute) in which others created names.

        Those of other copies are theirs to flush: one that is gone must not fail this one.
        """
        ours = f"{self.root}/"
        self._unflushed_folders.update(folder for folder in folders if folder.startswith(ours))

    def create(self, relative: str, data: bytes) -> None:
        """Write a new small file whole; refuses to touch one that is there."""
        with self.writer(relative) as out:
            out.write(data)

    def writer(self, relative: str) -> NewFile:
        """A new file to be written block by block (use as a context manager)."""
        self._touched(relative)
        return NewFile(self, self.place(relative))

    def remove(self, relative: str) -> None:
        """Remove one file; it is fine when it is not there."""
        try:
            os.unlink(self.place(relative))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.failure(error) from error
        self._touched(relative)

    def replace(self, relative: str, source: Path) -> None:
        """Put a file of ours in the place of one that is there, at one stroke.

        Whatever happens meanwhile, the old or the new one is there whole. Only `inhalt` files that
        a record announced are ever replaced (format §4a).
        """
        path = self.place(relative)
        draft = f"{path}.neu"

        def put() -> None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
            fd = os.open(draft, EXCLUSIVE, 0o600)
            try:
                with open(source, "rb") as stream:
                    while block := stream.read(1 << 20):
                        write_all(fd, memoryview(block))
                os.fsync(fd)  # or the name may be on the medium before the bytes are
            finally:
                os.close(fd)
            os.replace(draft, path)

        self.do(put)
        self._touched(relative)

    def files(self, relative: str) -> Iterator[tuple[str, int]]:
        """Every file below a folder: path from there, size. None when it does not exist."""
        waiting = [""]
        try:
            while waiting:
                above = waiting.pop()
                with os.scandir(f"{self.place(relative)}/{above}") as listing:
                    for item in listing:
                        if item.is_dir(follow_symlinks=False):
                            waiting.append(f"{above}{item.name}/")
                        else:
                            yield above + item.name, item.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.failure(error) from error

    def remove_empty(self, relative: str, *, below: bool = False) -> None:
        """Remove a folder if nothing is in it; `below`: first those in it. It may be gone."""
        top = self.place(relative)
        folders = [top]
        if below:
            folders = [folder for folder, _, _ in os.walk(top, topdown=False)] or folders
        for folder in folders:
            try:
                os.rmdir(folder)
            except OSError:
                continue  # something is in it, or it is not there
            self._unflushed_folders.discard(folder)
            self._unflushed_folders.add(os.path.dirname(folder))

    def forget_cached(self, relative: str) -> None:
        """Ask the system to read the file from the medium next time (only flushed pages go)."""
        try:
            fd = open_plain(self.place(relative))
        except OSError:
            return
        try:
            drop_cache(fd)
        finally:
            os.close(fd)

    def barrier(self) -> None:
        """Return when all that was written so far, names included, is on the medium.

        Where the system can flush a whole file system that is one call; elsewhere files were
        flushed when they were closed, and the folders are flushed here (REVIEW A1).
        """
        folders = sorted(self._unflushed_folders, key=len, reverse=True)
        self.do(lambda: _flush(str(self.root), folders, each=self.flush_each))
        self._unflushed_folders.clear()

    def read_past_memory(self) -> bool:
        """Have what is read next come from the medium; whether it will.

        Each file passes the memory when it is opened for that (`drop_cache`), once all is flushed:
        only flushed pages can leave memory. Where files are flushed one by one, that was done when
        they were closed.
        """
        if not self.flush_each and sys.platform == "linux":
            try:
                _syncfs(str(self.root))
            except OSError:
                return False  # whoever reads will learn why
        return reads_medium()

    def close(self) -> None:
        """Nothing is held open."""

    def ship(self, paths: Iterable[str]) -> None:
        """Objects of a run are finished; here they lie where they belong."""

    @property
    def way(self) -> Way:
        """How those read objects who read many; what `fetch` and `begin_fetch` bring is there."""
        return Way(str(self.root))

    @functools.cached_property
    def objects(self) -> Objects:
        """The objects in it, for a few of them in this process."""
        from core.destinations.objects import objects_at  # it leans on what is here

        return objects_at(self.way)

    @property
    def lies_afar(self) -> bool:
        """Whether objects have to be fetched before they can be read."""
        return False

    def fetch(self, objects: Iterable[str]) -> None:
        """Objects will be read whole; here they lie at hand."""

    def fetch_all(self, relative: str) -> None:
        """All objects below a folder will be read."""

    def begin_fetch(self, wanted: Mapping[str, Iterable[Range]], *, frugal: bool) -> Fetch:
        """Parts of objects will be read soon; `frugal`: only a little of the copy is wanted.

        They are at hand when the `wait` of the answer returns, until it is given to `let_go`.
        """
        return Fetch()

    def fetch_ranges(self, wanted: Mapping[str, Iterable[Range]], *, frugal: bool) -> None:
        """As `begin_fetch`, when they are at hand; they stay until `forget_fetched`."""
        self.begin_fetch(wanted, frugal=frugal).wait()

    def let_go(self, fetch: Fetch) -> None:
        """Nobody reads what was fetched for this any more."""

    @property
    def is_crowded(self) -> bool:
        """Whether `forget_fetched` should be called as soon as nobody is reading."""
        return False

    def forget_fetched(self) -> None:
        """Make room of what was fetched."""


class Room:
    """How much of a medium contents may still take: the last of it belongs to the paperwork.

    A disk filled to its last byte with contents would have none left for the list and the record of
    a later, smaller state, nor for the record of a clean-up: only a person could help it then.
    """

    def __init__(self, location: Path) -> None:
        self._location = location
        self._granted = 0

    def take(self, size: int) -> None:
        """Before `size` bytes of contents are written; OSError (ENOSPC) where they are too many."""
        self._granted -= size + _BLOCK
        if self._granted >= 0:
            return
        usage = shutil.disk_usage(self._location)
        if not usage.total:  # some network and FUSE file systems cannot say
            self._granted = _GRANT
            return
        spare = usage.free - min(KEPT_FREE, usage.total // 50) - size
        if spare < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # Several processes write at once, and none of them knows of the others.
        self._granted = min(spare // 8, _GRANT)


class SpoolFolder(LocalFolder):
    """The shadow as those see it who fill it: when it fails, it is our home that fails."""

    def failure(self, error: OSError) -> KnownError:
        return home_failure(self.root, error)


class NewFile:
    """A file being written for the first time, flushed as the medium needs when it is closed."""

    def __init__(self, folder: LocalFolder, path: str) -> None:
        self._folder = folder
        self._path = path
        self._fd = -1

    def __enter__(self) -> NewFile:
        try:
            self._fd = os.open(self._path, EXCLUSIVE, 0o600)
        except OSError as error:
            raise self._folder.failure(error) from error
        return self

    def write(self, data: bytes | memoryview) -> None:
        try:
            write_all(self._fd, memoryview(data))
        except OSError as error:
            raise self._folder.failure(error) from error

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        try:
            if kind is None and self._folder.flush_each:
                os.fsync(self._fd)
        except OSError as error:
            remove_torn(self._path)
            raise self._folder.failure(error) from error
        finally:
            try:
                os.close(self._fd)
            except OSError as error:
                if kind is None:
                    remove_torn(self._path)
                    raise self._folder.failure(error) from error
            if kind is not None:
                remove_torn(self._path)


def make_folders(place: str, mode: int, *, below: Path) -> None:
    """Make a folder and those above it, but never `below`, the folder of the copy, or more.

    Where a disk slipped away in mid-run its empty mount point is left: what is written there fills
    the disk of this PC, unseen as soon as the real one is back.
    """
    try:
        os.mkdir(place, mode)
    except FileExistsError:
        return
    except FileNotFoundError:
        above = place.rpartition("/")[0]
        if len(above) <= len(str(below)):
            raise
        make_folders(above, mode, below=below)
        with contextlib.suppress(FileExistsError):  # others make it at the same time
            os.mkdir(place, mode)


def remove_torn(path: str) -> None:
    """Take away a file of ours that could not be written to its end.

    Nothing names it, and on a full disk it is in the way. Where it stays, retention clears it.
    """
    with contextlib.suppress(OSError):
        os.unlink(path)


def reads_medium() -> bool:
    """Whether this system reads an open file from the medium when asked to (`drop_cache`)."""
    return sys.platform in ("linux", "darwin")


def drop_cache(fd: int) -> None:
    """Ask the system to read an open file from the medium, not from its memory."""
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        elif sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(fd, fcntl.F_NOCACHE, 1)


def write_all(fd: int, view: memoryview) -> None:
    """Write every byte of `view`; OSError as the system says it."""
    done = os.write(fd, view)
    while done < len(view):
        done += os.write(fd, view[done:])


def name_refused(error: OSError) -> bool:
    """Whether the medium will not have this very name (another name may do)."""
    return (error.errno or 0) in _NAME_REFUSED


def _flush(root: str, folders: list[str], *, each: bool) -> None:
    if sys.platform == "win32":
        return  # files were flushed one by one; NTFS journals the names
    if not each and sys.platform == "linux":
        _syncfs(root)
        return
    for folder in folders:
        _fsync_path(folder)
    if sys.platform == "darwin":
        import fcntl

        fd = os.open(root, os.O_RDONLY)
        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        finally:
            os.close(fd)


def _fsync_path(path: str) -> None:
    # Windows flushes only what is open for writing.
    fd = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EBADF):
            raise  # some FUSE drivers cannot flush folders: nothing more can be done there
    finally:
        os.close(fd)


def _syncfs(root: str) -> None:
    import ctypes  # most commands only look

    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(root, os.O_RDONLY)
    try:
        if libc.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(fd)
