"""The locks of a copy in a bucket: what is renewed, what is never deleted, what a lie costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from core.crypt.keys import derive
from core.crypt.names import Names
from core.destinations.bucket_locks import BucketLocks
from core.destinations.locks import Swept, rule_of
from core.destinations.rewinding import Rewound, rewind
from core.errors import Code, KnownError
from core.s3.answers import LockSettings, Refused, Retention, Version
from core.s3.bucket import Bucket
from tests.support.fixed_clock import NOON, FixedClock

DAY = timedelta(days=1)
TOP = "laeden/laden/"


@dataclass
class Shelf:
    """A bucket in memory, as strict as the services are. forgets: it says yes and locks nothing."""

    clock: FixedClock
    ahead: timedelta = timedelta(0)
    enabled: bool = True
    denied: frozenset[str] = frozenset()
    forgets: bool = False
    stored: list[Version] = field(default_factory=list)
    locks: dict[tuple[str, str], Retention] = field(default_factory=dict)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    copied: list[tuple[str, str]] = field(default_factory=list)

    def put(self, key: str, *, marker: bool = False, days: float = 0, size: int = 10) -> str:
        """Another version of a key, `days` from noon on."""
        number = f"v{len(self.stored)}"
        self.stored = [
            one._replace(newest=False) if one.key == TOP + key else one for one in self.stored
        ]
        moment = NOON + days * DAY
        self.stored.insert(
            0, Version(TOP + key, number, True, marker, moment, 0 if marker else size)
        )
        return number

    def _deny(self, what: str) -> None:
        if what in self.denied:
            raise KnownError(Code.REMOTE_NO_RIGHTS, destination="c", path="", cause="AccessDenied")

    def lock_settings(self) -> LockSettings:
        self._deny("settings")
        return LockSettings(self.enabled)

    def versions(self, prefix: str) -> Iterator[Version]:
        self._deny("versions")
        assert prefix == TOP
        yield from sorted(self.stored, key=lambda one: (one.key, -one.modified.timestamp()))

    def lock(self, key: str, version: str, mode: str, until: datetime) -> None:
        self._deny("lock")
        found = [one for one in self.stored if one.key == key and version in ("", one.id)]
        if not found:
            raise FileNotFoundError(key)
        version = found[0].id
        old = self.locks.get((key, version))
        if old and (until < old.until or (old.mode == "COMPLIANCE") > (mode == "COMPLIANCE")):
            self.denied |= {"lock"}
            try:
                self._deny("lock")
            finally:
                self.denied -= {"lock"}
        if not self.forgets:
            self.locks[key, version] = Retention(mode, until)

    def retention(self, key: str, version: str = "") -> Retention | None:
        found = [one for one in self.stored if one.key == key and version in ("", one.id)]
        if not found or found[0].marker:
            raise FileNotFoundError(key)
        return self.locks.get((key, found[0].id))

    def delete(self, versions: Sequence[tuple[str, str]]) -> list[Refused]:
        refused = []
        for key, version in versions:
            lock = self.locks.get((key, version))
            if lock and lock.until > self.clock.now() + self.ahead:
                refused.append(Refused(key, version, "AccessDenied"))
                continue
            self.deleted.append((key.removeprefix(TOP), version))
        self.stored = [
            one for one in self.stored if (one.key.removeprefix(TOP), one.id) not in self.deleted
        ]
        return refused

    def copy(self, key: str, version: str) -> None:
        if not any((one.key, one.id) == (key, version) for one in self.stored):
            raise FileNotFoundError(key)
        self.copied.append((key.removeprefix(TOP), version))
        self.put(key.removeprefix(TOP), days=3)

    def close(self) -> None:
        pass


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(FixedClock())


def locks_of(shelf: Shelf, mode: str = "GOVERNANCE", days: int = 30) -> BucketLocks:
    return BucketLocks(
        cast(Bucket, shelf),
        TOP,
        mode,
        rule_of(days * DAY),
        shelf.clock,
        where={"destination": "c", "path": "s3://x"},
        cancelled=lambda: False,
    )


def trouble(locks: BucketLocks) -> Code | None:
    return locks.trouble.code if locks.trouble else None


def test_whether_it_can_lock_is_asked_first(shelf: Shelf) -> None:
    assert trouble(locks_of(shelf)) is None
    shelf.enabled = False
    assert trouble(locks_of(shelf)) is Code.LOCK_NO_BUCKET
    for denied in ("settings", "lock"):
        made = Shelf(FixedClock(), denied=frozenset((denied,)))
        assert trouble(locks_of(made)) is Code.LOCK_NO_RIGHTS


def test_the_clock_over_there_counts(shelf: Shelf) -> None:
    shelf.ahead = timedelta(minutes=10)
    locks = locks_of(shelf)
    assert locks.now() == NOON + timedelta(minutes=10)
    assert locks.sent_until == locks.rule.object_until(locks.now())


def test_all_that_is_seen_is_renewed_and_what_came_first(shelf: Shelf) -> None:
    """What a thief wrote over is as safe as what he wrote; what is deleted is let go."""
    good = shelf.put("daten/1/a.zip")
    first = shelf.put("daten/1/b.zip", days=-9)
    shelf.put("daten/1/b.zip", days=-3)
    last = shelf.put("daten/1/b.zip", days=-1)
    shelf.put("daten/2/weg.zip", days=-9)
    shelf.put("daten/2/weg.zip", marker=True, days=-1)
    locks = locks_of(shelf)
    until = locks.renew()
    assert until == NOON + 40 * DAY + timedelta(minutes=15)
    assert set(shelf.locks) == {
        (f"{TOP}daten/1/a.zip", good),
        (f"{TOP}daten/1/b.zip", first),
        (f"{TOP}daten/1/b.zip", last),
    }
    assert {one.until for one in shelf.locks.values()} == {until}
    assert trouble(locks) is None


def test_a_longer_or_stricter_lock_is_no_trouble(shelf: Shelf) -> None:
    long, strict, short = (shelf.put(name) for name in ("a", "b", "c"))
    locks = locks_of(shelf)
    shelf.locks[f"{TOP}a", long] = Retention("GOVERNANCE", NOON + 365 * DAY)
    shelf.locks[f"{TOP}b", strict] = Retention("COMPLIANCE", NOON + 5 * DAY)
    shelf.locks[f"{TOP}c", short] = Retention("GOVERNANCE", NOON + 5 * DAY)
    until = locks.renew()
    assert trouble(locks) is None
    assert shelf.locks[f"{TOP}a", long].until == NOON + 365 * DAY
    assert shelf.locks[f"{TOP}b", strict] == Retention("COMPLIANCE", until)


def test_what_cannot_be_renewed_is_said(shelf: Shelf) -> None:
    shelf.put("a")
    locks = locks_of(shelf)
    shelf.denied = frozenset(("lock",))
    locks.renew()
    assert locks.trouble is not None
    assert (locks.trouble.code, locks.trouble.params["count"]) == (Code.LOCK_NOT_KEPT, 1)
    locks.trouble, shelf.denied = None, frozenset(("versions",))
    locks.renew()
    assert trouble(locks) is Code.LOCK_NO_RIGHTS


def test_a_storage_that_only_says_yes(shelf: Shelf) -> None:
    shelf.forgets = True
    shelf.put("staende/1.json")
    locks = locks_of(shelf)
    locks.renew()
    locks.confirm("staende/1.json")
    assert trouble(locks) is Code.LOCK_NOT_KEPT


def sweep(shelf: Shelf, keeps: str = "-", read: str = "-") -> Swept:
    return locks_of(shelf).sweep(lambda path: keeps in path, lambda path: read in path)


def test_what_was_let_go_is_deleted_when_no_lock_can_be_left(shelf: Shelf) -> None:
    shelf.put("daten/1/a", days=-60)
    shelf.put("daten/1/a", marker=True, days=-50)
    shelf.put("daten/1/b", days=-60)
    shelf.put("daten/1/b", marker=True, days=-20, size=7)
    shelf.put("daten/1/c", days=-60)
    swept = sweep(shelf)
    assert (swept.versions, swept.size, swept.waiting) == (1, 10, 10)
    assert swept.free_at == NOON + 20 * DAY + timedelta(minutes=30)
    assert sorted({key for key, _ in shelf.deleted}) == ["daten/1/a"]
    assert {one.key for one in shelf.stored} == {f"{TOP}daten/1/b", f"{TOP}daten/1/c"}


def test_what_is_needed_stays_whoever_hid_it(shelf: Shelf) -> None:
    shelf.put("daten/1/a", days=-60)
    shelf.put("daten/1/a", marker=True, days=-50)
    assert sweep(shelf, keeps="daten/1/") == Swept()
    shelf.put("daten/1/b", days=-60)
    shelf.put("daten/1/b", days=-50)  # written over, and nobody has looked which one is right
    assert sweep(shelf, keeps="daten/1/") == Swept()
    assert shelf.deleted == []


def test_of_what_was_read_older_versions_go(shelf: Shelf) -> None:
    first = shelf.put("daten/1/inhalt", days=-90)
    second = shelf.put("daten/1/inhalt", days=-80)
    shelf.put("daten/1/inhalt", days=-50)
    assert sweep(shelf, read="inhalt").versions == 2
    assert sorted(shelf.deleted) == [("daten/1/inhalt", first), ("daten/1/inhalt", second)]


def test_a_version_that_stays_stays_hidden(shelf: Shelf) -> None:
    """A marker goes last, or what was deleted would be seen again."""
    number = shelf.put("daten/1/a", days=-60)
    shelf.put("daten/1/a", marker=True, days=-50)
    shelf.locks[f"{TOP}daten/1/a", number] = Retention("COMPLIANCE", NOON + 300 * DAY)
    swept = sweep(shelf)
    assert (swept.versions, swept.waiting) == (0, 10)
    assert shelf.deleted == []


def test_names_in_a_vault(shelf: Shelf) -> None:
    names = Names(derive("eins", "zwei"))
    sealed = names.seal("daten/1/a.zip")
    shelf.put(f"tresor-x/{sealed}", days=-60)
    shelf.put(f"tresor-x/{sealed}", marker=True, days=-50)
    shelf.put("tresor-y/fremd", days=-60)
    shelf.put("tresor-y/fremd", marker=True, days=-50)
    shelf.put(f"tresor-x/{names.seal('staende/1.json')}")
    locks = locks_of(shelf)
    locks.seal_with("tresor-x", lambda: names)
    locks.renew()
    assert locks.locked_until("staende/1.json") == NOON + 40 * DAY + timedelta(minutes=15)
    assert locks.locked_until("staende/2.json") is None
    asked: list[str] = []

    def keeps(path: str) -> bool:
        asked.append(path)
        return False

    assert locks.sweep(keeps, lambda path: False).versions == 1
    assert asked == ["daten/1/a.zip"]  # of another vault nobody here knows anything


LOCK = ("GOVERNANCE", NOON + 40 * DAY)


def rewound(shelf: Shelf, *, dry: bool = False) -> Rewound:
    return rewind(cast(Bucket, shelf), TOP, NOON, lock=LOCK, dry=dry, cancelled=lambda: False)


def test_a_bucket_is_made_again_what_it_was(shelf: Shelf) -> None:
    """Hidden, hidden twice, written over, written over and hidden; and what needs nothing."""
    for name in ("da", "weg", "zweimal", "anders", "beides", "alt"):
        shelf.put(name, days=-9)
    before = {one.key.removeprefix(TOP): one.id for one in shelf.stored}
    shelf.put("alt", marker=True, days=-1)  # a clean-up before it
    for name in ("weg", "zweimal", "zweimal"):
        shelf.put(name, marker=True, days=1)
    for name in ("anders", "beides", "neu"):
        shelf.put(name, days=1)
    shelf.put("beides", marker=True, days=2)
    assert rewound(shelf, dry=True) == Rewound(shown=2, copied=2)
    assert (shelf.deleted, shelf.copied) == ([], [])
    assert rewound(shelf) == Rewound(shown=2, copied=2)
    assert [key for key, _ in shelf.deleted] == ["weg", "zweimal", "zweimal"]
    assert shelf.copied == [(name, before[name]) for name in ("anders", "beides")]
    assert shelf.retention(f"{TOP}anders") == Retention(*LOCK)


def test_who_may_not_take_markers_away_copies(shelf: Shelf) -> None:
    number = shelf.put("a", days=-9)
    marker = shelf.put("a", marker=True, days=1)
    shelf.locks[f"{TOP}a", marker] = Retention("COMPLIANCE", NOON + DAY)
    assert rewound(shelf) == Rewound(copied=1)
    assert shelf.copied == [("a", number)]
