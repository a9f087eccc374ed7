"""Mails by a real server: with TLS and sign-in, and in all the moods a server can be in."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from core.alerts import smtp
from core.alerts.smtp import Parcel, SmtpMailer
from core.errors import Code, KnownError
from core.plan.model import Login, Security, Smtp
from tests.support.mail_sink import PASSWORD, TOKEN, USER, Sink, Way, mail_sink
from tests.support.storage_servers import free_port

CONTENT = b"From: laden@example.org\r\nTo: anna@example.org\r\nSubject: x\r\n\r\nHallo\r\n"


def settings(port: int, way: str = "starttls", **changes: object) -> Smtp:
    values: dict[str, object] = {
        "host": "localhost",
        "sender": USER,
        "port": port,
        "security": Security(way),
        "user": USER,
    }
    return Smtp(**(values | changes))  # type: ignore[arg-type]


def mailer(
    sink: Sink, way: str = "starttls", secret: str = PASSWORD, **changes: object
) -> SmtpMailer:
    return SmtpMailer(settings(sink.port, way, **changes), lambda: secret, sink.trust)


def send(by: SmtpMailer, *to: str) -> list[Code | None]:
    outcomes = by.send([Parcel(address, CONTENT) for address in to or ("anna@example.org",)])
    return [error.code if error else None for error in outcomes]


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_a_mail_arrives(tmp_path: Path, way: Way) -> None:
    with mail_sink(tmp_path, way) as sink:
        assert send(mailer(sink, way), "anna@example.org", "bert@example.org") == [None, None]
    assert sink.to == ["anna@example.org", "bert@example.org"]
    assert sink.body().strip() == "Hallo"
    assert sink.logins == ["PLAIN"]


def test_a_server_that_only_knows_the_old_way_to_sign_in(tmp_path: Path) -> None:
    with mail_sink(tmp_path, without=("PLAIN",)) as sink:
        assert send(mailer(sink)) == [None]
        assert send(mailer(sink, secret="falsch")) == [Code.MAIL_LOGIN]
    assert sink.logins == ["LOGIN", "LOGIN refused"]


def test_a_token_in_place_of_a_password(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as sink:
        assert send(mailer(sink, secret=TOKEN, login=Login.OAUTH)) == [None]
        assert send(mailer(sink, secret="abgelaufen", login=Login.OAUTH)) == [Code.MAIL_LOGIN]
    assert sink.logins == ["XOAUTH2"]


def test_a_wrong_password(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as sink:
        found = list(mailer(sink, secret="falsch").send([Parcel("a@example.org", CONTENT)]))
    assert found[0] is not None
    assert found[0].code is Code.MAIL_LOGIN
    assert found[0].params["answer"] == 535
    assert "falsch" not in str(found[0])
    assert sink.mails == []


def test_a_certificate_nobody_vouches_for_gets_no_password(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as sink:
        wary = SmtpMailer(settings(sink.port), lambda: PASSWORD)
        assert send(wary) == [Code.MAIL_CERTIFICATE]
    with mail_sink(tmp_path / "tls", "tls") as other:
        wary = SmtpMailer(settings(other.port, "tls"), lambda: PASSWORD)
        assert send(wary) == [Code.MAIL_CERTIFICATE]
    assert sink.logins == other.logins == []


def test_a_certificate_for_somebody_else_gets_no_password(tmp_path: Path) -> None:
    with mail_sink(tmp_path, name="boese.example.org") as sink:
        assert send(mailer(sink)) == [Code.MAIL_CERTIFICATE]
    assert sink.logins == []


def test_nothing_goes_out_in_plain(tmp_path: Path) -> None:
    with mail_sink(tmp_path, "plain") as sink:
        assert send(mailer(sink)) == [Code.MAIL_NOT_ENCRYPTED]
        assert send(mailer(sink, "tls")) == [Code.MAIL_NOT_ENCRYPTED]
    assert (sink.logins, sink.mails) == ([], [])


def test_nobody_there() -> None:
    away = SmtpMailer(settings(free_port()), lambda: PASSWORD)
    assert send(away, "a@example.org", "b@example.org") == [Code.MAIL_UNREACHABLE] * 2


def test_come_back_later_and_never(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as sink:
        sink.answers = ["451 4.7.1 Greylisted", "554 5.7.1 Spam"]
        sink.refuse = lambda address: "550 5.1.1 unknown" if address[0] == "x" else None
        outcomes = send(mailer(sink), "a@example.org", "b@example.org", "x@example.org", "c@c.org")
    assert outcomes == [Code.MAIL_LATER, Code.MAIL_REFUSED, Code.MAIL_REFUSED, None]
    assert sink.to == ["c@c.org"]


def test_a_secret_that_cannot_be_had_is_the_failure_of_all(tmp_path: Path) -> None:
    def locked() -> str:
        raise KnownError(Code.SECRET_STORE_MISSING, cause="locked")

    by = SmtpMailer(settings(free_port()), locked)
    assert send(by, "a@example.org", "b@example.org") == [Code.SECRET_STORE_MISSING] * 2


def test_a_server_that_freezes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIME_LIMIT", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        frozen = SmtpMailer(settings(silent.getsockname()[1]), lambda: PASSWORD)
        assert send(frozen, "a@example.org", "b@example.org") == [Code.MAIL_UNREACHABLE] * 2


def test_a_server_that_hangs_up(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as sink:
        sink.answers = ["421 4.3.2 shutting down"]
        outcomes = send(mailer(sink), "a@example.org", "b@example.org")
    assert outcomes == [Code.MAIL_LATER] * 2
    assert sink.mails == []
