"""Which files are taken. A pattern that leaves out more than it says loses the merchant's data."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sources.patterns import DEFAULT_EXCLUDES, Rules, compile_rules, translate


def rules(
    include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), *, default: bool = False
) -> Rules:
    return compile_rules(include, exclude, default_excludes=default)


def takes(found: Rules, path: str | bytes) -> bool:
    """Whether a scan would come to the file and take it: no folder above it is left out."""
    raw = os.fsencode(path)
    parts = raw.split(b"/")
    for depth in range(1, len(parts)):
        if not found.takes_folder(parts[depth - 1], b"/".join(parts[:depth])):
            return False
    return found.takes_file(parts[-1], raw)


def left_out(pattern: str, path: str | bytes) -> bool:
    return not takes(rules(exclude=(pattern,)), path)


# -- excluding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "out", "kept"),
    [
        ("*.tmp", ["a.tmp", "x/y/a.TMP", ".tmp", "x.tmp/a"], ["a.tmpx", "tmp", "a.tm"]),
        ("a?c", ["abc", "x/aBc", "aäc", "a\udcffc"], ["ac", "abbc", "a/c"]),
        ("tmp", ["tmp", "x/tmp", "tmp/a", "x/tmp/y/a"], ["tmp2", "atmp", "x/tmpx/a"]),
        ("tmp/", ["tmp/a", "x/tmp/y/a"], ["tmp", "x/tmp", "tmp2/a"]),
        ("/tmp", ["tmp", "tmp/a"], ["x/tmp", "x/tmp/a"]),
        ("/tmp/", ["tmp/a"], ["tmp", "x/tmp/a"]),
        ("alt/tmp", ["alt/tmp", "alt/tmp/a"], ["tmp", "x/alt/tmp", "alt/tmpx"]),
        ("alt/tmp/", ["alt/tmp/a"], ["alt/tmp", "x/alt/tmp/a"]),
        ("alt/*.csv", ["alt/a.csv"], ["alt/x/a.csv", "a.csv", "x/alt/a.csv"]),
        ("alt/**", ["alt/a", "alt/x/y/a"], ["alt", "x/alt/a"]),
        ("alt/**/a", ["alt/a", "alt/x/a", "alt/x/y/a"], ["a", "alt/xa", "x/alt/a"]),
        ("**/a.csv", ["a.csv", "x/a.csv", "x/y/a.csv"], ["xa.csv", "a.csvx"]),
        ("**/tmp/*.csv", ["tmp/a.csv", "x/tmp/a.csv"], ["tmp/x/a.csv", "a.csv"]),
        ("*/tmp", ["x/tmp", "x/tmp/a"], ["tmp", "x/y/tmp"]),
        ("**", ["a", "x/a"], []),
        ("[abc].txt", ["[abc].txt"], ["a.txt"]),
        ("a.b", ["a.b"], ["axb"]),
        ("$(x)+{1}^|", ["$(x)+{1}^|"], ["x"]),
        ("zeile\numbruch*", ["zeile\numbruch.txt", "zeile\numbruch\n"], ["zeile"]),
    ],
)
def test_what_a_pattern_leaves_out(pattern: str, out: list[str], kept: list[str]) -> None:
    assert [path for path in out if not left_out(pattern, path)] == []
    assert [path for path in kept if left_out(pattern, path)] == []


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("THUMBS.DB", "x/thumbs.db"),
        ("büro/", "BÜRO/a"),
        ("BÜRO/", "büro/a"),
        ("Größe*", "GRÖßE.txt"),
        ("büro/", "Bu\u0308ro/a"),
        ("bu\u0308ro/", "Büro/a"),
        ("ЦЕНЫ", "цены"),
    ],
)
def test_case_and_composition_do_not_matter(pattern: str, path: str) -> None:
    assert left_out(pattern, path)


def test_names_that_are_no_text_can_be_meant() -> None:
    assert left_out("M\udce4rz*", b"M\xe4rz.txt")
    assert left_out("M?rz*", b"M\xe4rz.txt")
    assert left_out("*.txt", b"\xff\xfe.txt")
    assert not left_out("*.txt", b"\xff\xfe")


# -- including ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "taken", "not_taken"),
    [
        ("*.csv", ["a.csv", "x/y/a.CSV", "x.csv/a"], ["a.txt", "csv"]),
        ("Rechnungen/", ["Rechnungen/a", "x/rechnungen/y/a"], ["a", "Rechnungen", "x/a"]),
        ("Rechnungen", ["Rechnungen/a", "x/Rechnungen/y/a", "Rechnungen"], ["a", "Rechnungen2/a"]),
        ("/Rechnungen/", ["Rechnungen/a"], ["x/Rechnungen/a"]),
        ("Büro/Rechnungen/", ["Büro/Rechnungen/x/a"], ["Rechnungen/a", "Büro/a"]),
        ("Büro/**", ["Büro/a", "Büro/x/a", "BÜRO/a"], ["a", "x/Büro/a"]),
        ("Büro/*.csv", ["Büro/a.csv"], ["Büro/a.txt", "a.csv"]),
        ("**/2026/*.pdf", ["2026/a.pdf", "x/2026/a.pdf"], ["x/a.pdf"]),
    ],
)
def test_what_a_pattern_takes(pattern: str, taken: list[str], not_taken: list[str]) -> None:
    found = rules(include=(pattern,))
    assert [path for path in taken if not takes(found, path)] == []
    assert [path for path in not_taken if takes(found, path)] == []


def test_nothing_asked_for_means_everything() -> None:
    assert all(takes(rules(), path) for path in ["a", "x/y/z", "\udcff", ".a", "~$a"])


def test_several_patterns_are_any_of_them() -> None:
    found = rules(include=("*.csv", "Fotos/"))
    assert takes(found, "a.csv")
    assert takes(found, "Fotos/a.jpg")
    assert not takes(found, "a.jpg")


def test_excluding_wins() -> None:
    found = rules(include=("*.csv", "Fotos/"), exclude=("alt*", "Fotos/klein/"))
    assert takes(found, "neu.csv")
    assert not takes(found, "alt.csv")
    assert not takes(found, "altes/neu.csv")
    assert takes(found, "Fotos/a.jpg")
    assert not takes(found, "Fotos/klein/a.jpg")


def test_asking_for_files_does_not_shut_folders() -> None:
    """The wanted file may lie at any depth: folders are walked unless they are left out."""
    found = rules(include=("*.csv",))
    assert found.takes_folder(b"x", b"x")


# -- the usual ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["$RECYCLE.BIN/S-1-5/a", "$Recycle.Bin/a", "System Volume Information/x", "x/.cache/a",
     "Thumbs.db", "x/thumbs.db", ".DS_Store", "~$Preise.xlsx", "pagefile.sys",
     "a.crdownload", ".Trash-1000/a", "lost+found/a", "#recycle/a", "@eaDir/a", "RECYCLER/a"],
)  # fmt: skip
def test_what_nobody_wants_back_is_left_out(path: str) -> None:
    assert not takes(rules(default=True), path)
    assert takes(rules(default=False), path)


@pytest.mark.parametrize(
    "path",
    ["cache/a", "tmp/a", "a.tmp", "a.bak", "a.log", "~a", "$a", "Papierkorb/a", "Thumbs.db.echt",
     "recycle/a", ".a", "desktop.ini", "node_modules/a", "Temp/a", "a.part", ".Trash", "trash/a"],
)  # fmt: skip
def test_what_might_matter_is_kept(path: str) -> None:
    """A default must never lose what a person would call a file of theirs."""
    assert takes(rules(default=True), path)


def test_the_usual_is_added_to_the_plans_own() -> None:
    found = rules(exclude=("*.iso",), default=True)
    assert not takes(found, "a.iso")
    assert not takes(found, "Thumbs.db")


def test_every_default_means_something() -> None:
    for pattern in DEFAULT_EXCLUDES:
        sample = pattern.replace("*", "x")
        assert left_out(pattern, sample + "a" if pattern.endswith("/") else sample)


# -- any pattern ----------------------------------------------------------------------------------

_TEXT = st.text(alphabet="aBä*?/.[(\\+\n\udcff é", min_size=1, max_size=8)


@given(_TEXT, st.lists(_TEXT, max_size=3))
def test_any_pattern_can_be_compiled_and_asked(pattern: str, paths: list[str]) -> None:
    found = rules(include=(pattern,), exclude=(pattern,))
    for path in paths:
        takes(found, path)


@given(st.text(alphabet="aBäé .[(\\+\n\udcff", min_size=1, max_size=8))
def test_a_name_without_signs_means_itself(name: str) -> None:
    assert left_out(name, name)
    assert not left_out(name, name + "x")
    assert re.fullmatch(translate(name), os.fsencode(name))


def test_a_pattern_of_many_stars_costs_no_time() -> None:
    assert not left_out("*a*a*a*a*a*b", "a" * 60)
