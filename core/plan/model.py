"""The plan as typed values: systems, destinations and the copies between them (DESIGN §4).

Everything here is a decision of the merchant. What is measured lives in `core.store`, what is
secret in `core.secrets`. All values are frozen; a changed plan is a new plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from core.errors import Code, KnownError
from core.plan.limits import Limits
from core.plan.locations import (
    AccountLocation,
    LocalLocation,
    Location,
    S3Location,
    SftpLocation,
    SmbLocation,
    folder_of_pc,
    needs_password,
)
from core.plan.providers import providers

VERSION = 1
"""The newest plan version this program understands."""


class Mode(StrEnum):
    """Who runs the system; each has rules of its own (DOMAIN A2)."""

    OWN = "own"
    SAAS = "saas"
    HOSTED = "hosted"


class DataKind(StrEnum):
    """What kinds of data a system holds (DOMAIN §7: Datenart)."""

    ORDERS = "orders"
    CUSTOMERS = "customers"
    INVOICES = "invoices"
    STOCK_MOVEMENTS = "stock_movements"
    PRODUCTS = "products"
    MAIL = "mail"
    FILES = "files"


class Medium(StrEnum):
    """Kind of device, for the 2 of 3-2-1."""

    DISK = "disk"
    NAS = "nas"
    CLOUD = "cloud"


class Site(StrEnum):
    """In the shop or out of the house, for the 1 of 3-2-1; a person's word."""

    HERE = "here"
    AWAY = "away"


