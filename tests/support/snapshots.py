"""What a tree is, byte for byte, and in words what differs between two of them."""

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_ACL_XATTRS = ("system.posix_acl_access", "system.posix_acl_default")


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything about one name that a restore has to bring back."""

    kind: Literal["file", "folder", "link"]
    size: int
    sha256: str
    mtime_ns: int
    mode: int
    target: bytes | None
    xattrs: tuple[tuple[str, bytes], ...]
    group: bytes | None  # hard links: the first path of the group, else None


Snapshot = dict[bytes, Entry]


def snapshot(root: Path, *, with_root: bool = False) -> Snapshot:
    """Read the whole tree; pipes, sockets and devices are left out, as a backup must.

    Keys are paths relative to `root`; with `with_root` the folder itself is there as `b""`.
    """
    groups: dict[tuple[int, int], list[bytes]] = defaultdict(list)
    found: dict[bytes, tuple[Path, os.stat_result]] = {}
    for path in walk(root):
        status = path.lstat()
        if stat.S_IFMT(status.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            continue
        key = os.fsencode(path.relative_to(root))
        found[key] = (path, status)
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            groups[status.st_dev, status.st_ino].append(key)
    if with_root:
        found[b""] = (root, root.stat())
    result: Snapshot = {}
    for key in sorted(found):
        path, status = found[key]
        names = groups.get((status.st_dev, status.st_ino), [])
        result[key] = _entry(path, status, min(names) if len(names) > 1 else None)
    return result


def walk(root: Path) -> Iterator[Path]:
    """Yield everything below, folders before what is in them, sorted by bytes; follow no link."""
    for path in sorted(root.iterdir(), key=os.fsencode):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)


def _entry(path: Path, status: os.stat_result, group: bytes | None) -> Entry:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        target = os.fsencode(path.readlink())
        return Entry("link", 0, "", status.st_mtime_ns, mode, target, (), None)
    xattrs = _xattrs(path)
    if stat.S_ISDIR(status.st_mode):
        return Entry("folder", 0, "", status.st_mtime_ns, mode, None, xattrs, None)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry("file", status.st_size, digest, status.st_mtime_ns, mode, None, xattrs, group)


def _xattrs(path: Path) -> tuple[tuple[str, bytes], ...]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:  # the file system has none
        return ()
    wanted = sorted(name for name in names if name.startswith("user.") or name in _ACL_XATTRS)
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in wanted)


def compare(
    expected: Snapshot,
    actual: Snapshot,
    *,
    modes: bool = True,
    mtimes: bool = True,
    xattrs: bool = True,
    hardlinks: bool = True,
    mtime_slack_ns: int = 0,
) -> list[str]:
    """Say in words what differs; an empty list means equal.

    `mtime_slack_ns` is for disks with coarse clocks (NTFS 100 ns, exFAT 2 s).
    """
    differences = [f"missing: {_show(key)}" for key in sorted(expected.keys() - actual.keys())]
    differences += [f"too much: {_show(key)}" for key in sorted(actual.keys() - expected.keys())]
    for key in sorted(expected.keys() & actual.keys()):
        old, new = expected[key], actual[key]
        words = list(_content_differences(old, new))
        if modes and old.mode != new.mode:
            words.append(f"mode {old.mode:04o} became {new.mode:04o}")
        if mtimes and abs(old.mtime_ns - new.mtime_ns) > mtime_slack_ns:
            words.append(f"mtime {old.mtime_ns} became {new.mtime_ns}")
        if xattrs and old.xattrs != new.xattrs:
            words.append(f"xattrs {old.xattrs!r} became {new.xattrs!r}")
        if hardlinks and old.group != new.group:
            words.append(f"hard link of {_show(old.group)} became {_show(new.group)}")
        differences += [f"{_show(key)}: {word}" for word in words]
    return differences


def _content_differences(old: Entry, new: Entry) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"{old.kind} became {new.kind}"
    elif old.target != new.target:
        yield f"link to {_show(old.target)} became link to {_show(new.target)}"
    elif old.size != new.size:
        yield f"size {old.size} became {new.size}"
    elif old.sha256 != new.sha256:
        yield f"content {old.sha256[:12]} became {new.sha256[:12]} (same size {old.size})"


def _show(path: bytes | None) -> str:
    """Make a path readable and pastable, whatever bytes it holds."""
    return "nothing" if path is None else repr(path)[1:]
