"""The programs that are compared, each as the commands a user would type.

cp      `cp -a`: no verification, no history; what copying costs at least. Its restore copies the
        source once more (the same bytes), so that its copy need not take up room meanwhile.
rclone  `rclone sync` and back, defaults but for empty folders
restic  with encryption and compression, which cannot be switched off
ours    `python -m core`, a fresh process each time, all barriers on, one tree
bundled, sealed, three
        the same with one bundled copy, one encrypted bundled copy, and a tree, a second tree and an
        encrypted bundled copy in one run. The lines lie in a file sealed with a passphrase, whose
        key derivation a keyring would spare us.
restic3 three restic runs, one after the other, each to a repository of its own
bare    no copy: what looking at every file, or hashing every byte, costs at least

Whatever writes ends with `sync -f` on the folder it wrote to, for everybody alike.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "geheim-321"
STAY = 3
"""States that are left when all runs were of one day: ours keeps the newest of every copy."""
_THREE = ("repository", "repository-2", "repository-3")


class Operation(StrEnum):
    """What is measured, in the order of a round."""

    TWO = "two"
    FIRST = "first"
    NOTHING = "nothing"
    DAY2 = "day2"
    VERIFY = "verify"
    RESTORE = "restore"
    ONE = "one"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine works. one: a path below source; out: empty, there for restores only."""

    source: Path
    room: Path
    out: Path
    one: str


