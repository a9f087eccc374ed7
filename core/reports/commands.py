"""Commands that are printed to be typed: quoted for the shell they are meant for, broken to lines.

rclone's words are the same everywhere; only what the plan names (paths, accounts) may need quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from enum import StrEnum

GOES_ON = "¬"
"""At the end of a printed line: the word goes on in the next line, without a blank."""

_BARE = re.compile(r"[\w\\/:.=+@-]+")
_SINGLE = re.compile("(['\u2018-\u201b])")
"""All of these end a text in single quotes in PowerShell, and stand for themselves when doubled."""
_ONLY_SINGLE = re.compile('[$`"%!\u201c-\u201f]')
"""What is not itself within double quotes, in PowerShell or in cmd.exe."""


class Shell(StrEnum):
    """Where a command is typed."""

    SH = "sh"
    POWERSHELL = "powershell"


def quote(argument: str, shell: Shell) -> str:
    """The argument as it has to be typed.

    For Windows it is typed alike in PowerShell and in cmd.exe wherever both can say it; with `$`,
    a backtick, `%` or `!` in it only PowerShell can. Double quotes cannot stand in its paths.
    """
    if shell is Shell.SH:
        return shlex.quote(argument)
    if _BARE.fullmatch(argument):
        return argument
    if _ONLY_SINGLE.search(argument):
        return "'" + _SINGLE.sub(r"\1\1", argument) + "'"
    return f'"{argument}"'


def command(arguments: Sequence[str], shell: Shell) -> tuple[str, ...]:
    """Every argument as typed; what is typed is these with one blank between them."""
    return tuple(quote(argument, shell) for argument in arguments)


def wrap(words: Sequence[str], width: int) -> Iterator[str]:
    """Lines of at most `width` characters, broken between words; a longer word at `GOES_ON`."""
    line = ""
    for word in words:
        rest = word
        if line and len(line) + 1 + len(rest) <= width:
            line += f" {rest}"
            continue
        if line:
            yield line
        while len(rest) > width:
            yield rest[: width - 1] + GOES_ON
            rest = rest[width - 1 :]
        line = rest
    if line:
        yield line
