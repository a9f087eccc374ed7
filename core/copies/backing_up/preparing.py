"""Before a run writes: the guards of its copy, and an index that is true to what lies there."""

from __future__ import annotations

from pathlib import Path

from core.clock import stamp
from core.copies.backing_up.copy_run import CopyRun
from core.copies.backing_up.protecting import expect_unlocked
from core.copies.desk import Desk
from core.copies.format import documents
from core.copies.format.copy_folder import CopyFolder
from core.copies.looking_after import mending
from core.copies.memory import resume
from core.copies.memory.rebuild import rebuild
from core.copies.opening import guards, handbook
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Reached, Where
from core.copies.opening.sealed import Known
from core.destinations.devices import device_at
from core.errors import Code, KnownError
from core.store.index import DEVICE, CopyIndex


def prepare(desk: Desk, name: CopyName, where: Where) -> tuple[CopyRun, int]:
    """Guards of one copy, its index made true; the run (not begun) and its number."""
    desk.listener.phase("guards", system=name.system, destination=name.destination)
    reached = desk.reach.open(where, name.system)
    try:
        return _prepare(desk, name, where, reached)
    except BaseException:
        reached.close()
        raise


def _prepare(desk: Desk, name: CopyName, where: Where, reached: Reached) -> tuple[CopyRun, int]:
    copy, outside = reached.copy, reached.outside
    known, laid_out = Known(
        desk.store.vault_of(name.system, name.destination),
        desk.store.is_laid_out(name.system, name.destination),
    )
    if outside is not None:
        known, laid_out = outside.look(copy, name, Known(known, laid_out))
    vault = guards.recognise(copy, name, known, desk.writer, laid_out=laid_out)
    if vault is None:
        identity = known or guards.new_vault_id()
        desk.store.remember_copy(name.system, name.destination, identity, laid_out=False)
        created = stamp(desk.clock.now())
        if outside is not None:
            outside.set_up(name, identity, created=created)
        vault = guards.set_up(copy, name, identity, desk.writer, desk.clock, created=created)
    elif outside is not None:
        outside.mend(name, vault.vault, created=vault.created)
    if not laid_out:
        desk.store.remember_copy(name.system, name.destination, vault.vault)
    guards.check_writer(copy, name, desk.writer)
    index = desk.open_index(name.system, name.destination)
    try:
        journals = desk.home.state / "journal" / f"{name.system}@{name.destination}"
        if not index.suspects().isdisjoint(handbook.NAMES) and any(handbook.damaged(copy.folder)):
            handbook.write_handbook(
                copy.folder, system=vault.system, system_name=vault.name, created=vault.created
            )
            copy.folder.barrier()
            desk.listener.note("handbook_written_anew", path=str(copy.folder.shown))
        damaged = _make_true(desk, copy, index, name, journals, vault.vault)
        expect_unlocked(reached.locks, index)
        device = device_at(where.location).lasting
        if device:  # so that a disk in the drawer is still known not to be another one
            index.set_meta(DEVICE, device)
        names = [*copy.record_names(), *copy.clean_up_names()]
        number = guards.next_number(names, copy.data_names())
        if number > documents.HIGHEST_RUN:
            what = "number of a run"  # ours would not be recognised as a name
            raise KnownError(Code.COPY_HOSTILE, path=str(copy.folder.shown), what=what)
    except BaseException:
        index.close()
        raise
    run = CopyRun(
        name, reached, index, desk.writer.id, vault.vault, desk.clock, desk.listener,
        journals, desk.home.cache, tuple(sorted(damaged)),
    )  # fmt: skip
    return run, number


def _make_true(
    desk: Desk, copy: CopyFolder, index: CopyIndex, name: CopyName, journals: Path, vault: str
) -> set[str]:
    """Bring the index in line with what lies at the copy now; paths of what is damaged there."""
    if index.meta("tresor") not in (None, vault):
        index.clear()
        index.set_lost(())
    suspects = index.suspects()
    resume.settle_pending(copy, index, desk.listener)
    resume.settle_clean_up(copy, index, desk.listener)
    # Before names are compared: what is put back is no difference any more.
    damaged = mending.put_records_back(copy, index, suspects, desk.listener)
    mending.put_clean_ups_back(copy, index, desk.listener)
    difference = guards.compare_names(copy, index)
    is_stale = difference.needs_rebuild or guards.newest_differs(copy, index)
    missing = [] if is_stale else guards.missing_of_sample(copy, index)
    if is_stale or missing:
        desk.listener.phase("rebuild", system=name.system, destination=name.destination)
        for run in sorted(difference.missing_states):
            desk.listener.note("state_missing", run=run)
        if missing:
            desk.listener.note("objects_missing", count=len(missing))
        rebuild(copy, index, desk.listener, unfinished=_unfinished(journals))
    if any(journals.glob("*.journal")):
        desk.listener.phase("resume", system=name.system, destination=name.destination)
        resume.take_over(copy, index, journals, vault, desk.listener)
    for orphan in difference.unknown_data:
        index.add_data_folder(orphan)
    index.set_meta("tresor", vault)
    damaged |= mending.look_over(copy, index, suspects | index.suspects(), desk.listener)
    index.set_suspects(damaged)
    return damaged


def _unfinished(journals: Path) -> set[str]:
    """The runs that were interrupted and left a journal."""
    return {path.stem for path in journals.glob("*.journal")}
