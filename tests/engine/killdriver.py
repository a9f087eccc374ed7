"""The program with a finger on the kill switch: it dies before the n-th thing it does.

A child process loads the program once and forks for every run, which costs some milliseconds
instead of the start of an interpreter: so a whole run can be repeated for each of its moments. In
the fork the command line runs as always, watched at the places below (`hear`). A moment is

- anything Python's audit hooks tell of a path at a destination or in the home: open, mkdir,
  rename, remove, utime, listdir, scandir …; the process dies before it is done,
- a write or fsync there; the process dies when half of the bytes are written,
- a step of the index (`_STEPS`); the process dies before it.

`Driver` is the side of the test.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from tests.support.keys import ENV

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT = 120
_NOT_RUN = 99  # exit code when the program was not even begun

# Numbers of the engine that a test may make small, so that a small tree shows what a large one
# does: several jobs, a journal made durable after each, barriers in between, files in parts;
# `partial_after`: seconds after which a run commits what it has.
_SETTINGS = {
    "job_files": ("_JOB_FILES", "_JOB_FILES_BUNDLED"),
    "sync_seconds": ("SYNC_SECONDS",),
    "barrier_seconds": ("_BARRIER_SECONDS",),
    "parts_from": ("PARTS_FROM",),
    "smallest_repacked": ("SMALLEST_REPACKED",),
}
_STEPS = ("begin", "commit", "put_state", "drop_state", "name_contents_files", "clear_finished")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. rc is negative for a signal; phase is the last one it told."""

    rc: int
    lines: list[dict[str, Any]]
    stderr: str
    moments: int
    last: str

    @property
    def killed(self) -> bool:
        return self.rc == -signal.SIGKILL

    @property
    def phases(self) -> list[str]:
        return [str(line["phase"]) for line in self.lines if line.get("event") == "phase"]

    @property
    def phase(self) -> str:
        """Where the run was when it ended."""
        return self.phases[-1] if self.phases else "start"

    @property
    def results(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == "result"]

    def __str__(self) -> str:
        return f"rc {self.rc} in {self.phase} after {self.moments} moments, last {self.last!r}"


# ------------------------------------------------------------------ the side of the test


