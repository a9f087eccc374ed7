"""Messages between the agent and whoever talks to it: JSON objects in bytes, never pickles.

Who may speak is shown by a key that only this user can read; both sides prove that they have it
(multiprocessing's challenge), within two seconds. Then each says which protocol it speaks. One
secret only crosses this line: the passphrase that a person types for an agent that has none.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import Any

PROTOCOL = 1
MAX_MESSAGE = 1024 * 1024
HANDSHAKE_SECONDS = 2.0

Message = dict[str, Any]

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection

    Line = Connection | PipeConnection
else:
    Line = Connection


class NotOurs(Exception):
    """Whoever is at the other end does not have the key, or does not keep to the protocol."""


def tell(line: Line, message: Message) -> None:
    """Send one message. OSError when nobody listens any more, ValueError when it is too long."""
    data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(data) > MAX_MESSAGE:
        raise ValueError(len(data))
    line.send_bytes(data)


def hear(line: Line) -> Message:
    """The next message. EOFError or OSError at its end, NotOurs when it is none."""
    data = line.recv_bytes(MAX_MESSAGE)
    try:
        message = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise NotOurs("no JSON") from error
    if not isinstance(message, dict):
        raise NotOurs("no object")
    return message


def welcome(line: Line, key: bytes, own: Message) -> Message:
    """The agent's side of the handshake: the caller proves the key first; gives its hello.

    NotOurs, OSError or EOFError when that fails. `own` is what we say of ourselves.
    """
    with _in_time(line):
        try:
            deliver_challenge(line, key)
            answer_challenge(line, key)
        except (ValueError, AssertionError, EOFError, OSError, AuthenticationError) as error:
            raise NotOurs("handshake") from error
        hello = hear(line)
        if not isinstance(hello.get("hello"), int):
            raise NotOurs("hello")
        tell(line, {"hello": PROTOCOL, **own})
    return hello


def introduce(line: Line, key: bytes, own: Message) -> Message:
    """The caller's side; gives the agent's hello. Failures as `welcome`."""
    with _in_time(line):
        try:
            answer_challenge(line, key)
            deliver_challenge(line, key)
        except (ValueError, AssertionError, EOFError, OSError, AuthenticationError) as error:
            raise NotOurs("handshake") from error
        tell(line, {"hello": PROTOCOL, **own})
        hello = hear(line)
        if not isinstance(hello.get("hello"), int):
            raise NotOurs("hello")
    return hello


class _in_time:  # noqa: N801 - reads as a word of the language
    """Reading and writing end after two seconds each, with an OSError.

    A named pipe of Windows only comes in whole messages; there its first one has to come in time.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def __enter__(self) -> None:
        if sys.platform == "win32":
            return
        _set_limit(self._line, HANDSHAKE_SECONDS)

    def __exit__(self, *_: object) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                _set_limit(self._line, 0)


def _set_limit(line: Line, seconds: float) -> None:
    """A limit on the socket itself, also for a message that begins and never ends."""
    whole = int(seconds)
    limit = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
    twin = socket.socket(fileno=line.fileno())
    try:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            twin.setsockopt(socket.SOL_SOCKET, option, limit)
    finally:
        twin.detach()
