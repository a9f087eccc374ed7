"""What each pattern would leave out, as the folders are now."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.errors import Code, KnownError
from core.sources.folders import Root, Scan
from core.sources.leaving_out import weigh_patterns
from core.sources.patterns import compile_rules

PATTERNS = ("*.bak", "Archiv/", "/Büro/alt/", "*.nie", "Archiv/2020/*.pdf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (
        ("a.bak", 10),
        ("Büro/b.BAK", 20),
        ("Büro/alt/c.txt", 5),
        ("Büro/alt/tief/d.bak", 7),
        ("Archiv/2020/e.pdf", 100),
        ("Archiv/f.bak", 3),
        ("bleibt/g.txt", 1000),
    ):
        path = tmp_path / "quelle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    (tmp_path / "quelle/link.bak").symlink_to("bleibt")
    return tmp_path / "quelle"


def test_each_pattern_for_itself(folder: Path) -> None:
    found = weigh_patterns([os.fsencode(folder)], PATTERNS, lambda: False)
    assert [(one.pattern, one.files, one.size) for one in found[1:]] == [
        ("Archiv/", 2, 103),
        ("/Büro/alt/", 2, 12),
        ("*.nie", 0, 0),
        ("Archiv/2020/*.pdf", 1, 100),
    ]
    assert found[0].files == 5  # the link itself counts, what it leads to does not
    assert sorted(found[0].examples) == [
        b"B\xc3\xbcro/b.BAK",
        b"a.bak",
        b"link.bak",
    ]
    assert found[1].examples == [b"Archiv/"]


def test_together_they_leave_out_what_a_run_leaves_out(folder: Path) -> None:
    everything = sum(1 for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    for pattern in PATTERNS:
        rules = compile_rules((), (pattern,), default_excludes=False)
        root = Root(b"q", os.fsencode(folder), rules)
        taken = sum(
            not stat.S_ISDIR(entry[1])
            for scanned in Scan("q", (root,), frozenset()).folders()
            for entry in scanned.entries
        )
        [found] = weigh_patterns([os.fsencode(folder)], [pattern], lambda: False)
        assert taken + found.files == everything, pattern


def test_it_can_be_cancelled_and_passes_over_what_is_not_there(folder: Path) -> None:
    with pytest.raises(KnownError) as stopped:
        weigh_patterns([os.fsencode(folder)], PATTERNS, lambda: True)
    assert stopped.value.code is Code.CANCELLED
    [nothing] = weigh_patterns([os.fsencode(folder / "weg")], ["*"], lambda: False)
    assert nothing.files == 0
