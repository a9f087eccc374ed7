"""Talking to the agent of a home."""

from __future__ import annotations

from multiprocessing.connection import Client

from core import VERSION
from core.agent import wire
from core.agent.note import read_note
from core.agent.wire import Line, NotOurs
from core.errors import Code, KnownError
from core.paths import Home


def call(home: Home, *, any_protocol: bool = False) -> Line | None:
    """A line to the home's agent; None when none answers.

    KnownError AGENT_VERSION when it speaks another protocol (a program was replaced while its agent
    ran).
    """
    note = read_note(home)
    if note is None:
        return None
    try:
        line = Client(note.address)
    except (OSError, EOFError, ValueError):
        return None
    try:
        hello = wire.introduce(line, bytes.fromhex(note.key), {"version": VERSION})
    except (NotOurs, OSError, EOFError, ValueError):
        line.close()
        return None
    if hello["hello"] != wire.PROTOCOL and not any_protocol:
        line.close()
        raise KnownError(Code.AGENT_VERSION, theirs=str(hello.get("version", "?")), ours=VERSION)
    return line


def ask(home: Home, question: wire.Message, *, any_protocol: bool = False) -> wire.Message | None:
    """One question, one answer; None when no agent answers."""
    line = call(home, any_protocol=any_protocol)
    if line is None:
        return None
    try:
        wire.tell(line, question)
        return wire.hear(line)
    except (OSError, EOFError, NotOurs):
        return None
    finally:
        line.close()


def unlock(home: Home, passphrase: str) -> bool:
    """Hand the agent what opens the sealed file of secrets; False when none takes it.

    It keeps it in memory, and believes whoever has its key: try the passphrase first.
    """
    answer = ask(home, {"do": "unlock", "passphrase": passphrase})
    return answer is not None and "unlocked" in answer
