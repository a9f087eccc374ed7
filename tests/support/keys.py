"""Recovery lines for tests that need none, or that need some."""

from __future__ import annotations

from core.copies.reach import Reach
from core.errors import Code, KnownError
from core.paths import Home
from core.secrets.recovery import Pair


def no_keys(home: Home) -> Reach:
    """What opens copies where no copy is encrypted."""

    def refuse(destination: str) -> Pair:
        raise KnownError(Code.SECRET_MISSING, name=f"{destination}.key")

    return Reach(home, refuse, lambda: False)