class Driver:
    """Runs the command line in forks of one prepared process; use as `with`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="killdriver-"))
        self._log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.killdriver"],
            cwd="/",
            env={**os.environ, **ENV, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=_TIMEOUT)  # its input ends, and so does it
        self._log.close()
        for left in self._folder.iterdir():
            left.unlink()
        self._folder.rmdir()

    def start(
        self,
        *args: str | Path,
        home: Path,
        watch: Sequence[Path] = (),
        kill_at: int = 0,
        settings: dict[str, float] | None = None,
    ) -> int:
        """Let it run; returns its process number. `finish` must follow before the next start.

        kill_at: the moment at `watch` (folders) before which it dies; 0 lets it live.
        """
        order = {
            "args": ["--home", str(home), "--json", *map(str, args)],
            "watch": [os.fspath(path) for path in watch],
            "kill_at": kill_at,
            "settings": settings or {},
            "folder": str(self._folder),
        }
        return int(self._exchange(json.dumps(order)))

    def finish(self) -> Outcome:
        """Wait until it has ended and say how."""
        rc = int(self._exchange("wait"))
        text = (self._folder / "stdout").read_text(errors="surrogateescape")
        stderr = (self._folder / "stderr").read_text(errors="surrogateescape")
        assert rc != _NOT_RUN, stderr
        report = (self._folder / "report").read_text().splitlines() or ["0 nothing"]
        number, _, last = report[-1].partition(" ")
        whole = text[: text.rfind("\n") + 1]  # the last line may be torn by the kill
        lines = [json.loads(line) for line in whole.splitlines()]
        return Outcome(rc, lines, stderr, int(number), last)

    def run(
        self,
        *args: str | Path,
        home: Path,
        watch: Sequence[Path] = (),
        kill_at: int = 0,
        settings: dict[str, float] | None = None,
        expect: int | None = None,
    ) -> Outcome:
        """`start` and `finish`; with `expect` any other exit code fails with all it said."""
        self.start(*args, home=home, watch=watch, kill_at=kill_at, settings=settings)
        outcome = self.finish()
        assert expect is None or outcome.rc == expect, (
            f"{args}: {outcome}\n{outcome.stderr}\n{outcome.lines[-5:]}"
        )
        return outcome

    def _exchange(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, (self._folder / "log").read_text()
        return answer.strip()


# ------------------------------------------------------------------ the side of the child


@dataclass(slots=True)
class Switch:
    """Counts moments and kills at the one it was told."""

    watch: tuple[bytes, ...]
    kill_at: int
    report: int
    count: int = 0
    write: Callable[[int, bytes], int] = field(default=os.write)

    def moment(self, what: str) -> bool:
        """One more; True when this is the one (then `die` must follow)."""
        self.count += 1
        if self.count == self.kill_at:
            self.tell(what)
            return True
        return False

    def tell(self, what: str) -> None:
        line = f"{self.count} {what}".encode("utf-8", "surrogateescape")
        self.write(self.report, line.replace(b"\n", b"?") + b"\n")

    def die(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def watches(self, place: object) -> bool:
        """Whether this path, or the file open under this number, lies at one of our places."""
        if isinstance(place, int):
            try:
                place = os.readlink(f"/proc/self/fd/{place}")
            except OSError:
                return False
        if not isinstance(place, str | bytes):
            return False
        return os.fsencode(place).startswith(self.watch)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook; most events are none of ours."""
        if not args or not (event == "open" or event.startswith(("os.", "sqlite3.connect"))):
            return
        if self.watches(args[0]) and self.moment(f"{event} {args[0]!r}"):
            self.die()

    def watched_write(self, fd: int, data: Any) -> int:
        """os.write that can be torn in the middle."""
        if self.watches(fd) and self.moment(f"write {fd}"):
            self.write(fd, bytes(data)[: len(data) // 2])
            self.die()
        return self.write(fd, data)

    def step(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that can be died before."""

        @functools.wraps(method)
        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.moment(name):
                self.die()
            return method(*args, **kwargs)

        return counted


def _set(attribute: str, value: float) -> None:
    """Set a constant in every module of the engine that has it."""
    engine = [module for name, module in sys.modules.items() if name.startswith("core.copies.")]
    having = [module for module in engine if hasattr(module, attribute)]
    assert having, f"the engine has no {attribute} any more"
    for module in having:
        setattr(module, attribute, value)


def _child(order: dict[str, Any]) -> int:
    """Run the command line as ordered; returns its exit code, if it lives."""
    from core.cli.main import run
    from core.copies import jobs
    from core.copies.backing_up import assignment
    from core.store.index import CopyIndex

    for name, value in order["settings"].items():
        if name == "partial_after":  # not a constant: what each job is given
            made = functools.partial(assignment.Assignment, partial_after=value)
            vars(jobs)["Assignment"] = made
        else:
            for attribute in _SETTINGS[name]:
                _set(attribute, value)
    report = os.open(f"{order['folder']}/report", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    switch = Switch(tuple(os.fsencode(place) for place in order["watch"]), order["kill_at"], report)
    if order["watch"]:
        fsync = os.fsync
        for owner, name, method in (
            *((CopyIndex, name, switch.step(name, getattr(CopyIndex, name))) for name in _STEPS),
            (os, "fsync", switch.step("fsync", fsync)),
            (os, "write", switch.watched_write),
        ):
            setattr(owner, name, method)
        sys.addaudithook(switch.hear)
    code = run(order["args"])
    switch.tell("end")
    return code


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = _NOT_RUN
    try:
        os.setsid()
        for number, name in ((1, "stdout"), (2, "stderr")):
            place = f"{order['folder']}/{name}"
            fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(fd, number)
            os.close(fd)
        code = _child(order)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a fork must not live on as a second server
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def main() -> None:
    """Take orders from stdin until it ends."""
    import core.cli.main
    import core.cli.pruning
    import core.copies.jobs  # noqa: F401 - loaded once for all forks

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    orders = os.fdopen(os.dup(0))
    os.dup2(null, 0)
    pid = 0
    for line in orders:
        if line.strip() == "wait":
            answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        else:
            answer = pid = _fork(json.loads(line))
        answers.write(f"{answer}\n")
        answers.flush()


if __name__ == "__main__":
    main()
