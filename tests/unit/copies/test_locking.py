"""Lanes of a home: who keeps whom out."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import pytest

from core.copies.locking import at_the_door, is_worked_in, lane_of, locked, nobody_at
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.locations import AccountLocation, LocalLocation, Location
from core.plan.model import Destination
from tests.support.fixed_clock import FixedClock


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "c", tmp_path / "s", tmp_path / "x")


def gets_in(home: Home, lanes: Collection[str] | None) -> bool:
    try:
        with locked(home, FixedClock(), lanes):
            return True
    except KnownError as error:
        if error.code is not Code.HOME_LOCKED:
            raise
        return False


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (["a"], ["b"], True),
        (["a"], ["a"], False),
        (["a", "b"], ["b", "c"], False),
        (["a"], [], True),  # touches no copy
        (["a"], None, False),
        ([], None, True),
        (None, ["a"], False),
        (None, [], False),
        (None, None, False),
    ],
)
def test_who_can_work_together(
    home: Home, one: list[str] | None, other: list[str] | None, *, together: bool
) -> None:
    with locked(home, FixedClock(), one):
        assert gets_in(home, other) is together
        assert gets_in(home, other) is together  # and whoever failed let go of everything
    assert gets_in(home, other)


def test_who_fails_halfway_keeps_nothing(home: Home) -> None:
    with locked(home, FixedClock(), ["b"]):
        assert not gets_in(home, ["a", "b", "c"])
        assert gets_in(home, ["a", "c"])
        assert not gets_in(home, None)
        assert gets_in(home, ["a"])


def test_a_moment_in_which_nobody_works(home: Home) -> None:
    with nobody_at(home, ["a"]):
        pass
    with locked(home, FixedClock(), ["a"]):
        with nobody_at(home, ["b"]):
            pass
        with pytest.raises(KnownError), nobody_at(home, ["b", "a"]):
            pass
    with locked(home, FixedClock()), pytest.raises(KnownError), nobody_at(home, ["b"]):
        pass


def test_whether_somebody_works(home: Home) -> None:
    assert not is_worked_in(home)
    assert not home.state.exists()
    with locked(home, FixedClock(), ["a"]):
        assert is_worked_in(home)
    assert not is_worked_in(home)
    with locked(home, FixedClock()):
        assert is_worked_in(home)
    assert not is_worked_in(home)


def test_the_door_is_left_after_a_mistake(home: Home) -> None:
    home.make()
    with contextlib.suppress(ZeroDivisionError), at_the_door(home):
        raise ZeroDivisionError
    assert gets_in(home, None)


def test_destinations_of_one_account_share_a_lane() -> None:
    def at(id: str, location: Location) -> str:
        return lane_of(Destination(id=id, name=id, location=location))

    onedrive = AccountLocation(kind="onedrive", account="buero", path="a")
    other = AccountLocation(kind="onedrive", account="buero", path="b")
    assert at("eins", onedrive) == at("zwei", other) == "@buero"
    assert at("buero", LocalLocation(path=Path("/m"))) == "buero"
