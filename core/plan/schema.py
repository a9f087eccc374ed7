"""The JSON Schema of the plan, made from the key table the reader uses.

For editors that complete and underline while typing. It says less than `plan check`: references,
folders and secrets need the program.
"""

from __future__ import annotations

import json

from core.plan.keys import PLAN
from core.plan.kinds import (
    ADDRESS_PATTERN,
    DEVICE_PATTERN,
    DURATION_PATTERN,
    HOST_PATTERN,
    ID_PATTERN,
    TIME_PATTERN,
    WEB_PATTERN,
    AbsolutePath,
    Address,
    Choice,
    Duration,
    Flag,
    Host,
    Id,
    Key,
    Kind,
    ListOf,
    Reference,
    Table,
    Text,
    TimeOfDay,
    Variants,
    WebAddress,
    Whole,
    Written,
)

Schema = dict[str, object]


def schema() -> Schema:
    """The schema as plain JSON values (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ladentresor: Sicherungsplan",
        "description": "Was der Händler entschieden hat: Systeme, Ziele und Kopien (plan.toml).",
        **_kind(PLAN),
    }


def schema_text() -> str:
    """The schema as it is printed and published."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _kind(kind: Kind) -> Schema:
    if isinstance(kind, Written):
        return {"type": "string", **_written(kind)}
    match kind:
        case Flag():
            return {"type": "boolean"}
        case Whole():
            return {"type": "integer", "minimum": kind.lowest, "maximum": kind.highest}
        case ListOf():
            least: Schema = {} if kind.may_be_empty else {"minItems": 1}
            return {"type": "array", "items": _kind(kind.item), **least}
        case Table():
            return _table(kind)
        case Variants():
            tables = [_variant(kind, name) for name in kind.tables]
            return tables[0] if len(tables) == 1 else {"oneOf": tables}


def _written(kind: Written) -> Schema:
    match kind:
        case Text():
            least: Schema = {} if kind.may_be_empty else {"minLength": 1}
            return {**least, "maxLength": kind.longest}
        case Id():
            return {"pattern": f"^(?!({DEVICE_PATTERN})$){ID_PATTERN}$"}
        case Reference():
            return {"pattern": f"^{ID_PATTERN}$"}
        case Choice():
            return {"enum": list(kind.values)}
        case Duration():
            return {"pattern": f"^{DURATION_PATTERN}$"}
        case AbsolutePath():
            return {"minLength": 1, "maxLength": kind.longest}
        case TimeOfDay():
            return {"pattern": f"^{TIME_PATTERN}$"}
        case Address() | WebAddress() | Host():
            return _of_the_net(kind)


def _of_the_net(kind: Address | WebAddress | Host) -> Schema:
    match kind:
        case Address():
            return {"pattern": f"^{ADDRESS_PATTERN}$", "maxLength": 254}
        case WebAddress():
            return {"pattern": f"^{WEB_PATTERN}$", "maxLength": kind.longest}
        case Host():
            return {"pattern": f"^{HOST_PATTERN}$", "maxLength": 253}


def _table(table: Table) -> Schema:
    described: Schema = {
        "type": "object",
        "properties": {key.name: _key(key) for key in table.keys},
        "additionalProperties": False,
    }
    required = [key.name for key in table.keys if key.required]
    return {**described, "required": required} if required else described


def _variant(kind: Variants, name: str) -> Schema:
    selector = Key(
        name="kind",
        kind=Choice((name,)),
        about="Art.",
        required=name != kind.default,
        default=name if name == kind.default else None,
    )
    return _table(Table((selector, *kind.tables[name].keys)))


def _key(key: Key) -> Schema:
    described: Schema = {"description": key.about, **_kind(key.kind)}
    if key.default is None:
        return described
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    return {**described, "default": default}
