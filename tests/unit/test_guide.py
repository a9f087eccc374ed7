"""The documents for people name only pictures that are there, and the guide's plan is a plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.plan.read import read_plan

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(one.name for one in DOCS.glob("*.md")))
def test_the_pictures_are_there(name: str) -> None:
    named = set(re.findall(r"screens/[\w.-]+\.png", (DOCS / name).read_text("utf-8")))
    assert {one for one in named if not (DOCS / one).exists()} == set()


def test_the_plan_of_the_guide_is_one() -> None:
    guide = (DOCS / "anleitung.md").read_text("utf-8")
    whole = [one for one in re.findall(r"```toml\n(.*?)```", guide, re.S) if "version = 1" in one]
    assert whole
    for text in whole:
        assert read_plan(text, source="anleitung.md", windows=False).copies
