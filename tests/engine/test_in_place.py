"""`restore --in-place`: what is missing comes back, nothing of the shop is lost by it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.copies.bringing_back import in_place
from core.copies.bringing_back.in_place import Fate, put_in_place
from core.copies.bringing_back.wishes import Report
from core.errors import Code, Exit, KnownError
from core.plan.write import Starter, example_plan
from tests.support.cli import run

OLD = 1_700_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A home with one plain copy of `laden`, made when all was well."""
    source = tmp_path / "laden"
    (source / "Büro" / "tief").mkdir(parents=True)
    for name in ("fehlt.csv", "gleich.csv", "neuer.csv", "älter *.csv", "tief/auch.csv"):
        (source / "Büro" / name).write_text(f"damals {name}", "utf-8")
        os.utime(source / "Büro" / name, (OLD, OLD))
    (source / "Büro" / "fehlt.csv").chmod(0o640)
    (tmp_path / "platte").mkdir()
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    plan = example_plan([source], [Starter(path=tmp_path / "platte", name="Platte")])
    (config / "plan.toml").write_text(plan, "utf-8")
    run("backup", "--no-sample", home=tmp_path / "home")
    return tmp_path


def back(shop: Path, into: str, *more: str, rc: int = 0) -> dict[str, Any]:
    """The event of a restore to the old place."""
    done = run(
        "--json", "restore", "laden-pc", "--into", shop / into, "--in-place", *more,
        home=shop / "home", check=False,
    )  # fmt: skip
    assert done.rc == rc, done
    return next(line for line in done.lines if line.get("event") == "in_place")


def test_only_what_is_missing_is_put_there(shop: Path) -> None:
    office = shop / "laden" / "Büro"
    (office / "fehlt.csv").unlink()
    (office / "tief" / "auch.csv").unlink()
    (office / "tief").rmdir()
    (office / "neuer.csv").write_text("heute", "utf-8")
    (office / "älter *.csv").write_text("davor", "utf-8")
    os.utime(office / "älter *.csv", (OLD - 60, OLD - 60))

    told = back(shop, "zurueck", rc=Exit.PARTLY)
    assert (told["placed"], told["same"], told["replaced"], told["refused"]) == (2, 1, [], [])
    assert [(one["path"], one["why"]) for one in told["open"]] == [
        ("laden/Büro/neuer.csv", "newer"),
        ("laden/Büro/älter *.csv", "older"),
    ]
    assert told["aside"] is None
    fetched = office / "fehlt.csv"
    assert fetched.read_text("utf-8") == "damals fehlt.csv"
    assert (fetched.stat().st_mtime, fetched.stat().st_mode & 0o777) == (OLD, 0o640)
    assert (office / "tief" / "auch.csv").read_text("utf-8") == "damals tief/auch.csv"
    assert (office / "neuer.csv").read_text("utf-8") == "heute"
    assert (office / "älter *.csv").read_text("utf-8") == "davor"
    assert not [one for one in office.rglob("*") if one.name.startswith(".ladentresor")]

    # one of them by name, as `raw` says it: what stood there is kept
    raw = told["open"][1]["raw"]
    told = back(shop, "zurueck-2", "--path", raw, "--replace", raw)
    assert [one["path"] for one in told["replaced"]] == ["laden/Büro/älter *.csv"]
    assert (office / "älter *.csv").read_text("utf-8") == "damals älter *.csv"
    kept = Path(told["aside"]) / "laden" / "Büro" / "älter *.csv"
    assert kept.read_text("utf-8") == "davor"
    assert (office / "neuer.csv").read_text("utf-8") == "heute"


def test_a_folder_that_is_no_source_any_more_gets_nothing(shop: Path) -> None:
    plan = shop / "home" / "config" / "plan.toml"
    (shop / "anders").mkdir()
    plan.write_text(
        plan.read_text("utf-8").replace(str(shop / "laden"), str(shop / "anders")), "utf-8"
    )
    (shop / "laden" / "Büro" / "fehlt.csv").unlink()
    told = back(shop, "zurueck", "--path", "fehlt.csv", rc=Exit.PARTLY)
    assert [one["cause"] for one in told["refused"]] == ["no_place"]
    assert not (shop / "laden" / "Büro" / "fehlt.csv").exists()


def put(tmp_path: Path, *replace: str) -> dict[str, tuple[Fate, str]]:
    placings = put_in_place(
        tmp_path / "her", {b"laden": os.fsencode(tmp_path / "laden")}, Report(), replace,
        tmp_path / "ersetzt", lambda: False,
    )  # fmt: skip
    return {one.path: (one.fate, one.cause) for one in placings}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Two restored files below `her`, an empty source folder."""
    (tmp_path / "her" / "laden" / "a").mkdir(parents=True)
    (tmp_path / "her" / "laden" / "a" / "x").write_bytes(b"her")
    (tmp_path / "laden").mkdir()
    (tmp_path / "draussen").mkdir()
    return tmp_path


def test_nothing_is_written_through_a_link(room: Path) -> None:
    (room / "laden" / "a").symlink_to(room / "draussen")
    assert put(room, "laden/a/x") == {"laden/a/x": (Fate.REFUSED, "link")}
    assert list((room / "draussen").iterdir()) == []


def test_what_is_no_file_stays(room: Path) -> None:
    (room / "laden" / "a").mkdir()
    (room / "draussen" / "x").write_bytes(b"meins")
    (room / "laden" / "a" / "x").symlink_to(room / "draussen" / "x")
    assert put(room, "laden/a/x") == {"laden/a/x": (Fate.REFUSED, "no_file")}
    assert (room / "draussen" / "x").read_bytes() == b"meins"
    (room / "laden" / "a" / "x").unlink()
    (room / "laden" / "a" / "x").mkdir()
    assert put(room, "laden/a/x") == {"laden/a/x": (Fate.REFUSED, "no_file")}


def test_a_source_that_is_not_there_is_not_made(room: Path) -> None:
    (room / "laden").rmdir()  # an unmounted disk
    assert put(room) == {"laden/a/x": (Fate.REFUSED, "link")}
    assert not (room / "laden").exists()


def test_what_appears_or_changes_meanwhile_wins(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = room / "laden" / "a" / "x"
    plain = in_place._copy_new

    def late(source: bytes, to: bytes) -> None:
        plain(source, to)
        target.write_bytes(b"gerade erst geschrieben")

    monkeypatch.setattr(in_place, "_copy_new", late)
    assert put(room) == {"laden/a/x": (Fate.REFUSED, "changed")}
    assert target.read_bytes() == b"gerade erst geschrieben"
    target.write_bytes(b"vorher")
    assert put(room, "laden/a/x") == {"laden/a/x": (Fate.REFUSED, "changed")}
    assert target.read_bytes() == b"gerade erst geschrieben"
    assert [one.name for one in target.parent.iterdir()] == ["x"]


def test_a_full_disk_leaves_nothing_half(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(stream: object, out: Any, block: int) -> None:
        out.write(b"h")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert put(room) == {"laden/a/x": (Fate.REFUSED, "No space left on device")}
    assert list((room / "laden" / "a").iterdir()) == []


def test_cancelled_between_two_files(room: Path) -> None:
    with pytest.raises(KnownError) as caught:
        put_in_place(
            room / "her", {b"laden": os.fsencode(room / "laden")}, Report(), (), room / "e",
            lambda: True,
        )  # fmt: skip
    assert caught.value.code is Code.CANCELLED
    assert list((room / "laden").iterdir()) == []
