"""The pause: until when nothing begins by itself, as one fact in the home's database.

It is an event that lasts (`paused`), so whoever shows what lasts shows it too. It is over when its
time has come, whether or not anybody has noted its end; and no clock can make it last for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import parse_stamp, stamp
from core.store.home import Event, HomeStore

PAUSED = "paused"
"""The code of the event."""
LONGEST = timedelta(days=7)
_CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pause:
    """since: when a person asked for it. until: when it ends, at most `LONGEST` later."""

    since: datetime
    until: datetime


def pause_of(lasting: Iterable[Event], now: datetime) -> Pause | None:
    """The pause in force among the events that last; None where there is none, or it is over.

    One that begins in the future was asked for under a clock that was wrong: copies go on.
    """
    for event in lasting:
        if event.code != PAUSED:
            continue
        since = parse_stamp(event.since)
        try:
            until = min(parse_stamp(str(json.loads(event.params)["until"])), since + LONGEST)
        except (ValueError, KeyError, TypeError):
            continue  # nothing that can be read is no pause
        if since - _CLOCK_TOLERANCE <= now < until:
            return Pause(since, until)
    return None


def set_pause(store: HomeStore, pause: Pause) -> None:
    """Put a pause into force, instead of one that may be."""
    end_pause(store)
    said = json.dumps({"until": stamp(pause.until)})
    row = Event(PAUSED, "info", "", "", stamp(pause.since), "", "", said)
    store.keep_events([row], codes=(PAUSED,))


def end_pause(store: HomeStore) -> bool:
    """Note that the pause is over; whether one was noted."""
    was_there = any(event.code == PAUSED for event in store.events())
    store.keep_events([], codes=(PAUSED,))
    return was_there
