"""Must hold 7: whatever a copy says, a reader writes nothing outside its folder and ends by name.

A stick found in the car park, a NAS that was taken over: everything on it may be meant to harm.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.copies.bringing_back import target
from core.errors import Code, Exit
from tests.engine.forging import (
    DAMAGED,
    GOOD,
    HOSTILE,
    PROOFS,
    SECRET,
    Forge,
    ask,
    attack,
    facts_of,
    forge,
    restored,
    to_line,
)
from tests.engine.handmade import VAULT, WRITER, Part, sha256, two_lines
from tests.support import cli
from tests.unit.copies.test_rows import BAD_PATHS

pytestmark = pytest.mark.timeout(60)  # nothing here may hang


@pytest.fixture
def forged(tmp_path: Path) -> Forge:
    return forge(tmp_path)


def refused(forged: Forge, code: str = HOSTILE) -> None:
    """Every reader of the list refuses by name; verification finds damage; adopting goes on."""
    answers = attack(forged)
    for verb in ("restore", "restore links", "browse"):
        assert (answers[verb].exit, answers[verb].code) == (Exit.INTEGRITY, code), verb
    assert answers["verify"].exit == Exit.INTEGRITY
    assert "list" in answers["verify"].damage
    assert answers["adopt"].exit in (Exit.OK, Exit.INTEGRITY)


def test_the_stage_itself_is_harmless(forged: Forge) -> None:
    forged.commit()
    answers = attack(forged)
    assert {verb: answer.exit for verb, answer in answers.items()} == dict.fromkeys(answers, 0)
    attack(forged, "restore")
    assert restored(forged) == {"shop/preise.csv": GOOD}


# -- paths ----------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[Forge, str], None]] = {
    "file": lambda forged, path: forged.file(path),
    "folder": lambda forged, path: forged.folder(path),
    "link": lambda forged, path: forged.link(path, "preise.csv"),
    "skipped": lambda forged, path: forged.rows.append(
        {"art": "ausgelassen", "pfad": path, "grund": "gesperrt"}
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "path", ["../x", "shop/../../x", "/tmp/x", "shop//x", "shop/%2E%2E/x", "", "%00"]
)
def test_paths_that_lead_out_are_refused(forged: Forge, kind: str, path: str) -> None:
    KINDS[kind](forged, path)
    forged.commit()
    refused(forged)


@pytest.mark.parametrize("path", [path for path in BAD_PATHS if len(path) < 100])
def test_no_bad_path_reaches_the_disk(forged: Forge, path: str) -> None:
    forged.file(path.replace("/etc/passwd", str(forged.outside / "geheim.txt")))
    forged.commit()
    assert attack(forged, "restore")["restore"].code == HOSTILE
    assert not forged.into.exists()  # the whole list is judged before anything is made


WINDOWS_NAMES = [
    "C:",
    "C:x",
    "datei.txt:strom",
    "NUL",
    "CON.txt",
    "COM1",
    "..%5Cx",
    "a.",
    "b ",
    "%5C%5Cnas%5Cx",
]


def test_names_windows_fears_are_names_like_others_here(forged: Forge) -> None:
    for name in WINDOWS_NAMES:
        forged.file(f"shop/{name}")
    forged.commit()
    assert attack(forged, "restore")["restore"].exit == 0
    assert len(restored(forged)) == len(WINDOWS_NAMES) + 1


def test_on_a_target_like_windows_they_get_safe_names(
    forged: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, "_needs_safe_names", lambda folder: True)
    for name in [*WINDOWS_NAMES, "Preise.csv", "PREISE.CSV", "Cafe\u0301", "Café", "_"]:
        forged.file(f"shop/{name}")
        forged.file(f"shop/{name}+/{name}")
    forged.commit()
    answer = attack(forged, "restore")["restore"]
    found = restored(forged)
    assert answer.exit == 0
    assert len({name.casefold() for name in found}) == len(found) == 31
    assert not any(sign in name for name in found for sign in ':\\"*?')
    assert len(answer.said("restored")["renamed"]) >= len(WINDOWS_NAMES) * 2


def test_folding_twins_far_apart_get_names_of_their_own(
    forged: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that are only made on the way, for a file that was asked for, must not meet."""
    monkeypatch.setattr(target, "_needs_safe_names", lambda folder: True)
    for name in ("Büro", "büro", "BÜRO"):
        forged.file(f"shop/{name}/a.txt", name.encode())
    forged.commit()
    attack(forged, "restore")
    found = restored(forged)
    assert sorted(found.values()) == sorted([GOOD, *(n.encode() for n in ("Büro", "büro", "BÜRO"))])
    assert len({name.casefold() for name in found}) == 4


