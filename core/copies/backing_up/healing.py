"""What is lost at one copy is stored anew from another copy of the same system (DESIGN §5).

A run stores damaged contents anew as far as the source still has them. For the rest the other
copies are asked that can be reached now. Copies cut and pack differently: a content may be a whole
file here and parts there, so it is looked for as itself, as a range of the file it belongs to, and
as the parts of that file. Nothing is believed before its sha256 is right.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.copies.backing_up.copy_run import CopyRun
from core.copies.bringing_back.places import Places, Source, read_source
from core.copies.bringing_back.writing_back import MAX_PACKED
from core.copies.desk import Desk
from core.copies.format import percent
from core.copies.format.contents import StoredObject
from core.copies.format.copy_folder import DAMAGE, DATA, CopyFolder, State
from core.copies.format.names import OWN_FOLDER
from core.copies.format.rows import FileRow, PartRow
from core.copies.opening.reach import Where
from core.destinations.local import KEPT_FREE, NewFile
from core.errors import Code, KnownError
from core.store.database import is_broken
from core.store.index import CopyIndex, IndexView

FOLDER = f"{OWN_FOLDER.decode()}/geheilt"
"""Below a run's folder: what was brought from elsewhere, under its sha256."""

_BLOCK = 1024 * 1024
_MOST_NAMED = 20
_TRIED = "healing_tried"
_TRY_AGAIN_SECONDS = 20 * 3600


@dataclass(slots=True)
class Need:
    """A lost content: `size` bytes at `offset` of the file with the sha256 `whole`.

    path and runs: a file that needs it, and the states in which it does.
    """

    sha: bytes
    size: int
    whole: bytes
    offset: int
    path: str
    runs: list[str] = field(default_factory=list)


def heal(desk: Desk, run: CopyRun, others: Sequence[Where]) -> None:
    """Store what is lost at this copy anew from `others`, as far as they have it.

    Called when the run has stored what the source has. What stays lost is named in notes. Costs a
    look into all lists; with nothing lost, nothing; in vain, once a day.
    """
    index = run.index
    index.forget_found()
    lost = index.lost()
    if not lost or not _is_time(index, lost, desk.clock.now()):
        return
    states = run.copy.states().states
    needs = _needs(run.copy, states, lost)
    index.set_lost(needs)  # nobody needs the others any more
    for where in others:
        if needs:
            _heal_from(desk, run, where, needs)
    index.forget_found()
    _name_unhealed(desk, run, others, needs)


def _is_time(index: CopyIndex, lost: Iterable[bytes], now: datetime) -> bool:
    mark = hashlib.sha256(b"".join(sorted(lost))).hexdigest()[:16]
    seconds = int(now.timestamp())
    before, _, at = (index.meta(_TRIED) or "").partition(" ")
    if before == mark and 0 <= seconds - int(at or 0) < _TRY_AGAIN_SECONDS:
        return False
    index.set_meta(_TRIED, f"{mark} {seconds}")
    return True


def _needs(copy: CopyFolder, states: Sequence[State], lost: set[bytes]) -> dict[bytes, Need]:
    """Which files of which states need the lost contents; lists that are damaged are left out."""
    of_list: dict[str, list[State]] = {}
    for state in states:
        of_list.setdefault(state.record.list_name, []).append(state)
    found: dict[bytes, Need] = {}
    for sharing in of_list.values():
        runs = [state.run for state in sharing]
        try:
            for need in _rows_in_need(copy, sharing[0], lost):
                known = found.setdefault(need.sha, need)
                if known.runs[-1:] != runs[-1:]:
                    known.runs += runs
        except KnownError as error:
            _raise_unless_damage(error)
    return found


def _rows_in_need(copy: CopyFolder, state: State, lost: set[bytes]) -> Iterator[Need]:
    file: FileRow | None = None
    offset = 0
    for row in copy.rows(state.record):
        if isinstance(row, FileRow):
            file, offset = row, 0
            sha = bytes.fromhex(row.sha256)
            if not row.parts and sha in lost:
                yield Need(sha, row.size, sha, 0, row.path)
        elif isinstance(row, PartRow) and file is not None:
            sha = bytes.fromhex(row.sha256)
            if sha in lost:
                yield Need(sha, row.size, bytes.fromhex(file.sha256), offset, file.path)
            offset += row.size


def _raise_unless_damage(error: KnownError) -> None:
    if error.code not in DAMAGE:
        raise error


# -- the other copy -------------------------------------------------------------------------------


def _heal_from(desk: Desk, run: CopyRun, where: Where, needs: dict[bytes, Need]) -> None:
    """Take what `where` has; one that cannot be read now has nothing."""
    try:
        reached = desk.reach.open(where, run.name.system)
    except KnownError as error:
        _raise_unless_about_there(error)
        return
    healed = 0
    try:
        supply = _Supply(reached.copy, needs.values(), desk.cancelled)
        for need in list(needs.values()):
            if _bring(run, need, supply):
                del needs[need.sha]
                healed += 1
    except KnownError as error:
        _raise_unless_about_there(error, run.name.destination)
    finally:
        reached.close()
        if healed:
            desk.listener.note(
                "healed", count=healed, source=where.id, destination=run.name.destination
            )


def _raise_unless_about_there(error: KnownError, here: str = "") -> None:
    """What the other copy refuses is no failure of this run; what our own medium or home does, is.

    `here`: the destination that is written to.
    """
    ours = (Code.CANCELLED, Code.HOME_FULL, Code.HOME_UNUSABLE)
    if error.code in ours or (here and error.params.get("destination") == here):
        raise error


