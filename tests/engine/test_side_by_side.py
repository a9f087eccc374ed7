"""Two jobs of one home at once, each at its own destination: neither harms nor waits for the other.

One of them is frozen in the middle, which is what a place that answers ever more slowly looks like.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from core.errors import Code
from tests.engine.stage import Layout, Shop, make_shop, refusal, states_at
from tests.support import agent, cli, keys
from tests.support.trees import compare, snapshot

MIB = 1024 * 1024


def shop_at(tmp_path: Path, layout: Layout = "tree") -> Shop:
    shop = make_shop(tmp_path, disks=("platte", "fort"), layout=layout)
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    (shop.source / "rechnung.txt").write_bytes(os.urandom(200_000))
    shop.day()
    return shop


def env_of(shop: Shop) -> dict[str, str] | None:
    return keys.ENV if shop.pair is not None else None


@contextmanager
def frozen_at(shop: Shop, disk: str) -> Iterator[cli.Running]:
    """A backup to this disk that stands still while it stores."""
    with cli.start("--json", "backup", "--to", disk, home=shop.home, env=env_of(shop)) as running:
        folder = shop.copy(disk) / "daten"
        agent.wait_for(lambda: len(list(folder.iterdir())) > len(shop.runs), seconds=30)
        running.kill_group(signal.SIGSTOP)
        assert running.process.poll() is None
        yield running


def statuses(shop: Shop, disk: str) -> list[str]:
    return [row.status for row in agent.runs(shop.home) if row.destination == disk]


def test_a_frozen_place_holds_up_no_other(tmp_path: Path) -> None:
    shop = shop_at(tmp_path)
    with (shop.source / "film.mkv").open("wb") as file:
        file.truncate(160 * MIB)
    with frozen_at(shop, "fort") as frozen:
        shop.day("--to", "platte")
        shop.run("verify", "platte")
        shop.run("prune", "--to", "platte", rc=4)
        assert shop.differences(1, disk="fort") == []
        for verb in (["backup"], ["verify", "fort"], ["adopt", str(shop.copy("platte"))]):
            error = refusal(shop.run(*verb, rc=6), Code.HOME_LOCKED)
            assert error["params"]["pid"] == str(frozen.pid)
        assert statuses(shop, "fort") == ["COMMITTED", "RUNNING"]  # nobody takes it for dead
        frozen.kill_group(signal.SIGCONT)
        out, err = frozen.process.communicate(timeout=60)
        assert frozen.process.returncode == 0, out + err
    assert statuses(shop, "fort") == ["COMMITTED", "COMMITTED"]
    for disk in ("platte", "fort"):
        assert shop.differences(1, 2, disk=disk) == []


def test_one_that_is_killed_takes_the_other_not_along(tmp_path: Path) -> None:
    shop = shop_at(tmp_path)
    with (shop.source / "film.mkv").open("wb") as file:
        file.truncate(160 * MIB)
    with frozen_at(shop, "fort") as one, frozen_at(shop, "platte") as other:
        one.kill_group()
        other.kill_group(signal.SIGCONT)
        other.process.communicate(timeout=60)
        assert other.process.returncode == 0
    shop.runs[2], shop.days[2] = states_at(shop.copy("platte"))[-1], shop.look()
    assert statuses(shop, "fort") == ["COMMITTED", "RUNNING"]
    shop.backup()
    assert statuses(shop, "fort") == ["COMMITTED", "INTERRUPTED", "COMMITTED"]
    assert shop.differences(1, 2, disk="platte") == []
    assert shop.differences(1, disk="fort") == []
    with shop.brought_back(disk="fort") as into:
        assert compare(shop.days[2]["shop"], snapshot(into / "shop", with_root=True)) == []
    shop.run("verify", "--full")


def test_a_new_home_has_one_writer_and_one_database(tmp_path: Path) -> None:
    """The very first jobs of a home begin at the same moment."""
    shop = make_shop(tmp_path, disks=tuple(f"p{n}" for n in range(4)))
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    started = [cli.start("backup", "--to", disk, home=shop.home) for disk in shop.disks]
    for running in started:
        with running:
            out, err = running.process.communicate(timeout=60)
            assert running.process.returncode == 0, out + err
    assert {path.name for path in (shop.home / "state").glob("ladentresor.db.*")} == set()
    shop.backup()
    assert {row.status for row in agent.runs(shop.home)} == {"COMMITTED", "UNCHANGED"}


# -- killed at random moments ---------------------------------------------------------------------

KINDS: tuple[Layout, ...] = ("tree", "bundled", "sealed")
VICTIMS = ("one", "both")


def dies(tmp_path: Path, seed: int, victims: str, layout: Layout) -> None:
    """Two runs begin together; at a random moment one or both of them are killed."""
    dice = random.Random(f"{seed}{victims}{layout}")
    shop = shop_at(tmp_path, layout)
    for number in range(60):
        (shop.source / f"datei-{number}.bin").write_bytes(dice.randbytes(60_000))
    for number in range(4):
        (shop.source / f"gross-{number}.bin").write_bytes(dice.randbytes(9_000_000))
    with (
        cli.start("backup", "--to", "platte", home=shop.home, env=env_of(shop)) as one,
        cli.start("backup", "--to", "fort", home=shop.home, env=env_of(shop)) as other,
    ):
        pair = [one, other]
        dice.shuffle(pair)
        with suppress(TimeoutExpired):
            pair[0].process.wait(dice.uniform(0.2, 1.6))
        for running in pair[: 1 if victims == "one" else 2]:
            running.kill_group()
        for running in pair:
            running.process.communicate(timeout=60)
        if victims == "one":
            assert pair[1].process.returncode == 0
    for disk in shop.disks:
        assert shop.differences(1, disk=disk) == []
    shop.backup()
    assert not {"RUNNING", "FAILED"} & {row.status for row in agent.runs(shop.home)}
    now = shop.look()["shop"]
    for disk in shop.disks:
        assert shop.differences(1, disk=disk) == []
        with shop.brought_back(disk=disk) as into:
            assert compare(now, snapshot(into / "shop", with_root=True)) == []
    shop.run("verify", "--full")


@pytest.mark.kill
@pytest.mark.parametrize("layout", KINDS)
@pytest.mark.parametrize("victims", VICTIMS)
@pytest.mark.parametrize("seed", range(10))
def test_killed_side_by_side(tmp_path: Path, seed: int, victims: str, layout: Layout) -> None:
    dies(tmp_path, seed, victims, layout)


def test_killed_side_by_side_once(tmp_path: Path) -> None:
    dies(tmp_path, 0, "one", "tree")
