"""Copies of every released format restore for ever; a newer one is refused with a sentence."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.copies.format import documents
from core.copies.format.documents import Record, Vault
from core.errors import Code, Exit
from tests.data.make_golden import described
from tests.engine import handreader
from tests.support import cli
from tests.support.trees import snapshot

DATA = Path(__file__).resolve().parents[1] / "data"
FORMATS = sorted(DATA.glob("format-*.zip"))


def _unpack(archive: Path, place: Path) -> dict[str, dict[str, list[Any]]]:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(place)
    found: dict[str, dict[str, list[Any]]] = json.loads((place / "expected.json").read_text())
    return found


def test_there_is_a_copy_of_every_format_up_to_ours() -> None:
    assert [path.stem for path in FORMATS] == [
        f"format-{number}" for number in range(1, documents.FORMAT + 1)
    ]


@pytest.mark.parametrize("archive", FORMATS, ids=lambda path: path.stem)
def test_every_state_restores(archive: Path, tmp_path: Path) -> None:
    expected = _unpack(archive, tmp_path)
    home = tmp_path / "home"
    cli.run("adopt", tmp_path / "platte", home=home)
    for number, tree in expected.items():
        into = tmp_path / f"aus-{number}"
        cli.run("restore", "laden", "--at", number, "--into", into, "--keep-links", home=home)
        assert described(snapshot(into / "shop")) == tree
        assert os.getxattr(into / "shop/CON.txt", "user.herkunft") == b"\x00\xff"


@pytest.mark.parametrize("archive", FORMATS, ids=lambda path: path.stem)
def test_every_state_restores_by_hand(archive: Path, tmp_path: Path) -> None:
    expected = _unpack(archive, tmp_path)
    copy = tmp_path / "platte/laden"
    for state in handreader.list_states(copy):
        into = tmp_path / f"von-hand-{state.number}"
        handreader.restore(copy, state.run, into)
        assert described(snapshot(into / "shop")) == expected[str(state.number)]


@pytest.mark.parametrize("archive", FORMATS, ids=lambda path: path.stem)
def test_it_is_whole_to_the_last_byte(archive: Path, tmp_path: Path) -> None:
    _unpack(archive, tmp_path)
    cli.run("adopt", tmp_path / "platte", home=tmp_path / "home")
    cli.run("verify", "--full", home=tmp_path / "home")


def _claim_newer(path: Path, kind: type[Vault] | type[Record]) -> None:
    document, _ = documents.unseal(path.read_bytes(), kind)
    newer = msgspec.structs.replace(document, format=documents.FORMAT + 1)
    path.write_bytes(documents.seal(newer)[0])


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("what", ["tresor.json", "record"])
def test_a_newer_format_is_refused_with_a_sentence(tmp_path: Path, what: str, lang: str) -> None:
    _unpack(FORMATS[-1], tmp_path)
    copy = tmp_path / "platte/laden"
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
