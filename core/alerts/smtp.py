"""The way to a mail server: always encrypted, its certificate checked, every failure typed.

Nothing a server answers but its number is kept: answers may quote what was sent.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from core.errors import Code, KnownError
from core.plan.model import Login, Security, Smtp

TIME_LIMIT = 30.0
"""Seconds for each answer of the server."""
_NAME = "[127.0.0.1]"  # a server needs no name of this PC, and asking the net for it takes long

_T = TypeVar("_T")

SecretOf = Callable[[], str]
"""The password, or a fresh access token: asked for at each connection, kept nowhere."""


class Parcel(NamedTuple):
    """A mail on its way: for whom, and all of it as bytes."""

    to: str
    content: bytes


class SmtpMailer:
    """Sends mails through the server of the plan. trust: whose certificates count."""

    def __init__(self, settings: Smtp, secret: SecretOf, trust: ssl.SSLContext | None = None):
        self._settings = settings
        self._secret = secret
        self._trust = trust or ssl.create_default_context()

    def send(self, parcels: Sequence[Parcel]) -> Iterator[KnownError | None]:
        """Send them by one connection; for each the failure, None when the server has taken it.

        A connection that does not come about, or breaks, is the failure of all that is left.
        """
        left = list(parcels)
        try:
            with self._connected() as server:
                while left:
                    parcel = left[0]
                    outcome = self._send(server, parcel)
                    left.pop(0)
                    yield outcome
        except KnownError as error:
            for _ in left:
                yield error

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        secret = self._secret() if self._settings.login is not Login.NONE else ""
        server = self._typed(self._open)
        try:
            self._typed(lambda: self._greet(server))
            if secret:
                self._typed(lambda: self._sign_in(server, secret))
            yield server
        finally:
            # What was taken is taken, however the server says goodbye.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _open(self) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        if self._settings.security is Security.TLS:
            return smtplib.SMTP_SSL(
                host, port, local_hostname=_NAME, timeout=TIME_LIMIT, context=self._trust
            )
        return smtplib.SMTP(host, port, local_hostname=_NAME, timeout=TIME_LIMIT)

    def _greet(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if self._settings.security is Security.STARTTLS:
            server.starttls(context=self._trust)  # raises when it is not offered
            server.ehlo()

    def _sign_in(self, server: smtplib.SMTP, secret: str) -> None:
        """AUTH by hand: smtplib takes no password with an umlaut."""
        user = self._settings.user
        offered = server.esmtp_features.get("auth", "").upper().split()
        if self._settings.login is Login.OAUTH:
            answer = _one_line(server, "XOAUTH2", f"user={user}\x01auth=Bearer {secret}\x01\x01")
        elif "PLAIN" in offered or "LOGIN" not in offered:
            answer = _one_line(server, "PLAIN", f"\0{user}\0{secret}")
        else:
            answer = _two_lines(server, user, secret)
        if answer == 334:  # an explanation why not, which wants to be waved through
            answer = server.docmd("")[0]
        if answer not in (235, 503):
            raise smtplib.SMTPAuthenticationError(answer, b"")

    def _send(self, server: smtplib.SMTP, parcel: Parcel) -> KnownError | None:
        """One mail; what concerns only it is returned, what breaks the connection raised."""
        try:
            server.sendmail(self._settings.sender, [parcel.to], parcel.content)
        except (
            smtplib.SMTPRecipientsRefused,
            smtplib.SMTPSenderRefused,
            smtplib.SMTPDataError,
        ) as error:
            answer = _answer(error)
            if answer != 421:  # 421 also closes the connection
                return self._refusal(answer)
            raise self._refusal(answer) from None
        except (OSError, smtplib.SMTPException):
            raise self._error(Code.MAIL_UNREACHABLE) from None
        return None

    def _typed(self, step: Callable[[], _T]) -> _T:
        """Do a step; KnownError of the kind MAIL_… when it fails. Without `from`: see above."""
        settings = self._settings
        try:
            return step()
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise self._refusal(error.smtp_code) from None
            raise self._error(
                Code.MAIL_LOGIN, answer=error.smtp_code, name=settings.secret
            ) from None
        except ssl.SSLCertVerificationError:
            raise self._error(Code.MAIL_CERTIFICATE) from None
        except (ssl.SSLError, smtplib.SMTPNotSupportedError):
            raise self._error(Code.MAIL_NOT_ENCRYPTED, security=str(settings.security)) from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code) from None
        except (OSError, smtplib.SMTPException):
            raise self._error(Code.MAIL_UNREACHABLE) from None

    def _refusal(self, answer: int) -> KnownError:
        later = 400 <= answer < 500
        return self._error(Code.MAIL_LATER if later else Code.MAIL_REFUSED, answer=answer)

    def _error(self, code: Code, **params: str | int) -> KnownError:
        return KnownError(code, host=self._settings.host, port=self._settings.port, **params)


def _one_line(server: smtplib.SMTP, mechanism: str, text: str) -> int:
    return server.docmd("AUTH", f"{mechanism} {_base64(text)}")[0]


def _two_lines(server: smtplib.SMTP, user: str, secret: str) -> int:
    answer = server.docmd("AUTH", "LOGIN")[0]
    for text in (user, secret):
        if answer == 334:
            answer = server.docmd(_base64(text))[0]
    return answer


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _answer(
    error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException,
) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return int(next(iter(error.recipients.values()))[0])
    return int(error.smtp_code)
