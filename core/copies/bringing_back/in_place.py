"""What came back and was checked, put where it once lay: only where nothing of the shop is lost.

A file that is missing there is put there, one that is equal stays. One that differs stays as well,
unless a person named that very file; then what stood there is kept aside first. Nothing is ever
written through a link, and each file is whole or not there at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from core.copies.bringing_back.wishes import Report
from core.copies.format import percent
from core.copies.format.rows import Header
from core.destinations.local import EXCLUSIVE
from core.errors import Code, KnownError

_BLOCK = 1024 * 1024


class Fate(StrEnum):
    """What became of a file."""

    PLACED = "placed"  # nothing stood there
    SAME = "same"  # what stands there has the same bytes
    REPLACED = "replaced"  # a person named it; what stood there is kept aside
    NEWER = "newer"  # what stands there was changed later; it stays
    OLDER = "older"  # what stands there is older; it stays all the same
    REFUSED = "refused"  # it cannot lie there; `cause` says why


@dataclass(frozen=True, slots=True)
class Placing:
    """A file and what became of it. path: percent text, as in lists; sizes in bytes.

    mtime_ns, bytes: of what came back; here_mtime_ns, here_bytes: of what stands there. cause: of
    the system, or `no_place` (its folder is no source of the plan), `link` (the way there leads
    through a link), `no_file` (something else stands there), `changed` (it changed meanwhile),
    `renamed` (its name does not go here).
    """

    path: str
    fate: Fate
    mtime_ns: int = 0
    bytes: int = 0
    here_mtime_ns: int = 0
    here_bytes: int = 0
    cause: str = ""


def homes_of(header: Header, folders: Collection[Path]) -> dict[bytes, bytes]:
    """Where the short names of a state lie: only folders that are still sources of the plan."""
    known = {os.fsencode(folder) for folder in folders}
    found = {}
    for name, place in header.folders.items():
        try:
            folder = percent.decode(place)
        except ValueError:
            continue
        if folder in known:
            found[os.fsencode(name)] = folder
    return found


def put_in_place(
    restored: Path,
    homes: Mapping[bytes, bytes],
    report: Report,
    wanted: Collection[str],
    aside: Path,
    cancelled: Callable[[], bool],
) -> list[Placing]:
    """Put the files below `restored` (a checked restore, `report`) where they once lay.

    homes: as `homes_of`. wanted: percent texts of files that may replace what differs; `aside`, a
    folder that is not there yet, takes what stood there. KnownError CANCELLED between two files.
    """
    return list(_Placer(restored, homes, report, wanted, aside, cancelled).run())


class _Placer:
    def __init__(
        self,
        restored: Path,
        homes: Mapping[bytes, bytes],
        report: Report,
        wanted: Collection[str],
        aside: Path,
        cancelled: Callable[[], bool],
    ) -> None:
        self._restored = os.fsencode(restored)
        self._homes = homes
        self._wanted = frozenset(wanted)
        self._aside = os.fsencode(aside)
        self._cancelled = cancelled
        self._renamed = {os.fsencode(name) for _, name in report.renamed}
        self._notes = {percent.decode(path) for path in report.links_as_text}

    def run(self) -> Iterator[Placing]:
        for folder, _, names in os.walk(self._restored):
            for name in sorted(names):
                if self._cancelled():
                    raise KnownError(Code.CANCELLED)
                source = os.path.join(folder, name)
                true = os.path.relpath(source, self._restored).replace(os.fsencode(os.sep), b"/")
                if true in self._notes or not stat.S_ISREG(os.lstat(source).st_mode):
                    continue  # links stay in the folder that was restored into
                yield self._one(true, source)

    def _one(self, true: bytes, source: bytes) -> Placing:
        path = percent.encode(true)
        short, _, inside = true.partition(b"/")
        home = self._homes.get(short)
        if home is None:
            return Placing(path, Fate.REFUSED, cause="no_place")
        parts = inside.split(b"/")
        if self._renamed.intersection((short, *parts)):
            return Placing(path, Fate.REFUSED, cause="renamed")
        try:
            return self._put(path, source, home, parts)
        except OSError as error:
            return Placing(path, Fate.REFUSED, cause=error.strerror or str(error))

    def _put(self, path: str, source: bytes, home: bytes, parts: list[bytes]) -> Placing:
        if not _is_way_free(home, parts[:-1]):
            return Placing(path, Fate.REFUSED, cause="link")
        target = os.path.join(home, *parts)
        came = os.lstat(source)
        try:
            here = os.lstat(target)
        except FileNotFoundError:
            self._make_way(source, home, parts[:-1])
            return self._place(path, source, target, came)
        found = Placing(
            path, Fate.SAME, came.st_mtime_ns, came.st_size, here.st_mtime_ns, here.st_size
        )
        if not stat.S_ISREG(here.st_mode):
            return Placing(path, Fate.REFUSED, cause="no_file")
        if here.st_size == came.st_size and _digest(source) == _digest(target):
            return found
        if path not in self._wanted:
            is_newer = here.st_mtime_ns > came.st_mtime_ns
            return replace(found, fate=Fate.NEWER if is_newer else Fate.OLDER)
        return self._replace_one(replace(found, fate=Fate.REPLACED), source, target, here)

    def _make_way(self, source: bytes, home: bytes, parts: list[bytes]) -> None:
        """The folders above, as they came back."""
        here, came = home, os.path.dirname(source)
        above = [came]
        for _ in parts[1:]:
            above.append(os.path.dirname(above[-1]))
        for part, model in zip(parts, reversed(above), strict=False):
            here = os.path.join(here, part)
            with contextlib.suppress(FileExistsError):
                os.mkdir(here, 0o700)
                shutil.copystat(model, here)

    def _place(self, path: str, source: bytes, target: bytes, came: os.stat_result) -> Placing:
        beside = _copy_beside(source, target)
        try:
            _name_exclusively(beside, target)
        except FileExistsError:
            os.unlink(beside)
            return Placing(path, Fate.REFUSED, cause="changed")
        except OSError:
            os.unlink(beside)
            raise
        return Placing(path, Fate.PLACED, mtime_ns=came.st_mtime_ns, bytes=came.st_size)

    def _replace_one(
        self, placing: Placing, source: bytes, target: bytes, here: os.stat_result
    ) -> Placing:
        """Keep what stands there, then replace it in one step, if it is still the same."""
        kept = os.path.join(self._aside, percent.decode(placing.path))
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        _copy_new(target, kept)
        beside = _copy_beside(source, target)
        now = os.lstat(target)
        marks = [(one.st_ino, one.st_size, one.st_mtime_ns) for one in (here, now)]
        if marks[0] != marks[1]:
            os.unlink(beside)
            return Placing(placing.path, Fate.REFUSED, cause="changed")
        os.replace(beside, target)
        return placing


def _is_way_free(home: bytes, parts: list[bytes]) -> bool:
    """Whether the source folder is there, and no link or file stands on the way below it."""
    if not os.path.isdir(home):
        return False
    here = home
    for part in parts:
        here = os.path.join(here, part)
        try:
            kind = os.lstat(here).st_mode
        except FileNotFoundError:
            return True
        if not stat.S_ISDIR(kind):
            return False
    return True


def _copy_beside(source: bytes, target: bytes) -> bytes:
    """A whole copy in the folder of the target, under a name of ours."""
    beside = os.path.join(os.path.dirname(target), b".ladentresor-" + secrets.token_hex(8).encode())
    _copy_new(source, beside)
    return beside


def _copy_new(source: bytes, target: bytes) -> None:
    """A new file with the same bytes, read back, and what the system keeps about it. OSError."""
    fd = os.open(target, EXCLUSIVE, 0o600)
    try:
        with os.fdopen(fd, "wb") as out, open(source, "rb") as stream:
            shutil.copyfileobj(stream, out, _BLOCK)
            out.flush()
            os.fsync(out.fileno())
        if _digest(source) != _digest(target):
            raise OSError("differs after copying")
        shutil.copystat(source, target)
        if sys.platform != "win32":
            facts = os.lstat(source)
            with contextlib.suppress(OSError):  # only root gives files away
                os.chown(target, facts.st_uid, facts.st_gid)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(target)
        raise


def _name_exclusively(beside: bytes, target: bytes) -> None:
    """Give it its name, never over another. Where there are no hard links, as good as it gets."""
    if sys.platform == "win32":
        os.rename(beside, target)  # refuses what is there
        return
    try:
        os.link(beside, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(os.fsdecode(target)) from None
        os.rename(beside, target)
        return
    os.unlink(beside)


def _digest(path: bytes) -> bytes:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
