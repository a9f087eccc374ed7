"""Encrypted copies: unreadable without the lines, restored with them, by program and by hand.

And what may be wrong with lines and vaults: each is named for what it is, nothing is written, and
what is still in the shop heals with the next run (issue 3, "Must hold" 3).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from core.copies.opening.sealed import vault_folder
from core.errors import Code, Exit
from core.secrets.recovery import Pair, new_pair
from tests.engine.stage import (
    BOTH,
    By,
    Event,
    Shop,
    events,
    exit_of,
    make_shop,
    only,
    refusal,
)
from tests.support import cli, keys
from tests.support.disks import MIB
from tests.support.trees import hostile_tree, mutate, shop_tree

BLOCK = 64 * 1024 + 16
"""One block of rclone crypt; the header before the first one has 32 bytes."""


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


def test_nothing_of_the_shop_is_seen_from_outside(hostile: Shop) -> None:
    """The vault's name is the mark of its sheet; system and destination stand in plain."""
    names = {path.name for path in hostile.copy().iterdir()}
    assert hostile.pair is not None
    assert names == {"LIESMICH.txt", "offen.json", vault_folder(hostile.pair)}


# ------------------------------------------------------------------ wrong lines, wrong vaults


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with one encrypted state, and work done since."""
    made = make_shop(tmp_path, layout="sealed")
    shop_tree(made.source, files=16)
    made.day()
    mutate(made.source, seed=1, day=1)
    return made


def vault(shop: Shop) -> Path:
    """The folder that the shop's pair opens."""
    assert shop.pair is not None
    return shop.copy() / vault_folder(shop.pair)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def fails(shop: Shop, code: Code, *args: str) -> Event:
    """Back up in vain; nothing was written there."""
    before = tree(shop.disks["platte"])
    error = refusal(shop.run(*(args or ("backup",)), rc=exit_of(code)), code)
    assert tree(shop.disks["platte"]) == before
    return error


def heals(shop: Shop) -> None:
    """The next run makes a state, and every state so far comes back."""
    shop.day()
    assert shop.differences(*shop.days) == []


def wrong_line(pair: Pair) -> Pair:
    return Pair(pair.password, new_pair().salt)


def swapped_lines(pair: Pair) -> Pair:
    return Pair(pair.salt, pair.password)


@pytest.mark.parametrize("wrong", [wrong_line, swapped_lines])
def test_wrong_lines(shop: Shop, wrong: Callable[[Pair], Pair]) -> None:
    assert shop.pair is not None
    keys.put_pair(shop.home, wrong(shop.pair))
    fails(shop, Code.KEY_WRONG)
    for verb in (("verify", "--full"), ("snapshots",), ("browse", "laden")):
        fails(shop, Code.KEY_WRONG, *verb)
    fails(shop, Code.KEY_WRONG, "restore", "laden", "--into", str(shop.root / "aus"))
    keys.put_pair(shop.home, shop.pair)
    heals(shop)


def test_wrong_lines_in_a_home_that_forgot_all(shop: Shop) -> None:
    """Neither database nor index: still no second vault beside the one we cannot open."""
    assert shop.pair is not None
    shutil.rmtree(shop.home / "state")
    keys.put_pair(shop.home, wrong_line(shop.pair))
    fails(shop, Code.KEY_WRONG)


@pytest.mark.parametrize("left", ["folder", "offen", "nothing"])
def test_an_emptied_vault(shop: Shop, left: str) -> None:
    shutil.move(vault(shop), shop.root / "woanders")
    if left == "folder":
        vault(shop).mkdir()
    if left == "nothing":
        shutil.move(shop.copy(), shop.root / "hülle")
        shop.copy().mkdir()
    fails(shop, Code.DESTINATION_EMPTIED)
    if left == "nothing":
        shop.copy().rmdir()
        shutil.move(shop.root / "hülle", shop.copy())
    shutil.rmtree(vault(shop), ignore_errors=True)
    shutil.move(shop.root / "woanders", vault(shop))
    heals(shop)


def test_another_shops_folder_in_its_place(shop: Shop, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "nachbar", layout="sealed")
    shop_tree(other.source, seed=2, files=16)
    other.day()
    shop.copy().rename(tmp_path / "unsere")
    other.copy().rename(shop.copy())
    fails(shop, Code.DESTINATION_FOREIGN)
    (shop.copy() / "offen.json").unlink()  # from the vault alone it is one that we cannot open
    fails(shop, Code.KEY_WRONG)
    shutil.rmtree(shop.copy())
    (tmp_path / "unsere").rename(shop.copy())
    heals(shop)


def test_another_shops_vault_with_the_same_lines(shop: Shop, tmp_path: Path) -> None:
    """Two shops that share a sheet, or a copy that was set up anew by another PC."""
    other = make_shop(tmp_path / "nachbar", layout="sealed")
    other.pair = keys.put_pair(other.home, shop.pair)
    shop_tree(other.source, seed=2, files=16)
    other.day()
    shop.copy().rename(tmp_path / "unsere")
    other.copy().rename(shop.copy())
    fails(shop, Code.DESTINATION_FOREIGN)
    (shop.copy() / "offen.json").unlink()
    fails(shop, Code.DESTINATION_FOREIGN)


