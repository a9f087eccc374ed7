"""The line of the shop goes: in the middle of a run, for long, or only its names."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.errors import Code
from core.rclone.binary import find_rclone
from tests.support.cli import ROOT
from tests.support.far_client import content
from tests.support.namespaces import STORAGE, Cable, cable, requires_namespaces

pytestmark = [requires_namespaces, pytest.mark.root]

BUNDLES = 12
NAME = "nas.laden.test"


@contextmanager
def running(command: list[str], **env: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "RCLONE_CONFIG": "", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class Net:
    """Shop and storage, and what runs in them."""

    def __init__(self, cable: Cable, tmp_path: Path) -> None:
        self.cable = cable
        self.home = tmp_path / "home"
        self.lager = tmp_path / "lager"
        self.lager.mkdir()
        self.resolv = tmp_path / "resolv.conf"
        self.resolv.write_text(f"nameserver {STORAGE}\noptions timeout:1 attempts:1\n")
        self._tmp_path = tmp_path

    @contextmanager
    def storage(self) -> Iterator[None]:
        address = f"{STORAGE}:8080"
        serve = [str(find_rclone()), "serve", "webdav", str(self.lager), "--addr", address]
        cache = str(self._tmp_path / "cache")
        own = {"RCLONE_USER": "anna", "RCLONE_PASS": "geheim", "RCLONE_CACHE_DIR": cache}
        with running(self.cable.in_storage(serve), **own) as server:
            look = f"import socket; socket.create_connection(('{STORAGE}', 8080), 1)"
            until = time.monotonic() + 20
            while subprocess.run(
                self.cable.in_storage([sys.executable, "-c", look]),
                stderr=subprocess.DEVNULL,
                check=False,
            ).returncode:
                assert time.monotonic() < until
                assert server.poll() is None
            yield

    @contextmanager
    def names(self) -> Iterator[None]:
        ask = [sys.executable, "-m", "tests.support.name_server", STORAGE]
        with running(self.cable.in_storage(ask)) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield

    @contextmanager
    def client(self, host: str = STORAGE, patience: float = 60) -> Iterator[subprocess.Popen[str]]:
        url = f"http://{host}:8080"
        words = [sys.executable, "-m", "tests.support.far_client", str(self.home), url]
        command = self.cable.in_shop([*words, str(BUNDLES), str(patience)], resolv=self.resolv)
        with running(command, TMPDIR=str(self._tmp_path)) as process:
            yield process

    def arrived(self) -> list[bytes]:
        folder = self.lager / "laden" / "daten" / "1"
        return [one.read_bytes() for one in sorted(folder.iterdir())] if folder.is_dir() else []


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with cable() as made:
        yield Net(made, tmp_path)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


WHOLE = [content(number) for number in range(BUNDLES)]


@pytest.mark.parametrize("seconds", [1.0, 9.0])
def test_the_cable_is_pulled_in_the_middle(net: Net, seconds: float) -> None:
    """Short, and longer than every time-out of a call: ten minutes, with shortened clocks."""
    with net.storage(), net.client() as client:
        assert said(client) == "reached"
        time.sleep(0.5)
        net.cable.pull()
        time.sleep(seconds)
        assert client.poll() is None
        assert len(net.arrived()) < BUNDLES
        net.cable.plug_in()
        assert said(client) == "done"
    assert net.arrived() == WHOLE


@pytest.mark.full
def test_the_cable_stays_out_and_the_next_run_heals(net: Net) -> None:
    with net.storage():
        with net.client(patience=6) as client:
            assert said(client) == "reached"
            time.sleep(0.5)
            net.cable.pull()
            assert said(client) in (Code.REMOTE_TIMED_OUT, Code.REMOTE_UNREACHABLE)
        net.cable.plug_in()
        with net.client() as client:
            assert said(client) == "reached"
            assert said(client) == "done"
    assert net.arrived() == WHOLE


def test_the_names_are_gone(net: Net) -> None:
    """At the start that is said at once; in the middle the run waits for them."""
    with net.storage():
        began = time.monotonic()
        with net.client(NAME) as client:
            assert said(client) == Code.REMOTE_OFFLINE
        assert time.monotonic() - began < 25
    with ExitStack() as storage, ExitStack() as names:
        storage.enter_context(net.storage())
        names.enter_context(net.names())
        with net.client(NAME) as client:
            assert said(client) == "reached"
            time.sleep(0.5)
            names.close()
            storage.close()  # a connection that stands needs no name
            storage.enter_context(net.storage())
            time.sleep(3)
            assert client.poll() is None
            assert len(net.arrived()) < BUNDLES
            names.enter_context(net.names())
            assert said(client) == "done"
    assert net.arrived() == WHOLE


def test_a_pc_without_any_network(net: Net) -> None:
    words = [sys.executable, "-m", "tests.support.far_client", str(net.home)]
    command = ["unshare", "-n", *words, f"http://{STORAGE}:8080", "1", "60"]
    with running(command) as client:
        assert said(client) == Code.REMOTE_OFFLINE
