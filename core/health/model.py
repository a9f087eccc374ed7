"""Facts and verdicts as plain values; codes and parameters, no sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.destinations.devices import Device
from core.plan.model import Medium, Mode, Site

Param = str | int | float | datetime | timedelta


class Reason(StrEnum):
    """Why a copy does not count; the parameters stand behind."""

    NEVER_COPIED = "never_copied"
    CLOCK_AHEAD = "clock_ahead"
    TOO_OLD = "too_old"  # copied, limit
    DAMAGED = "damaged"  # places
    NEVER_READ_BACK = "never_read_back"
    READ_BACK_OVERDUE = "read_back_overdue"  # share, period
    DEVICE_OF_SOURCE = "device_of_source"
    DEVICE_OF_COPY = "device_of_copy"  # other
    OPERATOR_OF_COPY = "operator_of_copy"  # other, operator


class Gap(StrEnum):
    """What is missing for 3-2-1."""

    COPIES = "copies"  # counting
    KINDS = "kinds"
    AWAY = "away"
    AWAY_SAME_OPERATOR = "away_same_operator"  # destination, operator
    AWAY_OPERATOR_UNKNOWN = "away_operator_unknown"  # destination
    ONLY_CLOUD = "only_cloud"


class Step(StrEnum):
    """The one thing to do next; all but the last three name a `destination`."""

    ATTACH = "attach"
    BACK_UP = "back_up"
    MEND = "mend"
    READ_BACK = "read_back"
    READ_BACK_DUE = "read_back_due"
    OTHER_DEVICE = "other_device"
    NAME_OPERATOR = "name_operator"
    OTHER_OPERATOR = "other_operator"
    ADD_COPY = "add_copy"
    ADD_KIND = "add_kind"
    ADD_AWAY = "add_away"
    ADD_LOCAL = "add_local"


@dataclass(frozen=True, slots=True)
class Why:
    """A code with what its sentence needs."""

    code: Reason | Gap | Step
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What of a copy was read back from its medium.

    last: when something was last read, None for never. oldest: since when the longest unread has
    not been read (what was never read counts from when it was stored), None for an empty copy.
    read_share: how much of the bytes was ever read. late_share: how much was not read within the
    copy's period.
    """

    last: datetime | None = None
    oldest: datetime | None = None
    read_share: float = 0.0
    late_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """All that is known of one copy.

    copied: when the newest complete state began. restored: the newest test that brought it back.
    damage: places known to be damaged and not mended. last_run, last_code: how the newest run ended
    and with which error, '' for none. writes_elsewhere: another PC writes there. Medium, site,
    offline and operator are what the plan says. detached: since when, by our own record, it has
    been unplugged; None while it is attached, and where nobody watches. unlocked: the code of why
    the newest run could not lock it as the plan says, '' where it did, or need not.
    """

    destination: str
    medium: Medium
    site: Site
    offline: bool
    operator: str
    every: timedelta
    reread: timedelta
    copied: datetime | None
    read_back: ReadBack
    restored: datetime | None
    damage: int
    last_run: str
    last_code: str
    writes_elsewhere: bool
    reachable: bool
    device: Device
    detached: datetime | None = None
    unlocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """A system and its copies in the order of the plan; devices: those its sources lie on."""

    system: str
    name: str
    mode: Mode
    operator: str
    rpo: timedelta
    devices: tuple[Device, ...]
    copies: tuple[CopyFacts, ...]


@dataclass(frozen=True, slots=True)
class CopyVerdict:
    """A copy counts when there is no reason against it.

    overdue_since: when it became too old, None when it is not; never_copied is overdue too.
    """

    facts: CopyFacts
    why: tuple[Why, ...]
    overdue_since: datetime | None

    @property
    def counts(self) -> bool:
        return not self.why

    def has(self, *reasons: Reason) -> bool:
        """Whether one of these speaks against it."""
        return any(why.code in reasons for why in self.why)

    @property
    def is_overdue(self) -> bool:
        return self.has(Reason.NEVER_COPIED, Reason.CLOCK_AHEAD, Reason.TOO_OLD)


@dataclass(frozen=True, slots=True)
class SystemVerdict:
    """3-2-1 of one system.

    three: live data and counting copies, at most 3. two: kinds of device among the counting copies,
    at most 2. away: counting copies out of the house at another operator, by a person's word. gaps:
    what is missing. step: what to do next, None when there is nothing.
    """

    facts: SystemFacts
    copies: tuple[CopyVerdict, ...]
    three: int
    two: int
    away: tuple[str, ...]
    gaps: tuple[Why, ...]
    step: Why | None

    @property
    def is_complete(self) -> bool:
        return not self.gaps

    @property
    def is_green(self) -> bool:
        """3-2-1 holds, and nothing that the plan asks for is overdue or damaged."""
        return self.is_complete and not any(
            copy.is_overdue or copy.has(Reason.DAMAGED) for copy in self.copies
        )
