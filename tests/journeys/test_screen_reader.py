"""A merchant who cannot see the screen: back up, and get a file back, by what a screen reader does.

The real program on a real (virtual) screen; nothing of it is touched but through AT-SPI.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.paths import find_home
from core.plan.write import Starter, example_plan
from tests.support.cli import ROOT
from tests.support.screen import MISSING, Screen, screen
from tests.support.screen_reader import LAUNCHER, Reader, screen_reader
from tests.support.secret_service import session_bus

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}"),
    pytest.mark.skipif(not LAUNCHER.exists(), reason="at-spi2-core is not here"),
]


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Screen, Reader]]:
    """A screen and one who reads it aloud."""
    folder = tmp_path_factory.mktemp("bus")
    with screen() as shown, session_bus(folder) as bus, screen_reader(bus) as reader:
        yield shown, reader


@contextmanager
def window(
    seat: tuple[Screen, Reader], home: Path, lang: str = "de"
) -> Iterator[subprocess.Popen[bytes]]:
    """The program itself."""
    shown, reader = seat
    own = {"PYTHONPATH": str(ROOT), "HOME": str(home.parent), "LANG": "C.UTF-8"}
    command = [sys.executable, "-P", "-m", "gui", "--home", str(home), "--lang", lang]
    with subprocess.Popen(command, env=os.environ | shown.env | reader.env | own) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_backed_up_and_brought_back_by_ear(seat: tuple[Screen, Reader], tmp_path: Path) -> None:
    source, disk, home = tmp_path / "laden-pc", tmp_path / "platte-a", tmp_path / "home"
    source.mkdir()
    prices = source / "Preisliste 2026.csv"
    prices.write_text("10021;Olivenöl;11,90\n", "utf-8")
    place = find_home(str(home))
    place.make()
    plan = example_plan([source], [Starter(path=disk, name="Platte A")])
    place.plan.write_text(plan, "utf-8")
    disk.mkdir()
    reader = seat[1]
    with window(seat, home):
        reader.press("Jetzt sichern")
        reader.wait(lambda: reader.hears("kopiert gerade eben"), "a fresh copy")
        old = prices.read_bytes()
        prices.unlink()

        reader.press("Daten zurückholen")
        reader.wait_for("", "text").type("preisliste")
        reader.press("Diese Fassung holen")
        reader.wait(lambda: reader.hears("Zurückgeholt und geprüft."), "the file")
    back = [one for one in tmp_path.rglob("Preisliste 2026.csv") if disk not in one.parents]
    assert [one.read_bytes() for one in back] == [old]
