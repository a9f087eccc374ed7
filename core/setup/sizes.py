"""How much lies in a folder: a quick walk that can be stopped and never takes long."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LONGEST_SECONDS = 20.0
"""So long a walk may take; a person waits for an idea of the size, not for the last byte."""
_LOOK_EVERY = 500


@dataclass(frozen=True, slots=True)
class FolderSize:
    """What was counted. is_whole: everything was; otherwise there is more than this."""

    files: int
    bytes: int
    is_whole: bool


def measure(
    folder: Path, stopped: Callable[[], bool], *, longest: float = LONGEST_SECONDS
) -> FolderSize:
    """Count files and bytes below a folder; links are not followed, other drives are.

    What cannot be read counts as nothing: the first run says by name what it had to leave out.
    """
    files = size = seen = 0
    until = time.monotonic() + longest
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen % _LOOK_EVERY == 0 and (stopped() or time.monotonic() > until):
                        return FolderSize(files, size, is_whole=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        files += 1
                        size += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return FolderSize(files, size, is_whole=not stopped())
