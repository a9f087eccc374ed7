"""`account …` typed as a user types it, signed in at a fake of Microsoft and Google."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

from core.cli.main import PASSPHRASE
from core.errors import Code, Exit
from tests.support import cli, keys
from tests.support.fake_clouds import Reached, browse, playing
from tests.support.secrets_search import find_secret
from tests.support.trees import compare, mutate, shop_tree, snapshot

WORD = "Küchenschelle-Konto"
SECRET = "client-geheim-4711"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Reached]:
    alone = filelock.FileLock("/tmp/ladentresor-test-53682.lock", timeout=200)
    with alone, playing(tmp_path / "wolke") as reached:
        yield reached


def environment(cloud: Reached) -> dict[str, str]:
    return {**cloud.environment, PASSPHRASE: WORD}


def typed(
    cloud: Reached, home: Path, *args: str, stdin: str = "", signs_in: bool = True, word: str = WORD
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, events and all output of `account …`; the link is followed as a browser would."""
    env = environment(cloud) | {PASSPHRASE: word}
    with cli.start("--json", "account", *args, home=home, env=env) as running:
        process = running.process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(stdin)
        process.stdin.close()
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if lines[-1]["event" if "event" in lines[-1] else "account"] == "sign_in" and signs_in:
                browse(lines[-1]["link"], cloud)
        errors = process.stderr.read()
        return process.wait(), lines, errors + json.dumps(lines)


