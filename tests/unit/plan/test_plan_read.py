"""From text to plan: the issue's sample, defaults, and every mistake at once with its line."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Code, Exit, KnownError
from core.plan.kinds import duration_text, parse_duration
from core.plan.locations import LocalLocation
from core.plan.model import (
    Copy,
    Destination,
    FoldersSource,
    Keep,
    Layout,
    Medium,
    Plan,
    Site,
    System,
)
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.read import load_plan, read_plan
from tests.unit.plan.sample import SAMPLE, SMALLEST, changed

C = ProblemCode


def problems(text: str, *, windows: bool = False) -> tuple[Problem, ...]:
    with pytest.raises(PlanError) as caught:
        read_plan(text, source="plan.toml", windows=windows)
    return caught.value.problems


def problem(text: str, *, windows: bool = False) -> Problem:
    found = problems(text, windows=windows)
    assert len(found) == 1, found
    return found[0]


def line_of(text: str, part: str) -> int:
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def read(text: str) -> Plan:
    return read_plan(text, source="plan.toml", windows=False)


def test_the_sample_of_the_issue_works_as_written() -> None:
    assert read(SAMPLE) == Plan(
        systems=(
            System(
                id="laden",
                name="Laden-PC",
                sources=(FoldersSource(paths=(Path("/data/shop"),), exclude=("*.tmp",)),),
            ),
        ),
        destinations=(
            Destination(
                id="platte",
                name="USB-Platte A",
                location=LocalLocation(path=Path("/mnt/a")),
            ),
        ),
        copies=(Copy(system="laden", destination="platte"),),
    )


def test_only_ids_paths_location_and_the_ends_of_copies_are_required() -> None:
    plan = read(SMALLEST)
    system, destination, copy = plan.systems[0], plan.destinations[0], plan.copies[0]
    assert (system.name, system.rpo, system.rto) == (
        "laden",
        timedelta(hours=24),
        timedelta(hours=8),
    )
    assert system.sources[0].default_excludes
    assert (destination.name, destination.medium, destination.site) == ("platte", "disk", "here")
    assert (copy.every, copy.keep) == (timedelta(days=1), Keep())


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ('id = "laden"', {C.MISSING_KEY, C.UNKNOWN_SYSTEM}),
        ('id = "platte"', {C.MISSING_KEY, C.UNKNOWN_DESTINATION}),
        ('paths = ["/data/shop"]', {C.MISSING_KEY}),
        ('location.path = "/mnt/a"', {C.MISSING_KEY}),
        ('system = "laden"', {C.MISSING_KEY}),
        ('destination = "platte"', {C.MISSING_KEY}),
    ],
)
def test_each_line_of_the_smallest_plan_is_needed(line: str, codes: set[ProblemCode]) -> None:
    found = problems(changed(f"\n{line}", "\n", SMALLEST))
    assert {one.code for one in found} == codes


@pytest.mark.parametrize(
    ("extra", "layout", "encrypted", "every", "reread"),
    [
        ("", Layout.TREE, False, 1, 90),
        ('medium = "nas"', Layout.TREE, False, 1, 90),
        ('medium = "cloud"', Layout.BUNDLED, True, 1, 365),
        ('site = "away"', Layout.BUNDLED, True, 1, 90),
        ("offline = true", Layout.BUNDLED, True, 7, 90),
        ("removable = true", Layout.BUNDLED, True, 1, 90),
        ("offline = true\nencrypted = false", Layout.TREE, False, 7, 90),
        ('medium = "cloud"\nlayout = "tree"\nencrypted = false', Layout.TREE, False, 1, 365),
    ],
)
def test_defaults_follow_the_medium(
    extra: str, layout: Layout, encrypted: bool, every: int, reread: int
) -> None:
    plan = read(changed('id = "platte"', f'id = "platte"\n{extra}', SMALLEST))
    destination, copy = plan.destinations[0], plan.copies[0]
    assert (destination.layout, destination.encrypted) == (layout, encrypted)
    assert (copy.every, copy.reread) == (timedelta(days=every), timedelta(days=reread))


def test_all_keys_are_read() -> None:
    text = changed('mode = "own"', 'critical = true\nowner = "Anna"\ndeputy = "Bo"\nmode = "saas"')
    text = changed("exclude =", 'include = ["*.pdf"]\ndefault_excludes = false\nexclude =', text)
    text = changed("offline = false", 'offline = true\nremovable = true\noperator = "IONOS"', text)
    text = changed("[destinations.location]", 'jurisdiction = "DE"\n[destinations.location]', text)
    text = changed('site = "here"', 'site = "away"', changed('"disk" ', '"nas" ', text))
    text = changed("daily = 14, weekly = 8", "daily = 3", text) + 'reread = "2w"\n'
    plan = read('shop = "Blumen Krüger"\n' + text)
    system, destination, copy = plan.systems[0], plan.destinations[0], plan.copies[0]
    assert plan.shop == "Blumen Krüger"
    assert (system.critical, system.owner, system.deputy) == (True, "Anna", "Bo")
    assert system.mode == "saas"
    assert (system.sources[0].include, system.sources[0].default_excludes) == (("*.pdf",), False)
    assert (destination.medium, destination.site) == (Medium.NAS, Site.AWAY)
    assert (destination.offline, destination.removable) == (True, True)
    assert (destination.operator, destination.jurisdiction) == ("IONOS", "DE")
    assert copy.keep == Keep(daily=3, weekly=0, monthly=24, yearly=10)
    assert copy.reread == timedelta(weeks=2)


def test_inline_tables_mean_the_same() -> None:
    text = """
