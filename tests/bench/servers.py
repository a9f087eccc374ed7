"""Ours, restic through rclone and plain `rclone copy` to servers on loopback (issue 5, "Speed").

    BENCH_SETS=servers ./test bench                   the whole, some minutes, when it is quiet
    python -m tests.bench.servers [--scale 1] [--rounds 2] [--dir /dev/shm]

Servers are rclone's own WebDAV and S3. Each engine meets a server of its own with an empty folder;
they take turns. A time covers the whole command. Ours and restic encrypt, `rclone copy` goes
through rclone crypt. Farther away means a line that holds every byte up for 25 ms each way; bytes
are those on the line. Wrong results fail at the end, times never do.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.rclone.binary import find_rclone
from core.rclone.remotes import crypt_remote
from tests.bench import sets
from tests.bench.engines import PASSWORD as REPOSITORY
from tests.support import cli, keys
from tests.support.http_proxy import before
from tests.support.places import BUCKET
from tests.support.slow_line import Line, line_to
from tests.support.snapshots import compare, snapshot
from tests.support.storage_servers import KEY, PASSWORD, USER, remote, serving

Protocol = Literal["webdav", "s3"]
Engine = Literal["ours", "restic", "rclone"]
PROTOCOLS: tuple[Protocol, ...] = ("webdav", "s3")
AWAY = 0.025
"""Seconds each way: 50 ms there and back."""
SLOW = 1_000_000
"""Bytes a second: 8 Mbit/s."""
_DAY2_SCALE = 0.1  # of the set “shop”: a minute on such a line
_LIMIT = 1800.0

GOALS: Mapping[str, tuple[tuple[Engine, float], ...]] = {
    "webdav, loopback": (("restic", 1.0), ("rclone", 0.1)),
    "s3, loopback": (("restic", 1.0), ("rclone", 0.2)),
    "webdav, 50 ms": (("restic", 0.8),),
    "s3, 50 ms": (("restic", 0.8),),
    "webdav, bytes of day 2": (("restic", 1.15),),
    "s3, bytes of day 2": (("restic", 1.15),),
}


@dataclass(slots=True)
class Figures:
    """By what was measured and engine: seconds, or bytes. said: what is a fact and no ratio."""

    found: dict[str, dict[Engine, list[float]]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, engine: Engine, value: float) -> None:
        self.found.setdefault(what, {}).setdefault(engine, []).append(value)
        print(f"{what:26} {engine:7} {value:14,.2f}", flush=True)


@dataclass(slots=True)
class Client:
    """One program with a folder of its own; `port`: of the server, or of the line to it."""

    engine: Engine
    protocol: Protocol
    room: Path
    source: Path
    port: int

    def prepare(self) -> None:
        """Set it up; not measured."""
        self.room.mkdir(parents=True)
        if self.engine == "ours":
            home = self.room / "heim"
            keys.put_pair(home)
            keys.put_secret(home, "ziel.password", PASSWORD)
            (home / "config" / "plan.toml").write_text(self._plan(), "utf-8")

    def _plan(self) -> str:
        place = {
            "webdav": f'kind = "webdav"\nuser = "{USER}"\nurl = "http://127.0.0.1:{self.port}/ours"',
            "s3": f'kind = "s3"\nendpoint = "http://127.0.0.1:{self.port}"\nbucket = "{BUCKET}"\n'
            f'path = "ours"\naccess_key = "{KEY}"',
        }[self.protocol]
        return (
            'version = 1\n[[systems]]\nid = "laden"\n[[systems.sources]]\nkind = "folders"\n'
            f"paths = [{json.dumps(str(self.source))}]\n"
            '[[destinations]]\nid = "ziel"\nencrypted = true\n'
            f"[destinations.location]\n{place}\n"
            '[[copies]]\nsystem = "laden"\ndestination = "ziel"\n'
        )

    def begin(self) -> None:
        """What a user types the first time; ours and rclone set up what they need by themselves."""
        if self.engine == "restic":
            self._restic("init")
        self.copy()

    def copy(self) -> None:
        """What a user types to have the source over there."""
        if self.engine == "ours":
            self._ours("backup", "--no-sample")
        elif self.engine == "restic":
            self._restic("backup", "--quiet", ".")
        else:
            self._rclone("copy", str(self.source), "tresor:")

    def one(self, path: str, into: Path) -> None:
        """Bring one file back."""
        wanted = f"{self.source.name}/{path}"
        if self.engine == "ours":
            self._ours("restore", "laden", "--into", str(into), "--path", wanted)
        else:
            self._restic("restore", "latest", "--quiet", "--target", str(into), "--include", path)

    def all(self, into: Path) -> None:
        """Bring everything back; only ours is judged."""
        self._ours("restore", "laden", "--into", str(into))

    def _ours(self, *words: str) -> None:
        done = cli.run(*words, home=self.room / "heim", env=keys.ENV, check=False, timeout=_LIMIT)
        if done.rc:
            raise RuntimeError(f"{words} ended with {done.rc}: {done.stderr[-800:]}")

    def _restic(self, *words: str) -> None:
        # restic 0.14 knows rclone by the name of a program; what it may open stands around it.
        options = ["-o", f"rclone.program={find_rclone()}"]
        where = f"rclone:ziel:{BUCKET}/restic" if self.protocol == "s3" else "rclone:ziel:restic"
        environment = {
            "RESTIC_PASSWORD": REPOSITORY,
            "RESTIC_CACHE_DIR": str(self.room / "cache"),
        }
        self._run(["restic", "-r", where, *options, *words], environment)

    def _rclone(self, *words: str) -> None:
        self._run([str(find_rclone()), *words], {})

    def _run(self, command: Sequence[str], more: Mapping[str, str]) -> None:
        there = remote(self.protocol, self.port, "ziel")
        over = f"ziel:{BUCKET}/rclone" if self.protocol == "s3" else "ziel:rclone"
        vault = crypt_remote("tresor", over=over, password="eins", salt="zwei")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.room),
            "RCLONE_CONFIG": "",
            **there.environment(),
            **vault.environment(),
            **more,
        }
        done = subprocess.run(
            command,
            cwd=self.source,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-800:]}")


class Servers:
    """All measurements, in a folder of our own."""

    def __init__(self, work: Path, scale: float) -> None:
        self._work = work
        self._scale = scale
        self._turn = 0
        self._rooms = 0
        self.figures = Figures()

    def run(self, rounds: int) -> Figures:
        """Measure everything, the wall times `rounds` times."""
        source = self._work / "quelle"
        sets.make("small", source, self._scale)
        for _ in range(rounds):
            for protocol in PROTOCOLS:
                self._first(protocol, source, "loopback", ("ours", "restic", "rclone"))
                self._first(protocol, source, "50 ms", ("ours", "restic"), away=AWAY)
        for protocol in PROTOCOLS:
            self._requests(protocol, source)
        shutil.rmtree(source)
        for protocol in PROTOCOLS:
            self._second_day(protocol)
        return self.figures

    @contextlib.contextmanager
    def _server(self, protocol: Protocol) -> Iterator[tuple[Path, int]]:
        """A room, and the port of a server that keeps its files in it."""
        self._rooms += 1
        room = self._work / f"raum-{self._rooms}"
        for folder in (BUCKET, "ours", "restic", "rclone"):
            (room / "gedient" / folder).mkdir(parents=True)
        try:
            with serving(protocol, room / "gedient") as server:
                yield room, server.port
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _first(
        self,
        protocol: Protocol,
        source: Path,
        how: str,
        engines: tuple[Engine, ...],
        *,
        away: float = 0.0,
    ) -> None:
        """The first copy, by each engine, another one first each time."""
        at = self._turn % len(engines)
        self._turn += 1
        for engine in engines[at:] + engines[:at]:
            with self._server(protocol) as (room, port), contextlib.ExitStack() as ending:
                if away:
                    line = ending.enter_context(line_to(port))
                    line.delay = away
                    port = line.port
                client = Client(engine, protocol, room / engine, source, port)
                client.prepare()
                begun = time.perf_counter()
                client.begin()
                self.figures.add(f"{protocol}, {how}", engine, time.perf_counter() - begun)
                if engine == "ours" and not away:
                    self._judge(client, room / "zurueck")

    def _judge(self, client: Client, into: Path) -> None:
        client.all(into)
        wrong = compare(snapshot(client.source), snapshot(into / client.source.name))
        if wrong:
            self.figures.wrong.append(f"{client.protocol}: {len(wrong)} differences: {wrong[:3]}")

    def _requests(self, protocol: Protocol, source: Path) -> None:
        """What a run without news asks, and one that brings everything."""
        with self._server(protocol) as (room, port), before(port) as proxy:
            client = Client("ours", protocol, room / "ours", source, proxy.port)
            client.prepare()
            for what in ("first copy", "second run, no news", "third run, no news"):
                proxy.forget()
                client.copy()
                asked = Counter(request.method for request in proxy.asked)
                each = ", ".join(f"{method} {count}" for method, count in asked.most_common())
                self.figures.said.append(
                    f"{protocol}, {what}: {len(proxy.asked)} requests ({each})"
                )

    def _second_day(self, protocol: Protocol) -> None:
        """Bytes on a line of 8 Mbit/s; then one file back."""
        for engine in ("ours", "restic"):
            source = self._work / "laden"
            sets.make("shop", source, self._scale * _DAY2_SCALE)
            with self._server(protocol) as (room, port), line_to(port) as line:
                client = Client(engine, protocol, room / engine, source, line.port)
                client.prepare()
                client.begin()
                sets.next_day(source)
                self._slowly(client, line)
                self._single(client, line, room / "eine")
            shutil.rmtree(source)

    def _slowly(self, client: Client, line: Line) -> None:
        line.rate = SLOW
        passed, begun = line.sent, time.perf_counter()
        client.copy()
        line.rate = None
        seconds = time.perf_counter() - begun
        self.figures.add(f"{client.protocol}, bytes of day 2", client.engine, line.sent - passed)
        self.figures.said.append(
            f"{client.protocol}, day 2 at 8 Mbit/s, {client.engine}: {seconds:.1f} s"
        )

    def _single(self, client: Client, line: Line, into: Path) -> None:
        files = sets.small_files(client.source)
        path = files[len(files) // 2]
        into.mkdir()
        passed = line.passed - line.sent
        client.one(path, into)
        came = line.passed - line.sent - passed
        size = (client.source / path).stat().st_size
        self.figures.said.append(
            f"{client.protocol}, one file of {size:,} bytes back, {client.engine}: {came:,} bytes"
        )
        back = [each for each in into.rglob(Path(path).name) if each.is_file()]
        if not back or back[0].read_bytes() != (client.source / path).read_bytes():
            self.figures.wrong.append(f"{client.protocol}, {client.engine}: {path} came back wrong")


def render(figures: Figures) -> str:
    """The figures as a table, medians with lowest and highest, beside what was to be reached."""
    lines = [
        "| work | ours | restic | rclone copy | ratio | goal | reached |",
        "|---|" + "---|" * 6,
    ]
    for what, by in figures.found.items():
        ours = statistics.median(by["ours"])
        cells = [_shown(by.get(engine)) for engine in ("ours", "restic", "rclone")]
        ratios, goals, reached = [], [], []
        for other, goal in GOALS.get(what, ()):
            ratio = ours / statistics.median(by[other])
            ratios.append(f"{ratio:.2f}")
            goals.append(f"≤ {goal} × {other}")
            reached.append("yes" if ratio <= goal else "**no**")
        tail = ("; ".join(each) for each in (ratios, goals, reached))
        lines.append(f"| {what} | " + " | ".join((*cells, *tail)) + " |")
    return "\n".join([*lines, "", *(f"- {text}" for text in figures.said)])


def _shown(values: list[float] | None) -> str:
    if not values:
        return "–"
    middle = statistics.median(values)
    if middle > 10_000:
        return f"{middle:,.0f}"
    return f"{middle:.2f} ({min(values):.2f}–{max(values):.2f})"


def missing() -> str:
    """What this machine lacks; '' when nothing is missing."""
    return "" if shutil.which("restic") else "restic"


def measure(folder: Path, *, scale: float, rounds: int) -> list[str]:
    """Measure and print; what was wrong with the results."""
    work = Path(tempfile.mkdtemp(prefix="ladentresor-bench-", dir=folder))
    load = os.getloadavg()[0]
    try:
        figures = Servers(work, scale).run(rounds)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"\nscale {scale}, {rounds} rounds, load before {load:.1f}\n")
    print(render(figures))
    return figures.wrong


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dir", type=Path, default=Path("/dev/shm"))
    given = parser.parse_args()
    wrong = measure(given.dir, scale=given.scale, rounds=given.rounds)
    if wrong:
        sys.exit("\n".join(["wrong results:", *wrong]))


if __name__ == "__main__":
    main()
