"""`prune` as it is typed."""

from __future__ import annotations

from pathlib import Path

from core.errors import Code, Exit
from tests.engine import handreader
from tests.engine.stage import Shop, events, make_shop, only, refusal, states_at

KEEP = "keep = { daily = 1 }\n"


def busy(root: Path, disks: tuple[str, ...] = ("platte",)) -> Shop:
    """Five states of one day at each disk."""
    shop = make_shop(root, disks=disks)
    shop.write_plan(more=KEEP)
    for number in range(5):
        (shop.source / "kasse.txt").write_text(f"Stand {number}" * 100)
        shop.day()
    return shop


def tree(shop: Shop) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in shop.copy().rglob("*") if p.is_file()}


def test_a_dry_run_says_why_and_changes_nothing(tmp_path: Path) -> None:
    shop = busy(tmp_path)
    before = tree(shop)
    said = only(events(shop.run("prune", "--dry-run"), "pruned"))
    assert tree(shop) == before
    assert [state["stays"] for state in said["states"]] == [False] * 2 + [True] * 3
    assert said["states"][0]["why"] == ["no_period"]
    assert said["states"][4]["why"] == ["newest", "day"]
    assert said["freed"] > 0
    assert said["run"] is None


def test_cleaned_up_restored_and_verified(tmp_path: Path) -> None:
    shop = busy(tmp_path)
    done = only(events(shop.run("prune"), "pruned"))
    assert len(states_at(shop.copy())) == 3 + 1  # and the record of the clean-up
    shop.run("verify", "--full")
    assert shop.differences(3, 4, 5, by=("program", "script")) == []
    shop.run("prune", rc=Exit.NOTHING_DONE)
    into = tmp_path / "von-hand"
    said = handreader.run_script(shop.copy(), "4", str(into))
    assert "Hinweis" not in said  # the clean-up record vouches for what the dropped ones named
    listed = [state.number for state in handreader.list_states(shop.copy())]
    assert listed == [3, 4, 5]
    number = int(shop.day()["platte"]["run"].split("-")[0])
    assert number == int(done["run"].split("-")[0]) + 1


def test_a_bare_pc_after_a_clean_up(tmp_path: Path) -> None:
    shop = busy(tmp_path)
    shop.run("prune")
    bare = tmp_path / "neuer-pc"
    shop.run("adopt", shop.disks["platte"], home=bare)
    shop.run("verify", "--full", home=bare)
    refusal(shop.run("prune", home=bare, rc=Exit.DESTINATION_REFUSED), Code.DESTINATION_WRITER)
    shop.run("adopt", shop.disks["platte"], "--take-over", home=bare)
    shop.run("prune", home=bare, rc=Exit.NOTHING_DONE)


def test_what_stops_a_clean_up_is_said_and_can_be_given_up(tmp_path: Path) -> None:
    shop = busy(tmp_path)
    listed = shop.copy() / "staende" / f"{shop.runs[4]}.liste.gz"
    listed.write_bytes(listed.read_bytes()[:-3])
    error = refusal(shop.run("prune", rc=Exit.INTEGRITY), Code.PRUNE_STOPPED)
    assert error["params"]["state"] == shop.runs[4]
    assert len(states_at(shop.copy())) == 5
    shop.run("prune", "laden", "--to", "platte", "--give-up", "4")
    shop.run("verify", "--full")
    assert shop.differences(2, 3, 5) == []


def test_mistakes_in_the_call(tmp_path: Path) -> None:
    shop = busy(tmp_path, ("platte", "zweite"))
    refusal(shop.run("prune", "--give-up", "1", rc=Exit.USAGE), Code.GIVE_UP_WHERE)
    wish = ("prune", "--to", "platte", "--give-up", "77")
    refusal(shop.run(*wish, rc=Exit.NOT_FOUND), Code.STATE_NOT_FOUND)
    refusal(shop.run("prune", "--to", "keines", rc=Exit.NOT_FOUND), Code.DESTINATION_UNKNOWN)


def test_a_copy_that_was_never_made(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop.run("prune", rc=Exit.NOTHING_DONE)
    assert not list(shop.disks["platte"].iterdir())
