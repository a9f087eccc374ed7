"""Where a destination lies: one typed value for each kind of place.

What is secret is no part of it. A place in the network is reached with the secret
`<destination>.password`, which lies in our store of secrets.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from core.clock import stamp

SFTP_PORT = 22
SMB_PORT = 445
LOCK_SHORTEST = timedelta(days=1)
LOCK_LONGEST = timedelta(days=366)
"""Above it a slip of the pen would be paid for years, and personal data could not be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLocation:
    """A folder of this PC."""

    path: Path

    @property
    def address(self) -> str:
        return str(self.path)

    @property
    def host(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLocation(FolderLocation):
    """A folder this PC reaches by path: a disk, or a share that is mounted."""

    kind: Literal["local"] = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedLocation(FolderLocation):
    """A folder of this PC that a sync program carries to a cloud (iCloud Drive, OneDrive …)."""

    kind: Literal["synced-folder"] = "synced-folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpLocation:
    """A folder on a server reached over SSH; `path` without a leading `/` begins at the login's."""

    kind: Literal["sftp"] = "sftp"
    host: str
    port: int = SFTP_PORT
    user: str
    path: str = ""
    key_file: Path | None = None

    @property
    def address(self) -> str:
        """`sftp://anna@nas:2222/volume1/laden`, from the login's own folder on `/~/laden`."""
        path = self.path if self.path.startswith("/") else f"/~/{self.path}"
        place = f"{_user(self.user)}{_host(self.host, self.port, SFTP_PORT)}{_path(path)}"
        key = f"?{urllib.parse.urlencode({'key_file': self.key_file})}" if self.key_file else ""
        return f"sftp://{place}{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmbLocation:
    """A folder in a share of a NAS or Windows PC, reached by rclone's own client."""

    kind: Literal["smb"] = "smb"
    host: str
    port: int = SMB_PORT
    share: str
    user: str
    domain: str = ""
    path: str = ""

    @property
    def address(self) -> str:
        """`smb://WERKSTATT;anna@nas/freigabe/laden`."""
        user = f"{self.domain};{self.user}" if self.domain else self.user
        place = "/".join(part for part in ("", self.share, self.path.strip("/")) if part)
        return f"smb://{_user(user)}{_host(self.host, self.port, SMB_PORT)}/{_path(place)}"


WebdavVendor: TypeAlias = Literal["nextcloud", "owncloud", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebdavLocation:
    """A folder on a WebDAV server. `url` holds the whole way there, and no login."""

    kind: Literal["webdav"] = "webdav"
    url: str
    vendor: WebdavVendor = "other"
    user: str = ""

    @property
    def address(self) -> str:
        """`https://anna@cloud.example.de/remote.php/dav/files/anna?vendor=nextcloud`."""
        scheme, _, rest = self.url.partition("://")
        vendor = "" if self.vendor == "other" else f"?vendor={self.vendor}"
        return f"{scheme}://{_user(self.user)}{rest.rstrip('/')}{vendor}"

    @property
    def host(self) -> str:
        return (urllib.parse.urlsplit(self.url).hostname or "").lower()


LockMode: TypeAlias = Literal["governance", "compliance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Location:
    """A folder in a bucket. `provider`: its id in resources/catalogue/storage.toml, or `other`.

    lock: for how long nobody can delete a state, None for no lock; lock_mode: whether somebody with
    a special right still can. at: the bucket as it was then, only to be read; None for as it is.
    """

    kind: Literal["s3"] = "s3"
    provider: str = "other"
    endpoint: str = ""
    region: str = ""
    bucket: str
    path: str = ""
    access_key: str
    lock: timedelta | None = None
    lock_mode: LockMode = "governance"
    at: datetime | None = None

    @property
    def address(self) -> str:
        """`s3://KENNUNG@eimer/laden?provider=hetzner&region=fsn1`."""
        place = "/".join(part for part in (self.bucket, self.path.strip("/")) if part)
        given = {"provider": self.provider, "region": self.region, "endpoint": self.endpoint}
        given["at"] = stamp(self.at) if self.at else ""
        query = urllib.parse.urlencode({key: value for key, value in given.items() if value})
        return f"s3://{_user(self.access_key)}{_path(place)}?{query}"

    @property
    def host(self) -> str:
        """Where it answers; the provider where the address follows from provider and region."""
        if not self.endpoint:
            return self.provider
        url = self.endpoint if "://" in self.endpoint else f"https://{self.endpoint}"
        return (urllib.parse.urlsplit(url).hostname or "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class RcloneLocation:
    """A folder behind a remote that somebody set up in rclone itself.

    `config` is the rclone.conf that holds it, None for rclone's usual one. Its password, where it
    has one, is the secret `<destination>.password`.
    """

    kind: Literal["rclone"] = "rclone"
    remote: str
    path: str = ""
    config: Path | None = None

    @property
    def address(self) -> str:
        """`rclone:remote:laden`."""
        return f"rclone:{self.remote}:{self.path}"

    @property
    def host(self) -> str:
        return ""


AccountKind: TypeAlias = Literal["onedrive", "sharepoint", "drive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLocation:
    """A folder in a cloud one signs in to with a browser; `account` as in `account add`."""

    kind: AccountKind
    account: str
    path: str = ""

    @property
    def address(self) -> str:
        """`onedrive:laden/Sicherung`."""
        return f"{self.kind}:{self.account}/{self.path.strip('/')}"

    @property
    def host(self) -> str:
        """The service, as its name is known."""
        return self.kind


Location: TypeAlias = (
    LocalLocation
    | SyncedLocation
    | SftpLocation
    | SmbLocation
    | WebdavLocation
    | S3Location
    | RcloneLocation
    | AccountLocation
)
Remote: TypeAlias = (
    SftpLocation | SmbLocation | WebdavLocation | S3Location | RcloneLocation | AccountLocation
)
"""A place that is no folder of this PC."""


def folder_of_pc(location: Location) -> Path | None:
    """The folder of this PC that this place is; None for places in the network."""
    return location.path if isinstance(location, FolderLocation) else None


def needs_password(location: Location) -> bool:
    """Whether nobody gets in there without the secret `<destination>.password`."""
    match location:
        case SftpLocation():
            return location.key_file is None
        case WebdavLocation():
            return bool(location.user)
        case SmbLocation() | S3Location():
            return True
        case _:
            return False


def steps_to(location: Location) -> tuple[str, ...]:
    """The way to a place in the network, step by step: one lies in the other when the other's way
    is how its own begins.
    """
    match location:
        case SftpLocation():
            top = "" if location.path.startswith("/") else f"~{location.user}"
            return (f"sftp:{location.host.lower()}:{location.port}", top, *_parts(location.path))
        case SmbLocation():
            host = f"smb:{location.host.lower()}:{location.port}"
            return (host, location.share.lower(), *_parts(location.path.lower()))
        case WebdavLocation():
            parts = urllib.parse.urlsplit(location.url)
            return (f"webdav:{parts.netloc.lower()}", location.user, *_parts(parts.path))
        case S3Location():
            return (f"s3:{location.host}", location.bucket, *_parts(location.path))
        case RcloneLocation():
            return (f"rclone:{location.config or ''}:{location.remote}", *_parts(location.path))
        case AccountLocation():
            return (f"account:{location.account}", *_parts(location.path.lower()))
        case _:
            raise ValueError("a folder of this PC has a path")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _user(user: str) -> str:
    return f"{urllib.parse.quote(user, safe=';')}@" if user else ""


def _host(host: str, port: int, usual: int) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return shown if port == usual else f"{shown}:{port}"


def _path(path: str) -> str:
    return urllib.parse.quote(path, safe="/~")
