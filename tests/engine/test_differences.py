"""Many days of small changes: a day's list costs what changed, and every state comes back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.errors import Exit
from tests.engine.forging import (
    DAMAGED,
    GOOD,
    HOSTILE,
    Forge,
    Row,
    ask,
    attack,
    facts_of,
    forge,
    restored,
    to_line,
)
from tests.engine.handmade import Run, reference_to
from tests.engine.stage import (
    BOTH,
    LAYOUTS,
    Layout,
    Shop,
    make_shop,
    states_at,
    wrapper_without_rights,
)
from tests.support.trees import snapshot

FILES = 600
DAYS = 40


def fill(source: Path, files: int = FILES, folders: int = 20) -> None:
    """Folders of small files whose bytes tell where they come from."""
    for number in range(files):
        folder = source / f"Ordner {number % folders:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"Beleg {number:04d}.txt").write_text(f"Beleg {number}")


def change(source: Path, day: int) -> None:
    """A handful of what happens in a shop: changed, new, gone, renamed, file ↔ folder, back."""
    random = Random(day)
    files = sorted(path for path in source.rglob("*") if path.is_file())
    changed, lost, renamed = random.sample(files, 3)
    changed.write_text(f"geändert an Tag {day}")
    lost.unlink()
    renamed.rename(renamed.with_name(f"umbenannt {day}%41.txt"))
    (source / f"Ordner {day % 20:02d}").mkdir(exist_ok=True)
    (source / f"Ordner {day % 20:02d}" / f"neu {day}.txt").write_text(f"neu an Tag {day}")
    swapped = source / "mal so mal so"
    if day % 4 == 0:
        swapped.write_text("heute Datei")
    elif day % 4 == 1:
        swapped.unlink(missing_ok=True)
        swapped.mkdir()
        (swapped / "darin.txt").write_text(f"Tag {day}")
        os.link(swapped / "darin.txt", swapped / "zweiter Name.txt")
    elif swapped.is_dir():
        shutil.rmtree(swapped)
    if day % 7 == 0:
        shutil.rmtree(source / f"Ordner {day % 20:02d}")
    if day % 7 == 3:
        link = source / "Verweis"
        link.unlink(missing_ok=True)
        link.symlink_to(f"Ordner {day % 20:02d}")


def forget(shop: Shop) -> None:
    """The home loses all it knew of its copies."""
    for path in (shop.home / "state").rglob("*@*.db*"):
        path.unlink()


def list_of(shop: Shop, number: int) -> Path:
    """The list that a state names first."""
    return shop.copy() / "staende" / str(record_of(shop, number)["liste"])


def record_of(shop: Shop, number: int) -> dict[str, Any]:
    return facts_of(shop.copy() / "staende" / f"{shop.runs[number]}.json")


@pytest.mark.timeout(600)
@pytest.mark.full
def test_forty_days_of_small_changes(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    fill(shop.source, folders=60)  # else so much goes in two weeks that the gate asks
    shop.day()
    for day in range(2, DAYS + 1):
        change(shop.source, day)
        shop.day()
    records = {day: record_of(shop, day) for day in range(1, DAYS + 1)}
    full = [day for day, facts in records.items() if "gegen" not in facts]
    assert len(full) <= 4
    sizes = {day: list_of(shop, day).stat().st_size for day in records}
    assert sizes[2] < sizes[1] // 15
    assert sum(sizes.values()) < 8 * sizes[1]  # of forty
    for facts in records.values():
        if "gegen" in facts:
            assert facts["liste_zeilen"] * 4 <= facts["gegen"]["zeilen"]
        assert facts["dateien"] == sum(
            entry.kind == "file" for entry in shop.days[int(facts["lauf"][:6])]["shop"].values()
        )
    assert ask(shop.home, "verify", "--full").exit == Exit.OK
    assert shop.differences(*records) == []
    assert shop.differences(*range(2, DAYS + 1, 5), by="script") == []


def test_thirty_differences_lean_on_a_full_list(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    fill(shop.source, 60)
    for day in range(1, 34):
        (shop.source / "Kasse.txt").write_text(f"Tag {day}")
        shop.day()
    full = [day for day in range(1, 34) if "gegen" not in record_of(shop, day)]
    assert full == [1, 32]
    assert shop.differences(1, 31, 32, 33, by=BOTH) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_few_days_in_every_layout(tmp_path: Path, layout: Layout) -> None:
    shop = make_shop(tmp_path, layout=layout)
    fill(shop.source, 120)
    shop.day()
    for day in (2, 3, 4, 5):
        change(shop.source, day)
        shop.day()
    shop.day()  # nothing changed: it names the difference of the day before
    if layout != "sealed":
        assert "gegen" in record_of(shop, 5)
        assert record_of(shop, 6)["liste"] == record_of(shop, 5)["liste"]
        assert record_of(shop, 6)["gegen"] == record_of(shop, 5)["gegen"]
    assert shop.differences(1, 2, 3, 4, 5, 6, by=BOTH) == []
    assert ask(shop.home, "verify", "--full").exit == Exit.OK if layout != "sealed" else True


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Three days: a full list and two differences to it."""
    shop = make_shop(tmp_path)
    fill(shop.source, 120)
    shop.day()
    for day in (2, 3):
        change(shop.source, day)
        shop.day()
    assert ["gegen" in record_of(shop, day) for day in (1, 2, 3)] == [False, True, True]
    return shop


