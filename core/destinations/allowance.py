"""May a due run use the network now? The merchant's limits against what the PC is like (pure).

Only due runs ask: a person who starts a run has decided. Disks are never asked about.
"""

from __future__ import annotations

from core.errors import Code, KnownError
from core.machine.metered import Metered
from core.machine.power import Power
from core.plan.limits import Limits, WhenMetered


def why_wait(limits: Limits, power: Power, metered: Metered) -> Code | None:
    """Why a due run over the network waits now: WAITS_METERED, WAITS_BATTERY, None: it may go."""
    if metered is Metered.YES and limits.metered is WhenMetered.WAIT:
        return Code.WAITS_METERED
    low = power.percent is not None and power.percent < limits.battery_least
    return Code.WAITS_BATTERY if low and not power.mains else None


def check_allowed(limits: Limits, destination: str, power: Power, metered: Metered) -> None:
    """KnownError of `why_wait`."""
    code = why_wait(limits, power, metered)
    if code is Code.WAITS_BATTERY:
        raise KnownError(code, destination=destination, percent=power.percent or 0)
    if code is not None:
        raise KnownError(code, destination=destination)
