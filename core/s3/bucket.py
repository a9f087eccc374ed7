"""One bucket over its own protocol: the few requests that rclone does not make.

Certificates are always checked. Proxies are those of the environment, as for rclone. Requests that
broke off or met an overloaded service are repeated by `urllib3`, and all of them may be.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import urllib3
from urllib3 import exceptions as broken
from urllib3.util import Retry, Timeout

from core import VERSION
from core.clock import Clock
from core.errors import Code, KnownError
from core.rclone.errors import clean, code_of
from core.s3 import answers
from core.s3.answers import LockSettings, Refused, Retention, Version
from core.s3.place import BucketPlace
from core.s3.signing import Credentials, query_text, quoted, signed_headers

CONNECTIONS = 8
"""How many requests may be under way at once."""
_MOST_BYTES = 16 * 1024**2
_AT_ONCE = 1000  # versions in one answer, and in one deletion
_TIMEOUT = Timeout(connect=15.0, read=60.0)
_RETRIES = Retry(
    total=4,
    connect=1,
    other=0,  # a certificate does not get better
    backoff_factor=0.5,
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=None,
    redirect=0,
    raise_on_status=False,
    raise_on_redirect=False,
)
_FAILURES: tuple[tuple[type[Exception], Code], ...] = (
    (broken.NameResolutionError, Code.REMOTE_OFFLINE),
    (broken.SSLError, Code.REMOTE_CERTIFICATE),
    (broken.NewConnectionError, Code.REMOTE_UNREACHABLE),  # a kind of TimeoutError there
    (broken.ProxyError, Code.REMOTE_UNREACHABLE),
    (broken.TimeoutError, Code.REMOTE_TIMED_OUT),
    (broken.ProtocolError, Code.REMOTE_CUT_OFF),
)
_Given = TypeVar("_Given")
_Result = TypeVar("_Result")
_NO_LOCKS = (
    *("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"),
    *("NotImplemented", "MethodNotAllowed"),
)


class _Answer(NamedTuple):
    status: int
    data: bytes
    headers: Mapping[str, str]


class Bucket:
    """A bucket and who asks it. Calls may come from several threads; end it with `close`.

    destination and address name it in messages. Failures are `KnownError` with the codes of
    `core.rclone.errors`.
    """

    def __init__(
        self,
        place: BucketPlace,
        credentials: Credentials,
        clock: Clock,
        *,
        destination: str,
        address: str,
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._clock = clock
        self._where = {"destination": destination, "path": address}
        self._pool = _pool(place.origin)
        self._host = urllib.parse.urlsplit(place.origin).netloc
        self.ahead = timedelta(0)
        """How far the clock of the service was ahead of ours at its last answer."""

    def close(self) -> None:
        """Let go of the connections."""
        for key in self._pool.pools.keys():  # noqa: SIM118 - it is no dict
            self._pool.pools[key].close()  # `clear` alone leaves them to the garbage collector
        self._pool.clear()

    # -- what the bucket is -----------------------------------------------------------------------

    def lock_settings(self) -> LockSettings:
        """Whether it locks objects at all, and what it locks by itself."""
        answer = self._ask("GET", "", (("object-lock", ""),), quiet=(400, 404, 405, 501))
        if answer.status == 200:
            return self._read(answers.lock_settings, answer.data)
        if answers.failure(answer.data).code in _NO_LOCKS:
            return LockSettings(enabled=False)
        raise self._refusal(answer)

    def is_versioned(self) -> bool:
        """Whether it keeps what is overwritten or deleted."""
        answer = self._ask("GET", "", (("versioning", ""),), quiet=(405, 501))
        return answer.status == 200 and self._read(answers.is_versioned, answer.data)

    def versions(self, prefix: str) -> Iterator[Version]:
        """All versions and delete markers whose keys begin so; of a key the newest first."""
        after: tuple[str, str] | None = ("", "")
        last: list[Version] = []
        while after is not None:
            query = [("versions", ""), ("prefix", prefix), ("encoding-type", "url")]
            query += [("max-keys", str(_AT_ONCE))]
            query += [("key-marker", after[0])] if after[0] else []
            query += [("version-id-marker", after[1])] if after[1] else []
            page = self._read(answers.versions_page, self._ask("GET", "", query).data)
            found = [*last, *page.versions]
            found.sort(key=lambda one: (one.key, not one.newest, -one.modified.timestamp()))
            # Some tell markers apart from versions; the rest of a key may stand on the next page.
            last = [one for one in found if page.after and one.key == found[-1].key]
            yield from found[: len(found) - len(last)]
            if page.after == after:
                raise self._portal()  # it would go on for ever
            after = page.after

    # -- one version ------------------------------------------------------------------------------

    def retention(self, key: str, version: str = "") -> Retention | None:
        """The lock of a version (of the newest without one); None when it has none, or the login
        may not see locks (`s3:GetObjectRetention`).

        FileNotFoundError when it is not there.
        """
        answer = self._ask(
            "HEAD", key, (("versionId", version),) if version else (), quiet=(404, 405)
        )
        if answer.status != 200:  # 405: it is a delete marker
            raise FileNotFoundError(key)
        mode = answer.headers.get("x-amz-object-lock-mode", "")
        until = answer.headers.get("x-amz-object-lock-retain-until-date", "")
        if not until:
            return None
        return Retention(mode, self._read(answers.moment, until))

    def lock(self, key: str, version: str, mode: str, until: datetime) -> None:
        """Lock a version until then; a lock that ends later must not be shortened so.

        FileNotFoundError when it is not there.
        """
        body = answers.retention_body(mode, until)
        query = [("retention", "")] + ([("versionId", version)] if version else [])
        answer = self._ask("PUT", key, query, body, quiet=(404, 405))
        if answer.status in (404, 405):
            if answers.failure(answer.data).code == "NoSuchBucket":
                raise self._refusal(answer)
            raise FileNotFoundError(key)

    def copy(self, key: str, version: str) -> None:
        """Make an older version the newest again, by a copy within the service; it has no lock.

        FileNotFoundError when it is not there.
        """
        source = f"/{quoted(self._place.bucket)}/{quoted(key, safe='/')}"
        headers = {"x-amz-copy-source": f"{source}?versionId={quoted(version)}"}
        answer = self._ask("PUT", key, (), headers=headers, quiet=(404,))
        if answer.status == 404:
            raise FileNotFoundError(key)
        if answers.failure(answer.data).code:  # it may say 200 before it begins to copy
            raise self._refusal(answer)

    def delete(self, versions: Sequence[tuple[str, str]]) -> list[Refused]:
        """Delete versions and delete markers, (key, version), for ever; those that were refused."""
        left: list[Refused] = []
        for at in range(0, len(versions), _AT_ONCE):
            body = answers.delete_body(versions[at : at + _AT_ONCE])
            answer = self._ask("POST", "", (("delete", ""),), body)
            left += self._read(answers.refused, answer.data)
        return left

    # -- asking -----------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        key: str,
        query: Sequence[tuple[str, str]],
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        quiet: Sequence[int] = (),
    ) -> _Answer:
        """An answer; statuses other than 200, 204 and `quiet` raise."""
        given = {"User-Agent": f"Ladentresor/{VERSION}", **(headers or {})}
        if body:  # required with locks and deletions; a checksum, no secret depends on it
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            given["Content-MD5"] = base64.b64encode(digest).decode()
            given["Content-Type"] = "application/xml"
        path = self._place.path(key)
        signed = signed_headers(
            method,
            self._host,
            path,
            query,
            given,
            body,
            credentials=self._credentials,
            region=self._place.region,
            now=self._clock.now(),
        )
        asked = f"{self._place.origin}{path}" + (f"?{query_text(query)}" if query else "")
        try:
            answer = self._pool.request(
                method, asked, headers=signed, body=body, preload_content=False, redirect=False
            )
            with contextlib.closing(answer):
                data = answer.read(_MOST_BYTES + 1, decode_content=True)
                answer.drain_conn()
        except broken.HTTPError as error:
            raise self._broken(error) from error
        if len(data) > _MOST_BYTES:
            raise self._portal()
        self._note_clock(answer.headers.get("Date", ""))
        found = _Answer(answer.status, data, answer.headers)
        if answer.status in (200, 204, *quiet):
            return found
        raise self._refusal(found)

    def _note_clock(self, date: str) -> None:
        try:
            there = parsedate_to_datetime(date)
        except ValueError:
            return
        if there.tzinfo is not None:
            self.ahead = there - self._clock.now()

    def _read(self, read: Callable[[_Given], _Result], data: _Given) -> _Result:
        try:
            return read(data)
        except ValueError:
            raise self._portal() from None

    def _portal(self) -> KnownError:
        return KnownError(Code.REMOTE_PORTAL, **self._where, cause="")

    def _refusal(self, answer: _Answer) -> KnownError:
        status = answer.status
        code, message = answers.failure(answer.data)
        if not code and status < 400:  # sent elsewhere, and not by a service that speaks S3
            return self._portal()
        said = f"{code}: {message}"
        found = code_of(said) or code_of(str(status)) or Code.REMOTE_FAILED
        cause = clean(f"{said} ({status})" if code else str(status), (self._credentials.secret,))
        return KnownError(found, **self._where, cause=cause)

    def _broken(self, error: broken.HTTPError) -> KnownError:
        reason: BaseException | None = error
        if isinstance(error, broken.MaxRetryError):
            reason = error.reason
        known = (code for kind, code in _FAILURES if isinstance(reason, kind))
        code = next(known, Code.REMOTE_CUT_OFF)
        cause = clean(str(reason).rpartition("object at ")[2], (self._credentials.secret,))
        return KnownError(code, **self._where, cause=cause)


def _pool(origin: str) -> urllib3.PoolManager:
    """Connections to a service, by way of the proxy the environment names for it."""
    parts = urllib.parse.urlsplit(origin)
    settings: dict[str, Any] = {
        "maxsize": CONNECTIONS,
        "block": True,
        "timeout": _TIMEOUT,
        "retries": _RETRIES,
        "ssl_context": ssl.create_default_context(),
    }
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return urllib3.PoolManager(**settings)
    login = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    host = login.netloc.rpartition("@")[2]
    headers = None
    if login.username is not None:
        user = urllib.parse.unquote(login.username)
        password = urllib.parse.unquote(login.password or "")
        headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}")
    return urllib3.ProxyManager(f"{login.scheme}://{host}", proxy_headers=headers, **settings)