def test_only_one_folder_is_asked_for(shop: Shop) -> None:
    for path in ("shop/Ordner 03", "shop/mal so mal so", "shop/Ordner 02/neu 2.txt"):
        there = shop.source / path.removeprefix("shop/")
        if not there.exists():
            continue
        with shop.brought_back(3, paths=[path]) as into:
            found = {name for name, entry in snapshot(into).items() if entry.kind == "file"}
            wanted = {
                f"{path.split('/')[0]}/{name.decode()}".encode()
                for name, entry in snapshot(shop.source).items()
                if entry.kind == "file" and f"shop/{name.decode()}/".startswith(f"{path}/")
            }
            assert found == wanted


def test_a_folder_that_closes_and_opens_again(shop: Shop) -> None:
    closed = shop.source / "Ordner 11"
    wrapper = wrapper_without_rights()
    for mode, day in ((0, 4), (0, 5), (0o755, 6)):
        closed.chmod(mode)
        (shop.source / f"Tag {day}.txt").write_text("x")
        shop.backup(wrapper=wrapper, rc=0 if mode else int(Exit.PARTLY))
    runs = states_at(shop.copy())
    assert all("gegen" in facts_of(shop.copy() / "staende" / f"{run}.json") for run in runs[3:])
    for run, files in ((runs[4], 0), (runs[5], 5)):
        with shop.brought_back(run) as into:
            assert len(list((into / "shop/Ordner 11").iterdir())) >= files
            assert (into / "shop/Tag 5.txt").exists()
    forget(shop)  # a home that knows nothing learns the same from a difference
    shop.day()
    assert shop.differences(7, by=BOTH) == []


def test_a_home_that_forgot_everything_goes_on(shop: Shop) -> None:
    forget(shop)
    change(shop.source, 4)
    shop.day()
    assert "gegen" not in record_of(shop, 4)  # nobody knows what changed since the full list
    change(shop.source, 5)
    shop.day()
    assert record_of(shop, 5)["gegen"]["name"] == record_of(shop, 4)["liste"]
    assert shop.differences(1, 2, 3, 4, 5, by=BOTH) == []


