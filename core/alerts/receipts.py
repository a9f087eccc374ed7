"""Test mails: a code goes out, a person types it back, and so it is proven that warnings arrive."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from core.alerts.message import Writer, compose
from core.alerts.post import Mailer
from core.alerts.smtp import Parcel
from core.clock import parse_stamp, stamp
from core.errors import Code, KnownError
from core.plan.model import Person, Plan, Smtp
from core.store.events import EventLog, ReceiptRow

LASTS = timedelta(days=7)
"""How long a code can be typed back."""
_LETTERS = "abcdefghkmnpqrstuvwxyz23456789"
_LENGTH = 8


def send_test(
    log: EventLog, plan: Plan, person: Person, writer: Writer, mailer: Mailer, now: datetime
) -> None:
    """Send a mail with a code, now and by no queue. KnownError MAIL_… when it does not go."""
    smtp = mail_server(plan)
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    written = writer.test(person, f"{code[:4]}-{code[4:]}", now)
    id = secrets.token_hex(16)
    content = compose(written, person, sender=smtp.sender, id=id, now=now)
    for error in mailer.send([Parcel(person.email, content)]):
        if error is not None:
            raise error
    log.add_receipt(
        ReceiptRow(0, person.id, person.email, _way(smtp), _digest(code), stamp(now), "")
    )


def confirm(log: EventLog, plan: Plan, code: str, now: datetime) -> Person:
    """Record that a test mail arrived, by the code in it; who got it. KnownError MAIL_CODE_WRONG.

    Case, blanks and hyphens do not matter.
    """
    wanted = _digest("".join(letter for letter in code.casefold() if letter.isalnum()))
    for row in reversed(log.receipts()):
        sent = parse_stamp(row.sent)
        if hmac.compare_digest(row.digest, wanted) and abs(now - sent) <= LASTS:
            log.confirm_receipt(row.id, stamp(now))
            known = {one.id: one for one in plan.people}
            return known.get(row.person, Person(id=row.person, name=row.person))
    raise KnownError(Code.MAIL_CODE_WRONG)


def proven_at(log: EventLog, plan: Plan, person: Person) -> datetime | None:
    """When it was last proven that mails reach this address by this server; None for never."""
    smtp = plan.alerts.smtp
    moments = [
        parse_stamp(row.confirmed)
        for row in log.receipts()
        if row.confirmed and smtp and (row.address, row.way) == (person.email, _way(smtp))
    ]
    return max(moments, default=None)


def mail_server(plan: Plan) -> Smtp:
    """The server of the plan. KnownError MAIL_NOT_SET_UP without one, or with nobody to reach."""
    if plan.alerts.smtp is None:
        raise KnownError(Code.MAIL_NOT_SET_UP, what="[alerts.smtp]")
    if not any(person.email for person in plan.people):
        raise KnownError(Code.MAIL_NOT_SET_UP, what="[[people]] email")
    return plan.alerts.smtp


def _way(smtp: Smtp) -> str:
    """What a receipt proves something about: another server or account has to prove itself."""
    return f"{smtp.host}:{smtp.port} {smtp.security} {smtp.user} {smtp.sender}"


def _digest(code: str) -> str:
    """Of a code of forty bits, so that the answer does not stand in our own database."""
    return hashlib.sha256(code.encode()).hexdigest()
