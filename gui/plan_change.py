"""Changing the plan from the window: small changes of its text, put into force by `plan apply`.

The text is read and changed in a helper thread; the command judges the whole plan, and puts it into
force only if the file is still the one that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import KnownError
from core.plan.edit import Change, digest, edit
from core.plan.problems import PlanError
from core.plan.read import load_text
from core.plan.sentences import describe_problem
from core.texts.errors import describe
from gui.jobs.port import Ended, Event, Failure, Order, Told
from gui.shop import Shop


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the plan stays as it was: what is wrong, one sentence each, and the next step."""

    sentences: tuple[str, ...]
    next_step: str = ""

    @property
    def text(self) -> str:
        """All of it in one."""
        return " ".join((*self.sentences, self.next_step)).strip()


def change_plan(
    shop: Shop, changes: Sequence[Change], done: Callable[[Refusal | None], object]
) -> None:
    """Change the plan. `done` is called in the window's thread, with None when it is in force."""

    def work() -> tuple[str, str]:
        text = load_text(shop.home.plan)
        return edit(text, changes, source=str(shop.home.plan)), digest(text.encode())

    def begin(changed: tuple[str, str]) -> None:
        text, replacing = changed
        order = Order(("plan", "apply", "-", "--replacing", replacing), typed=text)
        shop.runner.start(order, _Hearing(shop, done).hear)

    shop.bridge.call(work, begin, lambda error: done(_refusal(shop, error)))


def _refusal(shop: Shop, error: Exception) -> Refusal:
    if isinstance(error, PlanError):
        return Refusal(tuple(describe_problem(shop.texts, one) for one in error.problems))
    if isinstance(error, KnownError):
        words = describe(shop.texts, error)
        return Refusal((words.sentence,), words.next_step)
    raise error


class _Hearing:
    """What the command says until it ends."""

    def __init__(self, shop: Shop, done: Callable[[Refusal | None], object]) -> None:
        self._shop, self._done = shop, done
        self._problems: list[str] = []
        self._failures: list[Failure] = []

    def hear(self, event: Event) -> None:
        if isinstance(event, Told) and event.kind == "problem":
            self._problems.append(str(event.fields.get("sentence", "")))
        elif isinstance(event, Failure):
            self._failures.append(event)
        elif isinstance(event, Ended):
            self._shop.refresh()
            self._done(self._end(event))

    def _end(self, ended: Ended) -> Refusal | None:
        if self._problems:  # the plan in force is another one: only they are of interest
            return Refusal(tuple(self._problems))
        if self._failures:
            first = self._failures[0]
            return Refusal((first.sentence,), first.next_step)
        if ended.exit:
            return Refusal((self._shop.texts.t("Das ging nicht."),), ended.report)
        return None