@pytest.mark.parametrize("damage", ["flip", "gone"])
def test_a_lost_full_list_costs_all_that_lean_on_it_and_the_next_is_full(
    shop: Shop, damage: str
) -> None:
    path = list_of(shop, 1)
    data = path.read_bytes()
    path.unlink()
    if damage == "flip":
        path.write_bytes(data[:90] + bytes([data[90] ^ 1]) + data[91:])
    looked = ask(shop.home, "verify")
    assert looked.exit == Exit.INTEGRITY
    verdict = looked.said("verified")
    assert verdict["damage"] == [{"kind": "list", "path": f"staende/{path.name}"}]
    assert {item["run"] for item in verdict["affected"]} == set(shop.runs.values())
    for state in (1, 2, 3):
        refused = ask(
            shop.home, "restore", "laden", "--into", shop.root / "nein", "--at", str(state)
        )
        assert (refused.exit, refused.code) == (Exit.INTEGRITY, DAMAGED)
    shop.day(rc=int(Exit.PARTLY))  # nothing changed, and yet a full list
    assert "gegen" not in record_of(shop, 4)
    assert record_of(shop, 4)["liste"].startswith("000004-")
    assert shop.differences(4, by=BOTH) == []


def test_a_lost_difference_costs_its_state_only(shop: Shop) -> None:
    list_of(shop, 2).unlink()
    verdict = ask(shop.home, "verify").said("verified")
    assert {item["run"] for item in verdict["affected"]} == {shop.runs[2]}
    change(shop.source, 4)
    shop.day(rc=int(Exit.PARTLY))
    assert record_of(shop, 4)["gegen"]["name"] == record_of(shop, 1)["liste"]
    assert shop.differences(1, 3, 4, by=BOTH) == []


def test_a_large_change_is_a_full_list(shop: Shop) -> None:
    (shop.source / "Ordner 05").rename(shop.source / "Ordner 5")
    for path in sorted((shop.source / "Ordner 06").parent.rglob("Beleg*.txt"))[:60]:
        path.write_text("Inventur")
    shop.day()
    assert "gegen" not in record_of(shop, 4)
    assert shop.differences(1, 2, 3, 4, by=BOTH) == []


# -- differences that mean harm -------------------------------------------------------------------


class Leaning:
    """A forged copy with a second state, whose list is a difference to the first."""

    def __init__(self, base: Path) -> None:
        self.forged: Forge = forge(base)
        forged = self.forged
        self.run: Run = forged.maker.run(2)
        inhalt = forged.run.write_inhalt()
        self.full = forged.run.write_list([to_line(row) for row in forged.rows])
        forged.run.commit(self.full, [inhalt])
        forged.rows = []

    def commit(
        self,
        rows: list[Row],
        *,
        header: str | None = None,
        gegen: Mapping[str, object] | None = None,
    ) -> None:
        facts = self.run.write_list([to_line(row) for row in rows], base=self.full, header=header)
        base = reference_to(self.full) | dict(gegen or {})
        inhalt = self.run.write_inhalt() if self.run.rows else None
        self.run.commit(facts | {"gegen": base}, [inhalt] if inhalt else [])

    def file(self, path: str) -> Row:
        self.forged.file(path)
        return self.forged.rows.pop()


@pytest.fixture
def leaning(tmp_path: Path) -> Leaning:
    return Leaning(tmp_path)


def refused(leaning: Leaning, code: str = HOSTILE, *, verified: bool = True) -> None:
    """Every reader of the newest state refuses by name; verification finds damage."""
    answers = attack(leaning.forged)
    for verb in ("restore", "restore links", "browse"):
        assert (answers[verb].exit, answers[verb].code) == (Exit.INTEGRITY, code), answers[verb]
    assert answers["verify"].exit == (Exit.INTEGRITY if verified else Exit.OK)


def test_a_difference_by_hand_is_read(leaning: Leaning) -> None:
    forged = leaning.forged
    new = leaning.file("shop/neu.csv")
    leaning.commit([new, {"art": "weg", "pfad": "shop/preise.csv"}])
    answers = attack(forged)
    assert {verb: answer.exit for verb, answer in answers.items()} == dict.fromkeys(answers, 0)
    attack(forged, "restore")
    assert restored(forged) == {"shop/neu.csv": GOOD}


