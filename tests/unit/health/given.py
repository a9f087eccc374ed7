"""Facts of a shop that holds 3-2-1, to be made worse by the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.destinations.devices import Device
from core.health.model import CopyFacts, ReadBack, SystemFacts
from core.plan.model import Medium, Mode, Site
from tests.support.fixed_clock import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def copy(id: str = "nas", **changes: Any) -> CopyFacts:
    """A copy that counts: made this morning, read back last week, on a device of its own."""
    facts = CopyFacts(
        destination=id,
        medium=Medium.NAS,
        site=Site.HERE,
        offline=False,
        operator="",
        every=DAY,
        reread=90 * DAY,
        copied=NOON - 9 * HOUR,
        read_back=ReadBack(last=NOON - 7 * DAY, oldest=NOON - 60 * DAY, read_share=1.0),
        restored=None,
        damage=0,
        last_run="COMMITTED",
        last_code="",
        writes_elsewhere=False,
        reachable=True,
        device=Device(f"disk:{id}", f"uuid:{id}"),
    )
    return replace(facts, **changes)


def cloud(id: str = "wolke", **changes: Any) -> CopyFacts:
    """A copy in a cloud."""
    facts: dict[str, Any] = {"medium": Medium.CLOUD, "site": Site.AWAY, "operator": "Hetzner"}
    return copy(id, **(facts | {"device": Device()} | changes))


def system(*copies: CopyFacts, **changes: Any) -> SystemFacts:
    """The shop's PC; without copies given, a NAS and a cloud."""
    facts = SystemFacts(
        system="laden",
        name="Laden-PC",
        mode=Mode.OWN,
        operator="",
        rpo=DAY,
        devices=(Device("disk:pc", "uuid:pc"),),
        copies=copies or (copy(), cloud()),
    )
    return replace(facts, **changes)
