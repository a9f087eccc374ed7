"""A short command beside whatever runs: its first error and its exit code, once it has ended."""

from __future__ import annotations

from collections.abc import Callable

from gui.jobs.port import Ended, Event, Failure, Order, Runner

Done = Callable[[int, Failure | None], object]


def ask(
    runner: Runner,
    words: tuple[str, ...],
    done: Done,
    *,
    typed: str = "",
    heard: Callable[[Event], object] | None = None,
) -> None:
    """Have it done. `heard` gets every event, `done` at the end the exit code and first error."""
    failures: list[Failure] = []

    def hear(event: Event) -> None:
        if heard is not None:
            heard(event)
        if isinstance(event, Failure):
            failures.append(event)
        elif isinstance(event, Ended):
            done(event.exit, failures[0] if failures else None)

    runner.start(Order(words, typed), hear)
