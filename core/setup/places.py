"""What a place for copies is worth: looked at, and tried with a small file."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.destinations.devices import Device, device_at
from core.plan.syncfolders import sync_service
from core.setup.draft import Place

_SAMPLE = 256 * 1024


class Finding(StrEnum):
    """What a look at a place found."""

    PASSED = "passed"  # written, read back, removed again
    MISSING = "missing"
    INSIDE_SOURCE = "inside_source"
    HOLDS_SOURCE = "holds_source"
    SYNCED = "synced"
    READ_ONLY = "read_only"
    DIFFERS = "differs"
    FAILED = "failed"  # a place in the network; `said` tells why


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about a place.

    free and total in bytes, up and down in bytes a second; 0 when not known. said: why it failed,
    in a sentence; concerns: what a person should know all the same, as codes of `probe`.
    """

    finding: Finding
    device: Device = field(default_factory=Device)
    free: int = 0
    total: int = 0
    up: float = 0.0
    down: float = 0.0
    said: str = ""
    concerns: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.finding is Finding.PASSED


def probe(
    folder: Path,
    sources: Sequence[Path],
    device_of: Callable[[Path], Device],
    environ: Mapping[str, str],
) -> Probe:
    """Look at the nearest folder that is there, and write and read back a small file in it.

    Nothing stays. A place is never made here: the disk it is on must be there.
    """
    here = _nearest(folder)
    if here is None:
        return Probe(Finding.MISSING)
    device = device_of(here)
    real = Path(os.path.realpath(folder))
    for source in sources:
        other = Path(os.path.realpath(source))
        if real == other or real.is_relative_to(other):
            return Probe(Finding.INSIDE_SOURCE, device)
        if other.is_relative_to(real):
            return Probe(Finding.HOLDS_SOURCE, device)
    if sync_service(real, environ):
        return Probe(Finding.SYNCED, device)
    try:
        usage = shutil.disk_usage(here)
        same = _write_and_read(here)
    except OSError:
        return Probe(Finding.READ_ONLY, device)
    return Probe(Finding.PASSED if same else Finding.DIFFERS, device, usage.free, usage.total)


def probe_told(place: Place, fields: Mapping[str, object], said: str) -> Probe:
    """What the command `probe` told of a place in the network (docs/cli.md, `probed`).

    said: the sentence of the error it ended with, '' for none.
    """
    if not fields.get("usable"):
        return Probe(Finding.FAILED, device_at(place.location), said=said)
    numbers = {name: fields.get(name) for name in ("free", "total", "up", "down")}
    known = {name: one for name, one in numbers.items() if isinstance(one, int | float)}
    concerns = fields.get("concerns")
    return Probe(
        Finding.PASSED,
        device_at(place.location),
        free=int(known.get("free", 0)),
        total=int(known.get("total", 0)),
        up=float(known.get("up", 0)),
        down=float(known.get("down", 0)),
        concerns=tuple(str(one) for one in concerns) if isinstance(concerns, list) else (),
    )


def _nearest(folder: Path) -> Path | None:
    """The folder itself, or the one above it: its last part may still be made."""
    for one in (folder, folder.parent):
        try:
            if one.is_dir():
                return one
        except OSError:
            continue
    return None


def _write_and_read(folder: Path) -> bool:
    file = folder / f".ladentresor-probe-{secrets.token_hex(4)}"
    data = secrets.token_bytes(_SAMPLE)
    try:
        with file.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        return file.read_bytes() == data
    finally:
        file.unlink(missing_ok=True)
