"""Encrypted copies on a PC that knows nothing: the sheet is typed, plan and states are back."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Code, Exit
from core.secrets.recovery import checksum_line, new_pair
from tests.engine.stage import Event, Shop, events, make_shop, only, refusal
from tests.support import cli, keys
from tests.support.trees import compare, hostile_tree, snapshot


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = make_shop(tmp_path_factory.mktemp("tresor"), layout="sealed")
    hostile_tree(shop.source)
    shop.day()
    return shop


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


def test_each_sheet_opens_its_own_vault(tmp_path: Path) -> None:
    """After a rotation two vaults lie side by side; also where the plain note was taken away."""
    shop = make_shop(tmp_path / "laden", layout="sealed")
    old = shop.pair
    assert old is not None
    (shop.source / "alt.txt").write_text("alt")
    shop.day()
    first = shop.days[1]
    shop.run("key", "rotate")
    new = keys.get_pair(shop.home)
    (shop.source / "neu.txt").write_text("neu")
    shop.day()
    (shop.copy() / "offen.json").unlink()
    for pair, expected in ((old, first), (new, shop.days[1])):
        home = tmp_path / f"leer-{pair.mark}"
        _adopt(shop, home, pair.password, pair.salt, checksum_line(pair))
        into = tmp_path / f"zurück-{pair.mark}"
        shop.restore(into, home=home)
        assert compare(expected["shop"], snapshot(into / "shop", with_root=True)) == []
