"""Opening our SQLite files: settings, migrations, typed failures, moving a broken one aside."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.errors import Code, KnownError

Connection = sqlite3.Connection
Failure = sqlite3.DatabaseError
_FULL = frozenset((sqlite3.SQLITE_FULL,))
_BROKEN = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_ROOM = 256 * 1024
_HOME = frozenset(
    (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM)
)


class BrokenDatabase(Exception):
    """The file is no sound database: it may be moved aside and rebuilt."""


@contextlib.contextmanager
def typed_failures(path: Path) -> Iterator[None]:
    """Turn SQLite's complaints about the world into `KnownError`; bugs stay what they are."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        primary = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
        if primary in _FULL or (primary == sqlite3.SQLITE_IOERR and _is_full(path.parent)):
            raise KnownError(Code.HOME_FULL, path=str(path.parent)) from error
        if primary in _BROKEN:
            raise BrokenDatabase(str(path)) from error
        if primary in _HOME:
            raise KnownError(Code.HOME_UNUSABLE, path=str(path), cause=str(error)) from error
        raise


def _is_full(folder: Path) -> bool:
    """Whether the disk is: SQLite says no more than "I/O error" when its shared memory has no room.

    That takes 32 KiB and more.
    """
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def open_database(
    path: Path,
    migrations: Sequence[Sequence[str]],
    *,
    durable: bool = False,
    check: Callable[[Connection], None] | None = None,
) -> Connection:
    """Open `path` for writing, brought to the newest schema.

    `durable`: what is committed is still known after the power went out, and not only whole.

    Each migration is a list of single statements, run in one transaction with its version number
    (`executescript` would commit in between). Raises `KnownError` HOME_NEWER for a file of a newer
    program, `BrokenDatabase` for a damaged one, as far as that shows at once or to `check`.
    """
    with typed_failures(path):
        base = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=True)
        try:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            base.execute("PRAGMA foreign_keys=ON")
            # Contents come in the order of their hashes, that is in none: without room for the tree
            # in memory each insert would go to the disk. Only what is used is taken.
            base.execute("PRAGMA cache_size=-98304")
            _migrate(base, path, migrations)
            if check is not None:
                check(base)
        except BaseException:
            base.close()
            raise
        return base


def _migrate(base: Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    version = int(base.execute("PRAGMA user_version").fetchone()[0])
    if version > len(migrations):
        raise KnownError(Code.HOME_NEWER, path=str(path))
    for number, statements in enumerate(migrations[version:], start=version + 1):
        base.execute("BEGIN IMMEDIATE")
        try:
            # Two commands may open a new home at once: who comes second finds the work done.
            if int(base.execute("PRAGMA user_version").fetchone()[0]) < number:
                for statement in statements:
                    base.execute(statement)
                base.execute(f"PRAGMA user_version={number:d}")
        except BaseException:
            base.execute("ROLLBACK")
            raise
        base.execute("COMMIT")


@contextlib.contextmanager
def transaction(base: Connection) -> Iterator[None]:
    """All of it or nothing, also when the power goes out within."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def is_broken(error: BaseException) -> bool:
    """Whether a failure means that a database file is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return isinstance(error, BrokenDatabase) or (
        isinstance(error, sqlite3.DatabaseError) and code & 0xFF in _BROKEN
    )


def is_sound(path: Path) -> bool:
    """Whether every page of a database file is right; reads all of it."""
    try:
        with contextlib.closing(open_for_reading(path)) as base, typed_failures(path):
            check_whole(base)
    except BrokenDatabase:
        return False
    return True


def check_whole(base: Connection) -> None:
    """Read every page; a failure (see `is_broken`) when one is not right."""
    if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise BrokenDatabase("quick_check")


def open_for_reading(path: Path) -> Connection:
    """A read-only connection for short looks beside the writer."""
    with typed_failures(path):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10.0
        )


def move_aside(path: Path, mark: str) -> Path:
    """Rename a broken database (with its WAL) so that a new one can be made; nothing is deleted."""
    aside = path.with_name(f"{path.name}.beschaedigt-{mark}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.beschaedigt-{mark}-{number}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside
