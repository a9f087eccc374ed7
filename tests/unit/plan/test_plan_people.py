"""People and alerts in the plan: what may stand there, what it means, what is wrong with it."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest

from core.plan.kinds import ADDRESS, HOST, WEB_ADDRESS, Matching, parse_time
from core.plan.model import AlertSettings, DigestDay, Login, Person, Role, Security, Smtp
from core.plan.problems import PlanError, ProblemCode
from core.plan.read import read_plan
from tests.unit.plan.sample import SMALLEST

FULL = """
[[people]]
id = "anna"
name = "Anna Muster"
email = "anna@example.org"
[[people]]
id = "bert"
role = "deputy"
lang = "en"
[alerts]
quiet_from = "20:00"
quiet_until = "07:30"
escalate_after = "2d"
digest = "fri"
desktop = false
heartbeat = "https://hc.example.org/ping/4f1c?rid=1"
[alerts.smtp]
host = "smtp.example.org"
security = "tls"
sender = "laden@example.org"
user = "konto"
login = "oauth"
"""


def problems(more: str) -> list[tuple[ProblemCode, str]]:
    with pytest.raises(PlanError) as failed:
        read_plan(SMALLEST + more, source="plan.toml")
    return [(problem.code, problem.key) for problem in failed.value.problems]


def test_all_of_it() -> None:
    plan = read_plan(SMALLEST + FULL, source="plan.toml")
    assert plan.people == (
        Person(id="anna", name="Anna Muster", email="anna@example.org"),
        Person(id="bert", name="bert", role=Role.DEPUTY, lang="en"),
    )
    assert plan.alerts == AlertSettings(
        quiet_from=time(20),
        quiet_until=time(7, 30),
        escalate_after=timedelta(days=2),
        digest=DigestDay.FRI,
        desktop=False,
        heartbeat="https://hc.example.org/ping/4f1c?rid=1",
        smtp=Smtp(
            host="smtp.example.org",
            port=465,
            security=Security.TLS,
            sender="laden@example.org",
            user="konto",
            login=Login.OAUTH,
        ),
    )


def test_nothing_of_it() -> None:
    plan = read_plan(SMALLEST, source="plan.toml")
    assert (plan.people, plan.alerts) == ((), AlertSettings())
    assert plan.alerts.smtp is None
    assert plan.alerts.escalate_after == timedelta(days=3)


def test_what_follows_from_the_rest() -> None:
    text = '[alerts.smtp]\nhost = "h"\nsender = "a@b.de"\n'
    smtp = read_plan(SMALLEST + text, source="plan.toml").alerts.smtp
    assert smtp == Smtp(host="h", sender="a@b.de", port=587, user="a@b.de")
    assert smtp is not None
    assert smtp.secret == "smtp.password"


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('"anna@example.org"', '"Anna <a@b.de>"', ProblemCode.WRONG_ADDRESS, "people.anna.email"),
        ('"anna@example.org"', '"anna@müller.de"', ProblemCode.WRONG_ADDRESS, "people.anna.email"),
        ('"20:00"', '"24:00"', ProblemCode.WRONG_TIME, "alerts.quiet_from"),
        ('"20:00"', '"8 Uhr"', ProblemCode.WRONG_TIME, "alerts.quiet_from"),
        ('"20:00"', '"07:30"', ProblemCode.QUIET_HALF, "alerts.quiet_from"),
        ('quiet_until = "07:30"', "", ProblemCode.QUIET_HALF, "alerts.quiet_from"),
        ('quiet_from = "20:00"', "", ProblemCode.QUIET_HALF, "alerts.quiet_until"),
        ('"https://hc', '"file://hc', ProblemCode.WRONG_WEB_ADDRESS, "alerts.heartbeat"),
        ('"smtp.example.org"', '"https://x"', ProblemCode.BAD_HOST, "alerts.smtp.host"),
        ('"smtp.example.org"', '"x:587"', ProblemCode.BAD_HOST, "alerts.smtp.host"),
        ('security = "tls"', 'security = "none"', ProblemCode.WRONG_CHOICE, "alerts.smtp.security"),
        ('host = "smtp.example.org"', "", ProblemCode.MISSING_KEY, "alerts.smtp.host"),
        ('id = "bert"', 'id = "anna"', ProblemCode.DUPLICATE_ID, "people[2].id"),
        ('role = "deputy"', 'role = "chef"', ProblemCode.WRONG_CHOICE, "people.bert.role"),
    ],
)
def test_what_is_wrong(old: str, new: str, code: ProblemCode, key: str) -> None:
    assert FULL.count(old) == 1
    assert problems(FULL.replace(old, new)) == [(code, key)]


def test_somebody_is_responsible() -> None:
    text = '[[people]]\nid = "bert"\nrole = "deputy"\n'
    assert problems(text) == [(ProblemCode.NO_OWNER, "people.bert")]


def fits(kind: Matching, text: str) -> bool:
    return len(text) <= kind.longest and re.fullmatch(kind.pattern, text) is not None


@pytest.mark.parametrize("good", ["a@b.de", "a.b+c@mail.example.org", "o'neil@x-y.de"])
def test_addresses(good: str) -> None:
    assert fits(ADDRESS, good)


@pytest.mark.parametrize(
    "bad",
    ["", "a", "a@b", "@b.de", "a@", "a b@c.de", "a@b..de", "a@-b.de", ".a@b.de", "a@b.de\n",
     "a@b.de\r\nBcc: x@y.de", "a@b.de,c@d.de", "a@b.de>", "a" * 250 + "@b.de"],
)  # fmt: skip
def test_no_addresses(bad: str) -> None:
    assert not fits(ADDRESS, bad)


def test_other_things_of_the_net() -> None:
    assert fits(WEB_ADDRESS, "http://127.0.0.1:8000/ping/x")
    for bad in ("", "ftp://x", "https://", "https://a b", "https://u:p@h/x", "https://h/\nx"):
        assert not fits(WEB_ADDRESS, bad)
    assert fits(HOST, "127.0.0.1")
    for bad in ("", "a b", "a/b", "-a", "a\n", "a" * 300):
        assert not fits(HOST, bad)
    assert parse_time("00:00") == time(0)
    for bad in ("7:00", "07:60", "0700", "07:00:00", "07:00 "):
        with pytest.raises(ValueError):
            parse_time(bad)
