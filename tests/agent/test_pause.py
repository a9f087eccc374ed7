"""A pause under a real agent: nothing begins by itself, everything else goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.agent.test_agent import big_file
from tests.engine.stage import Shop, make_shop
from tests.engine.test_alerts import PEOPLE, keep
from tests.support import agent, cli, keys
from tests.support.mail_sink import mail_sink


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "kasse.csv").write_text("1;2;3\n")
    return made


def waits(shop: Shop) -> list[str]:
    found = agent.answers(shop.home)
    return [copy["wait"] for copy in found["copies"]] if found else []


def test_it_outlives_the_agent_and_ends_when_a_person_says_so(shop: Shop) -> None:
    cli.run("agent", "pause", "--for", "2h", home=shop.home)
    with agent.running(shop.home, "--at-once") as first:
        agent.wait_for(lambda: waits(shop) == ["paused"])
        assert {"paused", "copy_waits"} <= agent.codes(shop.home)
        os.kill(first.pid, signal.SIGKILL)
        first.process.wait(10)
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: waits(shop) == ["paused"])
        assert agent.runs(shop.home) == []
        assert "Pause bis" in cli.run("agent", "status", home=shop.home).stdout
        assert cli.run("restore", "laden", "--into", "x", home=shop.home, check=False).rc != 6
        assert cli.run("backup", home=shop.home).rc == 0  # by hand it works
        (shop.source / "neu.txt").write_text("neu")
        assert len(agent.runs(shop.home)) == 1
        assert cli.run("agent", "resume", home=shop.home).rc == 0
        agent.wait_for(lambda: "paused" not in agent.codes(shop.home))
        agent.wait_for(lambda: waits(shop) == ["not_due"])
    assert cli.run("agent", "resume", home=shop.home, check=False).rc == 4


def test_what_runs_by_itself_stops_when_a_pause_begins(shop: Shop) -> None:
    big_file(shop)
    with agent.running(shop.home, "--at-once"):
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.run])
        done = cli.run("--json", "agent", "pause", "--for", "2h", home=shop.home)
        assert [line["state"] for line in done.lines] == ["paused"]
        agent.wait_for(lambda: not agent.works(shop.home))
        assert [row.status for row in agent.runs(shop.home)] == ["CANCELLED"]
        agent.wait_for(lambda: waits(shop) == ["paused"])


@pytest.mark.full
def test_warnings_still_come(tmp_path: Path) -> None:
    with mail_sink(tmp_path / "post") as sink:
        shop = make_shop(tmp_path / "laden")
        shop.write_plan(more=PEOPLE.format(port=sink.port))
        keep(shop)
        env = keys.ENV | {"SSL_CERT_FILE": str(sink.certificate)}
        cli.run("agent", "pause", "--for", "1d", home=shop.home)
        with agent.running(shop.home, "--at-once", env=env):
            cli.run("agent", "run-now", home=shop.home)  # its source is empty
            agent.wait_for(lambda: sink.mails, what="a mail")
        assert "fehlgeschlagen" in sink.mails[0]["Subject"]


def test_status_and_doctor_say_it_and_wrong_ends_are_refused(shop: Shop) -> None:
    cli.run("backup", home=shop.home)
    for typed in (("closing",), ("--for", "8d"), ("immer",)):
        assert cli.run("agent", "pause", *typed, home=shop.home, check=False).rc == 2
    assert "Pause" not in cli.run("status", home=shop.home).stdout
    done = cli.run("agent", "pause", "--for", "30h", home=shop.home).stdout
    assert "ab morgen" in done or "älter, als sie sein darf" in done
    assert "Der Hintergrunddienst läuft hier nicht" in done
    assert "Pause bis" in cli.run("status", home=shop.home).stdout
    checks = cli.run("--json", "doctor", home=shop.home, check=False)
    assert [line["good"] for line in checks.lines if line.get("check") == "pause"] == [False]


def test_start_outlives_who_asked_and_says_when_it_runs_already(shop: Shop) -> None:
    env = cli._environment(None)  # without the mark by which all that a call started is killed
    command = [*cli._command(("--json", "agent", "start"), shop.home)]
    try:
        done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        pid = json.loads(done.stdout.splitlines()[-1])["pid"]
        assert agent.answers(shop.home) is not None
        assert os.getsid(pid) == pid  # a session of its own: no terminal takes it along
        again = cli.run("--json", "agent", "start", home=shop.home)
        assert again.lines[-1]["pid"] == pid
    finally:
        cli.run("agent", "stop", home=shop.home, check=False)
