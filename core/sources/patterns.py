"""Which files of a source folder are taken: include and exclude patterns.

A pattern without `/` meets names at any depth, one with `/` the path below the source folder. A
trailing `/` means folders only. `*` and `?` stay within a name, `**` crosses folders. Case does not
matter, as on Windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# What nobody wants back: recycle bins, swap and sleep files, thumbnails, caches, half downloads,
# the lock files of open Office documents. Shown by `plan show`; `default_excludes = false` takes
# all.
DEFAULT_EXCLUDES: tuple[str, ...] = (
    "$RECYCLE.BIN/",
    "RECYCLER/",
    "System Volume Information/",
    "lost+found/",
    ".Trash-*/",
    ".Trashes/",
    "#recycle/",
    "@eaDir/",
    ".cache/",
    ".thumbnails/",
    "pagefile.sys",
    "hiberfil.sys",
    "swapfile.sys",
    "Thumbs.db",
    ".DS_Store",
    "~$*",
    "*.crdownload",
)

_Match = Callable[[bytes], object]


def _never(_: bytes) -> object:
    return None


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled patterns; each field answers truthy for a hit on a name or a relative path."""

    folder_name: _Match
    folder_path: _Match
    file_name: _Match
    file_path: _Match
    wanted_name: _Match
    wanted_path: _Match
    has_paths: bool
    has_wanted: bool

    def takes_folder(self, name: bytes, path: bytes) -> bool:
        """Whether to look into the folder `name` at `path` (relative to the source folder)."""
        return not (self.folder_name(name) or (self.has_paths and self.folder_path(path)))

    def takes_file(self, name: bytes, path: bytes) -> bool:
        """Whether the file `name` at `path` belongs to the copy."""
        if self.file_name(name) or (self.has_paths and self.file_path(path)):
            return False
        return not self.has_wanted or bool(self.wanted_name(name) or self.wanted_path(path))


def compile_rules(
    include: Sequence[str], exclude: Sequence[str], *, default_excludes: bool = True
) -> Rules:
    """The rules for one source; an empty `include` means everything."""
    refused = (*exclude, *(DEFAULT_EXCLUDES if default_excludes else ()))
    files = [pattern for pattern in refused if not pattern.endswith("/")]
    folders = [pattern.removesuffix("/") for pattern in refused]
    in_path = [pattern for pattern in refused if "/" in pattern.removesuffix("/")]
    return Rules(
        folder_name=_names(folders),
        folder_path=_paths(folders),
        file_name=_names(files),
        file_path=_paths(files),
        wanted_name=_names(include),
        wanted_path=_paths(include),
        has_paths=bool(in_path),
        has_wanted=bool(include),
    )


def _names(patterns: Sequence[str]) -> _Match:
    return _one([pattern for pattern in patterns if "/" not in pattern])


def _paths(patterns: Sequence[str]) -> _Match:
    return _one([pattern.lstrip("/") for pattern in patterns if "/" in pattern])


def _one(patterns: Sequence[str]) -> _Match:
    if not patterns:
        return _never
    joined = b"|".join(translate(pattern) for pattern in patterns)
    return re.compile(joined, re.IGNORECASE | re.DOTALL).fullmatch


def translate(pattern: str) -> bytes:
    """`pattern` as a regular expression over bytes."""
    return b"".join(
        _SIGNS.get(token) or re.escape(token.encode("utf-8", "surrogateescape"))
        for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    )


# A question mark is one character: one ASCII byte or one UTF-8 sequence.
_SIGNS = {
    "**/": rb"(?:.*/)?",
    "**": rb".*",
    "*": rb"[^/]*",
    "?": rb"(?:[^/\x80-\xff]|[\xc0-\xff][\x80-\xbf]*|[\x80-\xff])",
}
