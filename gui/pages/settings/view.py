"""Language, colours and size of text: what this PC's window looks like, at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from gui.pages.settings.parts import card
from gui.settings import SCALES, Settings
from gui.theme.look import Look, Role
from gui.widgets.basics import Flow, text

Choose = Callable[..., object]
Option = tuple[str, bool, dict[str, object]]


def view_part(
    look: Look, t: Callable[..., str], lang: str, now: Settings, choose: Choose
) -> QWidget:
    """The card; `choose` is given what was chosen."""
    made, inside = card(
        look, t("Dieses Fenster"), t("Gilt nur auf diesem PC und sofort. Kopien berührt es nicht.")
    )
    languages: tuple[Option, ...] = (
        ("Deutsch", lang == "de", {"lang": "de"}),
        ("English", lang == "en", {"lang": "en"}),
    )
    themes: tuple[Option, ...] = (
        (t("wie das System"), now.theme == "system", {"theme": "system"}),
        (t("hell"), now.theme == "light", {"theme": "light"}),
        (t("dunkel"), now.theme == "dark", {"theme": "dark"}),
    )
    sizes: tuple[Option, ...] = tuple(
        (t("{n} %", n=round(one * 100)), now.scale == one, {"scale": one}) for one in SCALES
    )
    _row(look, inside, t("Sprache"), languages, choose)
    _row(look, inside, t("Farben"), themes, choose)
    _row(look, inside, t("Größe der Schrift"), sizes, choose)
    note = t("Verlangt das System hohen Kontrast, gilt der immer. Strg + Plus vergrößert überall.")
    inside.addWidget(text(look, note, Role.SECONDARY, look.tokens.ink2))
    return made


def _row(
    look: Look, inside: QVBoxLayout, name: str, options: tuple[Option, ...], choose: Choose
) -> None:
    inside.addSpacing(look.px(4))
    inside.addWidget(text(look, name, Role.STRONG))
    holder = QWidget()
    flow = Flow(look.px(22), look.px(4))
    holder.setLayout(flow)
    group = QButtonGroup(holder)
    for words, chosen, change in options:
        made = QRadioButton(words)
        made.setFont(look.font(Role.BODY))
        made.setMinimumHeight(look.px(32))
        made.setAccessibleName(f"{name}: {words}")
        made.setChecked(chosen)
        made.clicked.connect(lambda *_, change=change: choose(**change))
        group.addButton(made)
        flow.addWidget(made)
    inside.addWidget(holder)
