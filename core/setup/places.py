"""What a place for copies is worth: looked at, and tried with a small file."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.destinations.devices import Device
from core.plan.syncfolders import sync_service

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


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about a place. free and total in bytes, 0 when not known."""

    finding: Finding
    device: Device = field(default_factory=Device)
    free: int = 0
    total: int = 0

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
