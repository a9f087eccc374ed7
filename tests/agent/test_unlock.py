"""An agent that was started at logon, where the secrets lie in a file only a passphrase opens."""

from __future__ import annotations

from pathlib import Path

from core.alerts.model import Cause
from core.clock import SystemClock
from core.store.home import HomeStore
from tests.engine.stage import Shop, make_shop
from tests.support import agent, cli, keys
from tests.support.secrets_search import find_secret, find_secret_in_processes

# No keyring either: that is why somebody chose a file.
BARE = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
PASSPHRASE = keys.ENV["LADENTRESOR_PASSPHRASE"]


def shop_at(tmp_path: Path) -> Shop:
    """A plain disk, and one whose copy is encrypted."""
    shop = make_shop(tmp_path, disks=("platte", "fort"))
    shop.seal("fort")
    (shop.source / "kasse.csv").write_text("1;2;3\n")
    return shop


def ended_at(shop: Shop, disk: str) -> list[str]:
    return [row.status for row in agent.runs(shop.home) if row.destination == disk]


def test_it_says_that_it_waits_and_goes_on_once_it_is_told(tmp_path: Path) -> None:
    shop = shop_at(tmp_path)
    with agent.running(shop.home, "--at-once", env=BARE) as running:
        agent.wait_for(lambda: ended_at(shop, "platte") == ["COMMITTED"])  # needs no secret
        assert ended_at(shop, "fort") == []
        found = agent.answers(shop.home)
        assert found is not None
        waits = {copy["destination"]: copy["wait"] for copy in found["copies"]}
        assert waits["fort"] == "locked"
        event = next(e for e in agent.events(shop.home) if e.code == "secrets_locked")
        assert (event.severity, "Platte fort" in event.params) == ("warning", True)
        said = cli.run("agent", "status", home=shop.home, env=BARE).stdout
        assert "agent unlock" in said
        agent.wait_for(lambda: Cause.SECRETS_LOCKED in warnings(shop))
        # Nothing that is wrong gets in.
        for typed, code in (("falsch\n", "secret_wrong_passphrase"), ("\n", "secret_empty")):
            refused = cli.run(
                "--json", "agent", "unlock", home=shop.home, env=BARE, stdin=typed, check=False
            )
            assert refused.rc != 0
            assert code in refused.stdout
        assert ended_at(shop, "fort") == []
        done = cli.run("agent", "unlock", home=shop.home, env=BARE, stdin=f"{PASSPHRASE}\n")
        assert done.stderr == ""
        agent.wait_for(lambda: ended_at(shop, "fort") == ["COMMITTED"], seconds=30)
        agent.wait_for(lambda: "secrets_locked" not in agent.codes(shop.home))
        # What is typed from now on needs no passphrase of its own.
        assert cli.run("verify", "fort", home=shop.home, env=BARE).rc == 0
        assert find_secret_in_processes(running.pid, PASSPHRASE) == []
    assert find_secret(shop.home, PASSPHRASE) == []
    with agent.running(shop.home, env=BARE):  # it was kept in memory only
        agent.wait_for(lambda: "secrets_locked" in agent.codes(shop.home))


def warnings(shop: Shop) -> set[str]:
    home = agent.home_of(shop.home)
    store = HomeStore(home.database, SystemClock())
    try:
        return {row.code for row in store.alerts.open_events()}
    finally:
        store.close()


def test_where_nothing_is_sealed_there_is_nothing_to_unlock(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / "a.txt").write_text("a")
    with agent.running(shop.home, env=BARE):
        assert "secrets_locked" not in agent.codes(shop.home)
        done = cli.run("agent", "unlock", home=shop.home, env=BARE, stdin="x\n", check=False)
        assert done.rc == 4
    shop.seal("platte")
    done = cli.run("agent", "unlock", home=shop.home, env=BARE, stdin="x\n", check=False)
    assert done.rc == 13  # nobody there to tell
