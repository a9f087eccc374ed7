"""How rclone gets to a place: a typed location and what opens it become remotes.

One pure function per kind. Whatever the kind, the place itself is called `BASE` afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from core.clock import stamp
from core.destinations.stores import Knows
from core.plan.locations import (
    AccountLocation,
    FolderLocation,
    Location,
    RcloneLocation,
    S3Location,
    SftpLocation,
    SmbLocation,
    WebdavLocation,
    needs_password,
)
from core.plan.providers import Provider, providers
from core.rclone.config_file import SECTION
from core.rclone.environment import UserConfig
from core.rclone.remotes import Remote, as_folder, folder_remote, local_remote, obscure
from core.s3.place import BucketPlace

BASE = "basis"
"""What the remote is called that leads to the place."""
STORAGE = "speicher"
_OURS = frozenset(
    "shell_type disable_hashcheck set_modtime host_keys pin_host_key hide_special_share "
    "no_check_bucket object_lock_mode object_lock_retain_until_date version_at".split()
)
"""What the account or device is called that the place lies in."""


class Lock(NamedTuple):
    """What rclone locks everything with that it sends: `GOVERNANCE` or `COMPLIANCE`, its end."""

    mode: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """What opens a place: its password, how its host has to identify itself, and the lock of what
    is sent there.

    host_keys: pinned keys as `known_hosts` gives them; '' for a host that is met for the first
    time: then its key is accepted and has to be pinned by whoever opened the place.
    """

    password: str = field(default="", repr=False)
    host_keys: str = ""
    lock: Lock | None = None


def remotes_of(location: Location, access: Access) -> list[Remote]:
    """The remotes that make `BASE` lead to this place."""
    match location:
        case FolderLocation():
            return [local_remote(BASE, location.path)]
        case SftpLocation():
            return _in(_sftp(location, access), location.path)
        case SmbLocation():
            return _in(_smb(location, access), path_in(location))
        case WebdavLocation():
            return _in(_webdav(location, access), "")
        case S3Location():
            return _in(_s3(location, access), path_in(location))
        case RcloneLocation():
            return [folder_remote(BASE, over=f"{location.remote}:{location.path}")]
        case AccountLocation():  # over the configuration that only its session can open
            return [folder_remote(BASE, over=f"{SECTION}:{location.path.strip('/')}")]


def base_of(location: Location) -> str:
    """The place as the beginning of a path of rclone's, for what is laid over it.

    Not by way of `BASE`: rclone drops the slash at the end behind an alias, and without it S3 asks
    whether this is a file, and takes a refusal for a yes (RCLONE §0.11).
    """
    match location:
        case FolderLocation():
            return f"{BASE}:"
        case RcloneLocation():
            return as_folder(f"{location.remote}:{location.path}")
        case AccountLocation():
            return as_folder(f"{SECTION}:{location.path.strip('/')}")
        case _:
            return as_folder(f"{STORAGE}:{path_in(location)}")


def config_of(location: Location, access: Access) -> UserConfig | None:
    """Whose rclone.conf is needed besides; None: nobody's."""
    if not isinstance(location, RcloneLocation):
        return None
    return UserConfig(location.config, access.password)


def vouches(location: Location) -> bool:
    """Whether what was sent is compared with a digest the storage made itself (RCLONE §2.1)."""
    match location:
        case FolderLocation() | S3Location():
            return True
        case WebdavLocation():
            return location.vendor != "other"
        case _:
            return False


def path_in(location: Location) -> str:
    """The folder of this place in its storage, as rclone's path."""
    match location:
        case SftpLocation() | RcloneLocation():
            return location.path
        case SmbLocation():
            return "/".join(part for part in (location.share, location.path.strip("/")) if part)
        case S3Location():
            return "/".join(part for part in (location.bucket, location.path.strip("/")) if part)
        case AccountLocation():
            return location.path.strip("/")
        case WebdavLocation():
            return ""
        case FolderLocation():
            return str(location.path)


