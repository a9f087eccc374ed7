"""Change a plan where a person changed it, and leave everything else as they wrote it.

Text in, text out: comments, order, blank lines and the way values are written stay (`patches`). A
new text is believed only after it has been parsed and found to differ from the old one in exactly
what was asked for. Whether it is a good plan is judged afterwards, by `check` as always.

Keys are named as `plan check` names them: `shop`, `destinations.platte.name`, `limits.upload`,
`systems.laden.sources[1].exclude`; a copy by its two ends: `copies.laden.platte.every`.
"""

from __future__ import annotations

import copy
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Code, KnownError
from core.plan import patches
from core.plan.locate import KeyPath, locate
from core.plan.patches import MISSING, value_at
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.read import parse_text
from core.plan.toml_text import Value
from core.plan.walk import CONTROL

_BOM = "\ufeff"
_STEP = re.compile(r"([A-Za-z0-9_-]+)((?:\[[1-9][0-9]{0,3}\])*)")
_UNKNOWN = {
    "systems": (Code.SYSTEM_UNKNOWN, "system"),
    "destinations": (Code.DESTINATION_UNKNOWN, "destination"),
    "people": (Code.PERSON_UNKNOWN, "person"),
}


@dataclass(frozen=True, slots=True)
class Put:
    """A value for a key, whether it stands there already or not."""

    key: str
    value: Value


@dataclass(frozen=True, slots=True)
class Remove:
    """A key goes, or a whole table such as `copies.laden.platte`; not there is good too."""

    key: str


@dataclass(frozen=True, slots=True)
class Add:
    """One more table at the end of a list of tables, such as `destinations`."""

    section: str
    table: Mapping[str, Value]


Change = Put | Remove | Add


def edit(text: str, changes: Sequence[Change], *, source: str = "plan.toml") -> str:
    """The plan text with these changes, made one after the other.

    Works on plans that cannot be read here, such as one from a Windows PC: only the TOML must be
    right. KnownError SYSTEM_UNKNOWN, DESTINATION_UNKNOWN, PERSON_UNKNOWN or COPY_UNKNOWN for what
    the plan does not have; PlanError for broken TOML, for a key inside something that is no table,
    for what TOML cannot hold.
    """
    parse_text(text, source=source)
    mark, body = _BOM if text.startswith(_BOM) else "", text.removeprefix(_BOM)
    for change in changes:
        path = find_key(tomllib.loads(body), _key_of(change), source=source)
        body = _changed(body, change, path, source)
    return mark + body


def edit_location(
    text: str, destination_id: str, new_path: Path, *, source: str = "plan.toml"
) -> str:
    """The plan text with another folder for one destination; nothing else is touched.

    Errors as `edit`, and PlanError for a destination without path.
    """
    data = parse_text(text, source=source)
    key = f"destinations.{destination_id}.location.path"
    number = _number_of(data, "destinations", lambda item: item.get("id") == destination_id)
    if number is None:
        raise KnownError(Code.DESTINATION_UNKNOWN, destination=destination_id)
    path = ("destinations", number, "location", "path")
    if value_at(data, path) is MISSING:
        raise _problem(text, path, key, ProblemCode.MISSING_KEY, source, name="path")
    mark, body = _BOM if text.startswith(_BOM) else "", text.removeprefix(_BOM)
    return mark + _changed(body, Put(key, str(new_path)), path, source)


def digest(raw: bytes) -> str:
    """What tells one plan file from another: hexadecimal SHA-256 of its bytes."""
    return hashlib.sha256(raw).hexdigest()


def find_key(data: Mapping[str, Any], key: str, *, source: str = "plan.toml") -> KeyPath:
    """Where a key stands in parsed data, whether it is there or not; errors as `edit`."""
    steps: list[str | int] = []
    for step in key.split("."):
        match = _STEP.fullmatch(step)
        if match is None:
            raise _unknown(key, step, source)
        steps.append(match.group(1))
        steps += [int(number) - 1 for number in re.findall("[0-9]+", match.group(2))]
    match steps:
        case [str(section), str(id), *rest] if section in _UNKNOWN:
            number = _number_of(data, section, lambda item: item.get("id") == id)
            if number is None:
                code, name = _UNKNOWN[section]
                raise KnownError(code, **{name: id})
            return (section, number, *rest)
        case ["copies", str(system), str(destination), *rest]:
            number = _number_of(
                data,
                "copies",
                lambda item: (item.get("system"), item.get("destination")) == (system, destination),
            )
            if number is None:
                what = f"{system} → {destination}"
                raise KnownError(Code.COPY_UNKNOWN, what=what, known=_copies(data))
            return ("copies", number, *rest)
    return tuple(steps)


