"""What a person at a terminal is asked while signing in, and what happens when nobody is there."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.accounts import _Person
from core.cli.context import Context
from core.cli.output import Output
from core.clock import SystemClock
from core.errors import Code, KnownError
from core.paths import find_home
from core.rclone.login import DRIVE, Choice, Question
from core.texts import Texts

WHICH = Question(
    DRIVE, "eins", (Choice("eins", "Privat (personal)"), Choice("zwei", "Laden (business)"))
)


class Typed(io.StringIO):
    """Lines typed at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def ask(
        question: Question, words: str | None, *, drive: str = "", as_json: bool = False
    ) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO() if words is None else Typed(words))
        texts = Texts("de")
        out = Output(texts, as_json=as_json, out=io.StringIO(), err=io.StringIO())
        context = Context(find_home(str(tmp_path)), SystemClock(), out, texts, lambda: False)
        return _Person(context, argparse.Namespace(name="laden", drive=drive)).ask(question)

    return ask


def test_which_drive(asked: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(WHICH, "2\n") == "zwei"
    shown = capsys.readouterr().err
    assert "Welches Laufwerk" in shown
    assert "  2  Laden (business)" in shown
    assert asked(WHICH, "\n") == "eins"
    assert asked(WHICH, "") == "eins"
    assert asked(WHICH, "drei\n") == "drei"  # rclone says what it thinks of that
    site = Question("config_site_url", "", ())
    assert asked(site, "https://firma.sharepoint.com/sites/laden\n").endswith("/laden")


def test_named_beforehand(asked: Callable[..., str]) -> None:
    for name in ("zwei", "Laden", "Laden (business)"):
        assert asked(WHICH, None, drive=name) == "zwei"


@pytest.mark.parametrize(
    "how", [{"words": None}, {"words": "1\n", "as_json": True}, {"words": "1\n", "drive": "drei"}]
)
def test_nobody_to_ask(asked: Callable[..., str], how: dict[str, object]) -> None:
    with pytest.raises(KnownError) as caught:
        asked(WHICH, **how)
    assert caught.value.code is Code.LOGIN_QUESTION
    assert "zwei = Laden (business)" in str(caught.value.params["choices"])
