"""A folder that a sync program carries away: `doctor` asks the program whether it did."""

from __future__ import annotations

from pathlib import Path

from core.errors import Exit
from tests.engine.stage import Event, Shop, make_shop, only
from tests.support import cli, keys
from tests.unit.test_uploaded import file_manager_socket


def synced_shop(root: Path) -> Shop:
    """A shop with its copy in a folder of Nextcloud's."""
    shop = make_shop(root, layout="sealed")
    shop.disks["platte"] = root / "Nextcloud"
    shop.disks["platte"].mkdir()
    shop.write_plan()
    plan = shop.home / "config" / "plan.toml"
    plan.write_text(plan.read_text().replace('kind = "local"', 'kind = "synced-folder"'))
    (shop.source / "a.txt").write_text("Beleg")
    shop.backup()
    return shop


def told(shop: Shop, runtime: Path) -> Event:
    env = keys.ENV | {"XDG_RUNTIME_DIR": str(runtime)}
    done = cli.run("--json", "doctor", home=shop.home, env=env, check=False)
    assert done.rc == Exit.PARTLY
    return only([line for line in done.lines if line.get("check") == "platte"])


def test_nextcloud_is_asked(tmp_path: Path) -> None:
    shop = synced_shop(tmp_path)
    files = [str(path) for path in shop.disks["platte"].rglob("*") if path.is_file()]
    states = dict.fromkeys(files, "OK")
    runtime = tmp_path / "run"
    (runtime / "Nextcloud").mkdir(parents=True)
    here = runtime / "Nextcloud" / "socket"
    for wrong, good, word in (("OK", True, f"{len(files)}"), ("SYNC", False, "noch nicht alles")):
        states[files[0]] = wrong
        with file_manager_socket(states) as place:
            here.unlink(missing_ok=True)
            here.symlink_to(place)
            found = told(shop, runtime)
        assert found["good"] is good
        assert word in found["text"]
    here.unlink()  # the program does not run: then nobody knows
    assert "zeigt nur dessen Symbol" in told(shop, runtime)["text"]
