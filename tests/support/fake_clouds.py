"""Microsoft's and Google's sign-in and storage, as far as rclone asks for them, on loopback.

rclone knows the vendors' addresses by heart. So this is a proxy: rclone is told by HTTPS_PROXY to
reach everybody through it, and trusts the authority that signs its certificates (SSL_CERT_FILE).
It hands nothing on: whoever is asked for, it answers itself, and strangers get 502.

Faithful in what matters here: one-time codes, access tokens that expire, refresh tokens that rotate
or are revoked, refused consent, names without regard to case, quota, 429 with Retry-After.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import ipaddress
import itertools
import json
import re
import secrets
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MICROSOFT = ("login.microsoftonline.com", "graph.microsoft.com")
GOOGLE = ("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com")
FOLDER = "application/vnd.google-apps.folder"


@dataclass
class Item:
    """A file (bytes) or a folder (None) in a drive."""

    id: str
    name: str
    parent: str
    data: bytes | None
    modified: str


@dataclass
class Cloud:
    """The vendor's side; tests turn its knobs."""

    consent: bool = True
    """what the person says in the browser"""
    lasts: int = 3600
    """seconds an access token is good for"""
    revoked: bool = False
    """whether refresh tokens are refused from now on (invalid_grant)"""
    client_id: str = ""
    client_secret: str = ""
    """what a client must name; '' takes any"""
    drives: tuple[tuple[str, str], ...] = (("drive-eins", "OneDrive"),)
    quota: int = 5_000_000
    busy: int = 0
    """so many further requests for files are answered 429"""
    retry_after: int = 1
    items: dict[str, Item] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refreshed: int = 0
    secrets: set[str] = field(default_factory=set)
    """every token and code ever given out: none of them may lie about anywhere"""

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._codes: dict[str, str] = {}
        self._access: dict[str, float] = {}
        self._refresh: set[str] = set()
        self._uploads: dict[str, dict[str, Any]] = {}
        for id, _ in self.drives:
            self.items[f"root-{id}"] = Item(f"root-{id}", "root", "", None, _now())
        self.items["root"] = Item("root", "root", "", None, _now())

    # -- sign-in ----------------------------------------------------------------------------------

    def code(self, client: str) -> str:
        made = self._secret("code")
        self._codes[made] = client
        return made

    def _secret(self, kind: str) -> str:
        made = f"{kind}-{secrets.token_urlsafe(24)}"
        self.secrets.add(made)
        return made

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            if self.client_secret and form.get("client_secret") != self.client_secret:
                return 401, {"error": "invalid_client", "error_description": "no such client"}
            if form.get("grant_type") == "authorization_code":
                if self._codes.pop(form.get("code", ""), None) is None:
                    return 400, {"error": "invalid_grant", "error_description": "used code"}
            elif self.revoked or form.get("refresh_token") not in self._refresh:
                return 400, {"error": "invalid_grant", "error_description": "revoked"}
            else:
                self.refreshed += 1
                self._refresh.discard(form["refresh_token"])  # each is good for one time
            access, refresh = self._secret("access"), self._secret("refresh")
            self._access[access] = time.monotonic() + self.lasts
            self._refresh.add(refresh)
            return 200, {
                "token_type": "Bearer",
                "access_token": access,
                "refresh_token": refresh,
                "expires_in": self.lasts,
            }

    def knows(self, authorization: str) -> bool:
        access = authorization.removeprefix("Bearer ")
        return self._access.get(access, 0.0) > time.monotonic()

    # -- files ------------------------------------------------------------------------------------

    def child(self, parent: str, name: str) -> Item | None:
        wanted = name.casefold()
        for item in self.items.values():
            if item.parent == parent and item.name.casefold() == wanted:
                return item
        return None

    def children(self, parent: str) -> list[Item]:
        return [item for item in self.items.values() if item.parent == parent]

    def walk(self, start: str, path: str) -> Item | None:
        item = self.items.get(start)
        for part in filter(None, path.split("/")):
            item = self.child(item.id, part) if item else None
        return item

    def put(self, parent: str, name: str, data: bytes | None, *, twin: bool = False) -> Item:
        there = None if twin else self.child(parent, name)
        if there is not None:
            there.data, there.modified = data, _now()
            return there
        made = Item(f"id-{next(self._numbers)}", name, parent, data, _now())
        self.items[made.id] = made
        return made

    def remove(self, id: str) -> None:
        for one in self.children(id):
            self.remove(one.id)
        self.items.pop(id, None)

    def used(self) -> int:
        return sum(len(item.data or b"") for item in self.items.values())

    def files(self) -> dict[str, bytes]:
        """Path → bytes of all files of all drives."""
        return {
            self._path(item): item.data for item in self.items.values() if item.data is not None
        }

    def _path(self, item: Item) -> str:
        above = self.items.get(item.parent)
        return (
            item.name if above is None or not above.parent else f"{self._path(above)}/{item.name}"
        )


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")  # noqa: TID251


