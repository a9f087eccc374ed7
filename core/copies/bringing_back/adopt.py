"""Adopting a copy: a PC that knows nothing gets plan, proofs and index back from any copy."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core import own_files
from core.copies.bringing_back.places import Places, Source, read_source
from core.copies.desk import Desk
from core.copies.format import percent, rows
from core.copies.format.contents import safe_object_path
from core.copies.format.copy_folder import DAMAGE, DATA, VAULT, CopyFolder, State
from core.copies.format.documents import Claim, Vault, run_number
from core.copies.format.names import OWN_FOLDER
from core.copies.memory.rebuild import rebuild
from core.copies.opening import guards, marker
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Reach, Where
from core.copies.opening.sealed import is_encrypted, read_note
from core.copies.opening.writer import new_writer
from core.copies.proofs import PLAN_FILE, PROOFS_FILE, take_in
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.plan.edit import edit_location
from core.plan.kinds import is_id
from core.plan.locations import LocalLocation, Location, folder_of_pc, steps_to
from core.plan.model import Plan
from core.plan.read import load_text
from core.secrets.recovery import Pair

_CLOSED = frozenset({Code.DESTINATION_GONE, Code.DESTINATION_REFUSED, Code.REMOTE_NO_RIGHTS})
"""How somebody else's folder beside ours answers, which is closed to us."""
_OWN_LIMIT = 16 * 1024 * 1024


@dataclass(slots=True)
class Adopted:
    """What came back. plan: `restored`, `kept` (there was one), `missing`."""

    systems: list[str] = field(default_factory=list)
    destination: str = ""
    states: int = 0
    plan: str = "missing"
    proofs: int = 0
    writer: bool = False


@dataclass(frozen=True, slots=True)
class Lying:
    """A copy that was found: where it lies, and of which system."""

    where: Where
    system: str


def find_copies(reach: Reach, where: Where) -> list[Lying]:
    """The copies at a place: right below it, or a folder of this PC that is one itself."""
    folder = folder_of_pc(where.location)
    return _far_copies(reach, where) if folder is None else near_copies(folder)


def _far_copies(reach: Reach, where: Where) -> list[Lying]:
    found = []
    visit = reach.visit(where)
    try:
        for name in sorted(filter(is_id, visit.names())):
            seen = _look_into(visit.folder(name))
            if seen is not None:
                id = seen.destination or where.id
                found.append(Lying(Where(id, where.location, encrypted=seen.encrypted), name))
    finally:
        visit.close()
    return found


def near_copies(location: Path) -> list[Lying]:
    here = _lying(location)
    if here is not None:
        return [here]
    try:
        names = sorted(entry.name for entry in location.iterdir() if entry.is_dir())
    except OSError:
        names = []
    return [found for name in names if (found := _lying(location / name)) is not None]


def _lying(folder: Path) -> Lying | None:
    """The copy in this very folder: plain, encrypted, or none."""
    seen = _look_into(LocalFolder("", folder.parent, folder.name))
    if seen is None:
        return None
    place = LocalLocation(path=folder.parent)
    return Lying(Where(seen.destination, place, encrypted=seen.encrypted), folder.name)


class _Seen(NamedTuple):
    """A copy from outside. destination: '' of a plain one, and where nothing says it."""

    encrypted: bool
    destination: str = ""


def _look_into(folder: LocalFolder) -> _Seen | None:
    """What kind of copy lies in a folder; None when there is none."""
    try:
        if _is_copy(folder):
            return _Seen(encrypted=False)
        if not is_encrypted(folder):
            return None
        note = read_note(folder)
    except KnownError as error:
        if error.code in _CLOSED:
            return None
        raise
    return _Seen(encrypted=True, destination=note.destination if note is not None else "")


def _is_copy(folder: LocalFolder) -> bool:
    """Whether a marker lies there, or records of which it was lost."""
    return folder.size(VAULT) is not None or bool(CopyFolder(folder).record_names())


