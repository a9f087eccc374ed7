"""How a copy is reached: straight on a disk, or through rclone where it is encrypted."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from core.copies.format.copy_folder import CopyFolder
from core.copies.opening.sealed import Outside, fitting, vault_folder
from core.destinations.local import LocalFolder, reads_medium
from core.errors import Code, KnownError
from core.paths import Home, home_failure
from core.plan.model import Destination
from core.secrets.recovery import Pair

if TYPE_CHECKING:
    from core.destinations.remote import RemoteFolder
    from core.rclone.session import Session


@dataclass(frozen=True, slots=True)
class Where:
    """A place for copies: `encrypted` ones are opened with the pair of their destination.

    offline: attached only for its copies; nothing there is touched while the gate is closed.
    """

    id: str
    location: Path
    layout: str = "tree"
    encrypted: bool = False
    offline: bool = False


def where_of(destination: Destination) -> Where:
    """The place that a plan's destination means."""
    return Where(
        destination.id,
        destination.location.path,
        destination.layout,
        destination.encrypted,
        destination.offline,
    )


@dataclass(slots=True)
class Reached:
    """A copy that can be worked at until `close`; `outside` is there for encrypted ones."""

    copy: CopyFolder
    outside: Outside | None = None
    _remote: RemoteFolder | None = None
    _session: Session | None = None
    _lock: filelock.BaseFileLock | None = None

    def read_past_memory(self) -> bool:
        """Have what is read next come from the medium, not from memory; whether it will.

        Bytes from memory prove the memory (REVIEW A2). Our own reading passes it file by file, once
        all is flushed. rclone does not: what it reads of a folder of this PC is dropped before.
        """
        if self.outside is None:
            return self.copy.folder.flush_quietly() and reads_medium()
        return self.outside.folder.drop_all(self.outside.vault)

    def close(self) -> None:
        """End what it took to get there. Safe to call twice."""
        if self._remote is not None:
            self._remote.close()
        if self._session is not None:
            self._session.close()
        self._remote = self._session = None
        if self._lock is not None:
            shutil.rmtree(Path(self._lock.lock_file).with_suffix(""), ignore_errors=True)
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock = None


class Reach:
    """Opens copies, and closes those that were left open.

    `pair_of` gives the recovery lines of a destination; KnownError when there are none. `pairs`
    gives all there are, former ones too, the newest first.
    """

    def __init__(
        self,
        home: Home,
        pair_of: Callable[[str], Pair],
        cancelled: Callable[[], bool],
        *,
        pairs: Callable[[], Iterable[Pair]] = tuple,
    ) -> None:
        self._home = home
        self._pair_of = pair_of
        self._pairs = pairs
        self._cancelled = cancelled
        self._open: list[Reached] = []
        self._begun: dict[tuple[Where, str], Future[Reached]] = {}
        self._helpers: ThreadPoolExecutor | None = None

    def begin(self, where: Where, system: str) -> None:
        """Begin to open an encrypted copy that `open` will soon be asked for.

        Starting rclone and deriving its keys takes a quarter of a second, in which others work.
        """
        if where.encrypted and (where, system) not in self._begun:
            self._helpers = self._helpers or ThreadPoolExecutor(2, thread_name_prefix="reach")
            self._begun[where, system] = self._helpers.submit(self._open_ahead, where, system)

    def _open_ahead(self, where: Where, system: str) -> Reached:
        reached = self._reach(where, system)
        try:
            reached.copy.folder.names()  # rclone derives its keys at the first question
        except BaseException:
            reached.close()
            raise
        return reached

    def close(self) -> None:
        for ahead in self._begun.values():
            if ahead.exception() is None:
                ahead.result().close()
        self._begun.clear()
        if self._helpers is not None:
            self._helpers.shutdown()
            self._helpers = None
        for reached in self._open:
            reached.close()
        self._open.clear()

    def open(
        self, where: Where, system: str, *, pair: Pair | None = None, reading: bool = False
    ) -> Reached:
        """The copy of a system at a place; `pair` instead of the destination's own lines.

        reading: after a rotation, and before the first run with the new pair, what there is to read
        lies in the vault of a former one. KnownError DESTINATION_MISSING when the place is not
        there.
        """
        ahead = None if pair or reading else self._begun.pop((where, system), None)
        reached = ahead.result() if ahead else self._reach(where, system, pair, reading=reading)
        if where.encrypted:
            self._open.append(reached)
        return reached

    def _reach(
        self, where: Where, system: str, pair: Pair | None = None, *, reading: bool = False
    ) -> Reached:
        plain = LocalFolder(where.id, where.location, system)
        if not where.encrypted:
            return Reached(CopyFolder(plain))
        if not plain.is_reachable():
            raise KnownError(
                Code.DESTINATION_MISSING, destination=where.id, path=str(where.location)
            )
        if pair is None:
            pair = self._pair_of(where.id)
            pair = (fitting(plain, (pair, *self._pairs())) if reading else None) or pair
        return self._open_vault(where, system, plain, pair)

    def _open_vault(self, where: Where, system: str, plain: LocalFolder, pair: Pair) -> Reached:
        from core.destinations.remote import RemoteFolder  # most commands never need rclone
        from core.rclone.remotes import crypt_remote, local_remote
        from core.rclone.session import Session

        base = local_remote("basis", where.location)
        over = f"basis:{system}/{vault_folder(pair)}"
        vault = crypt_remote("tresor", over=over, password=pair.password, salt=pair.salt)
        shadow, lock = self._shadow(where.id, system)
        # A folder of this PC bears several at once: no account, no room to share.
        session = Session(
            [base, vault],
            room=shadow / "rclone",
            destination=where.id,
            cancelled=self._cancelled,
        )
        try:
            remote = RemoteFolder(
                where.id,
                where.location,
                system,
                shadow=shadow,
                session=session,
                fs="tresor:",
                medium=plain,
            )
        except BaseException:
            session.close()
            lock.release()
            raise
        former = frozenset(vault_folder(one) for one in self._pairs() if one != pair)
        outside = Outside(plain, vault_folder(pair), former)
        return Reached(CopyFolder(remote), outside, remote, session, lock)

    def _shadow(self, destination: str, system: str) -> tuple[Path, filelock.FileLock]:
        """A folder for this process alone; those that a process left behind are removed."""
        folder = self._home.cache / "spool"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in folder.glob("*.lock"):
                _remove_if_left(left)
            place = folder / f"{system}@{destination}-{secrets.token_hex(4)}"
            lock = filelock.FileLock(f"{place}.lock", thread_local=False)
            lock.acquire()
        except OSError as error:
            raise home_failure(folder, error) from error
        return place, lock


def _remove_if_left(note: Path) -> None:
    """Remove a shadow whose process has gone (its lock can be had)."""
    lock = filelock.FileLock(note, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        return
    from core.rclone.child import end_leftover

    folder = note.with_suffix("")
    for record in (folder / "rclone").glob("*.json"):
        sockets = end_leftover(record)
        if sockets is not None and sockets.name.startswith("lt-"):
            shutil.rmtree(sockets, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    note.unlink(missing_ok=True)
