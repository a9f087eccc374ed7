"""A middleman before a WebDAV or S3 server: it counts what is asked and can answer in its place."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

_HOP = ("connection", "transfer-encoding", "content-length")


class Asked(NamedTuple):
    """One request: what, of which path, how it was answered."""

    method: str
    path: str
    status: int


class Refusal(NamedTuple):
    """An answer in the server's place."""

    status: int
    body: bytes = b""
    kind: str = "application/xml"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Proxy:
    """asked: everything so far. refuse: asked before each request, answers it or lets it pass.
    spoil: what becomes of the body of a request on the way. delay: seconds before each request is
    passed on; frozen: no request is passed on at all.
    """

    port: int
    asked: list[Asked] = field(default_factory=list)
    refuse: Callable[[str, str], Refusal | None] = lambda method, path: None
    spoil: Callable[[str, str, bytes], bytes] = lambda method, path, body: body
    delay: float = 0.0
    frozen: bool = False

    def forget(self) -> None:
        self.asked.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Quiet

    def pass_on(self) -> None:
        body = self._body()
        proxy = self.server.proxy
        if proxy.delay:
            time.sleep(proxy.delay)
        refusal = proxy.refuse(self.command, self.path)
        while proxy.frozen:
            time.sleep(0.05)
        if refusal is not None:
            headers = [("Content-Type", refusal.kind), *refusal.headers]
            self._answer(refusal.status, headers, refusal.body)
            return
        try:
            self._answer(*self._ask(proxy.spoil(self.command, self.path, body)))
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # the server is gone: so are we, as far as they see
            self.connection.close()

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The server's own answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        try:
            line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    line.putheader(name, value)
            line.putheader("Content-Length", str(len(body)))
            line.endheaders(body)
            found = line.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            line.close()

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.server.proxy.asked.append(Asked(self.command, self.path, status))
        self.send_response(status)
        length = str(len(data))
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
            elif name.lower() == "content-length" and self.command == "HEAD":
                length = value
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = pass_on  # noqa: N815
    do_PROPFIND = do_MKCOL = do_OPTIONS = do_MOVE = do_COPY = pass_on  # noqa: N815
    do_PROPPATCH = pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self.upstream = upstream

    def handle_error(self, *_: object) -> None:
        pass  # whoever asked was killed


@contextlib.contextmanager
def before(upstream: int) -> Iterator[Proxy]:
    """A middleman on a port of its own before a server on `upstream`."""
    proxy = Proxy(0)
    with _Quiet(proxy, upstream) as server:
        proxy.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
