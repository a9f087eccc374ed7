"""A place in the network as a person types it in, made into a place of the set-up. Pure."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from core.plan.addresses import BadAddress, guessed_vendor, parse_address
from core.plan.locations import (
    SFTP_PORT,
    SMB_PORT,
    Location,
    S3Location,
    SftpLocation,
    SmbLocation,
    WebdavLocation,
)
from core.plan.model import default_medium
from core.plan.problems import PlanError, Problem
from core.plan.providers import providers
from core.plan.read import read_plan
from core.setup.draft import Draft, Place, carried_away, new_place_id, plan_text

_NEXTCLOUD = "remote.php/dav/files"
_HOST_AND_PORT = re.compile(r"(?P<host>[^:\s]+):(?P<port>\d{1,5})")


class FarKind(StrEnum):
    """Kinds of place in the network the set-up knows, the commonest first."""

    SMB = "smb"
    WEBDAV = "webdav"
    SFTP = "sftp"
    S3 = "s3"


class FarLack(StrEnum):
    """What is still missing in what was typed."""

    HOST = "host"
    SHARE = "share"
    USER = "user"
    URL = "url"
    BUCKET = "bucket"
    ACCESS_KEY = "access_key"
    REGION = "region"
    ENDPOINT = "endpoint"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class FarForm:
    """What was typed, field by field. is_away: it stands outside the shop."""

    kind: FarKind = FarKind.SMB
    name: str = ""
    host: str = ""
    share: str = ""
    user: str = ""
    path: str = ""
    url: str = ""
    provider: str = "other"
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    access_key: str = ""
    is_away: bool = False


def tidied(form: FarForm) -> FarForm:
    r"""The form with what people paste taken apart: `\\nas\daten`, `smb://nas/daten`, blanks."""
    words = {key: str(one).strip() for key, one in asdict(form).items() if isinstance(one, str)}
    form = FarForm(**words | {"kind": form.kind, "is_away": form.is_away})  # type: ignore[arg-type]  # by name
    if "://" in form.host:
        return _from_address(form)
    if form.kind is FarKind.SMB:
        way = form.host.replace("\\", "/").removeprefix("smb:").strip("/")
        host, _, rest = way.partition("/")
        share, _, path = rest.partition("/")
        form = replace(
            form, host=host, share=form.share or share, path=form.path.strip("/") or path.strip("/")
        )
    return form


def _from_address(form: FarForm) -> FarForm:
    """A whole address, as it stands on the recovery sheet, where the host was asked for."""
    try:
        found = parse_address(form.host)
    except BadAddress:
        return replace(form, host=form.host.partition("://")[2])
    match found:
        case SmbLocation():
            user = f"{found.domain};{found.user}" if found.domain else found.user
            return replace(
                form, kind=FarKind.SMB, host=f"{found.host}:{found.port}", share=found.share,
                user=user, path=found.path,
            )  # fmt: skip
        case SftpLocation():
            host = f"{found.host}:{found.port}"
            return replace(form, kind=FarKind.SFTP, host=host, user=found.user, path=found.path)
        case WebdavLocation():
            return replace(form, kind=FarKind.WEBDAV, url=found.url, user=found.user or form.user)
        case _:
            return form


def far_lack(form: FarForm, *, has_password: bool) -> FarLack | None:
    """The first thing that is missing; None when all is there."""
    form = tidied(form)
    provider = providers().get(form.provider)
    needed: dict[FarKind, tuple[tuple[FarLack, bool], ...]] = {
        FarKind.SMB: (
            (FarLack.HOST, bool(form.host)),
            (FarLack.SHARE, bool(form.share)),
            (FarLack.USER, bool(form.user)),
            (FarLack.PASSWORD, has_password),
        ),
        FarKind.WEBDAV: (
            (FarLack.URL, bool(form.url)),
            (FarLack.PASSWORD, has_password or not form.user),
        ),
        FarKind.SFTP: (
            (FarLack.HOST, bool(form.host)),
            (FarLack.USER, bool(form.user)),
            (FarLack.PASSWORD, has_password),
        ),
        FarKind.S3: (
            (FarLack.BUCKET, bool(form.bucket)),
            (FarLack.ENDPOINT, bool(form.endpoint or not (provider and provider.needs_endpoint))),
            (FarLack.REGION, bool(form.region or not (provider and provider.needs_region))),
            (FarLack.ACCESS_KEY, bool(form.access_key)),
            (FarLack.PASSWORD, has_password),
        ),
    }
    return next((lack for lack, is_there in needed[form.kind] if not is_there), None)


def far_location(form: FarForm) -> Location:
    """Where that is; call `far_lack` first."""
    form = tidied(form)
    match form.kind:
        case FarKind.SMB:
            host, port = _host_and_port(form.host, SMB_PORT)
            domain, _, user = form.user.replace("\\", ";").rpartition(";")
            return SmbLocation(
                host=host, port=port, share=form.share, user=user, domain=domain, path=form.path
            )
        case FarKind.SFTP:
            host, port = _host_and_port(form.host, SFTP_PORT)
            return SftpLocation(host=host, port=port, user=form.user, path=form.path)
        case FarKind.S3:
            return S3Location(
                provider=form.provider, endpoint=form.endpoint, region=form.region,
                bucket=form.bucket, path=form.path.strip("/"), access_key=form.access_key,
            )  # fmt: skip
        case FarKind.WEBDAV:
            url = _web_address(form)
            vendor = guessed_vendor(urllib.parse.urlsplit(url).path)
            return WebdavLocation(url=url, vendor=vendor, user=form.user)


def far_place(form: FarForm, places: Sequence[Place]) -> Place:
    """The place that was typed, with an id that none of the others has; encrypted by the rule."""
    location = far_location(form)
    medium = default_medium(location)
    name = form.name.strip() or _usual_name(form, location)
    place = Place(
        at=location.address, name=name, id=new_place_id(places, name), medium=medium,
    )  # fmt: skip
    return carried_away(place, away=form.is_away)


def is_usually_away(kind: FarKind) -> bool:
    """Clouds stand elsewhere; a NAS or server is asked for."""
    return kind in (FarKind.WEBDAV, FarKind.S3)


def place_problem(place: Place) -> Problem | None:
    """What a plan would say against this place; None when nothing."""
    trial = Draft(shop="x", folders=(str(Path.home()),), places=(place,))
    try:
        read_plan(plan_text(trial, "x"), source="plan.toml")
    except PlanError as error:
        return error.problems[0]
    return None


def _usual_name(form: FarForm, location: Location) -> str:
    if form.kind is FarKind.S3:
        provider = providers().get(form.provider)
        return provider.name if provider and form.provider != "other" else form.bucket
    if form.kind is FarKind.SMB:
        return f"NAS {location.host}"
    if isinstance(location, WebdavLocation) and location.vendor == "nextcloud":
        return "Nextcloud"
    return location.host


def _host_and_port(typed: str, usual: int) -> tuple[str, int]:
    found = _HOST_AND_PORT.fullmatch(typed)
    return (found["host"], int(found["port"])) if found else (typed, usual)


def _web_address(form: FarForm) -> str:
    """`cloud.laden.de` is a Nextcloud's: its address for files; a whole address stays as it is."""
    url = form.url if "://" in form.url else f"https://{form.url}"
    parts = urllib.parse.urlsplit(url)
    if parts.path.strip("/") or not form.user:
        return url.rstrip("/")
    user = urllib.parse.quote(form.user, safe="")
    return f"{url.rstrip('/')}/{_NEXTCLOUD}/{user}"