class Layout(StrEnum):
    """How contents lie at a destination (DESIGN §5)."""

    TREE = "tree"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldersSource:
    """Folders of this PC. `include` empty means everything; `exclude` wins over `include`.

    canaries: canary files may be placed in them.

    `keys` says where in the plan file each path stands (for messages); it is no part of the value.
    """

    kind: Literal["folders"] = "folders"
    paths: tuple[Path, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    default_excludes: bool = True
    canaries: bool = False
    keys: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Something the shop lives on, with the most it may lose (RPO) and miss (RTO) (DOMAIN A32).

    operator: the group of companies that runs it, '' for the shop itself (DOMAIN A20). holds: what
    lies in it, as a person says.
    """

    id: str
    name: str
    mode: Mode = Mode.OWN
    rpo: timedelta = timedelta(hours=24)
    rto: timedelta = timedelta(hours=8)
    critical: bool = False
    owner: str = ""
    deputy: str = ""
    operator: str = ""
    holds: tuple[DataKind, ...] = ()
    sources: tuple[FoldersSource, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """All source folders in the order of the plan."""
        return tuple(path for source in self.sources for path in source.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place copies go to; a system's copy lies in `<place>/<system id>` (docs/format.md §1)."""

    id: str
    name: str
    medium: Medium = Medium.DISK
    site: Site = Site.HERE
    layout: Layout = Layout.TREE
    encrypted: bool = False
    offline: bool = False
    removable: bool = False
    operator: str = ""
    jurisdiction: str = ""
    location: Location

    @property
    def comes_and_goes(self) -> bool:
        """Whether it is a disk that is not always attached."""
        return (self.offline or self.removable) and folder_of_pc(self.location) is not None

    @property
    def needs_secret(self) -> bool:
        """Whether nobody gets at its copies without something from the store of secrets."""
        return (
            self.encrypted
            or needs_password(self.location)
            or isinstance(self.location, AccountLocation)
        )

    @property
    def secret(self) -> str:
        """Name of the secret with recovery lines of its own; without it those of the shop count."""
        return f"{self.id}.key"

    @property
    def password(self) -> str:
        """Name of the secret that opens the place itself, where it needs one."""
        return f"{self.id}.password"

    def folder_of(self, system: str) -> Path | None:
        """The folder of this PC that holds the copy of one system; None for places in the
        network.
        """
        folder = folder_of_pc(self.location)
        return None if folder is None else folder / system


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many states stay per day, week, month and year (DOMAIN A31)."""

    daily: int = 14
    weekly: int = 8
    monthly: int = 24
    yearly: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One system at one destination: how often, how long kept, how soon everything is re-read.

    at: the time of day at which it is due, None for the shop's closing time or midnight.
    """

    system: str
    destination: str
    every: timedelta = timedelta(days=1)
    keep: Keep = Keep()
    reread: timedelta = timedelta(days=90)
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When due copies may begin by themselves; what a person starts begins at once.

    From `opens` until `closes` they wait (`closes` None: never). Battery and line: `Limits`.
    """

    opens: time = time(6)
    closes: time | None = None


class Role(StrEnum):
    """Who is told first, and who stands in (DOMAIN §7: owner, deputy)."""

    OWNER = "owner"
    DEPUTY = "deputy"


class Security(StrEnum):
    """How a connection to a mail server is encrypted: it always is."""

    STARTTLS = "starttls"
    TLS = "tls"


class Login(StrEnum):
    """How we sign in at a mail server."""

    PASSWORD = "password"
    OAUTH = "oauth"
    NONE = "none"


class DigestDay(StrEnum):
    """When the weekly summary is sent."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is told. email: '' for a person who is only named."""

    id: str
    name: str
    email: str = ""
    role: Role = Role.OWNER
    lang: Literal["de", "en"] = "de"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """The mail server that takes our mails. sender: the address they come from."""

    host: str
    sender: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    login: Login = Login.PASSWORD

    @property
    def secret(self) -> str:
        """Name of the secret that opens the account, '' when it takes mails without one."""
        return {
            Login.PASSWORD: "smtp.password",
            Login.OAUTH: "smtp.token",
            Login.NONE: "",
        }[self.login]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """When people are told and how (issue 6).

    quiet_from, quiet_until: local times between which nobody is told, None for never.
    escalate_after: how long the owner has before the deputy is told. heartbeat: address that is
    called while all is well, '' for none. smtp: None when no mails are sent.
    """

    quiet_from: time | None = None
    quiet_until: time | None = None
    escalate_after: timedelta = timedelta(days=3)
    digest: DigestDay = DigestDay.MON
    desktop: bool = True
    heartbeat: str = ""
    smtp: Smtp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole decision. `lines`: keys to lines of the file it was read from, for messages."""

    version: int = VERSION
    shop: str = ""
    systems: tuple[System, ...]
    destinations: tuple[Destination, ...]
    copies: tuple[Copy, ...]
    limits: Limits = field(default_factory=Limits)
    schedule: Schedule = Schedule()
    people: tuple[Person, ...] = ()
    alerts: AlertSettings = AlertSettings()
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def system(self, id: str) -> System:
        """The system of this id; KnownError SYSTEM_UNKNOWN."""
        for system in self.systems:
            if system.id == id:
                return system
        raise KnownError(Code.SYSTEM_UNKNOWN, system=id)

    def destination(self, id: str) -> Destination:
        """The destination of this id; KnownError DESTINATION_UNKNOWN."""
        for destination in self.destinations:
            if destination.id == id:
                return destination
        raise KnownError(Code.DESTINATION_UNKNOWN, destination=id)

    @property
    def uncovered(self) -> tuple[System, ...]:
        """The systems nothing is copied of: their data lie only where they are."""
        copied = {copy.system for copy in self.copies}
        return tuple(system for system in self.systems if system.id not in copied)

    def copies_of(self, system: str) -> tuple[Copy, ...]:
        """The copies of one system in the order of the plan; KnownError SYSTEM_UNKNOWN."""
        self.system(system)
        return tuple(copy for copy in self.copies if copy.system == system)

    def copies_between(
        self, systems: Sequence[str] = (), destinations: Sequence[str] = ()
    ) -> tuple[Copy, ...]:
        """The copies of these systems to these destinations (none named: all), as in the plan.

        KnownError SYSTEM_UNKNOWN or DESTINATION_UNKNOWN for an id the plan does not have, and
        COPY_UNKNOWN for one that has no copy among the others named.
        """
        for system in systems:
            self.system(system)
        for destination in destinations:
            self.destination(destination)
        found = tuple(
            copy
            for copy in self.copies
            if (not systems or copy.system in systems)
            and (not destinations or copy.destination in destinations)
        )
        met = {copy.system for copy in found} | {copy.destination for copy in found}
        if any(id not in met for id in (*systems, *destinations)):
            what = " → ".join(", ".join(ids) for ids in (systems, destinations) if ids)
            known = ", ".join(f"{copy.system} → {copy.destination}" for copy in self.copies)
            raise KnownError(Code.COPY_UNKNOWN, what=what, known=known)
        return found

    def line_of(self, key: str) -> int | None:
        """The line of a key in the plan file, else of the nearest table around it."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key.rpartition(".")[0]
        return None


def default_medium(location: Location) -> Medium:
    """What a place of this kind usually is."""
    match location:
        case LocalLocation():
            return Medium.DISK
        case SftpLocation() | SmbLocation():
            return Medium.NAS
        case _:
            return Medium.CLOUD


def default_layout(location: Location, medium: Medium, *, encrypted: bool) -> Layout:
    """Trees where one can look with the Explorer; bundles where every file costs a request.

    In an encrypted copy nobody can look, and all goes through rclone file by file (DESIGN §5).
    """
    by_path = isinstance(location, LocalLocation)
    return (
        Layout.TREE
        if by_path and not encrypted and medium is not Medium.CLOUD
        else (Layout.BUNDLED)
    )


def default_operator(location: Location) -> tuple[str, str]:
    """Operator group and jurisdiction of the provider a place is at; '' where nobody knows."""
    if isinstance(location, AccountLocation):
        return ("Google", "US") if location.kind == "drive" else ("Microsoft", "US")
    if not isinstance(location, S3Location) or location.provider not in providers():
        return "", ""
    provider = providers()[location.provider]
    return provider.group, provider.seat


def default_encrypted(*, medium: Medium, site: Site, offline: bool, removable: bool) -> bool:
    """Encrypted: cloud and everything that leaves the shop; plain: fixed disk and NAS in the shop.

    DESIGN §4; REVIEW A14 counts disks that are unplugged (offline, removable) as leaving.
    """
    return medium is Medium.CLOUD or site is Site.AWAY or offline or removable


def default_every(*, offline: bool) -> timedelta:
    """Daily (DOMAIN A7); a disk that is only attached for its copy weekly (DOMAIN A8)."""
    return timedelta(days=7) if offline else timedelta(days=1)


def default_reread(medium: Medium) -> timedelta:
    """90 days on disk and NAS, 365 in metered clouds (DESIGN §4)."""
    return timedelta(days=365) if medium is Medium.CLOUD else timedelta(days=90)
