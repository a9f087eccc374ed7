"""`./test bench`: measure everything. Fails on wrong results, never on times; options: run.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench import servers
from tests.bench.run import NotEnoughRoom, measure, parse

_SERVERS = os.environ.get("BENCH_SETS") == "servers"


@pytest.mark.skipif(_SERVERS, reason="BENCH_SETS=servers asks for the other one")
def test_side_by_side_with_other_programs() -> None:
    """Every command ends with 0, and what is restored is what was there."""
    options, _ = parse([])
    try:
        wrong = measure(options)
    except NotEnoughRoom as error:
        pytest.skip(str(error))
    assert wrong == []


@pytest.mark.skipif(not _SERVERS, reason="only with BENCH_SETS=servers")
@pytest.mark.skipif(bool(servers.missing()), reason="restic is not in PATH")
@pytest.mark.timeout(3600)
def test_over_the_network() -> None:
    """The same to servers on loopback, near and far."""
    folder = Path(os.environ.get("BENCH_DIR", "/dev/shm"))
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    rounds = int(os.environ.get("BENCH_ROUNDS", "2"))
    assert servers.measure(folder, scale=scale, rounds=rounds) == []
