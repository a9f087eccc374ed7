"""From figures to docs/performance.md: medians, ratios, and which goals of issue 2 are reached."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from tests.bench.engines import Operation

_OURS, _BARE = "ours", "bare"
_SHOWN = ("ours", "cp", "rclone", "restic")
_PEERS = ("cp", "restic")
_PACKED = ("bundled", "sealed", "three", "restic", "restic3")
_BEGIN, _END = "<!-- by hand: run.py keeps what is below -->", "<!-- by hand: end -->"
_BY_HAND = "Not yet filled in: what a profile says."
_WORDS = {
    Operation.FIRST: "first copy",
    Operation.TWO: "two destinations in one run",
    Operation.NOTHING: "nothing changed",
    Operation.DAY2: "day 2",
    Operation.VERIFY: "verify everything",
    Operation.RESTORE: "restore everything",
    Operation.ONE: "restore one file",
    Operation.PRUNE: "clean up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One command measured; meter.py says what the figures are. load: just before."""

    set: str
    scale: float
    round: int
    operation: str
    engine: str
    wall: float
    cpu: float
    pss_mb: float
    rss_mb: float
    load: float
    stored_mb: float = 0.0
    """What it added at its copies."""

    @property
    def peak_mb(self) -> float:
        """The stricter of two: all processes now and then, or the largest one exactly."""
        return max(self.pss_mb, self.rss_mb)


@dataclass(slots=True, kw_only=True)
class Facts:
    """Where, when and with what it was measured."""

    machine: list[str]
    day: str
    load_before: float
    load_after: float = 0.0
    changed_meanwhile: bool = False
    wrong: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goal:
    """ours ≤ limit × base. base: an engine at the same operation, or our own first copy.

    of: what is ours: a tree, or what else engines.py makes of us. what: seconds, or bytes stored.
    """

    set: str
    operation: Operation
    limit: float
    base: str
    of: str = _OURS
    what: Literal["time", "bytes"] = "time"


GOALS = (
    Goal("shop", Operation.FIRST, 2.0, "cp"),
    Goal("shop", Operation.FIRST, 0.25, "restic"),
    Goal("shop", Operation.TWO, 1.3, "one"),
    Goal("shop", Operation.NOTHING, 0.25, "restic"),
    Goal("shop", Operation.VERIFY, 0.5, "restic"),
    Goal("shop", Operation.RESTORE, 0.6, "restic"),
    Goal("shop", Operation.ONE, 0.3, "restic"),
    Goal("many", Operation.FIRST, 1.2, "cp"),
    Goal("many", Operation.NOTHING, 0.25, "restic"),
    Goal("days", Operation.PRUNE, 0.5, "restic"),
)
PACKED_GOALS = (
    Goal("shop", Operation.FIRST, 0.35, "restic3", of="three"),
    Goal("shop", Operation.NOTHING, 0.15, "restic3", of="three"),
    Goal("shop", Operation.DAY2, 1.10, "restic", of="bundled", what="bytes"),
    Goal("shop", Operation.VERIFY, 0.5, "restic", of="bundled"),
    Goal("shop", Operation.VERIFY, 0.5, "restic", of="sealed"),
    Goal("shop", Operation.RESTORE, 0.7, "restic", of="bundled"),
    Goal("shop", Operation.RESTORE, 0.9, "restic", of="sealed"),
    Goal("many", Operation.FIRST, 1.0, "restic", of="bundled"),
    Goal("days", Operation.PRUNE, 0.5, "restic", of="bundled"),
    Goal("days", Operation.PRUNE, 0.5, "restic", of="sealed"),
)
MEMORY_GOALS = {
    ("many", Operation.NOTHING, _OURS): 120.0,
    ("many", Operation.FIRST, "bundled"): 300.0,
    ("states", Operation.VERIFY, _OURS): 200.0,
    ("states", Operation.PRUNE, _OURS): 200.0,
    ("states", Operation.VERIFY, "bundled"): 200.0,
    ("states", Operation.PRUNE, "bundled"): 200.0,
}

Rows = dict[tuple[str, str], list[Sample]]  # operation, engine


def render(facts: Facts, samples: Sequence[Sample], old: str) -> str:
    """The whole page; what was written by hand is taken over from `old`."""
    names = list(dict.fromkeys(sample.set for sample in samples))
    grouped = {name: _group(sample for sample in samples if sample.set == name) for name in names}
    lines = [*_head(facts, samples)]
    for name, rows in grouped.items():
        lines += _set_section(name, rows)
        lines += _packed_section(name, rows)
    lines += ["## Where the limit is", ""]
    for name, rows in grouped.items():
        lines += _limits(name, rows)
    lines += [_BEGIN, "", _kept(old), "", _END, ""]
    return "\n".join(lines)


