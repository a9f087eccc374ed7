"""Who may write is bound to home and machine: a clone or an old PC must notice that it is one."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

import pytest

from core.copies.opening import writer
from core.copies.opening.writer import find_writer, machine_id, new_writer
from core.errors import Code, KnownError
from core.paths import Home


def home_at(place: Path) -> Home:
    home = Home(place / "config", place / "state", place / "cache")
    home.make()
    return home


def test_the_first_look_makes_an_identity(tmp_path: Path) -> None:
    found = find_writer(home_at(tmp_path), "pc-1")
    assert re.fullmatch(r"[0-9a-f]{16}", found.id)
    assert found.at_home
    assert found.computer


def test_it_stays_the_same(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    assert find_writer(home, "pc-1") == find_writer(home, "pc-1")


def test_two_homes_are_two_writers(tmp_path: Path) -> None:
    ids = {find_writer(home_at(tmp_path / str(n)), "pc-1").id for n in range(5)}
    assert len(ids) == 5


def test_on_another_machine_it_is_not_at_home(tmp_path: Path) -> None:
    """A cloned disk or a restored virtual machine."""
    home = home_at(tmp_path)
    first = find_writer(home, "pc-1")
    second = find_writer(home, "pc-2")
    assert (second.id, second.at_home) == (first.id, False)
    assert find_writer(home, "pc-1").at_home


def test_a_copied_home_is_not_at_home(tmp_path: Path) -> None:
    first = find_writer(home_at(tmp_path / "a"), "pc-1")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    second = find_writer(home_at(tmp_path / "b"), "pc-1")
    assert (second.id, second.at_home) == (first.id, False)


def test_a_home_reached_by_another_path_is_the_same(tmp_path: Path) -> None:
    first = find_writer(home_at(tmp_path / "a"), "pc-1")
    (tmp_path / "verweis").symlink_to(tmp_path / "a")
    assert find_writer(home_at(tmp_path / "verweis"), "pc-1") == first


def test_taking_over_is_a_new_identity(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    first = find_writer(home, "pc-1")
    second = new_writer(home, "pc-2")
    assert second.id != first.id
    assert find_writer(home, "pc-2") == second


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"\xff\xfe", b"[]", b'{"id":1,"bound_to":""}', b"\0" * 9]
)
def test_a_broken_file_is_replaced(tmp_path: Path, junk: bytes) -> None:
    """Then it is a stranger to its copies: it may read, and a person says who writes."""
    home = home_at(tmp_path)
    first = find_writer(home, "pc-1")
    (home.state / "schreiber.json").write_bytes(junk)
    second = find_writer(home, "pc-1")
    assert second.id != first.id
    assert find_writer(home, "pc-1") == second


def test_a_home_that_refuses_is_named(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    (home.state / "schreiber.neu").mkdir()
    with pytest.raises(KnownError) as caught:
        find_writer(home, "pc-1")
    assert caught.value.code is Code.HOME_UNUSABLE


def test_this_machine_has_an_id_that_stays() -> None:
    assert machine_id() == machine_id()


def test_a_machine_without_any_id_still_has_a_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python then makes a number up at each start; a writer must not change with it."""
    monkeypatch.setattr(writer, "machine_id", lambda: "")
    home = home_at(tmp_path)
    assert find_writer(home).at_home
    assert find_writer(home) == find_writer(home)


def test_the_machine_id_of_the_system_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self: "abc123\n")
    assert machine_id() == "abc123"


def test_without_one_the_network_card_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.setattr(uuid, "getnode", lambda: 0x001122334455)
    assert machine_id() == "001122334455"
    monkeypatch.setattr(uuid, "getnode", lambda: 1 << 40)
    assert machine_id() == ""
