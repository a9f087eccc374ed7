"""The anomaly gate's question with its three answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.health.question_said import QuestionText
from core.health.said import Mark
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Elided, Flow, button, column, frame, row, text
from gui.widgets.marks import FactMark


class Answered(Enum):
    """What a person did with the question in this window; only yes is told to the engine."""

    NOT_YET = "not_yet"
    NOT_ME = "not_me"
    LATER = "later"


def question_card(
    look: Look,
    shop: Shop,
    asked: QuestionText,
    answered: Answered,
    *,
    answer: Callable[[Answered], object],
    restore: Callable[[], object],
) -> QWidget:
    """What happened, examples, what is safe; three answers of the same size, none of them red."""
    px, t = look.px, shop.texts.t
    inside = column(gap=px(12), margins=(px(22), px(18), px(22), px(16)))
    head = row(gap=px(12))
    mark = column(margins=(0, px(2), 0, 0))
    mark.addWidget(FactMark(look, Mark.WARN, 20, look.tokens.surface))
    mark.addStretch(1)
    head.addLayout(mark)
    words = column(gap=px(3))
    words.addWidget(text(look, asked.title, Role.CARD))
    words.addWidget(text(look, f"{asked.reason} {asked.since}", Role.BODY, look.tokens.ink2))
    head.addLayout(words, 1)
    inside.addLayout(head)
    card = frame("card", inside)
    card.setAccessibleName(asked.title)
    buttons = Flow(px(10), px(8))
    if answered is Answered.LATER:
        again = button(look, t("Frage wieder zeigen"), lambda: answer(Answered.NOT_YET))
        again.setAccessibleName(f"{t('Frage wieder zeigen')}: {asked.title}")
        buttons.addWidget(again)
    elif answered is Answered.NOT_ME:
        inside.addLayout(_steps(look, asked))
        buttons.addWidget(button(look, t("Daten zurückholen"), restore, icon="archive-restore"))
        buttons.addWidget(
            button(look, t("Zurück zur Frage"), lambda: answer(Answered.NOT_YET), kind="link")
        )
    else:
        inside.addLayout(_examples(look, asked))
        inside.addWidget(text(look, asked.safe, Role.BODY, look.tokens.ink2))
        mine = button(
            look,
            t("Das war ich – annehmen"),
            lambda: shop.accept_changes(asked.system, asked.mark),
        )
        mine.setEnabled(not shop.is_running)
        buttons.addWidget(mine)
        buttons.addWidget(button(look, t("Das war ich nicht"), lambda: answer(Answered.NOT_ME)))
        buttons.addWidget(button(look, t("Später"), lambda: answer(Answered.LATER)))
    inside.addLayout(buttons)
    return card


def _examples(look: Look, asked: QuestionText) -> QVBoxLayout:
    slip = column(gap=look.px(5), margins=(look.px(16), look.px(12), look.px(16), look.px(12)))
    for one in asked.examples:
        line = row(gap=look.px(14))
        line.addWidget(Elided(look, one.path, Role.SECONDARY, look.tokens.ink), 1)
        line.addWidget(text(look, one.what, Role.SECONDARY, look.tokens.ink2, wrap=False))
        slip.addLayout(line)
    made = column()
    made.addWidget(frame("inset", slip))
    return made


def _steps(look: Look, asked: QuestionText) -> QVBoxLayout:
    made = column(gap=look.px(8))
    for number, words in enumerate(asked.not_me, 1):
        line = row(gap=look.px(12))
        numeral = column()
        label = text(look, f"{number}.", Role.STRONG, wrap=False)
        label.setFixedWidth(look.px(20))
        numeral.addWidget(label)
        numeral.addStretch(1)
        line.addLayout(numeral)
        line.addWidget(text(look, words, Role.BODY), 1)
        made.addLayout(line)
    return made
