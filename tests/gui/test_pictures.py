"""`./test screens`: a picture of every page into docs/screens, small and the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gui.theme.tokens import DARK, LIGHT, Tokens, high_contrast
from gui.tray import TrayPanel
from tests.gui import scenes
from tests.gui.conftest import Stage
from tests.gui.pages import ALIKE, PAGES, SERVICE, still

pytestmark = pytest.mark.screens
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
_LIMIT = 4_000_000
_CONTRAST = high_contrast(
    window="#000000", text="#FFFFFF", highlight="#1AEBFF", highlighted="#000000"
)
_SHOTS: list[tuple[str, str, Tokens, float, str]] = [
    *((name, f"{name}-hell-de", LIGHT, 1.0, "de") for name in PAGES),
    *((name, f"{name}-dunkel-de", DARK, 1.0, "de") for name in PAGES if name not in ALIKE),
    *((name, f"{name}-hell-en", LIGHT, 1.0, "en") for name in PAGES if name[:2] in
      ("01", "02", "08", "10", "12", "15", "30", "31", "64")),
    *((name, f"{name}-hell-de-200", LIGHT, 2.0, "de") for name in PAGES if name[:2] in
      ("01", "02", "10", "12", "30", "31", "64", "68")),
    ("02-uebersicht-in-gefahr", "02-uebersicht-in-gefahr-hoher-kontrast", _CONTRAST, 1.0, "de"),
]  # fmt: skip


@pytest.mark.parametrize("shot", _SHOTS, ids=lambda shot: shot[1])
def test_picture(
    stage: Callable[..., Stage],
    monkeypatch: pytest.MonkeyPatch,
    shot: tuple[str, str, Tokens, float, str],
) -> None:
    name, file, tokens, scale, lang = shot
    still(monkeypatch)
    picture, act = PAGES[name]
    made = stage(picture(), tokens=tokens, scale=scale, lang=lang)
    act(made.window, made.shop, made.runner)
    made.settle()
    keep(made.window.grab().toImage(), file)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["hell", "dunkel"])
@pytest.mark.parametrize("state", ["protected", "in_danger", "paused"])
def test_tray_panel(stage: Callable[..., Stage], tokens: Tokens, state: str) -> None:
    made = stage(getattr(scenes, state)(), tokens=tokens)
    if state == "paused":
        made.shop.service = SERVICE
    panel = TrayPanel(made.window.look, made.shop, open_window=lambda: None, restore=lambda: None)
    panel.show()
    made.settle()
    colour = "dunkel" if tokens is DARK else "hell"
    name = {"protected": "18-tray-geschuetzt", "in_danger": "18-tray-in-gefahr",
            "paused": "39-tray-pause"}[state]  # fmt: skip
    keep(panel.grab().toImage(), f"{name}-{colour}")
    panel.close()
    panel.deleteLater()
    QApplication.processEvents()


def keep(image: QImage, name: str) -> None:
    """As a PNG of 64 colours: small, and readable all the same."""
    FOLDER.mkdir(exist_ok=True)
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    raw = bytes(image.constBits())
    picture = Image.frombytes(
        "RGB", (image.width(), image.height()), raw, "raw", "RGB", image.bytesPerLine()
    )
    small = picture.quantize(64, dither=Image.Dither.NONE)
    small.save(FOLDER / f"{name}.png", optimize=True)


def test_together_they_are_small() -> None:
    assert sum(one.stat().st_size for one in FOLDER.glob("*.png")) < _LIMIT
