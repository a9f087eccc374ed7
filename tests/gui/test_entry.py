"""When the window opens and when the command line answers; settings; lines of a child."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.__main__ import has_screen, opens_window
from gui.jobs.lines import read_line
from gui.jobs.port import Failure, Phase, Progress, Told
from gui.settings import NAME, Settings, read_settings, write_settings
from tests.support.cli import ROOT


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ("", True),
        ("--home /x", True),
        ("--lang=en --home=/x", True),
        ("--home", False),
        ("--help", False),
        ("--json", False),
        ("backup", False),
        ("--home /x status", False),
    ],
)
def test_what_opens_the_window(words: str, window: bool) -> None:
    assert opens_window(words.split()) is window


def test_a_screen_is_needed_on_linux_only() -> None:
    assert has_screen("win32", {})
    assert not has_screen("linux", {})
    assert has_screen("linux", {"WAYLAND_DISPLAY": "wayland-0"})


def test_without_a_screen_the_command_line_says_what_there_is(tmp_path: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "gui", "--home", str(tmp_path)],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Ein Fenster kann sich hier nicht öffnen." in done.stdout


def test_settings_come_back_and_rubbish_is_forgotten(tmp_path: Path) -> None:
    chosen = Settings(lang="en", theme="dark", scale=1.5, width=1300, height=900)
    write_settings(tmp_path / "config", chosen)
    assert read_settings(tmp_path / "config") == chosen
    for text in ("{", '{"theme": "pink"}', '{"scale": "big"}'):
        (tmp_path / "config" / NAME).write_text(text)
        assert read_settings(tmp_path / "config") == Settings()
    (tmp_path / "config" / NAME).write_text('{"scale": 40}')
    assert read_settings(tmp_path / "config").scale == 1.0


def test_lines_of_the_command_line_become_events() -> None:
    assert read_line(b'{"event":"phase","phase":"scan","system":"l","destination":""}') == Phase(
        "scan", "l", ""
    )
    assert read_line(b'{"event":"progress","files":3,"bytes":9}') == Progress(3, 9)
    assert read_line(
        b'{"event":"error","code":"c","sentence":"s","risk":"r","next_step":"n","exit":7}'
    ) == Failure("c", "s", "r", "n")
    assert read_line(b'{"system":"x"}') == Told("", {"system": "x"})
    assert read_line(b"not ours") is None
    assert read_line(b"[1]") is None
