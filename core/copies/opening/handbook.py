"""The help for people in every copy: LIESMICH.txt and the two restore scripts.

Each ends with a line of its name and the sha256 of all before (format §1), so that rot is seen
whatever version of the program wrote it: these files are what is left when there is no program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from core.copies.format.documents import MAX_DOCUMENT
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError

README = "LIESMICH.txt"
NAMES = (README, "zurueckholen.sh", "zurueckholen.ps1")
_MARK = b" sha256 "
_BAD_FILE = frozenset({Code.DESTINATION_GONE, Code.DESTINATION_REFUSED})


def write_handbook(folder: LocalFolder, *, system: str, system_name: str, created: str) -> None:
    """Put the help files into a copy; those that are there are replaced."""
    from importlib.resources import files  # only where something is written

    for name in NAMES:
        text = (files("resources") / "copy" / name).read_bytes()
        if name == README:
            filled = text.decode("utf-8").format(
                system=system, system_name=system_name, angelegt=created[:10]
            )
            text = filled.encode()
        folder.remove(name)
        folder.create(name, sealed(name, text))


def sealed(name: str, text: bytes) -> bytes:
    """A help file with its last line, which says what it is and what all before it has to be."""
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n"
    return text + b"# " + name.encode() + _MARK + hashlib.sha256(text).hexdigest().encode() + end


def is_sound(name: str, data: bytes | None) -> bool:
    """Whether a help file is there and as it was written."""
    if data is None:
        return False
    text = data[: max(0, data.rfind(b"# " + name.encode() + _MARK))]
    return bool(text) and data == sealed(name, text)


def damaged(folder: LocalFolder, names: tuple[str, ...] = NAMES) -> Iterator[str]:
    """The help files that are gone or not as they were written."""
    for name in names:
        try:
            data = folder.read(name, MAX_DOCUMENT)
        except KnownError as error:
            if error.code not in _BAD_FILE or not folder.is_reachable():
                raise
            data = None  # a bad sector
        if not is_sound(name, data):
            yield name
