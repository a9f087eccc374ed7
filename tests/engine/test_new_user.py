"""What a first user meets: wrong words, missing disks, partial states, names from browse."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec
import pytest

from core.copies.format import documents
from core.errors import Code
from tests.engine.stage import Shop, events, make_shop, only, refusal
from tests.support import cli, warm
from tests.support.disks import (
    MIB,
    DiskDrawer,
    disks,  # noqa: F401  (a fixture)
)
from tests.support.hostile_names import hostile_names
from tests.support.mounts import run_tool, unmount
from tests.support.trees import shop_tree, snapshot


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Two disks, and a third destination to which nothing is copied."""
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop_tree(shop.source, files=16)
    shop.write_plan(
        more=f"""
[[destinations]]
id = "dritte"
encrypted = false
[destinations.location]
path = "{tmp_path}/dritte"
"""
    )
    return shop


@pytest.mark.parametrize(
    "args",
    [
        ["backup", "--to", "dritte"], ["backup", "laden", "--to", "platte", "--to", "dritte"],
        ["verify", "dritte"], ["snapshots", "--dest", "dritte"],
        ["browse", "laden", "--from", "dritte"],
        ["restore", "laden", "--from", "dritte", "--into", "/nirgends/x"],
    ],
)  # fmt: skip
def test_a_copy_that_the_plan_does_not_have_is_an_error_that_names_the_others(
    shop: Shop, args: list[str]
) -> None:
    error = refusal(shop.run(*args, rc=13), Code.COPY_UNKNOWN)
    assert "dritte" in error["sentence"]
    assert "laden → platte, laden → zweite" in error["sentence"]


def test_without_any_state_that_is_what_is_said(shop: Shop) -> None:
    error = refusal(shop.run("browse", "laden", rc=13), Code.STATE_NOT_FOUND)
    assert error["sentence"] == "Von „laden“ gibt es hier noch keinen Stand."


def test_a_bad_plan_is_not_sent_in_a_circle(shop: Shop, tmp_path: Path) -> None:
    bad = tmp_path / "neu.toml"
    bad.write_text("versoin = 1\n", encoding="utf-8")
    for verb in ("check", "apply"):
        done = warm.run("plan", verb, bad, home=shop.home)
        assert done.rc == 5
        assert "„versoin“" in done.stdout
        assert "Bessern Sie die genannten Stellen aus" in done.stderr
        assert f"plan check {bad}" in done.stderr
        assert "nichts gesichert, " not in done.stderr  # the plan in force is as good as before


def test_what_befell_all_copies_is_explained_once(shop: Shop) -> None:
    shop.source.rename(shop.source.with_name("weg"))
    done = warm.run("backup", home=shop.home)
    assert done.rc == 10
    assert done.stdout.count("nicht gesichert") == 2
    assert done.stderr.count("ist nicht da") == 1
    assert len(events(shop.run("backup", rc=10), "error")) == 2


def test_a_disk_is_called_by_its_name_and_its_id(shop: Shop) -> None:
    shop.disks["zweite"].rename(shop.disks["zweite"].with_name("weg"))
    for args, rc in ((["backup"], 3), (["snapshots"], 7), (["verify"], 7)):
        done = warm.run(*args, home=shop.home)
        assert done.rc == rc
        assert done.stderr.startswith("„Platte zweite“ (zweite) ist nicht erreichbar.")
    assert "laden → zweite (Platte zweite): " in warm.run("status", home=shop.home).stdout
    error = only(events(shop.run("backup", rc=3), "error"))
    assert error["params"]["destination"] == "zweite"


# ------------------------------------------------------------------ partial states


def _make_partial(shop: Shop, run: str) -> None:
    """Seal the record of a run again as that of a partial state."""
    path = shop.copy() / "staende" / f"{run}.json"
    record, _ = documents.unseal(path.read_bytes(), documents.Record)
    partial = msgspec.structs.replace(record, complete=False)
    path.write_bytes(documents.seal(partial)[0])


