"""Where a change goes in a TOML text, so that nothing else in it moves.

Pure, text to text, for valid TOML without a byte order mark. Comments, order, blank lines and the
way values are written stay; what goes takes along only the comment on its own line. Nothing is
checked here: `edit` believes a new text only after it has been parsed again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from core.plan.locate import BLANK, KeyPath, Located, Pair, locate
from core.plan.toml_text import (
    Value,
    is_list_of_tables,
    pair_text,
    table_text,
    tables_of,
    value_text,
)

MISSING = object()
"""Stands for what is not there."""

_Cut = tuple[int, int, str]
"""From where to where, and what comes instead."""


def value_at(data: Any, path: KeyPath) -> Any:
    """What parsed data holds there; MISSING for nothing."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(data, list) or part >= len(data):
                return MISSING
        elif not isinstance(data, dict) or part not in data:
            return MISSING
        data = data[part]
    return data


def put(text: str, path: KeyPath, value: Value) -> str:
    """The text with another value at a key, or with one more key.

    Of a table only the keys that differ change, of a list in brackets only the items.
    """
    old = value_at(tomllib.loads(text), path)
    if old is MISSING:
        return _add(text, path, value)
    if isinstance(old, dict) and isinstance(value, Mapping):
        for name in [name for name in old if name not in value]:
            text = remove(text, (*path, name))
        for name, one in value.items():
            text = put(text, (*path, name), one)
        return text
    spans = locate(text).spans
    if path not in spans:  # a block in place of which a plain value would have to stand elsewhere
        return _add(remove(text, path), path, value)
    if isinstance(old, list) and not isinstance(value, str | int | Mapping):
        return _put_list(text, path, old, value)
    return _cut(text, [(*spans[path], value_text(value))])


def append(text: str, path: KeyPath, table: Mapping[str, Value]) -> str:
    """The text with one more table at the end of a list of tables."""
    data = tomllib.loads(text)
    found = locate(text)
    old = value_at(data, path)
    if isinstance(old, list) and path in found.spans:
        return put(text, path, [*old, table])
    if isinstance(old, list) and old:
        return _block(text, found, (*path, len(old) - 1), _names(path), table, of_list=True)
    around = path[:-1]
    if around and _header(found, around) is None:
        return _add(text, path, [table])
    return _block(text, found, around, _names(path), table, of_list=True)


def remove(text: str, path: KeyPath) -> str:
    """The text without a key, a table or one of a list."""
    found = locate(text)
    if isinstance(path[-1], int) and path[:-1] in found.spans:
        return _cut_item(text, path[:-1], path[-1])
    pair = next((pair for pair in found.pairs if pair.path == path), None)
    if pair is not None and pair.inside in found.spans:
        return _cut_inline(text, found, pair)
    return _cut_blocks(text, found, path)


# -- adding ---------------------------------------------------------------------------------------


def _add(text: str, path: KeyPath, value: Value) -> str:
    """One more key."""
    around, name = path[:-1], str(path[-1])
    found = locate(text)
    if around and value_at(tomllib.loads(text), around) is MISSING:
        return _add(text, around, {name: value})
    if around in found.spans:
        return _add_inline(text, found, around, [name], value)
    dotted = [
        pair
        for pair in found.pairs
        if len(pair.inside) < len(around) < len(pair.path) and _is_in(pair.path, around)
    ]
    if dotted:
        last = dotted[-1]
        key = [*_names(around[len(last.inside) :]), name]
        if last.inside in found.spans:
            return _add_inline(text, found, last.inside, key, value)
        return _add_line(text, last.end, last.start, pair_text(key, value))
    if len(around) < 2 and (isinstance(value, Mapping) or is_list_of_tables(value)):
        return _add_blocks(text, found, path, value)
    if not around:
        return _add_on_top(text, found, pair_text([name], value))
    header = _header(found, around)
    if header is None:  # made only by the headers of tables inside it
        first = next(one for one in found.headers if _is_in(one.path, around))
        block = table_text(_names(around), {name: value}, of_list=False)
        return _cut(text, [(first.start, first.start, _own(text, f"{block}\n\n"))])
    own = [pair for pair in found.pairs if pair.inside == around]
    if own:
        return _add_line(text, own[-1].end, own[-1].start, pair_text([name], value))
    return _add_line(text, header[1], header[0], pair_text([name], value))


def _add_blocks(text: str, found: Located, path: KeyPath, value: Value) -> str:
    of_list = not isinstance(value, Mapping)
    for one in tables_of(value):
        text = _block(text, found, path[:-1], _names(path), one, of_list=of_list)
        found = locate(text)
    return text


