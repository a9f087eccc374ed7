"""The published schema says the same as the key table and the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.plan.keys import ACCOUNT_KINDS, PLAN
from core.plan.kinds import Duration, Key, ListOf, Table, Variants, parse_duration
from core.plan.problems import PlanError
from core.plan.read import read_plan
from core.plan.schema import schema, schema_text
from tests.unit.plan.sample import SMALLEST, changed


def tables(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the schema with the path of its keys."""
    if schema.get("type") == "array":
        yield from tables(schema["items"], path)
    for inner in schema.get("oneOf", ()):
        yield from tables(inner, path)
    if schema.get("type") == "object":
        yield path, schema
        for name, inner in schema["properties"].items():
            yield from tables(inner, f"{path}.{name}".strip("."))


def all_keys(table: Table, path: str = "") -> Iterator[tuple[str, Key]]:
    for key in table.keys:
        name = f"{path}.{key.name}".strip(".")
        yield name, key
        kind = key.kind.item if isinstance(key.kind, ListOf) else key.kind
        for inner in kind.tables.values() if isinstance(kind, Variants) else (kind,):
            if isinstance(inner, Table):
                yield from all_keys(inner, name)


def test_every_key_stands_in_the_schema_described_in_german() -> None:
    found = {
        f"{path}.{name}".strip("."): described
        for path, table in tables(schema())
        for name, described in table["properties"].items()
    }
    expected = {name for name, _ in all_keys(PLAN)}
    assert set(found) == expected | {"systems.sources.kind", "destinations.location.kind"}
    assert all(described["description"].endswith(".") for described in found.values())


def test_nothing_but_the_listed_keys_is_allowed() -> None:
    assert all(table["additionalProperties"] is False for _, table in tables(schema()))


def test_required_keys() -> None:
    required = [(path, table) for path, table in tables(schema()) if "required" in table]
    places = {
        table["properties"]["kind"]["enum"][0]: table["required"]
        for path, table in required
        if path == "destinations.location"
    }
    assert places == {
        "local": ["path"],
        "synced-folder": ["kind", "path"],
        "sftp": ["kind", "host", "user"],
        "smb": ["kind", "host", "share", "user"],
        "webdav": ["kind", "url"],
        "s3": ["kind", "bucket", "access_key"],
        "rclone": ["kind", "remote"],
        **{kind: ["kind", "account"] for kind in ACCOUNT_KINDS},
    }
    assert {path: table["required"] for path, table in required if "location" not in path} == {
        "": ["systems", "destinations", "copies"],
        "systems": ["id"],
        "systems.sources": ["paths"],
        "destinations": ["id", "location"],
        "copies": ["system", "destination"],
        "people": ["id"],
        "alerts.smtp": ["host", "sender"],
    }


def test_defaults_of_the_schema_are_those_of_the_reader() -> None:
    plan = read_plan(SMALLEST, source="x", windows=False)
    values: dict[str, Any] = {
        "": plan,
        "systems": plan.systems[0],
        "systems.sources": plan.systems[0].sources[0],
        "destinations": plan.destinations[0],
        "copies": plan.copies[0],
    }
    checked = 0
    for name, key in all_keys(PLAN):
        table, _, attribute = name.rpartition(".")
        if key.default is None or table not in values:
            continue
        default = key.default
        expected = parse_duration(str(default)) if isinstance(key.kind, Duration) else default
        assert getattr(values[table], attribute) == expected, name
        checked += 1
    assert checked > 10


@pytest.mark.parametrize("id", ["laden", "a", "0-a", "console", "Laden", "-a", "con", "a" * 42])
def test_patterns_of_the_schema_are_those_of_the_reader(id: str) -> None:
    properties: Any = schema()["properties"]
    pattern = properties["systems"]["items"]["properties"]["id"]["pattern"]
    text = changed('system = "laden"', f'system = "{id}"')
    text = changed('\nid = "laden"', f'\nid = "{id}"', text)
    try:
        read_plan(text, source="x", windows=False)
        accepted = True
    except PlanError:
        accepted = False
    assert bool(re.search(pattern, id)) is accepted


def test_text() -> None:
    assert json.loads(schema_text()) == schema()
    assert "Anführungszeichen" in schema_text()  # not escaped
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
