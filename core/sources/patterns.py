"""Which files of a source folder are taken: include and exclude patterns.

A pattern without `/` meets names at any depth, one with `/` the path below the source folder. A
trailing `/` means folders only. What meets a folder goes for everything in it. `*` and `?` stay
within a name, `**` crosses folders. Upper and lower case do not matter, as on Windows, nor does how
a letter with marks is composed, as on the Mac.
"""

from __future__ import annotations

import re
import unicodedata
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
    wanted: _Match
    has_paths: bool
    has_wanted: bool

    def takes_folder(self, name: bytes, path: bytes) -> bool:
        """Whether to look into the folder `name` at `path` (relative to the source folder)."""
        return not (self.folder_name(name) or (self.has_paths and self.folder_path(path)))

    def takes_file(self, name: bytes, path: bytes) -> bool:
        """Whether the file `name` at `path` belongs to the copy."""
        if self.file_name(name) or (self.has_paths and self.file_path(path)):
            return False
        return not self.has_wanted or bool(self.wanted(path))


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
        wanted=_wanted(include),
        has_paths=bool(in_path),
        has_wanted=bool(include),
    )


def _names(patterns: Sequence[str]) -> _Match:
    return _one([pattern for pattern in patterns if "/" not in pattern])


def _paths(patterns: Sequence[str]) -> _Match:
    return _one([pattern.lstrip("/") for pattern in patterns if "/" in pattern])


def _one(patterns: Sequence[str]) -> _Match:
    return _any_of([translate(pattern, any_case=True) for pattern in patterns])


def _wanted(patterns: Sequence[str]) -> _Match:
    """Meets the path of a file that is asked for, or that lies in a folder that is."""
    forms = []
    for pattern in patterns:
        anywhere = b"" if "/" in pattern.removesuffix("/") else rb"(?:.*/)?"
        below = rb"/.*" if pattern.endswith("/") else rb"(?:/.*)?"
        forms.append(anywhere + translate(pattern.strip("/"), any_case=True) + below)
    return _any_of(forms)


def _any_of(forms: Sequence[bytes]) -> _Match:
    if not forms:
        return _never
    return re.compile(b"|".join(forms), re.IGNORECASE | re.DOTALL).fullmatch


def translate(pattern: str, *, any_case: bool = False) -> bytes:
    """`pattern` as a regular expression over bytes.

    `any_case` is for letters beyond ASCII, which `re.IGNORECASE` leaves alone in bytes.
    """
    composed = unicodedata.normalize("NFC", pattern)
    return b"".join(
        _SIGNS.get(token) or _letters(token, any_case=any_case)
        for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", composed)
    )


def _letters(text: str, *, any_case: bool) -> bytes:
    if text.isascii():
        return re.escape(text.encode())
    return b"".join(_letter(sign, any_case=any_case) for sign in text)


def _letter(sign: str, *, any_case: bool) -> bytes:
    forms = {sign, sign.lower(), sign.upper()} if any_case else {sign}
    forms |= {unicodedata.normalize("NFD", form) for form in forms}
    raws = sorted(re.escape(form.encode("utf-8", "surrogateescape")) for form in forms)
    return b"(?:" + b"|".join(raws) + b")"


# A question mark is one character: one ASCII byte or one UTF-8 sequence.
_SIGNS = {
    "**/": rb"(?:.*/)?",
    "**": rb".*",
    "*": rb"[^/]*",
    "?": rb"(?:[^/\x80-\xff]|[\xc0-\xff][\x80-\xbf]*|[\x80-\xff])",
}
