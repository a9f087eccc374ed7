"""What the parts of the settings are made of: cards with a title, forms that change the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from core.plan.edit import Change, Put, Remove
from core.plan.toml_text import Value
from gui.plan_change import Refusal, change_plan
from gui.shop import Shop
from gui.theme.look import Look, Role
from gui.widgets.basics import Pick, button, column, field, frame, row, text

Turn = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the plan. shown: as it is now, '' where nothing is decided.

    key: as `plan check` names it. choices: value and words, where only these will do; a choice of
    `true` and `false` alone is a tick. turn: makes of what was typed what the plan holds;
    ValueError where it cannot. secret: is not shown while it is typed, and goes not into the plan.
    """

    key: str
    label: str
    shown: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    turn: Turn = str
    secret: bool = False


def flag(word: str) -> bool:
    """The value of a tick."""
    return word == "true"


def words(text: str) -> list[Value]:
    """Several values, separated by commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


def changes(fields: Sequence[Field], typed: Mapping[str, str]) -> list[Change]:
    """What to change in the plan: what differs from what was shown; nothing typed takes it out."""
    found: list[Change] = []
    for one in fields:
        now = typed.get(one.key, one.shown).strip()
        if one.secret or now == one.shown:
            continue
        found.append(Put(one.key, one.turn(now)) if now else Remove(one.key))
    return found


class Form(QWidget):
    """Fields, one button that takes them over, and what came of it.

    save: is called with the form when its button is pressed; `show_result` tells how it went.
    name: tells forms of one page apart. told: name and what was said last.
    """

    told = Signal(str, str)

    def __init__(
        self,
        look: Look,
        fields: Sequence[Field],
        save: Callable[[Form], object],
        words_on: str,
        *,
        stacked: bool,
    ) -> None:
        super().__init__()
        self.fields = tuple(fields)
        self.name = fields[0].key
        self._look, self._save = look, save
        self._inputs: dict[str, QLineEdit | QComboBox | QCheckBox] = {}
        inside = column(gap=look.px(10))
        self.setLayout(inside)
        pairs = [self.fields[at : at + (1 if stacked else 2)] for at in _starts(fields, stacked)]
        for pair in pairs:
            line = row(gap=look.px(20))
            for one in pair:
                line.addLayout(self._field(one), 1)
            if len(pair) == 1 and not stacked and not _is_tick(pair[0]):
                line.addStretch(1)
            inside.addLayout(line)
        foot = row(gap=look.px(14))
        self.button = button(look, words_on, lambda: self._save(self))
        self.button.setEnabled(False)
        foot.addWidget(self.button)
        self._result = text(look, "", Role.SECONDARY, look.tokens.ink2)
        foot.addWidget(self._result, 1)
        inside.addLayout(foot)

    def _field(self, one: Field) -> QVBoxLayout:
        look = self._look
        made = column(gap=look.px(4))
        if _is_tick(one):
            tick = QCheckBox(one.label)
            tick.setFont(look.font(Role.BODY))
            tick.setMinimumHeight(look.px(32))
            tick.setAccessibleName(one.label)
            tick.setChecked(one.shown == "true")
            tick.toggled.connect(self._changed)
            self._inputs[one.key] = tick
            made.addWidget(tick)
            return made
        made.addWidget(text(look, one.label, Role.SECONDARY, look.tokens.ink2))
        if one.choices:
            box = Pick(look, one.label, one.choices, one.shown)
            box.currentIndexChanged.connect(self._changed)
            self._inputs[one.key] = box
            made.addWidget(box)
            return made
        line = field(look, one.label, one.hint)
        line.setText(one.shown)
        if one.secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(self._changed)
        line.returnPressed.connect(lambda: self.is_dirty and self._save(self))
        self._inputs[one.key] = line
        made.addWidget(line)
        return made

    @property
    def typed(self) -> dict[str, str]:
        """What stands in the fields now, by key."""
        found = {}
        for key, one in self._inputs.items():
            if isinstance(one, QCheckBox):
                found[key] = "true" if one.isChecked() else "false"
            elif isinstance(one, QComboBox):
                found[key] = str(one.currentData())
            else:
                found[key] = one.text()
        return found

    @property
    def is_dirty(self) -> bool:
        """Whether somebody has typed something that is not taken over yet."""
        typed = self.typed
        return any(typed[one.key].strip() != one.shown for one in self.fields)

    def enter(self, key: str, value: str) -> None:
        """Type into a field, as a person does."""
        one = self._inputs[key]
        if isinstance(one, QCheckBox):
            one.setChecked(value == "true")
        elif isinstance(one, QComboBox):
            one.setCurrentIndex(one.findData(value))
        else:
            one.setText(value)

    def show_result(self, said: str) -> None:
        """What came of it; nothing where the page has been built anew meanwhile."""
        if not isValid(self):
            return
        self.told.emit(self.name, said)
        self._result.setText(said)
        self._result.setAccessibleName(said)

    def settled(self, said: str) -> None:
        """What is typed has been taken over."""
        if not isValid(self):
            return
        typed = self.typed
        self.fields = tuple(_shown_as(one, typed[one.key].strip()) for one in self.fields)
        for one in self.fields:
            line = self._inputs[one.key]
            if one.secret and isinstance(line, QLineEdit):
                line.clear()
        self.button.setEnabled(self.is_dirty)
        self.show_result(said)

    def _changed(self, *_: object) -> None:
        self.button.setEnabled(self.is_dirty)
        self.show_result("")


def _shown_as(one: Field, value: str) -> Field:
    shown = "" if one.secret else value
    return Field(one.key, one.label, shown, one.hint, one.choices, one.turn, one.secret)


def _is_tick(one: Field) -> bool:
    return {value for value, _ in one.choices} == {"true", "false"}


def _starts(fields: Sequence[Field], stacked: bool) -> range:
    return range(0, len(fields), 1 if stacked else 2)


def save_to_plan(shop: Shop, form: Form, *, more: Sequence[Change] = ()) -> None:
    """Take a form's values over into the plan, and say in it how that went."""
    t = shop.texts.t
    try:
        asked = [*changes(form.fields, form.typed), *more]
    except ValueError:
        form.show_result(t("Eine Angabe ist keine Zahl."))
        return

    def done(refusal: Refusal | None) -> None:
        if refusal is not None:
            form.show_result(refusal.text)
        else:
            form.settled(t("Gilt jetzt."))

    form.show_result(t("Wird übernommen …"))
    change_plan(shop, asked, done)


def card(look: Look, title: str, note: str = "") -> tuple[QWidget, QVBoxLayout]:
    """A card with its title; what it holds goes into the layout."""
    px = look.px
    inside = column(gap=px(10), margins=(px(20), px(16), px(20), px(18)))
    head = column(gap=px(3))
    head.addWidget(text(look, title, Role.CARD))
    if note:
        head.addWidget(text(look, note, Role.BODY, look.tokens.ink2))
    inside.addLayout(head)
    made = frame("card", inside)
    made.setAccessibleName(title)
    return made, inside
