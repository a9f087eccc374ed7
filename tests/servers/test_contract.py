"""What holds at every place copies may lie, whatever carries the bytes there (issue 5).

One class; a place is a backend and a layout. The default run takes each backend once in each test;
all combinations are marked `full`.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from core.errors import Exit
from tests.engine.stage import Layout, Shop, events, make_shop, only
from tests.engine.test_sheet_by_hand import type_in, typed
from tests.support import cli, keys
from tests.support.places import BACKENDS, Backend, Place, missing, place
from tests.support.trees import compare, snapshot

Where = tuple[Backend, Layout]
ONCE: tuple[Where, ...] = (
    ("webdav", "sealed"),
    ("s3", "sealed"),
    ("samba", "sealed"),
    ("openssh", "bundled"),
)
ALL: tuple[Where, ...] = tuple(
    (backend, layout) for backend in BACKENDS for layout in ("tree", "bundled", "sealed")
)


def _places(fast: tuple[Where, ...] = ONCE) -> list[object]:
    return [
        pytest.param(*where, id="-".join(where), marks=() if where in fast else pytest.mark.full)
        for where in ALL
    ]


def everywhere(*fast: Where) -> pytest.MarkDecorator:
    """The test at every place; in the default run at these, or at each backend once."""
    return pytest.mark.parametrize(("backend", "layout"), _places(fast or ONCE))


@pytest.fixture
def there(tmp_path: Path, backend: Backend) -> Iterator[Place]:
    if missing(backend):
        pytest.skip(f"{missing(backend)} is not installed")
    with place(backend, tmp_path / "server") as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, there: Place, layout: Layout) -> Shop:
    made = make_shop(tmp_path, disks=("nas",), layout=layout, places={"nas": there})
    _first_day(made.source)
    return made


def _first_day(source: Path) -> None:
    random = Random(1)
    for number in range(40):
        folder = source / f"Ordner {number % 4}"
        folder.mkdir(exist_ok=True)
        (folder / f"Rechnung {number:03}.txt").write_bytes(random.randbytes(random.randrange(3000)))
    (source / "Sicherung.sql").write_bytes(random.randbytes(5_000_000))
    (source / "leer").mkdir()
    (source / "Büro $HOME & 'Söhne' `id` %PATH%.txt").write_text("Namen, die niemand ausführt")
    (source / "nichts").write_bytes(b"")


def _next_day(source: Path, day: int) -> None:
    random = Random(day)
    with (source / "Sicherung.sql").open("r+b") as file:
        file.seek(2_000_000)
        file.write(random.randbytes(10_000))
    (source / f"neu {day}.bin").write_bytes(random.randbytes(50_000))
    files = sorted((source / "Ordner 1").iterdir())
    files[0].unlink()
    files[1].rename(source / f"umbenannt {day}.txt")


class TestContract:
    @everywhere()
    def test_every_day_comes_back(self, shop: Shop) -> None:
        """By the program and by hand; nothing that was there is sent again."""
        shop.day()
        _next_day(shop.source, 2)
        second = shop.day()["nas"]
        assert second["outcome"] == "committed"
        assert second["new_bytes"] < 3_000_000
        assert shop.day()["nas"]["new_bytes"] < 20_000
        assert shop.differences(1, 2, 3, disk="nas") == []
        assert shop.differences(1, 3, disk="nas", by="script") == []
        verdict = only(events(shop.run("verify", "--full"), "verified"))
        assert verdict["sound"]
        assert not verdict["damage"]

    @everywhere(("openssh", "bundled"))
    def test_a_bare_pc_adopts_and_goes_on(self, shop: Shop, there: Place, tmp_path: Path) -> None:
        shop.day()
        new = tmp_path / "neuer PC"
        if there.password:
            keys.put_secret(new, "nas.password", there.password)
        if shop.pair is not None:
            keys.put_pair(new, shop.pair)
        told = shop.run("adopt", there.address, "--for", "nas", "--take-over", home=new)
        found = only(events(told, "adopted"))
        assert (found["states"], found["plan"], found["writer"]) == (1, "restored", True)
        shop.home = new
        _next_day(shop.source, 2)
        shop.day()
        assert shop.differences(1, 2, disk="nas") == []

    @everywhere(("s3", "bundled"))
    def test_damage_is_found_and_healed(self, shop: Shop, there: Place, tmp_path: Path) -> None:
        disk = tmp_path / "medien" / "platte"
        disk.mkdir(parents=True)
        shop.disks["platte"] = disk
        shop.layouts["platte"] = "tree"
        shop.write_plan()
        shop.day()
        objects = [path for path in there.folder.rglob("*") if path.stat().st_size > 1_000_000]
        data = bytearray(objects[0].read_bytes())
        data[500_000] ^= 1
        objects[0].write_bytes(data)
        there.kill()  # some keep what they have read
        there.revive()
        told = shop.run("verify", "nas", "--full", rc=Exit.INTEGRITY)
        assert only(events(told, "verified"))["damage"]
        shop.day()
        assert shop.differences(1, 2, disk="nas") == []
        assert only(events(shop.run("verify", "nas", "--full"), "verified"))["sound"]

    @everywhere(("sftp", "sealed"))
    def test_states_that_are_let_go_leave_nothing(self, shop: Shop, there: Place) -> None:
        for day in range(2, 8):
            shop.day()
            shutil.rmtree(shop.source / "Ordner 3", ignore_errors=True)
            (shop.source / f"groß {day}.bin").write_bytes(Random(day).randbytes(300_000))
            (shop.source / f"groß {day - 1}.bin").unlink(missing_ok=True)
        config = shop.home / "config" / "plan.toml"
        config.write_text(config.read_text() + "keep = { daily = 1 }\n")
        before = _size(there.folder)
        pruned = only(events(shop.run("prune"), "pruned"))
        assert pruned["run"]
        assert pruned["freed"] > 200_000, pruned
        gone = pruned["freed"]
        assert _size(there.folder) < before - gone + 20_000
        assert shop.differences(6, disk="nas") == []

    @everywhere(("webdav", "bundled"))
    def test_the_client_dies(self, shop: Shop, backend: Backend, layout: Layout) -> None:
        shop.day()
        random = Random(f"{backend}{layout}")
        for day in range(2, 5):
            _next_day(shop.source, day)
            with cli.start("--json", "backup", home=shop.home, env=keys.ENV) as running:
                time.sleep(random.uniform(0.3, 1.5))
                running.kill_group()
            assert not running.descendants()
        shop.day()
        assert shop.differences(*shop.days, disk="nas") == []

    @pytest.mark.parametrize(
        ("backend", "layout"),
        [
            pytest.param(one, "sealed", marks=() if one == "samba" else pytest.mark.full)
            for one in BACKENDS
        ],
    )
    def test_the_printed_commands_open_it(self, shop: Shop, there: Place, tmp_path: Path) -> None:
        """Stock rclone and the sheet: what the program prints for this very provider."""
        shop.day()
        desk = tmp_path / "fremder PC"
        desk.mkdir()
        text = only(events(shop.run("key", "show", "--text"), "sheet"))["text"]
        assert not there.password or there.password not in text
        commands = typed(text)
        assert len(commands) == 4
        for command in commands:
            done = type_in(command.replace("KENNWORT", there.password), desk)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        found = snapshot(desk / "zurueck" / "shop", with_root=True)
        assert compare(shop.days[1]["shop"], found, xattrs=False) == []

    @everywhere(("webdav", "sealed"))
    def test_no_secret_is_anywhere(self, shop: Shop, there: Place) -> None:
        """Neither in what we keep, nor in what we say, nor in the copy."""
        shop.day()
        for folder in (shop.home, there.folder):
            for path in folder.rglob("*"):
                if path.is_file() and there.password:
                    assert there.password.encode() not in path.read_bytes(), path
        told = json.dumps(shop.run("doctor", rc=Exit.PARTLY)) + json.dumps(shop.run("plan", "show"))
        assert not there.password or there.password not in told


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
