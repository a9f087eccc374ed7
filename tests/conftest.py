"""What holds for every test: a clean environment, no leaked threads, honest skips."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parent.parent
BENCH = PROJECT / "tests" / "bench"
SECONDS_FOR_THREADS_TO_END = 5.0

# Qt reads it when the first application object is made; a tray test under Xvfb may set its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A busy machine is no reason to fail; pytest-timeout stops what hangs. CI tries the same each time.
settings.register_profile("ladentresor", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("ladentresor")


def missing_for_root_tests() -> list[str]:
    """What tests with the marker `root` lack on this machine."""
    if sys.platform != "linux":
        return ["Linux"]
    missing = [path for path in ("/dev/fuse", "/dev/loop-control") if not Path(path).exists()]
    if os.geteuid() != 0:
        missing.insert(0, "root")
    elif not _may_mount():
        missing.insert(0, "the right to mount (CAP_SYS_ADMIN)")
    return missing


def _may_mount() -> bool:
    cap_sys_admin = 1 << 21
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & cap_sys_admin)
    return False


def pytest_report_header() -> str:
    missing = missing_for_root_tests()
    if missing:
        return f"loop disks and FUSE: no, tests marked `root` are SKIPPED for want of {missing}"
    return "loop disks and FUSE: yes, tests marked `root` run"


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/bench; skip `root` tests where they cannot run."""
    missing = missing_for_root_tests()
    for item in items:
        if BENCH in item.path.parents:
            item.add_marker("bench")
        if missing and item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own Ladentresor or rclone reaches a test; children find `core`."""
    for name in list(os.environ):
        if name.startswith(("LADENTRESOR_", "RCLONE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """A thread that a test starts has ended soon after the test."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + SECONDS_FOR_THREADS_TO_END
    while leaked := set(threading.enumerate()) - before:
        if time.monotonic() > deadline:
            pytest.fail(f"threads still run after the test: {sorted(t.name for t in leaked)}")
        time.sleep(0.01)
