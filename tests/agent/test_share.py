"""A real Samba share that is away when the agent starts, and comes back later."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock, stamp
from core.health.copies import age_limit
from core.plan.read import load_readable
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli, keys
from tests.support.places import missing, place

LEFT = timedelta(seconds=6)
"""Until the copy is too old, when the agent starts."""


def make_older(shop: Shop) -> None:
    """The last good copy becomes too old in a few seconds."""
    plan = load_readable(agent.home_of(shop.home).plan)
    copy = plan.copies[0]
    limit = age_limit(copy.every, plan.system(copy.system).rpo, offline=False)
    change(shop, "UPDATE run SET began=?", stamp(SystemClock().now() - limit + LEFT))


def change(shop: Shop, statement: str, *values: str) -> None:
    base = sqlite3.connect(agent.home_of(shop.home).database, timeout=10)
    with base:
        base.execute(statement, values)
    base.close()


def statuses(shop: Shop) -> list[str]:
    return [row.status for row in agent.runs(shop.home)]


def waits(shop: Shop) -> list[str]:
    found = agent.answers(shop.home)
    return [copy["wait"] for copy in found["copies"]] if found else []


def alarms(shop: Shop) -> list[str]:
    found = agent.events(shop.home, lasting=False)
    return [event.ended for event in found if event.code == "copy_overdue"]


@pytest.mark.skipif(bool(missing("samba")), reason="samba is not installed")
def test_a_share_that_comes_later(tmp_path: Path) -> None:
    with place("samba", tmp_path / "nas") as nas:
        shop = make_shop(tmp_path, disks=("nas",), places={"nas": nas})
        (shop.source / "kasse.csv").write_text("1;2;3\n")
        shop.backup()
        (shop.source / "neu.txt").write_text("neu")
        nas.kill()
        make_older(shop)
        with agent.running(shop.home, "--at-once", env=keys.ENV):
            agent.wait_for(lambda: statuses(shop) == ["COMMITTED", "FAILED"])
            assert alarms(shop) == []  # it is away, and nobody need know yet
            agent.wait_for(lambda: waits(shop) == ["retry"])
            agent.wait_for(lambda: is_too_old(shop))
            for _ in range(2):  # whoever tries in vain hears so; the alarm stays the one
                assert cli.run("backup", home=shop.home, check=False).rc != 0
                agent.wait_for(lambda: alarms(shop) == [""], seconds=20)
            nas.revive()
            # An hour later; what was read back makes the agent look into the records again.
            hour_ago = stamp(SystemClock().now() - timedelta(hours=1))
            change(
                shop, "UPDATE run SET ended=?, began=? WHERE status='FAILED'", hour_ago, hour_ago
            )
            into = tmp_path / "zurück"
            assert cli.run("restore", "laden", "--into", into, home=shop.home).rc == 0
            agent.wait_for(lambda: statuses(shop)[-1] == "COMMITTED", seconds=30)
            agent.wait_for(lambda: all(alarms(shop)))
            assert len(alarms(shop)) == 1
            agent.wait_for(lambda: not agent.works(shop.home))
        assert statuses(shop) == ["COMMITTED", *["FAILED"] * 3, "COMMITTED"]
        with shop.brought_back(disk="nas") as back:
            assert (back / "shop" / "neu.txt").read_text() == "neu"


def is_too_old(shop: Shop) -> bool:
    began = agent.runs(shop.home)[0].began
    plan = load_readable(agent.home_of(shop.home).plan)
    copy = plan.copies[0]
    limit = age_limit(copy.every, plan.system(copy.system).rpo, offline=False)
    return stamp(SystemClock().now() - limit) > began
