"""Reading back by rotation: every object within its copy's period, the longest unread first.

An object's time counts from when it was last read from the medium, or from its run as long as it
never was. `verify --due` reads what is due: each object somewhere between half its period and nine
tenths, at a point of its own, so that a copy made in one night is not read in one night. A sample
after each run keeps the pace with small steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from core.clock import Clock
from core.copies.format import documents
from core.copies.format.contents import Packing, Part, is_bundle
from core.copies.format.copy_folder import DATA
from core.copies.looking_after.verify import CheckItem, Reading
from core.store.index import CopyIndex, UnreadObject

SAMPLE_BYTES = 256 * 1024 * 1024
"""The most a sample reads; it is also at most a fiftieth of the copy."""

_SAMPLED = "sampled_at"
_MOST_OBJECTS = 20_000
_WORTH_IT = 1000  # less than this fraction of the copy waits until it is more
_AT_ONCE = 50_000


def sample_budget(total: int, since_last: timedelta | None, period: timedelta) -> int:
    """How many bytes a sample reads after a run: twice the pace that the period asks for.

    At most 2 % of `total` and `SAMPLE_BYTES`; 0 when so little time has passed that it is not
    worth the look. `since_last`: None when there was no sample yet.
    """
    most = min(total // 50, SAMPLE_BYTES)
    if since_last is None:
        return max(1, most)
    passed, whole = max(0, int(since_last.total_seconds())), int(period.total_seconds())
    paced = 2 * total * passed // max(1, whole)
    return min(max(1, most), paced) if paced > total // _WORTH_IT else 0


def is_due(sha: bytes, since: int, period: timedelta, now: int) -> bool:
    """Whether an object not read since then (seconds) is to be read now."""
    own = int.from_bytes(sha[:4], "big") / 2**32
    return now - since >= period.total_seconds() * (0.5 + 0.4 * own)


def due_for_reading(index: CopyIndex, period: timedelta, now: datetime) -> Reading:
    """All objects that are due, the longest unread first."""
    moment = _seconds(now)
    found = (
        item for since, item in _longest_unread(index) if is_due(item.sha, since, period, moment)
    )
    return _reading(index, found)


def sample_for_reading(index: CopyIndex, period: timedelta, now: datetime) -> Reading | None:
    """The longest unread objects as far as the sample's budget goes; None when it is no time."""
    last = index.meta(_SAMPLED)
    since = None if last is None else timedelta(seconds=_seconds(now) - int(last))
    budget = sample_budget(index.object_bytes(), since, period)
    if not budget:
        return None
    return _reading(index, _within(_longest_unread(index, most=_MOST_OBJECTS), budget))


def note_sampled(index: CopyIndex, now: datetime) -> None:
    """The next sample goes on from here."""
    index.set_meta(_SAMPLED, str(_seconds(now)))


def _within(found: Iterable[tuple[int, UnreadObject]], budget: int) -> Iterator[UnreadObject]:
    """One at least; what a sample can never hold is left to `verify`."""
    left = budget
    for _, item in found:
        if item.size > SAMPLE_BYTES:
            continue
        yield item
        left -= item.size
        if left <= 0:
            return


def _longest_unread(
    index: CopyIndex, *, most: int | None = None
) -> Iterator[tuple[int, UnreadObject]]:
    began = {number: began_seconds(name) for number, name in index.run_names().items()}
    never = ((began[item.run], item) for item in index.never_read(most))
    read = ((item.read_at, item) for item in index.longest_not_read(most))
    yield from heapq.merge(never, read, key=lambda pair: pair[0])


def began_seconds(run: str) -> int:
    """When a run began, in seconds since 1970; 0 when its name holds no moment."""
    try:
        return max(0, _seconds(documents.began_at(run)))
    except (ValueError, OverflowError):
        return 0


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _reading(index: CopyIndex, found: Iterable[UnreadObject]) -> Reading:
    runs = index.run_names()
    numbers = {name: number for number, name in runs.items()}

    def items() -> Iterator[CheckItem]:
        for one in found:
            path = f"{DATA}/{runs[one.run]}/{one.path}"
            yield CheckItem(path, one.size, one.sha, (), True, is_bundle(one.path))

    def with_parts(path: str) -> CheckItem | None:
        _, run, inside = path.split("/", 2)
        return _object_at(index, numbers[run], path, inside)

    return Reading(items(), with_parts)


def _object_at(index: CopyIndex, run: int, path: str, inside: str) -> CheckItem | None:
    """An object with all contents that the index places in it. Looks through all of a run."""
    whole: CheckItem | None = None
    parts: list[Part] = []
    for sha, size, offset, stored, packing, member in index.in_object(run, inside):
        if stored is None:
            whole = CheckItem(path, size, sha, (), True, is_bundle(inside))
            continue
        how: Packing = "deflate" if packing == "deflate" else "roh"
        parts.append(Part(sha, offset, stored, size, how, member))
    return None if whole is None else whole._replace(parts=tuple(parts))


class ReadBackNotes:
    """Tells the index what was read back, in a few short transactions."""

    def __init__(self, index: CopyIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock
        self._waiting: list[bytes] = []

    def add(self, shas: Sequence[bytes]) -> None:
        """These objects were read from the medium and are sound."""
        self._waiting += shas
        if len(self._waiting) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        """Bring all to the index."""
        if not self._waiting:
            return
        self._index.begin()
        try:
            # In order of their hashes, as the tables are: else each would be a page of its own.
            self._index.note_read_back(sorted(self._waiting), _seconds(self._clock.now()))
            self._index.commit()
        finally:
            self._index.rollback()
        self._waiting.clear()
