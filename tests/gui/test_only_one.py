"""Whoever starts the program twice gets one window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.paths import Home, find_home
from gui.only_one import OnlyOne
from tests.support.cli import ROOT


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = find_home(str(tmp_path / "h"))
    made.make()
    return made


def called(qtbot: QtBot, home: Home) -> bool:
    """In another process, as it is for real."""
    code = (
        "import sys; from PySide6.QtCore import QCoreApplication; app = QCoreApplication([]);"
        "from gui.only_one import call; from core.paths import find_home;"
        "sys.exit(0 if call(find_home(sys.argv[1])) else 3)"
    )
    words = [sys.executable, "-c", code, str(home.state.parent)]
    process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)})
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=20_000)
    assert process.returncode in (0, 3)
    return process.returncode == 0


def test_nobody_answers_where_no_window_is_open(qtbot: QtBot, home: Home) -> None:
    assert not called(qtbot, home)


def test_the_open_window_is_asked(qtbot: QtBot, home: Home, tmp_path: Path) -> None:
    first = OnlyOne(home)
    heard: list[int] = []
    first.asked.connect(lambda: heard.append(1))
    assert first.listens
    assert called(qtbot, home)
    assert called(qtbot, home)
    assert len(heard) == 2
    other = find_home(str(tmp_path / "anderes"))
    assert not called(qtbot, other)  # each home has a window of its own
    first.close()
    assert not called(qtbot, home)


def test_what_a_killed_one_left_is_in_nobodys_way(qtbot: QtBot, home: Home) -> None:
    code = (
        "import os, signal, sys; from PySide6.QtCore import QCoreApplication;"
        "app = QCoreApplication([]); from gui.only_one import OnlyOne;"
        "from core.paths import find_home; one = OnlyOne(find_home(sys.argv[1]));"
        "assert one.listens; os.kill(os.getpid(), signal.SIGKILL)"
    )
    place = str(home.state.parent)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, place], env=env, check=False)
    assert done.returncode == -9
    assert not called(qtbot, home)
    second = OnlyOne(home)
    assert second.listens
    assert called(qtbot, home)
    second.close()


def test_a_home_with_a_long_path_has_one_too(qtbot: QtBot, tmp_path: Path) -> None:
    home = find_home(str(tmp_path / ("x" * 120)))
    home.make()
    first = OnlyOne(home)
    assert first.listens
    assert called(qtbot, home)
    first.close()
