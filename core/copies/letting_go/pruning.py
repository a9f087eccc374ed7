"""The clean-up of one copy: retention, orphans, half dead bundles (format §4a, DESIGN §5).

First a record of its own says what goes; then records → lists → `inhalt` files → objects, a barrier
between the steps. Killed anywhere, every state that is still there is whole, and the next clean-up
looks again at what lies there and ends the work.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import stamp
from core.copies.backing_up.copy_run import CopyRun
from core.copies.backing_up.preparing import prepare
from core.copies.desk import Desk
from core.copies.format import documents
from core.copies.format.contents import StoredObject, head, lines_of
from core.copies.format.copy_folder import (
    DATA,
    STATES,
    Cleaned,
    CopyFolder,
    Found,
    State,
    clean_up_path,
    contents_path,
    list_path,
    lists_of,
    record_path,
)
from core.copies.format.documents import CleanUp, ContentsRef, run_number
from core.copies.format.packed import PackedWriter
from core.copies.letting_go.repacking import Repacked, repack
from core.copies.letting_go.retention import Counts, Fate, dated, judge
from core.copies.letting_go.survey import ORPHAN_AGE, Question, RunView, Survey, objects_of, survey
from core.copies.looking_after.mending import put_records_back
from core.copies.memory.rebuild import book_objects
from core.copies.memory.remembered import runs_in
from core.copies.memory.resume import write_contents
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Where
from core.destinations.locks import Locks, Swept
from core.errors import Code, KnownError
from core.paths import home_failure
from core.store.index import CLEAN_UP_PENDING, ContentsFile, CopyIndex

_SWEPT = "swept"
_AT_ONCE = 1000


@dataclass(slots=True)
class Pruned:
    """What a clean-up did, or with dry_run would do.

    fates: of every state, with its reason. given_up: states a person gave up. freed: bytes of
    objects that went; moved: bytes packed anew; orphans: run folders nobody names; left: run
    folders nothing is sure of, which stay. swept: in a bucket with locks, what went for ever.
    """

    fates: list[Fate]
    given_up: tuple[str, ...] = ()
    objects: int = 0
    freed: int = 0
    moved: int = 0
    orphans: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    run: str = ""
    swept: Swept | None = None

    @property
    def dropped(self) -> list[str]:
        return [fate.state.run for fate in self.fates if not fate.stays]


@dataclass(slots=True)
class _Picture:
    """All that is read at the copy before anything is decided."""

    found: Found
    cleaned: Cleaned
    fates: list[Fate]
    kept: list[State]
    given_up: tuple[str, ...]
    survey: Survey

    @property
    def last(self) -> CleanUp | None:
        return self.cleaned.records[-1] if self.cleaned.records else None

    @property
    def going(self) -> list[State]:
        stay = {state.run for state in self.kept}
        return [state for state in self.found.states if state.run not in stay]

    @property
    def kept_refs(self) -> set[ContentsRef]:
        return {ref for state in self.kept for ref in state.record.contents}

    def is_gone(self, view: RunView) -> bool:
        """Whether nothing of a run is needed and no record of a state names it."""
        named = {ref.run for ref in self.kept_refs}
        return view.dead_objects == view.objects and view.run not in named


def look(
    desk: Desk, copy: CopyFolder, name: CopyName, keep: Counts, give_up: Sequence[str]
) -> Pruned:
    """What a clean-up would do; writes nothing."""
    picture = _take_picture(desk, copy, name, keep, give_up, protected=_journals(desk, name))
    return _result(picture, Repacked(moved=_half_dead(picture)))


def prune(
    desk: Desk, name: CopyName, where: Where, keep: Counts, give_up: Sequence[str] = ()
) -> Pruned:
    """Clean up a copy. KnownError PRUNE_STOPPED when a state cannot be read: then nothing goes.

    The guards are those of a backup: never at a copy that another writer holds, in a newer format,
    or that is not the one we know.
    """
    run, number = prepare(desk, name, where)
    spool = Path(tempfile.mkdtemp(prefix="aufraeumen-", dir=desk.home.cache))
    try:
        broken = [record_path(one) for one in run.copy.states().broken]
        if broken:  # rot that no size shows; what the index knows comes back as it was
            put_records_back(run.copy, run.index, broken, desk.listener)
        picture = _take_picture(
            desk,
            run.copy,
            name,
            keep,
            give_up,
            protected=_journals(desk, name),
            unnamed=run.index.unnamed_contents_files(),
        )
        cleaning = _CleaningUp(desk, run, number, picture, spool)
        done = cleaning.do()
        if run.reached.locks is not None:
            desk.listener.phase("delete", system=name.system, destination=name.destination)
            done.swept = cleaning.sweep(run.reached.locks)
        return done
    finally:
        shutil.rmtree(spool, ignore_errors=True)
        run.index.rollback()
        run.close()


def _journals(desk: Desk, name: CopyName) -> set[str]:
    """Runs that this home may still go on with."""
    folder = desk.home.state / "journal" / f"{name.system}@{name.destination}"
    return {path.stem for path in folder.glob("*.journal")}


def _half_dead(picture: _Picture) -> set[tuple[str, str]]:
    return {(one.run, one.stored.path) for one in picture.survey.half_dead}


# -- looking --------------------------------------------------------------------------------------


def _take_picture(
    desk: Desk,
    copy: CopyFolder,
    name: CopyName,
    keep: Counts,
    give_up: Sequence[str],
    *,
    protected: set[str],
    unnamed: Sequence[ContentsFile] = (),
) -> _Picture:
    """Read all there is. unnamed: `inhalt` files that the next record names, as our index has it.

    Those of interrupted runs are not touched; those that were mended count as if they were named.
    """
    desk.listener.phase("survey", system=name.system, destination=name.destination)
    now = desk.clock.now()
    found = copy.states()
    cleaned = copy.clean_ups()
    given_up, gone_for = _given_up(found, cleaned, give_up, name)
    unreadable = {*cleaned.broken, *found.broken, *_missing(found, cleaned)} - gone_for
    if unreadable:
        raise _stopped(copy, name, sorted(unreadable))
    states = [state for state in found.states if state.run not in gone_for]
    fates = judge([dated(state.record) for state in states], keep, now)
    stay = {fate.state.run for fate in fates if fate.stays}
    kept = [state for state in states if state.run in stay]
    refs = {ref for state in found.states for ref in state.record.contents}
    refs |= set(cleaned.contents)
    mended = {file for file in unnamed if file.run in {ref.run for ref in refs}}
    question = Question(
        kept=[state.record for state in kept],
        refs=refs
        | {ContentsRef(run=f.run, size=f.size, sha256=f.sha256, lines=f.lines) for f in mended},
        unfinished=protected | {file.run for file in unnamed if file not in mended},
        cleared=cleaned.records[-1].folders if cleaned.records else (),
        now=now,
    )

    def go_on() -> None:
        if desk.cancelled():
            raise KnownError(Code.CANCELLED)

    seen, damaged = survey(copy, question, go_on)
    if damaged:
        raise _stopped(copy, name, sorted({run for runs in damaged.values() for run in runs}))
    return _Picture(found, cleaned, fates, kept, given_up, seen)


def _missing(found: Found, cleaned: Cleaned) -> set[str]:
    """States that others know, that are gone, and that no clean-up dropped."""
    said = {run for state in found.states for run, _ in state.record.states}
    there = {state.run for state in found.states}
    return {run for run in said - there - cleaned.dropped if run_number(run) is not None}


def _given_up(
    found: Found, cleaned: Cleaned, wishes: Sequence[str], name: CopyName
) -> tuple[tuple[str, ...], set[str]]:
    """The states a person gives up by name or number: any that is known here."""
    known = {state.run for state in found.states} | _missing(found, cleaned)
    known |= {*found.broken, *cleaned.broken}
    chosen = set()
    for wish in wishes:
        number = wish.lstrip("0")
        meant = {run for run in known if run == wish or run.split("-")[0].lstrip("0") == number}
        if len(meant) != 1:
            raise KnownError(Code.STATE_NOT_FOUND, state=wish, system=name.system)
        chosen |= meant
    return tuple(sorted(chosen)), chosen


def _stopped(copy: CopyFolder, name: CopyName, states: Sequence[str]) -> KnownError:
    return KnownError(
        Code.PRUNE_STOPPED,
        destination=name.destination,
        destination_id=name.destination,
        path=str(copy.folder.shown),
        system=name.system,
        state=states[0],
        count=len(states),
    )


def _result(picture: _Picture, repacked: Repacked) -> Pruned:
    seen = picture.survey
    moved = [one for one in seen.half_dead if (one.run, one.stored.path) in repacked.moved]
    live = sum(one.live for one in moved)
    return Pruned(
        picture.fates,
        picture.given_up,
        objects=sum(view.dead_objects for view in seen.runs) + len(moved),
        freed=sum(view.dead_size for view in seen.runs)
        + sum(one.stored.size for one in moved)
        - live,
        moved=live,
        orphans=tuple(seen.orphans),
        left=tuple(seen.left),
    )


# -- doing ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Thinned:
    """A run whose `inhalt` gets shorter. draft: the new one; dead: paths of what goes, by line."""

    run: str
    ref: ContentsRef
    draft: Path
    dead: Path


@dataclass(slots=True)
class _CleaningUp:
    """One clean-up under way."""

    desk: Desk
    at: CopyRun
    number: int
    picture: _Picture
    spool: Path
    run: str = ""
    repacked: Repacked = field(default_factory=Repacked)
    thinned: list[_Thinned] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unswept: tuple[str, ...] = ()
    record: CleanUp | None = None

    @property
    def copy(self) -> CopyFolder:
        return self.at.copy

    @property
    def index(self) -> CopyIndex:
        return self.at.index

    def do(self) -> Pruned:
        self.unswept = self._find_unswept()
        if not self._has_work():
            return _result(self.picture, self.repacked)
        self.run = documents.new_run_name(self.number, self.desk.clock.now())
        self.index.set_meta(CLEAN_UP_PENDING, self.run)  # a torn record is known as ours then
        self.index.begin()
        self._phase("repack")
        own = self._repack()
        self._phase("contents")
        self._thin()
        record = self.record = self._record(own)
        self._write_record(record)
        self.index.set_meta(CLEAN_UP_PENDING, "")
        self._update_index(record)
        self.index.commit()
        self._phase("delete")
        self._delete_states()
        self._put_contents()
        self._delete_objects(record)
        self._delete_old_clean_ups()
        self.index.set_meta(_SWEPT, self.run)
        result = _result(self.picture, self.repacked)
        result.run = self.run
        return result

    def _has_work(self) -> bool:
        picture = self.picture
        seen = picture.survey
        dead = any(view.dead_objects or picture.is_gone(view) for view in seen.runs)
        unswept = self.unswept or len(picture.cleaned.records) > 1
        return bool(
            picture.going or picture.given_up or dead or seen.half_dead or seen.orphans or unswept
            or self._lists_to_go() or self._cleared_left()
        )  # fmt: skip

    def _find_unswept(self) -> tuple[str, ...]:
        """Runs out of which an earlier clean-up was removing objects when it was cut short."""
        last = self.picture.last
        if last is None or self.index.meta(_SWEPT) == last.run:
            return ()
        objects = {view.run: view.objects for view in self.picture.survey.runs}
        count = self.copy.folder.count_files
        found = [
            run
            for run in last.thinned
            if run in objects and count(f"{DATA}/{run}") != objects[run] + 1  # and its `inhalt`
        ]
        if not found:
            self.index.set_meta(_SWEPT, last.run)
        return tuple(found)

    def _cleared_left(self) -> set[str]:
        last = self.picture.last
        return set(last.folders) & self.copy.data_names() if last is not None else set()

    def _phase(self, phase: str) -> None:
        self.desk.listener.phase(
            phase,  # type: ignore[arg-type]  # the literal names are those of events.Phase
            system=self.at.name.system,
            destination=self.at.name.destination,
        )

    def _go_on(self) -> None:
        if self.desk.cancelled():
            raise KnownError(Code.CANCELLED)

    # -- before the record: nothing that is there is touched --------------------------------------

    def _repack(self) -> ContentsRef | None:
        """Pack anew what is left of half dead objects; the `inhalt` of our own folder."""
        seen = self.picture.survey
        room = self.copy.folder.free_bytes() // 2
        chosen = []
        for one in seen.half_dead:
            room -= one.live
            if room > 0:
                chosen.append(one)
        self.repacked = repack(self.copy, self.run, chosen, seen.needs, self._go_on)
        if not self.repacked.objects:
            return None
        number = self.index.run_id(self.run)
        write_contents(self.copy, self.index, self.run, self.repacked.objects)
        self.index.add_data_folder(self.run)
        for one in seen.half_dead:
            if (one.run, one.stored.path) in self.repacked.moved:
                self._forget(one.run, [one.stored])
        book_objects(self.index, self.repacked.objects, number)
        file = next(f for f in self.index.contents_files() if f.run == self.run)
        return ContentsRef(run=file.run, size=file.size, sha256=file.sha256, lines=file.lines)

    def _forget(self, run: str, objects: Iterable[StoredObject]) -> None:
        """What lies in these objects is nothing a later run may refer to."""
        number = self.index.run_id(run)
        self.index.drop_objects(
            (sha, number, stored.path)
            for stored in objects
            for sha in (stored.sha256, *(part.sha256 for part in stored.parts))
        )

    def _goes(self, run: str, stored: StoredObject) -> bool:
        moved = (run, stored.path) in self.repacked.moved
        return moved or not self.picture.survey.needs_object(stored)

    def _thin(self) -> None:
        """Write new `inhalt` files on this PC, for runs that lose objects."""
        moved = {run for run, _ in self.repacked.moved}
        for view in self.picture.survey.runs:
            self._go_on()
            if not view.dead_objects and view.run not in moved and not self.picture.is_gone(view):
                continue
            made = self._thin_one(view)
            if made.ref.lines == 1 and view.run not in {r.run for r in self.picture.kept_refs}:
                self.folders.append(view.run)
            else:
                self.thinned.append(made)
        self.folders += self.picture.survey.orphans
        self.folders += sorted(self._cleared_left() - set(self.folders) - self._touched())

    def _touched(self) -> set[str]:
        seen = self.picture.survey
        return {view.run for view in seen.runs} | set(seen.left)

    def _thin_one(self, view: RunView) -> _Thinned:
        draft, dead = self.spool / f"{view.run}.neu", self.spool / f"{view.run}.weg"
        if view.ref is None:
            raise ValueError("only runs whose inhalt was read are thinned")
        gone: list[StoredObject] = []
        try:
            with open(draft, "wb") as out, open(dead, "w", encoding="utf-8", newline="\n") as list_:
                packed = PackedWriter(out.write)
                packed.write(head(view.run), 1)
                for stored in objects_of(self.copy, view.run, view.ref):
                    if not self._goes(view.run, stored):
                        rows = lines_of(stored)
                        packed.write(("\n".join(rows) + "\n").encode(), len(rows))
                        continue
                    list_.write(stored.path + "\n")
                    gone.append(stored)
                    if len(gone) >= _AT_ONCE:
                        self._forget(view.run, gone)
                        gone.clear()
                packed.close()
        except OSError as error:
            raise home_failure(draft.parent, error) from error
        self._forget(view.run, gone)
        ref = ContentsRef(run=view.run, size=packed.size, sha256=packed.digest, lines=packed.lines)
        return _Thinned(view.run, ref, draft, dead)

    # -- the record -------------------------------------------------------------------------------

    def _record(self, own: ContentsRef | None) -> CleanUp:
        picture = self.picture
        digests = {pair[0]: pair[1] for s in picture.found.states for pair in s.record.states}
        digests |= {state.run: state.digest for state in picture.found.states}
        still_named = {run for state in picture.kept for run, _ in state.record.states}
        now_gone = {*(state.run for state in picture.going), *picture.given_up}
        dropped = now_gone | (picture.cleaned.dropped & still_named)
        dropped -= {state.run for state in picture.kept}
        given_up = {run for one in picture.cleaned.records for run in one.given_up} & dropped
        return CleanUp(
            format=documents.FORMAT,
            art="aufraeumen",
            vault=self.at.vault,
            system=self.at.name.system,
            run=self.run,
            writer=self.at.writer_id,
            at=stamp(self.desk.clock.now()),
            dropped=tuple((run, digests.get(run, "")) for run in sorted(dropped)),
            given_up=tuple(sorted(given_up | set(picture.given_up))),
            folders=tuple(self.folders),
            thinned=tuple(sorted({one.run for one in self.thinned} | set(self.unswept))),
            contents=tuple(self._contents(own)),
        )

    def _contents(self, own: ContentsRef | None) -> Iterator[ContentsRef]:
        """Every `inhalt` that the records of the remaining states do not vouch for.

        Of a run that is thinned the new one and the one that still lies there: one of both fits.
        """
        picture = self.picture
        vouched = picture.kept_refs
        thinned = {one.run: one.ref for one in self.thinned}
        if own is not None:
            yield own
        for view in picture.survey.runs:
            if view.run in self.folders or view.ref is None:
                continue
            if view.run in thinned:
                yield thinned[view.run]
            if view.ref not in vouched:
                yield view.ref
        left = set(picture.survey.left)
        named = {ref for state in picture.found.states for ref in state.record.contents}
        for ref in sorted((named | set(picture.cleaned.contents)) - vouched, key=_order):
            if ref.run in left:
                yield ref

    def _write_record(self, record: CleanUp) -> None:
        path = clean_up_path(self.run)
        data = documents.seal(record)[0]
        folder = self.copy.folder
        if len(data) > documents.MAX_DOCUMENT:
            raise ValueError("a clean-up record too large to be read again")
        folder.create(path, data)
        folder.barrier()
        if not self.copy.document_reads_back(path, data):
            raise folder.reads_back_differently(path)

    def _update_index(self, record: CleanUp) -> None:
        """The index knows of nothing that is about to go; a kill in between costs a rebuild."""
        index, picture = self.index, self.picture
        for run in (*(state.run for state in picture.going), *picture.given_up):
            index.drop_state(run)
            index.forget_broken_record(run)
        for run in self.folders:
            index.drop_run(run)
        known = {ref.run for ref in record.contents}
        for file in index.unnamed_contents_files():
            if file.run in known:
                index.put_contents_file(file, named=True)
        index.clear_finished()  # it may refer to a content that goes
        index.forget_unused(runs_in(index.remembered_rows()))
        self._keep_list_of()
        index.set_suspects(path for path in index.suspects() if not self._goes_with(path))
        line = documents.seal(record)[0].split(b"\n")[0].decode()
        index.set_clean_ups({**self._older_clean_ups(), self.run: line})

    def _older_clean_ups(self) -> dict[str, str]:
        return {run: line for run, line in self.index.clean_ups().items() if run != self.run}

    def _keep_list_of(self) -> None:
        """The state by which the index finds its newest list may go, the list itself not."""
        of = self.index.meta("list_of")
        if not of:
            return
        lists = {s.run: s.record.list_name for s in self.picture.found.states}
        same = [s.run for s in self.picture.kept if s.record.list_name == lists.get(of)]
        self.index.set_meta("list_of", same[-1] if same else "")

    def _goes_with(self, path: str) -> bool:
        gone = {*(state.run for state in self.picture.going), *self.picture.given_up}
        return any(run in path for run in (*gone, *self.folders))

    # -- after the record: states, lists, inhalt, objects -----------------------------------------

    def _delete_states(self) -> None:
        folder = self.copy.folder
        gone = [state.run for state in self.picture.going] + list(self.picture.given_up)
        for run in dict.fromkeys(gone):
            folder.remove(record_path(run))
        folder.barrier()
        for name in self._lists_to_go():
            folder.remove(list_path(name))
        folder.barrier()

    def _lists_to_go(self) -> list[str]:
        """Lists that no remaining state needs: of states that go, and of runs that never ended."""
        needed = {file.name for s in self.picture.kept for file, _ in lists_of(s.record)}
        going = {file.name for s in self.picture.going for file, _ in lists_of(s.record)}
        going |= {f"{run}.liste.gz" for run in self.picture.given_up}
        others = self.copy.list_names() - needed - going
        old = {name for name in others if self._is_old_list(name)}
        return sorted((going - needed) & self.copy.list_names() | old)

    def _is_old_list(self, name: str) -> bool:
        run = name.removesuffix(".liste.gz")
        if run_number(run) is None or run in self.picture.survey.left:
            return False
        try:
            return self.desk.clock.now() - documents.began_at(run) > ORPHAN_AGE
        except ValueError:
            return False

    def _put_contents(self) -> None:
        """Put the new `inhalt` files in place; what is to go altogether loses its own first."""
        folder = self.copy.folder
        for run in self.folders:
            folder.remove(contents_path(run))
        for made in self.thinned:
            ref = made.ref
            folder.replace(contents_path(made.run), made.draft)
            file = ContentsFile(ref.run, ref.size, ref.sha256, ref.lines)
            self.index.put_contents_file(file, named=True)
        folder.barrier()
        for made in self.thinned:
            path = contents_path(made.run)
            if not self.copy.reads_back(path, made.ref.size, made.ref.sha256):
                raise folder.reads_back_differently(path)

    def _delete_objects(self, record: CleanUp) -> None:
        for made in self.thinned:
            with open(made.dead, encoding="utf-8", newline="\n") as paths:
                self._delete(made.run, (line.rstrip("\n") for line in paths))
        refs = {made.run: made.ref for made in self.thinned}
        refs |= {view.run: view.ref for view in self.picture.survey.runs if view.run not in refs
                 and view.ref is not None}  # fmt: skip
        for run in self.unswept:
            if run in refs and run not in self.folders:
                self._sweep(run, refs[run])
        for run in self.folders:
            self._delete(run, [path for path, _ in self.copy.folder.files(f"{DATA}/{run}")])
            self.copy.folder.remove_empty(f"{DATA}/{run}", below=True)
        self.copy.folder.barrier()

    def _sweep(self, run: str, ref: ContentsRef) -> None:
        """Remove what an earlier clean-up left when it was cut short."""
        named = {stored.path for stored in objects_of(self.copy, run, ref)}
        named.add(contents_path(run).rpartition("/")[2])
        there = [path for path, _ in self.copy.folder.files(f"{DATA}/{run}")]
        self._delete(run, [path for path in there if path not in named])

    def sweep(self, locks: Locks) -> Swept:
        """Have the bucket forget what clean-ups took away, where its lock has ended.

        A delete marker says nothing about who set it: whatever the states that stay need is kept,
        so that what a thief hid can still be brought back.
        """
        kept = {record_path(state.run) for state in self.picture.kept}
        kept |= {list_path(file.name) for s in self.picture.kept for file, _ in lists_of(s.record)}
        kept |= {clean_up_path(run) for run in self.copy.clean_up_names()}
        return locks.sweep(_Kept(self, kept).keeps, self._is_replaced)

    def _is_replaced(self, path: str) -> bool:
        """Whether this is an `inhalt` that was read in this clean-up and is what a record names."""
        run = path.split("/")[1] if path.startswith(f"{DATA}/") else ""
        read = {view.run for view in self.picture.survey.runs if view.ref is not None}
        return run in read and path == contents_path(run)

    def _delete(self, run: str, paths: Iterable[str]) -> None:
        folder = self.copy.folder
        emptied = set()
        for number, path in enumerate(paths):
            self._go_on()
            folder.remove(f"{DATA}/{run}/{path}")
            above = path.rpartition("/")[0]
            while above:
                emptied.add(above)
                above = above.rpartition("/")[0]
            if number % 64 == 0:
                self.desk.listener.progress(files=number, size=0, current="")
        for above in sorted(emptied, key=len, reverse=True):
            folder.remove_empty(f"{DATA}/{run}/{above}")

    def _delete_old_clean_ups(self) -> None:
        """The new record took over what they said that still matters."""
        folder = self.copy.folder
        for run in self.copy.clean_up_names():
            if run != self.run:
                folder.remove(clean_up_path(run))
        folder.barrier()
        line = self.index.clean_ups()[self.run]
        self.index.set_clean_ups({self.run: line})


class _Kept:
    """Which paths of the copy the states that stay need, whether or not they are to be seen."""

    def __init__(self, cleaning: _CleaningUp, paperwork: set[str]) -> None:
        self._copy = cleaning.copy
        self._paperwork = paperwork
        picture = cleaning.picture
        named = cleaning.record.contents if cleaning.record else picture.cleaned.contents
        self._named = {ref.run for ref in (*picture.kept_refs, *named)} | set(picture.survey.left)
        self._refs = {view.run: view.ref for view in picture.survey.runs}
        self._refs |= {made.run: made.ref for made in cleaning.thinned}
        self._known: dict[str, frozenset[str]] = {}

    def keeps(self, path: str) -> bool:
        top, _, rest = path.partition("/")
        if top == STATES:
            return path in self._paperwork
        if top != DATA:
            return True
        run, _, inside = rest.partition("/")
        if run not in self._named:
            return False  # no state and no clean-up says that anything in it is needed
        ref = self._refs.get(run)
        if ref is None or path == contents_path(run):
            return True
        if run not in self._known:
            self._known[run] = frozenset(one.path for one in objects_of(self._copy, run, ref))
        return inside in self._known[run]


def _order(ref: ContentsRef) -> tuple[str, str]:
    return ref.run, ref.sha256
