"""The anomaly gate of one system: gathers the facts of a run and decides, before a byte is sent.

It compares the scan with the newest state this home knows at any of the system's copies: what came
before was judged when it was new. A gate that closed stays closed, whatever runs come, until a
person accepts exactly what was shown, or until it is no longer so and was stored nowhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from core.clock import parse_stamp, stamp
from core.copies.backing_up import canaries
from core.copies.backing_up.anomaly import (
    EXAMPLES,
    MISFITS,
    MOST_HEADS,
    NOTHING,
    SLOW_DAYS,
    Even,
    Facts,
    Gone,
    Rule,
    SetDigest,
    Tally,
    What,
    compare_folder,
    distinct,
    judge,
    path_mark,
)
from core.copies.backing_up.heads import HEAD, fits
from core.copies.desk import Desk
from core.copies.format import documents, percent
from core.copies.format.documents import Record
from core.copies.format.names import OWN_FOLDER
from core.copies.memory.remembered import is_liar, unpack_entries
from core.sources.folders import Root, ScannedFolder
from core.store.home import GateRow, HomeStore
from core.store.index import CopyIndex, FolderStat, IndexView

REMIND_AFTER = timedelta(days=3)


class Example(msgspec.Struct, frozen=True):
    """A file that shows what happened; path: within the system, as percent text."""

    path: str
    what: What


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is asked: since when, which rule, which numbers, the most telling files."""

    system: str
    since: str
    rule: Rule
    facts: Facts
    examples: tuple[Example, ...]

    @property
    def mark(self) -> str:
        """A short hash of all that is shown: tells this question from one that asks about more."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def question(store: HomeStore, system: str) -> Question | None:
    """What is being asked of a person about a system; None while its gate is open."""
    row = store.gate(system)
    if row is None or row.answered:
        return None
    return msgspec.json.decode(row.question, type=Question)


def gate_is_closed(store: HomeStore, system: str) -> bool:
    """Whether offline copies and retention of a system have to wait for a person's answer."""
    row = store.gate(system)
    return row is not None and not row.answered


def remind(store: HomeStore, system: str, now: datetime) -> bool:
    """Whether it is time to ask again, three days after nobody answered; true once."""
    row = store.gate(system)
    if row is None or row.answered or row.reminded:
        return False
    if now - parse_stamp(row.since) < REMIND_AFTER:
        return False
    store.set_gate(row._replace(reminded=stamp(now)))
    return True


@dataclass(frozen=True, slots=True)
class _Base:
    """The newest state known: where, its index, its name, how many files it holds."""

    destination: str
    index: CopyIndex
    name: str
    files: int


@dataclass(slots=True)
class _Weighed:
    """What a run found, ready to judge. marks: `path_mark` of every file that counts, joined."""

    facts: Facts
    files: str
    canaries: str
    examples: tuple[Example, ...]
    marks: bytes

    def covered_by(self, row: GateRow, base: str) -> bool:
        """Whether this is exactly what was shown then.

        When a copy took it in since, that is so if nothing more happened.
        """
        files, _, birds = row.digest.partition(" ")
        return birds == self.canaries and self.files == (files if base == row.base else NOTHING)

    @property
    def digest(self) -> str:
        return f"{self.files} {self.canaries}"


