"""A shop with its PC and its disks, driven by the command line alone: what the engine tests share.

A test says what happens in the shop; whether a state is right is always judged the same way: bring
it back, by the program or by the copy's own shell script, and compare it with what stood there.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

from core.errors import Code, Exit, KnownError
from core.secrets.recovery import Pair
from core.texts import Texts
from core.texts.catalog import MISSING
from core.texts.errors import describe
from tests.engine import handreader
from tests.support import cli, keys, warm
from tests.support.places import Place
from tests.support.trees import Snapshot, compare, snapshot

By = Literal["program", "script"]
BOTH: tuple[By, ...] = ("program", "script")
# sealed: encrypted, and bundled in there
Layout = Literal["tree", "bundled", "sealed", "sealed-tree"]
LAYOUTS: tuple[Layout, ...] = ("tree", "bundled", "sealed")
Event = dict[str, Any]
# Root keeps its name but has to obey the permissions of files like everybody else.
OBEYING = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")


def wrapper_without_rights() -> Sequence[str]:
    """What to put before the program so that a file of mode 0 is really closed to it."""
    return OBEYING if os.geteuid() == 0 else ()


def destination_text(
    id: str, path: Path, layout: Layout = "tree", location: str | None = None
) -> str:
    """The plan's lines for a destination, and the copy to it; without `location` on a disk."""
    sealed = layout.startswith("sealed")
    inside = {"sealed": "bundled", "sealed-tree": "tree"}.get(layout, layout)
    place = location or f'kind = "local"\npath = {json.dumps(str(path))}'
    return f"""
[[destinations]]
id = "{id}"
name = "Platte {id}"
layout = "{inside}"
encrypted = {str(sealed).lower()}
[destinations.location]
{place}

[[copies]]
system = "laden"
destination = "{id}"
"""


def plan_text(
    sources: Sequence[Path],
    disks: Mapping[str, Path],
    *,
    rules: str = "",
    more: str = "",
    layouts: Mapping[str, Layout] | None = None,
    locations: Mapping[str, str] | None = None,
) -> str:
    """A plan with the one system `laden`; `rules` are lines for its source, `more` for the end."""
    kinds = layouts or {}
    paths = ", ".join(json.dumps(str(path)) for path in sources)
    head = f"""version = 1
[[systems]]
id = "laden"
name = "Laden-PC"
[[systems.sources]]
kind = "folders"
paths = [{paths}]
{rules}
"""
    return (
        head
        + "".join(
            destination_text(id, path, kinds.get(id, "tree"), (locations or {}).get(id))
            for id, path in disks.items()
        )
        + more
    )


