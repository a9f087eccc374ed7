"""Owners, attributes and places on their way into a list and out of a hostile one."""

from __future__ import annotations

import base64
import json
import os
import pwd
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from core.copies.bringing_back.places import Places
from core.copies.bringing_back.writing_back import give_back_facts
from core.copies.events import Silence
from core.copies.format.contents import Part, StoredObject
from core.copies.format.copy_folder import CopyFolder, State
from core.copies.format.documents import ContentsRef
from core.copies.format.rows import FileRow, encode_rows
from core.copies.hands import owners
from core.copies.hands.source_file import read_xattrs
from core.copies.proofs import take_in, travelling
from core.destinations.local import LocalFolder, open_plain
from core.store.home import HomeStore, Proof
from tests.support.fixed_clock import NOON, FixedClock
from tests.unit.copies.test_documents import RECORD

RUN = "000001-20261121T030000Z-k7f3"
NAMES = [b"user.einfach", "user.ä".encode(), b"user.\xff", b'user."', b"user.\n", b"user.%41"]


# -- extended attributes --------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.touch()
    try:
        os.setxattr(path, b"user.probe", b"")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    os.removexattr(path, b"user.probe")
    return path


def test_attributes_of_any_name_come_back(file: Path, tmp_path: Path) -> None:
    """Names are bytes; in a list they are percent text like every other name."""
    for number, name in enumerate(NAMES):
        os.setxattr(file, name, bytes([number, 255]))
    kept = read_xattrs(os.fsencode(file))
    row = FileRow(path="a", size=0, mtime_ns=0, mode="0644", sha256="0" * 64, run=RUN, xattrs=kept)
    assert b"\\" not in encode_rows([row])
    again = tmp_path / "b"
    again.touch()
    found = json.loads(encode_rows([row]))["xattr"]
    give_back_facts(os.fsencode(again), mode=0o644, owner=None, xattrs=found, mtime_ns=0)
    assert {os.fsencode(name) for name in os.listxattr(again)} == set(NAMES)
    assert os.getxattr(again, b"user.\xff") == bytes([2, 255])


@pytest.mark.parametrize(
    "name", ["security.capability", "trusted.x", "system.nfs4_acl", "user.%", "user.%00", "x", ""]
)
def test_no_other_attributes_are_set(file: Path, name: str) -> None:
    value = base64.b64encode(b"x").decode()
    lost = give_back_facts(
        os.fsencode(file), mode=0o644, owner=None, xattrs={name: value}, mtime_ns=0
    )
    assert lost == ("xattr",)
    assert os.listxattr(file) == []


@pytest.mark.parametrize("value", ["!", "Zg", "Zm9v\n", "\udcff", "ä"])
def test_a_value_that_is_no_base64_is_not_set(file: Path, value: str) -> None:
    lost = give_back_facts(
        os.fsencode(file), mode=0o644, owner=None, xattrs={"user.x": value}, mtime_ns=0
    )
    assert lost == ("xattr",)


@pytest.mark.parametrize("mtime", [2**63 - 1, -(2**63), 2**80])
def test_a_time_no_disk_can_hold_is_lost_and_said(file: Path, mtime: int) -> None:
    lost = give_back_facts(os.fsencode(file), mode=0o644, owner=None, xattrs=None, mtime_ns=mtime)
    assert set(lost) <= {"mtime"}


# -- owners ---------------------------------------------------------------------------------------


def test_people_of_this_pc_have_names_and_numbers() -> None:
    assert owners.user_name(0) == pwd.getpwuid(0).pw_name
    assert owners.user_number(owners.user_name(0)) == 0
    assert owners.group_number(owners.group_name(0)) == 0


def test_others_are_numbers() -> None:
    assert owners.user_name(3_999_999_999) == "3999999999"
    assert owners.user_number("3999999999") == 3_999_999_999


@pytest.mark.parametrize(
    "name",
    ["", "gibt-es-nicht", "%", "%00", "a%00b", "-1", "4294967295", "4294967296", "9" * 5000, "1.5"],
)
def test_nobody_of_that_name_is_none(name: str) -> None:
    """The highest number of all would mean "leave the owner": a set-uid bit would stay."""
    assert owners.user_number(name) is None
    assert owners.group_number(name) is None