systems = [ { id = "laden", name = "Laden-PC", sources = [
  { paths = ["/data/shop"], exclude = ["*.tmp"] } ] } ]
destinations = [ { id = "platte", name = "USB-Platte A", location = { path = "/mnt/a" } } ]
copies = [ { system = "laden", destination = "platte" } ]
"""
    assert read(text) == read(SAMPLE)


def test_lookups() -> None:
    plan = read(SAMPLE)
    assert plan.system("laden") is plan.systems[0]
    assert plan.destination("platte") is plan.destinations[0]
    assert plan.copies_of("laden") == plan.copies
    assert plan.destinations[0].folder_of("laden") == Path("/mnt/a/laden")
    assert plan.systems[0].folders == (Path("/data/shop"),)
    with pytest.raises(KnownError) as unknown:
        plan.system("büro")
    assert unknown.value.code is Code.SYSTEM_UNKNOWN
    with pytest.raises(KnownError) as unknown:
        plan.copies_of("x")
    assert unknown.value.code is Code.SYSTEM_UNKNOWN
    with pytest.raises(KnownError) as unknown:
        plan.destination("x")
    assert unknown.value.code is Code.DESTINATION_UNKNOWN


def test_windows_line_ends_and_byte_order_mark() -> None:
    assert read("\ufeff" + SAMPLE.replace("\n", "\r\n")) == read(SAMPLE)
    text = "\ufeff" + changed('"disk" ', '"disc" ').replace("\n", "\r\n")
    assert problem(text).line == line_of(SAMPLE, '"disk" ')


def test_every_mistake_at_once_each_with_its_line_and_key() -> None:
    text = changed('rpo = "24h"', 'rpo = "24 hours"')
    text = changed('paths = ["/data/shop"]', 'paths = [\n  "shop",\n  "/b",\n]', text)
    text = changed('exclude = ["*.tmp"]', 'exlude = ["*.tmp"]', text)
    text = changed('medium = "disk" ', 'medium = "disc" ', text)
    text = changed('site = "here" ', 'site = "hier" ', text)
    text = changed("encrypted = false", 'encrypted = "no"', text)
    text = changed('path = "/mnt/a"', 'pfad = "/mnt/a"', text)
    text = changed('system = "laden"', 'system = "ladn"', text)
    text = changed('every = "1d"', 'every = "0d"', text)
    text = changed("{ daily = 14, weekly = 8, monthly = 24, yearly = 10 }", "{ daily = 0 }", text)
    found = [(one.line, one.key, one.code) for one in problems(text)]
    source, place = "systems.laden.sources[1]", "destinations.platte"
    expected = [
        (line_of(text, 'rpo = "24'), "systems.laden.rpo", C.WRONG_DURATION),
        (line_of(text, '"shop",'), f"{source}.paths[1]", C.RELATIVE_PATH),
        (line_of(text, "exlude"), f"{source}.exlude", C.UNKNOWN_KEY),
        (line_of(text, '"disc"'), f"{place}.medium", C.WRONG_CHOICE),
        (line_of(text, '"hier"'), f"{place}.site", C.WRONG_CHOICE),
        (line_of(text, '"no"'), f"{place}.encrypted", C.WRONG_TYPE),
        (line_of(text, "[destinations.location]"), f"{place}.location.path", C.MISSING_KEY),
        (line_of(text, "pfad"), f"{place}.location.pfad", C.UNKNOWN_KEY),
        (line_of(text, '"ladn"'), "copies[1].system", C.UNKNOWN_SYSTEM),
        (line_of(text, '"0d"'), "copies[1].every", C.WRONG_DURATION),
        (line_of(text, "keep ="), "copies[1].keep", C.KEEP_NOTHING),
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version = 1", "version = 0", C.OUT_OF_RANGE),
        ("version = 1", "version = -1" + "0" * 4000, C.OUT_OF_RANGE),
        ("version = 1", 'version = "1"', C.WRONG_TYPE),
        ("version = 1", "version = true", C.WRONG_TYPE),
        ("version = 1", "version = 1\nshop = 7", C.WRONG_TYPE),
        ("version = 1", 'version = 1\nshop = "a\\tb"', C.CONTROL_CHARACTER),
        ("version = 1", f'version = 1\nshop = "{"x" * 201}"', C.LONG_TEXT),
        ('name = "Laden-PC"', "name = 2026-01-01", C.WRONG_TYPE),
        ('mode = "own" ', 'mode = "Own" ', C.WRONG_CHOICE),
        ('rpo = "24h"', "rpo = 24", C.WRONG_TYPE),
        ('rpo = "24h"', 'rpo = "-1d"', C.WRONG_DURATION),
        ('rpo = "24h"', 'rpo = "999999w"', C.WRONG_DURATION),
        ('rpo = "24h"', 'rpo = "24h"\ncritical = 1', C.WRONG_TYPE),
        ('exclude = ["*.tmp"]', 'exclude = "*.tmp"', C.WRONG_TYPE),
        ('exclude = ["*.tmp"]', 'exclude = [""]', C.EMPTY_TEXT),
        ('exclude = ["*.tmp"]', "exclude = [1]", C.WRONG_TYPE),
        ('paths = ["/data/shop"]', "paths = []", C.EMPTY_LIST),
        ('paths = ["/data/shop"]', 'paths = [""]', C.EMPTY_TEXT),
        ('paths = ["/data/shop"]', 'paths = ["~/shop"]', C.RELATIVE_PATH),
        ('paths = ["/data/shop"]', "paths = ['D:\\Daten']", C.WINDOWS_PATH),
        ('paths = ["/data/shop"]', "paths = ['\\\\nas\\daten']", C.WINDOWS_PATH),
        ('paths = ["/data/shop"]', 'paths = ["/data/../etc"]', C.DOTTED_PATH),
        ('paths = ["/data/shop"]', 'paths = ["D:\\temp"]', C.CONTROL_CHARACTER),
        ('paths = ["/data/shop"]', f'paths = ["/{"x" * 5000}"]', C.LONG_TEXT),
        ('kind = "folders"', 'kind = "database"', C.NOT_YET),
        ('kind = "folders"', 'kind = "folder"', C.WRONG_CHOICE),
        ('kind = "folders"', "kind = 1", C.WRONG_TYPE),
        ('kind = "local"', 'kind = "lokal"', C.WRONG_CHOICE),
        ('path = "/mnt/a"', 'path = "mnt/a"', C.RELATIVE_PATH),
        ("encrypted = false", "encrypted = 0", C.WRONG_TYPE),
        ("daily = 14", "daily = -1", C.OUT_OF_RANGE),
        ("daily = 14", "daily = 14.0", C.WRONG_TYPE),
        ("daily = 14", "daily = 10001", C.OUT_OF_RANGE),
        ("daily = 14", "dayly = 14", C.UNKNOWN_KEY),
        ("keep = { daily = 14, weekly = 8, monthly = 24, yearly = 10 }", "keep = {}", None),
        ("keep = { daily = 14, weekly = 8, monthly = 24, yearly = 10 }", "keep = 7", C.WRONG_TYPE),
        ('destination = "platte"', 'destination = "Platte"', C.UNKNOWN_DESTINATION),
    ],
)
def test_one_mistake_is_one_problem(old: str, new: str, code: ProblemCode | None) -> None:
    text = changed(old, new)
    found = problem(text)
    assert found.code is (code or C.KEEP_NOTHING)
    # the new text stands on one line, or its last line is the wrong one
    assert found.line is not None
    begin = line_of(SAMPLE, old)
    assert begin <= found.line <= begin + new.count("\n")


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("Laden", C.BAD_ID),
        ("-x", C.BAD_ID),
        ("a b", C.BAD_ID),
        ("büro", C.BAD_ID),
        ("", C.BAD_ID),
        ("a" * 42, C.BAD_ID),
        ("../x", C.BAD_ID),
        ("con", C.DEVICE_NAME),
        ("lpt1", C.DEVICE_NAME),
    ],
)
def test_bad_ids(id: str, code: ProblemCode) -> None:
    text = changed('id = "platte"', f'id = "{id}"')
    text = changed('destination = "platte"', f'destination = "{id}"', text)
    found = problem(text)
    assert (found.code, found.line) == (code, line_of(text, 'name = "USB') - 1)
    assert found.key in (f"destinations.{id}.id", "destinations[1].id")


def test_duplicate_ids_name_the_first_line() -> None:
    text = SMALLEST + '[[destinations]]\nid = "platte"\nlocation.path = "/mnt/b"\n'
    found = problem(text)
    assert (found.code, found.key, found.line) == (C.DUPLICATE_ID, "destinations[2].id", 12)
    assert found.params == {"value": "platte", "first_line": "6"}


def test_a_copy_twice() -> None:
    text = SMALLEST + '[[copies]]\nsystem = "laden"\ndestination = "platte"\nevery = "2d"\n'
    found = problem(text)
    assert (found.code, found.key, found.line) == (C.COPY_TWICE, "copies[2]", 11)
    assert found.params["first_line"] == "8"


def test_a_system_without_sources_may_stand_there_but_not_be_copied() -> None:
    extra = '[[systems]]\nid = "shop"\nmode = "saas"\n'
    assert read(SMALLEST + extra).systems[1].sources == ()
    text = SMALLEST + extra + '[[copies]]\nsystem = "shop"\ndestination = "platte"\n'
    found = problem(text)
    assert (found.code, found.line) == (C.NO_SOURCES, line_of(text, 'system = "shop"'))


def test_empty_plan_is_no_plan() -> None:
    found = problems("")
    assert [one.key for one in found] == ["systems", "destinations", "copies"]
    assert all(one.code is C.MISSING_KEY for one in found)
    assert {one.code for one in problems("systems = []\ndestinations = []\ncopies = []")} == {
        C.EMPTY_LIST
    }


def test_single_brackets_for_a_list_of_sections() -> None:
    text = changed("[[copies]]", "[copies]")
    found = problem(text)
    assert (found.code, found.line) == (C.WRONG_TYPE, line_of(text, "[copies]"))
    assert found.params == {"expected": "tables", "found": "table"}


def test_unknown_keys_get_a_suggestion() -> None:
    for old, new, expected in (
        ("offline = false", "ofline = false", {"suggestion": "offline"}),
        ("exclude =", "default-exclude = true\nexclude =", {"suggestion": "default_excludes"}),
        ("offline = false", 'path = "/mnt/a"', {"belongs": "location"}),
        ('rpo = "24h"', 'paths = ["/x"]', {"belongs": "sources"}),
        ('rpo = "24h"', "xyzzy = 1", {"suggestion": "", "belongs": ""}),
    ):
        params = problem(changed(old, new)).params
        assert expected.items() <= params.items()


def test_a_newer_plan_is_one_problem_only() -> None:
    found = problem(changed("version = 1", "version = 2\nunheard_of = true"))
    assert (found.code, found.line) == (C.TOO_NEW, 1)
    assert found.params == {"version": "2", "known": "1"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('name = "C:\\Users\\Jens"', "backslash"),
        ('name = "D:\\Sicherung"', "backslash"),
        ('name = "\\ud800"', "backslash"),
        ('name = "offen', "open_text"),
        ("name = 'offen", "open_text"),
        ("name = offen", "value"),
        ("name =", "value"),
        ("name", "no_equals"),
        ("= 3", "no_equals"),
        ("[[systems]", "open_bracket"),
        ('name = "a" "b"', "rest_of_line"),
        ('name = "a"\nname = "b"', "twice"),
        ('name = "a\x07"', "character"),
        ("name = 2026-02-30", "other"),
    ],
)
def test_broken_toml_is_one_problem_with_its_line(line: str, reason: str) -> None:
    text = changed('name = "Laden-PC"', line)
    found = problem(text)
    assert (found.code, found.params["reason"]) == (C.SYNTAX, reason)
    last = line_of(SAMPLE, 'name = "Laden-PC"') + line.count("\n")
    assert found.line is not None
    assert last <= found.line <= last + 1


def test_broken_at_the_end() -> None:
    assert problem(SAMPLE + "x = [\n").line == SAMPLE.count("\n") + 1
    assert problem("x = " + "[" * 10_000).code is C.SYNTAX
    assert problem("x = 1" + "0" * 5000).code is C.SYNTAX


def test_endless_texts_are_refused_at_once() -> None:
    assert problem("a." * 20_000 + "a = 1").code is C.TOO_LARGE
    assert problem("# x\n" * 200_000).code is C.TOO_LARGE


def test_windows_paths_on_windows() -> None:
    text = changed('"/data/shop"', "'D:\\Daten', '\\\\nas\\daten', 'C:/x', '\\\\?\\C:\\lang'")
    text = changed('"/mnt/a"', "'E:\\'", text)
    assert len(read_plan(text, source="p", windows=True).systems[0].sources[0].paths) == 4
    for path, code in (
        ("/data", C.POSIX_PATH),
        ("D:Daten", C.RELATIVE_PATH),
        ("\\Daten", C.RELATIVE_PATH),
        ("D:\\a\\..\\b", C.DOTTED_PATH),
    ):
        wrong = changed("'D:\\Daten'", f"'{path}'", text)
        assert problem(wrong, windows=True).code is code


def test_the_readable_part_is_there_to_be_judged() -> None:
    text = changed('medium = "disk" ', 'medium = "disc" ', changed("exclude", "exlude"))
    with pytest.raises(PlanError) as caught:
        read(text)
    plan = caught.value.readable
    assert plan is not None
    assert plan.destinations[0].location == LocalLocation(path=Path("/mnt/a"))
    assert plan.copies == read(SAMPLE).copies


def test_keys_of_paths_survive_bad_neighbours() -> None:
    text = changed('paths = ["/data/shop"]', 'paths = ["a",\n"/b"]')
    with pytest.raises(PlanError) as caught:
        read(text)
    plan = caught.value.readable
    assert plan is not None
    key = plan.systems[0].sources[0].keys[0]
    assert plan.line_of(key) == line_of(text, '"/b"')


def test_plan_error_is_a_known_error_and_travels_between_processes() -> None:
    with pytest.raises(PlanError) as caught:
        read("version = 1\n")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.problems == caught.value.problems
    assert (copy.code, copy.exit) == (Code.PLAN_INVALID, Exit.PLAN_INVALID)
    assert pickle.loads(pickle.dumps(read(SAMPLE))) == read(SAMPLE)


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    with pytest.raises(KnownError) as missing:
        load_plan(file)
    assert missing.value.code is Code.PLAN_MISSING
    file.write_bytes(SAMPLE.encode())
    assert load_plan(file) == read(SAMPLE)
    for raw, line in ((SAMPLE.encode("utf-16"), 1), (b"a = 1\nb = '\xe4'", 2)):
        file.write_bytes(raw)
        with pytest.raises(PlanError) as caught:
            load_plan(file)
        assert [(one.code, one.line) for one in caught.value.problems] == [(C.NOT_UTF8, line)]
    with pytest.raises(KnownError) as unusable:
        load_plan(tmp_path)
    assert unusable.value.code is Code.HOME_UNUSABLE


def test_dataclasses_are_frozen_and_slotted() -> None:
    plan = read(SAMPLE)
    for value in (plan, plan.systems[0], plan.destinations[0], plan.copies[0]):
        assert not hasattr(value, "__dict__")
        name = dataclasses.fields(value)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)


@given(st.integers(1, 999_999), st.sampled_from("mhdw"))
def test_durations_round_trip(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    try:
        duration = parse_duration(text)
    except ValueError:
        assert number * {"m": 1, "h": 60, "d": 1440, "w": 10080}[unit] > 36525 * 1440
        return
    assert parse_duration(duration_text(duration)) == duration


LINES = SAMPLE.split("\n")


@given(st.data())
def test_a_damaged_plan_gives_a_plan_or_problems_and_nothing_else(data: st.DataObject) -> None:
    """Also problems all lie on lines the text has, and the readable part can be judged."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.integers(0, 3))
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, data.draw(st.sampled_from(LINES)))
        elif kind == 2:
            values = ["1", '"x"', "[]", "{}", "[[1]]", "{a = 1}", "true", "nan", '[{id = "x"}]']
            key = lines[at].partition("=")[0]
            lines[at] = f"{key or 'shop '}= {data.draw(st.sampled_from(values))}"
        else:
            lines[at] = data.draw(st.text(max_size=20))
        lines = lines or [""]
    text = "\n".join(lines)
    found: tuple[Problem, ...] | None = None
    try:
        read_plan(text, source="x", windows=False)
    except PlanError as error:
        found = error.problems
    if found is not None:
        assert found
        last = text.count("\n") + 1
        assert all(one.line is None or 1 <= one.line <= last for one in found)
