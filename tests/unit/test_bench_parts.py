"""The instruments of tests/bench: same data each time, nothing unmeasured, nothing kept wrongly."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench import sets
from tests.bench.engines import ENGINES, Commands, Operation
from tests.bench.report import Facts, Sample, render
from tests.bench.run import parse, run_meter
from tests.support.snapshots import Snapshot, snapshot

BUSY = "s = 0\nfor n in range(3_000_000): s += n\n"


def _files(tree: Snapshot) -> dict[bytes, str]:
    return {path: f"{e.size} {e.sha256} {e.mtime_ns}" for path, e in tree.items() if e.sha256}


@pytest.mark.parametrize("name", ["many", "small"])
def test_same_arguments_same_files(tmp_path: Path, name: str) -> None:
    trees = []
    for copy in ("a", "b"):
        sets.make(name, tmp_path / copy, 0.02 if name == "small" else 0.0005)
        sets.next_day(tmp_path / copy)
        trees.append(_files(snapshot(tmp_path / copy)))
    assert trees[0] == trees[1]
    assert len(trees[0]) >= 200


def _measure(folder: Path, *scripts: str) -> dict[str, float]:
    commands = Commands(folder)
    for script in scripts:
        commands.add(sys.executable, "-I", "-S", "-c", script)
    return run_meter(commands.as_json())


def test_meter_counts_children_that_outlive_their_parent(tmp_path: Path) -> None:
    start = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-I', '-S', '-c', {!r}])"
    alone = _measure(tmp_path, BUSY)
    orphaned = _measure(tmp_path, start.format(BUSY))
    assert alone["code"] == orphaned["code"] == orphaned["left"] == 0
    assert orphaned["cpu"] > alone["cpu"] / 2


def test_meter_adds_the_memory_of_processes_alive_together(tmp_path: Path) -> None:
    hold = "import time\nx = b'x' * 60_000_000\ntime.sleep(0.6)"
    both = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {hold!r}])\n{hold}"
    figures = _measure(tmp_path, both)
    assert 55 < figures["rss_mb"] < 110
    assert figures["pss_mb"] > 110


def test_meter_stops_at_the_first_failure(tmp_path: Path) -> None:
    figures = _measure(tmp_path, "raise SystemExit(7)", f"open({str(tmp_path / 'x')!r}, 'w')")
    assert figures["code"] == 7
    assert not (tmp_path / "x").exists()


def _sample(engine: str, operation: Operation, wall: float, number: int = 0) -> Sample:
    return Sample(
        set="shop",
        scale=1.0,
        round=number,
        operation=operation,
        engine=engine,
        wall=wall,
        cpu=wall,
        pss_mb=50,
        rss_mb=40,
        load=0.1,
    )


def test_report_judges_goals_and_keeps_what_was_written_by_hand() -> None:
    facts = Facts(machine=["2 cores"], day="2026-11-22", load_before=0.1)
    first = Operation.FIRST
    samples = [
        *(_sample("ours", first, wall, at) for at, wall in enumerate((1.9, 2.1, 3.0))),
        *(_sample("cp", first, 1.0, at) for at in range(3)),
        *(_sample("restic", first, 21.0, at) for at in range(3)),
    ]
    page = render(facts, samples, "")
    assert "**no, 2.10** (but not in every round); yes, 0.10" in page
    assert "2.10 (1.90–3.00)" in page
    again = render(facts, samples, page.replace("Not yet filled in", "Known since Tuesday"))
    assert "Known since Tuesday" in again
    assert again.count("by hand: end") == 1


def test_options_of_the_environment_and_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BENCH_SCALE", "0.5")
    monkeypatch.setenv("BENCH_ROUNDS", "7")
    options, sources = parse(["--rounds", "3"])
    assert (options.scale, options.rounds, options.is_full, sources) == (0.5, 3, False, [])
    assert "rclone" not in options.engines_for("many")
    assert options.engines_for("shop") == tuple(ENGINES)
