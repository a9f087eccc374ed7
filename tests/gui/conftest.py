"""One application for all tests of the window, dressed as the program dresses it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from core.health.look import Picture
from core.health.said import say_picture
from core.paths import find_home
from core.texts import Lang, Texts
from gui.bridge import Bridge
from gui.settings import Settings
from gui.shop import Shop
from gui.theme.look import Look, load_fonts, palette, style_sheet
from gui.theme.tokens import LIGHT, Tokens
from gui.window import Window
from tests.gui.scenes import NOW, PlayedRunner
from tests.support.fixed_clock import FixedClock


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["ladentresor"]


@pytest.fixture(autouse=True)
def collected_here() -> Iterator[None]:
    """As in the program: what is left of a window dies in this thread, not in the next test's."""
    gc.disable()
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    gc.enable()


@pytest.fixture
def dressed(qapp: QApplication) -> Callable[[Tokens, float], Look]:
    """Dress the application."""
    qapp.setStyle("Fusion")
    load_fonts()

    def dress(tokens: Tokens = LIGHT, scale: float = 1.0) -> Look:
        look = Look(tokens, scale)
        qapp.setPalette(palette(tokens))
        qapp.setStyleSheet(style_sheet(look))
        return look

    return dress


class Stage:
    """A window on a played runner."""

    def __init__(self, shop: Shop, window: Window, runner: PlayedRunner, bridge: Bridge) -> None:
        self.shop, self.window, self.runner, self.bridge = shop, window, runner, bridge

    def settle(self) -> None:
        """Let Qt lay out and paint."""
        for _ in range(6):
            QApplication.processEvents()


@pytest.fixture
def stage(
    dressed: Callable[[Tokens, float], Look],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Stage]]:
    """Make a window that shows a picture."""
    made: list[Stage] = []
    monkeypatch.setattr(Shop, "refresh", lambda self: None)  # the picture is given

    def make(
        picture: Picture | None,
        *,
        tokens: Tokens = LIGHT,
        scale: float = 1.0,
        lang: Lang = "de",
        size: tuple[int, int] = (1200, 800),
    ) -> Stage:
        bridge, runner = Bridge(), PlayedRunner()
        home = find_home(str(tmp_path / "home"))
        texts = Texts(lang)
        shop = Shop(home, FixedClock(NOW), texts, bridge, runner)
        if picture is not None:
            shop.picture, shop.said = picture, say_picture(picture, texts)
        look = dressed(tokens, scale)
        settings = Settings(width=size[0], height=size[1], scale=scale)
        window = Window(shop, look, settings)
        window.show()
        found = Stage(shop, window, runner, bridge)
        found.settle()
        made.append(found)
        return found

    yield make
    for one in made:
        one.bridge.close()
        one.window.close()
        one.window.deleteLater()
    made.clear()  # pytest still holds `make`: what it holds would die later, in any thread
    # A window left over is dressed again with every later one.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()
