"""The import contracts of pyproject.toml find what they are there to find."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# A tiny project of the same shape, with every layer of DESIGN.md §2.
LAYERS = (
    "cli agent standby reports alerts health drills exports access setup copies sources "
    "destinations s3 rclone crypt plan store texts machine"
).split()
ROOMS = "jobs letting_go backing_up looking_after bringing_back memory opening hands format".split()
PACKAGES = [
    "core",
    *(f"core/{layer}" for layer in LAYERS),
    *(f"core/copies/{room}" for room in ROOMS),
    *("gui", "resources", "tests", "tests/engine"),
]
ALLOWED = {
    "core/__main__.py": "import core.cli",
    "core/cli/status.py": "import core.copies.scan",
    "core/copies/scan.py": "import core.store.index",
    "core/store/index.py": "import sqlite3",
    "core/rclone/process.py": "import rclone_python.rclone",
    "core/reports/binder.py": "from reportlab.pdfgen import canvas",
    "core/agent/ticker.py": "import schedule",
    "core/crypt/contents.py": "import nacl.bindings",
    "core/s3/bucket.py": "import urllib3\nimport core.rclone.process",
    "core/secrets.py": "import keyring",
    "core/own_files.py": "import core.paths",
    "core/paths.py": "import platformdirs",
    "core/clock.py": "",
    "core/errors.py": "",
    "gui/app.py": "import core.copies.scan\nfrom PySide6.QtWidgets import QWidget",
    "tests/engine/handreader.py": "import subprocess",
    "tests/engine/test_read.py": "import core.copies.scan\nimport tests.engine.handreader",
}
FORBIDDEN = [
    ("core/plan/model.py", "from PySide6.QtCore import QObject", "core-without-window"),
    ("core/cli/status.py", "import gui.app", "core-without-window"),
    ("core/store/index.py", "import core.copies.scan", "layers"),
    ("core/destinations/disk.py", "import core.sources", "layers"),
    ("core/helpers/__init__.py", "", "layers"),
    ("core/copies/scan.py", "from rclone_python import rclone", "rclone-python"),
    ("core/plan/model.py", "import keyring", "keyring"),
    ("core/copies/scan.py", "import nacl.bindings", "nacl"),
    ("core/rclone/process.py", "import core.s3.bucket", "layers"),
    ("core/alerts/heartbeat.py", "import urllib3", "urllib3"),
    ("gui/app.py", "import reportlab", "reportlab"),
    ("core/cli/status.py", "import schedule", "schedule"),
    ("core/copies/scan.py", "import sqlite3", "sqlite3"),
    ("core/store/index.py", "import platformdirs", "platformdirs"),
    ("tests/engine/handreader.py", "from core.copies import scan", "independent-reader"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
    for path, text in ALLOWED.items():
        (tmp_path / path).write_text(text, "utf-8")
    return tmp_path


def lint(tree: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", LINT, "--no-cache", "--no-logo", *args],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_the_design_allows_passes(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("path", "line", "contract"), FORBIDDEN)
def test_a_planted_violation_is_found(tree: Path, path: str, line: str, contract: str) -> None:
    culprit = tree / path
    culprit.parent.mkdir(exist_ok=True)
    culprit.write_text(line, "utf-8")
    done = lint(tree, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout or "helpers" in done.stdout
