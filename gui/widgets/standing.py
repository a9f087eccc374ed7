"""What holds for now: a pause, a background process that does not run, disks that may go."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from core.agent.service import After
from core.health.said import Mark
from core.texts.service import BUTTONS, CAUSES, TITLES
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import button, column, frame, row, text
from gui.widgets.marks import FactMark


def standing_cards(look: Look, shop: Shop, *, stacked: bool) -> list[QWidget]:
    """Cards that say it, with the one button that changes it; none while all goes by itself.

    stacked: the button below the words, where there is little room.
    """
    by_itself = _by_itself(look, shop, stacked=stacked)
    disks = shop.said.disks if shop.said else ()
    told = [_card(look, one.mark, one.text, "", "", _nothing, stacked=False) for one in disks]
    return [by_itself, *told] if by_itself is not None else told


def _by_itself(look: Look, shop: Shop, *, stacked: bool) -> QWidget | None:
    said = shop.said
    if said is None or shop.after is None:
        return None
    if shop.is_paused:
        t = shop.texts.t
        return _card(
            look, Mark.SOON, said.pause, said.pause_note, t("Pause beenden"), shop.resume,
            stacked=stacked,
        )  # fmt: skip
    if shop.after is After.GOES_ON:
        return None
    t, after = shop.texts.t, shop.after
    return _card(
        look, Mark.WARN, t(TITLES[after]), t(CAUSES[after]), t(BUTTONS[after]),
        lambda: mend(shop, after), stacked=stacked,
    )  # fmt: skip


def _nothing() -> None:
    """There is no button to press."""


def complaint_card(look: Look, shop: Shop) -> QWidget:
    """Why the last small thing a person asked for was not done."""
    sentence, step = (
        (shop.complaint.sentence, shop.complaint.next_step) if shop.complaint else ("", "")
    )
    t = shop.texts.t
    return _card(
        look, Mark.WARN, sentence, step, t("Ausblenden"), shop.forget_complaint, stacked=False
    )


def mend(shop: Shop, after: After) -> None:
    """What its button does."""
    if after is After.FROM_LOGON:
        shop.start_service()
    else:
        shop.by_itself(on=True)


def _card(
    look: Look,
    mark: Mark,
    title: str,
    note: str,
    words: str,
    done: Callable[[], object],
    *,
    stacked: bool,
) -> QWidget:
    px = look.px
    inside = row(gap=px(14), margins=(px(20), px(14), px(16), px(14)))
    sign = column(margins=(0, px(2), 0, 0))
    sign.addWidget(FactMark(look, mark, 18, look.tokens.surface))
    sign.addStretch(1)
    inside.addLayout(sign)
    said = column(gap=px(3))
    said.addWidget(text(look, title, Role.STRONG))
    if note:
        said.addWidget(text(look, note, Role.BODY, look.tokens.ink2))
    inside.addLayout(said, 1)
    card = frame("card", inside)
    card.setAccessibleName(title)
    if not words:
        return card
    made = button(look, words, done)
    if stacked:
        below = row()
        below.addWidget(made)
        below.addStretch(1)
        said.addSpacing(px(6))
        said.addLayout(below)
    else:
        inside.addWidget(made)
    return card
