"""`ladentresor/nachweise.jsonl`: runs and proofs that travel with every state (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from core.clock import parse_stamp, stamp
from core.copies.events import Listener
from core.copies.format.documents import Number
from core.store.home import GOOD, HomeStore, Proof, RunRow

PLAN_FILE = "plan.toml"
PROOFS_FILE = "nachweise.jsonl"
RUNS_REMEMBERED = timedelta(days=400)
# They travel in every state: all of two weeks, then a day's, then a week's last word of each copy.
_ALL_OF = timedelta(days=14)
_DAILY = timedelta(days=90)


class _RunLine(msgspec.Struct, tag_field="art", tag="lauf"):
    system: str
    ziel: str
    lauf: str
    beginn: str
    ende: str
    ergebnis: str
    code: str
    dateien: Number
    bytes: Number
    neu_bytes: Number
    ausgelassen: Number


class _ProofLine(msgspec.Struct, tag_field="art", tag="nachweis"):
    id: str
    zeit: str
    system: str
    ziel: str
    was: str
    ergebnis: str
    stand: str
    einzelheiten: str


_decoder = msgspec.json.Decoder(_RunLine | _ProofLine)


def proof_lines(store: HomeStore) -> bytes:
    """The proofs alone: what makes a new list worth writing."""
    return msgspec.json.Encoder().encode_lines([_ProofLine(*proof) for proof in store.proofs()])


def travelling(store: HomeStore, now: datetime) -> bytes:
    """Proofs and what is worth telling of the runs of 400 days, as JSON lines."""
    runs = [
        _RunLine(*row)
        for row in worth_telling(store.runs(since=now - RUNS_REMEMBERED), now)
        if row.status != "RUNNING"
    ]
    return proof_lines(store) + msgspec.json.Encoder().encode_lines(runs)


def worth_telling(runs: Iterable[RunRow], now: datetime) -> list[RunRow]:
    """The runs that travel, in their order.

    All of the last two weeks; before that, of each copy, the last good and the last other run of a
    day, and beyond ninety days of an ISO week (UTC). An hourly run would otherwise send megabytes
    of old runs into each state.
    """
    told: dict[tuple[object, ...], RunRow] = {}
    all_since, daily_since = stamp(now - _ALL_OF), stamp(now - _DAILY)
    for number, row in enumerate(runs):
        period: object = row.began[:10]  # stamps sort as text
        if row.began >= all_since:
            period = number
        elif row.began < daily_since:
            period = date.fromisoformat(row.began[:10]).isocalendar()[:2]
        key = (row.system, row.destination, row.status in GOOD, period)
        told.pop(key, None)
        told[key] = row
    return list(told.values())


def take_in(store: HomeStore, lines: Iterable[bytes], listener: Listener) -> int:
    """Take over proofs and runs from a copy; returns how many lines were good."""
    runs: list[RunRow] = []
    proofs: list[Proof] = []
    for line in lines:
        if not line.strip():
            continue
        try:
            row = _decoder.decode(line)
            for moment in (row.zeit,) if isinstance(row, _ProofLine) else (row.beginn, row.ende):
                parse_stamp(moment)
        except (ValueError, RecursionError):  # no JSON of ours, not even text, or without a time
            listener.note("proof_unreadable")
            continue
        if isinstance(row, _ProofLine):
            proofs.append(Proof(*msgspec.structs.astuple(row)))
        else:
            runs.append(RunRow(*msgspec.structs.astuple(row)))
    store.adopt(runs, proofs)
    return len(runs) + len(proofs)


Kind = Literal["verified", "restored", "sheet", "canary"]