def adopt(desk: Desk, where: Where, *, take_over: bool, pair: Pair | None = None) -> Adopted:
    """Make this home know the copies at a place; with `take_over` it writes there from now on.

    Raises `KnownError` COPY_NOT_FOUND when there is none. Nothing at the copy is changed, except
    that taking over adds a claim, and a marker where it is rotten or gone. Encrypted copies are
    opened with `pair`, else with the lines kept here: KEY_MISSING, KEY_WRONG.
    """
    copies = find_copies(desk.reach, where)
    if not copies:
        raise KnownError(Code.COPY_NOT_FOUND, path=where.location.address)
    result = Adopted()
    if take_over and not desk.writer.at_home:
        desk.writer = new_writer(desk.home)
    for lying in copies:
        reached = desk.reach.open(lying.where, lying.system, pair=pair, reading=True)
        try:
            if reached.outside is not None:
                reached.outside.check_key()
            _adopt_one(desk, lying.where, reached.copy, result, take_over=take_over)
        finally:
            reached.close()
    return result


def _adopt_one(
    desk: Desk, where: Where, copy: CopyFolder, result: Adopted, *, take_over: bool
) -> None:
    found = copy.states()
    vault = _vault(desk, copy, found.states, take_over=take_over)
    if not (is_id(vault.system) and is_id(vault.destination)):
        what = "system or destination"  # our files are named after them
        raise KnownError(Code.COPY_HOSTILE, path=str(copy.folder.shown), what=what)
    result.systems.append(vault.system)
    result.destination = vault.destination
    result.states += len(found.states)
    if found.states:
        _bring_back(desk, where, copy, vault, found.states, result)
    desk.store.remember_copy(vault.system, vault.destination, vault.vault)
    index = desk.open_index(vault.system, vault.destination)
    try:
        rebuild(copy, index, desk.listener)
        index.set_meta("tresor", vault.vault)
    finally:
        index.close()
    last = _last_claim(copy)
    if take_over and (last is None or last.writer != desk.writer.id):
        name = CopyName(vault.system, vault.name, vault.destination)
        number = 1 + max((number for _, number, _ in copy.claim_names()), default=0)
        guards.write_claim(copy, number, desk.writer, desk.clock)
        copy.folder.barrier()
        guards.check_writer(copy, name, desk.writer)
        last = _last_claim(copy)
    result.writer = last is not None and last.writer == desk.writer.id and desk.writer.at_home


def _vault(desk: Desk, copy: CopyFolder, states: list[State], *, take_over: bool) -> Vault:
    """The marker; one that is rotten or gone is made again, and written when we take over."""
    try:
        vault = copy.vault()
    except KnownError as error:
        if error.code is not Code.COPY_MARKER_DAMAGED:
            raise
        vault = None
    if vault is not None:
        return vault
    vault = marker.remade(copy, states, desk.store, _plan(desk, copy, states))
    if take_over:
        marker.write(copy, vault)
        desk.listener.note("marker_written_anew", path=str(copy.folder.shown))
    return vault


def _plan(desk: Desk, copy: CopyFolder, states: list[State]) -> Plan | None:
    """This home's plan, or the newest in the copy that can be read."""
    try:
        return marker.plan_of(load_text(desk.home.plan))
    except KnownError:
        pass
    for state in reversed(states):
        own = _own_files(copy, state, states)
        if own is not None and PLAN_FILE in own.files:
            return marker.plan_of(own.files[PLAN_FILE].decode("utf-8", "replace"))
    return None


def _last_claim(copy: CopyFolder) -> Claim | None:
    """Who writes; nobody where the claim is rotten, for a person has to say who does."""
    try:
        claims = copy.claims()
    except KnownError as error:
        if error.code is not Code.COPY_MARKER_DAMAGED:
            raise
        return None
    return claims[-1] if claims else None


