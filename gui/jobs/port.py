"""What the window asks of whoever does its jobs, and what it is told. No Qt, no processes.

The agent, a child process, or a test may stand behind `Runner`; the window does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Order:
    """A command of docs/cli.md. words: as typed, without options for home, language and JSON.

    typed: what goes to its standard input, such as the lines of a recovery sheet. home: another
    home than the window's, '' for the window's own. passphrase: opens that home's secrets.
    """

    words: tuple[str, ...]
    typed: str = field(default="", repr=False)
    home: str = ""
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of the job began."""

    phase: str
    system: str
    destination: str


@dataclass(frozen=True, slots=True)
class Progress:
    """So much is done by now."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in words: what happened, what is not safe, the next step."""

    code: str
    sentence: str
    risk: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Told:
    """Any other line: a result or an event with its fields (docs/cli.md); kind '' for a result."""

    kind: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over. exit: as in docs/cli.md; report: what to send us when it is our fault."""

    exit: int
    report: str = ""


Event = Phase | Progress | Failure | Told | Ended


class Job(Protocol):
    """A job that was started."""

    def cancel(self) -> None:
        """Ask it to stop; what has arrived stays. `Ended` still comes."""
        ...


class Runner(Protocol):
    """Does jobs. `heard` is called in the window's thread, last with `Ended`."""

    def start(self, order: Order, heard: Callable[[Event], object]) -> Job:
        """Begin a job; never raises: what cannot begin ends at once."""
        ...

    def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        ...
