"""Copies of every released format restore for ever; a newer one is refused with a sentence."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.copies.format import documents
from core.copies.format.documents import Record, Vault
from core.errors import Code, Exit
from core.secrets.recovery import Pair
from tests.data.make_golden import described
from tests.engine import handreader
from tests.engine.stage import LAYOUTS
from tests.support import cli, keys, warm
from tests.support.trees import snapshot

DATA = Path(__file__).resolve().parents[1] / "data"
FORMATS = sorted(DATA.glob("format-*.zip"))
OLD_COPIES = pytest.mark.parametrize("archive", FORMATS, ids=lambda path: path.stem)


@dataclass(frozen=True, slots=True)
class Old:
    """A finished copy as it lies in tests/data, put onto a disk, and a PC that knows its key."""

    root: Path
    expected: dict[str, dict[str, list[Any]]]
    pair: Pair | None

    @classmethod
    def unpack(cls, archive: Path, place: Path) -> Old:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(place)
        pair = None
        if (place / "blatt.txt").exists():
            password, salt = (place / "blatt.txt").read_text().split()
            pair = keys.put_pair(place / "home", Pair(password, salt))
        return cls(place, json.loads((place / "expected.json").read_text()), pair)

    @property
    def copy(self) -> Path:
        return self.root / "platte/laden"

    def run(self, *args: str | Path) -> None:
        env = keys.ENV if self.pair is not None else None
        done = warm.run(*args, home=self.root / "home", env=env)
        assert done.rc == Exit.OK, (args, done)

    def opened(self) -> Path:
        """As anybody can read it; an encrypted one decrypted by stock rclone."""
        if self.pair is None:
            return self.copy
        keys.open_by_hand(self.copy, self.pair, self.root / "offen")
        return self.root / "offen"


def test_there_is_a_copy_of_every_format_up_to_ours() -> None:
    numbers = range(1, documents.FORMAT + 1)
    wanted = {f"format-{number}-{layout}" for number in numbers for layout in LAYOUTS}
    assert {path.stem for path in FORMATS} == wanted


def test_they_are_small_enough_to_lie_here() -> None:
    assert sum(path.stat().st_size for path in FORMATS) < 300_000


@OLD_COPIES
def test_every_state_restores(archive: Path, tmp_path: Path) -> None:
    """On a PC that knows nothing of it, read by `adopt`; to the last byte, attributes too."""
    old = Old.unpack(archive, tmp_path)
    old.run("adopt", tmp_path / "platte")
    assert (tmp_path / "home/config/plan.toml").exists()
    for number, tree in old.expected.items():
        into = tmp_path / f"aus-{number}"
        old.run("restore", "laden", "--at", number, "--into", into, "--keep-links")
        assert described(snapshot(into / "shop")) == tree
        assert os.getxattr(into / "shop/CON.txt", "user.herkunft") == b"\x00\xff"


@OLD_COPIES
def test_every_state_restores_by_hand(archive: Path, tmp_path: Path) -> None:
    old = Old.unpack(archive, tmp_path)
    copy = old.opened()
    states = handreader.list_states(copy)
    assert [str(state.number) for state in states] == list(old.expected)
    for state in states:
        into = tmp_path / f"von-hand-{state.number}"
        handreader.restore(copy, state.run, into)
        assert described(snapshot(into / "shop")) == old.expected[str(state.number)]


@OLD_COPIES
def test_it_is_whole_to_the_last_byte(archive: Path, tmp_path: Path) -> None:
    old = Old.unpack(archive, tmp_path)
    old.run("adopt", tmp_path / "platte")
    old.run("verify", "--full")


def _claim_newer(path: Path, kind: type[Vault] | type[Record]) -> None:
    document, _ = documents.unseal(path.read_bytes(), kind)
    newer = msgspec.structs.replace(document, format=documents.FORMAT + 1)
    path.write_bytes(documents.seal(newer)[0])


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("what", ["tresor.json", "record"])
def test_a_newer_format_is_refused_with_a_sentence(tmp_path: Path, what: str, lang: str) -> None:
    copy = Old.unpack(DATA / f"format-{documents.FORMAT}-tree.zip", tmp_path).copy
    if what == "record":
        _claim_newer(sorted((copy / "staende").glob("*.json"))[-1], Record)
    else:
        _claim_newer(copy / "tresor.json", Vault)
    home = tmp_path / "home"
    done = cli.run("--json", "--lang", lang, "adopt", copy, home=home, check=False)
    assert done.rc == Exit.NEWER_FORMAT
    (error,) = [line for line in done.lines if line.get("event") == "error"]
    assert error["code"] == Code.COPY_NEWER_FORMAT
    assert error["sentence"]
    assert error["next_step"]
