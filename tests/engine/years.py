"""Two years of a shop in minutes: a clock that is turned, the real engine, three copies.

A disk that is always there (tree, four runs a day), a NAS (bundled, one a day) and an encrypted
disk that lies in a drawer and is plugged in every other Friday. Each run does what the command
line does: back up what is due, read a little of it back; a clean-up of each copy on Sundays, a
verification once a month. What each state has to be is known from the source itself; what a copy
needs at least is worked out from that, not from anything the engine says.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from core.agent.due import is_due
from core.copies import jobs
from core.copies.desk import Desk
from core.copies.events import Silence
from core.copies.format.cutting import average_for, cut
from core.copies.jobs import Request
from core.copies.letting_go import pruning
from core.copies.opening.guards import CopyName
from core.copies.opening.reach import Reach, where_of
from core.copies.reading_back import read_sample, verify_copy
from core.errors import Code
from core.paths import Home, find_home
from core.plan.model import Copy, Plan
from core.plan.read import read_plan
from core.secrets.recovery import Pair, new_pair
from tests.engine.killstage import states_at
from tests.support import keys
from tests.support.fixed_clock import FixedClock
from tests.support.snapshots import Snapshot, snapshot

# A Monday; all of it lies in the past, since files from the future are read in every run.
BEGIN = datetime(2024, 1, 1, 8, 0, tzinfo=UTC)
HOURS = (8, 11, 14, 17)
IMAGES = 600
DUMP = "Sicherung/kasse.sql.gz"
IDS = ("platte", "nas", "tresor")
_SHA = re.compile(rb'"sha256":"([0-9a-f]{64})')
_PLAN = """version = 1
[[systems]]
id = "laden"
name = "Laden-PC"
[[systems.sources]]
kind = "folders"
paths = ["{root}/shop"]
"""
_PLACE = """
[[destinations]]
id = "{id}"
name = "Ziel {id}"
layout = "{layout}"
encrypted = {encrypted}
offline = {offline}
[destinations.location]
kind = "local"
path = "{root}/{id}"
[[copies]]
system = "laden"
destination = "{id}"
every = "{every}"
"""


class Measure(NamedTuple):
    """A copy right after a clean-up.

    needed: bytes of all contents that some state there has to be able to bring back, each once;
    contents: how many these are. stored, files: what lies there; objects: those of them that hold
    contents. known: contents that its `inhalt` files name. useless: objects of which no list that
    is there names anything; wasteful: bundles of which less than half is named. own: bytes of plan
    and proofs, as far as they lie open. rows: of the tables of its index.
    """

    copy: str
    states: int
    lists: int
    needed: int
    contents: int
    stored: int
    files: int
    objects: int
    folders: int
    known: int
    useless: tuple[str, ...]
    wasteful: tuple[str, ...]
    own: int
    index_bytes: int
    rows: dict[str, int]


class Half(NamedTuple):
    """Some time. cpu_run, cpu_clean_up: CPU seconds of one at the first copy, the median."""

    day: int
    runs: int
    cpu_run: float
    cpu_clean_up: float
    home_bytes: int
    source_files: int
    source_bytes: int
    copies: tuple[Measure, ...]


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]


@dataclass(slots=True)
class Years:
    """The shop and its three copies."""

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(BEGIN))
    pair: Pair = field(default_factory=new_pair)
    random: Random = field(default_factory=lambda: Random("zwei Jahre"))
    home: Home = field(init=False)
    plan: Plan = field(init=False)
    text: str = field(init=False)
    expected: dict[str, Snapshot] = field(default_factory=dict)
    """By run, what the source was."""
    runs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(IDS, 0))
    unchanged: int = 0
    refused: int = 0
    dropped: int = 0
    cpu_runs: list[float] = field(default_factory=list)
    cpu_clean_ups: list[float] = field(default_factory=list)
    _now: Snapshot | None = None
    _parts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = (("tree", False, False, "3h"), ("bundled", False, False, "1d"),
                  ("bundled", True, True, "14d"))  # fmt: skip
        self.text = _PLAN.format(root=self.root)
        for id, (layout, encrypted, offline, every) in zip(IDS, places, strict=True):
            self.text += _PLACE.format(
                id=id, root=self.root, layout=layout, every=every,
                encrypted=str(encrypted).lower(), offline=str(offline).lower(),
            )  # fmt: skip
            (self.root / id).mkdir()
        self.plan = read_plan(self.text, source="plan")
        self.home = find_home(str(self.root / "home"))
        self._open_shop()

    @property
    def source(self) -> Path:
        return self.root / "shop"

    @property
    def all_runs(self) -> int:
        return sum(self.runs.values())

    # -- the life of the shop ----------------------------------------------------------------------

    def _put(self, name: str, data: bytes) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        moment = int(self.clock.now().timestamp())
        os.utime(path, (moment, moment))
        self._now = None

    def _open_shop(self) -> None:
        """What stood there before the first copy; the dump is one file in parts."""
        for number in range(IMAGES):
            self._put(f"Bilder/{number % 8}/artikel-{number:04}.jpg", self._bytes(2_500))
        for number in range(30):
            self._put(f"Programm/teil-{number:03}.dll", self._bytes(2_000))
        self._put(DUMP, self._bytes(2_600_000))
        self._put("Post/eingang.mbox", self._bytes(300_000))
        for number in range(40):
            self._put(f"Stammdaten/liste-{number:02}.csv", self._bytes(1_500))

    def _bytes(self, size: int) -> bytes:
        return self.random.randbytes(self.random.randint(size // 2, size + size // 2))

    def _morning(self, day: int) -> None:
        """Once a day: papers come, old ones go to the archive, the dump changes in its middle."""
        if day % 7 == 6:
            return  # Sunday
        for number in range(2):
            self._put(f"Rechnungen/{day // 30:02}/RE-{day:04}-{number}.pdf", self._bytes(9_000))
        old = day - 180
        for number in range(2):
            (self.source / f"Rechnungen/{old // 30:02}/RE-{old:04}-{number}.pdf").unlink(
                missing_ok=True
            )
        with contextlib.suppress(OSError):
            (self.source / f"Rechnungen/{old // 30:02}").rmdir()
        dump = bytearray((self.source / DUMP).read_bytes())
        at = self.random.randrange(len(dump) - 40_000)
        dump[at : at + 30_000] = self.random.randbytes(30_000 + self.random.randint(-50, 50))
        self._put(DUMP, bytes(dump))
        mails = self.source / "Post/eingang.mbox"
        if day % 120 == 119:  # somebody tidies up
            self._put("Post/eingang.mbox", mails.read_bytes()[-300_000:])
        self._put("Post/eingang.mbox", mails.read_bytes() + self._bytes(3_000))
        if day % 7 == 2:
            images = sorted(path for path in (self.source / "Bilder").glob("*/*"))
            image = images[day % len(images)]
            image.rename(image.with_name(f"neu-{day}-{image.name[-8:]}"))
            self._now = None
        if day % 30 == 15:
            for number in range(30):
                self._put(f"Programm/teil-{number:03}.dll", self._bytes(2_000))
        if day % 91 == 50:  # a folder under another name
            folders = sorted((self.source / "Bilder").iterdir())
            folders[0].rename(folders[0].with_name(f"{day % 10}-{folders[0].name[-1]}"))
            self._now = None

    def _hour(self, hour: int) -> None:
        """In the course of the day: prices, now and then set back; at night nothing."""
        if hour in (11, 14):
            number = self.random.randrange(40)
            self._put(f"Stammdaten/liste-{number:02}.csv", self._bytes(1_500))
        elif hour == 17 and self.random.random() < 0.3:
            self._put("Stammdaten/preise.csv", b"10 Euro\n" * self.random.randint(1, 3))

    def live(self, days: range) -> None:
        for day in days:
            self._plug(day)
            for hour in HOURS:
                self.clock.set_to(BEGIN.replace(hour=hour) + timedelta(days=day))
                if hour == HOURS[0]:
                    self._morning(day)
                self._hour(hour)
                self._back_up()
            if day % 7 == 6:
                self._clean_up()
            if day % 30 == 29:
                self._verify()

    def _plug(self, day: int) -> None:
        """The encrypted disk is there every other Friday, and on the day the copies begin."""
        drawer, disk = self.root / "schublade", self.root / "tresor"
        is_there = day == 0 or day % 14 == 4
        if is_there and drawer.exists():
            drawer.rename(disk)
        elif not is_there and disk.exists():
            disk.rename(drawer)

    def plug_all(self) -> None:
        self._plug(0)

    def folder(self, id: str) -> Path:
        """The folder of a copy, wherever its disk is."""
        place = self.root / id
        return (place if place.exists() else self.root / "schublade") / "laden"

    # -- what the program does ---------------------------------------------------------------------

    @contextlib.contextmanager
    def desk(self) -> Iterator[Desk]:
        reach = Reach(self.home, lambda _: self.pair, lambda: False)
        try:
            with jobs.open_desk(self.home, self.clock, Silence(), lambda: False, reach) as desk:
                yield desk
        finally:
            reach.close()

    def source_now(self) -> Snapshot:
        if self._now is None:
            self._now = snapshot(self.source, with_root=True)
            with (self.source / DUMP).open("rb") as file:
                found = [(p.sha256.hex(), len(p.data)) for p in cut(file, average_for(1))]
            whole = self._now[DUMP.encode()].sha256
            assert whole is not None
            self._parts[whole] = found
        return self._now

    def _due(self, desk: Desk) -> tuple[Copy, ...]:
        now = self.clock.now()
        return tuple(
            copy
            for copy in self.plan.copies
            if is_due(self.plan, copy, jobs.last_success(desk.store, copy), now)
        )

    def _back_up(self) -> None:
        began = time.process_time()
        with self.desk() as desk:
            results = jobs.back_up_all(
                desk, self.plan, self.text.encode(), Request(only=self._due(desk))
            )
            ended = time.process_time()
            for result in results:
                if result.error is not None:
                    assert result.error.code is Code.DESTINATION_MISSING, result.error
                    assert result.destination == "tresor"
                    self.refused += 1
                    continue
                assert result.written is not None
                assert result.written.record.complete
                self.runs[result.destination] += 1
                self.unchanged += result.written.unchanged
                self.expected[result.run] = self.source_now()
                copy = next(c for c in self.plan.copies if c.destination == result.destination)
                verdict = read_sample(desk, self.plan, copy)
                assert verdict is None or verdict.is_sound, verdict.damage
        if [r.destination for r in results if r.written is not None] == ["platte"]:
            self.cpu_runs.append(ended - began)

    def _clean_up(self) -> None:
        with self.desk() as desk:
            for copy in self.plan.copies:
                if (self.root / copy.destination).exists() or copy.destination != "tresor":
                    self._clean_up_one(desk, copy.destination)

    def _clean_up_one(self, desk: Desk, id: str) -> None:
        copy = next(c for c in self.plan.copies if c.destination == id)
        where = where_of(self.plan.destination(id))
        began = time.process_time()
        done = pruning.prune(
            desk, CopyName("laden", "Laden-PC", id, where.layout), where, copy.keep
        )
        if id == "platte":
            self.cpu_clean_ups.append(time.process_time() - began)
        assert not done.left, done.left
        self.dropped += len(done.dropped)

    def _verify(self) -> None:
        with self.desk() as desk:
            for copy in self.plan.copies:
                if (self.root / copy.destination).exists():
                    verdict = verify_copy(desk, self.plan, copy, "due")
                    assert verdict.is_sound, verdict.damage

    # -- what came of it ---------------------------------------------------------------------------

    def half(self, day: int) -> Half:
        """Clean up every copy and measure; the figures of runs are those since the last time."""
        self.plug_all()
        with self.desk() as desk:
            for id in IDS:
                self._clean_up_one(desk, id)
        copies = tuple(self._measure(id) for id in IDS)
        now = [entry for entry in self.source_now().values() if entry.kind == "file"]
        said = Half(
            day, self.all_runs, _median(self.cpu_runs), _median(self.cpu_clean_ups),
            self.home.database.stat().st_size, len(now),
            sum(entry.size or 0 for entry in now), copies,
        )  # fmt: skip
        self.cpu_runs.clear()
        self.cpu_clean_ups.clear()
        return said

    def opened(self, id: str) -> Path:
        """A copy as anybody can read it; to be thrown away when it is not the copy itself."""
        if id != "tresor":
            return self.folder(id)
        into = self.root / "offen"
        shutil.rmtree(into, ignore_errors=True)
        keys.open_by_hand(self.folder(id), self.pair, into)
        return into

    def _measure(self, id: str) -> Measure:
        folder = self.opened(id)
        states = states_at(folder)
        contents = {
            sha: size
            for run in states
            for entry in self.expected[run].values()
            if entry.kind == "file" and entry.size and entry.sha256
            for sha, size in self._parts.get(entry.sha256, [(entry.sha256, entry.size)])
        }
        lists = {r["liste"] for r in states.values()}
        lists |= {r["gegen"]["name"] for r in states.values() if "gegen" in r}
        named = {
            sha.decode()
            for name in lists
            for sha in _SHA.findall(gzip.decompress((folder / "staende" / name).read_bytes()))
        }
        known: set[str] = set()
        useless, wasteful, objects = [], [], 0
        for run in sorted(path.name for path in (folder / "daten").iterdir()):
            for path, size, live, shas in objects_in(folder, run, named):
                objects += 1
                known |= shas
                if not named & shas:
                    useless.append(f"{run}/{path}")
                elif path.endswith(".zip") and size > 1 << 16 and live * 2 < size:
                    wasteful.append(f"{run}/{path}")
        lying = [path for path in folder.rglob("*") if path.is_file()]
        index_bytes, rows = look_into(self.home.state / "kopien" / f"laden@{id}.db")
        return Measure(
            id, len(states), len(lists), sum(contents.values()), len(contents),
            sum(path.stat().st_size for path in lying), len(lying), objects,
            len(list((folder / "daten").iterdir())), len(known), tuple(useless), tuple(wasteful),
            sum(p.stat().st_size for p in lying if p.parent.name == "ladentresor"),
            index_bytes, rows,
        )  # fmt: skip


def objects_in(folder: Path, run: str, named: set[str]) -> Iterator[tuple[str, int, int, set[str]]]:
    """The objects in a run's folder: path, size, bytes of it that `named` has, its contents."""
    path, size, live = "", 0, 0
    shas: set[str] = set()
    text = gzip.decompress((folder / "daten" / run / "inhalt.tsv.gz").read_bytes()).decode()
    for line in text.splitlines()[1:]:
        fields = line.split("\t")
        if fields[0] == "O":
            if path:
                yield path, size, live, shas
            path, size, shas = fields[3], int(fields[1]), {fields[2]}
            live = size if fields[2] in named else 0
        else:
            shas.add(fields[1])
            live += int(fields[3]) if fields[1] in named else 0
    if path:
        yield path, size, live, shas


def look_into(index: Path) -> tuple[int, dict[str, int]]:
    """The bytes in use of a database, and the rows of its tables."""
    with contextlib.closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as base:
        named = base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        rows = {
            table: base.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in [row[0] for row in named]
        }
        pages, free, size = (
            base.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size, rows
