"""The copy's own scripts restore every state exactly, and refuse whatever is damaged or hostile.

The copies are written by `handmade.py` from docs/format.md, so neither side of these tests knows
the engine. The Windows script cannot run here: its C# part is compiled and run by Mono, its
PowerShell part is only parsed.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from tests.engine import handreader
from tests.engine.handmade import (
    HELP,
    HandmadeCopy,
    HandmadeState,
    Maker,
    build_copy,
    build_small_copy,
    percent,
    row,
    sha256,
)
from tests.engine.handreader import HandRestoreFailed
from tests.support.hostile_names import holds
from tests.support.trees import Snapshot, compare, snapshot

SECOND = 1_000_000_000
NUMBERS = (1, 2, 3, 5, 6)  # 4 and 7 were interrupted


def needs(*tools: str) -> list[pytest.MarkDecorator]:
    """Skip where one of these programs is missing, and say which."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return [pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")]


# Every shell with another awk; busybox has its own tools only.
SHELLS = [
    pytest.param("dash", "mawk", marks=needs("dash", "mawk"), id="dash+mawk"),
    pytest.param("bash", "gawk", marks=needs("bash", "gawk"), id="bash+gawk"),
    pytest.param("dash", "busybox", marks=needs("dash", "busybox"), id="dash+busybox-awk"),
    pytest.param("busybox", None, marks=needs("busybox"), id="busybox"),
]
ONE_OF_EACH = [SHELLS[0], SHELLS[3]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> HandmadeCopy:
    """Return the copy with every kind of row; tests only read it."""
    return build_copy(tmp_path_factory.mktemp("kopie"))


@pytest.fixture(scope="module")
def leaning(tmp_path_factory: pytest.TempPathFactory) -> HandmadeCopy:
    """Return the same copy with lists that are differences to the first; tests only read it."""
    return build_copy(tmp_path_factory.mktemp("unterschiede"), leans=True)


@pytest.fixture
def small(tmp_path: Path) -> HandmadeCopy:
    """Return a small copy that the test may damage."""
    return build_small_copy(tmp_path / "kopie")


def differences(
    state: HandmadeState, target: Path, shell: str = "dash", without: tuple[bytes, ...] = ()
) -> list[str]:
    """Say what the restore got wrong; busybox sets whole seconds only."""
    expected = {path: entry for path, entry in state.tree.items() if path not in without}
    slack = SECOND if shell == "busybox" else 0
    return compare(expected, snapshot(target), xattrs=False, mtime_slack_ns=slack)


def below(tree: Snapshot, folder: bytes) -> Snapshot:
    """Return the folder, what is in it and the folders above it."""
    return {
        path: entry
        for path, entry in tree.items()
        if (path + b"/").startswith(folder + b"/") or (folder + b"/").startswith(path + b"/")
    }


# ------------------------------------------------------------------------------ what must work


@pytest.mark.parametrize(("shell", "awk"), SHELLS)
@pytest.mark.parametrize("number", NUMBERS)
def test_restores_every_state_exactly(
    sample: HandmadeCopy, tmp_path: Path, number: int, shell: str, awk: str | None
) -> None:
    state = sample.state(number)
    handreader.restore(sample.folder, state.run, tmp_path / "ziel", shell=shell, awk=awk)
    assert differences(state, tmp_path / "ziel", shell) == []


@pytest.mark.parametrize(("shell", "awk"), SHELLS)
@pytest.mark.parametrize("number", NUMBERS[1:])
def test_restores_every_state_from_a_difference(
    leaning: HandmadeCopy, tmp_path: Path, number: int, shell: str, awk: str | None
) -> None:
    state = leaning.state(number)
    handreader.restore(leaning.folder, state.run, tmp_path / "ziel", shell=shell, awk=awk)
    assert differences(state, tmp_path / "ziel", shell) == []


@pytest.mark.parametrize("damage", ["flip", "gone"])
def test_without_the_full_list_a_difference_is_refused(
    tmp_path: Path, leaning: HandmadeCopy, damage: str
) -> None:
    copy = tmp_path / "laden"
    shutil.copytree(leaning.folder, copy)
    path = next((copy / "staende").glob("000001-*.liste.gz"))
    data = path.read_bytes()
    path.unlink()
    if damage == "flip":
        path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    with pytest.raises(HandRestoreFailed, match=r"beschädigt oder fehlt"):
        handreader.restore(copy, "2", tmp_path / "ziel")
    assert not (tmp_path / "ziel").exists()


@pytest.mark.parametrize(("shell", "awk"), SHELLS)
def test_lists_the_states(sample: HandmadeCopy, shell: str, awk: str | None) -> None:
    found = handreader.list_states(sample.folder, shell=shell, awk=awk)
    assert [(state.run, state.number, state.complete) for state in found] == [
        (state.run, state.number, state.complete) for state in sample.states
    ]
    assert found[1].local_time == "2026-11-02 04:00"
    assert found[1].files == sum(entry.kind == "file" for entry in sample.states[1].tree.values())


def test_reads_the_copy_and_changes_nothing_in_it(sample: HandmadeCopy, tmp_path: Path) -> None:
    before = snapshot(sample.folder.parent, with_root=True)
    handreader.list_states(sample.folder)
    handreader.restore(sample.folder, "2", tmp_path / "ziel")
    assert compare(before, snapshot(sample.folder.parent, with_root=True)) == []


def test_runs_no_name_as_a_command(
    sample: HandmadeCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    handreader.restore(sample.folder, "1", Path("ziel"))
    assert [path.name for path in tmp_path.iterdir()] == ["ziel"]
    assert not [path for path in (tmp_path / "ziel").rglob("pwned") if path.is_file()]


@pytest.mark.parametrize("name", ["2", "02", "000002"])
def test_takes_the_number_of_a_state(small: HandmadeCopy, tmp_path: Path, name: str) -> None:
    handreader.restore(small.folder, name, tmp_path / "ziel")
    assert differences(small.state(2), tmp_path / "ziel") == []


def test_newest_means_the_newest_complete_state(small: HandmadeCopy, tmp_path: Path) -> None:
    partial = Maker(tmp_path / "zweite").run(3)
    partial.maker.folder = small.folder
    facts = partial.write_list([row("ordner", pfad="shop", zeit=1, modus="0755")])
    partial.commit(facts, [], complete=False)
    assert [state.complete for state in handreader.list_states(small.folder)] == [True, True, False]
    handreader.restore(small.folder, "neuester", tmp_path / "ziel")
    assert differences(small.state(2), tmp_path / "ziel") == []


def test_says_what_the_state_does_not_hold(sample: HandmadeCopy, tmp_path: Path) -> None:
    text = handreader.run_script(sample.folder, "2", str(tmp_path / "ziel"))
    for path, reason in sample.state(2).skipped.items():
        assert f"nicht gesichert: {path} ({reason})" in text


@pytest.mark.parametrize(("shell", "awk"), ONE_OF_EACH)
@pytest.mark.parametrize("only", ["shop/Büro", "shop/verweise/", "shop/shop.sql", "ladentresor"])
def test_restores_only_one_folder_or_file(
    sample: HandmadeCopy, tmp_path: Path, only: str, shell: str, awk: str | None
) -> None:
    state = sample.state(2)
    handreader.restore(sample.folder, "2", tmp_path / "ziel", shell=shell, awk=awk, only=only)
    part = replace(state, tree=below(state.tree, only.rstrip("/").encode()))
    assert differences(part, tmp_path / "ziel", shell) == []


def test_takes_an_empty_folder_and_one_that_begins_with_a_dash(
    small: HandmadeCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDPATH", "/")
    Path("-ziel").mkdir()
    handreader.restore(small.folder, "1", Path("-ziel"))
    assert differences(small.state(1), tmp_path / "-ziel") == []


# ------------------------------------------------------------------------------ planted damage

Damage = Callable[[HandmadeCopy], None]


def flip(path: Path, at: int = -10) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x01
    path.write_bytes(bytes(data))


def record(copy: HandmadeCopy, number: int) -> Path:
    """Return the file of this state's record."""
    return copy.folder / "staende" / f"{copy.state(number).run}.json"


def liste(copy: HandmadeCopy, number: int) -> Path:
    """Return the file of this state's list."""
    return record(copy, number).with_suffix(".liste.gz")


def data(copy: HandmadeCopy, number: int, stored: str) -> Path:
    """Return an object of this run."""
    return copy.folder / "daten" / copy.state(number).run / stored


def _flipped_record(copy: HandmadeCopy) -> None:
    flip(record(copy, 2), 200)


def _flipped_digest(copy: HandmadeCopy) -> None:
    flip(record(copy, 2))


def _renamed_record(copy: HandmadeCopy) -> None:
    record(copy, 2).rename(copy.folder / "staende" / "000002-20990101T000000Z-abcd.json")


def _third_line(copy: HandmadeCopy) -> None:
    with record(copy, 2).open("a") as file:
        file.write("\n")


def _no_newline(copy: HandmadeCopy) -> None:
    record(copy, 2).write_bytes(record(copy, 2).read_bytes()[:-1])


def _torn_record(copy: HandmadeCopy) -> None:
    record(copy, 2).write_bytes(record(copy, 2).read_bytes()[:300])


def _empty_record(copy: HandmadeCopy) -> None:
    record(copy, 2).write_bytes(b"")


def _newer_format(copy: HandmadeCopy) -> None:
    line = record(copy, 2).read_bytes().split(b"\n")[0].replace(b'"format":1', b'"format":2')
    record(copy, 2).write_bytes(line + b"\n" + sha256(line).encode() + b"\n")


NO_STATE = [
    _flipped_record,
    _flipped_digest,
    _renamed_record,
    _third_line,
    _no_newline,
    _torn_record,
    _empty_record,
    _newer_format,
]


@pytest.mark.parametrize(("shell", "awk"), ONE_OF_EACH)
@pytest.mark.parametrize("damage", NO_STATE)
def test_a_damaged_record_is_no_state(
    small: HandmadeCopy, tmp_path: Path, damage: Damage, shell: str, awk: str | None
) -> None:
    damage(small)
    assert [state.number for state in handreader.list_states(small.folder, shell=shell)] == [1]
    with pytest.raises(HandRestoreFailed, match="gibt es hier nicht"):
        handreader.restore(small.folder, small.state(2).run, tmp_path / "ziel", shell=shell)
    handreader.restore(small.folder, "1", tmp_path / "erster", shell=shell, awk=awk)
    assert differences(small.state(1), tmp_path / "erster", shell) == []


def _flipped_list(copy: HandmadeCopy) -> None:
    flip(liste(copy, 2))


def _other_list(copy: HandmadeCopy) -> None:
    shutil.copyfile(liste(copy, 1), liste(copy, 2))


def _missing_list(copy: HandmadeCopy) -> None:
    liste(copy, 2).unlink()


@pytest.mark.parametrize("damage", [_flipped_list, _other_list, _missing_list])
def test_a_damaged_list_is_refused_before_anything_is_written(
    small: HandmadeCopy, tmp_path: Path, damage: Damage
) -> None:
    damage(small)
    with pytest.raises(HandRestoreFailed, match="beschädigt oder fehlt"):
        handreader.restore(small.folder, "2", tmp_path / "ziel")
    assert not (tmp_path / "ziel").exists()


@pytest.mark.parametrize("wrong_by", [-1, 1])
def test_a_list_of_another_length_than_announced_is_refused(tmp_path: Path, wrong_by: int) -> None:
    run = Maker(tmp_path / "laden").run(1)
    facts = run.write_list([row("ordner", pfad="shop", zeit=1, modus="0755")])
    length = facts["liste_entpackt"]
    assert isinstance(length, int)
    run.commit(facts | {"liste_entpackt": length + wrong_by}, [])
    with pytest.raises(HandRestoreFailed, match="nicht so lang"):
        handreader.restore(tmp_path / "laden", "1", tmp_path / "ziel")
    assert not (tmp_path / "ziel").exists()


def _truncated_inhalt(copy: HandmadeCopy) -> None:
    path = data(copy, 2, "inhalt.tsv.gz")
    path.write_bytes(path.read_bytes()[:20])  # of one torn later, a reader takes what it can


def _missing_inhalt(copy: HandmadeCopy) -> None:
    data(copy, 2, "inhalt.tsv.gz").unlink()


def _flipped_object(copy: HandmadeCopy) -> None:
    flip(data(copy, 2, "shop/bestand.txt"), 0)


def _truncated_object(copy: HandmadeCopy) -> None:
    data(copy, 2, "shop/bestand.txt").write_bytes(b"")


def _longer_object(copy: HandmadeCopy) -> None:
    data(copy, 2, "shop/bestand.txt").write_bytes(b"2\nund mehr")


def _missing_object(copy: HandmadeCopy) -> None:
    data(copy, 2, "shop/bestand.txt").unlink()


def _missing_run(copy: HandmadeCopy) -> None:
    shutil.rmtree(copy.folder / "daten" / copy.state(2).run)


def _flipped_part_in_zip(copy: HandmadeCopy) -> None:
    flip(data(copy, 2, "teile/0001.zip"), 100)


def _flipped_part_in_file(copy: HandmadeCopy) -> None:
    flip(data(copy, 1, "shop/shop.sql"), 10)


BESTAND, SQL = b"shop/bestand.txt", b"shop/shop.sql"
DAMAGES: list[tuple[Damage, tuple[bytes, ...]]] = [
    (_truncated_inhalt, (BESTAND, SQL)),
    (_missing_inhalt, (BESTAND, SQL)),
    (_missing_run, (BESTAND, SQL)),
    (_flipped_object, (BESTAND,)),
    (_truncated_object, (BESTAND,)),
    (_missing_object, (BESTAND,)),
    (_flipped_part_in_zip, (SQL,)),
    (_flipped_part_in_file, (SQL,)),
]


@pytest.mark.parametrize(("shell", "awk"), ONE_OF_EACH)
@pytest.mark.parametrize(("damage", "lost"), DAMAGES)
def test_damaged_files_are_named_and_all_others_restored(
    small: HandmadeCopy,
    tmp_path: Path,
    damage: Damage,
    lost: tuple[bytes, ...],
    shell: str,
    awk: str | None,
) -> None:
    damage(small)
    with pytest.raises(HandRestoreFailed) as failure:
        handreader.restore(small.folder, "2", tmp_path / "ziel", shell=shell, awk=awk)
    for path in lost:
        assert f"nicht anzulegen: {path.decode()}\n" in failure.value.output
    assert failure.value.output.count("nicht anzulegen") == len(lost)
    assert "Fertig" not in failure.value.output
    assert differences(small.state(2), tmp_path / "ziel", shell, without=lost) == []


def test_what_was_appended_to_an_object_does_not_matter(
    small: HandmadeCopy, tmp_path: Path
) -> None:
    _longer_object(small)
    handreader.restore(small.folder, "2", tmp_path / "ziel")
    assert differences(small.state(2), tmp_path / "ziel") == []


def test_a_damaged_whole_file_is_put_together_from_its_parts_elsewhere(
    small: HandmadeCopy, tmp_path: Path
) -> None:
    """The whole object is damaged; another run holds the damaged part."""
    path = data(small, 1, "shop/shop.sql")
    good = path.read_bytes()
    flip(path, 10)
    maker = Maker(tmp_path / "anderer")
    healing = maker.run(9)
    healing.store("umgepackt/teil", good[:70_000])
    shutil.copytree(healing.data, small.folder / "daten" / healing.name)
    healing.maker.folder = small.folder
    facts = healing.write_list([row("ordner", pfad="shop", zeit=1, modus="0755")])
    healing.commit(facts, [healing.write_inhalt()])
    handreader.restore(small.folder, "1", tmp_path / "ziel")
    assert differences(small.state(1), tmp_path / "ziel") == []


def unvouched_copy(folder: Path) -> tuple[Maker, str]:
    """Make a copy whose one state needs a content of which only an unnamed `inhalt` knows."""
    maker = Maker(folder)
    forgotten = maker.run(1)
    digest = forgotten.store("shop/x", b"x")
    forgotten.write_inhalt()
    run = maker.run(2)
    rows = [row("ordner", pfad="shop", zeit=1, modus="0755"), file_row("shop/x", digest)]
    run.commit(run.write_list(rows), [])
    return maker, forgotten.name


@pytest.mark.parametrize(("shell", "awk"), SHELLS)
def test_an_inhalt_without_a_record_is_the_last_resort(
    tmp_path: Path, shell: str, awk: str | None
) -> None:
    maker, _ = unvouched_copy(tmp_path / "laden")
    handreader.restore(maker.folder, "2", tmp_path / "ziel", shell=shell, awk=awk)
    assert (tmp_path / "ziel/shop/x").read_bytes() == b"x"


def test_nothing_false_comes_of_an_inhalt_without_a_record(tmp_path: Path) -> None:
    maker, run = unvouched_copy(tmp_path / "laden")
    (maker.folder / "daten" / run / "shop/x").write_bytes(b"y")
    with pytest.raises(HandRestoreFailed, match="shop/x"):
        handreader.restore(maker.folder, "2", tmp_path / "ziel")
    assert not (tmp_path / "ziel/shop/x").exists()


@pytest.mark.parametrize("modus", ["4755", "2755", "6711"])
def test_the_script_sets_no_set_uid_bits(tmp_path: Path, modus: str) -> None:
    """It does not set owners either, and the one bit without the other gives rights away."""
    run = Maker(tmp_path / "laden").run(1)
    digest = run.store("shop/x", b"x")
    line = file_row("shop/x", digest).replace('"0644"', f'"{modus}"')
    rows = [row("ordner", pfad="shop", zeit=1, modus="2755"), line]
    run.commit(run.write_list(rows), [run.write_inhalt()])
    handreader.restore(tmp_path / "laden", "1", tmp_path / "ziel")
    assert stat.S_IMODE((tmp_path / "ziel/shop/x").stat().st_mode) == int(modus, 8) & 0o1777
    assert stat.S_IMODE((tmp_path / "ziel/shop").stat().st_mode) == 0o755


def test_two_states_of_one_number_are_told_apart_by_name(
    small: HandmadeCopy, tmp_path: Path
) -> None:
    maker = Maker(tmp_path / "zweite")
    twin = maker.run(2)
    twin.name = twin.name[:-4] + "zzzz"
    twin.maker.folder = small.folder
    twin.commit(twin.write_list([row("ordner", pfad="shop", zeit=1, modus="0755")]), [])
    with pytest.raises(HandRestoreFailed, match="doppelt"):
        handreader.restore(small.folder, "2", tmp_path / "ziel")
    handreader.restore(small.folder, small.state(2).run, tmp_path / "ziel")
    assert differences(small.state(2), tmp_path / "ziel") == []


# ------------------------------------------------------------------------------ hostile lists


def file_row(path: str, digest: str, size: int = 1) -> str:
    """Return the row of a file."""
    facts: dict[str, str | int] = {"pfad": path, "groesse": size, "zeit": 5, "modus": "0644"}
    return row("datei", **facts, sha256=digest, lauf="000001-20261101T030000Z-k7f3")


def hostile_copy(folder: Path, rows: list[str]) -> Path:
    """Make a copy whose digests all fit and whose list holds these rows."""
    run = Maker(folder).run(1)
    assert run.store("shop/x", b"x") == sha256(b"x")
    first = row("ordner", pfad="shop", zeit=1, modus="0755")
    run.commit(run.write_list([first, *rows]), [run.write_inhalt()])
    return folder


HOSTILE_PATHS = [
    "../draussen",
    "shop/../../draussen",
    "shop/..",
    "/tmp/draussen",
    "//draussen",
    "shop//x",
    "shop/./x",
    ".",
    "",
    "shop/",
    "shop/%2E%2E/%2E%2E/draussen",
    "shop%2F..%2F..%2Fdraussen",
    "%2Ftmp%2Fdraussen",
    "shop/x%00y",
    "kein-ordner/x",
]


@pytest.mark.parametrize(("shell", "awk"), ONE_OF_EACH)
@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("kind", ["datei", "ordner", "verweis"])
def test_a_path_that_leads_elsewhere_is_refused(
    tmp_path: Path, path: str, kind: str, shell: str, awk: str | None
) -> None:
    bad = {
        "datei": file_row(path, sha256(b"x")),
        "ordner": row("ordner", pfad=path, zeit=1, modus="0755"),
        "verweis": row("verweis", pfad=path, ziel="x", zeit=1, modus="0777"),
    }[kind]
    copy = hostile_copy(tmp_path / "kopie" / "laden", [bad])
    with pytest.raises(HandRestoreFailed, match="Unerlaubter Eintrag"):
        handreader.restore(copy, "1", tmp_path / "oben" / "ziel", shell=shell, awk=awk)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kopie"]
    assert not Path("/tmp/draussen").exists()


@pytest.mark.parametrize("second", ["datei", "ordner", "verweis"])
def test_a_path_listed_twice_is_refused(tmp_path: Path, second: str) -> None:
    rows = [file_row("shop/x", sha256(b"x"))]
    rows += [row(second, pfad="shop/x", ziel="/", zeit=1, modus="0755", groesse=1, sha256="0" * 64)]
    copy = hostile_copy(tmp_path / "laden", rows)
    with pytest.raises(HandRestoreFailed, match="Unerlaubter Eintrag"):
        handreader.restore(copy, "1", tmp_path / "ziel")


@pytest.mark.parametrize("kind", ["datei", "ordner", "verweis"])
def test_nothing_is_written_through_a_link(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "draussen"
    outside.mkdir()
    before = outside.stat().st_mtime_ns
    inside = {
        "datei": file_row("shop/weg/x", sha256(b"x")),
        "ordner": row("ordner", pfad="shop/weg/x", zeit=1, modus="0755"),
        "verweis": row("verweis", pfad="shop/weg/x", ziel="y", zeit=1, modus="0777"),
    }[kind]
    link = row("verweis", pfad="shop/weg", ziel=str(outside), zeit=1, modus="0777")
    copy = hostile_copy(tmp_path / "laden", [link, inside])
    with pytest.raises(HandRestoreFailed, match="Unerlaubter Eintrag"):
        handreader.restore(copy, "1", tmp_path / "ziel")
    assert list(outside.iterdir()) == []
    assert outside.stat().st_mtime_ns == before


def test_times_of_a_link_do_not_reach_what_it_names(tmp_path: Path) -> None:
    outside = tmp_path / "draussen"
    outside.write_bytes(b"")
    os.utime(outside, ns=(7, 7))
    link = row("verweis", pfad="shop/weg", ziel=str(outside), zeit=SECOND, modus="0777")
    handreader.restore(hostile_copy(tmp_path / "laden", [link]), "1", tmp_path / "ziel")
    assert outside.stat().st_mtime_ns == 7
    assert (tmp_path / "ziel" / "shop" / "weg").lstat().st_mtime_ns == SECOND


@pytest.mark.parametrize(("shell", "awk"), SHELLS)
def test_no_field_of_a_list_or_inhalt_runs_as_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str, awk: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "';touch pwned;'$(touch pwned)`touch pwned`"
    run = Maker(tmp_path / "laden").run(1)
    digest = run.store(f"shop/{evil}", b"x")
    run.rows.append(f"T\t{evil}\t0\t1\t1\troh\t")
    run.rows.append(f"T\t{digest}\ta[$(touch pwned)]\t1\t1\troh\t")
    run.rows.append(f"T\t{digest}\t0\t1\t1\t{evil}\t{evil}")
    rows = [row("ordner", pfad="shop", zeit=evil, modus=evil)]
    facts: dict[str, str] = {"groesse": evil, "zeit": evil, "modus": evil, "hartlink": evil}
    rows += [row("datei", pfad="shop/x", **facts, sha256=digest, teile=evil)]
    rows += [row("datei", pfad="shop/y", **facts, sha256=evil), row("teil", sha256=evil)]
    rows += [row("verweis", pfad="shop/z", ziel=evil, zeit=evil, modus=evil)]
    run.commit(run.write_list(rows), [run.write_inhalt()])
    with pytest.raises(HandRestoreFailed, match=r"nicht anzulegen: shop/y"):
        handreader.restore(tmp_path / "laden", "1", tmp_path / "ziel", shell=shell, awk=awk)
    assert not [path for path in tmp_path.rglob("pwned*") if path.name == "pwned"]
    assert (tmp_path / "ziel" / "shop" / "x").read_bytes() == b"x"


# ------------------------------------------------------------------------------ where to


def test_the_target_must_be_empty(small: HandmadeCopy, tmp_path: Path) -> None:
    (tmp_path / "ziel").mkdir()
    (tmp_path / "ziel" / ".da").touch()
    with pytest.raises(HandRestoreFailed, match="muss leer oder neu sein"):
        handreader.restore(small.folder, "1", tmp_path / "ziel")
    assert [path.name for path in (tmp_path / "ziel").iterdir()] == [".da"]


def test_the_target_must_not_lie_in_the_copy(small: HandmadeCopy) -> None:
    with pytest.raises(HandRestoreFailed, match="nicht in der Kopie"):
        handreader.restore(small.folder, "1", small.folder / "daten" / "ziel")
    assert not (small.folder / "daten" / "ziel").exists()


def test_a_filter_that_fits_nothing_is_said(small: HandmadeCopy, tmp_path: Path) -> None:
    with pytest.raises(HandRestoreFailed, match="passt auf: shop/gibt es nicht"):
        handreader.restore(small.folder, "1", tmp_path / "ziel", only="shop/gibt es nicht")
    assert not (tmp_path / "ziel").exists()


def test_a_folder_without_states_is_said(tmp_path: Path) -> None:
    Maker(tmp_path / "laden")
    with pytest.raises(HandRestoreFailed, match="kein gültiger Stand"):
        handreader.list_states(tmp_path / "laden")


# ------------------------------------------------------------------------------ the help files


@pytest.mark.parametrize("name", ["zurueckholen.sh", "zurueckholen.ps1"])
def test_the_scripts_are_short(name: str) -> None:
    assert len((HELP / name).read_text("utf-8").splitlines()) <= 80


def test_the_help_files_have_the_line_ends_their_readers_need() -> None:
    for name in ("LIESMICH.txt", "zurueckholen.ps1"):  # Notepad and PowerShell 5.1
        text = (HELP / name).read_bytes()
        assert text.startswith(b"\xef\xbb\xbf")
        assert text.count(b"\r\n") == text.count(b"\n")
    shell = (HELP / "zurueckholen.sh").read_bytes()
    assert shell.startswith(b"#!/bin/sh\n")
    assert b"\r" not in shell


def test_the_readme_names_system_and_date(small: HandmadeCopy) -> None:
    text = (small.folder / "LIESMICH.txt").read_text("utf-8-sig")
    assert "Laden-PC" in text
    assert '"laden"' in text
    assert "2026-11-21" in text
    assert not set("{}") & set(text)


# ------------------------------------------------------------------------------ the Windows script


@pytest.fixture(scope="module")
def windows_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the C# part as Windows' own compiler would (C# 5); warnings are errors there."""
    folder = tmp_path_factory.mktemp("mono")
    script = (HELP / "zurueckholen.ps1").read_text("utf-8-sig")
    (folder / "kopie.cs").write_text(script.split("@'\n")[1].split("\n'@")[0], "utf-8")
    main = """using System; static class Start { static int Main(string[] a) {
        try { Kopie.Los(a[0], a[1], a[2], a[3]); return 0; }
        catch (Exception e) { Console.Error.WriteLine(e.GetBaseException().Message); return 1; } } }
        """
    (folder / "main.cs").write_text(main, "utf-8")
    sources = ["kopie.cs", "main.cs"]
    options = ["-langversion:5", "-warnaserror", "-warn:4", "-r:System.dll", "-out:kopie.exe"]
    subprocess.run(["mcs", *options, *sources], cwd=folder, check=True)
    return folder / "kopie.exe"


def windows(program: Path, folder: Path, *arguments: str) -> str:
    """Run it as `zurueckholen.ps1` would; raise as the hand reader does."""
    four = [str(folder), *arguments, "", "", ""][:4]
    done = subprocess.run(
        ["mono", str(program), *four],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise HandRestoreFailed(done.returncode, output)
    return output


def ntfs_upper(path: str) -> str:
    """Fold case one character by one, as NTFS does; Mono knows no upper case of these two."""
    return "".join(
        letter.upper() if len(letter.upper()) == 1 and letter not in "ςſ" else letter
        for letter in path
    )


needs_mono = needs("mono", "mcs")[0]


@needs_mono
@pytest.mark.parametrize("number", [1, 2])
def test_windows_restores_every_state(
    small: HandmadeCopy, windows_program: Path, tmp_path: Path, number: int
) -> None:
    text = windows(windows_program, small.folder, str(number), str(tmp_path / "ziel"))
    assert f"Fertig: {small.state(number).run}" in text
    wrong = compare(
        small.state(number).tree, snapshot(tmp_path / "ziel"), modes=False, mtime_slack_ns=1000
    )
    assert wrong == []


@needs_mono
def test_windows_lists_the_states(sample: HandmadeCopy, windows_program: Path) -> None:
    lines = windows(windows_program, sample.folder).splitlines()
    assert [line.split()[-1] for line in lines] == [state.run for state in sample.states]
    assert [line.split()[3] for line in lines] == [
        "vollständig" if state.complete else "teilweise" for state in sample.states
    ]


@needs_mono
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("lists", ["sample", "leaning"])
def test_windows_brings_back_every_content_under_a_name_it_can_have(
    request: pytest.FixtureRequest, windows_program: Path, tmp_path: Path, number: int, lists: str
) -> None:
    copy: HandmadeCopy = request.getfixturevalue(lists)
    tree = copy.state(number).tree
    text = windows(windows_program, copy.folder, str(number), str(tmp_path / "ziel"))
    found = snapshot(tmp_path / "ziel")

    def contents(of: Snapshot) -> Counter[tuple[str, int]]:
        return Counter((entry.sha256, entry.size) for entry in of.values() if entry.kind == "file")

    assert contents(found) == contents(tree)
    for path in found:
        assert holds(path.split(b"/")[-1], "ntfs"), path
    assert len({ntfs_upper(path.decode()) for path in found}) == len(found)
    # What is not where the list says has another name, or lies in a folder that has, and is named.
    links = {path for path, entry in tree.items() if entry.kind == "link"}
    for path in tree.keys() - found.keys() - links:
        parts = path.split(b"/")
        above = [percent(b"/".join(parts[: end + 1])) for end in range(len(parts))]
        assert any(f"Anderer Name: {name} heißt hier " in text for name in above), path
    assert text.count("Nicht angelegt (verweis)") == len(links)


@needs_mono
def test_windows_restores_only_one_folder(
    sample: HandmadeCopy, windows_program: Path, tmp_path: Path
) -> None:
    windows(windows_program, sample.folder, "neuester", str(tmp_path / "ziel"), "shop\\Büro\\")
    expected = below(sample.state(6).tree, "shop/Büro".encode())
    assert compare(expected, snapshot(tmp_path / "ziel"), modes=False, mtime_slack_ns=1000) == []


@needs_mono
@pytest.mark.parametrize("damage", NO_STATE)
def test_windows_takes_a_damaged_record_for_no_state(
    small: HandmadeCopy, windows_program: Path, tmp_path: Path, damage: Damage
) -> None:
    damage(small)
    with pytest.raises(HandRestoreFailed, match="gibt es hier nicht"):
        windows(windows_program, small.folder, small.state(2).run, str(tmp_path / "ziel"))


@needs_mono
@pytest.mark.parametrize("damage", [_flipped_list, _other_list, _missing_list])
def test_windows_refuses_a_damaged_list(
    small: HandmadeCopy, windows_program: Path, tmp_path: Path, damage: Damage
) -> None:
    damage(small)
    with pytest.raises(HandRestoreFailed, match="beschädigt oder fehlt"):
        windows(windows_program, small.folder, "2", str(tmp_path / "ziel"))
    assert not (tmp_path / "ziel").exists()


@needs_mono
@pytest.mark.parametrize(("damage", "lost"), DAMAGES)
def test_windows_names_damaged_files_and_restores_all_others(
    small: HandmadeCopy,
    windows_program: Path,
    tmp_path: Path,
    damage: Damage,
    lost: tuple[bytes, ...],
) -> None:
    damage(small)
    with pytest.raises(HandRestoreFailed) as failure:
        windows(windows_program, small.folder, "2", str(tmp_path / "ziel"))
    for path in lost:
        assert f"\nBeschädigt oder nicht da: {path.decode()}\n" in failure.value.output
    expected = {path: entry for path, entry in small.state(2).tree.items() if path not in lost}
    found = snapshot(tmp_path / "ziel")
    assert compare(expected, found, modes=False, mtime_slack_ns=1000) == []


@needs_mono
@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_windows_refuses_a_path_that_leads_elsewhere(
    windows_program: Path, tmp_path: Path, path: str
) -> None:
    rows = [file_row(path, sha256(b"x"))]
    copy = hostile_copy(tmp_path / "kopie" / "laden", rows)
    with pytest.raises(HandRestoreFailed, match="Unerlaubter Pfad"):
        windows(windows_program, copy, "1", str(tmp_path / "ziel"))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["kopie", "ziel"]
    assert [entry.name for entry in (tmp_path / "ziel").iterdir()] == ["shop"]


@needs_mono
def test_windows_says_when_a_filter_fits_nothing(
    small: HandmadeCopy, windows_program: Path, tmp_path: Path
) -> None:
    with pytest.raises(HandRestoreFailed, match="gibt es nicht: shop/nein"):
        windows(windows_program, small.folder, "1", str(tmp_path / "ziel"), "shop/nein")


@needs_mono
def test_windows_refuses_a_target_that_is_not_empty_or_in_the_copy(
    small: HandmadeCopy, windows_program: Path
) -> None:
    with pytest.raises(HandRestoreFailed, match="leer"):
        windows(windows_program, small.folder, "1", str(small.folder.parent))
    with pytest.raises(HandRestoreFailed, match="außerhalb der Kopie"):
        windows(windows_program, small.folder, "1", str(small.folder / "ziel"))


def test_the_powershell_part_has_no_syntax_error() -> None:
    language = tree_sitter.Language(tree_sitter_powershell.language())
    text = (HELP / "zurueckholen.ps1").read_text("utf-8-sig").encode()
    assert not tree_sitter.Parser(language).parse(text).root_node.has_error
    planted = text.replace(b"try {", b"try (")
    assert tree_sitter.Parser(language).parse(planted).root_node.has_error
