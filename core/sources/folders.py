"""The scan: what stands in the source folders right now. Reads names and facts, never contents."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import Code, KnownError
from core.sources import attributes
from core.sources.patterns import Rules

# (name, mode, size, mtime_ns, ctime_ns, file id). A plain tuple: half a million of them are made.
# A skipped entry has the negative number of its reason (`SKIPS`) as its size.
Entry = tuple[bytes, int, int, int, int, int]

SKIPS = (
    "",
    "keine_rechte",
    "gesperrt",
    "verschwunden",
    "platzhalter",
    "anderes_dateisystem",
    "sonderdatei",
    "eigenes_ziel",
    "lesefehler",
    "unlesbarer_ordner",
)
SKIP_NUMBER = {reason: number for number, reason in enumerate(SKIPS)}
# Nothing that holds data is missing because of these: left out on purpose, or gone by itself.
HARMLESS_SKIPS = frozenset(("sonderdatei", "eigenes_ziel", "verschwunden"))

_WINDOWS = sys.platform == "win32"


@dataclass(slots=True)
class ScannedFolder:
    """One folder of the source.

    path: true path within the system (`shop/Büro`), its first part the short name. place: where it
    really lies. entries: sorted by name. problem: reason why the folder itself could not be read.
    left_out: names in it that hold data and are not taken, with the reason.
    """

    path: bytes
    place: bytes
    entries: list[Entry] = field(default_factory=list)
    problem: str | None = None
    left_out: list[tuple[bytes, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Root:
    """A source folder with its lasting short name."""

    name: bytes
    place: bytes
    rules: Rules


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """What a copy remembers of a source folder: the names in it and the folder's own file id."""

    names: frozenset[bytes]
    file_id: int


def look_at_root(root: Root, *, system: str, known: KnownRoot | None) -> None:
    """The source marker: raise when this is not the folder we saw before.

    An unmounted disk leaves an empty folder, a swapped one a folder in which nothing is known. Both
    must never look like a mass deletion. The same folder with all its names changed is fine; the
    top of a disk proves nothing by its file id, it is the same on every disk. We never write a
    marker into the source itself. `known` is None when it was never seen.
    """
    shown = os.fsdecode(root.place)
    try:
        names = frozenset(os.listdir(root.place))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise KnownError(Code.SOURCE_MISSING, path=shown, system=system) from error
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.SOURCE_UNREADABLE, path=shown, system=system, cause=cause) from error
    if not names:
        raise KnownError(Code.SOURCE_EMPTY, path=shown, system=system)
    if known is None or not known.names or known.names & names:
        return
    if os.path.ismount(root.place) or os.stat(root.place).st_ino != known.file_id:
        raise KnownError(Code.SOURCE_REPLACED, path=shown, system=system)


