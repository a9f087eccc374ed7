"""Where contents lie, looked up from the copy alone: restore works the same on a bare PC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from core.copies.contents import StoredObject
from core.copies.copy_folder import DATA, CopyFolder, State
from core.copies.documents import ContentsRef
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


class Places:
    """Places of the wanted contents; read from the runs that probably hold them, then from all."""

    def __init__(self, copy: CopyFolder, states: Iterable[State]) -> None:
        self._copy = copy
        refs = {(ref.run, ref.sha256): ref for state in states for ref in state.record.contents}
        self._refs = list(refs.values())
        self._found: dict[bytes, tuple[Source, ...]] = {}
        self.damaged: list[str] = []

    def find(self, wanted: set[bytes], hints: set[str]) -> None:
        """Look up every wanted content; what stands nowhere is simply not found."""
        left = wanted - self._found.keys()
        ordered = sorted(self._refs, key=lambda ref: ref.run not in hints)
        for ref in ordered:
            if not left:
                return
            self._read(ref, left, enough=True)
            left -= self._found.keys()

    def find_others(self, wanted: set[bytes]) -> None:
        """Look for further places of contents whose known place turned out bad."""
        for ref in self._refs:
            self._read(ref, wanted)

    def _read(self, ref: ContentsRef, wanted: set[bytes], *, enough: bool = False) -> None:
        """Note the places of `wanted` in one `inhalt`; `enough`: one of each will do."""
        left = len(wanted) if enough else -1
        try:
            for stored in self._copy.contents(ref):
                left -= self._note(ref.run, stored, wanted)
                if not left:
                    return
        except KnownError as error:
            if error.code not in (Code.COPY_DAMAGED, Code.COPY_HOSTILE):
                raise
            if ref.run not in self.damaged:
                self.damaged.append(ref.run)

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
