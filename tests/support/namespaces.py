"""Two machines on one: network namespaces with a cable between them that can be pulled.

Nothing of it touches the network of this machine: both ends live in namespaces of their own.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.disks import why_no_root

SHOP, STORAGE = "10.87.0.1", "10.87.0.2"
_numbers = itertools.count(1)


def _ip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


@functools.cache
def why_no_namespaces() -> str:
    """Say why there can be no namespaces here, or nothing if they can."""
    if why_no_root():
        return why_no_root()
    for program in ("ip", "nsenter", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    name = f"lt-look-{os.getpid()}"
    if _ip("netns", "add", name).returncode:
        return "this machine allows no network namespaces"
    _ip("netns", "del", name)
    return ""


requires_namespaces = pytest.mark.skipif(bool(why_no_namespaces()), reason=why_no_namespaces())


def _do(*words: str) -> None:
    done = _ip(*words)
    assert done.returncode == 0, (words, done.stderr)


@dataclass(frozen=True)
class Cable:
    """Names of the two namespaces; `SHOP` and `STORAGE` are their addresses."""

    shop: str
    storage: str

    def pull(self) -> None:
        """From now on packets go nowhere, and nobody is told."""
        _do("-n", self.shop, "link", "set", "lt0", "down")

    def plug_in(self) -> None:
        _do("-n", self.shop, "link", "set", "lt0", "up")

    def in_shop(self, command: Sequence[str | Path], *, resolv: Path | None = None) -> list[str]:
        """The command in the shop's network; `resolv` takes the place of /etc/resolv.conf."""
        if resolv is None:
            return [*_enter(self.shop), *map(str, command)]
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        words = ["unshare", "-m", "sh", "-c", mount, str(resolv)]
        return [*_enter(self.shop), *words, *map(str, command)]

    def in_storage(self, command: Sequence[str | Path]) -> list[str]:
        return [*_enter(self.storage), *map(str, command)]


def _enter(name: str) -> list[str]:
    return ["nsenter", f"--net=/run/netns/{name}", "--"]


@contextmanager
def cable() -> Iterator[Cable]:
    """Two namespaces and a cable, for the length of a test."""
    number = next(_numbers)
    made = Cable(*(f"lt-{side}-{os.getpid()}-{number}" for side in ("shop", "storage")))
    try:
        for name in (made.shop, made.storage):
            _do("netns", "add", name)
            _do("-n", name, "link", "set", "lo", "up")
        peer = ("peer", "name", "lt0", "netns", made.storage)
        _do("-n", made.shop, "link", "add", "lt0", "type", "veth", *peer)
        for name, address in ((made.shop, SHOP), (made.storage, STORAGE)):
            _do("-n", name, "addr", "add", f"{address}/24", "dev", "lt0")
            _do("-n", name, "link", "set", "lt0", "up")
        yield made
    finally:
        for name in (made.shop, made.storage):
            _ip("netns", "del", name)
