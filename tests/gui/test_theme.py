"""Colours hold their contrast, fonts and icons are ours, high contrast takes the system's roles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QFontInfo, QImage, QPalette

from gui.theme.look import RESOURCES, Look, Role, palette
from gui.theme.tokens import DARK, LIGHT, TRAY, Tokens, colours, contrast, high_contrast

BOTH = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda one: one.name)


@BOTH
@pytest.mark.parametrize("ink", ["ink", "ink2", "ink3", "accent", "ok", "warn", "bad"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
def test_every_text_colour_can_be_read(tokens: Tokens, ink: str, ground: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@BOTH
def test_words_on_fills_can_be_read(tokens: Tokens) -> None:
    pairs = [
        (tokens.on_accent, tokens.accent),
        (tokens.on_accent, tokens.accent_hover),
        (tokens.ok, tokens.ok_soft),
        (tokens.warn, tokens.warn_soft),
        (tokens.bad, tokens.bad_soft),
        (tokens.accent, tokens.accent_soft),
    ]
    assert min(contrast(*pair) for pair in pairs) >= 4.5


@BOTH
def test_outlines_of_controls_can_be_seen(tokens: Tokens) -> None:
    assert min(contrast(tokens.ctl, one) for one in (tokens.ground, tokens.surface)) >= 3


@pytest.mark.parametrize("bar", ["#F3F3F3", "#202020"])
def test_tray_icons_can_be_seen_on_any_task_bar(bar: str) -> None:
    assert min(contrast(TRAY[one], bar) for one in ("protected", "running", "act", "danger")) >= 3


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_palette_says_what_the_tokens_say(tokens: Tokens) -> None:
    made, role = palette(tokens), QPalette.ColorRole
    assert made.color(role.Window).name().upper() == tokens.ground
    assert made.color(role.HighlightedText).name().upper() == tokens.on_accent
    for text, ground in ((role.WindowText, role.Window), (role.Text, role.Base)):
        assert contrast(made.color(text).name(), made.color(ground).name()) >= 4.5


def test_high_contrast_has_only_the_colours_of_the_system() -> None:
    made = high_contrast(
        window="#000000", text="#FFFFFF", highlight="#1AEBFF", highlighted="#000000"
    )
    assert set(colours(made).values()) == {"#000000", "#FFFFFF", "#1AEBFF"}
    assert made.is_dark
    assert made.ok == made.warn == made.bad == "#FFFFFF"  # shape and word carry the meaning


def test_the_font_is_the_bundled_one(dressed: Callable[..., Look]) -> None:
    look = dressed()
    for role in Role:
        info = QFontInfo(look.font(role))
        assert info.family() == "Inter"
        assert info.weight() == look.font(role).weight()
        assert look.font(role).pixelSize() >= 12


def test_icons_take_the_colour(dressed: Callable[..., Look]) -> None:
    look = dressed()
    for file in (RESOURCES / "icons").glob("*.svg"):
        image = look.icon(file.stem, "#ff0000", 32).pixmap(32, 32).toImage()
        image = image.convertToFormat(QImage.Format.Format_ARGB32)
        inked = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 200
        ]
        assert inked, file
        assert all(c.red() > 200 and c.green() < 30 for c in inked), file


def test_resources_stay_small() -> None:
    size = sum(
        p.stat().st_size for name in ("fonts", "icons") for p in (RESOURCES / name).iterdir()
    )
    assert size < 1_300_000
    assert (RESOURCES / "fonts" / "OFL.txt").exists()
    assert (RESOURCES / "icons" / "LICENSE").exists()
