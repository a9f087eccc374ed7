"""The queue of letters: sent when the server takes them, tried again when not, never lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.alerts.message import readdressed
from core.alerts.model import Cause, Finding, Severity
from core.alerts.smtp import Parcel
from core.clock import parse_stamp, stamp
from core.errors import Code, KnownError
from core.plan.model import Plan
from core.store.events import EventLog, LetterRow

GIVE_UP_AFTER = timedelta(days=30)
"""By then an open event has been told anew; but not without as many tries as belong to that."""
_FEWEST_TRIES = 100
PATIENCE = timedelta(days=1)
"""A server may be away, or ask us to come back, for so long before it is worth a word."""
_SOON = (5, 15, 30, 60)  # minutes; greylisting asks for 5 to 30
_LATE = (60, 120, 240, 360)  # a person has to do something; wrong logins lock accounts
_PASSING = frozenset((Code.MAIL_UNREACHABLE, Code.MAIL_LATER))


class Mailer(Protocol):
    """Sends mails; see `core.alerts.smtp`."""

    def send(self, parcels: Sequence[Parcel]) -> Iterator[KnownError | None]:
        """For each the failure, None when it was taken."""
        ...


def deliver(
    log: EventLog, plan: Plan, mailer: Mailer, now: datetime, *, at_once: bool = False
) -> tuple[int, KnownError | None]:
    """Send what is due; how many went out, and the last failure. at_once: do not wait any longer.

    What became of a letter is written down before the next one is sent: whoever dies in between
    sends at most one twice, and that one bears the same Message-ID.
    """
    sent, failure = 0, None
    due = [
        (letter, parcel)
        for letter in log.waiting_letters()
        if at_once or _is_due(letter, now)
        if (parcel := _parcel(log, plan, letter, now)) is not None
    ]
    if not due:
        return 0, None
    outcomes = mailer.send([parcel for _, parcel in due])
    for (letter, parcel), error in zip(due, outcomes, strict=True):
        if error is None:
            log.change_letter(
                letter._replace(content=b"", problem="", tries=letter.tries + 1, done=stamp(now))
            )
            sent += 1
        else:
            failure = error
            log.change_letter(_after_failure(letter, parcel, error, now))
    return sent, failure


def trouble(letters: Iterable[LetterRow], now: datetime) -> list[Finding]:
    """That mails do not get out: at once where a person has to act, else after a day."""
    stuck = [
        letter
        for letter in letters
        if letter.problem
        and not letter.done
        and (letter.problem not in _PASSING or now - parse_stamp(letter.made) > PATIENCE)
    ]
    if not stuck:
        return []
    since = min(parse_stamp(letter.made) for letter in stuck)
    return [
        Finding(
            cause=Cause.MAIL_FAILS,
            severity=Severity.ACT,
            since=since,
            params={"code": stuck[-1].problem},
        )
    ]


def _is_due(letter: LetterRow, now: datetime) -> bool:
    if not letter.next_try:
        return True
    next_try = parse_stamp(letter.next_try)
    # A clock that was set back must not make a letter wait for years.
    return next_try <= now or next_try - now > timedelta(days=1)


def _parcel(log: EventLog, plan: Plan, letter: LetterRow, now: datetime) -> Parcel | None:
    """What to send, to the address that is in the plan today; None for whoever is there no more."""
    person = next((one for one in plan.people if one.id == letter.person and one.email), None)
    smtp = plan.alerts.smtp
    if person is None or smtp is None:
        if person is None:
            log.change_letter(letter._replace(content=b"", problem="no_person", done=stamp(now)))
        return None
    content = letter.content
    if person.email != letter.address:
        content = readdressed(content, sender=smtp.sender, to=person.email)
    return Parcel(person.email, content)


def _after_failure(
    letter: LetterRow, parcel: Parcel, error: KnownError, now: datetime
) -> LetterRow:
    minutes = _SOON if error.code in _PASSING else _LATE
    wait = timedelta(minutes=minutes[min(letter.tries, len(minutes) - 1)])
    given_up = now - parse_stamp(letter.made) > GIVE_UP_AFTER and letter.tries >= _FEWEST_TRIES
    return letter._replace(
        content=b"" if given_up else letter.content,
        tries=letter.tries + 1,
        next_try=stamp(now + wait),
        problem=str(error.code),
        done=stamp(now) if given_up else "",
    )