def _add_on_top(text: str, found: Located, line: str) -> str:
    """A key that belongs to no table: it stands before the first header."""
    own = [pair for pair in found.pairs if not pair.inside]
    if own:
        return _add_line(text, own[-1].end, own[-1].start, line)
    first = found.headers[0].start if found.headers else len(text)
    at = _line_start(text, first)
    above = text[:at].rstrip(" \t\r\n")
    lead = _after_line(text, len(above)) if above else 0
    gap = bool(above) and not text[lead:at].strip(" \t\r\n") and lead < at
    # a comment with a blank line below it is about the whole file
    here = at if gap else 0
    return _cut(text, [(here, here, _own(text, f"{line}\n\n"))])


def _add_line(text: str, end: int, like: int, line: str) -> str:
    """A line below the one that `end` is in, as far from the margin as what begins at `like`."""
    at = _after_line(text, end)
    margin = text[_line_start(text, like) : like]
    margin = margin if not margin.strip() else ""
    if at == len(text) and not text.endswith("\n"):
        return text + _own(text, f"\n{margin}{line}")
    return _cut(text, [(at, at, _own(text, f"{margin}{line}\n"))])


def _add_inline(text: str, found: Located, path: KeyPath, key: Sequence[str], value: Value) -> str:
    """One more pair in braces."""
    start, end = found.spans[path]
    inside = [pair for pair in found.pairs if pair.inside == path]
    pair = pair_text(key, value)
    if not inside:
        return _cut(text, [(start, end, f"{{ {pair} }}")])
    last = inside[-1].end
    return _cut(text, [(last, last, f", {pair}")])


def _block(
    text: str,
    found: Located,
    around: KeyPath,
    name: list[str],
    table: Mapping[str, Value],
    *,
    of_list: bool,
) -> str:
    """A block below everything of the table `around`; at the end of the text for ()."""
    block = _own(text, table_text(name, table, of_list=of_list))
    newline = _newline(text)
    at = len(text) if not around else _end_of(text, found, around)
    above, rest = text[:at], text[at:]
    apart = not above or above.endswith(("\n\n", "\n\r\n"))
    before = "" if apart else newline if above.endswith("\n") else newline * 2
    after = newline if not rest or rest.lstrip(" \t").startswith(("\n", "\r")) else newline * 2
    return _cut(text, [(at, at, before + block + after)])


def _end_of(text: str, found: Located, path: KeyPath) -> int:
    """Behind the last line that belongs to a table."""
    ends = [header.end for header in found.headers if _is_in(header.path, path)]
    ends += [pair.end for pair in found.pairs if _is_in(pair.path, path)]
    return _below(text, max(ends))


def _below(text: str, end: int) -> int:
    """Behind the line that `end` is in, and comments right below it (such as keys that are
    switched off), unless they are about what comes next.
    """
    at = below = _after_line(text, end)
    while text[below:].lstrip(" \t").startswith("#"):
        below = _after_line(text, below)
    return at if text[below : _after_line(text, below)].strip() else below


# -- lists ----------------------------------------------------------------------------------------


def _put_list(text: str, path: KeyPath, old: Sequence[Any], new: Sequence[Value]) -> str:
    """Other items; those that stay are not touched, nor are their comments."""
    steps = SequenceMatcher(None, list(map(repr, old)), list(map(repr, new)), autojunk=False)
    for _, i, i_end, j, j_end in reversed(steps.get_opcodes()):
        if repr(old[i:i_end]) == repr(list(new[j:j_end])):
            continue
        both = min(i_end - i, j_end - j)
        for at in reversed(range(i + both, i_end)):
            text = _cut_item(text, path, at)
        for one in reversed(new[j + both : j_end]):
            text = _insert_item(text, path, i + both, value_text(one))
        for number in range(both):
            span = locate(text).spans[*path, i + number]
            text = _cut(text, [(*span, value_text(new[j + number]))])
    return text


def _items(found: Located, path: KeyPath) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    while (*path, len(spans)) in found.spans:
        spans.append(found.spans[*path, len(spans)])
    return spans


def _insert_item(text: str, path: KeyPath, number: int, item: str) -> str:
    found = locate(text)
    start, end = found.spans[path]
    spans = _items(found, path)
    if not spans:
        inside = text[start + 1 : end - 1]
        if not inside.strip():
            return _cut(text, [(start, end, f"[{item}]")])
        return _cut(text, [(start + 1, start + 1, f"{item}, ")])
    if not number:
        at = spans[0][0]
        margin = text[_line_start(text, at) : at]
        alone = not margin.strip()
        between = f"{_newline(text)}{margin}" if alone else " "
        return _cut(text, [(at, at, f"{item},{between}")])
    before, at = spans[number - 1]
    comma = _comma(text, at)
    plain = comma is None or not text[at:comma].strip()
    if not plain or not _is_alone(text, before, at if comma is None else comma + 1):
        return _cut(text, [(at, at, f", {item}")])
    margin = text[_line_start(text, before) : before]
    below = _after_line(text, at if comma is None else comma)
    cuts = [(below, below, f"{margin}{item},{_newline(text)}")]
    return _cut(text, cuts if comma is not None else [(at, at, ","), *cuts])