def _key_of(change: Change) -> str:
    return change.section if isinstance(change, Add) else change.key


def _changed(text: str, change: Change, path: KeyPath, source: str) -> str:
    data = tomllib.loads(text)
    key = _key_of(change)
    _need_tables(text, data, path, key, source)
    old = value_at(data, path)
    if isinstance(change, Remove):
        if old is MISSING:
            return text
        made = patches.remove(text, path)
    elif isinstance(change, Put):
        _refuse_control(text, path, key, change.value, source)
        made = patches.put(text, path, change.value)
    else:
        if old is not MISSING and not _is_list_of_tables(old):
            raise _problem(
                text, path, key, ProblemCode.WRONG_TYPE, source, expected="tables", found="list"
            )
        _refuse_control(text, path, key, change.table, source)
        made = patches.append(text, path, change.table)
    found = _exact(tomllib.loads(made))
    if found not in map(_exact, _expected(data, path, change)):
        raise AssertionError(f"the change of {key} touched something else too")
    return made


# -- what may be asked for ------------------------------------------------------------------------


def _need_tables(text: str, data: Mapping[str, Any], path: KeyPath, key: str, source: str) -> None:
    """Everything around a key is a table or a list, as far as it is there at all."""
    around: Any = data
    for part in path:
        if around is MISSING:
            around = {}
        if isinstance(part, int):
            if not isinstance(around, list) or part >= len(around):
                raise _unknown(key, f"[{part + 1}]", source, text, path)
        elif not isinstance(around, dict):
            raise _unknown(key, part, source, text, path)
        around = value_at(around, (part,))


def _refuse_control(text: str, path: KeyPath, key: str, value: Value, source: str) -> None:
    match value:
        case str():
            if CONTROL.search(value):
                code = ProblemCode.CONTROL_CHARACTER
                raise _problem(text, path, key, code, source, value=value)
        case int():
            pass
        case Mapping():
            for one in value.values():
                _refuse_control(text, path, key, one, source)
        case _:
            for one in value:
                _refuse_control(text, path, key, one, source)


def _unknown(key: str, name: str, source: str, text: str = "", path: KeyPath = ()) -> PlanError:
    code = ProblemCode.MISSING_KEY
    return _problem(text, path, key, code, source, name=name)


def _problem(
    text: str, path: KeyPath, key: str, code: ProblemCode, source: str, **params: str
) -> PlanError:
    line = locate(text.removeprefix(_BOM)).line(path)
    return PlanError([Problem(line=line, key=key, code=code, params=params)], source=source)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _number_of(
    data: Mapping[str, Any], section: str, is_it: Callable[[dict[str, Any]], bool]
) -> int | None:
    items = data.get(section)
    found = (
        number
        for number, item in enumerate(items if isinstance(items, list) else ())
        if isinstance(item, dict) and is_it(item)
    )
    return next(found, None)


def _copies(data: Mapping[str, Any]) -> str:
    items = data.get("copies")
    return ", ".join(
        f"{item.get('system')} → {item.get('destination')}"
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
    )


# -- what must have come of it --------------------------------------------------------------------


def _expected(data: dict[str, Any], path: KeyPath, change: Change) -> list[dict[str, Any]]:
    """The data after a change; several where it does not matter whether a table that is left empty
    still stands there.
    """
    made = copy.deepcopy(data)
    if isinstance(change, Remove):
        return _removed(made, path)
    around: Any = made
    for part in path[:-1]:
        around = around[part] if isinstance(part, int) else around.setdefault(part, {})
    if isinstance(change, Put):
        around[path[-1]] = _as_parsed(change.value)
    else:
        around.setdefault(path[-1], []).append(_as_parsed(change.table))
    return [made]


def _removed(data: dict[str, Any], path: KeyPath) -> list[dict[str, Any]]:
    del value_at(data, path[:-1])[path[-1]]
    made = [copy.deepcopy(data)]
    for end in range(len(path) - 1, 0, -1):
        if value_at(data, path[:end]) or isinstance(path[end - 1], int):
            break
        del value_at(data, path[: end - 1])[path[end - 1]]
        made.append(copy.deepcopy(data))
    return made


def _as_parsed(value: Value) -> Any:
    match value:
        case str() | int():
            return value
        case Mapping():
            return {key: _as_parsed(one) for key, one in value.items()}
        case _:
            return [_as_parsed(one) for one in value]


def _exact(value: Any) -> Any:
    """To compare: nan is not equal to itself, 1 is equal to 1.0 and to true; the order of keys
    means nothing.
    """
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return type(value).__name__, repr(value)
