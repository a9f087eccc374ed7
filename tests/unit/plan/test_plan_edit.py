"""Single changes of a plan: exactly what was asked for, however the plan is written."""

from __future__ import annotations

import copy
import random
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Code, KnownError
from core.plan.edit import Add, Change, Put, Remove, edit, edit_location, find_key
from core.plan.problems import PlanError, ProblemCode
from core.plan.read import read_plan
from core.plan.toml_text import Value
from core.plan.typed import typed_value
from tests.unit.plan.odd_layouts import Layout, some_plan
from tests.unit.plan.sample import SAMPLE, SMALLEST, changed

# -- the issue's own plan, to the letter ----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (Put("destinations.platte.name", 'Platte "B"'), '"USB-Platte A"', '"Platte \\"B\\""'),
        (Put("destinations.platte.offline", True), "= false     ", "= true     "),
        (Put("copies.laden.platte.keep.daily", 30), "daily = 14", "daily = 30"),
        (
            Put("copies.laden.platte.keep", {"daily": 14, "weekly": 8, "monthly": 24}),
            ", yearly = 10 }",
            " }",
        ),
        (
            Put("systems.laden.sources[1].exclude", ["*.tmp", "~$*"]),
            'exclude = ["*.tmp"]',
            'exclude = ["*.tmp", "~$*"]',
        ),
        (
            Put("systems.laden.critical", True),
            'rto = "8h"\n',
            'rto = "8h"\ncritical = true\n',
        ),
        (Remove("systems.laden.rpo"), 'rpo = "24h"\n', ""),
        (
            Put("destinations.platte.location.kind", "synced-folder"),
            'kind = "local"',
            'kind = "synced-folder"',
        ),
        (Put("shop", "Blumen"), "version = 1\n", 'version = 1\nshop = "Blumen"\n'),
        (
            Put("limits.upload", "8 Mbit/s"),
            "yearly = 10 }\n",
            'yearly = 10 }\n\n[limits]\nupload = "8 Mbit/s"\n',
        ),
        (
            Add("systems.laden.sources", {"paths": ["/data/neu"]}),
            'exclude = ["*.tmp"]\n',
            'exclude = ["*.tmp"]\n\n[[systems.sources]]\npaths = ["/data/neu"]\n',
        ),
        (
            Add("people", {"id": "anna", "email": "a@example.org"}),
            "yearly = 10 }\n",
            'yearly = 10 }\n\n[[people]]\nid = "anna"\nemail = "a@example.org"\n',
        ),
        (
            Remove("copies.laden.platte"),
            SAMPLE[SAMPLE.index("\n[[copies]]") :],
            "",
        ),
    ],
)  # fmt: skip
def test_exactly_this_changes(change: Change, old: str, new: str) -> None:
    assert edit(SAMPLE, [change]) == changed(old, new)


def test_a_destination_with_its_copy() -> None:
    place: dict[str, Value] = {
        "id": "nas", "name": "NAS im Lager", "location": {"kind": "local", "path": "/mnt/b"},
    }  # fmt: skip
    made = edit(
        SAMPLE,
        [
            Add("destinations", place),
            Add("copies", {"system": "laden", "destination": "nas", "keep": {"daily": 7}}),
            Put("copies.laden.nas.every", "7d"),
        ],
    )
    block = (
        '[[destinations]]\nid = "nas"\nname = "NAS im Lager"\n[destinations.location]\n'
        'kind = "local"\npath = "/mnt/b"\n'
    )
    copies = '\n[[copies]]\nsystem = "laden"\ndestination = "nas"\nkeep = { daily = 7 }\n'
    expected = changed('path = "/mnt/a"\n', f'path = "/mnt/a"\n\n{block}')
    assert made == f'{expected}{copies}every = "7d"\n'
    assert len(read_plan(made, source="x", windows=False).copies) == 2
    assert edit(made, [Remove("copies.laden.nas"), Remove("destinations.nas")]) == SAMPLE


