"""The window's fixtures serve journeys too; and windows with everything real behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.texts import Lang
from gui.theme.look import Look
from gui.theme.tokens import LIGHT, Tokens
from gui.wizards.setup import SetupWizard
from tests.gui.conftest import collected_here, dressed, qapp_args
from tests.journeys.desk import Desk

__all__ = ["collected_here", "dressed", "qapp_args"]


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disks and folders of whoever runs the tests are none of a test's business."""
    monkeypatch.setattr("gui.wizards.setup_pages.places.volumes", list)
    monkeypatch.setattr(SetupWizard, "find_folders", lambda self, done: done({}))


@pytest.fixture
def desks(
    qtbot: QtBot, dressed: Callable[[Tokens, float], Look], tmp_path: Path
) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(name: str, lang: Lang = "de", passphrase: str = "") -> Desk:
        look = dressed(LIGHT, 1.0)
        desk = Desk(tmp_path / name, look, lang, qtbot, passphrase)
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.close()
    made.clear()  # pytest still holds `make`: what it holds would die later, in any thread