# -- one place twice ------------------------------------------------------------------------------


def twice(first: str, second: str) -> Callable[[Forge], None]:
    def add(forged: Forge) -> None:
        KINDS[first](forged, "shop/x")
        forged.folder("shop/dazwischen")
        forged.file("shop/dazwischen/y")
        KINDS[second](forged, "shop/x")

    return add


def file_as_folder(forged: Forge) -> None:
    forged.file("shop/x")
    forged.file("shop/x/y")


def folder_over_file(forged: Forge) -> None:
    forged.file("shop/x/y")
    forged.file("shop/x")


def through_a_link(forged: Forge) -> None:
    forged.link("shop/x", str(forged.outside))
    forged.file("shop/x/geheim.txt", b"ueberschrieben")


def through_a_link_listed_late(forged: Forge) -> None:
    forged.file("shop/x/geheim.txt", b"ueberschrieben")
    forged.link("shop/x", str(forged.outside))


def over_a_link(forged: Forge) -> None:
    forged.link("shop/x", str(forged.outside / "neu.txt"))
    forged.folder("shop/dazwischen")
    forged.file("shop/x", b"ueberschrieben")


def hard_link_over_a_file(forged: Forge) -> None:
    forged.file("shop/a", b"eins", hartlink="h")
    forged.file("shop/b", b"zwei")
    forged.folder("shop/c")
    forged.file("shop/b", b"eins", hartlink="h")


TWICE: dict[str, Callable[[Forge], None]] = {
    **{f"{a} and {b}": twice(a, b) for a in ("file", "folder", "link") for b in ("file", "link")},
    "file as folder": file_as_folder,
    "folder over file": folder_over_file,
    "through a link": through_a_link,
    "through a link listed late": through_a_link_listed_late,
    "over a link": over_a_link,
    "hard link over a file": hard_link_over_a_file,
}


@pytest.mark.parametrize("scene", TWICE)
def test_one_place_twice_is_refused_and_nothing_written_through(forged: Forge, scene: str) -> None:
    TWICE[scene](forged)
    forged.commit()
    answers = attack(forged)
    for verb in ("restore", "restore links"):
        assert answers[verb].exit == Exit.INTEGRITY
        assert answers[verb].code in (HOSTILE, None)


def test_the_same_row_again_is_refused_at_once(forged: Forge) -> None:
    forged.file("shop/preise.csv")
    forged.commit()
    refused(forged)


def test_hard_links_of_different_contents_are_different_files(forged: Forge) -> None:
    """A link id may be a number the disk used twice: content decides."""
    forged.file("shop/a", b"eins", hartlink="h")
    forged.file("shop/b", b"zwei", hartlink="h")
    forged.file("shop/c", b"eins", hartlink="h")
    forged.commit()
    assert attack(forged, "restore")["restore"].exit == 0
    found = restored(forged)
    assert (found["shop/a"], found["shop/b"], found["shop/c"]) == (b"eins", b"zwei", b"eins")
    assert (forged.into / "shop/a").stat().st_ino == (forged.into / "shop/c").stat().st_ino


# -- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target_", "inside"),
    [("preise.csv", True), ("../shop/preise.csv", True), ("..", True), ("../..", False),
     ("/etc/passwd", False), ("../../draußen/geheim.txt", False), ("x/../../../y", False),
     ("C:x", False), ("%5C%5Cnas%5Cx", False), ("..%5C..%5Cx", False), ("~/x", True)],
)  # fmt: skip
def test_links_that_lead_out_come_back_as_text(forged: Forge, target_: str, inside: bool) -> None:
    forged.link("shop/l", target_)
    forged.commit()
    answer = attack(forged, "restore")["restore"]
    assert answer.exit == 0
    assert (forged.into / "shop/l").is_symlink() is inside
    assert answer.said("restored")["links_as_text"] == ([] if inside else ["shop/l"])


