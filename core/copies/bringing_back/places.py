"""Where contents lie, looked up from the copy alone: restore works the same on a bare PC.

Every `inhalt` that a valid record names is believed first. What stands in none of them is looked
for in all others there are: one rotten record must not cost the states after it (format §9).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from core.copies.format.contents import StoredObject
from core.copies.format.copy_folder import DAMAGE, DATA, CopyFolder, State
from core.copies.format.documents import ContentsRef
from core.copies.format.packed import InflateError, inflate
from core.copies.format.salvage import objects_lying_in
from core.crypt import Damaged
from core.destinations.local import Range
from core.errors import Code, KnownError

# Healing adds a place now and then; a list of thousands never comes from us and would cost hours.
_MOST_PLACES = 64


class Source(NamedTuple):
    """Bytes of one content: `stored` bytes at `offset` of the object at `path` (below the copy)."""

    path: str
    offset: int
    stored: int
    size: int
    packing: str


def read_source(copy: CopyFolder, source: Source, limit: int) -> bytes | None:
    """The bytes of a small content; None when it is not there, not whole, or above `limit`."""
    if max(source.stored, source.size) > limit:
        return None
    here = Range(source.offset, source.stored)
    copy.folder.fetch_ranges({source.path: [here]}, frugal=True)
    try:
        with contextlib.closing(copy.folder.objects.open(source.path)) as stream:
            stream.seek(source.offset)
            data = stream.read(source.stored)
        return inflate(data, source.size) if source.packing == "deflate" else data
    except (FileNotFoundError, Damaged, InflateError):
        return None


class Places:
    """Places of the wanted contents; read from the runs that probably hold them, then from all."""

    def __init__(self, copy: CopyFolder, states: Iterable[State]) -> None:
        self._copy = copy
        refs = {(ref.run, ref.sha256): ref for state in states for ref in state.record.contents}
        refs |= {(ref.run, ref.sha256): ref for ref in copy.clean_ups().contents}
        self._refs = list(refs.values())
        self._found: dict[bytes, tuple[Source, ...]] = {}
        self._torn: set[str] = set()
        self._hostile: set[str] = set()
        self.damaged: list[str] = []

    def find(self, wanted: set[bytes], hints: set[str], *, few: bool = False) -> None:
        """Look up every wanted content; what stands nowhere is simply not found.

        few: a little is wanted of much; rows of other contents are passed over unread.
        """
        left = wanted - self._found.keys()
        ordered = sorted(self._refs, key=lambda ref: ref.run not in hints)
        for ref in ordered:
            if not left:
                return
            self._read(ref, left, enough=True, few=few)
            left -= self._found.keys()
        if left:
            self._read_unvouched(left)

    def find_others(self, wanted: set[bytes]) -> None:
        """Look for further places of contents whose known place turned out bad."""
        for ref in self._refs:
            self._read(ref, wanted)
        self._read_unvouched(wanted)

    def _read_unvouched(self, wanted: set[bytes]) -> None:
        """Look into every `inhalt` that no valid record names as it lies there now."""
        done = {ref.run for ref in self._refs} - set(self.damaged) | self._hostile
        for run in sorted(self._copy.data_names() - done):
            try:
                for stored in self._copy.contents_as_is(run):
                    self._note(run, stored, wanted)
            except KnownError as error:
                self._raise_unless_damage(error)
                self._torn.add(run)

    def search_objects(self, wanted: set[bytes], go_on: Callable[[], None]) -> None:
        """Read the objects of every run whose `inhalt` is torn or gone; they are contents too.

        The last thing that can be done, and slow. `go_on` is called before each object, to raise.
        """
        for run in sorted(self._torn if wanted else ()):
            self._copy.folder.fetch_all(f"{DATA}/{run}")
            for stored in objects_lying_in(self._copy.folder.place(f"{DATA}/{run}")):
                go_on()
                self._note(run, stored, wanted)

    def _read(
        self, ref: ContentsRef, wanted: set[bytes], *, enough: bool = False, few: bool = False
    ) -> None:
        """Note the places of `wanted` in one `inhalt`; `enough`: one of each will do."""
        left = len(wanted) if enough else -1
        try:
            for stored in self._copy.contents(ref, wanted=wanted if few else None):
                left -= self._note(ref.run, stored, wanted)
                if not left:
                    return
        except KnownError as error:
            self._raise_unless_damage(error)
            if error.code is Code.COPY_HOSTILE:
                self._hostile.add(ref.run)  # its digest fits: no rot, somebody made it so
            if ref.run not in self.damaged:
                self.damaged.append(ref.run)

    def _raise_unless_damage(self, error: KnownError) -> None:
        """One bad file is looked past; a disk that is gone is not."""
        if error.code not in DAMAGE and not self._copy.is_one_bad_file(error):
            raise error

    def _note(self, run: str, stored: StoredObject, wanted: set[bytes]) -> int:
        """Note an object and its parts as places; how many contents have their first one now."""
        path = f"{DATA}/{run}/{stored.path}"
        new = 0
        if stored.sha256 in wanted:
            new += self._add(stored.sha256, Source(path, 0, stored.size, stored.size, "roh"))
        for part in stored.parts:
            if part.sha256 in wanted:
                source = Source(path, part.offset, part.stored, part.size, part.packing)
                new += self._add(part.sha256, source)
        return new

    def _add(self, sha: bytes, source: Source) -> bool:
        known = self._found.get(sha, ())
        if source not in known and len(known) < _MOST_PLACES:
            self._found[sha] = (*known, source)
        return not known

    def of(self, sha: bytes) -> tuple[Source, ...]:
        """All known places of a content, the likeliest first."""
        return self._found.get(sha, ())
