"""The command line, kept warm: a process that has imported it and forks for every call.

Half of what a small call costs is starting Python and importing the program. Tests of the engine
make hundreds of such calls; here each still is a process of its own that parses its arguments,
works and exits, only the imports are there already. What is about starting, signals or dying
processes belongs to `cli.start`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import queue
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import cli

_LONGEST_CALL = 120  # seconds; then the call is killed and its test fails


class _Server:
    """One warm process, used by one caller at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"],
            cwd="/",
            env=cli._environment(None),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, args: list[str], env: Mapping[str, str], out: Path, err: Path) -> int:
        """Run to the end; the exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"args": args, "env": dict(env), "out": str(out), "err": str(err)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """Let it go; it ends when nobody can ask it any more."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


_idle: queue.LifoQueue[_Server] = queue.LifoQueue()


@atexit.register
def _end_all() -> None:
    while not _idle.empty():
        _idle.get().end()


def run(*args: str | Path, home: Path, env: Mapping[str, str] | None = None) -> cli.Result:
    """As `cli.run` without checking the exit code; the working folder is /."""
    try:
        server = _idle.get_nowait()
    except queue.Empty:
        server = _Server()
    with tempfile.TemporaryDirectory(prefix="gesagt-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        rc = server.call(["--home", str(home), *map(str, args)], env or {}, out, err)
        _idle.put(server)  # not after a failure: then nobody knows what it is doing
        said, complained = (
            path.read_bytes().decode("utf-8", "surrogateescape") for path in (out, err)
        )
    return cli.Result(rc, said, complained, cli._json_lines(said) if "--json" in args else [])


# ------------------------------------------------------------------ the warm process


def main() -> None:
    """Import everything, then fork for each order until nobody asks any more."""
    import core.cli

    for module in pkgutil.walk_packages(core.cli.__path__, "core.cli."):
        importlib.import_module(module.name)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _work(order)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _work(order: dict[str, Any]) -> None:
    """Be the program: in a session of its own, with its own output."""
    from core.cli.main import run as run_program

    rc = 1
    try:
        os.setsid()
        signal.alarm(_LONGEST_CALL)
        for number, name in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
            fd = os.open(str(name), os.O_RDWR | os.O_CREAT, 0o600)
            os.dup2(fd, number)
            os.close(fd)
        os.environ.update(order["env"])
        rc = run_program(list(order["args"]))
    except BaseException:  # noqa: BLE001 - the process is about to end without another word
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(rc)


if __name__ == "__main__":
    main()
