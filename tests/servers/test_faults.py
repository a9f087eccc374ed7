"""What goes wrong between a shop and its places in the network, row by row (RCLONE.md §6.3).

Each time: the run that meets it ends with the right code, its sentence and next step; every earlier
state comes back; and as soon as the fault is gone the next run is good.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.cli.main import run
from core.copies.opening.sealed import vault_folder
from core.errors import Code
from core.rclone import session
from core.rclone.session import Limits
from tests.engine.stage import Layout, Shop, ended_as, exit_of, make_shop, refusal
from tests.support import keys
from tests.support.http_proxy import Proxy, Refusal, before
from tests.support.places import BUCKET, Backend, Place, missing, place
from tests.support.storage_servers import PASSWORD, Server, free_port

DAV = "<?xml version='1.0'?><d:error xmlns:d='DAV:' xmlns:s='http://sabredav.org/ns'>"


@dataclass(slots=True)
class Given:
    """A shop that has a good state at a place with a middleman before it."""

    shop: Shop
    there: Place
    proxy: Proxy

    def work(self) -> None:
        """A day's work: something new has to go there."""
        number = len(self.shop.days) + 1
        (self.shop.source / f"neu {number}.bin").write_bytes(Random(number).randbytes(30_000))


@contextmanager
def shop_at(root: Path, backend: Backend, layout: Layout = "sealed") -> Iterator[Given]:
    if missing(backend):
        pytest.skip(f"{missing(backend)} is not installed")
    with place(backend, root / "server") as there, before(there.server.port) as proxy:
        if backend in ("webdav", "s3"):
            there.location = there.location.replace(str(there.server.port), str(proxy.port))
        shop = make_shop(root, disks=("nas",), layout=layout, places={"nas": there})
        (shop.source / "kasse.txt").write_text("Tag 1")
        given = Given(shop, there, proxy)
        given.work()
        shop.day()
        yield given


def fails_as(given: Given, code: Code) -> None:
    """The next run meets the fault, and nothing is lost by it."""
    given.work()
    lines = given.shop.run("backup", rc=exit_of(code))
    refusal(lines, code)


def heals(given: Given) -> None:
    """The fault is gone: the next run is complete, and all days are there."""
    given.shop.day()
    assert given.shop.differences(*given.shop.days, disk="nas") == []


def _look_again(given: Given) -> None:
    """rclone's servers remember folders for minutes: what changed behind their back is not seen."""
    given.there.kill()
    given.there.revive()


# -- what a server answers ------------------------------------------------------------------------


def on(*methods: str) -> Callable[[Refusal], Callable[[str, str], Refusal | None]]:
    def made(refused: Refusal) -> Callable[[str, str], Refusal | None]:
        return lambda method, path: refused if not methods or method in methods else None

    return made


def sabre(status: int, kind: str, message: str) -> Refusal:
    body = f"{DAV}<s:exception>{kind}</s:exception><s:message>{message}</s:message></d:error>"
    return Refusal(status, body.encode())


ANSWERS: list[tuple[str, Callable[[str, str], Refusal | None], Code]] = [
    ("401", on()(sabre(401, "NotAuthenticated", "Cannot authenticate")), Code.REMOTE_LOGIN),
    ("403", on("PUT")(sabre(403, "Forbidden", "no")), Code.REMOTE_NO_RIGHTS),
    ("400", on("PUT")(sabre(400, "BadRequest", "invalid character")), Code.REMOTE_NAME_REFUSED),
    ("413", on("PUT")(sabre(413, "EntityTooLarge", "")), Code.REMOTE_TOO_LARGE),
    ("423", on("PUT")(sabre(423, "Locked", "file is locked")), Code.REMOTE_LOCKED),
    ("429", on("PUT")(sabre(429, "TooManyRequests", "")), Code.REMOTE_RATE_LIMITED),
    ("503", on()(sabre(503, "ServiceUnavailable", "System in maintenance mode.")),
     Code.REMOTE_MAINTENANCE),
    ("507", on("PUT")(sabre(507, "InsufficientStorage", "")), Code.REMOTE_QUOTA),
    ("portal", on()(Refusal(200, b"<html>WLAN</html>", "text/html")), Code.REMOTE_PORTAL),
    ("redirect", on()(Refusal(302, b"", "text/html", (("Location", "/login"),))),
     Code.REMOTE_PORTAL),
]  # fmt: skip


def test_what_a_webdav_server_answers(tmp_path: Path) -> None:
    """One shop for all rows: after each fault the next run is good."""
    with shop_at(tmp_path, "webdav", "bundled") as given:
        for name, refuse, code in ANSWERS:
            print(name)
            given.proxy.refuse = refuse
            fails_as(given, code)
            given.proxy.refuse = lambda method, path: None
            given.shop.backup()
        heals(given)