@dataclass(slots=True)
class Gate:
    """The gate of one system during one backup. `doubtful`: destinations it does not ask."""

    desk: Desk
    system: str
    roots: tuple[Root, ...]
    accept: bool
    doubtful: frozenset[str] = frozenset()
    is_closed: bool = False
    _base: _Base | None = None
    _own: list[CopyIndex] = field(default_factory=list)
    _tally: Tally = field(default_factory=Tally)
    _seen: set[bytes] = field(default_factory=set)
    _changed: bool = False
    _weighed: _Weighed | None = None
    _answered: bool = False
    _booked: bool = False

    def find_base(self, open_now: Mapping[str, CopyIndex]) -> None:
        """Look for the newest state of all copies; `open_now`: indexes in use, by destination.

        The others may be in the hands of another process: they are only looked at.
        """
        known = set(self.desk.known_copies(self.system)) - self.doubtful
        for destination in sorted(known.union(open_now)):
            index = open_now.get(destination)
            if index is None:
                index = view = IndexView(self.desk.index_path(self.system, destination))
                self._own.append(view)
                if not view.is_begun:
                    continue
            states = [(run, line) for run, _, line, pending in index.states() if not pending]
            if not states:
                continue
            run, line = max(states, key=lambda state: documents.run_order(state[0]))
            newest = self._base
            began = documents.began_at(run)
            if newest is None or began > documents.began_at(newest.name.split()[1]):
                files = msgspec.json.decode(line, type=Record).files
                self._base = _Base(destination, index, f"{destination} {run}", files)
        for index in self._own:
            if self._base is None or self._base.index is not index:
                index.close()
        self._own = [self._base.index] if self._base and self._base.index in self._own else []

    @property
    def knows(self) -> bool:
        """Whether there is a state to compare with; a first run is never held."""
        return self._base is not None

    def look(
        self, scanned: ScannedFolder, blob: bytes, known: Mapping[str, FolderStat | None]
    ) -> None:
        """Take in a folder of the scan; `blob`: its entries, packed. `known`: what is known of it
        at the destinations whose index was asked already.
        """
        if self._base is None:
            return
        self._seen.add(scanned.path)
        if scanned.problem:
            return  # what cannot be seen is no evidence
        if self._base.destination in known:
            before = known[self._base.destination]
        else:
            before = self._base.index.folder_stat(scanned.path)
        if before is not None and before.stat == blob:
            return
        old = unpack_entries(before.stat) if before is not None and before.stat else []
        self._changed = True
        self._tally.add(scanned.path, compare_folder(old, scanned.entries))

    def decide(self) -> bool:
        """Judge the whole scan; whether everything may go on. Once per backup, before any writing.

        Closed: the question stands in the store until it is answered.
        """
        store, row = self.desk.store, self.desk.store.gate(self.system)
        base = self._base.name if self._base else ""
        weighed = self._weighed = self._weigh()
        rule = judge(weighed.facts)
        if row is not None and not row.answered:
            if self.accept and (not base or weighed.covered_by(row, base)):
                self._answer(row)
            elif rule is None and base == row.base:
                store.open_gate(self.system)  # it is not so any more, and no copy has it
            else:
                self._close(row, rule, weighed, base)
        elif rule is not None:
            if row is not None and base == row.base and weighed.covered_by(row, base):
                self._answered = True  # said so before; the run that followed did not get through
            else:
                self._close(None, rule, weighed, base)
        self._let_go()
        return not self.is_closed

    def committed(self, destination: str, run: str) -> None:
        """A copy has its state: book what this run found, or mark the state as suspect."""
        store = self.desk.store
        if gate_is_closed(store, self.system):
            store.add_suspect(self.system, destination, run)
        elif not self._booked and self._weighed is not None:
            self._booked = True
            row = store.gate(self.system)
            if self._answered or (row is not None and row.answered):
                store.open_gate(self.system)
            elif self._weighed.marks:
                since = self.desk.clock.now() - timedelta(days=SLOW_DAYS)
                store.add_gate_change(self.system, self._weighed.marks, forget_before=since)

    def close(self) -> None:
        """Let go of what was opened. Safe to call twice."""
        self._let_go()

    # -- deciding ---------------------------------------------------------------------------------

    def _answer(self, row: GateRow) -> None:
        store, now = self.desk.store, self.desk.clock.now()
        store.set_gate(row._replace(answered=stamp(now)))
        canaries.give_up_touched(store, self.system, self._places(), now)
        self._answered = True

    def _close(self, row: GateRow | None, rule: Rule | None, weighed: _Weighed, base: str) -> None:
        """Ask, or ask anew with what came on top; since when stays."""
        self.is_closed = True
        old = question(self.desk.store, self.system) if row is not None else None
        examples, facts = weighed.examples, weighed.facts
        if row is not None and old is not None and base != row.base:
            # The copies that go on have taken in what was shown: it is still part of the question.
            seen = {example.path for example in examples}
            examples += tuple(example for example in old.examples if example.path not in seen)
            facts = _together(old.facts, facts)
        asked = Question(
            system=self.system,
            since=row.since if row else stamp(self.desk.clock.now()),
            rule=old.rule if old is not None else rule or Rule.MANY,
            facts=facts,
            examples=examples[:EXAMPLES],
        )
        self.desk.store.set_gate(
            GateRow(
                self.system,
                asked.since,
                asked.rule,
                msgspec.json.encode(asked),
                weighed.digest,
                base,
                reminded=row.reminded if row else "",
            )
        )

    # -- weighing ---------------------------------------------------------------------------------

    def _weigh(self) -> _Weighed:
        self._add_vanished()
        files, birds = SetDigest(), SetDigest()
        marks = bytearray()
        changed = lost = 0
        some: Even[Example] = Even(2 * EXAMPLES)
        for path, file in self._counted():
            if file.lost:
                lost += 1
            else:
                changed += 1
            facts = () if is_liar(file.name) else (file.now_size, file.now_mtime)
            files.add(path, int(file.lost), *facts)  # liars change all the time
            marks += path_mark(path)
            some.add(_example(path, What.LOST if file.lost else What.CHANGED))
        found = canaries.touched(self.desk.store, self.system, self._places())
        for bird in found:
            birds.add(bird.path, bird.sha256)
        heads, misfits, odd = self._look_at_heads(always=False)
        recent = 0
        if marks:
            since = self.desk.clock.now() - timedelta(days=SLOW_DAYS)
            recent = distinct(
                [*self.desk.store.gate_changes(self.system, since=since), bytes(marks)]
            )
        facts_of_run = Facts(
            total=self._base.files if self._base else 0,
            changed=changed,
            lost=lost,
            recent=recent,
            heads=heads,
            misfits=misfits,
            canaries=len(found),
        )
        if not heads and judge(facts_of_run) is not None:
            _, _, odd = self._look_at_heads(always=True)  # no rule needs them, but they tell most
        examples = [_example(bird.path, What.CANARY) for bird in found]
        examples += odd
        shown = {example.path for example in examples}
        examples += [one for one in some.pick(EXAMPLES) if one.path not in shown]
        return _Weighed(
            facts_of_run, files.hex(), birds.hex(), tuple(examples[:EXAMPLES]), bytes(marks)
        )

    def _add_vanished(self) -> None:
        """Folders that are gone, with all that was in them."""
        if self._base is None or not self._changed:
            return
        names = {root.name for root in self.roots}
        for path in [*self._base.index.folder_paths()]:
            # A source folder that is not in the plan any more was left out by a person.
            if path in self._seen or path == OWN_FOLDER or path.partition(b"/")[0] not in names:
                continue
            known = self._base.index.folder_stat(path)
            if known is not None and known.stat:
                self._tally.add(path, compare_folder(unpack_entries(known.stat), []))

    def _counted(self) -> Iterator[tuple[bytes, Gone]]:
        """Path within the system and facts of every file that counts."""
        for folder, file in self._tally.counted():
            path = folder + b"/" + file.name
            if not (file.lost and self._is_there(path)):
                yield path, file

    def _is_there(self, path: bytes) -> bool:
        """Whether a file that the scan does not have is only left out, by a new pattern say."""
        try:
            os.lstat(self._place_of(path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def _look_at_heads(self, *, always: bool) -> tuple[int, int, list[Example]]:
        """How many heads were read, how many do not fit, and some of these.

        Fewer than the rule needs are not worth opening a file, unless `always`.
        """
        picked: Even[tuple[bytes, Gone]] = Even(MOST_HEADS)
        for folder, file in self._tally.with_heads():
            picked.add((folder, file))
        if len(picked.kept) < MISFITS and not always:
            return 0, 0, []
        heads = misfits = 0
        odd: Even[Example] = Even(2 * EXAMPLES)
        for folder, file in picked.kept:
            path = folder + b"/" + file.head_of
            with suppress(OSError), open(self._place_of(path), "rb", buffering=0) as opened:
                head = opened.read(HEAD)
                heads += 1
                if not fits(file.name, head):
                    misfits += 1
                    odd.add(_example(path, What.HEAD))
        return heads, misfits, odd.pick(EXAMPLES)

    def _places(self) -> dict[bytes, bytes]:
        return {root.name: root.place for root in self.roots}

    def _place_of(self, path: bytes) -> bytes:
        name, _, inside = path.partition(b"/")
        return os.path.join(self._places()[name], inside)

    def _let_go(self) -> None:
        for index in self._own:
            index.close()
        self._own = []


def _example(path: bytes, what: What) -> Example:
    return Example(percent.encode(path), what)


def _together(old: Facts, new: Facts) -> Facts:
    """The numbers of all runs since the gate closed."""
    return Facts(
        total=old.total,
        changed=old.changed + new.changed,
        lost=old.lost + new.lost,
        recent=max(old.recent, new.recent),
        heads=old.heads + new.heads,
        misfits=old.misfits + new.misfits,
        canaries=max(old.canaries, new.canaries),
    )
