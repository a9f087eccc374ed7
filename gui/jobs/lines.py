"""JSON lines of the command line as events. Pure."""

from __future__ import annotations

import json

from gui.jobs.port import Event, Failure, Phase, Progress, Told


def read_line(line: bytes) -> Event | None:
    """The event of one line; None for what is none (docs/cli.md: ignore what you do not know)."""
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    kind = str(fields.get("event", ""))
    if kind == "phase":
        return Phase(_text(fields, "phase"), _text(fields, "system"), _text(fields, "destination"))
    if kind == "progress":
        return Progress(_number(fields, "files"), _number(fields, "bytes"))
    if kind == "error":
        names = ("code", "sentence", "risk", "next_step")
        return Failure(*(_text(fields, name) for name in names))
    return Told(kind, fields)


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _number(fields: dict[str, object], name: str) -> int:
    value = fields.get(name, 0)
    return value if isinstance(value, int) else 0
