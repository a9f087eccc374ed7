"""One child process that dies with us, also when we are only killed (DESIGN §3).

Linux: the kernel kills it when the thread that started it ends (PR_SET_PDEATHSIG), hence a keeper
thread that lives as long as the child. `setpriv` of util-linux asks for that, since Python may not
run between fork and exec when there are threads. Where it is missing, and on other POSIX systems, a
shell waits at a pipe that closes with us. Windows: a Job Object that ends with its last handle.
Whatever is left behind all the same is named by a record, and ended by the next start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from core.machine.tie import tied

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
            _note(self._record, process.pid, self._command[0], self._folder)
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

    @property
    def never_ran(self) -> bool:
        """Whether it ended because its file is no program here (126, 127 as of shells)."""
        return self._process is not None and self._process.returncode in (126, 127)

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
        [*tied("KILL"), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end our child
    )


def _leash(pid: int) -> Callable[[], None]:
    """Tie the running child to our life where the kernel did not; gives back how to untie."""
    if sys.platform == "win32":
        from core.rclone.windows_job import tie

        return tie(pid)
    return _nothing if tied("KILL") else watched(pid)


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


def _note(record: Path, pid: int, program: str, folder: Path) -> None:
    known = identity(pid)
    if known is not None:  # its start; its file it may only be about to become
        said = _Record(pid, known[0], str(Path(program).resolve()), str(folder))
        record.write_bytes(msgspec.json.encode(said))


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
