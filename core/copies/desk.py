"""The desk a job works at: home, store, clock, who we are, who listens, whether to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from core.clock import Clock
from core.copies.events import Listener
from core.copies.opening.reach import Reach
from core.copies.opening.writer import Writer
from core.paths import Home, home_failure
from core.store.database import is_sound, move_aside
from core.store.home import HomeStore
from core.store.index import CopyIndex


def index_path(home: Home, system: str, destination: str) -> Path:
    """Where the index of a copy lies, whether or not there is one."""
    return home.state / "kopien" / f"{system}@{destination}.db"


class Desk:
    """What every job needs: home, its store, clock, who we are, who listens, whether to stop."""

    def __init__(
        self,
        home: Home,
        store: HomeStore,
        clock: Clock,
        writer: Writer,
        listener: Listener,
        cancelled: Callable[[], bool],
        reach: Reach,
    ) -> None:
        self.home = home
        self.store = store
        self.clock = clock
        self.writer = writer
        self.listener = listener
        self.cancelled = cancelled
        self.reach = reach

    def index_path(self, system: str, destination: str) -> Path:
        return index_path(self.home, system, destination)

    def known_copies(self, system: str) -> list[str]:
        """The destinations at which this home has an index of a copy of the system."""
        found = (self.home.state / "kopien").glob(f"{system}@*.db")
        return sorted(path.stem.partition("@")[2] for path in found)

    def open_index(self, system: str, destination: str) -> CopyIndex:
        """The index of a copy; a broken one is moved aside and said."""
        path = self.index_path(system, destination)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise home_failure(path.parent, error) from error
        index = CopyIndex(path, mark=f"{self.clock.now():%Y%m%dT%H%M%SZ}")
        if index.was_broken:
            self.listener.note("index_broken", system=system, destination=destination)
        return index

    def set_broken_aside(self, system: str, destinations: Iterable[str], *, sure: bool) -> bool:
        """Move indexes aside that are damaged within, all when that is `sure`; whether any was."""
        found = False
        for destination in destinations:
            path = self.index_path(system, destination)
            if path.exists() and (sure or not is_sound(path)):
                move_aside(path, f"{self.clock.now():%Y%m%dT%H%M%SZ}")
                self.listener.note("index_broken", system=system, destination=destination)
                found = True
        return found
