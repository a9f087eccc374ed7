"""A disk whose plug can be pulled: what was not flushed is gone, or a random part of it.

`kill -9` never shows a missing fsync, because the kernel's cache survives the process. Here the
cache is ours: a FUSE file system that keeps everything in memory (`volume.py`) and writes to a
real folder, the platter, only what was flushed.

    with PowerCutDisk() as disk:
        ...                             # a program writes below disk.mount
        disk.cut("random", seed=7)      # or before: disk.cut_after(120, "random", seed=7)
        survivors = disk.after()        # a plain folder; or disk.remount()

Hundreds of cuts of one run are cheap: `photograph_at` writes, at given operations, what a cut at
that moment would leave, and goes on.

Honest about Linux: the kernel passes neither sync(2) nor syncfs(2) to an ordinary FUSE program.
Both return 0 and keep nothing here; only fsync/fdatasync of each file and folder does.
Not here: hard links, xattrs, RENAME_NOREPLACE (EINVAL, as on ntfs-3g), `fstat` of a file that was
unlinked while open, renames torn in two (FAT), errors of the medium.
By hand: `python -m tests.support.powercut BACKING MOUNT --seed N`.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.mounts import is_mounted, run_tool, unmount, work_folder
from tests.support.powercut_fs import PowerCutFs
from tests.support.volume import Mode, Volume

_ROOT = Path(__file__).resolve().parents[2]


# ------------------------------------------------------------------ the child


def _serve_orders(fs: PowerCutFs, listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            order = json.loads(stream.readline())
            try:
                answer = {"answer": fs.obey(order)}
            except Exception as error:  # noqa: BLE001  (told to the test, which fails by it)
                answer = {"error": f"{type(error).__name__}: {error}"}
            stream.write(json.dumps(answer).encode() + b"\n")
            stream.flush()
            if order["do"] == "cut":
                fs.die()


def _mount(fs: PowerCutFs, mount: Path) -> None:
    """Serve until unmounted."""
    import mfusepy

    options: dict[str, Any] = {"use_ino": True}
    if mfusepy.fuse_version_major == 2:
        options |= {"big_writes": True, "hard_remove": True}
        fs.flag_nullpath_ok = fs.flag_nopath = True  # type: ignore[attr-defined]
    else:  # mfusepy drops the flags, and "do not overwrite" would overwrite

        def rename(self: Any, old: bytes, new: bytes, flags: int) -> int:
            return fs.rename(os.fsdecode(old), os.fsdecode(new), flags)

        mfusepy.FUSE.rename_fuse_3 = rename
    mfusepy.FUSE(
        fs, str(mount), foreground=True, nothreads=True, fsname="ladentresor-powercut", **options
    )


def main() -> None:
    """Be the child: mount, serve, and after an orderly unmount write everything out."""
    parser = argparse.ArgumentParser(description="a disk whose plug can be pulled")
    parser.add_argument("backing", type=Path)
    parser.add_argument("mount", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", choices=["forget", "random"], default="random")
    parser.add_argument("--cut-after", type=int, metavar="CHANGES", help="cut by itself then")
    parser.add_argument("--control", type=Path, help="unix socket for orders (JSON lines)")
    parser.add_argument("--report", type=Path, help="file that says what was lost (JSON)")
    options = parser.parse_args()
    backing = options.backing.resolve()
    fs = PowerCutFs(Volume(backing), backing, options.report)
    if options.cut_after:
        fs.cut_at = (options.cut_after, options.mode, options.seed)
    if options.control:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(options.control))
        listener.listen()
        threading.Thread(target=_serve_orders, args=(fs, listener), daemon=True).start()
    _mount(fs, options.mount)
    with fs.guard:
        fs.volume.sync_all()


# ------------------------------------------------------------------ in the test


class PowerCutDisk:
    """The disk as a test holds it; see the head of this file.

    A `platter` that is given is used as it is (day 2) and stays; otherwise one is made and thrown
    away. Moments are counted in changes: create, write (≤ 128 KiB each), truncate, mkdir, rename,
    unlink, times and modes, fsync; with one and the same order of calls they are reproducible.
    """

    def __init__(self, platter: Path | None = None) -> None:
        self._home = work_folder()
        self.mount = self._home / "mount"
        self.platter = (platter or self._home / "platter").resolve()
        self._log = self._home / "log"
        self._report = self._home / "lost.json"
        self._control = self._home / "control"
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.mount.mkdir()
        self.platter.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> None:
        self._control.unlink(missing_ok=True)
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.support.powercut"]
        command += [str(self.platter), str(self.mount)]
        command += ["--control", str(self._control), "--report", str(self._report)]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                cwd=self._home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a kill of the tested group is not a power cut
            )
        until = time.monotonic() + 30
        while not is_mounted(self.mount):
            if self._child.poll() is not None or time.monotonic() > until:
                raise OSError(f"powercut did not mount: {self._log.read_text()[-2000:]}")
            time.sleep(0.003)

    def _order(self, do: str, **details: object) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(str(self._control))
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps({"do": do, **details}).encode() + b"\n")
                stream.flush()
                line = stream.readline()
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(f"{reply['error']}\n{self._log.read_text()[-4000:]}")
        return reply["answer"]

    # -------------------------------------------------------------- while it lives

    def is_alive(self) -> bool:
        """Whether the power is still on."""
        return self._child is not None and self._child.poll() is None

    def changes(self) -> int:
        """Count the changes since it was mounted."""
        return int(self._order("changes"))

    def sync(self) -> None:
        """Keep everything written so far: the state of a disk that has had time."""
        self._order("sync")

    def cut(self, mode: Mode = "random", *, seed: int = 0) -> list[str]:
        """Cut the power now; returns what was lost, in words."""
        lost = self._order("cut", mode=mode, seed=seed)
        self.wait_for_cut()
        return [str(line) for line in lost]

    def cut_after(self, changes: int, mode: Mode = "random", *, seed: int = 0) -> None:
        """Cut by itself after that many more changes; the last is done but not answered."""
        self._order("cut_after", changes=changes, mode=mode, seed=seed)

    def photograph(self, into: Path, mode: Mode = "random", *, seed: int = 0) -> Path:
        """Write what a cut now would leave to a new folder; the disk goes on."""
        self._order("photograph", into=str(into), mode=mode, seed=seed)
        return into

    def photograph_at(
        self, moments: Mapping[int, Path], mode: Mode = "random", *, seed: int = 0
    ) -> None:
        """Photograph after so many more changes each; the seed used is `seed` + that number.

        A moment that is never reached leaves no folder.
        """
        rows = [(number, str(into)) for number, into in moments.items()]
        self._order("photograph_at", moments=rows, mode=mode, seed=seed)

    # -------------------------------------------------------------- afterwards

    def wait_for_cut(self, timeout: float = 60) -> bool:
        """Wait until an armed cut has happened; False if it has not."""
        if self._child is not None:
            try:
                self._child.wait(timeout)
            except subprocess.TimeoutExpired:
                return False
        return True

    def lost(self) -> list[str]:
        """Say what programs saw before the cut and the platter does not have."""
        return [str(line) for line in json.loads(self._report.read_text())]

    def unmount(self) -> None:
        """Unmount in order: everything is kept. Fails while somebody uses the disk."""
        run_tool("umount", self.mount)
        self._reap()

    def after(self) -> Path:
        """Return the platter as a plain folder, once the power is gone or the disk unmounted."""
        if self.is_alive():
            raise RuntimeError("the power is still on: cut() or unmount() first")
        unmount(self.mount)
        self._reap()
        return self.platter

    def remount(self) -> Path:
        """Plug it in again with what survived."""
        self.after()
        self._start()
        return self.mount

    def _reap(self) -> None:
        """Let the child end; a mistake in its own model fails the test that met it."""
        if self._child is not None:
            try:
                self._child.wait(60)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
                raise
            self._child = None
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        assert "Traceback" not in log, log[-4000:]

    def close(self) -> None:
        """Take everything away, whatever state it is in."""
        unmount(self.mount)
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
        shutil.rmtree(self._home, ignore_errors=True)


if __name__ == "__main__":
    main()
