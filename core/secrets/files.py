"""One process at a time changes what is secret in a home."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import filelock

from core.errors import Code, KnownError
from core.paths import Home, home_failure

_WAIT_SECONDS = 90.0  # longer than a keyring may take


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
