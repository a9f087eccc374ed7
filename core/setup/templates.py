"""What shops live on, as dated data (resources/catalogue/systems.toml), and where it may lie."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from core.plan.model import DataKind, Mode, Security

_WINDOWS_FOLDERS = {
    "programdata": "PROGRAMDATA",
    "public": "PUBLIC",
    "appdata": "APPDATA",
    "localappdata": "LOCALAPPDATA",
    "programfiles": "PROGRAMFILES",
    "systemdrive": "SYSTEMDRIVE",
}
_MOST_FOUND = 20
"""Folders one template may find: a pattern that meets more means something else."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """Something shops live on. folders: patterns of where it lies; of a service there are none.

    checked: when somebody last looked at the program itself, None for never.
    """

    id: str
    name: str
    mode: Mode
    holds: tuple[DataKind, ...]
    source: str
    name_en: str = ""
    operator: str = ""
    folders: tuple[str, ...] = ()
    note: str = ""
    note_en: str = ""
    checked: date | None = None

    def name_in(self, lang: str) -> str:
        """Its name in a language."""
        return self.name_en or self.name if lang == "en" else self.name

    def note_in(self, lang: str) -> str:
        """What is to be known of it, '' for nothing."""
        return self.note_en if lang == "en" else self.note


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes the mails of some addresses."""

    domains: tuple[str, ...]
    host: str
    port: int
    security: Security
    checked: date | None = None


class _Systems(msgspec.Struct):
    template: tuple[Template, ...]


class _Mail(msgspec.Struct):
    server: tuple[MailServer, ...]


@functools.cache
def templates() -> tuple[Template, ...]:
    """All templates in the order of the catalogue."""
    return msgspec.convert(_catalogue("systems.toml"), _Systems).template


@functools.cache
def _mail_servers() -> tuple[MailServer, ...]:
    return msgspec.convert(_catalogue("mail.toml"), _Mail).server


def mail_server_for(address: str) -> MailServer | None:
    """The server that takes mails from this address; None where nobody has noted it."""
    domain = address.rpartition("@")[2].strip().lower()
    return next((one for one in _mail_servers() if domain in one.domains), None)


def _catalogue(name: str) -> object:
    from importlib.resources import files

    return tomllib.loads((files("resources") / "catalogue" / name).read_text("utf-8"))


def roots_of(environ: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What the words in braces stand for here: the user's folders (`own`), those of Windows."""
    windows = {word: environ.get(name, "") for word, name in _WINDOWS_FOLDERS.items()}
    if windows["systemdrive"]:
        windows["systemdrive"] += "\\"  # `C:` alone is the folder a program happens to be in
    return {word: folder for word, folder in {**windows, **own}.items() if folder}


def likely_folders(template: Template, roots: Mapping[str, str]) -> list[str]:
    """The folders of a template that are there. May be slow; what cannot be read is not there."""
    found: dict[str, None] = {}
    for pattern in template.folders:
        for folder in sorted(_places(pattern, roots))[:_MOST_FOUND]:
            if folder.is_dir():
                found[str(folder)] = None
    home = roots.get("home")
    return [one for one in found if one != home]


def _places(pattern: str, roots: Mapping[str, str]) -> list[Path]:
    """What there is of a pattern; nothing where this PC has no folder by that word."""
    word, _, rest = pattern.partition("}")
    if not word.startswith("{"):
        return list(Path("/").glob(pattern.lstrip("/")))
    root = roots.get(word.removeprefix("{"))
    if not root:
        return []
    return list(Path(root).glob(rest.lstrip("/"))) if rest else [Path(root)]