def test_links_that_lead_out_through_one_another_come_back_as_text(forged: Forge) -> None:
    """Each looks harmless for itself: `d` leads up to `shop`, so `d/../..` is above the target."""
    forged.folder("shop/x")
    forged.link("shop/x/d", "..")
    forged.link("shop/x/l", "d/../../draußen/geheim.txt")
    forged.commit()
    assert attack(forged, "restore")["restore"].exit == 0
    assert not (forged.into / "shop/x/l").is_symlink()
    assert b"geheim" not in (forged.into / "shop/x/l").read_bytes().replace(b"geheim.txt", b"")


def test_a_link_in_a_circle_harms_nobody(forged: Forge) -> None:
    forged.link("shop/a", "b")
    forged.link("shop/b", "a")
    forged.link("shop/c", "c/c/c")
    forged.commit()
    assert attack(forged, "restore")["restore"].exit == 0


# -- rights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "owner", ["gibt-es-nicht", "4294967295", "-1", "99999999999", "%", "%00", "9" * 5000]
)
def test_a_set_uid_bit_never_comes_without_its_owner(forged: Forge, owner: str) -> None:
    forged.file("shop/su", modus="6755", besitzer=owner, gruppe=owner)
    forged.folder("shop/ordner", modus="6755", besitzer=owner, gruppe=owner)
    forged.link("shop/l", "su")
    forged.rows[-1]["besitzer"] = owner
    forged.commit()
    answer = attack(forged, "restore")["restore"]
    assert answer.exit == 0
    for name in ("su", "ordner"):
        mode = (forged.into / "shop" / name).stat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID)


def test_only_harmless_attributes_are_set(forged: Forge) -> None:
    """A file capability is as good as a set-uid bit."""
    capability = "AQAAAgAgAAAAAAAAAAAAAAAAAAA="  # cap_net_raw=ep
    names = ["security.capability", "trusted.x", "user.gut", "user.%FF", "user.%", "user.%00", ""]
    forged.file("shop/a", xattr=dict.fromkeys(names, capability))
    forged.file("shop/b", xattr={"user.x": "kein base64!", "user.y": "Zm9v"})
    forged.commit()
    answer = attack(forged, "restore")["restore"]
    assert answer.exit == 0
    found = set(os.listxattr(forged.into / "shop/a")) | set(os.listxattr(forged.into / "shop/b"))
    assert found <= {"user.gut", "user.\udcff", "user.y"}
    assert answer.said("restored")["lost"]["xattr"] >= 6


# -- lists and records ----------------------------------------------------------------------------


def list_text(forged: Forge, text: bytes, **changes: object) -> None:
    """Put any bytes where the list is, with a record that fits."""
    forged.commit()
    packed = gzip.compress(text)
    forged.list.write_bytes(packed)
    facts: dict[str, object] = {
        "liste_groesse": len(packed),
        "liste_sha256": sha256(packed),
        "liste_zeilen": text.count(b"\n"),
        "liste_entpackt": len(text),
    }
    forged.change_record(**facts | changes)


def a_part(forged: Forge) -> str:
    return to_line({"art": "teil", "sha256": "0" * 64, "groesse": 1, "lauf": forged.run.name})


LINES: dict[str, Callable[[Forge], bytes]] = {
    "nothing": lambda f: b"",
    "an empty line": lambda f: b"\n",
    "no header": lambda f: b'{"art":"ordner","pfad":"shop","zeit":1,"modus":"0755"}\n',
    "another system": lambda f: f.run.header().replace("laden", "kasse").encode() + b"\n",
    "another format": lambda f: f.run.header().replace('"format":1', '"format":2').encode() + b"\n",
    "deep nesting": lambda f: f.run.header().encode() + b"\n" + b'{"a":' * 100_000 + b"\n",
    "deep lists": lambda f: f.run.header().encode() + b"\n" + b"[" * 500_000 + b"\n",
    "no UTF-8": lambda f: f.run.header().encode() + b'\n{"art":"ordner","pfad":"\xff"}\n',
    "a long line": lambda f: f.run.header().encode() + b"\n" + b" " * (1 << 21) + b"\n",
    "a file for ladentresor": lambda f: "\n".join(
        [f.run.header(), to_line(f.rows[1] | {"pfad": "ladentresor", "teile": 1}), a_part(f), ""]
    ).encode(),
}