class _Supply:
    """What another copy has of the needs."""

    def __init__(
        self, copy: CopyFolder, needs: Iterable[Need], cancelled: Callable[[], bool]
    ) -> None:
        self._copy = copy
        self._cancelled = cancelled
        states = copy.states().states
        self._places = Places(copy, states)
        wanted = {sha for need in needs for sha in (need.sha, need.whole)}
        self._places.find(wanted, set())
        missing = {
            need.whole
            for need in needs
            if not (self._places.of(need.sha) or self._places.of(need.whole))
        }
        self._cut = self._find_cut(states, missing) if missing else {}
        pieces = {sha for parts in self._cut.values() for sha, _ in parts}
        self._places.find(pieces, set())

    def _find_cut(
        self, states: Iterable[State], wanted: set[bytes]
    ) -> dict[bytes, list[tuple[bytes, int]]]:
        """Files that lie there in parts: which, and how large they are."""
        found: dict[bytes, list[tuple[bytes, int]]] = {}
        for state in {state.record.list_name: state for state in states}.values():
            parts: list[tuple[bytes, int]] = []
            try:
                for row in self._copy.rows(state.record):
                    if isinstance(row, FileRow):
                        sha = bytes.fromhex(row.sha256)
                        new = row.parts and sha in wanted and sha not in found
                        parts = found.setdefault(sha, []) if new else []
                    elif isinstance(row, PartRow):
                        parts.append((bytes.fromhex(row.sha256), row.size))
            except KnownError as error:
                _raise_unless_damage(error)
        return found

    def ways(self, need: Need) -> Iterator[Iterator[bytes]]:
        """The bytes of a need, by every way there is to them; none of them is checked."""
        for source in self._places.of(need.sha):
            yield self._blocks(source, 0, need.size)
        if need.sha != need.whole:
            for source in self._places.of(need.whole):
                yield self._blocks(source, need.offset, need.size)
        if need.whole in self._cut:
            yield self._joined(self._cut[need.whole], need)

    def _joined(self, parts: Sequence[tuple[bytes, int]], need: Need) -> Iterator[bytes]:
        """A range of a file that lies there in parts."""
        at = 0
        for sha, size in parts:
            start, end = max(need.offset, at), min(need.offset + need.size, at + size)
            sources = self._places.of(sha)
            if start < end and sources:
                yield from self._blocks(sources[0], start - at, end - start)
            at += size

    def _blocks(self, source: Source, start: int, size: int) -> Iterator[bytes]:
        """A range of a content; fewer bytes when they are not there."""
        if source.packing == "deflate":
            data = read_source(self._copy, source, MAX_PACKED)
            yield (data or b"")[start : start + size]
            return
        left = min(size, source.size - start)
        try:
            with self._copy.folder.open(source.path) as stream:
                stream.seek(source.offset + start)
                while left > 0 and (block := stream.read(min(left, _BLOCK))):
                    if self._cancelled():
                        raise KnownError(Code.CANCELLED)
                    left -= len(block)
                    yield block
        except FileNotFoundError:
            return


def _bring(run: CopyRun, need: Need, supply: _Supply) -> bool:
    """Store a content anew by the first way that gives its bytes."""
    for blocks in supply.ways(need):
        if run.copy.folder.free_bytes() < need.size + KEPT_FREE:
            return False
        stored = _write(run, need, blocks)
        if stored is not None:
            run.take_object(stored)
            return True
    return False


def _write(run: CopyRun, need: Need, blocks: Iterable[bytes]) -> StoredObject | None:
    """An object of this run with these bytes; None, and nothing there, when they are not right."""
    folder = run.copy.folder
    run.open_journal()
    path = f"{FOLDER}/{need.sha.hex()}"
    full = f"{DATA}/{run.run}/{path}"
    folder.make_folder(os.path.dirname(full))
    digest = hashlib.sha256()
    try:
        with NewFile(folder, folder.place(full)) as out:
            for block in blocks:
                digest.update(block)
                out.write(block)
    except BaseException:
        _remove(folder.place(full))  # the run goes on without it, and counts its objects
        raise
    folder.note_written([os.path.dirname(folder.place(full))])
    if digest.digest() == need.sha:
        return StoredObject(path, need.size, need.sha)
    _remove(folder.place(full))
    return None


def _remove(place: str) -> None:
    """Take a file of ours away again, one that nobody knows of."""
    try:
        os.unlink(place)
    except OSError:
        pass  # a disk that is gone ends the run anyway


# -- what stays lost ------------------------------------------------------------------------------


def _name_unhealed(
    desk: Desk, run: CopyRun, others: Sequence[Where], needs: dict[bytes, Need]
) -> None:
    """Say which files are lost in which states, and which copies should have them."""
    ids = [where.id for where in others]
    for need in list(needs.values())[:_MOST_NAMED]:
        desk.listener.note(
            "not_healed",
            path=percent.readable(need.path),
            run=need.runs[-1] if need.runs else "",
            states=len(need.runs),
            elsewhere=", ".join(holders(desk, run.name.system, ids, (need.sha, need.whole))) or "–",
        )
    if len(needs) > _MOST_NAMED:
        desk.listener.note("not_healed_more", count=len(needs) - _MOST_NAMED)


def holders(
    desk: Desk, system: str, destinations: Iterable[str], shas: Iterable[bytes]
) -> list[str]:
    """The destinations whose copies hold one of these contents, as far as their indexes know."""
    wanted = list(shas)
    return [id for id in destinations if _knows(desk, system, id, wanted)]


def _knows(desk: Desk, system: str, destination: str, shas: Sequence[bytes]) -> bool:
    path = desk.index_path(system, destination)
    if not path.exists():
        return False
    index = IndexView(path)
    try:
        return any(index.content(sha) or index.is_composite(sha) for sha in shas)
    except Exception as error:
        if not is_broken(error):
            raise
        return False  # it will be made anew when it is needed
    finally:
        index.close()
