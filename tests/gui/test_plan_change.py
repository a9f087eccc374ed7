"""The window changes the plan by small changes of its text; a command judges and takes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtTest import QTest

from core.plan.edit import Put, digest
from gui.jobs.port import Ended, Failure, Told
from gui.plan_change import Refusal, change_plan
from tests.gui import scenes
from tests.gui.conftest import Stage

_TEXT = scenes.PLAN + '# gehört Anna\n[[copies]]\nsystem = "wawi"\ndestination = "nas"\n'


@pytest.fixture
def asked(stage: Callable[..., Stage]) -> Callable[[str], tuple[Stage, list[Refusal | None]]]:
    def ask(key: str) -> tuple[Stage, list[Refusal | None]]:
        made = stage(scenes.protected())
        made.shop.home.make()
        made.shop.home.plan.write_text(_TEXT, "utf-8")
        ended: list[Refusal | None] = []
        change_plan(made.shop, [Put(key, "Lager")], ended.append)
        for _ in range(200):
            QTest.qWait(5)
            if made.runner.orders or ended:
                break
        return made, ended

    return ask


def test_the_changed_text_goes_to_the_command(
    asked: Callable[[str], tuple[Stage, list[Refusal | None]]],
) -> None:
    made, ended = asked("destinations.nas.name")
    [order] = made.runner.orders
    seen = digest(_TEXT.encode())
    assert order.words == ("plan", "apply", "-", "--replacing", seen)
    assert order.typed == _TEXT.replace('"NAS im Lager"', '"Lager"')
    assert ended == []
    made.runner.hear(Ended(0))
    assert ended == [None]


def test_what_is_wrong_is_said_and_nothing_changes(
    asked: Callable[[str], tuple[Stage, list[Refusal | None]]],
) -> None:
    made, ended = asked("copies.wawi.nas.every")
    made.runner.hear(Told("problem", {"sentence": "„Lager“ ist keine Dauer."}))
    made.runner.hear(Failure("plan_invalid", "Der Plan ist falsch.", "", "Bessern Sie."))
    made.runner.hear(Ended(5))
    assert ended == [Refusal(("„Lager“ ist keine Dauer.",))]
    made, ended = asked("destinations.nas.name")
    made.runner.hear(Failure("plan_changed", "Inzwischen geändert.", "", "Sehen Sie nach."))
    made.runner.hear(Ended(6))
    assert [one and one.text for one in ended] == ["Inzwischen geändert. Sehen Sie nach."]


def test_what_the_plan_does_not_have_is_no_order(
    asked: Callable[[str], tuple[Stage, list[Refusal | None]]],
) -> None:
    made, ended = asked("destinations.weg.name")
    assert made.runner.orders == []
    assert ended[0] is not None
    assert "weg" in ended[0].text
