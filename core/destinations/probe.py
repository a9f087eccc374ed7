"""What a place for copies can do, tried out: plain facts, and the layout they advise.

Everything happens in one folder of our own, `ladentresor-probe-<day>-<random>`, which is gone
afterwards; folders of probes that were killed are cleared away by a later one. Nothing is believed:
what was written is read back, a name counts when it is listed, a deletion when the name is gone.
"""

from __future__ import annotations

import os
import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from core.clock import Clock
from core.errors import Code, KnownError

PREFIX = "ladentresor-probe-"
_FOLDER = re.compile(rf"{PREFIX}(\d{{8}})-[0-9a-f]{{8}}")
_LEFT_DAYS = 1  # a probe of another PC may be going on
_SMALL = 2048
_FIRST_BYTES = 256 * 1024
MOST_BYTES = 32 * 1024 * 1024
"""What a probe sends at most to measure the speed; a fifth of it is common on slow lines."""
_LONG_ENOUGH = 1.0  # seconds a transfer should take to say something about the speed
SLOW_SECONDS = 0.03
"""A small file that takes longer than this is worth bundling: 10,000 of them take five minutes."""
DRIFT_SECONDS = 120.0
"""From here on a clock is said to be wrong: sign-ins and object locks go by it."""
_DRIFT_NOISE = 2.0  # whole seconds of HTTP, two of FAT

_LOGIN = (
    *(Code.REMOTE_LOGIN, Code.REMOTE_LOGIN_EXPIRED, Code.REMOTE_HOST_KEY, Code.ACCOUNT_DAMAGED),
    Code.REMOTE_CERTIFICATE,
)
_REACH = (
    *(Code.REMOTE_UNREACHABLE, Code.REMOTE_OFFLINE, Code.REMOTE_TIMED_OUT, Code.REMOTE_PORTAL),
    *(Code.REMOTE_SHARE_MISSING, Code.DESTINATION_MISSING, Code.DESTINATION_GONE),
    *(Code.REMOTE_PROTOCOL, Code.REMOTE_MAINTENANCE, Code.REMOTE_CUT_OFF),
)