@pytest.mark.parametrize("scene", LINES)
def test_lists_of_another_form_are_refused(forged: Forge, scene: str) -> None:
    list_text(forged, LINES[scene](forged))
    answers = attack(forged)
    assert answers["restore"].exit in (Exit.INTEGRITY, Exit.NOT_FOUND)
    assert answers["adopt"].exit in (Exit.OK, Exit.INTEGRITY)
    if scene != "a file for ladentresor":
        assert answers["restore"].code == HOSTILE


def test_a_list_without_its_end_is_damage(forged: Forge) -> None:
    forged.commit()
    data = forged.list.read_bytes()[:-5]
    forged.list.write_bytes(data)
    forged.change_record(liste_groesse=len(data), liste_sha256=sha256(data))
    refused(forged, DAMAGED)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"liste": "../tresor.json"}, HOSTILE),
        ({"liste": "../../../draußen/geheim.txt"}, HOSTILE),
        ({"liste": "/etc/passwd"}, HOSTILE),
        ({"liste": "..\\x.liste.gz"}, HOSTILE),
        ({"liste": "C:x.liste.gz"}, HOSTILE),
        ({"liste": "x\u0000.liste.gz"}, HOSTILE),
        ({"liste": ""}, HOSTILE),
        ({"liste": "000009-20261121T030000Z-k7f3.liste.gz"}, DAMAGED),
        ({"liste_groesse": 1}, DAMAGED),
        ({"liste_groesse": -1}, DAMAGED),
        ({"liste_groesse": 10**40}, HOSTILE),
        ({"liste_sha256": "0" * 64}, DAMAGED),
        ({"liste_sha256": ""}, DAMAGED),
        ({"liste_entpackt": 10}, HOSTILE),
        ({"liste_entpackt": -5}, HOSTILE),
    ],
)
def test_records_that_lie_about_their_list(
    forged: Forge, changes: dict[str, object], code: str
) -> None:
    forged.commit(**changes)
    refused(forged, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"lauf": "000002-20261121T030000Z-k7f3"},
        {"lauf": "../../../x"},
        {"art": "tresor"},
        {"format": 0},
        {"format": -1},
        {"beginn": "gestern"},
        {"ende": "2026-13-01T00:00:00Z"},
        {"beginn": ""},
        {"dateien": "3"},
        {"inhalte": 7},
        {"inhalte": [{"lauf": "x"}]},
        {"staende": [[1, 2]]},
        {"vollstaendig": None},
    ],
)
def test_records_that_are_none_do_not_count(forged: Forge, changes: dict[str, object]) -> None:
    forged.commit()
    forged.change_record(**changes)
    answers = attack(forged)
    assert answers["restore"].code == Code.STATE_NOT_FOUND
    assert "record" in answers["verify"].damage


@pytest.mark.parametrize(
    "ref",
    [
        {"lauf": "../../draußen"},
        {"lauf": "/etc"},
        {"lauf": "x\u0000"},
        {"lauf": "000009-20261121T030000Z-k7f3"},
        {"groesse": 10**30},
        {"groesse": -1},
        {"sha256": "../x"},
        {"zeilen": 10**30},
    ],
)
def test_records_that_lie_about_contents_leave_files_unrestored(
    forged: Forge, ref: dict[str, object]
) -> None:
    forged.commit()
    forged.change_record(inhalte=[facts_of(forged.record)["inhalte"][0] | ref])
    # Without these the lie would cost nothing: what no record vouches for is looked at last.
    forged.inhalt.unlink()
    for path in forged.run.data.glob("shop/*"):
        path.unlink()
    answers = attack(forged)
    if "zeilen" in ref or "groesse" in ref:  # no numbers of ours: the record is none
        assert answers["restore"].code == Code.STATE_NOT_FOUND
    else:
        assert answers["restore"].exit == Exit.INTEGRITY
        assert answers["restore"].said("restored")["failed"]
        assert answers["verify"].exit == Exit.INTEGRITY


def test_a_record_that_names_another_inhalt_costs_nothing(forged: Forge) -> None:
    forged.commit()
    named = facts_of(forged.record)["inhalte"][0]
    forged.change_record(inhalte=[named | {"lauf": "000009-20261121T030000Z-k7f3"}])
    answers = attack(forged)
    assert answers["restore"].exit == Exit.OK
    assert answers["verify"].exit == Exit.INTEGRITY