def test_nothing_asked_for_nothing_done() -> None:
    assert edit(SAMPLE, []) == SAMPLE
    assert edit(SAMPLE, [Remove("limits"), Remove("people[1].name")][:1]) == SAMPLE
    assert edit(SAMPLE, [Put("systems.laden.sources[1].exclude", ["*.tmp"])]) == SAMPLE


LISTED = """\
paths = [
  "/a",      # die erste
  # vor der zweiten
  "/b", "/c",
  "/d"       # die letzte
]
"""


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (
            ["/a", "/b", "/c", "/d", "/e"],
            LISTED.replace('"/d"  ', '"/d",  ').replace("]", '  "/e",\n]'),
        ),
        (["/b", "/c", "/d"], LISTED.replace('  "/a",      # die erste\n', "")),
        (["/a", "/c", "/d"], LISTED.replace('"/b", ', "")),
        (["/a", "/b", "/d"], LISTED.replace(' "/c",', "")),
        (["/a", "/b", "/c"], LISTED.replace('  "/d"       # die letzte\n', "")),
        (["/a", "/x", "/c", "/d"], LISTED.replace("/b", "/x")),
        (["/0", "/a", "/b", "/c", "/d"], LISTED.replace('  "/a"', '  "/0",\n  "/a"')),
        (["/a", "/1", "/b", "/c", "/d"], LISTED.replace("erste\n", 'erste\n  "/1",\n')),
    ],
)  # fmt: skip
def test_lists_keep_their_lines_and_comments(value: list[str], lines: str) -> None:
    text = changed('paths = ["/data/shop"]\n', LISTED)
    made = edit(text, [Put("systems.laden.sources[1].paths", value)])
    assert made == changed('paths = ["/data/shop"]\n', lines)


def test_comments_below_a_table_stay_with_it() -> None:
    text = SMALLEST + '# every = "7d"\n\n# ---- Personen ----\n'
    made = edit(text, [Add("copies", {"system": "laden", "destination": "zwei"})])
    assert made.index("# every") < made.index('"zwei"') < made.index("# ---- Personen")
    text = SMALLEST.replace("[[copies]]", "# die Kopien\n[[copies]]")
    made = edit(text, [Put("destinations.platte.name", "A"), Add("destinations", {"id": "b"})])
    assert made.index('id = "b"') < made.index("# die Kopien\n[[copies]]")


def test_tables_that_only_their_inner_tables_made() -> None:
    text = SMALLEST + '\n[alerts.smtp]\nhost = "mail.example.org"\nsender = "a@example.org"\n'
    made = edit(text, [Put("alerts.digest", "never"), Put("alerts.smtp.port", 25)])
    assert '[alerts]\ndigest = "never"\n\n[alerts.smtp]' in made
    assert made.endswith("port = 25\n")


def test_plans_of_another_system_can_be_changed() -> None:
    text = changed('path = "/mnt/a"', "path = 'E:\\'")
    assert edit_location(text, "platte", Path("/mnt/a")) == SAMPLE
    assert "x = nan" in edit("x = nan\n" + SAMPLE, [Put("shop", "A")])


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("systems.weg.name", Code.SYSTEM_UNKNOWN),
        ("destinations.weg", Code.DESTINATION_UNKNOWN),
        ("people.weg.email", Code.PERSON_UNKNOWN),
        ("copies.laden.weg.every", Code.COPY_UNKNOWN),
    ],
)
def test_what_the_plan_does_not_have(key: str, code: Code) -> None:
    with pytest.raises(KnownError) as unknown:
        edit(SAMPLE, [Put(key, "x")])
    assert unknown.value.code is code


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (Put("systems.laden.sources[2].paths", ["/x"]), ProblemCode.MISSING_KEY, 8),
        (Put("systems.laden.name.x", "x"), ProblemCode.MISSING_KEY, 4),
        (Put("systems.laden.na me", "x"), ProblemCode.MISSING_KEY, None),
        (Put("shop", "a\nb"), ProblemCode.CONTROL_CHARACTER, None),
        (
            Put("systems.laden.sources[1].exclude", ["\ud800"]),
            ProblemCode.CONTROL_CHARACTER,
            11,
        ),
        (Add("copies", {"system": "\x07"}), ProblemCode.CONTROL_CHARACTER, 25),
        (Add("systems.laden.name", {"a": 1}), ProblemCode.WRONG_TYPE, 4),
    ],
)
def test_what_cannot_be(change: Change, code: ProblemCode, line: int | None) -> None:
    with pytest.raises(PlanError) as wrong:
        edit(SAMPLE, [change])
    assert [(one.code, one.line) for one in wrong.value.problems] == [(code, line)]


