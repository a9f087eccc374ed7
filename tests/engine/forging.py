"""Copies made by somebody who means harm, and the program let loose on them.

Every digest fits, so that what is hostile is really read. `attack` runs all verbs that read a copy,
in this process and through the real command line; whatever they answer, nothing but the restore's
own folder and the home may have changed, and no answer may be a bug.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.errors import Code, Exit
from tests.engine.handmade import Maker, Run, sha256, two_lines
from tests.engine.stage import plan_text
from tests.support.snapshots import Snapshot, compare, snapshot

GOOD = b"10 Euro\n"
SECRET = b"root:x:0:0 geheim\n"
PROOFS = (
    b'{"art":"nachweis","id":"1","zeit":"2026-11-20T03:00:00Z","system":"laden","ziel":"platte",'
    b'"was":"verified","ergebnis":"sound","stand":"","einzelheiten":"full"}\n'
)
# Answers to a copy that is not ours: what can still be read, or a refusal by name.
FINE = frozenset({Exit.OK, Exit.NOTHING_DONE, Exit.INTEGRITY, Exit.NOT_FOUND, Exit.NEWER_FORMAT})

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """How one verb ended."""

    exit: int
    lines: list[dict[str, Any]]
    text: str

    @property
    def code(self) -> str | None:
        """The code of the error it named, if any."""
        return next((line["code"] for line in self.lines if line.get("event") == "error"), None)

    def said(self, event: str) -> dict[str, Any]:
        """The one line of this kind."""
        return next(line for line in self.lines if line.get("event") == event)

    @property
    def damage(self) -> set[str]:
        """Kinds of damage a verification found."""
        return {item["kind"] for item in self.said("verified")["damage"]}


@dataclass
class Forge:
    """A place with a stick to be poisoned, a home that reads it, and things nobody may touch."""

    base: Path
    maker: Maker
    run: Run
    rows: list[Row] = field(default_factory=list)

    @property
    def copy(self) -> Path:
        """The folder of the copy."""
        return self.maker.folder

    @property
    def into(self) -> Path:
        """Where restores go."""
        return self.base / "zurück"

    @property
    def outside(self) -> Path:
        """A folder with something in it that belongs to nobody here."""
        return self.base / "draußen"

    def folder(self, path: str, **changes: object) -> None:
        """Add a folder row."""
        self.rows.append({"art": "ordner", "pfad": path, "zeit": 1, "modus": "0755"} | changes)

    def file(self, path: str, data: bytes = GOOD, **changes: object) -> None:
        """Add a file row; its content is stored once per run."""
        self.keep(data)
        facts: Row = {"art": "datei", "pfad": path, "groesse": len(data), "zeit": 1}
        facts |= {"modus": "0644", "sha256": sha256(data), "lauf": self.run.name}
        self.rows.append(facts | changes)

    def keep(self, data: bytes) -> None:
        """Store a content under a name made of its digest."""
        stored = f"shop/{sha256(data)[:12]}"
        if not (self.run.data / stored).exists():
            self.run.store(stored, data)

    def link(self, path: str, target: str) -> None:
        """Add a row of a symbolic link."""
        self.rows.append(
            {"art": "verweis", "pfad": path, "ziel": target, "zeit": 1, "modus": "0777"}
        )

    def commit(self, **changes: object) -> None:
        """Write `inhalt`, list and record; `changes` replace fields of the record."""
        inhalt = self.run.write_inhalt()
        facts = self.run.write_list([to_line(entry) for entry in self.rows])
        self.run.commit({**facts, **changes}, [inhalt])

    @property
    def record(self) -> Path:
        """The record of the only state."""
        return self.copy / "staende" / f"{self.run.name}.json"

    @property
    def list(self) -> Path:
        """Its list."""
        return self.copy / "staende" / f"{self.run.name}.liste.gz"

    @property
    def inhalt(self) -> Path:
        """Its `inhalt`."""
        return self.run.data / "inhalt.tsv.gz"

    def change_record(self, **changes: object) -> None:
        """Change fields of the record that is there and seal it again."""
        self.record.write_bytes(two_lines(facts_of(self.record) | changes))


def to_line(entry: Mapping[str, object]) -> str:
    """A row as it stands in a list, whatever its values are."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def facts_of(path: Path) -> dict[str, Any]:
    """What a two-line document says."""
    facts = json.loads(path.read_bytes().split(b"\n")[0])
    assert isinstance(facts, dict)
    return facts


