"""What has been chosen so far, kept in a file so that a crash loses nothing; and its plan."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from core import own_files
from core.paths import Home
from core.plan.addresses import parse_address
from core.plan.edit import digest
from core.plan.locations import (
    Location,
    S3Location,
    SftpLocation,
    SmbLocation,
    WebdavLocation,
    folder_of_pc,
)
from core.plan.model import DataKind, Medium, Mode, Role, Security, Site, default_encrypted
from core.plan.write import (
    Goals,
    Starter,
    StarterMail,
    StarterPerson,
    StarterService,
    example_plan,
    free_id,
)

NAME = "einrichtung.json"
RPO_HOURS = (4, 24, 48, 168)
"""How old the newest copy may be, to choose from; daily by default (DOMAIN A7)."""
RTO_HOURS = (4, 8, 24, 72)
"""How soon the shop must work again, to choose from."""
_DAY = 24


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place that copies may go to.

    at: a folder of this PC, or an address in the network as `core.plan.addresses` reads it. id: of
    its destination in the plan, '' for what its name gives; fixed once a password is kept under it.
    fingerprint: what an SSH server identified itself with; the rest as in the plan.
    """

    at: str
    name: str
    id: str = ""
    medium: Medium = Medium.DISK
    site: Site = Site.HERE
    removable: bool = False
    encrypted: bool = False
    fingerprint: str = ""

    @property
    def location(self) -> Location:
        """Where that is."""
        return parse_address(self.at)

    @property
    def shown(self) -> str:
        """Where that is, for people: the folder, or device and share."""
        location = self.location
        match location:
            case SmbLocation():
                parts = [location.host, location.share, *location.path.split("/")]
            case S3Location():
                parts = [location.host, location.bucket, *location.path.split("/")]
            case SftpLocation():
                parts = [location.host, *location.path.split("/")]
            case WebdavLocation():
                parts = [location.host]
            case _:
                parts = [self.at]
        return " › ".join(part for part in parts if part)

    @property
    def is_near(self) -> bool:
        """Whether it is a folder of this PC."""
        return folder_of_pc(self.location) is not None

    @property
    def offline(self) -> bool:
        """A disk that is carried away is only attached for its copy."""
        return self.site is Site.AWAY and self.is_near

    @property
    def operator(self) -> str:
        """The group of companies behind it, '' where nobody knows."""
        from core.plan.model import default_operator  # reads the catalogue

        return default_operator(self.location)[0]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A system that somebody else runs; nothing is copied of it yet. id: of its template."""

    id: str
    name: str
    mode: Mode
    operator: str = ""
    holds: tuple[DataKind, ...] = ()


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is responsible. email: '' for nobody can be mailed."""

    name: str = ""
    email: str = ""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes our mails; its password lies with the secrets."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that was chosen.

    rpo_hours, rto_hours: how old the newest copy may be, how soon all must work again. applied:
    what the plan in force has to be for this set-up still to be going on, '' before there was one.
    """

    shop: str = ""
    folders: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    places: tuple[Place, ...] = ()
    rpo_hours: int = 24
    rto_hours: int = 8
    owner: Contact = Contact()
    deputy: Contact = Contact()
    mail: Mail | None = None
    is_mail_proven: bool = False
    is_sheet_proven: bool = False
    step: str = "shop"
    applied: str = ""

    @property
    def needs_sheet(self) -> bool:
        """Whether one of the places is encrypted."""
        return any(place.encrypted for place in self.places)

    @property
    def rpo(self) -> timedelta:
        """How old the newest copy may be."""
        return timedelta(hours=self.rpo_hours)


def with_folder(draft: Draft, folder: str) -> Draft:
    """One more folder, once."""
    if folder in draft.folders:
        return draft
    return msgspec.structs.replace(draft, folders=(*draft.folders, folder))


def without_folder(draft: Draft, folder: str) -> Draft:
    """One folder less."""
    return msgspec.structs.replace(draft, folders=tuple(f for f in draft.folders if f != folder))


def with_service(draft: Draft, service: Service) -> Draft:
    """One more service, once."""
    others = without_service(draft, service.id).services
    return msgspec.structs.replace(draft, services=(*others, service))


def without_service(draft: Draft, id: str) -> Draft:
    """One service less."""
    return msgspec.structs.replace(draft, services=tuple(s for s in draft.services if s.id != id))


def with_place(draft: Draft, place: Place) -> Draft:
    """The place instead of the one that lies there, or one more."""
    if all(one.at != place.at for one in draft.places):
        return msgspec.structs.replace(draft, places=(*draft.places, place))
    places = tuple(place if one.at == place.at else one for one in draft.places)
    return msgspec.structs.replace(draft, places=places)


def without_place(draft: Draft, at: str) -> Draft:
    """One place less."""
    places = tuple(one for one in draft.places if one.at != at)
    return msgspec.structs.replace(draft, places=places)


def service_id(name: str) -> str:
    """The id of a service a person named."""
    return free_id(name, [])


def new_place_id(places: Sequence[Place], name: str) -> str:
    """An id for one more place: of its name, and not taken."""
    return free_id(name, [one.id for one in places])


def carried_away(place: Place, *, away: bool) -> Place:
    """The place out of the house, or in the shop again; what leaves the shop is encrypted."""
    site = Site.AWAY if away else Site.HERE
    offline = away and place.is_near
    encrypted = default_encrypted(
        medium=place.medium, site=site, offline=offline, removable=place.removable
    )
    return msgspec.structs.replace(place, site=site, encrypted=encrypted)


def plan_text(draft: Draft, system: str, lang: str = "de") -> str:
    """The plan that the draft means; `system` is what the shop's PC is called."""
    every = f"{draft.rpo_hours}h" if draft.rpo_hours < _DAY else "1d"
    return example_plan(
        [Path(folder) for folder in draft.folders],
        [
            Starter(
                location=place.location,
                id=place.id,
                name=place.name,
                medium=place.medium,
                site=place.site,
                offline=place.offline,
                removable=place.removable,
                encrypted=place.encrypted,
            )
            for place in draft.places
        ],
        shop=draft.shop,
        system=system,
        goals=Goals(rpo=f"{draft.rpo_hours}h", rto=f"{draft.rto_hours}h", every=every),
        services=[
            StarterService(
                id=one.id, name=one.name, mode=one.mode, operator=one.operator, holds=one.holds
            )
            for one in draft.services
        ],
        people=[
            StarterPerson(name=one.name, role=role, email=one.email, lang=lang)
            for role, one in ((Role.OWNER, draft.owner), (Role.DEPUTY, draft.deputy))
            if one.name
        ],
        mail=None if draft.mail is None else StarterMail(**msgspec.structs.asdict(draft.mail)),
    )