def test_broken_toml_is_said_as_such() -> None:
    with pytest.raises(PlanError) as wrong:
        edit("x = ", [Put("shop", "A")])
    assert wrong.value.problems[0].code is ProblemCode.SYNTAX


# -- any layout -----------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_change_in_any_layout(chance: random.Random, many: int) -> None:
    data = some_plan(chance)
    text = Layout(chance).write(data)
    assert tomllib.loads(text.removeprefix("\ufeff")) == data
    for _ in range(many):
        change = _some_change(chance, data)
        wanted = _by_hand(data, change)
        made = edit(text, [change])
        found = tomllib.loads(made.removeprefix("\ufeff"))
        if isinstance(change, Remove):
            assert _without_empty(found) == _without_empty(wanted), change
        else:
            assert found == wanted, change
        assert made.startswith("\ufeff") == text.startswith("\ufeff")
        if "\r\n" in text:
            assert made.count("\n") == made.count("\r\n")
        if not isinstance(change, Remove):
            _nothing_else_moved(text, made, change)
        text, data = made, found


def _nothing_else_moved(before: str, after: str, change: Put | Add) -> None:
    """All comments are there, and of the lines at most those of the changed value differ."""
    if isinstance(change, Add) or not isinstance(change.value, list):
        assert _is_within(_comments(before), _comments(after)), change
    old, new = before.splitlines(), after.splitlines()
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    end = 0
    while end < min(len(old), len(new)) - same and old[-1 - end] == new[-1 - end]:
        end += 1
    gone = len(old) - same - end
    if isinstance(change, Add):
        assert gone <= 12  # a list of tables may stand in brackets, over several lines
    elif not isinstance(change.value, list | dict):
        assert gone <= 2, change  # one line, or a text over two


def _comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def _is_within(few: list[str], many: list[str]) -> bool:
    rest = iter(many)
    return all(one in rest for one in few)


