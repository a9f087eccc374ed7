"""The window and its tray cost next to nothing while nobody uses them: the real program, real X."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.engine.stage import make_shop
from tests.support import agent, cli
from tests.support.screen import MISSING, screen, xembed_tray
from tests.support.secret_service import session_bus

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")


def test_it_opens_soon_and_costs_nothing_when_idle(tmp_path: Path) -> None:
    """To the first window a second of one processor at the most; then none, and 150 MB."""
    shop = make_shop(tmp_path)
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    cli.run("backup", home=shop.home)
    (tmp_path / "run").mkdir(mode=0o700)
    with session_bus(tmp_path) as bus, screen() as shown, xembed_tray(shown) as tray:
        env = bus | shown.env | {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path)}
        with cli.start(home=shop.home, env=env, module="gui") as program:
            agent.wait_for(lambda: shown.windows("^Ladentresor"), seconds=60)
            assert agent.cpu_seconds(program.pid) <= 1.0
            agent.wait_for(lambda: tray().width > 16, seconds=60)
            time.sleep(4)  # what comes after the first picture
            before = agent.cpu_seconds(program.pid)
            time.sleep(5)
            assert round(agent.cpu_seconds(program.pid) - before, 2) <= 0.02
            assert agent.resident_mib(program.pid) <= 150
