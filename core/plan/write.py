"""Write plans: a commented German starter. What changes in one later is the work of `edit`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from core.plan.kinds import is_device_name, is_id
from core.plan.locations import LocalLocation, Location, folder_of_pc
from core.plan.model import DataKind, Medium, Mode, Role, Security, Site
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.toml_text import Value, quoted, value_text
from core.plan.walk import CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A destination for the starter plan: a folder (`path`) or any `location`.

    `name` and `id` empty are filled in.
    """

    path: Path | None = None
    location: Location | None = None
    id: str = ""
    name: str = ""
    medium: Medium = Medium.DISK
    site: Site = Site.HERE
    offline: bool = False
    removable: bool = False
    encrypted: bool = False

    @property
    def place(self) -> Location:
        """Where it lies; ValueError when neither was given."""
        if self.location is not None:
            return self.location
        if self.path is None:
            raise ValueError("a destination without a place")
        return LocalLocation(path=self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterService:
    """A system that somebody else runs: recorded with what it holds, not copied."""

    id: str
    name: str
    mode: Mode
    operator: str = ""
    holds: tuple[DataKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterPerson:
    """Somebody who is told."""

    name: str
    role: Role
    email: str = ""
    lang: str = "de"


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterMail:
    """The server that takes our mails."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """How old the newest copy may be, how soon the system must work again: as in a plan.

    every: how often copies are made that are always reachable.
    """

    rpo: str = "24h"
    rto: str = "8h"
    every: str = "1d"


def example_plan(
    folders: Sequence[Path],
    destinations: Sequence[Starter],
    *,
    shop: str = "Mein Laden",
    system: str = "Laden-PC",
    goals: Goals | None = None,
    services: Sequence[StarterService] = (),
    people: Sequence[StarterPerson] = (),
    mail: StarterMail | None = None,
) -> str:
    """A commented German plan that copies these folders to each of these destinations.

    A plain destination is written as such (`encrypted = false`), with a comment that says so.
    PlanError for what TOML cannot hold.
    """
    goals = goals or Goals()
    system_id = free_id(system, [])
    given = [starter.id for starter in destinations if starter.id]
    ids: list[str] = []
    for starter in destinations:
        name = starter.name or _NAMES[starter.medium]
        ids.append(starter.id or free_id(name, [*given, *ids]))
    parts = [_HEAD, _pair("version", "1"), _pair("shop", quoted(shop)), _SYSTEMS]
    parts.append(_system(system_id, system, folders, goals, people))
    taken = [system_id]
    for service in services:
        taken.append(free_id(service.id, taken))
        parts.append(_service(taken[-1], service, goals))
    parts.append(_DESTINATIONS)
    for number, (id, starter) in enumerate(zip(ids, destinations, strict=True), start=1):
        parts.append(_destination(id, starter, f"{_NAMES[starter.medium]} {number}"))
    parts.append(_COPIES)
    for id, starter in zip(ids, destinations, strict=True):
        parts.append(_copy(system_id, id, "7d" if starter.offline else goals.every))
    if people:
        parts += [_PEOPLE, *map(_person, people, _person_ids(people))]
    if mail is not None:
        parts.append(_mail(mail))
    return "".join(parts)


def free_id(name: str, taken: Sequence[str]) -> str:
    """`USB-Platte für Büro` → `usb-platte-fuer-buero`, with a number when it is taken."""
    text = name.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub("[^a-z0-9]+", "-", text).strip("-")[:30].strip("-")
    if not is_id(text) or is_device_name(text):
        text = f"x-{text}".strip("-")
    candidate, number = text, 2
    while candidate in taken:
        candidate, number = f"{text}-{number}", number + 1
    return candidate


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
_PEOPLE = "\n# ---- Menschen: wer gewarnt wird ----\n"


def _system(
    id: str, name: str, folders: Sequence[Path], goals: Goals, people: Sequence[StarterPerson]
) -> str:
    key = f"systems.{id}.sources[1].paths"
    paths = "".join(f"    {_held(str(folder), key)},\n" for folder in folders)
    roles = dict(zip((one.role for one in people), _person_ids(people), strict=True))
    return "".join(
        (
            "\n[[systems]]\n",
            _pair("id", quoted(id), "Kurzname; so heißt auch der Ordner der Kopie"),
            _pair("name", quoted(name)),
            _pair("mode", '"own"', "own: eigener Rechner | saas: Dienst im Netz | hosted"),
            _pair("rpo", quoted(goals.rpo), "maximaler Datenverlust: Alter der neuesten Kopie"),
            _pair("rto", quoted(goals.rto), "Wiederanlaufzeit: so lange geht es ohne das System"),
            _pair("critical", "true", "ohne dieses System steht der Laden"),
            _pair("owner", quoted(roles.get(Role.OWNER, "")), "wer verantwortlich ist"),
            _pair("deputy", quoted(roles.get(Role.DEPUTY, "")), "wer vertritt"),
            "\n[[systems.sources]]\n",
            _pair("kind", '"folders"'),
            f"paths = [\n{paths}]\n",
            _pair("exclude", '["*.tmp"]', "was nicht gesichert wird"),
        )
    )


def _service(id: str, service: StarterService, goals: Goals) -> str:
    holds = ", ".join(quoted(kind) for kind in service.holds)
    return "".join(
        (
            "\n[[systems]]\n",
            "# wird noch nicht kopiert: Die Daten liegen nur dort\n",
            _pair("id", quoted(id)),
            _pair("name", quoted(service.name)),
            _pair("mode", quoted(service.mode)),
            _pair("operator", quoted(service.operator)) if service.operator else "",
            _pair("rpo", quoted(goals.rpo)),
            _pair("rto", quoted(goals.rto)),
            _pair("holds", f"[{holds}]"),
        )
    )


def _destination(id: str, starter: Starter, name: str) -> str:
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
            *_location(id, starter.place),
        )
    )


def location_table(location: Location) -> dict[str, Value]:
    """The keys of a place as a plan has them; what is as usual is left out, `kind` never."""
    table: dict[str, Value] = {"kind": location.kind}
    for one in fields(location):
        value = getattr(location, one.name)
        usual = one.default is not MISSING and value == one.default
        if one.name != "kind" and value is not None and not usual:
            table[one.name] = value if isinstance(value, int) else str(value)
    return table


def _location(id: str, location: Location) -> list[str]:
    return [
        _pair(
            name,
            _held(value, f"destinations.{id}.location.{name}")
            if isinstance(value, str)
            else value_text(value),
        )
        for name, value in location_table(location).items()
    ]


def _held(value: str, key: str) -> str:
    """The value as TOML; PlanError when a line cannot hold it."""
    if CONTROL.search(value):
        params = {"value": value}
        problem = Problem(line=None, key=key, code=ProblemCode.CONTROL_CHARACTER, params=params)
        raise PlanError([problem], source="plan.toml")
    return quoted(value)


def _lying(starter: Starter) -> tuple[str, ...]:
    """How the copy lies there: encrypted, or as folders that anybody can open."""
    near = folder_of_pc(starter.place) is not None
    if starter.encrypted:
        made = [_pair("encrypted", "true", "lesbar nur mit dem Wiederherstellungsblatt")]
    elif near:
        made = [
            _pair("layout", '"tree"', "Ordner, die man mit dem Explorer öffnen kann"),
            _pair("encrypted", "false", "Wer den Datenträger findet, kann alles lesen"),
        ]
    else:
        made = [_pair("encrypted", "false", "Wer dort hineinkommt, kann alles lesen")]
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


def _person_ids(people: Sequence[StarterPerson]) -> list[str]:
    ids: list[str] = []
    for person in people:
        ids.append(free_id(person.name, ids))
    return ids


def _person(person: StarterPerson, id: str) -> str:
    return "".join(
        (
            "\n[[people]]\n",
            _pair("id", quoted(id)),
            _pair("name", quoted(person.name)),
            _pair("email", quoted(person.email)) if person.email else "",
            _pair("role", quoted(person.role), "owner: erfährt alles zuerst | deputy: Vertretung"),
            _pair("lang", quoted(person.lang)),
        )
    )


def _mail(mail: StarterMail) -> str:
    return "".join(
        (
            "\n[alerts.smtp]\n",
            _pair("host", quoted(mail.host), "Mailserver für ausgehende Mails"),
            _pair("port", str(mail.port)),
            _pair("security", quoted(mail.security)),
            _pair("sender", quoted(mail.sender)),
            _pair("user", quoted(mail.user)) if mail.user else "",
        )
    )
