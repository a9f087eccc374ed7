"""Restore comes first: little may stand between a person and the data (DESIGN §1, promise 6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Exit
from tests.support import cli
from tests.support.trees import compare, shop_tree, snapshot

PLAN = """version = 1
[[systems]]
id = "laden"
[[systems.sources]]
kind = "folders"
paths = ['{source}']
[[destinations]]
id = "platte"
encrypted = false
[destinations.location]
kind = "local"
path = '{disk}'
{more}
[[copies]]
system = "laden"
destination = "platte"
"""
ELSEWHERE = """[[destinations]]
id = "wolke"
medium = "cloud"
[destinations.location]
kind = "local"
path = 'Z:\\Kopien'
"""


def _write_plan(home: Path, **values: object) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config/plan.toml").write_text(PLAN.format(**{"more": "", **values}))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose plan was made on a PC of another kind, with one good copy at hand."""
    shop_tree(tmp_path / "shop", seed=3, files=20)
    (tmp_path / "platte").mkdir()
    home = tmp_path / "home"
    _write_plan(home, source=tmp_path / "shop", disk=tmp_path / "platte")
    cli.run("backup", home=home)
    _write_plan(home, source="C:\\Laden", disk=tmp_path / "platte", more=ELSEWHERE)
    return home


def test_a_plan_from_another_kind_of_pc_is_enough_to_restore(home: Path, tmp_path: Path) -> None:
    assert cli.run("plan", "check", home=home, check=False).rc == Exit.PLAN_INVALID
    assert cli.run("--json", "snapshots", home=home).lines[0]["files"] > 0
    assert "shop" in cli.run("browse", "laden", home=home).stdout
    assert cli.run("verify", "--full", home=home).rc == Exit.OK
    cli.run("restore", "laden", "--into", tmp_path / "zurueck", home=home)
    assert compare(snapshot(tmp_path / "shop"), snapshot(tmp_path / "zurueck/shop")) == []


def test_but_nothing_is_written_with_it(home: Path) -> None:
    assert cli.run("backup", home=home, check=False).rc == Exit.PLAN_INVALID


@pytest.mark.parametrize("share", ["0", "-5", "101", "viel"])
def test_a_sample_of_nothing_is_no_verification(home: Path, share: str) -> None:
    done = cli.run("verify", "--sample", share, home=home, check=False)
    assert done.rc == Exit.USAGE


def test_a_verification_that_found_damage_is_no_proof(tmp_path: Path) -> None:
    shop_tree(tmp_path / "shop", seed=3, files=20)
    (tmp_path / "platte").mkdir()
    home = tmp_path / "home"
    _write_plan(home, source=tmp_path / "shop", disk=tmp_path / "platte")
    cli.run("backup", home=home)
    objects = (tmp_path / "platte/laden/daten").glob("*/shop/**/*")
    victim = next(path for path in sorted(objects) if path.is_file() and path.stat().st_size > 99)
    victim.write_bytes(victim.read_bytes()[::-1])
    assert cli.run("verify", "--full", home=home, check=False).rc == Exit.INTEGRITY
    line, _ = cli.run("--json", "status", home=home).lines  # the copy, then its system
    assert line["read_back_at"] is None
    assert line["read_back_result"] == "damaged"
