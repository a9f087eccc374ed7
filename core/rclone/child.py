"""One child process that dies with us, also when we are only killed (DESIGN §3).

Linux: the kernel kills it when the thread that started it ends (PR_SET_PDEATHSIG), hence a keeper
thread that lives as long as the child. Other POSIX systems: a shell waits at a pipe that closes
with us. Windows: a Job Object that ends with its last handle. Whatever is left behind all the same
is named by a record, and ended by the next start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

_PR_SET_PDEATHSIG = 1
_END_SECONDS = 3.0
_WATCH = 'read nothing; kill -9 "$1"'


class _Record(msgspec.Struct):
    pid: int
    started: str
    executable: str
    folder: str


class Child:
    """A running child; `on_line` gets each line of its stderr, in the keeper's thread.

    OSError when it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path,
        record: Path,
        on_line: Callable[[bytes], None],
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._record = record
        self._on_line = on_line
        self._started = threading.Event()
        self._failed: BaseException | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: Callable[[], None] = _nothing
        self._keeper = threading.Thread(target=self._keep, name="rclone-keeper", daemon=True)
        self._keeper.start()
        self._started.wait()
        if self._failed is not None:
            self._keeper.join()
            raise self._failed

    @property
    def pid(self) -> int:
        """Its process number."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, as far as its keeper knows."""
        return self._keeper.is_alive()

    def _keep(self) -> None:
        try:
            self._process = process = _start(self._command, self._environment)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that asked for it
            self._failed = error
            self._started.set()
            return
        try:
            self._leash = _leash(process.pid)
            _note(self._record, process.pid, self._folder)
        except OSError as error:
            process.kill()
            self._failed = error
        self._started.set()
        with process:  # reads to the end, closes, takes leave: no zombie
            for line in process.stderr or ():
                self._on_line(line)
        self._leash()
        if self._failed is None:
            self._record.unlink(missing_ok=True)

    def end(self) -> None:
        """End it and wait until it is gone: asked first, after three seconds by force."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.terminate()
            self._keeper.join(_END_SECONDS)
            if self._keeper.is_alive():
                with contextlib.suppress(OSError):
                    self._process.kill()
        self._keeper.join()


def _nothing() -> None:
    return


# -- starting -------------------------------------------------------------------------------------


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end our child
        preexec_fn=_dying_with_parent(),
    )


def _dying_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:  # between fork and exec: system calls only, looked up before
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_kernel


def _leash(pid: int) -> Callable[[], None]:
    """Tie the running child to our life where the kernel did not; gives back how to untie."""
    if sys.platform == "win32":
        from core.rclone.windows_job import tie

        return tie(pid)
    if sys.platform == "linux":
        return _nothing
    return watched(pid)


def watched(pid: int) -> Callable[[], None]:
    """A shell that kills `pid` when we are gone: its end of our pipe closes."""
    shell = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "sh", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def untie() -> None:
        shell.kill()  # first: it must not see the pipe close
        shell.wait()
        if shell.stdin is not None:
            shell.stdin.close()

    return untie


# -- leftovers ------------------------------------------------------------------------------------


def _note(record: Path, pid: int, folder: Path) -> None:
    known = identity(pid)
    if known is not None:
        record.write_bytes(msgspec.json.encode(_Record(pid, *known, str(folder))))


def end_leftover(record: Path) -> Path | None:
    """End the child a record names, if it is still that one; gives its folder to be cleared.

    Only for whoever holds the account's lock: the record of a living session is no leftover.
    """
    try:
        left = msgspec.json.decode(record.read_bytes(), type=_Record)
    except (OSError, ValueError):
        return None
    if sys.platform != "win32" and identity(left.pid) == (left.started, left.executable):
        with contextlib.suppress(OSError):
            os.kill(left.pid, signal.SIGKILL)
    record.unlink(missing_ok=True)
    return Path(left.folder)


def identity(pid: int) -> tuple[str, str] | None:
    """When a process was started and from which file: a number alone may be somebody else's.

    None where there is no such process, and on Windows, whose Job Objects leave nothing behind.
    """
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        try:
            executable = str(Path(f"/proc/{pid}/exe").readlink())
            status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            return status.rpartition(")")[2].split()[19], executable
        except (OSError, IndexError):
            return None
    asked = subprocess.run(
        ["/bin/ps", "-o", "lstart=,comm=", "-p", str(pid)],
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    words = asked.stdout.split(maxsplit=5)
    return (" ".join(words[:5]), words[5].strip()) if len(words) == 6 else None
