"""A marker that is rotten or gone, made again from what the copy still says (format §2).

Only a person decides that a folder is their copy although its marker says nothing: `adopt
--take-over`. A backup never does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.copies.format import documents
from core.copies.format.copy_folder import DATA, VAULT, CopyFolder, State
from core.copies.format.documents import Vault
from core.errors import Code, KnownError
from core.plan.kinds import is_id
from core.plan.model import Plan
from core.plan.problems import PlanError
from core.plan.read import read_plan
from core.store.home import HomeStore

_DESTINATION = re.compile(rb'"ziel":"([a-z0-9-]{1,64})"')


def remade(copy: CopyFolder, states: Sequence[State], store: HomeStore, plan: Plan | None) -> Vault:
    """The marker that fits the valid records. KnownError when there are none, or of two copies."""
    where = str(copy.folder.shown)
    if not states:
        raise KnownError(Code.COPY_MARKER_DAMAGED, path=where, what=VAULT)
    if len({(state.record.vault, state.record.system) for state in states}) > 1:
        raise KnownError(Code.COPY_HOSTILE, path=where, what="records of two copies")
    oldest = states[0].record
    names = [system.name for system in plan.systems if system.id == oldest.system] if plan else []
    return Vault(
        format=documents.FORMAT,
        art="tresor",
        vault=oldest.vault,
        system=oldest.system,
        name=names[0] if names else oldest.system,
        destination=_destination(copy, oldest.vault, oldest.system, store, plan),
        layout="bundled" if _has_bundles(copy) else "tree",
        created=oldest.began,
    )


def write(copy: CopyFolder, vault: Vault) -> None:
    """Put the marker in the place of the one that is rotten or gone, and read it back."""
    data = documents.seal(vault)[0]
    copy.folder.remove(VAULT)
    copy.folder.create(VAULT, data)
    copy.folder.barrier()
    if not copy.document_reads_back(VAULT, data):
        raise copy.folder.reads_back_differently(VAULT)


def plan_of(text: str) -> Plan | None:
    """A plan as far as it can be read; None when nothing can."""
    try:
        return read_plan(text, source="plan.toml")
    except PlanError as error:
        return error.readable


def _destination(
    copy: CopyFolder, vault: str, system: str, store: HomeStore, plan: Plan | None
) -> str:
    """What the copy's destination is called: by this home, by the rotten marker, by the plan."""
    known = store.destination_of(vault)
    if known is not None:
        return known
    planned = [c.destination for c in plan.copies if c.system == system] if plan else []
    found = _DESTINATION.search(copy.folder.read(VAULT, documents.MAX_DOCUMENT) or b"")
    said = found[1].decode() if found else ""
    if is_id(said) and (said in planned or not planned):
        return said
    free = [id for id in planned if store.vault_of(system, id) is None]
    here = [id for id in free if plan and _is_at(plan, id, copy.folder.address)]
    return next(iter(here or free), "kopie")


def _is_at(plan: Plan, destination: str, address: str) -> bool:
    return plan.destination(destination).location.address.partition("?")[0] == address


def _has_bundles(copy: CopyFolder) -> bool:
    return any(
        name.startswith("buendel-")
        for run in copy.data_names()
        for name in copy.folder.names(f"{DATA}/{run}")
    )
