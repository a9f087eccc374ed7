"""How full a destination will be if its runs go on as they did."""

from __future__ import annotations

from datetime import datetime

from core.clock import parse_stamp
from core.copies.letting_go.forecast import Forecast, Growth, forecast
from core.destinations.local import LocalFolder
from core.errors import KnownError
from core.plan.locations import folder_of_pc
from core.plan.model import Destination
from core.store.home import GOOD, HomeStore


def forecast_of(store: HomeStore, where: Destination, now: datetime) -> Forecast | None:
    """What its runs say of the days to come; None when nobody can say."""
    place = folder_of_pc(where.location)
    if place is None:
        return None  # nobody waits for a server to see how things stand
    folder = LocalFolder(where.id, place, "")
    if not folder.is_reachable():
        return None
    try:
        free = folder.free_bytes()
    except KnownError:
        return None
    runs = []
    met = set()
    for row in store.runs():
        if row.destination != where.id or row.status not in GOOD:
            continue
        if row.system in met:
            runs.append(Growth(parse_stamp(row.began), row.new_bytes))
        met.add(row.system)
    return forecast(runs, free, now)
