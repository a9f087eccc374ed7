"""Plans in all the ways a person may write one: the same data, many layouts.

Written by a writer of its own that shares nothing with the program.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

_COMMENTS = (
    "# eine Zeile für sich", "#", "# [[copies]] nicht gemeint", '# name = "auskommentiert"',
    "# „Anführung“ und \"Anführung\" ' ]", "   # eingerückt",
)  # fmt: skip
_TAILS = ("", "", "", "   # dahinter", "# eng, { } [ ]", "\t# \"mit' Zeichen")


class Layout:
    """Writes data as TOML, each thing in a way that chance picks."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lines: list[str] = []

    def write(self, data: Mapping[str, Any]) -> str:
        """The whole text."""
        pick = self._chance
        self._lines = []
        self._noise()
        tables = {}
        for key, value in data.items():
            is_table = isinstance(value, dict) or (
                isinstance(value, list) and bool(value) and isinstance(value[0], dict)
            )
            if is_table and pick.random() < 0.85:
                tables[key] = value
            else:
                self._pair(key, value)
        for key, value in tables.items():
            if isinstance(value, list):
                for item in value:
                    self._table(key, item, of_list=True)
            else:
                self._table(key, value, of_list=False)
        self._noise()
        newline = pick.choice(("\n", "\n", "\r\n"))
        end = pick.choice((newline, newline, ""))
        return pick.choice(("", "", "\ufeff")) + newline.join(self._lines) + end

    def _table(self, name: str, table: Mapping[str, Any], *, of_list: bool) -> None:
        pick = self._chance
        self._noise()
        mark = ("[[", "]]") if of_list else ("[", "]")
        inside = pick.choice(("", "", " "))
        self._lines.append(f"{mark[0]}{inside}{name}{inside}{mark[1]}{pick.choice(_TAILS)}")
        later = []
        margin = pick.choice(("", "", "  ", "\t"))
        for key, value in table.items():
            way = pick.random()
            if isinstance(value, list) and value and isinstance(value[0], dict):
                if way < 0.8:
                    later += [(f"{name}.{key}", item, True) for item in value]
                    continue
            elif isinstance(value, dict) and way < 0.4:
                later.append((f"{name}.{key}", value, False))
                continue
            elif isinstance(value, dict) and way < 0.7 and value:
                for inner, one in value.items():
                    self._pair(f"{key}{pick.choice(('.', ' . '))}{inner}", one, margin)
                continue
            self._pair(key, value, margin)
        for key, value, is_list in later:
            self._table(key, value, of_list=is_list)

    def _pair(self, key: str, value: Any, margin: str = "") -> None:
        pick = self._chance
        if pick.random() < 0.25:
            self._noise()
        equals = pick.choice((" = ", "=", "   =  "))
        text = f"{margin}{key}{equals}{self._value(value, deep=False)}{pick.choice(_TAILS)}"
        self._lines += text.split("\n")

    def _value(self, value: Any, *, deep: bool) -> str:
        pick = self._chance
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, str):
            ways = [json.dumps(value, ensure_ascii=False)]
            if "'" not in value:
                ways.append(f"'{value}'")
                if not deep and value:
                    ways.append(f"'''\n{value}'''")
            return pick.choice(ways)
        if isinstance(value, dict):
            inside = ", ".join(
                f"{key}{pick.choice((' = ', '='))}{self._value(one, deep=True)}"
                for key, one in value.items()
            )
            return pick.choice((f"{{ {inside} }}", f"{{{inside}}}"))
        return self._list(value, deep=deep)

    def _list(self, value: Sequence[Any], *, deep: bool) -> str:
        pick = self._chance
        items = [self._value(one, deep=True) for one in value]
        if deep or not items or pick.random() < 0.5:
            comma = pick.choice(("", ",", " ,")) if items else ""
            return pick.choice(("[{}{}]", "[ {}{} ]")).format(", ".join(items), comma)
        lines = ["["]
        for number, item in enumerate(items):
            if pick.random() < 0.3:
                lines.append(pick.choice(_COMMENTS))
            last = number == len(items) - 1
            comma = pick.choice((",", "")) if last else pick.choice((",", " ,"))
            tail = pick.choice(_TAILS)
            if pick.random() < 0.2 and lines[-1].endswith(","):
                lines[-1] += f" {item}{comma}{tail}"
            else:
                lines.append(f"  {item}{comma}{tail}")
        if pick.random() < 0.3:
            lines.append("  # Ende")
        return "\n".join([*lines, pick.choice(("]", "  ]"))])

    def _noise(self) -> None:
        pick = self._chance
        for _ in range(pick.choice((0, 0, 1, 1, 2))):
            self._lines.append(pick.choice((*_COMMENTS, "", "", " ")))


def some_plan(chance: random.Random) -> dict[str, Any]:
    """The data of a plan: not always a good one, always one that a key table knows."""
    systems = [f"s{n}" for n in range(chance.randint(1, 3))]
    places = [f"d{n}" for n in range(chance.randint(1, 3))]
    data: dict[str, Any] = {}
    if chance.random() < 0.5:
        data["version"] = 1
    if chance.random() < 0.5:
        data["shop"] = 'Blumen "Krüger" #1'
    data["systems"] = [_system(chance, id) for id in systems]
    data["destinations"] = [_destination(chance, id) for id in places]
    data["copies"] = [
        _some(
            chance,
            {"system": system, "destination": place},
            every="1d", reread="90d", keep={"daily": 14, "weekly": 8},
        )
        for system in systems
        for place in places
        if chance.random() < 0.7
    ]  # fmt: skip
    if not data["copies"]:
        del data["copies"]
    if chance.random() < 0.4:
        data["limits"] = _some(chance, {}, upload="8 Mbit/s", working_hours=["mo-fr 08:00-18:30"])
    if chance.random() < 0.4:
        data["alerts"] = _some(
            chance, {"smtp": {"host": "mail.example.org", "sender": "a@example.org"}}, digest="fri"
        )
    if chance.random() < 0.4:
        data["people"] = [{"id": "anna", "name": "Anna"}, {"id": "bernd"}][: chance.randint(1, 2)]
    return data


def _system(chance: random.Random, id: str) -> dict[str, Any]:
    made = _some(chance, {"id": id}, name="Laden # eins", rpo="24h", critical=True, owner="")
    if chance.random() < 0.8:
        made["sources"] = [
            _some(
                chance,
                {"paths": [f"/data/{n}/{m}" for m in range(chance.randint(1, 3))]},
                exclude=["*.tmp", "C:\\temp", "a]b#c"][: chance.randint(0, 3)],
                default_excludes=False,
            )
            for n in range(chance.randint(1, 2))
        ]
    return made


def _destination(chance: random.Random, id: str) -> dict[str, Any]:
    made = _some(chance, {"id": id}, name="Platte, die „alte“", medium="disk", offline=True)
    made["location"] = _some(chance, {"path": "/mnt/a = b"}, kind="local")
    return made


def _some(chance: random.Random, always: dict[str, Any], **maybe: Any) -> dict[str, Any]:
    chosen = {key: value for key, value in maybe.items() if chance.random() < 0.6}
    pairs = [*always.items(), *chosen.items()]
    chance.shuffle(pairs)
    return dict(pairs)
