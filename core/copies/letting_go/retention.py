"""Which states stay: pure rules over what the records say (DESIGN §5 "Retention", DOMAIN A31).

Periods are those of the shop: the local date that stands in each record, so neither a change to
summer time nor a PC in another zone moves a state into another day. Weeks are ISO weeks. The
newest state of a period stands for it, and periods without a state do not count: a shop that was
closed for a month loses nothing by it.

The rules look at numbers of periods and never at ages, but for partial states; a clock that runs
ahead drops nothing. Asked again about what stayed, they drop nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from core.clock import parse_stamp
from core.copies.format.documents import Record, run_order

NEWEST = 3
PARTIAL_STAYS = timedelta(days=7)


class Counts(Protocol):
    """How many states stay per day, week, month and year; `core.plan.model.Keep` is one."""

    @property
    def daily(self) -> int: ...
    @property
    def weekly(self) -> int: ...
    @property
    def monthly(self) -> int: ...
    @property
    def yearly(self) -> int: ...


class Why(StrEnum):
    """Why a state stays, or goes (the last two)."""

    NEWEST = "newest"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    OUT_OF_ORDER = "out_of_order"
    FUTURE = "future"
    PARTIAL_NEWEST = "partial_newest"
    PARTIAL_YOUNG = "partial_young"
    CLOCK_BACK = "clock_back"
    PARTIAL_OLD = "partial_old"
    NO_PERIOD = "no_period"


_GOES = frozenset((Why.PARTIAL_OLD, Why.NO_PERIOD))


@dataclass(frozen=True, slots=True)
class Dated:
    """A state as retention sees it. ended: its commit; day: the same on the shop's calendar."""

    run: str
    ended: datetime
    day: date
    complete: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a state; `whys` has at least one reason, the strongest first."""

    state: Dated
    whys: tuple[Why, ...]

    @property
    def stays(self) -> bool:
        return not _GOES.intersection(self.whys)


def dated(record: Record) -> Dated:
    """The times in a record; one whose local time is unreadable counts by UTC."""
    ended = parse_stamp(record.ended)
    try:
        day = datetime.fromisoformat(record.local_time).date()
    except ValueError:
        day = ended.date()
    return Dated(record.run, ended, day, record.complete)


def judge(states: Sequence[Dated], keep: Counts, now: datetime) -> list[Fate]:
    """The fate of every state, in the order of their numbers."""
    ordered = sorted(states, key=lambda state: run_order(state.run))
    if ordered and ordered[-1].ended > now:
        # The clock was set back: until it has caught up nothing it says is a reason to delete.
        return [Fate(state, (Why.CLOCK_BACK,)) for state in ordered]
    reasons: dict[str, list[Why]] = {state.run: [] for state in ordered}
    complete = [state for state in ordered if state.complete]
    for state in (*ordered[-NEWEST:], *complete[-NEWEST:]):
        if Why.NEWEST not in reasons[state.run]:
            reasons[state.run].append(Why.NEWEST)
    odd = _odd(ordered, now)
    ordinary = [state for state in complete if state.run not in odd]
    for why, count, period in (
        (Why.DAY, keep.daily, _day),
        (Why.WEEK, keep.weekly, _week),
        (Why.MONTH, keep.monthly, _month),
        (Why.YEAR, keep.yearly, _year),
    ):
        for run in _standing_for(ordinary, count, period):
            reasons[run].append(why)
    for run, why in odd.items():
        reasons[run].append(why)
    newest = run_order(complete[-1].run) if complete else (0, "")
    return [
        Fate(state, tuple(reasons[state.run]) or _unless_kept(state, newest, now))
        for state in ordered
    ]


def _unless_kept(state: Dated, newest: tuple[int, str], now: datetime) -> tuple[Why]:
    """What decides where no rule keeps a state. newest: the newest complete state.

    A partial state is a stopgap: it stays until a complete one has been there for a while.
    """
    if state.complete:
        return (Why.NO_PERIOD,)
    if run_order(state.run) > newest:
        return (Why.PARTIAL_NEWEST,)
    return (Why.PARTIAL_OLD if now - state.ended > PARTIAL_STAYS else Why.PARTIAL_YOUNG,)


def _odd(ordered: Sequence[Dated], now: datetime) -> dict[str, Why]:
    """States whose time cannot be right: it does not lie between their neighbours', or is to come.

    Both of two neighbours in the wrong order are odd: nobody knows which of their clocks was wrong.
    They stay, so they are odd again next time, and no other state ever becomes odd by a deletion.
    """
    odd = {}
    for at, state in enumerate(ordered):
        before = ordered[at - 1].ended if at else state.ended
        after = ordered[at + 1].ended if at + 1 < len(ordered) else state.ended
        if state.ended > now:
            odd[state.run] = Why.FUTURE
        elif not before <= state.ended <= after:
            odd[state.run] = Why.OUT_OF_ORDER
    return odd


def _standing_for(
    states: Sequence[Dated], count: int, period: Callable[[date], tuple[int, ...]]
) -> list[str]:
    """The newest state of each of the newest `count` periods that have one."""
    found: dict[tuple[int, ...], str] = {}
    for state in reversed(states):
        if len(found) >= count:
            break
        found.setdefault(period(state.day), state.run)
    return list(found.values())


def _day(day: date) -> tuple[int, ...]:
    return (day.toordinal(),)


def _week(day: date) -> tuple[int, ...]:
    return day.isocalendar()[:2]


def _month(day: date) -> tuple[int, ...]:
    return (day.year, day.month)


def _year(day: date) -> tuple[int, ...]:
    return (day.year,)
