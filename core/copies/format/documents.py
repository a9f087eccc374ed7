"""Small documents of a copy: run names, and the two-line form of markers and records."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from core.clock import parse_stamp

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
FORMAT = 1
MAX_DOCUMENT = 16 * 1024 * 1024
HIGHEST_RUN = 10**18 - 1

_RUN = re.compile(r"([0-9]{6,18})-([0-9]{8}T[0-9]{6}Z)-([2-9a-hjkmnp-z]{4})")
_Document = TypeVar("_Document")

# What fits into SQLite and a file system; more never comes from us.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Broken(Exception):
    """A document that fails its own digest, its form or its name: it counts as not being there."""


def new_run_name(number: int, moment: datetime) -> str:
    """The name of a run that begins at `moment` with this number."""
    tail = "".join(secrets.choice(ALPHABET) for _ in range(4))
    return f"{number:06d}-{moment:%Y%m%dT%H%M%SZ}-{tail}"


def run_number(name: str) -> int | None:
    """The number in a run's name, None when `name` is no run's name."""
    found = _RUN.fullmatch(name)
    return int(found[1]) if found else None


def run_order(name: str) -> tuple[int, str]:
    """Sort key: runs by number, twins by name."""
    return (run_number(name) or 0, name)


def began_at(run: str) -> datetime:
    """The moment in a run's name."""
    text = run.split("-")[1]
    return parse_stamp(
        f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}:{text[13:15]}Z"
    )


def seal(document: msgspec.Struct) -> tuple[bytes, str]:
    """The two-line form of a document and its digest."""
    line = msgspec.json.encode(document)
    digest = hashlib.sha256(line).hexdigest()
    return line + b"\n" + digest.encode() + b"\n", digest


def unseal(data: bytes, kind: type[_Document]) -> tuple[_Document, str]:
    """The document in `data` and its digest; `Broken` when anything about it is wrong."""
    line, digest = _sealed_line(data)
    try:
        return msgspec.json.decode(line, type=kind), digest
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Broken("unexpected fields") from error


def _sealed_line(data: bytes) -> tuple[bytes, str]:
    lines = data.split(b"\n", 3)  # never more pieces: a hostile file may be all newlines
    if len(lines) != 3 or lines[2]:
        raise Broken("not two lines")
    digest = hashlib.sha256(lines[0]).hexdigest()
    if lines[1] != digest.encode():
        raise Broken("digest differs")
    return lines[0], digest


class _Claimed(msgspec.Struct):
    format: int | None = None


def format_of(data: bytes) -> int | None:
    """The format version a document claims, None when it cannot be told.

    Only what is sealed counts: a flipped bit is damage, not a newer format.
    """
    try:
        return unseal(data, _Claimed)[0].format
    except Broken:
        return None


class Vault(msgspec.Struct, frozen=True, kw_only=True):
    """`tresor.json`: the identity of one copy, also its canary."""

    format: int
    art: str
    vault: str = msgspec.field(name="tresor")
    system: str
    name: str
    destination: str = msgspec.field(name="ziel")
    layout: str
    created: str = msgspec.field(name="angelegt")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """`schreiber/NNNN-<id>.json`: who may write and delete since when."""

    format: int
    art: str
    number: int = msgspec.field(name="nummer")
    writer: str = msgspec.field(name="schreiber")
    computer: str = msgspec.field(name="rechner")
    since: str = msgspec.field(name="seit")


class ContentsRef(msgspec.Struct, frozen=True, kw_only=True):
    """One `inhalt.tsv.gz` that a commit adds."""

    run: str = msgspec.field(name="lauf")
    size: Number = msgspec.field(name="groesse")
    sha256: str
    lines: Number = msgspec.field(name="zeilen")


class ListRef(msgspec.Struct, frozen=True, kw_only=True):
    """A list file as a record announces it."""

    name: str
    size: Number = msgspec.field(name="groesse")
    sha256: str
    lines: Number = msgspec.field(name="zeilen")
    unpacked: Number = msgspec.field(name="entpackt")


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`staende/<lauf>.json`: the commit record. A state exists when its record exists."""

    format: int
    art: str
    vault: str = msgspec.field(name="tresor")
    system: str
    run: str = msgspec.field(name="lauf")
    writer: str = msgspec.field(name="schreiber")
    began: str = msgspec.field(name="beginn")
    ended: str = msgspec.field(name="ende")
    local_time: str = msgspec.field(name="ortszeit")
    complete: bool = msgspec.field(name="vollstaendig")
    files: int = msgspec.field(name="dateien")
    folders: int = msgspec.field(name="ordner")
    bytes: int = msgspec.field(name="bytes")
    new_objects: int = msgspec.field(name="neu_objekte")
    new_bytes: int = msgspec.field(name="neu_bytes")
    skipped: int = msgspec.field(name="ausgelassen")
    list_name: str = msgspec.field(name="liste")
    list_size: int = msgspec.field(name="liste_groesse")
    list_sha256: str = msgspec.field(name="liste_sha256")
    list_lines: int = msgspec.field(name="liste_zeilen")
    list_unpacked: int = msgspec.field(name="liste_entpackt")
    contents: tuple[ContentsRef, ...] = msgspec.field(name="inhalte")
    previous: str = msgspec.field(name="vorher")
    states: tuple[tuple[str, str], ...] = msgspec.field(name="staende")
    base: ListRef | None = msgspec.field(name="gegen", default=None)


class CleanUp(msgspec.Struct, frozen=True, kw_only=True):
    """`staende/<lauf>.aufraeumen.json`: what retention dropped, and where the rest stands.

    The newest one says it all: it takes over what earlier ones said that still matters.
    """

    format: int
    art: str
    vault: str = msgspec.field(name="tresor")
    system: str
    run: str = msgspec.field(name="lauf")
    writer: str = msgspec.field(name="schreiber")
    at: str = msgspec.field(name="zeit")
    dropped: tuple[tuple[str, str], ...] = msgspec.field(name="weg")
    given_up: tuple[str, ...] = msgspec.field(name="aufgegeben")
    folders: tuple[str, ...] = msgspec.field(name="laeufe")
    thinned: tuple[str, ...] = msgspec.field(name="gekuerzt")
    contents: tuple[ContentsRef, ...] = msgspec.field(name="inhalte")
