"""Clean-ups of a copy: what stays restores, what goes is really gone, the books are straight."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from random import Random

import pytest

from core.copies.format.copy_folder import CLEANED
from core.copies.letting_go import pruning
from core.copies.reading_back import verify_copy
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.plan.model import Keep
from tests.engine.daily import Days
from tests.engine.stage import LAYOUTS, Layout


def change(days: Days, number: int) -> None:
    """A day in the shop: one file stays for ever, one comes every day, one is overwritten."""
    random = Random(number)
    (days.source / "bleibt.txt").write_text("immer da")
    (days.source / f"neu-{number:03}.bin").write_bytes(random.randbytes(30_000))
    (days.source / "kasse.bin").write_bytes(random.randbytes(400_000))
    old = days.source / f"neu-{number - 4:03}.bin"
    old.unlink(missing_ok=True)


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param  # type: ignore[no-any-return]


def live(days: Days, number: int) -> None:
    for day in range(number):
        change(days, day)
        days.back_up()
        days.pass_days()


def test_old_states_go_and_the_rest_restores(tmp_path: Path, layout: Layout) -> None:
    days = Days(tmp_path, layout)
    live(days, 20)
    before = days.size()
    said = days.look()
    done = days.prune()
    assert done.dropped == said.dropped
    assert (done.freed, done.objects) == (said.freed, said.objects)
    left = days.check(by_hand=True)
    assert set(left) == {fate.state.run for fate in done.fates if fate.stays}
    assert 4 <= len(left) < 10
    assert days.size() < before / 2
    again = days.prune()
    assert not again.run
    assert again.dropped == []
    change(days, 21)
    days.listener.notes.clear()
    days.back_up()
    assert days.listener.notes == []
    days.check()


def test_a_new_pc_tells_dropped_from_stolen(tmp_path: Path, layout: Layout) -> None:
    days = Days(tmp_path, layout)
    live(days, 12)
    days.prune()
    days.new_pc()
    days.check()
    change(days, 30)
    days.back_up()
    days.pass_days()
    days.prune()
    left = days.check()
    if layout == "tree":
        (days.folder / "staende" / f"{left[1]}.json").unlink()
        assert any(one.kind == "record_missing" for one in days.verify().damage)


# ------------------------------------------------------------------ when nothing goes


def refused(days: Days, *give_up: str) -> KnownError:
    before = everything(days)
    with pytest.raises(KnownError) as caught:
        days.prune(*give_up)
    assert everything(days) == before
    return caught.value


def everything(days: Days) -> dict[str, bytes]:
    return {
        str(path.relative_to(days.folder)): path.read_bytes()
        for path in days.folder.rglob("*")
        if path.is_file()
    }


def forget_index(days: Days) -> None:
    for path in (days.home.state / "kopien").iterdir():
        path.unlink()


@pytest.mark.parametrize("kind", ["record", "record gone", "list"])
def test_one_unreadable_state_stops_all_until_it_is_given_up(tmp_path: Path, kind: str) -> None:
    days = Days(tmp_path)
    live(days, 12)
    stay = [fate.state.run for fate in days.look().fates if fate.stays]
    lost = stay[0]
    states = days.folder / "staende"
    name = f"{lost}.liste.gz" if kind == "list" else f"{lost}.json"
    if kind == "record gone":
        (states / name).unlink()
    else:
        data = bytearray((states / name).read_bytes())
        data[len(data) // 2] ^= 1
        (states / name).write_bytes(data)
    forget_index(days)  # what it knows it would put back
    error = refused(days)
    assert error.code is Code.PRUNE_STOPPED
    assert error.params["state"] == lost
    done = days.prune(str(int(lost.split("-")[0])))
    assert done.given_up == (lost,)
    assert lost not in days.check()
    days.back_up()
    days.new_pc()
    days.check(by_hand=True)


def test_a_damaged_record_the_index_knows_is_put_back_first(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 12)
    stay = [fate.state.run for fate in days.look().fates if fate.stays]
    (days.folder / "staende" / f"{stay[0]}.json").unlink()
    days.prune()
    assert days.check() == stay


def test_a_clock_set_back_deletes_nothing(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 12)
    days.pass_days(-30)
    assert days.prune().dropped == []
    assert len(days.check()) == 12


def test_a_reader_deletes_nothing(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 6)
    first = days.home
    days.new_pc()
    days.home, second = first, days.home
    assert refused(days).code is Code.DESTINATION_WRITER
    days.home = second
    days.prune()
    days.check()


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 6)
    states = days.folder / "staende"
    line = (states / f"{days.states()[-1].run}.json").read_text().split("\n")[0]
    newer = line.replace('"format":1', '"format":2')
    name = "000099-20261201T030000Z-abcd.json"
    digest = hashlib.sha256(newer.encode()).hexdigest()
    (states / name).write_text(f"{newer}\n{digest}\n")
    assert refused(days).code is Code.COPY_NEWER_FORMAT


def test_a_damaged_inhalt_keeps_its_folder(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 12)
    first = days.states()[0].run
    place = days.folder / "daten" / first / "inhalt.tsv.gz"
    place.write_bytes(place.read_bytes()[:-9])
    with days.desk() as desk, days.reached(desk) as copy:  # the dry run mends nothing
        said = pruning.look(desk, copy, days.name, days.keep, ())
    assert first in said.left
    days.prune()  # this home knows what stood in it and writes it anew before
    days.check()


def test_a_clean_up_cut_off_in_its_record_never_was(tmp_path: Path, layout: Layout) -> None:
    """The power went while the record was written: nothing had gone, the next one does the work."""
    days = Days(tmp_path, layout)
    live(days, 12)
    create = LocalFolder.create

    def tearing(folder: LocalFolder, relative: str, data: bytes) -> None:
        if relative.endswith(CLEANED):
            create(folder, relative, data[: len(data) // 2])
            folder.barrier()
            raise Stop
        create(folder, relative, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalFolder, "create", tearing)
        with pytest.raises(Stop):
            days.prune()
    assert len(days.states()) == 12
    with days.desk() as desk:
        verdict = verify_copy(desk, days.plan, days.plan.copies[0], "full")
    assert verdict.is_sound, verdict.damage
    days.listener.notes.clear()
    done = days.prune()
    assert "record_never_written" in days.listener.notes
    assert done.dropped
    assert set(days.check()) == {fate.state.run for fate in done.fates if fate.stays}


# ------------------------------------------------------------------ what nobody names


def test_what_an_interrupted_run_left_goes_after_a_day(tmp_path: Path, layout: Layout) -> None:
    if layout == "sealed":
        pytest.skip("a stranger's folder cannot be planted there without the key")
    days = Days(tmp_path, layout)
    live(days, 2)
    for name in ("000050-20261101T030000Z-abcd", f"000051-{days.clock.now():%Y%m%dT%H%M%SZ}-abcd"):
        folder = days.folder / "daten" / name / "shop" / "tief"
        folder.mkdir(parents=True)
        (folder / "rest.bin").write_bytes(b"unnamed")
    days.back_up()
    days.prune()
    left = {path.name for path in (days.folder / "daten").iterdir()}
    assert "000050-20261101T030000Z-abcd" not in left
    assert any(name.startswith("000051") for name in left)
    days.check()


def test_what_this_home_may_go_on_with_stays(tmp_path: Path) -> None:
    days = Days(tmp_path)
    live(days, 5)

    def stop(phase: str) -> None:
        if phase == "record":
            raise KeyboardInterrupt

    change(days, 5)
    days.listener.at_phase = stop
    with pytest.raises(KeyboardInterrupt):
        days.back_up()
    days.listener.at_phase = lambda phase: None
    days.pass_days(3)
    days.prune()
    days.check()
    days.listener.notes.clear()
    days.back_up()
    days.check(by_hand=True)


# ------------------------------------------------------------------ a random life


class Stop(Exception):
    """A clean-up that ends at a phase of its own."""


@pytest.mark.parametrize("seed", range(2))
def test_a_random_life(tmp_path: Path, seed: int) -> None:
    """Whatever happens, no state that is there ever misses a byte."""
    random_life(tmp_path, seed, LAYOUTS[seed % 2], steps=24)


@pytest.mark.kill
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_lives(tmp_path: Path, seed: int) -> None:
    random_life(tmp_path, seed, LAYOUTS[seed % 3], steps=60)


def random_life(root: Path, seed: int, layout: Layout, *, steps: int) -> None:
    random = Random(seed)
    days = Days(root, layout)
    days.keep = Keep(
        daily=random.randint(1, 4),
        weekly=random.randint(0, 2),
        monthly=random.randint(0, 2),
        yearly=random.randint(0, 1),
    )
    alter(days, random)
    days.back_up()
    deeds = [back_up] * 6 + [clean_up] * 3 + [cut_short] * 2 + [interrupt, jump, damage, lose_index]
    told: list[str] = []
    for step in range(steps):
        deed = random.choice(deeds)
        told.append(deed.__name__)
        if layout == "sealed" and deed in (damage,):
            continue
        try:
            deed(days, random)
            if step % 8 == 7:
                days.check(by_hand=random.random() < 0.2)
        except BaseException as error:
            error.add_note(f"step {step}: {told}")
            raise
    days.prune()
    left = days.check(by_hand=True)
    days.new_pc()
    assert days.check() == left


def alter(days: Days, random: Random) -> None:
    """New, changed, deleted and renamed files, and contents that come back."""
    names = [f"{random.choice('abc')}/{random.choice('xyz')}{n}" for n in range(6)]
    for name in names:
        path = days.source / name
        path.parent.mkdir(exist_ok=True)
        luck = random.random()
        if luck < 0.15:
            path.unlink(missing_ok=True)
        elif luck < 0.3 and path.exists():
            path.rename(path.with_name(f"u{random.randint(0, 9)}"))
        else:
            data = Random(random.randint(0, 40)).randbytes(random.choice([0, 10, 5000, 90_000]))
            path.write_bytes(data)
    (days.source / "immer").write_text("da")


def back_up(days: Days, random: Random) -> None:
    days.pass_days(random.choice([0.2, 1, 1, 1, 8, 35]))
    alter(days, random)
    days.back_up()


def clean_up(days: Days, random: Random) -> None:
    said = days.look()
    done = days.prune()
    there = {state.run for state in days.states()}
    assert there == {fate.state.run for fate in done.fates if fate.stays}
    assert there >= {fate.state.run for fate in said.fates if fate.stays}


def cut_short(days: Days, random: Random) -> None:
    """A clean-up that ends after so many removals."""
    left = random.randint(0, 12)
    before = {fate.state.run for fate in days.look().fates if fate.stays}
    remove = LocalFolder.remove

    def removing(folder: LocalFolder, relative: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stop
        remove(folder, relative)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalFolder, "remove", removing)
        with contextlib.suppress(Stop):
            days.prune()
    assert before <= {state.run for state in days.states()}


def interrupt(days: Days, random: Random) -> None:
    """A run that ends somewhere in its commit, and leaves its journal."""
    at = random.choice(["contents", "list", "index", "record"])

    def stop(phase: str) -> None:
        if phase == at:
            raise Stop

    alter(days, random)
    days.listener.at_phase = stop
    with contextlib.suppress(Stop):
        days.back_up()
    days.listener.at_phase = lambda phase: None


def jump(days: Days, random: Random) -> None:
    """The clock is wrong for one run."""
    by = random.choice([-500, -3, 40, 3000])
    days.pass_days(by)
    alter(days, random)
    days.back_up()
    days.pass_days(-by)


def damage(days: Days, random: Random) -> None:
    """A record rots; the clean-up reads it and puts it back from what the index knows."""
    records = sorted((days.folder / "staende").glob("*.json"))
    place = random.choice(records)
    data = bytearray(place.read_bytes())
    data[random.randrange(len(data))] ^= 4
    place.write_bytes(data)
    days.prune()


def lose_index(days: Days, random: Random) -> None:
    forget_index(days)
    days.back_up()
