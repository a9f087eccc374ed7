"""Proof that a pair of passwords opens what was sealed with another: the recovery sheet's test.

A small object is sealed by rclone itself, names and content, exactly as in an encrypted copy. Who
types the pair from the sheet opens it, or has typed something else (DESIGN §5, Recovery sheet).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Code, KnownError
from core.rclone.remotes import crypt_remote, local_remote
from core.rclone.session import Session

_NAME = "Probe.txt"
_CONTENT = b"Ladentresor: Dieses Blatt passt.\n"
_SEALED_NAME = re.compile(rb"[0-9a-v]{8,200}")
_LARGEST = 4096


def make_test_object(password: str, salt: str, room: Path) -> bytes:
    """A small object sealed with this pair: its sealed name, a line break, its sealed content."""
    with _vault(password, salt, room) as (session, sealed):
        plain = sealed.parent / _NAME
        plain.write_bytes(_CONTENT)
        session.upload(plain, "tresor:", _NAME)
        (made,) = sealed.iterdir()
        return made.name.encode("ascii") + b"\n" + made.read_bytes()


def opens_test_object(password: str, salt: str, data: bytes, room: Path) -> bool:
    """Whether this pair opens the object: its name and every byte. False for damaged data too."""
    name, _, content = data.partition(b"\n")
    if not _SEALED_NAME.fullmatch(name) or len(content) > _LARGEST:
        return False
    with _vault(password, salt, room) as (session, sealed):
        (sealed / name.decode("ascii")).write_bytes(content)
        if [item.path for item in session.list("tresor:")] != [_NAME]:
            return False
        try:
            return session.read("tresor:", _NAME, limit=_LARGEST) == _CONTENT
        except KnownError as error:
            if error.code in (Code.REMOTE_DAMAGED, Code.REMOTE_FAILED):
                return False
            raise


@contextmanager
def _vault(password: str, salt: str, room: Path) -> Iterator[tuple[Session, Path]]:
    """An encrypted folder of its own, gone afterwards."""
    room.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="probe-", dir=room))
    sealed = folder / "versiegelt"
    sealed.mkdir()
    remotes = [
        local_remote("probe", sealed),
        crypt_remote("tresor", over="probe:", password=password, salt=salt),
    ]
    try:
        with Session(remotes, room=folder, destination=_NAME) as session:
            yield session, sealed
    finally:
        shutil.rmtree(folder, ignore_errors=True)
