"""The child of `powercut.py`: what the kernel asks, answered from a `Volume`."""

import errno
import functools
import json
import os
import stat
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from tests.support.nodes import File, Folder, Link, Node, failure
from tests.support.volume import Mode, Volume

_CUT = 70  # exit code after a cut
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _changing(
    method: Callable[Concatenate["PowerCutFs", _P], _R],
) -> Callable[Concatenate["PowerCutFs", _P], _R]:
    """Count the operation; the power may go after it was done and before it was answered."""

    def counted(self: "PowerCutFs", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self.guard:
            result = method(self, *args, **kwargs)
            self.after_change()
            return result

    functools.update_wrapper(counted, method)  # mfusepy counts the parameters
    return counted


def _looking(
    method: Callable[Concatenate["PowerCutFs", _P], _R],
) -> Callable[Concatenate["PowerCutFs", _P], _R]:
    def locked(self: "PowerCutFs", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self.guard:
            return method(self, *args, **kwargs)

    functools.update_wrapper(locked, method)
    return locked


class PowerCutFs:
    """What mfusepy calls; paths and file handles become nodes of the volume.

    mfusepy looks the methods up by name, so no base class is needed. With libfuse 2, operations on
    open files come with the handle and no path, as unlinked files have none.
    """

    use_ns = True

    # No attribute of this class may be named like an operation of FUSE: mfusepy would call it.
    def __init__(self, volume: Volume, backing: Path, report: Path | None) -> None:
        self.volume = volume
        self.backing = backing
        self.report = report
        self.guard = threading.RLock()
        self.changes = 0
        self.cut_at: tuple[int, Mode, int] | None = None
        self.photos: dict[int, tuple[Path, Mode, int]] = {}
        self._open: dict[int, Node] = {}
        self._handles = 0
        self._owner = (os.geteuid(), os.getegid())

    # -------------------------------------------------------------- the end, and pictures of it

    def after_change(self) -> None:
        """Look whether this was the moment."""
        self.changes += 1
        photo = self.photos.pop(self.changes, None)
        if photo is not None:
            self.photograph(*photo)
        if self.cut_at is not None and self.cut_at[0] == self.changes:
            self.cut(*self.cut_at[1:])
            self.die()

    def cut(self, mode: Mode, seed: int) -> list[str]:
        """Let the platter become what survives; `die` must follow."""
        lost = self.volume.cut(mode, seed)
        if self.report is not None:
            self.report.write_text(json.dumps(lost))
        return lost

    def die(self) -> NoReturn:
        """End without a word to the kernel: every later access fails with ENOTCONN."""
        os._exit(_CUT)

    def photograph(self, into: Path, mode: Mode, seed: int) -> None:
        """Let a copy of this process suffer the cut, and go on."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.volume.leave(into, mode, seed)
                code = 0
            except BaseException:  # noqa: BLE001  (whatever it is, this copy must not serve on)
                traceback.print_exc()
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1] != 0:
            raise RuntimeError(f"no photograph in {into}")

    # -------------------------------------------------------------- looking

    def _node(self, path: str | None, handle: int | None = None) -> Node:
        if handle is not None:
            return self._open[handle]
        return self.volume.find(path or "")

    def _file(self, path: str | None, handle: int | None = None) -> File:
        node = self._node(path, handle)
        if not isinstance(node, File):
            raise failure(errno.EISDIR, path or "")
        return node

    def _folder(self, path: str | None, handle: int | None = None) -> Folder:
        node = self._node(path, handle)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path or "")
        return node

    def _handle(self, node: Node) -> int:
        self._handles += 1
        self._open[self._handles] = node
        return self._handles

    @_looking
    def getattr(self, path: str | None, fh: int | None = None) -> dict[str, int]:
        """Answer stat(2)."""
        node = self._node(path, fh)
        size = node.size if isinstance(node, File) else 0
        if isinstance(node, Link):
            size = len(os.fsencode(node.target))
        return {
            "st_ino": node.number,
            "st_mode": node.now.mode,
            "st_nlink": 2 if isinstance(node, Folder) else int(node.linked),
            "st_uid": node.now.uid,
            "st_gid": node.now.gid,
            "st_size": size,
            "st_blocks": -(-size // 512),
            "st_atime": node.now.atime_ns,
            "st_mtime": node.now.mtime_ns,
            "st_ctime": node.ctime_ns,
        }

    @_looking
    def readdir(self, path: str | None, fh: int) -> list[tuple[str, dict[str, int], int]]:
        """List a folder."""
        folder = self._folder(path, fh)
        rows = [(".", folder), ("..", folder), *folder.names.items()]
        return [
            (name, {"st_ino": node.number, "st_mode": stat.S_IFMT(node.now.mode)}, 0)
            for name, node in rows
        ]

    @_looking
    def readlink(self, path: str) -> str:
        """Answer readlink(2)."""
        node = self._node(path)
        if not isinstance(node, Link):
            raise failure(errno.EINVAL, path)
        return node.target

    @_looking
    def open(self, path: str, flags: int) -> int:
        """Open a file. libfuse 3 leaves O_TRUNC to us, with libfuse 2 the kernel asks apart."""
        if flags & os.O_TRUNC:
            self.truncate(path, 0)
        return self._handle(self._file(path))

    @_looking
    def opendir(self, path: str) -> int:
        """Open a folder."""
        return self._handle(self._folder(path))

    @_looking
    def read(self, path: str | None, size: int, offset: int, fh: int) -> bytes:
        """Read what was written, flushed or not."""
        return self.volume.read(self._file(path, fh), size, offset)

    @_looking
    def release(self, _path: str | None, fh: int) -> int:
        """Close; flushes nothing, as on any Unix."""
        self._open.pop(fh, None)
        return 0

    releasedir = release

    @_looking
    def statfs(self, _path: str) -> dict[str, int]:
        """Show the room of the disk below the platter."""
        status = os.statvfs(self.backing)
        names = ("bsize", "frsize", "blocks", "bfree", "bavail", "files", "ffree", "favail")
        return {f"f_{name}": getattr(status, f"f_{name}") for name in names} | {"f_namemax": 255}

    # -------------------------------------------------------------- changing

    @_changing
    def create(self, path: str, mode: int, _flags: int) -> int:
        """Make and open a file; fails where the name exists (O_EXCL is the kernel's business)."""
        return self._handle(self.volume.create(path, mode, *self._owner))

    @_changing
    def mkdir(self, path: str, mode: int) -> int:
        """Make a folder."""
        self.volume.mkdir(path, mode, *self._owner)
        return 0

    @_changing
    def symlink(self, path: str, target: str) -> int:
        """Make a symbolic link."""
        self.volume.symlink(path, target, *self._owner)
        return 0

    @_changing
    def unlink(self, path: str) -> int:
        """Take a name away; who has the file open keeps it."""
        self.volume.remove(path)
        return 0

    rmdir = unlink

    @_changing
    def rename(self, old: str, new: str, flags: int = 0) -> int:
        """Rename; of the flags of renameat2 only RENAME_NOREPLACE (1) is known."""
        if flags not in (0, 1):
            raise failure(errno.EINVAL, new)
        self.volume.rename(old, new, overwrite=not flags)
        return 0

    @_changing
    def write(self, path: str | None, data: bytes, offset: int, fh: int) -> int:
        """Write to memory."""
        self.volume.write(self._file(path, fh), data, offset)
        return len(data)

    @_changing
    def truncate(self, path: str | None, length: int, fh: int | None = None) -> int:
        """Change the size."""
        self.volume.truncate(self._file(path, fh), length)
        return 0

    @_changing
    def chmod(self, path: str, mode: int) -> int:
        """Change the mode."""
        self.volume.set_attributes(self._node(path), mode=mode)
        return 0

    @_changing
    def chown(self, path: str, uid: int, gid: int) -> int:
        """Change the owner; -1 leaves one as it is."""
        named = {"uid": uid, "gid": gid}
        wanted = {name: number for name, number in named.items() if number != -1}
        self.volume.set_attributes(self._node(path), **wanted)
        return 0

    @_changing
    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        """Set both times; libfuse 3 hands "now" and "leave it" through as odd nanoseconds."""
        moment = time.clock_gettime_ns(time.CLOCK_REALTIME)
        now, leave = (1 << 30) - 1, (1 << 30) - 2
        asked = dict(zip(("atime_ns", "mtime_ns"), times or (now, now), strict=True))
        values = {
            name: moment if value == now else int(value)
            for name, value in asked.items()
            if value != leave
        }
        self.volume.set_attributes(self._node(path), **values)
        return 0

    @_changing
    def fsync(self, path: str | None, datasync: int, fh: int) -> int:
        """Keep the bytes of a file."""
        self.volume.fsync(self._file(path, fh), data_only=bool(datasync))
        return 0

    @_changing
    def fsyncdir(self, path: str | None, _datasync: int, fh: int) -> int:
        """Keep the names in a folder."""
        self.volume.fsyncdir(self._folder(path, fh))
        return 0

    # -------------------------------------------------------------- orders from the test

    def obey(self, order: dict[str, Any]) -> object:
        """Do one order of `PowerCutDisk`; the answer is JSON."""
        with self.guard:
            mode: Mode = order.get("mode", "random")
            seed = int(order.get("seed", 0))
            match order["do"]:
                case "cut":
                    return self.cut(mode, seed)
                case "cut_after":
                    self.cut_at = (self.changes + int(order["changes"]), mode, seed)
                case "photograph":
                    self.photograph(Path(order["into"]), mode, seed)
                case "photograph_at":
                    for number, into in order["moments"]:
                        photo = (Path(into), mode, seed + int(number))
                        self.photos[self.changes + int(number)] = photo
                case "sync":
                    self.volume.sync_all()
                case "changes":
                    return self.changes
                case other:
                    raise ValueError(f"unknown order {other}")
        return None
