"""Disks rot: whatever happens to a copy's files, verification finds it and the next run mends it.

Hundreds of planted damages, each found, each named with the states and files it costs; then a
backup, and everything whose content still stands in the shop restores again, in every state.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from core.copies.opening.sealed import vault_folder
from core.errors import Code, Exit
from tests.engine import handreader
from tests.engine.forging import Answer, ask, facts_of
from tests.engine.handmade import sha256, two_lines
from tests.engine.killstage import quick_folder
from tests.engine.stage import LAYOUTS, Layout, Shop, make_shop
from tests.support import keys
from tests.support.trees import Snapshot, compare, mutate, shop_tree, snapshot

SEED = 20261121
EVERYWHERE = (
    "objects", "inhalt", "list", "record", "tresor.json", "schreiber", "help", "outside",
)  # fmt: skip
KINDS = ("flip", "truncate", "zero", "delete", "swap", "older", "grow")
LONG = 1000
"""Plantings of the whole series, in each layout."""
QUICK = ("delete", "truncate", "grow")
"""Seen without reading."""


class Held(NamedTuple):
    """An object as its `inhalt` has it: its content as a whole, those in it with their places."""

    run: str
    whole: str
    parts: tuple[tuple[str, int, int, str], ...]  # sha256, offset, stored, packing

    @property
    def contents(self) -> set[str]:
        return {part[0] for part in self.parts} or {self.whole}


@dataclass
class Rotting:
    """A shop of three days, kept as it was, so that each damage starts from a sound copy."""

    shop: Shop
    layout: Layout
    template: Path
    needs: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # sha → (run, path)
    live: set[str] = field(default_factory=set)  # contents that still stand in the shop
    held: dict[str, Held] = field(default_factory=dict)  # path of an object → what it holds
    lists: dict[str, set[str]] = field(default_factory=dict)  # run → the lists it consists of
    plain: dict[str, Path] = field(default_factory=dict)  # path → the file that bears it

    @property
    def copy(self) -> Path:
        return self.shop.copy()

    @property
    def is_sealed(self) -> bool:
        return self.layout == "sealed"

    def put_back(self) -> None:
        """Copy and home as they were."""
        for name in ("medien", "home"):
            shutil.rmtree(self.shop.root / name, ignore_errors=True)
            shutil.copytree(self.template / name, self.shop.root / name, symlinks=True)

    def ask(self, *words: str | Path) -> Answer:
        with patch.dict(os.environ, keys.ENV if self.is_sealed else {}):
            return ask(self.shop.home, *words)

    def lose_home(self) -> None:
        """A bare PC, and the sheet."""
        shutil.rmtree(self.shop.home)
        if self.shop.pair is not None:
            keys.put_pair(self.shop.home, self.shop.pair)

    def restored(self, run: str) -> tuple[Answer, Snapshot]:
        """A state brought back."""
        into = self.shop.root / "zurück"
        shutil.rmtree(into, ignore_errors=True)
        answer = self.ask("restore", "laden", "--at", run, "--into", into)
        return answer, snapshot(into / "shop", with_root=True) if (into / "shop").exists() else {}

    def learn(self, opened: Path) -> None:
        """Which state needs which content, and where it lies, read by hand."""
        for record in sorted((opened / "staende").glob("*.json")):
            facts = facts_of(record)
            self._learn_state(opened, facts)
            for ref in facts["inhalte"]:
                self._learn_objects(opened, ref["lauf"])
        for path in self.shop.source.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self.live.add(sha256(path.read_bytes()))

    def _learn_state(self, opened: Path, facts: dict[str, Any]) -> None:
        run = facts["lauf"]
        names = [facts["gegen"]["name"]] if "gegen" in facts else []
        names.append(facts["liste"])
        self.lists[run] = set(names)
        rows: dict[str, list[dict[str, Any]]] = {}
        for name in names:  # what a difference names stands for all the full list has there
            text = gzip.decompress((opened / "staende" / name).read_bytes()).decode()
            named: dict[str, list[dict[str, Any]]] = {}
            path = ""
            for row in map(json.loads, text.split("\n")[1:-1]):
                path = row.get("pfad", path)
                named.setdefault(path, []).append(row)
            rows |= named
        for path, several in rows.items():
            for row in several:
                if row["art"] in ("datei", "teil") and row["groesse"]:  # nothing needs no object
                    self.needs.setdefault(row["sha256"], set()).add((run, path))

    def _learn_objects(self, opened: Path, run: str) -> None:
        text = gzip.decompress((opened / "daten" / run / "inhalt.tsv.gz").read_bytes()).decode()
        at = ""
        for fields in (row.split("\t") for row in text.split("\n")[1:-1]):
            if fields[0] == "O":
                at = f"daten/{run}/{fields[3]}"
                self.held[at] = Held(run, fields[2], ())
            else:
                part = (fields[1], int(fields[2]), int(fields[3]), fields[5])
                self.held[at] = self.held[at]._replace(parts=(*self.held[at].parts, part))

    def files(self, where: str) -> list[Path]:
        """The files of one kind that a damage can hit."""
        if where == "outside":
            return [self.copy / "offen.json", self.copy / "LIESMICH.txt"]
        found = []
        for path, file in sorted(self.plain.items()):
            name = path.rpartition("/")[2]
            kind = {"staende": "record", "schreiber": "schreiber"}.get(path.split("/")[0], "help")
            if path.startswith("daten/"):
                kind = "inhalt" if name == "inhalt.tsv.gz" else "objects"
            elif name.endswith(".liste.gz"):
                kind = "list"
            elif name == "tresor.json":
                kind = name
            if kind == where and (self.template / "medien" / file).stat().st_size:
                found.append(self.shop.root / "medien" / file)
        return found

    def name_of(self, path: Path) -> str:
        """What a file is called in the copy."""
        file = path.relative_to(self.shop.root / "medien")
        outside = str(path.relative_to(self.copy))
        return next((name for name, at in self.plain.items() if at == file), outside)

    def bad_in(self, name: str, path: Path) -> set[str]:
        """The contents of an object that its file, as it is now, does not give any more."""
        held = self.held[name]
        before = (self.template / path.relative_to(self.shop.root)).read_bytes()
        after = path.read_bytes() if path.exists() else b""
        if self.is_sealed or len(after) != len(before) or not held.parts:
            return held.contents  # of an encrypted one not even the block around it can be read
        bad = set()
        for sha, offset, stored, packing in held.parts:
            data = after[offset : offset + stored]
            try:
                data = zlib.decompress(data, -15) if packing == "deflate" else data
            except zlib.error:
                data = b""
            if sha256(data) != sha:
                bad.add(sha)
        return bad or held.contents  # where only the ZIP around them is damaged, all move out


def decay(root: Path, layout: Layout) -> Rotting:
    """A shop of three days, and one on which nothing changed, kept as a template."""
    shop = make_shop(root / "laden", layout=layout)
    shop_tree(shop.source, seed=SEED, files=30)
    shop.day()
    for day in (2, 3):
        mutate(shop.source, seed=SEED, day=day)
        shop.day()
    shop.day()  # a fourth state that names the list of the third
    found = Rotting(shop, layout, root / "vorlage")
    for name in ("medien", "home"):
        shutil.copytree(shop.root / name, found.template / name, symlinks=True)
    opened = shop.opened("platte", root / "offen")
    names = {str(p.relative_to(opened)): p for p in opened.rglob("*") if p.is_file()}
    files = {name: path.relative_to(shop.root / "medien") for name, path in names.items()} if (
        shop.pair is None) else {}  # fmt: skip
    if shop.pair is not None:
        vault = shop.copy() / vault_folder(shop.pair)
        for name, file in keys.names_by_hand(shop.copy(), shop.pair).items():
            files[name] = (vault / file).relative_to(shop.root / "medien")
    assert files.keys() == names.keys()
    found.plain = files
    found.learn(opened)
    return found


@pytest.fixture(scope="module")
def rotting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rotting]:
    root = tmp_path_factory.mktemp("moder")
    yield decay(root, "tree")
    shutil.rmtree(root)


@pytest.fixture(scope="module", params=LAYOUTS)
def rotten(request: pytest.FixtureRequest) -> Iterator[Rotting]:
    """In each layout, in memory where there is some: what is read is the same."""
    with quick_folder("moder") as root:
        yield decay(root, request.param)


# -- planting -------------------------------------------------------------------------------------


def plant(rotting: Rotting, where: str, kind: str, chance: random.Random) -> Path | None:
    """Damage one file; None when this kind of damage would change nothing there."""
    paths = rotting.files(where)
    path = chance.choice(paths)
    data = path.read_bytes()
    bad = damaged(data, kind, chance, [p for p in paths if p != path], path)
    if bad == data:
        return None
    times = path.stat()
    path.unlink()
    if bad is not None:
        path.write_bytes(bad)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # rot does not tell
    return path


def damaged(
    data: bytes, kind: str, chance: random.Random, others: Sequence[Path], path: Path
) -> bytes | None:
    """What the file holds then; None: it is gone."""
    at = chance.randrange(len(data))
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if kind == "truncate":
        return data[:at]
    if kind == "zero":
        end = min(len(data), at + 4096)
        return data[:at] + bytes(end - at) + data[end:]
    if kind == "grow":
        return data + bytes(1 + at % 512)
    if kind == "delete":
        return None
    if not others:
        return data
    if kind == "older":
        return others[0].read_bytes()
    other = chance.choice(others)
    swapped = other.read_bytes()
    if swapped != data:
        other.write_bytes(data)
    return swapped


def plantings(layout: Layout) -> list[tuple[int, str, str]]:
    """Every kind everywhere, then more of what copies consist of; numbered, which is their seed."""
    chance = random.Random(SEED)
    places = EVERYWHERE if layout == "sealed" else EVERYWHERE[:-1]
    pairs = [(where, kind) for where in places for kind in KINDS]
    more = [(chance.choice(EVERYWHERE[:4]), chance.choice(KINDS)) for _ in range(2 * LONG)]
    return [(number, where, kind) for number, (where, kind) in enumerate(pairs + more)]


# -- found, named, mended -------------------------------------------------------------------------


def hit(rotting: Rotting, where: str) -> list[Path]:
    """The files that are not as they were: one, or two that were swapped."""
    found = []
    for path in rotting.files(where):
        before = (rotting.template / path.relative_to(rotting.shop.root)).read_bytes()
        if not path.exists() or path.read_bytes() != before:
            found.append(path)
    return found


def costs(rotting: Rotting, where: str) -> set[tuple[str, str]]:
    """The states and files that the damage there is costs ("" is a whole state)."""
    paths = hit(rotting, where)
    assert paths
    return {pair for path in paths for pair in costs_of(rotting, where, path)}


def costs_of(rotting: Rotting, where: str, path: Path) -> set[tuple[str, str]]:
    name = rotting.name_of(path)
    if where == "objects":
        bad = rotting.bad_in(name, path)
        return {pair for sha in bad for pair in rotting.needs.get(sha, set())}
    if where == "inhalt":
        run = name.split("/")[1]
        here = {s for held in rotting.held.values() if held.run == run for s in held.contents}
        elsewhere = {s for h in rotting.held.values() if h.run != run for s in h.contents}
        return {pair for sha in here - elsewhere for pair in rotting.needs.get(sha, set())}
    if where == "list":
        file = name.rpartition("/")[2]
        return {(run, "") for run, names in rotting.lists.items() if file in names}
    if where == "record":
        return {(name.rpartition("/")[2].removesuffix(".json"), "")}
    return set()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_there_are_enough_plantings(layout: Layout) -> None:
    assert len(plantings(layout)) >= LONG


@pytest.mark.parametrize("where", EVERYWHERE[:-1])
def test_planted_damage_is_found_named_and_mended(rotting: Rotting, where: str) -> None:
    """Two kinds in every kind of place; the other tiers have all of them, and the long series."""
    number = EVERYWHERE.index(where)
    wanted = {KINDS[number % len(KINDS)], KINDS[number - 3]}
    chosen = [p for p in plantings("tree") if p[1] == where and p[2] in wanted]
    assert closely(rotting, chosen[:2]) >= 1


def test_planted_damage_is_found_in_every_layout(rotten: Rotting) -> None:
    """A few of the long series; `./test full` has all of it."""
    chosen = plantings(rotten.layout)
    assert sum(quickly(rotten, *one) for one in chosen[6 :: 9 if rotten.is_sealed else 7][:6]) >= 4


@pytest.mark.kill
@pytest.mark.timeout(3000)
def test_many_planted_damages_are_found_named_and_mended(rotten: Rotting) -> None:
    """Every kind everywhere, each judged in every way there is."""
    pairs = len(KINDS) * (len(EVERYWHERE) - (not rotten.is_sealed))
    took = closely(rotten, plantings(rotten.layout)[:pairs])
    print(f"planted closely ({rotten.layout}): {took}")
    assert took >= pairs - 10  # what is alone in its kind cannot be swapped


@pytest.mark.full
@pytest.mark.timeout(20_000)
def test_a_thousand_planted_damages(rotten: Rotting) -> None:
    """`verify --full` finds and names each; the next run heals what can be healed."""
    number = int(os.environ.get("PLANTINGS", LONG))
    by_place: Counter[str] = Counter()
    for one in plantings(rotten.layout):
        by_place[one[1]] += quickly(rotten, *one)
        total = by_place.total()
        if total % 100 == 0:
            print(f"planted ({rotten.layout}): {total}, {dict(by_place)}", flush=True)
        if total == number:
            break
    assert by_place.total() >= number


def quickly(rotting: Rotting, number: int, where: str, kind: str) -> bool:
    """Plant, read all, heal, restore one of the states; every fourth on a bare PC. Whether it took.

    `closely` asks more; here the number counts.
    """
    rotting.put_back()
    path = plant(rotting, where, kind, random.Random(SEED + number))
    if path is None:
        return False
    scene = f"{rotting.layout} {number}: {kind} {rotting.name_of(path)}"
    if number % 4 == 3 and where != "outside":
        rotting.lose_home()
        is_survived_by_a_bare_pc(rotting, where, kind, scene, quick=True)
    else:
        is_found(rotting, where, kind, scene, quick=True)
        is_mended(rotting, where, scene, states=1 + number % len(rotting.lists))
    return True


def closely(rotting: Rotting, planted: Sequence[tuple[int, str, str]]) -> int:
    """Plant, look, mend; then the same from a home that knows nothing. How many took effect."""
    took = 0
    for number, where, kind in planted:
        rotting.put_back()
        path = plant(rotting, where, kind, random.Random(SEED + number))
        if path is None:
            continue
        took += 1
        scene = f"{rotting.layout} {number}: {kind} {rotting.name_of(path)}"
        is_found(rotting, where, kind, scene)
        is_mended(rotting, where, scene)
        rotting.put_back()
        plant(rotting, where, kind, random.Random(SEED + number))
        rotting.lose_home()
        is_survived_by_a_bare_pc(rotting, where, kind, scene)
    return took


def is_found(rotting: Rotting, where: str, kind: str, scene: str, *, quick: bool = False) -> None:
    """Seen by a full look, by a quick look where names and sizes show it, and named."""
    if (kind in QUICK or where != "objects") and not quick:
        assert rotting.ask("verify").exit == Exit.INTEGRITY, scene
    answer = rotting.ask("verify", "--full")
    assert answer.exit == Exit.INTEGRITY, scene
    said = answer.said("verified")
    assert not said["sound"], scene
    named = {(item["run"], item["path"]) for item in said["affected"]}
    expected = costs(rotting, where)
    if where == "inhalt":  # one that is torn may still tell a part of what it held
        assert named <= expected, (scene, expected, named)
    else:
        assert expected <= named or len(named) == 20, (scene, expected, named)
    if where in ("objects", "list"):
        assert said["affected_files"] == len(expected), (scene, expected, named)
    for one in hit(rotting, where):
        here = rotting.name_of(one)  # of a writer's claim that is gone, the folder
        if where != "objects" or costs_of(rotting, where, one):
            names = {here, here.split("/")[0]}
            assert {item["path"] for item in said["damage"]} & names, (scene, said["damage"])


def is_mended(rotting: Rotting, where: str, scene: str, *, states: int | None = None) -> None:
    """The next run puts right what it can and stores anew what is still there.

    states: the number of the one that is brought back, None for all.
    """
    lost = costs(rotting, where) if where == "list" else set()
    done = rotting.ask("backup")
    if where in ("tresor.json", "schreiber"):
        # Who wrote here, and whether this is our copy at all, is for a person to say.
        assert done.exit in (Exit.INTEGRITY, Exit.DESTINATION_REFUSED), (scene, done.text)
        assert rotting.ask("adopt", rotting.copy, "--take-over").exit == Exit.OK, scene
        done = rotting.ask("backup")
    assert done.exit == (Exit.PARTLY if lost else Exit.OK), (scene, done.text)
    assert bool(done.said("result")["damaged"]) == bool(lost), (scene, done.text)
    if states is None:
        assert restores_today(rotting, done), scene
    for run in rotting.lists:
        number = int(run.split("-")[0])
        if states not in (None, number):
            continue
        answer, tree = rotting.restored(run)
        expected = rotting.shop.days[number]["shop"]
        if where == "objects":
            assert not missing_but_live(rotting, expected, tree), (scene, run)
        elif not lost:
            assert answer.exit == Exit.OK, (scene, run, answer.text)
            assert not compare(expected, tree), (scene, run)
    if not lost:
        # Only what the shop has no more can still be damage: once it is told, it was lost.
        sound = rotting.ask("verify", "--full")
        assert where == "objects" or sound.exit == Exit.OK, (scene, sound.text)


def restores_today(rotting: Rotting, done: Answer) -> bool:
    """Whether the state just made is the shop as it stands."""
    answer, tree = rotting.restored(done.said("result")["run"])
    today = rotting.shop.days[max(rotting.shop.days)]["shop"]
    return answer.exit == Exit.OK and not compare(today, tree)


def is_survived_by_a_bare_pc(
    rotting: Rotting, where: str, kind: str, scene: str, *, quick: bool = False
) -> None:
    """A PC that knows nothing gets every file whose bytes are there, and can go on from it."""
    lost = costs(rotting, where)
    assert rotting.ask("adopt", rotting.copy, "--take-over").exit == Exit.OK, scene
    if not (rotting.shop.home / "config/plan.toml").exists():
        own = any(file == "ladentresor/plan.toml" for _, file in lost)
        assert own, scene
        rotting.shop.write_plan()  # it was the plan that rotted
    for run in list(rotting.lists)[-2:] if quick else rotting.lists:
        expected = rotting.shop.days[int(run.split("-")[0])]["shop"]
        gone = {os.fsencode(file.removeprefix("shop/")) for at, file in lost if at == run}
        answer, tree = rotting.restored(run)
        if (run, "") in lost:
            assert not tree, (scene, run)
            continue
        wrong = [
            name
            for name, entry in expected.items()
            if entry.kind == "file" and name not in gone and tree.get(name) != entry
        ]
        assert not wrong, (scene, run, wrong, answer.text)
    if where == "help" or (where == "objects" and (quick or kind not in QUICK)):
        assert rotting.ask("verify", "--full").exit == Exit.INTEGRITY, scene  # nothing else reads
    done = rotting.ask("backup")
    assert done.exit in (Exit.OK, Exit.PARTLY), (scene, done.text)
    assert restores_today(rotting, done), scene
    if where == "help":
        assert rotting.ask("verify", "--full").exit == Exit.OK, scene


def missing_but_live(rotting: Rotting, expected: Snapshot, tree: Snapshot) -> list[str]:
    """What a state lacks although the shop still has the content."""
    words = []
    for path, entry in expected.items():
        there = tree.get(path)
        if path == b"" or (there and (there.kind, there.sha256) == (entry.kind, entry.sha256)):
            continue
        if entry.kind != "file" or entry.sha256 in rotting.live:
            words.append(f"{path!r}: {there}")
    return words


# -- one damage, looked at closely ----------------------------------------------------------------


def test_a_damaged_file_is_not_written_and_the_others_come(rotting: Rotting) -> None:
    rotting.put_back()
    path = next(p for p in rotting.files("objects") if p.name == "preisliste.csv")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    first = rotting.shop.runs[1]
    answer, tree = rotting.restored(first)
    assert answer.exit == Exit.INTEGRITY
    failed = answer.said("restored")["failed"]
    assert [(item["path"], item["problem"]) for item in failed] == [
        ("shop/Preise/preisliste.csv", "damaged")
    ]
    expected = dict(rotting.shop.days[1]["shop"])
    assert not compare(
        {key: entry for key, entry in expected.items() if key != b"Preise/preisliste.csv"}, tree
    )
    into = rotting.shop.root / "von-hand"
    with pytest.raises(handreader.HandRestoreFailed, match="preisliste"):
        handreader.restore(rotting.copy, first, into)
    assert not (into / "shop/Preise/preisliste.csv").exists()
    assert (into / "shop/Daten/artikel.csv").exists()


def test_a_copy_put_back_to_yesterday_is_noticed(rotting: Rotting) -> None:
    """Somebody restored the stick itself: the home knows that a state is gone."""
    rotting.put_back()
    last = rotting.shop.runs[4]
    (rotting.copy / "staende" / f"{last}.json").unlink()
    answer = rotting.ask("verify")
    assert answer.exit == Exit.INTEGRITY
    assert (last, "") in [(one["run"], one["path"]) for one in answer.said("verified")["affected"]]


def test_a_stolen_state_is_noticed_by_a_pc_that_knows_nothing(rotting: Rotting) -> None:
    """Every record names the states there were when it was written."""
    rotting.put_back()
    shutil.rmtree(rotting.shop.home)
    assert rotting.ask("adopt", rotting.copy).exit == Exit.OK
    shutil.rmtree(rotting.shop.home / "state" / "kopien")
    (rotting.copy / "staende" / f"{rotting.shop.runs[2]}.json").unlink()
    answer = rotting.ask("verify")
    assert answer.exit == Exit.INTEGRITY
    assert "record_missing" in answer.damage


def test_a_forged_record_in_place_of_an_old_one_is_noticed(rotting: Rotting) -> None:
    """Its digest fits, but later records remember another one."""
    rotting.put_back()
    path = rotting.copy / "staende" / f"{rotting.shop.runs[1]}.json"
    path.write_bytes(two_lines(facts_of(path) | {"dateien": 1}))
    assert "record_differs" in rotting.ask("verify").damage


def test_what_an_explorer_leaves_behind_is_no_damage(rotting: Rotting) -> None:
    rotting.put_back()
    for folder in ("", "schreiber", "staende", "daten"):
        for name in ("desktop.ini", ".DS_Store", "Thumbs.db", "._x.json"):
            (rotting.copy / folder / name).write_bytes(b"Ansicht")
    assert rotting.ask("verify", "--full").exit == Exit.OK
    assert rotting.ask("backup").exit == Exit.OK


def test_a_mended_damage_is_forgiven(rotting: Rotting) -> None:
    """Red for ever would be noise: what was stored anew elsewhere costs nobody anything."""
    rotting.put_back()
    for path in rotting.files("objects"):
        if sha256(path.read_bytes()) in rotting.live:
            path.write_bytes(b"?" * path.stat().st_size)
    assert rotting.ask("verify", "--full").exit == Exit.INTEGRITY
    assert rotting.ask("backup").exit == Exit.OK
    answer = rotting.ask("verify", "--full")
    assert answer.exit == Exit.OK, answer.text
    for run in rotting.lists:
        assert rotting.restored(run)[0].exit == Exit.OK


def test_damage_in_a_bundle_of_parts(tmp_path: Path) -> None:
    """A large file that changed lies in parts; one bad part costs the states that need it."""
    shop = make_shop(tmp_path)
    (shop.source / "klein.txt").write_text("klein")
    large = shop.source / "kasse.sql"
    with large.open("wb") as file:
        file.truncate(65 << 20)
    shop.day()
    with large.open("r+b") as file:
        file.seek(30 << 20)
        file.write(random.Random(1).randbytes(9000))
    shop.day()
    (bundle,) = (shop.copy() / "daten").glob("*/teile/*.zip")
    data = bundle.read_bytes()
    bundle.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    answer = ask(shop.home, "verify", "--full")
    assert answer.exit == Exit.INTEGRITY
    affected = [(one["run"], one["path"]) for one in answer.said("verified")["affected"]]
    assert affected == [(shop.runs[2], "shop/kasse.sql")]
    into = tmp_path / "aus"
    broken = ask(shop.home, "restore", "laden", "--into", into)
    assert broken.exit == Exit.INTEGRITY
    assert sorted(path.name for path in (into / "shop").iterdir()) == ["klein.txt"]
    assert ask(shop.home, "backup").exit == Exit.OK
    for number in (1, 2):
        assert not shop.differences(number)


def test_a_marker_that_is_gone_stops_writing_and_not_restoring(rotting: Rotting) -> None:
    rotting.put_back()
    (rotting.copy / "tresor.json").unlink()
    done = rotting.ask("backup")
    assert (done.exit, done.code) == (Exit.INTEGRITY, Code.COPY_MARKER_DAMAGED)
    assert rotting.restored(rotting.shop.runs[3])[0].exit == Exit.OK