@pytest.mark.parametrize("harm", ["torn", "gone"])
def test_the_plain_note_only_informs(shop: Shop, harm: str) -> None:
    """And the next run writes it anew."""
    note = shop.copy() / "offen.json"
    whole = note.read_bytes()
    note.unlink()
    if harm == "torn":
        note.write_bytes(whole[: len(whole) // 2])
    heals(shop)
    assert note.read_bytes() == whole


# ------------------------------------------------------------------ plain or encrypted, for ever


def test_a_plain_plan_on_an_encrypted_copy(shop: Shop) -> None:
    shop.layouts["platte"] = "bundled"
    shop.write_plan()
    fails(shop, Code.COPY_IS_ENCRYPTED)
    shop.layouts["platte"] = "sealed"
    shop.write_plan()
    heals(shop)


def test_an_encrypted_plan_on_a_plain_copy(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, layout="bundled")
    shop_tree(shop.source, files=16)
    shop.day()
    shop.seal("platte")
    fails(shop, Code.COPY_NOT_ENCRYPTED)
    shop.layouts["platte"] = "bundled"
    shop.write_plan()
    heals(shop)


# ------------------------------------------------------------------ a new pair


def rotate(shop: Shop) -> Pair:
    """A new pair; the one so far, which keeps opening what it opened."""
    old = shop.pair
    assert old is not None
    shop.run("key", "rotate")
    shop.pair = keys.get_pair(shop.home)
    assert shop.pair != old
    return old


def test_a_new_pair_begins_a_new_folder_and_the_old_sheet_opens_the_old_one(
    shop: Shop, tmp_path: Path
) -> None:
    before = tree(vault(shop))
    old = rotate(shop)
    # Until the next run the copy is what it was, and is read with the former pair.
    assert shop.differences(1) == []
    assert len(events(shop.run("snapshots"), "state") or shop.run("snapshots")) > 0
    first = shop.days.pop(1)
    shop.day()
    assert set(shop.days) == {1}  # a copy of its own
    assert shop.differences(1, by=BOTH) == []
    assert tree(shop.copy() / vault_folder(old)) == before
    opened = tmp_path / "alt"
    keys.open_by_hand(shop.copy(), old, opened)
    assert (opened / "tresor.json").exists()
    mutate(shop.source, seed=1, day=2)
    heals(shop)
    # Whoever holds the old sheet still gets what was stored until then.
    keys.put_pair(shop.home, old)
    shop.pair = old
    shop.days = {1: first}
    assert shop.differences(1) == []


def test_the_sheet_of_a_new_pair_names_its_folder(shop: Shop) -> None:
    rotate(shop)
    (said,) = events(shop.run("key", "show", "--text"), "sheet")
    assert str(vault(shop)) in said["text"]


def test_what_was_rotated_away_and_emptied_is_told_apart(shop: Shop) -> None:
    rotate(shop)
    shop.day()
    shutil.rmtree(vault(shop))
    fails(shop, Code.DESTINATION_EMPTIED)


def test_rotated_by_a_home_that_forgot_all(shop: Shop) -> None:
    """The pairs are enough to see that the vault there is an old one of ours."""
    rotate(shop)
    shutil.rmtree(shop.home / "state" / "kopien")
    (shop.home / "state" / "ladentresor.db").unlink()
    shop.days.clear()
    heals(shop)


# ------------------------------------------------------------------ what rots in a vault


def objects(shop: Shop) -> list[Path]:
    """The two largest files of the vault: bundles of the first run."""
    found = sorted(
        (p for p in vault(shop).rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    return found[-2:]


def cut(shop: Shop) -> None:
    path = objects(shop)[-1]
    data = path.read_bytes()
    path.write_bytes(data[: 32 + 3 * BLOCK])


def swap(shop: Shop) -> None:
    one, other = objects(shop)
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def flip(shop: Shop) -> None:
    path = objects(shop)[-1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def lose(shop: Shop) -> None:
    objects(shop)[-1].unlink()


@pytest.mark.parametrize("harm", [cut, swap, flip, lose])
def test_a_rotten_vault_is_named_and_healed(tmp_path: Path, harm: Callable[[Shop], None]) -> None:
    shop = make_shop(tmp_path, layout="sealed")
    shop_tree(shop.source, files=16)
    for number in range(2):
        (shop.source / f"bild {number}.tif").write_bytes(Random(number).randbytes(20 * MIB))
    shop.day()
    harm(shop)
    said = only(events(shop.run("verify", "--full", rc=exit_of(Code.COPY_DAMAGED)), "verified"))
    assert said["sound"] is False
    assert said["affected_files"] > 0
    heals(shop)
    assert shop.differences(1, by="script") == []
    shop.run("verify", "--full")


def test_how_things_stand_is_seen_with_a_locked_keyring(shop: Shop) -> None:
    """What was copied when is no secret; only the sheets cannot be told."""
    closed = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    done = cli.run("--json", "status", home=shop.home, env=closed, check=False)
    assert done.rc == Exit.SECRET_PROBLEM
    assert [line["destination"] for line in done.lines if "destination" in line] == ["platte"]
    refusal(done.lines, Code.SECRET_STORE_MISSING)
