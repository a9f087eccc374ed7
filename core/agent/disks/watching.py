"""What the agent does about disks: notices them, ejects them when their copy is made, remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.agent.conditions import CopyKey, lasting
from core.agent.disks.port import DiskLook
from core.agent.disks.recognising import Found, Recognised, recognise
from core.agent.disks.volumes import Volumes
from core.clock import parse_stamp, stamp
from core.destinations.devices import device_of
from core.paths import Home
from core.plan.locations import folder_of_pc
from core.plan.model import Destination, Plan
from core.store.home import DiskRow, Event, HomeStore

STAYS = timedelta(hours=3)
"""A disk that is only attached for its copy should be gone by then (DOMAIN A8)."""
_SAID_FOR = timedelta(days=1)


@dataclass(slots=True)
class _State:
    """What is known of one disk while the agent runs.

    copied: a copy was made since it was plugged in, and it has not been ejected. let_go: when it
    was. refused: why it could not be.
    """

    attached: bool = False
    since: datetime | None = None
    copied: bool = False
    let_go: datetime | None = None
    refused: str = ""


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
        self, plan: Plan, store: HomeStore, now: datetime, in_use: frozenset[str] | None
    ) -> DiskLook:
        """Look at every disk; eject those whose copies are made."""
        missing, plugged = set(), set()
        events: list[Event] = []
        own = device_of(self._home.state)
        known = known_vaults(plan, store)
        for where in plan.destinations:
            if not (where.offline or where.removable) or folder_of_pc(where.location) is None:
                continue
            seen = recognise(plan, where, known, own)
            state = self._states.setdefault(where.id, _State())
            if self._notice(store, where, state, seen, now):
                plugged.add(where.id)
            if where.offline and state.attached and state.copied and _is_free(where, in_use):
                self._eject(where, state, now)
                if not state.refused:
                    self._notice(store, where, state, Recognised(Found.ABSENT), now)
            if where.offline and not state.attached:
                missing.add(where.id)
            events += _events(where, state, seen, now)
        return DiskLook(frozenset(missing), frozenset(plugged), events)

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
        if is_here:
            state.since, state.copied, state.let_go, state.refused = now, False, None, ""
            lasts = seen.device.lasting or row.volume
            store.set_disk(row._replace(volume=lasts, attached=stamp(now)))
        else:
            store.set_disk(row._replace(detached=stamp(now)))
        state.attached = is_here
        return is_here

    def _eject(self, where: Destination, state: _State, now: datetime) -> None:
        folder = folder_of_pc(where.location)
        state.refused = self._volumes.eject(folder) if folder is not None else ""
        state.copied = False
        if not state.refused:
            state.let_go = now

    def job_ended(self, copies: frozenset[CopyKey], *, good: bool) -> None:
        """After a good backup, by us or by a person, the disk has done what it came for."""
        for _, id in copies:
            if id in self._states and good:
                self._states[id].copied = True


def _is_free(where: Destination, in_use: frozenset[str] | None) -> bool:
    return in_use is not None and where.id not in in_use


def known_vaults(plan: Plan, store: HomeStore) -> dict[str, frozenset[str]]:
    """The identities of the copies at each destination, as this home remembers them."""
    found: dict[str, set[str]] = {}
    for copy in plan.copies:
        vault = store.vault_of(copy.system, copy.destination)
        if vault is not None and store.is_laid_out(copy.system, copy.destination):
            found.setdefault(copy.destination, set()).add(vault)
    return {id: frozenset(ids) for id, ids in found.items()}


_STRANGE: Mapping[Found, str] = {
    Found.NEW: "disk_new",
    Found.OTHER: "disk_wrong",
    Found.FOREIGN: "disk_foreign",
}


def _events(where: Destination, state: _State, seen: Recognised, now: datetime) -> list[Event]:
    found = []
    if seen.found in _STRANGE:
        code = _STRANGE[seen.found]
        found.append(lasting(code, "warning", now, destination=where.id, other=seen.other))
    if state.let_go is not None and not state.attached and now - state.let_go < _SAID_FOR:
        found.append(lasting("disk_ready", "info", state.let_go, destination=where.id))
    if not where.offline or not state.attached or state.since is None:
        return found
    if state.refused:
        event = lasting("disk_in_use", "info", now, destination=where.id, cause=state.refused)
        found.append(event)
    if now - state.since > STAYS:
        since = state.since + STAYS
        found.append(lasting("disk_stays", "warning", since, destination=where.id))
    return found


def detached_since(row: DiskRow | None) -> datetime | None:
    """Since when a disk has been unplugged, by our own record; None while it is attached."""
    if row is None or not row.detached or row.detached < row.attached:
        return None
    return parse_stamp(row.detached)
