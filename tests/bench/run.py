"""Measure ours side by side with cp, rclone and restic, and write docs/performance.md.

    ./test bench                              all but states; a quarter of an hour, when it is quiet
    python -m tests.bench.run [OPTIONS]       the same without pytest (with .venv/bin/python)
    python -m tests.bench.run --smoke         every set and operation once, at a twentieth: under
    BENCH_SMOKE=1 ./test bench                two minutes; sets, scale, rounds are then fixed

Every option has a variable for `./test bench`; the option wins.

    --sets shop,many,days BENCH_SETS         of shop, many, small, days (60 runs, then clean-up),
                                             states (200 states of half a million files: an hour);
                                             `servers` alone: see servers.py, only by pytest
    --scale 1             BENCH_SCALE        1 is the size in sets.py
    --rounds 2            BENCH_ROUNDS       rounds of shop and small
    --many-rounds 2       BENCH_MANY_ROUNDS  rounds of many
    --again 2             BENCH_AGAIN        times per round for what takes a moment
    --engines ...         BENCH_ENGINES      of those in engines.py; many leaves rclone, sealed,
                                             three and restic3 out, small all but trees, unless
                                             they are named here
    --dir /dev/shm        BENCH_DIR          where to work; the folder made there is removed
    --results FILE        BENCH_RESULTS      add every figure to FILE as JSON lines
    --report FILE         BENCH_REPORT       where the report goes. Without it: docs/performance.md
                                             after a full run, the terminal after any other
    --from FILE ...                          measure nothing, write the report from such results

Each round makes the source anew; engines take turns (A B C, B C A, ...). A time covers the whole
command and `sync -f` on what it wrote. Wrong results (exit code, restored bytes) fail at the end;
times never do. Needs 10 GB at scale 1, in memory when it works on tmpfs.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.bench import sets
from tests.bench.engines import ENGINES, PROJECT, Engine, Operation, Place, fingerprint
from tests.bench.report import Facts, Sample, read_results, render
from tests.bench.report import machine as describe_machine
from tests.support.snapshots import Snapshot, compare, snapshot

REPORT = PROJECT / "docs" / "performance.md"
METER = Path(__file__).with_name("meter.py")

_COPYING = (Operation.FIRST, Operation.NOTHING)
_ALL_BUT_PRUNE = tuple(each for each in Operation if each is not Operation.PRUNE)
_OPERATIONS = {
    "shop": _ALL_BUT_PRUNE,
    "small": _ALL_BUT_PRUNE,
    "many": _COPYING,
    "days": (Operation.FIRST, Operation.VERIFY, Operation.PRUNE),
    "states": (Operation.FIRST, Operation.VERIFY, Operation.PRUNE),
}
_OF_MANY_RUNS = {
    "days": ("restic", "ours", "bundled", "sealed"),
    "states": ("ours", "bundled"),
}
_OFTEN = (Operation.NOTHING, Operation.ONE)
_ALL = tuple(ENGINES)
_LONG_FOR_MANY = ("rclone", "restic3", "sealed", "three")
_PACKED = ("bundled", "sealed", "three", "restic3")
_SETTLE_SECONDS = 2.5  # so that nothing of the source looks just changed
_WRITING = (Operation.FIRST, Operation.TWO, Operation.DAY2, Operation.PRUNE, Operation.RESTORE)
_WARM_GB = 6  # more than any one of these writes at scale 1


class NotEnoughRoom(Exception):
    """The folder to work in is too small; nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure, how often, where."""

    sets: tuple[str, ...]
    scale: float
    rounds: int
    many_rounds: int
    again: int
    engines: tuple[str, ...]
    folder: Path
    results: Path | None
    report: Path | None

    def engines_for(self, name: str) -> tuple[str, ...]:
        chosen = self.engines or _OF_MANY_RUNS.get(name, _ALL)
        if name == "many" and not self.engines:
            return tuple(each for each in chosen if each not in _LONG_FOR_MANY)
        if name == "small" and not self.engines:
            return tuple(each for each in chosen if each not in _PACKED)
        return chosen

    @property
    def is_full(self) -> bool:
        """Whether this is what docs/performance.md wants."""
        return self.scale == 1 and {"shop", "many"} <= set(self.sets) and not self.engines


@dataclass(slots=True)
class Bench:
    """One run: what is measured, where, and what came of it."""

    options: Options
    work: Path
    facts: Facts
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def source(self) -> Path:
        return self.work / "quelle"

    def run(self) -> None:
        before = fingerprint()
        for name in self.options.sets:
            engines = [ENGINES[each]() for each in self.options.engines_for(name)]
            for engine in [each for each in engines if each.missing()]:
                self.facts.left_out[engine.name] = engine.missing()
                engines.remove(engine)
            for engine in engines:
                self.facts.versions.setdefault(engine.name, engine.version())
            many = name == "many"
            for number in range(self.options.many_rounds if many else self.options.rounds):
                Round(self, name, number, engines).run()
        self.facts.load_after = os.getloadavg()[0]
        self.facts.changed_meanwhile = fingerprint() != before

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)
        print(
            f"{sample.set:6} round {sample.round + 1}  {sample.operation:8} {sample.engine:7}"
            f" {sample.wall:8.2f} s  cpu {sample.cpu:7.2f} s  {sample.peak_mb:6.0f} MB"
            f"  load {sample.load:.1f}",
            flush=True,
        )
        if self.options.results:
            _append(self.options.results, asdict(sample))

    def complain(self, text: str) -> None:
        self.wrong.append(text)
        self.facts.wrong += 1
        print(f"WRONG: {text}", flush=True)


class Round:
    """One round of one set: all operations, the engines taking turns in each."""

    def __init__(self, bench: Bench, name: str, number: int, engines: list[Engine]) -> None:
        self._bench = bench
        self._set = name
        self._number = number
        self._engines = engines
        self._turn = number
        self._expected: Snapshot = {}
        self._one = ""

    def run(self) -> None:
        source = self._bench.source
        sets.make(self._set, source, self._bench.options.scale)
        self._look_at_source()
        self._set_up(Operation.FIRST)
        for operation in _OPERATIONS[self._set]:
            if operation is Operation.DAY2:
                sets.next_day(source)
                self._look_at_source()
            if operation is Operation.RESTORE:
                self._expected = snapshot(source)
            again = self._bench.options.again if operation in _OFTEN else 1
            for _ in range(again):
                self._all(operation)
            if operation is Operation.FIRST:
                self._live()
        for path in self._bench.work.iterdir():
            shutil.rmtree(path)

    def _live(self) -> None:
        """The runs of a set that are not measured; each has to come through."""
        chosen = sets.SETS[self._set]
        for day in range(
            max(6, round(chosen.days * self._bench.options.scale)) if chosen.days else 0
        ):
            chosen.day(self._bench.source, day)
            for engine in self._engines:
                commands = engine.commands(
                    Operation.NOTHING, self._place(engine, Operation.NOTHING)
                )
                if run_meter(commands.as_json())["code"]:
                    self._bench.complain(
                        f"{self._set}, day {day}, {engine.name}: {commands.said()}"
                    )
                    return

    def _look_at_source(self) -> None:
        files = sets.small_files(self._bench.source)
        self._one = files[len(files) // 2]
        self._files = sum(len(names) for _, _, names in os.walk(self._bench.source))
        _sync(self._bench.work)
        time.sleep(_SETTLE_SECONDS)

    def _place(self, engine: Engine, operation: Operation) -> Place:
        room = "zwei-" if operation is Operation.TWO else ""
        work = self._bench.work
        return Place(self._bench.source, work / f"{room}{engine.name}", work / "out", self._one)

    def _set_up(self, operation: Operation) -> None:
        for engine in self._engines:
            place = self._place(engine, operation)
            engine.prepare(place, 2 if operation is Operation.TWO else 1)

    def _all(self, operation: Operation) -> None:
        """The operation by every engine, each time another one first."""
        at = self._turn % len(self._engines)
        self._turn += 1
        if operation is Operation.TWO:
            self._set_up(operation)
        for engine in self._engines[at:] + self._engines[:at]:
            place = self._place(engine, operation)
            place.out.mkdir()
            self._measure(engine, operation, place)
            shutil.rmtree(place.out)
            if operation is Operation.TWO:
                shutil.rmtree(place.room)
            if operation is Operation.FIRST and not engine.keeps_copy:
                shutil.rmtree(place.room)
                place.room.mkdir()

    def _measure(self, engine: Engine, operation: Operation, place: Place) -> None:
        commands = engine.commands(operation, place)
        if not commands.steps:
            return
        job = commands.as_json()
        if operation in _WRITING:
            _warm(self._bench.work, _WARM_GB * self._bench.options.scale)
        _sync(self._bench.work)
        load = os.getloadavg()[0]
        before = engine.stored(place)
        figures = run_meter(job)
        code, left = figures.pop("code"), figures.pop("left")
        where = f"{self._set}, round {self._number + 1}, {operation}, {engine.name}"
        wrong = []
        if code:
            wrong.append(f"exit code {code}: {commands.said()}")
        else:
            wrong += self._complaints(engine, operation, place)
        if left:
            wrong.append(f"{left} processes still worked after the end")
        for text in wrong:
            self._bench.complain(f"{where}: {text}")
        if not wrong:
            sample = Sample(
                set=self._set,
                scale=self._bench.options.scale,
                round=self._number,
                operation=operation,
                engine=engine.name,
                load=load,
                stored_mb=round((engine.stored(place) - before) / 1e6, 3),
                **figures,
            )
            self._bench.add(sample)

    def _complaints(self, engine: Engine, operation: Operation, place: Place) -> Iterator[str]:
        yield from engine.complaints(operation, place, self._files)
        if operation is Operation.RESTORE:
            expected, found = self._expected, snapshot(engine.restored(place))
            if not engine.keeps_folder_times:
                expected, found = _without_folder_times(expected), _without_folder_times(found)
            differences = compare(expected, found)
            if differences:
                yield f"{len(differences)} differences: " + "; ".join(differences[:5])
        if operation is Operation.ONE:
            pair = (place.source / place.one, engine.restored_one(place))
            if not filecmp.cmp(*pair, shallow=False):
                yield f"{place.one} came back with other bytes"


def _without_folder_times(tree: Snapshot) -> Snapshot:
    return {
        path: replace(entry, mtime_ns=0) if entry.kind == "folder" else entry
        for path, entry in tree.items()
    }


def run_meter(job: str) -> dict[str, Any]:
    """What meter.py says about `job`; whatever interrupts us ends the job first."""
    argv = (sys.executable, "-I", "-S", str(METER))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as meter:
        try:
            said, _ = meter.communicate(job)
        except BaseException:
            meter.terminate()
            meter.wait()
            raise
    if meter.returncode:
        raise RuntimeError(f"the meter ended with {meter.returncode}")
    figures: dict[str, Any] = json.loads(said)
    return figures


def _warm(folder: Path, gb: float) -> None:
    """Let the memory behind a tmpfs have been in use just before, for each engine alike.

    A virtual machine may have given memory that was free for a while back to its host. The first
    to touch it again pays up to three times as much per page, whoever that happens to be.
    """
    if _file_system(folder) != "tmpfs":
        return
    block = bytes(1 << 24)
    blocks = int(min(gb, _free_gb(folder) - 1) * 1e9 / len(block))
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(blocks):
            file.write(block)


def _sync(folder: Path) -> None:
    subprocess.run(("sync", "-f", folder), check=True)


def _append(path: Path, record: dict[str, object]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


# ------------------------------------------------------------------------------ room


@contextmanager
def _workplace(options: Options) -> Iterator[Path]:
    """A folder of our own, removed whatever happens; NotEnoughRoom."""
    needed = max(sets.SETS[name].room_gb for name in options.sets) * options.scale
    free = _free_gb(options.folder)
    if free < needed:
        raise NotEnoughRoom(
            f"{options.folder} has room for {free:.1f} GB, {needed:.1f} GB are needed"
            " (BENCH_DIR: another folder, BENCH_SCALE: less data)"
        )
    work = Path(tempfile.mkdtemp(prefix="ladentresor-bench-", dir=options.folder))
    try:
        yield work
    finally:
        shutil.rmtree(work)


def _free_gb(folder: Path) -> float:
    free = shutil.disk_usage(folder).free
    if _file_system(folder) == "tmpfs":
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = min(free, int(line.split()[1]) * 1024)
    return free / 1e9


def _file_system(folder: Path) -> str:
    argv = ("stat", "--file-system", "--format=%T", folder)
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


# ------------------------------------------------------------------------------ the whole


def measure(options: Options) -> list[str]:
    """Measure and report; what was wrong with the results. NotEnoughRoom before it began."""
    facts = Facts(
        machine=describe_machine(_file_system(options.folder)),
        day=time.strftime("%Y-%m-%d"),
        load_before=os.getloadavg()[0],
    )
    with _workplace(options) as work:
        bench = Bench(options, work, facts)
        bench.run()
    if options.results:
        _append(options.results, {"facts": asdict(facts)})
    _report(options, facts, bench.samples)
    return bench.wrong


def _report(options: Options, facts: Facts, samples: list[Sample]) -> None:
    path = options.report or (REPORT if options.is_full else None)
    old = path.read_text("utf-8") if path and path.exists() else ""
    text = render(facts, samples, old)
    if path is None:
        print(text)
        return
    path.write_text(text, "utf-8")
    print(f"written: {path}")


def parse(arguments: Sequence[str]) -> tuple[Options, list[Path]]:
    """The options, and the results to report from instead of measuring."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def option(name: str, default: str) -> None:
        variable = "BENCH_" + name.upper().replace("-", "_")
        parser.add_argument(f"--{name}", default=os.environ.get(variable, default))

    option("sets", "shop,many,days")
    option("scale", "1")
    option("rounds", "2")
    option("many-rounds", "2")
    option("again", "2")
    option("engines", "")
    option("dir", "/dev/shm")
    option("results", "")
    option("report", "")
    parser.add_argument("--smoke", action="store_true", default="BENCH_SMOKE" in os.environ)
    parser.add_argument("--from", dest="sources", nargs="+", type=Path, default=[])
    given = parser.parse_args(arguments)
    options = Options(
        sets=_choice(parser, given.sets, tuple(sets.SETS)),
        scale=float(given.scale),
        rounds=int(given.rounds),
        many_rounds=int(given.many_rounds),
        again=int(given.again),
        engines=_choice(parser, given.engines, _ALL),
        folder=Path(given.dir),
        results=Path(given.results) if given.results else None,
        report=Path(given.report) if given.report else None,
    )
    if given.smoke:
        every = tuple(name for name in sets.SETS if name != "states")
        options = replace(options, sets=every, scale=0.05, rounds=1, many_rounds=1, again=1)
    return options, given.sources


def _choice(
    parser: argparse.ArgumentParser, text: str, possible: tuple[str, ...]
) -> tuple[str, ...]:
    chosen = tuple(word for word in text.split(",") if word)
    for word in chosen:
        if word not in possible:
            parser.error(f"{word}: not one of {', '.join(possible)}")
    return chosen


def main() -> None:
    """The command line."""
    options, sources = parse(sys.argv[1:])
    if sources:
        facts, samples = read_results(sources)
        _report(replace(options, report=options.report or REPORT), facts, samples)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clean up then, too
    try:
        wrong = measure(options)
    except NotEnoughRoom as error:
        sys.exit(str(error))
    if wrong:
        sys.exit("\n".join(["wrong results:", *wrong]))


if __name__ == "__main__":
    main()
