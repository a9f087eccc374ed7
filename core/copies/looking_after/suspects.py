"""What was found damaged is never relied on again until it is stored anew (DESIGN §5)."""

from __future__ import annotations

from core.copies.desk import Desk
from core.copies.format.copy_folder import DATA
from core.copies.looking_after.verify import Damage, Verdict
from core.copies.memory.remembered import unpack_kept
from core.store.index import CopyIndex

_PAPERWORK = frozenset({"record", "list", "contents", "handbook"})


def forget_damaged(desk: Desk, system: str, destination: str, verdict: Verdict) -> None:
    """Make the next run mend what a verification found.

    Damaged contents leave the index: their files are read again and stored anew, and every older
    state that used them restores again. Damaged records, lists and `inhalt` files become suspects,
    which the next run looks at closely and puts right where it can (`mending`).
    """
    if not desk.index_path(system, destination).exists():
        return
    index = desk.open_index(system, destination)
    try:
        index.begin()
        paperwork = [damage for damage in verdict.damage if damage.kind in _PAPERWORK]
        index.set_suspects(index.suspects() | {damage.path for damage in paperwork})
        _note_unknown(index, paperwork)
        _forget_contents(index, _still_bad(index, verdict.bad_contents, paperwork))
        index.commit()
    finally:
        index.rollback()
        index.close()


def note_all_lost(index: CopyIndex, verdict: Verdict) -> None:
    """After every byte was read: only what was found bad now is lost, and nothing else any more."""
    index.set_lost(sha for sha in verdict.bad_contents if index.content(sha) is None)


def _note_unknown(index: CopyIndex, paperwork: list[Damage]) -> None:
    """A broken record that the index does not know cannot be put back, and is nothing new."""
    known = {run for run, _, _, _ in index.states()}
    for damage in paperwork:
        run = damage.path.removeprefix("staende/").removesuffix(".json")
        if damage.kind == "record" and run not in known:
            index.note_broken_record(run)


def _still_bad(index: CopyIndex, bad: set[bytes], paperwork: list[Damage]) -> set[bytes]:
    """Without the contents that can be reached again once their `inhalt` is written anew."""
    runs = {
        index.run_id(damage.path.removeprefix(f"{DATA}/").split("/")[0])
        for damage in paperwork
        if damage.kind == "contents"
    }
    places = {sha: index.content(sha) for sha in bad} if runs else {}
    return {sha for sha in bad if not ((at := places.get(sha)) and at.run in runs)}


def _forget_contents(index: CopyIndex, bad: set[bytes]) -> None:
    if not bad:
        return
    index.drop_contents(bad)
    index.add_lost(bad)
    folders = []
    for path, _, rows in index.folders():
        for kept in unpack_kept(rows):
            if kept.sha in bad or any(sha in bad for sha, _, _ in kept.parts or ()):
                folders.append(path)
                break
    index.reread(folders)
