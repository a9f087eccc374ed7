"""One HTTP request to our own rclone process, over its socket; watched while it is out.

A request is one connection. While the answer is not there, somebody is asked ten times a second
whether to go on waiting; he raises when not. Closing the connection ends the work over there.
"""

from __future__ import annotations

import base64
import io
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

TICK_SECONDS = 0.1
_BLOCK = 1 << 18


class Gone(Exception):
    """The connection ended before the answer was whole: the process died or broke off."""


class TooMuch(Exception):
    """The answer is larger than the caller takes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status and body."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def error(self) -> str:
        """What rclone says went wrong."""
        return str(self.json().get("error") or self.body[:300].decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where our rclone listens: a socket file, or a port of 127.0.0.1."""

    place: str | int
    user: str
    password: str

    def connect(self) -> socket.socket:
        """A connection whose reads come back every tick. OSError when nobody listens."""
        if isinstance(self.place, int):
            made = socket.create_connection(("127.0.0.1", self.place), timeout=5.0)
        else:
            made = socket.socket(getattr(socket, "AF_UNIX"))  # noqa: B009 - not on Windows
            try:
                made.settimeout(5.0)
                made.connect(self.place)
            except OSError:
                made.close()
                raise
        made.settimeout(TICK_SECONDS)
        return made


def exchange(
    address: Address,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    limit: int | None = None,
    wait: Callable[[int], None],
) -> Answer:
    """Send one request and read the whole answer; `wait(bytes so far)` is called every tick.

    Gone when the other side breaks off, TooMuch beyond `limit` bytes of body.
    """
    login = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    head = {
        "Host": "127.0.0.1",
        "Connection": "close",
        "Authorization": f"Basic {login}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{key}: {value}" for key, value in head.items())]
    request = "\r\n".join([*lines, "", ""]).encode("ascii") + body
    try:
        with address.connect() as line:
            line.settimeout(5.0)
            line.sendall(request)
            line.settimeout(TICK_SECONDS)
            data = _all(line, limit, wait)
    except OSError as error:
        raise Gone(str(error)) from error
    return _parsed(data, limit)


def _all(line: socket.socket, limit: int | None, wait: Callable[[int], None]) -> bytes:
    parts: list[bytes] = []
    size = 0
    most = None if limit is None else limit + (1 << 16)  # room for the headers
    while True:
        try:
            part = line.recv(_BLOCK)
        except TimeoutError:
            wait(size)
            continue
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if most is not None and size > most:
            raise TooMuch


class _Heard:
    """Bytes that came over a socket, in the shape http.client reads them."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(self._data)


def _parsed(data: bytes, limit: int | None) -> Answer:
    response = HTTPResponse(_Heard(data))  # type: ignore[arg-type] # needs only makefile
    try:
        response.begin()
        body = response.read()
    except (HTTPException, OSError, ValueError) as error:
        raise Gone("broken answer") from error
    finally:
        response.close()
    if limit is not None and len(body) > limit and response.status < 300:
        raise TooMuch
    return Answer(response.status, body)
