"""What of the source a copy does not have yet: scan against index, folder by folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from core.copies.format.cutting import PARTS_FROM, PARTS_FROM_BUNDLED, average_for
from core.copies.hands.owners import group_name, user_name
from core.copies.hands.source_file import read_xattrs
from core.copies.memory.remembered import (
    Extra,
    Kept,
    is_liar,
    unpack_entries,
    unpack_kept,
    unpack_one,
)
from core.sources.folders import SKIPS, Entry, ScannedFolder
from core.store.index import CopyIndex, FolderStat

REREAD_DAYS = 30
_DAY = 86_400
_WHOLE_AGAIN = 7 * _DAY


@dataclass(slots=True)
class FolderWork:
    """A source folder of which this copy needs something; `kept` has None where a file is due."""

    scanned: ScannedFolder
    entries: list[Entry]
    kept: list[Kept | None]
    old: tuple[list[Entry], list[Kept]] | None
    read_at: int
    pending: int = 0


class Comparison:
    """The comparison of one run at one copy.

    Attributes: now (moment of the run, seconds), owner, group (the list's default owner), seen
    (folders met so far), parts_from (size from which a file is remembered by its parts).
    """

    def __init__(
        self, index: CopyIndex, *, now: int, owner: str, group: str, bundled: bool
    ) -> None:
        self._index = index
        self._bundled = bundled
        self.parts_from = PARTS_FROM_BUNDLED if bundled else PARTS_FROM
        self.now = now
        self.owner = owner
        self.group = group
        self.seen: set[bytes] = set()
        self._resumes = index.has_finished()
        self._again = self._longest_unread(now)

    def _longest_unread(self, now: int) -> frozenset[bytes]:
        """Folders to read anew: everything once in thirty days, a fair share in each run."""
        last = int(self._index.meta("rotated_at") or now)
        share = min(1.0, max(0, now - last) / (REREAD_DAYS * _DAY))
        budget = int(self._index.total_bytes() * share) if share else 0
        chosen = []
        for path, read_at, size in self._index.longest_unread(now - _DAY):
            if budget <= 0 and read_at > now - REREAD_DAYS * _DAY:
                break
            chosen.append(path)
            budget -= size
        self._index.set_meta("rotated_at", str(now))
        return frozenset(chosen)

    def meet(self, path: bytes) -> FolderStat | None:
        """What is known of a folder of the source; from now on it counts as seen."""
        self.seen.add(path)
        return self._index.folder_stat(path)

    def is_due(self, scanned: ScannedFolder, blob: bytes, known: FolderStat | None) -> bool:
        """Whether something of this folder, known as `known`, has to be done for this copy."""
        if known is None or known.stat != blob or scanned.problem:
            return True
        return bool(known.liars) or scanned.path in self._again

    def compare(self, scanned: ScannedFolder, blob: bytes) -> FolderWork | None:
        """What of this folder has to be read for this copy; None when nothing changed."""
        known = self.meet(scanned.path)
        if not self.is_due(scanned, blob, known):
            return None
        return self.work(scanned, known)

    def work(self, scanned: ScannedFolder, known: FolderStat | None) -> FolderWork:
        """What of a folder that is due has to be read for this copy."""
        path = scanned.path
        all_again = path in self._again or (known is not None and known.liars == 2)
        old = None
        if known is not None and known.stat:
            rows = self._index.folder_rows(path) or b""
            old = (unpack_entries(known.stat), unpack_kept(rows))
        if scanned.problem:
            return self._unreadable(scanned, old)
        read_at = self.now if all_again or known is None else known.read_at
        work = FolderWork(scanned, list(scanned.entries), [], old, read_at)
        before = {}
        if old is not None:
            before = {e[0]: (e, kept) for e, kept in zip(old[0], old[1], strict=False)}
        for entry in scanned.entries:
            kept = self._kept_already(scanned, entry, before.get(entry[0]), all_again=all_again)
            work.kept.append(kept)
            if kept is None:
                work.pending += 1
        return work

    def _unreadable(
        self, scanned: ScannedFolder, old: tuple[list[Entry], list[Kept]] | None
    ) -> FolderWork:
        problem = Kept(extra=Extra(reason=scanned.problem))
        return FolderWork(scanned, [], [problem], old, self.now)

    def _kept_already(
        self,
        scanned: ScannedFolder,
        entry: Entry,
        before: tuple[Entry, Kept] | None,
        *,
        all_again: bool,
    ) -> Kept | None:
        name, mode, size = entry[:3]
        same = before is not None and before[0] == entry
        if not stat.S_ISREG(mode) or size < 0:
            if same and before is not None:
                return before[1]
            return self._not_a_file(scanned, entry)
        if same and before is not None and not (all_again or is_liar(name)):
            return before[1]
        if self._resumes and not same:
            found = self._index.finished(scanned.path + b"/" + name)
            if found is not None:
                finished, kept = unpack_one(*found)
                if finished == entry:
                    return kept
        return None

    def _not_a_file(self, scanned: ScannedFolder, entry: Entry) -> Kept:
        name, mode, size = entry[:3]
        if size < 0:
            return Kept(extra=Extra(reason=SKIPS[-size]))
        place = os.path.join(scanned.place, name) if scanned.path else b""
        extra = Extra()
        try:
            if stat.S_ISLNK(mode):
                extra.target = os.readlink(place)
            info = os.lstat(place) if place else None
            if stat.S_ISDIR(mode) and place:
                extra.xattrs = read_xattrs(place)
        except FileNotFoundError:
            return Kept(extra=Extra(reason="verschwunden"))
        except OSError:
            info = None
        if info is not None:
            self.set_owner(extra, info.st_uid, info.st_gid)
        return Kept(extra=None if extra == Extra() else extra)

    def set_owner(self, extra: Extra, uid: int, gid: int) -> None:
        """Note whose a file is, where that is not the usual owner."""
        user, group = user_name(uid), group_name(gid)
        extra.owner = user if user != self.owner else None
        extra.group = group if group != self.group else None

    def wants_parts(self, work: FolderWork, entry: Entry) -> tuple[bool, int]:
        """Whether only the new parts of a large file are stored here, and their average size."""
        old = self.old_of(work, entry[0])
        extra = old.extra if old else None
        average = extra.average if extra and extra.average else average_for(entry[2])
        if self._bundled:
            return entry[2] >= self.parts_from, average
        if entry[2] < self.parts_from or old is None or extra is None or not extra.whole_at:
            return False, average
        recent = self.now - extra.whole_at < _WHOLE_AGAIN
        return recent and extra.new_since <= entry[2] // 2, average

    def old_of(self, work: FolderWork, name: bytes) -> Kept | None:
        """What the copy held for a file before this run."""
        if work.old is None:
            return None
        for entry, kept in zip(*work.old, strict=False):
            if entry[0] == name and kept.sha:
                return kept
        return None

    def probably_known(self, work: FolderWork, entry: Entry) -> bool:
        """Whether hashing before writing will probably save the writing."""
        if work.old is not None:
            for old in work.old[0]:
                if old[0] == entry[0] and old[2] == entry[2]:
                    return True
        return self._index.has_large(entry[2])
