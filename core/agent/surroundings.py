"""What the agent asks of the operating system, as small ports; and what it does where none answers.

The real answers live beside each system's own code; the rules only know these.
"""

from __future__ import annotations

import sys
from typing import Protocol


class Power(Protocol):
    """Electricity and the line."""

    def battery(self) -> int | None:
        """Percent while on battery, None on mains and where nobody knows."""
        ...

    def metered(self) -> bool:
        """Whether the connection costs by volume, as far as the system says."""
        ...


class Mains:
    """A PC that says nothing: mains and a flat rate, as with most."""

    def battery(self) -> int | None:
        return None

    def metered(self) -> bool:
        return False


def refresh_time_zone() -> None:
    """Take over a time zone that was changed while we run; Windows tells only new processes."""
    if sys.platform != "win32":
        import time

        time.tzset()
