"""The anomaly gate in real runs: what closes it, what does not, and what an answer covers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from core.cli import main
from core.clock import SystemClock
from core.copies.backing_up import backup as engine
from core.copies.backing_up import canary_files as canaries
from core.copies.backing_up.gate import gate_is_closed
from core.errors import Code, Exit, KnownError
from core.health.answer import Do
from core.health.look import look
from core.paths import find_home
from core.plan.read import read_plan
from core.store.home import HomeStore
from tests.engine.forging import ask
from tests.engine.stage import (
    Event,
    Shop,
    destination_text,
    events,
    make_shop,
    only,
    refusal,
    states_at,
)
from tests.support.fixed_clock import FixedClock
from tests.support.trees import shop_tree

HELD = int(Exit.HELD_BY_GATE)


def offline_text(id: str, path: Path) -> str:
    """A destination that is only attached for its copies."""
    return destination_text(id, path).replace("encrypted =", "offline = true\nencrypted =", 1)


def gated(root: Path, *, online: bool = True, offline: bool = True, rules: str = "") -> Shop:
    """A shop with a disk that is always there (`platte`), and one that is not (`wechsel`)."""
    shop = make_shop(root, disks=("platte",) if online else ())
    more = ""
    if offline:
        (root / "medien" / "wechsel").mkdir(parents=True)
        more = offline_text("wechsel", root / "medien" / "wechsel")
    shop.write_plan(rules=rules, more=more)
    if offline:
        shop.disks["wechsel"] = root / "medien" / "wechsel"
    return shop


def fill(folder: Path, count: int, *, ending: str = "csv", seed: int = 0) -> list[Path]:
    """So many small files, twenty in a folder."""
    random = Random(seed)
    made = []
    for number in range(count):
        path = folder / f"Ordner {number // 20:03}" / f"{number:05}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Nr;Name\n{number};{random.random()}\n")
        made.append(path)
    return made


def encrypt(path: Path, seed: object, *, rename: bool = True) -> None:
    """What ransomware does to a file."""
    path.write_bytes(Random(repr(seed)).randbytes(path.stat().st_size + 40))
    if rename:
        path.rename(path.with_name(path.name + ".locked"))


def files_of(shop: Shop) -> list[Path]:
    return sorted(path for path in shop.source.rglob("*") if path.is_file())


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Nothing below is read or written; the marks are old, so that any look would move them."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        os.utime(path, ns=(1_000_000_000, path.stat().st_mtime_ns))
    before = {path: _marks(path) for path in paths}
    yield
    assert {path: _marks(path) for path in paths} == before
    assert [folder, *folder.rglob("*")] == paths


def _marks(path: Path) -> tuple[int, int, int, int]:
    info = os.lstat(path)
    return info.st_atime_ns, info.st_mtime_ns, info.st_ctime_ns, info.st_size


def held(shop: Shop, *args: str) -> Event:
    """A run that is held; the question."""
    return only(events(shop.run("backup", *args, rc=HELD), "held"))


def status_of(shop: Shop) -> tuple[list[Event], dict[str, Event]]:
    """What `status` says of the gate, and of the copies."""
    lines = shop.run("status")
    return events(lines, "held"), {x["destination"]: x for x in lines if "destination" in x}


def test_a_look_would_leave_its_mark(tmp_path: Path) -> None:
    """Else `untouched` would prove nothing here."""
    (tmp_path / "a").write_text("b")
    with pytest.raises(AssertionError), untouched(tmp_path):
        os.listdir(tmp_path)
    with pytest.raises(AssertionError), untouched(tmp_path):
        (tmp_path / "a").read_text()


# ------------------------------------------------------------------ what closes it


def test_sixty_percent_encrypted_and_renamed(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    shop_tree(shop.source, files=300)
    shop.backup()
    before = states_at(shop.copy("wechsel"))
    last_clean = states_at(shop.copy())[-1]
    victims = files_of(shop)
    victims = victims[: len(victims) * 6 // 10]
    for path in victims:
        encrypt(path, path)
    with untouched(shop.disks["wechsel"]):
        lines = shop.run("backup", rc=HELD)
        status, copies = status_of(shop)
    question = only(events(lines, "held"))
    assert question["rule"] == "heads"
    assert question["lost"] == len(victims)
    assert len(question["examples"]) == 10
    assert {example["what"] for example in question["examples"]} == {"head"}
    assert all(example["path"].endswith(".locked") for example in question["examples"])
    results = {line["destination"]: line for line in events(lines, "result")}
    assert results["platte"]["outcome"] == "committed"  # append-only: it goes on
    assert results["wechsel"]["code"] == "held_by_gate"
    refusal(lines, Code.HELD_BY_GATE)
    assert states_at(shop.copy("wechsel")) == before
    assert [line["rule"] for line in status] == ["heads"]
    assert copies["wechsel"]["last_run"] == "HELD"
    assert copies["wechsel"]["gate_closed"]
    # people find the last state before it
    snapshots = {line["run"]: line for line in shop.run("snapshots", "--dest", "platte")}
    assert [run for run, line in snapshots.items() if line["last_clean"]] == [last_clean]
    assert [run for run, line in snapshots.items() if line["suspect"]] == [
        states_at(shop.copy())[-1]
    ]
    into = tmp_path / "zurück"
    said = shop.run("restore", "laden", "--from", "platte", "--into", into)
    assert [n["run"] for n in events(said, "note") if n["note"] == "state_suspect"]


def test_a_gate_stays_closed_over_runs_without_changes(tmp_path: Path) -> None:
    """The online copy has taken the changes in: nothing is new, and still nobody has answered."""
    shop = gated(tmp_path)
    for path in fill(shop.source, 300):
        path.touch()
    shop.backup()
    for path in files_of(shop)[:150]:
        path.unlink()
    assert held(shop)["lost"] == 150
    with untouched(shop.disks["wechsel"]):
        again = held(shop)
        assert held(shop, "--to", "wechsel") == again
    assert (again["rule"], again["lost"]) == ("many", 150)
    assert len(again["examples"]) == 10


def test_wholesale_loss_on_an_offline_disk_alone(tmp_path: Path) -> None:
    """The index at home tells, the disk is not needed for the judgement."""
    shop = gated(tmp_path, online=False)
    fill(shop.source, 300)
    shop.backup()
    for path in files_of(shop)[::2]:
        path.unlink()
    with untouched(shop.disks["wechsel"]):
        assert held(shop)["rule"] == "many"
    # put back, it is not so any more; nobody needs to answer
    fill(shop.source, 300)
    for path in files_of(shop)[1::2]:
        info = path.stat()
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert held(shop)["changed"] == 300  # written anew, and so not as it was
    held(shop)
    assert "wechsel" in shop.backup("--accept-changes")


def test_what_was_put_back_as_it_was_opens_the_gate(tmp_path: Path) -> None:
    shop = gated(tmp_path, online=False)
    fill(shop.source, 300)
    shop.backup()
    aside = tmp_path / "beiseite"
    shutil.move(shop.source / "Ordner 000", aside / "0")
    for number in range(1, 10):
        shutil.move(shop.source / f"Ordner {number:03}", aside / str(number))
    assert held(shop)["lost"] == 200
    for number in range(10):
        shutil.move(aside / str(number), shop.source / f"Ordner {number:03}")
    assert shop.backup()["wechsel"]["outcome"] in ("committed", "unchanged")
    assert status_of(shop)[0] == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """A clock for the program in this process."""
    clock = FixedClock(SystemClock().now())
    monkeypatch.setattr(main, "SystemClock", lambda: clock)
    return clock


def test_slow_encryption_closes_within_fourteen_days(tmp_path: Path, clock: FixedClock) -> None:
    """3 % a day, of a kind whose head says nothing, while a few files change every day."""
    shop = gated(tmp_path)
    victims = fill(shop.source, 1000, ending="dat")
    diary = victims[-30:]
    assert ask(shop.home, "backup").exit == 0
    closed_on = 0
    for day in range(1, 15):
        clock.pass_by(days=1)
        for path in diary:
            path.write_text(f"Tag {day}")
        for path in victims[(day - 1) * 30 : day * 30]:
            encrypt(path, day, rename=False)
        done = ask(shop.home, "backup")
        if done.exit == HELD:
            closed_on = day
            assert done.said("held")["rule"] == "slow"
            assert done.said("held")["recent"] == 30 * day + 30
            break
        assert done.exit == 0, done.text
    assert closed_on == 11  # 35 % of distinct files: 11 days of 30, and the diary once


def test_a_diary_never_closes_the_gate(tmp_path: Path, clock: FixedClock) -> None:
    """The same 19 % every day are the same files, not 14 × 19 %; what is old is forgotten."""
    shop = gated(tmp_path, offline=False)
    diary = fill(shop.source, 600)[:114]
    assert ask(shop.home, "backup").exit == 0
    for day in range(16):
        clock.pass_by(days=1)
        for path in diary:
            path.write_text(f"Tag {day}")
        assert ask(shop.home, "backup").exit == 0
    clock.pass_by(days=15)
    for path in files_of(shop)[200:310]:
        path.write_text("noch einer")
    assert ask(shop.home, "backup").exit == 0


def test_a_reminder_three_days_later_and_only_one(tmp_path: Path, clock: FixedClock) -> None:
    shop = gated(tmp_path)
    fill(shop.source, 200)
    assert ask(shop.home, "backup").exit == 0
    for path in files_of(shop)[:120]:
        path.unlink()

    def reminders() -> list[str]:
        done = ask(shop.home, "backup")
        assert done.exit == HELD
        notes = [json.loads(line) for line in done.text.split("\n") if line.startswith("{")]
        return [n["system"] for n in notes if n.get("note") == "gate_reminder"]

    assert reminders() == []
    clock.pass_by(days=2, hours=23)
    assert reminders() == []
    clock.pass_by(hours=2)
    assert reminders() == ["laden"]
    clock.pass_by(days=4)
    assert reminders() == []


# ------------------------------------------------------------------ what does not


def vat_month(shop: Shop) -> None:
    """8 % new, 8 % changed."""
    paths = files_of(shop)
    for path in paths[::13]:
        path.write_bytes(path.read_bytes() + b"\nUmsatzsteuer")
    fill(shop.source / "Voranmeldung", len(paths) // 12, seed=1)


def renamed_top_folder(shop: Shop) -> None:
    top = max(
        (p for p in shop.source.iterdir() if p.is_dir()), key=lambda p: len(list(p.rglob("*")))
    )
    top.rename(top.with_name("Umbenannt"))


def everything_into_one_folder(shop: Shop) -> None:
    names = list(shop.source.iterdir())
    (shop.source / "Archiv 2026").mkdir()
    for path in names:
        path.rename(shop.source / "Archiv 2026" / path.name)
    (shop.source / "neu.txt").write_text("ein Anfang")


def photo_import(shop: Shop) -> None:
    for number in range(2000):
        path = shop.source / "Fotos" / "Import" / f"IMG_{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff\xd8\xff\xe0" + number.to_bytes(4, "big") * 20)


def rights_and_a_new_disk(shop: Shop) -> None:
    """Same bytes and times; change times and file ids are all new."""
    aside = shop.root / "neue Platte"
    shutil.copytree(shop.source, aside, symlinks=True)
    shutil.rmtree(shop.source)
    aside.rename(shop.source)
    for path in files_of(shop):
        path.chmod(0o640)


@pytest.mark.parametrize(
    "happens",
    [
        vat_month,
        renamed_top_folder,
        everything_into_one_folder,
        photo_import,
        rights_and_a_new_disk,
    ],
)
def test_a_day_in_a_shop_leaves_it_open(tmp_path: Path, happens: Callable[[Shop], None]) -> None:
    shop = gated(tmp_path)
    shop_tree(shop.source, files=600)
    shop.day()
    happens(shop)
    results = shop.day()
    assert {id: line["outcome"] for id, line in results.items()} == {
        "platte": "committed",
        "wechsel": "committed",
    }
    for disk in shop.disks:
        assert shop.differences(1, 2, disk=disk) == []


def test_an_old_folder_that_comes_back_leaves_it_open(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    shop_tree(shop.source, files=400)
    shop.day()
    for path in files_of(shop)[:70]:
        path.unlink()
    shop.day()
    with shop.brought_back(1) as back:
        shutil.copytree(back / "shop", shop.source / "Von früher", symlinks=True)
    assert shop.day()["wechsel"]["outcome"] == "committed"


def test_a_programs_update_leaves_it_open(tmp_path: Path) -> None:
    """4,000 files of a PC with 21,000 are replaced."""
    shop = gated(tmp_path, offline=False)
    programs = fill(shop.source / "Programme", 21_000, ending="js")
    shop.backup()
    for path in programs[:4000]:
        path.write_text("neue Fassung")
    assert shop.backup()["platte"]["outcome"] == "committed"


def test_a_pattern_in_the_plan_is_no_loss(tmp_path: Path) -> None:
    """What a person leaves out from now on still stands where it stood."""
    shop = gated(tmp_path, offline=False)
    fill(shop.source / "weg", 200)
    fill(shop.source / "da", 200)
    shop.backup()
    shop.write_plan(rules='exclude = ["/weg/"]')
    assert shop.backup()["platte"]["outcome"] == "committed"


def test_a_first_run_is_never_held(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    for number, path in enumerate(fill(shop.source, 300)):
        encrypt(path, number)
    assert set(shop.backup()) == {"platte", "wechsel"}


# ------------------------------------------------------------------ the answer


@pytest.mark.parametrize("online", [True, False])
def test_an_answer_covers_exactly_what_was_shown(tmp_path: Path, online: bool) -> None:
    shop = gated(tmp_path, online=online)
    fill(shop.source, 300)
    shop.backup()
    paths = files_of(shop)
    for path in paths[:120]:
        path.write_text("anders")
    # a yes before anything was shown is no answer
    assert held(shop, "--accept-changes")["changed"] == 120
    paths[200].write_text("noch eine")
    assert held(shop, "--accept-changes")["changed"] == 121
    # new files are nothing the gate asks about
    (shop.source / "neu.txt").write_text("neu")
    results = shop.backup("--accept-changes")
    assert results["wechsel"]["outcome"] == "committed"
    assert status_of(shop)[0] == []
    assert not any(line["suspect"] for line in shop.run("snapshots"))
    # and the next day is a day like any other: what was accepted does not count any more
    for path in paths[:50]:
        path.write_text("wieder anders")
    assert shop.backup()["wechsel"]["outcome"] == "committed"


def test_an_answer_is_for_the_question_that_was_seen(tmp_path: Path) -> None:
    """A window shows a question; while its reader thinks, a run finds more and asks anew."""
    shop = gated(tmp_path, online=False)
    files = fill(shop.source, 300)
    before = sum(path.stat().st_size for path in files)
    shop.backup()
    for path in files[:120]:
        encrypt(path, path)
    seen = look(find_home(str(shop.home)), SystemClock())
    assert seen.questions == ()
    first = held(shop)["mark"]
    seen = look(find_home(str(shop.home)), SystemClock())
    assert [asked.mark for asked in seen.questions] == [first]
    assert seen.tasks[0].do is Do.ANSWER
    [folder] = seen.folders["laden"]
    assert folder.is_there
    assert folder.bytes == before
    encrypt(files[200], "mehr")
    second = held(shop)["mark"]
    assert second != first
    assert held(shop, "--accept-changes", "--asked", first)["mark"] == second
    assert "wechsel" in shop.backup("--accept-changes", "--asked", second)


def test_an_open_mail_store_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """It changes between showing and answer; that it changed was shown."""
    shop = gated(tmp_path, online=False)
    paths = fill(shop.source, 200)
    store = shop.source / "mail.pst"
    store.write_bytes(b"!BDN" + bytes(100))
    shop.backup()
    for path in paths[:120]:
        path.unlink()
    store.write_bytes(b"!BDN" + bytes(200))
    held(shop)
    store.write_bytes(b"!BDN" + bytes(300))
    shop.backup("--accept-changes")


def test_an_answer_is_not_asked_for_again_when_its_run_did_not_get_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = gated(tmp_path, online=False)
    fill(shop.source, 300)
    shop.backup()
    for path in files_of(shop)[:120]:
        path.write_text("anders")
    held(shop)

    def full(*_: object) -> None:
        raise KnownError(Code.DESTINATION_FULL, destination="wechsel", path="x")

    with monkeypatch.context() as patch:
        patch.setattr(engine._Backup, "_commit", full)
        assert ask(shop.home, "backup", "--accept-changes").exit == Exit.DESTINATION_FULL
    assert shop.backup()["wechsel"]["outcome"] == "committed"  # resumed, not judged anew


def test_an_interrupted_run_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """19 % judged three times over are 19 %."""
    shop = gated(tmp_path, offline=False)
    fill(shop.source, 600)
    shop.backup()
    for path in files_of(shop)[:114]:
        path.write_text("anders")

    def gone(*_: object) -> None:
        raise KnownError(Code.DESTINATION_GONE, destination="platte", path="x")

    with monkeypatch.context() as patch:
        patch.setattr(engine._Backup, "_commit", gone)
        for _ in range(3):
            assert ask(shop.home, "backup").exit == Exit.DESTINATION_UNREACHABLE
    shop.backup()
    with contextlib.closing(sqlite3.connect(shop.home / "state" / "ladentresor.db")) as base:
        assert [len(row[0]) // 8 for row in base.execute("SELECT files FROM gate_change")] == [114]


def test_retention_can_ask(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    fill(shop.source, 200)
    shop.backup()

    def closed() -> bool:
        store = HomeStore(shop.home / "state" / "ladentresor.db", SystemClock())
        try:
            return gate_is_closed(store, "laden")
        finally:
            store.close()

    assert not closed()
    for path in files_of(shop)[:120]:
        path.unlink()
    held(shop)
    assert closed()
    shop.backup("--accept-changes")
    assert not closed()


# ------------------------------------------------------------------ several copies


def test_the_newest_knowledge_of_any_copy_judges(tmp_path: Path) -> None:
    """A disk of last month differs by a month; each of its days was judged when it was new."""
    shop = gated(tmp_path)
    fill(shop.source, 600)
    shop.backup()
    paths = files_of(shop)
    for week in range(2):
        for path in paths[week * 90 : week * 90 + 90]:
            path.write_text(f"Woche {week}")
        shop.backup("--to", "platte")
    assert shop.backup("--to", "wechsel")["wechsel"]["outcome"] == "committed"


def test_a_new_offline_disk_is_judged_by_what_other_copies_know(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    fill(shop.source, 300)
    shop.backup("--to", "platte")
    for number, path in enumerate(files_of(shop)[:200]):
        encrypt(path, number)
    with untouched(shop.disks["wechsel"]):
        assert held(shop, "--to", "wechsel")["lost"] == 200
    assert list(shop.disks["wechsel"].iterdir()) == []


def test_a_lost_index_is_made_anew_before_the_judgement(tmp_path: Path) -> None:
    shop = gated(tmp_path, online=False)
    fill(shop.source, 300)
    shop.backup()
    for path in (shop.home / "state" / "kopien").iterdir():
        path.unlink()
    for number, path in enumerate(files_of(shop)[:200]):
        encrypt(path, number)
    before = states_at(shop.copy("wechsel"))
    assert held(shop)["lost"] == 200
    assert states_at(shop.copy("wechsel")) == before


def test_a_missing_offline_disk_is_said_as_ever(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    fill(shop.source, 30)
    shop.backup()
    shop.disks["wechsel"].rename(tmp_path / "im Tresor")
    results = shop.backup(rc=Exit.PARTLY)
    assert results["wechsel"]["code"] == "destination_missing"
    assert results["platte"]["outcome"] == "unchanged"


# ------------------------------------------------------------------ canaries


def test_canaries(tmp_path: Path) -> None:
    shop = gated(tmp_path)
    fill(shop.source, 40)
    assert shop.run("canary", "create", "laden", rc=Exit.NOTHING_DONE)  # the plan wants none
    assert not (shop.source / canaries.NAMES[0]).exists()
    disk = shop.disks.pop("wechsel")
    shop.write_plan(rules="canaries = true", more=offline_text("wechsel", disk))
    shop.disks["wechsel"] = disk
    placed = only(events(shop.run("canary", "create", "laden"), "canaries"))["placed"]
    assert sorted(Path(path).name for path in placed) == sorted(canaries.NAMES)
    shop.run("canary", "create", "laden", rc=Exit.NOTHING_DONE)
    assert shop.backup()["wechsel"]["outcome"] == "committed"
    assert shop.backup()["wechsel"]["outcome"] == "unchanged"
    encrypt(shop.source / canaries.NAMES[0], 1, rename=False)
    (shop.source / canaries.NAMES[2]).unlink()
    with untouched(disk):
        question = held(shop)
    assert (question["rule"], question["canaries"]) == ("canary", 2)
    assert [example["what"] for example in question["examples"]][:2] == ["canary"] * 2
    # accepted, they are watched no more; the third one still is
    shop.backup("--accept-changes")
    shop.backup()
    (shop.source / canaries.NAMES[1]).write_bytes(b"")
    assert held(shop)["canaries"] == 1


def test_canaries_travel_with_the_proofs(tmp_path: Path) -> None:
    """A new PC that adopts the copy knows them, and judges by them from its first run on."""
    shop = gated(tmp_path, offline=False, rules="canaries = true")
    fill(shop.source, 40)
    shop.run("canary", "create", "laden")
    shop.backup()
    other = tmp_path / "neuer PC"
    shop.run("adopt", shop.copy(), "--take-over", home=other)
    assert read_plan((other / "config" / "plan.toml").read_text(), source="x").systems
    shop.run("backup", home=other)
    (shop.source / canaries.NAMES[0]).write_bytes(b"verschl")
    assert only(events(shop.run("backup", home=other, rc=HELD), "held"))["rule"] == "canary"


def test_a_file_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    shop = gated(tmp_path, offline=False, rules="canaries = true")
    (shop.source / canaries.NAMES[0]).write_text("unsere echte Inventur")
    shop.run("canary", "create", "laden")
    assert (shop.source / canaries.NAMES[0]).read_text() == "unsere echte Inventur"
    shop.backup()
    (shop.source / canaries.NAMES[0]).write_text("nachgetragen")
    shop.backup()
