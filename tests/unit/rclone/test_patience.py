"""Going on after outages: how long, how often, and when not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, KnownError
from core.rclone.patience import TRANSIENT, Patience, asked_for


class World:
    """A clock that only runs while somebody sleeps, and a storage that fails for a while."""

    def __init__(self, until: float, code: Code = Code.REMOTE_UNREACHABLE, cause: str = "") -> None:
        self.time = 0.0
        self.until = until
        self.code = code
        self.cause = cause
        self.tries: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def ask(self) -> str:
        self.tries.append(self.time)
        if self.time < self.until:
            raise KnownError(self.code, destination="nas", path="", cause=self.cause)
        return "da"

    def patience(self, total: float = 900.0, seed: int = 1) -> Patience:
        return Patience(
            total=total,
            sleep=self.sleep,
            now=lambda: self.time,
            spread=random.Random(seed).random,
        )


@given(outage=st.floats(0, 800), seed=st.integers(0, 99))
def test_ten_minutes_of_nothing(outage: float, seed: int) -> None:
    """It goes on soon after the line is back, and knocks seldom meanwhile."""
    world = World(outage)
    assert world.patience(seed=seed).until_done(world.ask, cancelled=lambda: False) == "da"
    assert outage <= world.time <= outage + 60.5
    assert len(world.tries) <= 9 + outage / 30


def test_an_end() -> None:
    world = World(10_000)
    with pytest.raises(KnownError) as caught:
        world.patience(total=300).until_done(world.ask, cancelled=lambda: False)
    assert caught.value.code is Code.REMOTE_UNREACHABLE
    assert 200 < world.time <= 300


@pytest.mark.parametrize("code", [code for code in Code if code not in TRANSIENT])
def test_what_does_not_pass_by_itself(code: Code) -> None:
    world = World(5, code)
    with pytest.raises(KnownError):
        world.patience().until_done(world.ask, cancelled=lambda: False)
    assert world.tries == [0.0]


def test_not_when_it_may_not_be_repeated() -> None:
    world = World(5)
    with pytest.raises(KnownError):
        world.patience().until_done(world.ask, cancelled=lambda: False, may_repeat=lambda: False)
    assert world.tries == [0.0]


def test_cancelled_while_waiting() -> None:
    world = World(600)
    with pytest.raises(KnownError) as caught:
        world.patience().until_done(world.ask, cancelled=lambda: world.time > 20)
    assert caught.value.code is Code.CANCELLED
    assert world.time < 20.5


@given(seed=st.integers(0, 999))
def test_a_storage_that_asks_for_time_gets_it(seed: int) -> None:
    world = World(45, Code.REMOTE_RATE_LIMITED, "429 Too Many Requests: retry after 45s")
    assert world.patience(seed=seed).until_done(world.ask, cancelled=lambda: False) == "da"
    assert len(world.tries) == 2
    assert 45 <= world.tries[1] <= 46.5


def test_nobody_waits_longer_than_the_patience() -> None:
    world = World(9e9, Code.REMOTE_RATE_LIMITED, "retry after 3h")
    with pytest.raises(KnownError):
        world.patience().until_done(world.ask, cancelled=lambda: False)
    assert (world.time, len(world.tries)) == (0.0, 1)


def test_many_do_not_come_back_at_once() -> None:
    waits = {round(World(0).patience(seed=seed).wait_for(5, None), 2) for seed in range(50)}
    assert len(waits) > 40
    assert 8 <= min(waits) <= max(waits) <= 16


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("too many requests: retry after 30s", 30.0),
        ("Retry-After: 120", 120.0),
        ("429: try again in 1m30.5s", 90.5),
        ("trying again in 250ms", 0.25),
        ("retry after 2 seconds", 2.0),
        ("retry after lunch", None),
        ("try again later", None),
        ("", None),
        ("retry after 5parsecs", None),
    ],
)
def test_what_was_asked_for(said: str, seconds: float | None) -> None:
    assert asked_for(said) == seconds