def s3_error(status: int, code: str) -> Refusal:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Refusal(status, text.encode())


S3_ANSWERS = [
    (s3_error(403, "SignatureDoesNotMatch"), Code.REMOTE_LOGIN),
    (s3_error(403, "InvalidAccessKeyId"), Code.REMOTE_LOGIN),
    (s3_error(403, "RequestTimeTooSkewed"), Code.REMOTE_CLOCK),
    (s3_error(403, "AccessDenied"), Code.REMOTE_NO_RIGHTS),
    (s3_error(404, "NoSuchBucket"), Code.REMOTE_SHARE_MISSING),
    (s3_error(503, "SlowDown"), Code.REMOTE_RATE_LIMITED),
    (Refusal(200, b"<html>WLAN</html>", "text/html"), Code.REMOTE_PORTAL),
]


def test_what_an_s3_service_answers(tmp_path: Path) -> None:
    with shop_at(tmp_path, "s3") as given:
        for refused, code in S3_ANSWERS:
            print(code)
            given.proxy.refuse = on()(refused)
            fails_as(given, code)
            given.proxy.refuse = lambda method, path: None
            given.shop.backup()
        heals(given)


# -- the way there --------------------------------------------------------------------------------


FULL = pytest.mark.full  # the session's own tests see these as well


@pytest.mark.parametrize(
    "backend",
    [
        "samba",
        "openssh",
        *(pytest.param(one, marks=FULL) for one in ("webdav", "sftp", "s3")),
    ],
)
def test_nobody_answers_then_somebody_does(tmp_path: Path, backend: Backend) -> None:
    with shop_at(tmp_path, backend, "bundled") as given:
        if backend in ("webdav", "s3"):  # the middleman hangs up, which is another thing
            text = given.there.location
            given.there.location = text.replace(str(given.proxy.port), str(free_port()))
            given.shop.write_plan()
            fails_as(given, Code.REMOTE_UNREACHABLE)
            given.there.location = text
            given.shop.write_plan()
        else:
            given.there.kill()
            fails_as(given, Code.REMOTE_UNREACHABLE)
            given.there.revive()
        heals(given)


@pytest.mark.parametrize(
    "backend", ["samba", *(pytest.param(one, marks=FULL) for one in ("webdav", "sftp"))]
)
def test_a_wrong_password(tmp_path: Path, backend: Backend) -> None:
    with shop_at(tmp_path, backend, "bundled") as given:
        keys.put_secret(given.shop.home, "nas.password", "falsch")
        fails_as(given, Code.REMOTE_LOGIN)
        keys.put_secret(given.shop.home, "nas.password", PASSWORD)
        heals(given)


def test_an_address_nobody_knows(tmp_path: Path) -> None:
    with shop_at(tmp_path, "sftp", "bundled") as given:
        text = given.there.location
        given.there.location = text.replace("127.0.0.1", "nas.invalid")
        given.shop.write_plan()
        fails_as(given, Code.REMOTE_OFFLINE)
        given.there.location = text
        given.shop.write_plan()
        heals(given)


def test_a_share_that_is_not_there(tmp_path: Path) -> None:
    with shop_at(tmp_path, "samba", "bundled") as given:
        text = given.there.location
        given.there.location = text.replace('"freigabe"', '"freigaben"')
        given.shop.write_plan()
        fails_as(given, Code.REMOTE_SHARE_MISSING)
        given.there.location = text
        given.shop.write_plan()
        heals(given)


def test_a_server_with_another_key(tmp_path: Path) -> None:
    """Somebody else may answer there; only a person decides that it is the same device."""
    with shop_at(tmp_path, "openssh", "bundled") as given:
        host = tmp_path / "server" / "sshd" / "host"
        shutil.copy(host, tmp_path / "alt")
        given.there.kill()
        host.unlink()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host],
            input=b"y\n", check=True, capture_output=True,
        )  # fmt: skip
        given.there.revive()
        fails_as(given, Code.REMOTE_HOST_KEY)
        known = given.shop.home / "state" / "known_hosts"
        old = known.read_text()
        assert given.shop.run("trust", "nas")
        assert known.read_text() != old
        heals(given)


def test_a_server_that_freezes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shop_at(tmp_path, "webdav", "bundled") as given:
        given.work()
        monkeypatch.setattr(session, "Limits", lambda: Limits(answer=2.0, look=0.2))
        for name, value in keys.ENV.items():
            monkeypatch.setenv(name, value)
        given.proxy.frozen = True
        code = run(["--home", str(given.shop.home), "backup", "--json"])
        assert code == exit_of(Code.REMOTE_TIMED_OUT)
        assert Code.REMOTE_TIMED_OUT in capsys.readouterr().out
        given.proxy.frozen = False
        heals(given)


