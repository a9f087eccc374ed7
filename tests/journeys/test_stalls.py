"""Never a frozen window: the event loop's longest stand while a real backup runs beside it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from core.paths import find_home
from core.plan.write import Starter, example_plan
from gui.garbage import Collector
from gui.pages.settings import SettingsPage
from gui.pages.settings.page import PARTS
from tests.journeys.desk import Desk
from tests.support.stalls import StallMeter

LIMIT = 0.1
_SWITCH_MS = 120


def many_files(folder: Path, number: int) -> Path:
    """So many small files, five hundred in a folder."""
    for first in range(0, number, 500):
        place = folder / f"{first // 500:04}"
        place.mkdir(parents=True)
        for at in range(first, min(first + 500, number)):
            (place / f"Beleg {at:06}.txt").write_bytes(b"%06d;11,90\n" % at)
    return folder


class Restless:
    """A person who cannot sit still: another page, another part, another size, again and again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pages = itertools.cycle(("overview", "runs", "settings"))
        self._parts = itertools.cycle(PARTS)
        self._sizes = itertools.cycle((1200, 1200, 1200, 1050))
        self.switches = 0
        self.timer = QTimer()
        self.timer.timeout.connect(self._act)
        self.timer.start(_SWITCH_MS)

    def _act(self) -> None:
        self.switches += 1
        window = self._desk.window
        window.open(next(self._pages))
        if isinstance(window.page, SettingsPage):
            window.page.open(next(self._parts))
        if self.switches % 7 == 0:
            window.resize(next(self._sizes), 800)
        if self.switches % 11 == 0:
            self._desk.shop.refresh()


def watched(desk: Desk, source: Path, target: Path, *, patience: int) -> tuple[StallMeter, int]:
    """Back up while pages are switched; the meter, and how often they were."""
    home = find_home(str(desk.shop.home.config.parent))
    home.make()
    target.mkdir()
    home.plan.write_text(example_plan([source], [Starter(path=target, name="Platte A")]), "utf-8")
    desk.shop.refresh()
    desk.wait(lambda: desk.shop.said is not None)
    application = QApplication.instance()
    assert application is not None
    garbage = Collector(application)
    meter = StallMeter(LIMIT)
    meter.start()
    person = Restless(desk)
    desk.shop.back_up()
    desk.qtbot.waitUntil(desk.run_is_over, timeout=patience)
    for _ in range(20):  # what the end of a run brings about
        desk.qtbot.wait(50)
    meter.stop()
    person.timer.stop()
    garbage.close()
    assert desk.shop.run is not None
    assert desk.shop.run.ended is not None
    assert desk.shop.run.ended.exit == 0
    return meter, person.switches


def test_a_small_backup_never_freezes_the_window(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    source = many_files(tmp_path / "laden-pc", 3000)
    meter, switches = watched(desks("home"), source, tmp_path / "platte-a", patience=60_000)
    assert switches > 5
    assert meter.beats > 50
    assert meter.longest <= LIMIT, (meter.longest, meter.longest_wall, meter.stacks)


@pytest.mark.full
def test_two_hundred_thousand_files_never_freeze_the_window(
    desks: Callable[..., Desk], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = many_files(tmp_path / "laden-pc", 200_000)
    meter, switches = watched(desks("home"), source, tmp_path / "platte-a", patience=1_200_000)
    with capsys.disabled():
        print(
            f"\nlongest stall {meter.longest * 1000:.0f} ms, by the wall clock"
            f" {meter.longest_wall * 1000:.0f} ms, {meter.beats} beats, {switches} switches"
        )
    assert switches > 50
    assert meter.longest <= LIMIT, (meter.longest, meter.longest_wall, meter.stacks)