@pytest.mark.parametrize(
    "key", ["dateien", "ordner", "bytes", "neu_objekte", "neu_bytes", "ausgelassen"]
)
@pytest.mark.parametrize("number", [-1, 2**63, 10**400])
def test_absurd_numbers_are_only_numbers(forged: Forge, key: str, number: int) -> None:
    forged.commit(**{key: number})
    answers = attack(forged)
    assert answers["restore"].exit == 0


def test_words_for_the_terminal_are_made_harmless(forged: Forge) -> None:
    """A copy must not move the cursor of the person who looks at it."""
    forged.commit()
    facts: dict[str, Any] = {"format": 1, "art": "schreiber", "nummer": 2, "schreiber": "f" * 16}
    facts |= {"rechner": "\x1b]0;boese\x07\x1b[2J", "seit": "\x1b[31m"}
    (forged.copy / "schreiber" / f"0002-{'f' * 16}.json").write_bytes(two_lines(facts))
    (forged.base / "pc" / "shop").mkdir(parents=True)
    (forged.base / "pc" / "shop" / "a").touch()
    ask(forged.base / "home-neu", "adopt", forged.copy)
    for flags in ((), ("--lang", "en")):
        answer = ask(forged.base / "home-neu", *flags, "backup")
        assert answer.code == Code.DESTINATION_WRITER
        plain = cli.run("backup", home=forged.base / "home-neu", check=False)
        assert "\x1b" not in answer.text + plain.stdout + plain.stderr
        assert "\x07" not in plain.stdout + plain.stderr


# -- markers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"system": "../../draußen"},
        {"system": "/tmp/x"},
        {"system": ""},
        {"system": "a/b"},
        {"system": "\x1b[2J"},
        {"ziel": "../x"},
        {"ziel": "x\u0000"},
        {"ziel": ""},
    ],
)
def test_a_marker_whose_names_are_none_is_refused(forged: Forge, change: dict[str, str]) -> None:
    """Our own files are named after system and destination."""
    forged.commit()
    path = forged.copy / "tresor.json"
    path.write_bytes(two_lines(facts_of(path) | change))
    assert attack(forged, "adopt")["adopt"].code == HOSTILE


def test_a_marker_that_nests_without_end_is_damage(forged: Forge) -> None:
    forged.commit()
    line = b'{"a":' * 200_000
    (forged.copy / "tresor.json").write_bytes(line + b"\n" + sha256(line).encode() + b"\n")
    answers = attack(forged)
    assert answers["adopt"].exit == Exit.OK  # its records say whose copy it is
    assert answers["verify"].exit == Exit.INTEGRITY
    assert answers["restore"].exit == 0  # no marker is needed to bring data back


# -- what stands where a file should --------------------------------------------------------------

PLACES = ["tresor.json", "record", "list", "inhalt", "object", "claim"]


def place(forged: Forge, what: str) -> Path:
    return {
        "tresor.json": forged.copy / "tresor.json",
        "record": forged.record,
        "list": forged.list,
        "inhalt": forged.inhalt,
        "object": forged.run.data / f"shop/{sha256(GOOD)[:12]}",
        "claim": forged.copy / "schreiber" / f"0001-{WRITER}.json",
    }[what]


@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize(
    "stands_in", ["pipe", "link to the same bytes", "endless", "folder", "hole", "gone"]
)
def test_only_ordinary_files_are_read(forged: Forge, what: str, stands_in: str) -> None:
    """Not a pipe that blocks, not a device without end, not a link to somebody else's file."""
    forged.commit()
    path = place(forged, what)
    if stands_in == "link to the same bytes":
        shutil.copyfile(path, forged.outside / "ziel")
    path.unlink()
    if stands_in == "pipe":
        os.mkfifo(path)
    elif stands_in == "endless":
        path.symlink_to("/dev/zero")
    elif stands_in == "link to the same bytes":
        path.symlink_to(forged.outside / "ziel")
    elif stands_in == "folder":
        path.mkdir()
    elif stands_in == "hole":
        with path.open("wb") as file:
            file.truncate(64 << 20)
    answers = attack(forged)
    assert answers["verify"].exit in (Exit.INTEGRITY, Exit.NOT_FOUND, Exit.NOTHING_DONE)
    attack(forged, "restore")
    if what in ("record", "list", "object"):
        assert answers["restore"].exit in (Exit.INTEGRITY, Exit.NOT_FOUND)
        assert "shop/preise.csv" not in restored(forged)
    elif what == "inhalt":  # without it the objects tell themselves
        assert answers["restore"].exit == Exit.OK
        assert restored(forged)["shop/preise.csv"] == GOOD


