"""Our own command line as a child process: absolute arguments, no shell, dies with us.

Its lines are read and parsed in a thread of its own. On Linux the kernel ends it with that thread
(`core.machine.tie`); on Windows a Job Object; elsewhere, and beside
both, its next line meets a closed pipe when we are gone, which ends it as a cancelled job.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from core.machine.tie import tied
from core.texts import Lang
from gui.bridge import Bridge
from gui.jobs.lines import read_line
from gui.jobs.port import Ended, Event, Job, Order

_PROJECT = Path(__file__).resolve().parents[2]
_BUG = 1
_REPORT = 8000
_CLOSE_SECONDS = 10.0


class ChildJob:
    """One child and the thread that reads it."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        typed: str,
        heard: Callable[[Event], object],
    ) -> None:
        self._command, self._environment, self._typed = command, environment, typed
        self._heard = heard
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._cancelled = False
        self.thread = threading.Thread(target=self._run, name="window-job", daemon=True)
        self.thread.start()

    def cancel(self) -> None:
        """Ask the child to stop, as Ctrl-C does."""
        with self._lock:
            self._cancelled = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                process.send_signal(signal.SIGINT)

    def _run(self) -> None:
        try:
            code, report = self._work()
        except OSError as error:
            code, report = _BUG, str(error)
        self._heard(Ended(code, report if code == _BUG else ""))

    def _work(self) -> tuple[int, str]:
        leash: Callable[[], None] = lambda: None  # noqa: E731 - one word
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=flags,
        )
        with self._lock:
            self._process = process
            late = self._cancelled
        if sys.platform == "win32":
            from core.rclone.windows_job import tie

            leash = tie(process.pid)
        if late:
            self.cancel()
        report: list[bytes] = []
        reader = threading.Thread(target=_collect, args=(process, report), daemon=True)
        reader.start()
        with process:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.write(self._typed.encode())
                    process.stdin.close()
            for line in process.stdout or ():
                event = read_line(line)
                if event is not None:
                    self._heard(event)
            reader.join()
        leash()
        return process.returncode, b"".join(report).decode("utf-8", "replace")[-_REPORT:]


def _collect(process: subprocess.Popen[bytes], report: list[bytes]) -> None:
    for line in process.stderr or ():
        report.append(line)
        if len(report) > 200:
            del report[:100]


class ChildRunner:
    """Starts children; tells their events in the window's thread, by the bridge.

    home: what `--home` shall name, '' for the user's own; passphrase: as it came to us.
    """

    def __init__(self, bridge: Bridge, home: str, lang: Lang, passphrase: str = "") -> None:
        self._bridge, self._home, self._passphrase = bridge, home, passphrase
        self.lang: Lang = lang
        self._jobs: list[ChildJob] = []

    def start(self, order: Order, heard: Callable[[Event], object]) -> Job:
        """Begin a job."""
        self._jobs = [job for job in self._jobs if job.thread.is_alive()]
        job = ChildJob(
            self._command(order),
            self._environment(order),
            order.typed,
            lambda event: self._bridge.post(lambda: heard(event)),
        )
        self._jobs.append(job)
        return job

    def close(self) -> None:
        """Cancel what still runs and wait for it."""
        for job in self._jobs:
            job.cancel()
        for job in self._jobs:
            job.thread.join(_CLOSE_SECONDS)

    def _command(self, order: Order) -> list[str]:
        # A frozen program is its own command line; from source it is a module.
        program = [sys.executable]
        if not getattr(sys, "frozen", False):
            program += ["-P", "-m", "core"]
        home = order.home or self._home
        options = ["--json", "--lang", self.lang] + (["--home", home] if home else [])
        return [*tied("TERM"), *program, *options, *order.words]

    def _environment(self, order: Order) -> dict[str, str]:
        environment = {**os.environ, "PYTHONUTF8": "1"}
        if not getattr(sys, "frozen", False):
            environment["PYTHONPATH"] = str(_PROJECT)
        environment.pop("LADENTRESOR_PASSPHRASE", None)
        passphrase = order.passphrase or self._passphrase
        if passphrase:
            environment["LADENTRESOR_PASSPHRASE"] = passphrase
        return environment
