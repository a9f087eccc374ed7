"""The plain outside of an encrypted copy: `offen.json`, and what its vault looks like from there.

Seen without its key a vault is a folder of scrambled names; seen with a wrong key it is empty
(RCLONE §0.3). Only both looks together tell an empty vault from a wrong key.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import msgspec

from core.copies import documents
from core.copies.copy_folder import OPEN, VAULT, CopyFolder
from core.copies.documents import Broken
from core.copies.guards import CopyName
from core.destinations.local import LocalFolder
from core.errors import Code, KnownError

VAULT_FOLDER = "tresor"
README = "LIESMICH.txt"


class OpenNote(msgspec.Struct, frozen=True, kw_only=True):
    """`offen.json`: what may be known of an encrypted copy without its key (format §10)."""

    format: int
    art: str
    vault: str = msgspec.field(name="tresor")
    system: str
    destination: str = msgspec.field(name="ziel")
    method: str = msgspec.field(name="verfahren")
    file_names: str = msgspec.field(name="dateinamen")
    folder_names: bool = msgspec.field(name="ordnernamen")
    encoding: str = msgspec.field(name="kodierung")
    created: str = msgspec.field(name="angelegt")


@dataclass(frozen=True, slots=True)
class Outside:
    """The plain folder around a vault."""

    folder: LocalFolder

    def note(self) -> OpenNote | None:
        """What `offen.json` says; None when there is none, or it is damaged: it only informs."""
        data = self.folder.read(OPEN, documents.MAX_DOCUMENT)
        if data is None:
            return None
        version = documents.format_of(data)
        if version is not None and version > documents.FORMAT:
            raise KnownError(Code.COPY_NEWER_FORMAT, path=str(self.folder.shown), format=version)
        try:
            return documents.unseal(data, OpenNote)[0]
        except Broken:
            return None

    def look(
        self, inside: CopyFolder, name: CopyName, vault_id: str | None, *, laid_out: bool
    ) -> None:
        """Raise unless the vault is the one we know, or this is free ground for it.

        DESTINATION_EMPTIED: the vault we wrote is gone. KEY_WRONG: it is there and our lines do not
        open it. DESTINATION_FOREIGN: another shop's. COPY_NOT_ENCRYPTED: a plain copy lies here,
        and what was once written plain stays so.
        """
        where = {"destination": name.destination, "path": str(self.folder.location)}
        if not self.folder.is_reachable():
            raise KnownError(Code.DESTINATION_MISSING, **where)
        names = set(self.folder.names())
        if VAULT in names:
            raise KnownError(Code.COPY_NOT_ENCRYPTED, **where)
        if not names <= {OPEN, README, VAULT_FOLDER}:
            raise KnownError(Code.DESTINATION_NOT_OURS, **where)
        note = self.note()
        if note is not None and not self._is_ours(note, name, vault_id):
            raise KnownError(Code.DESTINATION_FOREIGN, **where, system=note.system)
        if laid_out and not self.folder.names(VAULT_FOLDER):
            raise KnownError(Code.DESTINATION_EMPTIED, **where)
        self.check_key(inside)

    def check_key(self, inside: CopyFolder) -> None:
        """Raise KEY_WRONG when the vault holds something and our lines show nothing of it."""
        if self.folder.names(VAULT_FOLDER) and not inside.folder.names():
            path = str(self.folder.location)
            raise KnownError(Code.KEY_WRONG, destination=self.folder.destination, path=path)

    @staticmethod
    def _is_ours(note: OpenNote, name: CopyName, vault_id: str | None) -> bool:
        if vault_id is not None:
            return note.vault == vault_id
        return (note.system, note.destination) == (name.system, name.destination)

    def set_up(self, name: CopyName, vault_id: str, *, created: str) -> None:
        """Put the plain files there; those of an interrupted set-up are replaced."""
        folder = self.folder
        note = OpenNote(
            format=documents.FORMAT,
            art="offen",
            vault=vault_id,
            system=name.system,
            destination=name.destination,
            method="rclone crypt",
            file_names="standard",
            folder_names=True,
            encoding="base32",
            created=created,
        )
        text = (files("resources") / "copy" / "LIESMICH-verschluesselt.txt").read_text("utf-8")
        folder.make_folder("")
        for path in (README, OPEN):
            folder.remove(path)
        folder.create(README, text.format(system=name.system, angelegt=created[:10]).encode())
        folder.create(OPEN, documents.seal(note)[0])
        folder.barrier()
