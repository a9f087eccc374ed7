"""Another folder for a destination, and starter plans that are good plans."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, KnownError
from core.plan.edit import edit_location
from core.plan.model import Medium, Site
from core.plan.problems import PlanError, ProblemCode
from core.plan.read import read_plan
from core.plan.toml_text import quoted
from core.plan.write import Starter, example_plan
from tests.unit.plan.sample import SAMPLE, SMALLEST, changed


def test_only_the_path_changes() -> None:
    expected = changed('path = "/mnt/a"', 'path = "/media/anna/Platte B"')
    assert edit_location(SAMPLE, "platte", Path("/media/anna/Platte B")) == expected


@pytest.mark.parametrize(
    "location",
    [
        'location = { kind = "local", path = "/old" }   # inline',
        "location.path = '/old' # dotted",
        'location.path = """/old"""',
        '[destinations.location]\n  path   =   "/old"   # comment, "quotes" and all',
        'location = { path = "/old" }\nname = "path = \\"/old\\""',
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_however_it_is_written(location: str, newline: str) -> None:
    text = SMALLEST + f'[[destinations]]\nid = "zwei"\n{location}\n# end'
    text = "\ufeff" + text.replace("\n", newline)
    changed_text = edit_location(text, "zwei", Path("/new"))
    assert changed_text.startswith("\ufeff")
    assert changed_text.count("\r\n") == text.count("\r\n")
    before = tomllib.loads(text.removeprefix("\ufeff"))
    after = tomllib.loads(changed_text.removeprefix("\ufeff"))
    assert after["destinations"][1]["location"]["path"] == "/new"
    after["destinations"][1]["location"]["path"] = "/old"
    assert after == before
    assert len(changed_text) - len(text) in (0, -4)  # """ """ becomes " "


def test_plans_of_another_system_can_be_changed() -> None:
    text = changed('path = "/mnt/a"', "path = 'E:\\'")
    assert edit_location(text, "platte", Path("/mnt/a")) == SAMPLE
    assert "path = 'E:\\Kopien'" in edit_location(SAMPLE, "platte", Path("E:\\Kopien"))


def test_nan_elsewhere_is_no_obstacle() -> None:
    assert "/new" in edit_location("x = nan\n" + SAMPLE, "platte", Path("/new"))


def test_what_cannot_be_changed() -> None:
    with pytest.raises(KnownError) as unknown:
        edit_location(SAMPLE, "nas", Path("/x"))
    assert unknown.value.code is Code.DESTINATION_UNKNOWN
    for text in ("", "destinations = 1", "destinations = [1]"):
        with pytest.raises(KnownError) as unknown:
            edit_location(text, "nas", Path("/x"))
        assert unknown.value.code is Code.DESTINATION_UNKNOWN
    for text, code, line in (
        ("x = ", ProblemCode.SYNTAX, 1),
        (changed('path = "/mnt/a"', ""), ProblemCode.MISSING_KEY, 21),
        ('[[destinations]]\nid = "platte"\nlocation = 1', ProblemCode.MISSING_KEY, 3),
    ):
        with pytest.raises(PlanError) as wrong:
            edit_location(text, "platte", Path("/x"))
        assert [(one.code, one.line) for one in wrong.value.problems] == [(code, line)]
    for bad in ("/a\nb", "/\udcff"):
        with pytest.raises(PlanError):
            edit_location(SAMPLE, "platte", Path(bad))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXTS)
def test_quoted_texts_come_back(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text


def test_starter_plan() -> None:
    text = example_plan(
        [Path("/data/shop"), Path("/data/Büro")],
        [
            Starter(path=Path("/mnt/a"), name="USB-Platte für Büro"),
            Starter(path=Path("/mnt/b"), offline=True, site=Site.AWAY),
            Starter(path=Path("/mnt/c"), medium=Medium.NAS),
            Starter(path=Path("/mnt/d")),
            Starter(path=Path("/mnt/e"), medium=Medium.CLOUD),
        ],
        shop='Blumen "Krüger"',
    )
    plan = read_plan(text, source="x", windows=False)
    assert plan.shop == 'Blumen "Krüger"'
    assert plan.systems[0].folders == (Path("/data/shop"), Path("/data/Büro"))
    assert [(one.id, one.name) for one in plan.destinations] == [
        ("usb-platte-fuer-buero", "USB-Platte für Büro"),
        ("platte", "Platte 2"),
        ("nas", "NAS 3"),
        ("platte-2", "Platte 4"),
        ("cloud", "Cloud 5"),
    ]
    assert [copy.every.days for copy in plan.copies_of("laden-pc")] == [1, 7, 1, 1, 1]
    assert not any(one.encrypted for one in plan.destinations)
    assert {one.layout for one in plan.destinations} == {"tree"}
    assert max(map(len, text.splitlines())) < 100


def test_starter_plan_for_windows() -> None:
    text = example_plan([Path("C:\\Users\\Jens\\temp")], [Starter(path=Path("E:\\"))])
    plan = read_plan(text, source="x", windows=True)
    assert plan.destinations[0].location.address == "E:\\"


def test_starter_plan_refuses_what_toml_cannot_hold() -> None:
    with pytest.raises(PlanError):
        example_plan([Path("/a\udcff")], [Starter(path=Path("/b"))])


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_any_names_give_a_good_plan(names: list[str], system: str) -> None:
    printable = ["".join(c for c in name if c.isprintable()) for name in names]
    text = example_plan(
        [Path("/s")],
        [Starter(path=Path(f"/d{n}"), name=name) for n, name in enumerate(printable)],
        system="".join(c for c in system if c.isprintable()),
    )
    assert len(read_plan(text, source="x", windows=False).copies) == len(names)