def _cut_item(text: str, path: KeyPath, number: int) -> str:
    return _cut(text, _without(text, _items(locate(text), path), number, in_list=True))


def _cut_inline(text: str, found: Located, pair: Pair) -> str:
    inside = [one for one in found.pairs if one.inside == pair.inside]
    spans = [(one.start, one.end) for one in inside]
    return _cut(text, _without(text, spans, inside.index(pair), in_list=False))


def _without(
    text: str, spans: Sequence[tuple[int, int]], number: int, *, in_list: bool
) -> list[_Cut]:
    """What has to go so that one of some things with commas between them is gone.

    Behind the last one there may be a comma in a list, but none in braces.
    """
    start, end = spans[number]
    comma = _comma(text, end)
    if comma is not None:
        if text[end:comma].strip():  # a comment between both
            return [(start, end, ""), (comma, comma + 1, "")]
        if in_list and _is_alone(text, start, comma + 1):
            return [(_line_start(text, start), _after_line(text, comma), "")]
        last = comma + 1
        while text[last : last + 1] in (" ", "\t"):
            last += 1
        if text[last : last + 1] in ("\r", "\n", "#", "]"):
            while number and text[start - 1 : start] in (" ", "\t"):
                start -= 1
            return [(start, comma + 1, "")]
        return [(start, last, "")]
    if in_list and _is_alone(text, start, end):
        return [(_line_start(text, start), _after_line(text, end), "")]
    before = _comma(text, spans[number - 1][1]) if number else None
    if before is None:
        return [(start, end, "")]
    if text[before + 1 : start].strip():  # a comment between both
        return [(before, before + 1, ""), (start, end, "")]
    return [(before, end, "")]


def _comma(text: str, at: int) -> int | None:
    """Where the comma behind a thing is; None when there is none."""
    blank = BLANK.match(text, at)
    here = blank.end() if blank else at
    return here if text.startswith(",", here) else None


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but spaces and a comment stands beside it on its lines."""
    after = text[end : _after_line(text, end)].strip()
    return not text[_line_start(text, start) : start].strip() and (
        not after or after.startswith("#")
    )


# -- removing -------------------------------------------------------------------------------------


def _cut_blocks(text: str, found: Located, path: KeyPath) -> str:
    """Without every line and block of a key or table, wherever they stand."""
    cuts: list[_Cut] = []
    for pair in found.pairs:
        if _is_in(pair.path, path) and not _is_in(pair.inside, path):
            if pair.inside in found.spans:  # dotted, in braces: one at a time
                return _again(_cut_inline(text, found, pair), path)
            cuts.append((_line_start(text, pair.start), _after_line(text, pair.end), ""))
    start = end = -1
    for header in found.headers:
        if not _is_in(header.path, path):
            if start >= 0:
                cuts.append((start, _below(text, end), ""))
            start = -1
            continue
        start = start if start >= 0 else _line_start(text, header.start)
        end = max([header.end, *(one.end for one in found.pairs if one.inside == header.path)])
    if start >= 0:
        cuts.append((start, _below(text, end), ""))
    return _cut(text, [_with_blank(text, cut) for cut in cuts])


def _again(text: str, path: KeyPath) -> str:
    """Once more, as long as there is some of it."""
    return text if value_at(tomllib.loads(text), path) is MISSING else remove(text, path)


def _with_blank(text: str, cut: _Cut) -> _Cut:
    """Of the blank lines above and below what goes, only those above stay."""
    start, end, instead = cut
    above = text[:start].rstrip(" \t")
    if start and not above.endswith(("\n\n", "\n\r\n")):
        return cut
    while end < len(text) and not text[end : _after_line(text, end)].strip():
        end = _after_line(text, end)
    if end == len(text) and start:  # at the end of the text nothing is to be kept apart
        kept = above.rstrip(" \t\r\n")
        start = _after_line(text, len(kept)) if kept else 0
    return start, end, instead


# -- places in a text -----------------------------------------------------------------------------


def _cut(text: str, cuts: Sequence[_Cut]) -> str:
    for start, end, instead in sorted(cuts, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _after_line(text: str, at: int) -> int:
    """Where the next line begins; the end of the text when there is none."""
    return text.find("\n", at) + 1 or len(text)


def _newline(text: str) -> str:
    """How this text ends its lines."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def _own(text: str, lines: str) -> str:
    """New lines that end as those of the text do."""
    return lines.replace("\n", _newline(text))


def _names(path: KeyPath) -> list[str]:
    return [part for part in path if isinstance(part, str)]


def _is_in(path: KeyPath, around: KeyPath) -> bool:
    return path[: len(around)] == around


def _header(found: Located, path: KeyPath) -> tuple[int, int] | None:
    """Where the header of exactly this table stands."""
    return next(((one.start, one.end) for one in found.headers if one.path == path), None)
