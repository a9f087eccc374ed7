"""A child process that the kernel ends with us."""

from __future__ import annotations

import shutil
import sys
from typing import Literal

_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def tied(number: Literal["KILL", "TERM"]) -> list[str]:
    """Words before a command, so that the kernel sends it this signal when the thread that started
    it ends; none where that is not had.

    By `setpriv` (util-linux): code of Python's own between fork and exec is unsafe beside threads.
    """
    found = shutil.which("setpriv", path=_SYSTEM_PATH) if sys.platform == "linux" else None
    return [found, "--pdeathsig", number, "--"] if found else []
