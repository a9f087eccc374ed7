"""A place written in one line, as on the recovery sheet, and back (`Location.address`).

For whoever has no plan: `adopt` on a bare PC. Passwords are no part of an address.
"""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from core.clock import parse_stamp
from core.plan.locations import (
    SFTP_PORT,
    SMB_PORT,
    LocalLocation,
    Location,
    RcloneLocation,
    S3Location,
    SftpLocation,
    SmbLocation,
    WebdavLocation,
    WebdavVendor,
)

_SCHEME = re.compile(r"(sftp|smb|s3|https?)://", re.IGNORECASE)
_REMOTE = re.compile(r"rclone:([\w.+@][\w.+@ -]*):([^\\]*)")
_VENDORS: dict[str, WebdavVendor] = {"nextcloud": "nextcloud", "owncloud": "owncloud"}


class BadAddress(ValueError):
    """Looks like an address of a place in the network, and is none."""


def parse_address(text: str) -> Location:
    """The place an address names; what has no scheme in front is a folder of this PC.

    BadAddress when a part is missing, or a password stands in it: it would stay in the history of
    the shell.
    """
    remote = _REMOTE.fullmatch(text)
    if remote:
        return RcloneLocation(remote=remote[1], path=remote[2])
    scheme = _SCHEME.match(text)
    if not scheme:
        return LocalLocation(path=Path(text).absolute())
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress(text) from None
    if parts.password is not None or not parts.hostname:
        raise BadAddress(text)
    user = urllib.parse.unquote(parts.username or "")
    path = urllib.parse.unquote(parts.path)
    kind = scheme[1].lower()
    if ".." in path.split("/") or (not user and not kind.startswith("http")):
        raise BadAddress(text)
    match kind:
        case "sftp":
            return SftpLocation(
                host=parts.hostname,
                port=port or SFTP_PORT,
                user=user,
                path=_from_login(path),
                key_file=_key_file(parts.query),
            )
        case "smb":
            return _share(parts.hostname, port or SMB_PORT, user, path)
        case "s3":
            return _bucket(parts, user, path)
        case _:
            return _webdav(parts, user)


def _from_login(path: str) -> str:
    """`/~/laden` begins at the login's own folder."""
    if path.rstrip("/") in ("", "/~"):
        return ""
    return path.removeprefix("/~/")


def _key_file(query: str) -> Path | None:
    named = dict(urllib.parse.parse_qsl(query)).get("key_file")
    return Path(named).absolute() if named else None


def _share(host: str, port: int, user: str, path: str) -> SmbLocation:
    domain, _, name = user.rpartition(";")
    share, _, inside = path.strip("/").partition("/")
    if not share:
        raise BadAddress(path)
    return SmbLocation(host=host, port=port, share=share, user=name, domain=domain, path=inside)


def _bucket(parts: urllib.parse.SplitResult, user: str, path: str) -> S3Location:
    asked = dict(urllib.parse.parse_qsl(parts.query))
    try:
        at = parse_stamp(asked["at"]) if "at" in asked else None
    except ValueError:
        raise BadAddress(path) from None
    return S3Location(
        provider=asked.get("provider", "other"),
        endpoint=asked.get("endpoint", ""),
        region=asked.get("region", ""),
        bucket=parts.netloc.rpartition("@")[2],
        path=path.strip("/"),
        access_key=user,
        at=at,
    )


def _webdav(parts: urllib.parse.SplitResult, user: str) -> WebdavLocation:
    asked = dict(urllib.parse.parse_qsl(parts.query))
    host = parts.netloc.rpartition("@")[2]
    return WebdavLocation(
        url=f"{parts.scheme.lower()}://{host}{parts.path}".rstrip("/"),
        vendor=_VENDORS.get(asked.get("vendor", ""), guessed_vendor(parts.path)),
        user=user,
    )


def guessed_vendor(path: str) -> WebdavVendor:
    """Whose server a WebDAV address is: `/remote.php/dav/` is what Nextcloud shows its users."""
    return "nextcloud" if "/remote.php/dav/" in f"{path}/" else "other"