def by_hand(location: Location) -> dict[str, str]:
    """rclone's own options for the storage of a place, as a person types them on another PC:
    without secrets, and without what only we need. Empty where nothing has to be set up.
    """
    if isinstance(location, AccountLocation):  # rclone asks for the rest, and opens the browser
        return {"type": "drive" if location.kind == "drive" else "onedrive"}
    storage = remotes_of(location, Access())[0]
    if storage.name != STORAGE:
        return {}
    return {key: value for key, value in storage.options.items() if key not in _OURS}


def password_option(location: Location) -> str:
    """What rclone calls the secret of such a place; '' where there is none."""
    match location:
        case SftpLocation() if location.key_file is not None:
            return ""
        case S3Location():
            return "secret_access_key"
        case _:
            return "pass" if needs_password(location) else ""


def knows_of(location: Location) -> Knows:
    """What the storage of a place says is missing, where it is: a folder; in a bucket only the
    bucket; of somebody's own remote we cannot tell.
    """
    if isinstance(location, SftpLocation | SmbLocation | WebdavLocation | AccountLocation):
        return "folders"
    return "bucket" if isinstance(location, S3Location) else ""


def endpoint_of(location: S3Location, provider: Provider) -> str:
    """Where the service answers; '' where rclone knows it by itself."""
    if location.endpoint:
        return location.endpoint
    return provider.endpoint.format(region=location.region) if provider.needs_region else ""


def _in(storage: Remote, path: str) -> list[Remote]:
    return [storage, folder_remote(BASE, over=f"{STORAGE}:{path}")]


def _made(kind: str, **options: str | int | Path | None) -> Remote:
    given = {key: str(value) for key, value in options.items() if value not in ("", None)}
    return Remote(STORAGE, {"type": kind, **given})


def _secret(password: str) -> str:
    return obscure(password) if password else ""


def _sftp(location: SftpLocation, access: Access) -> Remote:
    """No shell over there: what has none (a NAS, a chroot) fails at it, and we need no digests of
    the server's (RCLONE §4).
    """
    by_key = location.key_file is not None
    return _made(
        "sftp",
        host=location.host,
        port=location.port,
        user=location.user,
        **{"key_file_pass" if by_key else "pass": _secret(access.password)},
        key_file=location.key_file,
        shell_type="none",
        disable_hashcheck="true",
        set_modtime="false",
        host_keys=access.host_keys,
        pin_host_key="" if access.host_keys else "true",
    )


def _smb(location: SmbLocation, access: Access) -> Remote:
    return _made(
        "smb",
        host=location.host,
        port=location.port,
        user=location.user,
        **{"pass": _secret(access.password)},
        domain=location.domain,
        hide_special_share="false",
    )


def _webdav(location: WebdavLocation, access: Access) -> Remote:
    return _made(
        "webdav",
        url=location.url,
        vendor=location.vendor,
        user=location.user,
        **{"pass": _secret(access.password)},
    )


def _s3(location: S3Location, access: Access) -> Remote:
    provider = providers().get(location.provider, providers()["other"])
    return _made(
        "s3",
        provider=provider.rclone,
        endpoint=endpoint_of(location, provider),
        region=location.region,
        access_key_id=location.access_key,
        secret_access_key=access.password,
        no_check_bucket="true",
        object_lock_mode=access.lock.mode if access.lock else "",
        object_lock_retain_until_date=stamp(access.lock.until) if access.lock else "",
        version_at=stamp(location.at) if location.at else "",
    )


def bucket_of(location: S3Location) -> BucketPlace:
    """Where the bucket of a place answers, as rclone reaches it: the name of the bucket stands in
    that of the host only at Amazon, and only where its certificate covers it.
    """
    provider = providers().get(location.provider, providers()["other"])
    region = location.region or "us-east-1"
    endpoint = endpoint_of(location, provider)
    by_path = bool(endpoint) or "." in location.bucket
    if not endpoint:
        ending = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        endpoint = f"s3.{region}.{ending}"
    service = endpoint if "://" in endpoint else f"https://{endpoint}"
    return BucketPlace(service.rstrip("/"), location.bucket, region, by_path)
