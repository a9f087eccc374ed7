"""An office with its usual ways to people: mails, the screen of this PC, signs of life.

Here and not in `core.alerts`, because the words of its mails are made one layer above it. Command
line and background process make it alike.
"""

from __future__ import annotations

from collections.abc import Callable

from core.alerts.desktop import NoDesktop, find_desktop
from core.alerts.heartbeat import send_beat
from core.alerts.office import Office
from core.alerts.smtp import SmtpMailer
from core.clock import Clock
from core.errors import Code, KnownError
from core.paths import Home
from core.plan.model import Plan, Smtp
from core.reports.mails import MailWriter
from core.store.home import HomeStore
from core.texts import PROGRAM

FindSecret = Callable[[str], str | None]
"""The secret of a name, None when there is none; KnownError when the store cannot be asked."""


def make_office(
    home: Home,
    store: HomeStore,
    plan: Plan,
    clock: Clock,
    find_secret: FindSecret,
    *,
    program: str = PROGRAM,
) -> Office:
    """The office of a home. program: how people start us, for the commands in mails."""
    return Office(
        home,
        store,
        plan,
        clock,
        writer=MailWriter(plan, program=program),
        mailer=lambda smtp: make_mailer(smtp, find_secret),
        desktop=find_desktop() if plan.alerts.desktop else NoDesktop(),
        send_beat=send_beat,
    )


def make_mailer(smtp: Smtp, find_secret: FindSecret) -> SmtpMailer:
    """The way to the mail server; its secret is asked for at each connection.

    KnownError MAIL_SECRET_MISSING then, where there is none.
    """

    def secret() -> str:
        found = find_secret(smtp.secret)
        if found is None:
            raise KnownError(Code.MAIL_SECRET_MISSING, name=smtp.secret)
        return found

    return SmtpMailer(smtp, secret)
