"""The small files of the stores: read whole, replaced whole, one process at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from core.errors import Code, KnownError
from core.paths import Home, home_failure

_WAIT_SECONDS = 90.0  # longer than a keyring may take
_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the lock under which secrets of a home are changed, a backup may run meanwhile."""
    home.make()
    lock = filelock.FileLock(home.state / "geheimnisse.lock", timeout=_WAIT_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        cause = os.strerror(errno.ETIMEDOUT)
        raise KnownError(Code.HOME_UNUSABLE, path=lock.lock_file, cause=cause) from error
    except OSError as error:
        raise home_failure(Path(lock.lock_file), error) from error
    try:
        yield
    finally:
        lock.release()


def read(path: Path) -> bytes | None:
    """The file's bytes; None when there is no file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise home_failure(path, error) from error


def replace(path: Path, data: bytes) -> None:
    """Write the file for this user only, so that at every instant the old or the new one is there.

    Call it within `alone`.
    """
    draft = path.with_name(path.name + ".neu")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, _DRAFT_FLAGS, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise home_failure(path, error) from error


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # NTFS writes the new name down with the file
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
