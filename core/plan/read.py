"""Read a plan: from TOML text to typed values, or to everything that is wrong with it at once.

A plan may come from a copy somebody else could have written (`adopt`), so nothing in it can make
the reader fail in any way but `PlanError`.
"""

from __future__ import annotations

import codecs
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import Code, KnownError
from core.paths import home_failure
from core.plan.build import build
from core.plan.keys import PLAN
from core.plan.locate import locate
from core.plan.model import VERSION, Plan
from core.plan.problems import PlanError, Problem, ProblemCode
from core.plan.relations import note_relations
from core.plan.walk import Walk

_LONGEST_TEXT = 512 * 1024
_LONGEST_LINE = 16 * 1024
"""Far above any plan of a person; tomllib's time grows with the square of a key's length."""


def read_plan(text: str, *, source: str, windows: bool | None = None) -> Plan:
    """The plan a TOML text holds. PlanError names every problem, `source` in it is the file's name.

    What depends on the PC's folders and secrets is not judged here but in `check`. `windows` says
    whose paths are absolute; by default this PC's.
    """
    text = text.removeprefix("\ufeff")
    data = parse_text(text, source=source)
    located = locate(text)
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise PlanError([_too_new(version, located.line(("version",)))], source=source)
    walk = Walk(data, located, windows=os.name == "nt" if windows is None else windows)
    good = walk.table(PLAN, data, ())
    note_relations(walk, data, good)
    plan = build(good, walk)
    if walk.problems:
        raise PlanError(walk.problems, source=source, readable=plan)
    return plan


def parse_text(text: str, *, source: str) -> dict[str, Any]:
    """The bare TOML of a plan text, with or without a byte order mark; PlanError if broken."""
    text = text.removeprefix("\ufeff")
    for line, content in enumerate(text.split("\n"), start=1):
        if len(text) > _LONGEST_TEXT or len(content) > _LONGEST_LINE:
            problem = Problem(line=line, key="", code=ProblemCode.TOO_LARGE)
            raise PlanError([problem], source=source)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError([_syntax(text, str(error))], source=source) from error


def load_plan(path: Path) -> Plan:
    """The plan in a file: PlanError as `read_plan`; KnownError PLAN_MISSING, HOME_UNUSABLE."""
    return read_plan(load_text(path), source=str(path))


def load_readable(path: Path) -> Plan:
    """The plan in a file as far as it can be read: enough to look and to restore.

    Restore comes first (DESIGN §1, promise 6): a plan that came from another kind of PC, or a
    secret that cannot be had, must not stand between a person and the data. PlanError where not
    one copy of it can be read; KnownError as `load_plan`.
    """
    try:
        return load_plan(path)
    except PlanError as error:
        if error.readable is None or not error.readable.copies:
            raise
        return error.readable


def load_text(path: Path) -> str:
    """The text of a plan file; PlanError when it is not UTF-8, KnownError as `load_plan`."""
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise KnownError(Code.PLAN_MISSING, path=str(path)) from error
    except OSError as error:
        raise home_failure(path, error) from error
    return decode_text(raw, source=str(path))


def decode_text(raw: bytes, *, source: str) -> str:
    """The text of a plan's bytes; PlanError when they are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        line = 1 if wide else raw.count(b"\n", 0, error.start) + 1
        problem = Problem(line=line, key="", code=ProblemCode.NOT_UTF8)
        raise PlanError([problem], source=source) from error


_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

_REASONS: Mapping[str, str] = {
    "Unescaped '\\' in a string": "backslash",
    "Invalid hex value": "backslash",
    "Escaped character is not a Unicode scalar value": "backslash",
    "Unterminated string": "open_text",
    "Expected \"'": "open_text",
    "Illegal character '\\n'": "open_text",
    "Found invalid character '\\n'": "open_text",
    "Illegal character": "character",
    "Found invalid character": "character",
    "Cannot overwrite a value": "twice",
    "Cannot declare": "twice",
    "Cannot mutate": "twice",
    "Duplicate inline table key": "twice",
    "Cannot redefine namespace": "twice",
    "Unclosed": "open_bracket",
    "Expected ']": "open_bracket",
    "Expected '=' after a key": "no_equals",
    "Invalid statement": "no_equals",
    "Invalid initial character for a key part": "no_equals",
    "Expected newline or end of document after a statement": "rest_of_line",
    "Invalid value": "value",
}


def _syntax(text: str, message: str) -> Problem:
    """The first mistake in the TOML itself; tomllib's English words only as a detail."""
    place = _PLACE.search(message)
    detail = message[: place.start()] if place else message
    reason = next((word for start, word in _REASONS.items() if detail.startswith(start)), "other")
    if place and place.group(1):
        line = int(place.group(1))
    else:
        line = text.count("\n") + (not text.endswith("\n"))
        if reason == "open_text":  # the end is where it was missed, not where it is missing
            line = locate(text).lost or line
    return Problem(
        line=max(line, 1),
        key="",
        code=ProblemCode.SYNTAX,
        params={"reason": reason, "detail": detail[:200]},
    )


def _too_new(version: int, line: int | None) -> Problem:
    shown = str(version) if version < 10**18 else "…"
    params = {"version": shown, "known": str(VERSION)}
    return Problem(line=line, key="version", code=ProblemCode.TOO_NEW, params=params)
