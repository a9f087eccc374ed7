"""The queue of letters: tried again at the right times, never lost, never sent twice by us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.alerts.message import Written, compose
from core.alerts.model import Cause
from core.alerts.post import deliver, trouble
from core.alerts.smtp import Parcel
from core.clock import stamp
from core.errors import Code, KnownError
from core.store.events import EventLog, LetterRow
from core.store.home import HomeStore
from tests.support.fixed_clock import NOON, FixedClock
from tests.unit.alerts.given import ANNA, BERT, DAY, HOUR, plan

MINUTE = HOUR / 60


class Server:
    """Answers as it is told to; None takes the mail, an exception is our own death."""

    def __init__(self, *answers: Code | BaseException | None) -> None:
        self.answers = list(answers)
        self.taken: list[Parcel] = []
        self.asked = 0

    def send(self, parcels: Sequence[Parcel]) -> Iterator[KnownError | None]:
        for parcel in parcels:
            self.asked += 1
            answer = self.answers.pop(0) if self.answers else None
            if isinstance(answer, BaseException):
                raise answer
            if answer is None:
                self.taken.append(parcel)
            yield None if answer is None else KnownError(answer, host="h", port=1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    store = HomeStore(tmp_path / "ladentresor.db", FixedClock())
    yield store.alerts
    store.close()


def write(log: EventLog, count: int = 1) -> None:
    content = compose(Written("S", "T", "<p>T</p>"), ANNA, sender="l@e.org", id="x", now=NOON)
    log.tell([], [LetterRow(0, "alert", "anna", ANNA.email, stamp(NOON), content)] * count)


def tries(log: EventLog, answer: Code, hours: int) -> list[float]:
    """After how many minutes a letter is tried, by a server that always answers alike."""
    server = Server(*[answer] * 10_000)
    found: list[float] = []
    for minute in range(hours * 60):
        before = server.asked
        deliver(log, plan(), server, NOON + minute * MINUTE)
        if server.asked > before:
            found.append(minute)
    return found


def test_sent_and_done(log: EventLog) -> None:
    write(log, 2)
    server = Server()
    assert deliver(log, plan(), server, NOON) == (2, None)
    assert deliver(log, plan(), server, NOON + DAY) == (0, None)
    assert len(server.taken) == 2
    assert [(row.content, row.done) for row in log.letters(since="")] == [(b"", stamp(NOON))] * 2


def test_greylisting_is_met_with_patience(log: EventLog) -> None:
    write(log)
    assert tries(log, Code.MAIL_LATER, 5) == [0, 5, 20, 50, 110, 170, 230, 290]


def test_a_wrong_password_is_not_tried_until_the_account_is_locked(log: EventLog) -> None:
    write(log)
    assert tries(log, Code.MAIL_LOGIN, 24) == [0, 60, 180, 420, 780, 1140]


def test_by_hand_nothing_waits(log: EventLog) -> None:
    write(log)
    deliver(log, plan(), Server(Code.MAIL_LOGIN), NOON)
    assert deliver(log, plan(), Server(), NOON + MINUTE) == (0, None)
    assert deliver(log, plan(), Server(), NOON + MINUTE, at_once=True) == (1, None)


def test_one_refused_letter_does_not_hold_up_the_others(log: EventLog) -> None:
    write(log, 3)
    server = Server(None, Code.MAIL_REFUSED, None)
    sent, failure = deliver(log, plan(), server, NOON)
    assert sent == 2
    assert failure is not None
    assert failure.code is Code.MAIL_REFUSED
    assert [row.problem for row in log.waiting_letters()] == ["mail_refused"]


@pytest.mark.parametrize("at", range(5))
def test_whoever_dies_in_between_sends_the_rest_later(log: EventLog, at: int) -> None:
    write(log, 5)
    server = Server(*[None] * at, SystemExit())
    with pytest.raises(SystemExit):
        deliver(log, plan(), server, NOON)
    again = Server()
    deliver(log, plan(), again, NOON + MINUTE)
    assert len(server.taken) == at
    assert len(again.taken) == 5 - at


def test_nothing_is_given_up_within_thirty_days(log: EventLog) -> None:
    write(log)
    away = Server(*[Code.MAIL_UNREACHABLE] * 1000)
    deliver(log, plan(), away, NOON + 900 * DAY)  # nor by a clock that went ahead
    for hour in range(30 * 24):
        deliver(log, plan(), away, NOON + hour * HOUR, at_once=hour % 24 == 0)
        assert len(log.waiting_letters()) == 1
    deliver(log, plan(), away, NOON + 31 * DAY)
    assert log.waiting_letters() == []
    assert [row.problem for row in log.letters(since="")] == ["mail_unreachable"]


def test_a_clock_set_back_does_not_make_a_letter_wait_for_years(log: EventLog) -> None:
    write(log)
    deliver(log, plan(), Server(Code.MAIL_LATER), NOON + 900 * DAY)
    assert deliver(log, plan(), Server(), NOON) == (1, None)


def test_who_is_no_longer_in_the_plan_gets_nothing(log: EventLog) -> None:
    write(log)
    server = Server()
    assert deliver(log, plan(BERT), server, NOON) == (0, None)
    assert (server.taken, log.waiting_letters()) == ([], [])


def test_without_a_server_letters_wait(log: EventLog) -> None:
    write(log)
    assert deliver(log, plan(smtp=None), Server(), NOON) == (0, None)
    assert len(log.waiting_letters()) == 1


@pytest.mark.parametrize(
    ("code", "after", "said"),
    [
        (Code.MAIL_LATER, 23, False),
        (Code.MAIL_LATER, 25, True),
        (Code.MAIL_UNREACHABLE, 23, False),
        (Code.MAIL_UNREACHABLE, 25, True),
        (Code.MAIL_LOGIN, 0, True),
        (Code.MAIL_CERTIFICATE, 0, True),
        (Code.MAIL_REFUSED, 0, True),
        (Code.SECRET_STORE_MISSING, 0, True),
    ],
)
def test_that_mails_do_not_get_out_is_a_warning(
    log: EventLog, code: Code, after: int, said: bool
) -> None:
    write(log)
    assert trouble(log.waiting_letters(), NOON + 99 * DAY) == []  # not tried yet
    deliver(log, plan(), Server(code), NOON)
    found = trouble(log.waiting_letters(), NOON + after * HOUR)
    assert [(one.cause, one.params["code"]) for one in found] == (
        [(Cause.MAIL_FAILS, code)] if said else []
    )
    deliver(log, plan(), Server(), NOON + DAY)
    assert trouble(log.waiting_letters(), NOON + 2 * DAY) == []
