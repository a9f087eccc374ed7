"""Write plans: a commented German starter. What changes in one later is the work of `edit`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.plan.kinds import is_device_name, is_id
from core.plan.model import Medium, Site
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.toml_text import quoted
from core.plan.walk import CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A destination for the starter plan; `name` empty is filled in."""

    path: Path
    name: str = ""
    medium: Medium = Medium.DISK
    site: Site = Site.HERE
    offline: bool = False
    removable: bool = False
    encrypted: bool = False


def example_plan(
    folders: Sequence[Path],
    destinations: Sequence[Starter],
    *,
    shop: str = "Mein Laden",
    system: str = "Laden-PC",
) -> str:
    """A commented German plan that copies these folders to each of these destinations.

    A plain destination is written as such (`encrypted = false`), with a comment that says so.
    """
    system_id = free_id(system, [])
    ids: list[str] = []
    for starter in destinations:
        ids.append(free_id(starter.name or _NAMES[starter.medium], ids))
    parts = [_HEAD, _pair("version", "1"), _pair("shop", quoted(shop)), _SYSTEMS]
    parts += [_system(system_id, system, folders), _DESTINATIONS]
    for number, (id, starter) in enumerate(zip(ids, destinations, strict=True), start=1):
        parts.append(_destination(id, starter, f"{_NAMES[starter.medium]} {number}"))
    parts.append(_COPIES)
    for id, starter in zip(ids, destinations, strict=True):
        parts.append(_copy(system_id, id, "7d" if starter.offline else "1d"))
    return "".join(parts)


def free_id(name: str, taken: Sequence[str]) -> str:
    """The id for a name: `USB-Platte für Büro` → `usb-platte-fuer-buero`, with a number when it is
    taken.
    """
    text = name.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub("[^a-z0-9]+", "-", text).strip("-")[:30].strip("-")
    if not is_id(text) or is_device_name(text):
        text = f"x-{text}".strip("-")
    candidate, number = text, 2
    while candidate in taken:
        candidate, number = f"{text}-{number}", number + 1
    return candidate


def _path(path: Path, key: str, source: str) -> str:
    if CONTROL.search(str(path)):
        params = {"value": str(path)}
        problem = Problem(line=None, key=key, code=ProblemCode.CONTROL_CHARACTER, params=params)
        raise PlanError([problem], source=source)
    return quoted(str(path))


def _pair(key: str, value: str, comment: str = "") -> str:
    line = f"{key} = {value}"
    return f"{line:<27}# {comment}\n" if comment else f"{line}\n"


_NAMES = {Medium.DISK: "Platte", Medium.NAS: "NAS", Medium.CLOUD: "Cloud"}

_HEAD = """\
# Sicherungsplan von Ladentresor: was gesichert wird, wohin, wie oft und wie lange.
# Prüfen Sie jede Änderung mit: ladentresor plan check
"""
_SYSTEMS = "\n# ---- Systeme: wovon der Laden lebt ----\n"
_DESTINATIONS = "\n# ---- Ziele: wohin Kopien gehen ----\n"
_COPIES = "\n# ---- Kopien: welches System auf welches Ziel ----\n"


def _system(id: str, name: str, folders: Sequence[Path]) -> str:
    paths = "".join(
        f"    {_path(folder, f'systems.{id}.sources[1].paths', 'plan.toml')},\n"
        for folder in folders
    )
    return "".join(
        (
            "\n[[systems]]\n",
            _pair("id", quoted(id), "Kurzname; so heißt auch der Ordner der Kopie"),
            _pair("name", quoted(name)),
            _pair("mode", '"own"', "own: eigener Rechner | saas: Dienst im Netz | hosted"),
            _pair("rpo", '"24h"', "maximaler Datenverlust: Alter der neuesten guten Kopie"),
            _pair("rto", '"8h"', "Wiederanlaufzeit: so lange geht es ohne dieses System"),
            _pair("critical", "true", "ohne dieses System steht der Laden"),
            _pair("owner", '""', "wer verantwortlich ist"),
            _pair("deputy", '""', "wer vertritt"),
            "\n[[systems.sources]]\n",
            _pair("kind", '"folders"'),
            f"paths = [\n{paths}]\n",
            _pair("exclude", '["*.tmp"]', "was nicht gesichert wird"),
        )
    )


def _destination(id: str, starter: Starter, name: str) -> str:
    key = f"destinations.{id}.location.path"
    return "".join(
        (
            "\n[[destinations]]\n",
            _pair("id", quoted(id)),
            _pair("name", quoted(starter.name or name)),
            _pair("medium", quoted(starter.medium), "disk: Platte | nas: NAS | cloud: Cloud"),
            _pair("site", quoted(starter.site), "here: im Laden | away: außer Haus"),
            *_lying(starter),
            _pair(
                "offline",
                "true" if starter.offline else "false",
                "true: wird nur für die Kopie angeschlossen",
            ),
            "[destinations.location]\n",
            _pair("kind", '"local"'),
            _pair("path", _path(starter.path, key, "plan.toml")),
        )
    )


def _lying(starter: Starter) -> tuple[str, ...]:
    """How the copy lies there: encrypted, or as folders that anybody can open."""
    if starter.encrypted:
        made = [_pair("encrypted", "true", "lesbar nur mit dem Wiederherstellungsblatt")]
    else:
        made = [
            _pair("layout", '"tree"', "Ordner, die man mit dem Explorer öffnen kann"),
            _pair("encrypted", "false", "Wer den Datenträger findet, kann alles lesen"),
        ]
    if starter.removable:
        made.append(_pair("removable", "true", "lässt sich abziehen und mitnehmen"))
    return tuple(made)


def _copy(system: str, destination: str, every: str) -> str:
    return "".join(
        (
            "\n[[copies]]\n",
            _pair("system", quoted(system)),
            _pair("destination", quoted(destination)),
            _pair("every", quoted(every), "wie oft: 24h, 1d, 2w"),
            "# so viele Tages-, Wochen-, Monats- und Jahresstände bleiben\n",
            "keep = { daily = 14, weekly = 8, monthly = 24, yearly = 10 }\n",
        )
    )
