"""Runs commands one after the other and measures them together with all they start.

A small process of its own (`python -I -S meter.py`, job on stdin, figures on stdout, both JSON), so
that nothing of the caller is counted. Linux only, standard library only, few imports: the
kernel counts our own memory, about 10 MB, into the high-water mark of what we start.

wall     from the start of the first command to the end of the last
cpu      user and system time of all processes, those that outlive their parent included
pss_mb   highest sum of the proportional set sizes (shared pages counted once) of all processes
         alive at one moment; sampled, at most 4 % of the time
rss_mb   largest resident set of any single process, from the kernel, exact
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_SHORTEST, _LONGEST = 0.02, 0.25
_PATIENCE = 10.0


def main() -> None:
    become_subreaper()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_all)
    steps: list[dict[str, Any]] = json.load(sys.stdin)
    sampler = Sampler()
    code = 0
    begun = time.perf_counter()
    for step in steps:
        code = run(step, sampler)
        if code:
            break
    wall = time.perf_counter() - begun
    left = reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "pss_mb": sampler.peak_kb / 1024,
        "rss_mb": used.ru_maxrss / 1024,
        "code": code,
        "left": left,
    }
    json.dump(figures, sys.stdout)


def become_subreaper() -> None:
    """Who is orphaned below us becomes our child, and so is counted."""
    import ctypes

    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("prctl(PR_SET_CHILD_SUBREAPER) failed")


def end_all(number: int, frame: object) -> None:
    """Leave nobody behind when we are asked to stop."""
    for pid in descendants():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os._exit(128 + number)


def run(step: dict[str, Any], sampler: "Sampler") -> int:
    """One command to its end; its exit code."""
    with open(step["stdout"], "ab") as out, open(step["stderr"], "ab") as err:  # noqa: PTH123
        process = subprocess.Popen(
            step["argv"],
            cwd=step["cwd"],
            env=step["env"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    ended = select.poll()
    handle = os.pidfd_open(process.pid)
    ended.register(handle, select.POLLIN)
    while not ended.poll(sampler.pause * 1000):
        sampler.sample()
    os.close(handle)
    return process.wait()


def reap() -> int:
    """Wait for everybody; how many were still at work long after their parent."""
    until = time.monotonic() + _PATIENCE
    killed: set[int] = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return len(killed)
        if pid:
            continue
        if time.monotonic() > until:
            for child in children(os.getpid()):
                killed.add(child)
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


class Sampler:
    """Looks at the memory of all processes below us, seldom enough not to disturb them."""

    def __init__(self) -> None:
        self.peak_kb = 0
        self.pause = _SHORTEST
        self._begun = time.perf_counter()

    def sample(self) -> None:
        begun = time.perf_counter()
        self.peak_kb = max(self.peak_kb, sum(map(pss_kb, descendants())))
        now = time.perf_counter()
        seldom = max(_SHORTEST, (now - self._begun) / 20, (now - begun) * 25)
        self.pause = min(_LONGEST, seldom)


def descendants() -> list[int]:
    """Everybody below us who lives, parents first."""
    found = children(os.getpid())
    for pid in found:  # it grows meanwhile
        found += children(pid)
    return found


def children(pid: int) -> list[int]:
    """The processes that `pid` has started and that live."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            found += read(f"/proc/{pid}/task/{thread}/children").split()
    except OSError:  # ended meanwhile
        pass
    return [int(child) for child in found]


def pss_kb(pid: int) -> int:
    try:
        for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1])
    except OSError:  # ended meanwhile
        pass
    return 0


def read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


if __name__ == "__main__":
    main()
