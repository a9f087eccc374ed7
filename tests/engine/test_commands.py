"""What a user types and gets: every verb in both languages and as JSON, with its exit code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from core.errors import Code
from tests.engine.stage import Event, Shop, events, make_shop, only, refusal, states_at
from tests.support import cli, warm
from tests.support.disks import (
    MIB,
    DiskDrawer,
    disks,  # noqa: F401  (a fixture)
)
from tests.support.trees import mutate, shop_tree


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two states on two disks; tests only look."""
    shop = make_shop(tmp_path_factory.mktemp("laden"), disks=("platte", "zweite"))
    shop_tree(shop.source, files=20)
    shop.day()
    mutate(shop.source, seed=1, day=1)
    (shop.source / "rot\x1b[31m\nzweite Zeile").write_text("böse")
    (shop.source / os.fsdecode(b"M\xe4rz")).mkdir()
    (shop.source / os.fsdecode(b"M\xe4rz/%41.txt")).write_text("prozent")
    (shop.source / "100 %").mkdir()
    (shop.source / "100 %/wolle.txt").write_text("baumwolle")
    shop.day()
    return shop


# ------------------------------------------------------------------ for people

_LOOKING = [
    (["plan", "show"], 0, "Nicht gesichert werden", "(turn off:"),
    (["plan", "check"], 0, "Der Plan ist in Ordnung: 1", "1"),
    (["snapshots"], 0, "000002-", "000002-"),
    (["snapshots", "laden", "--dest", "zweite"], 0, "zweite", "zweite"),
    (["browse", "laden"], 0, "shop/", "shop/"),
    (["browse", "laden", "shop/Preise", "--at", "1", "--from", "zweite"], 0, "csv", "csv"),
    (["verify"], 0, "alles da", ""),
    (["verify", "platte", "--sample", "50"], 0, "in Ordnung", ""),
    (["status"], 0, "kopiert", "copied"),
    (["backup", "--due"], 4, "Nichts ist fällig", ""),
    ([], 0, "ladentresor demo", "ladentresor demo"),
    (["--version"], 0, "0.", "0."),
    (["--help"], 0, "BEFEHL", "restore"),
    (["restore", "--help"], 0, "leerer Ordner", "empty folder"),
]
_SAME_WORDS = {"snapshots", "browse", "--version"}  # only names and numbers


@pytest.mark.parametrize(("args", "rc", "german", "english"), _LOOKING)
def test_verbs_speak_both_languages(
    shop: Shop, args: list[str], rc: int, german: str, english: str
) -> None:
    said = {}
    for lang, words in (("de", german), ("en", english)):
        done = warm.run(*args, "--lang", lang, home=shop.home)
        assert done.rc == rc, done.stderr
        assert words in done.stdout
        assert done.stderr == ""
        said[lang] = done.stdout
    if not args or args[0] not in _SAME_WORDS:
        assert said["de"] != said["en"]


def test_the_language_follows_the_locale_unless_told(shop: Shop) -> None:
    for env, words in (
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "copied"),
        ({"LANG": "C", "LC_ALL": "", "LC_MESSAGES": ""}, "kopiert"),
    ):
        assert words in cli.run("status", home=shop.home, env=env).stdout


