"""The program with a clock that runs faster: `python -m tests.support.fast_time EPOCH FACTOR …`.

Real processes and real files; only what `core.clock` says goes FACTOR times as fast since EPOCH
(seconds since 1970), in the agent and in all jobs it starts. Its ticks come as often as its own
clock says.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from core import clock
from core.__main__ import main
from core.agent import agent
from core.cli import agent as verbs


def start(epoch: float, factor: float) -> int:
    """Be the program, with the rest of the arguments as its own."""
    began = time.monotonic()

    def now(self: clock.SystemClock) -> datetime:
        return datetime.fromtimestamp(
            epoch + (time.clock_gettime(time.CLOCK_REALTIME) - epoch) * factor, UTC
        )

    clock.SystemClock.now = now  # type: ignore[method-assign]
    clock.SystemClock.local = lambda self: now(self).astimezone()  # type: ignore[method-assign]
    clock.SystemClock.monotonic = lambda self: (time.monotonic() - began) * factor  # type: ignore[method-assign]
    agent.TICK_SECONDS = 30 / factor  # type: ignore[assignment]
    command = (sys.executable, "-m", "tests.support.fast_time", str(epoch), str(factor))
    verbs.job_command = lambda: (*command, verbs.JOB)
    return main()


if __name__ == "__main__":
    times = [float(word) for word in sys.argv[1:3]]
    sys.argv[1:] = sys.argv[3:]
    sys.exit(start(*times))
