"""Real servers on this machine: rclone's own WebDAV, SFTP and S3, and one that only pretends.

They can be killed, frozen and thawed. Their passwords travel by environment.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from core.rclone.binary import find_rclone
from core.rclone.remotes import Remote, obscure

USER = "anna"
PASSWORD = f"Kuckucksuhr-{secrets.token_hex(4)}"  # of this test process, to be looked for
KEY = "SCHLUESSELKENNUNG"
Kind = Literal["webdav", "sftp", "s3"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """A running server; `folder` holds what it serves."""

    def __init__(self, kind: Kind, folder: Path, *options: str, port: int = 0) -> None:
        self.kind = kind
        self.folder = folder
        self.port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder.parent),
            "RCLONE_CONFIG": "",
            "RCLONE_CACHE_DIR": str(folder.parent / f"cache-{self.port}"),
        }
        if kind == "s3":
            env["RCLONE_AUTH_KEY"] = f'"{KEY},{PASSWORD}"'
        else:
            env |= {"RCLONE_USER": USER, "RCLONE_PASS": PASSWORD}
        self.process = subprocess.Popen(
            [
                *(str(find_rclone()), "serve", kind, str(folder)),
                *("--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off", *options),
            ],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await()

    def _await(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the server does not start")

    def remote(self, name: str = "basis", password: str = PASSWORD) -> Remote:
        """How a session reaches it."""
        return remote(self.kind, self.port, name, password)

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """It is gone at once."""
        self.process.kill()
        self.process.wait()


def remote(kind: Kind, port: int, name: str = "basis", password: str = PASSWORD) -> Remote:
    options: dict[str, dict[str, str]] = {
        "webdav": {
            "url": f"http://127.0.0.1:{port}",
            "vendor": "other",
            "user": USER,
            "pass": obscure(password),
        },
        "sftp": {
            "host": "127.0.0.1",
            "port": str(port),
            "user": USER,
            "pass": obscure(password),
            "shell_type": "none",
        },
        "s3": {
            "provider": "Rclone",
            "endpoint": f"http://127.0.0.1:{port}",
            "access_key_id": KEY,
            "secret_access_key": password,
            "no_check_bucket": "true",
            "use_multipart_uploads": "true",
        },
    }
    return Remote(name, {"type": kind, **options[kind]})


@contextmanager
def serving(kind: Kind, folder: Path, *options: str) -> Iterator[Server]:
    """A server for the length of a test."""
    server = Server(kind, folder, *options)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def answering(status: int, body: bytes, kind: str = "text/html") -> Iterator[int]:
    """A server that says the same to everything, like a hotel's login page; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815
        do_PROPFIND = do_MKCOL = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
