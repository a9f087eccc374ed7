"""`search`: names in all states, what is gone too, and the version that comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.plan.write import Starter, example_plan
from tests.support.cli import run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A home with two plain copies; the source lies in `laden`."""
    source = tmp_path / "laden"
    (source / "Büro" / "Preislisten").mkdir(parents=True)
    (source / "Büro" / "Preisliste 2026.csv").write_text("eins", "utf-8")
    (source / "Büro" / "100 % Wolle*.txt").write_text("Wolle", "utf-8")
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    plan = example_plan([source], [Starter(path=tmp_path / "a", name="a")])
    (tmp_path / "a").mkdir()
    (config / "plan.toml").write_text(plan, "utf-8")
    return tmp_path


def find(shop: Path, text: str, rc: int = 0) -> list[dict[str, Any]]:
    result = run("--json", "search", "laden-pc", text, home=shop / "home", check=False)
    assert result.rc == rc, result
    assert result.lines[-1]["event"] == "searched"
    return [line for line in result.lines if "event" not in line]


def test_versions_and_what_is_gone(shop: Path) -> None:
    home, file = shop / "home", shop / "laden" / "Büro" / "Preisliste 2026.csv"
    run("backup", "--no-sample", home=home)
    run("backup", "--no-sample", home=home)  # the same content is no new version
    file.write_text("zwei!", "utf-8")
    run("backup", "--no-sample", home=home)
    file.unlink()
    run("backup", "--no-sample", home=home)

    hits = find(shop, "PREIS liste")
    assert [(one["kind"], one["path"]) for one in hits] == [
        ("file", "laden/Büro/Preisliste 2026.csv"),
        ("folder", "laden/Büro/Preislisten"),
    ]
    file_hit, folder_hit = hits
    assert file_hit["gone"]
    assert not folder_hit["gone"]
    assert [one["bytes"] for one in file_hit["versions"]] == [5, 4]
    assert file_hit["versions"][1]["run"].startswith("000002-")
    assert file_hit["versions"][1]["first"] <= file_hit["versions"][1]["began"]

    old = file_hit["versions"][1]["run"]
    into = shop / "zurueck"
    run("restore", "laden-pc", "--into", into, "--at", old, "--path", file_hit["raw"], home=home)
    assert [p.read_text("utf-8") for p in into.rglob("*.csv")] == ["eins"]


def test_names_that_look_like_patterns_and_paths(shop: Path) -> None:
    run("backup", "--no-sample", home=shop / "home")
    (hit,) = find(shop, "wolle*")
    assert hit["path"] == "laden/Büro/100 % Wolle*.txt"
    assert [one["path"] for one in find(shop, "büro/preisliste 2026")] == [
        "laden/Büro/Preisliste 2026.csv"
    ]
    assert find(shop, "plan.toml", rc=4) == []  # our own folder is not the merchant's
    assert find(shop, "gibtesnicht", rc=4) == []