# -- certificates ---------------------------------------------------------------------------------


def _certificate(folder: Path, name: str, *, days: int = 30) -> tuple[Path, Path]:
    """A certificate that vouches for itself, for an address or a name; and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    kind: x509.GeneralName
    try:
        kind = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        kind = x509.DNSName(name)
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a certificate is dated by the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([kind]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


@pytest.mark.parametrize(
    ("name", "days", "trusted", "code"),
    [
        ("127.0.0.1", 30, False, Code.REMOTE_CERTIFICATE),
        ("cloud.example.de", 30, True, Code.REMOTE_CERTIFICATE),
        ("127.0.0.1", -1, True, Code.REMOTE_CERTIFICATE),
        ("127.0.0.1", 30, True, None),
    ],
)
def test_certificates(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    days: int,
    trusted: bool,
    code: Code | None,
) -> None:
    certificate, secret = _certificate(tmp_path, name, days=days)
    server = Server(
        "webdav", tmp_path / "gedient", "--cert", str(certificate), "--key", str(secret)
    )
    try:
        (tmp_path / "gedient" / "laeden").mkdir()
        location = f'kind = "webdav"\nurl = "https://127.0.0.1:{server.port}/laeden"\nuser = "anna"'
        there = Place(
            "webdav", tmp_path / "gedient" / "laeden", location, "", PASSWORD, server,
            lambda: server,
        )  # fmt: skip
        shop = make_shop(tmp_path, disks=("nas",), layout="bundled", places={"nas": there})
        (shop.source / "kasse.txt").write_text("Tag 1")
        monkeypatch.setitem(keys.ENV, "SSL_CERT_FILE", str(certificate) if trusted else "/dev/null")
        if code is None:
            assert ended_as(shop.day()) == {"nas": "committed"}
        else:
            refusal(shop.run("backup", rc=exit_of(code)), code)
    finally:
        server.kill()


# -- what lies there ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "layout"), [("webdav", "sealed"), pytest.param("s3", "bundled", marks=FULL)]
)
def test_a_place_that_is_empty_today(tmp_path: Path, backend: Backend, layout: Layout) -> None:
    """Never set up again: who emptied it, or what stands before it, has to be found out."""
    with shop_at(tmp_path, backend, layout) as given:
        copy = given.there.folder / "laden"
        copy.rename(tmp_path / "weg")
        _look_again(given)
        fails_as(given, Code.DESTINATION_EMPTIED)
        assert not copy.exists() or not any(copy.iterdir())
        shutil.rmtree(copy, ignore_errors=True)
        (tmp_path / "weg").rename(copy)
        _look_again(given)
        heals(given)


def test_a_key_that_does_not_open_it(tmp_path: Path) -> None:
    with shop_at(tmp_path, "webdav") as given:
        right = given.shop.pair
        assert right is not None
        keys.put_pair(given.shop.home)
        fails_as(given, Code.KEY_WRONG)
        assert [path.name for path in (given.there.folder / "laden").glob("tresor-*")] == [
            vault_folder(right)
        ]
        keys.put_pair(given.shop.home, right)
        heals(given)


def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    """Nobody makes one: what it is, who pays for it and whether it locks is a person's choice."""
    with place("s3", tmp_path / "server") as there:
        shop = make_shop(tmp_path, disks=("nas",), layout="sealed", places={"nas": there})
        (shop.source / "kasse.txt").write_text("Tag 1")
        top = tmp_path / "server" / "gedient" / BUCKET
        top.rename(tmp_path / "weg")
        refusal(shop.run("backup", rc=exit_of(Code.REMOTE_SHARE_MISSING)),
                Code.REMOTE_SHARE_MISSING)  # fmt: skip
        assert not top.exists()
        (tmp_path / "weg").rename(top)
        there.kill()
        there.revive()
        assert ended_as(shop.day()) == {"nas": "committed"}


def test_bytes_that_change_on_the_way(tmp_path: Path) -> None:
    """WebDAV compares nothing: some of what was sent is read back before it becomes a state."""

    def spoiled(method: str, path: str, body: bytes) -> bytes:
        if method == "PUT" and "buendel-" in path:
            return body[:-40] + bytes([body[-40] ^ 1]) + body[-39:]
        return body

    with shop_at(tmp_path, "webdav", "bundled") as given:
        given.proxy.spoil = spoiled
        fails_as(given, Code.READ_BACK_DIFFERS)
        given.proxy.spoil = lambda method, path, body: body
        heals(given)
