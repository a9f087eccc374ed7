"""What sync programs show of their uploads: a socket as Nextcloud's, a command as Dropbox's."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.destinations.uploaded import (
    DropboxUploads,
    MacUploads,
    SocketUploads,
    Upload,
    newest_files,
    of_placeholder,
    uploads_of,
)


@contextmanager
def file_manager_socket(states: dict[str, str], *, silent: bool = False) -> Iterator[Path]:
    """Answers like Nextcloud's client: it greets with its folders, then a line for each question,
    in pieces.
    """
    with tempfile.TemporaryDirectory(prefix="lt-") as folder, socket.socket(socket.AF_UNIX) as door:
        place = Path(folder, "socket")
        door.bind(str(place))
        door.listen()

        def serve() -> None:
            line, _ = door.accept()
            with line:
                line.sendall(b"REGISTER_PATH:/home/anna/Nextcloud\n")
                asked = b""
                while not silent and (block := line.recv(100)):
                    *lines, asked = (asked + block).split(b"\n")
                    for one in lines:
                        path = one.decode().partition(":")[2]
                        answer = f"STATUS:{states.get(path, 'NOP')}:{path}\n".encode()
                        line.sendall(answer[:7])
                        line.sendall(answer[7:])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield place
        finally:
            thread.join(10)


def test_nextcloud() -> None:
    states = {"/a/b:ü.zip": "OK", "/a/c": "SYNC", "/a/d": "ERROR", "/a/e": "OK+SWM", "/a/f": "NEW"}
    paths = [Path(path) for path in (*states, "/woanders")]
    with file_manager_socket(states) as place:
        found = SocketUploads(place).ask(paths)
    assert {str(path): state for path, state in found.items()} == {
        "/a/b:ü.zip": Upload.SENT,
        "/a/c": Upload.WAITING,
        "/a/d": Upload.FAILED,
        "/a/e": Upload.SENT,
        "/a/f": Upload.WAITING,
    }


def test_a_client_that_is_not_there_or_says_nothing(tmp_path: Path) -> None:
    assert SocketUploads(tmp_path / "socket").ask([Path("/a")]) == {}
    with file_manager_socket({}, silent=True) as place:
        assert SocketUploads(place).ask([Path("/a")]) == {}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("{path}: up to date", Upload.SENT),
        ("{path}: syncing", Upload.WAITING),
        ("{path}: unwatched", None),
        ("Dropbox isn't running!", None),
    ],
)
def test_dropbox(tmp_path: Path, said: str, found: Upload | None) -> None:
    program, path = tmp_path / "dropbox", tmp_path / "a: b.zip"
    program.write_text(f'#!/bin/sh\n[ "$1" = filestatus ] && echo "{said.format(path="$2")}"\n')
    program.chmod(0o700)
    assert DropboxUploads(str(program)).ask([path]) == ({path: found} if found else {})
    assert DropboxUploads(str(tmp_path / "fehlt")).ask([path]) == {}


def test_states_of_windows() -> None:
    """CF_PLACEHOLDER_STATE of cfapi.h: 1 placeholder, 2 sync root, 4 essential, 8 in sync."""
    assert of_placeholder(0x1 | 0x8) is Upload.SENT
    assert of_placeholder(0x1 | 0x4 | 0x8 | 0x10) is Upload.SENT
    assert of_placeholder(0x1) is Upload.WAITING  # changed since
    assert of_placeholder(0) is Upload.WAITING  # never sent


def test_macos_marks_what_lies_in_the_cloud_only(tmp_path: Path) -> None:
    (tmp_path / ".b.zip.icloud").write_text("")
    (tmp_path / "a.zip").write_text("")
    asked = [tmp_path / "a.zip", tmp_path / "b.zip", tmp_path / "c.zip"]
    assert MacUploads().ask(asked) == {tmp_path / "b.zip": Upload.SENT}


def test_who_is_asked(tmp_path: Path) -> None:
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": str(tmp_path)}
    assert isinstance(uploads_of("Nextcloud", runtime), SocketUploads)
    assert uploads_of("Nextcloud", {}) is None
    assert uploads_of("Dropbox", runtime) is None  # its command is not installed
    assert uploads_of("iCloud", runtime) is None


def test_the_newest_first(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number % 2}" / f"{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        os.utime(path, (number, number))
    assert [path.name for path in newest_files(tmp_path, 3)] == ["4", "3", "2"]
