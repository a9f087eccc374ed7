"""Canary files: nobody needs them, so nobody changes them, except who changes everything.

Placed in source folders only when a person asks for it. They are known by their sha256; that
stands among the proofs and so travels with every state.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import stamp
from core.copies.format import percent
from core.store.home import HomeStore, Proof

KIND = "canary"
_PLACED, _GIVEN_UP = "placed", "given_up"
_MOST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Touched:
    """A canary that is not as it was placed; sha256: of what stands there now, empty when gone."""

    path: bytes
    sha256: bytes


def known(store: HomeStore, system: str) -> dict[str, str]:
    """The canaries of a system: path within it (percent text) → sha256."""
    all_of_them = [p for p in store.proofs() if p.kind == KIND and p.system == system]
    given_up = {(p.detail, p.state) for p in all_of_them if p.result != _PLACED}
    return {
        p.detail: p.state
        for p in all_of_them
        if p.result == _PLACED and (p.detail, p.state) not in given_up
    }


def touched(store: HomeStore, system: str, places: Mapping[bytes, bytes]) -> list[Touched]:
    """The canaries that were changed or are gone; places: the source folders by short name."""
    found = []
    for text, sha256 in sorted(known(store, system).items()):
        try:
            path = percent.decode(text)
        except ValueError:
            continue  # proofs may come from a copy that somebody else laid out
        name, _, inside = path.partition(b"/")
        if name not in places or not inside or b"/" in inside:
            continue  # its source folder is not in the plan any more
        place = os.path.join(places[name], inside)
        try:
            now = _digest_of(place) if os.path.isfile(place) else b""
        except OSError:
            continue  # locked by a virus scanner, say: no evidence
        if now.hex() != sha256:
            found.append(Touched(path, now))
    return found


def _digest_of(place: bytes) -> bytes:
    with open(place, "rb") as file:
        return hashlib.sha256(file.read(_MOST)).digest()


def give_up_touched(
    store: HomeStore, system: str, places: Mapping[bytes, bytes], now: datetime
) -> None:
    """Stop watching canaries that were touched and whose change was accepted."""
    watched = known(store, system)
    for bird in touched(store, system, places):
        text = percent.encode(bird.path)
        note(store, system, text, watched[text], placed=False, now=now)


def note(
    store: HomeStore, system: str, path: str, sha256: str, *, placed: bool, now: datetime
) -> None:
    """Begin or cease to watch the canary at `path` (percent text) within a system."""
    result = _PLACED if placed else _GIVEN_UP
    id = secrets.token_hex(8)
    store.add_proof(Proof(id, stamp(now), system, "", KIND, result, sha256, path))
