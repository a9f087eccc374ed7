"""What a printed page is made of, the same for PDF and plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.texts.formats import Lang

WIDTH = 92
"""Characters in a line of plain text; commands stay whole there, so that they can be copied."""
_BLANK = "_" * 40


@dataclass(frozen=True, slots=True)
class Title:
    """The head of the page: what it is, what stands to its right, what below."""

    text: str
    right: str
    below: str


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `strong` is what nobody may overlook."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to type off, in groups that stand under one another; the last one smaller."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; an empty value is a line to fill in by hand."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command as typed: its words with one blank between them; `where` when it matters."""

    words: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and the commands that do it."""

    number: int
    text: str
    commands: tuple[Command, ...]


Block = Title | Heading | Text | Lines | Facts | Step


@dataclass(frozen=True, slots=True)
class Page:
    """A document: its blocks, and what stands at the foot of each sheet of paper."""

    name: str
    lang: Lang
    blocks: tuple[Block, ...]
    foot: str


def printable(text: str) -> str:
    """The text with a `?` for each sign that the fonts lack: all that is not Western European."""
    return text.encode("cp1252", "replace").decode("cp1252")


def as_text(page: Page) -> str:
    """The page as plain text."""
    parts = ["\n".join(_lines(block)) for block in page.blocks]
    return "\n\n".join([*parts, *textwrap.wrap(page.foot, WIDTH)]) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Title(text, right, below):
            yield f"{text.upper()}  ·  {right}"
            yield below
        case Heading(text):
            yield text
            yield "-" * len(text)
        case Text(text):
            yield from textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
        case Lines(rows, note):
            yield from _rows(rows)
            yield from textwrap.wrap(note, WIDTH)
        case Facts(title, rows):
            yield title
            yield from (f"  {name}: {value or _BLANK}" for name, value in rows)
        case Step(number, text, commands):
            yield from textwrap.wrap(f"{number}. {text}", WIDTH, subsequent_indent="   ")
            for one in commands:
                yield f"   {one.where + ':  ' if one.where else ''}{' '.join(one.words)}"


def _rows(rows: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """The groups of all rows under one another, the lines to type as they are typed."""
    label = max(len(name) for name, _ in rows)
    for name, groups in rows:
        yield f"  {name:<{label}}   {'-'.join(groups)}"
