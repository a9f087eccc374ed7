"""Window or service dies in the middle: the other says what happened, and the next run is whole.

The real window, read through AT-SPI; the real background service; SIGKILL at seeded moments.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from core.paths import find_home
from core.plan.write import Starter, example_plan
from tests.journeys.test_screen_reader import seat, window
from tests.support import agent, cli
from tests.support.screen import MISSING, Screen
from tests.support.screen_reader import LAUNCHER, Reader

__all__ = ["seat"]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}"),
    pytest.mark.skipif(not LAUNCHER.exists(), reason="at-spi2-core is not here"),
]
MOST = 1.6  # seconds from the click to the kill: before, during and after the run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A shop of some megabytes, a disk, a plan."""
    source, disk = tmp_path / "laden-pc", tmp_path / "platte-a"
    disk.mkdir()
    dice = Random(1)
    for number in range(60):
        file = source / f"ordner-{number % 6}" / f"beleg-{number}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(dice.randbytes(dice.randrange(1000, 900_000)))
    place = find_home(str(tmp_path / "home"))
    place.make()
    plan = example_plan([source], [Starter(path=disk, name="Platte A")])
    place.plan.write_text(plan, "utf-8")
    return tmp_path / "home"


def change(home: Path, seed: int) -> None:
    (home.parent / "laden-pc" / "ordner-0" / "heute.pdf").write_bytes(
        Random(seed).randbytes(50_000)
    )


def back_up(reader: Reader) -> None:
    """On the page of the copies there is always a button for it."""
    reader.wait_for("Kopien", "check box").do()
    for _ in range(3):  # the page may be made anew between finding the button and pressing it
        reader.press("Platte A: Jetzt sichern")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            if reader.find("Abbrechen", "push button") or is_over(reader):
                return
    raise AssertionError(f"nothing began\n{reader.said()}")


def is_over(reader: Reader) -> bool:
    """Whether the window says how the last job ended."""
    return reader.find("Ausblenden", "push button") is not None


def is_whole(home: Path, at: str) -> None:
    """Every state there is, to the last byte; none yet is well too."""
    done = cli.run("--json", "verify", "--full", home=home, check=False)
    assert done.rc in (0, 4), (at, done.stdout, done.stderr)
    verdicts = [line for line in done.lines if line["event"] == "verified"]
    assert all(line["sound"] for line in verdicts), (at, verdicts)


def kill_the_service(seat: tuple[Screen, Reader], home: Path, seeds: range) -> None:
    reader = seat[1]
    cut_off = 0
    with window(seat, home):
        for seed in seeds:
            wait = Random(f"service {seed}").random() * MOST
            with cli.start("--json", "agent", home=home) as service:
                agent.wait_for(lambda: agent.answers(home), what="an agent that answers")
                change(home, seed)
                back_up(reader)
                time.sleep(wait)
                os.kill(service.process.pid, signal.SIGKILL)
            reader.wait(lambda: is_over(reader), f"an end, {wait:.2f} s after the click")
            if not reader.hears("Fertig."):
                cut_off += 1
                # It says why, and one press makes what was cut off, with no service there any more.
                assert reader.hears("Der Hintergrunddienst"), (wait, reader.said())
                reader.press("Noch einmal versuchen")
                reader.wait(lambda: reader.hears("Fertig."), f"a second end, {wait:.2f} s")
            is_whole(home, f"service killed after {wait:.2f} s")
            reader.press("Ausblenden")
            reader.wait(lambda: not is_over(reader), "a page without a card")
    assert cut_off or len(seeds) < 3, "no kill met a run"


def kill_the_window(seat: tuple[Screen, Reader], home: Path, seeds: range) -> None:
    reader = seat[1]
    with agent.running(home):
        for seed in seeds:
            wait = Random(f"window {seed}").random() * MOST
            change(home, seed)
            with window(seat, home) as program:
                back_up(reader)
                time.sleep(wait)
                program.kill()
            agent.wait_for(lambda: not agent.works(home), what="a service at rest")
            is_whole(home, f"window killed after {wait:.2f} s")
    with window(seat, home):
        # Whoever opens it again sees how things stand, and goes on where it was.
        back_up(reader)
        reader.wait(lambda: reader.hears("Fertig."), "a whole run at the end")


def test_the_service_dies_in_the_middle(seat: tuple[Screen, Reader], home: Path) -> None:
    kill_the_service(seat, home, range(1))


@pytest.mark.kill
def test_the_service_dies_at_many_moments(seat: tuple[Screen, Reader], home: Path) -> None:
    kill_the_service(seat, home, range(1, 31))


@pytest.mark.kill
def test_the_window_dies_at_many_moments(seat: tuple[Screen, Reader], home: Path) -> None:
    kill_the_window(seat, home, range(1, 31))
