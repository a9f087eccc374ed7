"""A shop, its home and its copies, for runs that are interrupted, and what must hold after that.

What is committed is judged without our program: records by their own digest (`states_at`), states
by the copy's own shell script. What was acknowledged is read from the journals in the home, which
only our program knows; the judgement on it (was it stored twice?) is made from the bytes of the
objects at the destination.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.copies.memory.journal import Finished, Stored, read_journal
from core.errors import Exit
from core.plan.toml_text import quoted
from core.secrets.recovery import Pair
from tests.engine import handreader
from tests.engine.killdriver import Driver, Outcome
from tests.engine.stage import Layout
from tests.support import keys
from tests.support.snapshots import Snapshot, compare, snapshot

SYSTEM = "laden"
_EMPTY = hashlib.sha256(b"").hexdigest()


@contextmanager
def quick_folder(name: str) -> Iterator[Path]:
    """A new folder in memory where there is one: a kill leaves there what it leaves on a disk,
    since the system's cache outlives us. (The disk's own part in it is test_powercut's.)
    """
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=f"ladentresor-{name}-", dir=parent) as folder:
        yield Path(folder)


# ------------------------------------------------------------------ a copy, seen from outside


def states_at(copy: Path) -> dict[str, dict[str, Any]]:
    """The valid records of a copy (format §4), by run."""
    found = {}
    for path in sorted((copy / "staende").glob("*.json")):
        lines = path.read_bytes().split(b"\n")
        if len(lines) != 3 or hashlib.sha256(lines[0]).hexdigest().encode() != lines[1]:
            continue
        record = json.loads(lines[0])
        if record["lauf"] == path.stem:
            found[path.stem] = record
    return found


def assert_sound_so_far(copy: Path, states: Iterable[str]) -> None:
    """These states are still there."""
    missing = set(states) - states_at(copy).keys()
    assert not missing, f"lost: {missing}"


def runs_at(copy: Path) -> set[str]:
    """The run folders of a copy, interrupted runs included."""
    data = copy / "daten"
    return {path.name for path in data.iterdir()} if data.is_dir() else set()


def objects_of(copy: Path, run: str) -> dict[str, str]:
    """The objects in a run's folder: path → sha256 of what lies there."""
    root = copy / "daten" / run
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path != root / "inhalt.tsv.gz"
    }


def stored_contents(copy: Path) -> set[str]:
    """The sha256 of every content that a valid record names."""
    found = set()
    for record in states_at(copy).values():
        for ref in record["inhalte"]:
            data = (copy / "daten" / ref["lauf"] / "inhalt.tsv.gz").read_bytes()
            assert hashlib.sha256(data).hexdigest() == ref["sha256"], ref["lauf"]
            found |= set(contents_of(copy, ref["lauf"]))
    return found


def contents_of(copy: Path, run: str) -> dict[str, str]:
    """What the `inhalt` of a run names, whole objects and contents in them: sha256 → where."""
    path = copy / "daten" / run / "inhalt.tsv.gz"
    found: dict[str, str] = {}
    if not path.exists():
        return found
    inside = ""
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        fields = line.split("\t")
        if fields[0] == "O":
            inside = fields[3]
            found[fields[2]] = inside
        elif fields[0] == "T":
            found[fields[1]] = inside
    return found


def _sockets(folder: str, names: list[str]) -> list[str]:
    """What cannot be put aside: where a killed rclone listened."""
    return [name for name in names if stat.S_ISSOCK(os.lstat(f"{folder}/{name}").st_mode)]


# ------------------------------------------------------------------ the stage