@dataclass(slots=True)
class Shop:
    """One shop; `sources` and `disks` are named by short name and by id.

    A disk in `places` is what a server keeps its files in; the program only knows the server.
    """

    root: Path
    sources: dict[str, Path]
    disks: dict[str, Path]
    home: Path
    layouts: dict[str, Layout] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    pair: Pair | None = None
    days: dict[int, dict[str, Snapshot]] = field(default_factory=dict)
    runs: dict[int, str] = field(default_factory=dict)
    _restores: Iterator[int] = field(default_factory=count)

    @property
    def source(self) -> Path:
        """The first source folder."""
        return next(iter(self.sources.values()))

    def copy(self, disk: str = "platte") -> Path:
        """The folder of the copy on a disk."""
        return self.disks[disk] / "laden"

    def write_plan(self, *, rules: str = "", more: str = "") -> None:
        """Put the plan into the home."""
        config = self.home / "config"
        config.mkdir(parents=True, exist_ok=True)
        text = plan_text(
            list(self.sources.values()), self.disks, rules=rules, more=more, layouts=self.layouts,
            locations={id: place.location for id, place in self.places.items()},
        )  # fmt: skip
        (config / "plan.toml").write_text(text, encoding="utf-8")

    # -- what a user types ------------------------------------------------------------------------

    def run(
        self, *args: str | Path, rc: int = 0, home: Path | None = None, wrapper: Sequence[str] = ()
    ) -> list[Event]:
        """Run a verb with `--json`; its lines, when it ended with `rc`."""
        where = home or self.home
        if wrapper:
            done = cli.run("--json", *args, home=where, check=False, wrapper=wrapper)
        else:
            env = keys.ENV if self.pair is not None or self.places else None
            done = warm.run("--json", *args, home=where, env=env)
        assert done.rc == rc, f"{args} ended with {done.rc}, not {rc}\n{done.stdout}\n{done.stderr}"
        return done.lines

    def backup(
        self, *args: str | Path, rc: int = 0, home: Path | None = None, wrapper: Sequence[str] = ()
    ) -> dict[str, Event]:
        """Back up; what came of it at each destination."""
        lines = self.run("backup", *args, rc=rc, home=home, wrapper=wrapper)
        return {line["destination"]: line for line in events(lines, "result")}

    def day(self, *args: str, rc: int = 0) -> dict[str, Event]:
        """Back up and remember what stood in the sources under the number of the state."""
        results = self.backup(*args, rc=rc)
        run = next(iter(results.values()))["run"]
        number = int(run.split("-")[0])
        self.runs[number] = run
        self.days[number] = self.look()
        return results

    def look(self) -> dict[str, Snapshot]:
        """What stands in the sources now."""
        return {name: snapshot(path, with_root=True) for name, path in self.sources.items()}

    @contextmanager
    def brought_back(
        self,
        state: str | int | None = None,
        *,
        disk: str = "platte",
        by: By = "program",
        paths: Sequence[str] = (),
        keep_links: bool = True,
        rc: int = 0,
    ) -> Iterator[Path]:
        """A folder with the state in it, taken away again afterwards."""
        into = self.root / "zurück" / str(next(self._restores))
        try:
            if by == "program":
                self.restore(into, state, disk=disk, paths=paths, keep_links=keep_links, rc=rc)
            else:
                folder = self.opened(disk, into.with_name(f"{into.name}-offen"))
                handreader.restore(folder, str(state or "neuester"), into)
            yield into
        finally:
            shutil.rmtree(into.with_name(f"{into.name}-offen"), ignore_errors=True)
            shutil.rmtree(into, ignore_errors=True)

    def opened(self, disk: str, room: Path) -> Path:
        """The folder of a copy as anybody can read it, an encrypted one decrypted by hand."""
        if self.pair is None or not self.layouts[disk].startswith("sealed"):
            return self.copy(disk)
        room.parent.mkdir(parents=True, exist_ok=True)
        keys.open_by_hand(self.copy(disk), self.pair, room)
        return room

    def seal(self, disk: str) -> None:
        """From the plan on, this disk gets an encrypted copy."""
        self.layouts[disk] = "sealed"
        self.pair = self.pair or keys.put_pair(self.home)
        self.write_plan()

    def restore(
        self,
        into: Path,
        state: str | int | None = None,
        *,
        disk: str | None = None,
        paths: Sequence[str] = (),
        keep_links: bool = False,
        rc: int = 0,
        home: Path | None = None,
    ) -> Event:
        """Bring a state back into `into`; the report."""
        args: list[str | Path] = ["restore", "laden", "--into", into]
        args += ["--from", disk] if disk else []
        args += ["--at", str(state)] if state is not None else []
        args += ["--path", *paths] if paths else []
        args += ["--keep-links"] if keep_links else []
        return only(events(self.run(*args, rc=rc, home=home), "restored"))

    def differences(
        self,
        *states: int,
        disk: str = "platte",
        by: By | Sequence[By] = "program",
        at: str | None = None,
    ) -> list[str]:
        """In words, what restores of these days get wrong; two of them are made at a time."""
        ways = [by] if isinstance(by, str) else by
        jobs = [(state, way) for state in states for way in ways]
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda job: self._wrong(*job, disk=disk, at=at), jobs)
            return [
                f"state {state} by {way}: {word}"
                for (state, way), words in zip(jobs, found, strict=True)
                for word in words
            ]

    def _wrong(self, state: int, by: By, *, disk: str, at: str | None) -> list[str]:
        """What one restore gets wrong; the script sets no extended attributes."""
        words = []
        with self.brought_back(at or state, disk=disk, by=by) as into:
            for name, expected in self.days[state].items():
                actual = snapshot(into / name, with_root=True)
                words += compare(expected, actual, xattrs=by == "program")
            ours = {"ladentresor"} if by == "script" else set()  # it brings plan and proofs too
            extra = {path.name for path in into.iterdir()} - set(self.days[state]) - ours
            words += [f"too much: {name}" for name in sorted(extra)]
        return words


