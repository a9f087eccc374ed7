"""The colours as data (UI.md §2). Contrast is computed by `contrast`, and a test holds it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One palette; every value is `#rrggbb`.

    ground, surface, sunken: window, card, rail. line, line2, ctl: hairline, ledger rule, control
    outline. ink, ink2, ink3: text, explaining text, captions. ok, warn, bad: status words. The
    soft ones lie behind chips.
    """

    name: str
    ground: str
    surface: str
    sunken: str
    line: str
    line2: str
    ctl: str
    ink: str
    ink2: str
    ink3: str
    accent: str
    accent_hover: str
    on_accent: str
    ok: str
    warn: str
    bad: str
    ok_soft: str
    warn_soft: str
    bad_soft: str
    accent_soft: str
    is_dark: bool = False
    is_high_contrast: bool = False


LIGHT = Tokens(
    name="light",
    ground="#F7F4EE",
    surface="#FFFEFB",
    sunken="#EFEAE0",
    line="#E3DCCF",
    line2="#D2C9B9",
    ctl="#8C8373",
    ink="#221E19",
    ink2="#544D43",
    ink3="#6B6357",
    accent="#1F4E62",
    accent_hover="#183F50",
    on_accent="#FFFFFF",
    ok="#1E6A44",
    warn="#8A5200",
    bad="#A32A20",
    ok_soft="#E2EEE4",
    warn_soft="#FAEDD2",
    bad_soft="#F9E3DE",
    accent_soft="#E1EBEE",
)

DARK = Tokens(
    name="dark",
    ground="#1B1916",
    surface="#24211D",
    sunken="#161411",
    line="#37332D",
    line2="#4A453D",
    ctl="#857C6F",
    ink="#F2ECE2",
    ink2="#C9C1B4",
    ink3="#A79E91",
    accent="#8FC6D8",
    accent_hover="#A6D3E2",
    on_accent="#0E2630",
    ok="#7FCB9E",
    warn="#EBBB62",
    bad="#F39B8F",
    ok_soft="#1E3428",
    warn_soft="#3B2F18",
    bad_soft="#43241F",
    accent_soft="#20343B",
    is_dark=True,
)

TRAY = {
    "protected": "#2E8B57",
    "running": "#3B84A8",
    "act": "#C27400",
    "danger": "#D1382C",
    "empty": "#6B6357",
}
"""Fill behind the white glyph; the task bar behind it is unknown."""


def high_contrast(*, window: str, text: str, highlight: str, highlighted: str) -> Tokens:
    """Every token from the system's own roles: words and shapes carry the meaning then."""
    roles = {
        "ground": window, "surface": window, "sunken": window,
        "line": text, "line2": text, "ctl": text,
        "ink": text, "ink2": text, "ink3": text,
        "accent": highlight, "accent_hover": highlight, "on_accent": highlighted,
        "ok": text, "warn": text, "bad": text,
        "ok_soft": window, "warn_soft": window, "bad_soft": window, "accent_soft": window,
    }  # fmt: skip
    dark = luminance(window) < luminance(text)
    return Tokens(name="high-contrast", is_dark=dark, is_high_contrast=True, **roles)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(tokens: Tokens) -> dict[str, str]:
    """The colours by name, without the words about them."""
    values = ((one.name, getattr(tokens, one.name)) for one in fields(tokens))
    return {name: value for name, value in values if str(value).startswith("#")}
