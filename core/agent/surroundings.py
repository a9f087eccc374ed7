"""What the agent asks of the operating system, as small ports; and what it does where none answers.

The real answers live beside each system's own code; the rules only know these.
"""

from __future__ import annotations

import sys
from typing import Protocol

from core.machine.metered import Metered, metered_now
from core.machine.power import power_now


class Power(Protocol):
    """Electricity and the line."""

    def battery(self) -> int | None:
        """Percent while on battery, None on mains and where nobody knows."""
        ...

    def metered(self) -> bool:
        """Whether the connection costs by volume, as far as the system says."""
        ...


class ThisPc:
    """What the system says; one that says nothing is on mains, with a flat rate, as most are."""

    def battery(self) -> int | None:
        power = power_now()
        return None if power.mains else power.percent

    def metered(self) -> bool:
        return metered_now() is Metered.YES


def refresh_time_zone() -> None:
    """Take over a time zone that was changed while we run; Windows tells only new processes."""
    if sys.platform != "win32":
        import time

        time.tzset()
