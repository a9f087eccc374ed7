"""`secret set | list | forget`: keep what opens a destination. Values come in and never go out."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from core.cli.context import Context
from core.errors import Code, Exit, KnownError
from core.secrets import LONGEST, check_name
from core.texts import t


def secret(context: Context, options: argparse.Namespace) -> Exit:
    """secret set | list | forget"""
    doing = {"set": _set, "list": _list, "forget": _forget}
    return doing[options.secret_verb](context, options)


def _set(context: Context, options: argparse.Namespace) -> Exit:
    name: str = options.name
    check_name(name)
    store = context.secrets()
    with ends_at_once():
        value = read_value(context, name)
    store.set(name, value)
    context.output.record("secret", name=name, done="set", store=store.kind)
    if store.kind == "keyring":
        context.output.say(t("Im Schlüsselbund dieses PCs hinterlegt: {name}"), name=name)
    else:
        context.output.say(t("In der verschlüsselten Datei hinterlegt: {name}"), name=name)
    return Exit.OK


def _list(context: Context, options: argparse.Namespace) -> Exit:
    names = context.secrets().names()
    for name in names:
        context.output.item({"secret": name}, name)
    if not names:
        context.output.say(t("Es ist kein Geheimnis hinterlegt."))
    return Exit.OK


def _forget(context: Context, options: argparse.Namespace) -> Exit:
    name: str = options.name
    was_there = context.secrets().forget(name)
    context.output.record("secret", name=name, done="forgotten" if was_there else "nothing")
    if not was_there:
        context.output.say(t("Ein Geheimnis „{name}“ war nicht hinterlegt."), name=name)
        return Exit.NOTHING_DONE
    context.output.say(t("Gelöscht: {name}"), name=name)
    return Exit.OK


def read_value(context: Context, name: str, *, asked: str = "") -> str:
    """What was typed unseen, or all of stdin without its last line end; KnownError when empty.

    asked: how a person at a keyboard is asked for it.
    """
    asked = asked or context.texts.t("Wert für {name} (unsichtbar): ", name=name)
    if sys.stdin is None:
        raise KnownError(Code.SECRET_EMPTY, name=name)
    if sys.stdin.isatty():
        try:
            return getpass.getpass(asked)
        except EOFError:
            raise KnownError(Code.SECRET_EMPTY, name=name) from None
    raw = sys.stdin.buffer.read(4 * LONGEST)
    if len(raw) == 4 * LONGEST:
        raise KnownError(Code.SECRET_TOO_LONG, name=name, limit=LONGEST)
    try:
        text = raw.decode("utf-8-sig")  # PowerShell likes to begin with a byte order mark
    except UnicodeDecodeError:  # without `from`: the error holds the value
        raise KnownError(Code.SECRET_NOT_TEXT, name=name) from None
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


@contextlib.contextmanager
def ends_at_once() -> Iterator[None]:
    """While we wait for a person the first Ctrl-C already ends it: there is nothing to finish."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous: dict[int, signal._HANDLER] = {}
    if threading.current_thread() is threading.main_thread():
        for asked in (signal.SIGINT, signal.SIGTERM):
            previous[asked] = signal.signal(asked, leave)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