def read_results(paths: Sequence[Path]) -> tuple[Facts, list[Sample]]:
    """What earlier runs added to `--results` files; the last facts count."""
    facts = None
    samples = []
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            if "facts" in record:
                facts = _later(facts, Facts(**record["facts"]))
            else:
                samples.append(Sample(**record))
    if facts is None:
        raise SystemExit("no finished run in these results")
    return facts, samples


def _later(before: Facts | None, facts: Facts) -> Facts:
    """The facts of both runs; two versions of one program are both named."""
    if before is None:
        return facts
    for name, version in before.versions.items():
        if facts.versions.setdefault(name, version) != version:
            facts.versions[name] += f"; earlier {version}"
    facts.left_out = before.left_out | facts.left_out
    facts.changed_meanwhile |= before.changed_meanwhile
    facts.wrong += before.wrong
    facts.load_before = min(before.load_before, facts.load_before)
    return facts


def _group(samples: Iterator[Sample]) -> Rows:
    rows: Rows = {}
    for sample in samples:
        rows.setdefault((sample.operation, sample.engine), []).append(sample)
    return rows


# ------------------------------------------------------------------------------ head


def machine(file_system: str) -> list[str]:
    """What matters of this machine, and nothing that says whose it is."""
    cpu = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text("ascii"))
    has_sha = bool(re.search(r"\b(sha_ni|sha2)\b", cpu))
    kernel = re.match(r"[\d.]*\d", platform.release())
    sha = "with" if has_sha else "without"
    return [
        f"{os.cpu_count()} cores ({platform.machine()}, {sha} instructions for SHA-256)",
        f"{int(memory[1]) / 1024**2:.0f} GiB of memory" if memory else "memory unknown",
        f"Linux {kernel[0] if kernel else '?'}",
        f"source, copies and restores on {file_system}",
    ]


def _head(facts: Facts, samples: Sequence[Sample]) -> Iterator[str]:
    scales = sorted({sample.scale for sample in samples})
    loads = [sample.load for sample in samples] or [0.0]
    yield "# Performance"
    yield ""
    yield "Written by `./test bench` (see `tests/bench/run.py`); only the end of it is by hand."
    yield ""
    if scales != [1.0]:
        yield f"**Not the full size: scale {scales}. The goals are meant for scale 1.**"
        yield ""
    if facts.wrong:
        yield f"**{facts.wrong} results were wrong; their times are left out.**"
        yield ""
    if facts.changed_meanwhile:
        yield "**The program changed while it was measured.**"
        yield ""
    yield f"Measured {facts.day} on: " + "; ".join(facts.machine) + "."
    yield (
        f"Load average before {facts.load_before:.1f}, during {min(loads):.1f} to {max(loads):.1f}"
        " (our own work included). Trust the ratios of one run, not the seconds."
    )
    yield ""
    yield "| program | version |"
    yield "|---|---|"
    yield f"| Python | {platform.python_version()} |"
    for name, version in facts.versions.items():
        yield f"| {name} | {version} |"
    for name, reason in facts.left_out.items():
        yield f"| {name} | not measured: {reason} |"
    yield ""
    yield (
        "Every command is a fresh process and ends with `sync -f` on what it wrote. Engines take"
        " turns in every round, each round with new copies of a new source; a figure is the median,"
        " in brackets lowest and highest. On tmpfs the disk is infinitely fast, which is the worst"
        " case for us against `cp`: on a real disk the ratio moves towards 1. restic encrypts and"
        " compresses, the others do not; `cp` and `rclone` keep no earlier states; `cp` checks"
        " nothing. The restore of `cp` is a second copy of the source. Before whatever writes, as"
        " much memory as it may need is touched and given back, for every engine alike: a virtual"
        " machine gets memory that was free for a while from its host only when it is touched, page"
        " by page."
    )
    yield ""
    yield (
        "CPU: user and system time of all processes. Memory: highest sum of the proportional set"
        " sizes (PSS) of all processes at one moment, sampled every 20 to 250 ms; behind the stroke"
        " the largest resident set of a single process (about 10 MB at least: the meter's own)."
    )
    yield ""


# ------------------------------------------------------------------------------ a set


