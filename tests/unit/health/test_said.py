"""The words of the overview, both languages, from whole pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Code, KnownError
from core.health.look import Picture
from core.health.said import Mark, Said, say_picture
from core.texts import Texts
from tests.gui import scenes

DE, EN = Texts("de"), Texts("en")


def test_all_is_well() -> None:
    said = say_picture(scenes.protected(), DE)
    assert said.headline == "Ja, aus drei geprüften Kopien."
    assert said.lead.startswith("Zuletzt bewiesen vor 2 Tagen: „NAS im Lager“ zurückgelesen")
    assert "Verloren wäre höchstens, was seit heute um" in said.lead
    assert said.steps == ()
    assert said.calm == "Heute ist nichts zu tun."
    assert {one.mark for one in said.rules} == {Mark.TICK}
    assert said.rules[2].filled_by == "USB-Platte A (laut Angabe)"
    assert (
        said.lines[0].cells[0].full == "JTL-Wawi, NAS im Lager: kopiert vor 6 Stunden, in Ordnung."
    )
    assert [one.text for one in said.rooms] == ["1,6 von 4 TB", "310 von 500 GB"]


def test_what_was_never_tested_is_never_ticked() -> None:
    said = say_picture(scenes.protected(), DE)
    never = [line.cells[2] for line in said.lines if line.copy == "Platte im Tresorraum"]
    assert {(one.mark, one.text) for one in never} == {(Mark.NEVER, "noch nie")}


def test_danger_names_what_since_when_and_the_step() -> None:
    said = say_picture(scenes.in_danger(), DE)
    assert (str(said.state), said.word) == ("danger", "in Gefahr")
    assert said.headline == "Nicht sicher. Es zählt nur noch eine Kopie."
    assert [one.title for one in said.steps] == [
        "NAS im Lager anschließen",
        "USB-Platte A anschließen",
    ]
    assert "vor 3 Tagen" in said.steps[0].cause
    assert said.lines[0].cells[0].mark is Mark.BAD
    assert said.lines[1].cells[0].mark is Mark.WARN
    assert said.days_word == "3 × fehlgeschlagen"
    assert "Ziel nicht erreichbar" in said.runs[1].result


@pytest.mark.parametrize(
    "picture", [scenes.protected, scenes.in_danger, scenes.to_act, scenes.not_yet]
)
def test_english_has_no_german_word(picture: object) -> None:
    assert callable(picture)
    german, english = say_picture(picture(), DE), say_picture(picture(), EN)
    for one, other in zip(_sentences(german), _sentences(english), strict=True):
        if one not in ("NAS", "System", ""):
            assert one != other, one


def _sentences(said: Said) -> list[str]:
    found = [said.word, said.question, said.headline, said.lead, said.calm, said.days_full]
    found += [one.title for one in said.steps] + [one.cause for one in said.steps]
    found += [cell.full for line in said.lines for cell in line.cells]
    return found + [one.full for one in said.rules] + [one.full for one in said.rooms]


def test_a_plan_that_cannot_be_read_is_said() -> None:
    error = KnownError(Code.PLAN_INVALID, source="plan.toml", count=2)
    empty = _nothing()
    said = say_picture(replace(empty, trouble=error), DE)
    assert said.trouble
    assert said.trouble_step


def test_nothing_set_up() -> None:
    said = say_picture(_nothing(), DE)
    assert said.headline == "Noch nicht. Es ist noch nichts eingerichtet."
    assert said.lines == ()
    assert said.steps == ()


def _nothing() -> Picture:
    from core.health.answer import Answer, Headline, ShopState

    return replace(
        scenes.not_yet(), plan=None, answer=Answer(ShopState.EMPTY, Headline.NO_PLAN),
        tasks=(), verdicts=(), days=(), rooms=(),
    )  # fmt: skip
