"""Running the program as a user would: the command line, from anywhere, in its own process group.

Kill tests need three things a plain `subprocess.run` does not give: the whole group killed at once
(power button), our process killed alone (the task manager), and the question who is still alive.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
_MARK = "LADENTRESOR_TEST_PROCESS"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one call; `lines` are the JSON lines of stdout when `--json` was asked for."""

    rc: int
    stdout: str
    stderr: str
    lines: list[dict[str, Any]] = field(default_factory=list)


def _command(args: tuple[str | Path, ...], home: Path, module: str = "core") -> list[str]:
    return [sys.executable, "-m", module, "--home", str(home), *map(str, args)]


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Ours without the settings a developer may have for the real program; plus `extra`."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("LADENTRESOR_", "RCLONE_"))
    }
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LADENTRESOR_PATIENCE": "0"}
    return kept | ours | dict(extra or {})


def run(
    *args: str | Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float = 120,
    stdin: str = "",
    cwd: Path | None = None,
    wrapper: Sequence[str | Path] = (),
) -> Result:
    """Run to the end; with `check` an exit code other than 0 fails with everything it said.

    The working folder is / unless given, so that nothing works only inside the repository.
    `stdin` feeds `secret set`. A call that takes longer is killed with its whole group.
    """
    with start(*args, home=home, env=env, cwd=cwd, wrapper=wrapper) as running:
        try:
            stdout, stderr = running.process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            running.kill_group()
            stdout, stderr = running.process.communicate()
            raise AssertionError(f"{args} took over {timeout} s\n{stdout}\n{stderr}") from None
        rc = running.process.returncode
    assert not check or rc == 0, f"{args} ended with {rc}\n{stdout}\n{stderr}"
    return Result(rc, stdout, stderr, _json_lines(stdout) if "--json" in args else [])


def _json_lines(text: str) -> list[dict[str, Any]]:
    lines = []
    for line in text.split("\n"):  # not splitlines(): a name may hold U+0085 or U+2028
        if not line:
            continue
        parsed = json.loads(line)  # with --json, anything else on stdout is a fault
        assert isinstance(parsed, dict), line
        lines.append(parsed)
    return lines


def start(
    *args: str | Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    wrapper: Sequence[str | Path] = (),
    module: str = "core",
) -> "Running":
    """Start in a session and process group of its own; use as `with`, which leaves nobody alive.

    `module` is `gui` for the window.
    `wrapper` is a program that becomes ours after changing something (`setpriv …`, `unshare …`).
    """
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [*wrapper, *_command(args, home, module)],
        cwd=cwd or "/",
        env=_environment(env) | {_MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        start_new_session=True,
    )
    return Running(process, mark)


class Running:
    """A program that runs. Whoever it started is known by three signs, of which one survives:
    parent, session, and a mark in the environment (which our own rclone children do not inherit).
    """

    def __init__(self, process: subprocess.Popen[str], mark: str) -> None:
        self.process = process
        self._mark = f"{_MARK}={mark}".encode()
        self._seen: dict[int, str] = {}  # pid → start time: pids are used again

    @property
    def pid(self) -> int:
        """Our process; also the number of its group and session."""
        return self.process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill_group()
        for pid in self.descendants():
            _signal(pid, signal.SIGKILL)
        self.process.wait()
        self.wait_for_orphans()  # the killed take a moment to die
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Send the whole group a signal: SIGKILL, or SIGINT for Ctrl-C in a terminal."""
        self.descendants()  # so that they stay known when their parent is gone
        if self.process.returncode is not None and self.pid in _processes():
            return  # a stranger has got the number since
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # nobody left, or only zombies
            pass

    def kill_self(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to our process alone; its children must end by themselves."""
        self.descendants()
        self.process.send_signal(number)

    def descendants(self) -> list[int]:
        """Return whom it started, at whatever remove, and who is still alive; zombies are not.

        Call it while the parent lives too: an orphan that has left the session and dropped the
        mark is only found because it was seen before.
        """
        table = _processes()
        found = {
            pid for pid, start in self._seen.items() if pid in table and table[pid][2] == start
        }
        found |= _below(self.pid, table)
        found |= {pid for pid, (_, session, _) in table.items() if session == self.pid}
        found |= {pid for pid in table if self._mark in _environ(pid)}
        found -= {self.pid}
        self._seen = {pid: table[pid][2] for pid in found}
        return sorted(found)

    def wait_for_orphans(self, timeout: float = 5) -> list[int]:
        """Wait until nobody is left; return who still lives (empty = good)."""
        until = time.monotonic() + timeout
        while self.descendants() and time.monotonic() < until:
            time.sleep(0.02)
        return self.descendants()


# ------------------------------------------------------------------ /proc


def _processes() -> dict[int, tuple[int, int, str]]:
    """Return pid → parent, session, start time of all living processes."""
    table = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(errors="replace")
        except OSError:  # ended meanwhile
            continue
        fields = text[text.rindex(")") + 2 :].split()  # the name may hold blanks and brackets
        if fields[0] not in "ZX":
            table[int(entry.name)] = (int(fields[1]), int(fields[3]), fields[19])
    return table


def _below(pid: int, table: Mapping[int, tuple[int, int, str]]) -> set[int]:
    found: set[int] = set()
    fresh = {pid}
    while fresh:
        fresh = {child for child, (parent, _, _) in table.items() if parent in fresh} - found
        found |= fresh
    return found


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # ended meanwhile, or another user's
        return b""


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def process_tree(pid: int) -> list[int]:
    """Return the process and everything below it by parent."""
    return [pid, *sorted(_below(pid, _processes()))]