def _some_change(chance: random.Random, data: dict[str, Any]) -> Change:
    system = chance.choice(data["systems"])
    place = chance.choice(data["destinations"])
    at_system, at_place = f"systems.{system['id']}", f"destinations.{place['id']}"
    changes: list[Change] = [
        Put("shop", 'Neu "#"'),
        Put("version", 1),
        Put(f"{at_system}.name", "C:\\neu"),
        Put(f"{at_system}.critical", chance.random() < 0.5),
        Put(f"{at_place}.name", "it's"),
        Put(f"{at_place}.site", "away"),
        Put(f"{at_place}.location.path", "/x"),
        Put(f"{at_place}.location.kind", "synced-folder"),
        Put("limits.upload", "unlimited"),
        Put("limits.working_hours", ["sa 09:00-12:00", "mo-fr 08:00-18:30"]),
        Put("alerts.digest", "never"),
        Put("alerts.smtp.port", 465),
        Put("alerts.smtp", {"host": "neu.example.org", "sender": "b@example.org"}),
        Add("people", {"id": f"p{chance.randrange(10**6)}", "role": "deputy"}),
        Add("systems", {"id": f"x{chance.randrange(10**6)}", "sources": [{"paths": ["/n"]}]}),
        Add("copies", {"system": "x", "destination": f"y{chance.randrange(10**6)}"}),
        Add(f"{at_system}.sources", {"paths": ["/neu"], "exclude": ["*.bak", "*.old"]}),
        Remove(f"{at_system}.name"),
        Remove(at_system) if len(data["systems"]) > 1 else Remove("shop"),
        Remove(f"{at_place}.medium"),
        Remove(at_place) if len(data["destinations"]) > 1 else Remove("version"),
        Remove("limits"),
        Remove("limits.upload"),
        Remove("alerts.smtp"),
        Remove("people"),
    ]
    for item in data.get("copies", [])[:1]:
        at = f"copies.{item['system']}.{item['destination']}"
        changes += [
            Put(f"{at}.every", "2w"),
            Put(f"{at}.keep.daily", 3),
            Put(f"{at}.keep", {"daily": 1, "yearly": 5}),
            Remove(f"{at}.keep"),
            Remove(f"{at}.keep.weekly"),
            Remove(at),
        ]
    for number, source in enumerate(system.get("sources", []), 1):
        at = f"{at_system}.sources[{number}]"
        for name in ("paths", "exclude"):
            items = list(source.get(name, []))
            chance.shuffle(items)
            items = items[: chance.randint(0, 3)]
            for _ in range(chance.randint(0, 2)):
                items.insert(chance.randint(0, len(items)), f"/n{chance.randrange(100)}")
            changes.append(Put(f"{at}.{name}", items))
        changes += [Put(f"{at}.canaries", True), Remove(f"{at}.exclude"), Remove(at)]
    return chance.choice(changes)


def _by_hand(data: dict[str, Any], change: Change) -> dict[str, Any]:
    """What must come of it, made without the program."""
    made = copy.deepcopy(data)
    path = _path(made, change.section if isinstance(change, Add) else change.key)
    around: Any = made
    for step in path[:-1]:
        if isinstance(change, Remove) and isinstance(around, dict) and step not in around:
            return made
        around = around[step] if isinstance(step, int) else around.setdefault(step, {})
    if isinstance(change, Put):
        around[path[-1]] = change.value
    elif isinstance(change, Add):
        around.setdefault(path[-1], []).append(change.table)
    elif isinstance(around, list):
        del around[int(path[-1])]
    else:
        around.pop(path[-1], None)
    return made


def _path(data: dict[str, Any], key: str) -> list[str | int]:
    section, *steps = re.findall(r"[^.\[\]]+", key)
    names = {"systems": ("id",), "destinations": ("id",), "copies": ("system", "destination")}
    path: list[str | int] = [section]
    if section in names and steps:
        wanted = tuple(steps.pop(0) for _ in names[section])
        path += [
            number
            for number, item in enumerate(data[section])
            if tuple(item.get(name) for name in names[section]) == wanted
        ][:1]
    return path + [int(step) - 1 if step.isdigit() else step for step in steps]


def _without_empty(value: Any) -> Any:
    """A table may vanish with the last that stood in it, or stay empty."""
    if isinstance(value, list):
        return [_without_empty(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _without_empty(one) for key, one in value.items()}
    return {key: one for key, one in inner.items() if one != {} and one != []}


# -- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words", "value"),
    [
        ("destinations.platte.name", ["30"], "30"),
        ("destinations.platte.offline", ["true"], True),
        ("destinations.platte.offline", ["vielleicht"], "vielleicht"),
        ("destinations.platte.location.port", ["22"], 22),
        ("copies.laden.platte.keep.daily", ["30"], 30),
        ("copies.laden.platte.every", ["7d", "1d"], ["7d", "1d"]),
        ("systems.laden.sources[1].paths", ["/a"], ["/a"]),
        ("limits.battery_least", ["-5"], -5),
        ("limits.unknown", ["5"], "5"),
    ],
)
def test_typed_words_become_what_the_key_table_says(
    key: str, words: list[str], value: object
) -> None:
    assert typed_value(find_key(tomllib.loads(SAMPLE), key), words) == value
