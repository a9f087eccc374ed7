"""Gathers what the rules judge: plan × store × index, in short read-only looks; a copy is never
read for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from core.clock import parse_stamp, stamp
from core.copies import jobs
from core.copies.desk import index_path
from core.copies.format.copy_folder import list_path, record_path
from core.copies.format.documents import Record
from core.copies.looking_after.rotation import began_seconds
from core.copies.memory.lock_note import read_note
from core.destinations.devices import Device, device_at, device_of
from core.destinations.local import LocalFolder
from core.errors import Code
from core.health.model import CopyFacts, ReadBack, SystemFacts
from core.paths import Home
from core.plan.locations import folder_of_pc
from core.plan.model import Copy, Plan, System
from core.store.database import is_broken
from core.store.home import GOOD, HomeStore, RunRow
from core.store.index import DEVICE, IndexView

DevicePort = Callable[[Path], Device]


@dataclass(frozen=True, slots=True)
class _Known:
    """What an index says of its copy."""

    copied: datetime | None
    read_back: ReadBack
    damage: int
    device: str
    unlocked: str


def gather(
    home: Home, store: HomeStore, plan: Plan, now: datetime, devices: DevicePort = device_of
) -> list[SystemFacts]:
    """The facts of every system that has copies, in the order of the plan."""
    return [
        SystemFacts(
            system=system.id,
            name=system.name,
            mode=system.mode,
            operator=system.operator,
            rpo=system.rpo,
            devices=tuple(devices(folder) for folder in system.folders),
            copies=tuple(
                _copy_facts(home, store, plan, copy, now, devices)
                for copy in plan.copies_of(system.id)
            ),
        )
        for system in _with_copies(plan)
    ]


def _with_copies(plan: Plan) -> list[System]:
    return [system for system in plan.systems if plan.copies_of(system.id)]


def _copy_facts(
    home: Home, store: HomeStore, plan: Plan, copy: Copy, now: datetime, devices: DevicePort
) -> CopyFacts:
    where = plan.destination(copy.destination)
    folder = folder_of_pc(where.location)
    known = _look_into(index_path(home, copy.system, copy.destination), copy.reread, now)
    run = store.last_run(copy.system, copy.destination)
    restored = store.last_proof(copy.system, copy.destination, "restored")
    if folder is None:  # nobody waits for a server to see how things stand
        reachable, device = True, device_at(where.location)
    else:
        reachable = LocalFolder(where.id, folder, copy.system).is_reachable()
        device = devices(folder) if reachable else Device()
    if not device.lasting and known is not None:
        device = Device(device.now, known.device)
    return CopyFacts(
        destination=where.id,
        medium=where.medium,
        site=where.site,
        offline=where.offline,
        operator=where.operator,
        every=copy.every,
        reread=copy.reread,
        copied=known.copied if known else jobs.last_success(store, copy),
        read_back=known.read_back if known else ReadBack(),
        restored=parse_stamp(restored.at) if restored and restored.result == "sound" else None,
        damage=max(known.damage if known else 0, _unmended(store, copy)),
        last_run=run.status if run else "",
        last_code=run.code if run else "",
        writes_elsewhere=run is not None and run.code == Code.DESTINATION_WRITER,
        reachable=reachable,
        device=device,
        detached=_detached(store, where.id, run),
        unlocked=known.unlocked if known else "",
    )


def _detached(store: HomeStore, destination: str, run: RunRow | None) -> datetime | None:
    """Since when the disk of a destination is gone, as the background process saw it.

    What was written there since was written to a disk that is back, and nobody saw it.
    """
    row = store.disk(destination)
    gone = row.gone_since if row else None
    return None if gone is None or (run is not None and run.began > stamp(gone)) else gone


def _unmended(store: HomeStore, copy: Copy) -> int:
    """1 when the newest verification found damage and no run has come through since."""
    proof = store.last_proof(copy.system, copy.destination, "verified")
    if proof is None or proof.result != "damaged":
        return 0
    since = store.runs(since=parse_stamp(proof.at))
    ours = (
        row for row in since if (row.system, row.destination) == (copy.system, copy.destination)
    )
    return int(not any(row.status in GOOD for row in ours))


def _look_into(path: Path, reread: timedelta, now: datetime) -> _Known | None:
    """What the index knows; None when there is none that can be read now."""
    if not path.exists():
        return None
    index = IndexView(path)
    try:
        if not index.is_current:
            return None
        suspects = index.suspects() | {record_path(run) for run in index.broken_records()}
        return _Known(
            _newest_complete(index, suspects),
            _read_back(index, reread, now),
            len(suspects) + len(index.lost()),
            index.meta(DEVICE) or "",
            note.trouble if (note := read_note(index)) else "",
        )
    except Exception as error:
        if not is_broken(error):
            raise
        return None  # it is made anew by the next run
    finally:
        index.close()


def _newest_complete(index: IndexView, suspects: set[str]) -> datetime | None:
    """When the newest complete state began whose paperwork is not known to be damaged."""
    newest = None
    for run, _, line, pending in index.states():
        record = msgspec.json.decode(line, type=Record)
        damaged = {record_path(run), list_path(record.list_name)} & suspects
        if record.complete and not pending and not damaged:
            began = parse_stamp(record.began)
            newest = began if newest is None else max(newest, began)
    return newest


def _read_back(index: IndexView, reread: timedelta, now: datetime) -> ReadBack:
    limit = int((now - reread).timestamp())
    names = index.run_names()
    total = read = late = 0
    last = 0
    oldest: int | None = None
    for part in index.read_states(limit):
        total += part.bytes
        since = part.oldest or began_seconds(names[part.run])
        oldest = since if oldest is None else min(oldest, since)
        if part.oldest:
            read += part.bytes
            late += part.late
            last = max(last, part.newest)
        elif since < limit:
            late += part.bytes
    return ReadBack(
        last=_moment(last) if last else None,
        oldest=None if oldest is None else _moment(oldest),
        read_share=read / total if total else 0.0,
        late_share=late / total if total else 0.0,
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
