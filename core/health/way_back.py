"""From which copy data best come back: of the freshest ones the fastest. Pure, but for the look."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.clock import Clock
from core.errors import KnownError
from core.health.model import CopyFacts
from core.paths import Home
from core.store.home import open_to_look

SAME_AGE = timedelta(hours=1)
"""Copies of one run end a little after each other; they are equally fresh."""


def rates(home: Home, clock: Clock, system: str) -> dict[str, float]:
    """Bytes a second with which data last came back, by destination; empty where never measured."""
    with contextlib.suppress(KnownError):
        if home.database.exists():
            with contextlib.closing(open_to_look(home.database, clock)) as store:
                return {one.destination: one.rate for one in store.paces() if one.system == system}
    return {}


def best_copy(copies: Sequence[CopyFacts], measured: Mapping[str, float]) -> str:
    """The destination to take unless a person says else, '' when none can be reached.

    Of those that are as fresh as the freshest the one measured fastest; without a measurement a
    disk comes before a NAS, a NAS before a cloud.
    """
    there = [copy for copy in copies if copy.reachable and copy.copied is not None]
    newest = max((copy.copied for copy in there if copy.copied), default=None)
    if newest is None:
        return ""
    fresh = [copy for copy in there if copy.copied and newest - copy.copied <= SAME_AGE]
    order = ("disk", "nas", "cloud")
    best = min(
        fresh,
        key=lambda copy: (-measured.get(copy.destination, 0.0), order.index(copy.medium)),
    )
    return best.destination


def expected_time(size_bytes: int, bytes_per_second: float | None) -> timedelta | None:
    """How long so many bytes take; None where nothing was measured."""
    if not bytes_per_second or not size_bytes:
        return None
    return timedelta(seconds=size_bytes / bytes_per_second)
