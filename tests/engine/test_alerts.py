"""A promise is broken, and a person reads of it: the program, its store and a real mail server."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from core.alerts.heartbeat import Beat
from core.alerts.office import Office
from core.alerts.smtp import SmtpMailer
from core.clock import SystemClock, stamp
from core.errors import Code, Exit
from core.paths import find_home
from core.plan.model import Smtp
from core.plan.read import load_plan
from core.reports.mails import MailWriter
from core.secrets import sealed_file
from core.secrets.sealed_file import SealedFileStore
from core.store.home import Event as Kept
from core.store.home import HomeStore
from tests.engine.stage import (
    Event,
    Shop,
    events,
    make_shop,
    only,
    refusal,
    wrapper_without_rights,
)
from tests.support import cli, keys, warm
from tests.support.fixed_clock import FixedClock
from tests.support.mail_sink import PASSWORD, USER, Sink, mail_sink
from tests.support.secrets_search import find_secret

PEOPLE = f"""
[[people]]
id = "anna"
name = "Anna Muster"
email = "anna@example.org"
[[people]]
id = "bert"
name = "Bert Beispiel"
email = "bert@example.org"
role = "deputy"
lang = "en"
[alerts]
digest = "never"
heartbeat = "https://hc.example.org/4f1c"
[alerts.smtp]
host = "localhost"
port = {{port}}
sender = "{USER}"
"""


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with mail_sink(tmp_path / "post") as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, sink: Sink) -> Shop:
    made = make_shop(tmp_path / "laden")
    made.write_plan(more=PEOPLE.format(port=sink.port))
    (made.source / "Kunden.csv").write_text("Anna;Berta")
    return made


def keep(shop: Shop, password: str = PASSWORD) -> None:
    """Put the password of the mail account where the program looks for it."""
    home = find_home(str(shop.home))
    home.make()
    with patch.object(sealed_file, "COST", keys._CHEAP):
        SealedFileStore(home, keys._WORD).set("smtp.password", password)


def alerts(shop: Shop, sink: Sink, *args: str, rc: int = 0) -> list[Event]:
    env = keys.ENV | {"SSL_CERT_FILE": str(sink.certificate)}
    done = warm.run("--json", "alerts", *args, home=shop.home, env=env)
    assert done.rc == rc, f"{done.rc}\n{done.stdout}\n{done.stderr}"
    return done.lines


# -- as a person types it -------------------------------------------------------------------------


def test_a_broken_promise_becomes_a_mail(shop: Shop, sink: Sink) -> None:
    keep(shop)
    shop.backup()
    assert alerts(shop, sink, "send", rc=Exit.NOTHING_DONE)[-1]["sent"] == 0
    (shop.source / "Kunden.csv").unlink()
    shop.backup(rc=Exit.SOURCE_PROBLEM)
    said = only(events(alerts(shop, sink, "send"), "sent"))
    assert (said["told"], said["sent"], said["waiting"]) == (1, 1, 0)
    assert sink.to == ["anna@example.org"]
    mail = sink.mails[0]
    assert mail["Subject"] == (
        "Ladentresor: Laden-PC: Die Kopie auf „Platte platte“ ist fehlgeschlagen."
    )
    assert "Gefahr, neu: Laden-PC: Die Kopie auf „Platte platte“" in sink.body()
    assert "alerts ack" in sink.body()
    # told once, however often somebody looks
    alerts(shop, sink, "send", rc=Exit.NOTHING_DONE)
    assert len(sink.mails) == 1
    listed = only(alerts(shop, sink, "list"))
    assert (listed["code"], listed["severity"]) == ("run_failed", "danger")
    assert alerts(shop, sink, "ack", str(listed["id"]))[0]["event"] == "acknowledged"
    assert only(alerts(shop, sink, "list"))["acknowledged_at"]
    # over when its cause is gone
    (shop.source / "Kunden.csv").write_text("Anna;Berta;Clara")
    shop.backup()
    alerts(shop, sink, "send", rc=Exit.NOTHING_DONE)
    assert alerts(shop, sink, "list") == []
    refusal(alerts(shop, sink, "ack", str(listed["id"]), rc=Exit.NOT_FOUND), Code.ALERT_UNKNOWN)


def test_a_warning_nobody_can_be_told_is_not_passed_over(shop: Shop, sink: Sink) -> None:
    shop.write_plan(more=PEOPLE.split("[alerts]")[0])
    shop.backup()
    alerts(shop, sink, "send", rc=Exit.NOTHING_DONE)
    (shop.source / "Kunden.csv").unlink()
    shop.backup(rc=Exit.SOURCE_PROBLEM)
    refusal(alerts(shop, sink, "send", rc=Exit.ALERT_PROBLEM), Code.MAIL_NOT_SET_UP)


def test_a_test_mail_proves_that_mails_arrive(shop: Shop, sink: Sink) -> None:
    refusal(alerts(shop, sink, "test", rc=Exit.SECRET_PROBLEM), Code.MAIL_SECRET_MISSING)
    keep(shop, "falsches Kennwort")
    refusal(alerts(shop, sink, "test", rc=Exit.SECRET_PROBLEM), Code.MAIL_LOGIN)
    keep(shop)
    assert [line["person"] for line in alerts(shop, sink, "test")] == ["anna", "bert"]
    assert sink.mails[0]["Subject"] == "Ladentresor: Testmail"
    typed = next(line for line in sink.body(0).splitlines() if "alerts confirm" in line).split()[-1]
    assert typed not in str(sink.mails[0]["Subject"])
    wrong = typed[:-1] + ("a" if typed[-1] != "a" else "b")
    refusal(alerts(shop, sink, "confirm", wrong, rc=Exit.ALERT_PROBLEM), Code.MAIL_CODE_WRONG)
    done = alerts(shop, sink, "confirm", typed.upper().replace("-", ""))
    assert done == [{"event": "confirmed", "person": "anna"}]
    lines = {line["check"]: line for line in shop.run("doctor", rc=Exit.PARTLY)}
    assert lines["mail anna"]["good"] is True
    assert lines["mail bert"]["good"] is False
    refusal(alerts(shop, sink, "test", "--to", "clara", rc=Exit.NOT_FOUND), Code.PERSON_UNKNOWN)


def test_the_password_is_found_nowhere(shop: Shop, sink: Sink) -> None:
    keep(shop)
    shop.backup()
    alerts(shop, sink, "test")
    (shop.source / "Kunden.csv").unlink()
    shop.backup(rc=Exit.SOURCE_PROBLEM)
    said = alerts(shop, sink, "send")
    keep(shop, PASSWORD + "-alt")
    said += alerts(shop, sink, "test", rc=Exit.SECRET_PROBLEM)
    (shop.root / "gesagt.txt").write_text(str(said), encoding="utf-8")
    (shop.root / "mails.txt").write_bytes(b"".join(mail.as_bytes() for mail in sink.mails))
    assert sink.mails
    assert find_secret(shop.root, PASSWORD) == []


def test_the_log_of_runs_names_what_was_left_out(shop: Shop, sink: Sink, tmp_path: Path) -> None:
    closed = shop.source / "=Kasse; geheim.dat"
    closed.write_text("zu")
    closed.chmod(0)
    wrapper = wrapper_without_rights()
    shop.backup(rc=Exit.PARTLY, wrapper=wrapper)
    shop.backup(rc=Exit.PARTLY, wrapper=wrapper)
    found = shop.run("runs", "--search", "KASSE")
    assert [line["skipped"] for line in found] == [1, 1]
    assert found[0]["left_out"] == [
        {
            "path": "shop/=Kasse; geheim.dat",
            "raw": found[0]["left_out"][0]["raw"],
            "reason": "keine_rechte",
        }
    ]
    assert len(shop.run("runs", "--last", "1")) == 1
    shop.run("runs", "--search", "gibt es nicht", rc=Exit.NOTHING_DONE)
    table = tmp_path / "läufe.csv"
    shop.run("runs", "--export", table)
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert len(rows) == 5
    assert rows[2][-2:] == ["shop/=Kasse; geheim.dat", "keine Leserechte"]
    refusal(
        shop.run("runs", "--export", table, rc=Exit.DESTINATION_REFUSED), Code.EXPORT_NOT_WRITTEN
    )


# -- with a clock of our own ----------------------------------------------------------------------


@dataclass(slots=True)
class World:
    """An office of the shop, in which time passes as the test likes."""

    office: Office
    store: HomeStore
    clock: FixedClock
    screen: list[tuple[str, str]] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)

    def show(self, title: str, text: str, *, urgent: bool) -> bool:
        self.screen.append((title, text))
        return True

    def beat(self, address: str, beat: Beat) -> bool:
        assert address == "https://hc.example.org/4f1c"
        self.beats.append(beat)
        return True

    def hours(self, count: int, pace: int = 1) -> int:
        """Let hours pass as the agent would; how many mails were sent."""
        sent = 0
        for _ in range(0, count, pace):
            self.clock.pass_by(hours=pace)
            self.office.collect()
            sent += self.office.step().sent
        return sent


@contextmanager
def world(shop: Shop, sink: Sink, secret: str = PASSWORD) -> Iterator[World]:
    home = find_home(str(shop.home))
    plan = load_plan(home.plan)
    clock = FixedClock(SystemClock().now())
    store = HomeStore(home.database, clock)
    made: list[World] = []

    def mailer(smtp: Smtp) -> SmtpMailer:
        return SmtpMailer(smtp, lambda: secret, sink.trust)

    class Screen:
        def show(self, title: str, text: str, *, urgent: bool) -> bool:
            return made[0].show(title, text, urgent=urgent)

    office = Office(
        home,
        store,
        plan,
        clock,
        writer=MailWriter(plan),
        mailer=mailer,
        desktop=Screen(),
        send_beat=lambda address, beat: made[0].beat(address, beat),
    )
    made.append(World(office, store, clock))
    try:
        yield made[0]
    finally:
        store.close()


def test_an_overdue_copy_is_told_to_the_owner_then_to_the_deputy(shop: Shop, sink: Sink) -> None:
    shop.backup()
    with world(shop, sink) as now:
        assert now.hours(23) == 0
        assert now.screen == []
        assert now.hours(3) == 1
        assert sink.to == ["anna@example.org"]
        assert len(now.screen) == 1
        assert "der neueste Stand zu alt" in str(sink.mails[0]["Subject"])
        assert now.beats[0] is Beat.SUCCESS
        assert now.beats[-1] is Beat.FAIL
        now.hours(72)
        assert sink.to == ["anna@example.org", "bert@example.org"]
        assert "too old" in sink.mails[1]["Subject"]
        assert "deputy" in sink.body(1)


def test_greylisting_and_an_absent_server_lose_nothing(tmp_path: Path) -> None:
    with mail_sink(tmp_path / "post") as sink:
        port = sink.port
    shop = make_shop(tmp_path / "laden")
    shop.write_plan(more=PEOPLE.format(port=port))
    (shop.source / "Kunden.csv").write_text("Anna")
    shop.backup()
    with world(shop, sink) as now:
        now.hours(26)  # overdue by now, and nobody takes the mail
        waiting = now.store.alerts.waiting_letters()
        assert [letter.problem for letter in waiting] == ["mail_unreachable"]
        made = waiting[0].made
        assert now.hours(21) == 0
        assert [row.code for row in now.office.collect()] == ["overdue"]
        now.hours(3)
        assert "mail_fails" in [row.code for row in now.office.collect()]
        assert any("Mails" in text for _, text in now.screen)
        with mail_sink(tmp_path / "post", port=port) as back:
            back.answers.append("451 4.7.1 Greylisted")
            now.hours(3)
        assert back.to == ["anna@example.org"]
        sent_at = datetime.strptime(made, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert abs(back.mails[0]["Date"].datetime - sent_at) < timedelta(seconds=1)
        assert now.store.alerts.waiting_letters() == []
        assert "mail_fails" not in [row.code for row in now.office.collect()]


def test_a_wrong_password_is_said_on_the_screen_and_mended(shop: Shop, sink: Sink) -> None:
    shop.backup()
    with world(shop, sink, secret="falsch") as now:
        now.hours(27)
        assert any("Mails" in text for _, text in now.screen)
        assert sink.mails == []
        refused = len(sink.logins)
        now.hours(24)
        assert len(sink.logins) - refused <= 12  # wrong logins lock accounts
    with world(shop, sink) as now:
        now.clock.pass_by(hours=60)
        assert now.office.step(at_once=True).sent >= 1
    assert "anna@example.org" in sink.to


def test_a_slip_in_an_address_is_mended_in_letters_that_wait(shop: Shop, sink: Sink) -> None:
    sink.refuse = lambda address: "550 5.1.1" if address == "anna@example.org" else None
    shop.backup()
    with world(shop, sink) as now:
        now.hours(26)
        assert sink.to == []
    shop.write_plan(more=PEOPLE.format(port=sink.port).replace("anna@ex", "anna.muster@ex"))
    with world(shop, sink) as now:
        now.clock.pass_by(hours=34)
        assert now.office.step(at_once=True).sent == 1
    assert sink.to == ["anna.muster@example.org"]
    assert sink.mails[0]["To"] == "anna.muster@example.org"


def test_what_the_background_process_sees_is_told_too(shop: Shop, sink: Sink) -> None:
    shop.backup()
    with world(shop, sink) as now:
        moment = stamp(now.clock.now())
        wrong = Kept("disk_wrong", "warning", "", "platte", moment, "", "", '{"other":"b"}')
        waits = Kept("copy_waits", "info", "laden", "platte", moment, "", "", "{}")
        now.store.keep_events([wrong, waits], codes=("disk_wrong", "copy_waits"))
        now.store.add_event(Kept("store_broken", "warning", "", "", moment, "", "", "{}"))
        assert now.hours(1) == 1
        assert [row.code for row in now.office.collect()] == ["disk_wrong", "store_broken"]
        now.store.keep_events([waits], codes=("disk_wrong", "copy_waits"))
        assert [row.code for row in now.office.collect()] == ["store_broken"]
        now.clock.pass_by(hours=24)
        assert "store_broken" not in [row.code for row in now.office.collect()]
    assert "eine andere Platte als „Platte platte“" in sink.body()


def test_nothing_is_sent_twice_by_two_at_once(shop: Shop, sink: Sink) -> None:
    shop.backup()
    with world(shop, sink) as one, world(shop, sink) as other:
        one.clock.pass_by(hours=26)
        one.office.collect()
        with one.office._alone() as alone:
            assert alone
            assert other.office.step().is_busy
        one.office.step()
        other.clock.pass_by(hours=26)
        other.office.collect()
        other.office.step()
    assert sink.to == ["anna@example.org"]


def test_once_a_week_everybody_hears_n_of_m(shop: Shop, sink: Sink) -> None:
    days = PEOPLE.replace('digest = "never"', 'digest = "wed"\nquiet_from = "07:00"')
    days = days.replace('quiet_from = "07:00"', 'quiet_from = "07:00"\nquiet_until = "10:00"')
    shop.write_plan(more=days.format(port=sink.port))
    shop.backup()
    with world(shop, sink) as now:
        now.hours(24 * 14, pace=4)
        moments = [
            mail["Date"].datetime.astimezone()
            for to, mail in zip(sink.to, sink.mails, strict=True)
            if "die Woche" in mail["Subject"] and to == "anna@example.org"
        ]
        assert len(moments) == 2
        assert all(one.weekday() == 2 and 10 <= one.hour < 14 for one in moments)
    weeks = [mail["Subject"] for mail in sink.mails if "the week" in str(mail["Subject"])]
    assert len(weeks) == 2
    assert weeks[1].startswith("Ladentresor, the week: nothing backed up, 0 of 1 copies count")


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_nothing_is_lost(shop: Shop, sink: Sink, seed: int) -> None:
    kill_and_send(shop, sink, seed)


@pytest.mark.kill
@pytest.mark.parametrize("seed", range(3, 40))
def test_killed_at_many_moments(shop: Shop, sink: Sink, seed: int) -> None:
    kill_and_send(shop, sink, seed)


def kill_and_send(shop: Shop, sink: Sink, seed: int) -> None:
    """Kill a process that tells; the next one tells what is left, and nothing under a new name."""
    keep(shop)
    shop.backup()
    (shop.source / "Kunden.csv").unlink()
    shop.backup(rc=Exit.SOURCE_PROBLEM)
    env = keys.ENV | {"SSL_CERT_FILE": str(sink.certificate)}
    with cli.start("--json", "alerts", "send", home=shop.home, env=env) as running:
        time.sleep(0.3 + Random(seed).random() * 1.2)
        running.kill_group()
        running.process.communicate(timeout=30)
    done = warm.run("--json", "alerts", "send", home=shop.home, env=env)
    assert done.rc in (Exit.OK, Exit.NOTHING_DONE)
    assert {mail["Message-ID"] for mail in sink.mails} == {sink.mails[0]["Message-ID"]}
    assert 1 <= len(sink.mails) <= 2
