"""Records, lists and `inhalt` files that rot: each costs what only it could say, and nothing else.

On a bare PC every other state restores; the PC that writes puts right what it still knows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.copies.format import documents
from core.copies.format.documents import Vault
from core.destinations.local import LocalFolder
from core.errors import Code, Exit
from tests.engine import handreader
from tests.engine.forging import ask, facts_of
from tests.engine.handmade import two_lines
from tests.engine.stage import BOTH, Shop, make_shop, states_at
from tests.support.trees import mutate, shop_tree

SEED = 7

Damage = Callable[[Path], None]


def flip(path: Path) -> None:
    """One bit, in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    """Half of it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def gone(path: Path) -> None:
    """All of it."""
    path.unlink()


DAMAGES: list[Damage] = [flip, cut, gone]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Three days and one on which nothing changed; each day takes something away again."""
    shop = make_shop(tmp_path_factory.mktemp("vorlage") / "laden")
    shop_tree(shop.source, seed=SEED, files=16)
    shop.day()
    for day in (2, 3):
        mutate(shop.source, seed=SEED, day=day)
        (shop.source / f"tag{day}.txt").write_text(f"Tag {day}")
        if day == 3:
            (shop.source / "tag2.txt").unlink()
        shop.day()
    shop.day()
    for name in ("medien", "home"):
        shutil.copytree(shop.root / name, shop.root.parent / name, symlinks=True)
    return shop


@pytest.fixture
def shop(model: Shop) -> Shop:
    """The model as it was, to be damaged; a home that is moved would not be the writer's."""
    for name in ("medien", "home", "ziel"):
        shutil.rmtree(model.root / name, ignore_errors=True)
    for name in ("medien", "home"):
        shutil.copytree(model.root.parent / name, model.root / name, symlinks=True)
    return replace(model, days=dict(model.days), runs=dict(model.runs))


def forget(shop: Shop) -> None:
    """A PC that knows its plan and nothing else."""
    shutil.rmtree(shop.home)
    shop.write_plan()


def record(shop: Shop, number: int) -> Path:
    """The record of a day."""
    return shop.copy() / "staende" / f"{shop.runs[number]}.json"


def contents(shop: Shop, number: int) -> Path:
    """The `inhalt` of a day."""
    return shop.copy() / "daten" / shop.runs[number] / "inhalt.tsv.gz"


# ------------------------------------------------------------------ a bare PC


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_rotten_record_costs_its_own_state_only(shop: Shop, number: int, damage: Damage) -> None:
    forget(shop)
    damage(record(shop, number))
    others = sorted(set(shop.days) - {number})
    assert shop.differences(*others, by=BOTH) == []


@pytest.mark.parametrize("damage", [flip, gone])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_verify_names_the_record_and_calls_no_content_lost(
    shop: Shop, number: int, damage: Damage
) -> None:
    forget(shop)
    damage(record(shop, number))
    said = ask(shop.home, "verify", "--full")
    assert said.exit == Exit.INTEGRITY
    verdict = said.said("verified")
    assert [item["path"] for item in verdict["damage"]] == [f"staende/{shop.runs[number]}.json"]
    assert [(item["run"], item["path"]) for item in verdict["affected"]] == [
        (shop.runs[number], "")
    ]


def test_damage_below_a_rotten_record_is_named_too(shop: Shop) -> None:
    """Objects that only an unvouched `inhalt` names are looked at like all others."""
    forget(shop)
    flip(record(shop, 1))
    path = shop.copy() / "daten" / shop.runs[1] / "shop/Daten/kunden.csv"
    path.unlink()
    verdict = ask(shop.home, "verify").said("verified")
    assert {item["kind"] for item in verdict["damage"]} == {"record", "object_missing"}
    # It was renamed every day, so each later state has it under a name of its own.
    assert [item["path"].endswith("kunden.csv") for item in verdict["affected"][1:]] == [True] * 3


