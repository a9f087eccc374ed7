"""3-2-1 as it will stand once the set-up is done: the very rules, on copies not made yet. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.destinations.devices import Device
from core.health.model import CopyFacts, ReadBack, SystemFacts, SystemVerdict
from core.health.three_two_one import judge
from core.plan.model import Mode, default_every, default_reread
from core.setup.draft import Draft, Place
from core.setup.places import Probe


def expected(
    draft: Draft, probes: Mapping[str, Probe], source_devices: Sequence[Device], now: datetime
) -> SystemVerdict:
    """The verdict once every place that passed its probe has its first copy."""
    copies = tuple(
        _as_if_copied(place, probes[place.at], now)
        for place in draft.places
        if place.at in probes and probes[place.at].passed
    )
    facts = SystemFacts(
        system="laden",
        name=draft.shop,
        mode=Mode.OWN,
        operator="",
        rpo=draft.rpo,
        devices=tuple(source_devices),
        copies=copies,
    )
    return judge(facts, now)


def _as_if_copied(place: Place, found: Probe, now: datetime) -> CopyFacts:
    return CopyFacts(
        destination=place.at,
        medium=place.medium,
        site=place.site,
        offline=place.offline,
        operator=place.operator,
        every=default_every(offline=place.offline),
        reread=default_reread(place.medium),
        copied=now,
        read_back=ReadBack(last=now, oldest=now, read_share=1.0),
        restored=None,
        damage=0,
        last_run="",
        last_code="",
        writes_elsewhere=False,
        reachable=True,
        device=found.device,
    )
