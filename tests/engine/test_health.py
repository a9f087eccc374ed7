"""What `status` and `doctor` say of a shop, and the facts they are made of."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.copies.jobs import open_store
from core.destinations.devices import Device
from core.errors import Exit
from core.health.facts import gather
from core.health.model import SystemVerdict
from core.health.three_two_one import judge
from core.paths import Home
from core.plan.read import read_plan
from tests.engine.stage import Event, Shop, make_shop
from tests.support import warm
from tests.support.trees import shop_tree

ELSEWHERE = """
[[destinations]]
id = "wolke"
name = "Bankfach"
medium = "cloud"
site = "away"
operator = "Bank"
layout = "bundled"
encrypted = false
[destinations.location]
kind = "local"
path = {path}

[[copies]]
system = "laden"
destination = "wolke"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with a disk here and one that passes for a place away, both copied."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    away = tmp_path / "medien" / "wolke"
    away.mkdir()
    shop.write_plan(more=ELSEWHERE.format(path=f'"{away}"'))
    shop.run("backup")
    return shop


def judged(shop: Shop, **passed: float) -> SystemVerdict:
    """The verdict as if every folder lay on a device of its own, some time from now."""
    home = Home(shop.home / "config", shop.home / "state", shop.home / "cache")
    clock = SystemClock()
    plan = read_plan(home.plan.read_text(), source="plan.toml")
    now = clock.now() + timedelta(**passed)
    with open_store(home, clock) as store:
        (facts,) = gather(home, store, plan, now, lambda path: Device(f"disk:{path}"))
    return judge(facts, now)


def why(shop: Shop, destination: str) -> set[str]:
    line = next(one for one in shop.run("status") if one.get("destination") == destination)
    return {item["code"] for item in line["why"]}


def test_on_devices_of_their_own_it_is_three_two_one(shop: Shop) -> None:
    found = judged(shop)
    assert (found.three, found.two, found.away) == (3, 2, ("wolke",))
    assert found.is_green
    late = judged(shop, hours=25)
    assert all(copy.is_overdue for copy in late.copies)
    assert late.three == 1


def test_on_one_disk_it_is_one_of_three(shop: Shop) -> None:
    system: Event = shop.run("status")[-1]
    assert (system["three"], system["green"]) == (1, False)
    assert why(shop, "platte") == why(shop, "wolke") == {"device_of_source"}


def test_a_partial_or_broken_state_is_not_the_newest(shop: Shop) -> None:
    (record,) = (shop.copy() / "staende").glob("*.json")
    record.write_bytes(record.read_bytes()[:-9] + b"gefaelsch")
    shop.run("verify", "platte", rc=Exit.INTEGRITY)
    assert {"never_copied", "damaged"} <= why(shop, "platte")
    shop.run("backup")
    assert not {"never_copied", "damaged"} & why(shop, "platte")


def test_a_copy_that_is_away_is_judged_by_what_is_known(shop: Shop) -> None:
    os.rename(shop.disks["platte"], shop.root / "im Schrank")
    line = next(one for one in shop.run("status") if one.get("destination") == "platte")
    assert (line["reachable"], line["copied_at"] is not None) == (False, True)
    shop.run("backup", rc=Exit.PARTLY)
    line = next(one for one in shop.run("status") if one.get("destination") == "platte")
    assert line["last_code"] == "destination_missing"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("de", ("zählt nicht: liegt auf demselben Gerät wie die Daten", "Laden-PC: 1 von 3", "→ ")),
        ("en", ("does not count: lies on the same device", "Laden-PC: 1 of 3", "→ ")),
    ],
)
def test_in_words(shop: Shop, lang: str, words: tuple[str, ...]) -> None:
    said = warm.run("--lang", lang, "status", home=shop.home).stdout
    for word in words:
        assert word in said, said
    assert "{" not in said
    assert ("laut Angabe außer Haus" if lang == "de" else "out of the house, as you stated") in said
    done = warm.run("--lang", lang, "doctor", home=shop.home)
    assert done.rc == Exit.PARTLY
    assert words[1] in done.stdout


def test_a_shop_that_never_backed_up(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "a.txt").write_text("a")
    assert why(shop, "platte") == {"never_copied", "device_of_source"}
    (system,) = [line for line in shop.run("status") if "green" in line]
    assert system["step"] == {"code": "back_up", "destination": "platte"}
