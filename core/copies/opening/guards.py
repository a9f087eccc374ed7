"""What must hold before a run may write to a copy: right disk, right writer, nothing gone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from core.clock import Clock, stamp
from core.copies.format import documents
from core.copies.format.copy_folder import (
    DATA,
    OPEN,
    OWN_FILES,
    STATES,
    VAULT,
    WRITERS,
    CopyFolder,
)
from core.copies.format.documents import Claim, Vault
from core.copies.opening.handbook import write_handbook
from core.copies.opening.writer import Writer
from core.errors import Code, KnownError
from core.store.index import CopyIndex

SAMPLE = 20


@dataclass(frozen=True, slots=True)
class CopyName:
    """Which copy this is: ids for the machine, a name for people."""

    system: str
    system_name: str
    destination: str
    layout: str = "tree"


def recognise(
    copy: CopyFolder, name: CopyName, vault_id: str | None, writer: Writer, *, laid_out: bool
) -> Vault | None:
    """The marker of the copy we know, or None when this is free ground for a new one.

    Raises when the disk is missing, emptied, another one, or in use by something else. A copy that
    was once `laid_out` is never set up again; before that, an interrupted set-up is. A copy of this
    very system and destination that we forgot is ours if our claim stands in it.
    """
    folder = copy.folder
    where = {"destination": name.destination, "path": folder.address}
    if not folder.is_reachable():
        raise KnownError(Code.DESTINATION_MISSING, **where)
    names = set(folder.names())
    if OPEN in names:
        raise KnownError(Code.COPY_IS_ENCRYPTED, **where)
    if vault_id is None:
        return _meet(copy, name, names, where, writer)
    if not laid_out and _is_begun_only(copy, names):
        return None
    if not names:
        raise KnownError(Code.DESTINATION_EMPTIED, **where)
    vault = copy.vault()
    if vault is None and any(copy.record_names()):
        path = str(folder.root)
        raise KnownError(Code.COPY_MARKER_DAMAGED, path=path, what=VAULT)
    if vault is None or vault.vault != vault_id:
        system = vault.system if vault else "?"
        raise KnownError(Code.DESTINATION_FOREIGN, **where, system=system)
    return vault


def _is_begun_only(copy: CopyFolder, names: set[str]) -> bool:
    """Whether our own set-up ended before its marker was whole (format §2: written again then)."""
    if any(copy.folder.names(STATES)) or not names <= OWN_FILES:
        return False
    try:
        return copy.vault() is None
    except KnownError as error:
        if error.code is not Code.COPY_MARKER_DAMAGED:
            raise
        return True


def _meet(
    copy: CopyFolder, name: CopyName, names: set[str], where: dict[str, str], writer: Writer
) -> Vault | None:
    """What lies where we know of nothing: free ground, our own forgotten copy, or somebody's."""
    if not names:
        return None
    if VAULT not in names:
        raise KnownError(Code.DESTINATION_NOT_OURS, **where)
    vault = copy.vault()
    if vault is None or (vault.system, vault.destination) != (name.system, name.destination):
        raise KnownError(Code.DESTINATION_FOREIGN, **where, system=vault.system if vault else "?")
    check_writer(copy, name, writer)
    return vault


def set_up(
    copy: CopyFolder, name: CopyName, vault_id: str, writer: Writer, clock: Clock, *, created: str
) -> Vault:
    """Lay out a new copy: help for people, marker, first claim. Safe to repeat after a kill."""
    folder = copy.folder
    vault = Vault(
        format=documents.FORMAT,
        art="tresor",
        vault=vault_id,
        system=name.system,
        name=name.system_name,
        destination=name.destination,
        layout=name.layout,
        created=created,
    )
    folder.make_folder("")
    for part in (STATES, DATA, WRITERS):
        folder.make_folder(part)
    for leftover in folder.names(WRITERS):
        folder.remove(f"{WRITERS}/{leftover}")
    write_handbook(folder, system=name.system, system_name=name.system_name, created=created)
    write_claim(copy, 1, writer, clock)
    folder.barrier()
    folder.remove(VAULT)
    folder.create(VAULT, documents.seal(vault)[0])
    folder.barrier()
    return vault


def write_claim(copy: CopyFolder, number: int, writer: Writer, clock: Clock) -> None:
    """Say that `writer` is the one who writes from now on."""
    claim = Claim(
        format=documents.FORMAT,
        art="schreiber",
        number=number,
        writer=writer.id,
        computer=writer.computer,
        since=stamp(clock.now()),
    )
    copy.folder.create(f"{WRITERS}/{number:04d}-{writer.id}.json", documents.seal(claim)[0])


def new_vault_id() -> str:
    """A random identity for a new copy."""
    return secrets.token_hex(16)


def check_writer(copy: CopyFolder, name: CopyName, writer: Writer) -> None:
    """Raise unless the newest claim is ours and this is the home and machine that made it."""
    claims = copy.claims()
    last = claims[-1] if claims else None
    if last is not None and last.writer == writer.id and writer.at_home:
        return
    raise KnownError(
        Code.DESTINATION_WRITER,
        destination=name.destination,
        path=str(copy.folder.shown),
        computer=last.computer if last else "?",
        since=last.since if last else "?",
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """How the names at the copy differ from what the index expects."""

    unknown_states: frozenset[str]
    missing_states: frozenset[str]
    missing_data: frozenset[str]
    unknown_data: frozenset[str]
    other_clean_ups: bool = False  # somebody tidied up, or what says so was lost

    @property
    def needs_rebuild(self) -> bool:
        """Data folders nobody named belong to interrupted runs: they are no reason."""
        return bool(
            self.unknown_states or self.missing_states or self.missing_data or self.other_clean_ups
        )


def compare_names(copy: CopyFolder, index: CopyIndex) -> Difference:
    """The two listings of the guards: names only, complete."""
    states = frozenset(copy.record_names())
    data = frozenset(copy.data_names())
    expected = frozenset(run for run, _, _, pending in index.states() if not pending)
    expected_data = index.data_folders()
    return Difference(
        unknown_states=states - expected - index.broken_records(),
        missing_states=expected - states,
        missing_data=frozenset(expected_data - data),
        unknown_data=frozenset(data - expected_data),
        other_clean_ups=set(copy.clean_up_names()) != index.clean_ups().keys(),
    )


def newest_differs(copy: CopyFolder, index: CopyIndex) -> bool:
    """Whether the newest state is not the one we wrote: put back, torn or rewritten."""
    known = {run: digest for run, digest, _, pending in index.states() if not pending}
    if not known:
        return False
    newest = max(known, key=documents.run_order)
    try:
        return copy.state(newest).digest != known[newest]
    except documents.Broken:
        return True


def missing_of_sample(copy: CopyFolder, index: CopyIndex) -> list[bytes]:
    """Contents, out of twenty picked at random, whose object is gone or cut off."""
    runs = index.run_names()
    missing = []
    for sha, place in index.random_contents(SAMPLE):
        size = copy.folder.size(f"{DATA}/{runs[place.run]}/{place.path}")
        if size is None or size < place.offset + place.stored:
            missing.append(sha)
    return missing


def next_number(record_names: list[str], data_names: set[str]) -> int:
    """1 + the highest number seen at this copy, in records or data folders."""
    seen = (documents.run_number(name) or 0 for name in (*record_names, *data_names))
    return 1 + max(seen, default=0)
