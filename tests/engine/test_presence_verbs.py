"""What the command line says and does about PCs on which nobody, or somebody else, is signed in."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import msgspec
import pytest

from core.agent.presence import Sign, sign_path
from core.clock import SystemClock, stamp
from core.errors import Code
from tests.engine.stage import Shop, make_shop, refusal
from tests.support import cli
from tests.support.agent import home_of
from tests.unit.agent.test_presence import tool


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = make_shop(tmp_path)
    (made.source / "a.txt").write_text("a")
    return made


def checks(shop: Shop, env: dict[str, str] | None = None) -> dict[str, tuple[bool, str]]:
    done = cli.run("--json", "doctor", home=shop.home, check=False, env=env)
    return {line["check"]: (line["good"], line["text"]) for line in done.lines if "check" in line}


def session(folder: Path) -> dict[str, str]:
    """A session with a systemd of its own, whose tools write down what they are told."""
    tool(folder, "systemctl")
    tool(folder, "loginctl")
    (folder / "run" / "systemd").mkdir(parents=True)
    (folder / "run" / "systemd" / "private").touch()
    return {
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def test_working_without_anybody_signed_in(shop: Shop, tmp_path: Path) -> None:
    env = session(tmp_path)
    done = cli.run("agent", "install", "--always", home=shop.home, env=env)
    assert f"loginctl enable-linger {getpass.getuser()}" in done.stdout
    told = (tmp_path / "told").read_text().splitlines()
    assert told[-1] == f"--no-ask-password enable-linger {getpass.getuser()}"
    done = cli.run("agent", "remove", home=shop.home, env=env)
    assert "loginctl" in done.stdout
    (tmp_path / "told").unlink()
    done = cli.run("agent", "install", home=shop.home, env=env)
    assert "linger" not in (tmp_path / "told").read_text()
    cli.run("agent", "remove", home=shop.home, env=env)
    assert "linger" not in (tmp_path / "told").read_text()  # it was not us who switched it on


def test_where_that_cannot_be_it_is_said(shop: Shop, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": "", "XDG_CONFIG_HOME": str(tmp_path / "c")}
    done = cli.run("--json", "agent", "install", "--always", home=shop.home, env=env, check=False)
    assert done.rc == 18
    refusal(done.lines, Code.NEEDS_LOGON)


def test_doctor_knows_of_hours_without_us(shop: Shop) -> None:
    assert checks(shop)["presence"][0]
    now = stamp(SystemClock().now())
    sign = Sign("x", 0.0, away=13 * 3600.0, noticed=now, late=True)
    sign_path(home_of(shop.home)).write_bytes(msgspec.json.encode(sign))
    good, text = checks(shop)["presence"]
    assert not good
    assert "13 Stunden" in text


@pytest.mark.root
def test_doctor_says_that_a_home_is_somebody_elses(shop: Shop) -> None:
    shop.backup()
    os.chown(shop.home / "state", 65534, 65534)
    good, text = checks(shop)["home"]
    assert not good
    assert "nobody" in text


def test_doctor_says_that_a_home_is_carried_away(tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "Dropbox")
    good, text = checks(shop)["home"]
    assert not good
    assert "Dropbox" in text