def test_an_object_that_leads_to_a_secret_does_not_bring_it_back(forged: Forge) -> None:
    """Even when the list knows what the secret is."""
    forged.file("shop/beute.txt", SECRET)
    forged.file("shop/passwd", Path("/etc/passwd").read_bytes())
    forged.commit()
    for data, real in ((SECRET, forged.outside / "geheim.txt"), (None, Path("/etc/passwd"))):
        digest = sha256(data if data is not None else real.read_bytes())
        stored = forged.run.data / f"shop/{digest[:12]}"
        stored.unlink()
        stored.symlink_to(real)
    answer = attack(forged, "restore")["restore"]
    assert answer.exit == Exit.INTEGRITY
    assert {item["path"] for item in answer.said("restored")["failed"]} == {
        "shop/beute.txt", "shop/passwd",
    }  # fmt: skip
    assert restored(forged) == {"shop/preise.csv": GOOD}


# -- inhalt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        "O\t10\t{sha}\t../../../draußen/geheim.txt",
        "O\t10\t{sha}\t/etc/passwd",
        "O\t10\t{sha}\tshop/../../x",
        "O\t10\t{sha}\tC:x",
        "O\t10\t{sha}\tshop\\..\\x",
        "O\t-1\t{sha}\tshop/x",
        "O\t99999999999999999999\t{sha}\tshop/x",
        "O\t9223372036854775808\t{sha}\tshop/x",
        "O\t10\tXYZ\tshop/x",
        "T\t{sha}\t0\t999999\t999999\troh\t",
        "T\t{sha}\t9223372036854775807\t1\t1\troh\t",
        "T\t{sha}\t0\t1\t9999999999999999999\tdeflate\t",
        "T\t{sha}\t0\t1\t1\tbzip2\t",
        "unsinn",
        "",
    ],
)
def test_rows_of_inhalt_that_lead_out_are_refused(forged: Forge, row: str) -> None:
    forged.run.rows.append(row.format(sha=sha256(b"x")))
    forged.file("shop/spaeter.txt", b"steht hinter der boesen Zeile")
    forged.commit()
    answers = attack(forged)
    assert answers["restore"].exit == Exit.INTEGRITY
    assert answers["verify"].exit == Exit.INTEGRITY
    assert "contents" in answers["verify"].damage


def lie_about_size(forged: Forge, listed: int, stored: int) -> None:
    """A file whose list row, `inhalt` row and object have three different sizes."""
    data = b"0123456789" * 10
    forged.rows.append(
        {"art": "datei", "pfad": "shop/luege", "groesse": listed, "zeit": 1, "modus": "0644",
         "sha256": sha256(data), "lauf": forged.run.name}
    )  # fmt: skip
    forged.run.store("shop/luege", data)
    forged.run.rows[-1] = f"O\t{stored}\t{sha256(data)}\tshop/luege"


@pytest.mark.parametrize(
    ("listed", "stored"), [(99, 100), (101, 100), (0, 100), (10**15, 100), (100, 99), (100, 10**15)]
)
def test_sizes_that_lie_are_damage(forged: Forge, listed: int, stored: int) -> None:
    lie_about_size(forged, listed, stored)
    forged.commit()
    answers = attack(forged)
    if stored != 10**15:  # more announced than there is: what is there is right
        assert answers["restore"].exit == Exit.INTEGRITY
        assert restored(forged).keys() <= {"shop/preise.csv"}
    if stored != 100:
        assert answers["verify"].exit == Exit.INTEGRITY


def deflated(data: bytes) -> bytes:
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    return pack.compress(data) + pack.flush()


