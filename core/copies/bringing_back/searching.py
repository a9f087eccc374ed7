"""Finding a file or folder by a piece of its name, in all states of a copy, gone ones too."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.copies.format import percent
from core.copies.format.copy_folder import CopyFolder, State, lists_of
from core.copies.format.names import OWN_FOLDER
from core.copies.format.rows import Asked, FileRow, FolderRow
from core.errors import Code, KnownError

MOST = 300
"""Hits that are looked after; more are not for eyes."""


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a file. run, began: the newest state that holds it; first: the oldest one's.

    size in bytes; a folder has one version without content.
    """

    run: str
    began: str
    first: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(slots=True)
class Hit:
    """A file or folder by its path (percent text). versions: newest first. is_gone: not in the
    newest state any more.
    """

    path: str
    is_folder: bool
    is_gone: bool = False
    versions: list[Version] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave. is_all: False when there were more hits than are told."""

    hits: list[Hit]
    states: int
    is_all: bool


def search(
    copy: CopyFolder, states: Sequence[State], sought: str, cancelled: Callable[[], bool]
) -> Found:
    """All entries in whose name every word of `sought` stands, upper and lower case alike.

    With a `/` in it the path is searched. Reads the lists from the newest state on; one list that
    several states share is read once. KnownError CANCELLED, or as `CopyFolder.rows`.
    """
    meets = _matcher(sought)
    hits: dict[str, Hit] = {}
    is_all = True
    seen: dict[object, list[FileRow | FolderRow]] = {}
    for number, state in enumerate(reversed(states)):
        lists = lists_of(state.record)
        if lists not in seen:
            if cancelled():
                raise KnownError(Code.CANCELLED)
            seen = {lists: _matching(copy, state, meets)}  # only neighbours share one
        for row in seen[lists]:
            hit = hits.get(row.path)
            if hit is None:
                if len(hits) >= MOST:
                    is_all = False
                    continue
                hit = hits[row.path] = Hit(row.path, isinstance(row, FolderRow), number > 0)
            _add(hit, row, state)
    found = sorted(hits.values(), key=lambda hit: _order(hit, sought))
    return Found(found, len(states), is_all)


def _matching(
    copy: CopyFolder, state: State, meets: Callable[[bytes], bool]
) -> list[FileRow | FolderRow]:
    return [
        row
        for row in copy.rows(state.record, asked=Asked(meets, meets))
        if isinstance(row, FileRow | FolderRow) and meets(_raw(row.path))
    ]


def _raw(path: str) -> bytes:
    try:
        return percent.decode(path)
    except ValueError:
        return path.encode()


def _matcher(sought: str) -> Callable[[bytes], bool]:
    words = _folded(sought).split()
    in_path = "/" in sought

    def meets(path: bytes) -> bool:
        if path.partition(b"/")[0] == OWN_FOLDER:
            return False
        part = path if in_path else path.rpartition(b"/")[2]
        shown = _folded(part.decode("utf-8", "replace"))
        return bool(words) and all(word in shown for word in words)

    return meets


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _add(hit: Hit, row: FileRow | FolderRow, state: State) -> None:
    """One more state in which it stands, older than those before."""
    sha = row.sha256 if isinstance(row, FileRow) else ""
    size = row.size if isinstance(row, FileRow) else 0
    began = state.record.began
    if hit.versions and hit.versions[-1].sha256 == sha:
        last = hit.versions[-1]
        hit.versions[-1] = Version(last.run, last.began, began, last.size, last.mtime_ns, sha)
    else:
        hit.versions.append(Version(state.run, began, began, size, row.mtime_ns, sha))


def _order(hit: Hit, sought: str) -> tuple[bool, bool, str]:
    """Names that begin with what was sought first, files before folders."""
    name = _folded(percent.readable(hit.path.rpartition("/")[2]))
    return (not name.startswith(_folded(sought).strip()), hit.is_folder, hit.path)
