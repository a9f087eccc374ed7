"""The small files of a home: read whole, and replaced whole."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from core.paths import home_failure

_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read(path: Path) -> bytes | None:
    """The file's bytes; None when there is no file. KnownError HOME_UNUSABLE."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise home_failure(path, error) from error


def replace(path: Path, data: bytes) -> None:
    """Write the file for this user only, so that at every instant the old or the new one is there.

    Of two processes that do so at once one may fail. KnownError HOME_FULL or HOME_UNUSABLE.
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