@pytest.mark.parametrize("claimed", [5, 50 << 20, 1 << 40, 2**63 - 1])
def test_a_deflate_bomb_stops_at_what_was_listed(forged: Forge, claimed: int) -> None:
    bomb = deflated(bytes(50 << 20))
    digest = sha256(b"das steht hier nicht")
    forged.run.store("teile/1.zip", bomb, [Part(digest, 0, len(bomb), claimed, "deflate", "m")])
    forged.rows.append(
        {"art": "datei", "pfad": "shop/bombe", "groesse": 5, "zeit": 1, "modus": "0644",
         "sha256": digest, "lauf": forged.run.name}
    )  # fmt: skip
    forged.commit()
    answers = attack(forged)
    assert answers["restore"].exit == Exit.INTEGRITY
    assert answers["verify"].exit == Exit.INTEGRITY


def test_a_content_in_a_thousand_places_is_looked_for_in_some(forged: Forge) -> None:
    digest = sha256(b"nirgends")
    forged.rows.append(
        {"art": "datei", "pfad": "shop/x", "groesse": 8, "zeit": 1, "modus": "0644",
         "sha256": digest, "lauf": forged.run.name}
    )  # fmt: skip
    forged.run.rows += [f"O\t8\t{digest}\tshop/{number}" for number in range(60_000)]
    forged.commit()
    assert attack(forged, "restore", "adopt")["restore"].exit == Exit.INTEGRITY


# -- bombs: memory stays bounded ------------------------------------------------------------------

MEMORY = 700 << 20  # of address space; an ordinary restore needs about 250 MB of it


def bombed(head: bytes, line: bytes, times: int) -> bytes:
    """A gzip of one line again and again; packed once and repeated, so that it costs nothing."""
    pack = zlib.compressobj(6, zlib.DEFLATED, -15)
    block = line * 10_000
    start = pack.compress(head) + pack.flush(zlib.Z_FULL_FLUSH)
    middle = pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)
    crc, count = zlib.crc32(head), times // 10_000
    for _ in range(count):
        crc = zlib.crc32(block, crc)
    size = (len(head) + count * len(block)) & 0xFFFFFFFF
    end = pack.flush() + struct.pack("<II", crc, size)
    return b"\x1f\x8b\x08" + bytes(7) + start + middle * count + end


SMALL = {"pfad": "shop/x", "zeit": 1, "modus": "0755"}
ROWS: dict[str, Callable[[Forge], str]] = {
    "files": lambda f: to_line(f.rows[-1] | {"pfad": "shop/x"}),
    "folders": lambda f: to_line({"art": "ordner"} | SMALL),
    "links": lambda f: to_line({"art": "verweis", "ziel": "a"} | SMALL),
    "skipped": lambda f: to_line({"art": "ausgelassen", "pfad": "shop/x", "grund": "gesperrt"}),
    "parts": a_part,
    "nothing": lambda f: "",
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_list_bomb_ends_with_a_name_and_little_memory(forged: Forge, kind: str) -> None:
    forged.commit()
    head = forged.run.header() + "\n"
    if kind == "parts":
        head += to_line({**forged.rows[-1], "teile": 9_000_000}) + "\n"
    line = ROWS[kind](forged).encode() + b"\n"
    packed = bombed(head.encode(), line, 3_000_000)
    forged.list.write_bytes(packed)
    forged.change_record(
        liste_groesse=len(packed), liste_sha256=sha256(packed), liste_entpackt=10**15
    )
    for verb in (("restore", "laden", "--into", forged.into), ("adopt", forged.copy), ("verify",)):
        home = forged.base / ("home-neu" if verb[0] == "adopt" else "home")
        done = cli.run(
            "--json", *verb, home=home, check=False, wrapper=("prlimit", f"--as={MEMORY}")
        )
        assert done.rc in (Exit.INTEGRITY, Exit.OK), (verb, done)
        if verb[0] == "restore":
            assert done.lines[-1]["code"] == HOSTILE


def test_an_inhalt_bomb_ends_with_a_name_and_little_memory(forged: Forge) -> None:
    forged.commit()
    head = f"#inhalt\t1\t{forged.run.name}\nO\t100\t{'0' * 64}\tshop/x\n"
    line = f"T\t{'0' * 64}\t0\t1\t1\troh\t\n".encode()
    packed = bombed(head.encode(), line, 3_000_000)
    forged.inhalt.write_bytes(packed)
    ref = {"lauf": forged.run.name, "groesse": len(packed), "sha256": sha256(packed), "zeilen": 1}
    forged.change_record(inhalte=[ref])
    for verb in (("restore", "laden", "--into", forged.into), ("adopt", forged.copy), ("verify",)):
        home = forged.base / ("home-neu" if verb[0] == "adopt" else "home")
        done = cli.run(
            "--json", *verb, home=home, check=False, wrapper=("prlimit", f"--as={MEMORY}")
        )
        assert done.rc in (Exit.INTEGRITY, Exit.OK), (verb, done)


# -- plan and proofs that travel ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"",
        b"version = 99",
        b"a = " + b"[" * 100_000,
        b"[[destinations]]\nid = 1",
        b"destinations = 7",
        b'[[destinations]]\nid = "platte"\nlocation = 5',
        b'[[destinations]]\nid = "platte"\n[destinations.location]\nkind = 7\npath = []',
        b"\0" * 1000,
        b"x" * 3_000_000,
    ],
)
def test_a_hostile_plan_is_only_a_bad_plan(tmp_path: Path, text: bytes) -> None:
    forged = forge(tmp_path)
    forged.rows = [entry for entry in forged.rows if "plan.toml" not in str(entry)]
    forged.file("ladentresor/plan.toml", text)
    forged.commit()
    answers = attack(forged, "adopt", "status")
    assert answers["adopt"].exit == 0
    assert answers["status"].exit in (Exit.PLAN_INVALID, Exit.OK)


