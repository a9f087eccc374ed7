"""A plan with people, events and runs, for tests that make something of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import stamp
from core.plan.locations import LocalLocation
from core.plan.model import (
    AlertSettings,
    Copy,
    Destination,
    Person,
    Plan,
    Role,
    Smtp,
    System,
)
from core.store.events import EventRow
from core.store.home import RunRow
from tests.support.fixed_clock import NOON

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
ANNA = Person(id="anna", name="Anna Muster", email="anna@example.org")
BERT = Person(
    id="bert", name="Bert Beispiel", email="bert@example.org", role=Role.DEPUTY, lang="en"
)
SMTP = Smtp(host="smtp.example.org", sender="laden@example.org", user="laden@example.org")


def plan(*people: Person, **alerts: Any) -> Plan:
    """Anna's shop, Bert stands in; or other people, and other settings."""
    settings: dict[str, Any] = {"smtp": SMTP}
    return Plan(
        shop="Muster & Söhne <Laden>",
        systems=(System(id="laden", name="Laden-PC"),),
        destinations=tuple(
            Destination(id=id, name=name, location=LocalLocation(path=Path("/mnt") / id))
            for id, name in (("nas", "NAS im Lager"), ("wolke", "Wolke"), ("platte", "/mnt/geheim"))
        ),
        copies=tuple(Copy(system="laden", destination=id) for id in ("nas", "wolke", "platte")),
        people=people or (ANNA, BERT),
        alerts=AlertSettings(**(settings | alerts)),
    )


def event(id: int = 1, code: str = "overdue", **changes: Any) -> EventRow:
    """A copy that is overdue since yesterday, noticed at noon."""
    row = EventRow(
        id=id,
        code=code,
        system="laden",
        destination="nas",
        severity="act",
        weight=1,
        params='{"copied":"2026-11-19T12:00:00Z","limit":86400}',
        since=stamp(NOON - DAY),
        raised=stamp(NOON),
    )
    return row._replace(**changes)


def run(began: datetime = NOON - 3 * HOUR, status: str = "COMMITTED", **changes: Any) -> RunRow:
    """A good run of this morning."""
    row = RunRow(
        "laden", "nas", "000001-x", stamp(began), stamp(began), status, "", 10, 1000, 100, 0
    )
    return row._replace(**changes)