def test_a_partial_state_is_never_taken_silently(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    first = shop.backup()["platte"]["run"]
    (shop.source / "neu.txt").write_text("neu")
    second = shop.backup()["platte"]["run"]
    _make_partial(shop, second)
    for number, at in enumerate(((), ("--at", "2099-01-01"))):
        into = tmp_path / f"ziel-{number}"
        lines = shop.run("restore", "laden", "--into", into, *at)
        note = only(events(lines, "note"))
        assert (note["note"], note["run"], note["newer"]) == ("newer_partial", first, second)
        report = only(events(lines, "restored"))
        assert (report["run"], report["complete"]) == (first, True)
    lines = shop.run("restore", "laden", "--into", tmp_path / "ziel", "--at", "2")
    assert only(events(lines, "note"))["note"] == "state_partial"
    assert only(events(lines, "restored"))["complete"] is False
    done = warm.run("browse", "laden", "--at", second, home=shop.home)
    assert "unvollständig" in done.stderr
    done = warm.run("browse", "laden", "--lang", "en", home=shop.home)
    assert f"“--at {second}” gets it" in done.stderr


# ------------------------------------------------------------------ from browse to restore


def test_every_name_that_browse_tells_can_be_restored_alone(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    folder = os.fsencode(shop.source / "namen")
    os.mkdir(folder)
    names = [*hostile_names(), b"*", b"a*b", b"axb", b"%2A", b"%252A", b"M%E4rz", b"M\xe4rz"]
    for number, name in enumerate(dict.fromkeys(names)):
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"%d" % number)
    shop.backup()
    lines = shop.run("browse", "laden", "shop/namen")
    content = {line["raw"]: line for line in lines}
    assert len(content) == len(lines) == len(os.listdir(folder))
    assert all(raw.isascii() and raw.isprintable() for raw in content)
    for at, (raw, line) in enumerate(content.items()):
        # A text may spell two names: `%0A` that of a file, and the newline of another.
        spelled = {os.fsencode(raw), unquote_to_bytes(raw)}
        expected = {b"shop/namen/" + name for name in os.listdir(folder)} & spelled
        again = shop.run("browse", "laden", raw)
        assert line in again
        assert len(again) == len(expected)
        if at % 5 and line["path"] == raw:
            continue  # plain names are all alike
        into = tmp_path / f"ziel-{at}"
        shop.run("restore", "laden", "--into", into, "--path", raw)
        found = snapshot(into / "shop/namen")
        assert {b"shop/namen/" + name for name in found} == expected
        for name, entry in found.items():
            assert entry.size == os.stat(folder + b"/" + name).st_size
        if "%" not in line["path"]:
            shop.run("restore", "laden", "--into", into / "nochmal", "--path", line["path"])
            typed = snapshot(into / "nochmal/shop/namen")
            assert os.fsencode(line["path"]).removeprefix(b"shop/namen/") in typed


def test_people_and_programs_read_the_true_name(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    (shop.source / '100 % "neu".txt').write_text("x")
    (shop.source / "hinaus").symlink_to("/a%b")
    shop.backup()
    lines = {line["kind"]: line for line in shop.run("browse", "laden", "shop")}
    assert lines["file"]["path"] == 'shop/100 % "neu".txt'
    assert lines["file"]["raw"] == "shop/100 %25 %22neu%22.txt"
    assert (lines["link"]["target"], lines["link"]["raw_target"]) == ("/a%b", "/a%25b")
    text = warm.run("browse", "laden", "shop", home=shop.home).stdout
    assert "hinaus → /a%b" in text


# ------------------------------------------------------------------ another drive below


@pytest.mark.root
def test_another_drive_below_a_source_is_named_until_it_is_excluded(
    tmp_path: Path,
    disks: DiskDrawer,  # noqa: F811
) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    other = shop.source / "Büro/stick"
    other.mkdir(parents=True, exist_ok=True)
    stick = disks("tmpfs", 4 * MIB)
    (stick.path / "x").write_text("x")
    run_tool("mount", "--bind", stick.path, other)
    try:
        for _ in range(2):  # also when nothing else has changed
            done = cli.run("backup", home=shop.home, check=False)
            assert done.rc == 3
            assert "Ausgelassen: shop/Büro/stick (anderes Laufwerk" in done.stderr
            assert 'exclude = ["/Büro/stick/"]' in done.stderr
        shop.write_plan(rules='exclude = ["/Büro/stick/"]')
        done = cli.run("backup", home=shop.home)
        assert done.stderr == ""
    finally:
        unmount(other)


# ------------------------------------------------------------------ what was typed


def test_messages_name_commands_the_way_they_were_typed(shop: Shop, tmp_path: Path) -> None:
    """`./run` and dev.py say how they were called, nobody else needs to know."""
    env = {"LADENTRESOR_CALLED": "./run"}
    done = cli.run("browse", "x", home=shop.home, env=env, check=False)
    assert "./run plan show" in done.stderr
    assert "ladentresor" not in done.stderr
    assert "Aufruf: ./run" in cli.run("--help", home=shop.home, env=env).stdout
    script = (cli.ROOT / "run").read_text(encoding="utf-8")
    asked = script.replace('boot run "$@"', 'printf %s "$LADENTRESOR_CALLED"')
    probe = tmp_path / "run"
    probe.write_text(asked.replace("$here/installer", f"{cli.ROOT}/installer"), encoding="utf-8")
    told = subprocess.run(["sh", "./run"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout == "./run"
