"""Plans and moments for the rules of the background process."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.plan.limits import Limits
from core.plan.locations import LocalLocation
from core.plan.model import (
    Copy,
    Destination,
    FoldersSource,
    Medium,
    Plan,
    Schedule,
    Site,
    System,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def berlin(text: str) -> datetime:
    """A moment on the shop's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def place(
    id: str, *, medium: Medium = Medium.DISK, offline: bool = False, site: Site = Site.HERE
) -> Destination:
    return Destination(
        id=id,
        name=f"Platte {id}",
        medium=medium,
        site=site,
        offline=offline,
        location=LocalLocation(path=Path("/ziele") / id),
    )


def a_plan(
    *destinations: Destination,
    every: dict[str, timedelta] | None = None,
    at: time | None = None,
    schedule: Schedule | None = None,
    limits: Limits | None = None,
) -> Plan:
    """One system `laden` copied to each of these; daily, offline ones weekly, unless `every`."""
    usual = {one.id: 7 * DAY if one.offline else DAY for one in destinations}
    intervals = usual | (every or {})
    source = FoldersSource(paths=(Path("/daten"),))
    return Plan(
        systems=(System(id="laden", name="Laden", sources=(source,)),),
        destinations=destinations,
        copies=tuple(
            Copy(system="laden", destination=id, every=gap, at=at) for id, gap in intervals.items()
        ),
        schedule=schedule or Schedule(),
        limits=limits or Limits(),
    )