def make_places(draft: Draft) -> None:
    """Make the folders that copies shall lie in; the disk below must be there. OSError as mkdir."""
    for place in draft.places:
        folder = folder_of_pc(place.location)
        if folder is not None:
            folder.mkdir(exist_ok=True)


# -- kept -----------------------------------------------------------------------------------------


def read_draft(home: Home) -> Draft:
    """The draft of an unfinished set-up; a new one where there is none that can be read."""
    try:
        return msgspec.json.decode((home.state / NAME).read_bytes(), type=Draft)
    except (OSError, ValueError):
        return Draft()


def keep_draft(home: Home, draft: Draft) -> None:
    """Keep it; KnownError when the home cannot be used."""
    home.make()
    own_files.replace(home.state / NAME, msgspec.json.encode(draft))


def forget_draft(home: Home) -> None:
    """The set-up is done."""
    with contextlib.suppress(OSError):
        (home.state / NAME).unlink(missing_ok=True)


def with_applied(draft: Draft, text: str) -> Draft:
    """The draft after its plan was put into force."""
    return msgspec.structs.replace(draft, applied=digest(text.encode()))


def is_unfinished(home: Home) -> bool:
    """Whether a set-up was begun and not ended: then it goes on instead of the overview.

    Not where the plan in force is another than the one the set-up made: somebody has edited it
    since, and a set-up that went on would write over that.
    """
    draft = read_draft(home)
    if draft == Draft():
        return False
    try:
        plan = home.plan.read_bytes()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return bool(draft.applied) and draft.applied == digest(plan)