def test_backup_and_restore_say_what_they_did(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    os.mkfifo(shop.source / "rohr")
    (shop.source / "hinaus").symlink_to("/etc/hostname")
    for lang in ("de", "en"):
        said = cli.run("backup", "--lang", lang, home=shop.home)
        assert said.stdout.startswith("laden → platte (Platte platte): ")
        assert said.stderr == ""
        into = tmp_path / lang
        said = cli.run("restore", "laden", "--into", into, "--lang", lang, home=shop.home)
        first, *notes = said.stdout.splitlines()
        assert str(into) in first
        assert any("shop/rohr" in note for note in notes)
        assert any("shop/hinaus" in note for note in notes)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_an_error_says_what_is_at_risk_and_what_to_do(shop: Shop, lang: str) -> None:
    done = cli.run("browse", "nirgends", "--lang", lang, home=shop.home, check=False)
    assert done.rc == 13
    assert done.stdout == ""
    sentence, risk, step = done.stderr.splitlines()
    assert "nirgends" in sentence
    assert risk.startswith("  ")
    assert step.startswith("  → ")
    assert "ladentresor plan show" in step


def test_no_name_reaches_the_terminal_as_a_command(shop: Shop, tmp_path: Path) -> None:
    """A file may be called like the escape sequence that turns the terminal red, or worse."""
    into = tmp_path / "ziel"
    for args in (["browse", "laden", "shop"], ["restore", "laden", "--into", str(into)]):
        text = cli.run(*args, home=shop.home).stdout
        assert all(sign == "\n" or sign.isprintable() for sign in text)
    lines = cli.run("browse", "laden", "shop", home=shop.home).stdout.splitlines()
    assert len(lines) == len(list(shop.source.iterdir()))


@pytest.mark.parametrize(
    "folder", [b"shop/100 %", b"shop/100 %25", b"shop/M\xe4rz", b"shop/M%E4rz"]
)
def test_browse_takes_names_as_typed_and_as_shown_in_json(shop: Shop, folder: bytes) -> None:
    lines = shop.run("browse", "laden", os.fsdecode(folder))
    assert [line["kind"] for line in lines] == ["file"]


# ------------------------------------------------------------------ for programs

_STATUS = """system destination copied_at read_back_at read_back_result last_read_at
    oldest_unread_at read_share late_share restored_at damage counts why overdue overdue_since
    unlocked by_word detached_at due reachable writes_elsewhere last_run last_code
    gate_closed full_in_days free_in_days"""
_FIELDS = [
    (
        ["snapshots"],
        """system destination run committed_at files bytes complete new_bytes skipped
    suspect last_clean""",
    ),
    (["browse", "laden", "shop/Preise"], "kind path raw bytes mtime_ns"),
    (["status"], _STATUS),
]


@pytest.mark.parametrize(("args", "fields"), _FIELDS)
def test_results_as_json(shop: Shop, args: list[str], fields: str) -> None:
    lines = [line for line in shop.run(*args) if "green" not in line]
    assert lines
    for line in lines:
        assert set(line) == set(fields.split())


def test_a_system_in_status_as_json(shop: Shop) -> None:
    (line,) = [line for line in shop.run("status") if "green" in line]
    assert set(line) == set("system green three two one gaps step".split())
    assert (line["green"], line["three"]) == (False, 1)  # two disks, and both are this very one


def test_what_came_back_whole_counts_as_tested(tmp_path: Path) -> None:
    """A part proves little; a copy that gave back something else is not tested any more."""
    own = make_shop(tmp_path)

    def restored(*args: str) -> object:
        into = tmp_path / f"zurück-{len(args)}-{len(list(tmp_path.iterdir()))}"
        cli.run("restore", "laden", "--into", into, *args, home=own.home, check=False)
        (line,) = [line for line in own.run("status") if "restored_at" in line]
        return line["restored_at"]

    (own.source / "kasse.csv").write_text("1;2;3\n")
    own.day()
    assert restored("--path", "shop/kasse.csv") is None
    assert restored() is not None
    (copied,) = own.copy().rglob("kasse.csv")
    copied.write_text("1;2;4\n")
    assert restored() is None


def test_doctor_as_json(shop: Shop) -> None:
    done = cli.run("--json", "doctor", home=shop.home, check=False)
    checks = {line["check"]: line for line in done.lines}
    assert {"version", "home", "cutting", "workers", "plan", "platte", "zweite"} <= set(checks)
    assert all(set(line) == {"check", "good", "text"} for line in checks.values())
    assert done.rc == (0 if all(line["good"] for line in checks.values()) else 3)
    assert checks["platte"]["good"]


def test_events_of_backup_verify_and_restore(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    lines = shop.run("backup")
    result = only(events(lines, "result"))
    assert result["outcome"] == "committed"
    assert set(result) == set(
        "event system destination run outcome files bytes new_objects new_bytes skipped"
        " complete damaged".split()
    )
    phases = [line["phase"] for line in events(lines, "phase")]
    run = ["guards", "scan", "objects", "contents", "list", "index", "record", "index"]
    assert phases == [*run, "verify"]  # a sample of what lies there is read
    verified = only(events(shop.run("verify", "--full"), "verified"))
    assert set(verified) == set(
        "event system destination depth states objects bytes sound damage affected"
        " affected_files".split()
    )
    assert verified["bytes"] >= result["new_bytes"]
    report = shop.restore(tmp_path / "ziel")
    assert set(report) == set(
        "event run into files folders links bytes failed skipped renamed links_as_text"
        " lost complete".split()
    )
    assert (report["files"], report["bytes"]) == (result["files"], result["bytes"])


def test_the_schema_is_json_and_names_every_table(shop: Shop) -> None:
    for args in (["plan", "schema"], ["--lang", "en", "plan", "schema"]):
        schema = json.loads(cli.run(*args, home=shop.home).stdout)
        assert set(schema["properties"]) >= {"version", "systems", "destinations", "copies"}


def test_demo(tmp_path: Path) -> None:
    """The promise itself, and nothing of it stays behind."""
    before = set(tmp_path.iterdir())
    done = cli.run("--json", "demo", home=tmp_path / "home", env={"TMPDIR": str(tmp_path)})
    assert only(events(done.lines, "demo"))["good"] is True
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"home"}


# ------------------------------------------------------------------ what cannot be done

_UNKNOWN = [
    (["backup", "kasse"], Code.SYSTEM_UNKNOWN),
    (["backup", "--to", "nas"], Code.DESTINATION_UNKNOWN),
    (["snapshots", "kasse"], Code.SYSTEM_UNKNOWN),
    (["snapshots", "--dest", "nas"], Code.DESTINATION_UNKNOWN),
    (["browse", "kasse"], Code.SYSTEM_UNKNOWN),
    (["browse", "laden", "--from", "nas"], Code.DESTINATION_UNKNOWN),
    (["browse", "laden", "--at", "7"], Code.STATE_NOT_FOUND),
    (["browse", "laden", "--at", "1999-01-01"], Code.STATE_NOT_FOUND),
    (["browse", "laden", "--at", "gestern"], Code.STATE_NOT_FOUND),
    (["browse", "laden", "shop/fehlt"], Code.PATH_NOT_FOUND),
    (["restore", "kasse", "--into", "/nirgends/x"], Code.SYSTEM_UNKNOWN),
    (["verify", "nas"], Code.DESTINATION_UNKNOWN),
]


@pytest.mark.parametrize(("args", "code"), _UNKNOWN)
def test_what_the_plan_does_not_know(shop: Shop, args: list[str], code: Code) -> None:
    refusal(shop.run(*args, rc=13), code)


@pytest.mark.parametrize(
    "args",
    [
        ["sichern"], ["backup", "--sofort"], ["restore", "laden"], ["verify", "--sample", "0"],
        ["verify", "--sample", "viel"], ["verify", "--full", "--sample", "5"], ["plan"], ["browse"],
        ["--lang", "fr", "status"],
    ],
)  # fmt: skip
def test_what_is_typed_wrong(shop: Shop, args: list[str]) -> None:
    done = warm.run(*args, home=shop.home)
    assert done.rc == 2
    assert done.stdout == ""
    assert "ladentresor" in done.stderr


def test_only_what_is_due(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    shop_tree(shop.source, files=16)
    assert set(shop.backup("--due", "--to", "zweite")) == {"zweite"}
    assert set(shop.backup("--due")) == {"platte"}
    lines = shop.run("backup", "--due", rc=4)
    assert only(events(lines, "result")) == {"event": "result", "outcome": "nothing_due"}
    assert set(shop.backup("laden")) == {"platte", "zweite"}


# ------------------------------------------------------------------ the plan

_BAD_PLAN = """version = 1
wichtig = true
[[systems]]
id = "laden"
rpo = 24
[[systems.sources]]
paths = ["{source}", "daten"]
[[destinations]]
id = "platte"
encrypted = true
[destinations.location]
path = "{source}/kopie"
[[destinations]]
id = "platte"
[destinations.location]
path = "/mnt/x"
[[copies]]
system = "kasse"
destination = "platte"
"""


def test_every_mistake_of_a_plan_is_named_at_once(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    bad = shop.home / "config/plan.toml"
    bad.write_text(_BAD_PLAN.format(source=shop.source), encoding="utf-8")
    said = {}
    for lang in ("de", "en"):
        lines = shop.run("plan", "check", "--lang", lang, rc=5)
        problems = events(lines, "problem")
        found = {(line["line"], line["code"]) for line in problems}
        assert found >= {
            (2, "unknown_key"), (5, "wrong_type"), (7, "relative_path"),
            (12, "destination_in_source"), (14, "duplicate_id"),
            (18, "unknown_system"),
        }  # fmt: skip
        assert [line["line"] for line in problems] == sorted(line["line"] for line in problems)
        assert all(line["key"] and line["sentence"] for line in problems)
        said[lang] = [line["sentence"] for line in problems]
    assert all(german != english for german, english in zip(said["de"], said["en"], strict=True))
    text = cli.run("backup", home=shop.home, check=False)
    assert text.rc == 5
    assert text.stdout.count(str(bad)) >= len(said["de"])
    refusal(shop.run("backup", rc=5), Code.PLAN_INVALID)
    assert list(shop.disks["platte"].iterdir()) == []


def test_a_plan_is_only_applied_when_it_is_right(shop: Shop, tmp_path: Path) -> None:
    home = tmp_path / "home"
    good, bad = tmp_path / "gut.toml", tmp_path / "schlecht.toml"
    shutil.copyfile(shop.home / "config/plan.toml", good)
    bad.write_text("version = 1\n[[systems]]\n", encoding="utf-8")
    refusal(shop.run("plan", "show", home=home, rc=5), Code.PLAN_MISSING)
    shop.run("plan", "apply", good, home=home)
    shop.run("plan", "apply", bad, home=home, rc=5)
    refusal(shop.run("plan", "apply", tmp_path / "fehlt", home=home, rc=5), Code.PLAN_FILE_MISSING)
    assert (home / "config/plan.toml").read_bytes() == good.read_bytes()
    assert sorted(path.name for path in (home / "config").iterdir()) == ["plan.toml"]


def test_single_values_of_the_plan_are_changed_and_judged(shop: Shop, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    place = home / "config/plan.toml"
    first = (shop.home / "config/plan.toml").read_text("utf-8") + "# zuletzt\n"
    place.write_text(first, "utf-8")

    def run(*words: str, rc: int = 0, stdin: str = "") -> list[Event]:
        made = cli.run("plan", *words, "--json", home=home, check=False, stdin=stdin)
        assert made.rc == rc, made
        return made.lines

    said = run("set", "destinations.platte.name", "Platte B")
    assert [one["applied"] for one in events(said, "plan")] == [str(place)]
    run("set", "copies.laden.platte.keep.daily", "30")
    run("set", "systems.laden.sources[1].exclude", "*.tmp", "*.bak")
    changed = place.read_text("utf-8")
    assert 'name = "Platte B"' in changed
    assert '["*.tmp", "*.bak"]' in changed
    assert [line for line in first.splitlines() if line.startswith("#")] == [
        line for line in changed.splitlines() if line.startswith("#")
    ]
    for words, code in (
        (("set", "destinations.platte.offline", "ja"), "wrong_type"),
        (("set", "copies.laden.platte.every", "oft"), "wrong_duration"),
        (("unset", "systems.laden"), "missing_key"),
    ):
        assert code in {one["code"] for one in events(run(*words, rc=5), "problem")}
    refusal(run("set", "copies.laden.weg.every", "1d", rc=13), Code.COPY_UNKNOWN)
    assert place.read_text("utf-8") == changed
    run("unset", "copies.laden.zweite")
    assert "zweite" not in {one["destination"] for one in _copies(place)}
    # what was changed elsewhere meanwhile is not overwritten
    seen = hashlib.sha256(first.encode()).hexdigest()
    refusal(run("apply", "-", "--replacing", seen, stdin=first, rc=6), Code.PLAN_CHANGED)
    seen = hashlib.sha256(place.read_bytes()).hexdigest()
    run("apply", "-", "--replacing", seen, stdin=first)
    assert place.read_text("utf-8") == first


def test_what_patterns_leave_out_is_said(shop: Shop) -> None:
    lines = shop.run("plan", "left-out", "laden", "--exclude", "wolle.*", "--exclude", "nie/")
    found = {line["pattern"]: line for line in lines}
    assert (found["wolle.*"]["files"], found["wolle.*"]["examples"]) == (1, ["100 %/wolle.txt"])
    assert found["wolle.*"]["bytes"] == len("baumwolle")
    assert found["nie/"]["files"] == 0
    assert found["~$*"]["usual"]
    assert not found["nie/"]["usual"]
    said = cli.run("plan", "left-out", "laden", "--exclude", "wolle.*", home=shop.home).stdout
    assert "wolle.*: eine Datei, 9 Byte" in said


def _copies(place: Path) -> list[dict[str, str]]:
    copies: list[dict[str, str]] = tomllib.loads(place.read_text("utf-8"))["copies"]
    return copies


# ------------------------------------------------------------------ where things are


def test_the_home_may_be_named_by_a_variable_and_paths_be_relative(tmp_path: Path) -> None:
    """As typed in a shell that stands in the folder of the shop."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    command = [sys.executable, "-m", "core"]
    env = dict(os.environ) | {"LADENTRESOR_HOME": "home", "PYTHONPATH": str(cli.ROOT)}

    def typed(*args: str) -> str:
        done = subprocess.run(
            [*command, *args], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    typed("backup")
    typed("restore", "laden", "--into", "zurueck")
    assert (tmp_path / "zurueck/shop/Preise/preisliste.csv").exists()
    typed("plan", "check", "home/config/plan.toml")
    typed("--home", "zweites", "adopt", "medien/platte")  # the option wins
    assert (tmp_path / "zweites/config/plan.toml").exists()
    assert "000001-" in typed("--home", "zweites", "snapshots")


def test_nothing_is_left_behind_but_the_home(tmp_path: Path) -> None:
    """No file of ours in the shop, in the user's folders or where the command was typed."""
    shop = make_shop(tmp_path)
    shop_tree(shop.source, files=16)
    before = shop.look()
    elsewhere = tmp_path / "anderswo"
    (elsewhere / "tmp").mkdir(parents=True)
    env = {"HOME": str(elsewhere), "TMPDIR": str(elsewhere / "tmp"), "XDG_CACHE_HOME": ""}
    for args in (["backup"], ["verify", "--full"], ["status"], ["doctor"]):
        cli.run(*args, home=shop.home, env=env, cwd=elsewhere, check=args != ["doctor"])
    assert [path.name for path in elsewhere.rglob("*")] == ["tmp"]
    assert shop.look() == before
    assert {path.name for path in shop.home.iterdir()} == {"config", "state", "cache"}
    for path in (shop.home / "state", shop.home / "cache"):
        assert path.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------ in the middle


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A copy that takes a while to read."""
    shop = make_shop(tmp_path_factory.mktemp("film"))
    with (shop.source / "film.mkv").open("wb") as file:
        for number in range(240):
            file.write(Random(number).randbytes(MIB))
    shop.backup()
    (shop.source / "film.mkv").unlink()
    yield shop
    shutil.rmtree(shop.root)


@pytest.mark.parametrize("verb", ["restore", "verify"])
def test_ctrl_c(film: Shop, tmp_path: Path, verb: str) -> None:
    args = {
        "restore": ["restore", "laden", "--into", str(tmp_path / "ziel")],
        "verify": ["verify", "--full"],
    }[verb]
    before = states_at(film.copy())
    with cli.start("--json", *args, home=film.home) as running:
        for line in running.process.stdout or ():
            if '"progress"' in line:
                break
        running.kill_group(signal.SIGINT)
        out, err = running.process.communicate(timeout=60)
        assert running.wait_for_orphans() == []
    assert running.process.returncode == 130, out + err
    refusal(cli._json_lines(out), Code.CANCELLED)
    assert states_at(film.copy()) == before


def test_a_reader_that_goes_away_is_no_error_of_ours(shop: Shop) -> None:
    """`ladentresor snapshots | head -1`"""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "core", "--home", str(shop.home), "snapshots"]
    env = dict(os.environ) | {"PYTHONPATH": str(cli.ROOT)}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=env, check=False)
    os.close(write)
    assert done.returncode == 130
    assert done.stderr == b""


@pytest.mark.root
def test_a_dead_disk_does_not_stand_in_the_way(tmp_path: Path, disks: DiskDrawer) -> None:  # noqa: F811
    """Pulled out while mounted, every look at it fails; the other disk is there all the same."""
    shop = make_shop(tmp_path, disks=("platte", "zweite"))
    disk = disks("ntfs", 32 * MIB)
    shop.disks["platte"] = disk.path
    shop.write_plan()
    shop_tree(shop.source, files=16)
    shop.day()
    disk.pull()
    status: dict[str, Event] = {
        line["destination"]: line for line in shop.run("status") if "destination" in line
    }
    assert (status["platte"]["reachable"], status["zweite"]["reachable"]) == (False, True)
    shop.run("doctor", rc=3)
    shop.run("plan", "check")
    shop.run("snapshots", rc=7)
    shop.run("verify", rc=7)
    shop.run("browse", "laden")
    shop.run("adopt", disk.path, rc=13)
    assert shop.differences(1, disk="zweite") == []
    assert set(shop.backup(rc=3)) == {"platte", "zweite"}