def test_names_of_a_domain_are_percent_text(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("LADEN\\anna", "x", 4711, 4711, "", "/", "/bin/sh"))
    asked: list[str] = []

    def by_name(name: str) -> pwd.struct_passwd:
        asked.append(name)
        return entry

    monkeypatch.setattr(pwd, "getpwuid", lambda uid: entry)
    monkeypatch.setattr(pwd, "getpwnam", by_name)
    owners.user_name.cache_clear()
    assert owners.user_name(4711) == "LADEN%5Canna"
    owners.user_name.cache_clear()
    assert owners.user_number("LADEN%5Canna") == 4711
    assert asked == ["LADEN\\anna"]


# -- what stands where a file should --------------------------------------------------------------


def test_only_ordinary_files_are_opened(tmp_path: Path) -> None:
    plain = tmp_path / "a"
    plain.write_bytes(b"x")
    (tmp_path / "link").symlink_to(plain)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    os.close(open_plain(str(plain)))
    for name in ("link", "loop", "folder", "pipe", "weg"):
        with pytest.raises(FileNotFoundError):
            open_plain(str(tmp_path / name))
    with pytest.raises(FileNotFoundError):
        open_plain("/dev/zero")


# -- places ---------------------------------------------------------------------------------------


class _Copy(CopyFolder):
    """A copy whose `inhalt` is whatever a test says."""

    def __init__(self, place: Path, objects: list[StoredObject]) -> None:
        super().__init__(LocalFolder("platte", place, "laden"))
        self._objects = objects

    def contents(
        self, ref: ContentsRef, *, wanted: Collection[bytes] | None = None
    ) -> Iterator[StoredObject]:
        yield from self._objects


def test_places_are_found_in_objects_and_in_parts(tmp_path: Path) -> None:
    whole, inner = b"\x01" * 32, b"\x02" * 32
    stored = StoredObject("shop/a", 9, whole, (Part(inner, 2, 3, 8, "deflate", "m"),))
    places = Places(_Copy(tmp_path, [stored]), [State(RECORD, "")])
    places.find({whole, inner, b"\x03" * 32}, set())
    path = f"daten/{RECORD.contents[0].run}/shop/a"
    assert [tuple(source) for source in places.of(whole)] == [(path, 0, 9, 9, "roh")]
    assert [tuple(source) for source in places.of(inner)] == [(path, 2, 3, 8, "deflate")]
    assert places.of(b"\x03" * 32) == ()


def test_a_content_in_a_million_places_costs_little(tmp_path: Path) -> None:
    sha = b"\x01" * 32
    objects = [StoredObject(f"shop/{number}", 9, sha) for number in range(200_000)]
    places = Places(_Copy(tmp_path, objects), [State(RECORD, "")])
    places.find({sha}, set())
    assert 1 <= len(places.of(sha)) <= 100


# -- proofs that travel ---------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HomeStore]:
    opened = HomeStore(tmp_path / "x.db", FixedClock())
    yield opened
    opened.close()


def test_runs_and_proofs_travel_to_another_home(store: HomeStore, tmp_path: Path) -> None:
    store.end_run(store.begin_run("laden", "platte", RUN), "COMMITTED", files=3, size=2**40)
    store.begin_run("laden", "platte", "laeuft-noch")
    store.add_proof(
        Proof("a", "2026-11-20T03:00:00Z", "laden", "platte", "verified", "sound", "", "full")
    )
    lines = travelling(store, NOON).split(b"\n")
    other = HomeStore(tmp_path / "y.db", FixedClock())
    assert take_in(other, lines, Silence()) == 2
    assert take_in(other, lines, Silence()) == 2  # again: nothing doubles
    assert other.proofs() == store.proofs()
    assert other.runs() == store.runs()[:1]
    other.close()


def test_lines_that_never_come_from_us_are_left_out(store: HomeStore) -> None:
    store.end_run(store.begin_run("laden", "platte", RUN), "COMMITTED")
    good = json.loads(travelling(store, NOON).split(b"\n")[0])
    bad: list[bytes] = [b"\xff", b"{", b"[" * 200_000, b"{}", b'{"art":"x"}']
    for change in (
        {"beginn": "gestern"},
        {"ende": "2026-13-01T00:00:00Z"},
        {"dateien": -1},
        {"bytes": 2**63},
        {"dateien": "3"},
        {"lauf": None},
    ):
        bad.append(json.dumps(good | change | {"lauf": good["lauf"] + "x"} | change).encode())
    before = store.runs()
    assert take_in(store, bad, Silence()) == 0
    assert store.runs() == before
