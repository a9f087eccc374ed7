"""A real mail server on this machine that keeps what it gets: TLS, sign-in, and all its moods."""

from __future__ import annotations

import datetime
import email
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.storage_servers import free_port

USER = "laden@example.org"
PASSWORD = "Zaunkönig-7143-ßchilf"
TOKEN = "ya29.zaunkoenig-token-81524"
Way = Literal["starttls", "tls", "plain"]


@dataclass(slots=True)
class Sink:
    """A running server. `answers` are given to the next mails in place of taking them."""

    port: int
    folder: Path
    certificate: Path
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refuse: Callable[[str], str | None] = lambda address: None
    logins: list[str] = field(default_factory=list)

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client has to trust."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def body(self, number: int = -1, kind: str = "plain") -> str:
        """The text or HTML of a mail."""
        part = self.mails[number].get_body(preferencelist=(kind,))
        assert part is not None
        return str(part.get_content())


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        answer = self._sink.refuse(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._sink.answers:
            return self._sink.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=default)
        self._sink.mails.append(message)
        self._sink.to += envelope.rcpt_tos
        return "250 OK"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        import base64

        said = base64.b64decode(args[1])
        good = said == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()
        if good:
            self._sink.logins.append("XOAUTH2")
            return AuthResult(success=True)
        reason = base64.b64encode(b'{"status":"401"}').decode()
        await server.push(f"334 {reason}")
        await server._reader.readline()
        return AuthResult(success=False, handled=False)


@contextmanager
def mail_sink(
    folder: Path,
    way: Way = "starttls",
    *,
    port: int = 0,
    name: str = "localhost",
    without: tuple[str, ...] = (),
) -> Iterator[Sink]:
    """A server that asks for USER and PASSWORD. name: who its certificate says that it is."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    sink = Sink(port or free_port(), folder, certificate)

    def sign_in(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        sink.logins.append(mechanism if good else f"{mechanism} refused")
        return AuthResult(success=good, handled=False)

    options: dict[str, Any] = {
        "authenticator": sign_in,
        "auth_require_tls": way == "starttls",
        "auth_exclude_mechanism": list(without),
    }
    if way == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if way == "tls":
        options |= {"ssl_context": context}
    controller = Controller(_Handler(sink), hostname="127.0.0.1", port=sink.port, **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    certificate, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    if certificate.exists():
        return certificate, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - the library asks the real clock
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key_file