def make_shop(
    root: Path,
    *,
    sources: Sequence[str] = ("shop",),
    disks: Sequence[str] = ("platte",),
    layout: Layout = "tree",
    places: Mapping[str, Place] | None = None,
) -> Shop:
    """A shop with empty sources and disks, and a plan; `layout` is that of every disk.

    places: destinations that are reached over a server.
    """
    places = dict(places or {})
    shop = Shop(
        root,
        {name: root / "pc" / name for name in sources},
        {id: places[id].folder if id in places else root / "medien" / id for id in disks},
        root / "home",
        dict.fromkeys(disks, layout),
        places,
    )
    for path in (*shop.sources.values(), *shop.disks.values()):
        path.mkdir(parents=True, exist_ok=path in (place.folder for place in places.values()))
    for id, place in places.items():
        if place.password:
            keys.put_secret(shop.home, f"{id}.password", place.password)
    if layout.startswith("sealed"):
        shop.pair = keys.put_pair(shop.home)
    shop.write_plan()
    return shop


# -- reading what the program said ----------------------------------------------------------------


def events(lines: Sequence[Event], kind: str) -> list[Event]:
    """The lines of one kind."""
    return [line for line in lines if line.get("event") == kind]


def only(lines: Sequence[Event]) -> Event:
    """The one line there must be."""
    assert len(lines) == 1, lines
    return lines[0]


def refusal(lines: Sequence[Event], code: Code) -> Event:
    """The error event of this code; it must say in both languages what is, and what to do next."""
    found = [line for line in events(lines, "error") if line["code"] == code]
    assert found, f"no {code} in {lines}"
    error = found[0]
    known = KnownError(code, **error["params"])
    assert error["exit"] == known.exit
    for lang in ("de", "en"):
        said = describe(Texts(lang), known)
        for text in (said.sentence, said.risk, said.next_step):
            assert text.strip()
            assert MISSING not in text or MISSING in str(error["params"])  # a cause cut short
            assert "{" not in text
    german, english = (describe(Texts(lang), known) for lang in ("de", "en"))
    assert german.sentence != english.sentence
    id = str(error["params"].get("destination", ""))
    spoken = [
        describe(Texts(lang), known, names)
        for lang in ("de", "en")
        for names in ({}, {id: f"Platte {id}"})  # as `destination_text` calls them
    ]
    assert error["sentence"] in {said.sentence for said in spoken}
    assert error["next_step"] in {said.next_step for said in spoken}
    return error


def ended_as(results: Mapping[str, Event]) -> dict[str, str]:
    """Destination → the code of its failure, or how its run ended."""
    return {
        id: str(line["code"] if line["outcome"] == "failed" else line["outcome"])
        for id, line in results.items()
    }


def exit_of(code: Code) -> Exit:
    """The exit code that goes with an error."""
    return KnownError(code).exit


# -- looking into a copy, by its documented format ------------------------------------------------


def states_at(copy: Path) -> list[str]:
    """The runs that have a record there, oldest first."""
    return sorted(path.stem for path in (copy / "staende").glob("*.json"))


def rows_of(copy: Path, run: str) -> list[Event]:
    """The rows of a state's list, without the header."""
    record = json.loads((copy / "staende" / f"{run}.json").read_text().splitlines()[0])
    text = gzip.decompress((copy / "staende" / record["liste"]).read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n")[1:-1]]


def skipped_at(copy: Path, run: str) -> dict[str, str]:
    """Path → reason of everything that is not in a state."""
    return {row["pfad"]: row["grund"] for row in rows_of(copy, run) if row["art"] == "ausgelassen"}


def objects_of(copy: Path, run: str) -> list[str]:
    """What a run stored of the shop: without plan, proofs and its own table of contents."""
    folder = copy / "daten" / run
    found = [str(p.relative_to(folder)) for p in sorted(folder.rglob("*")) if p.is_file()]
    ours = ("ladentresor/", "buendel-000000.zip")
    return [p for p in found if p != "inhalt.tsv.gz" and not p.startswith(ours)]


def local_time(run: str) -> str:
    """The moment in a run's name the way a user would type it: local time without zone."""
    moment = datetime.strptime(run.split("-")[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def next_second() -> None:
    """Wait until the clock shows another second, which is as exact as the names of runs are."""
    now = time.clock_gettime(time.CLOCK_REALTIME)
    time.sleep(1.0 - now % 1.0)