MOMENT = "2026-11-20T03:00:00Z"
RUN_LINE = {"art": "lauf", "system": "laden", "ziel": "platte", "lauf": "x", "beginn": MOMENT}
RUN_LINE |= {"ende": MOMENT, "ergebnis": "COMMITTED", "code": ""}
RUN_NUMBERS = {"dateien": 1, "bytes": 1, "neu_bytes": 1, "ausgelassen": 0}


def run_line(**changes: object) -> str:
    return json.dumps(RUN_LINE | RUN_NUMBERS | changes)


@pytest.mark.parametrize(
    "line",
    [
        run_line(beginn="gestern"),
        run_line(beginn="9999-12-31T23:59:59Z"),
        run_line(beginn="0001-01-01T00:00:00Z"),
        run_line(dateien=2**70),
        run_line(dateien=-1),
        run_line(ergebnis="\x1b[2J", code="\x1b[2J"),
        '{"a":' * 100_000,
        "[" * 500_000,
        PROOFS.decode().replace(MOMENT, "morgen"),
        "\udcff",
    ],
)
def test_hostile_proofs_do_not_break_what_comes_after(tmp_path: Path, line: str) -> None:
    forged = forge(tmp_path)
    forged.rows = [entry for entry in forged.rows if "nachweise" not in str(entry)]
    forged.file("ladentresor/nachweise.jsonl", os.fsencode(line) + b"\n")
    forged.commit()
    answers = attack(forged, "adopt", "status", "snapshots")
    assert [answer.exit for answer in answers.values()] == [0, 0, 0]


# -- through the real command line ----------------------------------------------------------------


def test_the_real_program_refuses_too(forged: Forge) -> None:
    forged.file("../draußen/geheim.txt", b"ueberschrieben")
    forged.commit()
    for words in (("restore", "laden", "--into", forged.into), ("browse", "laden"), ("verify",)):
        done = cli.run(*words, home=forged.base / "home", check=False)
        assert done.rc == Exit.INTEGRITY
        assert "Traceback" not in done.stderr
    assert (forged.outside / "geheim.txt").read_bytes() == SECRET
    assert not (forged.base / "x").exists()


def test_a_foreign_copy_is_never_written_to(forged: Forge) -> None:
    forged.commit()
    shop = forged.base / "pc" / "shop"
    shop.mkdir(parents=True)
    (shop / "a").write_bytes(b"a")
    done = cli.run("--json", "backup", home=forged.base / "home", check=False)
    assert done.rc == Exit.DESTINATION_REFUSED
    assert [line["code"] for line in done.lines if line["event"] == "error"] == [
        Code.DESTINATION_WRITER
    ]
    assert VAULT in (forged.copy / "tresor.json").read_text()
