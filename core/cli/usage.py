"""What argparse says by itself, in the reader's language, and mistakes in a call as an exception.

argparse asks its module-level `_` for every word. It is told ours while a parser is made and used,
and has its own back afterwards; a word we do not know stays English.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from core.texts import Texts

_GERMAN = {
    "usage: ": "Aufruf: ",
    "positional arguments": "Angaben",
    "options": "Optionen",
    "show this help message and exit": "diese Hilfe zeigen",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "unrecognized arguments: %s": "Das gibt es hier nicht: %s",
    "not allowed with argument %s": "Das geht nicht zusammen mit %s",
    "ignored explicit argument %r": "Hier gehört kein Wert dazu: %r",
    "the following arguments are required: %s": "Hier fehlt noch: %s",
    "one of the arguments %s is required": "Eines davon fehlt noch: %s",
    "expected one argument": "Hier fehlt ein Wert",
    "expected at most one argument": "Hier ist höchstens ein Wert möglich",
    "expected at least one argument": "Hier fehlt mindestens ein Wert",
    "expected %s argument": "Hier gehört %s Wert dazu",
    "expected %s arguments": "Hier gehören %s Werte dazu",
    "ambiguous option: %(option)s could match %(matches)s": (
        "%(option)s ist zu kurz. Es kann heißen: %(matches)s"
    ),
    "invalid %(type)s value: %(value)r": "%(value)r ist hier nicht möglich",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r ist hier nicht möglich. Möglich sind: %(choices)s"
    ),
}


@contextlib.contextmanager
def speaking(texts: Texts) -> Iterator[None]:
    """Let argparse speak the language of `texts` while parsers are made and used."""
    words: Mapping[str, str] = _GERMAN if texts.lang == "de" else {}

    def one(msgid: str) -> str:
        return words.get(msgid, msgid)

    def one_of(singular: str, plural: str, n: int) -> str:
        return one(singular if n == 1 else plural)

    names = vars(argparse)
    before = {name: names[name] for name in ("_", "ngettext")}
    names.update({"_": one, "ngettext": one_of})
    try:
        yield
    finally:
        names.update(before)


class Misuse(Exception):
    """A call that cannot be understood: whose (`./run backup`), its usage, what is wrong."""

    def __init__(self, prog: str, usage: str, wrong: str) -> None:
        super().__init__(wrong)
        self.prog = prog
        self.usage = usage
        self.wrong = wrong


class Parser(argparse.ArgumentParser):
    """Raises `Misuse` from the verb that was typed, not from the program as a whole."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but what a verb does not know is its own mistake."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(vars(argparse)["_"]("unrecognized arguments: %s") % " ".join(unknown))
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Raise it: whoever called knows the language of the rest."""
        raise Misuse(self.prog, self.format_usage(), message)
