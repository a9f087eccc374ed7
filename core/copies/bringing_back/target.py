"""The folder a restore writes into: names it can hold, folders, links, facts at the end.

Nothing is created but below the given folder, everything by exclusive create; links come last, so
that nothing is ever written through one.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from core.copies.bringing_back.wishes import Report
from core.copies.bringing_back.writing_back import give_back_facts
from core.copies.format import percent
from core.copies.format.names import stored_names
from core.copies.format.rows import FileRow, FolderRow, Header, LinkRow, mode_bits
from core.copies.hands import owners
from core.errors import Code, KnownError

_WRONG_ON_WINDOWS = b'a:b"c\n.'
_MAX_NAME = 255
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_target(into: Path) -> None:
    """The target must be an empty folder or not be there yet."""
    try:
        if into.is_symlink() or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
            raise KnownError(Code.TARGET_NOT_EMPTY, path=str(into))
    except OSError as error:
        cause = error.strerror or str(error)
        raise KnownError(Code.TARGET_REFUSED, path=str(into), cause=cause) from error


@dataclass(slots=True)
class _Folder:
    target: bytes
    row: FolderRow


class TargetFolder:
    """The restored tree as it grows."""

    def __init__(self, into: Path, source: str, report: Report) -> None:
        """`source`: the copy it comes from, for messages."""
        self._into = os.fsencode(into.absolute())
        self._source = source
        self._report = report
        self._safe_names = False
        self._made: dict[bytes, bytes] = {b"": self._into}
        self._names: dict[bytes, dict[bytes, str]] = {}
        self._folder_rows: dict[bytes, FolderRow] = {}
        self._folders_done: list[_Folder] = []
        self._links: list[tuple[bytes, bytes, LinkRow]] = []
        self.header: Header | None = None

    def make(self) -> None:
        """Create the target and learn what names it takes."""
        try:
            os.makedirs(self._into, mode=0o700, exist_ok=True)
            self._safe_names = _needs_safe_names(self._into)
        except OSError as error:
            raise self.refused(error) from error

    # -- failures -----------------------------------------------------------------------------

    def hostile(self, what: str) -> KnownError:
        """The list says something that never comes from us."""
        return KnownError(Code.COPY_HOSTILE, path=str(self._source), what=what)

    def full(self) -> KnownError:
        return KnownError(Code.TARGET_FULL, path=os.fsdecode(self._into))

    def refused(self, error: OSError) -> KnownError:
        """What the target's medium answered, typed."""
        if error.errno in _FULL:
            return self.full()
        cause = error.strerror or str(error)
        return KnownError(Code.TARGET_REFUSED, path=os.fsdecode(self._into), cause=cause)

    # -- names and folders --------------------------------------------------------------------

    def know(self, true: bytes, row: FolderRow) -> None:
        """Remember the facts of a folder that may have to be made later."""
        self._folder_rows[true] = row

    def place_all(self, folder: bytes, trues: list[bytes]) -> dict[bytes, bytes]:
        """Where each entry of a folder goes: its true name, or a safe one where that is needed."""
        above = self.folder(folder)
        names = {true: true.rpartition(b"/")[2] for true in trues}
        if not self._safe_names and all(len(name) <= _MAX_NAME for name in names.values()):
            return {true: os.path.join(above, name) for true, name in names.items()}
        given = self._names.setdefault(folder, {})
        new = {name for name in names.values() if name not in given}
        if not self._safe_names:
            new = {name for name in new if len(name) > _MAX_NAME}
        given.update(stored_names(new, given.values()))
        return {true: self._place(above, true, name, given) for true, name in names.items()}

    def _place(self, above: bytes, true: bytes, name: bytes, given: dict[bytes, str]) -> bytes:
        safe = os.fsencode(given[name]) if name in given else name
        if safe != name:
            shown = (percent.encode(true), given[name])
            if shown not in self._report.renamed[-1:]:
                self._report.renamed.append(shown)
        return os.path.join(above, safe)

    def folder(self, true: bytes) -> bytes:
        """The place of a folder, made (with those above it) when it is not there yet."""
        if true not in self._made:
            above = true.rpartition(b"/")[0]
            self.make_folder(true, self.place_all(above, [true])[true])
        return self._made[true]

    def make_folder(self, true: bytes, target: bytes) -> None:
        """Make one folder; what it contains can come now."""
        if true in self._made:
            return
        self.folder(true.rpartition(b"/")[0])
        try:
            os.mkdir(target, 0o700)
        except FileExistsError as error:
            raise self.hostile(f"twice: {percent.encode(true)}") from error
        except OSError as error:
            raise self.refused(error) from error
        self._made[true] = target
        self._report.folders += 1
        row = self._folder_rows.get(true)
        if row is not None:
            self._folders_done.append(_Folder(target, row))

    # -- links --------------------------------------------------------------------------------

    def link_hard(self, first: bytes, target: bytes, row: FileRow) -> None:
        """Another name of a file that is there; a copy of it where the target has no such links."""
        try:
            os.link(first, target, follow_symlinks=False)
        except FileExistsError as error:
            raise self.hostile(f"twice: {row.path}") from error
        except (OSError, NotImplementedError):
            self.count_lost(("hard_link",))
            try:
                shutil.copy2(first, target, follow_symlinks=False)
            except OSError as error:
                raise self.refused(error) from error
        self._report.files += 1
        self._report.bytes += row.size

    def link(self, true: bytes, target: bytes, row: LinkRow, *, keep: bool) -> None:
        """A symbolic link; one that leads out becomes a text file unless `keep`."""
        link = percent.decode(row.target)
        if not keep and _leads_out(true, link):
            self._link_as_text(target, link, row)
            return
        try:
            os.symlink(link, target)
        except FileExistsError as error:
            raise self.hostile(f"twice: {row.path}") from error
        except (OSError, NotImplementedError):
            self._link_as_text(target, link, row)
            return
        self._report.links += 1
        self._links.append((target, link, row))
        owner = self.owner(row)
        try:
            if owner is not None and sys.platform != "win32":
                os.chown(target, *owner, follow_symlinks=False)
            os.utime(target, ns=(row.mtime_ns, row.mtime_ns), follow_symlinks=False)
        except (OSError, NotImplementedError, OverflowError):
            self.count_lost(("mtime",))

    def check_links(self, *, keep: bool) -> None:
        """Links that seem harmless may lead out through one another: look where they really go."""
        inside = os.path.realpath(self._into)
        for target, link, row in [] if keep else self._links:
            real = os.path.realpath(target)
            if real != inside and not real.startswith(os.path.join(inside, b"")):
                os.unlink(target)
                self._report.links -= 1
                self._link_as_text(target, link, row)

    def _link_as_text(self, target: bytes, link: bytes, row: LinkRow) -> None:
        """An outward link could lead a program astray: it comes back as a note of where it led."""
        try:
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(fd, link + b"\n")
            finally:
                os.close(fd)
        except FileExistsError as error:
            raise self.hostile(f"twice: {row.path}") from error
        except OSError as error:
            raise self.refused(error) from error
        self._report.links_as_text.append(row.path)

    # -- facts --------------------------------------------------------------------------------

    def owner(self, row: FileRow | FolderRow | LinkRow) -> tuple[int, int] | None:
        """Whose it was, when this user may give files away and the names are known here."""
        if not hasattr(os, "geteuid") or os.geteuid() != 0 or self.header is None:
            return None
        user = owners.user_number(row.owner or self.header.owner)
        group = owners.group_number(row.group or self.header.group)
        if user is None or group is None:
            self.count_lost(("owner",))
            return None
        return (user, group)

    def finish(self) -> None:
        """Times and rights of folders, after everything in them is there."""
        for folder in reversed(self._folders_done):
            row = folder.row
            lost = give_back_facts(
                folder.target,
                mode=mode_bits(row.mode),
                owner=self.owner(row),
                xattrs=row.xattrs,
                mtime_ns=row.mtime_ns,
            )
            self.count_lost(lost)

    def count_lost(self, lost: tuple[str, ...]) -> None:
        """Note what the target could not take back."""
        for what in lost:
            self._report.lost[what] = self._report.lost.get(what, 0) + 1


def _leads_out(true: bytes, link: bytes) -> bool:
    """Whether a link at `true` leads out of the restored folders (or is absolute)."""
    if link.startswith((b"/", b"\\")) or link[1:2] == b":":
        return True
    depth = len(true.split(b"/")) - 1
    for part in link.replace(b"\\", b"/").split(b"/"):  # on some system one, on some the other
        if part == b"..":
            depth -= 1
        elif part not in (b"", b"."):
            depth += 1
        if depth < 0:
            return True
    return False


def _needs_safe_names(folder: bytes) -> bool:
    """Whether the target would refuse or fold together names that others can hold."""
    probe = os.path.join(folder, b".lt-probe")
    fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(fd)
    try:
        if os.path.exists(os.path.join(folder, b".LT-PROBE")):
            return True
    finally:
        os.unlink(probe)
    strange = os.path.join(folder, _WRONG_ON_WINDOWS)
    try:
        fd = os.open(strange, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(fd)
        found = stat.S_ISREG(os.lstat(strange).st_mode)
        os.unlink(strange)
    except OSError:
        return True
    return not found
