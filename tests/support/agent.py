"""A real agent process for a test, and looks into the records it leaves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.agent.calling import ask
from core.agent.note import Note, read_note
from core.clock import SystemClock
from core.paths import Home, find_home
from core.store.home import Event, HomeStore, RunRow
from tests.support import cli


def home_of(folder: Path) -> Home:
    return find_home(str(folder))


def wait_for(true: Callable[[], object], *, seconds: float = 150, what: str = "") -> Any:
    """Wait until something is so; gives what it gave."""
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, f"not within {seconds} s: {what or true}"
        time.sleep(0.05)
    return found


def answers(folder: Path) -> dict[str, Any] | None:
    """What the agent says of itself; None while none answers."""
    answer = ask(home_of(folder), {"do": "status"})
    return answer["status"] if answer else None


@contextmanager
def running(folder: Path, *args: str, **more: Any) -> Iterator[cli.Running]:
    """An agent of this home that can be talked to; ended at the end, with all it started."""
    with cli.start("--json", "agent", *args, home=folder, **more) as agent:
        wait_for(lambda: answers(folder), what="an agent that answers")
        yield agent
        if agent.process.poll() is None and (found := answers(folder)) is not None:
            assert not found["trouble"].startswith("bug_"), found["trouble"]


def note_of(folder: Path) -> Note:
    note = read_note(home_of(folder))
    assert note is not None
    return note


def runs(folder: Path) -> list[RunRow]:
    """What the home's records say, read beside whoever writes."""
    store = HomeStore(home_of(folder).database, SystemClock())
    try:
        return store.runs()
    finally:
        store.close()


def events(folder: Path, *, lasting: bool = True) -> list[Event]:
    store = HomeStore(home_of(folder).database, SystemClock())
    try:
        return store.events(lasting=lasting)
    finally:
        store.close()


def codes(folder: Path, *, lasting: bool = True) -> set[str]:
    return {event.code for event in events(folder, lasting=lasting)}


def works(folder: Path) -> list[dict[str, Any]]:
    """The jobs under way that touch copies."""
    return [job for job in jobs(folder) if job["rank"] != "errand"]


def jobs(folder: Path) -> list[dict[str, Any]]:
    """All jobs under way, those too that only tell people."""
    found = answers(folder)
    return [] if found is None else list(found["jobs"])


def job_pid(folder: Path) -> int:
    """The process that took a lock of the home last."""
    state = folder / "state"
    notes = [*state.glob("lock.json"), *state.glob("bahnen/*.json")]
    newest = max(notes, key=lambda path: path.stat().st_mtime_ns)
    return int(json.loads(newest.read_text())["pid"])


def parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text[text.rindex(")") + 2 :].split()[1])


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(pid)


def pid_at(folder: Path, lane: str) -> int:
    """The process that took this lane last."""
    return int(json.loads((folder / "state" / "bahnen" / f"{lane}.json").read_text())["pid"])
