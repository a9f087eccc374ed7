"""Mails as bytes: what a `Writer` wrote, in an envelope that is alike however often it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

from core.alerts.digest import Summary
from core.alerts.model import Notice
from core.plan.model import Person


@dataclass(frozen=True, slots=True)
class Written:
    """A mail in words. The subject may be seen on a locked screen: no paths, no file names."""

    subject: str
    text: str
    html: str


class Writer(Protocol):
    """Makes sentences of events, in the language of whoever reads them (`core.reports.mails`)."""

    def alert(self, person: Person, notices: Sequence[Notice], now: datetime) -> Written:
        """What somebody is told now."""
        ...

    def digest(self, person: Person, summary: Summary, now: datetime) -> Written:
        """The weekly summary."""
        ...

    def test(self, person: Person, code: str, now: datetime) -> Written:
        """A test mail with the code that is to be typed back."""
        ...

    def bubble(self, notices: Sequence[Notice], now: datetime) -> tuple[str, str]:
        """Title and text of a message on the screen."""
        ...


def compose(written: Written, person: Person, *, sender: str, id: str, now: datetime) -> bytes:
    """The mail as it travels: text and HTML. id: unique; a mail sent twice is recognised by it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Ladentresor <{sender}>"
    message["To"] = person.email
    message["Subject"] = written.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    return message.as_bytes()


def readdressed(content: bytes, *, sender: str, to: str) -> bytes:
    """The mail for another address, as after a slip in the plan was mended."""
    message = BytesParser(policy=SMTP).parsebytes(content)
    del message["To"], message["From"]
    message["From"] = f"Ladentresor <{sender}>"
    message["To"] = to
    return message.as_bytes()
