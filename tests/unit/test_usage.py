"""Help and mistakes in a call: whole in both languages, for every parser there is."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from core.cli.parser import make_parser
from core.cli.usage import Misuse, Parser, speaking
from core.texts import Lang, Texts

# Only argparse says these.
ENGLISH = (
    "usage:", "options:", "positional arguments", "show this help", "show program's", "argument ",
    "expected", "required", "invalid", "unrecognized", "not allowed", "could match", "choose from",
)  # fmt: skip
_GERMAN = re.compile(r"[äöüÄÖÜß]|\b(?:Aufruf|Optionen|Angaben|nicht|ein|der|und|nur)\b")


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and all below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from parsers(below)


def made(lang: Lang) -> Parser:
    return make_parser(Texts(lang, program="./run"))


def test_every_help_is_in_one_language() -> None:
    helps: dict[Lang, dict[str, str]] = {"de": {}, "en": {}}
    for lang, found in helps.items():
        with speaking(Texts(lang)):
            for parser in parsers(made(lang)):
                found[parser.prog] = parser.format_help()
    assert set(helps["de"]) == set(helps["en"])
    assert {"./run", "./run restore", "./run plan apply", "./run secret set"} <= set(helps["de"])
    for prog, text in helps["de"].items():
        assert text.startswith("Aufruf: ./run"), prog
        assert [word for word in ENGLISH if word in text] == [], text
    for prog, text in helps["en"].items():
        assert text.startswith("usage: ./run"), prog
        assert not _GERMAN.search(text), text


def test_every_argument_says_what_it_is_for() -> None:
    for parser in parsers(made("de")):
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), (
                f"{parser.prog}: {action.dest}"
            )


MISTAKES = [
    (["backup", "--sofort"], "./run backup", "--sofort"),
    (["plan", "apply", "a", "b"], "./run plan apply", "b"),
    (["hallo"], "./run", "'hallo'"),
    (["--lang", "fr", "status"], "./run", "'fr'"),
    (["restore", "laden"], "./run restore", "--into"),
    (["restore", "laden", "--into"], "./run restore", "--into"),
    (["restore", "laden", "--into", "x", "--path"], "./run restore", "--path"),
    (["verify", "--sample", "0"], "./run verify", "0"),
    (["verify", "--sample", "viel"], "./run verify", "viel"),
    (["verify", "--full", "--sample", "3"], "./run verify", "--full"),
    (["backup", "--due=3"], "./run backup", "3"),
    (["--h"], "./run", "--home"),
    (["secret"], "./run secret", ""),
    (["browse"], "./run browse", "SYSTEM"),
]


@pytest.mark.parametrize(("args", "prog", "names"), MISTAKES)
def test_a_mistake_is_told_by_the_verb_in_the_readers_language(
    args: list[str], prog: str, names: str
) -> None:
    said = {}
    for lang in ("de", "en"):
        with speaking(Texts(lang)), pytest.raises(Misuse) as caught:
            made(lang).parse_args(args)
        assert caught.value.prog == prog
        assert names in caught.value.wrong
        said[lang] = caught.value
    assert [word for word in ENGLISH if word in said["de"].wrong + said["de"].usage] == []
    assert not _GERMAN.search(said["en"].wrong)
    assert said["de"].wrong != said["en"].wrong


def test_argparse_has_its_own_words_back_afterwards() -> None:
    before = dict(vars(argparse))
    with pytest.raises(ValueError, match="mitten"), speaking(Texts("de")):
        raise ValueError("mitten darin")
    assert vars(argparse) == before