class _Answers(BaseHTTPRequestHandler):
    """What is asked inside the tunnel."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: object = None, **headers: str) -> None:
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        self.send_response(status)
        if not isinstance(body, bytes) and data:
            self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _ranged(self, data: bytes) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not found:
            self._send(200, data)
            return
        start, end = int(found[1]), int(found[2] or len(data) - 1)
        part = data[start : end + 1]
        if not part:
            self._send(416, {"error": {"code": "invalidRange", "message": "range"}})
            return
        where = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
        self._send(206, part, Content_Range=where)

    def answer(self) -> None:
        cloud, host = self.server.cloud, self.headers.get("Host", "").partition(":")[0]
        split = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
        body = self._body()
        path = urllib.parse.unquote(split.path)
        with cloud.lock:
            cloud.asked.append(f"{self.command} {host}{path}")
            if path.endswith("/token"):
                status, said = cloud.token(dict(urllib.parse.parse_qsl(body.decode())))
                self._send(status, said)
            elif host in (MICROSOFT[0], GOOGLE[0]):
                self._consent(query)
            elif host == "upload.example":
                _Graph(self, cloud).part(path, body)
            elif not cloud.knows(self.headers.get("Authorization", "")):
                said = {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}}
                self._send(401, said, Www_Authenticate='Bearer error="invalid_token"')
            elif cloud.busy > 0:
                cloud.busy -= 1
                self._send(429, _busy(host), Retry_After=str(cloud.retry_after))
            elif host == MICROSOFT[1]:
                _Graph(self, cloud).answer(path.removeprefix("/v1.0"), query, body)
            else:
                _Drive(self, cloud).answer(path, query, body)

    def _consent(self, query: Mapping[str, str]) -> None:
        cloud = self.server.cloud
        back = query["redirect_uri"]
        said = {"state": query["state"]}
        if cloud.consent:
            said["code"] = cloud.code(query["client_id"])
        else:
            said |= {"error": "access_denied", "error_description": "The user said no"}
        self._send(302, None, Location=f"{back}?{urllib.parse.urlencode(said)}")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815


def _busy(host: str) -> dict[str, Any]:
    said = "Too Many Requests"
    if host == MICROSOFT[1]:
        return {"error": {"code": "activityLimitReached", "message": said}}
    errors = [{"domain": "usageLimits", "reason": "rateLimitExceeded", "message": said}]
    return {"error": {"code": 429, "message": said, "errors": errors}}


class _Graph:
    """Microsoft Graph: drives and their items."""

    def __init__(self, asked: _Answers, cloud: Cloud) -> None:
        self._asked = asked
        self._cloud = cloud

    def answer(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        drives = [self._drive(id) for id, _ in cloud.drives]
        if path in ("/me/drives", "/me/drive"):
            asked._send(200, {"value": drives} if path.endswith("s") else drives[0])
            return
        if path.startswith("/sites/"):
            self._site(path)
            return
        found = re.fullmatch(r"/drives/([^/]+)(/.*)?", path)
        if not found or found[1] not in dict(cloud.drives):
            asked._send(404, _gone())
        elif not found[2]:
            asked._send(200, self._drive(found[1]))
        else:
            self._item(found[1], found[2], body)

    def _site(self, path: str) -> None:
        """`/sites/host:/sites/laden:` is looked up, `/sites/ID/drives` are its libraries."""
        if path.endswith("/drives"):
            drives = [self._drive(id) for id, _ in self._cloud.drives]
            self._asked._send(200, {"value": drives})
        elif "/sites/laden" in path:
            self._asked._send(200, {"id": "seite-1", "displayName": "Laden", "webUrl": "https://x"})
        else:
            self._asked._send(404, _gone())

    def _drive(self, id: str) -> dict[str, Any]:
        cloud = self._cloud
        quota = {
            "total": cloud.quota,
            "used": cloud.used(),
            "remaining": cloud.quota - cloud.used(),
            "deleted": 0,
            "state": "normal",
        }
        name = dict(cloud.drives)[id]
        return {"id": id, "name": name, "driveType": "business", "quota": quota}

    def _item(self, drive: str, rest: str, body: bytes) -> None:  # noqa: C901 - one line per verb
        cloud, asked = self._cloud, self._asked
        found = re.fullmatch(r"/(root|items/([^/:]+))(?::/?([^:]*)(?::|$))?(/[A-Za-z]+)?", rest)
        if not found:
            asked._send(400, {"error": {"code": "invalidRequest", "message": rest}})
            return
        start = found[2].rpartition("#")[2].rpartition("!")[2] if found[2] else f"root-{drive}"
        path, tail = found[3] or "", found[4] or ""
        item = cloud.walk(start, path)
        asks = asked.command
        if asks in ("PUT", "POST") and tail in ("/content", "/createUploadSession"):
            self._write(drive, start, path, tail, body)
        elif item is None:
            asked._send(404, _gone())
        elif asks == "GET" and tail == "/children":
            asked._send(
                200, {"value": [self._shown(drive, one) for one in cloud.children(item.id)]}
            )
        elif asks == "GET" and tail == "/content":
            asked._ranged(item.data or b"")
        elif asks == "GET":
            asked._send(200, self._shown(drive, item))
        elif asks == "POST" and tail == "/children":
            wish = json.loads(body)
            if cloud.child(item.id, wish["name"]):
                asked._send(409, {"error": {"code": "nameAlreadyExists", "message": "exists"}})
            else:
                asked._send(201, self._shown(drive, cloud.put(item.id, wish["name"], None)))
        elif asks == "PATCH":
            wish = json.loads(body)
            item.name = wish.get("name", item.name)
            item.parent = wish.get("parentReference", {}).get("id", item.parent)
            item.modified = wish.get("fileSystemInfo", {}).get(
                "lastModifiedDateTime", item.modified
            )
            asked._send(200, self._shown(drive, item))
        elif asks == "DELETE":
            cloud.remove(item.id)
            asked._send(204)
        else:
            asked._send(400, {"error": {"code": "invalidRequest", "message": rest}})

    def _change(self, item: Item, wish: Mapping[str, Any]) -> None:
        item.name = wish.get("name", item.name)
        item.parent = wish.get("parentReference", {}).get("id", item.parent)
        times = wish.get("fileSystemInfo", {})
        item.modified = times.get("lastModifiedDateTime", item.modified)

    def _write(self, drive: str, start: str, path: str, tail: str, body: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        above, _, name = path.rpartition("/")
        parent = cloud.walk(start, above) if name else None
        if parent is None:  # an existing item named by its id
            item = cloud.items.get(start)
            if item is None:
                asked._send(404, _gone())
                return
            parent, name = cloud.items[item.parent], item.name
        if tail == "/createUploadSession":
            key = secrets.token_hex(8)
            cloud._uploads[key] = {"drive": drive, "parent": parent.id, "name": name, "data": b""}
            asked._send(
                200, {"uploadUrl": f"https://upload.example/{key}", "nextExpectedRanges": ["0-"]}
            )
        elif cloud.used() + len(body) > cloud.quota:
            asked._send(
                507, {"error": {"code": "quotaLimitReached", "message": "Insufficient Storage"}}
            )
        else:
            asked._send(201, self._shown(drive, cloud.put(parent.id, name, body)))

    def part(self, path: str, body: bytes) -> None:
        """A piece of a large upload."""
        cloud, asked = self._cloud, self._asked
        upload = cloud._uploads.get(path.strip("/"))
        if upload is None or asked.command != "PUT":
            cloud._uploads.pop(path.strip("/"), None)
            asked._send(204 if asked.command == "DELETE" else 404)
            return
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", asked.headers["Content-Range"])
        assert found is not None
        upload["data"] = upload["data"][: int(found[1])] + body
        if len(upload["data"]) < int(found[3]):
            asked._send(202, {"nextExpectedRanges": [f"{len(upload['data'])}-"]})
            return
        if cloud.used() + len(upload["data"]) > cloud.quota:
            asked._send(
                507, {"error": {"code": "quotaLimitReached", "message": "Insufficient Storage"}}
            )
            return
        made = cloud.put(upload["parent"], upload["name"], upload["data"])
        del cloud._uploads[path.strip("/")]
        asked._send(201, self._shown(upload["drive"], made))

    def _shown(self, drive: str, item: Item) -> dict[str, Any]:
        times = {"createdDateTime": item.modified, "lastModifiedDateTime": item.modified}
        shown: dict[str, Any] = {
            "id": item.id,
            "name": item.name,
            "size": len(item.data or b""),
            "fileSystemInfo": times,
            "parentReference": {"driveId": drive, "id": item.parent, "driveType": "business"},
            **times,
        }
        if item.data is None:
            shown["folder"] = {"childCount": len(self._cloud.children(item.id))}
        else:
            shown["file"] = {"mimeType": "application/octet-stream", "hashes": {}}
        return shown


_FULL = {"error": {"code": "quotaLimitReached", "message": "Insufficient Storage"}}


def _gone() -> dict[str, Any]:
    return {"error": {"code": "itemNotFound", "message": "The resource could not be found."}}


class _Drive:
    """Google Drive, version 3."""

    def __init__(self, asked: _Answers, cloud: Cloud) -> None:
        self._asked = asked
        self._cloud = cloud

    def answer(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        if path == "/drive/v3/about":
            quota = {"limit": str(cloud.quota), "usage": str(cloud.used()), "usageInDrive": "0"}
            asked._send(
                200, {"storageQuota": quota, "user": {"emailAddress": "anna@laden.example"}}
            )
        elif path == "/drive/v3/drives":
            asked._send(200, {"drives": []})
        elif path.startswith("/upload/"):
            self._upload(path, query, body)
        elif path == "/drive/v3/files" and asked.command == "GET":
            found = self._found(query.get("q", ""))
            asked._send(200, {"files": [self._shown(item) for item in found]})
        elif path == "/drive/v3/files":
            wish = json.loads(body)
            data = None if wish.get("mimeType") == FOLDER else b""
            parent = (wish.get("parents") or ["root"])[0]
            asked._send(200, self._shown(cloud.put(parent, wish["name"], data, twin=True)))
        else:
            self._one(path.rpartition("/")[2], query, body)

    def _one(self, id: str, query: Mapping[str, str], body: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        item = cloud.items.get(id)
        if item is None:
            said = {"code": 404, "message": "File not found", "errors": [{"reason": "notFound"}]}
            asked._send(404, {"error": said})
        elif asked.command == "DELETE":
            cloud.remove(id)
            asked._send(204)
        elif asked.command == "PATCH":
            wish = json.loads(body or b"{}")
            if wish.get("trashed"):
                cloud.remove(id)
            item.name = wish.get("name", item.name)
            item.parent = query.get("addParents") or item.parent
            asked._send(200, self._shown(item))
        elif query.get("alt") == "media":
            asked._ranged(item.data or b"")
        else:
            asked._send(200, self._shown(item))

    def _found(self, asked_for: str) -> list[Item]:
        found = [item for item in self._cloud.items.values() if item.parent]
        parents = re.findall(r"'([^']+)' in parents", asked_for)
        if parents:
            found = [item for item in found if item.parent in parents]
        names = re.findall(r"name ?(?:=|contains) ?'((?:[^'\\]|\\.)*)'", asked_for)
        if names:
            wanted = {re.sub(r"\\(.)", r"\1", name) for name in names}
            found = [item for item in found if item.name in wanted]
        if f"mimeType='{FOLDER}'" in asked_for:
            found = [item for item in found if item.data is None]
        elif f"mimeType!='{FOLDER}'" in asked_for:
            found = [item for item in found if item.data is not None]
        return found

    def _upload(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        if query.get("uploadType") == "multipart":
            mark = asked.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
            _, meta, rest = body.split(b"--" + mark, 2)
            wish = json.loads(meta.partition(b"\r\n\r\n")[2])
            data = rest.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--" + mark)[0]
            self._stored(path, wish, data)
        elif "upload_id" not in query:
            key = secrets.token_hex(8)
            cloud._uploads[key] = {"path": path, "wish": json.loads(body), "data": b""}
            asked._send(200, None, Location=f"https://www.googleapis.com{path}?upload_id={key}")
        else:
            upload = cloud._uploads[query["upload_id"]]
            found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", asked.headers["Content-Range"])
            assert found is not None
            if found[1]:
                upload["data"] = upload["data"][: int(found[1])] + body
            if found[2] != "*" and len(upload["data"]) >= int(found[2]):
                self._stored(upload["path"], upload["wish"], upload["data"])
            else:
                asked._send(308, None, Range=f"bytes=0-{max(0, len(upload['data']) - 1)}")

    def _stored(self, path: str, wish: Mapping[str, Any], data: bytes) -> None:
        cloud, asked = self._cloud, self._asked
        if cloud.used() + len(data) > cloud.quota:
            reason = [{"reason": "storageQuotaExceeded", "message": "quota"}]
            said = {"code": 403, "message": "storage quota exceeded", "errors": reason}
            asked._send(403, {"error": said})
            return
        id = path.rpartition("/")[2]
        if id in cloud.items:
            item = cloud.items[id]
            item.data, item.modified = data, _now()
        else:
            item = cloud.put((wish.get("parents") or ["root"])[0], wish["name"], data, twin=True)
        asked._send(200, self._shown(item))

    def _shown(self, item: Item) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": item.id,
            "name": item.name,
            "parents": [item.parent],
            "modifiedTime": item.modified,
            "createdTime": item.modified,
            "trashed": False,
            "mimeType": FOLDER if item.data is None else "application/octet-stream",
        }
        if item.data is not None:
            shown["size"] = str(len(item.data))
            shown["md5Checksum"] = hashlib.md5(item.data).hexdigest()
            shown["sha1Checksum"] = hashlib.sha1(item.data).hexdigest()
            shown["sha256Checksum"] = hashlib.sha256(item.data).hexdigest()
        return shown


# -- the proxy ------------------------------------------------------------------------------------


class _Proxy(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        if host not in (*MICROSOFT, *GOOGLE, "upload.example"):
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        try:
            with self.server.tls.wrap_socket(self.connection, server_side=True) as line:
                _Answers(line, self.client_address, self.server)
        except OSError:
            pass
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.cloud = cloud
        self.authority, both = _certificates(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(both)


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority of the test's own, and a certificate of all the hosts played here, with key."""
    folder.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC)  # noqa: TID251
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    ours = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Probe-Aussteller")])
    hosts = [x509.DNSName(host) for host in (*MICROSOFT, *GOOGLE, "upload.example")]
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))

    def signed(name: x509.Name, key: Any, extension: x509.ExtensionType) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ours)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - dt.timedelta(days=1))
            .not_valid_after(today + dt.timedelta(days=2))
            .add_extension(extension, critical=True)
            .sign(keys[0], hashes.SHA256())
        )

    top = signed(ours, keys[0], x509.BasicConstraints(ca=True, path_length=0))
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Probe-Wolke")])
    leaf = signed(leaf_name, keys[1], x509.SubjectAlternativeName([*hosts, loopback]))
    pem = serialization.Encoding.PEM
    authority, both = folder / "aussteller.pem", folder / "wolke.pem"
    authority.write_bytes(top.public_bytes(pem))
    secret = keys[1].private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(leaf.public_bytes(pem) + secret)
    return authority, both


@dataclass(frozen=True)
class Reached:
    """A running cloud and what makes rclone reach it."""

    cloud: Cloud
    environment: dict[str, str]


@contextmanager
def playing(folder: Path, cloud: Cloud | None = None) -> Iterator[Reached]:
    """The vendors on loopback for the length of a test."""
    played = cloud or Cloud()
    with _Server(played, folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        proxy = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield Reached(played, {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(server.authority)})
        finally:
            server.shutdown()
            thread.join()


def browse(link: str, reached: Reached, *, timeout: float = 10.0) -> str:
    """What a browser does with a sign-in link: follow where it leads, back to rclone's own page."""
    trusting = ssl.create_default_context(cafile=reached.environment["SSL_CERT_FILE"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": reached.environment["HTTPS_PROXY"]}),
        urllib.request.HTTPSHandler(context=trusting),
    )
    try:
        with opener.open(link, timeout=timeout) as page:
            return str(page.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""  # rclone has what it wants and closes its page; a browser shows that too
