"""The mails as they are read: golden files in both languages, nothing private in a subject.

After a change that is meant: `WRITE_GOLDEN=1` before the test rewrites the files; read the diff.
"""

from __future__ import annotations

import email
import os
from datetime import UTC
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.alerts.digest import Summary, summary
from core.alerts.message import Written, compose, readdressed
from core.alerts.model import Cause, Notice, Stage
from core.clock import stamp
from core.errors import Code
from core.health.three_two_one import judge
from core.plan.model import Person
from core.reports.mails import MailWriter
from core.texts import Lang
from tests.support.fixed_clock import NOON
from tests.unit.alerts.given import ANNA, BERT, DAY, event, plan, run
from tests.unit.health.given import cloud, copy, system

PARAMS = (
    '{"code":"CODE","count":1,"runs":3,"days":2,"period":86400,"limit":86400,'
    '"copied":"2026-11-19T12:00:00Z","hours":13,"what":"cifs","destinations":"NAS, Cloud"}'
)
GOLDEN = Path(__file__).parent / "golden"
LANGS: tuple[Lang, ...] = ("de", "en")
WRITER = MailWriter(plan(), zone=UTC)


def reader(lang: Lang) -> Person:
    return Person(id="anna", name="Anna <Muster>", email=ANNA.email, lang=lang)


def events() -> list[Notice]:
    """One of each kind, as long as the list of causes."""
    params = {
        Cause.RUN_FAILED: '{"code":"destination_full"}',
        Cause.INTERRUPTED: '{"runs":3}',
        Cause.SKIPPED: '{"count":1204}',
        Cause.DAMAGED: '{"count":2}',
        Cause.READ_BACK_LATE: '{"period":7776000}',
        Cause.DISK_STAYS: '{"days":3}',
        Cause.MAIL_FAILS: '{"code":"mail_login"}',
        Cause.UNLOCKED: '{"code":"lock_no_bucket"}',
        Cause.NOBODY_SIGNED_IN: '{"hours":13}',
        Cause.HOME_UNFIT: '{"what":"OneDrive"}',
        Cause.SECRETS_LOCKED: '{"destinations":"NAS, Cloud"}',
        Cause.OVERDUE: '{"copied":"2026-11-19T12:00:00Z","limit":86400}',
    }
    return [
        Notice(
            event(
                number,
                str(cause),
                params=params.get(cause, "{}"),
                severity="danger" if number % 2 else "act",
            ),
            list(Stage)[number % 3],
        )
        for number, cause in enumerate(Cause, start=1)
    ]


def week(*, good: bool) -> Summary:
    if good:
        return summary([judge(system(), NOON)], [], [run(), run(destination="wolke")], NOON)
    late = cloud(copied=NOON - 9 * DAY)
    over = event(3, "damaged", params='{"count":2}', ended=stamp(NOON - DAY))
    return summary([judge(system(copy(), late), NOON)], [event(), over], [run(skipped=3)], NOON)


def mails(lang: Lang) -> dict[str, Written]:
    person = reader(lang)
    deputy = Person(id="bert", name="Bert", email=BERT.email, lang=lang)
    return {
        "warnung": WRITER.alert(person, [Notice(event(), Stage.FIRST)], NOON),
        "vertretung": WRITER.alert(deputy, [Notice(event(), Stage.ESCALATED)], NOON),
        "alle": WRITER.alert(person, events(), NOON),
        "woche-gut": WRITER.digest(person, week(good=True), NOON),
        "woche": WRITER.digest(person, week(good=False), NOON),
        "woche-nichts": WRITER.digest(person, summary([], [], [], NOON), NOON),
        "test": WRITER.test(person, "abcd-efgh", NOON),
    }


NAMES = tuple(mails("de"))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", NAMES)
def test_as_it_was_read_and_found_good(name: str, lang: Lang) -> None:
    mail = mails(lang)[name]
    found = {
        "txt": f"{mail.subject}\n\n{mail.text}",
        "html": mail.html,
    }
    for ending, text in found.items():
        path = GOLDEN / f"{name}.{lang}.{ending}"
        if os.environ.get("WRITE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}  # nothing is fetched
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", LANGS)
def test_html_is_well_formed_and_escaped(lang: Lang) -> None:
    for mail in mails(lang).values():
        tags = _Tags()
        tags.feed(mail.html)
        tags.close()
        assert tags.open == []
        assert tags.seen <= {"html", "head", "meta", "title", "body", "div", "p", "h1", "h2"} | {
            "strong"
        }
        assert "<Laden>" not in mail.html
    assert "Muster &amp; Söhne &lt;Laden&gt;" in mails(lang)["test"].html


@pytest.mark.parametrize("lang", LANGS)
def test_no_path_and_nothing_missing_in_any_mail(lang: Lang) -> None:
    some = dict.fromkeys(Cause, Code.DESTINATION_FULL)
    for cause, code in [*some.items(), *((Cause.RUN_FAILED, code) for code in Code)]:
        one = event(1, cause, destination="platte", params=PARAMS.replace("CODE", code))
        mail = WRITER.alert(reader(lang), [Notice(one, Stage.FIRST)], NOON)
        assert "/" not in mail.subject
        assert "\\" not in mail.subject
        assert "geheim" not in mail.subject + mail.text + mail.html
        assert "…" not in mail.subject
        assert "\n" not in mail.subject


@pytest.mark.parametrize("lang", LANGS)
def test_every_cause_says_what_is_not_safe_and_what_to_do(lang: Lang) -> None:
    said = [WRITER._said(WRITER._texts(lang), one.event, NOON) for one in events()]
    for one in said:
        assert one.sentence
        assert one.risk
        assert one.next_step
        assert "…" not in one.sentence + one.risk + one.next_step
        assert "{" not in one.sentence + one.risk + one.next_step
    assert len({one.sentence for one in said}) == len(Cause)


def test_an_event_of_another_version_is_named_at_least() -> None:
    mail = WRITER.alert(reader("de"), [Notice(event(1, "von_morgen"), Stage.FIRST)], NOON)
    assert "von_morgen" in mail.text


def test_the_screen_says_one_thing_and_the_number_of_the_others() -> None:
    assert WRITER.bubble([Notice(event(), Stage.FIRST)], NOON)[0] == "Ladentresor braucht Sie"
    title, text = WRITER.bubble(events(), NOON)
    assert str(len(Cause)) in title
    assert len(text) < 300


def test_a_mail_travels_as_text_and_html_and_is_the_same_each_time() -> None:
    written = mails("de")["woche"]
    made = [compose(written, ANNA, sender="laden@example.org", id="x", now=NOON) for _ in "ab"]
    message = email.message_from_bytes(made[0], policy=default)
    assert message["From"] == "Ladentresor <laden@example.org>"
    assert message["Subject"] == written.subject
    assert message["Message-ID"] == "<x@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == written.text.splitlines()
    assert max(len(line) for line in made[0].split(b"\r\n")) < 998
    again = email.message_from_bytes(
        readdressed(made[0], sender="neu@example.org", to="b@example.org"), policy=default
    )
    assert (again["To"], again["From"]) == ("b@example.org", "Ladentresor <neu@example.org>")
    assert again["Message-ID"] == message["Message-ID"]
    body = again.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == written.text.splitlines()
