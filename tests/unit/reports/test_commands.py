"""Commands that are printed: each shell must give the program exactly the argument meant."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reports.commands import GOES_ON, Shell, command, quote, wrap

NASTY = [
    "remote=/media/anna/PLATTE-B/laden/tresor",
    'remote=/media/Müller & Söhne/It\'s $HOME/`id`/"x"',
    "remote=/a b  c/;rm -rf x/*?[a]#~!%PATH%",
    "remote=C:\\Mein Laden\\tresor",
    "remote=D:\\5 $ und 100% 'gut'\\tresor",
    "remote=D:\\a,b;c(d)&e\\tresor",
    "remote=\\\\nas\\Sicherung Ä\\tresor",
    "remote=D:\\„Laden“ ‚x‘ ’y’\\tresor",
    "user=anna@beispiel.de",
    "pass=",
]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=40)


@given(TEXT)
@settings(max_examples=60)
def test_sh_gives_back_what_was_meant(text: str) -> None:
    given_back(f"remote=/{text}")


@pytest.mark.parametrize("text", NASTY)
def test_sh_gives_back_the_nasty_ones(text: str) -> None:
    given_back(text)


def given_back(text: str) -> None:
    line = " ".join(command(("printf", "%s", text), Shell.SH))
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == text


# ------------------------------------------------------------------ Windows
# No PowerShell here: its rules for arguments, written down once more (about_Quoting_Rules).

SINGLES, DOUBLES = "'\u2018\u2019\u201a\u201b", '"\u201c\u201d\u201e'


def powershell(line: str) -> str:
    """The one argument PowerShell makes of the word; ValueError where it would read another."""
    if line[0] in SINGLES:
        inner, at = "", 1
        while line[at] not in SINGLES or (at + 1 < len(line) and line[at + 1] in SINGLES):
            step = 2 if line[at] in SINGLES else 1
            inner += line[at]
            at += step
        if at != len(line) - 1:
            raise ValueError(line)
        return inner
    if line[0] == '"':
        inner = line[1:-1]
        if line[-1] != '"' or any(sign in inner for sign in ("$", "`", *DOUBLES)):
            raise ValueError(line)
        return inner
    if any(sign in line for sign in " \t$`@(){};,|&<>#" + SINGLES + DOUBLES if sign != "@"):
        raise ValueError(line)
    return line


def cmd(line: str) -> str:
    """The same for cmd.exe at the prompt and the C runtime after it."""
    if line[0] == '"':
        inner = line[1:-1]
        if line[-1] != '"' or any(sign in inner for sign in '%"!') or inner.endswith("\\"):
            raise ValueError(line)
        return inner
    if any(sign in line for sign in ' \t&|<>^%!"()'):
        raise ValueError(line)
    return line


@given(TEXT.filter(lambda text: '"' not in text and not text.endswith("\\")))
def test_powershell_gives_back_what_was_meant(text: str) -> None:
    argument = f"remote=D:\\{text}"
    assert powershell(quote(argument, Shell.POWERSHELL)) == argument


@pytest.mark.parametrize("text", [one for one in NASTY if '"' not in one])
def test_powershell_gives_back_the_nasty_ones(text: str) -> None:
    assert powershell(quote(text, Shell.POWERSHELL)) == text


@pytest.mark.parametrize("path", ["D:\\laden", "D:\\Mein Laden", "D:\\Ä (2) & Söhne, 'x'"])
def test_cmd_takes_the_same_text_where_it_can(path: str) -> None:
    argument = f"remote={path}\\tresor"
    assert cmd(quote(argument, Shell.POWERSHELL)) == argument


# ------------------------------------------------------------------ lines


@given(st.lists(st.text("abc/", min_size=1, max_size=70), min_size=1), st.integers(20, 60))
def test_broken_lines_join_again(words: list[str], width: int) -> None:
    lines = list(wrap(words, width))
    assert all(len(line) <= width for line in lines)
    joined = "".join(line[:-1] if line.endswith(GOES_ON) else line + " " for line in lines)
    assert joined.rstrip(" ") == " ".join(words)