def forge(base: Path) -> Forge:
    """An empty stage: one ordinary folder and file, to which a test adds what is hostile."""
    (base / "draußen").mkdir(parents=True)
    (base / "draußen" / "geheim.txt").write_bytes(SECRET)
    os.utime(base / "draußen" / "geheim.txt", ns=(1, 1))
    config = base / "home" / "config"
    config.mkdir(parents=True)
    text = plan_text([base / "pc" / "shop"], {"platte": base / "stick"})
    (config / "plan.toml").write_text(text, encoding="utf-8")
    maker = Maker(base / "stick" / "laden")
    forged = Forge(base, maker, maker.run(1))
    forged.folder("ladentresor")
    forged.file("ladentresor/plan.toml", text.encode())
    forged.file("ladentresor/nachweise.jsonl", PROOFS)
    forged.folder("shop")
    forged.file("shop/preise.csv")
    return forged


# -- the program let loose ------------------------------------------------------------------------


def ask(home: Path, *words: str | Path) -> Answer:
    """One call of the command line in this process; a bug is raised with its whole trace."""
    out, err = io.StringIO(), io.StringIO()
    with bugs_raised(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.run(["--home", str(home), "--json", *map(str, words)])
    lines = [json.loads(line) for line in out.getvalue().split("\n") if line]
    return Answer(code, lines, out.getvalue() + err.getvalue())


@contextlib.contextmanager
def bugs_raised() -> Iterator[None]:
    """Let our own mistakes through instead of turning them into a report."""

    def raise_it(_: object) -> None:
        raise  # called where the exception is being handled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "_report_bug", raise_it)
        yield


VERBS: Mapping[str, Callable[[Forge, Path], Sequence[str | Path]]] = {
    "restore": lambda f, home: ("restore", "laden", "--into", f.into),
    "restore links": lambda f, home: ("restore", "laden", "--into", f.into, "--keep-links"),
    "browse": lambda f, home: ("browse", "laden", "shop"),
    "snapshots": lambda f, home: ("snapshots",),
    "verify": lambda f, home: ("verify", "--full"),
    "adopt": lambda f, home: ("adopt", f.copy),
    "status": lambda f, home: ("status",),
}


def attack(forged: Forge, *verbs: str) -> dict[str, Answer]:
    """Run the verbs (all of them unless named); AssertionError when one harms or is a bug.

    The last restore stays in `forged.into`. `adopt` and the `status` after it work in a home of
    their own that knows nothing.
    """
    before = surroundings(forged)
    answers = {}
    for verb in verbs or VERBS:
        home = forged.base / ("home-neu" if verb in ("adopt", "status") else "home")
        shutil.rmtree(forged.into, ignore_errors=True)
        answers[verb] = ask(home, *VERBS[verb](forged, home))
        assert not compare(before, surroundings(forged)), verb
        assert answers[verb].exit in FINE | {Exit.PLAN_INVALID}, (verb, answers[verb])
        assert "\x1b" not in answers[verb].text, verb
    return answers


def surroundings(forged: Forge) -> Snapshot:
    """Everything that no reader may change: all but the homes and the restore's own folder."""
    own = tuple(os.fsencode(name) for name in ("home", "home-neu", "zurück"))
    found = snapshot(forged.base)
    return {path: entry for path, entry in found.items() if path.split(b"/")[0] not in own}


def restored(forged: Forge) -> dict[str, bytes]:
    """The ordinary files that came, by path; links are named by where they lead."""
    found = {}
    for path in sorted(forged.into.rglob("*")) if forged.into.exists() else ():
        name = str(path.relative_to(forged.into))
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


HOSTILE, DAMAGED = str(Code.COPY_HOSTILE), str(Code.COPY_DAMAGED)
