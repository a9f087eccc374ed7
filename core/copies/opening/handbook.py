"""The help for people in every copy: LIESMICH.txt and the two restore scripts."""

from __future__ import annotations

from importlib.resources import files

from core.destinations.local import LocalFolder

NAMES = ("LIESMICH.txt", "zurueckholen.sh", "zurueckholen.ps1")


def write_handbook(folder: LocalFolder, *, system: str, system_name: str, created: str) -> None:
    """Put the help files into a new copy; those left by an interrupted set-up are replaced."""
    templates = files("resources") / "copy"
    for name in NAMES:
        data = (templates / name).read_bytes()
        if name == "LIESMICH.txt":
            text = data.decode("utf-8")
            data = text.format(
                system=system, system_name=system_name, angelegt=created[:10]
            ).encode()
        folder.remove(name)
        folder.create(name, data)
