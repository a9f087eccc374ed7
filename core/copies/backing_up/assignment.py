"""What a backup is asked to do, and how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.copies.backing_up.commit import Written
from core.copies.opening.reach import Where
from core.errors import KnownError
from core.sources.folders import Root

PARTIAL_AFTER_SECONDS = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Result:
    """How the run at one copy ended: with a state, or with an error.

    damaged: records and lists of older states there that are damaged for good. unlocked: why the
    copy is not locked although the plan says so.
    """

    system: str
    destination: str
    run: str
    written: Written | None
    error: KnownError | None
    resumed: bool = False
    damaged: tuple[str, ...] = ()
    unlocked: KnownError | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to back up and where to: one system, all copies that are due together.

    own_files: plan and proofs that travel with each state. own_places: all folders of the plan's
    destinations. accept_source: a person said that the changed source is meant so; accept_changes:
    that the changes the anomaly gate showed are. all_copies: every copy the system has, also those
    not due now: what one lost may be had from another.
    """

    system: str
    system_name: str
    roots: tuple[Root, ...]
    destinations: tuple[Where, ...]
    own_files: dict[str, bytes]
    own_fingerprint: str
    own_places: tuple[Path, ...]
    accept_source: bool = False
    accept_changes: bool = False
    all_copies: tuple[Where, ...] = ()
    partial_after: float = PARTIAL_AFTER_SECONDS


def fingerprint(parts: Sequence[bytes]) -> str:
    """A short digest of what matters in the files that travel along."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