class Answer(StrEnum):
    """Whether it can do something; unknown where that was not tried or cannot be told."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Overwrite(StrEnum):
    """What becomes of a file when another is written over it."""

    REPLACED = "replaced"
    REFUSED = "refused"
    KEPT = "kept"
    """it said yes and kept the old one, as stores with locks do"""
    UNKNOWN = "unknown"


class Names(StrEnum):
    """Whether two spellings of a name are two files."""

    DISTINCT = "distinct"
    FOLDED = "folded"
    UNKNOWN = "unknown"


class Advice(StrEnum):
    """Why a layout is advised."""

    FOLDER = "folder"
    NETWORK = "network"
    SLOW = "slow"
    NAMES = "names"
    UNUSABLE = "unusable"


class Facts(msgspec.Struct, kw_only=True):
    """What was seen. Sizes in bytes, rates in bytes a second, times in seconds; None: not told.

    failure: the code that ended the probe early, '' when it came to its end; cause: what was said
    over there. drift: how far the
    clock there is ahead of ours. kept: names come back just as they were written.
    left: what could not be removed.
    """

    network: bool
    reach: Answer = Answer.UNKNOWN
    login: Answer = Answer.UNKNOWN
    write: Answer = Answer.UNKNOWN
    read_back: Answer = Answer.UNKNOWN
    lists: Answer = Answer.UNKNOWN
    exclusive: Answer = Answer.UNKNOWN
    overwrite: Overwrite = Overwrite.UNKNOWN
    rename: Answer = Answer.UNKNOWN
    delete: Answer = Answer.UNKNOWN
    case: Names = Names.UNKNOWN
    unicode: Names = Names.UNKNOWN
    kept: Answer = Answer.UNKNOWN
    long_names: Answer = Answer.UNKNOWN
    drift: float | None = None
    free: int | None = None
    total: int | None = None
    hashes: tuple[str, ...] = ()
    small: float | None = None
    up: float | None = None
    down: float | None = None
    left: tuple[str, ...] = ()
    failure: str = ""
    cause: str = ""

    @property
    def usable(self) -> bool:
        """Whether copies can be made, read and listed there at all."""
        needed = (self.reach, self.login, self.write, self.read_back, self.lists)
        return not self.failure and all(one is Answer.YES for one in needed)

    @property
    def concerns(self) -> tuple[str, ...]:
        """What a person should know before relying on it, as codes."""
        found = {
            "no_delete": self.delete is Answer.NO,
            "clock": self.drift is not None and abs(self.drift) >= DRIFT_SECONDS,
            "full": self.free is not None and self.free < 1_000_000_000,
            "names": Answer.NO in (self.kept, self.long_names),
            "left": bool(self.left),
        }
        return tuple(code for code, holds in found.items() if holds)


class Room(msgspec.Struct):
    """Free and whole room of a place, None where it does not say."""

    free: int | None = None
    total: int | None = None


class Place(Protocol):
    """A folder to be probed, on a disk or behind rclone; KnownError as of its medium.

    Paths are relative to the place. Only `PREFIX…` folders are ever written or cleared.
    """

    network: bool

    def names(self, folder: str) -> list[str]: ...
    def make_folder(self, folder: str) -> datetime | None:
        """Make a folder; when that was by the clock over there."""

    def write(self, path: str, data: bytes) -> None: ...
    def read(self, path: str, limit: int) -> bytes | None: ...
    def write_again(self, path: str, data: bytes) -> None:
        """Try to write over a file that is there."""

    def is_exclusive(self, path: str) -> Answer:
        """Whether creating a file refuses to touch the one that is there."""

    def rename(self, path: str, to: str) -> None: ...
    def delete(self, path: str) -> None: ...
    def clear(self, folder: str) -> None:
        """Remove a folder and what is in it."""

    def room(self) -> Room: ...
    def hashes(self) -> tuple[str, ...]: ...


def probe(
    place: Place,
    clock: Clock,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    most_bytes: int = MOST_BYTES,
) -> Facts:
    """Try everything out. A failure ends the probe and stands in the facts; CANCELLED is raised."""
    facts = Facts(network=place.network)
    folder = f"{PREFIX}{clock.now():%Y%m%d}-{secrets.token_hex(4)}"
    trial = _Trial(place, clock, folder, facts, cancelled, most_bytes)
    try:
        trial.begin()
        for step in trial.steps():
            if cancelled():
                raise KnownError(Code.CANCELLED)
            step()
    except KnownError as error:
        if error.code is Code.CANCELLED:
            raise
        _note_failure(facts, error.code)
        facts.cause = str(error.params.get("cause", ""))
    finally:
        if facts.reach is Answer.YES:
            trial.end()
    return facts


def advise(facts: Facts) -> tuple[str, Advice]:
    """The layout for such a place, `tree` or `bundled`, and why (DESIGN §5)."""
    if not facts.usable:
        return "bundled", Advice.UNUSABLE
    if facts.network:
        return "bundled", Advice.NETWORK
    if facts.exclusive is Answer.NO or Answer.NO in (facts.kept, facts.long_names):
        return "bundled", Advice.NAMES
    if facts.small is not None and facts.small > SLOW_SECONDS:
        return "bundled", Advice.SLOW
    return "tree", Advice.FOLDER


def _note_failure(facts: Facts, code: Code) -> None:
    facts.failure = str(code)
    if code in _REACH and facts.reach is Answer.UNKNOWN:
        facts.reach = Answer.NO
    elif code in _LOGIN:
        facts.reach, facts.login = Answer.YES, Answer.NO
    elif facts.write is Answer.UNKNOWN and facts.login is Answer.YES:
        facts.write = Answer.NO


class _Trial:
    """One probe under way."""

    def __init__(
        self,
        place: Place,
        clock: Clock,
        folder: str,
        facts: Facts,
        cancelled: Callable[[], bool],
        most_bytes: int,
    ) -> None:
        self._place = place
        self._clock = clock
        self._folder = folder
        self._facts = facts
        self._cancelled = cancelled
        self._most_bytes = most_bytes
        self._spent: list[float] = []

    def _at(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def steps(self) -> Iterator[Callable[[], None]]:
        yield self._write_and_read
        yield self._over
        yield self._spellings
        yield self._renaming
        yield self._deleting
        yield self._speed

    def begin(self) -> None:
        """Is anybody there, are we let in; the folder, and the clock over there."""
        facts = self._facts
        there = self._place.names("")
        facts.reach = facts.login = Answer.YES
        self._clear_old(there)
        before = self._clock.now()
        made = self._place.make_folder(self._folder)
        after = self._clock.now()
        if made is not None:
            facts.drift = _drift(made, before, after)
        room = self._place.room()
        facts.free, facts.total = room.free, room.total
        facts.hashes = self._place.hashes()

    def _clear_old(self, there: list[str]) -> None:
        today = self._clock.now().date()
        for name in there:
            found = _FOLDER.fullmatch(name)
            if found is None:
                continue
            day = datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day of UTC
            if today - day > timedelta(days=_LEFT_DAYS):
                with _whatever():
                    self._place.clear(name)

    def end(self) -> None:
        """Leave nothing behind."""
        with _whatever():
            self._place.clear(self._folder)
        try:
            left = self._folder in self._place.names("")
        except KnownError:
            left = True
        self._facts.left = (self._folder,) if left else ()

    # -- steps ------------------------------------------------------------------------------------

    def _timed(self, path: str, data: bytes) -> None:
        began = time.monotonic()
        self._place.write(path, data)
        self._spent.append(time.monotonic() - began)

    def _write_and_read(self) -> None:
        facts, data = self._facts, os.urandom(_SMALL)
        for number in range(5):
            self._timed(self._at(f"klein-{number}"), data)
        facts.write = Answer.YES
        facts.small = sorted(self._spent)[len(self._spent) // 2]
        facts.read_back = _answer(self._read("klein-0") == data)
        facts.lists = _answer("klein-4" in self._place.names(self._folder))

    def _read(self, name: str) -> bytes | None:
        return self._place.read(self._at(name), _SMALL)

    def _over(self) -> None:
        facts, path = self._facts, self._at("klein-1")
        facts.exclusive = self._place.is_exclusive(path)
        data = os.urandom(_SMALL)
        try:
            self._place.write_again(path, data)
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            facts.overwrite = Overwrite.REFUSED
            return
        now = self._read("klein-1")
        facts.overwrite = Overwrite.REPLACED if now == data else Overwrite.KEPT

    def _spellings(self) -> None:
        """Upper and lower case, composed and decomposed letters, a name as long as ours get."""
        facts = self._facts
        plain, composed = "Gross", unicodedata.normalize("NFC", "Tür")
        for name in (plain, composed):
            self._place.write(self._at(name), b"x" * _SMALL)
        there = self._place.names(self._folder)
        facts.kept = _answer({plain, composed} <= set(there))
        facts.case = self._spelled(plain.lower())
        facts.unicode = self._spelled(unicodedata.normalize("NFD", composed))
        long = "l" * 116 + ".zip"
        try:
            self._place.write(self._at(long), b"x")
            facts.long_names = _answer(long in self._place.names(self._folder))
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            facts.long_names = Answer.NO

    def _spelled(self, other: str) -> Names:
        try:
            found = self._read(other)
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            return Names.UNKNOWN
        return Names.DISTINCT if found is None else Names.FOLDED

    def _renaming(self) -> None:
        try:
            self._place.rename(self._at("klein-2"), self._at("anders-2"))
            there = self._place.names(self._folder)
            self._facts.rename = _answer("anders-2" in there and "klein-2" not in there)
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            self._facts.rename = Answer.NO

    def _deleting(self) -> None:
        try:
            self._place.delete(self._at("klein-3"))
            self._facts.delete = _answer("klein-3" not in self._place.names(self._folder))
        except KnownError as error:
            if error.code is Code.CANCELLED:
                raise
            self._facts.delete = Answer.NO

    def _speed(self) -> None:
        """Send twice as much until it takes a second or is enough, then fetch the last one."""
        facts, size, spent, number = self._facts, _FIRST_BYTES, 0, 0
        room = self._most_bytes
        if facts.free is not None:
            room = min(room, facts.free // 4)
        while spent + size <= room:
            if self._cancelled():
                raise KnownError(Code.CANCELLED)
            data, number = os.urandom(size), number + 1
            path = self._at(f"gross-{number}")
            began = time.monotonic()
            self._place.write(path, data)
            took = max(time.monotonic() - began, 1e-6)
            facts.up = size / took
            if took >= _LONG_ENOUGH or spent + 3 * size > room:
                began = time.monotonic()
                same = self._place.read(path, size) == data
                facts.down = size / max(time.monotonic() - began, 1e-6)
                facts.read_back = _answer(same and facts.read_back is Answer.YES)
                return
            spent, size = spent + size, size * 2


def _answer(holds: bool) -> Answer:
    return Answer.YES if holds else Answer.NO


def _drift(there: datetime, before: datetime, after: datetime) -> float:
    """Seconds a clock is ahead of ours, asked between two looks at ours; 0 within its noise."""
    early = (there - after).total_seconds()
    late = (there - before).total_seconds()
    if early - _DRIFT_NOISE <= 0 <= late + _DRIFT_NOISE:
        return 0.0
    return round(early if early > 0 else late, 1)


@contextmanager
def _whatever() -> Iterator[None]:
    """Tidying up: that it failed is seen by what is left."""
    try:
        yield
    except KnownError:
        pass
