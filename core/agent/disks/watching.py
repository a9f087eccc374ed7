"""What the agent does about disks: notices them, ejects them when their copy is made, remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.agent.conditions import make_event
from core.agent.disks.port import DiskLook
from core.agent.disks.recognising import Found, Recognised, recognise
from core.agent.disks.volumes import Volumes
from core.clock import parse_stamp, stamp
from core.copies.opening.elsewhere import known_vaults
from core.destinations.devices import device_of
from core.errors import Code
from core.paths import Home
from core.plan.locations import folder_of_pc
from core.plan.model import Destination, Plan
from core.store.home import DiskRow, Event, HomeStore

STAYS = timedelta(hours=3)
"""A disk that is only attached for its copy should be gone by then (DOMAIN A8)."""
_SAID_FOR = timedelta(days=1)
_TRY_AGAIN = timedelta(minutes=5)


@dataclass(slots=True)
class _State:
    """What is known of one disk while the agent runs.

    since: when it was attached. read: what was due was read back since. let_go: when it was
    ejected. tried, refused: when that was last tried in vain, and why it could not be. torn_out:
    when it was pulled out of a running job; until all of it has been looked at.
    """

    attached: bool = False
    since: datetime | None = None
    read: bool = False
    let_go: datetime | None = None
    tried: datetime | None = None
    refused: str = ""
    torn_out: datetime | None = None


class DiskWatch:
    """Disks of destinations that are `offline` or `removable`; see the port `Disks`."""

    def __init__(self, home: Home, volumes: Volumes) -> None:
        self._home = home
        self._volumes = volumes
        self._states: dict[str, _State] = {}

    def watch(self, changed: Callable[[], None]) -> None:
        self._volumes.watch(changed)

    def close(self) -> None:
        self._volumes.close()

    def look(
        self,
        plan: Plan,
        store: HomeStore,
        now: datetime,
        *,
        made: Mapping[str, datetime],
        in_use: frozenset[str] | None,
    ) -> DiskLook:
        """Look at every disk; eject those whose copies are made and read back."""
        missing, plugged, to_read, to_audit = set(), set(), set(), set()
        events: list[Event] = []
        own = device_of(self._home.state)
        known = known_vaults(plan, store)
        for where in plan.destinations:
            if not where.comes_and_goes:
                continue
            seen = recognise(plan, where, known, own)
            state = self._states.get(where.id) or self._remembered(store, where.id)
            was_attached = state.attached
            if self._notice(store, where, state, seen, now):
                plugged.add(where.id)
                if state.torn_out is not None:
                    to_audit.add(where.id)
            elif was_attached and not state.attached and _was_torn_out(plan, store, where, in_use):
                state.torn_out = now
            if where.offline and _is_done(state, made.get(where.id)) and _is_free(where, in_use):
                if not state.read:
                    to_read.add(where.id)
                elif self._eject(where, state, now):
                    self._notice(store, where, state, Recognised(Found.ABSENT), now)
            if where.offline and not state.attached:
                missing.add(where.id)
            events += _events(where, state, seen, now)
        come, read, audit = frozenset(plugged), frozenset(to_read), frozenset(to_audit)
        return DiskLook(frozenset(missing), come, read, audit, events)

    def _remembered(self, store: HomeStore, id: str) -> _State:
        """The first look: a disk that was here when the agent ended has not been plugged in."""
        row = store.disk(id)
        state = self._states[id] = _State()
        if row is not None and row.attached and row.gone_since is None:
            state.attached, state.since = True, parse_stamp(row.attached)
        torn = [e for e in store.events() if e.code == "disk_torn_out" and e.destination == id]
        state.torn_out = parse_stamp(torn[0].since) if torn else None
        return state

    def _notice(
        self,
        store: HomeStore,
        where: Destination,
        state: _State,
        seen: Recognised,
        now: datetime,
    ) -> bool:
        """Remember that it came or went; whether it has just come."""
        is_here = seen.found is Found.OURS
        if is_here == state.attached:
            return False
        row = store.disk(where.id) or DiskRow(where.id, "", "", "")
        state.attached = is_here
        if is_here:
            state.since, state.read = now.replace(microsecond=0), False
            state.let_go, state.tried, state.refused = None, None, ""
            lasts = seen.device.lasting or row.volume
            store.set_disk(row._replace(volume=lasts, attached=stamp(now)))
        else:
            store.set_disk(row._replace(detached=stamp(now)))
        return is_here

    def _eject(self, where: Destination, state: _State, now: datetime) -> bool:
        """Let it go; whether it did. Somebody may be looking into it: then again in a while."""
        if state.tried is not None and timedelta(0) <= now - state.tried < _TRY_AGAIN:
            return False
        state.tried = now
        folder = folder_of_pc(where.location)
        state.refused = self._volumes.eject(folder) if folder is not None else ""
        if not state.refused:
            state.let_go = now
        return not state.refused

    def was_read(self, destination: str, *, audit: bool) -> None:
        """What was due to be read there has been read, or all of it looked at (`audit`)."""
        state = self._states.get(destination)
        if state is not None and audit:
            state.torn_out = None
        elif state is not None:
            state.read = True


def _is_done(state: _State, made: datetime | None) -> bool:
    """Whether all its copies were made since it was plugged in."""
    return state.attached and state.since is not None and made is not None and made >= state.since


def _was_torn_out(
    plan: Plan, store: HomeStore, where: Destination, in_use: frozenset[str] | None
) -> bool:
    """Whether a disk that has gone was being written to."""
    newest = (store.last_run(copy.system, where.id) for copy in plan.copies)
    return not _is_free(where, in_use) or any(
        run is not None and (run.code == Code.DESTINATION_GONE or run.status == "INTERRUPTED")
        for run in newest
    )


def _is_free(where: Destination, in_use: frozenset[str] | None) -> bool:
    return in_use is not None and where.id not in in_use


_STRANGE: Mapping[Found, str] = {
    Found.NEW: "disk_new",
    Found.OTHER: "disk_wrong",
    Found.FOREIGN: "disk_foreign",
}


def _events(where: Destination, state: _State, seen: Recognised, now: datetime) -> list[Event]:
    found = []
    if seen.found in _STRANGE:
        code = _STRANGE[seen.found]
        found.append(make_event(code, "warning", now, destination=where.id, other=seen.other))
    if state.let_go is not None and not state.attached and now - state.let_go < _SAID_FOR:
        found.append(make_event("disk_ready", "info", state.let_go, destination=where.id))
    if state.torn_out is not None:
        found.append(make_event("disk_torn_out", "warning", state.torn_out, destination=where.id))
    if not where.offline or not state.attached or state.since is None:
        return found
    if state.refused:
        event = make_event("disk_in_use", "info", now, destination=where.id, cause=state.refused)
        found.append(event)
    if now - state.since > STAYS:
        since = state.since + STAYS
        found.append(make_event("disk_stays", "warning", since, destination=where.id))
    return found
