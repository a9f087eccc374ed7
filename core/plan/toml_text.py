"""Values and tables as TOML text, written the way the starter plan is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
"""What a plan can hold: texts, whole numbers and flags, lists and tables of them."""

_LONG = 80
_ESCAPED = re.compile('[\\x00-\\x1f\\x7f"\\\\]')
_BARE = re.compile("[A-Za-z0-9_-]+")


def quoted(text: str) -> str:
    """A TOML string: with backslashes in single quotes where that is possible, else in double."""
    if "\\" in text and "'" not in text and not _ESCAPED.search(text.replace("\\", "")):
        return f"'{text}'"
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return f"\\{character}" if character in '"\\' else f"\\u{ord(character):04x}"


def key_text(parts: Sequence[str]) -> str:
    """A dotted key, its parts in quotes where they need them."""
    return ".".join(part if _BARE.fullmatch(part) else quoted(part) for part in parts)


def value_text(value: Value) -> str:
    """A value in one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case Mapping():
            pairs = ", ".join(pair_text([key], one) for key, one in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return "[" + ", ".join(value_text(one) for one in value) + "]"


def pair_text(key: Sequence[str], value: Value) -> str:
    """`key = value` in one line."""
    return f"{key_text(key)} = {value_text(value)}"


def table_text(name: Sequence[str], table: Mapping[str, Value], *, of_list: bool) -> str:
    """`[name]`, or `[[name]]` where it is one of a list, with all it holds; ends without a newline.

    Tables that hold more than numbers become blocks of their own, long lists get a line for each.
    """
    lines = [f"[[{key_text(name)}]]" if of_list else f"[{key_text(name)}]"]
    blocks = []
    for key, value in table.items():
        inner = [*name, key]
        if isinstance(value, Mapping) and not _is_small(value):
            blocks.append(table_text(inner, value, of_list=False))
        elif is_list_of_tables(value):
            blocks += [table_text(inner, one, of_list=True) for one in tables_of(value)]
        else:
            lines.append(_lines_of(key, value))
    return "\n".join(lines + blocks)


def is_list_of_tables(value: Value) -> bool:
    """Whether it can be written as `[[name]]`: a list of tables that is not empty."""
    if isinstance(value, str | int | Mapping):
        return False
    return bool(value) and all(isinstance(one, Mapping) for one in value)


def tables_of(value: Value) -> list[Mapping[str, Value]]:
    """The tables of a list, or the one table itself."""
    if isinstance(value, Mapping):
        return [value]
    items = () if isinstance(value, str | int) else value
    return [one for one in items if isinstance(one, Mapping)]


def _is_small(table: Mapping[str, Value]) -> bool:
    return bool(table) and all(isinstance(one, int) for one in table.values())


def _lines_of(key: str, value: Value) -> str:
    line = pair_text([key], value)
    if isinstance(value, str | int | Mapping) or len(line) <= _LONG or len(value) < 2:
        return line
    items = "".join(f"    {value_text(one)},\n" for one in value)
    return f"{key_text([key])} = [\n{items}]"