def _set_section(name: str, rows: Rows) -> Iterator[str]:
    found = [operation for operation in _WORDS if (operation, _OURS) in rows]
    shown = [name for name in _SHOWN if any(engine == name for _, engine in rows)]
    counts = sorted({len(samples) for samples in rows.values()})
    rounds = len({sample.round for samples in rows.values() for sample in samples})
    yield f"## The set “{name}”"
    yield ""
    absent = [engine for engine in _SHOWN if engine not in shown]
    yield (
        f"{rounds} {'round' if rounds == 1 else 'rounds'}, n = {' or '.join(map(str, counts))}"
        f" per figure{''.join(f'; {engine} not measured here' for engine in absent)}."
        " Wall time in seconds:"
    )
    yield ""
    peers = [peer for peer in _PEERS if peer in shown]
    yield _line("operation", *shown, *(f"ours / {peer}" for peer in peers), "goal", "reached")
    yield _rule(len(shown) + len(peers) + 3)
    for operation in found:
        goals = [goal for goal in GOALS if (goal.set, goal.operation) == (name, operation)]
        yield _line(
            _WORDS[operation],
            *(_cell(rows.get((operation, engine)), _wall, _seconds) for engine in shown),
            *(_ratio_cell(rows, operation, (operation, peer)) for peer in peers),
            "; ".join(_goal_words(goal) for goal in goals) or "–",
            "; ".join(_verdict(rows, goal) for goal in goals) or "–",
        )
    yield ""
    yield "CPU seconds, and peak memory in MB:"
    yield ""
    titles = [f"{engine} {what}" for engine in shown for what in ("CPU", "MB")]
    yield _line("operation", *titles)
    yield _rule(len(titles) + 1)
    for operation in found:
        cells = []
        for engine in shown:
            samples = rows.get((operation, engine))
            cells += [_cell(samples, _cpu, _seconds), _memory_cell(samples)]
        yield _line(_WORDS[operation], *cells)
    yield ""
    yield from _memory_verdicts(name, rows)


def _memory_verdicts(name: str, rows: Rows) -> Iterator[str]:
    for (of, operation, engine), limit in MEMORY_GOALS.items():
        samples = rows.get((operation, engine))
        if of != name or not samples:
            continue
        peak = max(sample.peak_mb for sample in samples)
        verdict = "reached" if peak <= limit else "**not reached**"
        yield (
            f"Memory, {_WORDS[operation]}, {engine}: goal ≤ {limit:.0f} MB,"
            f" highest {peak:.0f} MB: {verdict}."
        )
        yield ""


def _packed_section(name: str, rows: Rows) -> Iterator[str]:
    """Bundled and encrypted copies, and three copies in one run, with their goals."""
    shown = [engine for engine in _PACKED if any(one == engine for _, one in rows)]
    if not {"bundled", "sealed", "three"} & set(shown):
        return
    yield f"### “{name}”: bundled, encrypted, three copies in one run"
    yield ""
    yield (
        "bundled: one copy in ZIP bundles; sealed: one encrypted bundled copy; three: tree, tree"
        " and encrypted bundled in one run; restic3: three restic runs. Encrypted ones derive the"
        " key of a passphrase file each time, which a keyring would spare. Wall time in seconds,"
        " peak memory in MB, MB stored:"
    )
    yield ""
    yield _line("operation", *shown)
    yield _rule(len(shown) + 1)
    for operation in _WORDS:
        found = [rows.get((operation, engine)) for engine in shown]
        if any(found):
            yield _line(_WORDS[operation], *(_packed_cell(samples) for samples in found))
    yield ""
    yield _line("goal", "reached")
    yield _rule(2)
    for goal in PACKED_GOALS:
        if goal.set == name and (goal.operation, goal.of) in rows:
            what = ", bytes stored" if goal.what == "bytes" else ""
            words = f"{_WORDS[goal.operation]}{what}: {goal.of} {_goal_words(goal)}"
            yield _line(words, _verdict(rows, goal))
    yield ""


def _packed_cell(samples: list[Sample] | None) -> str:
    if not samples:
        return "–"
    peak, stored = (max(one.peak_mb for one in samples), max(one.stored_mb for one in samples))
    added = f", +{stored:.1f}" if stored >= 0.05 else ""
    return f"{_cell(samples, _wall, _seconds)}; {peak:.0f} MB{added}"


def _goal_words(goal: Goal) -> str:
    return f"≤ {goal.limit:g} × {goal.base}"


def _base(goal: Goal) -> tuple[str, str]:
    return (Operation.FIRST, _OURS) if goal.base == "one" else (goal.operation, goal.base)