def test_a_path_twice(leaning: Leaning) -> None:
    row = leaning.file("shop/preise.csv")
    leaning.commit([row, row | {"zeit": 2}])
    refused(leaning)


def test_gone_is_what_never_was(leaning: Leaning) -> None:
    leaning.commit([{"art": "weg", "pfad": "shop/nie"}])
    refused(leaning)


@pytest.mark.parametrize("path", ["../draußen/geheim.txt", "/etc/passwd", "shop/../../x", ""])
def test_gone_is_what_lies_elsewhere(leaning: Leaning, path: str) -> None:
    leaning.commit([{"art": "weg", "pfad": path}])
    refused(leaning)


def test_in_a_folder_that_is_gone(leaning: Leaning) -> None:
    leaning.commit([{"art": "weg", "pfad": "shop"}])
    attack(leaning.forged)


def test_a_link_in_the_place_of_a_folder(leaning: Leaning) -> None:
    link = {"art": "verweis", "pfad": "shop", "ziel": "../draußen", "zeit": 1, "modus": "0777"}
    leaning.commit([link, leaning.file("shop/geheim.txt")])
    attack(leaning.forged)


def test_the_base_was_swapped(leaning: Leaning) -> None:
    leaning.commit([], gegen={"sha256": "0" * 64})
    refused(leaning, DAMAGED)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"groesse": 1}, DAMAGED),
        ({"name": "../../draußen/geheim.txt"}, HOSTILE),
        ({"name": "000009-20261121T030000Z-k7f3.liste.gz"}, HOSTILE),
        ({"groesse": 10**18}, HOSTILE),
        ({"entpackt": 10}, HOSTILE),
        ({"entpackt": 0}, HOSTILE),
    ],
)
def test_a_base_that_is_not_what_the_record_says(
    leaning: Leaning, change: dict[str, object], code: str
) -> None:
    leaning.commit([], gegen=change)
    refused(leaning, code)


def test_the_base_of_another_system(tmp_path: Path) -> None:
    leaning = Leaning(tmp_path)
    forged = leaning.forged
    foreign = forged.maker.run(3)
    maker_system, forged.maker.system = forged.maker.system, "fremd"
    leaning.full = foreign.write_list([])
    forged.maker.system = maker_system
    leaning.commit([])
    refused(leaning)


def test_a_difference_to_a_difference(leaning: Leaning) -> None:
    first = leaning.run.write_list([], base=leaning.full)
    leaning.full = {key: value for key, value in first.items() if key != "gegen"}
    leaning.run = leaning.forged.maker.run(3)
    leaning.commit([])
    refused(leaning)


def test_a_difference_to_itself(leaning: Leaning) -> None:
    facts = leaning.run.write_list([], base=leaning.full)
    leaning.run.commit(facts | {"gegen": reference_to(facts)}, [])
    refused(leaning)


def test_a_difference_that_the_record_calls_full(leaning: Leaning) -> None:
    facts = leaning.run.write_list([], base=leaning.full)
    leaning.run.commit({key: value for key, value in facts.items() if key != "gegen"}, [])
    refused(leaning)


def test_a_full_list_that_the_record_calls_a_difference(leaning: Leaning) -> None:
    leaning.commit([], header=leaning.run.header())
    refused(leaning)


def test_another_owner(leaning: Leaning) -> None:
    header = leaning.run.header(str(leaning.full["liste"])).replace("anna", "root")
    leaning.commit([], header=header)
    refused(leaning)


def test_a_difference_without_end(leaning: Leaning) -> None:
    """A packed bomb: it unpacks to more rows than any difference has."""
    rows: list[Row] = [{"art": "weg", "pfad": f"shop/{number}"} for number in range(200_000)]
    leaning.commit(rows)
    refused(leaning)