@dataclass(slots=True)
class Step:
    """One command, as the meter wants it."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    stdout: str
    stderr: str


@dataclass(slots=True)
class Commands:
    """The commands of one operation; `said` is what they wrote."""

    room: Path
    env: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def add(self, *argv: str | Path, cwd: Path | None = None, into: Path | None = None) -> None:
        """One more command; `into` is a file that takes its standard output."""
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.room / "user"),
            "LANG": "C.UTF-8",
        } | self.env
        out, err = str(into or self.room / "out.txt"), str(self.room / "err.txt")
        self.steps.append(Step([str(each) for each in argv], str(cwd or "/"), env, out, err))

    def sync(self, folder: Path) -> None:
        self.add("sync", "-f", folder)

    def as_json(self) -> str:
        """The job for meter.py; what was said before is thrown away."""
        for step in self.steps:
            for path in (step.stdout, step.stderr):
                Path(path).unlink(missing_ok=True)
        return json.dumps([asdict(step) for step in self.steps])

    def said(self, last: int = 1500) -> str:
        """The end of what went to the terminal."""
        texts = []
        for name in ("out.txt", "err.txt"):
            path = self.room / name
            texts.append(path.read_text("utf-8", "replace")[-last:] if path.exists() else "")
        return "\n".join(texts).strip()


class Engine(ABC):
    """One program. It is made once and knows nothing of earlier operations."""

    name: str
    keeps_copy = True  # later operations need what the first copy made
    keeps_folder_times = True

    def missing(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        return ""

    @abstractmethod
    def version(self) -> str: ...

    def prepare(self, place: Place, copies: int) -> None:
        """Make `place.room` and set the program up in it; not measured."""
        (place.room / "user").mkdir(parents=True)

    @abstractmethod
    def commands(self, operation: Operation, place: Place) -> Commands:
        """What to type for `operation`; no steps when it does not do that."""

    def stored(self, place: Place) -> int:
        """Bytes that lie at its copies now; 0 when nobody asks."""
        return 0

    def restored(self, place: Place) -> Path:
        """Where below `place.out` the source folder came back."""
        return place.out

    def restored_one(self, place: Place) -> Path:
        return place.out / "one"

    def complaints(self, operation: Operation, place: Place, files: int) -> Iterator[str]:
        """What is wrong with the answer, though the exit code was 0."""
        yield from ()


class Cp(Engine):
    name = "cp"
    keeps_copy = False

    def version(self) -> str:
        return first_line("cp", "--version")

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = Commands(place.room)
        if operation is Operation.FIRST:
            self._copy(commands, place.source, place.room / "copy")
        elif operation is Operation.TWO:
            self._copy(commands, place.source, place.room / "copy")
            self._copy(commands, place.source, place.room / "copy-2")
        elif operation is Operation.RESTORE:
            self._copy(commands, place.source, place.out)
        elif operation is Operation.ONE:
            commands.add("cp", "-a", place.source / place.one, place.out / "one")
            commands.sync(place.out)
        return commands

    @staticmethod
    def _copy(commands: Commands, source: Path, copy: Path) -> None:
        commands.add("cp", "-a", f"{source}/.", copy)
        commands.sync(copy)


class Rclone(Engine):
    name = "rclone"
    keeps_folder_times = False  # of folders in which something changed since the first copy

    def __init__(self) -> None:
        self._program = Path(sys.executable).with_name("rclone")

    def missing(self) -> str:
        return "" if self._program.exists() else f"{self._program} is not there"

    def version(self) -> str:
        return first_line(self._program, "--config", "", "version")

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = Commands(place.room)
        copy = place.room / "copy"
        if operation in (Operation.FIRST, Operation.NOTHING, Operation.DAY2):
            self._run(commands, "sync", place.source, copy)
            commands.sync(copy)
        elif operation is Operation.VERIFY:
            self._run(commands, "check", "--download", place.source, copy)
        elif operation is Operation.RESTORE:
            self._run(commands, "copy", copy, place.out)
            commands.sync(place.out)
        elif operation is Operation.ONE:
            self._run(commands, "copyto", copy / place.one, place.out / "one")
            commands.sync(place.out)
        return commands

    def _run(self, commands: Commands, verb: str, *args: str | Path) -> None:
        empty = ["--create-empty-src-dirs"] if verb in ("sync", "copy") else []
        commands.add(self._program, verb, "--quiet", "--config", "", *empty, *args)


class Restic(Engine):
    name = "restic"

    def missing(self) -> str:
        return "" if shutil.which("restic") else "restic is not in PATH"

    def version(self) -> str:
        return first_line("restic", "version")

    def prepare(self, place: Place, copies: int) -> None:
        super().prepare(place, copies)
        commands = self._commands(place)
        commands.add("restic", "init", "--quiet")
        for step in commands.steps:
            subprocess.run(step.argv, env=step.env, check=True, stdout=subprocess.DEVNULL)

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = self._commands(place)
        if operation in (Operation.FIRST, Operation.NOTHING, Operation.DAY2):
            commands.add("restic", "backup", "--quiet", ".", cwd=place.source)
            commands.sync(place.room)
        elif operation is Operation.VERIFY:
            commands.add("restic", "check", "--quiet", "--read-data")
        elif operation is Operation.PRUNE:
            commands.add("restic", "forget", "--quiet", "--keep-last", f"{STAY}", "--prune")
            commands.sync(place.room)
        elif operation is Operation.RESTORE:
            commands.add("restic", "restore", "--quiet", "latest", "--target", place.out)
            commands.sync(place.out)
        elif operation is Operation.ONE:
            found = f"/{place.one}"
            commands.add("restic", "dump", "--quiet", "latest", found, into=place.out / "one")
            commands.sync(place.out)
        return commands

    @staticmethod
    def _commands(place: Place, repository: str = "repository") -> Commands:
        env = {
            "RESTIC_PASSWORD": PASSWORD,
            "RESTIC_REPOSITORY": str(place.room / repository),
            "RESTIC_CACHE_DIR": str(place.room / "cache"),
        }
        return Commands(place.room, env)

    def stored(self, place: Place) -> int:
        return size_below(place.room / "repository")


class Restic3(Restic):
    """The same to three repositories: it knows one place at a time."""

    name = "restic3"

    def prepare(self, place: Place, copies: int) -> None:
        Engine.prepare(self, place, copies)
        for repository in _THREE:
            step = self._added(place, repository, "restic", "init", "--quiet").steps[0]
            subprocess.run(step.argv, env=step.env, check=True, stdout=subprocess.DEVNULL)

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = Commands(place.room)
        if operation in (Operation.FIRST, Operation.NOTHING, Operation.DAY2):
            for repository in _THREE:
                one = self._added(place, repository, "restic", "backup", "--quiet", ".")
                commands.steps += one.steps
            commands.sync(place.room)
        return commands

    def _added(self, place: Place, repository: str, *argv: str) -> Commands:
        commands = self._commands(place, repository)
        commands.add(*argv, cwd=place.source)
        return commands

    def stored(self, place: Place) -> int:
        return sum(size_below(place.room / repository) for repository in _THREE)


class Ours(Engine):
    name = "ours"
    system = "laden"
    layouts: tuple[str, ...] = ("tree",)
    """Of each copy; for `Operation.TWO` there are two of each."""
    operations = frozenset(Operation)

    def version(self) -> str:
        env = os.environ | {"PYTHONPATH": str(PROJECT)}
        said = first_line(sys.executable, "-P", "-m", "core", "--version", env=env)
        return f"{said} (commit {_commit()}, core {fingerprint()})"

    def prepare(self, place: Place, copies: int) -> None:
        super().prepare(place, copies)
        layouts = self.layouts * copies
        folders = [place.room / f"platte-{number}" for number in range(1, len(layouts) + 1)]
        for folder in folders:
            folder.mkdir()
        plan = place.room / "plan.toml"
        plan.write_text(_plan(self.system, place.source, folders, layouts), "utf-8")
        commands = self._commands(place)
        if "sealed" in layouts:
            self._run(commands, "key", "create")
        self._run(commands, "plan", "apply", plan)
        for step in commands.steps:
            subprocess.run(
                step.argv, cwd=step.cwd, env=step.env, check=True, stdout=subprocess.DEVNULL
            )

    def stored(self, place: Place) -> int:
        return sum(size_below(folder) for folder in place.room.glob("platte-*"))

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = self._commands(place)
        if operation not in self.operations:
            return commands
        if operation is Operation.VERIFY:
            self._run(commands, "verify", "--full")
        elif operation is Operation.PRUNE:
            self._run(commands, "prune")
            commands.sync(place.room)
        elif operation is Operation.RESTORE:
            self._run(commands, "restore", self.system, "--into", place.out)
            commands.sync(place.out)
        elif operation is Operation.ONE:
            wanted = f"{place.source.name}/{place.one}"
            self._run(commands, "restore", self.system, "--into", place.out, "--path", wanted)
            commands.sync(place.out)
        else:
            self._run(commands, "backup")
            commands.sync(place.room)
        return commands

    def restored(self, place: Place) -> Path:
        return place.out / place.source.name

    def restored_one(self, place: Place) -> Path:
        return self.restored(place) / place.one

    def complaints(self, operation: Operation, place: Place, files: int) -> Iterator[str]:
        text = (place.room / "out.txt").read_text("utf-8")
        lines = [json.loads(line) for line in text.split("\n") if line]
        if operation is Operation.VERIFY:
            yield from self._not_verified(_events(lines, "verified"))
        elif operation is Operation.PRUNE:
            yield from self._not_pruned(_events(lines, "pruned"))
        elif operation in (Operation.RESTORE, Operation.ONE):
            wanted = 1 if operation is Operation.ONE else files
            yield from self._not_restored(_events(lines, "restored"), wanted)
        else:
            yield from self._not_stored(_events(lines, "result"), operation, files)

    def _not_stored(
        self, results: list[dict[str, Any]], operation: Operation, files: int
    ) -> Iterator[str]:
        wanted = "unchanged" if operation is Operation.NOTHING else "committed"
        if len(results) != len(self.layouts) * (2 if operation is Operation.TWO else 1):
            yield f"{len(results)} results"
        for result in results:
            if result["outcome"] != wanted:
                yield f"the outcome is {result['outcome']}, not {wanted}"
            elif result["skipped"] or not result["complete"] or result["files"] < files:
                yield f"the state lacks files: {result}"

    @staticmethod
    def _not_verified(verdicts: list[dict[str, Any]]) -> Iterator[str]:
        if len(verdicts) != 1 or not verdicts[0]["sound"] or not verdicts[0]["bytes"]:
            yield f"verify found damage or nothing: {verdicts}"

    @staticmethod
    def _not_pruned(reports: list[dict[str, Any]]) -> Iterator[str]:
        staying = [sum(state["stays"] for state in report["states"]) for report in reports]
        if staying != [STAY] or not reports[0]["freed"]:
            yield f"the clean-up left {staying} states: {reports}"

    @staticmethod
    def _not_restored(reports: list[dict[str, Any]], files: int) -> Iterator[str]:
        if len(reports) != 1 or reports[0]["files"] != files:
            yield f"the restore is not one of {files} files: {reports}"
        for report in reports:
            for trouble in ("failed", "skipped", "renamed", "links_as_text", "lost"):
                if report[trouble]:
                    yield f"the restore reports {trouble}: {report[trouble]}"

    def _commands(self, place: Place) -> Commands:
        env = {"PYTHONPATH": str(PROJECT)}
        if "sealed" in self.layouts:
            env |= {"LADENTRESOR_PASSPHRASE": PASSWORD}
            env |= {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
        return Commands(place.room, env)

    @staticmethod
    def _run(commands: Commands, *args: str | Path) -> None:
        home = commands.room / "home"
        commands.add(sys.executable, "-P", "-m", "core", "--home", home, "--json", *args)


class Bundled(Ours):
    name = "bundled"
    layouts = ("bundled",)
    operations = frozenset(Operation) - {Operation.TWO}


class Sealed(Ours):
    name = "sealed"
    layouts = ("sealed",)
    operations = frozenset(Operation) - {Operation.TWO}


class Three(Ours):
    """3-2-1 in one run."""

    name = "three"
    layouts = ("tree", "tree", "sealed")
    operations = frozenset((Operation.FIRST, Operation.NOTHING, Operation.DAY2))


class Bare(Engine):
    name = "bare"
    keeps_copy = False

    _HASH = """