@dataclass(slots=True)
class Stage:
    """Folders of one shop with destinations a, b …; `expected` says what each state has to be."""

    root: Path
    driver: Driver
    ids: tuple[str, ...] = ("a", "b")
    places: dict[str, Path] = field(default_factory=dict)
    layout: Layout = "tree"
    pair: Pair | None = None
    expected: dict[str, Snapshot] = field(default_factory=dict)
    _saved: dict[str, dict[str, Snapshot]] = field(default_factory=dict)
    _source_now: Snapshot | None = None
    _source_name: str = ""
    _numbers: int = 0
    _opened: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for id_ in self.ids:
            self.places.setdefault(id_, self.root / f"platte-{id_}")
            self.places[id_].mkdir(exist_ok=True)
        (self.home / "config").mkdir(parents=True)
        if self.layout == "sealed":
            self.pair = keys.put_pair(self.home)
        self.write_plan()

    def write_plan(self) -> None:
        """The plan in the form of issue 2."""
        parts = ["version = 1", "[[systems]]", f'id = "{SYSTEM}"', 'name = "Laden-PC"']
        parts += [
            "[[systems.sources]]",
            'kind = "folders"',
            f"paths = [{quoted(str(self.source))}]",
        ]
        for id_, place in self.places.items():
            parts += ["[[destinations]]", f'id = "{id_}"', f'name = "Platte {id_}"']
            parts += [f"encrypted = {str(self.pair is not None).lower()}"]
            parts += [f'layout = "{"tree" if self.layout == "tree" else "bundled"}"']
            parts += ["[destinations.location]", 'kind = "local"']
            parts += [f"path = {quoted(str(place))}"]
            parts += ["[[copies]]", f'system = "{SYSTEM}"', f'destination = "{id_}"']
        text = "\n".join(parts) + "\n"
        (self.home / "config" / "plan.toml").write_text(text, encoding="utf-8")

    @property
    def source(self) -> Path:
        return self.root / "shop"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def copy(self, id_: str) -> Path:
        """The folder of a copy as anybody can read it: an encrypted one is opened by hand."""
        folder = self.places[id_] / SYSTEM
        if self.pair is None:
            return folder
        lying = sorted(
            (str(path), path.stat().st_size, path.stat().st_mtime_ns)
            for path in folder.rglob("*")
            if path.is_file()
        )
        opened = self.root / f"offen-{id_}"
        if self._opened.get(id_) != lying:
            self.open_by_hand(folder, opened)
            self._opened[id_] = lying
        return opened

    def open_by_hand(self, folder: Path, into: Path) -> Path:
        """Decrypt the folder of a copy wherever it lies; plain ones are returned as they are."""
        if self.pair is None:
            return folder
        shutil.rmtree(into, ignore_errors=True)
        if any(any(vault.iterdir()) for vault in folder.glob("tresor-*")):
            keys.open_by_hand(folder, self.pair, into)
        return into

    def check_no_orphans(self) -> None:
        """No rclone has outlived the program that started it."""
        for record in (self.home / "cache" / "spool").glob("*/rclone/*.json"):
            pid = int(json.loads(record.read_bytes())["pid"])
            until = time.monotonic() + 5
            while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < until:
                if not Path(f"/proc/{pid}/cmdline").read_bytes():
                    break  # it is dead, and nobody has taken notice yet
                time.sleep(0.01)
            else:
                assert time.monotonic() < until, f"rclone {pid} lives on"

    @property
    def watch(self) -> tuple[Path, ...]:
        """Where the kill switch counts: destinations and home."""
        return (*self.places.values(), self.home)

    def new_folder(self) -> Path:
        """A path that is not there yet, for a restore."""
        self._numbers += 1
        return self.root / f"zurueck-{self._numbers}"

    # -- putting aside and back ---------------------------------------------------------------

    def save(self, name: str) -> None:
        """Put home and destinations aside as they are; the source stays where it is."""
        for part in (self.home, *self.places.values()):
            shelf = self.root / "abgelegt" / name / part.name
            shutil.copytree(part, shelf, symlinks=True, ignore=_sockets)
        self._saved[name] = dict(self.expected)

    def load(self, name: str) -> None:
        """Let home and destinations be what they were."""
        for part in (self.home, *self.places.values()):
            shutil.rmtree(part)
            shutil.copytree(self.root / "abgelegt" / name / part.name, part, symlinks=True)
        self.expected = dict(self._saved[name])

    def keep_source(self, here: str, next_: str, change: Callable[[Path], None]) -> None:
        """Give the source a name and make a changed twin of it; `use_source` takes either."""
        shelf = self.root / "quellen"
        shelf.mkdir()
        shutil.copytree(self.source, shelf / next_, symlinks=True)
        change(shelf / next_)
        self._source_name = here

    def use_source(self, name: str) -> None:
        """Put this source in its place; its files and their times stay as they are."""
        if name == self._source_name:
            return
        self.source.rename(self.root / "quellen" / self._source_name)
        (self.root / "quellen" / name).rename(self.source)
        self._source_name = name
        self.source_changed()

    def source_changed(self) -> None:
        """To be called whenever a test changed the source."""
        self._source_now = None

    def source_snapshot(self) -> Snapshot:
        if self._source_now is None:
            self._source_now = snapshot(self.source, with_root=True)
        return self._source_now

    # -- runs ---------------------------------------------------------------------------------

    def run(self, *args: str | Path, expect: int | None = None, **more: Any) -> Outcome:
        """Run the command line on this home; a backup may ask about so small a shop's day."""
        if expect == Exit.OK and args[0] == "backup":
            outcome = self.driver.run(*args, home=self.home, **more)
            assert outcome.rc in (Exit.OK, Exit.HELD_BY_GATE), f"{args}: {outcome}"
            return outcome
        return self.driver.run(*args, home=self.home, expect=expect, **more)

    def kill_in(self, phase: str, settings: dict[str, float]) -> Outcome:
        """Let a run die at its first moment of this phase."""
        self.save(f"vor {phase}")

        def killed_before(at: int) -> Outcome:
            self.load(f"vor {phase}")
            return self.run("backup", watch=self.watch, kill_at=at, settings=settings)

        total = killed_before(0).moments
        at = bisect_left(range(total), True, key=lambda at: phase in killed_before(at).phases)
        # Uploads have moments of their own, which fall now here, now there.
        tries = (killed_before(later) for later in range(at, min(at + 20, total)))
        killed = next((one for one in tries if one.phase == phase), None)
        assert killed is not None
        self.forget(f"vor {phase}")
        return killed

    def forget(self, name: str) -> None:
        """Throw away what was put aside."""
        shutil.rmtree(self.root / "abgelegt" / name)

    def learn(self) -> None:
        """States seen for the first time have to be the source as it is now."""
        for id_ in self.ids:
            for run in states_at(self.copy(id_)):
                self.expected.setdefault(run, self.source_snapshot())

    # -- what must hold -----------------------------------------------------------------------

    def acknowledged(self, id_: str) -> dict[str, str]:
        """Objects that a journal names and that are there with their bytes: sha256 → path."""
        found = {}
        for journal in (self.home / "state" / "journal" / f"{SYSTEM}@{id_}").glob("*.journal"):
            run = journal.stem
            there = objects_of(self.copy(id_), run)
            for frame in read_journal(journal):
                objects = list(frame.objects) if isinstance(frame, Stored) else []
                if isinstance(frame, Finished):
                    objects = [stored for _, _, group in frame.files for stored in group]
                for stored in objects:
                    if there.get(stored.path) == stored.sha256.hex():
                        found[stored.sha256.hex()] = f"{run}/{stored.path}"
                        for part in stored.parts:
                            found[part.sha256.hex()] = f"{run}/{stored.path}"
        return found

    def check_states(
        self, *, by_hand: bool, at: Sequence[str] = (), newest_only: bool = False
    ) -> int:
        """Every committed state restores byte-equal, by us and by the script; returns how many.

        `at`: only at these destinations. Of partial states the last two are looked at: what is in
        them has to be right.
        """
        self.learn()
        number = 0
        for id_ in at or self.ids:
            states = states_at(self.copy(id_))
            runs = [run for run in sorted(states) if states[run]["vollstaendig"]]
            for run in runs[-1:] if newest_only else runs:
                number += 1
                self.check_restore(id_, run)
                if by_hand:
                    self.check_by_hand(self.copy(id_), run)
            for run in [run for run in sorted(states) if run not in runs][-2:]:
                number += 1
                self.check_restore(id_, run, partial=True)
        return number

    def check_restore(self, id_: str, run: str, *, partial: bool = False) -> None:
        into = self.new_folder()
        self.run("restore", SYSTEM, "--from", id_, "--at", run, "--into", into, expect=0)
        self._check_tree(into, run, xattrs=True, partial=partial)

    def check_by_hand(self, copy: Path, run: str) -> None:
        into = self.new_folder()
        handreader.restore(copy, run, into)
        self._check_tree(into, run, xattrs=False)

    def _check_tree(self, into: Path, run: str, *, xattrs: bool, partial: bool = False) -> None:
        found = snapshot(into / self.source.name, with_root=True)
        expected = self.expected[run]
        if partial:  # what was not reached yet is as it was in an earlier state, or missing
            days = [day for earlier, day in self.expected.items() if earlier <= run]
            files = {path: entry for path, entry in found.items() if entry.kind != "folder"}
            found = {p: entry for p, entry in files.items() if all(d.get(p) != entry for d in days)}
            expected = {path: entry for path, entry in expected.items() if path in found}
        differences = compare(expected, found, xattrs=xattrs)
        assert not differences, f"{run}: {differences[:10]}"
        shutil.rmtree(into)

    def heal(self, *, rc: int = 0, **more: Any) -> Outcome:
        """The next run: complete, and nothing that was there already is stored again."""
        before = {id_: runs_at(self.copy(id_)) for id_ in self.ids}
        known = {
            id_: dict.fromkeys(stored_contents(self.copy(id_)), "a state") | self.acknowledged(id_)
            for id_ in self.ids
        }
        healing = self.run("backup", expect=rc, **more)
        for result in healing.results:
            assert result["outcome"] in ("committed", "unchanged"), healing
            assert result["complete"], healing
        for id_ in self.ids:
            for run in runs_at(self.copy(id_)) - before[id_]:
                new = {(path, sha256) for path, sha256 in objects_of(self.copy(id_), run).items()}
                new |= {(path, sha256) for sha256, path in contents_of(self.copy(id_), run).items()}
                for path, sha256 in new:
                    twice = known[id_].get(sha256)
                    assert twice is None or sha256 == _EMPTY, f"{path} again, was in {twice}"
            missing = known[id_].keys() - stored_contents(self.copy(id_))
            assert not missing, f"acknowledged, but no state names it: {missing}"
        self.learn()
        return healing

    def check_quiet(self) -> None:
        """After healing nothing is left to do: no journal, nothing rebuilt, nothing stored."""
        assert not list((self.home / "state" / "journal").rglob("*.journal"))
        runs = {id_: runs_at(self.copy(id_)) for id_ in self.ids}
        again = self.run("backup", expect=0)
        assert "rebuild" not in again.phases, again
        assert [result["outcome"] for result in again.results] == ["unchanged"] * len(self.ids)
        assert runs == {id_: runs_at(self.copy(id_)) for id_ in self.ids}
        self.learn()

    def check_healed(
        self, *, by_hand: bool, at: Sequence[str] = (), newest_only: bool = False
    ) -> Outcome:
        """The next run heals, and then everything is as if there had been no kill.

        All destinations are verified in full; `at` and `newest_only` as in `check_states`.
        """
        healing = self.heal()
        self.check_quiet()
        self.run("verify", "--full", expect=0)
        for id_ in self.ids:
            newest = max(states_at(self.copy(id_)))
            assert self.expected[newest] == self.source_snapshot()
        self.check_states(by_hand=by_hand, at=at, newest_only=newest_only)
        return healing
