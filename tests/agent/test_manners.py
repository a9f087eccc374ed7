"""How jobs behave on a PC that people work on, and that the service really starts at logon."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from core.agent.autostart import entries, installed
from tests.agent.test_agent import big_file
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "kasse.csv").write_text("1;2;3\n")
    return made


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_due_jobs_step_aside_and_typed_ones_do_not(shop: Shop) -> None:
    big_file(shop, 500)
    mine = niceness(0)
    with agent.running(shop.home, "--at-once") as running:
        agent.wait_for(lambda: [row for row in agent.runs(shop.home) if row.run])
        due = agent.job_pid(shop.home)
        assert agent.parent_of(due) == running.pid
        assert niceness(due) == min(19, mine + 10)
        said = subprocess.run(
            ["ionice", "-p", str(due)], capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == "best-effort: prio 7"
        assert niceness(running.pid) == mine
        agent.wait_for(lambda: not agent.works(shop.home))
        big_file(shop, 510)
        with cli.start("backup", home=shop.home) as typed:
            agent.wait_for(lambda: len([r for r in agent.runs(shop.home) if r.run]) == 2)
            assert niceness(agent.job_pid(shop.home)) == mine
            typed.process.wait(60)


def test_the_pc_is_kept_awake_while_a_job_runs_and_no_longer(tmp_path: Path) -> None:
    """With a systemd-inhibit of ours: there is no systemd where tests run."""
    from core.agent import manners

    told = tmp_path / "told"
    script = tmp_path / "inhibit"
    script.write_text(f"#!/bin/sh\necho began >> {told}\ncat\necho ended >> {told}\n")
    script.chmod(0o755)
    with manners._holding([str(script)]):
        agent.wait_for(lambda: told.exists() and told.read_text() == "began\n")
    with manners._holding([str(tmp_path / "nicht-da")]):
        pass  # what the system cannot do is no reason not to back up


def test_the_entry_really_starts_the_service(shop: Shop, tmp_path: Path) -> None:
    """Installed by the verb, then started by the very words that stand in the entry."""
    session = {"HOME": str(tmp_path / "anna"), "XDG_RUNTIME_DIR": "", "XDG_CONFIG_HOME": ""}
    done = cli.run("--json", "agent", "install", home=shop.home, env=session)
    place = next(line["place"] for line in done.lines if line["event"] == "agent")
    doctor = cli.run("--json", "doctor", home=shop.home, env=session, check=False)
    check = next(line for line in doctor.lines if line.get("check") == "agent")
    assert (check["good"], "läuft gerade nicht" in check["text"]) == (False, True)
    text = Path(place).read_text()
    line = next(line for line in text.splitlines() if line.startswith("Exec="))
    words = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": session["HOME"]}
    started = subprocess.Popen(
        words, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        agent.wait_for(lambda: agent.answers(shop.home))
        assert agent.note_of(shop.home).pid == started.pid
        doctor = cli.run("--json", "doctor", home=shop.home, env=session, check=False)
        assert next(line for line in doctor.lines if line.get("check") == "agent")["good"]
        assert cli.run("agent", "run-now", home=shop.home).rc == 0
        agent.wait_for(lambda: [r for r in agent.runs(shop.home) if r.status == "COMMITTED"])
        assert cli.run("agent", "stop", home=shop.home).rc == 0
        assert started.wait(20) == 0
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()
    assert installed(entries("linux", {**os.environ, **session})) is not None
    assert cli.run("agent", "remove", home=shop.home, env=session).rc == 0
    assert not Path(place).exists()
    assert cli.run("agent", "remove", home=shop.home, env=session, check=False).rc == 4
