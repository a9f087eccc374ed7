"""A name server that knows one address for every name.

    python -m tests.support.name_server 10.87.0.2

answers on port 53 of that address until it is killed.
"""

from __future__ import annotations

import socket
import sys


def answer(question: bytes, address: str) -> bytes:
    """The answer to a DNS question: one A record, or none for what is no question for A."""
    end = question.index(b"\0", 12) + 5  # the name, its type, its class
    wants_a = question[end - 4 : end - 2] == b"\0\1"
    count = b"\0\1" if wants_a else b"\0\0"
    head = question[:2] + b"\x81\x80" + b"\0\1" + count + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(address)  # kept for one second
    return head + question[12:end] + (record if wants_a else b"")


def serve(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((address, 53))
        print("ready", flush=True)
        while True:
            question, whence = line.recvfrom(4096)
            line.sendto(answer(question, address), whence)


if __name__ == "__main__":
    serve(sys.argv[1])
