"""What was found damaged is never relied on again until it is stored anew (DESIGN §5)."""

from __future__ import annotations

import msgspec

from core.copies.copy_folder import CopyFolder, contents_path
from core.copies.desk import Desk
from core.copies.documents import Record
from core.copies.remembered import unpack_kept
from core.copies.verify import Verdict
from core.store.index import ContentsFile, CopyIndex


def forget_damaged(
    desk: Desk, copy: CopyFolder, system: str, destination: str, verdict: Verdict
) -> None:
    """Make the next run mend what a verification found.

    Damaged contents leave the index: their files are read again and stored anew, and every older
    state that used them restores again. A damaged list is not referred to again. What a damaged
    record named (`inhalt` files that are still right) is named again by the next record.
    """
    if not desk.index_path(system, destination).exists():
        return
    index = desk.open_index(system, destination)
    try:
        index.begin()
        named_again: set[int] = set()
        for damage in verdict.damage:
            if damage.kind == "record":
                run = damage.path.removeprefix("staende/").removesuffix(".json")
                named_again |= _name_again(index, copy, run)
            elif damage.kind == "list":
                index.set_meta("list_of", "")
        _forget_contents(index, _still_bad(index, verdict.bad_contents, named_again))
        index.commit()
    finally:
        index.rollback()
        index.close()


def _name_again(index: CopyIndex, copy: CopyFolder, run: str) -> set[int]:
    """Drop a state whose record is damaged, keep what it named; the numbers of those runs."""
    lines = [line for name, _, line, _ in index.states() if name == run]
    index.drop_state(run)
    index.note_broken_record(run)
    kept = set()
    for ref in msgspec.json.decode(lines[0], type=Record).contents if lines else ():
        if copy.digest_of(contents_path(ref.run)) == (ref.size, ref.sha256):
            file = ContentsFile(ref.run, ref.size, ref.sha256, ref.lines)
            index.put_contents_file(file, named=False)
            kept.add(index.run_id(ref.run))
    return kept


def _still_bad(index: CopyIndex, bad: set[bytes], named_again: set[int]) -> set[bytes]:
    """Without the contents that the next record makes reachable again."""
    places = {sha: index.content(sha) for sha in bad} if named_again else {}
    return {sha for sha in bad if not ((at := places.get(sha)) and at.run in named_again)}


def _forget_contents(index: CopyIndex, bad: set[bytes]) -> None:
    if not bad:
        return
    index.drop_contents(bad)
    folders = []
    for path, _, rows in index.folders():
        for kept in unpack_kept(rows):
            if kept.sha in bad or any(sha in bad for sha, _, _ in kept.parts or ()):
                folders.append(path)
                break
    index.reread(folders)