def _bring_back(
    desk: Desk,
    where: Where,
    copy: CopyFolder,
    vault: Vault,
    states: list[State],
    result: Adopted,
) -> None:
    """Plan, proofs and short names out of the newest state that can be read."""
    own, result_proofs = _remember(desk, copy, vault.system, states)
    result.proofs += result_proofs
    if own is not None and PLAN_FILE in own.files:
        _bring_back_plan(desk, where, vault, own.files[PLAN_FILE], result)


def relearn(desk: Desk, copy: CopyFolder, system: str) -> int:
    """Proofs, runs and short names out of a copy of ours, when our own database was lost.

    Returns how many lines were good. What is known already is left alone.
    """
    return _remember(desk, copy, system, copy.states().states)[1]


def _remember(
    desk: Desk, copy: CopyFolder, system: str, states: list[State]
) -> tuple[_Own | None, int]:
    """Take in what the newest readable state knows: its own files, the number of good lines."""
    for state in reversed(states):
        own = _own_files(copy, state, states)
        if own is None:
            desk.listener.note("list_damaged", run=state.run)
            continue
        names = {os.fsencode(percent.decode(place)): name for name, place in own.folders.items()}
        desk.store.remember_short_names(system, names)
        lines = own.files.get(PROOFS_FILE, b"").split(b"\n")
        return own, take_in(desk.store, lines, desk.listener)
    return None, 0


def _bring_back_plan(desk: Desk, where: Where, vault: Vault, plan: bytes, result: Adopted) -> None:
    if desk.home.plan.exists():
        if result.plan == "missing":
            result.plan = "kept"
        return
    text = plan.decode("utf-8", "replace")
    try:
        text = _with_place(text, vault.destination, where.location)
    except KnownError:
        desk.listener.note("plan_location_unchanged", destination=vault.destination)
    own_files.replace(desk.home.plan, text.encode())
    result.plan = "restored"


def _with_place(text: str, destination: str, location: Location) -> str:
    """The plan with the folder at which its destination was found. A place in the network does not
    move: there the plan has to name the same one, else KnownError.
    """
    folder = folder_of_pc(location)
    if folder is not None:
        return edit_location(text, destination, folder)
    plan = marker.plan_of(text)
    planned = plan.destination(destination).location if plan else None
    if planned is None or folder_of_pc(planned) or steps_to(planned) != steps_to(location):
        raise KnownError(Code.DESTINATION_UNKNOWN, destination=destination)
    return text


class _Own(NamedTuple):
    """The files below `ladentresor/` in a state, and its source folders."""

    files: dict[str, bytes]
    folders: dict[str, str]


def _own_files(copy: CopyFolder, state: State, states: list[State]) -> _Own | None:
    """What a state holds of ours; None when its list is damaged."""
    try:
        return _read_own_files(copy, state, states)
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        return None


def _read_own_files(copy: CopyFolder, state: State, states: list[State]) -> _Own:
    wanted: dict[str, rows.FileRow] = {}
    folders: dict[str, str] = {}
    prefix = OWN_FOLDER.decode() + "/"
    for row in copy.rows(state.record):
        if isinstance(row, rows.Header):
            folders = row.folders
        elif isinstance(row, rows.FileRow) and row.path.startswith(prefix):
            wanted[row.path.removeprefix(prefix)] = row
    places = Places(copy, [state, *reversed(states)])
    shas = {bytes.fromhex(row.sha256) for row in wanted.values()}
    places.find(shas, {row.run for row in wanted.values()})
    found = {}
    for name, row in wanted.items():
        sha = bytes.fromhex(row.sha256)
        at = list(places.of(sha))
        # Where it was put, should the `inhalt` that says so be rotten.
        usual = f"{DATA}/{row.run}/{OWN_FOLDER.decode()}/{name}"
        if run_number(row.run) is not None and safe_object_path(usual):
            at.append(Source(usual, 0, row.size, row.size, "roh"))
        for source in at:
            data = read_source(copy, source, _OWN_LIMIT)
            if data is not None and hashlib.sha256(data).digest() == sha:
                found[name] = data
    return _Own(found, folders)