def _verdict(rows: Rows, goal: Goal) -> str:
    what = _stored if goal.what == "bytes" else _wall
    ratio = _ratio(rows, goal.operation, _base(goal), of=goal.of, what=what)
    if ratio is None:
        return f"{goal.base} not measured"
    said = f"yes, {ratio:.2f}" if ratio <= goal.limit else f"**no, {ratio:.2f}**"
    pairs = _pairs(rows, goal.operation, _base(goal), of=goal.of, what=what)
    if not (max(pairs) <= goal.limit or min(pairs) > goal.limit):
        said += " (but not in every round)"
    return said


def _ratio(
    rows: Rows,
    operation: Operation,
    base: tuple[str, str],
    *,
    of: str = _OURS,
    what: Callable[[Sample], float] | None = None,
) -> float | None:
    """Our median through that of `base`, of seconds or whatever else is asked for."""
    if base not in rows:
        return None
    figure = what or _wall
    return median(map(figure, rows[operation, of])) / median(map(figure, rows[base]))


def _pairs(
    rows: Rows,
    operation: Operation,
    base: tuple[str, str],
    *,
    of: str = _OURS,
    what: Callable[[Sample], float] | None = None,
) -> list[float]:
    """The same for each time both were measured side by side."""
    figure = what or _wall
    both = zip(rows[operation, of], rows[base], strict=False)
    return [figure(ours) / figure(other) for ours, other in both]


def _ratio_cell(rows: Rows, operation: Operation, base: tuple[str, str]) -> str:
    ratio = _ratio(rows, operation, base)
    if ratio is None:
        return "–"
    pairs = _pairs(rows, operation, base)
    return f"{ratio:.2f}" + (f" ({min(pairs):.2f}–{max(pairs):.2f})" if len(pairs) > 1 else "")


def _wall(sample: Sample) -> float:
    return sample.wall


def _stored(sample: Sample) -> float:
    return sample.stored_mb


def _cpu(sample: Sample) -> float:
    return sample.cpu


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _cell(
    samples: list[Sample] | None, what: Callable[[Sample], float], form: Callable[[float], str]
) -> str:
    if not samples:
        return "–"
    values = [what(sample) for sample in samples]
    if len(values) == 1:
        return form(values[0])
    return f"{form(median(values))} ({form(min(values))}–{form(max(values))})"


def _memory_cell(samples: list[Sample] | None) -> str:
    if not samples:
        return "–"
    all_of_them = max(sample.pss_mb for sample in samples)
    return f"{all_of_them:.0f} / {max(sample.rss_mb for sample in samples):.0f}"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns


# ------------------------------------------------------------------------------ limits


def _limits(name: str, rows: Rows) -> Iterator[str]:
    """What the CPU seconds alone say."""
    cores = os.cpu_count() or 1
    ours, cp = rows.get((Operation.FIRST, _OURS)), rows.get((Operation.FIRST, "cp"))
    if ours and cp:
        wall, cpu, copying = _middle(ours, _wall), _middle(ours, _cpu), _middle(cp, _cpu)
        yield (
            f"- **{name}, first copy**: {_seconds(cpu)} CPU seconds, `cp` {_seconds(copying)}"
            f" ({cpu / copying:.1f} ×). Shared perfectly by {cores} cores that is"
            f" {_seconds(cpu / cores)} s; it took {_seconds(wall)} s, so {cpu / wall:.1f} cores"
            " were at work on average."
        )
    hashing = rows.get((Operation.VERIFY, _BARE))
    if hashing:
        yield (
            f"- **{name}, hashing**: reading every byte of the source and its SHA-256, by one"
            f" process that does nothing else: {_seconds(_middle(hashing, _cpu))} CPU seconds."
            " A first copy cannot do without."
        )
    looking, nothing = rows.get((Operation.NOTHING, _BARE)), rows.get((Operation.NOTHING, _OURS))
    if looking and nothing:
        yield (
            f"- **{name}, nothing changed**: {_seconds(_middle(nothing, _cpu))} CPU seconds,"
            f" {_seconds(_middle(nothing, _wall))} s; `find` with the same facts of every file"
            f" {_seconds(_middle(looking, _cpu))} and {_seconds(_middle(looking, _wall))} s."
        )
    yield ""


def _middle(samples: Sequence[Sample], what: Callable[[Sample], float]) -> float:
    return median(what(sample) for sample in samples)


def _kept(old: str) -> str:
    _, found, rest = old.partition(_BEGIN)
    return rest.partition(_END)[0].strip() if found else _BY_HAND
