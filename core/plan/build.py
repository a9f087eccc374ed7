"""Make the typed plan from the good keys of a file; what is not good is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from core.plan.addresses import guessed_vendor
from core.plan.keys import ACCOUNT_KINDS
from core.plan.limits import Limits, WhenMetered
from core.plan.locations import (
    AccountLocation,
    LocalLocation,
    Location,
    RcloneLocation,
    S3Location,
    SftpLocation,
    SmbLocation,
    SyncedLocation,
    WebdavLocation,
)
from core.plan.model import (
    VERSION,
    AlertSettings,
    Copy,
    DataKind,
    Destination,
    DigestDay,
    FoldersSource,
    Keep,
    Layout,
    Login,
    Medium,
    Mode,
    Person,
    Plan,
    Role,
    Schedule,
    Security,
    Site,
    Smtp,
    System,
    default_encrypted,
    default_every,
    default_layout,
    default_medium,
    default_operator,
    default_reread,
)
from core.plan.walk import Walk


def build(good: Mapping[str, Any], walk: Walk) -> Plan:
    """The plan of all usable parts; equal to the whole plan when nothing was wrong."""
    systems: dict[str, System] = {}
    for number, item in good.get("systems", ()):
        if "id" in item and item["id"] not in systems:
            key = walk.key_text(("systems", number))
            systems[item["id"]] = _system(item, key)
    destinations: dict[str, Destination] = {}
    for _, item in good.get("destinations", ()):
        location = location_of(item.get("location", {}))
        if "id" in item and location is not None:
            destinations.setdefault(item["id"], _destination(item, location))
    copies: dict[tuple[str, str], Copy] = {}
    for _, item in good.get("copies", ()):
        if item.get("system") in systems and item.get("destination") in destinations:
            copy = _copy(item, destinations[item["destination"]])
            copies.setdefault((copy.system, copy.destination), copy)
    people: dict[str, Person] = {}
    for _, item in good.get("people", ()):
        if "id" in item:
            people.setdefault(item["id"], _person(item))
    return Plan(
        version=VERSION,
        shop=good.get("shop", ""),
        systems=tuple(systems.values()),
        destinations=tuple(destinations.values()),
        copies=tuple(copies.values()),
        limits=_limits(good.get("limits", {})),
        schedule=Schedule(**good.get("schedule", {})),
        people=tuple(people.values()),
        alerts=_alerts(good.get("alerts", {})),
        lines=walk.lines(),
    )


def _system(item: Mapping[str, Any], key: str) -> System:
    sources = tuple(
        _source(source, f"{key}.sources[{number + 1}]")
        for number, source in item.get("sources", ())
    )
    return System(
        id=item["id"],
        name=item.get("name") or item["id"],
        mode=Mode(item.get("mode", Mode.OWN)),
        holds=tuple(dict.fromkeys(DataKind(kind) for _, kind in item.get("holds", ()))),
        sources=tuple(source for source in sources if source.paths),
        **_given(item, "rpo", "rto", "critical", "owner", "deputy", "operator"),
    )


def _source(item: Mapping[str, Any], key: str) -> FoldersSource:
    paths = item.get("paths", ())
    return FoldersSource(
        paths=tuple(path for _, path in paths),
        include=tuple(pattern for _, pattern in item.get("include", ())),
        exclude=tuple(pattern for _, pattern in item.get("exclude", ())),
        keys=tuple(f"{key}.paths[{number + 1}]" for number, _ in paths),
        **_given(item, "default_excludes", "canaries"),
    )


def location_of(item: Mapping[str, Any]) -> Location | None:
    """The place of a destination; None when what it needs is missing or not good."""
    name = item.get("kind", "local")
    if name in ACCOUNT_KINDS:
        return AccountLocation(**item) if "account" in item else None
    given = {key: value for key, value in item.items() if key != "kind"}
    kind = _KINDS[name]
    if kind is WebdavLocation and "url" in given:
        given.setdefault("vendor", guessed_vendor(given["url"]))
    needed = {f.name for f in fields(kind) if f.default is MISSING}
    return kind(**given) if needed <= given.keys() else None


_KINDS: dict[str, type[Location]] = {
    "local": LocalLocation,
    "synced-folder": SyncedLocation,
    "sftp": SftpLocation,
    "smb": SmbLocation,
    "webdav": WebdavLocation,
    "s3": S3Location,
    "rclone": RcloneLocation,
}


def _destination(item: Mapping[str, Any], location: Location) -> Destination:
    medium = Medium(item.get("medium", default_medium(location)))
    operator, jurisdiction = default_operator(location)
    site = Site(item.get("site", Site.HERE))
    offline, removable = item.get("offline", False), item.get("removable", False)
    usual = default_encrypted(medium=medium, site=site, offline=offline, removable=removable)
    encrypted: bool = item.get("encrypted", usual)
    return Destination(
        id=item["id"],
        name=item.get("name") or item["id"],
        medium=medium,
        site=site,
        layout=Layout(item.get("layout", default_layout(location, medium, encrypted=encrypted))),
        encrypted=encrypted,
        offline=offline,
        removable=removable,
        location=location,
        operator=item.get("operator", operator),
        jurisdiction=item.get("jurisdiction", jurisdiction),
    )


def _copy(item: Mapping[str, Any], destination: Destination) -> Copy:
    keep = item.get("keep")
    return Copy(
        system=item["system"],
        destination=item["destination"],
        every=item.get("every", default_every(offline=destination.offline)),
        keep=Keep() if not keep else _keep(keep),
        reread=item.get("reread", default_reread(destination.medium)),
        at=item.get("at"),
    )


def _limits(item: Mapping[str, Any]) -> Limits:
    upload = item.get("upload")
    return Limits(
        working_hours=tuple(hours for _, hours in item.get("working_hours", ())),
        upload=upload,
        upload_working_hours=item.get("upload_working_hours", upload),
        metered=WhenMetered(item.get("metered", WhenMetered.WAIT)),
        **_given(item, "battery_least"),
    )


def _keep(item: Mapping[str, Any]) -> Keep:
    """What a given `keep` does not name is not kept."""
    return Keep(
        daily=item.get("daily", 0),
        weekly=item.get("weekly", 0),
        monthly=item.get("monthly", 0),
        yearly=item.get("yearly", 0),
    )


def _person(item: Mapping[str, Any]) -> Person:
    return Person(
        id=item["id"],
        name=item.get("name") or item["id"],
        role=Role(item.get("role", Role.OWNER)),
        **_given(item, "email", "lang"),
    )


def _alerts(item: Mapping[str, Any]) -> AlertSettings:
    smtp = item.get("smtp", {})
    return AlertSettings(
        digest=DigestDay(item.get("digest", DigestDay.MON)),
        smtp=_smtp(smtp) if {"host", "sender"} <= smtp.keys() else None,
        **_given(item, "quiet_from", "quiet_until", "escalate_after", "desktop", "heartbeat"),
    )


def _smtp(item: Mapping[str, Any]) -> Smtp:
    security = Security(item.get("security", Security.STARTTLS))
    return Smtp(
        host=item["host"],
        sender=item["sender"],
        port=item.get("port", 465 if security is Security.TLS else 587),
        security=security,
        user=item.get("user") or item["sender"],
        login=Login(item.get("login", Login.PASSWORD)),
    )


def _given(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: item[name] for name in names if name in item}
