"""The independent reader: it runs the copy's own `zurueckholen.sh` and nothing of ours.

All tests of the engine judge a copy by what a stranger gets out of it by hand. So this module
imports nothing of `core`; what it knows of the format is how to start the script.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = "zurueckholen.sh"
# Shells a user may have; `busybox` is its shell with nothing but its own tools (awk, gzip …).
SHELLS = ("dash", "bash", "busybox")


@dataclass(frozen=True)
class HandState:
    """One line of the script's list of states."""

    run: str
    number: int
    complete: bool
    local_time: str  # 2026-11-21 04:00
    files: int


class HandRestoreFailed(Exception):
    """The script ended with an error; the text is all it printed."""

    def __init__(self, exit_code: int, output: str) -> None:
        super().__init__(f"{SCRIPT} ended with {exit_code}:\n{output}")
        self.exit_code = exit_code
        self.output = output


def list_states(
    system_folder: Path, *, shell: str = "dash", awk: str | None = None
) -> list[HandState]:
    """Return what the script lists: every valid state, oldest first."""
    states = []
    for line in run_script(system_folder, shell=shell, awk=awk, only_stdout=True).splitlines():
        number, day, clock, kind, files, _word, run = line.split()
        complete = {"vollständig": True, "teilweise": False}[kind]
        states.append(HandState(run, int(number), complete, f"{day} {clock}", int(files)))
    return states


def restore(
    system_folder: Path,
    run: str,
    into: Path,
    *,
    shell: str = "dash",
    only: str | None = None,
    awk: str | None = None,
) -> None:
    """Restore one state exactly; `run` is whatever the script takes (name, number, `neuester`).

    `only` is a folder or file of the state. `awk` makes the script use that awk instead of the
    system's. HandRestoreFailed says what the script found wrong; what it could restore is there.
    """
    arguments = [run, str(into)] if only is None else [run, str(into), only]
    run_script(system_folder, *arguments, shell=shell, awk=awk)


def run_script(
    system_folder: Path,
    *arguments: str,
    shell: str = "dash",
    awk: str | None = None,
    only_stdout: bool = False,
) -> str:
    """Run the copy's script in this shell and return what it printed."""
    script = str(system_folder / SCRIPT)
    with _tools(shell, awk) as path:
        command = ["busybox", "sh"] if shell == "busybox" else [shell]
        done = subprocess.run(
            [shutil.which(command[0]) or command[0], *command[1:], script, *arguments],
            env={"PATH": path, "HOME": "/nonexistent", "TMPDIR": tempfile.gettempdir()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if only_stdout else subprocess.STDOUT,
            check=False,
        )
    output = done.stdout.decode("utf-8", "backslashreplace")
    if done.returncode != 0:
        errors = (done.stderr or b"").decode("utf-8", "backslashreplace")
        raise HandRestoreFailed(done.returncode, output + errors)
    return output


@contextmanager
def _tools(shell: str, awk: str | None) -> Iterator[str]:
    """Yield a PATH with the tools of this shell; for busybox there is nothing else on it."""
    with tempfile.TemporaryDirectory(prefix="werkzeuge-") as name:
        folder = Path(name)
        if shell == "busybox":
            busybox = shutil.which("busybox") or "busybox"
            subprocess.run([busybox, "--install", "-s", str(folder)], check=True)
            yield str(folder)
            return
        if awk is not None:
            tool = shutil.which(awk)
            if tool is None:
                raise FileNotFoundError(awk)
            (folder / "awk").symlink_to(tool)
        yield f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
