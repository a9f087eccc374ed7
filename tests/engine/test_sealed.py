"""Encrypted copies: unreadable without the lines, restored with them, by program and by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Code, Exit
from core.secrets.recovery import checksum_line, new_pair
from tests.engine.stage import BOTH, By, Event, Shop, events, make_shop, only, refusal
from tests.support import cli, keys
from tests.support.trees import compare, hostile_tree, snapshot


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = make_shop(tmp_path_factory.mktemp("tresor"), layout="sealed")
    hostile_tree(shop.source)
    shop.day()
    return shop


@pytest.mark.parametrize("by", BOTH)
def test_every_name_kind_and_attribute_comes_back(hostile: Shop, by: By) -> None:
    assert hostile.differences(1, by=by) == []


def test_a_tree_in_a_vault(tmp_path: Path) -> None:
    """Who wants files of their own in there has them; large ones as at any tree."""
    shop = make_shop(tmp_path, layout="sealed-tree")
    hostile_tree(shop.source)
    shop.day()
    assert shop.differences(1, by=BOTH) == []
    shop.run("verify", "--full")


# ------------------------------------------------------------------ on a PC that knows nothing


def _adopt(shop: Shop, home: Path, *typed: str, rc: int = 0) -> list[Event]:
    """Type the sheet into a PC that knows nothing."""
    done = cli.run(
        "--json",
        "adopt",
        shop.copy(),
        home=home,
        env=keys.ENV,
        stdin="\n".join(typed) + "\n",
        check=False,
    )
    assert done.rc == rc, f"{done.rc}\n{done.stdout}\n{done.stderr}"
    return done.lines


def test_the_sheet_opens_a_copy_on_a_pc_that_knows_nothing(hostile: Shop, tmp_path: Path) -> None:
    """Plan and proofs are back, the lines are kept, and everything restores byte for byte."""
    assert hostile.pair is not None
    home = tmp_path / "leer"
    said = _adopt(
        hostile, home, hostile.pair.password, hostile.pair.salt, checksum_line(hostile.pair)
    )
    adopted = only(events(said, "adopted"))
    assert (adopted["states"], adopted["plan"], adopted["writer"]) == (1, "restored", False)
    assert only(events(said, "key"))["name"] == "tresor.key"
    into = tmp_path / "zurück"
    hostile.restore(into, home=home, keep_links=True)
    assert compare(hostile.days[1]["shop"], snapshot(into / "shop", with_root=True)) == []


@pytest.mark.parametrize("case", ["nothing", "slip", "other sheet"])
def test_wrong_lines_open_nothing_and_say_why(hostile: Shop, tmp_path: Path, case: str) -> None:
    pair = hostile.pair
    assert pair is not None
    if case == "nothing":
        refusal(_adopt(hostile, tmp_path, rc=Exit.SECRET_PROBLEM), Code.KEY_MISSING)
    elif case == "slip":
        other = "2" if pair.password[0] != "2" else "3"
        typed = (other + pair.password[1:], pair.salt, checksum_line(pair))
        refusal(_adopt(hostile, tmp_path, *typed, rc=Exit.SECRET_PROBLEM), Code.KEY_MISTYPED)
    else:
        wrong = new_pair()
        typed = (wrong.password, wrong.salt, checksum_line(wrong))
        refusal(_adopt(hostile, tmp_path, *typed, rc=Exit.SECRET_PROBLEM), Code.KEY_WRONG)
    assert not (tmp_path / "config/plan.toml").exists()
