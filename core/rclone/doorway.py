"""How rclone gets at a local file whose name it must not see.

On POSIX a symbolic link with a name of ours, in a folder of ours, leads to it: quotes, line breaks
and bytes that are no UTF-8 never reach rclone. Windows gives ordinary users no links; there names
are Unicode, and the folder is named in the request, with rclone's rewriting of names switched off.
Only U+201B, rclone's own quoting sign, it cannot take there.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from core.rclone.remotes import Remote

NAME = "Tuerladentresor"
"""Name of the remote that leads to the links."""

LINKS = sys.platform != "win32"

Place = tuple[str | dict[str, str], str]
"""What rclone calls `fs` and `remote`."""


class Doorway:
    """Links to local files in a folder of one session; for several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    @property
    def remotes(self) -> list[Remote]:
        """What the session has to make known to rclone."""
        if not LINKS:
            return []
        root = f":local,copy_links=true:{self._folder.absolute()}"
        return [Remote(NAME, {"type": "alias", "remote": root})]

    @contextlib.contextmanager
    def source(self, local: Path) -> Iterator[Place]:
        """A file to be read. OSError when it is not there, like opening it."""
        local = local.absolute()
        with local.open("rb"):
            pass
        if not LINKS:
            yield _folder(local.parent), local.name
            return
        with self._link(local) as name:
            yield f"{NAME}:", name

    @contextlib.contextmanager
    def target(self, local: Path) -> Iterator[Place]:
        """A file to be written, whole or not at all. OSError when its folder is not there."""
        local = local.absolute()
        half = f".lt-{os.getpid()}-{next(self._numbers)}.neu"
        place = local.parent / half
        local.parent.stat()
        try:
            if LINKS:
                with self._link(local.parent) as name:
                    yield f"{NAME}:", f"{name}/{half}"
            else:
                yield _folder(local.parent), half
            place.replace(local)
        finally:
            place.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _link(self, target: Path) -> Iterator[str]:
        name = f"n{next(self._numbers)}"
        link = self._folder / name
        link.symlink_to(target)
        try:
            yield name
        finally:
            link.unlink(missing_ok=True)


def _folder(folder: Path) -> dict[str, str]:
    return {"type": "local", "_root": str(folder), "encoding": "None"}
