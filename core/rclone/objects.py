"""Objects as they are listed, and how the name of one ends that is still being sent."""

from __future__ import annotations

import re
from typing import NamedTuple

PARTIAL = ".lt-teil"
UNFINISHED = re.compile(rf"\.[0-9a-f]{{1,8}}{re.escape(PARTIAL)}\Z")
"""How the name of an object ends that has not been sent to its end; a kill leaves it behind."""


class Item(NamedTuple):
    """One name in a listing; folders have size 0.

    path: relative to what was asked about: a remote (`fs`), or the folder of a copy.
    """

    path: str
    size: int
    is_folder: bool
