"""A clock that stands where a test puts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until `pass_by`; `set_to` also turns it back, as people and batteries do."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment
        self._seconds = 0.0

    def now(self) -> datetime:
        """The moment the test chose."""
        return self._moment

    def local(self) -> datetime:
        """The same in the PC's own time zone."""
        return self._moment.astimezone()

    def monotonic(self) -> float:
        """Seconds that only `pass_by` adds to."""
        return self._seconds

    def pass_by(self, **time: float) -> None:
        """Let time pass (`hours=3`)."""
        passed = timedelta(**time)
        self._moment += passed
        self._seconds += passed.total_seconds()

    def set_to(self, moment: datetime) -> None:
        """Put the clock somewhere else without any time passing."""
        self._moment = moment