import hashlib, os, sys
buffer = memoryview(bytearray(1 << 20))
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        digest = hashlib.sha256()
        with open(os.path.join(folder, name), "rb", buffering=0) as file:
            while size := file.readinto(buffer):
                digest.update(buffer[:size])
"""

    def version(self) -> str:
        return first_line("find", "--version")

    def commands(self, operation: Operation, place: Place) -> Commands:
        commands = Commands(place.room)
        if operation is Operation.NOTHING:
            commands.add("find", place.source, "-printf", r"%p %s %T@ %C@ %i\n")
        elif operation is Operation.VERIFY:
            commands.add(sys.executable, "-I", "-S", "-c", self._HASH, place.source)
        return commands


ENGINES: dict[str, type[Engine]] = {
    each.name: each for each in (Cp, Rclone, Restic, Restic3, Ours, Bundled, Sealed, Three, Bare)
}


def size_below(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(
        Path(parent, name).lstat().st_size for parent, _, names in os.walk(folder) for name in names
    )


def _plan(system: str, source: Path, folders: list[Path], layouts: tuple[str, ...]) -> str:
    lines = [
        "version = 1",
        "[[systems]]",
        f'id = "{system}"',
        'name = "Laden-PC"',
        'mode = "own"',
        'rpo = "24h"',
        'rto = "8h"',
        "[[systems.sources]]",
        'kind = "folders"',
        f"paths = [{json.dumps(str(source))}]",
    ]
    for folder, layout in zip(folders, layouts, strict=True):
        lines += [
            "[[destinations]]",
            f'id = "{folder.name}"',
            f'name = "USB-{folder.name}"',
            'medium = "disk"',
            'site = "here"',
            f'layout = "{"tree" if layout == "tree" else "bundled"}"',
            f"encrypted = {str(layout == 'sealed').lower()}",
            "[destinations.location]",
            'kind = "local"',
            f"path = {json.dumps(str(folder))}",
            "[[copies]]",
            f'system = "{system}"',
            f'destination = "{folder.name}"',
            'every = "1d"',
            "keep = { daily = 14, weekly = 8, monthly = 24, yearly = 10 }",
        ]
    return "\n".join([*lines, ""])


def _events(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line.get("event") == kind]


def first_line(*argv: str | Path, env: dict[str, str] | None = None) -> str:
    """What a program says about itself; not its build."""
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("\n")[0].partition(" compiled ")[0]


def _commit() -> str:
    argv = ("git", "--no-optional-locks", "-C", str(PROJECT), "rev-parse", "--short", "HEAD")
    try:
        return first_line(*argv)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def fingerprint() -> str:
    """A short digest of the program measured: it may change while nobody looks."""
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "core").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