def test_a_pc_that_takes_over_names_again_what_the_record_named(shop: Shop) -> None:
    """Then the copy is whole for every reader, also for one that believes only vouched files."""
    shutil.rmtree(shop.home)
    flip(record(shop, 1))
    assert ask(shop.home, "adopt", shop.copy(), "--take-over").exit == Exit.OK
    done = ask(shop.home, "backup")
    assert done.said("result")["damaged"] == [f"staende/{shop.runs[1]}.json"]
    assert done.exit == Exit.PARTLY
    assert done.said("result")["new_objects"] <= 2  # plan and proofs; nothing is sent again
    into = shop.root / "ziel"
    text = handreader.run_script(shop.copy(), "neuester", str(into))
    assert "bürgt kein" not in text
    assert shop.differences(2, 3, 4, by=BOTH) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_rotten_inhalt_costs_a_bare_pc_time_only(shop: Shop, damage: Damage) -> None:
    """The program reads the objects themselves: in a tree each is a content."""
    forget(shop)
    damage(contents(shop, 1))
    assert shop.differences(1, 2, 3, 4) == []


# ------------------------------------------------------------------ the PC that writes


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("looked", [True, False], ids=["verified", "unseen"])
def test_the_writer_puts_a_record_back(
    shop: Shop, number: int, damage: Damage, looked: bool
) -> None:
    path = record(shop, number)
    before = path.read_bytes()
    damage(path)
    if looked:
        assert ask(shop.home, "verify").exit == Exit.INTEGRITY
    elif damage is flip and number != 4:
        pytest.skip("of its size, only a verification tells")
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert any(line.get("note") == "record_put_back" for line in done.lines)
    assert path.read_bytes() == before
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK


def test_a_record_whose_list_went_too_is_not_put_back(shop: Shop) -> None:
    """Somebody put the copy back to yesterday: the record would promise what is not there."""
    record(shop, 2).unlink()
    (shop.copy() / "staende" / f"{shop.runs[2]}.liste.gz").unlink()
    done = ask(shop.home, "backup")
    assert done.exit == Exit.PARTLY
    assert not record(shop, 2).exists()
    assert shop.differences(1, 3, 4, by=BOTH) == []


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [1, 2])
def test_the_writer_writes_an_inhalt_anew(shop: Shop, number: int, damage: Damage) -> None:
    """Also what is not in the shop any more is there again: the objects never were damaged."""
    damage(contents(shop, number))
    if damage is flip:
        assert ask(shop.home, "verify").exit == Exit.INTEGRITY
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK
    forget(shop)
    assert ask(shop.home, "verify", "--full").exit == Exit.OK
    assert shop.differences(1, 2, by=BOTH) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_pc_that_knows_nothing_reads_the_objects_themselves(shop: Shop, damage: Damage) -> None:
    shutil.rmtree(shop.home)
    damage(contents(shop, 1))
    assert ask(shop.home, "adopt", shop.copy(), "--take-over").exit == Exit.OK
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_list_is_told_in_every_run(shop: Shop, damage: Damage) -> None:
    path = shop.copy() / "staende" / f"{shop.runs[2]}.liste.gz"
    damage(path)
    if damage is flip:
        assert ask(shop.home, "verify").exit == Exit.INTEGRITY
    for _ in range(2):
        done = ask(shop.home, "backup")
        assert done.exit == Exit.PARTLY, done.text
        assert done.said("result")["damaged"] == [f"staende/{path.name}"]
    assert shop.differences(1, 3, 4, by=BOTH) == []


def test_a_lost_list_is_not_named_by_the_next_record(shop: Shop) -> None:
    """Nothing changed, so the next state would have been one of this list."""
    (shop.copy() / "staende" / f"{shop.runs[3]}.liste.gz").unlink()
    done = ask(shop.home, "backup")
    assert done.exit == Exit.PARTLY
    newest = states_at(shop.copy())[-1]
    assert (shop.copy() / "staende" / f"{newest}.liste.gz").exists()
    assert shop.differences(1, 2, by=BOTH) == []
    assert shop.differences(4, at=newest) == []


