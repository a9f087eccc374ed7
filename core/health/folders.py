"""What is known of a system's source folders: are they there, how large were they last."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.copies.desk import index_path
from core.paths import Home
from core.plan.model import Plan, System
from core.store.database import is_broken
from core.store.home import GOOD, HomeStore
from core.store.index import IndexView


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A source folder. bytes: as of the newest state, None where none holds it yet."""

    path: Path
    is_there: bool
    bytes: int | None


def folder_facts(
    home: Home, store: HomeStore, plan: Plan, system: System
) -> tuple[FolderFacts, ...]:
    """The folders of a system in the order of the plan; sizes come from our index of a copy."""
    short = store.short_names(system.id)
    sizes = _sizes(home, store, plan, system)
    return tuple(
        FolderFacts(path, path.is_dir(), sizes.get(short.get(os.fsencode(path), "").encode()))
        for path in system.folders
    )


def _sizes(home: Home, store: HomeStore, plan: Plan, system: System) -> dict[bytes, int]:
    """The bytes by short name, from the copy that was written last."""
    newest, found = "", ""
    for copy in plan.copies_of(system.id):
        row = store.last_run(copy.system, copy.destination, status=GOOD)
        if row is not None and row.began > newest:
            newest, found = row.began, copy.destination
    place = index_path(home, system.id, found)
    if not found or not place.exists():
        return {}
    index = IndexView(place)
    try:
        return index.bytes_by_root() if index.is_current else {}
    except Exception as error:
        if not is_broken(error):
            raise
        return {}  # it is made anew by the next run
    finally:
        index.close()
