"""`doctor --report`: what helps whoever helps, and nothing that is nobody's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.diagnosis import covered
from core.errors import Exit
from tests.engine.stage import make_shop
from tests.engine.test_alerts import PEOPLE
from tests.support import cli, keys
from tests.support.secrets_search import find_secret

WORD = "Küchenschelle-9041-Übung"


def test_a_report_has_the_facts_and_no_secret_no_person_and_no_file(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "Kündigung Frau Meier.txt").write_text("vertraulich")
    shop.write_plan(more=PEOPLE.format(port=2525))
    cli.run("secret", "set", "smtp.password", home=shop.home, env=keys.ENV, stdin=f"{WORD}\n")
    cli.run("backup", home=shop.home, env=keys.ENV)
    target = tmp_path / "bericht" / "Bericht.txt"
    target.parent.mkdir()
    env = keys.ENV | {"HOME": str(tmp_path)}
    done = cli.run("--json", "doctor", "--report", target, home=shop.home, env=env, check=False)
    assert done.rc == Exit.PARTLY
    assert done.lines[-1]["event"] == "report"
    text = target.read_text("utf-8")
    for wanted in (
        "COMMITTED",
        "destination platte: LocalLocation",
        "copy laden > platte",
        "3-2-1",
    ):
        assert wanted in text
    for private in ("Meier", "Anna", "Muster", "anna@", "hc.example.org/4f1c", str(tmp_path)):
        assert private not in text, private
    assert find_secret(target.parent, WORD) == []
    again = cli.run("doctor", "--report", target, home=shop.home, env=env, check=False)
    assert again.rc == Exit.DESTINATION_REFUSED  # nothing is written over
    assert target.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Mails an anna.maier@example.org gehen", "Mails an …@example.org gehen"),
        ("https://anna:geheim@nas.local/dav", "https://…@nas.local/dav"),
        ("/home/anna/Kopien: da", "~/Kopien: da"),
        ("Mails an Anna: bewiesen; Annaberg bleibt", "Mails an …: bewiesen; Annaberg bleibt"),
    ],
)
def test_what_is_covered(said: str, left: str) -> None:
    assert covered(said, ["Anna"], "/home/anna") == left


def test_without_a_plan_there_is_a_report_too(tmp_path: Path) -> None:
    target = tmp_path / "Bericht.txt"
    cli.run("doctor", "--report", target, home=tmp_path / "home", check=False)
    assert "plan_missing" in target.read_text("utf-8")