def test_the_life_of_an_account(cloud: Reached, tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, lines, _ = typed(cloud, home, "list")
    assert (code, lines) == (0, [])
    code, lines, said = typed(cloud, home, "add", "laden", "--kind", "onedrive")
    assert code == 0, said
    assert [one["event"] for one in lines] == ["sign_in", "account"]
    assert lines[0]["link"].startswith("http://127.0.0.1:53682/")
    assert lines[1] | {"event": ""} == {
        "event": "",
        "account": "laden",
        "done": "added",
        "kind": "onedrive",
        "drive": "drive-eins",
        "label": "OneDrive (business)",
    }
    code, lines, said = typed(cloud, home, "add", "laden", "--kind", "onedrive")
    assert (code, lines[-1]["code"]) == (Exit.SECRET_PROBLEM, Code.ACCOUNT_EXISTS)
    code, lines, said = typed(cloud, home, "login", "laden")
    assert (code, lines[-1]["done"]) == (0, "signed_in"), said
    code, lines, _ = typed(cloud, home, "list")
    assert [(one["account"], one["kind"]) for one in lines] == [("laden", "onedrive")]
    code, lines, _ = typed(cloud, home, "forget", "laden")
    assert (code, lines[-1]["done"]) == (0, "forgotten")
    for verb in ("forget", "login"):
        code, lines, _ = typed(cloud, home, verb, "laden")
        assert (code, lines[-1]["code"]) == (Exit.NOT_FOUND, Code.ACCOUNT_UNKNOWN)
    assert list((home / "config" / "konten").iterdir()) == []


@pytest.mark.parametrize("kind", ["onedrive", pytest.param("drive", marks=pytest.mark.full)])
def test_copies_of_two_systems_in_a_cloud_one_signs_in_to(
    cloud: Reached, tmp_path: Path, kind: str
) -> None:
    """Days, clean words for what is missing, and everything back; through one account."""
    home, word = tmp_path / "home", keys.ENV[PASSPHRASE]
    keys.put_pair(home)
    env = environment(cloud) | keys.ENV
    systems, copies = "", ""
    for name in ("kasse", "laden"):
        shop_tree(tmp_path / name, files=12)
        systems += f'''
[[systems]]
id = "{name}"
[[systems.sources]]
kind = "folders"
paths = ["{tmp_path / name}"]
'''
        copies += f'''
[[copies]]
system = "{name}"
destination = "wolke"
'''
    plan = tmp_path / "plan.toml"
    plan.write_text(f'''version = 1
{systems}
[[destinations]]
id = "wolke"
[destinations.location]
kind = "{kind}"
account = "laden"
path = "Sicherung"
{copies}''')

    def run(*args: str | Path, rc: int = 0) -> list[dict[str, Any]]:
        done = cli.run("--json", *args, home=home, env=env, check=False)
        assert done.rc == rc, done.stdout + done.stderr
        return done.lines

    run("plan", "apply", plan)
    assert run("backup", rc=Exit.NOT_FOUND)[-1]["code"] == Code.ACCOUNT_UNKNOWN
    client: tuple[str, ...] = ()
    if kind == "drive":
        cloud.cloud.client_secret, client = SECRET, ("--client-id", "ab12")
    code, _, said = typed(
        cloud, home, "add", "laden", "--kind", kind, *client, stdin=f"{SECRET}\n", word=word
    )
    assert code == 0, said
    for day in (1, 2):
        mutate(tmp_path / "kasse", seed=1, day=day)
        results = [one for one in run("backup") if one.get("event") == "result"]
        assert len(results) == 2
    run("verify", "--full")
    for name in ("kasse", "laden"):
        run("restore", name, "--into", tmp_path / "zurück" / name)
        back = tmp_path / "zurück" / name / name
        assert compare(snapshot(tmp_path / name), snapshot(back)) == []


def test_the_client_of_the_shop(cloud: Reached, tmp_path: Path) -> None:
    """Its secret comes by stdin and is found nowhere."""
    home = tmp_path / "home"
    cloud.cloud.client_secret = SECRET
    code, lines, said = typed(cloud, home, "add", "d", "--kind", "drive")
    assert (code, lines[-1]["code"]) == (Exit.SECRET_PROBLEM, Code.ACCOUNT_NEEDS_CLIENT)
    args = ("add", "d", "--kind", "drive", "--client-id", "ab12")
    code, lines, said = typed(cloud, home, *args, stdin="falsch\n")
    assert (code, lines[-1]["code"]) == (Exit.SECRET_PROBLEM, Code.LOGIN_CLIENT)
    code, lines, said = typed(cloud, home, *args, stdin=f"{SECRET}\n")
    assert code == 0, said
    for word in (SECRET, *cloud.cloud.secrets):
        assert word not in said
        assert find_secret(home, word) == []


def test_which_of_two_drives(cloud: Reached, tmp_path: Path) -> None:
    home = tmp_path / "home"
    cloud.cloud.drives = (("drive-eins", "Privat"), ("drive-zwei", "Laden"))
    args = ("add", "laden", "--kind", "onedrive")
    code, lines, _ = typed(cloud, home, *args)
    assert (code, lines[-1]["code"]) == (Exit.SECRET_PROBLEM, Code.LOGIN_QUESTION)
    assert "Laden" in lines[-1]["sentence"]


def test_ctrl_c_while_waiting_for_the_browser(cloud: Reached, tmp_path: Path) -> None:
    home = tmp_path / "home"
    args = ("account", "add", "laden", "--kind", "onedrive", "--no-browser")
    with cli.start(*args, home=home, env=environment(cloud)) as running:
        assert running.process.stdout is not None
        lines = [running.process.stdout.readline() for _ in range(3)]
        assert "http://127.0.0.1:53682/" in lines[1]
        began = time.monotonic()
        running.kill_self(signal.SIGINT)
        assert running.process.wait(20) == Exit.CANCELLED
        assert time.monotonic() - began < 8
        assert running.wait_for_orphans() == []
    assert list((home / "config" / "konten").iterdir()) == []


def test_killed_while_waiting_for_the_browser(cloud: Reached, tmp_path: Path) -> None:
    """The way back from the browser is free again, and the next sign-in works."""
    home = tmp_path / "home"
    args = ("account", "add", "laden", "--kind", "onedrive", "--no-browser")
    with cli.start(*args, home=home, env=environment(cloud)) as running:
        assert running.process.stdout is not None
        for _ in range(3):
            running.process.stdout.readline()
        running.kill_self()
        running.process.wait()
        assert running.wait_for_orphans() == []
    code, _, said = typed(cloud, home, "add", "laden", "--kind", "onedrive")
    assert code == 0, said


def test_an_account_is_probed(cloud: Reached, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, kind in (("eins", "onedrive"), ("zwei", "drive")):
        own = ("--client-id", "ab12") if kind == "drive" else ()
        args = ("add", name, "--kind", kind, *own)
        code, _, said = typed(cloud, home, *args, stdin=SECRET if own else "")
        assert code == 0, said
        done = cli.run(
            *("--json", "probe", f"account:{name}/Sicherung", "--no-speed"),
            home=home,
            env=environment(cloud),
            check=False,
        )
        (facts,) = [one for one in done.lines if one["event"] == "probed"]
        assert facts["usable"], facts
        assert (facts["layout"], facts["rename"], facts["delete"]) == ("bundled", "yes", "yes")
        # OneDrive does not tell upper from lower case, Google Drive does.
        assert facts["case"] == ("folded" if kind == "onedrive" else "distinct")
        assert (facts["total"], facts["left"], facts["drift"]) == (5_000_000, [], 0.0)
        assert cloud.cloud.files() == {}
