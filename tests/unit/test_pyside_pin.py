"""PySide6 6.12.0 loses references to None and True on Python 3.11 and takes the program down."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = PROJECT / "installer" / "lock"

MANY_CALLS = """
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QPushButton

class Sender(QObject):
    fired = Signal(bool)

app = QApplication([])
sender, button = Sender(), QPushButton()
heard = []
sender.fired.connect(heard.append)
for _ in range(5_000):
    sender.fired.emit(True)
for _ in range(200_000):
    button.setEnabled(True)
print(len(heard))
"""


def locked(lock: Path) -> dict[str, str]:
    """Name and version of every package in a lock."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def test_many_calls_into_qt_survive() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_CALLS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "5000"), done.stderr


def test_declared_and_locked_versions_stay_below_6_12() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "PySide6-Essentials>=6.8,<6.12" in project["dependencies"]
    for name in ("app.txt", "dev.txt"):
        versions = locked(LOCKS / name)
        for package in ("pyside6-essentials", "shiboken6"):
            major, minor, *_ = versions[package].split(".")
            assert (6, 8) <= (int(major), int(minor)) < (6, 12)


@pytest.mark.parametrize("name", ["app.txt", "dev.txt"])
def test_lock_has_hashes_and_no_hosts(name: str) -> None:
    text = (LOCKS / name).read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_dev_lock_holds_all_of_the_app_lock() -> None:
    app, dev = locked(LOCKS / "app.txt"), locked(LOCKS / "dev.txt")
    assert app.items() <= dev.items()
    assert len(app) > 20