class Scan:
    """Walks the source folders of one system.

    Attributes: excluded (how many entries the patterns left out), files, bytes (what was seen).
    """

    def __init__(
        self, system: str, roots: Sequence[Root], own_places: frozenset[tuple[int, int]]
    ) -> None:
        """`own_places`: (device, file id) of folders that are copies of ours."""
        self._system = system
        self._roots = roots
        self._own = own_places
        self.excluded = 0
        self.files = 0
        self.bytes = 0

    def folders(self) -> Iterator[ScannedFolder]:
        """The virtual top (path empty, one entry per source folder), then every folder below.

        Raises `KnownError` SOURCE_MISSING when a source folder itself goes away.
        """
        top = ScannedFolder(path=b"", place=b"")
        for root in self._roots:
            info = self._facts_of(root)
            top.entries.append(_entry(root.name, info, stat.S_IFDIR | stat.S_IMODE(info.st_mode)))
        top.entries.sort()
        yield top
        for root in self._roots:
            yield from self._walk(root)

    def _facts_of(self, root: Root) -> os.stat_result:
        try:
            return os.stat(root.place)
        except OSError as error:
            shown = os.fsdecode(root.place)
            raise KnownError(Code.SOURCE_MISSING, path=shown, system=self._system) from error

    def _walk(self, root: Root) -> Iterator[ScannedFolder]:
        top = self._facts_of(root)
        below_root = len(root.name) + 1
        waiting = [(root.name, root.place)]
        while waiting:
            path, place = waiting.pop()
            folder = self._read(path, place, path[below_root:], root.rules, top.st_dev)
            if folder.problem == "verschwunden":
                self._check_same(root, top)
                folder.problem = None  # somebody deleted it just now: nothing in it is missing
            inside = os.path.join(place, b"")
            for name, mode, size, _, _, _ in folder.entries:
                if stat.S_ISDIR(mode) and size == 0:
                    waiting.append((path + b"/" + name, inside + name))
            yield folder

    def _check_same(self, root: Root, top: os.stat_result) -> None:
        """Raise when it is not a folder that vanished but the whole source."""
        now = self._facts_of(root)
        if (now.st_dev, now.st_ino) != (top.st_dev, top.st_ino):
            shown = os.fsdecode(root.place)
            raise KnownError(Code.SOURCE_MISSING, path=shown, system=self._system)

    def _read(
        self, path: bytes, place: bytes, relative: bytes, rules: Rules, device: int
    ) -> ScannedFolder:
        folder = ScannedFolder(path=path, place=place)
        entries = folder.entries
        prefix = relative + b"/" if relative else b""
        needs_path = rules.has_paths or rules.has_wanted
        refuses = rules.file_name
        is_file = stat.S_ISREG
        count = total = 0
        try:
            with os.scandir(place) as listing:
                for item in listing:
                    name = item.name
                    try:
                        info = item.stat(follow_symlinks=False)
                    except OSError as error:
                        for unseen in _unseen(name, error):
                            entries.append(unseen)
                            folder.left_out.append((name, SKIPS[-unseen[2]]))
                        continue
                    mode = info.st_mode
                    if is_file(mode):
                        if refuses(name) or (
                            needs_path and not rules.takes_file(name, prefix + name)
                        ):
                            self.excluded += 1
                            continue
                        size = info.st_size
                        count += 1
                        total += size
                        if _WINDOWS and attributes.is_placeholder(attributes.bits_of(info)):
                            size = -SKIP_NUMBER["platzhalter"]
                            folder.left_out.append((name, "platzhalter"))
                    else:
                        other = self._other(name, prefix + name, info, rules, device)
                        if other is None:
                            self.excluded += 1
                            continue
                        size = other
                        if size < 0 and SKIPS[-size] not in HARMLESS_SKIPS:
                            folder.left_out.append((name, SKIPS[-size]))
                    entries.append(
                        (name, mode, size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
                    )
        except OSError as error:
            gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
            folder.problem = "verschwunden" if gone else "unlesbarer_ordner"
            entries.clear()  # half a folder would look like a deletion of the rest
            folder.left_out.clear()
        entries.sort()
        self.files += count
        self.bytes += total
        return folder

    def _other(
        self, name: bytes, path: bytes, info: os.stat_result, rules: Rules, device: int
    ) -> int | None:
        """The size or mark of what is no file; None when the patterns leave it out."""
        if stat.S_ISDIR(info.st_mode):
            return self._folder_mark(info, device) if rules.takes_folder(name, path) else None
        if not rules.takes_file(name, path):
            return None
        return 0 if stat.S_ISLNK(info.st_mode) else -SKIP_NUMBER["sonderdatei"]

    def _folder_mark(self, info: os.stat_result, device: int) -> int:
        """0 for a folder to walk into, else the negative number of the reason not to."""
        if (info.st_dev, info.st_ino) in self._own:
            return -SKIP_NUMBER["eigenes_ziel"]
        if _WINDOWS and attributes.is_junction(info):
            return -SKIP_NUMBER["anderes_dateisystem"]
        if info.st_dev != device and not _WINDOWS:
            return -SKIP_NUMBER["anderes_dateisystem"]
        return 0


def _entry(name: bytes, info: os.stat_result, mode: int) -> Entry:
    return (name, mode, 0, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)


def _unseen(name: bytes, error: OSError) -> list[Entry]:
    """For a name that tells nothing: gone since it was listed, or closed to us, which is said."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return []
    closed = error.errno in (errno.EACCES, errno.EPERM)
    reason = "keine_rechte" if closed else "lesefehler"
    return [(name, stat.S_IFREG, -SKIP_NUMBER[reason], 0, 0, 0)]


def place_identity(path: str) -> tuple[int, int] | None:
    """(device, file id) of a folder, None when it is not there."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return (info.st_dev, info.st_ino)
