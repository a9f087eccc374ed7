"""What a running backup looks like to a person, made of its events. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gui.jobs.port import Ended, Event, Failure, Phase, Progress, Told

PHASES = {
    "guards": 0, "rebuild": 0, "resume": 0, "scan": 0,
    "objects": 1, "contents": 1, "list": 1,
    "index": 1, "record": 3, "verify": 2, "restore": 1,
    "survey": 0, "repack": 1, "delete": 3,
}  # fmt: skip
"""Lesen, Ablegen, Zurücklesen, Abschließen; a run's own order is that of docs/cli.md."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one copy ended."""

    system: str
    destination: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A job as it stands: title of what it is, phase 0–3, what was read, how it ended.

    done: what is said when it ended well, '' for the words of a backup.
    """

    title: str
    phase: int = 0
    destination: str = ""
    files: int = 0
    bytes: int = 0
    outcomes: tuple[Outcome, ...] = ()
    failures: tuple[Failure, ...] = field(default=())
    ended: Ended | None = None
    done: str = ""


def heard(view: RunView, event: Event) -> RunView:
    """The view after one more event."""
    if isinstance(event, Phase):
        phase = PHASES.get(event.phase, view.phase)
        return replace(view, phase=phase, destination=event.destination or view.destination)
    if isinstance(event, Progress):
        return replace(view, files=event.files, bytes=event.bytes)
    if isinstance(event, Failure):
        return replace(view, failures=(*view.failures, event))
    if isinstance(event, Ended):
        return replace(view, ended=event)
    return _told(view, event)


def _told(view: RunView, event: Told) -> RunView:
    if event.kind not in ("result", "verified"):
        return view
    names = ("system", "destination", "outcome")
    system, destination, outcome = (str(event.fields.get(name, "")) for name in names)
    return replace(view, outcomes=(*view.outcomes, Outcome(system, destination, outcome)))
