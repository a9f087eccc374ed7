"""What a person typed for a key, as the kind of value the key table says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.plan.keys import PLAN
from core.plan.kinds import Flag, Kind, ListOf, Table, Variants, Whole
from core.plan.locate import KeyPath
from core.plan.toml_text import Value

_FLAGS = {"true": True, "false": False}


def typed_value(path: KeyPath, words: Sequence[str]) -> Value:
    """The value that words mean at a key: several are a list, `true` a flag, `14` a number.

    What does not fit is left as it was typed: judging the plan says what is wrong with it.
    """
    kind = _kind_at(path)
    if isinstance(kind, ListOf):
        return [_one(kind.item, word) for word in words]
    return _one(kind, words[0]) if len(words) == 1 else list(words)


def _one(kind: Kind | None, word: str) -> Value:
    if isinstance(kind, Flag):
        return _FLAGS.get(word, word)
    if isinstance(kind, Whole) and re.fullmatch("-?[0-9]{1,18}", word, re.ASCII):
        return int(word)
    return word


def _kind_at(path: KeyPath) -> Kind | None:
    """The kind of a key; None for one the table does not know."""
    kind: Kind | None = PLAN
    for part in path:
        if isinstance(part, int):
            kind = kind.item if isinstance(kind, ListOf) else None
            continue
        tables = tuple(kind.tables.values()) if isinstance(kind, Variants) else (kind,)
        keys = (table.key(part) for table in tables if isinstance(table, Table))
        kind = next((key.kind for key in keys if key is not None), None)
    return kind
