"""The plain outside of an encrypted copy: `offen.json`, and what its vaults look like from there.

Seen without its key a vault is a folder of scrambled names; seen with a wrong key it is empty
(RCLONE §0.3). So the folder of a vault is named after the mark of the pair that opens it: which
vault is ours, which belongs to a pair we had before and which to neither is told from outside, and
a new pair begins a new vault beside the old one (DESIGN §5, "Stolen sheet").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from core.copies.format import documents
from core.copies.format.copy_folder import OPEN, VAULT, CopyFolder
from core.copies.format.documents import Broken
from core.copies.opening import handbook
from core.copies.opening.guards import CopyName
from core.copies.opening.handbook import README
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError
from core.secrets.recovery import Pair

_VAULT_FOLDER = re.compile(r"tresor-([2-9a-z]{4}-[2-9a-z]{4})")


def vault_folder(pair: Pair) -> str:
    """The folder beside `offen.json` that this pair opens, as in `tresor-k7f3-m2qp`."""
    return f"tresor-{pair.mark}"


def vault_folders(folder: LocalFolder) -> list[str]:
    """The vaults that lie in the folder of a copy and hold something."""
    found = (name for name in folder.names() if _VAULT_FOLDER.fullmatch(name))
    return sorted(name for name in found if folder.names(name))


def is_encrypted(folder: LocalFolder) -> bool:
    """Whether an encrypted copy lies here, or has begun to."""
    return any(name == OPEN or _VAULT_FOLDER.fullmatch(name) for name in folder.names())


def fitting(folder: LocalFolder, pairs: Iterable[Pair]) -> Pair | None:
    """The first of these pairs that has a vault here; None when none has."""
    there = set(vault_folders(folder))
    return next((pair for pair in pairs if vault_folder(pair) in there), None)


class NamedVault(msgspec.Struct, frozen=True, kw_only=True):
    """One vault in `offen.json`: its folder, its identity, since when."""

    folder: str = msgspec.field(name="ordner")
    vault: str = msgspec.field(name="tresor")
    created: str = msgspec.field(name="angelegt")


class OpenNote(msgspec.Struct, frozen=True, kw_only=True):
    """`offen.json`: what may be known of an encrypted copy without its key (format §10)."""

    format: int
    art: str
    system: str
    destination: str = msgspec.field(name="ziel")
    method: str = msgspec.field(name="verfahren")
    file_names: str = msgspec.field(name="dateinamen")
    folder_names: bool = msgspec.field(name="ordnernamen")
    encoding: str = msgspec.field(name="kodierung")
    vaults: tuple[NamedVault, ...] = msgspec.field(name="tresore")


class Known(NamedTuple):
    """What this home knows of a copy: its vault's identity, and whether that was ever whole."""

    vault: str | None
    laid_out: bool


def read_note(folder: LocalFolder) -> OpenNote | None:
    """What `offen.json` says; None when there is none, or it is damaged: it only informs."""
    data = folder.read(OPEN, documents.MAX_DOCUMENT)
    if data is None:
        return None
    version = documents.format_of(data)
    if version is not None and version > documents.FORMAT:
        raise KnownError(Code.COPY_NEWER_FORMAT, path=str(folder.shown), format=version)
    try:
        return documents.unseal(data, OpenNote)[0]
    except Broken:
        return None


@dataclass(frozen=True, slots=True)
class Outside:
    """The plain folder around the vaults of a copy.

    vault: the folder of the pair in use; former: those of all other pairs we have.
    """

    folder: LocalFolder
    vault: str
    former: frozenset[str] = frozenset()

    def look(self, inside: CopyFolder, name: CopyName, known: Known) -> Known:
        """What is known of the vault of the pair in use; raise unless it may be written.

        A pair that was rotated has no vault yet: then nothing is known of it, whatever we knew of
        the one before. DESTINATION_EMPTIED: the vault we wrote is gone. KEY_WRONG: there are vaults
        of which none is opened by a pair of ours. DESTINATION_FOREIGN: another shop's.
        COPY_NOT_ENCRYPTED: a plain copy lies here, and what was once written plain stays so.
        """
        where = {"destination": name.destination, "path": self.folder.address}
        if not self.folder.is_reachable():
            raise KnownError(Code.DESTINATION_MISSING, **where)
        names = set(self.folder.names())
        if VAULT in names:
            raise KnownError(Code.COPY_NOT_ENCRYPTED, **where)
        if not all(one in (OPEN, README) or _VAULT_FOLDER.fullmatch(one) for one in names):
            raise KnownError(Code.DESTINATION_NOT_OURS, **where)
        there = vault_folders(self.folder)
        note = read_note(self.folder)
        if note is not None and not self._is_ours(note, name, known):
            raise KnownError(Code.DESTINATION_FOREIGN, **where, system=note.system)
        if self.vault in there and inside.folder.names():
            return known
        if not set(there) <= self.former | {self.vault}:
            raise self._wrong_key()
        begun_anew = set(there) - {self.vault} and not self._is_named(note, known.vault)
        if known.laid_out and not begun_anew:
            raise KnownError(Code.DESTINATION_EMPTIED, **where)
        return Known(None, laid_out=False) if begun_anew else known

    def check_key(self) -> None:
        """For readers. Raise KEY_WRONG when there are vaults, but none of the pair in use."""
        there = vault_folders(self.folder)
        if there and self.vault not in there:
            raise self._wrong_key()

    def _wrong_key(self) -> KnownError:
        path = self.folder.address
        return KnownError(Code.KEY_WRONG, destination=self.folder.destination, path=path)

    def _is_named(self, note: OpenNote | None, vault_id: str | None) -> bool:
        """Whether this identity is that of the vault of the pair in use."""
        vaults = note.vaults if note is not None else ()
        return any((one.folder, one.vault) == (self.vault, vault_id) for one in vaults)

    @staticmethod
    def _is_ours(note: OpenNote, name: CopyName, known: Known) -> bool:
        if known.laid_out:
            return any(one.vault == known.vault for one in note.vaults)
        return (note.system, note.destination) == (name.system, name.destination)

    def set_up(self, name: CopyName, vault_id: str, *, created: str) -> None:
        """Put the plain files there, or put them right; vaults of former pairs stay named."""
        folder, old = self.folder, read_note(self.folder)
        vaults = [one for one in (old.vaults if old else ()) if one.folder != self.vault]
        vaults.append(NamedVault(folder=self.vault, vault=vault_id, created=created))
        note = OpenNote(
            format=documents.FORMAT,
            art="offen",
            system=name.system,
            destination=name.destination,
            method="rclone crypt",
            file_names="standard",
            folder_names=True,
            encoding="base32",
            vaults=tuple(vaults),
        )
        from importlib.resources import files  # only where something is written

        text = (files("resources") / "copy" / "LIESMICH-verschluesselt.txt").read_text("utf-8")
        folder.make_folder("")
        for path in (README, OPEN):
            folder.remove(path)
        text = text.format(system=name.system, angelegt=vaults[0].created[:10])
        folder.create(README, handbook.sealed(README, text.encode()))
        folder.create(OPEN, documents.seal(note)[0])
        folder.barrier()

    def mend(self, name: CopyName, vault_id: str, *, created: str) -> None:
        """Write the plain files anew where they are not as they were, or do not name our vault."""
        if not self._is_named(read_note(self.folder), vault_id) or any(self.damaged()):
            self.set_up(name, vault_id, created=created)

    def damaged(self) -> Iterator[str]:
        """The plain files that are gone or not as they were written."""
        if read_note(self.folder) is None:
            yield OPEN
        yield from handbook.damaged(self.folder, (README,))
