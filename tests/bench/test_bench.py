"""`./test bench`: measure everything. Fails on wrong results, never on times; options: run.py."""

from __future__ import annotations

import pytest

from tests.bench.run import NotEnoughRoom, measure, parse


def test_side_by_side_with_other_programs() -> None:
    """Every command ends with 0, and what is restored is what was there."""
    options, _ = parse([])
    try:
        wrong = measure(options)
    except NotEnoughRoom as error:
        pytest.skip(str(error))
    assert wrong == []
