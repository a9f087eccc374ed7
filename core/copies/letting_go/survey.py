"""What at a copy is needed and what is not: looked at now, before anything is deleted.

Nothing here comes from the index. Every list that stays and every `inhalt` is read at the copy; an
object goes only when nothing in it stands in any of these lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.copies.format.contents import StoredObject
from core.copies.format.copy_folder import DAMAGE, DATA, CopyFolder, contents_path
from core.copies.format.documents import ContentsRef, Record, began_at, run_number
from core.copies.format.rows import FileRow, PartRow
from core.copies.letting_go.needs import Needs, read_needs
from core.errors import KnownError

ORPHAN_AGE = timedelta(days=1)
REPACK_AT_ONCE = 1024**3
# Below this a bundle of which a little is needed costs less room than its bookkeeping.
SMALLEST_REPACKED = 64 * 1024


@dataclass(frozen=True, slots=True)
class HalfDead:
    """An object of whose contents less than half is needed, by their bytes."""

    run: str
    stored: StoredObject
    live: int

    @property
    def path(self) -> str:
        return f"{DATA}/{self.run}/{self.stored.path}"


@dataclass(slots=True)
class RunView:
    """A run folder as it lies there. ref: the `inhalt` that fits, None when there is none.

    objects, size: all in it; dead_objects, dead_size: those that nobody needs.
    """

    run: str
    ref: ContentsRef | None
    objects: int = 0
    size: int = 0
    dead_objects: int = 0
    dead_size: int = 0


@dataclass(slots=True)
class Survey:
    """What was found. left: run folders that are not touched, because nothing is sure of them.

    orphans: folders of interrupted runs that nothing names.
    """

    needs: Needs
    runs: list[RunView] = field(default_factory=list)
    half_dead: list[HalfDead] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def needs_object(self, stored: StoredObject) -> bool:
        """Whether a list names the object itself or anything in it."""
        holds = self.needs.holds
        return holds(stored.sha256) or any(holds(part.sha256) for part in stored.parts)


@dataclass(frozen=True, slots=True)
class Question:
    """What to survey. kept: records of the states that stay; refs: every `inhalt` that any valid
    record names; unfinished: runs of which this home holds a journal; cleared: run folders that an
    earlier clean-up was about to remove.
    """

    kept: Sequence[Record]
    refs: Collection[ContentsRef]
    unfinished: Collection[str]
    cleared: Collection[str]
    now: datetime


def survey(
    copy: CopyFolder, question: Question, go_on: Callable[[], None]
) -> tuple[Survey, dict[str, list[str]]]:
    """Look; the second is the damaged lists with the states that need them (then nothing goes)."""
    needs, damaged = read_needs(copy, question.kept, go_on)
    found = Survey(needs)
    if damaged:
        return found, damaged
    named: dict[str, list[ContentsRef]] = {}
    for ref in question.refs:
        named.setdefault(ref.run, []).append(ref)
    dark = []
    placed = Needs(max((record.list_lines for record in question.kept), default=1))
    for run in sorted(copy.data_names()):
        go_on()
        if run in question.unfinished:
            found.left.append(run)
            continue
        view = _look(copy, found, placed, run, named.get(run, ()), go_on)
        if view is not None:
            vouched = run in named
            is_old = run in question.cleared or _is_old(run, question.now)
            if not vouched and not is_old:
                found.left.append(run)
            elif not vouched and view.dead_objects == view.objects:
                found.orphans.append(run)
            else:
                found.runs.append(view)
        elif run in named or not (run in question.cleared or _is_old(run, question.now)):
            found.left.append(run)
        else:
            dark.append(run)
    touched = {view.run for view in found.runs}
    found.half_dead = _worth_repacking([one for one in found.half_dead if one.run in touched])
    # A folder without a whole `inhalt` may hold what a rotten one was needed for.
    if dark and _all_placed(copy, question.kept, placed, go_on):
        found.orphans += dark
    else:
        found.left += dark
    return found, {}


def objects_of(copy: CopyFolder, run: str, ref: ContentsRef) -> Iterator[StoredObject]:
    """The objects of a run by the `inhalt` that fits."""
    if ref.run != run:
        raise ValueError("the inhalt of another run")
    return copy.contents(ref)


def _look(
    copy: CopyFolder,
    found: Survey,
    placed: Needs,
    run: str,
    refs: Iterable[ContentsRef],
    go_on: Callable[[], None],
) -> RunView | None:
    """Judge every object of a run; None when no `inhalt` of it can be read whole."""
    ref = _fitting(copy, run, refs)
    if ref is None:
        return None
    view = RunView(run, ref)
    half_dead = []
    try:
        for stored in objects_of(copy, run, ref):
            go_on()
            placed.add(_digits(stored))
            view.objects += 1
            view.size += stored.size
            if not found.needs_object(stored):
                view.dead_objects += 1
                view.dead_size += stored.size
            elif is_half_dead(found.needs, stored):
                half_dead.append(HalfDead(run, stored, _live(found.needs, stored)))
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        return None
    found.half_dead += half_dead
    return view


def _digits(stored: StoredObject) -> list[bytes]:
    shas = (stored.sha256, *(part.sha256 for part in stored.parts))
    return [sha.hex()[:15].encode() for sha in shas]


def _fitting(copy: CopyFolder, run: str, refs: Iterable[ContentsRef]) -> ContentsRef | None:
    """The `inhalt` of a run as it lies there, if a record vouches for it or none ever did."""
    there = copy.digest_of(contents_path(run))
    if there is None:
        return None
    known = list(refs)
    for ref in known:
        if (ref.size, ref.sha256) == there:
            return ref
    if known:
        return None
    lines = 1
    try:
        for stored in copy.contents_as_is(run):
            lines += 1 + len(stored.parts)
    except KnownError as error:
        if error.code not in DAMAGE:
            raise
        return None
    return ContentsRef(run=run, size=there[0], sha256=there[1], lines=lines)


def is_half_dead(needs: Needs, stored: StoredObject) -> bool:
    """Whether less than half of what an object holds is needed.

    Measured at its contents: what a ZIP says of tiny ones is more than they hold, and packing them
    again would change nothing, time after time.
    """
    held = sum(part.stored for part in stored.parts) if stored.parts else stored.size
    return _live(needs, stored) * 2 < held


def _live(needs: Needs, stored: StoredObject) -> int:
    """How many bytes of an object are needed."""
    if needs.holds(stored.sha256):
        return stored.size
    return sum(part.stored for part in stored.parts if needs.holds(part.sha256))


def _is_old(run: str, now: datetime) -> bool:
    """Whether a run began more than a day ago, by its name; one dated in the future did not."""
    try:
        return run_number(run) is not None and now - began_at(run) > ORPHAN_AGE
    except ValueError:
        return False


def _worth_repacking(found: Sequence[HalfDead]) -> list[HalfDead]:
    """The objects that free most for what has to be written, up to what one clean-up may do."""
    chosen = []
    left = REPACK_AT_ONCE
    for one in sorted(found, key=lambda one: (one.live / one.stored.size, one.path)):
        if one.stored.size >= SMALLEST_REPACKED and one.live <= left:
            chosen.append(one)
            left -= one.live
    return chosen


def _all_placed(
    copy: CopyFolder, kept: Sequence[Record], placed: Needs, go_on: Callable[[], None]
) -> bool:
    """Whether all that the lists name stands in an `inhalt` that could be read."""
    for record in kept:
        for row in copy.rows(record):
            go_on()
            if isinstance(row, FileRow) and (row.parts or not row.size):
                continue  # its parts are what is stored; an empty file needs no object
            if not isinstance(row, FileRow | PartRow):
                continue
            if not placed.holds(bytes.fromhex(row.sha256)):
                return False
    return True