def test_what_was_put_right_by_hand_is_believed_again(shop: Shop) -> None:
    path = record(shop, 2)
    before = path.read_bytes()
    flip(path)
    shutil.rmtree(shop.home / "state" / "kopien")
    assert ask(shop.home, "backup").exit == Exit.PARTLY
    assert ask(shop.home, "backup").exit == Exit.PARTLY
    path.write_bytes(before)
    assert ask(shop.home, "backup").exit == Exit.OK
    assert ask(shop.home, "verify").exit == Exit.OK


# ------------------------------------------------------------------ the markers


def torn(path: Path) -> None:
    """A few bytes of something else."""
    path.write_bytes(b"\x00" * 100)


@pytest.mark.parametrize("damage", [flip, torn, gone])
@pytest.mark.parametrize("known", [True, False], ids=["the writer", "a bare PC"])
def test_a_rotten_marker_is_for_a_person_to_judge(shop: Shop, damage: Damage, known: bool) -> None:
    """A backup never writes where nothing says whose copy it is; `adopt --take-over` is a word."""
    path = shop.copy() / "tresor.json"
    before = path.read_bytes()
    damage(path)
    if known:
        done = ask(shop.home, "backup")
        assert (done.exit, done.code) == (Exit.INTEGRITY, Code.COPY_MARKER_DAMAGED)
    else:
        shutil.rmtree(shop.home)
        assert ask(shop.home, "adopt", shop.copy()).exit == Exit.OK
    assert not path.exists() or path.read_bytes() != before
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "adopt", shop.copy(), "--take-over").exit == Exit.OK
    said, was = (documents.unseal(data, Vault)[0] for data in (path.read_bytes(), before))
    assert replace_created(said) == replace_created(was)
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK


def replace_created(vault: Vault) -> Vault:
    """All that records tell of a copy; when it was laid out they do not know to the second."""
    return msgspec.structs.replace(vault, created="")


def test_records_of_two_copies_make_no_marker(shop: Shop) -> None:
    (shop.copy() / "tresor.json").unlink()
    path = record(shop, 2)
    path.write_bytes(two_lines(facts_of(path) | {"tresor": "0" * 32}))
    done = ask(shop.home, "adopt", shop.copy(), "--take-over")
    assert (done.exit, done.code) == (Exit.INTEGRITY, Code.COPY_HOSTILE)
    assert not (shop.copy() / "tresor.json").exists()


@pytest.mark.parametrize("damage", [flip, torn])
@pytest.mark.parametrize("known", [True, False], ids=["the writer", "a bare PC"])
def test_a_rotten_claim_is_superseded_by_a_person(shop: Shop, damage: Damage, known: bool) -> None:
    (path,) = (shop.copy() / "schreiber").iterdir()
    damage(path)
    if known:
        done = ask(shop.home, "backup")
        assert (done.exit, done.code) == (Exit.INTEGRITY, Code.COPY_MARKER_DAMAGED)
    else:
        shutil.rmtree(shop.home)
        assert ask(shop.home, "adopt", shop.copy()).said("adopted")["writer"] is False
    assert ask(shop.home, "adopt", shop.copy(), "--take-over").said("adopted")["writer"] is True
    assert [name.name[:4] for name in sorted(path.parent.iterdir())] == ["0001", "0002"]
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert ask(shop.home, "verify", "--full").exit == Exit.OK


# ------------------------------------------------------------------ while it is being put right


class Pulled(BaseException):
    """The plug, in the middle of a run."""


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_run_that_ends_while_mending_is_mended_by_the_next(
    shop: Shop, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the removal of what is rotten and the new file there is a moment with neither."""
    cut(record(shop, 2))
    cut(contents(shop, 1))
    left = [moment]

    def dying(action: Callable[..., object]) -> Callable[..., object]:
        def instead(*args: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Pulled
            return action(*args, **more)

        return instead

    with monkeypatch.context() as patch:
        for name in ("remove", "writer", "barrier", "create"):
            patch.setattr(LocalFolder, name, dying(getattr(LocalFolder, name)))
        with pytest.raises(Pulled):
            ask(shop.home, "backup")
    done = ask(shop.home, "backup")
    assert done.exit == Exit.OK, done.text
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK
