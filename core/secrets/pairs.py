"""Where pairs of recovery lines lie in a store of secrets, and how a pair takes another's place."""

from __future__ import annotations

import contextlib
import re

from core.errors import Code, KnownError
from core.secrets.port import SecretStore
from core.secrets.recovery import Pair, new_pair, pack, unpack

SHOP_KEY = "tresor.key"
"""The name of the shop's pair; `<destination>.key` holds one for a single destination."""
_IS_KEY = re.compile(r".+\.key(\.alt-[1-9][0-9]*)?")


def key_name(destination: str = "") -> str:
    """The name of a destination's own pair, without one that of the shop's."""
    return f"{destination}.key" if destination else SHOP_KEY


def read_pair(store: SecretStore, name: str) -> Pair | None:
    """The pair of this name; None when there is none, KnownError when the value is no pair."""
    value = store.get(name)
    if value is None:
        return None
    try:
        return unpack(value)
    except ValueError:  # without `from`: nothing of the value may travel
        raise KnownError(Code.KEY_UNREADABLE, name=name) from None


def key_in_use(store: SecretStore, destination: str) -> str | None:
    """The name of the pair a destination is opened with: its own, else the shop's, else None."""
    names = set(store.names())
    return next((name for name in (key_name(destination), SHOP_KEY) if name in names), None)


def pair_of(store: SecretStore, destination: str) -> Pair:
    """The pair a destination is opened with; KnownError KEY_MISSING when there is none."""
    name = key_in_use(store, destination)
    pair = read_pair(store, name) if name else None
    if pair is None:
        raise KnownError(Code.KEY_MISSING, name=SHOP_KEY)
    return pair


def create(store: SecretStore, name: str) -> Pair:
    """Make and keep a pair. KnownError KEY_EXISTS: a pair in use is never replaced silently."""
    if store.get(name) is not None:
        raise KnownError(Code.KEY_EXISTS, name=name)
    return _keep_new(store, name)


def rotate(store: SecretStore, name: str) -> tuple[Pair, str]:
    """A new pair, and the name under which the one so far is kept: older copies need it.

    The old pair is safe under its new name before the new one takes its place. KnownError
    KEY_MISSING when there is none so far.
    """
    value = store.get(name)
    if value is None:
        raise KnownError(Code.KEY_MISSING, name=name)
    olds = old_names(store, name)
    if olds and store.get(olds[-1]) == value:  # a rotation that was interrupted halfway
        kept = olds[-1]
    else:
        kept = f"{name}.alt-{_number(olds[-1]) + 1 if olds else 1}"
        store.set(kept, value)
    return _keep_new(store, name), kept


def old_names(store: SecretStore, name: str) -> list[str]:
    """The names of the pairs that were used before this one, oldest first."""
    form = re.compile(re.escape(name) + r"\.alt-[1-9][0-9]*")
    return sorted((one for one in store.names() if form.fullmatch(one)), key=_number)


def all_pairs(store: SecretStore) -> list[Pair]:
    """Every pair we have, those in use first, then former ones from the newest on.

    A secret that holds no pair is passed over: it is named where it is needed.
    """
    found: list[Pair] = []
    names = [one for one in store.names() if _IS_KEY.fullmatch(one)]
    for name in sorted(names, key=lambda one: -(_number(one) if ".alt-" in one else 1 << 30)):
        with contextlib.suppress(KnownError):
            pair = read_pair(store, name)
            found += [pair] if pair is not None else []
    return found


def _keep_new(store: SecretStore, name: str) -> Pair:
    """A new pair, only given out after the store gave it back."""
    pair = new_pair()
    store.set(name, pack(pair))
    if read_pair(store, name) != pair:
        raise KnownError(Code.KEY_UNREADABLE, name=name)
    return pair


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])
